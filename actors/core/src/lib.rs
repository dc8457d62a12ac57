//! The pure rules of Cordboard: what calls and conferences do, as state machines over plain data.
//!
//! Nothing in this crate reads a clock, draws a random number, touches a file or a socket, or knows tokio:
//! time, ids and randomness are arguments. The actors in `actors/` drive these machines; the carriers in
//! `src/carriers` translate [`event::Event`] and [`command::Command`].

#![warn(missing_docs)]

mod address;
pub mod call;
pub mod command;
pub mod conference;
pub mod effect;
pub mod event;
pub mod fact;
pub mod flow;
pub mod hangup;
pub mod http;
pub mod ids;
pub mod input;
pub mod machine;
pub mod message;
pub mod outcome;
pub mod phone;
pub mod plan;
pub mod queue;
pub mod retry;
pub mod sms;
pub mod text;
pub mod time;
mod timers;

pub use address::Address;
pub use call::CallMachine;
pub use command::Command;
pub use conference::ConferenceMachine;
pub use effect::{Context, Effect, Effects, Issued, Lane};
pub use event::{ClientState, Event, EventBody};
pub use fact::{Fact, LegRole, shown_way};
pub use flow::{Flow, FlowHash};
pub use hangup::{EndReason, HangupCause, HangupSource};
pub use http::{HttpOutcome, HttpRequest};
pub use ids::{
    CallControlId, CallLegId, CallSessionId, CommandId, ConferenceId, ConferenceName, ConnectionId, EventId,
    MessageId, QueueName, RecordingId, TextKey,
};
pub use input::{Finding, Input, OperatorRequest, RoomRequest, StartCall};
pub use machine::{Handle, Machine, Story};
pub use message::{JoinFailure, Message};
pub use outcome::{Answer, Attempt, Outcome, Refusal, RefusalKind};
pub use phone::{Digits, PhoneNumber, Text};
pub use plan::{CallPlan, FlowPlan, Limits, RoomChoice, RoomSettings};
pub use queue::QueueMachine;
pub use sms::SmsMachine;
pub use text::{TextOrder, TextReceived, TextRefusal, TextReport, TextResult, TextStatus};
pub use time::Timestamp;
