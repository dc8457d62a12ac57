//! Which events follow what, told as short calls.

use super::*;
use crate::target::{FarEndAnswer, Who};

fn gather(max: u32) -> Value {
    json!({ "payload": "press", "voice": "female", "maximum_digits": max, "valid_digits": "123", "maximum_tries": 2,
        "invalid_payload": "again", "timeout_millis": 8000, "inter_digit_timeout_millis": 1000 })
}

#[test]
fn an_incoming_call_is_initiated_answered_and_hung_up() {
    let mut bench = Bench::new();
    let leg = bench.ring();
    let initiated = bench.last("call.initiated").clone();
    assert_eq!(
        (&initiated["direction"], &initiated["state"]),
        (&json!("incoming"), &json!("parked"))
    );
    assert_eq!(initiated["client_state"], Value::Null);
    assert!(leg.starts_with("v3:") && leg.len() > 50);
    bench.ok(&leg, "answer", json!({ "client_state": "aGk=" }));
    assert_eq!(bench.last("call.answered")["client_state"], "aGk=");
    bench.hang_up(&leg);
    let hangup = bench.last("call.hangup");
    assert_eq!(
        (&hangup["hangup_cause"], &hangup["hangup_source"]),
        (&json!("normal_clearing"), &json!("caller"))
    );
    assert_eq!(
        hangup["client_state"], "aGk=",
        "the state is echoed until it is replaced"
    );
    assert_eq!(bench.names(), ["call.initiated", "call.answered", "call.hangup"]);
    assert_eq!(bench.carrier.live_leg_count(), 0);
}

#[test]
fn a_caller_who_gives_up_while_ringing_cancels() {
    let mut bench = Bench::new();
    let leg = bench.ring();
    bench.hang_up(&leg);
    assert_eq!(bench.last("call.hangup")["hangup_cause"], "originator_cancel");
}

#[test]
fn consecutive_speaks_wait_for_each_other_and_a_hangup_ends_the_current_one() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    bench.names();
    let speak = |text: &str| json!({ "payload": text, "voice": "female" });
    bench.ok(&leg, "speak", speak("one"));
    bench.ok(&leg, "speak", speak("two"));
    assert_eq!(bench.names(), ["call.speak.started"]);
    bench.pass(Duration::from_millis(15));
    assert_eq!(bench.names(), ["call.speak.ended", "call.speak.started"]);
    bench.hang_up(&leg);
    assert_eq!(bench.last("call.speak.ended")["status"], "call_hangup");
    assert_eq!(bench.names(), ["call.speak.ended", "call.hangup"]);
}

#[test]
fn an_endless_playback_ends_when_it_is_stopped() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    bench.ok(
        &leg,
        "playback_start",
        json!({ "audio_url": "http://a/b.mp3", "loop": "infinity" }),
    );
    bench.pass(Duration::from_secs(3600));
    bench.ok(&leg, "playback_stop", json!({}));
    let ended = bench.last("call.playback.ended");
    assert_eq!(
        (&ended["status"], &ended["media_url"]),
        (&json!("cancelled"), &json!("http://a/b.mp3"))
    );
}

#[test]
fn a_gather_ends_valid_when_enough_keys_came() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    bench.ok(&leg, "gather_using_speak", gather(2));
    bench.names();
    bench.press(&leg, "12");
    let ended = bench.last("call.gather.ended");
    assert_eq!(
        (&ended["digits"], &ended["status"]),
        (&json!("12"), &json!("valid"))
    );
    assert_eq!(
        bench.names(),
        ["call.dtmf.received", "call.dtmf.received", "call.gather.ended"]
    );
}

#[test]
fn the_terminator_ends_a_gather_and_is_not_among_the_digits() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    bench.ok(&leg, "gather_using_speak", gather(9));
    bench.press(&leg, "31#");
    assert_eq!(bench.last("call.gather.ended")["digits"], "31");
}

#[test]
fn a_wrong_key_costs_a_try_and_the_last_try_ends_invalid() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    bench.ok(&leg, "gather_using_speak", gather(1));
    bench.press(&leg, "9");
    assert!(!bench.names().contains(&"call.gather.ended".to_owned()));
    bench.press(&leg, "9");
    assert_eq!(bench.last("call.gather.ended")["status"], "invalid");
    let listening = bench
        .notices
        .iter()
        .filter(|notice| matches!(notice, Notice::Listening(_)))
        .count();
    assert_eq!(listening, 2);
}

