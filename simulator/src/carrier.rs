//! The simulated carrier as a pure state machine: legs, conferences, queues, recordings, command ids.
//!
//! Inputs are API requests, what callers do and deadlines; outputs are an answer and a list of `Emitted`.
//! Called by `world` only. No I/O, no clock, no locks, no chaos here: faults are injected around it.

pub(crate) mod alphabet;
pub mod answer;
mod audio;
mod bridging;
mod calls;
pub mod conference;
mod conference_audio;
mod conferences;
mod detection;
mod dialling;
pub mod emitted;
mod events;
mod gathering;
pub mod leg;
mod messages;
mod participants;
mod queues;
mod recording;
mod recordings;
pub mod request;
mod rules;
mod streams;
mod timers;
mod window;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use crate::book::Book;
use crate::dice::Dice;
use crate::pace::Pace;
use crate::target::{FarEnd, Receipt};
use answer::{Answer, ApiError, Outcome};
use conference::Conference;
use emitted::{CallerNo, ConferenceNo, Effect, Emitted, LegNo, Notice, Timer};
use leg::{Leg, Place};
use messages::Message;
use queues::Queue;
use request::{Body, Request, Route, fingerprint, text};
use window::Window;

/// What the account looks like: part of `Settings` that the state machine needs.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The one Call Control App.
    pub connection_id: String,
    /// How fast speech and audio go by.
    pub pace: Pace,
    /// Behaviour of numbers that are dialled.
    pub far_end: FarEnd,
    /// Behaviour of single numbers, before `far_end`.
    pub targets: Book<FarEnd>,
    /// What becomes of texts to single numbers.
    pub phones: Book<Receipt>,
}

/// The carrier.
#[derive(Debug)]
pub struct Carrier {
    terms: Terms,
    dice: Dice,
    legs: Vec<Leg>,
    by_control: HashMap<String, LegNo>,
    live_legs: BTreeSet<LegNo>,
    conferences: Vec<Conference>,
    by_conference: HashMap<String, ConferenceNo>,
    by_name: HashMap<String, Vec<ConferenceNo>>,
    live_names: HashMap<String, ConferenceNo>,
    /// Where the callers of a room sit: a room in two conferences is the mistake to find.
    rooms: HashMap<String, BTreeMap<ConferenceNo, usize>>,
    queues: BTreeMap<String, Queue>,
    messages: Vec<Message>,
    travelling: usize,
    by_message: HashMap<String, usize>,
    /// Sender, receiver and text of every message so far.
    texts_sent: HashSet<(String, String, String)>,
    /// Recordings that can be fetched.
    saved: VecDeque<(uuid::Uuid, serde_json::Value)>,
    /// Pairs of our number and a phone that texted STOP to it.
    opted_out: HashSet<(String, String)>,
    account: Window,
    dialled: usize,
    serial: u64,
}

/// What one step may look at and write to: the time and the outputs.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) now: Timestamp,
    pub(crate) out: Vec<Emitted>,
}

impl Step {
    fn new(now: Timestamp) -> Self {
        Self { now, out: Vec::new() }
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        self.out.push(Emitted::Notice(notice));
    }

    pub(crate) fn timer(&mut self, after: Duration, timer: Timer) {
        self.out.push(Emitted::Timer { after, timer });
    }
}

/// An incoming call.
#[derive(Debug, Clone)]
pub struct Ring {
    /// Who calls.
    pub caller: CallerNo,
    /// Calling number.
    pub from: String,
    /// Called number.
    pub to: String,
    /// Where the caller wants to be heard.
    pub room: String,
}

impl Carrier {
    /// A carrier without calls.
    pub fn new(terms: Terms, dice: Dice) -> Self {
        Self {
            terms,
            dice,
            legs: Vec::new(),
            by_control: HashMap::new(),
            live_legs: BTreeSet::new(),
            conferences: Vec::new(),
            by_conference: HashMap::new(),
            by_name: HashMap::new(),
            live_names: HashMap::new(),
            rooms: HashMap::new(),
            queues: BTreeMap::new(),
            messages: Vec::new(),
            travelling: 0,
            by_message: HashMap::new(),
            texts_sent: HashSet::new(),
            saved: VecDeque::new(),
            opted_out: HashSet::new(),
            account: Window::default(),
            dialled: 0,
            serial: 0,
        }
    }

