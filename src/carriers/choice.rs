//! Which carrier a command goes to, where more than one is served.
//!
//! Every id says whose it is. What has none goes by its numbers, and at last to the carrier that comes first.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use cordboard_actors::ports::Carrier;
use cordboard_core::command::Query;
use cordboard_core::{Answer, Attempt, Command, Issued, PhoneNumber, Refusal, RefusalKind};

/// A carrier that can be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CarrierName {
    /// Telnyx Call Control.
    Telnyx,
    /// Twilio.
    Twilio,
}

/// All carriers that are served, as one.
pub struct Carriers {
    served: BTreeMap<CarrierName, Arc<dyn Carrier>>,
    /// Whose our sending numbers are, where a setting says so.
    numbers: BTreeMap<PhoneNumber, CarrierName>,
}

impl Carriers {
    /// Serves these; `numbers` says through which of them a number sends.
    pub fn new(
        served: impl IntoIterator<Item = (CarrierName, Arc<dyn Carrier>)>,
        numbers: impl IntoIterator<Item = (PhoneNumber, CarrierName)>,
    ) -> Self {
        Self {
            served: served.into_iter().collect(),
            numbers: numbers.into_iter().collect(),
        }
    }

    fn of(&self, command: &Command) -> Option<&Arc<dyn Carrier>> {
        let wanted = match command {
            Command::SendMessage(message) => self.numbers.get(&message.from).copied(),
            Command::Query(Query::Texts { from, .. }) => self.numbers.get(from).copied(),
            command => id_of(command).map(owner),
        };
        match wanted {
            Some(name) => self.served.get(&name),
            None => self.served.values().next(),
        }
    }
}

impl Carriers {
    /// A name is at home at no carrier: all are asked. What one of them does not say nobody knows.
    async fn conferences(&self, command: &Issued) -> Attempt {
        let mut found = Vec::new();
        for carrier in self.served.values() {
            match carrier.attempt(command).await {
                Attempt::Accepted(Answer::Conferences(theirs)) => found.extend(theirs),
                other => return other,
            }
        }
        Attempt::Accepted(Answer::Conferences(found))
    }
}

#[async_trait]
impl Carrier for Carriers {
    fn name(&self) -> &'static str {
        let mut served = self.served.values();
        match (served.next(), served.next()) {
            (Some(only), None) => only.name(),
            _ => "several",
        }
    }

    fn does_twice(&self, command: &Issued) -> bool {
        self.of(&command.command)
            .is_some_and(|carrier| carrier.does_twice(command))
    }

    async fn attempt(&self, command: &Issued) -> Attempt {
        if let Command::Query(Query::Conferences { .. }) = command.command {
            return self.conferences(command).await;
        }
        match self.of(&command.command) {
            Some(carrier) => carrier.attempt(command).await,
            None => Attempt::Refused(Refusal {
                kind: RefusalKind::Invalid,
                status: 0,
                code: None,
                detail: "the carrier of this id is not served: its keys are missing in the settings"
                    .to_owned(),
            }),
        }
    }
}

/// The id that says whose a command is.
fn id_of(command: &Command) -> Option<&str> {
    Some(match command {
        Command::Leg { leg, .. } => leg.as_str(),
        Command::CreateConference(create) => create.leg.as_str(),
        Command::Conference { conference, .. } => conference.as_str(),
        Command::UpdateParticipant(update) => update.conference.as_str(),
        Command::Query(Query::Call { leg }) => leg.as_str(),
        Command::Query(Query::ActiveCalls { connection }) => connection.as_str(),
        Command::Dial(dial) => dial.connection.as_str(),
        Command::Query(Query::Conference { conference } | Query::Participants { conference }) => {
            conference.as_str()
        }
        Command::Query(Query::Conferences { .. } | Query::Texts { .. }) | Command::SendMessage(_) => {
            return None;
        }
    })
}

/// Twilio's ids are two capital letters and 32 hexadecimal digits; none of Telnyx' is.
fn owner(id: &str) -> CarrierName {
    let is_sid = id.len() == 34
        && id.bytes().take(2).all(|byte| byte.is_ascii_uppercase())
        && id.bytes().skip(2).all(|byte| byte.is_ascii_hexdigit());
    if is_sid {
        CarrierName::Twilio
    } else {
        CarrierName::Telnyx
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use cordboard_core::command::SendMessage;
    use cordboard_core::command::leg::{Hangup, LegAction};
    use cordboard_core::phone::Text;

    use super::*;

    struct Named(&'static str);

    #[async_trait]
    impl Carrier for Named {
        fn name(&self) -> &'static str {
            self.0
        }

        async fn attempt(&self, _: &Issued) -> Attempt {
            Attempt::InDoubt { why: self.0 }
        }
    }

    fn both() -> Carriers {
        Carriers::new(
            [
                (CarrierName::Telnyx, Arc::new(Named("telnyx")) as Arc<dyn Carrier>),
                (CarrierName::Twilio, Arc::new(Named("twilio"))),
            ],
            [("+15550200000".into(), CarrierName::Twilio)],
        )
    }

    fn hangup(leg: &str) -> Command {
        Command::Leg {
            leg: leg.into(),
            action: LegAction::Hangup(Hangup::default()),
        }
    }

    fn text(from: &str) -> Command {
        Command::SendMessage(Box::new(SendMessage::new(
            from,
            "+15550100001",
            Text::new("Hello"),
            "k",
        )))
    }

    #[test]
    fn ids_and_sending_numbers_say_whose_a_command_is() {
        let carriers = both();
        let sid = "CA0123456789abcdef0123456789abcdef";
        for (command, expected) in [
            (hangup(sid), "twilio"),
            (hangup("v3:Q8x2"), "telnyx"),
            (hangup("CA0123"), "telnyx"),
            (text("+15550200000"), "twilio"),
            (text("+15550200001"), "telnyx"),
            (
                Command::Query(Query::ActiveCalls {
                    connection: sid.replace("CA", "AC").as_str().into(),
                }),
                "twilio",
            ),
        ] {
            assert_eq!(carriers.of(&command).unwrap().name(), expected, "{command:?}");
        }
        assert_eq!(carriers.name(), "several");
    }

    #[test]
    fn a_carrier_that_is_alone_gets_what_has_no_owner_and_nothing_of_the_other() {
        let alone = Carriers::new(
            [(CarrierName::Twilio, Arc::new(Named("twilio")) as Arc<dyn Carrier>)],
            [],
        );
        assert_eq!(alone.name(), "twilio");
        assert_eq!(alone.of(&text("+15550200001")).unwrap().name(), "twilio");
        assert!(alone.of(&hangup("v3:Q8x2")).is_none());
    }
}
