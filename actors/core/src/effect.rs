//! What a machine asks for, as one closed enum, and the collector that numbers it.
//!
//! Effects leave only after the record that carries them is committed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Address;
use crate::command::Command;
use crate::event::ClientState;
use crate::fact::Fact;
use crate::flow::Flow;
use crate::hangup::EndReason;
use crate::http::HttpRequest;
use crate::ids::{CallControlId, CommandId, ConferenceId, TextKey};
use crate::message::Message;
use crate::time::Timestamp;

/// One effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Ask the carrier.
    Command(Box<Issued>),
    /// Tell another machine.
    Send {
        /// Whom.
        to: Address,
        /// What.
        body: Message,
    },
    /// Ask the user's own program.
    Http(Box<HttpRequest>),
    /// An event proved that this command took effect: stop repeating it, free its lane.
    Settle {
        /// Which.
        command: CommandId,
    },
    /// The session, or this conference of the room, is over.
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// A statement for the books. Nobody acts on it.
    Fact(Box<Fact>),
}

impl Effect {
    /// Whether it is owed until a record, or an event, settles it.
    pub fn is_owed(&self) -> bool {
        matches!(self, Self::Command(_) | Self::Send { .. } | Self::Http(_))
    }
}

/// A command as it goes to the outbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Issued {
    /// Derived; the same on every attempt and after every restart.
    pub id: CommandId,
    /// What.
    pub command: Command,
    /// Comes back in the events that the command causes.
    pub client_state: Option<ClientState>,
    /// Past this the outcome is unknown and nothing is sent again.
    pub give_up_at: Timestamp,
}

/// Commands queue per target, in order, one in flight; shared by all entities.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// One leg.
    Leg(CallControlId),
    /// Hangups of one leg: they overtake whatever its lane still holds.
    Hangups(CallControlId),
    /// One conference.
    Conference(ConferenceId),
    /// Dials of one entity.
    Dials(Address),
    /// Questions of one entity: they wait for nobody, and nobody waits for them.
    Queries(Address),
    /// One text, by its key: the sending number itself decides how many are under way.
    Text(TextKey),
    /// Messages from one entity to another.
    Messages(Address, Address),
    /// Requests of one entity to the user's own program.
    Http(Address),
}

impl Lane {
    /// The lane of a command issued by `owner`.
    pub fn of(command: &Command, owner: &Address) -> Self {
        match command {
            Command::Query(_) => Self::Queries(owner.clone()),
            Command::Dial(_) => Self::Dials(owner.clone()),
            Command::SendMessage(message) => Self::Text(message.key.clone()),
            Command::UpdateParticipant(update) => Self::Conference(update.conference.clone()),
            Command::Leg { leg, .. } if command.is_hangup() => Self::Hangups(leg.clone()),
            Command::Leg { leg, .. } => Self::Leg(leg.clone()),
            Command::CreateConference(create) => Self::Leg(create.leg.clone()),
            Command::Conference { conference, .. } => match command.leg() {
                Some(leg) => Self::Leg(leg.clone()),
                None => Self::Conference(conference.clone()),
            },
        }
    }
}

/// What a machine may know besides its input and its state.
#[derive(Clone, Debug)]
pub struct Context {
    /// The entity.
    pub address: Address,
    /// Seq of the record that this transition becomes.
    pub seq: u64,
    /// The time of this transition.
    pub now: Timestamp,
    /// The journal's own number: command ids of two journals differ though all else is the same.
    pub salt: u64,
}

/// Collects the effects of one transition.
#[derive(Debug)]
pub struct Effects {
    context: Context,
    incarnation: u64,
    list: Vec<Effect>,
    facts: Vec<Fact>,
    flow: Option<Arc<Flow>>,
}

impl Effects {
    /// An empty collector for the transition described by `context`.
    pub fn new(context: Context, incarnation: u64) -> Self {
        Self {
            context,
            incarnation,
            list: Vec::new(),
            facts: Vec::new(),
            flow: None,
        }
    }

    /// With the flow that the entity has pinned, or is about to pin.
    #[must_use]
    pub fn following(mut self, flow: Option<Arc<Flow>>) -> Self {
        self.flow = flow;
        self
    }

    /// From here on the entity follows this flow.
    pub(crate) fn follow(&mut self, flow: Arc<Flow>) {
        self.flow = Some(flow);
    }

    /// The flow that the entity has pinned; `None` when it has none or nobody can read it.
    pub fn flow(&self) -> Option<Arc<Flow>> {
        self.flow.clone()
    }

    /// The time of this transition.
    pub fn now(&self) -> Timestamp {
        self.context.now
    }

    /// The entity.
    pub fn address(&self) -> &Address {
        &self.context.address
    }

    /// From here on ids are derived for this incarnation.
    pub fn set_incarnation(&mut self, incarnation: u64) {
        self.incarnation = incarnation;
    }

    /// Issues a command, with the carrier's own time limit on what it makes, and tells under which id its outcome
    /// will come.
    pub fn command(
        &mut self,
        command: Command,
        client_state: Option<ClientState>,
        give_up_at: Timestamp,
    ) -> CommandId {
        let id = self.next_id();
        self.list.push(Effect::Command(Box::new(Issued {
            id: id.clone(),
            command: command.with_time_limit(),
            client_state,
            give_up_at,
        })));
        id
    }

    /// Asks the user's own program; `request` is given the id that its outcome will come under.
    pub fn http(&mut self, mut request: HttpRequest) -> CommandId {
        let id = self.next_id();
        request.id = id.clone();
        self.list.push(Effect::Http(Box::new(request)));
        id
    }

    /// The id that the next effect has, should it be a command; never given twice, so that it can serve as another key.
    pub(crate) fn next_id(&self) -> CommandId {
        CommandId::derive(
            &self.context.address,
            self.incarnation,
            self.context.seq,
            self.list.len(),
            self.context.salt,
        )
    }

    /// Sends a message to another machine.
    pub fn send(&mut self, to: Address, body: Message) {
        self.list.push(Effect::Send { to, body });
    }

    /// Declares a command proven.
    pub fn settle(&mut self, command: CommandId) {
        self.list.push(Effect::Settle { command });
    }

    /// Declares the session, or the conference, over.
    pub fn ended(&mut self, reason: EndReason) {
        self.list.push(Effect::Ended { reason });
    }

    /// States something for the books.
    pub fn fact(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    /// The effects, in order; a command's index here is the index in its id. Facts come last, so that stating one more
    /// changes no command's id.
    pub fn into_list(self) -> Vec<Effect> {
        let facts = self.facts.into_iter().map(|fact| Effect::Fact(Box::new(fact)));
        self.list.into_iter().chain(facts).collect()
    }
}
