//! A little world without time of its own: machines, a truthful carrier, and everything that is on its way
//! between them. A test decides what arrives next; the carrier only emits what a command or a caller caused.

mod carrier;
mod far;
mod trouble;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use cordboard_core::command::conference::ConferenceAction;
use cordboard_core::command::{LegAction, Query};
use cordboard_core::event::{ConferenceEndReason, Direction, GatherStatus, MediaStatus, RecordingSaved};
use cordboard_core::flow::{ConferenceRoute, PinRoom};
use cordboard_core::outcome::{CallView, ConferenceView, ParticipantView};
use cordboard_core::plan::{PinPrompt, Voice};
use cordboard_core::*;

pub use trouble::{Trouble, Troubled};

/// Picks from a list of numbers that proptest draws and shrinks; zeros once it is used up.
#[derive(Debug)]
pub struct Choices(VecDeque<u16>);

impl Choices {
    pub fn new(numbers: Vec<u16>) -> Self {
        Self(numbers.into())
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::from(self.0.pop_front().unwrap_or(0)) % limit.max(1)
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent.min(100)
    }
}

/// How unkind the way between carrier and machines is, in percent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    pub lost_events: usize,
    pub repeated_events: usize,
    pub unknown_with_effect: usize,
    pub unknown_without_effect: usize,
}

/// Something on its way to a machine.
#[derive(Clone, Debug)]
pub struct Parcel {
    pub to: Address,
    pub input: Input,
    /// Parcels of one pair keep their order.
    pair: Option<(Address, Address)>,
}

impl Parcel {
    pub fn is_hangup_event(&self) -> bool {
        matches!(&self.input, Input::Event { event, .. } if matches!(event.body, EventBody::CallHangup { .. }))
    }
}

