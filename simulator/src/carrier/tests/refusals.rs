//! What the carrier refuses, and what it silently ignores.

use super::*;

const VOICE: &str = "female";

#[test]
fn commands_that_need_an_answered_call_are_refused_before() {
    let table = [
        ("speak", json!({ "payload": "hello", "voice": VOICE })),
        ("gather", json!({})),
        (
            "gather_using_speak",
            json!({ "payload": "hello", "voice": VOICE }),
        ),
        ("gather_using_audio", json!({ "audio_url": "http://a/b" })),
        ("playback_start", json!({ "audio_url": "http://a/b" })),
        ("record_start", json!({ "format": "mp3", "channels": "single" })),
        ("bridge", json!({ "call_control_id": "x" })),
        ("transfer", json!({ "to": "+15550300000" })),
        ("enqueue", json!({ "queue_name": "q" })),
        ("send_dtmf", json!({ "digits": "1" })),
    ];
    for (verb, body) in table {
        let mut bench = Bench::new();
        let leg = bench.ring();
        assert_eq!(refused(bench.leg(&leg, verb, body)), (422, "90034"), "{verb}");
    }
    let mut bench = Bench::new();
    let (ringing, host) = (bench.ring(), bench.answered());
    let create = json!({ "call_control_id": ringing, "name": "x" });
    assert_eq!(
        refused(bench.request(Route::ConferenceCreate, create)),
        (422, "90034")
    );
    let id = bench.create(&host, "x");
    assert_eq!(
        refused(bench.conference(&id, "join", json!({ "call_control_id": ringing }))),
        (422, "90034")
    );
}

#[test]
fn an_ended_call_takes_no_commands() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    bench.hang_up(&leg);
    for verb in ["hangup", "answer", "gather_stop", "speak"] {
        assert_eq!(
            refused(bench.leg(&leg, verb, json!({}))),
            (422, "90018"),
            "{verb}"
        );
    }
}

#[test]
fn unknown_ids_are_told_apart() {
    let mut bench = Bench::new();
    assert_eq!(
        refused(bench.leg("v3:nobody", "answer", json!({}))),
        (422, "90015")
    );
    assert_eq!(
        refused(bench.request(Route::CallGet("v3:nobody".to_owned()), json!({}))),
        (422, "90015")
    );
    assert_eq!(
        refused(bench.conference("nowhere", "end", json!({}))),
        (404, "90058")
    );
    let leg = bench.ring();
    assert_eq!(refused(bench.leg(&leg, "dance", json!({}))), (404, "10005"));
}

#[test]
fn an_outgoing_call_cannot_be_answered_by_command() {
    let mut bench = Bench::new();
    let dial = json!({ "connection_id": "1", "to": "+15550300000", "from": "+15550100000" });
    let answer = bench.request(Route::Dial, dial).unwrap();
    let leg = answer.body["data"]["call_control_id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(refused(bench.leg(&leg, "answer", json!({}))), (422, "90102"));
}

#[test]
fn bad_bodies_are_refused_before_they_do_anything() {
    let mut bench = Bench::new();
    let leg = bench.ring();
    assert_eq!(
        refused(bench.leg(&leg, "answer", json!({ "client_state": "?" }))),
        (422, "90017")
    );
    assert_eq!(refused(bench.leg(&leg, "reject", json!({}))), (422, "10004"));
    assert_eq!(
        refused(bench.leg(&leg, "reject", json!({ "cause": "TIRED" }))),
        (422, "10032")
    );
    let dial = json!({ "connection_id": "2", "to": "+15550300000", "from": "+15550100000" });
    assert_eq!(refused(bench.request(Route::Dial, dial)), (422, "10015"));
    assert_eq!(bench.effects(), 0);
    assert_eq!(bench.names(), ["call.initiated"]);
}

#[test]
fn conferences_refuse_second_names_second_joins_and_too_many() {
    let mut bench = Bench::new();
    let legs: Vec<String> = (0..4).map(|_| bench.answered()).collect();
    let body = json!({ "call_control_id": legs[0], "name": "demo", "max_participants": 2 });
    let id = bench.request(Route::ConferenceCreate, body).unwrap().body["data"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let again = json!({ "call_control_id": legs[1], "name": "demo" });
    assert_eq!(
        refused(bench.request(Route::ConferenceCreate, again)),
        (422, "90033")
    );
    bench.join("demo", &legs[1]);
    assert_eq!(
        refused(bench.conference(&id, "join", json!({ "call_control_id": legs[1] }))),
        (422, "90044")
    );
    assert_eq!(
        refused(bench.conference(&id, "join", json!({ "call_control_id": legs[2] }))),
        (422, "90032")
    );
    bench.conference(&id, "end", json!({})).unwrap();
    assert_eq!(
        refused(bench.conference(&id, "join", json!({ "call_control_id": legs[2] }))),
        (422, "90019")
    );
    assert_eq!(refused(bench.conference(&id, "hold", json!({}))), (422, "90019"));
}

#[test]
fn bridging_to_a_call_that_is_not_up_is_too_early() {
    let mut bench = Bench::new();
    let (one, other) = (bench.answered(), bench.ring());
    assert_eq!(
        refused(bench.leg(&one, "bridge", json!({ "call_control_id": other }))),
        (422, "90034")
    );
    assert_eq!(
        refused(bench.leg(&one, "bridge", json!({ "call_control_id": "v3:x" }))),
        (422, "90015")
    );
    assert_eq!(refused(bench.leg(&one, "bridge", json!({}))), (422, "10004"));
}

#[test]
fn a_repeated_command_id_has_no_second_effect_for_sixty_seconds() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    let speak = json!({ "payload": "hello", "voice": VOICE, "command_id": "c1" });
    assert!(bench.ok(&leg, "speak", speak.clone()).effect);
    bench.pass(Duration::from_secs(59));
    assert!(!bench.ok(&leg, "speak", speak.clone()).effect);
    bench.pass(Duration::from_secs(1));
    assert!(bench.ok(&leg, "speak", speak).effect);
    let spoken = bench
        .events
        .iter()
        .filter(|(name, _)| name == "call.speak.started")
        .count();
    assert_eq!(spoken, 2);
}

#[test]
fn command_ids_belong_to_one_leg_and_refused_commands_use_none_up() {
    let mut bench = Bench::new();
    let (one, other) = (bench.ring(), bench.answered());
    let speak = json!({ "payload": "hello", "voice": VOICE, "command_id": "c1" });
    assert_eq!(refused(bench.leg(&one, "speak", speak.clone())), (422, "90034"));
    assert!(bench.ok(&other, "speak", speak.clone()).effect);
    bench.ok(&one, "answer", json!({}));
    assert!(bench.ok(&one, "speak", speak).effect);
}

#[test]
fn a_repeated_create_or_dial_gives_the_same_resource_again() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    let create = json!({ "call_control_id": leg, "name": "demo", "command_id": "c" });
    let first = bench.request(Route::ConferenceCreate, create.clone()).unwrap();
    let second = bench.request(Route::ConferenceCreate, create).unwrap();
    assert_eq!(first.body, second.body);
    assert!(!second.effect);
    let dial =
        json!({ "connection_id": "1", "to": "+15550300000", "from": "+15550100000", "command_id": "d" });
    let first = bench.request(Route::Dial, dial.clone()).unwrap();
    let second = bench.request(Route::Dial, dial).unwrap();
    assert_eq!(
        first.body["data"]["call_control_id"],
        second.body["data"]["call_control_id"]
    );
    assert_eq!(bench.carrier.live_leg_count(), 2);
}

