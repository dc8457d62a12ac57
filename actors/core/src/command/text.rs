//! One text message to somebody.

use crate::ids::TextKey;
use crate::phone::{PhoneNumber, Text};

parameters! {
    /// A text. The carrier has no id to know a repetition by: two requests are two texts.
    SendMessage {
        /// The number of ours that sends it.
        from: PhoneNumber,
        /// Who gets it.
        to: PhoneNumber,
        /// The words.
        text: Text,
        /// Our own key. Travels in the address of the reports, never in the text.
        key: TextKey,
    }
    optional {
        /// The carrier's messaging profile.
        messaging_profile: String,
    }
}