    /// Executes one API request.
    pub fn handle(&mut self, request: &Request, now: Timestamp) -> (Result<Answer, ApiError>, Vec<Emitted>) {
        let mut step = Step::new(now);
        let outcome = self.dispatch(&mut step, request);
        if let Ok(answer) = &outcome
            && answer.effect
            && let Some(effect) = self.effect(request)
        {
            step.notice(Notice::Effect(effect));
        }
        (outcome, step.out)
    }

    /// A caller rings.
    pub fn ring(&mut self, ring: Ring, now: Timestamp) -> (LegNo, Vec<Emitted>) {
        let mut step = Step::new(now);
        let leg = self.incoming(&mut step, ring);
        (leg, step.out)
    }

    /// The far end of a leg presses a key.
    pub fn press(&mut self, leg: LegNo, key: char, now: Timestamp) -> Vec<Emitted> {
        let mut step = Step::new(now);
        self.pressed(&mut step, leg, key);
        step.out
    }

    /// The far end of a leg speaks for a while.
    pub fn speak_up(&mut self, leg: LegNo, lasts: Duration, now: Timestamp) {
        let step = Step::new(now);
        self.voice(&step, leg, lasts);
    }

    /// A dialled number or SIP address behaves like this from now on.
    pub fn set_target(&mut self, pattern: &str, far_end: FarEnd) {
        self.terms.targets.set(pattern, far_end);
    }

    /// This becomes of texts to a number from now on.
    pub fn set_phone(&mut self, pattern: &str, receipt: Receipt) {
        self.terms.phones.set(pattern, receipt);
    }

    /// What a dialled number or SIP address does.
    pub fn target(&self, address: &str) -> &FarEnd {
        self.terms.targets.find(address).unwrap_or(&self.terms.far_end)
    }

    /// What becomes of a text to a number.
    pub fn receipt(&self, phone: &str) -> Receipt {
        self.terms.phones.find(phone).copied().unwrap_or_default()
    }

    /// Somebody sends the program a text message.
    pub fn text_in(&mut self, from: &str, to: &str, words: &str, now: Timestamp) -> Vec<Emitted> {
        let mut step = Step::new(now);
        self.message_comes_in(&mut step, from, to, words);
        step.out
    }

    /// The far end of a leg hangs up.
    pub fn hang_up(&mut self, leg: LegNo, now: Timestamp) -> Vec<Emitted> {
        let mut step = Step::new(now);
        self.far_end_hangs_up(&mut step, leg);
        step.out
    }

    /// A timer that was emitted earlier is due.
    pub fn fire(&mut self, timer: &Timer, now: Timestamp) -> Vec<Emitted> {
        let mut step = Step::new(now);
        self.timer_due(&mut step, timer);
        step.out
    }

    /// A leg by its number.
    pub fn leg(&self, no: LegNo) -> &Leg {
        &self.legs[no.0]
    }

    /// A conference by its number.
    pub fn conference(&self, no: ConferenceNo) -> &Conference {
        &self.conferences[no.0]
    }

    /// A leg by the id that commands use.
    pub fn leg_by_control(&self, control_id: &str) -> Option<LegNo> {
        self.by_control.get(control_id).copied()
    }

    /// A conference by id or name: the live one of that name, else the latest.
    pub fn conference_by_handle(&self, handle: &str) -> Option<ConferenceNo> {
        let by_id = self.by_conference.get(handle);
        let live = || self.live_names.get(handle);
        let latest = || self.by_name.get(handle).and_then(|list| list.last());
        by_id.or_else(live).or_else(latest).copied()
    }

    /// Legs that have not ended.
    pub fn live_leg_count(&self) -> usize {
        self.live_legs.len()
    }

