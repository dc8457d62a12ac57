//! The flows that calls follow, by hash: on the shelf while the program runs, in the journal for ever after.
//!
//! The wiring puts the configured ones here; an entity that wakes asks for the one that it pinned. What a flow does is
//! the core's.

use std::sync::Arc;

use bytes::Bytes;
use cordboard_core::{CallPlan, Flow, FlowHash, Input, OperatorRequest};
use dashmap::DashMap;

use crate::house::House;
use crate::journal::AppendError;

/// Flows at hand.
#[derive(Debug, Default)]
pub(crate) struct FlowShelf(DashMap<FlowHash, Arc<Flow>>);

impl House {
    /// Keeps a flow for the calls that will pin it; the same one again changes nothing.
    pub fn keep_flow(&self, flow: &Arc<Flow>) -> FlowHash {
        let (hash, bytes) = flow.pinned();
        // The journal first: a call that cites a flow nobody handed over is refused.
        self.journal.keep_flow(hash.as_str(), Bytes::from(bytes));
        self.flows.0.insert(hash.clone(), Arc::clone(flow));
        hash
    }

    /// The flow that a call pinned; `None` when nobody has it or this build cannot read it.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn flow(&self, hash: &FlowHash) -> Result<Option<Arc<Flow>>, AppendError> {
        if let Some(flow) = self.flow_at_hand(hash) {
            return Ok(Some(flow));
        }
        let Some(bytes) = self.journal.flow(hash.as_str()).await? else {
            return Ok(None);
        };
        match Flow::from_canonical(&bytes) {
            Ok(flow) => {
                let flow = Arc::new(flow);
                self.flows.0.insert(hash.clone(), Arc::clone(&flow));
                Ok(Some(flow))
            }
            Err(mistakes) => {
                tracing::error!(flow = ?hash, first = %mistakes.0.first().map(|mistake| mistake.path.join(".")).unwrap_or_default(), "a pinned flow cannot be read by this build; its calls are landed");
                Ok(None)
            }
        }
    }

    /// The flow, if it is on the shelf.
    pub(crate) fn flow_at_hand(&self, hash: &FlowHash) -> Option<Arc<Flow>> {
        self.flows.0.get(hash).map(|flow| Arc::clone(flow.value()))
    }
}

/// The flow that an input would have its call pin.
pub(crate) fn planned(input: &Input) -> Option<&FlowHash> {
    match input {
        Input::Event {
            plan: Some(CallPlan::Flow(plan)),
            ..
        } => Some(&plan.flow),
        Input::Operator(OperatorRequest::Start(start)) => Some(&start.plan.flow),
        _ => None,
    }
}
