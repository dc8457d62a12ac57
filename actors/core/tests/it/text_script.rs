//! One sending number as scripts: what is asked of it, what the carrier says and when, what becomes of each text.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use cordboard_core::flow::Template;
use cordboard_core::http::HttpOutcome;
use cordboard_core::outcome::{Refusal, RefusalKind};
use cordboard_core::phone::Text;
use cordboard_core::sms::Standing;
use cordboard_core::sms::plan::{BudgetPlan, Doubt, DoubtPolicy, NumberPlan, Pace};
use cordboard_core::sms::schedule::Schedule;
use cordboard_core::*;
use proptest::prelude::*;

use crate::text_desk::{ALICE, Desk, OURS, plan, unknown, weather};

#[test]
fn a_text_is_sent_once_told_of_and_delivered() {
    let mut desk = Desk::new(plan());
    desk.ask("k", ALICE, "Hello");
    desk.ask("k", ALICE, "Hello");
    assert_eq!(desk.sent.len(), 1);
    desk.accept(0);
    desk.report("m-0", None, TextStatus::Delivered);
    desk.report("m-0", None, TextStatus::Sent);
    desk.ask("k", ALICE, "Hello");
    assert_eq!(desk.sent.len(), 1);
    assert_eq!(
        desk.told("k"),
        [TextResult::Accepted, TextResult::Delivered, TextResult::Delivered]
    );
    assert_eq!(
        desk.standing("k"),
        Some(Standing::Accepted(TextStatus::Delivered))
    );
    desk.ask("k", ALICE, "Other words");
    assert_eq!(
        desk.told("k").last(),
        Some(&TextResult::Refused(TextRefusal::KeyReused))
    );
}

#[test]
fn p4_a_text_in_doubt_is_not_sent_again_and_flagged_in_time() {
    let mut desk = Desk::new(plan());
    desk.ask("k", ALICE, "Hello");
    desk.outcome(0, unknown());
    assert_eq!(desk.told("k"), [TextResult::Unknown]);
    desk.wait(Duration::from_secs(600));
    assert_eq!((desk.sent.len(), desk.machine.counts().unknown), (1, 1));
    // The report comes an hour late, to the text's own address: better late than wrong.
    desk.report("m-9", Some("k"), TextStatus::Delivered);
    assert_eq!(
        desk.standing("k"),
        Some(Standing::Accepted(TextStatus::Delivered))
    );
}

fn searchable(then: Doubt) -> NumberPlan {
    let doubt = DoubtPolicy {
        then,
        after_ms: 600_000,
    };
    NumberPlan {
        searchable: true,
        doubt,
        ..plan()
    }
}

#[test]
fn a_text_that_the_carriers_list_shows_is_in_doubt_no_more() {
    let mut desk = Desk::new(searchable(Doubt::ResendOnce));
    desk.ask("k", ALICE, "Hello");
    desk.outcome(0, unknown());
    desk.wait(Duration::from_secs(15));
    assert_eq!(desk.looked[0].1.expose(), "Hello");
    desk.list(0, &[]);
    assert_eq!(
        desk.standing("k"),
        Some(Standing::Unknown),
        "absence proves nothing"
    );
    desk.wait(Duration::from_secs(45));
    desk.list(1, &["m-7"]);
    assert_eq!(desk.standing("k"), Some(Standing::Accepted(TextStatus::Sent)));
    assert_eq!(desk.told("k"), [TextResult::Unknown, TextResult::Accepted]);
    desk.report("m-7", None, TextStatus::Delivered);
    desk.wait(Duration::from_secs(3_600));
    assert_eq!((desk.sent.len(), desk.looked.len()), (1, 2));
    assert_eq!(
        desk.standing("k"),
        Some(Standing::Accepted(TextStatus::Delivered))
    );
}

#[test]
fn of_two_texts_with_the_same_words_each_finds_its_own() {
    let mut desk = Desk::new(searchable(Doubt::Drop));
    desk.ask("a", ALICE, "Hello");
    desk.accept(0);
    desk.wait(Duration::from_secs(2));
    desk.ask("b", ALICE, "Hello");
    desk.outcome(1, unknown());
    desk.wait(Duration::from_secs(15));
    desk.list(0, &["m-0"]);
    assert_eq!(desk.standing("b"), Some(Standing::Unknown), "m-0 is the other's");
    desk.wait(Duration::from_secs(45));
    desk.list(1, &["m-0", "m-1"]);
    assert_eq!(desk.standing("b"), Some(Standing::Accepted(TextStatus::Sent)));
}

