//! What dialled numbers, recordings and phones do, by the book of targets.

use super::*;
use crate::target::{FarEndAnswer, Receipt, Who};

const AGENT: &str = "sip:sales@example.com";

fn seconds(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn every_way_not_to_answer_has_its_own_cause_and_leaves_the_caller() {
    for (answer, cause, sip) in [
        (FarEndAnswer::Busy, "user_busy", "486"),
        (FarEndAnswer::Rejects, "call_rejected", "603"),
        (FarEndAnswer::NoAnswer, "timeout", "487"),
        (FarEndAnswer::Unavailable, "no_answer", "480"),
        (FarEndAnswer::Unallocated, "not_found", "404"),
        (FarEndAnswer::Failed, "unspecified", "503"),
    ] {
        let mut bench = Bench::knowing("sip:sales@*", FarEnd::that(answer));
        let leg = bench.answered();
        bench.ok(&leg, "transfer", json!({ "to": AGENT, "timeout_secs": 5 }));
        bench.names();
        bench.pass(seconds(6));
        let hangup = bench.last("call.hangup");
        assert_eq!(
            (&hangup["hangup_cause"], &hangup["sip_hangup_cause"]),
            (&json!(cause), &json!(sip))
        );
        assert_eq!(hangup["to"], AGENT);
        assert_eq!(bench.names(), ["call.hangup"], "{answer:?}");
        assert!(bench.carrier.leg(LegNo(0)).is_answered());
    }
}

#[test]
fn a_ringing_leg_that_the_program_hangs_up_was_cancelled() {
    let mut bench = Bench::new();
    let leg = bench.dial("+15550300000", json!({}));
    bench.ok(&leg, "hangup", json!({}));
    assert_eq!(bench.last("call.hangup")["hangup_cause"], "originator_cancel");
}

#[test]
fn the_agents_hangup_takes_the_caller_along_unless_the_transfer_parks() {
    for (park, left) in [(Value::Null, 0), (json!("self"), 1)] {
        let far_end = FarEnd {
            talk_bridged: Some(seconds(2)),
            ..FarEnd::default()
        };
        let mut bench = Bench::knowing(AGENT, far_end);
        let leg = bench.answered();
        bench.ok(
            &leg,
            "transfer",
            json!({ "to": AGENT, "park_after_unbridge": park }),
        );
        bench.pass(seconds(1));
        assert_eq!(bench.carrier.live_leg_count(), 2);
        bench.pass(seconds(2));
        assert_eq!(bench.carrier.live_leg_count(), left, "{park}");
    }
}

#[test]
fn detection_tells_who_picked_up_and_when_a_machine_has_finished() {
    let machine = |beep| Who::Machine {
        greeting: seconds(4),
        beep,
    };
    for (who, mode, result, greeting) in [
        (Who::Human, "detect", "human", None),
        (Who::Human, "premium", "human_residence", None),
        (machine(true), "detect", "machine", None),
        (machine(true), "detect_beep", "machine", Some("beep_detected")),
        (machine(true), "greeting_end", "machine", Some("ended")),
        (machine(true), "premium", "machine", Some("beep_detected")),
        (machine(false), "premium", "machine", Some("no_beep_detected")),
        (Who::Fax, "premium", "fax_detected", None),
        (Who::Silence, "premium", "silence", None),
        (Who::Silence, "detect", "not_sure", None),
    ] {
        let far_end = FarEnd {
            who,
            ..FarEnd::default()
        };
        let mut bench = Bench::with(far_end);
        bench.dial("+15550300000", json!({ "answering_machine_detection": mode }));
        let infix = if mode == "premium" { "premium." } else { "" };
        bench.pass(seconds(3));
        let detected = bench.last(&format!("call.machine.{infix}detection.ended"));
        assert_eq!(detected["result"], result, "{who:?} {mode}");
        bench.names();
        bench.pass(seconds(2));
        let ended = bench
            .events
            .last()
            .map(|(name, event)| (name.clone(), event["result"].clone()));
        let wanted = greeting.map(|result| (format!("call.machine.{infix}greeting.ended"), json!(result)));
        assert_eq!(ended, wanted, "{who:?} {mode}");
    }
}

#[test]
fn an_agent_hears_a_whisper_accepts_with_a_key_and_is_bridged() {
    let far_end = FarEnd {
        presses: vec!["1".to_owned()],
        ..FarEnd::default()
    };
    let mut bench = Bench::knowing("+15550300000", far_end);
    let caller = bench.answered();
    let agent = bench.dial("+15550300000", json!({ "link_to": caller }));
    bench.pass(seconds(1));
    bench.names();
    let ask = json!({ "payload": "A call for sales. Press 1.", "voice": "female", "maximum_digits": 1 });
    bench.ok(&agent, "gather_using_speak", ask);
    bench.pass(seconds(1));
    assert_eq!(bench.last("call.gather.ended")["digits"], "1");
    bench.ok(&caller, "bridge", json!({ "call_control_id": agent }));
    assert_eq!(
        bench.names(),
        [
            "call.dtmf.received",
            "call.gather.ended",
            "call.bridged",
            "call.bridged"
        ]
    );
    let heard =
        |notice: &Notice| matches!(notice, Notice::Hears { words, .. } if words.contains("for sales"));
    assert!(bench.notices.iter().any(heard));
}

#[test]
fn an_agent_with_one_line_is_engaged_while_talking() {
    let far_end = FarEnd {
        one_line: true,
        ..FarEnd::default()
    };
    let mut bench = Bench::knowing(AGENT, far_end);
    let (one, other) = (bench.answered(), bench.answered());
    bench.ok(&one, "transfer", json!({ "to": AGENT }));
    bench.pass(seconds(1));
    bench.ok(&other, "transfer", json!({ "to": AGENT }));
    bench.pass(seconds(1));
    assert_eq!(bench.last("call.hangup")["hangup_cause"], "user_busy");
    bench.hang_up(&one);
    bench.ok(&other, "transfer", json!({ "to": AGENT, "command_id": "again" }));
    bench.pass(seconds(1));
    assert_eq!(bench.names().last().unwrap(), "call.bridged");
}

#[test]
fn the_first_of_a_simultaneous_dial_to_answer_cancels_the_others() {
    let mut bench = Bench::knowing("+15550300002", FarEnd::that(FarEndAnswer::NoAnswer));
    bench.dial("+15550300001", json!({ "to": ["+15550300001", "+15550300002"] }));
    bench.pass(seconds(1));
    assert_eq!(bench.last("call.hangup")["hangup_cause"], "originator_cancel");
    assert_eq!(
        bench.names(),
        ["call.initiated", "call.initiated", "call.hangup", "call.answered"]
    );
}

#[test]
fn a_recording_ends_when_it_is_full_or_nobody_speaks() {
    for (limits, speaks, ends) in [
        (json!({ "max_length": 3 }), 60, 3),
        (json!({ "timeout_secs": 2 }), 0, 2),
        (json!({ "timeout_secs": 2, "max_length": 0 }), 4, 6),
    ] {
        let mut bench = Bench::new();
        let leg = bench.answered();
        let mut body = json!({ "format": "mp3", "channels": "single", "play_beep": true });
        for (name, value) in limits.as_object().unwrap() {
            body[name] = value.clone();
        }
        bench.ok(&leg, "record_start", body);
        assert!(bench.notices.contains(&Notice::Recording(LegNo(0))));
        bench.carrier.speak_up(LegNo(0), seconds(speaks), bench.now);
        bench.names();
        bench.pass(seconds(ends) - Duration::from_millis(1));
        assert_eq!(bench.names(), Vec::<String>::new(), "{limits}");
        bench.pass(seconds(1));
        assert_eq!(bench.names(), ["call.recording.saved"], "{limits}");
        assert!(bench.notices.contains(&Notice::Recorded(LegNo(0))));
    }
}

#[test]
fn saved_recordings_are_listed_and_deleted() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    bench.ok(
        &leg,
        "record_start",
        json!({ "format": "wav", "channels": "dual" }),
    );
    bench.pass(seconds(5));
    bench.ok(&leg, "record_stop", json!({}));
    bench.pass(seconds(1));
    let list = bench.request(Route::RecordingList, json!({})).unwrap().body;
    assert_eq!(
        (
            &list["data"][0]["duration_millis"],
            &list["data"][0]["call_control_id"]
        ),
        (&json!(5_000), &json!(leg))
    );
    let id = list["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(id, bench.last("call.recording.saved")["recording_id"]);
    bench.request(Route::RecordingGet(id.clone()), json!({})).unwrap();
    bench
        .request(Route::RecordingDelete(id.clone()), json!({}))
        .unwrap();
    assert_eq!(refused(bench.request(Route::RecordingGet(id), json!({}))).0, 404);
}

#[test]
fn a_failed_try_is_prompted_with_the_other_file() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    let body = json!({ "audio_url": "http://a/menu.mp3", "invalid_audio_url": "http://a/sorry.mp3", "valid_digits": "1" });
    bench.ok(&leg, "gather_using_audio", body);
    bench.press(&leg, "9");
    assert_eq!(
        bench.last("call.playback.ended")["media_url"],
        "http://a/menu.mp3"
    );
    assert_eq!(
        bench.last("call.playback.started")["media_url"],
        "http://a/sorry.mp3"
    );
}

