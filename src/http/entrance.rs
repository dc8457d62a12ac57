//! The carriers' entrances: which paths, methods and forms each takes, and in which form it is answered.
//!
//! The webhook door looks its entrance up here; what a webhook says is its decoder's business.

use std::sync::Arc;

use bytes::Bytes;
use cordboard_actors::ports::WebhookDecoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Response, StatusCode};
use http_body_util::Full;

use super::answers;

type Answer = Response<Full<Bytes>>;

/// Longest place below an entrance: our own state with its tag, in Base64, and what it is about.
const MAX_PLACE_BYTES: usize = 1024;

/// A document without orders: Twilio logs an error for answers that are none.
const NO_TWIML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>";

/// One carrier's entrance.
pub struct WebhookRoute {
    /// Path, such as `/webhooks/telnyx`.
    pub path: &'static str,
    /// What there is below it: a word, or what a token comes behind if it ends in a slash.
    pub places: &'static [&'static str],
    /// Whether it takes GET besides POST.
    pub gets: bool,
    /// The content types that a POST may have (parameters such as `charset` are allowed).
    pub content_types: &'static [&'static str],
    /// Content type of answers that have a body.
    pub reply_type: &'static str,
    /// The body of an answer that has nothing to say.
    pub nothing: &'static str,
    /// Status of the answer to what is not authentic.
    pub refusal: StatusCode,
    /// Who believes and decodes.
    pub decoder: Arc<dyn WebhookDecoder>,
}

impl WebhookRoute {
    /// `POST /webhooks/telnyx`: JSON in, empty answers out.
    pub fn telnyx(decoder: Arc<dyn WebhookDecoder>) -> Self {
        Self {
            path: "/webhooks/telnyx",
            places: &["m/"],
            gets: false,
            content_types: &["application/json"],
            reply_type: "application/json",
            nothing: "",
            refusal: StatusCode::UNAUTHORIZED,
            decoder,
        }
    }

    /// `POST /webhooks/twilio/…`, or GET: forms in (JSON from a few of its services), TwiML out.
    pub fn twilio(decoder: Arc<dyn WebhookDecoder>) -> Self {
        Self {
            path: "/webhooks/twilio",
            places: &["voice", "sms", "status", "t/", "on/"],
            gets: true,
            content_types: &["application/x-www-form-urlencoded", "application/json"],
            reply_type: "text/xml",
            nothing: NO_TWIML,
            refusal: StatusCode::FORBIDDEN,
            decoder,
        }
    }

    /// What follows this entrance in a path; `None` when the path is another one, or no address that we give out.
    pub(super) fn place<'p>(&self, path: &'p str) -> Option<&'p str> {
        let below = path.strip_prefix(self.path)?;
        if below.is_empty() {
            return Some("");
        }
        let place = below.strip_prefix('/')?;
        let known = self.places.iter().any(|known| match known.ends_with('/') {
            true => place.strip_prefix(known).is_some_and(is_token),
            false => place == *known,
        });
        (known && place.len() <= MAX_PLACE_BYTES).then_some(place)
    }

    /// The answer to a request that cannot be a webhook by its method, content type or encoding, with its status.
    pub(super) fn refuse(&self, method: &Method, headers: &HeaderMap) -> Option<(StatusCode, Answer)> {
        if self.gets && method == Method::GET {
            return None;
        }
        if method != Method::POST {
            let allowed = if self.gets { "GET, POST" } else { "POST" };
            return Some((StatusCode::METHOD_NOT_ALLOWED, answers::allow(allowed)));
        }
        let answer = refuse_form(headers, self.content_types)?;
        Some((StatusCode::UNSUPPORTED_MEDIA_TYPE, answer))
    }

    /// 200 with this body, or with what stands for none.
    pub(super) fn reply(&self, body: Bytes) -> Answer {
        let body = match body.is_empty() {
            true => Bytes::from_static(self.nothing.as_bytes()),
            false => body,
        };
        let empty = body.is_empty();
        let mut response = Response::new(Full::new(body));
        if !empty {
            response
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static(self.reply_type));
        }
        response
    }
}