#[test]
fn silence_ends_a_gather_after_all_its_tries() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    bench.ok(&leg, "gather_using_speak", gather(1));
    bench.pass(Duration::from_secs(9));
    assert!(!bench.names().contains(&"call.gather.ended".to_owned()));
    bench.pass(Duration::from_secs(9));
    assert_eq!(bench.last("call.gather.ended")["status"], "timeout");
}

#[test]
fn a_pause_between_keys_ends_a_gather_with_what_was_pressed() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    bench.ok(&leg, "gather_using_speak", gather(4));
    bench.press(&leg, "1");
    bench.pass(Duration::from_millis(1_001));
    let ended = bench.last("call.gather.ended");
    assert_eq!(
        (&ended["digits"], &ended["status"]),
        (&json!("1"), &json!("valid"))
    );
}

#[test]
fn a_plain_gather_waits_five_seconds_for_the_first_key() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    bench.ok(&leg, "gather", json!({ "gather_id": "g1" }));
    bench.pass(Duration::from_millis(4_999));
    assert!(bench.carrier.leg(LegNo(0)).gather.is_some());
    bench.pass(Duration::from_millis(1));
    let ended = bench.last("call.gather.ended");
    assert_eq!(
        (&ended["status"], &ended["gather_id"]),
        (&json!("timeout"), &json!("g1"))
    );
}

#[test]
fn a_hangup_ends_a_running_gather() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    bench.ok(&leg, "gather_using_audio", json!({ "audio_url": "http://a/b" }));
    bench.names();
    bench.hang_up(&leg);
    assert_eq!(bench.last("call.gather.ended")["status"], "call_hangup");
    assert_eq!(
        bench.names(),
        ["call.playback.ended", "call.gather.ended", "call.hangup"]
    );
}

#[test]
fn a_conference_ends_when_the_last_one_leaves() {
    let mut bench = Bench::new();
    let (one, other) = (bench.answered(), bench.answered());
    bench.ok(&one, "client_state_update", json!({ "client_state": "b3duZXI=" }));
    bench.names();
    let id = bench.create(&one, "demo");
    bench.join(&id, &other);
    assert_eq!(
        bench.last("conference.participant.joined")["client_state"],
        "b3duZXI=",
        "the creator's"
    );
    assert_eq!(bench.heard(), 2);
    bench.hang_up(&one);
    bench
        .conference(&id, "leave", json!({ "call_control_id": other }))
        .unwrap();
    assert_eq!(bench.last("conference.ended")["reason"], "all_left");
    assert!(bench.last("conference.ended")["occurred_at"].is_string());
    assert_eq!(
        bench.names(),
        [
            "conference.created",
            "conference.participant.joined",
            "conference.participant.joined",
            "conference.participant.left",
            "call.hangup",
            "conference.participant.left",
            "conference.ended"
        ]
    );
    assert_eq!(
        (
            bench.carrier.live_conference_count(),
            bench.carrier.live_leg_count()
        ),
        (0, 1)
    );
    bench.create(&other, "demo");
}

#[test]
fn the_hosts_leaving_hangs_the_others_up_and_a_soft_end_does_not() {
    for (field, left) in [("end_conference_on_exit", 0), ("soft_end_conference_on_exit", 1)] {
        let mut bench = Bench::new();
        let (guest, host) = (bench.answered(), bench.answered());
        let id = bench.create(&guest, "demo");
        bench
            .conference(&id, "join", json!({ "call_control_id": host, field: true }))
            .unwrap();
        bench.hang_up(&host);
        assert_eq!(bench.last("conference.ended")["reason"], "host_left");
        assert_eq!(bench.carrier.live_leg_count(), left, "{field}");
    }
}

#[test]
fn a_conference_runs_out_of_time() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    let body = json!({ "call_control_id": leg, "name": "demo", "duration_minutes": 1 });
    bench.request(Route::ConferenceCreate, body).unwrap();
    bench.pass(Duration::from_secs(60));
    assert_eq!(bench.last("conference.ended")["reason"], "time_exceeded");
    assert_eq!(bench.carrier.live_leg_count(), 0);
}

#[test]
fn a_caller_on_hold_is_heard_only_after_unhold() {
    let mut bench = Bench::new();
    let (one, other) = (bench.answered(), bench.answered());
    let id = bench.create(&one, "demo");
    bench
        .conference(&id, "join", json!({ "call_control_id": other, "hold": true }))
        .unwrap();
    assert_eq!(bench.heard(), 1);
    bench
        .conference(&id, "unhold", json!({ "call_control_ids": [other] }))
        .unwrap();
    assert_eq!(bench.heard(), 2);
}

