//! One machine at a time, every input by hand: the stuck rooms, believed rumours and silent endings that a review
//! found, each as a script.

use std::sync::Arc;
use std::time::Duration;

use cordboard_core::conference::RoomState;
use cordboard_core::event::ConferenceEndReason;
use cordboard_core::outcome::{CallView, ConferenceView, ParticipantView};
use cordboard_core::*;

use crate::world::{plan_of, room_plan};

struct Hand<M> {
    machine: M,
    seq: u64,
    now: Timestamp,
    address: Address,
}

impl<M: Machine> Hand<M> {
    fn new(address: Address) -> Self {
        Self {
            machine: M::default(),
            seq: 0,
            now: Timestamp::from_millis(1_000_000),
            address,
        }
    }

    fn give(&mut self, input: Input) -> Vec<Effect> {
        self.seq += 1;
        let context = Context {
            address: self.address.clone(),
            seq: self.seq,
            now: self.now,
            salt: 0,
        };
        let flow = Arc::new(room_plan(RoomSettings::default()).flow());
        let mut fx = Effects::new(context, self.machine.incarnation()).following(Some(flow));
        self.machine.handle(input, &mut fx);
        fx.into_list()
    }

    fn deadline(&mut self) -> Vec<Effect> {
        self.now = self
            .now
            .max(self.machine.next_deadline().expect("somebody waits"));
        self.give(Input::Deadline)
    }

    fn wait(&mut self, secs: u64) {
        self.now = self.now + Duration::from_secs(secs);
    }
}

fn names(effects: &[Effect]) -> Vec<&'static str> {
    let name = |effect: &Effect| match effect {
        Effect::Command(issued) => Some(issued.command.name()),
        _ => None,
    };
    effects.iter().filter_map(name).collect()
}

#[track_caller]
fn id(effects: &[Effect], wanted: &str) -> CommandId {
    let find = |effect: &Effect| match effect {
        Effect::Command(issued) if issued.command.name() == wanted => Some(issued.id.clone()),
        _ => None,
    };
    effects
        .iter()
        .find_map(find)
        .unwrap_or_else(|| panic!("no {wanted} in {effects:?}"))
}

fn leg(n: usize) -> CallControlId {
    CallControlId::new(format!("leg{n}"))
}

fn refused(kind: RefusalKind) -> Outcome {
    Outcome::Refused(Refusal {
        kind,
        status: 422,
        code: None,
        detail: String::new(),
    })
}

fn outcome(command: CommandId, outcome: Outcome) -> Input {
    Input::Outcome { command, outcome }
}

fn unknown() -> Outcome {
    Outcome::Unknown {
        why: "timeout".into(),
    }
}

fn join(n: usize, moderator: bool, settings: &RoomSettings) -> Input {
    let body = Message::JoinRequest {
        leg: leg(n),
        moderator,
        connection: Some("ours".into()),
        settings: Box::new(settings.clone()),
        limits: Limits::default(),
    };
    Input::Message {
        from: Address::Call(format!("s{n}").as_str().into()),
        seq: 1,
        index: 0,
        body,
    }
}

fn event(about: usize, conference: Option<&str>, body: EventBody) -> Input {
    let event = Event {
        id: "event".into(),
        occurred_at: None,
        connection: None,
        session: Some("s0".into()),
        leg: Some(leg(about)),
        leg_uuid: None,
        conference: conference.map(ConferenceId::from),
        client_state: None,
        body,
    };
    Input::Event {
        event: Box::new(event),
        plan: None,
    }
}

fn view(id: &str, connection: &str) -> ConferenceView {
    let connection = Some(connection.into());
    ConferenceView {
        id: id.into(),
        name: "demo".into(),
        live: true,
        connection,
    }
}

fn room() -> Hand<ConferenceMachine> {
    Hand::new(Address::Conference("demo".into()))
}

/// A room whose conference c1 is live with leg 0 in it.
fn live(settings: &RoomSettings, moderator: bool) -> Hand<ConferenceMachine> {
    let mut room = room();
    let effects = room.give(join(0, moderator, settings));
    let created = Outcome::Accepted(Answer::Conference(view("c1", "ours")));
    room.give(outcome(id(&effects, "conference_create"), created));
    let effects = room.give(event(0, Some("c1"), EventBody::ParticipantJoined));
    if names(&effects).contains(&"conference_hold") {
        room.give(outcome(
            id(&effects, "conference_hold"),
            Outcome::Accepted(Answer::Done),
        ));
    }
    assert!(matches!(room.machine.state(), RoomState::Live { .. }));
    room
}

