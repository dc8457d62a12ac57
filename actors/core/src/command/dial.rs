//! A new outgoing leg.
//!
//! Left out on purpose: a list of destinations (the carrier does not document what comes back), assistants,
//! conversation relay, Dialogflow and deepfake detection.

use std::collections::BTreeMap;

use super::conference::{Beep, SupervisorRole};
use super::detection::{MachineDetection, MachineDetectionConfig};
use super::recording::RecordFromAnswer;
use super::sip::{
    MediaEncryption, Privacy, Secret, SipHeader, SipRegion, SipTransportProtocol, SoundModifications,
};
use super::stream::Stream;
use super::transcription::TranscriptionStart;
use super::webhooks::{WebhookMethod, WebhookRetries};
use crate::ids::{CallControlId, ConferenceId, ConferenceName, ConnectionId};
use crate::phone::{Digits, PhoneNumber};

parameters! {
    /// Parameters of a dial (`POST /calls`).
    Dial {
        /// The carrier application that owns the new leg.
        connection: ConnectionId,
        /// Whom to call: E.164 or SIP URI.
        to: PhoneNumber,
        /// The number shown.
        from: PhoneNumber,
    }
    optional {
        /// The leg whose session the new leg shares.
        link_to: CallControlId,
        /// How long it rings, 5..600 s (carrier default 30).
        timeout_secs: u32,
        /// How long the leg may live, 30..14400 s: the carrier's dead man's switch.
        time_limit_secs: u32,
        /// Tells the carrier early that `link_to` will be bridged; the shown number becomes that leg's.
        bridge_intent: bool,
        /// Bridges with `link_to` as soon as it is answered.
        bridge_on_answer: bool,
        /// `self` parks the leg after a bridge instead of hanging up; needs `link_to`.
        park_after_unbridge: String,
        /// Refuses a bridge when one of the legs is bridged already.
        prevent_double_bridge: bool,
        /// Puts the leg into a conference when it is answered.
        conference_config: Box<DialConference>,
        /// Off when absent.
        answering_machine_detection: MachineDetection,
        /// Thresholds of the detector.
        answering_machine_detection_config: Box<MachineDetectionConfig>,
        /// Whether the carrier tries another route after a time-out (carrier default true).
        retry_on_timeout: bool,
        /// Played on answer.
        audio_url: String,
        /// Played on answer, a file stored at the carrier.
        media_name: String,
        /// Pressed on answer.
        send_digits_on_answer: Digits,
        /// The leg that the new one supervises.
        supervise_leg: CallControlId,
        /// How it supervises (carrier default barge).
        supervisor_role: SupervisorRole,
        /// Records from the answer on.
        record: Box<RecordFromAnswer>,
        /// Streams the leg's media.
        stream: Box<Stream>,
        /// Whether the leg is transcribed from the answer on.
        transcription: bool,
        /// How.
        transcription_config: Box<TranscriptionStart>,
        /// The name shown.
        from_display_name: String,
        /// Whether the shown number is withheld.
        privacy: Privacy,
        /// Headers of the INVITE.
        custom_headers: Vec<SipHeader>,
        /// `User-to-User` only.
        sip_headers: Vec<SipHeader>,
        /// User for the challenge of a SIP destination.
        sip_auth_username: String,
        /// Password for it.
        sip_auth_password: Secret,
        /// Carrier default US.
        sip_region: SipRegion,
        /// Carrier default UDP.
        sip_transport_protocol: SipTransportProtocol,
        /// Carrier default disabled.
        media_encryption: MediaEncryption,
        /// Comma-separated codec names.
        preferred_codecs: String,
        /// Sends silence instead of nothing (carrier default false).
        send_silence_when_idle: bool,
        /// Changes the voice.
        sound_modifications: Box<SoundModifications>,
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
    /// The conference that a dialled leg enters; by id or by name.
    #[derive(Default)]
    DialConference {}
    optional {
        /// The conference.
        id: ConferenceId,
        /// The room.
        conference_name: ConferenceName,
        /// Overrides the conference's beep for this participant.
        beep: Beep,
        /// Enters before the answer (carrier default true).
        early_media: bool,
        /// The conference ends, and all are hung up, when this one leaves.
        end_conference_on_exit: bool,
        /// The conference ends when this one leaves; nobody is hung up.
        soft_end_conference_on_exit: bool,
        /// Starts on hold.
        hold: bool,
        /// Audio while on hold.
        hold_audio_url: String,
        /// The same, a file stored at the carrier.
        hold_media_name: String,
        /// Starts muted.
        mute: bool,
        /// Whether participants hear each other at once.
        start_conference_on_create: bool,
        /// Whether the conference starts when this one enters.
        start_conference_on_enter: bool,
        /// The participant's part.
        supervisor_role: SupervisorRole,
        /// Whom a whisperer speaks to.
        whisper_legs: Vec<CallControlId>,
    }
}
