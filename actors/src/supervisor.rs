//! Supervisors: they link the entities, outlive them, and tell the registry when one has stopped or panicked.
//!
//! ractor's default supervision stops the supervisor when any child fails; here one call's panic costs that call
//! a restart from its last record and nobody else anything.

use std::sync::{Arc, Weak};

use ractor::{Actor, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};

use crate::house::House;

/// Watches a share of the entities.
struct Supervisor;

/// A supervisor takes no messages; it lives for its children's events.
pub(crate) enum Never {}

impl Actor for Supervisor {
    type Msg = Never;
    type State = Weak<House>;
    type Arguments = Weak<House>;

    async fn pre_start(
        &self,
        _myself: ActorRef<Never>,
        house: Weak<House>,
    ) -> Result<Weak<House>, ActorProcessingErr> {
        Ok(house)
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<Never>,
        event: SupervisionEvent,
        house: &mut Weak<House>,
    ) -> Result<(), ActorProcessingErr> {
        let Some(house) = house.upgrade() else {
            return Ok(());
        };
        match event {
            SupervisionEvent::ActorTerminated(actor, _, _) => house.registry.stopped(&house, actor.get_id()),
            SupervisionEvent::ActorFailed(actor, error) => {
                house
                    .registry
                    .panicked(&house, actor.get_id(), &error.to_string());
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {}
        }
        Ok(())
    }
}

/// Starts `count` supervisors.
pub(crate) async fn start(house: &Arc<House>, count: usize) -> Result<Vec<ActorRef<Never>>, SpawnErr> {
    let mut supervisors = Vec::with_capacity(count);
    for _ in 0..count {
        let (supervisor, _) = Actor::spawn(None, Supervisor, Arc::downgrade(house)).await?;
        supervisors.push(supervisor);
    }
    Ok(supervisors)
}
