//! Legs in conferences: rooms with a name, and two legs joined by a conference that nobody else knows.

use std::sync::Arc;

use cordboard_core::CallControlId;
use cordboard_core::command::LONGEST_LEG_SECS;
use cordboard_core::command::conference::Beep;

use super::Page;
use crate::carriers::twilio::held::Sheet;
use crate::carriers::twilio::ticket::Kind;
use crate::carriers::twilio::twiml::{Verb, document};

/// How a leg enters a room.
pub(in crate::carriers::twilio) struct Entry<'a> {
    pub(in crate::carriers::twilio) name: &'a str,
    pub(in crate::carriers::twilio) beep: Beep,
    pub(in crate::carriers::twilio) muted: bool,
    /// It waits until somebody comes who does not.
    pub(in crate::carriers::twilio) waits: bool,
    /// Heard while it waits.
    pub(in crate::carriers::twilio) wait_url: Option<&'a str>,
    pub(in crate::carriers::twilio) ends_on_exit: bool,
    pub(in crate::carriers::twilio) most: Option<u32>,
    pub(in crate::carriers::twilio) limit_secs: u32,
}

/// The document that puts a leg into a room.
pub(in crate::carriers::twilio) fn room(page: &Page<'_>, entry: &Entry<'_>) -> Sheet {
    let beep = match entry.beep {
        Beep::Always => "true",
        Beep::Never => "false",
        Beep::OnEnter => "onEnter",
        Beep::OnExit => "onExit",
    };
    let noun = Verb::new("Conference")
        .with("muted", entry.muted)
        .with("beep", beep)
        .with("startConferenceOnEnter", !entry.waits)
        .with("endConferenceOnExit", entry.ends_on_exit)
        // Without this the carrier plays music of its own choice to whoever is alone.
        .with("waitUrl", entry.wait_url.unwrap_or_default())
        .maybe("maxParticipants", entry.most)
        .with("statusCallback", page.ticket(Kind::Room, None))
        .with("statusCallbackMethod", "POST")
        .with("statusCallbackEvent", "start end join leave")
        .saying(entry.name);
    let dial = Verb::new("Dial")
        .with("action", page.ticket(Kind::Left, None))
        .with("method", "POST")
        .with("timeLimit", entry.limit_secs)
        .around(noun);
    sheet(page, &[dial], entry.name)
}

/// The documents of two legs that are joined.
pub(in crate::carriers::twilio) struct Halves {
    pub(in crate::carriers::twilio) near: Sheet,
    pub(in crate::carriers::twilio) far: Sheet,
}

/// Joins a leg with another one, until one of them leaves. The first goes on with us, the other is over then.
pub(in crate::carriers::twilio) fn halves(
    page: &Page<'_>,
    leg: &CallControlId,
    other: &CallControlId,
    name: &str,
) -> Halves {
    let noun = || {
        Verb::new("Conference")
            .with("beep", "false")
            .with("endConferenceOnExit", "true")
            .with("waitUrl", "")
            .with("maxParticipants", 2)
            .with("statusCallback", page.ticket(Kind::Joining, Some(leg)))
            .with("statusCallbackMethod", "POST")
            .with("statusCallbackEvent", "start join")
            .saying(name)
    };
    let dial = |noun: Verb| Verb::new("Dial").with("timeLimit", LONGEST_LEG_SECS).around(noun);
    let near = dial(noun())
        .with("action", page.ticket(Kind::Parted, Some(other)))
        .with("method", "POST");
    Halves {
        near: sheet(page, &[near], name),
        far: sheet(page, &[dial(noun()), Verb::new("Hangup")], name),
    }
}

fn sheet(page: &Page<'_>, verbs: &[Verb], name: &str) -> Sheet {
    Sheet {
        number: page.number,
        text: Arc::from(document(verbs)),
        room: Some(Arc::from(name)),
    }
}
