//! Words about text messages that commands, events and machines share: what was received, where a sent one stands.
//!
//! Carriers' decoders fill these, `SmsMachine` reads them, calls are told with them. No rule is here.

use serde::{Deserialize, Serialize};

use crate::Address;
use crate::ids::{MessageId, TextKey};
use crate::phone::{PhoneNumber, Text};
use crate::time::Timestamp;

/// A text that somebody sent us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextReceived {
    /// Its id at the carrier.
    pub message: MessageId,
    /// Who sent it.
    pub from: PhoneNumber,
    /// The number of ours that got it.
    pub to: PhoneNumber,
    /// The words, capped by the decoder.
    pub text: Text,
    /// Attached files.
    pub media: Vec<TextMedia>,
    /// How many segments it came in.
    pub segments: Option<u32>,
}

/// A file attached to a text. `Debug` shows its type only: links to private pictures are as secret as words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextMedia {
    /// Where it can be fetched.
    pub url: String,
    /// Its media type, where the carrier says.
    pub content_type: Option<String>,
}

impl std::fmt::Debug for TextMedia {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "TextMedia({})",
            self.content_type.as_deref().unwrap_or("unknown")
        )
    }
}

/// What the carrier reports about a text that we sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextReport {
    /// Its id at the carrier.
    pub message: MessageId,
    /// Our own key, when the report came to the authenticated address that we gave with the text.
    pub key: Option<TextKey>,
    /// The number of ours that sent it.
    pub from: PhoneNumber,
    /// Who was to get it.
    pub to: PhoneNumber,
    /// Where it stands.
    pub status: TextStatus,
    /// The carrier's codes for what went wrong, such as `40008`.
    pub errors: Vec<String>,
    /// How many segments are billed, once known.
    pub segments: Option<u32>,
    /// What it cost, such as `0.0051 USD`, once known.
    pub cost: Option<String>,
}

/// Where a sent text stands at the carrier, in the order in which a text passes through (F12: the order is a lattice,
/// reports come in any).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextStatus {
    /// The carrier has it.
    Queued,
    /// It is being handed on.
    Sending,
    /// The next carrier has it.
    Sent,
    /// The last word, and it says nothing about the phone.
    Unconfirmed,
    /// The carrier could not hand it on. The last word.
    SendingFailed,
    /// The phone did not get it. The last word.
    DeliveryFailed,
    /// The phone has it. The last word.
    Delivered,
}

impl TextStatus {
    /// snake_case name, as in the books.
    pub fn label(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Unconfirmed => "unconfirmed",
            Self::SendingFailed => "sending_failed",
            Self::DeliveryFailed => "delivery_failed",
            Self::Delivered => "delivered",
        }
    }

    /// Whether nothing comes after it.
    pub fn is_final(self) -> bool {
        self >= Self::Unconfirmed
    }

    /// What is believed after `later` came in: the further of the two, and the first of two last words.
    #[must_use]
    pub fn join(self, later: Self) -> Self {
        if self.is_final() { self } else { self.max(later) }
    }
}

/// What became of a text, as its asker is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextResult {
    /// The carrier has taken it.
    Accepted,
    /// The phone has it. Comes after `Accepted`, and only to those who asked to be notified.
    Delivered,
    /// It was certainly not sent, or certainly did not arrive.
    Refused(TextRefusal),
    /// Nobody can tell whether it was sent; it is not sent again unless a setting says so.
    Unknown,
}

/// Why a text was not sent, or did not arrive: ours first, then the carrier's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextRefusal {
    /// The sending number is not configured.
    NotOurNumber,
    /// The destination is no E.164 number.
    BadDestination,
    /// The destination is one of our own numbers.
    OwnNumber,
    /// No prefix that the destination has is allowed.
    DestinationNotAllowed,
    /// The destination asked us to stop.
    OptedOut,
    /// There are no words.
    Empty,
    /// More segments than allowed.
    TooLong,
    /// This destination got as many texts of this number as it may.
    PairBudget,
    /// This number sent as many texts as it may.
    NumberBudget,
    /// As many texts wait as may.
    QueueFull,
    /// It waited longer than it was useful.
    TooLate,
    /// An operator withdrew it.
    Withdrawn,
    /// The same key came before with another text.
    KeyReused,
    /// The carrier refused the request.
    Carrier,
    /// The carrier took it and could not deliver it.
    Undeliverable,
}

impl TextRefusal {
    /// snake_case name: the rule, for API, books and metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotOurNumber => "not_our_number",
            Self::BadDestination => "bad_destination",
            Self::OwnNumber => "own_number",
            Self::DestinationNotAllowed => "destination_not_allowed",
            Self::OptedOut => "opted_out",
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::PairBudget => "pair_budget",
            Self::NumberBudget => "number_budget",
            Self::QueueFull => "queue_full",
            Self::TooLate => "too_late",
            Self::Withdrawn => "withdrawn",
            Self::KeyReused => "key_reused",
            Self::Carrier => "carrier",
            Self::Undeliverable => "undeliverable",
        }
    }

    /// Whether the same text may pass later: a budget, not a rule about it.
    pub fn is_budget(self) -> bool {
        matches!(self, Self::PairBudget | Self::NumberBudget | Self::QueueFull)
    }
}

/// One text as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextOrder {
    /// Unique for ever.
    pub key: TextKey,
    /// Who gets it.
    pub to: PhoneNumber,
    /// The words.
    pub text: Text,
    /// Not before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Who is told what became of it, and whether of its delivery too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asker: Option<(Address, bool)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_word_sticks_and_nothing_goes_back() {
        use TextStatus::*;
        assert_eq!(Delivered.join(Sent), Delivered);
        assert_eq!(Sent.join(Queued), Sent);
        assert_eq!(Queued.join(DeliveryFailed), DeliveryFailed);
        assert_eq!(DeliveryFailed.join(Delivered), DeliveryFailed);
        assert_eq!(Sent.join(Delivered).join(SendingFailed), Delivered);
    }
}
