//! From an emitted webhook to a delivery: which faults it meets, when it leaves, how often.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Entity, Inner, World};
use crate::carrier::emitted::Webhook;
use crate::courier::Delivery;
use crate::profile::Fault;

/// Webhooks of one entity leave at least this far apart, so that their usual order survives the network.
const GAP: Duration = Duration::from_millis(3);

impl World {
    /// Decides when and how often a webhook leaves.
    pub(super) fn schedule(self: &Arc<Self>, inner: &mut Inner, webhook: Webhook) {
        let name = format!("{}/{}", webhook.key, webhook.event_type);
        let fate = self
            .settings
            .profile
            .rates()
            .webhook(self.dice, &name, webhook.index);
        let touched = inner.touched_by_webhook(&webhook);
        for (injected, fault) in [
            (fate.never, Fault::WebhookNever),
            (fate.drop, Fault::WebhookDrop),
            (fate.duplicate_after.is_some(), Fault::WebhookDuplicate),
            (fate.hold_back.is_some(), Fault::WebhookReorder),
        ] {
            if injected {
                inner.ledger.fault(fault, &touched);
            }
        }
        if fate.never {
            return;
        }
        let entity = match (webhook.leg, webhook.conference) {
            (Some(leg), _) => Some(Entity::Leg(leg)),
            (None, Some(conference)) => Some(Entity::Conference(conference)),
            // Messages have no order among each other.
            (None, None) => None,
        };
        let now = Instant::now();
        let floor = entity
            .and_then(|entity| inner.floors.get(&entity))
            .copied()
            .unwrap_or(now);
        let starts = match fate.hold_back {
            // Held back behind what follows, so it neither waits for the floor nor raises it.
            Some(hold_back) => now + fate.delay + hold_back,
            None => (now + fate.delay).max(floor),
        };
        if let (None, Some(entity)) = (fate.hold_back, entity) {
            inner.floors.insert(entity, starts + GAP);
        }
        if let Some(caller) = touched.caller {
            let lost = if fate.drop {
                self.settings.webhook_timeout
            } else {
                Duration::ZERO
            };
            inner
                .ledger
                .delayed(caller, starts.saturating_duration_since(now) + lost);
        }
        let delivery = Delivery {
            webhook: Arc::new(webhook),
            starts,
            lose_first: fate.drop,
            repeat: false,
        };
        if let Some(later) = fate.duplicate_after {
            let repeat = Delivery {
                starts: starts + later,
                lose_first: false,
                repeat: true,
                ..delivery.clone()
            };
            self.dispatch(repeat);
        }
        self.dispatch(delivery);
    }

    fn dispatch(self: &Arc<Self>, delivery: Delivery) {
        self.pending.fetch_add(1, Ordering::SeqCst);
        let world = Arc::clone(self);
        self.tasks.spawn(async move {
            tokio::select! {
                () = world.stop.cancelled() => {}
                () = world.courier.deliver(&world, &delivery) => {}
            }
            world.pending.fetch_sub(1, Ordering::SeqCst);
            world.changed.notify_waiters();
        });
    }
}
