//! The names of span attributes and structured log fields, one list for the whole program.
//!
//! Used wherever a span or a log line is written. Where OpenTelemetry's semantic conventions have a name,
//! it is that one; the rest are ours. Values are the caller's affair, but never a full phone number,
//! digits that a caller pressed, or the text of a message.

// ---- OpenTelemetry semantic conventions ------------------------------------------------------------

/// Low-cardinality class of a failure, such as `timeout`.
pub const ERROR_TYPE: &str = "error.type";
/// Name of an exception event's type.
pub const EXCEPTION_TYPE: &str = "exception.type";
/// Message of an exception event, already escaped.
pub const EXCEPTION_MESSAGE: &str = "exception.message";
/// Upper-case HTTP method.
pub const HTTP_REQUEST_METHOD: &str = "http.request.method";
/// How often this request was sent again, from 1; absent on the first attempt.
pub const HTTP_REQUEST_RESEND_COUNT: &str = "http.request.resend_count";
/// Bytes in the request's body.
pub const HTTP_REQUEST_BODY_SIZE: &str = "http.request.body.size";
/// HTTP status code as a number.
pub const HTTP_RESPONSE_STATUS_CODE: &str = "http.response.status_code";
/// The matched route's template, never the filled-in path.
pub const HTTP_ROUTE: &str = "http.route";
/// Path of the requested URL without its query.
pub const URL_PATH: &str = "url.path";
/// `http` or `https`.
pub const URL_SCHEME: &str = "url.scheme";
/// Host that a client span talked to, or that a server span was reached by.
pub const SERVER_ADDRESS: &str = "server.address";
/// Port that goes with `server.address`.
pub const SERVER_PORT: &str = "server.port";
/// Address of the peer that sent a request.
pub const CLIENT_ADDRESS: &str = "client.address";
/// Resource: name of the service, from `OTEL_SERVICE_NAME`.
pub const SERVICE_NAME: &str = "service.name";
/// Resource: version of the program.
pub const SERVICE_VERSION: &str = "service.version";
/// Resource: the node, stable for the life of one process.
pub const SERVICE_INSTANCE_ID: &str = "service.instance.id";

// ---- Calls -----------------------------------------------------------------------------------------

/// Id of the call session; its trace id is derived from it.
pub const CALL_ID: &str = "call.id";
/// `incoming` or `outgoing`, as the carrier sees it.
pub const CALL_DIRECTION: &str = "call.direction";
/// Name of the flow with which the call began.
pub const CALL_FLOW: &str = "call.flow";
/// Hash of that flow's bytes.
pub const CALL_FLOW_HASH: &str = "call.flow_hash";
/// Step of the flow in which the call is.
pub const CALL_STEP: &str = "call.step";
/// Kind of that step, such as `gather`.
pub const CALL_STEP_KIND: &str = "call.step_kind";
/// The way out of the step; never what a caller typed.
pub const CALL_STEP_OUTCOME: &str = "call.step_outcome";
/// State of the machine after the transition.
pub const CALL_STATE: &str = "call.state";
/// Why we regard the session as over.
pub const CALL_END_REASON: &str = "call.end_reason";
/// Why a leg ended, in the carrier's terms.
pub const CALL_HANGUP_CAUSE: &str = "call.hangup_cause";
/// Who ended a leg, in the carrier's terms.
pub const CALL_HANGUP_SOURCE: &str = "call.hangup_source";
/// SIP response code that came with a hangup.
pub const CALL_SIP_CODE: &str = "call.sip_code";
/// Id of one leg (Telnyx `call_control_id`, Twilio `CallSid`).
pub const CALL_LEG: &str = "call.leg";
/// Part of a leg in its call: `caller`, `callee`, `agent`.
pub const CALL_LEG_ROLE: &str = "call.leg_role";
/// The carrier's id of a recording.
pub const RECORDING_ID: &str = "recording.id";
/// Calling number, masked.
pub const CALL_FROM: &str = "call.from";
/// Called number, masked.
pub const CALL_TO: &str = "call.to";
/// How an input changed a machine: `applied`, `ignored`, `duplicate`.
pub const CALL_TRANSITION: &str = "call.transition";
/// Why an input was ignored.
pub const CALL_IGNORED_REASON: &str = "call.ignored_reason";

