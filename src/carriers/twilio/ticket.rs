//! The word in an address of ours: what has ended when it is asked for, in which document it stands, and what else it is
//! about. Whose command it was travels beside it, under one seal.

use std::fmt;

use super::held::Number;

/// What an address is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A leg has heard a speech, and asks what comes next.
    Spoken,
    /// A leg has heard a file.
    Played,
    /// A leg has pressed keys, or none.
    Gathered,
    /// A leg has been recorded.
    Recorded,
    /// A leg is alone again after it was connected, or was to be, with somebody who was rung for it.
    Transferred,
    /// A leg is out of a room.
    Left,
    /// A leg is no longer joined with another one.
    Parted,
    /// A leg is out of a queue.
    Dequeued,
    /// A leg that we dialled is up.
    Up,
    /// A leg has waited for long enough, and asks again.
    Resume,
    /// Word about a leg that was dialled.
    Leg,
    /// Word about a recording.
    Recording,
    /// Word about who answered.
    Detection,
    /// Word about a room.
    Room,
    /// Word about two legs that are being joined.
    Joining,
    /// Somebody in a conference is to hear something.
    Announcement,
}

impl Kind {
    const ALL: [Self; 16] = [
        Self::Spoken,
        Self::Played,
        Self::Gathered,
        Self::Recorded,
        Self::Transferred,
        Self::Left,
        Self::Parted,
        Self::Dequeued,
        Self::Up,
        Self::Resume,
        Self::Leg,
        Self::Recording,
        Self::Detection,
        Self::Room,
        Self::Joining,
        Self::Announcement,
    ];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Spoken => "spoken",
            Self::Played => "played",
            Self::Gathered => "gathered",
            Self::Recorded => "recorded",
            Self::Transferred => "transferred",
            Self::Left => "left",
            Self::Parted => "parted",
            Self::Dequeued => "dequeued",
            Self::Up => "up",
            Self::Resume => "resume",
            Self::Leg => "leg",
            Self::Recording => "recording",
            Self::Detection => "detection",
            Self::Room => "room",
            Self::Joining => "joining",
            Self::Announcement => "announcement",
        }
    }

    /// Whether a leg waits for a document there.
    pub(super) fn is_question(self) -> bool {
        match self {
            Self::Spoken
            | Self::Played
            | Self::Gathered
            | Self::Recorded
            | Self::Transferred
            | Self::Left
            | Self::Parted
            | Self::Dequeued
            | Self::Up
            | Self::Resume => true,
            Self::Leg
            | Self::Recording
            | Self::Detection
            | Self::Room
            | Self::Joining
            | Self::Announcement => false,
        }
    }
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) kind: Kind,
    /// The document that it stands in; 0 outside of documents.
    pub(super) number: Number,
    /// Another leg, or the name of an announcement: letters and digits.
    pub(super) about: Option<String>,
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.kind.word(), self.number)?;
        match &self.about {
            Some(about) => write!(f, "-{about}"),
            None => Ok(()),
        }
    }
}

impl Ticket {
    /// Reads the word again; `None` when it is none of ours.
    pub(super) fn read(word: &str) -> Option<Self> {
        let mut parts = word.splitn(3, '-');
        let kind = parts.next()?;
        Some(Self {
            kind: Kind::ALL.into_iter().find(|known| known.word() == kind)?,
            number: parts.next()?.parse().ok()?,
            about: parts.next().map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_says_what_ended_in_which_document_and_about_whom() {
        for kind in Kind::ALL {
            for about in [None, Some("CAffff".to_owned())] {
                let number = 1_700_000_000_000;
                let ticket = Ticket { kind, number, about };
                assert_eq!(Ticket::read(&ticket.to_string()), Some(ticket));
            }
        }
        for other in ["", "spoken", "spoken-x", "message-1", "spoken-"] {
            assert_eq!(Ticket::read(other), None, "{other}");
        }
    }
}
