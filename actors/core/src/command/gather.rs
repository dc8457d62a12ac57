//! Collecting keys from a leg. Times in milliseconds.

use super::media::{PayloadType, ServiceLevel, VoiceSettings};

parameters! {
    /// Parameters of `gather`: no prompt, just keys.
    #[derive(Default)]
    Gather {}
    optional {
        /// Fewest keys (carrier default 1).
        minimum_digits: u32,
        /// Most keys (carrier default 128).
        maximum_digits: u32,
        /// How long the whole gather may take (carrier default 60000).
        timeout_millis: u32,
        /// Silence between two keys before the gather is over (carrier default 5000).
        inter_digit_timeout_millis: u32,
        /// Silence before the first key (carrier default 5000).
        initial_timeout_millis: u32,
        /// The key that ends input (carrier default `#`).
        terminating_digit: String,
        /// The keys that count (carrier default `0123456789#*`).
        valid_digits: String,
        /// Names this gather, 1..40 characters.
        gather_id: String,
    }
}

parameters! {
    /// Parameters of `gather_using_speak`.
    #[derive(Default)]
    GatherUsingSpeak {
        /// The prompt; at most 3,000 characters.
        payload: String,
        /// The carrier's voice name.
        voice: String,
    }
    optional {
        /// Said after a wrong input, at most 3,000 characters.
        invalid_payload: String,
        /// BCP 47 tag.
        language: String,
        /// What the payload is (carrier default text).
        payload_type: PayloadType,
        /// Quality class (carrier default premium).
        service_level: ServiceLevel,
        /// Fewest keys (carrier default 1).
        minimum_digits: u32,
        /// Most keys (carrier default 128).
        maximum_digits: u32,
        /// How often the carrier itself repeats the prompt (carrier default 3).
        maximum_tries: u32,
        /// Silence after the prompt before a try is over (carrier default 60000).
        timeout_millis: u32,
        /// Silence between two keys before the gather is over (carrier default 5000).
        inter_digit_timeout_millis: u32,
        /// The key that ends input (carrier default `#`).
        terminating_digit: String,
        /// The keys that count (carrier default `0123456789#*`).
        valid_digits: String,
        /// Settings of the voice's maker.
        voice_settings: VoiceSettings,
    }
}

parameters! {
    /// Parameters of `gather_using_audio`: one of `audio_url` and `media_name`.
    #[derive(Default)]
    GatherUsingAudio {}
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
        /// Silence between two keys before the gather is over (carrier default 5000).
        inter_digit_timeout_millis: u32,
        /// The key that ends input (carrier default `#`).
        terminating_digit: String,
        /// The keys that count (carrier default `0123456789#*`).
        valid_digits: String,
    }
}

parameters! {
    /// Parameters of `gather_stop`.
    #[derive(Default)]
    GatherStop {}
    optional {}
}
