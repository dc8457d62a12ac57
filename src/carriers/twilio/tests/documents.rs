//! Our documents against those that the official SDK builds for the same verbs (`tests/peers/twilio_twiml.py`), up to the
//! order of attributes.

use std::collections::BTreeMap;

use cordboard_core::command::conference::{Beep, ConferenceAction, ConferenceSpeak};
use cordboard_core::command::leg::{
    Enqueue, Gather, GatherUsingAudio, GatherUsingSpeak, Hangup, LegAction, PlaybackStart, RecordStart,
    Reject, RejectCause, SendDtmf, Speak, SuppressionStop, Transfer,
};
use cordboard_core::command::media::Loop;
use cordboard_core::command::recording::{RecordingChannels, RecordingFormat};
use cordboard_core::{Address, CallControlId, ClientState, Digits};
use serde_json::{Value, json};

use crate::carriers::twilio::documents::{Addresses, Entry, Page, Unspeakable, halves, room};
use crate::carriers::twilio::ticket::Ticket;
use crate::carriers::twilio::twiml::document;

const FIXTURE: &str = include_str!("../../../../tests/fixtures/twilio/documents.json");
const WORDS: &str = "Tom & \"Jerry\" <3";
const FILE: &str = "https://files.example/a.mp3?x=1&y=2";

struct Plain;

impl Addresses for Plain {
    fn address(&self, ticket: &Ticket, _: &ClientState) -> String {
        format!("https://voice.example/{ticket}")
    }
}

/// Names, attributes in order, text and children of an element.
fn shape(node: roxmltree::Node<'_, '_>) -> Value {
    let attributes: BTreeMap<&str, &str> = node.attributes().map(|a| (a.name(), a.value())).collect();
    let text: String = node
        .children()
        .filter(roxmltree::Node::is_text)
        .filter_map(|inner| inner.text())
        .collect();
    let children: Vec<Value> = node
        .children()
        .filter(roxmltree::Node::is_element)
        .map(shape)
        .collect();
    json!([node.tag_name().name(), attributes, text, children])
}

#[track_caller]
fn same(name: &str, ours: &str) {
    let kept: BTreeMap<String, String> = serde_json::from_str(FIXTURE).unwrap();
    let [ours, theirs] = [ours, &kept[name]].map(|xml| {
        let read = roxmltree::Document::parse(xml).unwrap();
        shape(read.root_element())
    });
    assert_eq!(ours, theirs, "{name}");
}

fn with_page(check: impl Fn(&Page<'_>)) {
    let state = ClientState {
        owner: Address::Call("CAone".into()),
        step: "menu".into(),
        generation: 3,
    };
    check(&Page {
        addresses: &Plain,
        state: &state,
        number: 7,
    });
}

fn actions() -> Vec<(&'static str, LegAction)> {
    let speak = Speak {
        language: Some("en-US".into()),
        ..Speak::new(WORDS, "female")
    };
    let play = |times| {
        LegAction::PlaybackStart(PlaybackStart {
            audio_url: Some(FILE.into()),
            r#loop: Some(times),
            ..PlaybackStart::default()
        })
    };
    let keypad = Gather {
        maximum_digits: Some(4),
        initial_timeout_millis: Some(8_000),
        inter_digit_timeout_millis: Some(5_000),
        terminating_digit: Some("#".into()),
        ..Gather::default()
    };
    let spoken = GatherUsingSpeak {
        language: Some("en-US".into()),
        maximum_digits: Some(1),
        timeout_millis: Some(7_500),
        ..GatherUsingSpeak::new(WORDS, "AWS.Polly.Joanna")
    };
    let played = GatherUsingAudio {
        audio_url: Some(FILE.into()),
        maximum_digits: Some(1),
        timeout_millis: Some(8_000),
        ..GatherUsingAudio::default()
    };
    let record = RecordStart {
        play_beep: Some(true),
        max_length: Some(120),
        timeout_secs: Some(5),
        end_keys: Some("#".into()),
        ..RecordStart::new(RecordingFormat::Mp3, RecordingChannels::Single)
    };
    let number = Transfer {
        from: Some("+15550200000".into()),
        timeout_secs: Some(30),
        time_limit_secs: Some(3_600),
        park_after_unbridge: Some("self".into()),
        ..Transfer::new("+15550100001")
    };
    let sip = Transfer {
        sip_auth_username: Some("user".into()),
        sip_auth_password: Some(serde_json::from_value(json!("secret")).unwrap()),
        ..Transfer::new("sip:sales@example.com")
    };
    vec![
        ("say", LegAction::Speak(speak)),
        ("play", play(Loop::Times(3))),
        ("music", play(Loop::Infinity)),
        (
            "park",
            LegAction::GatherStop(cordboard_core::command::leg::GatherStop::default()),
        ),
        ("keys", LegAction::SendDtmf(SendDtmf::new(Digits::new("1w2#")))),
        ("keypad", LegAction::Gather(keypad)),
        ("spoken_gather", LegAction::GatherUsingSpeak(spoken)),
        ("played_gather", LegAction::GatherUsingAudio(played)),
        ("record", LegAction::RecordStart(Box::new(record))),
        ("transfer_to_a_number", LegAction::Transfer(Box::new(number))),
        ("transfer_to_sip", LegAction::Transfer(Box::new(sip))),
        ("enqueue", LegAction::Enqueue(Enqueue::new("support"))),
        ("hangup", LegAction::Hangup(Hangup::default())),
        ("reject", LegAction::Reject(Reject::new(RejectCause::UserBusy))),
    ]
}

#[test]
fn what_legs_are_told_is_what_the_official_sdk_builds() {
    let leg: CallControlId = "CAone".into();
    with_page(|page| {
        for (name, action) in actions() {
            let verbs = page.leg(&leg, &action).unwrap().unwrap();
            same(name, &document(&verbs));
        }
    });
}

#[test]
fn conferences_are_what_the_official_sdk_builds() {
    with_page(|page| {
        let entry = Entry {
            name: "room_1",
            beep: Beep::OnEnter,
            muted: false,
            waits: false,
            wait_url: None,
            ends_on_exit: false,
            most: Some(50),
            limit_secs: 7_200,
        };
        same("room", &room(page, &entry).text);
        let both = halves(page, &"CAone".into(), &"CAtwo".into(), "bridge");
        same("near_half", &both.near.text);
        same("far_half", &both.far.text);
        let speak = ConferenceSpeak {
            language: Some("de-DE".into()),
            ..ConferenceSpeak::new(WORDS, "male")
        };
        let said = page
            .announcement(&ConferenceAction::Speak(Box::new(speak)))
            .unwrap();
        same("announcement", &said);
    });
}

#[test]
fn what_this_carrier_cannot_do_is_refused_by_name() {
    let leg: CallControlId = "CAone".into();
    with_page(|page| {
        let whole = LegAction::SuppressionStop(SuppressionStop::default());
        assert_eq!(
            page.leg(&leg, &whole),
            Err(Unspeakable::Command("suppression_stop"))
        );
        let stored = LegAction::PlaybackStart(PlaybackStart {
            media_name: Some("greeting".into()),
            ..PlaybackStart::default()
        });
        let why = page.leg(&leg, &stored).unwrap_err().to_string();
        assert_eq!(why, "playback_start cannot have media_name at this carrier");
    });
}
