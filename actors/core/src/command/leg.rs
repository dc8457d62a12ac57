//! Commands to one leg, with the parameters of API-FACTS 1.10.
//!
//! Left out on purpose: assistants, gathering by AI, conversation relay, deepfake detection.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::phone::Digits;

pub use super::bridging::{Bridge, Enqueue, LeaveQueue, MuteDtmf, SwitchSupervisorRole, Transfer};
pub use super::detection::{MachineDetection, MachineDetectionConfig};
pub use super::dial::{Dial, DialConference};
pub use super::gather::{Gather, GatherStop, GatherUsingAudio, GatherUsingSpeak};
pub use super::prompt::{PlaybackStart, PlaybackStop, Speak};
pub use super::recording::{RecordFromAnswer, RecordStart, RecordingChoice};
pub use super::sip::{Refer, SendSipInfo, SipHeader, SoundModifications};
pub use super::stream::{
    ForkStart, ForkStop, SiprecStart, SiprecStop, Stream, StreamingStart, StreamingStop,
};
pub use super::transcription::{SuppressionStart, SuppressionStop, TranscriptionStart, TranscriptionStop};
pub use super::webhooks::{WebhookMethod, WebhookRetries};

/// Something done to one leg.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegAction {
    /// Take an incoming leg.
    Answer(Answer),
    /// End the leg, whatever its state.
    Hangup(Hangup),
    /// Refuse a leg that has not been answered.
    Reject(Reject),
    /// Text to speech.
    Speak(Speak),
    /// Play audio.
    PlaybackStart(PlaybackStart),
    /// Stop audio.
    PlaybackStop(PlaybackStop),
    /// Collect keys without a prompt.
    Gather(Gather),
    /// Prompt by text to speech and collect keys.
    GatherUsingSpeak(GatherUsingSpeak),
    /// Prompt by audio and collect keys.
    GatherUsingAudio(GatherUsingAudio),
    /// Stop a gather.
    GatherStop(GatherStop),
    /// Press keys towards the far end.
    SendDtmf(SendDtmf),
    /// Call somebody else and bridge.
    Transfer(Box<Transfer>),
    /// Join with another leg.
    Bridge(Box<Bridge>),
    /// Wait in a carrier queue.
    Enqueue(Enqueue),
    /// Leave the carrier queue.
    LeaveQueue(LeaveQueue),
    /// Start a recording.
    RecordStart(Box<RecordStart>),
    /// Stop a recording.
    RecordStop(RecordingChoice),
    /// Pause a recording.
    RecordPause(RecordingChoice),
    /// Resume a recording.
    RecordResume(RecordingChoice),
    /// Start a websocket stream.
    StreamingStart(Box<StreamingStart>),
    /// Stop websocket streams.
    StreamingStop(StreamingStop),
    /// Start forking media.
    ForkStart(ForkStart),
    /// Stop forking media.
    ForkStop(ForkStop),
    /// Start a SIPREC session.
    SiprecStart(SiprecStart),
    /// Stop the SIPREC session.
    SiprecStop(SiprecStop),
    /// Start live transcription.
    TranscriptionStart(TranscriptionStart),
    /// Stop live transcription.
    TranscriptionStop(TranscriptionStop),
    /// Start noise suppression.
    SuppressionStart(Box<SuppressionStart>),
    /// Stop noise suppression.
    SuppressionStop(SuppressionStop),
    /// Ask the far end to call elsewhere.
    Refer(Refer),
    /// Send a SIP INFO.
    SendSipInfo(SendSipInfo),
    /// Change how a supervisor takes part.
    SwitchSupervisorRole(SwitchSupervisorRole),
    /// Replace the client state of the leg by the command's own.
    ClientStateUpdate(ClientStateUpdate),
}