#[test]
fn a_search_ends_with_its_looks_or_with_a_carrier_that_has_no_list() {
    let refused = Outcome::Refused(Refusal {
        kind: RefusalKind::Invalid,
        status: 0,
        code: None,
        detail: String::new(),
    });
    for (outcome, looks) in [(refused, 1), (unknown(), 3)] {
        let mut desk = Desk::new(searchable(Doubt::Drop));
        desk.ask("k", ALICE, "Hello");
        desk.outcome(0, unknown());
        for _ in 0..80 {
            desk.wait(Duration::from_secs(15));
            if let Some((command, _)) = desk.looked.last().cloned() {
                let outcome = outcome.clone();
                desk.give(Input::Outcome { command, outcome });
            }
        }
        assert_eq!((desk.looked.len(), desk.sent.len()), (looks, 1));
        assert_eq!(desk.machine.counts().unknown, 1);
    }
    let mut desk = Desk::new(searchable(Doubt::ResendOnce));
    desk.ask("k", ALICE, "Hello");
    for at in 0..2 {
        desk.outcome(at, unknown());
        desk.wait(Duration::from_secs(600));
    }
    assert_eq!(desk.sent.len(), 2, "twice at most, as without a list");
}

#[test]
fn a_report_to_its_own_address_ends_the_doubt_and_overtakes_the_answer() {
    for doubted in [true, false] {
        let mut desk = Desk::new(plan());
        desk.ask("k", ALICE, "Hello");
        if doubted {
            desk.outcome(0, unknown());
        }
        desk.report("m-1", Some("k"), TextStatus::Sent);
        assert_eq!(desk.settled.len(), usize::from(!doubted));
        assert_eq!(desk.told("k").last(), Some(&TextResult::Accepted));
        desk.accept(0);
        desk.report("m-1", None, TextStatus::DeliveryFailed);
        assert_eq!(
            desk.told("k").last(),
            Some(&TextResult::Refused(TextRefusal::Undeliverable))
        );
        assert_eq!(desk.sent.len(), 1);
    }
}

#[test]
fn the_other_policies_resend_once_or_ask_people() {
    let with = |then| NumberPlan {
        doubt: DoubtPolicy {
            then,
            after_ms: 600_000,
        },
        ..plan()
    };
    let mut desk = Desk::new(with(Doubt::ResendOnce));
    desk.ask("k", ALICE, "Hello");
    desk.outcome(0, unknown());
    desk.wait(Duration::from_secs(600));
    assert_eq!((desk.sent.len(), desk.sent[1].1.text.expose()), (2, "Hello"));
    desk.outcome(1, unknown());
    desk.wait(Duration::from_secs(3_600));
    assert_eq!(
        (desk.sent.len(), desk.standing("k")),
        (2, Some(Standing::Unknown))
    );

    let mut desk = Desk::new(with(Doubt::Escalate));
    desk.ask("k", ALICE, "Hello");
    desk.outcome(0, unknown());
    desk.wait(Duration::from_secs(86_400));
    assert_eq!(
        (desk.sent.len(), desk.standing("k")),
        (1, Some(Standing::Escalated))
    );
}

#[test]
fn no_87_what_may_not_be_sent_is_refused_by_its_rule() {
    let mut desk = Desk::new(plan());
    for (key, to, text, why) in [
        ("a", "+4915112345678", "x", TextRefusal::DestinationNotAllowed),
        ("b", "+19005550100", "x", TextRefusal::DestinationNotAllowed),
        ("c", "911", "x", TextRefusal::BadDestination),
        ("d", "+15550200001", "x", TextRefusal::OwnNumber),
        ("e", OURS, "x", TextRefusal::OwnNumber),
        ("f", ALICE, " \n", TextRefusal::Empty),
        ("g", ALICE, &"😀".repeat(1_600), TextRefusal::TooLong),
    ] {
        desk.ask(key, to, text);
        assert_eq!(desk.told(key), [TextResult::Refused(why)], "{key}");
    }
    assert!(desk.sent.is_empty());
    let mut nobody = Desk::new(plan());
    nobody.machine = SmsMachine::default();
    nobody.ask("k", ALICE, "x");
    assert_eq!(nobody.told("k"), [TextResult::Refused(TextRefusal::NotOurNumber)]);
}

