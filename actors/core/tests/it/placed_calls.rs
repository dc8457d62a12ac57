//! Calls that we place, one input at a time: what becomes of whom we called, and that nobody's phone rings for a call
//! that is over.

use std::sync::Arc;
use std::time::Duration;

use cordboard_core::event::Direction;
use cordboard_core::outcome::CallView;
use cordboard_core::*;

use crate::world::room_plan;

const RING_MS: u32 = 30_000;
/// Nobody is called any more past this, counted from the beginning.
const NOT_AFTER: Duration = Duration::from_secs(120);

struct Placed {
    machine: CallMachine,
    seq: u64,
    now: Timestamp,
    flow: Arc<Flow>,
}

impl Placed {
    fn new() -> Self {
        Self {
            machine: CallMachine::default(),
            seq: 0,
            now: Timestamp::from_millis(1_000_000),
            flow: Arc::new(room_plan(RoomSettings::default()).flow()),
        }
    }

    /// A call for which the carrier was asked to dial; the dial's id.
    fn dialled() -> (Self, CommandId) {
        let mut call = Self::new();
        let not_after = call.now + NOT_AFTER;
        let effects = call.start(not_after);
        let Some(Effect::Command(issued)) = effects.iter().find(|effect| effect.is_owed()) else {
            panic!("no dial in {effects:?}")
        };
        let Command::Dial(dial) = &issued.command else {
            panic!("{issued:?}")
        };
        assert_eq!(
            (dial.timeout_secs, dial.time_limit_secs.is_some()),
            (Some(30), true)
        );
        (call, issued.id.clone())
    }

    fn start(&mut self, not_after: Timestamp) -> Vec<Effect> {
        let plan = FlowPlan::new(&self.flow, Limits::default(), String::new());
        self.give(Input::Operator(OperatorRequest::Start(Box::new(StartCall {
            from: "+15550100".into(),
            to: "+15550199".into(),
            connection: "c-1".into(),
            plan: Box::new(plan),
            vars: std::collections::BTreeMap::new(),
            ring_ms: RING_MS,
            not_after,
        }))))
    }

    fn give(&mut self, input: Input) -> Vec<Effect> {
        self.seq += 1;
        let context = Context {
            address: Address::Call("own-1".into()),
            seq: self.seq,
            now: self.now,
            salt: 0,
        };
        let mut fx = Effects::new(context, 1).following(Some(Arc::clone(&self.flow)));
        self.machine.handle(input, &mut fx);
        fx.into_list()
    }

    fn outcome(&mut self, command: &CommandId, outcome: Outcome) -> Vec<Effect> {
        let command = command.clone();
        self.give(Input::Outcome { command, outcome })
    }

    fn taken(&mut self, dial: &CommandId) -> Vec<Effect> {
        self.outcome(dial, dialled_as(leg()))
    }

    fn event(&mut self, body: EventBody) -> Vec<Effect> {
        self.seq += 1;
        let event = Event {
            id: format!("e-{}", self.seq).as_str().into(),
            occurred_at: Some(self.now),
            session: Some("the-carriers-own".into()),
            leg: Some(leg()),
            leg_uuid: None,
            conference: None,
            connection: Some("c-1".into()),
            client_state: Some(ClientState {
                owner: Address::Call("own-1".into()),
                step: "calling".into(),
                generation: 0,
            }),
            body,
        };
        let (event, plan) = (Box::new(event), None);
        self.give(Input::Event { event, plan })
    }

    fn rings(&mut self) -> Vec<Effect> {
        self.event(EventBody::CallInitiated {
            direction: Direction::Outgoing,
            from: "+15550100".into(),
            to: "+15550199".into(),
        })
    }

    fn is_answered(&mut self) -> Vec<Effect> {
        self.event(EventBody::CallAnswered { from: None, to: None })
    }

    fn is_hung_up(&mut self, cause: &str) -> Vec<Effect> {
        self.event(EventBody::CallHangup {
            cause: HangupCause::from_carrier(cause),
            source: HangupSource::Callee,
            sip_code: None,
        })
    }

    fn deadline(&mut self) -> Vec<Effect> {
        let next = self.machine.next_deadline().expect("somebody waits");
        self.now = self.now.max(next);
        self.give(Input::Deadline)
    }

    #[track_caller]
    fn reason(&self) -> EndReason {
        self.machine.ending().expect("it is over").reason
    }
}

fn leg() -> CallControlId {
    "v3:callee".into()
}

fn dialled_as(leg: CallControlId) -> Outcome {
    Outcome::Accepted(Answer::Dialled {
        leg,
        leg_uuid: "uuid".into(),
        session: "the-carriers-own".into(),
    })
}

fn commands(effects: &[Effect]) -> Vec<&'static str> {
    let name = |effect: &Effect| match effect {
        Effect::Command(issued) => Some(issued.command.name()),
        _ => None,
    };
    effects.iter().filter_map(name).collect()
}

fn facts(effects: &[Effect]) -> Vec<&'static str> {
    let label = |effect: &Effect| match effect {
        Effect::Fact(fact) => Some(fact.label()),
        _ => None,
    };
    effects.iter().filter_map(label).collect()
}

