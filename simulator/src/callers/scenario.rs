//! Who rings when: conferences at once or load at a rate, and the plan they become. Pure and drawn from the seed.

use std::time::Duration;

use rand::RngExt;

use super::script::{CallerScript, Reply, Want};
use super::scripts::Scenario;
use crate::dice::Dice;

/// First called number; conferences count up from here. A range kept free for fiction.
const FIRST_CALLED: u64 = 15_550_100_000;
/// First calling number.
const FIRST_CALLING: u64 = 15_550_200_000;
/// Called number of everybody when PINs choose the room.
const PIN_NUMBER: u64 = 15_550_109_999;
/// First PIN; all PINs have as many digits.
const FIRST_PIN: u64 = 1_000;
/// Early hangups come within this time after ringing, so that every step of a call is hit.
const EARLY_WITHIN: Duration = Duration::from_secs(3);
/// Talk times vary by this share in both directions.
const JITTER: f64 = 0.25;

/// Callers who meet in conferences.
#[derive(Debug, Clone, PartialEq)]
pub struct ConferenceScenario {
    /// How many rooms.
    pub conferences: usize,
    /// How many callers per room.
    pub callers_per_conference: usize,
    /// Talk time, varied by a quarter.
    pub hold: Duration,
    /// All callers ring within this time.
    pub arrival_spread: Duration,
    /// Share (0..1) of callers who hang up at a random moment.
    pub early_hangup_share: f64,
    /// Rooms are chosen by PIN on one number instead of by number.
    pub pins: bool,
    /// The called number of the first room, without `+`; the others count up from it.
    pub first_number: u64,
}

impl Default for ConferenceScenario {
    fn default() -> Self {
        Self {
            conferences: 5,
            callers_per_conference: 3,
            hold: Duration::from_secs(5),
            arrival_spread: Duration::from_secs(2),
            early_hangup_share: 0.0,
            pins: false,
            first_number: FIRST_CALLED,
        }
    }
}

/// Callers who ring at a fixed rate, whether the program keeps up or not.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadScenario {
    /// What the callers are there for.
    pub scenario: Scenario,
    /// How many calls in all.
    pub calls: usize,
    /// Rings per second.
    pub rate_per_s: f64,
    /// Live callers at most; further ones wait.
    pub concurrency: usize,
    /// How many callers per room.
    pub callers_per_conference: usize,
    /// Talk time, varied by a quarter.
    pub hold: Duration,
    /// Share (0..1) of callers who hang up at a random moment.
    pub early_hangup_share: f64,
    /// Rooms are chosen by PIN on one number instead of by number.
    pub pins: bool,
}

