//! The settings of one sending number, as an operator request brings them: pinned in its state until the next one.

use serde::{Deserialize, Serialize};

use super::replies::Replies;
use super::schedule::Schedule;
use crate::phone::{PhoneNumber, Text};

/// Everything that a sending number goes by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NumberPlan {
    /// Every number of ours, this one included: none of them is texted, none of them is answered.
    pub ours: Vec<PhoneNumber>,
    /// The carrier's messaging profile.
    pub messaging_profile: Option<String>,
    /// Prefixes that texts may go to.
    pub allow: Vec<String>,
    /// How fast.
    pub pace: Pace,
    /// How much.
    pub budgets: BudgetPlan,
    /// Whether the carrier keeps a list in which a text in doubt can be looked for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub searchable: bool,
    /// What is done about a text of which nobody knows whether it was sent.
    pub doubt: DoubtPolicy,
    /// How people who text the number are answered.
    pub replies: Replies,
    /// Answer to HELP; the carrier's own answer alone when absent.
    pub help: Option<Text>,
    /// What is sent at times of the day.
    pub schedules: Vec<Schedule>,
}

/// How fast a number sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pace {
    /// Texts a minute. Carriers grant a plain long number about one a second.
    pub per_minute: u32,
    /// Texts that may be under way to the carrier at one time: that many are in doubt after a crash at most.
    pub in_flight: u32,
    /// Texts that wait at most, for their turn or their time.
    pub queue: u32,
    /// A text that could not be sent for so long is not sent any more, milliseconds.
    pub useful_ms: u64,
    /// Segments of one text at most; the carrier takes ten.
    pub segments: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            per_minute: 60,
            in_flight: 4,
            queue: 100,
            useful_ms: 300_000,
            segments: 6,
        }
    }
}

/// How much a number sends: so many at once, refilled evenly over the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetPlan {
    /// To one destination in an hour.
    pub per_pair_hour: u32,
    /// Automatic replies to one destination in an hour; what ends two machines that answer each other (F18).
    pub replies_per_pair_hour: u32,
    /// In an hour.
    pub per_hour: u32,
    /// In a day.
    pub per_day: u32,
}

impl Default for BudgetPlan {
    fn default() -> Self {
        Self {
            per_pair_hour: 10,
            replies_per_pair_hour: 5,
            per_hour: 300,
            per_day: 2_000,
        }
    }
}

/// What is done about a text in doubt when its time is over (RELIABILITY 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DoubtPolicy {
    /// How long a report may still resolve it, milliseconds.
    pub after_ms: u64,
    /// What then.
    pub then: Doubt,
}

impl Default for DoubtPolicy {
    fn default() -> Self {
        Self {
            after_ms: 600_000,
            then: Doubt::Drop,
        }
    }
}

/// Ways out of doubt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// At most once: it stays unknown.
    #[default]
    Drop,
    /// At least tried again, once; the books call it a possible duplicate.
    ResendOnce,
    /// It is listed until somebody looks.
    Escalate,
}
