//! Questions to the carrier: single resources and lists over all pages.

use cordboard_actors::ports::Carrier;
use cordboard_core::command::Query;
use cordboard_core::outcome::{CallView, ConferenceView, ParticipantView};
use cordboard_core::{Address, Answer, Attempt, ClientState, Command};
use serde_json::{Value, json as value};

use super::encoding::issue;
use super::server::{Script, Server, json};
use super::signing::client_state_key;

fn page(data: &[Value], meta: Value) -> Script {
    json(200, &value!({"data": data, "meta": meta}).to_string())
}

async fn ask(scripts: Vec<Script>, query: Query) -> (Attempt, Vec<String>) {
    let server = Server::start(scripts).await;
    let attempt = server.client().attempt(&issue(Command::Query(query), None)).await;
    (attempt, server.lines())
}

fn call() -> Query {
    Query::Call { leg: "v3:leg".into() }
}

#[tokio::test]
async fn whether_a_leg_lives_is_known_only_when_the_carrier_says_so_clearly() {
    for (name, facts, alive) in [
        ("alive", value!({"is_alive": true}), Some(true)),
        (
            "alive, no end",
            value!({"is_alive": true, "end_time": null}),
            Some(true),
        ),
        (
            "over",
            value!({"is_alive": false, "end_time": "2026-03-01T12:00:00Z"}),
            Some(false),
        ),
        (
            "113 alive and ended at once",
            value!({"is_alive": true, "end_time": "2026-03-01T12:00:00Z"}),
            None,
        ),
        ("113 not said", value!({}), None),
        ("113 null", value!({"is_alive": null}), None),
        ("113 a word", value!({"is_alive": "true"}), None),
        (
            "113 ended, not said",
            value!({"end_time": "2026-03-01T12:00:00Z"}),
            None,
        ),
    ] {
        let mut data = value!({"record_type": "call", "call_control_id": "v3:leg", "call_leg_id": "l", "call_session_id": "s-1"});
        data.as_object_mut()
            .unwrap()
            .extend(facts.as_object().unwrap().clone());
        let (attempt, lines) = ask(vec![json(200, &value!({"data": data}).to_string())], call()).await;
        let view = CallView {
            leg: "v3:leg".into(),
            session: "s-1".into(),
            alive,
            client_state: None,
            origin: None,
        };
        assert_eq!(attempt, Attempt::Accepted(Answer::Call(view)), "{name}");
        assert_eq!(lines, ["GET /v2/calls/v3:leg HTTP/1.1"]);
    }
}

