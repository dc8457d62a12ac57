//! The REST API of the Twilio face: paths below `/2010-04-01/Accounts/{sid}`, paging, and the error object.

mod calls;
mod conferences;
mod messages;
mod queues;

use std::sync::Arc;

use http::{HeaderMap, Method, header};
use serde_json::{Value, json};

use super::form::Form;
use crate::profile::RequestFate;
use crate::world::World;

/// Entries of a page when nobody says, and the most.
const PAGE: (u64, u64) = (50, 1_000);

/// A refusal: HTTP status and the carrier's number for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    status: u16,
    code: u32,
    message: String,
}

/// Status and body of an answer; `Null` is an empty one.
pub(crate) type Answer = Result<(u16, Value), Refused>;

impl Refused {
    fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    fn not_found(path: &str) -> Self {
        Self::new(
            404,
            20_404,
            format!("The requested resource {path} was not found"),
        )
    }

    fn method() -> Self {
        Self::new(405, 20_004, "Method not allowed")
    }

    fn bad(code: u32, message: &str) -> Self {
        Self::new(400, code, message)
    }

    fn body(&self) -> Value {
        json!({ "code": self.code, "message": self.message, "status": self.status,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code) })
    }
}

/// One request, taken apart.
pub(crate) struct Ask<'a> {
    pub(crate) world: &'a Arc<World>,
    pub(crate) path: &'a str,
    pub(crate) form: Form,
    pub(crate) query: Form,
}

/// What the HTTP door has to answer: nothing at all is a time-out.
pub(crate) fn answer(
    world: &Arc<World>,
    method: &Method,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<(u16, Value)> {
    let ask = Ask {
        world,
        path,
        form: Form::parse(body),
        query: Form::parse(query.unwrap_or_default().as_bytes()),
    };
    let answer = match route(&ask, method, headers) {
        Ok(answer) => answer,
        Err(refused) => Err(refused),
    };
    match answer {
        Ok((0, _)) => None,
        Ok(answer) => Some(answer),
        Err(refused) => Some((refused.status, refused.body())),
    }
}

fn route(ask: &Ask<'_>, method: &Method, headers: &HeaderMap) -> Result<Answer, Refused> {
    let account = &ask.world.settings.twilio;
    if !authentic(headers, &account.sid, &account.token) {
        return Err(Refused::new(401, 20_003, "Authenticate"));
    }
    let path = percent_encoding::percent_decode_str(ask.path)
        .decode_utf8_lossy()
        .into_owned();
    let missing = || Refused::not_found(&path);
    let rest = path
        .strip_prefix(&format!("/Accounts/{}/", account.sid))
        .ok_or_else(missing)?;
    let rest = rest.strip_suffix(".json").ok_or_else(missing)?;
    let parts: Vec<&str> = rest.split('/').collect();
    let get = method == Method::GET;
    let post = method == Method::POST;
    let delete = method == Method::DELETE;
    if !(get || post || delete) {
        return Err(Refused::method());
    }
    let about = match parts.as_slice() {
        ["Calls", sid, ..] => (*sid).to_owned(),
        ["Conferences", _, "Participants", sid] => (*sid).to_owned(),
        _ => "account".to_owned(),
    };
    let fate = ask
        .world
        .twilio_fate(&about, &format!("{method} {}", parts[0]), &ask.form, !get);
    let executes = match fate {
        RequestFate::Normal => true,
        RequestFate::RateLimited => false,
        RequestFate::ServerError { effect } | RequestFate::Withheld { effect } => effect,
    };
    let outcome = executes.then(|| match parts.as_slice() {
        ["Calls"] if post => calls::create(ask),
        ["Calls"] if get => calls::list(ask),
        ["Calls", sid] if post => calls::update(ask, sid),
        ["Calls", sid] if get => calls::fetch(ask, sid),
        ["Messages"] if post => messages::create(ask),
        ["Messages"] if get => messages::list(ask),
        ["Messages", sid] if get => messages::fetch(ask, sid),
        ["Messages", sid] if delete => messages::delete(ask, sid),
        ["Conferences"] if get => conferences::list(ask),
        ["Conferences", handle] if get => conferences::fetch(ask, handle),
        ["Conferences", handle] if post => conferences::update(ask, handle),
        ["Conferences", handle, "Participants"] if get => conferences::participants(ask, handle),
        ["Conferences", handle, "Participants"] if post => conferences::add(ask, handle),
        ["Conferences", handle, "Participants", who] => conferences::participant(ask, handle, who, method),
        ["Queues"] if post => queues::create(ask),
        ["Queues"] if get => queues::list(ask),
        ["Queues", sid] if get => queues::fetch(ask, sid),
        ["Queues", sid, "Members"] if get => queues::members(ask, sid),
        ["Queues", sid, "Members", who] if post => queues::take(ask, sid, who),
        _ => Err(Refused::not_found(&path)),
    });
    Ok(match (fate, outcome) {
        (RequestFate::Normal, Some(outcome)) => outcome,
        (RequestFate::RateLimited, _) => Err(Refused::new(429, 20_429, "Too Many Requests")),
        // Status 0 stands for no answer at all.
        (RequestFate::Withheld { .. }, _) => Ok((0, Value::Null)),
        (RequestFate::ServerError { .. } | RequestFate::Normal, _) => {
            Err(Refused::new(503, 20_503, "Service unavailable"))
        }
    })
}

fn authentic(headers: &HeaderMap, sid: &str, token: &str) -> bool {
    use base64::Engine;
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let encoded = given.and_then(|value| value.strip_prefix("Basic "));
    let decoded = encoded.and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
    decoded.is_some_and(|bytes| bytes == format!("{sid}:{token}").into_bytes())
}

impl Ask<'_> {
    /// A field that must be there.
    fn need(&self, name: &str, code: u32) -> Result<&str, Refused> {
        let message = format!("A '{name}' parameter is required");
        self.form.get(name).ok_or_else(|| Refused::bad(code, &message))
    }

    /// One page of a list: the resources under their name, and where the next page is.
    fn paged(&self, name: &str, all: Vec<Value>) -> Answer {
        let size = self.query.number("PageSize").unwrap_or(PAGE.0).clamp(1, PAGE.1);
        let page = self.query.number("Page").unwrap_or(0);
        let total = all.len() as u64;
        let start = page.saturating_mul(size);
        let shown: Vec<Value> = all.into_iter().skip(start as usize).take(size as usize).collect();
        let end = (start + shown.len() as u64).saturating_sub(1);
        let uri = |page: u64| {
            let kept = self
                .query
                .0
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "Page" | "PageSize" | "PageToken"));
            let form = Form(kept.cloned().collect())
                .with("PageSize", size.to_string())
                .with("Page", page.to_string());
            format!("/2010-04-01{}?{}", self.path, form.encoded())
        };
        let next = (start + size < total).then(|| uri(page + 1));
        let previous = (page > 0).then(|| uri(page - 1));
        Ok((
            200,
            json!({ name: shown, "page": page, "page_size": size, "start": start, "end": end, "uri": uri(page),
            "first_page_uri": uri(0), "next_page_uri": next, "previous_page_uri": previous }),
        ))
    }
}

/// Whether a number or address can be dialled or texted at all.
fn is_address(text: &str) -> bool {
    let number = text.strip_prefix('+').is_some_and(|digits| {
        (3..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
    });
    number || text.starts_with("sip:") || text.starts_with("sips:") || text.starts_with("client:")
}
