//! What a conference hears, and the keys of its participants.

use super::Region;
use crate::command::media::{Loop, PayloadType, VoiceSettings};
use crate::ids::CallControlId;
use crate::phone::Digits;

parameters! {
    /// Parameters of conference play: one of `audio_url` and `media_name`.
    #[derive(Default)]
    ConferencePlay {}
    optional {
        /// A WAV or MP3 file.
        audio_url: String,
        /// A file stored at the carrier.
        media_name: String,
        /// Who hears it; everybody when absent.
        legs: Vec<CallControlId>,
        /// How often it is played (carrier default once).
        r#loop: Loop,
        /// Where the conference is mixed.
        region: Region,
    }
}

parameters! {
    /// Parameters of conference speak.
    #[derive(Default)]
    ConferenceSpeak {
        /// What is said; at most 3,000 characters.
        payload: String,
        /// The carrier's voice name.
        voice: String,
    }
    optional {
        /// Who hears it; everybody when absent.
        legs: Vec<CallControlId>,
        /// BCP 47 tag.
        language: String,
        /// What the payload is (carrier default text).
        payload_type: PayloadType,
        /// Settings of the voice's maker.
        voice_settings: VoiceSettings,
        /// Where the conference is mixed.
        region: Region,
    }
}

parameters! {
    /// Parameters of conference send DTMF.
    ConferenceSendDtmf {
        /// `0-9A-DwW*#`.
        digits: Digits,
    }
    optional {
        /// Who hears them; everybody when absent.
        legs: Vec<CallControlId>,
        /// Length of each key, 100..500 ms (carrier default 250).
        duration_millis: u32,
    }
}

parameters! {
    /// Parameters of conference gather using audio: one participant is prompted. Times in milliseconds.
    ConferenceGather {
        /// The participant.
        leg: CallControlId,
    }
    optional {
        /// The prompt, a WAV or MP3 file.
        audio_url: String,
        /// The prompt, a file stored at the carrier.
        media_name: String,
        /// Played after a wrong input.
        invalid_audio_url: String,
        /// Played after a wrong input, a file stored at the carrier.
        invalid_media_name: String,
        /// Fewest keys (carrier default 1).
        minimum_digits: u32,
        /// Most keys (carrier default 128).
        maximum_digits: u32,
        /// How often the carrier itself repeats the prompt (carrier default 3).
        maximum_tries: u32,
        /// Silence after the prompt before a try is over (carrier default 60000).
        timeout_millis: u32,
        /// Silence before the first key.
        initial_timeout_millis: u32,
        /// Silence between two keys before the gather is over (carrier default 5000).
        inter_digit_timeout_millis: u32,
        /// The key that ends input (carrier default `#`).
        terminating_digit: String,
        /// The keys that count (carrier default `0123456789#*`).
        valid_digits: String,
        /// Whether a key stops the prompt (carrier default true).
        stop_playback_on_dtmf: bool,
        /// Names this gather, at most 100 characters.
        gather_id: String,
    }
}