#[test]
fn p19_budgets_hold_per_pair_and_per_number() {
    let budgets = BudgetPlan {
        per_pair_hour: 3,
        per_hour: 5,
        ..BudgetPlan::default()
    };
    let mut desk = Desk::new(NumberPlan { budgets, ..plan() });
    for n in 0..5 {
        desk.ask(&format!("a{n}"), ALICE, "x");
    }
    assert_eq!(desk.told("a3"), [TextResult::Refused(TextRefusal::PairBudget)]);
    for n in 0..5 {
        desk.ask(&format!("b{n}"), &format!("+1555010001{n}"), "x");
    }
    assert_eq!(desk.told("b2"), [TextResult::Refused(TextRefusal::NumberBudget)]);
    desk.wait(Duration::from_secs(60));
    for at in 0..4 {
        desk.accept(at);
        desk.wait(Duration::from_secs(60));
    }
    assert_eq!(desk.sent.len(), 5);
}

#[test]
fn texts_keep_to_their_pace_their_places_and_their_time() {
    let pace = Pace {
        per_minute: 60,
        in_flight: 2,
        queue: 4,
        useful_ms: 30_000,
        ..Pace::default()
    };
    let mut desk = Desk::new(NumberPlan { pace, ..plan() });
    for n in 0..6 {
        desk.ask(&format!("k{n}"), ALICE, "x");
    }
    assert_eq!(desk.told("k5"), [TextResult::Refused(TextRefusal::QueueFull)]);
    assert_eq!(desk.sent.len(), 1, "one a second");
    desk.wait(Duration::from_secs(10));
    assert_eq!(desk.sent.len(), 2, "two under way");
    desk.accept(0);
    assert_eq!(desk.sent.len(), 3);
    desk.wait(Duration::from_secs(25));
    desk.accept(1);
    desk.wait(Duration::from_secs(1));
    assert_eq!(desk.told("k3"), [TextResult::Refused(TextRefusal::TooLate)]);
    assert_eq!(desk.sent.len(), 3);
}

#[test]
fn a_text_waits_for_its_time() {
    let mut desk = Desk::new(plan());
    let order = TextOrder {
        key: "k".into(),
        to: ALICE.into(),
        text: Text::new("later"),
        not_before: Some(desk.now + Duration::from_secs(3_600)),
        asker: None,
    };
    desk.give(Input::Operator(OperatorRequest::Text(Box::new(order))));
    desk.wait(Duration::from_secs(3_599));
    assert!(desk.sent.is_empty());
    desk.wait(Duration::from_secs(1));
    assert_eq!(desk.sent.len(), 1);
}

#[test]
fn refusals_of_the_carrier_are_told_and_its_opt_out_is_kept() {
    let mut desk = Desk::new(plan());
    desk.ask("k", ALICE, "x");
    let refusal = Refusal {
        kind: RefusalKind::OptedOut,
        status: 403,
        code: Some("40300".into()),
        detail: String::new(),
    };
    desk.outcome(0, Outcome::Refused(refusal));
    assert_eq!(desk.told("k"), [TextResult::Refused(TextRefusal::OptedOut)]);
    desk.wait(Duration::from_secs(2));
    desk.ask("l", ALICE, "x");
    assert_eq!(
        (desk.sent.len(), desk.told("l")),
        (1, vec![TextResult::Refused(TextRefusal::OptedOut)])
    );
    desk.text("m", ALICE, "start");
    desk.ask("n", ALICE, "x");
    assert_eq!(desk.sent.len(), 2);
    desk.outcome(1, Outcome::Cancelled);
    assert_eq!(desk.told("n"), [TextResult::Refused(TextRefusal::TooLate)]);
}

#[test]
fn no_66_stop_is_honoured_to_the_letter_even_for_what_waits() {
    let mut desk = Desk::new(NumberPlan {
        replies: weather(),
        ..plan()
    });
    desk.text("m0", ALICE, "STΟP");
    desk.wait(Duration::from_secs(5));
    assert_eq!(desk.sent.len(), 1, "a look-alike is a word like any other");
    desk.ask("k", ALICE, "x");
    desk.accept(0);
    desk.ask("waits", ALICE, "x");
    desk.text("m1", ALICE, " sToP ");
    desk.wait(Duration::from_secs(5));
    assert_eq!(desk.told("waits"), [TextResult::Refused(TextRefusal::OptedOut)]);
    let sent = desk.sent.len();
    desk.text("m2", ALICE, "hours");
    desk.wait(Duration::from_secs(60));
    assert_eq!(desk.sent.len(), sent, "no reply to who asked us to stop");
    desk.text("m3", ALICE, "START");
    desk.text("m4", ALICE, "hours");
    desk.wait(Duration::from_secs(60));
    assert_eq!(desk.sent.len(), sent + 1);
}

