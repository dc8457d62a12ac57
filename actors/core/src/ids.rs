//! Opaque identifiers of the field: what a carrier calls a leg, a session, a conference, an event.
//!
//! An id is never parsed, never a path or SQL text: it is compared, hashed and handed back. Decoders cap its
//! length (`MAX_ID_BYTES`) before it gets here.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Longest id a decoder lets through, in bytes. Telnyx' `call_control_id` is about 60; the rest is headroom.
pub const MAX_ID_BYTES: usize = 256;

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the carrier's text unchanged.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(Arc::from(text.as_ref()))
            }

            /// The carrier's text, unchanged.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    };
}

opaque_id!(
    /// All legs of one conversation; what a call actor owns. Telnyx `call_session_id`, Twilio root `CallSid`.
    CallSessionId
);
opaque_id!(
    /// One leg, as commands name it. Telnyx `call_control_id`, Twilio `CallSid`.
    CallControlId
);
opaque_id!(
    /// One leg, as reports name it. Telnyx `call_leg_id`; never used to command a leg.
    CallLegId
);
opaque_id!(
    /// A live conference at the carrier. Telnyx `conference_id`, Twilio `ConferenceSid`.
    ConferenceId
);
opaque_id!(
    /// The name of a room, ours to choose; a room outlives its conferences.
    ConferenceName
);
opaque_id!(
    /// The name of a queue, ours to choose.
    QueueName
);
opaque_id!(
    /// One webhook event, the same on redelivery. Telnyx `data.id`.
    EventId
);
opaque_id!(
    /// The carrier application through which a call came. Telnyx `connection_id`.
    ConnectionId
);
opaque_id!(
    /// One recording at the carrier.
    RecordingId
);
opaque_id!(
    /// One text message at the carrier. Telnyx message `id`, Twilio `MessageSid`.
    MessageId
);
opaque_id!(
    /// Our own key of one text, unique for ever: who asks twice under one key is sent one text. Tells nothing about
    /// anybody, so it may stand in URLs, traces and lists.
    TextKey
);
opaque_id!(
    /// Idempotency key of one logical command; the same on every attempt.
    CommandId
);

impl CommandId {
    /// Derives the id of the effect number `index` of record `seq` of an entity in the journal with this `salt`, as
    /// UUID text.
    ///
    /// Derived, never random: a restart that finds the command unsettled names it the same way. The salt keeps apart
    /// what an empty journal counts anew while the carrier still remembers the old ids.
    pub fn derive(address: &crate::Address, incarnation: u64, seq: u64, index: usize, salt: u64) -> Self {
        let digest = Sha256::digest(format!("{address}\n{incarnation}\n{seq}\n{index}\n{salt}"));
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self::new(format!(
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..32]
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Address;

    #[test]
    fn command_ids_differ_by_every_part_and_are_stable() {
        let call = Address::Call("s-1".into());
        let first = CommandId::derive(&call, 1, 7, 0, 9);
        assert_eq!(first, CommandId::derive(&call, 1, 7, 0, 9));
        for other in [
            CommandId::derive(&call, 2, 7, 0, 9),
            CommandId::derive(&call, 1, 8, 0, 9),
            CommandId::derive(&call, 1, 7, 1, 9),
            CommandId::derive(&call, 1, 7, 0, 8),
            CommandId::derive(&Address::Conference("s-1".into()), 1, 7, 0, 9),
        ] {
            assert_ne!(first, other);
        }
        assert_eq!(first.as_str().len(), 36);
    }
}
