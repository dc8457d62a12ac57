//! The client side of Twilio: one attempt of one command, classed by what the outbox does next.
//!
//! Nothing here retries, and nothing here logs: tokens, numbers and bodies stay in memory.

mod checkup;
mod messages;
mod refusal;
mod rest;
mod settings;

use async_trait::async_trait;
use cordboard_actors::ports::Carrier;
use cordboard_core::{Attempt, Command, Issued, Refusal, RefusalKind};

use self::rest::Rest;
use super::CallbackKeys;

pub use self::messages::MessageView;
pub use self::settings::{Credentials, CredentialsError, TwilioSettings};

/// Talks to Twilio's REST API. Cheap to share, one connection pool inside.
#[derive(Debug)]
pub struct TwilioClient {
    rest: Rest,
    callbacks: CallbackKeys,
}

impl TwilioClient {
    /// A client with its own connection pool. `callbacks` makes the addresses that Twilio calls back.
    pub fn new(settings: TwilioSettings, callbacks: CallbackKeys) -> Self {
        Self {
            rest: Rest::new(settings),
            callbacks,
        }
    }
}

#[async_trait]
impl Carrier for TwilioClient {
    fn name(&self) -> &'static str {
        "twilio"
    }

    async fn attempt(&self, command: &Issued) -> Attempt {
        match &command.command {
            Command::SendMessage(message) => messages::send(&self.rest, &self.callbacks, message).await,
            Command::Leg { .. }
            | Command::Dial(_)
            | Command::CreateConference(_)
            | Command::Conference { .. }
            | Command::UpdateParticipant(_)
            | Command::Query(_) => unspeakable("calls are not made through Twilio"),
        }
    }
}

/// A command that cannot be said to Twilio: sending it again would not help.
fn unspeakable(why: &str) -> Attempt {
    Attempt::Refused(Refusal {
        kind: RefusalKind::Invalid,
        status: 0,
        code: None,
        detail: why.to_owned(),
    })
}
