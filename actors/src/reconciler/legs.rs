//! Our legs against the carrier's live ones, both ways.

use std::collections::HashMap;
use std::time::Duration;

use cordboard_core::command::LegAction;
use cordboard_core::command::leg::Hangup;
use cordboard_core::event::Direction;
use cordboard_core::outcome::{CallOrigin, CallView};
use cordboard_core::{Address, CallControlId, Command, Event, EventBody, Finding, Handle};
use tokio::time::Instant;

use super::{Difference, Reconciler, STEP, asking};

/// Telnyx repeats a webhook for 60 s at the most. Before that, a leg of unknown direction may be a caller whose
/// `initiated` is still on its way to us.
const WEBHOOKS_ARE_OVER: Duration = Duration::from_secs(75);
/// The carrier is asked about so many legs that nobody owns in one comparison; the others wait for the next.
const MOST_UNKNOWN: usize = 500;

impl Reconciler {
    /// `None` when the carrier did not answer for every connection: nothing is known then.
    pub(super) async fn compare_legs(&mut self) -> Option<Difference> {
        if self.connections.is_empty() {
            // Nobody was asked, so nothing is known to be missing.
            return None;
        }
        // Before the question: a leg that comes while the carrier answers is not missing.
        let ours = self.house.registry.legs();
        let mut theirs: HashMap<CallControlId, CallView> = HashMap::new();
        for connection in self.connections.clone() {
            let views = asking::active_legs(&self.house, connection).await?;
            theirs.extend(views.into_iter().map(|view| (view.leg.clone(), view)));
        }
        let missing = self.missing_legs(ours, &theirs).await;
        let unknown = self.unknown_legs(theirs).await;
        Some(Difference { missing, unknown })
    }

    async fn missing_legs(
        &mut self,
        ours: Vec<(CallControlId, Address)>,
        theirs: &HashMap<CallControlId, CallView>,
    ) -> usize {
        let mut missing = HashMap::new();
        for (count, (leg, owner)) in ours.into_iter().enumerate() {
            if !theirs.contains_key(&leg) {
                missing.insert(leg, owner);
            }
            if count % STEP == 0 {
                tokio::task::yield_now().await;
            }
        }
        let again = self.gone_legs.look(missing.keys().cloned(), Instant::now());
        let findings = again.into_iter().filter_map(|(leg, _)| {
            let owner = missing.get(&leg)?.clone();
            Some((owner, Finding::LegGone { leg }))
        });
        self.report("leg_gone", findings.collect()).await;
        missing.len()
    }

    async fn unknown_legs(&mut self, theirs: HashMap<CallControlId, CallView>) -> usize {
        let mut unknown = HashMap::new();
        for (count, (leg, view)) in theirs.into_iter().enumerate() {
            // Asked now: its call may have begun while the carrier answered.
            if self.house.registry.owner(&Handle::Leg(leg.clone())).is_none() {
                unknown.insert(leg, view);
            }
            if count % STEP == 0 {
                tokio::task::yield_now().await;
            }
        }
        let again = self.stray_legs.look(unknown.keys().cloned(), Instant::now());
        let mut adopted = Vec::new();
        for (leg, since) in again.into_iter().take(MOST_UNKNOWN) {
            let Some(view) = unknown.get(&leg) else { continue };
            match self.owner_of(view).await {
                Some(owner) => adopted.push((owner, Finding::LegAlive { leg })),
                None => self.judge(view, since).await,
            }
        }
        self.report("leg_adopted", adopted).await;
        unknown.len()
    }

    /// The call that a leg belongs to, by its own state or its session, if our journal knows it.
    async fn owner_of(&self, view: &CallView) -> Option<Address> {
        let marked = view.client_state.as_ref().map(|state| state.owner.clone());
        let by_session = Address::Call(view.session.clone());
        let candidates: Vec<Address> = marked
            .into_iter()
            .filter(|owner| matches!(owner, Address::Call(_)))
            .chain([by_session])
            .collect();
        for candidate in candidates {
            if self.is_recorded(&candidate).await {
                return Some(candidate);
            }
        }
        None
    }

    /// A leg that no call of ours knows. Its caller is served if the carrier says who that is; it is hung up only
    /// where nobody else could own it.
    async fn judge(&mut self, listed: &CallView, since: Duration) {
        let leg = &listed.leg;
        let first_time = self.stray_legs.tell(leg);
        if first_time {
            self.house.metrics.reconciler.findings.inc(["unknown_leg"]);
        }
        let Some(view) = asking::leg(&self.house, leg.clone()).await else {
            return;
        };
        if view.alive != Some(true) {
            return;
        }
        if let Some(origin) = &view.origin
            && origin.direction == Direction::Incoming
        {
            return self.begin(&view, origin).await;
        }
        // A leg with our state, or one that was dialled, is nobody's caller whose webhooks are on their way.
        let is_dialled =
            view.origin.is_some() || listed.client_state.is_some() || view.client_state.is_some();
        if self.alone && (is_dialled || since >= WEBHOOKS_ARE_OVER) {
            let command = Command::Leg {
                leg: leg.clone(),
                action: LegAction::Hangup(Hangup::default()),
            };
            let taken = asking::order(&self.house, command, leg.as_str()).await;
            self.house.metrics.reconciler.findings.inc(["leg_hung_up"]);
            tracing::warn!(%leg, session = %view.session, taken, "a live leg that no call owns is hung up");
        } else if first_time {
            tracing::warn!(
                %leg, session = %view.session,
                "a live leg that no call owns is left alone: another program may have dialled it, or its first webhook was lost"
            );
        }
    }

    /// A caller rings whose `initiated` never came: as if it came now.
    async fn begin(&self, view: &CallView, origin: &CallOrigin) {
        let Some(intake) = &self.intake else { return };
        let event = Event {
            id: format!("found-{}", view.leg).as_str().into(),
            occurred_at: None,
            connection: None,
            session: Some(view.session.clone()),
            leg: Some(view.leg.clone()),
            leg_uuid: None,
            conference: None,
            client_state: None,
            body: EventBody::CallInitiated {
                direction: Direction::Incoming,
                from: origin.from.clone(),
                to: origin.to.clone(),
            },
        };
        self.house.metrics.reconciler.findings.inc(["call_found"]);
        intake.accept(event, bytes::Bytes::new()).await;
    }

    /// Whether the journal has a record of this entity.
    pub(super) async fn is_recorded(&self, address: &Address) -> bool {
        matches!(self.house.journal.load(address).await, Ok(Some(_)))
    }
}
