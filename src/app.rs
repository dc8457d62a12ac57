//! The wiring: which carrier, which journal, which doors. The one place where rooms are chosen and joined.
//!
//! The command line starts an [`App`] from a [`Config`] and stops it; tests do the same on free ports.

mod asking;
mod bookkeeping;
mod boot_guard;
mod carriers;
mod door_metrics;
mod numbers;
mod originating;
mod quarantine;
mod reloading;
mod retelling;
mod sweeping;
mod system;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordboard_actors::boot_guard::BootGuard;
use cordboard_actors::house::{FaultHook, Recovered};
use cordboard_actors::journal::{AppendError, Journal, MemoryJournal};
use cordboard_actors::ports::{Carrier, Clock, Quarantine};
use cordboard_actors::quarantine::MemoryQuarantine;
use cordboard_actors::reconciler::Reconciler;
use cordboard_actors::router::{Admission, RouteTable, Router};
use cordboard_actors::telemetry::Telemetry;
use cordboard_actors::{House, HouseSettings, Occupancy, Ports};
use cordboard_core::sms::plan::NumberPlan;
use cordboard_core::{CallPlan, Event, EventBody, PhoneNumber};
use cordboard_observability::metrics::Metrics;
use cordboard_observability::traces::Tracer;
use thiserror::Error;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::api;
use crate::backend::BackendClient;
use crate::carriers::BaseUrlError;
use crate::carriers::telnyx::{KeyError, SettingsError};
use crate::carriers::twilio::{CredentialsError, PublicUrlError, TokenError};
use crate::config::{Config, ConfigError};
use crate::http::operator::AccessRefused;
use crate::http::{
    DoorEvents, Listener, OperatorDoor, Readiness, Stopped, WebhookDoor, WebhookPorts, WebhookRoute,
};
use crate::records::Books;
use bookkeeping::Keeper;
pub use boot_guard::WakingFile;
use door_metrics::DoorMetrics;
use originating::Originating;
pub use quarantine::{QuarantineError, QuarantineFile};
use reloading::OpenFlows;
use system::{SteadyClock, SystemClock, SystemJitter};

/// What the wiring needs besides the configuration.
#[derive(Clone)]
pub struct Surroundings {
    /// Counters; the operator door shows them.
    pub metrics: Metrics,
    /// Spans.
    pub tracer: Tracer,
    /// Where records go; in memory, and lost with the process, when absent.
    pub journal: Option<Arc<dyn Journal>>,
    /// What is set aside; in memory, and lost with the process, when absent.
    pub quarantine: Option<Arc<dyn Quarantine>>,
    /// Where rows of what happened go; nowhere when absent.
    pub records: Option<Arc<dyn Books>>,
    /// Watches over the first moments of a start; nobody does when absent.
    pub boot_guard: Option<Arc<dyn BootGuard>>,
    /// Where it is noted how far the collector has our spans; after a start without a note nothing is told again.
    pub trace_note: Option<PathBuf>,
    /// Makes chosen inputs panic; for tests.
    pub fault: Option<FaultHook>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            metrics: Metrics::default(),
            tracer: Tracer::disabled(),
            journal: None,
            quarantine: None,
            records: None,
            boot_guard: None,
            trace_note: None,
            fault: None,
        }
    }
}

/// A running orchestrator.
pub struct App {
    house: Arc<House>,
    router: Arc<Router>,
    flows: Arc<OpenFlows>,
    carrier_door: Arc<WebhookDoor>,
    asking: Option<carriers::Asking>,
    addresses: Addresses,
    doors: Vec<JoinHandle<Stopped>>,
    /// What works beside the calls: the comparison with the carrier, the sweeper.
    background: Vec<JoinHandle<()>>,
    keeper: Option<Keeper>,
    /// Readiness is off.
    leaving: CancellationToken,
    /// The doors are closing.
    closing: CancellationToken,
    notice: Duration,
    deadline: Duration,
}

/// Where the doors listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Webhooks.
    pub carrier: SocketAddr,
    /// Operators.
    pub operator: SocketAddr,
}

/// How a stop went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// Connections cut at the deadline.
    pub cut: usize,
    /// What was still in memory.
    pub left: Occupancy,
}

