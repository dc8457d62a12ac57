//! The attempts of one request to the user's own program: first, again, given up. Called by the runner of a lane.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use cordboard_core::phone::Text;
use cordboard_core::{HttpOutcome, HttpRequest};
use futures_util::FutureExt;

use super::attempts::PANIC;
use super::lane::Entry;
use crate::house::House;
use crate::ports::BackendAttempt;
use crate::witness::word_of_answer;

/// Asks until there is an answer or nothing may be asked any more; `None` when the house closes first.
pub(super) async fn until_answered(
    house: &Arc<House>,
    request: &HttpRequest,
    entry: &Entry,
) -> Option<HttpOutcome> {
    // What a restart finds may have arrived.
    let mut doubtful = entry.resumed;
    let mut attempts = 0_u32;
    let trace = house.telemetry.context_of(&entry.key, entry.incarnation);
    entry.logbook.began(house.clock.now(), entry.resumed);
    let mut why = "its time was over before its first attempt";
    loop {
        if (doubtful && !request.repeat) || house.clock.now() >= request.give_up_at {
            return Some(HttpOutcome::Unknown {
                why: if attempts == 0 && doubtful { "restart" } else { why }.to_owned(),
            });
        }
        let started = house.clock.now();
        entry.logbook.tries(started);
        let asked =
            AssertUnwindSafe(house.backend.attempt(request, trace.as_deref(), started)).catch_unwind();
        let attempt = tokio::select! {
            biased;
            () = house.outbox.stopping.cancelled() => return None,
            attempt = asked => attempt.unwrap_or(BackendAttempt::InDoubt(PANIC)),
        };
        attempts += 1;
        entry.logbook.tried(house.clock.now(), word_of_answer(&attempt));
        match attempt {
            BackendAttempt::Forbidden(why) => return Some(HttpOutcome::Forbidden { why: why.to_owned() }),
            // Its own word that it cannot at present; another word may come while the caller waits.
            BackendAttempt::Answered { status, body } if status < 500 || !request.repeat => {
                let body = Text::new(body);
                return Some(HttpOutcome::Answered { status, body });
            }
            BackendAttempt::Answered { .. } => why = "5xx",
            BackendAttempt::NotSent(reason) => why = reason,
            BackendAttempt::InDoubt(reason) => {
                doubtful = true;
                why = reason;
            }
        }
        let pause = house.settings.retry.delay(attempts, None, house.jitter.next());
        if house.clock.now() + pause >= request.give_up_at {
            return Some(HttpOutcome::Unknown { why: why.to_owned() });
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = house.outbox.stopping.cancelled() => return None,
        }
    }
}
