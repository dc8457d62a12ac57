//! Conferences of the Twilio face: made by whoever enters first, run from the second on, ended by the last or by the
//! one whose leaving ends them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::document::Element;
use super::exchange::Exchange;
use super::form::{Form, date};
use super::line::Nudge;
use crate::carrier::emitted::CallerNo;

/// Participants when the document does not say.
const MOST: u64 = 250;

/// How somebody takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Participant {
    pub(crate) label: Option<String>,
    pub(crate) muted: bool,
    pub(crate) hold: bool,
    pub(crate) coaching: bool,
    pub(crate) starts: bool,
    pub(crate) ends: bool,
    pub(crate) since: Timestamp,
    heard: bool,
}

/// One conference; its name may come again when it is over.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) sid: String,
    pub(crate) name: String,
    pub(crate) status: &'static str,
    pub(crate) reason: Option<&'static str>,
    pub(crate) ended_by: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) inside: BTreeMap<usize, Participant>,
    most: u64,
    callback: Option<(String, String, Vec<String>)>,
    sequence: u32,
}

/// What follows from an entry or a leaving, for the outside.
#[derive(Debug, Default)]
pub(crate) struct Aftermath {
    /// Status callbacks: address, method, fields.
    pub(crate) callbacks: Vec<(String, String, Form)>,
    /// Callers who are heard in the right room from here on.
    pub(crate) heard: Vec<CallerNo>,
    pub(crate) created: bool,
    pub(crate) ended: bool,
    /// Callers of one room sit in two conferences.
    pub(crate) split: bool,
    /// Callers who are alone with somebody whom the program dialled, and that one's address.
    pub(crate) joined: Vec<(CallerNo, String)>,
}

impl Room {
    pub(crate) const fn is_live(&self) -> bool {
        self.reason.is_none()
    }

    pub(crate) fn resource(&self, account: &str) -> Value {
        let uri = format!("/2010-04-01/Accounts/{account}/Conferences/{}", self.sid);
        let mut resource = json!({
            "sid": self.sid, "account_sid": account, "friendly_name": self.name, "status": self.status,
            "date_created": date(self.created), "date_updated": date(self.updated), "region": "us1",
            "api_version": "2010-04-01",
            "call_sid_ending_conference": self.ended_by, "uri": format!("{uri}.json"),
            "subresource_uris": { "participants": format!("{uri}/Participants.json"),
                "recordings": format!("{uri}/Recordings.json") },
        });
        // The description has no null among the reasons.
        if let Some(reason) = &self.reason {
            resource["reason_conference_ended"] = json!(reason);
        }
        resource
    }

    fn event(
        &mut self,
        account: &str,
        event: &str,
        about: Option<(&str, &Participant)>,
        now: Timestamp,
    ) -> Option<(String, String, Form)> {
        let (url, method, events) = self.callback.clone()?;
        let kind = match event {
            "conference-start" => "start",
            "conference-end" => "end",
            "participant-join" => "join",
            "participant-leave" => "leave",
            "participant-mute" | "participant-unmute" => "mute",
            "participant-hold" | "participant-unhold" => "hold",
            _ => "modify",
        };
        if !events.iter().any(|wanted| wanted == kind) {
            return None;
        }
        let mut form = Form::default()
            .with("ConferenceSid", &self.sid)
            .with("FriendlyName", &self.name)
            .with("AccountSid", account)
            .with("SequenceNumber", self.sequence.to_string())
            .with("Timestamp", date(now))
            .with("StatusCallbackEvent", event);
        self.sequence += 1;
        if let Some((sid, participant)) = about {
            form = form
                .with("CallSid", sid)
                .with("Muted", participant.muted.to_string())
                .with("Hold", participant.hold.to_string())
                .with("Coaching", participant.coaching.to_string())
                .with("StartConferenceOnEnter", participant.starts.to_string())
                .with("EndConferenceOnExit", participant.ends.to_string());
            if let Some(label) = &participant.label {
                form = form.with("ParticipantLabel", label);
            }
        }
        if let (true, Some(reason)) = (event == "conference-end", self.reason) {
            form = form.with("ReasonConferenceEnded", reason);
        }
        Some((url, method, form))
    }
}

