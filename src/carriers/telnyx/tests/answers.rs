//! RELIABILITY 4.2, no. 105 to 114, and the error table: what the carrier's answers mean.

use std::time::Duration;

use cordboard_actors::ports::Carrier;
use cordboard_core::command::catalogue::{Cast, every_command};
use cordboard_core::command::conference::ConferenceAction;
use cordboard_core::command::leg::{Answer as AnswerLeg, Hangup, LegAction, Reject, RejectCause};
use cordboard_core::command::{CreateConference, Dial, UpdateParticipant};
use cordboard_core::outcome::ConferenceView;
use cordboard_core::{Answer, Attempt, Command, RefusalKind};

use super::encoding::issue;
use super::server::{Script, Server, client, json, with_headers};

const OK: &str = r#"{"data":{"result":"ok"}}"#;

fn leg(action: LegAction) -> Command {
    Command::Leg {
        leg: "v3:leg".into(),
        action,
    }
}

fn answer() -> Command {
    leg(LegAction::Answer(AnswerLeg::default()))
}

fn hangup() -> Command {
    leg(LegAction::Hangup(Hangup::default()))
}

fn create() -> Command {
    Command::CreateConference(CreateConference::new("v3:leg".into(), "demo".into()))
}

fn dial() -> Command {
    Command::Dial(Box::new(Dial::new("1", "+15550100001", "+15550100002")))
}

fn conference(action: ConferenceAction) -> Command {
    Command::Conference {
        conference: "c-1".into(),
        action,
    }
}

fn from_catalogue(name: &str) -> Command {
    let commands = every_command(&Cast::new("v3:leg".into(), "v3:other".into(), "c-1".into()));
    commands
        .into_iter()
        .find(|command| command.name() == name)
        .unwrap()
}

async fn attempt(script: Script, command: Command) -> Attempt {
    let server = Server::start(vec![script]).await;
    server.client().attempt(&issue(command, None)).await
}

fn in_doubt(why: &'static str) -> Attempt {
    Attempt::InDoubt { why }
}

#[tokio::test]
async fn a_command_arrives_with_its_key_its_id_and_its_json() {
    let server = Server::start(vec![json(200, OK)]).await;
    let attempt = server.client().attempt(&issue(answer(), None)).await;
    assert_eq!(attempt, Attempt::Accepted(Answer::Done));
    let seen = server.seen();
    assert_eq!(server.lines(), ["POST /v2/calls/v3:leg/actions/answer HTTP/1.1"]);
    for part in [
        "authorization: Bearer KEY-secret",
        "content-type: application/json",
        "user-agent: cordboard/",
        r#"{"command_id":"891510ac-f3e4-11e8-af5b-de00688a4901"}"#,
    ] {
        assert!(seen[0].contains(part), "{part} is missing");
    }
}

