//! What an operator asks of a live room, by hand: mute, hold, kick, say, and what audits and moderators leave alone.

use cordboard_core::outcome::ConferenceView;
use cordboard_core::*;

struct Room {
    machine: ConferenceMachine,
    seq: u64,
}

fn leg(n: usize) -> CallControlId {
    CallControlId::new(format!("leg{n}"))
}

fn commands(effects: &[Effect]) -> Vec<&Command> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Command(issued) => Some(&issued.command),
            _ => None,
        })
        .collect()
}

fn names(effects: &[Effect]) -> Vec<&'static str> {
    commands(effects).into_iter().map(Command::name).collect()
}

impl Room {
    /// A live conference with leg 0 in it.
    fn live(settings: &RoomSettings) -> Self {
        let mut room = Self {
            machine: ConferenceMachine::default(),
            seq: 0,
        };
        let effects = room.join_request(0, false, settings);
        let created = effects.iter().find_map(|effect| match effect {
            Effect::Command(issued) => Some(issued.id.clone()),
            _ => None,
        });
        let view = ConferenceView {
            id: "c1".into(),
            name: "demo".into(),
            live: true,
            connection: None,
        };
        room.give(Input::Outcome {
            command: created.unwrap(),
            outcome: Outcome::Accepted(Answer::Conference(view)),
        });
        room.joined(0);
        room
    }

    fn give(&mut self, input: Input) -> Vec<Effect> {
        self.seq += 1;
        let context = Context {
            address: Address::Conference("demo".into()),
            seq: self.seq,
            now: Timestamp::from_millis(1_000_000),
            salt: 0,
        };
        let mut fx = Effects::new(context, self.machine.incarnation());
        self.machine.handle(input, &mut fx);
        fx.into_list()
    }

    fn join_request(&mut self, n: usize, moderator: bool, settings: &RoomSettings) -> Vec<Effect> {
        let seq = self.seq;
        self.give(Input::Message {
            from: Address::Call(format!("s{n}").as_str().into()),
            seq,
            index: 0,
            body: Message::JoinRequest {
                leg: leg(n),
                moderator,
                connection: None,
                settings: Box::new(settings.clone()),
                limits: Limits::default(),
            },
        })
    }

    fn joined(&mut self, n: usize) -> Vec<Effect> {
        let event = Event {
            id: format!("joined-{n}").as_str().into(),
            occurred_at: None,
            connection: None,
            session: None,
            leg: Some(leg(n)),
            leg_uuid: None,
            conference: Some("c1".into()),
            client_state: None,
            body: EventBody::ParticipantJoined,
        };
        self.give(Input::Event {
            event: Box::new(event),
            plan: None,
        })
    }

    fn ask(&mut self, request: RoomRequest) -> Vec<Effect> {
        self.give(Input::Operator(OperatorRequest::Room(request)))
    }
}

#[test]
fn mute_and_unmute_are_remembered_and_strangers_are_passed_over() {
    let mut room = Room::live(&RoomSettings::default());
    let legs = vec![leg(0), leg(7)];
    let effects = room.ask(RoomRequest::Mute { legs: legs.clone() });
    assert_eq!(names(&effects), ["conference_mute"]);
    assert!(!format!("{:?}", commands(&effects)).contains("leg7"));
    assert!(room.machine.members()[&leg(0)].muted);
    assert_eq!(
        names(&room.ask(RoomRequest::Unmute { legs })),
        ["conference_unmute"]
    );
    assert!(!room.machine.members()[&leg(0)].muted);
    assert!(room.ask(RoomRequest::Mute { legs: vec![leg(7)] }).is_empty());
}

#[test]
fn whom_an_operator_holds_no_moderator_frees() {
    let settings = RoomSettings {
        hold_until_moderator: true,
        ..RoomSettings::default()
    };
    let mut room = Room::live(&settings);
    room.join_request(1, false, &settings);
    room.joined(1);
    room.ask(RoomRequest::Hold { legs: vec![leg(1)] });
    room.join_request(2, true, &settings);
    let effects = room.joined(2);
    assert_eq!(names(&effects), ["conference_unhold"]);
    assert!(
        !format!("{:?}", commands(&effects)).contains("leg1"),
        "leg 1 is the operator's"
    );
    assert!(room.machine.members()[&leg(1)].held && !room.machine.members()[&leg(0)].held);
    let effects = room.ask(RoomRequest::Unhold { legs: vec![leg(1)] });
    assert_eq!(names(&effects), ["conference_unhold"]);
    assert!(!room.machine.members()[&leg(1)].held);
}

#[test]
fn nobody_is_taken_off_a_hold_that_waits_for_the_moderator() {
    let settings = RoomSettings {
        hold_until_moderator: true,
        ..RoomSettings::default()
    };
    let mut room = Room::live(&settings);
    room.ask(RoomRequest::Hold { legs: vec![leg(0)] });
    assert!(room.ask(RoomRequest::Unhold { legs: vec![leg(0)] }).is_empty());
    assert!(room.machine.members()[&leg(0)].held);
}

#[test]
fn kick_takes_out_each_and_say_reaches_everybody_or_those_named() {
    let mut room = Room::live(&RoomSettings::default());
    let say = |legs: Vec<CallControlId>| RoomRequest::Say {
        text: Text::new("Five minutes left."),
        voice: "female".into(),
        language: "en-US".into(),
        legs,
    };
    assert_eq!(names(&room.ask(say(vec![]))), ["conference_speak"]);
    assert_eq!(names(&room.ask(say(vec![leg(0)]))), ["conference_speak"]);
    assert!(
        room.ask(say(vec![leg(9)])).is_empty(),
        "nobody who left is spoken about to all"
    );
    assert!(!format!("{:?}", say(vec![])).contains("minutes"));
    let effects = room.ask(RoomRequest::Kick {
        legs: vec![leg(0), leg(9)],
    });
    assert_eq!(names(&effects), ["conference_leave"]);
}

#[test]
fn a_room_without_a_conference_takes_no_notice() {
    let mut room = Room {
        machine: ConferenceMachine::default(),
        seq: 0,
    };
    assert!(room.ask(RoomRequest::Mute { legs: vec![leg(0)] }).is_empty());
}
