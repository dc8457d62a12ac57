//! The HTTP doors: carriers knock at one, operators at the other.
//!
//! `app.rs` binds and runs them. A door reads, checks and answers; it never decides what happens to a call, and it
//! knows carriers and the journal only through `cordboard_actors::ports`.

mod answers;
mod body;
mod connections;
mod entrance;
pub mod events;
mod gate;
mod guard;
mod head;
pub mod limits;
pub mod listener;
pub mod operator;
mod peer;
mod token;
pub mod webhook;

pub use entrance::WebhookRoute;
pub use events::{ConnectionFact, DoorEvents, Silent, WebhookResult, WebhookSeen};
pub use limits::DoorLimits;
pub use listener::{Door, Listener, Stopped};
pub use operator::{OperatorAccess, OperatorDoor, Readiness};
pub use webhook::{GateLimits, WebhookDoor, WebhookPorts};
