//! Validation of request bodies: the shapes a field can have and the check that refuses a bad one.
//!
//! The tables per command live in `rules/leg.rs` and `rules/conference.rs`. Pure; unknown fields pass,
//! as they do at the real carrier.

pub(crate) mod conference;
pub(crate) mod leg;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::answer::ApiError;
use super::request::Body;

/// One field of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    name: &'static str,
    required: bool,
    shape: Shape,
}

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Any text.
    Text,
    /// A text of min..=max characters; the code names the refusal.
    Sized(usize, usize, &'static str),
    /// Standard Base64 (client_state).
    Base64,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// One of these numbers.
    OneOfNumbers(&'static [i64]),
    /// A whole number in a range.
    Whole(i64, i64),
    /// A whole number in a range with a code of its own.
    WholeCoded(i64, i64, &'static str),
    /// true or false.
    Flag,
    /// A UUID.
    Uuid,
    /// Only these characters, at least one; the code names the refusal.
    Keys(&'static str, &'static str),
    /// A phone number with its plus, or a SIP address.
    Number,
    /// One `Number` or a list of them.
    Numbers,
    /// 1..=100 or `infinity`.
    Loop,
    /// A list of texts.
    Texts,
    /// Any list.
    List,
    /// Any object.
    Object,
    /// A web address that starts with ws or wss.
    SocketUrl,
}

pub(crate) const fn need(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        required: true,
        shape,
    }
}

pub(crate) const fn may(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        required: false,
        shape,
    }
}

/// Keys a phone can send.
pub(crate) const DTMF_KEYS: &str = "0123456789ABCDabcdwW*#";
/// Keys a gather can be told to accept.
pub(crate) const GATHER_KEYS: &str = "0123456789*#";

const COMMON: &[Field] = &[may("client_state", Shape::Base64), may("command_id", Shape::Text)];

/// Checks a body against its table and the fields every command has.
pub(crate) fn check(fields: &[Field], body: &Body) -> Result<(), ApiError> {
    for field in fields.iter().chain(COMMON) {
        match body.get(field.name) {
            // Clients written in dynamic languages send null for what they do not set.
            None | Some(Value::Null) if field.required => return Err(ApiError::missing(field.name)),
            None | Some(Value::Null) => {}
            Some(value) => field.check(value)?,
        }
    }
    Ok(())
}

impl Field {
    fn check(&self, value: &Value) -> Result<(), ApiError> {
        let name = self.name;
        match self.shape {
            Shape::Text => self.text(value).map(|_| ()),
            Shape::Flag => fits(value.is_boolean(), || ApiError::invalid(name, "true or false")),
            Shape::List => fits(value.is_array(), || ApiError::invalid(name, "a list")),
            Shape::Object => fits(value.is_object(), || ApiError::invalid(name, "an object")),
            Shape::Texts => {
                let good = value
                    .as_array()
                    .is_some_and(|list| list.iter().all(Value::is_string));
                fits(good, || ApiError::invalid(name, "a list of texts"))
            }
            Shape::OneOf(allowed) => {
                let known = value.as_str().is_some_and(|text| allowed.contains(&text));
                fits(known, || ApiError::not_in_enum(name, allowed))
            }
            Shape::Base64 => {
                let text = value.as_str().ok_or_else(ApiError::client_state)?;
                STANDARD
                    .decode(text)
                    .map(|_| ())
                    .map_err(|_| ApiError::client_state())
            }
            Shape::Uuid => {
                let known = value
                    .as_str()
                    .is_some_and(|text| uuid::Uuid::parse_str(text).is_ok());
                fits(known, || ApiError::invalid(name, "a UUID"))
            }
            Shape::SocketUrl => {
                let good = value
                    .as_str()
                    .is_some_and(|url| url.starts_with("ws://") || url.starts_with("wss://"));
                fits(good, || ApiError::invalid(name, "a ws:// or wss:// address"))
            }
            Shape::Number => fits(value.as_str().is_some_and(is_number), || ApiError::not_e164(name)),
            Shape::Numbers => {
                let one = |value: &Value| value.as_str().is_some_and(is_number);
                let many = value
                    .as_array()
                    .is_some_and(|list| !list.is_empty() && list.iter().all(one));
                fits(one(value) || many, || ApiError::not_e164(name))
            }
            Shape::Sized(..)
            | Shape::Keys(..)
            | Shape::Whole(..)
            | Shape::WholeCoded(..)
            | Shape::OneOfNumbers(_)
            | Shape::Loop => self.check_bounds(value),
        }
    }

