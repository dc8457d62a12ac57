//! Our books against the carrier's: two sightings make a finding, silence and age never do.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use cordboard_actors::reconciler::{Comparison, Difference, Reconciler};
use cordboard_actors::router::{Admission, Router};
use cordboard_core::event::{ClientState, Direction};
use cordboard_core::outcome::{CallOrigin, CallView, ConferenceView};
use cordboard_core::{Address, Answer, Attempt, Command, Handle, RefusalKind};
use tokio_util::sync::CancellationToken;

use crate::stage::{
    Everybody, Reply, Stage, answered, breathe, call, hung_up, in_doubt, leg, refused, room, session,
    try_later,
};

/// Sightings closer together than this are one.
const APART: Duration = Duration::from_secs(10);

fn lists(callers: &[usize]) -> Reply {
    let view = |n: &usize| CallView {
        leg: leg(*n),
        session: session(*n),
        alive: Some(true),
        client_state: None,
        origin: None,
    };
    Reply::Now(Attempt::Accepted(Answer::ActiveCalls(
        callers.iter().map(view).collect(),
    )))
}

fn alive(n: usize, alive: Option<bool>) -> Reply {
    let view = CallView {
        leg: leg(n),
        session: session(n),
        alive,
        client_state: None,
        origin: None,
    };
    Reply::Now(Attempt::Accepted(Answer::Call(view)))
}

async fn with_two_calls() -> (Stage, Reconciler) {
    let stage = Stage::open().await;
    stage.ring(1).await;
    stage.ring(2).await;
    let reconciler = Reconciler::new(Arc::clone(&stage.house), vec!["connection".into()]);
    (stage, reconciler)
}

async fn findings(stage: &Stage, n: usize) -> usize {
    breathe().await;
    let causes = stage.causes(&call(n)).await;
    causes.iter().filter(|cause| **cause == "finding").count()
}

fn found(missing: usize, unknown: usize) -> Option<Difference> {
    Some(Difference { missing, unknown })
}

/// The next comparison, far enough from the one before to count.
async fn compare(reconciler: &mut Reconciler) -> Comparison {
    tokio::time::advance(APART).await;
    reconciler.compare().await
}

#[tokio::test(start_paused = true)]
async fn a_leg_that_is_missing_twice_is_reported_to_its_call_alone_and_ends_it() {
    let (stage, mut reconciler) = with_two_calls().await;
    stage
        .carrier
        .script("query_active_calls", [lists(&[2]), lists(&[2])]);
    stage.carrier.script("query_call", [alive(1, Some(false))]);
    assert_eq!(compare(&mut reconciler).await.legs, found(1, 0));
    assert_eq!(
        findings(&stage, 1).await,
        0,
        "one sighting may be the carrier's delay"
    );
    assert_eq!(compare(&mut reconciler).await.legs, found(1, 0));
    assert_eq!((findings(&stage, 1).await, findings(&stage, 2).await), (1, 0));
    stage
        .until("the call is over", || stage.house.occupancy().actors == 1)
        .await;
    stage.record(&call(2), hung_up(2)).await;
    stage.empties().await;
}

