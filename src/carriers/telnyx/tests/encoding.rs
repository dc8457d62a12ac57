//! What every command looks like on the wire.

use std::path::PathBuf;

use cordboard_core::command::catalogue::{Cast, every_command};
use cordboard_core::command::conference::{ConferenceAction, Participants};
use cordboard_core::command::leg::{Answer, Hangup, LegAction, SwitchSupervisorRole};
use cordboard_core::command::{Query, UpdateParticipant};
use cordboard_core::{Address, ClientState, Command, Issued, Timestamp};
use http::Method;
use serde_json::{Value, json};

use super::signing::client_state_key;
use crate::carriers::telnyx::{EncodeError, Request, encode};

const COMMAND_ID: &str = "891510ac-f3e4-11e8-af5b-de00688a4901";

pub(super) fn issue(command: Command, client_state: Option<ClientState>) -> Issued {
    Issued {
        id: COMMAND_ID.into(),
        command,
        client_state,
        give_up_at: Timestamp::from_millis(u64::MAX / 1000),
    }
}

fn state() -> ClientState {
    ClientState {
        owner: Address::Call("s-1".into()),
        step: "catalogue".into(),
        generation: 1,
    }
}

fn encoded(command: Command) -> Request {
    encode(&issue(command, Some(state())), &client_state_key()).unwrap()
}

fn leg(action: LegAction) -> Command {
    Command::Leg {
        leg: "v3:leg".into(),
        action,
    }
}

fn catalogue() -> Vec<Command> {
    let cast = Cast::new(
        "v3:MdI91X4lWFEs7IgbBEOT9M4AigoY08M0WWZFISt1Yw2axZ_IiE4pqg".into(),
        "v3:other_leg-1".into(),
        "b5c3a1de-7d55-4d0c-9e4f-08f8e6b3a1c2".into(),
    );
    let mut commands = every_command(&cast);
    commands.retain(|command| !command.is_query());
    commands
}

/// `tests/fixtures/telnyx/commands.json` was checked, body by body, against the carrier's own description. After a
/// change that is meant, `CORDBOARD_BLESS=1 cargo test` writes it anew; check it again before it is committed.
#[test]
fn every_command_is_encoded_as_it_was_when_it_was_checked() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/telnyx/commands.json");
    let requests: Vec<Value> = catalogue()
        .into_iter()
        .map(|command| {
            let name = command.name();
            let request = encoded(command);
            json!({
                "command": name,
                "method": request.method.as_str(),
                "path": request.path,
                "body": request.body,
            })
        })
        .collect();
    if std::env::var_os("CORDBOARD_BLESS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&requests).unwrap() + "\n").unwrap();
    }
    let expected: Vec<Value> = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for (request, expected) in requests.iter().zip(&expected) {
        assert_eq!(request, expected);
    }
    assert_eq!(requests.len(), expected.len());
}

#[test]
fn no_word_of_ours_reaches_the_wire() {
    for command in catalogue() {
        let name = command.name();
        let body = encoded(command).body;
        for ours in [
            "leg",
            "legs",
            "other",
            "beep",
            "connection",
            "recording",
            "whisper_legs",
            "supervise_leg",
            "stream",
            "engine",
        ] {
            assert!(!body.contains_key(ours), "{name}: {ours}");
        }
        assert!(
            !body.values().any(Value::is_null),
            "{name}: an absent parameter stays absent"
        );
    }
}

#[test]
fn commands_carry_an_id_exactly_where_the_endpoint_has_one() {
    let without = [
        "client_state_update",
        "switch_supervisor_role",
        "siprec_start",
        "conference_mute",
        "conference_unmute",
        "conference_hold",
        "conference_unhold",
        "conference_play",
        "conference_stop",
        "conference_send_dtmf",
        "conference_gather_using_audio",
        "participant_update",
        "send_message",
    ];
    for command in catalogue() {
        let name = command.name();
        let body = encoded(command).body;
        let expected = (!without.contains(&name)).then(|| json!(COMMAND_ID));
        assert_eq!(body.get("command_id"), expected.as_ref(), "{name}");
    }
}

#[test]
fn bare_commands_say_nothing_but_what_is_needed() {
    let bare = encode(
        &issue(leg(LegAction::Answer(Answer::default())), None),
        &client_state_key(),
    )
    .unwrap();
    assert_eq!(Value::Object(bare.body), json!({"command_id": COMMAND_ID}));
    let mute = Command::Conference {
        conference: "c-1".into(),
        action: ConferenceAction::Mute(Participants::from(vec!["v3:a".into()])),
    };
    let mute = encoded(mute);
    assert_eq!(mute.path, "/conferences/c-1/actions/mute");
    assert_eq!(Value::Object(mute.body), json!({"call_control_ids": ["v3:a"]}));
    let role = SwitchSupervisorRole::new(cordboard_core::command::conference::SupervisorRole::Monitor);
    let role = encoded(leg(LegAction::SwitchSupervisorRole(role)));
    assert_eq!(Value::Object(role.body), json!({"role": "monitor"}));
}

#[test]
fn the_client_state_on_the_wire_is_authentic() {
    for command in catalogue() {
        let name = command.name();
        let body = encoded(command).body;
        for field in ["client_state", "target_leg_client_state"] {
            if let Some(text) = body.get(field) {
                let opened = client_state_key().open(text.as_str().unwrap());
                assert_eq!(opened, Some(state()), "{name}: {field}");
            }
        }
    }
}

#[test]
fn ids_cannot_leave_their_place_in_the_path() {
    for (id, path) in [
        ("v3:a_b-c", "/calls/v3:a_b-c/actions/hangup"),
        ("../../x", "/calls/..%2F..%2Fx/actions/hangup"),
        ("a?b#c%d e", "/calls/a%3Fb%23c%25d%20e/actions/hangup"),
        ("é\u{202e}", "/calls/%C3%A9%E2%80%AE/actions/hangup"),
    ] {
        let hangup = Command::Leg {
            leg: id.into(),
            action: LegAction::Hangup(Hangup::default()),
        };
        assert_eq!(encoded(hangup).path, path);
    }
    for id in ["", ".", ".."] {
        let update = UpdateParticipant::new("c-1", id);
        let refused = encode(
            &issue(Command::UpdateParticipant(update), None),
            &client_state_key(),
        );
        assert_eq!(refused, Err(EncodeError::BadId), "{id:?}");
    }
}

#[test]
fn methods_differ_where_the_carrier_wants_them_to() {
    for command in catalogue() {
        let expected = match command.name() {
            "client_state_update" => Method::PUT,
            "participant_update" => Method::PATCH,
            _ => Method::POST,
        };
        let name = command.name();
        assert_eq!(encoded(command).method, expected, "{name}");
    }
}

#[test]
fn what_cannot_be_said_is_refused_before_it_is_sent() {
    let update = leg(LegAction::ClientStateUpdate(Default::default()));
    let refused = encode(&issue(update, None), &client_state_key());
    assert_eq!(refused, Err(EncodeError::NoClientState));
    let query = Command::Query(Query::Call { leg: "v3:a".into() });
    assert_eq!(
        encode(&issue(query, None), &client_state_key()),
        Err(EncodeError::Query)
    );
}
