//! Field tables of conference, queue and message commands, from the carrier's published schema.

use super::Shape::{Flag, Keys, Loop, Number, OneOf, Sized, Text, Texts, Uuid, Whole, WholeCoded};
use super::{DTMF_KEYS, Field, GATHER_KEYS, may, need};

const BEEPS: &[&str] = &["always", "never", "on_enter", "on_exit"];
const REGIONS: &[&str] = &["Australia", "Europe", "Middle East", "US"];
const ROLES: &[&str] = &["barge", "monitor", "none", "whisper"];

/// Body of `POST /conferences`.
pub(crate) const CREATE: &[Field] = &[
    need("call_control_id", Text),
    need("name", Sized(1, 255, "10033")),
    may("beep_enabled", OneOf(BEEPS)),
    may("comfort_noise", Flag),
    may("duration_minutes", Whole(1, 1_440)),
    may("hold_audio_url", Text),
    may("hold_media_name", Text),
    may("max_participants", Whole(2, 800)),
    may("region", OneOf(REGIONS)),
    may("start_conference_on_create", Flag),
];
const JOIN: &[Field] = &[
    need("call_control_id", Text),
    may("beep_enabled", OneOf(BEEPS)),
    may("end_conference_on_exit", Flag),
    may("soft_end_conference_on_exit", Flag),
    may("hold", Flag),
    may("hold_audio_url", Text),
    may("hold_media_name", Text),
    may("mute", Flag),
    may("region", OneOf(REGIONS)),
    may("start_conference_on_enter", Flag),
    may("supervisor_role", OneOf(ROLES)),
    may("whisper_call_control_ids", Texts),
];
const LEAVE: &[Field] = &[
    need("call_control_id", Text),
    may("beep_enabled", OneOf(BEEPS)),
    may("region", OneOf(REGIONS)),
];
const PARTICIPANTS: &[Field] = &[may("call_control_ids", Texts), may("region", OneOf(REGIONS))];
const HOLD: &[Field] = &[
    may("call_control_ids", Texts),
    may("audio_url", Text),
    may("media_name", Text),
    may("region", OneOf(REGIONS)),
];
const UNHOLD: &[Field] = &[need("call_control_ids", Texts), may("region", OneOf(REGIONS))];
const PLAY: &[Field] = &[
    may("audio_url", Text),
    may("media_name", Text),
    may("call_control_ids", Texts),
    may("loop", Loop),
    may("region", OneOf(REGIONS)),
];
const SPEAK: &[Field] = &[
    need("payload", Sized(1, 3_000, "90010")),
    need("voice", Text),
    may("call_control_ids", Texts),
    may("payload_type", OneOf(&["text", "ssml"])),
    may("region", OneOf(REGIONS)),
];
const RECORD_START: &[Field] = &[
    need("format", OneOf(&["wav", "mp3"])),
    may("channels", OneOf(&["single", "dual"])),
    may("play_beep", Flag),
    may("custom_file_name", Sized(1, 40, "10033")),
    may("trim", OneOf(&["trim-silence"])),
    may("region", OneOf(REGIONS)),
];
const RECORDING: &[Field] = &[may("recording_id", Uuid), may("region", OneOf(REGIONS))];
const UPDATE: &[Field] = &[
    need("call_control_id", Text),
    need("supervisor_role", OneOf(ROLES)),
    may("whisper_call_control_ids", Texts),
    may("region", OneOf(REGIONS)),
];
const SEND_DTMF: &[Field] = &[
    need("digits", Keys(DTMF_KEYS, "90014")),
    may("duration_millis", WholeCoded(100, 500, "90025")),
    may("call_control_ids", Texts),
];
const GATHER: &[Field] = &[
    need("call_control_id", Text),
    may("audio_url", Text),
    may("media_name", Text),
    may("gather_id", Sized(1, 100, "10033")),
    may("minimum_digits", WholeCoded(1, 128, "90011")),
    may("maximum_digits", WholeCoded(1, 128, "90012")),
    may("maximum_tries", WholeCoded(1, 128, "90013")),
    may("terminating_digit", Keys(GATHER_KEYS, "90023")),
    may("valid_digits", Keys(GATHER_KEYS, "90024")),
];
const NONE: &[Field] = &[];

/// Body of a participant PATCH.
pub(crate) const PATCH: &[Field] = &[
    may("beep_enabled", OneOf(BEEPS)),
    may("end_conference_on_exit", Flag),
    may("soft_end_conference_on_exit", Flag),
];
/// Body of `POST /messages`.
pub(crate) const MESSAGE: &[Field] = &[
    need("to", Number),
    may("from", Text),
    may("messaging_profile_id", Text),
    may("text", Text),
    may("media_urls", Texts),
    may("subject", Text),
    may("type", OneOf(&["SMS", "MMS"])),
    may("encoding", OneOf(&["auto", "gsm7", "ucs2"])),
    may("use_profile_webhooks", Flag),
    may("auto_detect", Flag),
    may("webhook_url", Text),
    may("webhook_failover_url", Text),
];
/// Body of `POST /queues`.
pub(crate) const QUEUE_CREATE: &[Field] = &[
    need("queue_name", Sized(1, 255, "10033")),
    may("max_size", Whole(1, 10_000)),
];
/// Body of `POST /queues/{name}`.
pub(crate) const QUEUE_UPDATE: &[Field] = &[need("max_size", Whole(1, 10_000))];
/// Body of `PATCH /queues/{name}/calls/{id}`.
pub(crate) const QUEUE_CALL: &[Field] = &[may("keep_after_hangup", Flag)];

/// Field table of a conference command; `None` for a verb that does not exist.
pub(crate) fn fields(verb: &str) -> Option<&'static [Field]> {
    Some(match verb {
        "join" => JOIN,
        "leave" => LEAVE,
        "mute" | "unmute" | "stop" => PARTICIPANTS,
        "hold" => HOLD,
        "unhold" => UNHOLD,
        "play" => PLAY,
        "speak" => SPEAK,
        "record_start" => RECORD_START,
        "record_stop" | "record_pause" | "record_resume" => RECORDING,
        "update" => UPDATE,
        "end" => NONE,
        "send_dtmf" => SEND_DTMF,
        "gather_using_audio" => GATHER,
        _ => return None,
    })
}