    /// Conferences that have not ended.
    pub fn live_conference_count(&self) -> usize {
        self.live_names.len()
    }

    /// Texts on their way to a phone.
    pub fn travelling_texts(&self) -> usize {
        self.travelling
    }

    fn dispatch(&mut self, step: &mut Step, request: &Request) -> Outcome {
        let body = &request.body;
        match &request.route {
            Route::Dial => self.dial(step, body),
            Route::CallGet(id) => self.call_get(step, id),
            Route::LegAction(id, verb) => self.leg_action(step, id, verb, body),
            Route::ActiveCalls(connection) => self.active_calls(step, connection, request),
            Route::ConferenceCreate => self.create_conference(step, body),
            Route::ConferenceList => self.list_conferences(request),
            Route::ConferenceGet(id) => self.get_conference(id),
            Route::ConferenceAction(id, verb) => self.conference_action(step, id, verb, body),
            Route::ParticipantList(id) => self.list_participants(id, request),
            Route::ParticipantGet(id, who) => self.get_participant(id, who),
            Route::ParticipantPatch(id, who) => self.patch_participant(step, id, who, body),
            Route::MessageSend => self.send_message(step, body),
            Route::MessageGet(id) => self.get_message(id),
            Route::RecordingList => self.list_recordings(request),
            Route::RecordingGet(id) => self.get_recording(id),
            Route::RecordingDelete(id) => self.delete_recording(id),
            Route::QueueCreate => self.create_queue(step, body),
            Route::QueueList => self.list_queues(request),
            Route::QueueGet(name) => self.get_queue(name),
            Route::QueueUpdate(name) => self.update_queue(step, name, body),
            Route::QueueDelete(name) => self.delete_queue(name),
            Route::QueueCalls(name) => self.list_queue_calls(step, name, request),
            Route::QueueCallGet(name, call) => self.get_queue_call(step, name, call),
            Route::QueueCallPatch(name, call) => self.patch_queue_call(name, call, body),
            Route::QueueCallDelete(name, call) => self.delete_queue_call(step, name, call),
        }
    }

    /// What the ledger compares to find an effect that happened twice.
    fn effect(&self, request: &Request) -> Option<Effect> {
        let target = match &request.route {
            Route::LegAction(id, _) => id.clone(),
            Route::ConferenceAction(id, _) => self.conference(self.conference_by_handle(id)?).id.clone(),
            Route::Dial => "account".to_owned(),
            Route::ConferenceCreate => text(&request.body, "name")?.to_owned(),
            _ => return None,
        };
        Some(Effect {
            verb: request.route.verb().to_owned(),
            target,
            client_state: text(&request.body, "client_state").map(str::to_owned),
            fingerprint: fingerprint(&request.body),
        })
    }

    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    fn leg_mut(&mut self, no: LegNo) -> &mut Leg {
        &mut self.legs[no.0]
    }

    fn conference_mut(&mut self, no: ConferenceNo) -> &mut Conference {
        &mut self.conferences[no.0]
    }

    /// The leg a command is for, if it may receive commands at all.
    fn live_leg(&self, control_id: &str) -> Result<LegNo, ApiError> {
        let no = self
            .leg_by_control(control_id)
            .ok_or_else(ApiError::unknown_call)?;
        if self.leg(no).is_live() {
            Ok(no)
        } else {
            Err(ApiError::call_ended())
        }
    }

    /// The leg named in a body, which must be answered.
    fn answered_leg(&self, body: &Body, field: &str) -> Result<LegNo, ApiError> {
        let no = self.live_leg(text(body, field).unwrap_or_default())?;
        if self.leg(no).is_answered() {
            Ok(no)
        } else {
            Err(ApiError::not_answered())
        }
    }

    /// Takes a leg out of wherever it is, leaving it parked. The place is returned for the caller to end.
    fn take_place(&mut self, no: LegNo) -> Place {
        std::mem::replace(&mut self.leg_mut(no).place, Place::Parked)
    }
}

#[cfg(test)]
mod tests;