/// What somebody does whom a flow calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Far {
    /// Answers, presses this key when asked, talks until somebody hangs up.
    Talks(&'static str),
    /// The same, and hangs up once connected.
    Leaves(&'static str),
    Busy,
    NoAnswer,
    Rejects,
    Unknown,
    /// Rings, and nobody says when it is over.
    Rings,
    /// Stops ringing for no reason that anybody gives.
    Cancelled,
}

#[derive(Clone, Debug, Default)]
struct CarrierLeg {
    /// The session that its events carry.
    session: String,
    /// How a leg behaves that we dialled.
    far: Option<Far>,
    /// Whom we dialled.
    number: Option<PhoneNumber>,
    /// We have asked for its end.
    let_go: bool,
    /// Whom it talks with.
    bridged: Option<CallControlId>,
    recording: bool,
    /// The leg that it was rung for by a transfer.
    rung_for: Option<CallControlId>,
    answered: bool,
    over: bool,
    client_state: Option<ClientState>,
    room: Option<String>,
}

#[derive(Clone, Debug)]
struct CarrierRoom {
    name: ConferenceName,
    /// The creator's, which every event of the conference carries.
    client_state: Option<ClientState>,
    inside: BTreeSet<CallControlId>,
    ended: bool,
}

pub struct World {
    pub now: Timestamp,
    pub calls: BTreeMap<Address, (CallMachine, u64)>,
    pub rooms: BTreeMap<Address, (ConferenceMachine, u64)>,
    pub queues: BTreeMap<Address, (QueueMachine, u64)>,
    pub way: Vec<Parcel>,
    /// (leg, command) in the order of issue; questions are left out.
    pub commands: Vec<(CallControlId, &'static str)>,
    /// Verb, words and client state of every command that makes a sound or a call.
    pub said: Vec<String>,
    pub created: usize,
    pub faults: Faults,
    /// The carrier's legs ask what to do: they report no answer and no single keys, and have no conference before
    /// somebody is in it.
    pub asks: bool,
    pub choices: Choices,
    /// The flow of every call.
    pub flow: Arc<Flow>,
    pins: BTreeMap<CallControlId, String>,
    /// What callers type at their next prompts; after that what `ring` said.
    pub typed: BTreeMap<CallControlId, VecDeque<String>>,
    /// Who is behind the numbers that flows call; the others are unknown.
    pub phones: BTreeMap<String, Far>,
    /// What a program answers; no answer when empty.
    pub answers: VecDeque<HttpOutcome>,
    /// What a program was asked: address and body.
    pub asked: Vec<(String, String)>,
    /// Whose words are transcribed, and which.
    pub listened: Vec<(CallControlId, Option<String>)>,
    /// What becomes of texts; accepted when empty.
    pub text_results: VecDeque<TextResult>,
    /// Texts that were asked for.
    pub texts: Vec<(PhoneNumber, Text)>,
    /// Commands that the carrier refuses.
    pub refuses: BTreeSet<&'static str>,
    /// Why a conference takes nobody in; it does when absent.
    pub no_entry: Option<RefusalKind>,
    /// The carrier keeps what becomes of a gather to itself: a test tells.
    pub gathers_by_hand: bool,
    /// What strikes while the first caller is in one step.
    pub troubled: Option<Troubled>,
    far_legs: usize,
    /// Legs that some machine was told of.
    told: BTreeSet<CallControlId>,
    legs: BTreeMap<CallControlId, CarrierLeg>,
    conferences: BTreeMap<String, CarrierRoom>,
    executed: BTreeMap<CommandId, Outcome>,
    events: u64,
    applied_hangup: BTreeSet<Address>,
    /// Commands that a call issued after it had applied its hangup.
    pub after_hangup: Vec<&'static str>,
    /// What was stated for the books, and by whom.
    pub facts: Vec<(Address, Fact)>,
}

pub fn leg(n: usize) -> CallControlId {
    CallControlId::new(format!("v3:leg-{n}"))
}

pub fn call(n: usize) -> Address {
    Address::Call(CallSessionId::new(format!("session-{n}")))
}

pub fn room_plan(settings: RoomSettings) -> ConferenceRoute {
    ConferenceRoute {
        name: "test".into(),
        room: RoomChoice::CalledNumber,
        moderators: vec![],
        settings,
        voice: Voice::default(),
    }
}

/// What a call follows that is given this flow.
pub fn plan_of(flow: &Flow) -> CallPlan {
    CallPlan::Flow(Box::new(FlowPlan::new(flow, Limits::default(), String::new())))
}

pub fn pin_plan() -> ConferenceRoute {
    let pins = BTreeMap::from([(
        "1234".to_owned(),
        PinRoom {
            room: "blue".into(),
            moderator: false,
        },
    )]);
    let prompt = PinPrompt {
        pins,
        min_digits: 4,
        max_digits: 8,
        tries: 2,
        timeout_ms: 8_000,
        prompt: "PIN?".into(),
        wrong: "Wrong.".into(),
    };
    ConferenceRoute {
        room: RoomChoice::Pin(prompt),
        ..room_plan(RoomSettings::default())
    }
}

impl World {
    pub fn new(route: ConferenceRoute, choices: Vec<u16>) -> Self {
        Self::with_flow(route.flow().checked().unwrap(), choices)
    }

    pub fn with_flow(flow: Flow, choices: Vec<u16>) -> Self {
        Self {
            now: Timestamp::from_millis(1_000_000),
            calls: BTreeMap::new(),
            rooms: BTreeMap::new(),
            queues: BTreeMap::new(),
            way: vec![],
            commands: vec![],
            said: vec![],
            created: 0,
            faults: Faults::default(),
            asks: false,
            choices: Choices::new(choices),
            flow: Arc::new(flow),
            pins: BTreeMap::new(),
            typed: BTreeMap::new(),
            phones: BTreeMap::new(),
            answers: VecDeque::new(),
            asked: vec![],
            listened: vec![],
            text_results: VecDeque::new(),
            texts: vec![],
            refuses: BTreeSet::new(),
            no_entry: None,
            gathers_by_hand: false,
            troubled: None,
            far_legs: 0,
            told: BTreeSet::new(),
            legs: BTreeMap::new(),
            conferences: BTreeMap::new(),
            executed: BTreeMap::new(),
            events: 0,
            applied_hangup: BTreeSet::new(),
            after_hangup: vec![],
            facts: vec![],
        }
    }

    /// Caller `n` rings; types `pin` at every prompt.
    pub fn ring(&mut self, n: usize, pin: &str) {
        self.pins.insert(leg(n), pin.to_owned());
        self.ring_from(n, PhoneNumber::new(format!("+1555010{n:04}")));
    }

    /// Caller `n` rings with a number of its own.
    pub fn ring_from(&mut self, n: usize, from: PhoneNumber) {
        let session = format!("session-{n}");
        let rings = CarrierLeg {
            session,
            ..CarrierLeg::default()
        };
        self.legs.insert(leg(n), rings);
        let body = EventBody::CallInitiated {
            direction: Direction::Incoming,
            from,
            to: "+15550200000".into(),
        };
        self.emit(&leg(n), None, body);
    }

    /// Caller `n` hangs up, unless the leg is over already.
    pub fn hang_up(&mut self, n: usize) {
        self.end_leg(&leg(n), HangupSource::Caller);
    }

    /// Whether the carrier has nothing left of us.
    /// A leg is in a conference that the room does not know.
    pub fn joined_elsewhere(&mut self, room: &Address, leg: &CallControlId, id: &str) {
        self.events += 1;
        let event = Event {
            id: EventId::new(format!("event-{}", self.events)),
            occurred_at: None,
            connection: None,
            session: None,
            leg: Some(leg.clone()),
            leg_uuid: None,
            conference: Some(id.into()),
            client_state: None,
            body: EventBody::ParticipantJoined,
        };
        let event = Box::new(event);
        let input = Input::Event { event, plan: None };
        let (to, pair) = (room.clone(), None);
        self.deliver(Parcel { to, input, pair });
    }

    /// Nothing that is on its way from the carrier arrives.
    pub fn lose_events(&mut self) {
        self.way
            .retain(|parcel| !matches!(parcel.input, Input::Event { .. }));
    }

    pub fn carrier_is_empty(&self) -> bool {
        self.legs.values().all(|leg| leg.over) && self.conferences.values().all(|room| room.ended)
    }

    /// Whether the carrier has nothing left that anybody here could know of. A leg whose dial and whose every event were
    /// lost is the carrier's own time limit's, and the reconciler's.
    pub fn nothing_known_is_left(&self) -> bool {
        let known = |id: &CallControlId| self.told.contains(id);
        self.legs.iter().all(|(id, leg)| leg.over || !known(id)) && self.live_rooms() == 0
    }

    /// How many of those whom flows called have answered and not hung up.
    pub fn far_talks(&self) -> usize {
        let up = |leg: &&CarrierLeg| leg.far.is_some() && leg.answered && !leg.over;
        self.legs.values().filter(up).count()
    }

    /// Legs at the phone of each number that we dialled, know of and still want.
    pub fn wanted_legs(&self) -> BTreeMap<PhoneNumber, usize> {
        let mut wanted = BTreeMap::new();
        for (id, leg) in &self.legs {
            if let Some(number) = leg.number.clone()
                && !leg.over
                && !leg.let_go
                && self.told.contains(id)
            {
                *wanted.entry(number).or_insert(0) += 1;
            }
        }
        wanted
    }

    pub fn live_rooms(&self) -> usize {
        self.conferences.values().filter(|room| !room.ended).count()
    }

    pub fn inside(&self, n: usize) -> bool {
        self.conferences
            .values()
            .any(|room| !room.ended && room.inside.contains(&leg(n)))
    }

    pub fn machine(&self, n: usize) -> &CallMachine {
        &self.calls[&call(n)].0
    }

    pub fn all_over(&self) -> bool {
        self.calls.values().all(|(machine, _)| machine.is_terminal())
            && self.rooms.values().all(|(machine, _)| machine.is_terminal())
            && self.queues.values().all(|(machine, _)| machine.is_terminal())
    }

    /// Delivers one parcel chosen at random; false when nothing is on its way. Messages of a pair keep their order.
    pub fn step(&mut self, hangups_last: bool) -> bool {
        let mut seen_pairs = BTreeSet::new();
        let mut eligible: Vec<usize> = vec![];
        for (at, parcel) in self.way.iter().enumerate() {
            let first_of_pair = parcel
                .pair
                .as_ref()
                .is_none_or(|pair| seen_pairs.insert(pair.clone()));
            if first_of_pair && !(hangups_last && parcel.is_hangup_event()) {
                eligible.push(at);
            }
        }
        if eligible.is_empty() && hangups_last {
            return self.step_hangup();
        }
        if eligible.is_empty() {
            return false;
        }
        let at = eligible[self.choices.below(eligible.len())];
        let parcel = self.way.remove(at);
        self.deliver(parcel);
        true
    }

    fn step_hangup(&mut self) -> bool {
        match self.way.iter().position(Parcel::is_hangup_event) {
            Some(at) => {
                let parcel = self.way.remove(at);
                self.deliver(parcel);
                true
            }
            None => false,
        }
    }

    /// Delivers in order of sending until nothing is on its way.
    pub fn run_in_order(&mut self) {
        while !self.way.is_empty() {
            let parcel = self.way.remove(0);
            self.deliver(parcel);
        }
    }

    pub fn run_shuffled(&mut self, hangups_last: bool) {
        while self.step(hangups_last) {}
    }

    /// Lets time pass until the next deadline of anybody and offers it; false when nobody waits for one.
    pub fn next_deadline(&mut self) -> bool {
        let next = self
            .calls
            .iter()
            .map(|(a, (m, _))| (m.next_deadline(), a))
            .chain(self.rooms.iter().map(|(a, (m, _))| (m.next_deadline(), a)))
            .chain(self.queues.iter().map(|(a, (m, _))| (m.next_deadline(), a)))
            .filter_map(|(at, a)| Some((at?, a.clone())))
            .min();
        let Some((at, address)) = next else { return false };
        self.now = self.now.max(at);
        self.deliver(Parcel {
            to: address,
            input: Input::Deadline,
            pair: None,
        });
        true
    }

    pub fn deliver(&mut self, parcel: Parcel) {
        self.now = self.now + Duration::from_millis(1);
        let hangup = self.ends_its_call(&parcel);
        match &parcel.input {
            Input::Event { event, .. } => self.told.extend(event.leg.clone()),
            Input::Outcome {
                outcome: Outcome::Accepted(Answer::Dialled { leg, .. }),
                ..
            } => drop(self.told.insert(leg.clone())),
            _ => {}
        }
        let mut effects = self.apply(&parcel.to, parcel.input);
        // What a turn states is known before anything of it reaches the carrier.
        effects.sort_by_key(|(_, _, effect)| !matches!(effect, Effect::Fact(_)));
        for effect in effects {
            self.follow(&parcel.to, effect);
        }
        if hangup {
            self.applied_hangup.insert(parcel.to);
        }
        self.strike();
    }

    /// The hangup of the caller's own leg, not of somebody's whom the call dialled.
    fn ends_its_call(&self, parcel: &Parcel) -> bool {
        let Input::Event { event, .. } = &parcel.input else {
            return false;
        };
        let leg = event.leg.as_ref().and_then(|leg| self.legs.get(leg));
        parcel.is_hangup_event() && leg.is_some_and(|leg| leg.far.is_none())
    }

    fn apply(&mut self, to: &Address, input: Input) -> Vec<(u64, usize, Effect)> {
        fn turn<M: Machine>(
            m: &mut (M, u64),
            (to, now, flow): (&Address, Timestamp, &Arc<Flow>),
            input: Input,
        ) -> Vec<Effect> {
            m.1 += 1;
            let context = Context {
                address: to.clone(),
                seq: m.1,
                now,
                salt: 0,
            };
            let mut fx = Effects::new(context, m.0.incarnation()).following(Some(Arc::clone(flow)));
            // What is journalled must come back the same: every turn starts from the serialised state.
            m.0 = serde_json::from_slice(&serde_json::to_vec(&m.0).unwrap()).unwrap();
            m.0.handle(input, &mut fx);
            fx.into_list()
        }
        let (seq, list) = match to {
            Address::Call(_) => {
                let machine = self.calls.entry(to.clone()).or_default();
                let list = turn(machine, (to, self.now, &self.flow), input);
                (machine.1, list)
            }
            Address::Conference(_) => {
                let machine = self.rooms.entry(to.clone()).or_default();
                let list = turn(machine, (to, self.now, &self.flow), input);
                (machine.1, list)
            }
            Address::Queue(_) => {
                let machine = self.queues.entry(to.clone()).or_default();
                let list = turn(machine, (to, self.now, &self.flow), input);
                (machine.1, list)
            }
            Address::Sms(_) => (0, vec![]),
        };
        list.into_iter()
            .enumerate()
            .map(|(index, effect)| (seq, index, effect))
            .collect()
    }

    fn follow(&mut self, from: &Address, (seq, index, effect): (u64, usize, Effect)) {
        match effect {
            Effect::Command(issued) => self.command(from, *issued),
            Effect::Send {
                to: Address::Sms(_),
                body: Message::TextRequest { key, to, text, .. },
            } => {
                self.texts.push((to, text));
                let Some(result) = self.text_result() else { return };
                let input = Input::Message {
                    from: Address::Sms("+15550200000".into()),
                    seq: self.texts.len() as u64,
                    index: 0,
                    body: Message::TextResult { key, result },
                };
                self.parcel(from, input);
            }
            Effect::Send { to, body } => {
                let index = u32::try_from(index).unwrap();
                let input = Input::Message {
                    from: from.clone(),
                    seq,
                    index,
                    body,
                };
                let pair = Some((from.clone(), to.clone()));
                self.way.push(Parcel { to, input, pair });
            }
            Effect::Http(request) => {
                let unreachable = HttpOutcome::Unknown {
                    why: "connect".into(),
                };
                let outcome = self.answers.pop_front().unwrap_or(unreachable);
                self.asked
                    .push((request.url.clone(), request.body.expose().to_owned()));
                let request = request.id;
                self.parcel(from, Input::HttpOutcome { request, outcome });
            }
            Effect::Fact(fact) => self.facts.push((from.clone(), *fact)),
            Effect::Settle { .. } | Effect::Ended { .. } => {}
        }
    }

    pub fn parcel(&mut self, to: &Address, input: Input) {
        self.way.push(Parcel {
            to: to.clone(),
            input,
            pair: None,
        });
    }

    fn command(&mut self, from: &Address, issued: Issued) {
        let name = issued.command.name();
        let query = matches!(issued.command, Command::Query(_));
        if !query {
            let about = issued.command.leg().cloned().unwrap_or_else(|| leg(999));
            self.commands.push((about, name));
            if ["speak", "dial", "gather", "gather_using_speak"].contains(&name) {
                self.said
                    .push(format!("{:?} {:?}", issued.command, issued.client_state));
            }
            if self.applied_hangup.contains(from) {
                self.after_hangup.push(name);
            }
        }
        // The outbox sends a hangup for two minutes; past that the carrier's own limit ends a leg that we dialled.
        let ends_far = issued.command.is_hangup()
            && issued
                .command
                .leg()
                .is_some_and(|leg| self.legs.get(leg).is_some_and(|leg| leg.far.is_some()));
        let may_fail = !query && !ends_far;
        if let Some(leg) = issued.command.leg().filter(|_| issued.command.is_hangup())
            && let Some(leg) = self.legs.get_mut(leg)
        {
            leg.let_go = true;
        }
        let lost_before = may_fail && self.choices.chance(self.faults.unknown_without_effect);
        let outcome = if lost_before {
            Outcome::Unknown {
                why: "timeout".into(),
            }
        } else {
            let outcome = self.execute(&issued);
            self.executed.insert(issued.id.clone(), outcome.clone());
            if !query && self.choices.chance(self.faults.unknown_with_effect) {
                Outcome::Unknown {
                    why: "timeout".into(),
                }
            } else {
                outcome
            }
        };
        let input = Input::Outcome {
            command: issued.id,
            outcome,
        };
        self.way.push(Parcel {
            to: from.clone(),
            input,
            pair: None,
        });
    }
}

/// How many cases a property runs: `CORDBOARD_PROPERTY_CASES`, or few enough for every `cargo test`.
#[allow(clippy::disallowed_methods)]
pub fn cases() -> u32 {
    std::env::var("CORDBOARD_PROPERTY_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(512)
}
