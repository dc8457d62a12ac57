//! What a request gets back: the answer body or the API's error object, with every error of the catalogue.
//!
//! Used by every command of the carrier and by the HTTP door. No decisions here, only wording and codes.

use serde_json::{Value, json};

/// The outcome of one request as the HTTP door writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body; `Null` means an empty body (204).
    pub body: Value,
    /// Whether the request changed something. Repeated command ids and no-ops have no effect.
    pub effect: bool,
}

impl Answer {
    /// `{"data":{"result":"ok"}}` for a command that was executed.
    pub fn ok() -> Self {
        Self::data(json!({ "result": "ok" }))
    }

    /// The same body for a command that was ignored (repeated id, state already as wanted).
    pub fn ignored() -> Self {
        Self {
            effect: false,
            ..Self::ok()
        }
    }

    /// 200 with the given `data`, counted as an effect.
    pub fn data(data: Value) -> Self {
        Self {
            status: 200,
            body: json!({ "data": data }),
            effect: true,
        }
    }

    /// 200 with the given body for a request that only reads.
    pub fn read(body: Value) -> Self {
        Self {
            status: 200,
            body,
            effect: false,
        }
    }

    /// 204 without a body.
    pub fn no_content() -> Self {
        Self {
            status: 204,
            body: Value::Null,
            effect: true,
        }
    }
}

/// Which part of the request an error points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// JSON pointer into the body.
    Pointer(String),
    /// Name of a query parameter.
    Parameter(String),
}

/// A refusal in the carrier's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {title}")]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// The carrier's code; a string of digits.
    pub code: &'static str,
    /// Short title.
    pub title: &'static str,
    /// One sentence for a person.
    pub detail: String,
    /// Where in the request.
    pub source_at: Option<Source>,
}

/// What every handler of the carrier returns.
pub type Outcome = Result<Answer, ApiError>;

impl ApiError {
    fn new(status: u16, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            title,
            detail: detail.into(),
            source_at: None,
        }
    }

    fn at(mut self, field: &str) -> Self {
        self.source_at = Some(Source::Pointer(format!("/{field}")));
        self
    }

    /// The error object of the API.
    pub fn body(&self) -> Value {
        let mut error = json!({ "code": self.code, "title": self.title, "detail": self.detail,
            "meta": { "url": format!("https://developers.telnyx.com/docs/overview/errors/{}", self.code) } });
        match &self.source_at {
            Some(Source::Pointer(pointer)) => error["source"] = json!({ "pointer": pointer }),
            Some(Source::Parameter(name)) => error["source"] = json!({ "parameter": name }),
            None => {}
        }
        json!({ "errors": [error] })
    }
}

/// Errors of transport, credentials and resources.
impl ApiError {
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(400, "10015", "Bad Request", detail)
    }
    pub(crate) fn unauthenticated() -> Self {
        Self::new(
            401,
            "10009",
            "Authentication failed",
            "The API key looks malformed or does not exist.",
        )
    }
    pub(crate) fn not_found() -> Self {
        Self::new(
            404,
            "10005",
            "Resource not found",
            "The requested resource or URL could not be found.",
        )
    }
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            405,
            "10015",
            "Method not allowed",
            "The URL exists but does not take this method.",
        )
    }
    pub(crate) fn too_many_requests() -> Self {
        Self::new(
            429,
            "10011",
            "Too many requests",
            "You have exceeded the maximum number of allowed requests.",
        )
    }
    pub(crate) fn unexpected() -> Self {
        Self::new(500, "10007", "Unexpected error", "An unexpected error occurred.")
    }
    pub(crate) fn unavailable() -> Self {
        Self::new(
            503,
            "10037",
            "Service unavailable",
            "The service is temporarily unavailable.",
        )
    }
}

/// Errors of parameters.
impl ApiError {
    pub(crate) fn missing(field: &str) -> Self {
        Self::new(
            422,
            "10004",
            "Missing required parameter",
            format!("The parameter {field} is required."),
        )
        .at(field)
    }
    pub(crate) fn invalid(field: &str, wanted: &str) -> Self {
        Self::new(
            422,
            "10015",
            "Invalid value for parameter",
            format!("{field} must be {wanted}."),
        )
        .at(field)
    }
    pub(crate) fn coded(code: &'static str, field: &str, wanted: &str) -> Self {
        Self::new(
            422,
            code,
            "Invalid value for parameter",
            format!("{field} must be {wanted}."),
        )
        .at(field)
    }
    pub(crate) fn not_in_enum(field: &str, allowed: &[&str]) -> Self {
        let detail = format!("{field} must be one of: {}.", allowed.join(", "));
        Self::new(422, "10032", "Invalid enumerated value", detail).at(field)
    }
    pub(crate) fn out_of_range(field: &str, min: i64, max: i64) -> Self {
        let detail = format!("{field} must be between {min} and {max}.");
        Self::new(422, "10033", "Value outside of range", detail).at(field)
    }
    pub(crate) fn query(name: &str, wanted: &str) -> Self {
        let mut error = Self::new(
            422,
            "10015",
            "Invalid value for parameter",
            format!("{name} must be {wanted}."),
        );
        error.source_at = Some(Source::Parameter(name.to_owned()));
        error
    }
    pub(crate) fn not_e164(field: &str) -> Self {
        let detail = format!("The '{field}' parameter must be in E.164 format or a SIP URI.");
        Self::new(422, "10016", "Phone number must be in +E164 format", detail).at(field)
    }
    pub(crate) fn client_state() -> Self {
        Self::new(
            422,
            "90017",
            "Invalid client_state",
            "client_state must be a valid Base64 string.",
        )
        .at("client_state")
    }
    pub(crate) fn connection() -> Self {
        Self::new(
            422,
            "10015",
            "Invalid value for connection_id (Call Control App ID)",
            "The requested connection_id is either invalid or does not exist.",
        )
        .at("connection_id")
    }
}

