//! What a leg hears, presses and says: Say, Play, Gather and Record.

use cordboard_core::command::leg::{
    Gather, GatherUsingAudio, GatherUsingSpeak, PlaybackStart, RecordStart, Speak,
};
use cordboard_core::command::media::{Loop, PayloadType};

use super::{Page, Unspeakable, only, whole_secs};
use crate::carriers::twilio::ticket::Kind;
use crate::carriers::twilio::twiml::Verb;

/// The carrier's longest recording, seconds.
const LONGEST_RECORDING: u32 = 14_400;

/// What the shared words for "any voice" are called here; names of makers' voices differ in their prefix only.
fn voice(name: &str) -> String {
    match name {
        "female" => "woman".to_owned(),
        "male" => "man".to_owned(),
        other => match other.strip_prefix("AWS.") {
            Some(polly) => polly.to_owned(),
            None => other.to_owned(),
        },
    }
}

pub(super) fn say(text: &str, name: &str, language: Option<&str>) -> Verb {
    let said = Some(voice(name)).filter(|voice| !voice.is_empty());
    Verb::new("Say")
        .maybe("voice", said)
        .maybe("language", language)
        .saying(text)
}

/// 0 is for ever.
pub(super) fn times(times: Option<Loop>) -> Option<u32> {
    match times? {
        Loop::Times(times) => Some(times),
        Loop::Infinity => Some(0),
    }
}

pub(super) fn file<'u>(
    command: &'static str,
    url: Option<&'u String>,
    stored: Option<&String>,
) -> Result<&'u str, Unspeakable> {
    match (url, stored) {
        (Some(url), None) => Ok(url),
        _ => Err(Unspeakable::Parameter {
            command,
            parameter: "media_name".to_owned(),
        }),
    }
}

/// Keys of a gather, in the carrier's words. One time-out stands for the first key and for all others: the longer one,
/// for nobody may be cut off while looking for the key.
struct Keys<'a> {
    most: Option<u32>,
    silence_millis: u32,
    end: Option<&'a String>,
}

impl Page<'_> {
    pub(super) fn speak(&self, speak: &Speak) -> Result<Vec<Verb>, Unspeakable> {
        only(
            "speak",
            speak,
            &[
                "payload",
                "voice",
                "language",
                "payload_type",
                "service_level",
                "loop",
                "stop",
            ],
        )?;
        plain("speak", speak.payload_type)?;
        let words = say(&speak.payload, &speak.voice, speak.language.as_deref());
        Ok(vec![
            words.maybe("loop", times(speak.r#loop)),
            self.next(Kind::Spoken),
        ])
    }

    pub(super) fn play(&self, audio: &PlaybackStart) -> Result<Vec<Verb>, Unspeakable> {
        let known = ["audio_url", "audio_type", "loop", "stop", "cache_audio"];
        only("playback_start", audio, &known)?;
        let url = file(
            "playback_start",
            audio.audio_url.as_ref(),
            audio.media_name.as_ref(),
        )?;
        let play = Verb::new("Play").maybe("loop", times(audio.r#loop)).saying(url);
        Ok(vec![play, self.next(Kind::Played)])
    }

    fn gather(&self, keys: &Keys<'_>) -> Verb {
        Verb::new("Gather")
            .with("input", "dtmf")
            .with("action", self.ticket(Kind::Gathered, None))
            .with("method", "POST")
            .with("timeout", whole_secs(keys.silence_millis))
            .maybe("numDigits", keys.most)
            .maybe("finishOnKey", keys.end)
            .with("actionOnEmptyResult", "true")
    }

    pub(super) fn keypad(&self, gather: &Gather) -> Verb {
        let first = gather.initial_timeout_millis.unwrap_or(5_000);
        self.gather(&Keys {
            most: gather.maximum_digits,
            silence_millis: first.max(gather.inter_digit_timeout_millis.unwrap_or_default()),
            end: gather.terminating_digit.as_ref(),
        })
    }

    pub(super) fn spoken_gather(&self, gather: &GatherUsingSpeak) -> Result<Verb, Unspeakable> {
        plain("gather_using_speak", gather.payload_type)?;
        let first = gather.timeout_millis.unwrap_or(60_000);
        let keys = Keys {
            most: gather.maximum_digits,
            silence_millis: first.max(gather.inter_digit_timeout_millis.unwrap_or_default()),
            end: gather.terminating_digit.as_ref(),
        };
        let words = say(&gather.payload, &gather.voice, gather.language.as_deref());
        Ok(self.gather(&keys).around(words))
    }

    pub(super) fn played_gather(&self, gather: &GatherUsingAudio) -> Result<Verb, Unspeakable> {
        let command = "gather_using_audio";
        let url = file(command, gather.audio_url.as_ref(), gather.media_name.as_ref())?;
        let first = gather.timeout_millis.unwrap_or(60_000);
        let keys = Keys {
            most: gather.maximum_digits,
            silence_millis: first.max(gather.inter_digit_timeout_millis.unwrap_or_default()),
            end: gather.terminating_digit.as_ref(),
        };
        Ok(self.gather(&keys).around(Verb::new("Play").saying(url)))
    }

    /// The verb ends by itself and asks: at silence, a key, the limit or the hangup.
    pub(super) fn record(&self, record: &RecordStart) -> Result<Vec<Verb>, Unspeakable> {
        let known = [
            "format",
            "channels",
            "play_beep",
            "max_length",
            "timeout_secs",
            "recording_track",
            "trim",
            "end_keys",
        ];
        only("record_start", record, &known)?;
        let limit = record
            .max_length
            .filter(|secs| *secs > 0)
            .unwrap_or(LONGEST_RECORDING)
            .min(LONGEST_RECORDING);
        // A silence that never ends it is one as long as the whole.
        let silence = record.timeout_secs.filter(|secs| *secs > 0).unwrap_or(limit);
        let trim = if record.trim.is_some() {
            "trim-silence"
        } else {
            "do-not-trim"
        };
        let verb = Verb::new("Record")
            .with("action", self.ticket(Kind::Recorded, None))
            .with("method", "POST")
            .with("timeout", silence)
            .with("maxLength", limit)
            .with("finishOnKey", record.end_keys.as_deref().unwrap_or_default())
            .with("playBeep", record.play_beep.unwrap_or(false))
            .with("trim", trim)
            .with("recordingStatusCallback", self.ticket(Kind::Recording, None))
            .with("recordingStatusCallbackMethod", "POST");
        // Of a leg that says nothing there is no recording, and the verb is passed over.
        Ok(vec![verb, self.next(Kind::Recorded)])
    }
}

pub(super) fn plain(command: &'static str, payload: Option<PayloadType>) -> Result<(), Unspeakable> {
    match payload {
        Some(PayloadType::Ssml) => Err(Unspeakable::Parameter {
            command,
            parameter: "payload_type = ssml".to_owned(),
        }),
        Some(PayloadType::Text) | None => Ok(()),
    }
}
