//! The scripts of every scenario: which caller does what, drawn from the seed. One file per scenario. Pure.

mod callback;
mod ivr;
mod queue;
mod ring_group;
mod sms;
mod voicemail;

use std::str::FromStr;
use std::time::Duration;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::contract::Contract;
use super::script::{CallerScript, Want};
use crate::dice::Dice;

/// What the callers of a run are there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scenario {
    /// They meet in conferences.
    #[default]
    Conference,
    /// They choose a department by a key.
    Ivr,
    /// They leave their number and get a text.
    Callback,
    /// They text and get a reply.
    Sms,
    /// They are put through to the first agent who accepts.
    RingGroup,
    /// They leave a message.
    Voicemail,
    /// They wait for an agent.
    Queue,
    /// All of these at once.
    Mix,
}

impl Scenario {
    /// All, by name.
    pub const ALL: [(&str, Self); 8] = [
        ("conference", Self::Conference),
        ("ivr", Self::Ivr),
        ("callback", Self::Callback),
        ("sms", Self::Sms),
        ("ring-group", Self::RingGroup),
        ("voicemail", Self::Voicemail),
        ("queue", Self::Queue),
        ("mix", Self::Mix),
    ];

    /// What the callers of this party want: their own scenario, or in a mix one after the other.
    pub(crate) fn of_party(self, party: usize) -> Self {
        // Conferences are the main thing; the others are as likely as each other.
        const MIX: [Scenario; 9] = [
            Scenario::Conference,
            Scenario::Ivr,
            Scenario::Callback,
            Scenario::Conference,
            Scenario::Sms,
            Scenario::RingGroup,
            Scenario::Conference,
            Scenario::Voicemail,
            Scenario::Queue,
        ];
        match self {
            Self::Mix => MIX[party % MIX.len()],
            one => one,
        }
    }

    /// The script of one caller who is not in a conference.
    pub(crate) fn script(self, dice: Dice, index: usize, patience: Duration, talk: Duration) -> CallerScript {
        let mut cast = Cast {
            rng: dice.stream(&["script", &index.to_string()]),
            index,
            patience,
            talk,
        };
        match self {
            Self::Ivr => ivr::script(&mut cast),
            Self::Callback => callback::script(&mut cast),
            Self::Sms => sms::script(&mut cast),
            Self::RingGroup => ring_group::script(&mut cast),
            Self::Voicemail => voicemail::script(&mut cast),
            Self::Queue | Self::Conference | Self::Mix => queue::script(&mut cast),
        }
    }
}

impl FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.iter().find(|(known, _)| *known == name);
        known
            .map(|(_, scenario)| *scenario)
            .ok_or_else(|| UnknownScenario(name.to_owned()))
    }
}

impl std::fmt::Display for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known = Self::ALL.iter().find(|(_, scenario)| scenario == self);
        f.write_str(known.map_or("", |(name, _)| name))
    }
}

/// A scenario name that does not exist.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown scenario `{0}`: use conference, ivr, callback, sms, ring-group, voicemail, queue or mix")]
pub struct UnknownScenario(pub String);

/// What a script is drawn from.
pub(crate) struct Cast {
    rng: ChaCha8Rng,
    index: usize,
    patience: Duration,
    talk: Duration,
}

impl Cast {
    /// Which of these kinds of caller this is: the shares are out of 100 and add up to it.
    fn kind<T: Copy>(&mut self, kinds: &[(u32, T)]) -> T {
        let mut draw = self.rng.random_range(0..100);
        for (share, kind) in kinds {
            if draw < *share {
                return *kind;
            }
            draw -= share;
        }
        kinds[kinds.len() - 1].1
    }

    /// A moment between these two.
    fn moment(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.rng.random_range(from..=to))
    }

    /// The caller's own number, ten digits.
    fn national(&self) -> String {
        national(self.index)
    }

    /// Rings the number of a contract.
    fn ringing(&self, contract: &Contract) -> CallerScript {
        CallerScript {
            room: contract.scenario.to_owned(),
            talk: self.talk,
            ..CallerScript::ringing(contract.number, &format!("+1{}", self.national()), self.patience)
        }
    }

    /// Hangs up this long after the answer, wanting nothing more: whatever the program was about to do is in vain.
    fn leaves(&mut self, script: CallerScript, from: u64, to: u64) -> CallerScript {
        CallerScript {
            goal: vec![Want::Answered],
            talk: self.moment(from, to),
            ..script
        }
    }
}

/// Area codes that exist: a program may refuse others.
const AREAS: [u32; 50] = [
    201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 228, 229,
    231, 234, 239, 240, 248, 251, 252, 253, 254, 256, 260, 262, 267, 269, 270, 276, 281, 301, 302, 303, 304,
    305, 307, 308, 309, 310, 312, 313, 314,
];

/// A North American number of ten digits that no other index has, in the range that is kept free for fiction as long
/// as it lasts (5,000 numbers).
pub(crate) fn national(index: usize) -> String {
    let area = AREAS[index % AREAS.len()];
    let rest = index / AREAS.len();
    format!("{area}{}01{:02}", 555 + rest / 100, rest % 100)
}

#[cfg(test)]
mod tests;
