//! The simulated callers: what they do and want (`script`, drawn by `scripts`), who rings when (`scenario`), what a
//! program must have for them (`contract`), and one caller's call (`caller`).

pub(crate) mod caller;
pub mod contract;
mod party;
pub(crate) mod scenario;
pub(crate) mod script;
pub(crate) mod scripts;
pub(crate) mod visitor;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::world::World;
use party::Party;
use scenario::Plan;

/// Lets every caller of a plan ring and returns when all are done or the run was cancelled.
pub(crate) async fn run(world: &Arc<World>, plan: &Plan, cancel: &CancellationToken) {
    let started = Instant::now();
    let permits = Arc::new(Semaphore::new(plan.concurrency.min(Semaphore::MAX_PERMITS)));
    let callers = TaskTracker::new();
    let mut parties: HashMap<usize, (usize, Arc<Party>)> = HashMap::new();
    for (after, index) in plan.arrivals(world.dice) {
        let permit = tokio::select! {
            () = cancel.cancelled() => break,
            permit = async {
                tokio::time::sleep_until(started + after).await;
                Arc::clone(&permits).acquire_owned().await
            } => permit,
        };
        let number = plan.party_of(index);
        let (rung, party) = parties
            .entry(number)
            .or_insert_with(|| (0, Arc::new(Party::new(plan.party_size(number)))));
        *rung += 1;
        let (complete, party) = (*rung == plan.party_size(number), Arc::clone(party));
        if complete {
            parties.remove(&number);
        }
        let script = plan.script(world.dice, index, world.patience());
        // Only those who meet each other wait for each other.
        let party = plan.meets(number).then_some(party);
        let (world, cancel) = (Arc::clone(world), cancel.clone());
        callers.spawn(async move {
            caller::run(&world, &script, party, &cancel).await;
            drop(permit);
        });
    }
    callers.close();
    callers.wait().await;
}
