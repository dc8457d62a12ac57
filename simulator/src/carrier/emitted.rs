//! Everything the carrier's state machine hands to the outside: webhooks, timers and notices.
//!
//! The world moves these values: webhooks to the courier, timers to the clock, notices to the ledger and
//! to the callers. Nothing here acts.

use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

/// Number of a leg inside one carrier, in order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegNo(pub usize);

/// Number of a conference inside one carrier, in order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConferenceNo(pub usize);

/// Number of a simulated caller, in order of ringing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallerNo(pub usize);

/// One thing to do outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Emitted {
    /// Tell the program.
    Webhook(Webhook),
    /// Call `Carrier::fire` with this later.
    Timer {
        /// From now.
        after: Duration,
        /// What to hand back.
        timer: Timer,
    },
    /// Tell ledger and callers.
    Notice(Notice),
}

/// One event for the program, not yet an HTTP request.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// Event id; the same on every delivery.
    pub id: Uuid,
    /// Type of the event.
    pub event_type: &'static str,
    /// The `data` object.
    pub data: Value,
    /// The leg it is about.
    pub leg: Option<LegNo>,
    /// The conference it is about.
    pub conference: Option<ConferenceNo>,
    /// Stable name of the entity for fault draws.
    pub key: String,
    /// How many events that entity had before.
    pub index: u32,
    /// Address set by a command instead of the application's.
    pub url: Option<String>,
}

/// A deadline of the carrier. `serial` tells a current one from one that was overtaken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Timer {
    /// Speech or audio of a leg has been played.
    AudioDone(LegNo, u64),
    /// A gather waited long enough for a key.
    GatherSilence(LegNo, u64),
    /// A gather ran its whole time.
    GatherTotal(LegNo, u64),
    /// The far end of an outgoing leg acts (answers, is busy, rejects).
    FarEndActs(LegNo),
    /// The far end of an outgoing leg has talked enough.
    FarEndLeaves(LegNo),
    /// The far end of an outgoing leg answers a gather with keys.
    FarEndPresses(LegNo, usize),
    /// An outgoing leg rang for `timeout_secs`.
    RingTimeout(LegNo),
    /// A leg reached `time_limit_secs`.
    TimeLimit(LegNo),
    /// Answering machine detection has a result.
    MachineDetected(LegNo),
    /// The greeting of an answering machine is over.
    GreetingEnded(LegNo),
    /// A recording reached `max_length`.
    RecordingFull(LegNo, Uuid),
    /// A recording may have been silent for `timeout_secs`.
    RecordingSilence(LegNo, Uuid),
    /// A recording is ready to be fetched.
    RecordingSaved(LegNo, Uuid),
    /// A conference recording is ready to be fetched.
    ConferenceRecordingSaved(ConferenceNo, Uuid),
    /// A conference reached `duration_minutes`.
    ConferenceTimeout(ConferenceNo),
    /// Speech or audio of a conference has been played.
    ConferenceAudioDone(ConferenceNo, u64),
    /// A call waited `max_wait_time_secs` in its queue.
    QueueTimeout(LegNo, u64),
    /// A message gets one hop further.
    MessageMoves(usize),
    /// The details of an ended leg are no longer needed.
    Forget(LegNo),
}

/// A fact for ledger and callers.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// A leg was answered.
    Answered(LegNo),
    /// Words begin to be spoken, or an audio file of this address begins to play, to the party of a leg.
    Hears {
        /// Who hears.
        leg: LegNo,
        /// What.
        words: String,
    },
    /// A gather started to listen on a leg.
    Listening(LegNo),
    /// A recording of the leg began, its beep included.
    Recording(LegNo),
    /// A recording of the leg, or of the leg it is bridged to, can be fetched.
    Recorded(LegNo),
    /// Two legs hear each other.
    Bridged(LegNo, LegNo),
    /// The leg is heard in the right room.
    Heard(LegNo),
    /// A leg ended; `cause` as in the hangup event.
    Ended {
        /// Which leg.
        leg: LegNo,
        /// Hangup cause.
        cause: &'static str,
    },
    /// A conference exists.
    ConferenceCreated(ConferenceNo),
    /// A conference is over.
    ConferenceEnded(ConferenceNo),
    /// Callers of one room sit in two live conferences.
    RoomSplit {
        /// The room.
        room: String,
    },
    /// A message was accepted; `repeated` when sender, receiver and text were the same before.
    MessageSent {
        /// The same as an earlier one.
        repeated: bool,
    },
    /// A message reached its receiver.
    MessageDelivered {
        /// Sender.
        from: String,
        /// Receiver.
        to: String,
        /// Its text.
        words: String,
    },
    /// A command was executed and changed something.
    Effect(Effect),
}

/// One executed command, told apart from its repetitions by everything except the command id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Effect {
    /// Name of the action.
    pub verb: String,
    /// Control id of the leg, id of the conference, or `account`.
    pub target: String,
    /// The command's client state.
    pub client_state: Option<String>,
    /// Hash of the body without its command id.
    pub fingerprint: u64,
}
