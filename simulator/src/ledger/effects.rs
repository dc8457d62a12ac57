//! Finds effects that happened twice: one verb, one target, one client state, one body, two executions.
//!
//! Command ids do not count, so a program that invents a new id per attempt is found out.

use std::collections::{HashMap, HashSet};

use crate::carrier::emitted::Effect;

type Key = (String, Option<String>, u64);

/// Effects seen so far, per target.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    seen: HashMap<String, HashSet<Key>>,
    duplicates: u64,
}

impl Effects {
    /// Books one executed command.
    pub(crate) fn record(&mut self, effect: Effect) {
        // Setting the same state once more changes nothing that anybody could hear.
        if effect.verb == "client_state_update" {
            return;
        }
        let seen = self.seen.entry(effect.target).or_default();
        for undone in undoes(&effect.verb) {
            seen.retain(|(verb, ..)| verb != undone);
        }
        if !seen.insert((effect.verb, effect.client_state, effect.fingerprint)) {
            self.duplicates += 1;
        }
    }

    /// Drops what is known of a target that is over.
    pub(crate) fn forget(&mut self, target: &str) {
        self.seen.remove(target);
    }

    /// Effects beyond the first of each kind.
    pub(crate) const fn duplicates(&self) -> u64 {
        self.duplicates
    }
}

/// After the undoing verb the same command is a new one, not a repetition.
fn undoes(verb: &str) -> &'static [&'static str] {
    match verb {
        "hold" => &["unhold"],
        "unhold" => &["hold"],
        "mute" => &["unmute"],
        "unmute" => &["mute"],
        "join" => &["leave"],
        "leave" => &["join"],
        "record_stop" => &["record_start", "record_pause", "record_resume"],
        "record_start" => &["record_stop"],
        "record_pause" => &["record_resume"],
        "record_resume" => &["record_pause"],
        "playback_start" => &["playback_stop"],
        "playback_stop" => &["playback_start"],
        "gather_stop" => &["gather", "gather_using_speak", "gather_using_audio"],
        "stop" => &["play", "speak"],
        "streaming_start" => &["streaming_stop"],
        "streaming_stop" => &["streaming_start"],
        "fork_start" => &["fork_stop"],
        "fork_stop" => &["fork_start"],
        "siprec_start" => &["siprec_stop"],
        "siprec_stop" => &["siprec_start"],
        "enqueue" => &["leave_queue"],
        "leave_queue" => &["enqueue"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(verb: &str, state: Option<&str>, fingerprint: u64) -> Effect {
        Effect {
            verb: verb.to_owned(),
            target: "leg".to_owned(),
            client_state: state.map(str::to_owned),
            fingerprint,
        }
    }

    #[test]
    fn the_same_effect_twice_is_a_duplicate() {
        let mut effects = Effects::default();
        effects.record(effect("speak", Some("a"), 1));
        effects.record(effect("speak", Some("b"), 1));
        effects.record(effect("speak", Some("a"), 2));
        assert_eq!(effects.duplicates(), 0);
        effects.record(effect("speak", Some("a"), 1));
        assert_eq!(effects.duplicates(), 1);
    }

    #[test]
    fn hold_after_unhold_is_no_duplicate() {
        let mut effects = Effects::default();
        for verb in ["hold", "unhold", "hold", "unhold"] {
            effects.record(effect(verb, None, 1));
        }
        assert_eq!(effects.duplicates(), 0);
    }
}
