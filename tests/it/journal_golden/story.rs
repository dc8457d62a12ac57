//! The story that a golden journal tells: callers in every state, by a carrier that keeps some of them waiting.
//!
//! The same calls, times and events at every run; only the journal's salt, and with it the ids of commands, differ.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cordboard::journal::{JournalSettings, SqliteJournal};
use cordboard_actors::delivery::{Delivery, Receipt};
use cordboard_actors::ports::{Carrier, Clock, Jitter};
use cordboard_actors::telemetry::Telemetry;
use cordboard_actors::{House, HouseSettings, Ports};
use cordboard_core::command::leg::RejectCause;
use cordboard_core::event::{Direction, GatherStatus};
use cordboard_core::flow::{ConferenceRoute, PinRoom};
use cordboard_core::outcome::ConferenceView;
use cordboard_core::plan::{PinPrompt, Voice};
use cordboard_core::{
    Address, Answer, Attempt, CallControlId, CallPlan, CallSessionId, ClientState, Command, Digits, Event,
    EventBody, FlowPlan, HangupCause, HangupSource, Input, Issued, Limits, OperatorRequest, RoomChoice,
    RoomSettings, Timestamp,
};
use cordboard_observability::metrics::Metrics;
use cordboard_observability::traces::Tracer;

/// When the story begins.
const BEGAN: u64 = 1_790_000_000_000;
/// Hash of a flow file that is kept from the beginning.
pub(crate) const FLOW: &str = "6f1ed002ab5595859014ebf0951522d9";
/// From one input to the next.
const BEAT_MS: u64 = 100;

/// Everybody in the story.
pub(crate) fn addresses() -> Vec<Address> {
    let rooms = ["demo", "slow", "past"].map(|name| Address::Conference(name.into()));
    (1..=15).map(call).chain(rooms).collect()
}

/// Tells the story into a new journal in this directory.
pub(crate) async fn tell(directory: &Path) {
    let stage = Stage::open(directory, BEGAN).await;
    stage
        .house
        .journal
        .keep_flow(FLOW, Bytes::from_static(b"flow = \"golden\"\n"));
    talking(&stage).await;
    answering(&stage).await;
    choosing(&stage).await;
    joining(&stage).await;
    ending(&stage).await;
    stage.close().await;
}

/// 1 and 3 talk in `demo`, 2 did and has left.
async fn talking(stage: &Stage) {
    for n in 1..=3 {
        stage.brings_in(n, "demo").await;
    }
    stage.leaves(2, "demo", "conference-1").await;
    stage.tells(2, "hangup", hangup()).await;
}

/// 4: nobody knows whether it was answered. 5: it is about to be. 8: its beginning is missing. 12: is refused.
async fn answering(stage: &Stage) {
    stage.carrier.holds("answer");
    stage.rings(4, room("demo")).await;
    stage.rings(5, room("demo")).await;
    let digit = Digits::new("5");
    stage.tells(8, "key", EventBody::DtmfReceived { digit }).await;
    stage
        .rings_with(12, CallPlan::Reject(RejectCause::UserBusy))
        .await;
}

/// 6 is asked for a PIN. 11 gave two wrong ones and hears that it was no use.
async fn choosing(stage: &Stage) {
    for n in [6, 11] {
        stage.rings(n, pin()).await;
        stage.answers(n).await;
    }
    for (count, digits) in ["0000", "1111"].into_iter().enumerate() {
        let body = EventBody::GatherEnded {
            digits: Digits::new(digits),
            status: GatherStatus::Valid,
        };
        stage.tells(11, &format!("gather-{count}"), body).await;
    }
}

/// 7 is on its way into `demo`; 13 waits for a conference that is being made.
async fn joining(stage: &Stage) {
    for (n, name, held) in [(7, "demo", "conference_join"), (13, "slow", "conference_create")] {
        stage.rings(n, room(name)).await;
        stage.carrier.holds(held);
        stage.answers(n).await;
    }
}

/// 9 is being hung up. 10 never waited. 14 was in a conference that is over; 15 is in the next one of that room.
async fn ending(stage: &Stage) {
    stage.brings_in(9, "demo").await;
    stage.carrier.holds("hangup");
    stage
        .applies(&call(9), Input::Operator(OperatorRequest::Hangup))
        .await;
    stage.rings(10, room("demo")).await;
    stage.tells(10, "hangup", hangup()).await;
    stage.brings_in(14, "past").await;
    stage.leaves(14, "past", "conference-14").await;
    stage.tells(14, "hangup", hangup()).await;
    stage.ends("past", "conference-14").await;
    stage.brings_in(15, "past").await;
}