impl Default for LoadScenario {
    fn default() -> Self {
        Self {
            scenario: Scenario::Conference,
            calls: 300,
            rate_per_s: 20.0,
            concurrency: 500,
            callers_per_conference: 3,
            hold: Duration::from_secs(5),
            early_hangup_share: 0.0,
            pins: false,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Arrival {
    Within(Duration),
    PerSecond(f64),
}

/// A scenario in the form that is run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    scenario: Scenario,
    calls: usize,
    per_room: usize,
    hold: Duration,
    early_share: f64,
    pins: bool,
    first_number: u64,
    arrival: Arrival,
    pub(crate) concurrency: usize,
}

impl From<&ConferenceScenario> for Plan {
    fn from(scenario: &ConferenceScenario) -> Self {
        let per_room = scenario.callers_per_conference.max(1);
        Self {
            scenario: Scenario::Conference,
            calls: scenario.conferences * per_room,
            per_room,
            hold: scenario.hold,
            early_share: scenario.early_hangup_share.clamp(0.0, 1.0),
            pins: scenario.pins,
            first_number: scenario.first_number,
            arrival: Arrival::Within(scenario.arrival_spread),
            concurrency: usize::MAX,
        }
    }
}

impl From<&LoadScenario> for Plan {
    fn from(scenario: &LoadScenario) -> Self {
        let per_room = scenario.callers_per_conference.max(1);
        Self {
            scenario: scenario.scenario,
            calls: scenario.calls,
            per_room,
            hold: scenario.hold,
            early_share: scenario.early_hangup_share.clamp(0.0, 1.0),
            pins: scenario.pins,
            first_number: FIRST_CALLED,
            arrival: Arrival::PerSecond(scenario.rate_per_s.max(0.001)),
            // Fewer would make the callers of a room wait for one who may not ring.
            concurrency: scenario.concurrency.max(per_room),
        }
    }
}

impl Plan {
    /// When which caller rings, in order.
    pub(crate) fn arrivals(&self, dice: Dice) -> Vec<(Duration, usize)> {
        let at = |index: usize| match self.arrival {
            Arrival::PerSecond(rate) => Duration::from_secs_f64(index as f64 / rate),
            Arrival::Within(spread) => {
                spread.mul_f64(dice.stream(&["arrival", &index.to_string()]).random::<f64>())
            }
        };
        let mut arrivals: Vec<_> = (0..self.calls).map(|index| (at(index), index)).collect();
        arrivals.sort();
        arrivals
    }

    /// Which room a caller wants.
    pub(crate) const fn party_of(&self, index: usize) -> usize {
        index / self.per_room
    }

    /// Whether the callers of a party meet in a conference.
    pub(crate) fn meets(&self, party: usize) -> bool {
        self.scenario.of_party(party) == Scenario::Conference
    }

    /// How many callers a room has; the last one of a load may have fewer.
    pub(crate) fn party_size(&self, party: usize) -> usize {
        self.per_room.min(self.calls - party * self.per_room)
    }

    /// The script of one caller.
    pub(crate) fn script(&self, dice: Dice, index: usize, patience: Duration) -> CallerScript {
        let mut rng = dice.stream(&["script", &index.to_string()]);
        let talk = self
            .hold
            .mul_f64(1.0 - JITTER + 2.0 * JITTER * rng.random::<f64>());
        let early = rng.random_bool(self.early_share);
        let moment = EARLY_WITHIN.mul_f64(rng.random::<f64>());
        let party = self.party_of(index);
        if !self.meets(party) {
            let script = self.scenario.of_party(party).script(dice, index, patience, talk);
            return CallerScript {
                hang_up_after: early.then_some(moment),
                ..script
            };
        }
        let party = party as u64;
        let (to, room, keys) = if self.pins {
            let pin = (FIRST_PIN + party).to_string();
            (PIN_NUMBER, pin.clone(), Some(format!("{pin}#")))
        } else {
            (
                self.first_number + party,
                format!("+{}", self.first_number + party),
                None,
            )
        };
        let replies = keys.iter().map(|keys| Reply::always(&[keys]));
        CallerScript {
            room,
            goal: vec![Want::Conference],
            replies: replies.collect(),
            talk,
            hang_up_after: early.then_some(moment),
            ..CallerScript::ringing(&format!("+{to}"), &caller_number(index), patience)
        }
    }
}

/// The number a caller rings from.
pub(crate) fn caller_number(index: usize) -> String {
    format!("+{}", FIRST_CALLING + index as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn callers_of_one_conference_share_a_number_and_differ_in_talk_time() {
        let plan = Plan::from(&ConferenceScenario {
            hold: Duration::from_secs(8),
            ..Default::default()
        });
        let scripts: Vec<_> = (0..15)
            .map(|index| plan.script(Dice::new(3), index, PATIENCE))
            .collect();
        assert_eq!(scripts[0].to, scripts[2].to);
        assert_ne!(scripts[2].to, scripts[3].to);
        assert_ne!(scripts[0].talk, scripts[1].talk);
        assert!(
            scripts
                .iter()
                .all(|s| s.talk >= Duration::from_secs(6) && s.talk <= Duration::from_secs(10))
        );
    }

    #[test]
    fn pins_choose_the_room_on_one_number() {
        let plan = Plan::from(&ConferenceScenario {
            pins: true,
            ..Default::default()
        });
        let (one, other) = (
            plan.script(Dice::new(3), 0, PATIENCE),
            plan.script(Dice::new(3), 3, PATIENCE),
        );
        assert_eq!(one.to, other.to);
        assert_ne!(one.room, other.room);
        assert_eq!(one.replies[0].keys(0), format!("{}#", one.room));
        assert_eq!(
            one.replies[0].keys(4),
            one.replies[0].keys(0),
            "a repeated menu gets the same keys"
        );
    }

    #[test]
    fn the_last_room_of_a_load_may_be_smaller() {
        let plan = Plan::from(&LoadScenario {
            calls: 7,
            callers_per_conference: 3,
            ..Default::default()
        });
        assert_eq!([0, 1, 2].map(|party| plan.party_size(party)), [3, 3, 1]);
    }

    #[test]
    fn one_seed_gives_one_set_of_scripts_and_arrivals() {
        let plan = Plan::from(&ConferenceScenario {
            early_hangup_share: 0.5,
            ..Default::default()
        });
        assert_eq!(plan.arrivals(Dice::new(9)), plan.arrivals(Dice::new(9)));
        for index in 0..15 {
            assert_eq!(
                plan.script(Dice::new(9), index, PATIENCE),
                plan.script(Dice::new(9), index, PATIENCE)
            );
        }
    }
}
