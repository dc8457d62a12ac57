//! One input on its way to an entity, with everything that travels along: receipt, permit, provenance.

use std::time::Instant;

use bytes::Bytes;
use cordboard_core::{Address, CommandId, EventId, Input};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::journal::EffectKey;
use crate::witness::Errand;

/// An input addressed to one entity.
#[derive(Debug)]
pub struct Delivery {
    /// What happened.
    pub input: Input,
    /// The effect that a record of this input settles.
    pub settles: Option<EffectKey>,
    /// The command or request whose outcome it is, as it went.
    pub errand: Option<Box<Errand>>,
    /// As the carrier sent it.
    pub raw: Option<Bytes>,
    /// When it entered this process.
    pub since: Instant,
    receipt: Option<oneshot::Sender<Receipt>>,
    /// Held until the receipt is answered; so the gates at the door bound every mailbox.
    permit: Option<OwnedSemaphorePermit>,
}

/// What became of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// A record contains it; this is the answer's body.
    Committed(Bytes),
    /// A record contained it before; this is the answer that it got then.
    Duplicate(Bytes),
    /// No record contains it: offer it again. The reason is bounded.
    Failed(&'static str),
}

impl Receipt {
    /// Whether a record contains the input.
    pub fn is_durable(&self) -> bool {
        matches!(self, Self::Committed(_) | Self::Duplicate(_))
    }
}

/// Recognises an input when it is offered again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum InputKey {
    /// A carrier event.
    Event(EventId),
    /// A command's outcome.
    Outcome(CommandId),
    /// A message of another machine.
    Message(Address, u64, u32),
    /// A deadline of this entity.
    Deadline(Address),
}

impl InputKey {
    /// The key of `input` at `address`; `None` for inputs that nobody offers again by themselves.
    pub fn of(address: &Address, input: &Input) -> Option<Self> {
        match input {
            Input::Event { event, .. } => Some(Self::Event(event.id.clone())),
            Input::Outcome { command, .. } => Some(Self::Outcome(command.clone())),
            Input::HttpOutcome { request, .. } => Some(Self::Outcome(request.clone())),
            Input::Message { from, seq, index, .. } => Some(Self::Message(from.clone(), *seq, *index)),
            Input::Deadline => Some(Self::Deadline(address.clone())),
            Input::Operator(_) | Input::Finding(_) | Input::Quarantined { .. } => None,
        }
    }
}

impl InputKey {
    /// The same as text, which is the same after a restart.
    pub fn text(&self) -> String {
        match self {
            Self::Event(event) => format!("event:{event}"),
            Self::Outcome(command) => format!("outcome:{command}"),
            Self::Message(from, seq, index) => format!("message:{seq}:{index}:{from}"),
            // The next deadline of the same entity is another.
            Self::Deadline(_) => "deadline".to_owned(),
        }
    }
}

impl Delivery {
    /// A delivery and the end at which its receipt arrives. A dropped receipt means: not applied, offer it again.
    pub fn new(input: Input) -> (Self, oneshot::Receiver<Receipt>) {
        let (sender, receiver) = oneshot::channel();
        let delivery = Self {
            input,
            settles: None,
            errand: None,
            raw: None,
            since: Instant::now(),
            receipt: Some(sender),
            permit: None,
        };
        (delivery, receiver)
    }

    /// The same with a permit that is released together with the receipt.
    #[must_use]
    pub fn with_permit(mut self, permit: OwnedSemaphorePermit) -> Self {
        self.permit = Some(permit);
        self
    }

    /// The same with what the carrier sent.
    #[must_use]
    pub fn as_sent(mut self, raw: Bytes) -> Self {
        self.raw = Some(raw).filter(|raw| !raw.is_empty());
        self
    }

    /// The same, settling an effect.
    #[must_use]
    pub fn settling(mut self, effect: EffectKey) -> Self {
        self.settles = Some(effect);
        self
    }

    /// The same with the way that the errand went whose outcome it is.
    #[must_use]
    pub(crate) fn after(mut self, errand: Option<Errand>) -> Self {
        self.errand = errand.map(Box::new);
        self
    }

    /// Answers and releases the permit.
    pub fn answer(mut self, receipt: Receipt) {
        self.take_pending().answer(receipt);
    }

    /// Takes the receipt and the permit out, to be answered when the record is durable.
    pub(crate) fn take_pending(&mut self) -> PendingReceipt {
        PendingReceipt {
            receipt: self.receipt.take(),
            _permit: self.permit.take(),
        }
    }
}

/// A receipt that waits for a commit.
#[derive(Debug)]
pub(crate) struct PendingReceipt {
    receipt: Option<oneshot::Sender<Receipt>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl PendingReceipt {
    pub(crate) fn answer(self, receipt: Receipt) {
        if let Some(sender) = self.receipt {
            // The HTTP request may be gone; the record is what counts.
            let _ = sender.send(receipt);
        }
    }
}