/// A house over a journal on disk, whose time goes on by hand.
pub(crate) struct Stage {
    pub(crate) house: Arc<House>,
    carrier: Arc<StageCarrier>,
    clock: Arc<StageClock>,
}

struct StageClock(AtomicU64);

impl Clock for StageClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

struct NoJitter;

impl Jitter for NoJitter {
    fn next(&self) -> f64 {
        0.0
    }
}

/// Takes everything but what it is told to keep waiting.
#[derive(Default)]
struct StageCarrier {
    held: Mutex<Vec<&'static str>>,
    holding: AtomicUsize,
    states: Mutex<HashMap<String, ClientState>>,
}

impl StageCarrier {
    /// The next command of this name is never answered.
    fn holds(&self, name: &'static str) {
        self.held.lock().unwrap().push(name);
    }
}

#[async_trait]
impl Carrier for StageCarrier {
    fn name(&self) -> &'static str {
        "stage"
    }

    async fn attempt(&self, issued: &Issued) -> Attempt {
        let name = issued.command.name();
        if let (Command::Leg { leg, .. }, Some(state)) = (&issued.command, &issued.client_state) {
            let mut states = self.states.lock().unwrap();
            states.insert(leg.to_string(), state.clone());
        }
        let held = {
            let mut held = self.held.lock().unwrap();
            let found = held.iter().position(|held| *held == name);
            found.map(|place| held.remove(place))
        };
        if held.is_some() {
            self.holding.fetch_add(1, Ordering::SeqCst);
            return std::future::pending().await;
        }
        Attempt::Accepted(match &issued.command {
            Command::CreateConference(create) => Answer::Conference(ConferenceView {
                id: conference_of(&create.leg.to_string()).as_str().into(),
                name: create.name.clone(),
                live: true,
                connection: None,
            }),
            _ => Answer::Done,
        })
    }
}

fn conference_of(leg: &str) -> String {
    leg.replace("v3:leg", "conference")
}

impl Stage {
    /// A house over the journal in `directory`, at this time; finds everybody asleep.
    pub(crate) async fn open(directory: &Path, now_ms: u64) -> Self {
        let settings = JournalSettings {
            ballast_bytes: 0,
            ..JournalSettings::new(directory)
        };
        let (metrics, fault) = (Metrics::default(), Arc::new(|fault: &_| panic!("{fault}")));
        let journal = SqliteJournal::open(&settings, metrics.clone(), fault).unwrap();
        let (carrier, clock) = (
            Arc::new(StageCarrier::default()),
            Arc::new(StageClock(now_ms.into())),
        );
        let ports = Ports {
            backend: Arc::new(cordboard_actors::ports::NoBackend),
            carrier: Arc::clone(&carrier) as _,
            quarantine: Arc::new(cordboard_actors::quarantine::MemoryQuarantine::default()),
            journal: Arc::new(journal),
            clock: Arc::clone(&clock) as _,
            jitter: Arc::new(NoJitter),
            metrics: metrics.clone(),
            telemetry: Telemetry::new(Tracer::disabled(), metrics, "stage"),
        };
        let house = House::open(ports, HouseSettings::default(), None).await.unwrap();
        house.recover().await.unwrap();
        Self {
            house,
            carrier,
            clock,
        }
    }