    /// Shapes with a length or a range.
    fn check_bounds(&self, value: &Value) -> Result<(), ApiError> {
        let name = self.name;
        let number = || {
            self.whole(value)
                .ok_or_else(|| ApiError::invalid(name, "a whole number"))
        };
        match self.shape {
            Shape::Sized(min, max, code) => {
                let length = self.text(value)?.chars().count();
                let wanted = || format!("between {min} and {max} characters long");
                fits((min..=max).contains(&length), || {
                    ApiError::coded(code, name, &wanted())
                })
            }
            Shape::Keys(allowed, code) => {
                let text = self.text(value)?;
                let good = !text.is_empty() && text.chars().all(|key| allowed.contains(key));
                fits(good, || {
                    ApiError::coded(code, name, &format!("made of the keys {allowed}"))
                })
            }
            Shape::Whole(min, max) => fits((min..=max).contains(&number()?), || {
                ApiError::out_of_range(name, min, max)
            }),
            Shape::WholeCoded(min, max, code) => {
                let wanted = || format!("between {min} and {max}");
                fits((min..=max).contains(&number()?), || {
                    ApiError::coded(code, name, &wanted())
                })
            }
            Shape::OneOfNumbers(allowed) => fits(allowed.contains(&number()?), || {
                ApiError::invalid(name, &format!("one of {allowed:?}"))
            }),
            Shape::Loop => {
                let good = value.as_str() == Some("infinity")
                    || self
                        .whole(value)
                        .is_some_and(|number| (1..=100).contains(&number));
                fits(good, || ApiError::coded("90009", name, "1..100 or infinity"))
            }
            _ => Ok(()),
        }
    }

    fn text<'a>(&self, value: &'a Value) -> Result<&'a str, ApiError> {
        value
            .as_str()
            .ok_or_else(|| ApiError::invalid(self.name, "a text"))
    }

    fn whole(&self, value: &Value) -> Option<i64> {
        value
            .as_i64()
            .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
    }
}

fn fits(good: bool, otherwise: impl FnOnce() -> ApiError) -> Result<(), ApiError> {
    if good { Ok(()) } else { Err(otherwise()) }
}

/// +E.164 with up to 15 digits, or a SIP address. Short test numbers pass on purpose: the carrier
/// also accepts numbers that it will fail to route.
fn is_number(text: &str) -> bool {
    if let Some(digits) = text.strip_prefix('+') {
        return (3..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    }
    text.starts_with("sip:") || text.starts_with("sips:")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn code(fields: &[Field], body: Value) -> Option<&'static str> {
        let body = body.as_object().unwrap().clone();
        check(fields, &body).err().map(|error| error.code)
    }

    #[test]
    fn each_shape_refuses_with_its_own_code() {
        let table = [
            (need("to", Shape::Number), json!({}), "10004"),
            (need("to", Shape::Number), json!({"to": null}), "10004"),
            (need("to", Shape::Number), json!({"to": "5551234"}), "10016"),
            (may("n", Shape::Whole(5, 600)), json!({"n": 4}), "10033"),
            (may("n", Shape::Whole(5, 600)), json!({"n": "x"}), "10015"),
            (may("e", Shape::OneOf(&["a"])), json!({"e": "b"}), "10032"),
            (
                may("client_state", Shape::Base64),
                json!({"client_state": "no base64!"}),
                "90017",
            ),
            (
                may("digits", Shape::Keys(DTMF_KEYS, "90014")),
                json!({"digits": "12x"}),
                "90014",
            ),
            (may("loop", Shape::Loop), json!({"loop": 0}), "90009"),
            (may("flag", Shape::Flag), json!({"flag": "yes"}), "10015"),
        ];
        for (field, body, wanted) in table {
            assert_eq!(code(&[field], body.clone()), Some(wanted), "{field:?} {body}");
        }
    }

    #[test]
    fn good_values_nulls_and_unknown_fields_pass() {
        let fields = [
            may("to", Shape::Numbers),
            may("loop", Shape::Loop),
            may("mute", Shape::Flag),
        ];
        let body = json!({"to": ["+15550100000", "sip:a@b"], "loop": "infinity", "mute": null, "new_field": 1,
            "client_state": "aGk=", "command_id": "x"});
        assert_eq!(code(&fields, body), None);
    }
}
