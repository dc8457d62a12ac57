//! Recording a conference.

use super::Region;
use crate::command::recording::{RecordingChannels, RecordingFormat, RecordingTrim};
use crate::ids::RecordingId;

parameters! {
    /// Parameters of conference record start.
    ConferenceRecordStart {
        /// Container.
        format: RecordingFormat,
    }
    optional {
        /// Carrier default single.
        channels: RecordingChannels,
        /// A beep tells the participants.
        play_beep: bool,
        /// 1..40 characters instead of the carrier's name.
        custom_file_name: String,
        /// Off when absent.
        trim: RecordingTrim,
        /// Where the conference is mixed.
        region: Region,
    }
}

parameters! {
    /// The recording that record stop, pause or resume is about; none named means the only one.
    #[derive(Default)]
    ConferenceRecording {}
    optional {
        /// The recording.
        recording: RecordingId,
        /// Where the conference is mixed.
        region: Region,
    }
}