/// Errors of state.
impl ApiError {
    pub(crate) fn unknown_call() -> Self {
        Self::new(
            422,
            "90015",
            "Invalid Call Control ID",
            "The call_control_id provided was not valid.",
        )
        .at("call_control_id")
    }
    pub(crate) fn call_ended() -> Self {
        Self::new(
            422,
            "90018",
            "Call has already ended",
            "This call is no longer active and can't receive commands.",
        )
    }
    pub(crate) fn not_answered() -> Self {
        Self::new(
            422,
            "90034",
            "Call not answered yet",
            "This call can't receive this command because it has not been answered yet.",
        )
    }
    pub(crate) fn answer_outbound() -> Self {
        Self::new(
            422,
            "90102",
            "Invalid command for call direction",
            "Answer can't be issued for outbound calls.",
        )
    }
    pub(crate) fn not_recording() -> Self {
        Self::new(
            404,
            "10005",
            "Recording not found",
            "There is no such recording on this call.",
        )
    }
    pub(crate) fn not_forked() -> Self {
        Self::new(
            422,
            "90031",
            "Call is not currently forked",
            "Can't stop forking, because the call isn't currently forked.",
        )
    }
    pub(crate) fn streaming_in_use() -> Self {
        Self::new(
            422,
            "90045",
            "Media Streaming is used",
            "Media streaming is already active on this call.",
        )
    }
    pub(crate) fn streaming_not_used() -> Self {
        Self::new(
            422,
            "90048",
            "Media Streaming is not used",
            "Can't stop streaming, because the call isn't being streamed.",
        )
    }
    pub(crate) fn unknown_conference() -> Self {
        Self::new(
            404,
            "90058",
            "Conference not found",
            "The specified conference could not be found.",
        )
    }
    pub(crate) fn conference_ended() -> Self {
        Self::new(
            422,
            "90019",
            "Conference has already ended",
            "This conference is no longer active and can't receive commands.",
        )
    }
    pub(crate) fn conference_full() -> Self {
        Self::new(
            422,
            "90032",
            "Maximum number of participants reached",
            "The conference has reached its maximum number of participants.",
        )
    }
    pub(crate) fn name_active() -> Self {
        Self::new(
            422,
            "90033",
            "Unable to execute command",
            "Conference with given name already exists and it's active.",
        )
    }
    pub(crate) fn no_participants() -> Self {
        Self::new(
            422,
            "90033",
            "Unable to execute command",
            "None of the given calls is an active participant of the conference.",
        )
    }
    pub(crate) fn already_joined() -> Self {
        Self::new(
            422,
            "90044",
            "Call already in a conference",
            "The call can't join a conference twice.",
        )
        .at("call_control_id")
    }
    pub(crate) fn not_in_queue() -> Self {
        Self::new(422, "90035", "Call not in queue", "The call is not in a queue.")
    }
    pub(crate) fn queue_full() -> Self {
        Self::new(
            422,
            "90036",
            "Queue is full",
            "The queue has reached its maximum size.",
        )
    }
    pub(crate) fn queue_size_fixed() -> Self {
        Self::new(
            422,
            "90037",
            "Queue max_size can't be changed",
            "max_size of an existing queue can't be changed by enqueue.",
        )
        .at("max_size")
    }
    pub(crate) fn already_in_queue() -> Self {
        Self::new(
            422,
            "90038",
            "Call already in queue",
            "Call can't be added to a queue it's already in.",
        )
    }
    /// The status is not documented (4XX); 403 is one that no client repeats.
    pub(crate) fn stopped() -> Self {
        Self::new(
            403,
            "40300",
            "Blocked due to STOP message",
            "Messages cannot be sent from this number to this one because the recipient opted out.",
        )
        .at("to")
    }
    pub(crate) fn queue_not_empty() -> Self {
        Self::new(400, "90050", "Queue not empty", "The queue still holds calls.")
    }
}
