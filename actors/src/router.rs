//! From a decoded event to its owner's mailbox: gate 2 and the routing rule. Implements [`Intake`].
//!
//! One owner per event: by conference, then leg, then our own authenticated client state (call events only), then
//! session. Nothing is decided about calls here, and nothing is ever answered before a record contains the event.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cordboard_core::{Address, CallPlan, Event, EventBody, Handle, Input, OperatorRequest, PhoneNumber};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::cut::{self, Cut};
use crate::delivery::{Delivery, Receipt};
use crate::house::House;
use crate::journal::Takes;
use crate::ports::{Accepted, Intake};
use crate::quarantine::{Kind, SetAside};

/// Chooses what the caller of a new call gets. Implemented by the configuration.
pub trait RouteTable: Send + Sync + 'static {
    /// Whether texts of this number are ours to answer for. Events about others are counted and left alone.
    fn texts(&self, number: &PhoneNumber) -> bool {
        let _ = number;
        false
    }

    /// The plan for a call from `event`'s caller to its called number.
    fn plan(&self, event: &Event) -> CallPlan;
}

/// Numbers of gate 2.
#[derive(Clone, Copy, Debug)]
pub struct Admission {
    /// Events that wait for their record, in all.
    pub in_flight: usize,
    /// Percent of `in_flight` beyond which new calls are refused.
    pub new_call_share: usize,
    /// Percent of `in_flight` beyond which events of live calls are refused; hangups may use the rest.
    pub live_share: usize,
    /// Live calls and rooms, asleep or awake, beyond which new calls are refused.
    pub max_entities: usize,
    /// New calls in a second, in a burst of as many; events of live calls and hangups do not count.
    pub new_calls_per_second: NonZeroU32,
    /// How long an event waits for its record before the carrier is told to come again.
    pub patience: Duration,
}

impl Default for Admission {
    fn default() -> Self {
        Self {
            in_flight: 4_096,
            new_call_share: 75,
            live_share: 95,
            max_entities: 200_000,
            new_calls_per_second: NonZeroU32::MIN.saturating_add(1_999),
            patience: Duration::from_secs(10),
        }
    }
}

/// Routes events of one carrier.
pub struct Router {
    house: Arc<House>,
    routes: Arc<dyn RouteTable>,
    admission: Admission,
    permits: Arc<Semaphore>,
    new_calls: DefaultDirectRateLimiter,
    stopping: AtomicBool,
}

/// A carrier that is told to come again comes after so long.
const COME_AGAIN: Duration = Duration::from_secs(1);

impl Router {
    /// A router into `house`.
    pub fn new(house: Arc<House>, routes: Arc<dyn RouteTable>, admission: Admission) -> Self {
        let permits = Arc::new(Semaphore::new(admission.in_flight));
        let new_calls = RateLimiter::direct(Quota::per_second(admission.new_calls_per_second));
        Self {
            house,
            routes,
            admission,
            permits,
            new_calls,
            stopping: AtomicBool::new(false),
        }
    }

    /// Refuses everything from here on.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Events accepted and not yet answered.
    pub fn in_flight(&self) -> usize {
        self.admission.in_flight - self.permits.available_permits()
    }

    /// Waits until every accepted event is answered, or the time is over.
    pub async fn drain(&self, patience: Duration) {
        let all = u32::try_from(self.admission.in_flight).unwrap_or(u32::MAX);
        let _ = tokio::time::timeout(patience, self.permits.acquire_many(all)).await;
    }

    /// Hands an operator's request to an entity and waits for its record.
    pub async fn request(&self, address: &Address, input: Input) -> Receipt {
        let ends = matches!(&input, Input::Operator(request) if request.ends_something());
        let takes = self.house.journal.takes();
        if takes == Takes::CleanUpOnly && !ends {
            return Receipt::Failed("disk");
        }
        if let Input::Operator(OperatorRequest::Start(start)) = &input {
            // A call that we place is a new call like any other.
            if takes != Takes::Everything {
                return Receipt::Failed("disk");
            }
            if self.house.deadlines.armed() >= self.admission.max_entities {
                return Receipt::Failed("max_entities");
            }
            if self.house.refuses_flow(&start.plan.name) {
                return Receipt::Failed("flow_closed");
            }
        }
        let (delivery, receipt) = Delivery::new(input);
        self.house.registry.deliver(&self.house, address, delivery);
        let answer = tokio::time::timeout(self.admission.patience, receipt).await;
        answer
            .ok()
            .and_then(Result::ok)
            .unwrap_or(Receipt::Failed("timeout"))
    }

    /// The one entity that an event belongs to.
    pub fn owner(&self, event: &Event) -> Option<Address> {
        if let Some(number) = number_of(event) {
            return Some(Address::Sms(number.expose().to_owned()));
        }
        let registry = &self.house.registry;
        let by_conference = || registry.owner(&Handle::Conference(event.conference.clone()?));
        let by_leg = || registry.owner(&Handle::Leg(event.leg.clone()?));
        // Conference events carry their creator's state: it names the wrong call.
        let by_state = || {
            let state = event
                .client_state
                .as_ref()
                .filter(|_| !event.body.is_conference())?;
            matches!(state.owner, Address::Call(_)).then(|| state.owner.clone())
        };
        by_conference()
            .or_else(by_leg)
            .or_else(by_state)
            .or_else(|| event.session.clone().map(Address::Call))
    }