#[test]
fn a_keyword_gets_one_reply_however_often_its_event_comes() {
    let mut desk = Desk::new(NumberPlan {
        replies: weather(),
        ..plan()
    });
    desk.text("m", ALICE, "Hours?");
    desk.text("m", ALICE, "Hours?");
    desk.wait(Duration::from_secs(60));
    assert_eq!(desk.sent.len(), 1);
    assert_eq!(
        (desk.sent[0].1.text.expose(), desk.sent[0].1.to.expose()),
        ("We are open.", ALICE)
    );
}

#[test]
fn the_users_program_gives_the_words_or_the_fallback_does() {
    for (outcome, expected) in [
        (
            HttpOutcome::Answered {
                status: 200,
                body: Text::new(r#"{"forecast":"rain"}"#),
            },
            "Oslo: rain",
        ),
        (
            HttpOutcome::Answered {
                status: 500,
                body: Text::new(""),
            },
            "No forecast now.",
        ),
        (
            HttpOutcome::Unknown {
                why: "timeout".into(),
            },
            "No forecast now.",
        ),
    ] {
        let mut desk = Desk::new(NumberPlan {
            replies: weather(),
            ..plan()
        });
        desk.text("m", ALICE, "weather Oslo");
        assert!(desk.sent.is_empty());
        assert_eq!(desk.asked[0].url, "https://backend.example.com/weather");
        assert!(desk.asked[0].body.contains("Oslo"));
        let request = desk.asked[0].id.clone();
        desk.give(Input::HttpOutcome {
            request: request.clone(),
            outcome: outcome.clone(),
        });
        desk.give(Input::HttpOutcome { request, outcome });
        assert_eq!(desk.sent.len(), 1);
        assert_eq!(desk.sent[0].1.text.expose(), expected);
    }
}

#[test]
fn f18_two_machines_that_answer_each_other_fall_silent() {
    let mut desk = Desk::new(NumberPlan {
        replies: weather(),
        ..plan()
    });
    for n in 0..1_000 {
        desk.text(&format!("m{n}"), ALICE, "I do not understand.");
        desk.wait(Duration::from_secs(2));
        let under_way = desk.sent.len();
        if under_way > 0 {
            desk.accept(under_way - 1);
        }
    }
    // 2,000 s: five at once, then one every 12 minutes.
    assert!((5..=8).contains(&desk.sent.len()), "{}", desk.sent.len());
    let sent = desk.sent.len();
    desk.text("x", "+15550200001", "hours");
    desk.text("y", OURS, "hours");
    desk.wait(Duration::from_secs(5));
    assert_eq!(
        desk.sent.len(),
        sent,
        "our own numbers are not answered (input 67)"
    );
}

#[test]
fn the_daily_text_is_sent_once_a_day_and_not_when_it_is_late() {
    let schedule = Schedule {
        name: "forecast".into(),
        at: "07:00".into(),
        zone: "Australia/Melbourne".into(),
        days: None,
        to: vec![ALICE.into(), "+15550100002".into()],
        text: Template::new("Forecast of {{ date }}").unwrap(),
        ask: None,
    };
    let mut desk = Desk::new(NumberPlan {
        schedules: vec![schedule.clone()],
        ..plan()
    });
    for _ in 0..3 {
        desk.wait(Duration::from_secs(86_400));
        let under_way = desk.sent.len();
        desk.accept(under_way - 2);
        desk.accept(under_way - 1);
    }
    assert_eq!(desk.sent.len(), 6);
    // Down from before the time until two hours after it.
    let due = desk.machine.next_deadline().unwrap();
    desk.now = due.max(desk.now) + Duration::from_secs(7_200);
    desk.give(Input::Operator(OperatorRequest::Number(Box::new(NumberPlan {
        schedules: vec![schedule],
        ..plan()
    }))));
    desk.wait(Duration::from_secs(60));
    assert_eq!(desk.sent.len(), 6);
}

#[test]
fn state_does_not_grow_with_what_was_sent() {
    let pace = Pace {
        per_minute: 6_000,
        ..Pace::default()
    };
    let budgets = BudgetPlan {
        per_hour: 100_000,
        per_day: 1_000_000,
        ..BudgetPlan::default()
    };
    let mut desk = Desk::new(NumberPlan {
        pace,
        budgets,
        ..plan()
    });
    for n in 0..1_000 {
        desk.ask(
            &format!("call-{n}-thanks"),
            &format!("+1555{:07}", n % 500),
            "Thank you for calling us.",
        );
        desk.wait(Duration::from_secs(10));
        desk.accept(n);
        desk.report(&format!("m-{n}"), None, TextStatus::Delivered);
    }
    assert_eq!(desk.machine.counts().delivered, 1_000);
    let state = serde_json::to_vec(&desk.machine).unwrap().len();
    assert!(
        state < 12_000 && desk.largest < 14_000,
        "{state} and {} bytes",
        desk.largest
    );
}

/// What may happen to one text on its way.
#[derive(Clone, Copy, Debug)]
enum Step {
    Ask(u8),
    Accept,
    Refuse,
    Doubt,
    NotSent,
    Report(u8, TextStatus, bool),
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let status = prop::sample::select(vec![
        TextStatus::Queued,
        TextStatus::Sending,
        TextStatus::Sent,
        TextStatus::Unconfirmed,
        TextStatus::SendingFailed,
        TextStatus::DeliveryFailed,
        TextStatus::Delivered,
    ]);
    prop_oneof![
        (0..12_u8).prop_map(Step::Ask),
        Just(Step::Accept),
        Just(Step::Refuse),
        Just(Step::Doubt),
        Just(Step::NotSent),
        (0..12_u8, status, any::<bool>()).prop_map(|(n, status, keyed)| Step::Report(n, status, keyed)),
        (0..1_200_u16).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Whatever is lost, repeated, late or out of order: one request per key, last words stick, doubt ends in time.
    #[test]
    fn every_key_is_sent_at_most_once_and_every_doubt_ends(steps in prop::collection::vec(step(), 1..80)) {
        let mut desk = Desk::new(plan());
        let (mut answered, mut last) = (0, BTreeMap::<String, TextStatus>::new());
        for step in steps {
            match step {
                Step::Ask(n) => desk.ask(&format!("k{n}"), &format!("+155501000{n:02}"), "Hello"),
                Step::Accept | Step::Refuse | Step::Doubt | Step::NotSent if answered < desk.sent.len() => {
                    match step {
                        Step::Accept => desk.accept(answered),
                        Step::Doubt => desk.outcome(answered, unknown()),
                        Step::NotSent => desk.outcome(answered, Outcome::Cancelled),
                        _ => desk.outcome(answered, Outcome::Refused(Refusal {
                            kind: RefusalKind::Invalid, status: 400, code: None, detail: String::new(),
                        })),
                    }
                    answered += 1;
                }
                Step::Report(n, status, keyed) => {
                    let key = format!("k{n}");
                    let place = desk.sent.iter().position(|(_, sent)| sent.key.as_str() == key);
                    if let Some(place) = place {
                        desk.report(&format!("m-{place}"), keyed.then_some(key.as_str()), status);
                    }
                }
                Step::Wait(secs) => desk.wait(Duration::from_secs(u64::from(secs))),
                Step::Accept | Step::Refuse | Step::Doubt | Step::NotSent => {}
            }
            for text in desk.machine.texts() {
                let key = text.key.to_string();
                if let Some(known) = last.get(&key) {
                    prop_assert_eq!(text.standing, Standing::Accepted(*known), "a last word sticks");
                }
                if let Standing::Accepted(status) = text.standing && status.is_final() {
                    last.insert(key, status);
                }
            }
        }
        let mut keys: Vec<&str> = desk.sent.iter().map(|(_, sent)| sent.key.as_str()).collect();
        keys.sort_unstable();
        let all = keys.len();
        keys.dedup();
        prop_assert_eq!(all, keys.len(), "each key at most once");
        while answered < desk.sent.len() {
            desk.outcome(answered, unknown());
            answered += 1;
            desk.wait(Duration::from_secs(1));
        }
        desk.wait(Duration::from_secs(3_700));
        while answered < desk.sent.len() {
            desk.outcome(answered, unknown());
            answered += 1;
        }
        desk.wait(Duration::from_secs(3_700));
        prop_assert!(desk.machine.next_deadline().is_none(), "nothing is awaited for ever");
        let open = |text: &sms::Shown| matches!(text.standing, Standing::Waiting | Standing::Attempting);
        prop_assert!(!desk.machine.texts().iter().any(open));
    }
}