impl Exchange {
    /// The live conference of a name or id, else the latest.
    pub(crate) fn room_by(&self, handle: &str) -> Option<usize> {
        let fits = |room: &&Room| room.sid == handle || room.name == handle;
        let live = self.rooms.iter().position(|room| fits(&room) && room.is_live());
        live.or_else(|| self.rooms.iter().rposition(|room| fits(&room)))
    }

    /// A leg enters the conference of a noun; `None` when it is full.
    pub(crate) fn enter(&mut self, no: usize, noun: &Element, now: Timestamp) -> Option<(usize, Aftermath)> {
        let mut after = Aftermath::default();
        let name = noun.text.clone();
        let found = self
            .rooms
            .iter()
            .position(|room| room.name == name && room.is_live());
        let at = found.unwrap_or_else(|| {
            after.created = true;
            let sid = self.sid("CF", &format!("{name}-{}", self.rooms.len()));
            // Only who comes first says where its events go.
            let callback = noun.attribute("statusCallback").map(|url| {
                let method = noun
                    .attribute("statusCallbackMethod")
                    .unwrap_or("POST")
                    .to_owned();
                let events = noun.attribute("statusCallbackEvent").unwrap_or_default();
                (
                    url.to_owned(),
                    method,
                    events.split_whitespace().map(str::to_owned).collect(),
                )
            });
            self.rooms.push(Room {
                sid,
                name,
                status: "init",
                reason: None,
                ended_by: None,
                created: now,
                updated: now,
                inside: BTreeMap::new(),
                most: noun.number("maxParticipants", MOST),
                callback,
                sequence: 1,
            });
            self.rooms.len() - 1
        });
        if self.rooms[at].inside.len() as u64 >= self.rooms[at].most {
            return None;
        }
        let participant = Participant {
            label: noun.attribute("participantLabel").map(str::to_owned),
            muted: noun.flag("muted", false),
            hold: false,
            coaching: noun.attribute("coach").is_some(),
            starts: noun.flag("startConferenceOnEnter", true),
            ends: noun.flag("endConferenceOnExit", false),
            since: now,
            heard: false,
        };
        let (account, sid) = (self.account.clone(), self.calls[no].sid.clone());
        let room = &mut self.rooms[at];
        room.inside.insert(no, participant.clone());
        room.updated = now;
        after
            .callbacks
            .extend(room.event(&account, "participant-join", Some((&sid, &participant)), now));
        if room.status == "init" && room.inside.len() > 1 && room.inside.values().any(|one| one.starts) {
            room.status = "in-progress";
            after
                .callbacks
                .extend(room.event(&account, "conference-start", None, now));
        }
        after.split = self.is_split(at, no);
        self.hear(at, &mut after);
        self.meet(at, &mut after);
        Some((at, after))
    }

    /// A caller and somebody whom the program dialled have a conference for themselves: they are connected.
    fn meet(&self, at: usize, after: &mut Aftermath) {
        let inside: Vec<usize> = self.rooms[at].inside.keys().copied().collect();
        let [one, other] = inside[..] else { return };
        for (near, far) in [(one, other), (other, one)] {
            if let (Some(caller), true) = (self.calls[near].caller, self.is_dialled(far)) {
                after.joined.push((caller, self.calls[far].to.clone()));
                self.nudge(far, Nudge::Taken(near));
            }
        }
    }

    fn is_dialled(&self, no: usize) -> bool {
        self.calls[no].direction == "outbound-api"
    }

    /// Whether callers of this leg's room sit in another live conference as well.
    fn is_split(&self, at: usize, no: usize) -> bool {
        let wanted = self.calls[no].room.as_ref();
        let elsewhere = self
            .rooms
            .iter()
            .enumerate()
            .filter(|(other, room)| *other != at && room.is_live());
        let mut others = elsewhere.flat_map(|(_, room)| room.inside.keys());
        wanted.is_some() && others.any(|other| self.calls[*other].room.as_ref() == wanted)
    }

    /// Callers are heard when the conference runs, they are not on hold, and everybody in it wants the same room. Who is
    /// alone waits for a second one before it runs, and is where they should be all the same.
    fn hear(&mut self, at: usize, after: &mut Aftermath) {
        let calls = &self.calls;
        let room = &mut self.rooms[at];
        let mut wanted: Vec<&String> = room
            .inside
            .keys()
            .filter_map(|no| calls[*no].room.as_ref())
            .collect();
        wanted.dedup();
        let waits_alone = room.inside.len() == 1 && room.inside.values().all(|one| one.starts);
        if !(room.status == "in-progress" || waits_alone) || wanted.len() != 1 {
            return;
        }
        for (no, participant) in &mut room.inside {
            if !participant.heard && !participant.hold && calls[*no].room.is_some() {
                participant.heard = true;
                after.heard.extend(calls[*no].caller);
            }
        }
    }

