//! The client side of Twilio: one attempt of one command, classed by what the outbox does next.
//!
//! Nothing here retries, and nothing here logs: tokens, numbers and bodies stay in memory.

mod asking;
mod checkup;
mod conferences;
mod legs;
mod messages;
mod refusal;
mod rest;
mod settings;

use std::sync::Arc;

use async_trait::async_trait;
use cordboard_actors::ports::Carrier;
use cordboard_core::{Address, Attempt, CallSessionId, ClientState, Command, Issued, Refusal, RefusalKind};

use self::rest::Rest;
use super::announcements::Announcements;
use super::documents::Page;
use super::held::HeldAnswers;
use super::{CallbackKeys, OpenLegs};

pub use self::checkup::NumberView;
pub use self::messages::MessageView;
pub use self::settings::{Credentials, CredentialsError, TwilioSettings};

/// Talks to Twilio's REST API. Cheap to share, one connection pool inside.
#[derive(Debug)]
pub struct TwilioClient {
    rest: Rest,
    callbacks: CallbackKeys,
    open: Arc<OpenLegs>,
    /// Owner of what nobody issued, such as the reconciler's hangups.
    nobody: ClientState,
}

/// Everything that one attempt needs.
#[derive(Clone, Copy)]
struct Desk<'a> {
    rest: &'a Rest,
    callbacks: &'a CallbackKeys,
    held: &'a HeldAnswers,
    announcements: &'a Announcements,
    nobody: &'a ClientState,
}

impl TwilioClient {
    /// A client with its own connection pool. `callbacks` makes the addresses that Twilio calls back, `open` has the legs
    /// that ask what to do.
    pub fn new(settings: TwilioSettings, callbacks: CallbackKeys, open: Arc<OpenLegs>) -> Self {
        Self {
            rest: Rest::new(settings),
            callbacks,
            open,
            nobody: ClientState {
                owner: Address::Call(CallSessionId::new("nobody")),
                step: String::new(),
                generation: 0,
            },
        }
    }

    fn desk(&self) -> Desk<'_> {
        Desk {
            rest: &self.rest,
            callbacks: &self.callbacks,
            held: &self.open.held,
            announcements: &self.open.announcements,
            nobody: &self.nobody,
        }
    }
}

impl<'a> Desk<'a> {
    /// A document for a command.
    fn page(&self, issued: &'a Issued) -> Page<'a>
    where
        Self: 'a,
    {
        Page {
            addresses: self.callbacks,
            state: issued.client_state.as_ref().unwrap_or(self.nobody),
            number: self.held.number(),
        }
    }
}

#[async_trait]
impl Carrier for TwilioClient {
    fn name(&self) -> &'static str {
        "twilio"
    }

    /// Twilio knows no repetition of a request: two dials are two calls, two texts are two texts.
    fn does_twice(&self, command: &Issued) -> bool {
        matches!(command.command, Command::Dial(_) | Command::SendMessage(_))
    }

    async fn attempt(&self, issued: &Issued) -> Attempt {
        let desk = self.desk();
        // Ids come from events and from operators, and become parts of paths.
        if conferences::ids(&issued.command)
            .iter()
            .any(|id| sound(id).is_none())
        {
            return unspeakable("an id of this command is none of Twilio's");
        }
        match &issued.command {
            Command::Leg { leg, action } => desk.leg(issued, leg, action).await,
            Command::Dial(dial) => desk.dial(issued, dial).await,
            Command::CreateConference(create) => desk.create(issued, create).await,
            Command::Conference { conference, action } => desk.conference(issued, conference, action).await,
            Command::UpdateParticipant(update) => desk.update(issued, update).await,
            Command::SendMessage(message) => messages::send(&self.rest, &self.callbacks, message).await,
            Command::Query(query) => desk.question(query).await,
        }
    }
}

/// An id as Twilio makes them: letters and digits.
fn sound(id: &str) -> Option<&str> {
    let plain = (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then_some(id)
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
