//! Live transcription and noise suppression of a leg.
//!
//! Of the engines' own settings only language and interim results are typed; the rest stays at the carrier's defaults.

words! {
    /// Who transcribes.
    TranscriptionEngine {
        /// Google.
        Google = "Google",
        /// Telnyx.
        Telnyx = "Telnyx",
        /// Deepgram.
        Deepgram = "Deepgram",
        /// Azure.
        Azure = "Azure",
    }
}

parameters! {
    /// Parameters of `transcription_start`; also part of answer and dial.
    #[derive(Default)]
    TranscriptionStart {}
    optional {
        /// Carrier default Google.
        engine: TranscriptionEngine,
        /// Language tag of the engine (most default to `en`).
        language: String,
        /// Pieces that may still change are reported too; Google only.
        interim_results: bool,
        /// `inbound`, `outbound` or `both` (carrier default inbound).
        tracks: String,
    }
}

parameters! {
    /// Parameters of `transcription_stop`.
    #[derive(Default)]
    TranscriptionStop {}
    optional {}
}

words! {
    /// Whose noise is suppressed.
    SuppressionDirection {
        /// The far end's.
        Inbound = "inbound",
        /// Ours.
        Outbound = "outbound",
        /// Both.
        Both = "both",
    }
}

parameters! {
    /// Parameters of `suppression_start`.
    #[derive(Default)]
    SuppressionStart {}
    optional {
        /// Carrier default inbound.
        direction: SuppressionDirection,
        /// Engine name such as `Denoiser` or `Krisp` (carrier default Denoiser).
        noise_suppression_engine: String,
        /// Settings of the engine.
        noise_suppression_engine_config: SuppressionConfig,
    }
}

parameters! {
    /// Settings of a suppression engine; each engine knows some of them.
    #[derive(Default)]
    SuppressionConfig {}
    optional {
        /// 0..100 (carrier default 100).
        attenuation_limit: u32,
        /// 0.0..100.0.
        suppression_level: f64,
        /// 0.0..1.0.
        enhancement_level: f64,
        /// 0.1..4.0.
        voice_gain: f64,
        /// Model name.
        model: String,
        /// `standard` or `advanced`.
        mode: String,
        /// `sparrow` or `quail`.
        family: String,
        /// Model size such as `s` or `l`.
        size: String,
    }
}

parameters! {
    /// Parameters of `suppression_stop`.
    #[derive(Default)]
    SuppressionStop {}
    optional {}
}