#[test]
fn whoever_answers_gets_the_flow_in_whatever_order_the_carrier_tells() {
    let (mut call, dial) = Placed::dialled();
    assert_eq!(facts(&call.taken(&dial)), ["leg_rang"], "the answer came first");
    assert!(facts(&call.rings()).is_empty(), "told once");
    let answered = call.is_answered();
    assert_eq!(
        (call.machine.step(), facts(&answered)),
        (Some("room"), vec!["leg_answered"])
    );

    let (mut call, dial) = Placed::dialled();
    assert_eq!(facts(&call.rings()), ["leg_rang"], "the event came first");
    let answered = call.is_answered();
    assert!(
        answered
            .iter()
            .any(|effect| matches!(effect, Effect::Settle { command } if *command == dial))
    );
    assert_eq!(call.machine.step(), Some("room"));
    assert!(commands(&call.taken(&dial)).is_empty());
    assert_eq!(call.machine.step(), Some("room"), "a late answer changes nothing");

    let (mut call, _) = Placed::dialled();
    call.is_answered();
    assert_eq!(call.machine.step(), Some("room"), "only the answer came");
}

#[test]
fn the_end_says_what_became_of_whom_we_called() {
    for (cause, reason) in [
        ("user_busy", EndReason::Busy),
        ("no_answer", EndReason::NoAnswer),
        ("timeout", EndReason::NoAnswer),
        ("call_rejected", EndReason::Declined),
        ("not_found", EndReason::Unreachable),
        ("unspecified", EndReason::Unreachable),
    ] {
        let (mut call, dial) = Placed::dialled();
        call.taken(&dial);
        call.rings();
        call.is_hung_up(cause);
        assert_eq!(call.reason(), reason, "{cause}");
        assert!(call.machine.handles().is_empty());
    }
    let (mut call, dial) = Placed::dialled();
    let refusal = |kind| {
        Outcome::Refused(Refusal {
            kind,
            status: 422,
            code: None,
            detail: String::new(),
        })
    };
    call.outcome(&dial, refusal(RefusalKind::Invalid));
    assert_eq!(call.reason(), EndReason::Unreachable);
    let (mut call, dial) = Placed::dialled();
    call.outcome(&dial, refusal(RefusalKind::ChannelLimit));
    assert_eq!(call.reason(), EndReason::CommandRefused);
}

#[test]
fn a_call_is_not_over_while_its_dial_may_still_leave() {
    let (mut call, dial) = Placed::dialled();
    let began = call.now;
    let next = call.machine.next_deadline().unwrap();
    assert!(next > began + NOT_AFTER, "the dial is tried until then");
    call.now = began + NOT_AFTER;
    call.outcome(
        &dial,
        Outcome::Unknown {
            why: "timeout".into(),
        },
    );
    assert!(call.machine.next_deadline().unwrap() > call.now + Duration::from_millis(RING_MS.into()));
    call.deadline();
    assert_eq!(
        call.reason(),
        EndReason::Unreachable,
        "the carrier never spoke of a leg"
    );
    // It had dialled after all: whoever that is must not stay on the line.
    assert_eq!(commands(&call.rings()), ["hangup"]);
    let found = Input::Finding(Finding::LegAlive { leg: leg() });
    assert_eq!(commands(&call.give(found)), ["hangup"]);
}

#[test]
fn too_late_is_never_dialled_and_the_same_call_is_placed_once() {
    let mut call = Placed::new();
    let now = call.now;
    assert!(commands(&call.start(now)).is_empty());
    assert_eq!(call.reason(), EndReason::TooLate);

    let (mut call, _) = Placed::dialled();
    let not_after = call.now + NOT_AFTER;
    assert!(call.start(not_after).is_empty(), "again: nothing");
}

#[test]
fn ringing_that_nobody_ends_is_asked_about() {
    let view = |alive| {
        Outcome::Accepted(Answer::Call(CallView {
            leg: leg(),
            session: "the-carriers-own".into(),
            alive: Some(alive),
            client_state: None,
            origin: None,
        }))
    };
    for alive in [true, false] {
        let (mut call, dial) = Placed::dialled();
        call.taken(&dial);
        while call.machine.step().is_none() && call.machine.ending().is_none() {
            let effects = call.deadline();
            let question = effects.iter().find_map(|effect| match effect {
                Effect::Command(issued) if issued.command.name() == "query_call" => Some(issued.id.clone()),
                _ => None,
            });
            if let Some(question) = question {
                call.outcome(&question, view(alive));
            }
        }
        match alive {
            true => assert_eq!(call.machine.step(), Some("room"), "it was answered unheard"),
            false => assert_eq!(call.reason(), EndReason::NoAnswer),
        }
    }
}

#[test]
fn hanging_up_before_and_after_the_leg_has_a_name_leaves_nobody_ringing() {
    let (mut call, dial) = Placed::dialled();
    call.give(Input::Operator(OperatorRequest::Hangup));
    assert_eq!(call.reason(), EndReason::Operator);
    assert_eq!(commands(&call.taken(&dial)), ["hangup"], "the dial had left");

    let (mut call, dial) = Placed::dialled();
    call.rings();
    assert_eq!(
        commands(&call.give(Input::Operator(OperatorRequest::Hangup))),
        ["hangup"]
    );
    assert!(commands(&call.taken(&dial)).is_empty(), "once is enough");
    call.is_hung_up("originator_cancel");
    assert_eq!(call.reason(), EndReason::Operator);
}
