//! Everything that entities share, in one place: journal, carrier, registry, deadlines, outbox, metrics.
//!
//! Built once by [`House::open`]; `src/app.rs` chooses what stands behind the ports.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cordboard_core::retry::RetryPolicy;
use cordboard_core::{Address, Input};
use cordboard_observability::metrics::Metrics;
use ractor::SpawnErr;

use crate::boot_guard::{BootGuard, Marked};
use crate::closed_flows::{ClosedFlow, ClosedFlows};
use crate::deadlines::Deadlines;
use crate::entity::Culprit;
use crate::flows::FlowShelf;
use crate::journal::{AppendError, Journal};
use crate::landing;
use crate::outbox::Outbox;
use crate::panics;
use crate::ports::{Backend, Carrier, Clock, Jitter};
use crate::quarantine::{Kind, Quarantine, SetAside};
use crate::registry::Registry;
use crate::supervisor;
use crate::telemetry::Telemetry;
use crate::watchers::Watchers;

/// What stands behind the ports.
pub struct Ports {
    /// The carrier's client.
    pub carrier: Arc<dyn Carrier>,
    /// The user's own program.
    pub backend: Arc<dyn Backend>,
    /// The journal.
    pub journal: Arc<dyn Journal>,
    /// What is set aside.
    pub quarantine: Arc<dyn Quarantine>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness for jitter.
    pub jitter: Arc<dyn Jitter>,
    /// Counters.
    pub metrics: Metrics,
    /// Spans.
    pub telemetry: Telemetry,
}

/// Numbers of the house.
#[derive(Clone, Copy, Debug)]
pub struct HouseSettings {
    /// How commands are repeated.
    pub retry: RetryPolicy,
    /// Supervisors; each link takes a lock of its supervisor, and a restart of one touches its share only.
    pub supervisors: usize,
    /// Unapplied inputs of one entity beyond which the door answers 503 for it.
    pub mailbox_limit: usize,
    /// An entity that nothing is for goes to sleep after so long; its record and deadline remain.
    pub sleep_after: Duration,
    /// Attempts under way at the carrier at one time; hangups have a few places more, questions use half at most.
    pub max_attempts_in_flight: usize,
    /// Calls of one flow that may panic at one place within a minute; one more closes the flow to new calls.
    pub panics_per_minute: usize,
    /// Events of one call in a second, over ten seconds, beyond which it is landed and its further events change nothing.
    pub events_per_second: u32,
    /// A flow that was closed takes calls again once nothing has panicked for so long.
    pub flow_reopens_after: Duration,
}

impl Default for HouseSettings {
    fn default() -> Self {
        Self {
            retry: RetryPolicy::default(),
            supervisors: 16,
            mailbox_limit: 256,
            // Below the shortest interval of the machines' own questions (20 s), else nothing would ever sleep.
            sleep_after: Duration::from_secs(10),
            // At a tenth of a second each these are 640 commands a second, more than a carrier account may send.
            max_attempts_in_flight: 64,
            // A mistake in a flow shows in call after call; a few strange events in one minute are no mistake of it.
            panics_per_minute: 5,
            // Keys, speech and transcription of one call come to ten at the most.
            events_per_second: 50,
            flow_reopens_after: Duration::from_secs(5 * 60),
        }
    }
}

/// Called before each input is applied; a test makes it panic.
pub type FaultHook = Arc<dyn Fn(&Address, &Input) + Send + Sync>;

/// The shared surroundings of every entity.
pub struct House {
    /// The carrier's client.
    pub carrier: Arc<dyn Carrier>,
    /// The user's own program.
    pub backend: Arc<dyn Backend>,
    /// The journal.
    pub journal: Arc<dyn Journal>,
    /// What is set aside.
    pub quarantine: Arc<dyn Quarantine>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness for jitter.
    pub jitter: Arc<dyn Jitter>,
    /// Counters.
    pub metrics: Metrics,
    /// Spans.
    pub telemetry: Telemetry,
    /// Address to mailbox, handle to address.
    pub registry: Registry,
    /// Address to deadline.
    pub deadlines: Deadlines,
    /// Commands and messages on their way out.
    pub outbox: Outbox,
    /// Whoever waits for news of an entity.
    pub watchers: Watchers,
    pub(crate) flows: FlowShelf,
    closed_flows: ClosedFlows,
    boot_guard: OnceLock<Arc<dyn BootGuard>>,
    /// Numbers.
    pub settings: HouseSettings,
    fault: Option<FaultHook>,
}

/// What a start found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Recovered {
    /// Open entities, all asleep.
    pub open: usize,
    /// Unsettled effects.
    pub owed: usize,
}

/// Figures of what is in memory; all zero once every call has ended and settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Occupancy {
    /// Entities awake.
    pub actors: usize,
    /// Deadlines armed.
    pub timers: usize,
    /// Handles that route to an owner.
    pub index_entries: usize,
    /// Commands and messages not settled.
    pub unsettled: usize,
}

