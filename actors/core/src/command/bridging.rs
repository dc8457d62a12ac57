//! Bringing legs together by other ways than a conference: transfer, bridge, queues, supervision.

use std::collections::BTreeMap;

use super::conference::SupervisorRole;
use super::detection::{MachineDetection, MachineDetectionConfig};
use super::recording::RecordFromAnswer;
use super::sip::{
    MediaEncryption, Privacy, Secret, SipHeader, SipRegion, SipTransportProtocol, SoundModifications,
};
use super::webhooks::{WebhookMethod, WebhookRetries};
use crate::ids::CallControlId;
use crate::phone::{Digits, PhoneNumber};

words! {
    /// Whose keys the other side does not hear.
    MuteDtmf {
        /// Nobody's.
        None = "none",
        /// Everybody's.
        Both = "both",
        /// This leg's.
        SelfLeg = "self",
        /// The other leg's.
        Opposite = "opposite",
    }
}

parameters! {
    /// Parameters of `transfer`. The new leg shares the session and carries the command's own client state.
    Transfer {
        /// Whom to call: E.164 or SIP URI.
        to: PhoneNumber,
    }
    optional {
        /// The number shown.
        from: PhoneNumber,
        /// The name shown.
        from_display_name: String,
        /// How long it rings, 5..600 s (carrier default 30).
        timeout_secs: u32,
        /// How long the new leg may live, 30..14400 s.
        time_limit_secs: u32,
        /// Played to the new leg before the bridge.
        audio_url: String,
        /// The same, a file stored at the carrier.
        media_name: String,
        /// Off when absent.
        answering_machine_detection: MachineDetection,
        /// Thresholds of the detector.
        answering_machine_detection_config: Box<MachineDetectionConfig>,
        /// `self` parks this leg after the bridge instead of hanging up.
        park_after_unbridge: String,
        /// Carrier default none.
        mute_dtmf: MuteDtmf,
        /// The caller hears the far end ring (carrier default true).
        early_media: bool,
        /// Pressed on answer.
        send_digits_on_answer: Digits,
        /// Records from the answer on.
        record: Box<RecordFromAnswer>,
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
        /// Changes the voice.
        sound_modifications: Box<SoundModifications>,
        /// Where the new leg's webhooks go instead of the application's URL.
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
    /// Parameters of `bridge`: with exactly one of another leg, a carrier queue and a video room.
    #[derive(Default)]
    Bridge {}
    optional {
        /// The other leg.
        other: CallControlId,
        /// The queue whose first caller is taken. The carrier's own description demands another leg, its guide does not.
        queue: String,
        /// UUID of the video room.
        video_room_id: String,
        /// Passed to the video room.
        video_room_context: String,
        /// `self` parks this leg after the bridge instead of hanging up.
        park_after_unbridge: String,
        /// Holds this leg after the bridge.
        hold_after_unbridge: bool,
        /// Refuses when one of the legs is bridged already.
        prevent_double_bridge: bool,
        /// A ringing tone until the other side is there.
        play_ringtone: bool,
        /// Country of the tone, such as `us` or `de` (carrier default us).
        ringtone: String,
        /// Carrier default none.
        mute_dtmf: MuteDtmf,
        /// Records the bridge.
        record: Box<RecordFromAnswer>,
    }
}

parameters! {
    /// Parameters of `enqueue`: unbridges the leg and lets it wait at the carrier.
    Enqueue {
        /// The queue; made when it does not exist.
        queue_name: String,
    }
    optional {
        /// Most waiting legs (carrier default 100).
        max_size: u32,
        /// After so long the leg is parked again.
        max_wait_time_secs: u32,
        /// Keeps the place after a hangup.
        keep_after_hangup: bool,
    }
}

parameters! {
    /// Parameters of `leave_queue`.
    #[derive(Default)]
    LeaveQueue {}
    optional {}
}

parameters! {
    /// Parameters of `switch_supervisor_role`.
    SwitchSupervisorRole {
        /// `none` is not accepted here.
        role: SupervisorRole,
    }
    optional {}
}