impl LegAction {
    /// snake_case name for spans and metrics; Telnyx uses the same words in its paths.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::Hangup(_) => "hangup",
            Self::Reject(_) => "reject",
            Self::Speak(_) => "speak",
            Self::PlaybackStart(_) => "playback_start",
            Self::PlaybackStop(_) => "playback_stop",
            Self::Gather(_) => "gather",
            Self::GatherUsingSpeak(_) => "gather_using_speak",
            Self::GatherUsingAudio(_) => "gather_using_audio",
            Self::GatherStop(_) => "gather_stop",
            Self::SendDtmf(_) => "send_dtmf",
            Self::Transfer(_) => "transfer",
            Self::Bridge(_) => "bridge",
            Self::Enqueue(_) => "enqueue",
            Self::LeaveQueue(_) => "leave_queue",
            Self::RecordStart(_) => "record_start",
            Self::RecordStop(_) => "record_stop",
            Self::RecordPause(_) => "record_pause",
            Self::RecordResume(_) => "record_resume",
            Self::StreamingStart(_) => "streaming_start",
            Self::StreamingStop(_) => "streaming_stop",
            Self::ForkStart(_) => "fork_start",
            Self::ForkStop(_) => "fork_stop",
            Self::SiprecStart(_) => "siprec_start",
            Self::SiprecStop(_) => "siprec_stop",
            Self::TranscriptionStart(_) => "transcription_start",
            Self::TranscriptionStop(_) => "transcription_stop",
            Self::SuppressionStart(_) => "suppression_start",
            Self::SuppressionStop(_) => "suppression_stop",
            Self::Refer(_) => "refer",
            Self::SendSipInfo(_) => "send_sip_info",
            Self::SwitchSupervisorRole(_) => "switch_supervisor_role",
            Self::ClientStateUpdate(_) => "client_state_update",
        }
    }
}

parameters! {
    /// Parameters of `answer`.
    #[derive(Default)]
    Answer {}
    optional {
        /// Records from the answer on.
        record: Box<RecordFromAnswer>,
        /// Streams the leg's media.
        stream: Box<Stream>,
        /// Whether the leg is transcribed from the answer on.
        transcription: bool,
        /// How.
        transcription_config: Box<TranscriptionStart>,
        /// Sends silence instead of nothing (carrier default false).
        send_silence_when_idle: bool,
        /// Changes the voice.
        sound_modifications: Box<SoundModifications>,
        /// One codec name, such as `G722`.
        preferred_codecs: String,
        /// Headers of the 200 OK.
        custom_headers: Vec<SipHeader>,
        /// `User-to-User` only.
        sip_headers: Vec<SipHeader>,
        /// UUID of the billing group.
        billing_group_id: String,
        /// Where this leg's webhooks go instead of the application's URL.
        webhook_url: String,
        /// Carrier default POST.
        webhook_url_method: WebhookMethod,
        /// URLs by event type.
        webhook_urls: BTreeMap<String, String>,
        /// Carrier default POST.
        webhook_urls_method: WebhookMethod,
        /// Redelivery by event type.
        webhook_retries_policies: BTreeMap<String, WebhookRetries>,
    }
}

parameters! {
    /// Parameters of `hangup`.
    #[derive(Default)]
    Hangup {}
    optional {
        /// Headers of the BYE.
        custom_headers: Vec<SipHeader>,
    }
}

parameters! {
    /// Parameters of `reject`.
    Reject {
        /// What the caller's network is told.
        cause: RejectCause,
    }
    optional {}
}

/// Why a leg is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectCause {
    /// SIP 603.
    CallRejected,
    /// SIP 486.
    UserBusy,
}

parameters! {
    /// Parameters of `send_dtmf`. The carrier sends no webhook about it.
    SendDtmf {
        /// `0-9A-DwW*#`; `w` waits half a second, `W` a whole one.
        digits: Digits,
    }
    optional {
        /// Length of each key, 100..500 ms (carrier default 250).
        duration_millis: u32,
    }
}

parameters! {
    /// Parameters of `client_state_update`; the new state is the command's own.
    #[derive(Default)]
    ClientStateUpdate {}
    optional {}
}
