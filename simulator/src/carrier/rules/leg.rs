//! Field tables of dial and of every command on a leg, from the carrier's published schema.
//!
//! A new command: one row in `fields`, and its effect in the file of its group.

use super::Shape::{
    Base64, Flag, Keys, List, Loop, Number, Numbers, Object, OneOf, OneOfNumbers, Sized, SocketUrl, Text,
    Uuid, Whole, WholeCoded,
};
use super::{DTMF_KEYS, Field, GATHER_KEYS, may, need};

const AMD: &[&str] = &[
    "premium",
    "detect",
    "detect_beep",
    "detect_words",
    "greeting_end",
    "disabled",
];
const CHANNELS: &[&str] = &["single", "dual"];
const FORMATS: &[&str] = &["wav", "mp3"];
const TRACKS: &[&str] = &["inbound_track", "outbound_track", "both_tracks"];
const CODECS: &[&str] = &["PCMU", "PCMA", "G722", "OPUS", "AMR-WB", "L16", "default"];
const LEGS: &[&str] = &["self", "opposite", "both"];
const METHODS: &[&str] = &["POST", "GET"];
const MUTE_DTMF: &[&str] = &["none", "both", "self", "opposite"];
const ROLES: &[&str] = &["barge", "whisper", "monitor"];

/// Longest text that can be spoken at once.
const PAYLOAD: super::Shape = Sized(1, 3_000, "90010");
/// Upper bound of counts (digits, tries).
const COUNT: i64 = 128;
/// Upper bound of gather time-outs in milliseconds.
const WAIT_MS: i64 = 120_000;