#[test]
fn texts_end_as_their_phone_lets_them() {
    for (receipt, status, code, events) in [
        (Receipt::Delivered, "delivered", Value::Null, 2),
        (Receipt::Undeliverable, "delivery_failed", json!("40008"), 2),
        (Receipt::Unconfirmed, "delivery_unconfirmed", Value::Null, 2),
        (Receipt::Landline, "sending_failed", json!("40001"), 1),
    ] {
        let mut bench = Bench::new();
        bench.carrier.set_phone("+15550200000", receipt);
        let body = json!({ "from": "+15550100000", "to": "+15550200000", "text": "hello" });
        bench.request(Route::MessageSend, body).unwrap();
        bench.pass(seconds(1));
        let ended = bench.last("message.finalized");
        assert_eq!(
            (&ended["to"][0]["status"], &ended["errors"][0]["code"]),
            (&json!(status), &code)
        );
        assert_eq!(bench.names().len(), events, "{receipt:?}");
    }
}

#[test]
fn a_phone_that_texted_stop_gets_nothing_until_it_texts_start() {
    let mut bench = Bench::new();
    let body = json!({ "from": ROOM, "to": "+15550200000", "text": "hello" });
    for (words, wanted) in [("hi", None), (" Stop ", Some((403, "40300"))), ("START", None)] {
        let emitted = bench.carrier.text_in("+15550200000", ROOM, words, bench.now);
        bench.take(emitted);
        let outcome = bench.request(Route::MessageSend, body.clone());
        assert_eq!(
            outcome.err().map(|error| (error.status, error.code)),
            wanted,
            "{words}"
        );
    }
}