#[tokio::test]
async fn an_answer_about_something_else_is_no_answer() {
    let other_call = r#"{"data":{"call_control_id":"v3:x","call_session_id":"s","is_alive":true}}"#;
    let other_conference = r#"{"data":{"id":"c-2","name":"demo","status":"init"}}"#;
    let conference = || Query::Conference {
        conference: "c-1".into(),
    };
    for (name, body, query) in [
        ("111 another leg", other_call, call()),
        ("111 another conference", other_conference, conference()),
        ("105 HTML", "<html>", call()),
        ("105 a list instead", r#"{"data":[]}"#, call()),
        (
            "105 one instead of a list",
            other_conference,
            Query::Conferences { name: None },
        ),
        (
            "105 a participant without a leg",
            r#"{"data":[{"id":"p-1"}]}"#,
            Query::Participants {
                conference: "c-1".into(),
            },
        ),
        (
            "105 a leg with an empty id",
            r#"{"data":[{"call_control_id":"","call_session_id":"s"}]}"#,
            Query::ActiveCalls {
                connection: "1".into(),
            },
        ),
    ] {
        let (attempt, _) = ask(vec![json(200, body)], query).await;
        assert_eq!(attempt, Attempt::InDoubt { why: "bad_answer" }, "{name}");
    }
}

#[tokio::test]
async fn live_calls_are_listed_by_cursor_to_the_end() {
    let state = ClientState {
        owner: Address::Call("s-1".into()),
        step: "menu".into(),
        generation: 1,
    };
    let sealed = client_state_key().seal(&state);
    let record = |leg: &str, client_state: &str| value!({"call_control_id": leg, "call_leg_id": "l", "call_session_id": "s-1", "client_state": client_state, "record_type": "call", "call_duration": 5});
    let scripts = vec![
        page(
            &[record("v3:a", &sealed)],
            value!({"cursors": {"after": "v1:g3=/+", "before": "x"}, "next": "/v2/…"}),
        ),
        page(&[record("v3:b", "aGk=")], value!({"cursors": {"after": null}})),
    ];
    let (attempt, lines) = ask(
        scripts,
        Query::ActiveCalls {
            connection: "1494".into(),
        },
    )
    .await;
    let view = |leg: &str, client_state| CallView {
        leg: leg.into(),
        session: "s-1".into(),
        alive: Some(true),
        client_state,
        origin: None,
    };
    let expected = vec![view("v3:a", Some(state)), view("v3:b", None)];
    assert_eq!(attempt, Attempt::Accepted(Answer::ActiveCalls(expected)));
    let path = "GET /v2/connections/1494/active_calls?page%5Blimit%5D=250";
    assert_eq!(
        lines,
        [
            format!("{path} HTTP/1.1"),
            format!("{path}&page%5Bafter%5D=v1:g3%3D%2F%2B HTTP/1.1")
        ]
    );
}

#[tokio::test]
async fn a_cursor_that_does_not_move_ends_the_list() {
    let record = value!({"call_control_id": "v3:a", "call_session_id": "s-1"});
    let same = page(&[record], value!({"cursors": {"after": "same"}}));
    let (attempt, lines) = ask(
        vec![same],
        Query::ActiveCalls {
            connection: "1".into(),
        },
    )
    .await;
    assert!(matches!(attempt, Attempt::Accepted(Answer::ActiveCalls(calls)) if calls.len() == 2));
    assert_eq!(lines.len(), 2);
}

#[tokio::test]
async fn a_list_without_end_is_no_list() {
    let record = value!({"id": "c-1", "name": "demo", "status": "in_progress"});
    let endless = page(&[record], value!({"total_pages": 4_000_000}));
    let (attempt, lines) = ask(vec![endless], Query::Conferences { name: None }).await;
    assert_eq!(
        attempt,
        Attempt::InDoubt {
            why: "too_many_pages"
        }
    );
    assert_eq!(lines.len(), 400);
}

#[tokio::test]
async fn conferences_are_live_and_of_the_name_asked_for() {
    let record = |id: &str, name: &str, status: &str| value!({"id": id, "name": name, "status": status, "record_type": "conference"});
    let in_progress = page(
        &[
            record("c-1", "demo room", "in_progress"),
            record("c-2", "demo", "in_progress"),
            record("c-3", "demo room", "completed"),
        ],
        value!({"page_number": 1, "total_pages": 1}),
    );
    let init = page(
        &[
            record("c-4", "demo room", "init"),
            record("c-1", "demo room", "in_progress"),
        ],
        value!({}),
    );
    let (attempt, lines) = ask(
        vec![in_progress, init],
        Query::Conferences {
            name: Some("demo room".into()),
        },
    )
    .await;
    let view = |id: &str| ConferenceView {
        id: id.into(),
        name: "demo room".into(),
        live: true,
        connection: None,
    };
    assert_eq!(
        attempt,
        Attempt::Accepted(Answer::Conferences(vec![view("c-1"), view("c-4")]))
    );
    let rest = "&filter%5Bname%5D=demo%20room&page%5Bnumber%5D=1&page%5Bsize%5D=250 HTTP/1.1";
    assert_eq!(
        lines,
        [
            format!("GET /v2/conferences?filter%5Bstatus%5D=in_progress{rest}"),
            format!("GET /v2/conferences?filter%5Bstatus%5D=init{rest}")
        ]
    );
}

#[tokio::test]
async fn participants_are_listed_over_all_pages() {
    let record = |leg: &str, status: &str| value!({"record_type": "participant", "id": "p", "call_control_id": leg, "status": status, "muted": true, "on_hold": false});
    let scripts = vec![
        page(
            &[record("v3:a", "joined")],
            value!({"page_number": 1, "total_pages": 2}),
        ),
        page(
            &[record("v3:b", "left")],
            value!({"page_number": 2, "total_pages": 2}),
        ),
    ];
    let (attempt, lines) = ask(
        scripts,
        Query::Participants {
            conference: "c/1".into(),
        },
    )
    .await;
    let view = |leg: &str, present| ParticipantView {
        leg: leg.into(),
        present,
        on_hold: false,
        muted: true,
    };
    assert_eq!(
        attempt,
        Attempt::Accepted(Answer::Participants(vec![
            view("v3:a", true),
            view("v3:b", false)
        ]))
    );
    assert_eq!(lines.len(), 2);
    assert!(
        lines[1].starts_with("GET /v2/conferences/c%2F1/participants?page%5Bnumber%5D=2&"),
        "{}",
        lines[1]
    );
}

#[tokio::test]
async fn a_failure_on_the_second_page_fails_the_question() {
    let record = value!({"call_control_id": "v3:a", "status": "joined"});
    let scripts = vec![page(&[record], value!({"total_pages": 2})), json(503, "{}")];
    let (attempt, _) = ask(
        scripts,
        Query::Participants {
            conference: "c-1".into(),
        },
    )
    .await;
    assert_eq!(attempt, Attempt::InDoubt { why: "503" });
}