fn ended() -> EventBody {
    EventBody::ConferenceEnded {
        reason: ConferenceEndReason::EndedViaApi,
    }
}

/// Plays a room that cannot create until it creates again; true when it does.
fn creates_again(room: &mut Hand<ConferenceMachine>, mut effects: Vec<Effect>) -> bool {
    for _ in 0..6 {
        if names(&effects).contains(&"conference_create") {
            return true;
        }
        effects = if names(&effects).contains(&"query_conferences") {
            let nothing = Outcome::Accepted(Answer::Conferences(vec![]));
            room.give(outcome(id(&effects, "query_conferences"), nothing))
        } else {
            room.deadline()
        };
    }
    false
}

#[test]
fn a_channel_limit_does_not_keep_a_room_from_creating_for_ever() {
    let mut room = room();
    let effects = room.give(join(0, false, &RoomSettings::default()));
    let refusal = refused(RefusalKind::ChannelLimit);
    let effects = room.give(outcome(id(&effects, "conference_create"), refusal));
    assert!(creates_again(&mut room, effects));
}

#[test]
fn creates_of_unknown_fate_are_looked_up_and_then_tried_again_every_time() {
    let mut room = room();
    let mut effects = room.give(join(0, false, &RoomSettings::default()));
    for _ in 0..4 {
        effects = room.give(outcome(id(&effects, "conference_create"), unknown()));
        while !names(&effects).contains(&"conference_create") {
            effects = if names(&effects).contains(&"query_conferences") {
                let nothing = Outcome::Accepted(Answer::Conferences(vec![]));
                room.give(outcome(id(&effects, "query_conferences"), nothing))
            } else {
                room.deadline()
            };
        }
    }
}

#[test]
fn a_room_that_sees_its_conference_end_creates_a_new_one_and_forgets_the_old() {
    let mut room = live(&RoomSettings::default(), false);
    room.give(join(1, false, &RoomSettings::default()));
    let effects = room.give(event(0, Some("c1"), ended()));
    assert_eq!(names(&effects), ["conference_create"]);
    assert_eq!(*room.machine.state(), RoomState::Creating);
    room.give(event(1, Some("c1"), EventBody::ParticipantJoined));
    assert_eq!(
        *room.machine.state(),
        RoomState::Creating,
        "a late event of the old conference"
    );
}

#[test]
fn an_outcome_that_never_comes_does_not_keep_a_room_waiting() {
    let mut room = room();
    room.give(join(0, false, &RoomSettings::default()));
    let effects = room.deadline();
    assert_eq!(names(&effects), ["query_conferences"]);
}

#[test]
fn a_poisoned_room_turns_its_callers_away_and_serves_the_next() {
    let mut room = room();
    room.give(join(0, false, &RoomSettings::default()));
    let effects = room.give(Input::Quarantined {
        input: "outcome".into(),
        leg: None,
    });
    assert!(effects.iter().any(|e| matches!(
        e,
        Effect::Send {
            body: Message::JoinFailed { .. },
            ..
        }
    )));
    let effects = room.give(join(1, false, &RoomSettings::default()));
    assert_eq!(names(&effects), ["conference_create"]);
}

#[test]
fn one_refusal_does_not_end_a_conference_that_others_are_in() {
    let mut room = live(&RoomSettings::default(), false);
    let effects = room.give(join(1, false, &RoomSettings::default()));
    let refusal = refused(RefusalKind::ConferenceEnded);
    let effects = room.give(outcome(id(&effects, "conference_join"), refusal));
    assert_eq!(
        names(&effects),
        ["query_conference"],
        "asked before it is believed"
    );
    let alive = Outcome::Accepted(Answer::Conference(view("c1", "ours")));
    let effects = room.give(outcome(id(&effects, "query_conference"), alive));
    assert_eq!(names(&effects), ["conference_join"]);
    assert!(matches!(room.machine.state(), RoomState::Live { .. }));
}

#[test]
fn one_list_without_a_participant_does_not_remove_him_and_two_do() {
    let mut room = live(&RoomSettings::default(), false);
    let absent = || Outcome::Accepted(Answer::Participants(vec![]));
    let effects = room.deadline();
    let effects = room.give(outcome(id(&effects, "query_participants"), absent()));
    assert!(effects.is_empty());
    assert_eq!(room.machine.members().len(), 1);
    let effects = room.deadline();
    room.give(outcome(id(&effects, "query_participants"), absent()));
    assert!(room.machine.members().is_empty());
}

