//! Supervisors: they link the entities, outlive them, and tell the registry when one has stopped or panicked.
//!
//! ractor's default supervision stops the supervisor when any child fails; here one call's panic costs that call
//! a restart from its last record and nobody else anything. A supervisor that dies itself takes the process with it:
//! its entities would be watched by nobody, and a start finds every call in the journal.

use std::sync::{Arc, Weak};

use ractor::concurrency::JoinHandle;
use ractor::{Actor, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};

use crate::house::House;

/// Exit code when a supervisor has died: `EX_SOFTWARE` of sysexits.h, a fault of this program.
const SUPERVISOR_DIED: i32 = 70;

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
        let (supervisor, life) = Actor::spawn(None, Supervisor, Arc::downgrade(house)).await?;
        tokio::spawn(outlive(life, Arc::downgrade(house)));
        supervisors.push(supervisor);
    }
    Ok(supervisors)
}

/// Ends the process when a supervisor ends that nobody dismissed.
async fn outlive(life: JoinHandle<()>, house: Weak<House>) {
    let ended = life.await;
    // A cancelled task belongs to a runtime that is being torn down.
    let cancelled = ended.is_err_and(|error| error.is_cancelled());
    if !cancelled
        && house
            .upgrade()
            .is_some_and(|house| !house.registry.is_dismissed())
    {
        tracing::error!(
            "a supervisor of the calls has died; this process ends, the next start finds every call"
        );
        std::process::exit(SUPERVISOR_DIED);
    }
}
