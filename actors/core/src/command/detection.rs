//! Answering-machine detection on outgoing legs. Times in milliseconds.

words! {
    /// Which detector listens.
    MachineDetection {
        /// The better and dearer one.
        Premium = "premium",
        /// Human or machine.
        Detect = "detect",
        /// And the beep.
        DetectBeep = "detect_beep",
        /// And words.
        DetectWords = "detect_words",
        /// And the greeting's end.
        GreetingEnd = "greeting_end",
        /// None.
        Disabled = "disabled",
    }
}

parameters! {
    /// Thresholds of the detector.
    #[derive(Default)]
    MachineDetectionConfig {}
    optional {
        /// Silence after a greeting (carrier default 800).
        after_greeting_silence_millis: u32,
        /// Silence between words (carrier default 50).
        between_words_silence_millis: u32,
        /// A longer greeting is a machine's (carrier default 3500).
        greeting_duration_millis: u32,
        /// Silence that ends a greeting (carrier default 1500).
        greeting_silence_duration_millis: u32,
        /// How long for the greeting's end (carrier default 5000).
        greeting_total_analysis_time_millis: u32,
        /// Silence before the greeting (carrier default 3500).
        initial_silence_millis: u32,
        /// More words are a machine's (carrier default 5).
        maximum_number_of_words: u32,
        /// Longest word (carrier default 3500).
        maximum_word_length_millis: u32,
        /// Noise floor (carrier default 256).
        silence_threshold: u32,
        /// How long in all (carrier default 3500).
        total_analysis_time_millis: u32,
    }
}
