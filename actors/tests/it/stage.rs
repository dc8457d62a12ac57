//! A house on a stage: a scripted carrier, a journal that can stall and fail, a clock that follows tokio's.
//!
//! Used by every test here. With paused time a test sees the house's own time limits to the millisecond.
#![allow(clippy::unwrap_used)]

mod carrier;
mod journal;

use std::sync::Arc;
use std::time::Duration;

use cordboard_actors::delivery::{Delivery, Receipt};
use cordboard_actors::house::FaultHook;
use cordboard_actors::journal::{Journal, Record};
use cordboard_actors::ports::{Clock, Jitter};
use cordboard_actors::quarantine::MemoryQuarantine;
use cordboard_actors::router::RouteTable;
use cordboard_actors::telemetry::Telemetry;
use cordboard_actors::{House, HouseSettings, Occupancy, Ports};
use cordboard_core::command::leg::{LegAction, Speak};
use cordboard_core::event::Direction;
use cordboard_core::flow::ConferenceRoute;
use cordboard_core::plan::Voice;
use cordboard_core::{
    Address, CallControlId, CallPlan, CallSessionId, Command, Event, EventBody, Flow, FlowPlan, HangupCause,
    HangupSource, Input, Limits, OperatorRequest, RoomChoice, RoomSettings, Timestamp,
};
use cordboard_observability::metrics::Metrics;
use cordboard_observability::traces::Tracer;
use tokio::sync::oneshot;

pub(crate) use carrier::{Reply, Sent, StageCarrier, accepted, in_doubt, refused, try_later};
pub(crate) use journal::StageJournal;

/// No test waits longer for anything; with paused time it passes in a moment.
const PATIENCE: Duration = Duration::from_secs(600);

/// A house and everything behind its ports.
pub(crate) struct Stage {
    pub(crate) house: Arc<House>,
    pub(crate) journal: Arc<StageJournal>,
    pub(crate) quarantine: Arc<MemoryQuarantine>,
    pub(crate) carrier: Arc<StageCarrier>,
    /// Deadlines that new calls get.
    pub(crate) limits: Limits,
    clock: StageClock,
}

/// The wall clock, in step with tokio's: paused when that is.
#[derive(Clone, Copy)]
struct StageClock(tokio::time::Instant);

impl Clock for StageClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000) + self.0.elapsed()
    }
}

/// Always the shortest pause.
struct NoJitter;

impl Jitter for NoJitter {
    fn next(&self) -> f64 {
        0.0
    }
}

impl Stage {
    pub(crate) async fn open() -> Self {
        Self::with(None).await
    }

    pub(crate) async fn with(fault: Option<FaultHook>) -> Self {
        let clock = StageClock(tokio::time::Instant::now());
        Self::over(Arc::new(StageJournal::start()), Arc::default(), clock, fault).await
    }

    /// The house closes, and another opens over its journal.
    pub(crate) async fn again(self) -> Self {
        self.again_after(Duration::ZERO).await
    }

    /// The same, after a while in which nobody was there.
    pub(crate) async fn again_after(self, pause: Duration) -> Self {
        self.house.close(Duration::from_millis(1)).await;
        tokio::time::advance(pause).await;
        let next = Self::over(self.journal, self.quarantine, self.clock, None).await;
        next.house.recover().await.unwrap();
        next
    }

    async fn over(
        journal: Arc<StageJournal>,
        quarantine: Arc<MemoryQuarantine>,
        clock: StageClock,
        fault: Option<FaultHook>,
    ) -> Self {
        let carrier = Arc::new(StageCarrier::default());
        let metrics = Metrics::default();
        let ports = Ports {
            carrier: Arc::clone(&carrier) as _,
            backend: Arc::new(cordboard_actors::ports::NoBackend),
            journal: Arc::clone(&journal) as _,
            quarantine: Arc::clone(&quarantine) as _,
            clock: Arc::new(clock),
            jitter: Arc::new(NoJitter),
            metrics: metrics.clone(),
            telemetry: Telemetry::new(Tracer::disabled(), metrics, "stage"),
        };
        let house = House::open(ports, HouseSettings::default(), fault).await.unwrap();
        house.keep_flow(&Arc::new(flow()));
        Self {
            house,
            journal,
            quarantine,
            carrier,
            clock,
            limits: Limits::default(),
        }
    }

    /// Hands an input over; the receiver tells what became of it.
    pub(crate) fn deliver(&self, to: &Address, input: Input) -> oneshot::Receiver<Receipt> {
        let (delivery, receipt) = Delivery::new(input);
        self.house.registry.deliver(&self.house, to, delivery);
        receipt
    }

    /// Hands an input over and waits for its receipt; `None` when the receipt was dropped.
    pub(crate) async fn apply(&self, to: &Address, input: Input) -> Option<Receipt> {
        patiently(self.deliver(to, input)).await.ok()
    }