// ---- Conferences and messages ----------------------------------------------------------------------

/// Name by which callers meet.
pub const CONFERENCE_NAME: &str = "conference.name";
/// The carrier's id of the conference.
pub const CONFERENCE_ID: &str = "conference.id";
/// How often the name has been in use, counted from 1.
pub const CONFERENCE_INCARNATION: &str = "conference.incarnation";
/// Participants after the transition.
pub const CONFERENCE_PARTICIPANTS: &str = "conference.participants";
/// Our own key of a text message.
pub const MESSAGE_KEY: &str = "message.key";
/// The carrier's id of a text message.
pub const MESSAGE_ID: &str = "message.id";
/// State of a text message after the transition.
pub const MESSAGE_STATE: &str = "message.state";

// ---- Carriers, commands and webhooks ---------------------------------------------------------------

/// `telnyx` or `twilio`.
pub const CARRIER_NAME: &str = "carrier.name";
/// The carrier's own error code.
pub const CARRIER_ERROR_CODE: &str = "carrier.error_code";
/// The command in the imperative, such as `answer`.
pub const COMMAND_NAME: &str = "command.name";
/// Derived id of the command, the same on every attempt.
pub const COMMAND_ID: &str = "command.id";
/// `accepted`, `refused` or `unknown`.
pub const COMMAND_OUTCOME: &str = "command.outcome";
/// Number of the attempt, from 1.
pub const COMMAND_ATTEMPT: &str = "command.attempt";
/// Lane in which the command waited: a leg, a conference, a number (masked) or a session.
pub const COMMAND_TARGET: &str = "command.target";
/// Milliseconds between the commit of the record and the first attempt.
pub const COMMAND_QUEUED_MS: &str = "command.queued_ms";
/// A start found the command unsettled: tries of the process before are not told.
pub const COMMAND_RESUMED: &str = "command.resumed";
/// What one try brought, on its event.
pub const ATTEMPT_RESULT: &str = "attempt.result";
/// Microseconds that one try took, the carrier's time included.
pub const ATTEMPT_TOOK_US: &str = "attempt.took_us";
/// The carrier's name for what happened.
pub const WEBHOOK_EVENT_TYPE: &str = "webhook.event_type";
/// Id from signed content by which repeats are recognised.
pub const WEBHOOK_EVENT_ID: &str = "webhook.event_id";
/// `applied`, `duplicate`, `orphan`, `rejected` or `shed`.
pub const WEBHOOK_RESULT: &str = "webhook.result";
/// Why a webhook was rejected.
pub const WEBHOOK_REJECT_REASON: &str = "webhook.reject_reason";

// ---- Journal, actors and the node ------------------------------------------------------------------

/// Number of the record within its entity.
pub const JOURNAL_SEQ: &str = "journal.seq";
/// Records that shared the commit.
pub const JOURNAL_BATCH_SIZE: &str = "journal.batch_size";
/// Bytes of the record.
pub const JOURNAL_RECORD_SIZE: &str = "journal.record_size";
/// Address of the entity: `call:…`, `conference:…` or `sms:…` (masked).
pub const ENTITY_ADDRESS: &str = "entity.address";
/// Incarnation of the entity.
pub const ENTITY_INCARNATION: &str = "entity.incarnation";
/// Kind of the input that caused a transition, such as `event` or `deadline`.
pub const INPUT_KIND: &str = "input.kind";
/// Microseconds from an input's entering the process to its turn.
pub const MAILBOX_WAIT_US: &str = "mailbox.wait_us";
/// What a reconciler found.
pub const RECONCILER_FINDING: &str = "reconciler.finding";
