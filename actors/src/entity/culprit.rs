//! Whom a panic is pinned to: the input that was being handled, where the code broke, and what must be known to land
//! the entity.
//!
//! Filled in by the actor as it unwinds, taken by the registry when the supervisor reports the death.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cordboard_core::{Address, CallControlId, CallPlan, Input, Machine};

use crate::delivery::{Delivery, InputKey};
use crate::panics;

/// The input that an actor died of.
#[derive(Clone, Debug)]
pub struct Culprit {
    /// How it is recognised when it comes again; `None` if nobody offers it again by himself.
    pub key: Option<InputKey>,
    /// Its kind.
    pub label: &'static str,
    /// The leg that it is about.
    pub leg: Option<CallControlId>,
    /// The flow of the call.
    pub flow: Option<String>,
    /// File and line.
    pub place: Option<String>,
    /// As the carrier sent it, or as JSON.
    pub raw: Bytes,
}

/// Where an actor leaves word of what it died of.
#[derive(Clone, Debug, Default)]
pub struct LastWord(Arc<Mutex<Option<Box<Culprit>>>>);

impl LastWord {
    pub(super) fn leave(&self, culprit: Culprit) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(culprit));
    }

    /// What a dead actor died of.
    pub fn take(&self) -> Option<Box<Culprit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Culprit {
    /// Called on the thread that panicked.
    pub(super) fn of<M: Machine>(address: &Address, delivery: &Delivery, machine: &M) -> Self {
        let place = panics::last_place();
        let (leg, planned) = match &delivery.input {
            Input::Event { event, plan } => (event.leg.clone(), plan.as_ref().and_then(flow_of)),
            _ => (None, None),
        };
        // The machine is as the panic left it: whatever it says is believed, if it says anything.
        let told = || {
            catch_unwind(AssertUnwindSafe(|| machine.story().flow))
                .ok()
                .flatten()
        };
        let json = || Bytes::from(serde_json::to_vec(&delivery.input).unwrap_or_default());
        Self {
            key: InputKey::of(address, &delivery.input),
            label: delivery.input.label(),
            leg,
            flow: planned.or_else(told),
            place,
            raw: delivery.raw.clone().unwrap_or_else(json),
        }
    }
}

fn flow_of(plan: &CallPlan) -> Option<String> {
    plan.flow().map(str::to_owned)
}