    /// Applies an input and waits until everything that follows from it has happened.
    pub(crate) async fn applies(&self, to: &Address, input: Input) {
        self.clock.0.fetch_add(BEAT_MS, Ordering::SeqCst);
        let (delivery, receipt) = Delivery::new(input);
        self.house.registry.deliver(&self.house, to, delivery);
        let receipt = receipt.await;
        assert!(matches!(receipt, Ok(Receipt::Committed(_))), "{to}: {receipt:?}");
        let waits = || self.house.outbox.unsettled() > self.carrier.holding.load(Ordering::SeqCst);
        let settled = async {
            while waits() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), settled)
            .await
            .expect("something never settles");
    }

    /// Stops, as a process does whose callers stay on the line. What is still under way ends with the runtime.
    pub(crate) async fn close(self) {
        self.house.close(Duration::from_millis(1)).await;
    }

    pub(crate) async fn tells(&self, n: usize, kind: &str, body: EventBody) {
        let event = self.event(n, kind, body);
        self.applies(&call(n), Input::Event { event, plan: None }).await;
    }

    pub(crate) async fn leaves(&self, n: usize, room: &str, conference: &str) {
        self.in_room(n, room, conference, "left", EventBody::ParticipantLeft)
            .await;
    }

    pub(crate) async fn ends(&self, room: &str, conference: &str) {
        let body = EventBody::ConferenceEnded {
            reason: cordboard_core::event::ConferenceEndReason::AllLeft,
        };
        self.in_room(0, room, conference, &format!("ended-{conference}"), body)
            .await;
    }

    async fn rings(&self, n: usize, room: RoomChoice) {
        let flow = Arc::new(route(room).flow());
        self.house.keep_flow(&flow);
        let plan = FlowPlan::new(&flow, Limits::default(), String::new());
        self.rings_with(n, CallPlan::Flow(Box::new(plan))).await;
    }

    async fn rings_with(&self, n: usize, plan: CallPlan) {
        let body = EventBody::CallInitiated {
            direction: Direction::Incoming,
            from: format!("+1555010{n:04}").as_str().into(),
            to: "+15550200001".into(),
        };
        let (event, plan) = (self.event(n, "initiated", body), Some(plan));
        self.applies(&call(n), Input::Event { event, plan }).await;
    }

    async fn answers(&self, n: usize) {
        self.tells(n, "answered", EventBody::CallAnswered { from: None, to: None })
            .await;
    }

    /// Caller `n` rings and talks; the first of a room has a conference made.
    async fn brings_in(&self, n: usize, name: &str) {
        self.rings(n, room(name)).await;
        self.answers(n).await;
        let address = Address::Conference(name.into());
        let handles = self.house.journal.sleepers().await.unwrap();
        let handles = handles.into_iter().find(|sleeper| sleeper.address == address);
        let conference = handles
            .into_iter()
            .flat_map(|sleeper| sleeper.handles)
            .find_map(|handle| match handle {
                cordboard_core::Handle::Conference(id) => Some(id.to_string()),
                cordboard_core::Handle::Leg(_) => None,
            })
            .expect("the room has a conference");
        if conference == format!("conference-{n}") {
            self.in_room(n, name, &conference, "created", EventBody::ConferenceCreated)
                .await;
        }
        self.in_room(n, name, &conference, "joined", EventBody::ParticipantJoined)
            .await;
    }

    async fn in_room(&self, n: usize, room: &str, conference: &str, kind: &str, body: EventBody) {
        let mut event = self.event(n, kind, body);
        event.conference = Some(conference.into());
        let room = Address::Conference(room.into());
        self.applies(&room, Input::Event { event, plan: None }).await;
    }

    fn event(&self, n: usize, kind: &str, body: EventBody) -> Box<Event> {
        let leg = CallControlId::new(format!("v3:leg-{n}"));
        let client_state = self.carrier.states.lock().unwrap().get(&leg.to_string()).cloned();
        Box::new(Event {
            id: format!("{kind}-{n}").as_str().into(),
            occurred_at: Some(self.clock.now()),
            connection: Some("connection-1".into()),
            session: Some(session(n)),
            leg: Some(leg),
            leg_uuid: None,
            conference: None,
            client_state,
            body,
        })
    }
}

pub(crate) fn hangup() -> EventBody {
    EventBody::CallHangup {
        cause: HangupCause::NormalClearing,
        source: HangupSource::Caller,
        sip_code: Some("200".into()),
    }
}

pub(crate) fn call(n: usize) -> Address {
    Address::Call(session(n))
}

fn session(n: usize) -> CallSessionId {
    CallSessionId::new(format!("golden-{n}"))
}

fn route(room: RoomChoice) -> ConferenceRoute {
    ConferenceRoute {
        name: "conference".into(),
        room,
        moderators: vec!["+15550100001".into()],
        settings: RoomSettings::default(),
        voice: Voice::default(),
    }
}

fn room(name: &str) -> RoomChoice {
    RoomChoice::Named(name.into())
}

fn pin() -> RoomChoice {
    let blue = PinRoom {
        room: "blue".into(),
        moderator: true,
    };
    RoomChoice::Pin(PinPrompt {
        pins: [("4711".to_owned(), blue)].into(),
        min_digits: 4,
        max_digits: 8,
        tries: 2,
        timeout_ms: 8_000,
        prompt: "Please enter your PIN.".into(),
        wrong: "Unknown PIN.".into(),
    })
}