    /// Hands an input over and insists on a record.
    pub(crate) async fn record(&self, to: &Address, input: Input) {
        let receipt = self.apply(to, input).await;
        assert!(
            matches!(receipt, Some(Receipt::Committed(_))),
            "{to}: {receipt:?}"
        );
    }

    /// Caller `n` rings, and the carrier has taken the answer.
    pub(crate) async fn ring(&self, n: usize) {
        let before = self.carrier.count("answer");
        self.record(&call(n), self.initiated(n)).await;
        self.carrier.seen("answer", before + 1).await;
        self.until("the answer is settled", || self.house.outbox.unsettled() == 0)
            .await;
    }

    pub(crate) fn initiated(&self, n: usize) -> Input {
        let body = EventBody::CallInitiated {
            direction: Direction::Incoming,
            from: "+15550100001".into(),
            to: "+15550200002".into(),
        };
        Input::Event {
            event: Box::new(event(n, "initiated", body)),
            plan: Some(self.plan()),
        }
    }

    /// What every caller gets.
    pub(crate) fn plan(&self) -> CallPlan {
        let flow = flow();
        CallPlan::Flow(Box::new(FlowPlan::new(&flow, self.limits, String::new())))
    }

    /// Labels of what an entity's records contain, oldest first; events by their name.
    pub(crate) async fn causes(&self, address: &Address) -> Vec<&'static str> {
        self.history(address).await.iter().map(cause).collect()
    }

    pub(crate) async fn history(&self, address: &Address) -> Vec<Record> {
        self.journal.history(address).await.unwrap()
    }

    /// Waits until something is so; time goes by meanwhile.
    pub(crate) async fn until(&self, what: &str, so: impl Fn() -> bool) {
        let wait = async {
            while !so() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .unwrap_or_else(|_| panic!("it never came to be that {what}"));
    }

    /// Waits until nothing is in memory.
    pub(crate) async fn empties(&self) {
        assert_eq!(self.house.settle(PATIENCE).await, Occupancy::default());
    }
}

/// Gives everybody the same.
pub(crate) struct Everybody(pub(crate) CallPlan);

impl RouteTable for Everybody {
    fn plan(&self, _event: &Event) -> CallPlan {
        self.0.clone()
    }
}

fn cause(record: &Record) -> &'static str {
    match &record.cause {
        Input::Event { event, .. } => event.body.label(),
        other => other.label(),
    }
}

/// What every caller gets: the room `stage`.
pub(crate) fn flow() -> Flow {
    let route = ConferenceRoute {
        name: "stage".into(),
        room: RoomChoice::Named("stage".into()),
        moderators: vec![],
        settings: RoomSettings::default(),
        voice: Voice::default(),
    };
    route.flow()
}

pub(crate) async fn patiently<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("a test waited too long")
}

/// Lets everything run that can run without time going by.
pub(crate) async fn breathe() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

pub(crate) fn call(n: usize) -> Address {
    Address::Call(session(n))
}

pub(crate) fn session(n: usize) -> CallSessionId {
    CallSessionId::new(format!("session-{n}"))
}

pub(crate) fn leg(n: usize) -> CallControlId {
    CallControlId::new(format!("v3:leg-{n}"))
}

pub(crate) fn room() -> Address {
    Address::Conference("stage".into())
}

pub(crate) fn event(n: usize, kind: &str, body: EventBody) -> Event {
    Event {
        id: format!("{kind}-{n}").as_str().into(),
        occurred_at: None,
        connection: None,
        session: Some(session(n)),
        leg: Some(leg(n)),
        leg_uuid: None,
        conference: None,
        client_state: None,
        body,
    }
}

fn bare(event: Event) -> Input {
    Input::Event {
        event: Box::new(event),
        plan: None,
    }
}

pub(crate) fn answered(n: usize) -> Input {
    bare(event(
        n,
        "answered",
        EventBody::CallAnswered { from: None, to: None },
    ))
}

/// The `count`-th key of caller `n`: an event that changes nothing.
pub(crate) fn key(n: usize, count: usize) -> Input {
    let body = EventBody::DtmfReceived {
        digit: cordboard_core::Digits::new("1"),
    };
    bare(event(n, &format!("key-{count}"), body))
}

pub(crate) fn hung_up(n: usize) -> Input {
    let body = EventBody::CallHangup {
        cause: HangupCause::NormalClearing,
        source: HangupSource::Caller,
        sip_code: None,
    };
    bare(event(n, "hangup", body))
}

pub(crate) fn speak(n: usize, text: &str) -> Input {
    let command = Command::Leg {
        leg: leg(n),
        action: LegAction::Speak(Speak::new(text, "female")),
    };
    Input::Operator(OperatorRequest::Issue(Box::new(command)))
}