    /// Whether our own authentic state names another call than the one that has the leg: a mistake of ours or a trick,
    /// and applying it anywhere would be wrong.
    fn is_torn(&self, event: &Event, owner: &Address) -> bool {
        let Some(leg) = &event.leg else { return false };
        let by_leg = self.house.registry.owner(&Handle::Leg(leg.clone())).as_ref() == Some(owner);
        let state = event
            .client_state
            .as_ref()
            .filter(|_| !event.body.is_conference());
        by_leg && state.is_some_and(|state| matches!(state.owner, Address::Call(_)) && state.owner != *owner)
    }

    /// Whether a room recorded this before its conference ended. Nobody has the conference's id any more, so the repeat
    /// would go to the leg's call, which never saw it. Every other event goes to an owner who knows it, or absorbs it.
    fn is_repeat_elsewhere(&self, event: &Event) -> bool {
        let Some(conference) = event.conference.as_ref().filter(|_| event.body.is_conference()) else {
            return false;
        };
        let owner = self.house.registry.owner(&Handle::Conference(conference.clone()));
        owner.is_none() && self.house.journal.contains(&event.id)
    }

    fn admit(
        &self,
        event: &Event,
        owner: &Address,
        plan: Option<&CallPlan>,
    ) -> Result<OwnedSemaphorePermit, &'static str> {
        let used = self.in_flight() * 100 / self.admission.in_flight.max(1);
        let known = self.house.registry.is_awake(owner) || self.house.deadlines.is_armed(owner);
        let starts = event.body.starts_call() && !known;
        let welcome = match self.house.journal.takes() {
            Takes::Everything => true,
            Takes::NoNewCalls => !starts,
            Takes::CleanUpOnly => event.body.ends_something(),
        };
        if !welcome {
            return Err("disk");
        }
        if starts && self.house.deadlines.armed() >= self.admission.max_entities {
            return Err("max_entities");
        }
        let flow = plan.and_then(CallPlan::flow).filter(|_| starts);
        if flow.is_some_and(|flow| self.house.refuses_flow(flow)) {
            return Err("flow_closed");
        }
        let share = match event.body {
            EventBody::CallHangup { .. } => 100,
            // Texts can wait, people on the phone cannot.
            _ if starts || number_of(event).is_some() => self.admission.new_call_share,
            _ => self.admission.live_share,
        };
        if used > share || (used == share && share < 100) {
            return Err(if starts { "new_calls" } else { "admission" });
        }
        if self.house.registry.queued(owner) >= self.house.settings.mailbox_limit {
            return Err("mailbox");
        }
        let permit = Arc::clone(&self.permits)
            .try_acquire_owned()
            .map_err(|_| "admission")?;
        // Asked last: a call refused for another reason must not use up the rate.
        if starts && self.new_calls.check().is_err() {
            return Err("new_call_rate");
        }
        Ok(permit)
    }

    /// Two owners for one event: kept for people before the carrier is told that we have it.
    async fn set_aside(&self, owner: Address, raw: Bytes) -> Accepted {
        let item = SetAside {
            at: self.house.clock.now(),
            kind: Kind::Input,
            reason: "torn_ownership",
            address: Some(owner),
            key: None,
            place: None,
            raw,
        };
        match self.house.set_aside(item).await {
            true => Accepted::Recorded(Bytes::new()),
            false => self.refused("quarantine"),
        }
    }

    fn refused(&self, gate: &'static str) -> Accepted {
        self.house.metrics.webhooks.shed.inc([gate]);
        Accepted::Refused {
            gate,
            retry_after: COME_AGAIN,
        }
    }
}

/// The number of ours that an event about a text is about.
fn number_of(event: &Event) -> Option<&PhoneNumber> {
    match &event.body {
        EventBody::MessageReceived(received) => Some(&received.to),
        EventBody::MessageStatus(report) => Some(&report.from),
        _ => None,
    }
}

#[async_trait]
impl Intake for Router {
    async fn accept(&self, event: Event, raw: Bytes) -> Accepted {
        cut::at(Cut::Received);
        if self.stopping.load(Ordering::Relaxed) {
            return self.refused("stopping");
        }
        if let Some(number) = number_of(&event)
            && !self.routes.texts(number)
        {
            self.house.metrics.webhooks.rejected.inc(["foreign_number"]);
            return Accepted::Recorded(Bytes::new());
        }
        let Some(owner) = self.owner(&event) else {
            return Accepted::Recorded(Bytes::new());
        };
        if self.is_torn(&event, &owner) {
            self.house.metrics.webhooks.rejected.inc(["torn_ownership"]);
            tracing::error!(owner = %owner.shown(), event = %event.id, "an event's leg and its state name different calls; it is set aside");
            return self.set_aside(owner, raw).await;
        }
        if self.is_repeat_elsewhere(&event) {
            return Accepted::Duplicate(Bytes::new());
        }
        let planned = event.body.starts_call() || matches!(event.body, EventBody::CallAnswered { .. });
        let plan = planned.then(|| self.routes.plan(&event));
        let permit = match self.admit(&event, &owner, plan.as_ref()) {
            Ok(permit) => permit,
            Err(gate) => return self.refused(gate),
        };
        let (delivery, receipt) = Delivery::new(Input::Event {
            event: Box::new(event),
            plan,
        });
        self.house
            .registry
            .deliver(&self.house, &owner, delivery.as_sent(raw).with_permit(permit));
        match tokio::time::timeout(self.admission.patience, receipt).await {
            Ok(Ok(Receipt::Committed(body))) => Accepted::Recorded(body),
            Ok(Ok(Receipt::Duplicate(body))) => Accepted::Duplicate(body),
            Ok(Ok(Receipt::Failed(gate))) => self.refused(gate),
            Ok(Err(_)) => self.refused("panic"),
            Err(_) => self.refused("timeout"),
        }
    }
}