#[test]
fn a_hold_that_the_carrier_did_not_lift_is_lifted_by_the_audit() {
    let settings = RoomSettings {
        hold_until_moderator: true,
        ..RoomSettings::default()
    };
    let mut room = live(&settings, false);
    let effects = room.give(join(1, true, &settings));
    room.give(outcome(
        id(&effects, "conference_join"),
        Outcome::Accepted(Answer::Done),
    ));
    let effects = room.give(event(1, Some("c1"), EventBody::ParticipantJoined));
    room.give(outcome(id(&effects, "conference_unhold"), unknown()));
    let effects = room.deadline();
    let seen = |n: usize, on_hold| ParticipantView {
        leg: leg(n),
        present: true,
        on_hold,
        muted: false,
    };
    let list = Outcome::Accepted(Answer::Participants(vec![seen(0, true), seen(1, false)]));
    let effects = room.give(outcome(id(&effects, "query_participants"), list));
    assert_eq!(names(&effects), ["conference_unhold"]);
}

#[test]
fn a_conference_of_another_application_is_not_adopted() {
    let mut room = room();
    let effects = room.give(join(0, false, &RoomSettings::default()));
    let effects = room.give(outcome(
        id(&effects, "conference_create"),
        refused(RefusalKind::NameActive),
    ));
    let strangers = Outcome::Accepted(Answer::Conferences(vec![view("c9", "theirs")]));
    room.give(outcome(id(&effects, "query_conferences"), strangers));
    assert!(!matches!(room.machine.state(), RoomState::Live { .. }));
}

fn call() -> Hand<CallMachine> {
    Hand::new(Address::Call("s0".into()))
}

/// A call that has been answered and waits for its room.
fn joining() -> Hand<CallMachine> {
    let mut call = call();
    let body = EventBody::CallInitiated {
        direction: event::Direction::Incoming,
        from: "+15550100000".into(),
        to: "+15550200000".into(),
    };
    let Input::Event { event: initiated, .. } = event(0, None, body) else {
        unreachable!()
    };
    let plan = Some(plan_of(&room_plan(RoomSettings::default()).flow()));
    call.give(Input::Event {
        event: initiated,
        plan,
    });
    call.give(event(0, None, EventBody::CallAnswered { from: None, to: None }));
    call
}

#[test]
fn a_leg_that_the_carrier_calls_dead_is_hung_up_before_the_books_close() {
    let mut call = joining();
    call.wait(20);
    let effects = call.give(Input::Deadline);
    let dead = CallView {
        leg: leg(0),
        session: "s0".into(),
        alive: Some(false),
        client_state: None,
        origin: None,
    };
    call.give(outcome(
        id(&effects, "query_call"),
        Outcome::Accepted(Answer::Call(dead)),
    ));
    let effects = call.deadline();
    assert_eq!(names(&effects), ["hangup"]);
    assert_eq!(call.machine.ending().unwrap().reason, EndReason::Vanished);
}

#[test]
fn an_answer_that_never_takes_is_not_asked_for_for_ever() {
    let mut call = joining();
    for _ in 0..10 {
        if call.machine.phase() == "hanging_up" {
            return;
        }
        let body = Message::JoinFailed {
            leg: leg(0),
            reason: JoinFailure::NotAnswered,
        };
        call.give(Input::Message {
            from: Address::Conference("demo".into()),
            seq: 1,
            index: 0,
            body,
        });
        if call.machine.phase() == "ringing" {
            let effects = call.deadline();
            call.give(outcome(id(&effects, "answer"), refused(RefusalKind::Other)));
        }
    }
    panic!("still {}", call.machine.phase());
}

#[test]
fn an_orphan_whose_probe_is_slow_is_asked_about_again() {
    let mut call = call();
    call.give(event(0, None, EventBody::SpeakStarted));
    let effects = call.deadline();
    let probe = id(&effects, "query_call");
    call.wait(41);
    call.give(Input::Deadline);
    call.give(outcome(probe, unknown()));
    assert!(call.machine.next_deadline().is_some());
}

#[test]
fn no_67_a_number_that_calls_itself_is_rejected() {
    let mut call = call();
    let number = PhoneNumber::new("+15550100000");
    let body = EventBody::CallInitiated {
        direction: event::Direction::Incoming,
        from: number.clone(),
        to: number,
    };
    let Input::Event { event: initiated, .. } = event(0, None, body) else {
        unreachable!()
    };
    let plan = Some(plan_of(&room_plan(RoomSettings::default()).flow()));
    let effects = call.give(Input::Event {
        event: initiated,
        plan,
    });
    assert_eq!(names(&effects), ["reject"]);
}