    /// A leg is no longer in a conference.
    pub(crate) fn leave(&mut self, no: usize, at: usize, kicked: bool, now: Timestamp) -> Aftermath {
        let mut after = Aftermath::default();
        let (account, sid) = (self.account.clone(), self.calls[no].sid.clone());
        let room = &mut self.rooms[at];
        let Some(participant) = room.inside.remove(&no) else {
            return after;
        };
        room.updated = now;
        after
            .callbacks
            .extend(room.event(&account, "participant-leave", Some((&sid, &participant)), now));
        let reason = match (participant.ends, room.inside.is_empty(), kicked) {
            (true, _, false) => "participant-with-end-conference-on-exit-left",
            (true, _, true) => "participant-with-end-conference-on-exit-kicked",
            (false, true, false) => "last-participant-left",
            (false, true, true) => "last-participant-kicked",
            (false, false, _) => {
                self.hear(at, &mut after);
                return after;
            }
        };
        self.end_room(at, reason, Some(sid), &mut after, now);
        after
    }

    /// A conference is over; who is still in it goes on with its document.
    pub(crate) fn end_room(
        &mut self,
        at: usize,
        reason: &'static str,
        by: Option<String>,
        after: &mut Aftermath,
        now: Timestamp,
    ) {
        let account = self.account.clone();
        let room = &mut self.rooms[at];
        if !room.is_live() {
            return;
        }
        room.status = "completed";
        room.reason = Some(reason);
        room.ended_by = by;
        room.updated = now;
        let inside: Vec<usize> = std::mem::take(&mut room.inside).into_keys().collect();
        after.ended = true;
        after
            .callbacks
            .extend(self.rooms[at].event(&account, "conference-end", None, now));
        for no in inside {
            self.nudge(no, Nudge::Released);
        }
    }

    /// REST changes a participant.
    pub(crate) fn change(&mut self, at: usize, no: usize, form: &Form, now: Timestamp) -> Aftermath {
        let mut after = Aftermath::default();
        let (account, sid) = (self.account.clone(), self.calls[no].sid.clone());
        let room = &mut self.rooms[at];
        let Some(participant) = room.inside.get_mut(&no) else {
            return after;
        };
        let mut events = Vec::new();
        if let Some(muted) = form.flag("Muted").filter(|muted| *muted != participant.muted) {
            participant.muted = muted;
            events.push(if muted {
                "participant-mute"
            } else {
                "participant-unmute"
            });
        }
        if let Some(hold) = form.flag("Hold").filter(|hold| *hold != participant.hold) {
            participant.hold = hold;
            events.push(if hold {
                "participant-hold"
            } else {
                "participant-unhold"
            });
        }
        if let Some(ends) = form.flag("EndConferenceOnExit") {
            participant.ends = ends;
            events.push("participant-modify");
        }
        let participant = participant.clone();
        for event in events {
            after
                .callbacks
                .extend(room.event(&account, event, Some((&sid, &participant)), now));
        }
        self.hear(at, &mut after);
        after
    }

    pub(crate) fn participant_resource(&self, at: usize, no: usize) -> Value {
        let (room, call) = (&self.rooms[at], &self.calls[no]);
        let participant = room.inside.get(&no);
        let flag = |read: fn(&Participant) -> bool| participant.is_some_and(read);
        let since = participant.map_or(room.updated, |participant| participant.since);
        json!({
            "account_sid": self.account, "call_sid": call.sid, "conference_sid": room.sid,
            "label": participant.and_then(|participant| participant.label.clone()),
            "call_sid_to_coach": null, "coaching": flag(|one| one.coaching), "muted": flag(|one| one.muted),
            "hold": flag(|one| one.hold), "status": if participant.is_some() { "connected" } else { "complete" },
            "start_conference_on_enter": flag(|one| one.starts), "end_conference_on_exit": flag(|one| one.ends),
            "queue_time": "0", "date_created": date(since), "date_updated": date(room.updated),
            "uri": format!("/2010-04-01/Accounts/{}/Conferences/{}/Participants/{}.json", self.account, room.sid, call.sid),
        })
    }
}