#[test]
fn two_conferences_for_one_room_are_noticed() {
    let mut bench = Bench::new();
    let (one, other) = (bench.answered(), bench.answered());
    bench.create(&one, "demo");
    bench.create(&other, "demo-2");
    assert!(
        bench
            .notices
            .iter()
            .any(|notice| matches!(notice, Notice::RoomSplit { room } if room == ROOM))
    );
}

#[test]
fn a_transfer_rings_a_leg_of_the_same_session_and_bridges_on_answer() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    let session = bench.carrier.leg(LegNo(0)).session;
    bench.names();
    bench.ok(&leg, "transfer", json!({ "to": "sip:sales@example.com" }));
    assert_eq!(bench.last("call.initiated")["call_session_id"], json!(session));
    bench.pass(Duration::from_secs(1));
    assert_eq!(
        bench.names(),
        ["call.initiated", "call.answered", "call.bridged", "call.bridged"]
    );
    bench.hang_up(&leg);
    assert_eq!(
        bench.names(),
        ["call.hangup", "call.hangup"],
        "the other half of a bridge goes too"
    );
}

#[test]
fn a_busy_far_end_leaves_the_transferred_caller_alone() {
    let mut bench = Bench::with(FarEnd {
        answer: FarEndAnswer::Busy,
        ..FarEnd::default()
    });
    let leg = bench.answered();
    bench.ok(&leg, "transfer", json!({ "to": "+15550300000" }));
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.last("call.hangup")["hangup_cause"], "user_busy");
    assert!(bench.carrier.leg(LegNo(0)).is_answered());
}

#[test]
fn a_dial_that_nobody_takes_times_out() {
    let mut bench = Bench::with(FarEnd {
        answer: FarEndAnswer::NoAnswer,
        ..FarEnd::default()
    });
    let dial =
        json!({ "connection_id": "1", "to": "+15550300000", "from": "+15550100000", "timeout_secs": 5 });
    bench.request(Route::Dial, dial).unwrap();
    bench.pass(Duration::from_secs(5));
    assert_eq!(bench.last("call.hangup")["hangup_cause"], "timeout");
}

#[test]
fn a_dial_reaches_its_time_limit_and_tells_of_a_machine() {
    let mut bench = Bench::with(FarEnd {
        who: Who::Machine {
            greeting: Duration::from_secs(1),
            beep: true,
        },
        ..FarEnd::default()
    });
    let dial = json!({ "connection_id": "1", "to": "+15550300000", "from": "+15550100000",
        "time_limit_secs": 30, "answering_machine_detection": "premium" });
    bench.request(Route::Dial, dial).unwrap();
    bench.pass(Duration::from_secs(2));
    assert_eq!(
        bench.last("call.machine.premium.detection.ended")["result"],
        "machine"
    );
    bench.pass(Duration::from_secs(30));
    assert_eq!(bench.last("call.hangup")["hangup_cause"], "time_limit");
}

#[test]
fn a_dial_into_a_conference_joins_on_answer() {
    let mut bench = Bench::new();
    let host = bench.answered();
    let id = bench.create(&host, "demo");
    let dial = json!({ "connection_id": "1", "to": "+15550300000", "from": "+15550100000",
        "conference_config": { "id": id, "mute": true } });
    bench.request(Route::Dial, dial).unwrap();
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.names().last().unwrap(), "conference.participant.joined");
}

#[test]
fn a_recording_is_saved_even_after_the_hangup() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    bench.ok(
        &leg,
        "record_start",
        json!({ "format": "wav", "channels": "dual" }),
    );
    bench.hang_up(&leg);
    bench.pass(Duration::from_secs(1));
    let saved = bench.last("call.recording.saved");
    assert_eq!(saved["channels"], "dual");
    assert!(saved.get("call_control_id").is_none(), "the schema has none");
    assert!(saved["recording_urls"]["wav"].is_string());
}

#[test]
fn a_message_is_sent_and_then_delivered() {
    let mut bench = Bench::new();
    let body = json!({ "from": "+15550100000", "to": "+15550200000", "text": "hello" });
    let answer = bench.request(Route::MessageSend, body.clone()).unwrap();
    assert_eq!(answer.body["data"]["to"][0]["status"], "queued");
    let id = answer.body["data"]["id"].as_str().unwrap().to_owned();
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.last("message.finalized")["to"][0]["status"], "delivered");
    assert_eq!(bench.names(), ["message.sent", "message.finalized"]);
    let found = bench.request(Route::MessageGet(id), json!({})).unwrap();
    assert_eq!(found.body["data"]["text"], "hello");
    bench.request(Route::MessageSend, body).unwrap();
    assert!(bench.notices.contains(&Notice::MessageSent { repeated: true }));
}