impl House {
    /// Starts supervisors and the deadline service on the current tokio runtime.
    ///
    /// # Errors
    /// When ractor cannot start a supervisor.
    pub async fn open(
        ports: Ports,
        settings: HouseSettings,
        fault: Option<FaultHook>,
    ) -> Result<Arc<Self>, SpawnErr> {
        panics::listen();
        let house = Arc::new(Self {
            carrier: ports.carrier,
            backend: ports.backend,
            journal: ports.journal,
            quarantine: ports.quarantine,
            clock: ports.clock,
            jitter: ports.jitter,
            metrics: ports.metrics,
            telemetry: ports.telemetry,
            registry: Registry::default(),
            deadlines: Deadlines::default(),
            outbox: Outbox::new(settings.max_attempts_in_flight),
            watchers: Watchers::default(),
            flows: FlowShelf::default(),
            closed_flows: ClosedFlows::default(),
            boot_guard: OnceLock::new(),
            settings,
            fault,
        });
        let supervisors = supervisor::start(&house, settings.supervisors.max(1)).await?;
        house.registry.employ(supervisors);
        crate::deadlines::serve(Arc::downgrade(&house));
        Ok(house)
    }

    /// Finds everybody asleep: routes, deadlines and unsettled effects of every open entity come back, the entities
    /// themselves only when something is for them. Called once, before the doors open.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn recover(self: &Arc<Self>) -> Result<Recovered, AppendError> {
        self.recall().await;
        let sleepers = self.journal.sleepers().await?;
        let owed = self.journal.owed().await?;
        let recovered = Recovered {
            open: sleepers.len(),
            owed: owed.len(),
        };
        let condemned: Vec<Address> = self
            .boot_guard
            .get()
            .map_or_else(Vec::new, |guard| guard.condemned());
        for sleeper in sleepers {
            self.registry.index(&sleeper.address, &sleeper.handles, &[]);
            if !condemned.contains(&sleeper.address) {
                self.deadlines.set(&sleeper.address, sleeper.deadline);
            }
        }
        for address in &condemned {
            tracing::error!(address = %address.shown(), "the process died of this entity twice; it is ended by hand, the others go on");
            landing::by_hand(self, address, None, "boot_loop").await;
        }
        for effect in owed {
            match condemned.contains(&effect.key.address) {
                true => self.journal.settle(effect.key),
                false => self.outbox.resume(self, effect),
            }
        }
        Ok(recovered)
    }

    /// Puts this guard over the start. Called before [`House::recover`], once; it is relieved by its owner.
    pub fn guarded_by(&self, guard: Arc<dyn BootGuard>) {
        let _ = self.boot_guard.set(guard);
    }

    /// Marks an entity as running, while the start is watched.
    pub(crate) fn mark(&self, address: &Address, seq: u64) -> Option<Marked<'_>> {
        Marked::enter(self.boot_guard.get()?.as_ref(), address, seq)
    }

    /// What earlier runs have set aside stays so. A quarantine that cannot be read costs two panics more.
    async fn recall(&self) {
        match self.quarantine.keys(Kind::Input).await {
            Ok(keys) => self.registry.remember(keys),
            Err(error) => tracing::error!(%error, "inputs that were set aside earlier are not recognised"),
        }
        match self.quarantine.keys(Kind::Entity).await {
            Ok(keys) => {
                for address in keys.iter().filter_map(|key| Address::parse(key)) {
                    self.registry.shut(&address);
                }
            }
            Err(error) => tracing::error!(%error, "entities that were set aside earlier are not recognised"),
        }
    }

    /// Keeps something in the quarantine; false when it is not durable.
    pub(crate) async fn set_aside(&self, item: SetAside) -> bool {
        let kept = self.quarantine.keep(item).await;
        if let Err(error) = &kept {
            tracing::error!(%error, "something that was set aside is not kept");
        }
        kept.is_ok()
    }

    /// A call panicked: one flow in which it happens again and again takes no new calls.
    pub(crate) fn flow_panicked(&self, address: &Address, culprit: &Culprit) {
        let (Some(flow), Some(place), Address::Call(_)) = (&culprit.flow, &culprit.place, address) else {
            return;
        };
        let most = self.settings.panics_per_minute;
        if self
            .closed_flows
            .panicked(flow, place, address, most, self.clock.now())
        {
            self.metrics.actors.flows_closed.inc();
            tracing::error!(
                flow,
                place,
                "call after call panics at one place: new calls of this flow are refused until it is quiet"
            );
        }
    }

    /// Whether new calls of this flow are refused at present.
    pub(crate) fn refuses_flow(&self, flow: &str) -> bool {
        self.closed_flows.refuses(flow, self.settings.flow_reopens_after)
    }

    /// Flows whose new calls are refused at present.
    pub fn closed_flows(&self) -> Vec<ClosedFlow> {
        self.closed_flows.list(self.settings.flow_reopens_after)
    }

    /// What is in memory right now.
    pub fn occupancy(&self) -> Occupancy {
        Occupancy {
            actors: self.registry.awake(),
            timers: self.deadlines.armed(),
            index_entries: self.registry.indexed(),
            unsettled: self.outbox.unsettled(),
        }
    }

    /// Waits until nothing is in memory, or the time is over. Returns what is left.
    pub async fn settle(&self, patience: Duration) -> Occupancy {
        const LOOK_AGAIN: Duration = Duration::from_millis(20);
        let until = tokio::time::Instant::now() + patience;
        loop {
            let left = self.occupancy();
            if left == Occupancy::default() || tokio::time::Instant::now() >= until {
                return left;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Stops starting attempts, lets those under way finish within `patience`, then stops actors.
    pub async fn close(&self, patience: Duration) {
        self.deadlines.stop();
        self.outbox.stop(patience).await;
        self.registry.dismiss().await;
    }

    pub(crate) fn inject_fault(&self, address: &Address, input: &Input) {
        if let Some(fault) = &self.fault {
            fault(address, input);
        }
    }
}
