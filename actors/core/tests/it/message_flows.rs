//! Every answer of every shipped message flow, and every way that it can go: sent, refused by the carrier, in doubt,
//! unasked for, asked for too often, and with a user's program that is silent or talks nonsense.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cordboard_core::http::HttpOutcome;
use cordboard_core::outcome::{Refusal, RefusalKind};
use cordboard_core::sms::Standing;
use cordboard_core::sms::plan::NumberPlan;
use cordboard_core::sms::replies::{Replies, Reply};
use cordboard_core::{Input, Outcome, Text};

use crate::text_desk::{ALICE, Desk, plan, unknown};

/// Longer than any reply waits for its turn.
const A_MINUTE: Duration = Duration::from_secs(60);

#[allow(clippy::disallowed_methods)]
fn shipped() -> Vec<(String, Replies)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../flows/messages");
    let files = std::fs::read_dir(directory).unwrap();
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 3, "{} message flows", files.len());
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let replies = Replies::read(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), replies)
    };
    files.iter().map(read).collect()
}

/// Each answer of each shipped flow, with words that ask for it.
fn each(mut check: impl FnMut(&str, Desk, &Reply, &str)) {
    for (name, replies) in shipped() {
        let default = replies
            .default
            .as_ref()
            .map(|reply| (reply, "I do not understand".to_owned()));
        let by_keyword = replies.reply.iter().flat_map(|reply| {
            let words = |keyword: &String| format!("{}! Oslo", keyword.to_uppercase());
            reply.keywords.iter().map(move |keyword| (reply, words(keyword)))
        });
        for (reply, words) in by_keyword.chain(default) {
            let desk = Desk::new(NumberPlan {
                replies: replies.clone(),
                ..plan()
            });
            check(&name, desk, reply, &words);
        }
    }
}

/// The program answers, if it was asked.
fn program(desk: &mut Desk, outcome: &HttpOutcome) {
    if let Some(asked) = desk.asked.pop() {
        let outcome = outcome.clone();
        desk.give(Input::HttpOutcome {
            request: asked.id,
            outcome,
        });
    }
}

fn answers(status: u16, body: &str) -> HttpOutcome {
    let body = Text::new(body);
    HttpOutcome::Answered { status, body }
}

fn sent(desk: &Desk) -> Vec<&str> {
    desk.sent.iter().map(|(_, text)| text.text.expose()).collect()
}

#[test]
fn every_answer_of_a_shipped_message_flow_is_sent_once() {
    each(|name, mut desk, reply, words| {
        for _ in 0..3 {
            desk.text("m", ALICE, words);
        }
        program(&mut desk, &answers(200, r#"{"forecast":"rain"}"#));
        desk.wait(A_MINUTE);
        let expected = if reply.ask.is_some() {
            "Oslo: rain"
        } else {
            reply.text.source()
        };
        assert_eq!(sent(&desk), [expected], "{name}: {words}");
        assert_eq!(desk.sent[0].1.to.expose(), ALICE);
    });
}

#[test]
fn a_silent_or_senseless_program_of_a_shipped_message_flow_leaves_nobody_without_an_answer() {
    let outcomes = [
        HttpOutcome::Unknown {
            why: "timeout".into(),
        },
        answers(500, ""),
        answers(404, "{}"),
        answers(200, "{\"forecast\":"),
        answers(200, r#"{"weather":"rain"}"#),
        answers(200, r#"{"forecast":""}"#),
    ];
    each(|name, mut desk, reply, words| {
        let Some(otherwise) = &reply.otherwise else {
            return assert!(
                reply.ask.is_none(),
                "{name}: {words} has no words for a program that fails"
            );
        };
        for (at, outcome) in outcomes.iter().enumerate() {
            desk.text(&format!("m{at}"), ALICE, words);
            program(&mut desk, outcome);
            desk.wait(A_MINUTE);
            assert_eq!(
                sent(&desk).last(),
                Some(&otherwise.source()),
                "{name}: {outcome:?}"
            );
            assert_eq!(desk.sent.len(), at + 1, "{name}: {outcome:?}");
            desk.accept(at);
            // More than the breaker of reply loops lets through at once.
            desk.wait(A_MINUTE * 20);
        }
    });
}

#[test]
fn garbage_gets_the_default_of_a_shipped_message_flow_and_its_holes_stay_words() {
    for (name, replies) in shipped() {
        let default = replies
            .default
            .clone()
            .unwrap_or_else(|| panic!("{name} answers not everything"));
        for words in [
            "",
            "\u{0}\u{202e}💥",
            "{{ rest }} {% for x in y %}",
            "'; DROP TABLE",
            &"a".repeat(1_600),
        ] {
            let mut desk = Desk::new(NumberPlan {
                replies: replies.clone(),
                ..plan()
            });
            desk.text("m", ALICE, words);
            desk.wait(A_MINUTE);
            assert_eq!(sent(&desk), [default.text.source()], "{name}: {words:?}");
        }
    }
}

#[test]
fn who_hangs_up_on_a_shipped_message_flow_with_stop_hears_nothing_more() {
    each(|name, mut desk, _, words| {
        desk.text("m0", ALICE, words);
        // While the answer is under way, and before every later one.
        desk.text("m1", ALICE, "STOP");
        let before = desk.sent.len();
        program(&mut desk, &answers(200, r#"{"forecast":"rain"}"#));
        desk.text("m2", ALICE, words);
        program(&mut desk, &answers(200, r#"{"forecast":"rain"}"#));
        desk.wait(A_MINUTE);
        assert_eq!(desk.sent.len(), before, "{name}: {words}");
    });
}

#[test]
fn an_answer_of_a_shipped_message_flow_that_is_refused_or_in_doubt_is_not_sent_again() {
    let refused = |kind| {
        Outcome::Refused(Refusal {
            kind,
            status: 400,
            code: None,
            detail: String::new(),
        })
    };
    for outcome in [
        refused(RefusalKind::Invalid),
        refused(RefusalKind::BadDestination),
        unknown(),
        Outcome::Cancelled,
    ] {
        each(|name, mut desk, _, words| {
            desk.text("m", ALICE, words);
            program(&mut desk, &answers(200, r#"{"forecast":"rain"}"#));
            desk.wait(A_MINUTE);
            desk.outcome(0, outcome.clone());
            desk.text("m", ALICE, words);
            desk.wait(Duration::from_secs(3_600));
            assert_eq!(desk.sent.len(), 1, "{name}: {outcome:?}");
            let open = |standing| matches!(standing, Standing::Waiting | Standing::Attempting);
            assert!(
                !desk.machine.texts().iter().any(|text| open(text.standing)),
                "{name}: {outcome:?}"
            );
        });
    }
}
