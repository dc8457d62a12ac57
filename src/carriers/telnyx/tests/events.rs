//! One fixture per event type, and what it must become.

use std::path::PathBuf;

use cordboard_actors::ports::Opened;
use cordboard_core::event::{ConferenceEndReason, Direction, GatherStatus, MediaStatus, RecordingSaved};
use cordboard_core::{Address, ClientState, Digits, Event, EventBody, HangupCause, HangupSource, Timestamp};
use serde_json::{Value, json};

use super::signing::{client_state_key, open, open_for};

const LEG: &str = "v3:MdI91X4lWFEs7IgbBEOT9M4AigoY08M0WWZFISt1Yw2axZ_IiE4pqg";
const SESSION: &str = "428c31b6-abf3-3bc1-b7f4-5013ef9657c1";
const CREATOR_SESSION: &str = "aaaa31b6-abf3-3bc1-b7f4-5013ef9657c1";
const CONFERENCE: &str = "b5c3a1de-7d55-4d0c-9e4f-08f8e6b3a1c2";
const CONNECTION: &str = "1494404757140276705";
const RECORDING: &str = "b1a2c3d4-0000-4000-8000-0123456789ab";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/telnyx")
}

pub(super) fn fixture(name: &str) -> Vec<u8> {
    let path = folder().join(format!("{name}.json"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(super) fn event(opened: Opened) -> Event {
    match opened {
        Opened::Event(event) => *event,
        other => panic!("not an event: {other:?}"),
    }
}

/// The fixture with one member of its payload replaced.
pub(super) fn with_payload(name: &str, field: &str, value: Value) -> Vec<u8> {
    let mut json: Value = serde_json::from_slice(&fixture(name)).unwrap();
    json["data"]["payload"][field] = value;
    serde_json::to_vec(&json).unwrap()
}

fn call_bodies() -> Vec<(&'static str, EventBody)> {
    [
        life_of_a_call(),
        sounds_and_keys(),
        recordings_and_verdicts(),
        media_and_queues(),
    ]
    .concat()
}

fn life_of_a_call() -> Vec<(&'static str, EventBody)> {
    use EventBody as B;
    let (from, to) = (Some("+15550100002".into()), Some("+15550100001".into()));
    let initiated = |direction| B::CallInitiated {
        direction,
        from: "+15550100002".into(),
        to: "+15550100001".into(),
    };
    let hangup = |cause, source, sip_code: Option<&str>| B::CallHangup {
        cause,
        source,
        sip_code: sip_code.map(Into::into),
    };
    let normal = hangup(HangupCause::NormalClearing, HangupSource::Caller, Some("200"));
    let new_cause = HangupCause::Other("a_new_cause".into());
    vec![
        ("call.initiated", initiated(Direction::Incoming)),
        ("call.initiated.outgoing", initiated(Direction::Outgoing)),
        ("call.answered", B::CallAnswered { from, to }),
        ("call.bridged", B::CallBridged),
        ("call.hangup", normal),
        (
            "call.hangup.unspecified",
            hangup(new_cause, HangupSource::Unknown, None),
        ),
        ("call.hold", B::CallHeld),
        ("call.unhold", B::CallUnheld),
        ("call.cost", B::CallCost),
    ]
}

fn sounds_and_keys() -> Vec<(&'static str, EventBody)> {
    use EventBody as B;
    let gathered = |digits: &str, status| B::GatherEnded {
        digits: Digits::new(digits),
        status,
    };
    let digit = Digits::new("5");
    let failed = MediaStatus::Failed;
    let status = MediaStatus::Completed;
    vec![
        ("call.dtmf.received", B::DtmfReceived { digit }),
        ("call.gather.ended", gathered("1234", GatherStatus::Valid)),
        ("call.gather.ended.timeout", gathered("", GatherStatus::Timeout)),
        ("call.speak.started", B::SpeakStarted),
        ("call.speak.ended", B::SpeakEnded { status }),
        ("call.playback.started", B::PlaybackStarted),
        ("call.playback.ended", B::PlaybackEnded { status: failed }),
    ]
}

fn recordings_and_verdicts() -> Vec<(&'static str, EventBody)> {
    use EventBody as B;
    let machine = |result: &str, premium| B::MachineDetectionEnded {
        result: result.into(),
        premium,
    };
    let greeting = |result: &str, premium| B::MachineGreetingEnded {
        result: result.into(),
        premium,
    };
    let saved = B::RecordingSaved(RecordingSaved {
        recording: Some(RECORDING.into()),
        urls: vec!["https://example.com/r.mp3".into()],
    });
    let failed = B::RecordingFailed {
        reason: "Failed to authorize with storage using custom credentials".into(),
    };
    let transcribed = B::RecordingTranscriptionSaved {
        recording: Some(RECORDING.into()),
    };
    vec![
        ("call.recording.saved", saved),
        ("call.recording.error", failed),
        ("call.recording.transcription.saved", transcribed),
        ("call.machine.detection.ended", machine("human", false)),
        ("call.machine.greeting.ended", greeting("beep_detected", false)),
        (
            "call.machine.premium.detection.ended",
            machine("human_business", true),
        ),
        (
            "call.machine.premium.greeting.ended",
            greeting("no_beep_detected", true),
        ),
    ]
}

fn media_and_queues() -> Vec<(&'static str, EventBody)> {
    use EventBody as B;
    let dequeued = B::Dequeued {
        queue: "support".into(),
        reason: "bridged".into(),
    };
    let queue = "support".into();
    let transcription = B::Transcription {
        is_final: true,
        transcript: Digits::new("hello there"),
    };
    let reason = "connection_failed".into();
    let event_type = "call.ai_gather.ended".into();
    let sip_code = Some(486);
    vec![
        ("call.fork.started", B::ForkStarted),
        ("call.fork.stopped", B::ForkStopped),
        ("call.enqueued", B::Enqueued { queue }),
        ("call.dequeued", dequeued),
        ("call.refer.started", B::ReferStarted),
        ("call.refer.completed", B::ReferCompleted),
        ("call.refer.failed", B::ReferFailed { sip_code }),
        ("call.transcription", transcription),
        ("streaming.started", B::StreamingStarted),
        ("streaming.stopped", B::StreamingStopped),
        ("streaming.failed", B::StreamingFailed { reason }),
        ("siprec.started", B::SiprecStarted),
        ("siprec.stopped", B::SiprecStopped),
        ("siprec.failed", B::SiprecFailed),
        ("call.ai_gather.ended", B::Unknown { event_type }),
    ]
}

fn conference_bodies() -> Vec<(&'static str, EventBody)> {
    use EventBody as B;
    let recording = RecordingSaved {
        recording: Some("d1a2c3d4-0000-4000-8000-0123456789ab".into()),
        urls: vec!["https://example.com/r.mp3".into()],
    };
    vec![
        ("conference.created", B::ConferenceCreated),
        (
            "conference.ended",
            B::ConferenceEnded {
                reason: ConferenceEndReason::AllLeft,
            },
        ),
        ("conference.participant.joined", B::ParticipantJoined),
        ("conference.participant.left", B::ParticipantLeft),
        ("conference.participant.playback.started", B::ParticipantMedia),
        ("conference.participant.playback.ended", B::ParticipantMedia),
        ("conference.participant.speak.started", B::ParticipantMedia),
        ("conference.participant.speak.ended", B::ParticipantMedia),
        ("conference.playback.started", B::ConferenceMedia),
        ("conference.playback.ended", B::ConferenceMedia),
        ("conference.speak.started", B::ConferenceMedia),
        ("conference.speak.ended", B::ConferenceMedia),
        (
            "conference.recording.saved",
            B::ConferenceRecordingSaved(recording),
        ),
        ("conference.floor.changed", B::FloorChanged),
    ]
}

#[test]
fn every_call_event_type_becomes_its_fact() {
    for (name, body) in call_bodies() {
        let event = event(open(fixture(name)));
        assert_eq!(event.body, body, "{name}");
        assert_eq!(event.conference, None, "{name}");
        assert!(event.occurred_at.is_some(), "{name}");
        assert_eq!(event.client_state, None, "{name}");
        assert!(!event.body.is_conference(), "{name}");
        if name != "streaming.started" {
            assert_eq!(event.session, Some(SESSION.into()), "{name}");
            assert_eq!(event.connection, Some(CONNECTION.into()), "{name}");
        }
        let leg = (name != "call.recording.saved").then(|| LEG.into());
        assert_eq!(event.leg, leg, "{name}");
    }
}

#[test]
fn every_conference_event_type_becomes_its_fact() {
    for (name, body) in conference_bodies() {
        let event = event(open(fixture(name)));
        assert_eq!(event.body, body, "{name}");
        assert_eq!(event.conference, Some(CONFERENCE.into()), "{name}");
        assert!(event.body.is_conference(), "{name}");
        let whole = matches!(event.body, EventBody::ConferenceMedia);
        let session = if whole { CREATOR_SESSION } else { SESSION };
        assert_eq!(event.session, Some(session.into()), "{name}");
        assert_eq!(event.leg, (!whole).then(|| LEG.into()), "{name}");
        assert_eq!(
            event.occurred_at.is_some(),
            name != "conference.recording.saved",
            "{name}"
        );
    }
}

#[test]
fn message_events_name_parties_words_and_standing() {
    use cordboard_core::TextStatus;
    // A message belongs to no Call Control application, so the list of ours does not apply.
    let event_of = |name| event(open_for(&["1"], fixture(name)));
    let EventBody::MessageReceived(received) = event_of("message.received").body else {
        panic!("a received text");
    };
    assert!(received.from.is_e164() && received.to.is_e164());
    assert!(!received.text.expose().is_empty());
    for (name, expected) in [
        ("message.sent", TextStatus::Sent),
        ("message.finalized", TextStatus::Delivered),
    ] {
        let event = event_of(name);
        assert_eq!((&event.session, &event.leg), (&None, &None), "{name}");
        let EventBody::MessageStatus(report) = event.body else {
            panic!("{name} is a report");
        };
        assert_eq!((report.status, report.key), (expected, None), "{name}");
        assert!(report.from.is_e164() && report.to.is_e164(), "{name}");
    }
}

#[test]
fn every_fixture_is_used_and_has_an_id_of_its_own() {
    let mut expected: Vec<String> = call_bodies()
        .iter()
        .chain(&conference_bodies())
        .map(|(name, _)| (*name).to_owned())
        .collect();
    for name in [
        "message.received",
        "message.sent",
        "message.finalized",
        "form.api_v1",
        "form.portal_log",
    ] {
        expected.push(name.to_owned());
    }
    expected.sort();
    let mut found: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|file| file != "commands.json")
        .map(|file| file.trim_end_matches(".json").to_owned())
        .collect();
    found.sort();
    assert_eq!(found, expected);
    let mut ids: Vec<_> = expected
        .iter()
        .filter(|name| !name.starts_with("form."))
        .map(|name| event(open(fixture(name))).id)
        .collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[test]
fn other_forms_of_delivery_are_recognised_and_ignored() {
    assert_eq!(open(fixture("form.api_v1")), Opened::Ignored("api_v1"));
    assert_eq!(open(fixture("form.portal_log")), Opened::Ignored("portal_log"));
}

#[test]
fn events_of_other_applications_are_ignored() {
    for name in ["call.initiated", "call.hangup", "conference.created"] {
        assert_eq!(
            open_for(&["1"], fixture(name)),
            Opened::Ignored("foreign_connection"),
            "22: {name}"
        );
        assert!(
            matches!(open_for(&["1", CONNECTION], fixture(name)), Opened::Event(_)),
            "22: {name}"
        );
    }
    let nameless = with_payload("call.initiated", "connection_id", Value::Null);
    assert_eq!(
        open_for(&["1"], nameless),
        Opened::Ignored("foreign_connection"),
        "22: a new call names its application"
    );
    assert!(
        matches!(open_for(&["1"], fixture("streaming.started")), Opened::Event(_)),
        "a known call need not"
    );
}

#[test]
fn our_own_client_state_comes_back() {
    let state = ClientState {
        owner: Address::Call(SESSION.into()),
        step: "menu".into(),
        generation: 3,
    };
    let text = client_state_key().seal(&state);
    let event = event(open(with_payload(
        "call.gather.ended",
        "client_state",
        json!(text),
    )));
    assert_eq!(event.client_state, Some(state));
}

#[test]
fn the_carriers_clock_is_read_where_it_can_be() {
    let first = event(open(fixture("call.initiated")));
    assert_eq!(
        first.occurred_at,
        Some(Timestamp::from_micros(1_772_366_401_123_456))
    );
    let inner = event(open(fixture("conference.created")));
    assert_eq!(
        inner.occurred_at,
        Some(Timestamp::from_micros(1_772_366_459_500_000))
    );
}

#[test]
fn meta_may_be_missing_and_may_change_on_redelivery() {
    let mut json: Value = serde_json::from_slice(&fixture("call.answered")).unwrap();
    let first = open(serde_json::to_vec(&json).unwrap());
    json["meta"]["attempt"] = json!(2);
    assert_eq!(open(serde_json::to_vec(&json).unwrap()), first);
    json.as_object_mut().unwrap().remove("meta");
    assert_eq!(open(serde_json::to_vec(&json).unwrap()), first);
}