/// A token, or a word and a token.
fn is_token(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let sound = |part: &str| !part.is_empty() && part.bytes().all(plain);
    match text.split_once('/') {
        Some((word, token)) => sound(word) && sound(token),
        None => sound(text),
    }
}

/// Content type and encoding; nothing is ever inflated.
fn refuse_form(headers: &HeaderMap, content_types: &[&str]) -> Option<Answer> {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    if encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let mut answer = answers::last(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        answer
            .headers_mut()
            .insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        return Some(answer);
    }
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let taken = |value: &HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        let essence = text.split(';').next().unwrap_or_default().trim();
        content_types
            .iter()
            .any(|known| known.eq_ignore_ascii_case(essence))
    };
    match (types.next(), types.next()) {
        (Some(only), None) if taken(only) => None,
        _ => Some(answers::last(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
    }
}

#[cfg(test)]
mod tests {
    use cordboard_actors::ports::{Delivery, Opened};

    use super::*;

    struct Deaf;

    impl WebhookDecoder for Deaf {
        fn name(&self) -> &'static str {
            "deaf"
        }

        fn open(&self, _: &Delivery<'_>) -> Opened {
            Opened::Ignored("deaf")
        }
    }

    #[test]
    fn only_addresses_that_are_given_out_lead_anywhere() {
        let telnyx = WebhookRoute::telnyx(Arc::new(Deaf));
        let twilio = WebhookRoute::twilio(Arc::new(Deaf));
        assert_eq!(telnyx.place("/webhooks/telnyx"), Some(""));
        assert_eq!(telnyx.place("/webhooks/telnyx/m/a-_1"), Some("m/a-_1"));
        assert_eq!(twilio.place("/webhooks/twilio/voice"), Some("voice"));
        assert_eq!(
            twilio.place("/webhooks/twilio/on/gather/tok"),
            Some("on/gather/tok")
        );
        let long = format!("/webhooks/twilio/t/{}", "a".repeat(MAX_PLACE_BYTES));
        for path in [
            "/webhooks/twilio/",
            "/webhooks/twiliovoice",
            "/webhooks/twilio/voice/",
            "/webhooks/twilio/t/",
            "/webhooks/twilio/on//tok",
            "/webhooks/twilio/on/gather/tok/more",
            "/webhooks/twilio/on/%67ather/tok",
            "/webhooks/twilio/m/a",
            &long,
        ] {
            assert_eq!(twilio.place(path), None, "{path}");
        }
        assert_eq!(telnyx.place("/webhooks/telnyx/voice"), None);
    }

    #[test]
    fn forms_and_gets_are_for_twilio_and_json_for_both() {
        let telnyx = WebhookRoute::telnyx(Arc::new(Deaf));
        let twilio = WebhookRoute::twilio(Arc::new(Deaf));
        let status = |route: &WebhookRoute, method: Method, content_type: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(text) = content_type {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(text));
            }
            route.refuse(&method, &headers).map(|(status, _)| status.as_u16())
        };
        let form = Some("application/x-www-form-urlencoded; charset=UTF-8");
        let json = Some("application/json");
        for (method, content_type, at_telnyx, at_twilio) in [
            (Method::POST, form, Some(415), None),
            (Method::POST, json, None, None),
            (Method::POST, Some("text/plain"), Some(415), Some(415)),
            (Method::POST, None, Some(415), Some(415)),
            (Method::GET, None, Some(405), None),
            (Method::PUT, form, Some(405), Some(405)),
        ] {
            assert_eq!(
                status(&telnyx, method.clone(), content_type),
                at_telnyx,
                "{method} {content_type:?}"
            );
            assert_eq!(
                status(&twilio, method.clone(), content_type),
                at_twilio,
                "{method} {content_type:?}"
            );
        }
    }
}
