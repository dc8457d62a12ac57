//! Saying and playing something to a leg.

use super::media::{AudioType, Loop, PayloadType, ServiceLevel, StopScope, TargetLegs, VoiceSettings};

parameters! {
    /// Parameters of `speak`. Consecutive speaks queue at the carrier.
    #[derive(Default)]
    Speak {
        /// What is said; at most 3,000 characters.
        payload: String,
        /// The carrier's voice name, such as `female` or `AWS.Polly.Joanna`.
        voice: String,
    }
    optional {
        /// BCP 47 tag, such as `en-US`.
        language: String,
        /// What the payload is (carrier default text).
        payload_type: PayloadType,
        /// Quality class (carrier default premium).
        service_level: ServiceLevel,
        /// Stops what is being said first.
        stop: StopScope,
        /// How often it is said (carrier default once).
        r#loop: Loop,
        /// Who hears it (carrier default the leg itself).
        target_legs: TargetLegs,
        /// Settings of the voice's maker.
        voice_settings: VoiceSettings,
    }
}

parameters! {
    /// Parameters of `playback_start`: exactly one of `audio_url`, `media_name` and `playback_content`.
    #[derive(Default)]
    PlaybackStart {}
    optional {
        /// A WAV or MP3 file.
        audio_url: String,
        /// A file stored at the carrier.
        media_name: String,
        /// The audio itself, Base64.
        playback_content: String,
        /// Container of `audio_url` or `playback_content` (carrier default mp3).
        audio_type: AudioType,
        /// How often it is played (carrier default once).
        r#loop: Loop,
        /// Mixed over what already plays.
        overlay: bool,
        /// Stops what plays first.
        stop: StopScope,
        /// Who hears it (carrier default the leg itself).
        target_legs: TargetLegs,
        /// Whether the carrier keeps the file (carrier default true).
        cache_audio: bool,
    }
}

parameters! {
    /// Parameters of `playback_stop`.
    #[derive(Default)]
    PlaybackStop {}
    optional {
        /// How much is stopped (carrier default all).
        stop: StopScope,
        /// Stops the overlay queue instead.
        overlay: bool,
    }
}
