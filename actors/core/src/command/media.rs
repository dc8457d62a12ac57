//! Words shared by everything that is said or played, to a leg or to a conference.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How often something is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loop {
    /// So many times, 1..100.
    Times(u32),
    /// Until it is stopped.
    Infinity,
}

impl Serialize for Loop {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Times(times) => serializer.serialize_u32(*times),
            Self::Infinity => serializer.serialize_str("infinity"),
        }
    }
}

impl<'de> Deserialize<'de> for Loop {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LoopVisitor;

        impl Visitor<'_> for LoopVisitor {
            type Value = Loop;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of times or \"infinity\"")
            }

            fn visit_u64<E: de::Error>(self, times: u64) -> Result<Loop, E> {
                u32::try_from(times)
                    .map(Loop::Times)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(times), &self))
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Loop, E> {
                match word {
                    "infinity" => Ok(Loop::Infinity),
                    other => Err(E::invalid_value(de::Unexpected::Str(other), &self)),
                }
            }
        }

        deserializer.deserialize_any(LoopVisitor)
    }
}

words! {
    /// What a speech payload is.
    PayloadType {
        /// Plain text.
        Text = "text",
        /// Speech Synthesis Markup Language.
        Ssml = "ssml",
    }
}

words! {
    /// Quality class of a voice.
    ServiceLevel {
        /// The cheaper one.
        Basic = "basic",
        /// The carrier's default.
        Premium = "premium",
    }
}

words! {
    /// Which legs of a bridge hear something.
    TargetLegs {
        /// The leg that the command names.
        SelfLeg = "self",
        /// The leg at the other end of the bridge.
        Opposite = "opposite",
        /// Both.
        Both = "both",
    }
}

words! {
    /// How much of the queue of sounds a stop clears.
    StopScope {
        /// What plays, not what waits.
        Current = "current",
        /// Everything.
        All = "all",
    }
}

words! {
    /// Container of an audio file.
    AudioType {
        /// MPEG audio.
        Mp3 = "mp3",
        /// RIFF.
        Wav = "wav",
    }
}

/// Settings that only one maker of voices understands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum VoiceSettings {
    /// ElevenLabs.
    ElevenLabs {
        /// Name of the stored API key at the carrier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        api_key_ref: Option<String>,
    },
    /// Telnyx.
    Telnyx {
        /// 0.1..2.0 (carrier default 1.0).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        voice_speed: Option<f64>,
    },
    /// Amazon Polly.
    Aws {},
    /// Azure.
    Azure {
        /// Name of the stored API key at the carrier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        api_key_ref: Option<String>,
        /// Azure region.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        region: Option<String>,
        /// Custom deployment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deployment_id: Option<String>,
    },
    /// Rime.
    Rime {
        /// Carrier default 1.0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        voice_speed: Option<f64>,
    },
}