#[tokio::test(start_paused = true)]
async fn a_leg_that_comes_back_between_two_sightings_is_no_finding() {
    let (stage, mut reconciler) = with_two_calls().await;
    let answers = [lists(&[2]), lists(&[1, 2]), lists(&[2]), lists(&[1, 2])];
    stage.carrier.script("query_active_calls", answers);
    for missing in [1, 0, 1, 0] {
        assert_eq!(compare(&mut reconciler).await.legs, found(missing, 0));
    }
    assert_eq!(findings(&stage, 1).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_carrier_that_does_not_answer_is_no_evidence() {
    let (stage, mut reconciler) = with_two_calls().await;
    let later: fn() -> Attempt = || try_later(Some(1));
    let forbidden: fn() -> Attempt = || refused(RefusalKind::Unauthorized);
    // A refusal is final, the others are asked four times.
    for (answer, attempts) in [(in_doubt as fn() -> Attempt, 4), (later, 4), (forbidden, 1)] {
        for _ in 0..3 {
            let before = stage.carrier.count("query_active_calls");
            let replies = (0..attempts).map(|_| Reply::Now(answer()));
            stage.carrier.script("query_active_calls", replies);
            assert_eq!(compare(&mut reconciler).await, Comparison::default());
            assert_eq!(stage.carrier.count("query_active_calls") - before, attempts);
        }
    }
    assert_eq!((findings(&stage, 1).await, findings(&stage, 2).await), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_live_leg_that_nobody_owns_is_counted_and_left_alone() {
    let (stage, mut reconciler) = with_two_calls().await;
    stage
        .carrier
        .script("query_active_calls", [lists(&[1, 2, 3]), lists(&[1, 2, 3])]);
    assert_eq!(compare(&mut reconciler).await.legs, found(0, 1));
    assert_eq!(compare(&mut reconciler).await.legs, found(0, 1));
    assert_eq!(stage.carrier.count("hangup"), 0);
}

/// The carrier's list may be behind; its word about the leg itself counts more.
#[tokio::test(start_paused = true)]
async fn a_missing_leg_that_the_carrier_calls_alive_stays() {
    for word in [Some(true), None] {
        let (stage, mut reconciler) = with_two_calls().await;
        stage
            .carrier
            .script("query_active_calls", [lists(&[2]), lists(&[2])]);
        stage.carrier.script("query_call", [alive(1, word)]);
        compare(&mut reconciler).await;
        compare(&mut reconciler).await;
        stage.carrier.seen("query_call", 1).await;
        tokio::time::advance(Duration::from_secs(10)).await;
        breathe().await;
        assert_eq!(stage.house.registry.legs().len(), 2, "{word:?}");
        assert_eq!(findings(&stage, 1).await, 1);
    }
}

fn stray(n: usize, view: impl Fn(&mut CallView)) -> CallView {
    let mut leg = CallView {
        leg: leg(n),
        session: session(n),
        alive: Some(true),
        client_state: None,
        origin: None,
    };
    view(&mut leg);
    leg
}

fn live(views: &[CallView]) -> Reply {
    Reply::Now(Attempt::Accepted(Answer::ActiveCalls(views.to_vec())))
}

/// Asked about a leg, the carrier says this of that one, and of any other that it lives.
fn knows(stage: &Stage, view: &CallView) {
    let known = view.clone();
    stage
        .carrier
        .answer_calls(move |asked| match *asked == known.leg {
            true => known.clone(),
            false => CallView {
                leg: asked.clone(),
                ..stray(0, |_| {})
            },
        });
}

fn marked_for(owner: &Address) -> Option<ClientState> {
    Some(ClientState {
        owner: owner.clone(),
        step: "dial".into(),
        generation: 1,
    })
}

/// The answer to a dial was lost: the carrier's list tells whose the leg is.
#[tokio::test(start_paused = true)]
async fn a_live_leg_with_a_calls_own_state_is_adopted_and_goes_with_its_call() {
    let (stage, mut reconciler) = with_two_calls().await;
    let mine = stray(9, |view| view.client_state = marked_for(&call(1)));
    let all = [stray(1, |_| {}), stray(2, |_| {}), mine];
    stage
        .carrier
        .script("query_active_calls", [live(&all), live(&all)]);
    assert_eq!(compare(&mut reconciler).await.legs, found(0, 1));
    assert_eq!(findings(&stage, 1).await, 0, "once is not enough");
    assert_eq!(compare(&mut reconciler).await.legs, found(0, 1));
    assert_eq!(findings(&stage, 1).await, 1);
    assert_eq!(stage.house.registry.owner(&Handle::Leg(leg(9))), Some(call(1)));
    stage.record(&call(1), hung_up(1)).await;
    let hangups = stage.carrier.seen("hangup", 1).await;
    assert_eq!(hangups[0].command.leg(), Some(&leg(9)));
}

/// A leg of a call that is over for us, because a hangup of ours was lost.
#[tokio::test(start_paused = true)]
async fn a_leg_that_outlived_its_call_is_hung_up() {
    let (stage, mut reconciler) = with_two_calls().await;
    stage.record(&call(1), hung_up(1)).await;
    let all = [stray(1, |_| {}), stray(2, |_| {})];
    stage
        .carrier
        .script("query_active_calls", [live(&all), live(&all)]);
    compare(&mut reconciler).await;
    compare(&mut reconciler).await;
    let hangups = stage.carrier.seen("hangup", 1).await;
    assert_eq!(hangups[0].command.leg(), Some(&leg(1)));
}

#[tokio::test(start_paused = true)]
async fn a_leg_without_our_mark_is_hung_up_only_where_nobody_else_dials() {
    for (alone, comparisons, hangups) in [(false, 20, 0), (true, 8, 0), (true, 9, 1)] {
        let (stage, reconciler) = with_two_calls().await;
        let mut reconciler = reconciler.alone(alone);
        let theirs = stray(9, |_| {});
        let all = [stray(1, |_| {}), stray(2, |_| {}), theirs.clone()];
        knows(&stage, &theirs);
        for _ in 0..comparisons {
            stage.carrier.script("query_active_calls", [live(&all)]);
            assert_eq!(compare(&mut reconciler).await.legs, found(0, 1));
        }
        // Of unknown direction it may be a caller whose webhook is repeated for up to a minute.
        let sent = stage.carrier.sent("hangup");
        let of_it = sent.iter().filter(|sent| sent.command.leg() == Some(&leg(9)));
        assert_eq!(of_it.count(), hangups, "alone: {alone}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dialled_leg_without_our_mark_goes_at_its_second_sighting_where_nobody_else_dials() {
    let (stage, reconciler) = with_two_calls().await;
    let mut reconciler = reconciler.alone(true);
    let theirs = stray(9, |view| {
        view.origin = Some(Box::new(CallOrigin {
            direction: Direction::Outgoing,
            from: "+15550100001".into(),
            to: "+15550100009".into(),
        }));
    });
    let all = [stray(1, |_| {}), stray(2, |_| {}), theirs.clone()];
    stage
        .carrier
        .script("query_active_calls", [live(&all), live(&all)]);
    knows(&stage, &theirs);
    compare(&mut reconciler).await;
    assert_eq!(stage.carrier.count("hangup"), 0);
    compare(&mut reconciler).await;
    let hangups = stage.carrier.seen("hangup", 1).await;
    assert_eq!(hangups[0].command.leg(), Some(&leg(9)));
}

#[tokio::test(start_paused = true)]
async fn a_caller_whose_first_webhook_was_lost_is_served_if_the_carrier_says_who_it_is() {
    let (stage, reconciler) = with_two_calls().await;
    let router = Router::new(
        Arc::clone(&stage.house),
        Arc::new(Everybody(stage.plan())),
        Admission::default(),
    );
    let mut reconciler = reconciler.taking_in(Arc::new(router));
    let caller = stray(3, |view| {
        view.origin = Some(Box::new(CallOrigin {
            direction: Direction::Incoming,
            from: "+15550100003".into(),
            to: "+15550200002".into(),
        }));
    });
    let all = [stray(1, |_| {}), stray(2, |_| {}), caller.clone()];
    stage
        .carrier
        .script("query_active_calls", [live(&all), live(&all), live(&all)]);
    knows(&stage, &caller);
    compare(&mut reconciler).await;
    compare(&mut reconciler).await;
    let answers = stage.carrier.seen("answer", 3).await;
    assert_eq!(answers[2].command.leg(), Some(&leg(3)));
    assert_eq!(compare(&mut reconciler).await.legs, found(0, 0));
}

fn conferences(names: &[(&str, &str)]) -> Reply {
    let view = |(id, name): &(&str, &str)| ConferenceView {
        id: (*id).into(),
        name: (*name).into(),
        live: true,
        connection: Some("connection".into()),
    };
    let views = names.iter().map(view).collect();
    Reply::Now(Attempt::Accepted(Answer::Conferences(views)))
}

const OURS: &str = "conference-v3:leg-1";

async fn with_a_conference() -> (Stage, Reconciler) {
    let (stage, reconciler) = with_two_calls().await;
    stage.record(&call(1), answered(1)).await;
    stage
        .until("the conference is known", || {
            stage.house.registry.has_conference(&room())
        })
        .await;
    (stage, reconciler)
}

#[tokio::test(start_paused = true)]
async fn a_conference_that_the_carrier_does_not_list_is_asked_about_and_ends() {
    let (stage, mut reconciler) = with_a_conference().await;
    stage
        .carrier
        .script("query_conferences", [conferences(&[]), conferences(&[])]);
    assert_eq!(compare(&mut reconciler).await.conferences, found(1, 0));
    assert!(stage.house.registry.has_conference(&room()));
    assert_eq!(compare(&mut reconciler).await.conferences, found(1, 0));
    breathe().await;
    let causes = stage.causes(&room()).await;
    assert!(causes.contains(&"finding"), "{causes:?}");
    stage
        .until("the room gives it up", || {
            stage
                .house
                .registry
                .owner(&Handle::Conference(OURS.into()))
                .is_none()
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_second_conference_of_a_rooms_name_is_ended_at_its_second_sighting() {
    let (stage, mut reconciler) = with_a_conference().await;
    let both = || conferences(&[(OURS, "stage"), ("stray", "stage")]);
    stage.carrier.script("query_conferences", [both(), both()]);
    assert_eq!(compare(&mut reconciler).await.conferences, found(0, 1));
    assert_eq!(stage.carrier.count("conference_end"), 0);
    compare(&mut reconciler).await;
    let ends = stage.carrier.seen("conference_end", 1).await;
    assert!(
        matches!(&ends[0].command, Command::Conference { conference, .. } if *conference == "stray".into())
    );
    assert!(stage.house.registry.has_conference(&room()), "ours goes on");
}

#[tokio::test(start_paused = true)]
async fn a_conference_of_an_unknown_room_is_left_alone_unless_nobody_else_makes_any() {
    for (alone, ends) in [(false, 0), (true, 1)] {
        let (stage, reconciler) = with_two_calls().await;
        let mut reconciler = reconciler.alone(alone);
        let theirs = || conferences(&[("theirs", "never-heard-of")]);
        stage.carrier.script("query_conferences", [theirs(), theirs()]);
        compare(&mut reconciler).await;
        assert_eq!(stage.carrier.count("conference_end"), 0);
        compare(&mut reconciler).await;
        assert_eq!(stage.carrier.count("conference_end"), ends, "alone: {alone}");
    }
}

/// A carrier that has lost every call must not make us ask about all of them in one breath.
#[tokio::test(start_paused = true)]
async fn findings_go_a_piece_at_a_time() {
    const CALLS: usize = 300;
    const PIECE: usize = 64;
    let mut stage = Stage::open().await;
    // Nobody asks of their own accord meanwhile.
    stage.limits.probe_after_ms = 3_600_000;
    stage.limits.step_ms = 3_600_000;
    for n in 1..=CALLS {
        stage.ring(n).await;
    }
    let reconciler = Reconciler::new(Arc::clone(&stage.house), vec!["connection".into()]);
    let mut reconciler = reconciler;
    stage
        .carrier
        .script("query_active_calls", [lists(&[]), lists(&[])]);
    assert_eq!(compare(&mut reconciler).await.legs, found(CALLS, 0));
    let before = stage.journal.handed_over();
    stage.journal.stall();
    let second = tokio::spawn(async move { compare(&mut reconciler).await });
    stage.journal.takes(before + PIECE).await;
    breathe().await;
    assert_eq!(stage.journal.handed_over(), before + PIECE);
    stage.journal.go_on();
    assert_eq!(second.await.unwrap().legs, found(CALLS, 0));
    for n in 1..=CALLS {
        let causes = stage.causes(&call(n)).await;
        assert!(causes.contains(&"finding"), "call {n}: {causes:?}");
    }
}

/// The hangup's webhook is lost: the call is over within two minutes, whatever else is silent.
#[tokio::test(start_paused = true)]
async fn a_missed_hangup_ends_its_call_within_two_minutes_and_a_live_call_stays() {
    let (stage, reconciler) = with_two_calls().await;
    let began = tokio::time::Instant::now();
    let listing = || stray(2, |_| {});
    for _ in 0..60 {
        stage.carrier.script("query_active_calls", [live(&[listing()])]);
    }
    stage.carrier.answer_calls(|leg_asked| {
        stray(if *leg_asked == leg(1) { 1 } else { 2 }, |view| {
            view.alive = Some(*leg_asked == leg(2));
        })
    });
    let stop = CancellationToken::new();
    let running = tokio::spawn(reconciler.run(Duration::from_secs(60), stop.clone()));
    stage
        .until("the call is over", || {
            stage.house.registry.owner(&Handle::Leg(leg(1))).is_none()
        })
        .await;
    assert!(
        began.elapsed() < Duration::from_secs(120),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(stage.house.registry.owner(&Handle::Leg(leg(2))), Some(call(2)));
    stop.cancel();
    running.await.unwrap();
}