/// Why the orchestrator did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A setting that real calls need is missing.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A public key cannot be used.
    #[error("a Telnyx public key cannot be used")]
    Key(#[from] KeyError),
    /// A setting of the Telnyx client cannot be used.
    #[error("the Telnyx client cannot be set up")]
    Client(#[from] SettingsError),
    /// A carrier's address leads astray.
    #[error(transparent)]
    Address(#[from] BaseUrlError),
    /// Twilio's tokens cannot be used.
    #[error("a Twilio auth token cannot be used")]
    Token(#[from] TokenError),
    /// Twilio's account or token cannot be used.
    #[error("the Twilio client cannot be set up")]
    Credentials(#[from] CredentialsError),
    /// The address that Twilio signs is none.
    #[error("twilio.public_url cannot be used")]
    PublicUrl(#[from] PublicUrlError),
    /// The operator door must not open like this.
    #[error(transparent)]
    Operator(#[from] AccessRefused),
    /// A door cannot listen.
    #[error("a door cannot open")]
    Listen(#[from] std::io::Error),
    /// The journal cannot be read.
    #[error("the calls of the last run cannot be found again")]
    Recovery(#[from] AppendError),
    /// ractor could not start a supervisor.
    #[error("the supervisors cannot start")]
    Supervisors(#[from] ractor::SpawnErr),
}

impl App {
    /// Starts everything on the current tokio runtime; returns when both doors listen.
    ///
    /// # Errors
    /// Names the setting or address that cannot be used.
    pub async fn start(config: &Config, around: Surroundings) -> Result<Self, StartError> {
        config.require_carrier()?;
        let plans = config.number_plans()?;
        let served = carriers::served(config)?;
        // Before any record of this run.
        let started = SystemClock.now();
        let house = open_house(config, served.client, &around).await?;
        let flows = Arc::new(OpenFlows::new(config, &house, &around.metrics));
        let routes = Arc::new(ConfiguredRoutes {
            flows: Arc::clone(&flows),
            numbers: plans.iter().map(|(number, _)| number.clone()).collect(),
        });
        let router = Arc::new(Router::new(Arc::clone(&house), routes, admission(config)));
        numbers::configure(&house, &router, &plans).await;

        let (leaving, closing) = (CancellationToken::new(), CancellationToken::new());
        let events: Arc<dyn DoorEvents> =
            Arc::new(DoorMetrics::new(around.metrics.clone(), around.tracer.clone()));
        let limits = config.server.door_limits();
        let desk = operator_api(config, plans, &flows, &house, &router, &around, &leaving);
        let operator_door = operator_door(config, desk, &house, &around.metrics, &leaving)?;
        let carrier_door = Arc::new(carrier_door(config, served.entrances, &house, &router, &events));
        let carrier_listener = Listener::bind(config.server.listen, limits).await?;
        let operator_listener = Listener::bind(config.operator.listen, limits).await?;
        let addresses = Addresses {
            carrier: carrier_listener.address(),
            operator: operator_listener.address(),
        };
        let carrier_serving =
            carrier_listener.serve(Arc::clone(&carrier_door), Arc::clone(&events), closing.clone());
        let operator_serving = operator_listener.serve(Arc::new(operator_door), events, closing.clone());
        let doors = vec![tokio::spawn(carrier_serving), tokio::spawn(operator_serving)];
        let reconciler = Reconciler::new(Arc::clone(&house), carriers::compared(config))
            .taking_in(Arc::clone(&router) as _)
            .alone(config.reconciler.end_unknown);
        let reconciling = reconciler.run(config.reconciler.interval, closing.clone());
        let sweeping = sweeping::run(Arc::clone(&house), config.journal.sweep_interval, closing.clone());
        let watching = Arc::clone(&flows).watch(closing.clone());
        let mut background = vec![
            tokio::spawn(reconciling),
            tokio::spawn(sweeping),
            tokio::spawn(watching),
        ];
        background.push(tokio::spawn(count_the_living(Arc::clone(&house))));
        if let Some(note) = around.trace_note {
            let retelling = retelling::run(Arc::clone(&house), note, started, closing.clone());
            background.push(tokio::spawn(retelling));
        }
        let keeper = around
            .records
            .map(|books| Keeper::start(config, &house, books, &around.metrics));
        let (notice, deadline) = (config.server.shutdown_notice, config.server.shutdown_deadline);
        Ok(Self {
            house,
            router,
            flows,
            carrier_door,
            asking: served.asking,
            addresses,
            doors,
            background,
            keeper,
            leaving,
            closing,
            notice,
            deadline,
        })
    }

    /// Where the doors listen.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Where Telnyx' webhooks go.
    pub fn webhook_url(&self) -> String {
        format!("http://{}/webhooks/telnyx", self.addresses.carrier)
    }

    /// Where Twilio's webhooks go, as seen from this machine.
    pub fn twilio_webhook_url(&self) -> String {
        format!("http://{}/webhooks/twilio", self.addresses.carrier)
    }

    /// The shared surroundings of the entities.
    pub fn house(&self) -> &Arc<House> {
        &self.house
    }

    /// Has the flow files read soon, whether they look changed or not. Calls that have begun keep what they have.
    pub fn reload_flows(&self) {
        self.flows.ask();
    }

    /// Says that it is leaving, serves on for the notice, stops intake, finishes what was accepted, closes. Calls
    /// stay up at the carrier. Ends within the shutdown deadline of the configuration (20 s by default).
    pub async fn stop(self) -> Farewell {
        let deadline = Instant::now() + self.deadline;
        let share = |part: u32| deadline.saturating_duration_since(Instant::now()) / part;
        self.leaving.cancel();
        tokio::time::sleep(self.notice.min(share(2))).await;
        self.router.stop();
        self.closing.cancel();
        if let Some(asking) = &self.asking {
            asking.release();
        }
        let _ = tokio::time::timeout(share(2), self.carrier_door.settled()).await;
        self.router.drain(share(2)).await;
        let left = self.house.occupancy();
        for task in self.background {
            task.abort();
            // It holds the house until it has really ended, and the house holds the journal's directory.
            let _ = task.await;
        }
        self.house.close(share(2)).await;
        if let Some(keeper) = self.keeper {
            keeper.stop(share(2)).await;
        }
        let mut cut = 0;
        for door in self.doors {
            if let Ok(Ok(stopped)) = tokio::time::timeout(share(2), door).await {
                cut += stopped.cut;
            }
        }
        Farewell { cut, left }
    }
}

/// Brings the gauges of who is live up to what the last run left, while calls are served.
async fn count_the_living(house: Arc<House>) {
    let census = house.telemetry.census();
    if let Err(error) = census.read(&house.metrics, house.journal.as_ref()).await {
        tracing::warn!(%error, "the gauges leave out calls from before the start");
    }
}

/// Everything entities share, with everybody of the last run found asleep.
async fn open_house(
    config: &Config,
    carrier: Arc<dyn Carrier>,
    around: &Surroundings,
) -> Result<Arc<House>, StartError> {
    let quarantine = around
        .quarantine
        .clone()
        .unwrap_or_else(|| Arc::new(MemoryQuarantine::default()));
    let telemetry = Telemetry::new(around.tracer.clone(), around.metrics.clone(), carrier.name());
    let ports = Ports {
        carrier,
        backend: Arc::new(asking::Asking(BackendClient::new(config.backend.settings()))),
        quarantine,
        journal: around
            .journal
            .clone()
            .unwrap_or_else(|| Arc::new(MemoryJournal::start())),
        clock: Arc::new(SteadyClock::start()),
        jitter: Arc::new(SystemJitter),
        metrics: around.metrics.clone(),
        telemetry,
    };
    let settings = HouseSettings {
        retry: config.retry.policy(),
        sleep_after: config.calls.sleep_after,
        max_attempts_in_flight: config.retry.max_in_flight,
        panics_per_minute: config.quarantine.panics_per_minute,
        events_per_second: config.quarantine.events_per_second,
        flow_reopens_after: config.quarantine.flow_reopens_after,
        ..HouseSettings::default()
    };
    let house = House::open(ports, settings, around.fault.clone()).await?;
    if let Some(guard) = around.boot_guard.clone() {
        house.guarded_by(Arc::clone(&guard));
        tokio::spawn(async move {
            tokio::time::sleep(boot_guard::WATCH).await;
            guard.relieve();
        });
    }
    let recovered = house.recover().await?;
    if recovered != Recovered::default() {
        tracing::info!(
            open = recovered.open,
            owed = recovered.owed,
            "found asleep after a restart"
        );
    }
    Ok(house)
}

fn carrier_door(
    config: &Config,
    entrances: Vec<WebhookRoute>,
    house: &Arc<House>,
    router: &Arc<Router>,
    events: &Arc<dyn DoorEvents>,
) -> WebhookDoor {
    let ports = WebhookPorts {
        intake: Arc::clone(router) as _,
        quarantine: Arc::clone(&house.quarantine),
        // Signatures are stamped by the carrier's clock: the wall clock as it is, not the calls' steady one.
        clock: Arc::new(SystemClock),
        events: Arc::clone(events),
    };
    WebhookDoor::new(
        entrances,
        config.server.door_limits(),
        config.admission.gate(),
        ports,
    )
}

fn admission(config: &Config) -> Admission {
    Admission {
        in_flight: config.admission.max_webhooks_in_flight,
        max_entities: config.admission.max_live_calls,
        new_calls_per_second: NonZeroU32::new(config.admission.max_new_calls_per_second)
            .unwrap_or(NonZeroU32::MIN),
        ..Admission::default()
    }
}

/// The pages behind the operator door.
fn operator_api(
    config: &Config,
    numbers: Vec<(PhoneNumber, NumberPlan)>,
    flows: &Arc<OpenFlows>,
    house: &Arc<House>,
    router: &Arc<Router>,
    around: &Surroundings,
    leaving: &CancellationToken,
) -> api::Surroundings {
    let originating = Originating {
        house: Arc::clone(house),
        open: Arc::clone(flows),
        flows: config.flows.clone(),
        terms: config.terms(),
        invitation: Arc::new(originating::invitation()),
        connections: carriers::connections(config),
    };
    let operator = &config.operator;
    api::Surroundings {
        house: Arc::clone(house),
        router: Arc::clone(router),
        numbers,
        dialling: api::Dialling {
            prefixes: operator.dial_allow.clone(),
            sip: operator.dial_allow_sip,
        },
        originate: Arc::new(originating),
        starts: (
            NonZeroU32::new(operator.max_starts_per_minute).unwrap_or(NonZeroU32::MIN),
            operator.max_starts_per_day,
        ),
        jaeger: config.observability.jaeger_url.clone(),
        records: around.records.clone(),
        leaving: leaving.clone(),
    }
}

fn operator_door(
    config: &Config,
    desk: api::Surroundings,
    house: &Arc<House>,
    metrics: &Metrics,
    leaving: &CancellationToken,
) -> Result<OperatorDoor, AccessRefused> {
    let (metrics, leaving) = (metrics.clone(), leaving.clone());
    let gauges = Arc::clone(house);
    let page = move || {
        let occupancy = gauges.occupancy();
        let actors = &metrics.actors;
        actors.awake.set(gauge(occupancy.actors));
        actors.timers.set(gauge(occupancy.timers));
        actors
            .asleep
            .set(gauge(occupancy.timers.saturating_sub(occupancy.actors)));
        actors.index_entries.set(gauge(occupancy.index_entries));
        metrics.calls.legs_live.set(gauge(gauges.registry.legs().len()));
        metrics.commands.in_flight.set(gauge(gauges.outbox.in_flight()));
        let limit = gauges.settings.max_attempts_in_flight;
        metrics.commands.in_flight_limit.set(gauge(limit));
        metrics.encode()
    };
    let ready = move || {
        if leaving.is_cancelled() {
            Readiness::NotReady("stopping")
        } else {
            Readiness::Ready
        }
    };
    Ok(OperatorDoor::new(
        config.operator.access()?,
        config.server.door_limits(),
        api::router(desk),
        Arc::new(ready),
        Arc::new(page),
    ))
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The configuration's routes, asked per event.
struct ConfiguredRoutes {
    flows: Arc<OpenFlows>,
    numbers: BTreeSet<PhoneNumber>,
}

impl RouteTable for ConfiguredRoutes {
    fn texts(&self, number: &PhoneNumber) -> bool {
        self.numbers.contains(number)
    }

    fn plan(&self, event: &Event) -> CallPlan {
        let nobody = PhoneNumber::new("");
        let (from, to) = match &event.body {
            EventBody::CallInitiated { from, to, .. } => (from, to),
            EventBody::CallAnswered { from, to } => {
                (from.as_ref().unwrap_or(&nobody), to.as_ref().unwrap_or(&nobody))
            }
            _ => (&nobody, &nobody),
        };
        let current = self.flows.current();
        current.routes.plan(from, to, event.connection.as_ref())
    }
}
