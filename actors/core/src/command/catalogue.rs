//! One valid, fully populated example of every command.
//!
//! Encoders are tested with these, and an acceptance run sends each of them past a validator of the carrier's own
//! description. Where a carrier accepts only one of several fields, the example has that one. No machine uses this.

mod conference;
mod dialling;
mod leg;

use std::collections::BTreeMap;

use super::sip::SipHeader;
use super::webhooks::WebhookRetries;
use super::{Command, Query, SendMessage};
use crate::ids::{CallControlId, ConferenceId, ConferenceName, ConnectionId, RecordingId};
use crate::phone::{PhoneNumber, Text};

/// What the examples are about.
#[derive(Clone, Debug)]
pub struct Cast {
    /// The leg that commands name.
    pub leg: CallControlId,
    /// Another leg, to bridge with, to whisper to, to supervise.
    pub other_leg: CallControlId,
    /// The conference that commands name.
    pub conference: ConferenceId,
    /// The name of a conference to create.
    pub name: ConferenceName,
    /// The carrier application.
    pub connection: ConnectionId,
    /// A recording, a UUID at Telnyx.
    pub recording: RecordingId,
    /// Whom dials and transfers call.
    pub to: PhoneNumber,
    /// The number they show.
    pub from: PhoneNumber,
}

impl Cast {
    /// Names for `leg`, `other_leg` and `conference`, and fictitious numbers and ids for the rest.
    pub fn new(leg: CallControlId, other_leg: CallControlId, conference: ConferenceId) -> Self {
        Self {
            leg,
            other_leg,
            conference,
            name: "catalogue".into(),
            connection: "1494404757140276705".into(),
            recording: "b1a2c3d4-0000-4000-8000-0123456789ab".into(),
            to: "+15550100001".into(),
            from: "+15550100002".into(),
        }
    }
}

/// Every command, each kind once; the order is that of the enums.
pub fn every_command(cast: &Cast) -> Vec<Command> {
    let mut commands: Vec<Command> = leg::actions(cast)
        .into_iter()
        .map(|action| Command::Leg {
            leg: cast.leg.clone(),
            action,
        })
        .collect();
    commands.push(Command::Dial(Box::new(dialling::dial(cast))));
    commands.push(Command::CreateConference(conference::create(cast)));
    commands.extend(
        conference::actions(cast)
            .into_iter()
            .map(|action| Command::Conference {
                conference: cast.conference.clone(),
                action,
            }),
    );
    commands.push(Command::UpdateParticipant(conference::update_participant(cast)));
    commands.push(Command::SendMessage(Box::new(SendMessage::new(
        cast.from.clone(),
        cast.to.clone(),
        Text::new("Thank you for calling."),
        "catalogue-1",
    ))));
    commands.extend(queries(cast).map(Command::Query));
    commands
}

fn queries(cast: &Cast) -> [Query; 5] {
    [
        Query::Call {
            leg: cast.leg.clone(),
        },
        Query::ActiveCalls {
            connection: cast.connection.clone(),
        },
        Query::Conferences {
            name: Some(cast.name.clone()),
        },
        Query::Conference {
            conference: cast.conference.clone(),
        },
        Query::Participants {
            conference: cast.conference.clone(),
        },
    ]
}

fn custom_headers() -> Vec<SipHeader> {
    vec![header("X-Catalogue", "1")]
}

fn sip_headers() -> Vec<SipHeader> {
    vec![header("User-to-User", "catalogue")]
}

fn header(name: &str, value: &str) -> SipHeader {
    SipHeader {
        name: name.into(),
        value: value.into(),
    }
}

fn webhook_urls() -> BTreeMap<String, String> {
    BTreeMap::from([("call.hangup".into(), "https://example.com/webhooks/hangup".into())])
}

fn webhook_retries() -> BTreeMap<String, WebhookRetries> {
    let policy = WebhookRetries {
        retries_ms: vec![1_000, 2_000, 5_000],
    };
    BTreeMap::from([("call.hangup".into(), policy)])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use super::*;

    fn all() -> Vec<Command> {
        every_command(&Cast::new("v3:leg".into(), "v3:other".into(), "c-1".into()))
    }

    #[test]
    fn every_command_reads_back_what_it_writes() {
        for command in all() {
            let json = serde_json::to_string(&command).unwrap();
            let back: Command = serde_json::from_str(&json).unwrap();
            assert_eq!(back, command, "{json}");
        }
    }

    #[test]
    fn every_kind_of_command_is_there_once() {
        let names: Vec<&str> = all().iter().map(Command::name).collect();
        let distinct: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
        assert_eq!(names.len(), 33 + 1 + 1 + 17 + 1 + 1 + 5, "{names:?}");
    }

    #[test]
    fn an_unknown_parameter_is_refused_by_name() {
        for command in all() {
            let mut json = serde_json::to_value(&command).unwrap();
            let parameters = match &command {
                Command::Leg { .. } => only_value(&mut json["leg"]["action"]),
                Command::Conference { .. } => only_value(&mut json["conference"]["action"]),
                Command::Dial(_)
                | Command::CreateConference(_)
                | Command::UpdateParticipant(_)
                | Command::SendMessage(_) => only_value(&mut json),
                Command::Query(_) => continue,
            };
            parameters["no_such_parameter"] = serde_json::json!(1);
            let why = serde_json::from_value::<Command>(json).unwrap_err().to_string();
            assert!(why.contains("no_such_parameter"), "{}: {why}", command.name());
        }
    }

    fn only_value(json: &mut serde_json::Value) -> &mut serde_json::Value {
        json.as_object_mut().unwrap().values_mut().next().unwrap()
    }

    #[test]
    fn secrets_and_keys_do_not_show() {
        for command in all() {
            let shown = format!("{command:?}");
            for secret in ["5550100001", "hunter2", "1234#"] {
                assert!(!shown.contains(secret), "{}: {shown}", command.name());
            }
        }
    }
}
