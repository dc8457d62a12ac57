//! Addresses: the name under which an entity receives inputs and appends records.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{CallSessionId, ConferenceName, QueueName};
use crate::phone::PhoneNumber;

/// Who owns a piece of state. One mailbox, one journal sequence, one incarnation at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// One call session.
    Call(CallSessionId),
    /// One room; its seq never restarts, each conference in it is an incarnation.
    Conference(ConferenceName),
    /// One sending number of ours.
    Sms(String),
    /// One row of waiting callers and the agents who serve it.
    Queue(QueueName),
}

impl Address {
    /// `call`, `conference`, `sms` or `queue`: for metrics and spans.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Call(_) => "call",
            Self::Conference(_) => "conference",
            Self::Sms(_) => "sms",
            Self::Queue(_) => "queue",
        }
    }

    /// The text form as logs and spans may show it: a sending number is a phone number.
    pub fn shown(&self) -> String {
        match self {
            Self::Sms(number) => format!("sms:{}", PhoneNumber::new(number)),
            Self::Call(_) | Self::Conference(_) | Self::Queue(_) => self.to_string(),
        }
    }

    /// Reads the text form (`call:<session id>`, `conference:<name>`, `sms:<number>`, `queue:<name>`).
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once(':')?;
        match kind {
            "call" => Some(Self::Call(name.into())),
            "conference" => Some(Self::Conference(name.into())),
            "sms" => Some(Self::Sms(name.to_owned())),
            "queue" => Some(Self::Queue(name.into())),
            _ => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(id) => write!(f, "call:{id}"),
            Self::Conference(name) => write!(f, "conference:{name}"),
            Self::Sms(number) => write!(f, "sms:{number}"),
            Self::Queue(name) => write!(f, "queue:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sending_number_is_shown_masked() {
        let shown = Address::Sms("+15550100123".into()).shown();
        assert!(shown.starts_with("sms:") && !shown.contains("5550100"), "{shown}");
        assert_eq!(Address::Call("s".into()).shown(), "call:s");
    }

    #[test]
    fn an_address_reads_back_what_it_prints() {
        for address in [
            Address::Call("a:b".into()),
            Address::Conference("demo".into()),
            Address::Sms("+1555".into()),
            Address::Queue("sales".into()),
        ] {
            assert_eq!(Address::parse(&address.to_string()), Some(address));
        }
        assert_eq!(Address::parse("nobody"), None);
    }
}
