//! Budgets per destination and per number: so many at once, refilled evenly over a time.
//!
//! One point in time per budget (GCRA), so that state does not grow with what was sent. What is full is forgotten.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::plan::NumberPlan;
use crate::phone::PhoneNumber;
use crate::text::TextRefusal;
use crate::time::Timestamp;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// What was used up, as the times at which each budget is full again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Budgets {
    hour: u64,
    day: u64,
    /// Per destination: all texts, and the automatic replies among them. Only those that are not full.
    pairs: BTreeMap<u64, (u64, u64)>,
}

/// The digits of an E.164 number; at most 15, so they fit. 0 for anything else.
pub(super) fn digits(number: &PhoneNumber) -> u64 {
    number
        .expose()
        .strip_prefix('+')
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

impl Budgets {
    /// Uses up one text to this destination, or says which budget has none left, and then uses up nothing.
    pub(super) fn take(
        &mut self,
        plan: &NumberPlan,
        to: &PhoneNumber,
        automatic: bool,
        now: Timestamp,
    ) -> Result<(), TextRefusal> {
        let now = now.as_micros() / 1_000;
        self.pairs
            .retain(|_, (all, replies)| *all > now || *replies > now);
        let (all, replies) = self.pairs.get(&digits(to)).copied().unwrap_or_default();
        let budgets = &plan.budgets;
        let pair = spend(all, now, HOUR_MS, budgets.per_pair_hour).ok_or(TextRefusal::PairBudget)?;
        let reply = match automatic {
            true => {
                spend(replies, now, HOUR_MS, budgets.replies_per_pair_hour).ok_or(TextRefusal::PairBudget)?
            }
            false => replies,
        };
        let hour = spend(self.hour, now, HOUR_MS, budgets.per_hour).ok_or(TextRefusal::NumberBudget)?;
        let day = spend(self.day, now, DAY_MS, budgets.per_day).ok_or(TextRefusal::NumberBudget)?;
        (self.hour, self.day) = (hour, day);
        self.pairs.insert(digits(to), (pair, reply));
        Ok(())
    }
}

/// When the budget is full again after one more; `None` when it has none left.
fn spend(full_at: u64, now: u64, period: u64, budget: u32) -> Option<u64> {
    let next = full_at.max(now) + period / u64::from(budget.max(1));
    (budget > 0 && next - now <= period).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_gives_its_number_at_once_and_then_evenly() {
        let (mut full_at, mut given) = (0, 0);
        while let Some(next) = spend(full_at, 1_000, HOUR_MS, 10) {
            (full_at, given) = (next, given + 1);
        }
        assert_eq!(given, 10);
        assert!(spend(full_at, 1_000 + HOUR_MS / 10 - 1, HOUR_MS, 10).is_none());
        assert!(spend(full_at, 1_000 + HOUR_MS / 10, HOUR_MS, 10).is_some());
        assert!(spend(0, 1_000, HOUR_MS, 0).is_none());
    }
}
