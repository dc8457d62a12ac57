//! What webhooks about calls and conferences say, field by field as the carrier documents them.

use cordboard_core::event::{ConferenceEndReason, Direction, GatherStatus};
use cordboard_core::{Address, ClientState, Event, EventBody, HangupCause};

use crate::carriers::twilio::Form;
use crate::carriers::twilio::ticket::{Kind, Ticket};
use crate::carriers::twilio::voice::{self, Said};

const CALL: &str = "CA00000000000000000000000000000001";
const FAR: &str = "CA00000000000000000000000000000002";

fn form(fields: &[(&str, &str)]) -> Form {
    let base = [
        ("CallSid", CALL),
        ("AccountSid", "AC1"),
        ("CallStatus", "in-progress"),
    ];
    let named = |name: &str| fields.iter().any(|(own, _)| *own == name);
    let kept = base.iter().filter(|(name, _)| !named(name));
    kept.chain(fields)
        .fold(Form::default(), |form, (name, value)| form.with(name, *value))
}

fn state() -> ClientState {
    ClientState {
        owner: Address::Call("session".into()),
        step: "menu".into(),
        generation: 4,
    }
}

fn ticket(kind: Kind, about: Option<&str>) -> Ticket {
    Ticket {
        kind,
        number: 9,
        about: about.map(str::to_owned),
    }
}

#[track_caller]
fn event(said: Result<Said, &'static str>) -> Event {
    match said {
        Ok(Said::Event(event)) => *event,
        other => panic!("no event: {other:?}"),
    }
}

fn ours(kind: Kind, about: Option<&str>, fields: &[(&str, &str)]) -> Event {
    event(voice::ours(&form(fields), &ticket(kind, about), state()))
}

#[test]
fn a_call_comes_in_once_however_often_it_is_told() {
    let fields = [
        ("CallStatus", "ringing"),
        ("Direction", "inbound"),
        ("From", "+15550100001"),
        ("To", "+15550200000"),
    ];
    let first = event(voice::front(&form(&fields)));
    assert!(matches!(
        &first.body,
        EventBody::CallInitiated { direction: Direction::Incoming, from, .. } if from.expose() == "+15550100001"
    ));
    assert_eq!(first.session, Some(CALL.into()));
    // The fallback address is asked for the same call.
    let fallback = form(&[&fields[..], &[("ErrorCode", "11200"), ("ErrorUrl", "https://x/")]].concat());
    assert_eq!(event(voice::front(&fallback)).id, first.id);
    assert!(voice::front_question(&fallback, &first).is_some());
}

#[test]
fn the_end_of_a_call_says_why() {
    for (status, sip, cause) in [
        ("completed", "", HangupCause::NormalClearing),
        ("busy", "", HangupCause::UserBusy),
        ("busy", "603", HangupCause::CallRejected),
        ("no-answer", "", HangupCause::NoAnswer),
        ("failed", "404", HangupCause::NotFound),
        ("failed", "", HangupCause::Unspecified),
        ("canceled", "", HangupCause::OriginatorCancel),
    ] {
        let fields = [
            ("CallStatus", status),
            ("SipResponseCode", sip),
            ("SequenceNumber", "3"),
        ];
        let over = event(voice::front(&form(&fields)));
        assert!(
            matches!(&over.body, EventBody::CallHangup { cause: own, .. } if *own == cause),
            "{status} {sip}"
        );
        let of_a_dialled_leg = ours(Kind::Leg, None, &fields);
        assert_eq!(
            over.id, of_a_dialled_leg.id,
            "told by whichever address, it ends once"
        );
    }
}

#[test]
fn keys_and_silence_are_told_apart() {
    for (digits, status) in [("12", GatherStatus::Valid), ("", GatherStatus::Timeout)] {
        let gathered = ours(Kind::Gathered, None, &[("Digits", digits)]);
        assert!(
            matches!(&gathered.body, EventBody::GatherEnded { status: own, digits: keys } if *own == status && keys.expose() == digits)
        );
        assert_eq!(
            (gathered.client_state, gathered.session),
            (Some(state()), Some("session".into()))
        );
    }
}