const HANGUP: &[Field] = &[may("custom_headers", List)];
const REJECT: &[Field] = &[need("cause", OneOf(&["CALL_REJECTED", "USER_BUSY"]))];
const SPEAK: &[Field] = &[
    need("payload", PAYLOAD),
    need("voice", Text),
    may("payload_type", OneOf(&["text", "ssml"])),
    may("service_level", OneOf(&["basic", "premium"])),
    may("stop", OneOf(&["current", "all"])),
    may("loop", Loop),
    may("target_legs", OneOf(LEGS)),
];
const GATHER_SPEAK: &[Field] = &[
    need("payload", PAYLOAD),
    need("voice", Text),
    may("invalid_payload", PAYLOAD),
    may("payload_type", OneOf(&["text", "ssml"])),
    may("service_level", OneOf(&["basic", "premium"])),
    may("minimum_digits", WholeCoded(1, COUNT, "90011")),
    may("maximum_digits", WholeCoded(1, COUNT, "90012")),
    may("maximum_tries", WholeCoded(1, COUNT, "90013")),
    may("timeout_millis", WholeCoded(1, WAIT_MS, "90021")),
    may("inter_digit_timeout_millis", WholeCoded(1, WAIT_MS, "90022")),
    may("terminating_digit", Keys(GATHER_KEYS, "90023")),
    may("valid_digits", Keys(GATHER_KEYS, "90024")),
];
const GATHER_AUDIO: &[Field] = &[
    may("audio_url", Text),
    may("media_name", Text),
    may("invalid_audio_url", Text),
    may("invalid_media_name", Text),
    may("minimum_digits", WholeCoded(1, COUNT, "90011")),
    may("maximum_digits", WholeCoded(1, COUNT, "90012")),
    may("maximum_tries", WholeCoded(1, COUNT, "90013")),
    may("timeout_millis", WholeCoded(1, WAIT_MS, "90021")),
    may("inter_digit_timeout_millis", WholeCoded(1, WAIT_MS, "90022")),
    may("terminating_digit", Keys(GATHER_KEYS, "90023")),
    may("valid_digits", Keys(GATHER_KEYS, "90024")),
];
const GATHER: &[Field] = &[
    may("minimum_digits", WholeCoded(1, COUNT, "90011")),
    may("maximum_digits", WholeCoded(1, COUNT, "90012")),
    may("timeout_millis", WholeCoded(1, WAIT_MS, "90021")),
    may("inter_digit_timeout_millis", WholeCoded(1, WAIT_MS, "90022")),
    may("initial_timeout_millis", WholeCoded(1, WAIT_MS, "90021")),
    may("terminating_digit", Keys(GATHER_KEYS, "90023")),
    may("valid_digits", Keys(GATHER_KEYS, "90024")),
    may("gather_id", Sized(1, 40, "10033")),
];
const PLAYBACK: &[Field] = &[
    may("audio_url", Text),
    may("media_name", Text),
    may("playback_content", Base64),
    may("audio_type", OneOf(&["mp3", "wav"])),
    may("loop", Loop),
    may("overlay", Flag),
    may("stop", OneOf(&["current", "all"])),
    may("target_legs", OneOf(LEGS)),
    may("cache_audio", Flag),
];
const PLAYBACK_STOP: &[Field] = &[may("stop", OneOf(&["current", "all"])), may("overlay", Flag)];
const ANSWER: &[Field] = &[
    may("billing_group_id", Uuid),
    may("custom_headers", List),
    may("sip_headers", List),
    may("record", OneOf(&["record-from-answer"])),
    may("record_channels", OneOf(CHANNELS)),
    may("record_format", OneOf(FORMATS)),
    may("record_custom_file_name", Sized(1, 40, "10033")),
    may("send_silence_when_idle", Flag),
    may("stream_url", Text),
    may("stream_track", OneOf(TRACKS)),
    may("stream_codec", OneOf(CODECS)),
    may("transcription", Flag),
    may("webhook_url", Text),
    may("webhook_url_method", OneOf(METHODS)),
    may("webhook_urls", Object),
    may("webhook_retries_policies", Object),
];
const TRANSFER: &[Field] = &[
    need("to", Number),
    may("from", Text),
    may("from_display_name", Sized(0, 128, "10033")),
    may("audio_url", Text),
    may("media_name", Text),
    may("timeout_secs", Whole(5, 600)),
    may("time_limit_secs", Whole(30, 14_400)),
    may("answering_machine_detection", OneOf(AMD)),
    may("answering_machine_detection_config", Object),
    may("target_leg_client_state", Base64),
    may("park_after_unbridge", OneOf(&["self"])),
    may("mute_dtmf", OneOf(MUTE_DTMF)),
    may("early_media", Flag),
    may("record", OneOf(&["record-from-answer"])),
    may("webhook_url", Text),
    may("webhook_url_method", OneOf(METHODS)),
    may("webhook_urls", Object),
];
const BRIDGE: &[Field] = &[
    // The schema requires call_control_id, the documentation bridges with `queue` alone: accept both.
    may("call_control_id", Text),
    may("queue", Text),
    may("video_room_id", Uuid),
    may("park_after_unbridge", OneOf(&["self"])),
    may("hold_after_unbridge", Flag),
    may("prevent_double_bridge", Flag),
    may("play_ringtone", Flag),
    may("mute_dtmf", OneOf(MUTE_DTMF)),
    may("record", OneOf(&["record-from-answer"])),
];
const SEND_DTMF: &[Field] = &[
    need("digits", Keys(DTMF_KEYS, "90014")),
    may("duration_millis", WholeCoded(100, 500, "90025")),
];
const RECORD_START: &[Field] = &[
    need("format", OneOf(FORMATS)),
    need("channels", OneOf(CHANNELS)),
    may("play_beep", Flag),
    may("max_length", Whole(0, 14_400)),
    may("timeout_secs", Whole(0, 14_400)),
    may("recording_track", OneOf(&["both", "inbound", "outbound"])),
    may("trim", OneOf(&["trim-silence"])),
    may("custom_file_name", Sized(1, 40, "10033")),
    may("transcription", Flag),
];
const RECORDING_ID: &[Field] = &[may("recording_id", Uuid)];
const STREAMING_START: &[Field] = &[
    may("stream_url", SocketUrl),
    may("stream_track", OneOf(TRACKS)),
    may("stream_codec", OneOf(CODECS)),
    may("stream_bidirectional_mode", OneOf(&["mp3", "rtp"])),
    may("stream_bidirectional_codec", OneOf(CODECS)),
    may("stream_bidirectional_target_legs", OneOf(LEGS)),
    may(
        "stream_bidirectional_sampling_rate",
        OneOfNumbers(&[8_000, 16_000, 22_050, 24_000, 48_000]),
    ),
    may("stream_auth_token", Sized(0, 4_000, "10033")),
    may("custom_parameters", List),
    may("enable_dialogflow", Flag),
];
const STREAMING_STOP: &[Field] = &[may("stream_id", Uuid)];
const FORK_START: &[Field] = &[
    may("rx", Text),
    may("tx", Text),
    may("target", Text),
    may("stream_type", OneOf(&["decrypted"])),
];
const FORK_STOP: &[Field] = &[may("stream_type", OneOf(&["raw", "decrypted"]))];
const ENQUEUE: &[Field] = &[
    need("queue_name", Sized(1, 255, "10033")),
    may("max_size", Whole(1, 10_000)),
    may("max_wait_time_secs", Whole(1, 86_400)),
    may("keep_after_hangup", Flag),
];
const REFER: &[Field] = &[
    need("sip_address", Text),
    may("custom_headers", List),
    may("sip_headers", List),
];
const CLIENT_STATE: &[Field] = &[need("client_state", Base64)];
const SUPERVISOR: &[Field] = &[need("role", OneOf(ROLES))];
const SIP_INFO: &[Field] = &[need("content_type", Text), need("body", Text)];
const SUPPRESSION: &[Field] = &[may("direction", OneOf(&["inbound", "outbound", "both"]))];
const SIPREC: &[Field] = &[
    may("connector_name", Text),
    may("siprec_track", OneOf(TRACKS)),
    may("sip_transport", OneOf(&["udp", "tcp", "tls"])),
];
const AI_JOIN: &[Field] = &[need("conversation_id", Text), need("participant", Object)];
const AI_GATHER: &[Field] = &[need("parameters", Object)];
const NONE: &[Field] = &[];

