//! The reconciler's own questions and orders: repeated under one id by the one retry rule, given up in the end.
//!
//! Nothing of an entity goes this way; what an entity asks for goes through the outbox.

use std::time::Duration;

use cordboard_core::outcome::{CallView, ConferenceView};
use cordboard_core::{
    Address, Answer, Attempt, CallControlId, CallSessionId, Command, CommandId, ConnectionId, Issued,
};

use cordboard_core::command::Query;

use crate::house::House;

/// One question may be repeated for so long.
const PATIENCE: Duration = Duration::from_secs(15);
/// Attempts of one question.
const ATTEMPTS: u32 = 4;

/// Every live leg of a connection; `None` when the carrier does not say.
pub(super) async fn active_legs(house: &House, connection: ConnectionId) -> Option<Vec<CallView>> {
    match ask(house, Query::ActiveCalls { connection }).await? {
        Answer::ActiveCalls(views) => Some(views),
        _ => None,
    }
}

/// Every live conference of the account.
pub(super) async fn live_conferences(house: &House) -> Option<Vec<ConferenceView>> {
    match ask(house, Query::Conferences { name: None }).await? {
        Answer::Conferences(views) => Some(views),
        _ => None,
    }
}

/// One leg.
pub(super) async fn leg(house: &House, leg: CallControlId) -> Option<CallView> {
    match ask(house, Query::Call { leg }).await? {
        Answer::Call(view) => Some(view),
        _ => None,
    }
}

/// Orders something about what nobody owns; true when the carrier has taken it. `about` is the carrier's own id of
/// the thing: the same order has the same id after a restart.
pub(super) async fn order(house: &House, command: Command, about: &str) -> bool {
    // No call has an incarnation 0, so this is no command of anybody's.
    let nobody = Address::Call(CallSessionId::new(about));
    let id = CommandId::derive(&nobody, 0, 0, 0, house.journal.salt());
    attempt(house, command, id).await.is_some()
}

async fn ask(house: &House, query: Query) -> Option<Answer> {
    let id = CommandId::new(format!("reconcile-{}", query.name()));
    attempt(house, Command::Query(query), id).await
}

async fn attempt(house: &House, command: Command, id: CommandId) -> Option<Answer> {
    let issued = Issued {
        id,
        command,
        client_state: None,
        give_up_at: house.clock.now() + PATIENCE,
    };
    for attempt in 1..=ATTEMPTS {
        let after = match house.carrier.attempt(&issued).await {
            Attempt::Accepted(answer) => return Some(answer),
            Attempt::TryLater { after, .. } => after,
            Attempt::InDoubt { .. } => None,
            Attempt::Refused(_) => return None,
        };
        let pause = house.settings.retry.delay(attempt, after, house.jitter.next());
        tokio::time::sleep(pause).await;
    }
    None
}