#[tokio::test]
async fn successes_bring_back_what_they_made() {
    let recording = json(200, r#"{"data":{"result":"ok","recording_id":"r-1"}}"#);
    assert_eq!(
        attempt(recording, answer()).await,
        Attempt::Accepted(Answer::Recording("r-1".into()))
    );
    let call = json(
        200,
        r#"{"data":{"record_type":"call","call_control_id":"v3:new","call_leg_id":"l-1","call_session_id":"s-1","is_alive":false}}"#,
    );
    let dialled = Answer::Dialled {
        leg: "v3:new".into(),
        leg_uuid: "l-1".into(),
        session: "s-1".into(),
    };
    assert_eq!(attempt(call, dial()).await, Attempt::Accepted(dialled));
    let body = r#"{"data":{"id":"c-9","name":"demo","status":"init","record_type":"conference"}}"#;
    let view = ConferenceView {
        id: "c-9".into(),
        name: "demo".into(),
        live: true,
        connection: None,
    };
    assert_eq!(
        attempt(json(200, body), create()).await,
        Attempt::Accepted(Answer::Conference(view))
    );
    let body = r#"{"data":{"id":"p-1","call_control_id":"v3:leg","status":"joined"}}"#;
    for participant in ["p-1", "v3:leg"] {
        let update = Command::UpdateParticipant(UpdateParticipant::new("c-1", participant));
        assert_eq!(
            attempt(json(200, body), update).await,
            Attempt::Accepted(Answer::Done)
        );
    }
}

#[tokio::test]
async fn a_success_that_proves_nothing_leaves_the_command_in_doubt() {
    let other_conference = r#"{"data":{"id":"c-9","name":"other","status":"init"}}"#;
    let wrong_participant = r#"{"data":{"id":"p-2","call_control_id":"v3:x"}}"#;
    let update = || Command::UpdateParticipant(UpdateParticipant::new("c-1", "p-1"));
    for (name, body, command) in [
        ("105 HTML", "<html>200 OK</html>", answer()),
        ("105 empty", "", answer()),
        ("105 cut", r#"{"data":{"result":"o"#, answer()),
        ("105 no data", "{}", answer()),
        ("105 an array", "[]", answer()),
        ("105 data an array", r#"{"data":["ok"]}"#, answer()),
        ("105 another result", r#"{"data":{"result":"queued"}}"#, answer()),
        ("105 trailing bytes", r#"{"data":{"result":"ok"}}}"#, answer()),
        ("105 a dial without a leg", OK, dial()),
        (
            "105 a dial with an empty id",
            r#"{"data":{"call_control_id":"","call_leg_id":"l","call_session_id":"s"}}"#,
            dial(),
        ),
        ("105 a conference without an id", OK, create()),
        (
            "105 a conference with an empty id",
            r#"{"data":{"id":"","name":"demo"}}"#,
            create(),
        ),
        (
            "111 another leg",
            r#"{"data":{"result":"ok","call_control_id":"v3:other"}}"#,
            answer(),
        ),
        (
            "111 another conference",
            r#"{"data":{"result":"ok","conference_id":"c-2"}}"#,
            from_catalogue("conference_join"),
        ),
        ("111 a conference of another name", other_conference, create()),
        ("111 another participant", wrong_participant, update()),
    ] {
        assert_eq!(
            attempt(json(200, body), command).await,
            in_doubt("bad_answer"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn answers_are_bounded_in_size_and_time() {
    let long = format!(
        r#"{{"data":{{"result":"ok"}},"x":"{}"}}"#,
        "x".repeat(1024 * 1024)
    );
    assert_eq!(
        attempt(json(200, &long), answer()).await,
        in_doubt("answer_too_large"),
        "106"
    );
    assert_eq!(
        attempt(Script::Endless, answer()).await,
        in_doubt("answer_too_large"),
        "106 endless"
    );
    assert_eq!(
        attempt(Script::Silence, answer()).await,
        in_doubt("timeout"),
        "107 silence"
    );
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 24\r\n\r\n{\"data\"";
    assert_eq!(
        attempt(Script::Stall(head.to_vec()), answer()).await,
        in_doubt("timeout"),
        "107 stalled"
    );
    assert_eq!(
        attempt(Script::Bytes(head.to_vec()), answer()).await,
        in_doubt("reset"),
        "105 cut by length"
    );
    let refused = b"HTTP/1.1 422 X\r\ncontent-length: 24\r\n\r\n{\"err";
    let Attempt::Refused(refusal) = attempt(Script::Stall(refused.to_vec()), answer()).await else {
        panic!("a status is enough for a refusal");
    };
    assert_eq!((refusal.kind, refusal.status), (RefusalKind::Invalid, 422));
}

#[tokio::test]
async fn broken_connections_are_told_apart() {
    assert_eq!(attempt(Script::Reset, answer()).await, in_doubt("reset"), "114");
    assert_eq!(
        attempt(Script::Bytes(b"nonsense\r\n\r\n".to_vec()), answer()).await,
        in_doubt("reset"),
        "105 not HTTP"
    );
    // Nobody listens on a port that was just released.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let attempt = client(&format!("http://{address}"))
        .attempt(&issue(answer(), None))
        .await;
    let later = Attempt::TryLater {
        after: None,
        why: "connect",
    };
    assert_eq!(attempt, later, "114 nothing was sent");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let server = Server::start(vec![with_headers(
            status,
            "location: http://169.254.169.254/\r\n",
            "",
        )])
        .await;
        let attempt = server.client().attempt(&issue(answer(), None)).await;
        let Attempt::Refused(refusal) = attempt else {
            panic!("108: {status}: {attempt:?}");
        };
        assert_eq!(refusal.kind, RefusalKind::Other, "108: {status}");
        assert_eq!(server.seen().len(), 1, "108: {status}");
    }
}

#[tokio::test]
async fn a_carrier_that_is_too_busy_is_asked_again_later() {
    for (name, headers, after) in [
        ("109 seconds", "retry-after: 7\r\n", Some(7)),
        ("109 negative", "retry-after: -1\r\n", Some(1)),
        ("109 huge", "retry-after: 99999999\r\n", Some(60)),
        (
            "109 a date in the past",
            "retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n",
            Some(1),
        ),
        (
            "109 the reset",
            "x-ratelimit-limit: 10\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-reset: 3\r\n",
            Some(3),
        ),
        ("110 nothing", "", None),
    ] {
        let body = r#"{"errors":[{"code":"10011","title":"Too many requests"}]}"#;
        let expected = Attempt::TryLater {
            after: after.map(Duration::from_secs),
            why: "429",
        };
        assert_eq!(
            attempt(with_headers(429, headers, body), answer()).await,
            expected,
            "{name}"
        );
    }
}

#[tokio::test]
async fn failures_of_the_carrier_leave_the_command_in_doubt() {
    for (status, why) in [
        (500, "500"),
        (502, "502"),
        (503, "503"),
        (504, "504"),
        (501, "5xx"),
        (599, "5xx"),
        (408, "408"),
        (409, "409"),
    ] {
        let body = r#"{"errors":[{"code":"10007","title":"Unexpected error"}]}"#;
        assert_eq!(
            attempt(json(status, body), answer()).await,
            in_doubt(why),
            "{status}"
        );
    }
}

/// What, HTTP status, code (`-` for a body without one), command, class.
const REFUSALS: &str = "
    401                          | 401 | 10009 | answer             | unauthorized
    403                          | 403 | 10010 | answer             | unauthorized
    403 without a code           | 403 | -     | answer             | unauthorized
    channels of the user         | 403 | 90041 | dial               | channel_limit
    channels as 422              | 422 | 90042 | dial               | channel_limit
    channels of the connection   | 403 | 90043 | transfer           | channel_limit
    ended                        | 422 | 90018 | answer             | call_ended
    ended before the join        | 422 | 90018 | conference_join    | call_ended
    ended before the create      | 422 | 90018 | conference_create  | call_ended
    not answered                 | 422 | 90034 | speak              | not_answered
    outgoing                     | 422 | 90102 | answer             | not_incoming
    conference ended             | 422 | 90019 | conference_join    | conference_ended
    conference unknown           | 404 | 90058 | conference_join    | conference_ended
    conference full              | 422 | 90032 | conference_join    | conference_full
    name active                  | 422 | 90033 | conference_create  | name_active
    nobody in                    | 422 | 90033 | conference_mute    | other
    joined already               | 422 | 90044 | conference_join    | already_joined
    not joined                   | 422 | 10015 | conference_leave   | other
    no such leg                  | 404 | 10005 | answer             | call_ended
    no such leg, by code         | 422 | 90015 | answer             | not_found
    no such leg to join          | 422 | 90015 | conference_join    | not_found
    one of two legs              | 422 | 90015 | bridge             | invalid
    no such conference           | 404 | 10005 | conference_mute    | conference_ended
    no such participant          | 404 | 10005 | participant_update | conference_ended
    a wrong base URL             | 404 | -     | hangup             | not_found
    a wrong base URL             | 404 | -     | conference_end     | not_found
    a wrong base URL             | 404 | -     | answer             | not_found
    no leg to ask about          | 404 | 10005 | query_call         | not_found
    no conference to ask about   | 404 | 10005 | query_participants | not_found
    a parameter                  | 422 | 90014 | send_dtmf          | invalid
    a bad request                | 400 | 10015 | answer             | invalid
    no code                      | 422 | -     | answer             | invalid
    not in a queue               | 422 | 90035 | leave_queue        | other
    not streaming                | 422 | 90048 | streaming_stop     | other
    audio that cannot be fetched | 400 | 90040 | playback_start     | other
    another method               | 405 | -     | answer             | other
    a teapot                     | 418 | -     | answer             | other
";

#[tokio::test]
async fn errors_are_classed_by_what_we_do_next() {
    for row in REFUSALS.trim().lines() {
        let [name, status, code, command, kind] = row.split('|').map(str::trim).collect::<Vec<_>>()[..]
        else {
            panic!("not a row: {row}");
        };
        let status: u16 = status.parse().unwrap();
        let code = (code != "-").then_some(code);
        let body = match code {
            None => "<html>no</html>".to_owned(),
            Some(code) => format!(r#"{{"errors":[{{"code":"{code}","title":"T","detail":"Because."}}]}}"#),
        };
        let attempt = attempt(json(status, &body), from_catalogue(command)).await;
        let Attempt::Refused(refusal) = attempt else {
            panic!("{name}: {attempt:?}");
        };
        assert_eq!((refusal.kind.label(), refusal.status), (kind, status), "{name}");
        assert_eq!(refusal.code.as_deref(), code, "{name}");
        let detail = if code.is_some() { "Because." } else { "" };
        assert_eq!(refusal.detail, detail, "{name}");
    }
}

#[tokio::test]
async fn what_is_already_so_is_done() {
    let done = Attempt::Accepted(Answer::Done);
    let reject = || leg(LegAction::Reject(Reject::new(RejectCause::UserBusy)));
    let end = || conference(ConferenceAction::End(Default::default()));
    for (name, status, code, command) in [
        ("ended", 422, "90018", hangup()),
        ("unknown leg", 404, "10005", hangup()),
        ("invalid leg", 422, "90015", hangup()),
        ("rejected twice", 422, "90018", reject()),
        ("conference ended", 422, "90019", end()),
        ("conference gone", 404, "90058", end()),
        ("conference unknown", 404, "10005", end()),
    ] {
        let body = format!(r#"{{"errors":[{{"code":"{code}","title":"T"}}]}}"#);
        assert_eq!(attempt(json(status, &body), command).await, done, "{name}");
    }
}

#[tokio::test]
async fn a_refusal_repeats_neither_numbers_nor_control_characters() {
    let detail = format!(
        "The 'to' parameter +15550100001 is\\u001b[31m bad \\u202e {}",
        "x".repeat(1000)
    );
    let body = format!(r#"{{"errors":[{{"code":90014,"title":"T","detail":"{detail}"}}]}}"#);
    let Attempt::Refused(refusal) = attempt(json(422, &body), dial()).await else {
        panic!("not refused");
    };
    assert!(
        refusal
            .detail
            .starts_with("The 'to' parameter +*** is\\u{1b}[31m bad \\u{202e} xxx"),
        "{}",
        refusal.detail
    );
    assert_eq!(refusal.detail.chars().count(), 200);
    assert_eq!(refusal.code.as_deref(), Some("90014"), "a code may be a number");
    let odd = r#"{"errors":[{"code":"90018","title":null,"detail":{"x":1},"meta":[]}]}"#;
    let Attempt::Refused(refusal) = attempt(json(422, odd), answer()).await else {
        panic!("not refused");
    };
    assert_eq!(
        (refusal.kind, refusal.detail.as_str()),
        (RefusalKind::CallEnded, ""),
        "an odd sentence"
    );
}