#[test]
fn a_repeated_hangup_is_ok_even_though_the_call_is_over() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    let hangup = json!({ "command_id": "h" });
    assert!(bench.ok(&leg, "hangup", hangup.clone()).effect);
    assert!(!bench.ok(&leg, "hangup", hangup).effect);
}

#[test]
fn commands_that_change_nothing_have_no_effect() {
    let mut bench = Bench::new();
    let leg = bench.answered();
    assert!(!bench.ok(&leg, "answer", json!({})).effect);
    assert!(!bench.ok(&leg, "gather_stop", json!({})).effect);
    assert!(!bench.ok(&leg, "playback_stop", json!({})).effect);
    let id = bench.create(&leg, "demo");
    assert!(bench.conference(&id, "mute", json!({})).unwrap().effect);
    assert!(!bench.conference(&id, "mute", json!({})).unwrap().effect);
    let nobody = json!({ "call_control_ids": ["v3:x"] });
    assert_eq!(refused(bench.conference(&id, "unhold", nobody)), (422, "90033"));
}

#[test]
fn queues_know_who_waits() {
    let mut bench = Bench::new();
    let (one, other) = (bench.answered(), bench.answered());
    assert_eq!(refused(bench.leg(&one, "leave_queue", json!({}))), (422, "90035"));
    bench.ok(&one, "enqueue", json!({ "queue_name": "q", "max_size": 1 }));
    assert_eq!(
        refused(bench.leg(&one, "enqueue", json!({ "queue_name": "q" }))),
        (422, "90038")
    );
    assert_eq!(
        refused(bench.leg(&other, "enqueue", json!({ "queue_name": "q" }))),
        (422, "90036")
    );
    assert_eq!(
        refused(bench.leg(&other, "enqueue", json!({ "queue_name": "q", "max_size": 9 }))),
        (422, "90037")
    );
    assert_eq!(
        refused(bench.request(Route::QueueDelete("q".to_owned()), json!({}))),
        (400, "90050")
    );
    bench.ok(&other, "bridge", json!({ "queue": "q" }));
    assert_eq!(bench.last("call.dequeued")["reason"], "bridged");
    assert_eq!(
        bench
            .request(Route::QueueDelete("q".to_owned()), json!({}))
            .unwrap()
            .status,
        204
    );
}

#[test]
fn a_message_needs_a_sender_and_something_to_say() {
    let mut bench = Bench::new();
    let table = [
        (json!({ "text": "x", "from": "+15550100000" }), "10004"),
        (
            json!({ "to": "5550200000", "text": "x", "from": "+15550100000" }),
            "10016",
        ),
        (json!({ "to": "+15550200000", "text": "x" }), "40305"),
        (json!({ "to": "+15550200000", "from": "+15550100000" }), "40316"),
    ];
    for (body, code) in table {
        assert_eq!(refused(bench.request(Route::MessageSend, body)), (422, code));
    }
}