#[test]
fn a_dialled_leg_is_up_once_whoever_tells_it() {
    let asked = ours(Kind::Up, None, &[("Direction", "outbound-api")]);
    let told = ours(Kind::Leg, None, &[("SequenceNumber", "1")]);
    assert_eq!(asked.id, told.id);
    assert!(matches!(asked.body, EventBody::CallAnswered { .. }));
    let child = ours(
        Kind::Leg,
        Some(CALL),
        &[("CallSid", FAR), ("ParentCallSid", CALL)],
    );
    assert!(
        matches!(child.body, EventBody::CallBridged),
        "rung for a leg, joined at once"
    );
}

#[test]
fn a_recording_is_one_event_by_the_leg_and_by_the_callback() {
    let fields = [
        ("RecordingSid", "RE1"),
        ("RecordingUrl", "https://x/RE1"),
        ("Digits", "#"),
    ];
    let asked = ours(Kind::Recorded, None, &fields);
    let told = ours(
        Kind::Recording,
        None,
        &[&fields[..2], &[("RecordingStatus", "completed")]].concat(),
    );
    assert_eq!(asked.id, told.id);
    assert!(matches!(&asked.body, EventBody::RecordingSaved(saved) if saved.recording == Some("RE1".into())));
}

#[test]
fn a_leg_that_is_alone_again_says_so() {
    let transferred = ours(Kind::Transferred, None, &[("DialCallStatus", "no-answer")]);
    assert!(matches!(
        &transferred.body,
        EventBody::TransferEnded {
            cause: HangupCause::NoAnswer
        }
    ));
    let parted = ours(Kind::Parted, Some(FAR), &[("DialCallStatus", "answered")]);
    assert!(matches!(parted.body, EventBody::CallHangup { .. }));
    assert_eq!(parted.leg, Some(FAR.into()), "it is the other one that is over");
    let left = ours(Kind::Left, None, &[("DialCallStatus", "answered")]);
    assert_eq!((left.body, left.conference), (EventBody::ParticipantLeft, None));
}

#[test]
fn conferences_tell_of_themselves_and_of_who_is_in() {
    let about = |what: &str, more: &[(&str, &str)]| {
        let fields = [
            ("ConferenceSid", "CF1"),
            ("StatusCallbackEvent", what),
            ("SequenceNumber", "2"),
        ];
        ours(Kind::Room, None, &[&fields[..], more].concat())
    };
    let joined = about("participant-join", &[]);
    assert_eq!(
        (joined.leg, joined.conference),
        (Some(CALL.into()), Some("CF1".into()))
    );
    let ended = about(
        "conference-end",
        &[("ReasonConferenceEnded", "last-participant-left")],
    );
    let reason = ConferenceEndReason::AllLeft;
    assert_eq!(
        (ended.body, ended.leg),
        (EventBody::ConferenceEnded { reason }, None)
    );
    let first = [
        ("ConferenceSid", "CF1"),
        ("StatusCallbackEvent", "participant-join"),
        ("SequenceNumber", "1"),
    ];
    let joining =
        |fields: &[(&str, &str)]| voice::ours(&form(fields), &ticket(Kind::Joining, Some(CALL)), state());
    assert!(
        matches!(joining(&first), Ok(Said::Nothing(_))),
        "one alone is not joined"
    );
    let second = [first[0], first[1], ("SequenceNumber", "2")];
    let bridged = event(joining(&second));
    assert_eq!(
        (bridged.body, bridged.leg),
        (EventBody::CallBridged, Some(CALL.into()))
    );
}

#[test]
fn a_leg_that_is_over_asks_nothing() {
    let over = form(&[("CallStatus", "completed"), ("Digits", "hangup")]);
    let recorded = ticket(Kind::Recorded, None);
    assert_eq!(voice::question(&over, &recorded, &state()), None);
    assert!(voice::question(&form(&[]), &recorded, &state()).is_some());
    assert_eq!(
        voice::question(&form(&[]), &ticket(Kind::Leg, None), &state()),
        None
    );
}
