//! Queues as committed records show them: who waits, and what agents do.
//!
//! Labelled with the queue's name, which an author of flows chose; bounded all the same.

use super::Gauge;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Queues that are shown: eight series each. Those that come up later are in lists only.
const MAX_QUEUES: usize = 50;

/// Handles for queues.
#[derive(Clone, Debug, Default)]
pub struct QueueMetrics {
    waiting: Family<Queue, Gauge>,
    agents: Family<Agents, Gauge>,
    known: Arc<Mutex<BTreeSet<String>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Queue {
    queue: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Agents {
    queue: String,
    state: &'static str,
}

impl QueueMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "queue_callers_waiting",
            "Callers in the row of a queue",
            metrics.waiting.clone(),
        );
        registry.register(
            "queue_agents",
            "Agents of a queue, by what they do",
            metrics.agents.clone(),
        );
        metrics
    }

    /// `cordboard_queue_callers_waiting{queue}` and `cordboard_queue_agents{queue,state}`, as a record left them.
    pub fn show(&self, queue: &str, waiting: usize, agents: &[(&'static str, usize)]) {
        if !self.is_shown(queue) {
            return;
        }
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let name = || queue.to_owned();
        self.waiting
            .get_or_create_owned(&Queue { queue: name() })
            .set(count(waiting));
        for (state, of_it) in agents {
            let labels = Agents { queue: name(), state };
            self.agents.get_or_create_owned(&labels).set(count(*of_it));
        }
    }

    fn is_shown(&self, queue: &str) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(queue) || (known.len() < MAX_QUEUES && known.insert(queue.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text;

    #[test]
    fn queues_are_shown_by_name_up_to_a_bound() {
        let mut registry = Registry::default();
        let metrics = QueueMetrics::register(&mut registry);
        for number in 0..MAX_QUEUES * 2 {
            metrics.show(&format!("queue-{number}"), 3, &[("free", 2), ("talking", 1)]);
        }
        metrics.show("queue-0", 1, &[("free", 0), ("talking", 3)]);
        let mut page = String::new();
        text::encode(&mut page, &registry).expect("writing into a String cannot fail");
        assert!(
            page.contains("queue_callers_waiting{queue=\"queue-0\"} 1"),
            "{page}"
        );
        assert!(
            page.contains("queue_agents{queue=\"queue-0\",state=\"talking\"} 3"),
            "{page}"
        );
        assert_eq!(page.matches("queue_callers_waiting{").count(), MAX_QUEUES);
    }
}
