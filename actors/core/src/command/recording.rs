//! Recording a leg, at once on answer or by command.

use crate::ids::RecordingId;

words! {
    /// Container of a recording.
    RecordingFormat {
        /// RIFF.
        Wav = "wav",
        /// MPEG audio.
        Mp3 = "mp3",
    }
}

words! {
    /// Whether both sides share one channel.
    RecordingChannels {
        /// Mixed.
        Single = "single",
        /// One channel each.
        Dual = "dual",
    }
}

words! {
    /// Which side is recorded.
    RecordingTrack {
        /// Both.
        Both = "both",
        /// What the far end says.
        Inbound = "inbound",
        /// What the far end hears.
        Outbound = "outbound",
    }
}

words! {
    /// What is cut from a recording.
    RecordingTrim {
        /// Silence at both ends.
        Silence = "trim-silence",
    }
}

parameters! {
    /// Records a leg from the moment it is answered; part of answer, dial, transfer and bridge.
    #[derive(Default)]
    RecordFromAnswer {}
    optional {
        /// Carrier default dual.
        channels: RecordingChannels,
        /// Carrier default mp3.
        format: RecordingFormat,
        /// Seconds, 0 for no limit.
        max_length: u32,
        /// Silence in seconds that ends it, 0 for never.
        timeout_secs: u32,
        /// Carrier default both.
        track: RecordingTrack,
        /// Off when absent.
        trim: RecordingTrim,
        /// 1..40 characters instead of the leg's report id.
        custom_file_name: String,
    }
}

parameters! {
    /// Parameters of `record_start`.
    RecordStart {
        /// Container.
        format: RecordingFormat,
        /// One channel or two.
        channels: RecordingChannels,
    }
    optional {
        /// A beep tells the parties.
        play_beep: bool,
        /// Seconds, 0 for no limit.
        max_length: u32,
        /// Silence in seconds that ends it, 0 for never.
        timeout_secs: u32,
        /// Carrier default both.
        recording_track: RecordingTrack,
        /// Off when absent.
        trim: RecordingTrim,
        /// Keys that end it, for a carrier that listens for them itself. One that reports each key is told to stop.
        end_keys: String,
        /// 1..40 characters instead of the leg's report id.
        custom_file_name: String,
        /// Whether the recording is transcribed afterwards.
        transcription: bool,
        /// `A`, `B` or `deepgram/nova-3` (carrier default A).
        transcription_engine: String,
        /// Language tag of the engine.
        transcription_language: String,
        /// Whether swear words are masked.
        transcription_profanity_filter: bool,
        /// Whether speakers are told apart.
        transcription_speaker_diarization: bool,
        /// Carrier default 2.
        transcription_min_speaker_count: u32,
        /// Carrier default 6.
        transcription_max_speaker_count: u32,
    }
}

parameters! {
    /// The recording that `record_stop`, `record_pause` or `record_resume` is about; none named means the only one.
    #[derive(Default)]
    RecordingChoice {}
    optional {
        /// The recording.
        recording: RecordingId,
    }
}