/// Body of `POST /calls`.
pub(crate) const DIAL: &[Field] = &[
    need("connection_id", Text),
    need("to", Numbers),
    need("from", Text),
    may("from_display_name", Sized(0, 128, "10033")),
    may("link_to", Text),
    may("bridge_intent", Flag),
    may("bridge_on_answer", Flag),
    may("park_after_unbridge", OneOf(&["self"])),
    may("conference_config", Object),
    may("answering_machine_detection", OneOf(AMD)),
    may("answering_machine_detection_config", Object),
    may("timeout_secs", Whole(5, 600)),
    may("time_limit_secs", Whole(30, 14_400)),
    may("audio_url", Text),
    may("media_name", Text),
    may("send_digits_on_answer", Keys(DTMF_KEYS, "90014")),
    may("supervise_call_control_id", Text),
    may("supervisor_role", OneOf(ROLES)),
    may("billing_group_id", Uuid),
    may("record", OneOf(&["record-from-answer"])),
    may("record_channels", OneOf(CHANNELS)),
    may("record_format", OneOf(FORMATS)),
    may("webhook_url", Text),
    may("webhook_url_method", OneOf(METHODS)),
    may("webhook_urls", Object),
    may("webhook_retries_policies", Object),
];

/// Field table of a leg command; `None` for a verb that does not exist.
pub(crate) fn fields(verb: &str) -> Option<&'static [Field]> {
    Some(match verb {
        "answer" => ANSWER,
        "hangup" => HANGUP,
        "reject" => REJECT,
        "speak" => SPEAK,
        "gather_using_speak" => GATHER_SPEAK,
        "gather_using_audio" => GATHER_AUDIO,
        "gather" => GATHER,
        "playback_start" => PLAYBACK,
        "playback_stop" => PLAYBACK_STOP,
        "transfer" => TRANSFER,
        "bridge" => BRIDGE,
        "send_dtmf" => SEND_DTMF,
        "record_start" => RECORD_START,
        "record_stop" | "record_pause" | "record_resume" => RECORDING_ID,
        "streaming_start" => STREAMING_START,
        "streaming_stop" => STREAMING_STOP,
        "fork_start" => FORK_START,
        "fork_stop" => FORK_STOP,
        "enqueue" => ENQUEUE,
        "refer" => REFER,
        "client_state_update" => CLIENT_STATE,
        "switch_supervisor_role" => SUPERVISOR,
        "send_sip_info" => SIP_INFO,
        "suppression_start" => SUPPRESSION,
        "siprec_start" => SIPREC,
        "ai_assistant_join" => AI_JOIN,
        "gather_using_ai" => AI_GATHER,
        "gather_stop"
        | "leave_queue"
        | "transcription_start"
        | "transcription_stop"
        | "suppression_stop"
        | "siprec_stop"
        | "ai_assistant_start"
        | "ai_assistant_stop"
        | "ai_assistant_add_messages"
        | "conversation_relay_start"
        | "conversation_relay_stop" => NONE,
        _ => return None,
    })
}
