//! What one caller does and wants, written down before the call. Data only; `caller` plays it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::book;

/// One thing that a caller wants. A script's goal is reached when all its wants are fulfilled, in any order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// To be answered.
    Answered,
    /// To be heard in the right room: un-held participant of a running conference in which everybody
    /// wants the same room.
    Conference,
    /// To talk to a leg whose number or SIP address fits this pattern of a book; `*` is anybody.
    Bridged(String),
    /// To hear these words, in any case, in one prompt.
    Hears(String),
    /// To get as many texts as `TextWatch::least` says.
    Texted,
    /// That a recording of the call is saved.
    Recorded,
    /// That the program ends the call.
    Dismissed,
    /// Any one of these.
    Either(Vec<Want>),
}

impl Want {
    /// Whether it can still be fulfilled when the call is over.
    pub(crate) fn outlasts_call(&self) -> bool {
        match self {
            Self::Texted | Self::Recorded => true,
            Self::Either(wants) => wants.iter().any(Self::outlasts_call),
            Self::Answered | Self::Conference | Self::Bridged(_) | Self::Hears(_) | Self::Dismissed => false,
        }
    }

    /// Whether it is somebody to talk to.
    pub(crate) const fn is_company(&self) -> bool {
        matches!(self, Self::Conference | Self::Bridged(_))
    }

    fn is_a_room(&self) -> bool {
        match self {
            Self::Conference => true,
            Self::Either(wants) => wants.iter().any(Self::is_a_room),
            Self::Answered
            | Self::Bridged(_)
            | Self::Hears(_)
            | Self::Texted
            | Self::Recorded
            | Self::Dismissed => false,
        }
    }

    /// What is said of a caller who did not get it.
    pub(crate) const fn miss(&self) -> &'static str {
        match self {
            Self::Answered => "never answered",
            Self::Conference => "answered, but never heard in the right room",
            Self::Bridged(_) => "answered, but never connected to the right person",
            Self::Hears(_) => "answered, but never heard the right words",
            Self::Texted => "never got the text",
            Self::Recorded => "the message was never recorded",
            Self::Dismissed => "left on the line, nobody ended the call",
            Self::Either(_) => "answered, but left alone",
        }
    }

    /// Whether talking to this address fulfils it.
    pub(crate) fn bridged_by(&self, address: &str) -> bool {
        matches!(self, Self::Bridged(pattern) if book::fits(pattern, address))
    }

    /// Whether these words fulfil it.
    pub(crate) fn heard_in(&self, words: &str) -> bool {
        matches!(self, Self::Hears(wanted) if words.to_lowercase().contains(&wanted.to_lowercase()))
    }
}

/// When a reply fits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cue {
    /// Always.
    #[default]
    Any,
    /// These words were heard, in any case, since the caller last pressed keys.
    Says(String),
    /// These digits were read out since the caller last pressed keys, together or one by one.
    ReadsBack(String),
}

/// What a caller presses when a gather listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// When.
    #[serde(default)]
    pub cue: Cue,
    /// Keys for the first time that it fits, the second, …; the last are pressed again for further ones.
    pub keys: Vec<String>,
}

impl Reply {
    /// Keys whatever was heard.
    pub fn always(keys: &[&str]) -> Self {
        Self::to(Cue::Any, keys)
    }

    /// Keys after a cue.
    pub fn to(cue: Cue, keys: &[&str]) -> Self {
        Self {
            cue,
            keys: keys.iter().map(|keys| (*keys).to_owned()).collect(),
        }
    }

    /// Whether it fits what was heard.
    pub(crate) fn fits(&self, heard: &str) -> bool {
        match &self.cue {
            Cue::Any => true,
            Cue::Says(words) => heard.to_lowercase().contains(&words.to_lowercase()),
            Cue::ReadsBack(number) => digits(heard).contains(&digits(number)),
        }
    }

    /// The keys for the n-th time (from 0).
    pub(crate) fn keys(&self, time: usize) -> &str {
        self.keys
            .get(time)
            .or(self.keys.last())
            .map_or("", String::as_str)
    }
}

/// The digits of a text, in order.
pub(crate) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// How a caller makes contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Opening {
    /// By ringing.
    #[default]
    Ring,
    /// By text messages, each so long after the first.
    Text(Vec<(Duration, String)>),
}

/// Which texts belong to a caller, and how many there should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextWatch {
    /// The phone they come to.
    pub number: String,
    /// Digits that tell the caller's texts from others to the same phone; all of them when absent.
    pub digits: Option<String>,
    /// Fewer than this miss the goal.
    pub least: u32,
    /// More than this are a mistake, whenever they come.
    pub most: u32,
}

/// What a caller does when a recording runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// Speaks so long.
    pub lasts: Duration,
    /// Hangs up after that; otherwise waits for what the program does.
    pub hangs_up: bool,
}

/// The script of one caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerScript {
    /// Called number.
    pub to: String,
    /// Calling number.
    pub from: String,
    /// Rings or texts.
    pub opening: Opening,
    /// Name of the room the caller wants: the called number, the PIN, or whatever the callers of one scenario share.
    pub room: String,
    /// What the caller wants; nothing is reached at once.
    pub goal: Vec<Want>,
    /// How long to wait for it.
    pub patience: Duration,
    /// What to press when a gather listens: the first that fits. None presses nothing.
    pub replies: Vec<Reply>,
    /// What to say into a recording.
    pub message: Option<Message>,
    /// Texts that belong to the caller.
    pub texts: Option<TextWatch>,
    /// Talk time after the goal, if the call is still up.
    pub talk: Duration,
    /// Hang up this long after ringing, whatever happened.
    pub hang_up_after: Option<Duration>,
}

impl CallerScript {
    /// A caller who rings a number and wants nothing yet.
    pub fn ringing(to: &str, from: &str, patience: Duration) -> Self {
        Self {
            to: to.to_owned(),
            from: from.to_owned(),
            opening: Opening::Ring,
            room: to.to_owned(),
            goal: Vec::new(),
            patience,
            replies: Vec::new(),
            message: None,
            texts: None,
            talk: Duration::ZERO,
            hang_up_after: None,
        }
    }

    /// Whether the caller is there to meet others.
    pub(crate) fn wants_a_room(&self) -> bool {
        self.goal.iter().any(Want::is_a_room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_back_number_is_recognised_in_any_spelling() {
        let reply = Reply::to(Cue::ReadsBack("2025550123".to_owned()), &["1"]);
        assert!(reply.fits("You typed 2 0 2, 5 5 5, 0 1 2 3. Press 1 if that is right."));
        assert!(!reply.fits("You typed 2025550124. Press 1 if that is right."));
    }

    #[test]
    fn keys_follow_each_other_and_the_last_stay() {
        let reply = Reply::always(&["9", "1"]);
        assert_eq!([0, 1, 2].map(|time| reply.keys(time)), ["9", "1", "1"]);
        assert_eq!(Reply::always(&[]).keys(0), "");
    }

    #[test]
    fn wants_are_fulfilled_by_what_they_name() {
        let agent = Want::Bridged("sip:sales@*".to_owned());
        assert!(agent.bridged_by("sip:sales@example.com") && !agent.bridged_by("sip:support@example.com"));
        assert!(Want::Hears("Goodbye".to_owned()).heard_in("thank you, goodbye."));
        assert!(Want::Either(vec![Want::Dismissed, Want::Recorded]).outlasts_call());
        assert!(!Want::Dismissed.outlasts_call());
    }
}
