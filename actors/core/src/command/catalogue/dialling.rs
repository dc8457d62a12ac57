//! Examples of what calls somebody: dial and transfer.

use super::{Cast, custom_headers, sip_headers, webhook_retries, webhook_urls};
use crate::command::bridging::{MuteDtmf, Transfer};
use crate::command::conference::{Beep, SupervisorRole};
use crate::command::detection::{MachineDetection, MachineDetectionConfig};
use crate::command::dial::{Dial, DialConference};
use crate::command::media::TargetLegs;
use crate::command::recording::{
    RecordFromAnswer, RecordingChannels, RecordingFormat, RecordingTrack, RecordingTrim,
};
use crate::command::sip::{MediaEncryption, Privacy, SipRegion, SipTransportProtocol, SoundModifications};
use crate::command::stream::{BidirectionalMode, Stream, StreamCodec, StreamTrack};
use crate::command::transcription::{TranscriptionEngine, TranscriptionStart};
use crate::command::webhooks::WebhookMethod;
use crate::phone::Digits;

pub(super) fn dial(cast: &Cast) -> Dial {
    Dial {
        connection: cast.connection.clone(),
        to: cast.to.clone(),
        from: cast.from.clone(),
        link_to: Some(cast.leg.clone()),
        timeout_secs: Some(30),
        time_limit_secs: Some(14_400),
        bridge_intent: Some(false),
        bridge_on_answer: Some(false),
        park_after_unbridge: Some("self".into()),
        prevent_double_bridge: Some(true),
        conference_config: Some(Box::new(dial_conference(cast))),
        answering_machine_detection: Some(MachineDetection::Detect),
        answering_machine_detection_config: Some(Box::new(detection())),
        retry_on_timeout: Some(false),
        audio_url: Some("https://example.com/whisper.mp3".into()),
        media_name: None,
        send_digits_on_answer: Some(Digits::new("1234#")),
        supervise_leg: Some(cast.other_leg.clone()),
        supervisor_role: Some(SupervisorRole::Monitor),
        record: Some(Box::new(record())),
        stream: Some(Box::new(stream())),
        transcription: Some(true),
        transcription_config: Some(Box::new(transcription())),
        from_display_name: Some("Catalogue".into()),
        privacy: Some(Privacy::Id),
        custom_headers: Some(custom_headers()),
        sip_headers: Some(sip_headers()),
        sip_auth_username: Some("user".into()),
        sip_auth_password: Some("hunter2".into()),
        sip_region: Some(SipRegion::Europe),
        sip_transport_protocol: Some(SipTransportProtocol::Tls),
        media_encryption: Some(MediaEncryption::Srtp),
        preferred_codecs: Some("G722,PCMU".into()),
        send_silence_when_idle: Some(true),
        sound_modifications: Some(Box::new(sound())),
        billing_group_id: Some("f5586561-8ff0-4291-a0ac-84fe544797bd".into()),
        webhook_url: Some("https://example.com/webhooks".into()),
        webhook_url_method: Some(WebhookMethod::Post),
        webhook_urls: Some(webhook_urls()),
        webhook_urls_method: Some(WebhookMethod::Post),
        webhook_retries_policies: Some(webhook_retries()),
    }
}

fn dial_conference(cast: &Cast) -> DialConference {
    DialConference {
        id: None,
        conference_name: Some(cast.name.clone()),
        beep: Some(Beep::OnEnter),
        early_media: Some(false),
        end_conference_on_exit: Some(false),
        soft_end_conference_on_exit: Some(false),
        hold: Some(false),
        hold_audio_url: Some("https://example.com/hold.mp3".into()),
        hold_media_name: None,
        mute: Some(true),
        start_conference_on_create: Some(true),
        start_conference_on_enter: Some(true),
        supervisor_role: Some(SupervisorRole::Whisper),
        whisper_legs: Some(vec![cast.other_leg.clone()]),
    }
}

pub(super) fn transfer(cast: &Cast) -> Transfer {
    Transfer {
        to: cast.to.clone(),
        from: Some(cast.from.clone()),
        from_display_name: Some("Catalogue".into()),
        timeout_secs: Some(30),
        time_limit_secs: Some(3_600),
        audio_url: Some("https://example.com/whisper.mp3".into()),
        media_name: None,
        answering_machine_detection: Some(MachineDetection::Premium),
        answering_machine_detection_config: Some(Box::new(detection())),
        park_after_unbridge: Some("self".into()),
        mute_dtmf: Some(MuteDtmf::Opposite),
        early_media: Some(true),
        send_digits_on_answer: Some(Digits::new("1234#")),
        record: Some(Box::new(record())),
        privacy: Some(Privacy::None),
        custom_headers: Some(custom_headers()),
        sip_headers: Some(sip_headers()),
        sip_auth_username: Some("user".into()),
        sip_auth_password: Some("hunter2".into()),
        sip_region: Some(SipRegion::Us),
        sip_transport_protocol: Some(SipTransportProtocol::Udp),
        media_encryption: Some(MediaEncryption::Disabled),
        preferred_codecs: Some("PCMU".into()),
        sound_modifications: Some(Box::new(sound())),
        webhook_url: Some("https://example.com/webhooks".into()),
        webhook_url_method: Some(WebhookMethod::Post),
        webhook_urls: Some(webhook_urls()),
        webhook_urls_method: Some(WebhookMethod::Post),
        webhook_retries_policies: Some(webhook_retries()),
    }
}

fn detection() -> MachineDetectionConfig {
    MachineDetectionConfig {
        after_greeting_silence_millis: Some(800),
        between_words_silence_millis: Some(50),
        greeting_duration_millis: Some(3_500),
        greeting_silence_duration_millis: Some(1_500),
        greeting_total_analysis_time_millis: Some(5_000),
        initial_silence_millis: Some(3_500),
        maximum_number_of_words: Some(5),
        maximum_word_length_millis: Some(3_500),
        silence_threshold: Some(256),
        total_analysis_time_millis: Some(3_500),
    }
}

pub(super) fn record() -> RecordFromAnswer {
    RecordFromAnswer {
        channels: Some(RecordingChannels::Dual),
        format: Some(RecordingFormat::Mp3),
        max_length: Some(600),
        timeout_secs: Some(10),
        track: Some(RecordingTrack::Both),
        trim: Some(RecordingTrim::Silence),
        custom_file_name: Some("catalogue".into()),
    }
}

fn stream() -> Stream {
    Stream {
        bidirectional_sampling_rate: Some(16_000),
        auth_token: Some("hunter2".into()),
        establish_before_call_originate: Some(false),
        ..answer_stream()
    }
}

/// Without what `answer` does not know.
pub(super) fn answer_stream() -> Stream {
    Stream {
        url: "wss://example.com/media".into(),
        track: Some(StreamTrack::Both),
        codec: Some(StreamCodec::Default),
        bidirectional_mode: Some(BidirectionalMode::Rtp),
        bidirectional_codec: Some(StreamCodec::L16),
        bidirectional_sampling_rate: None,
        bidirectional_target_legs: Some(TargetLegs::Opposite),
        auth_token: None,
        establish_before_call_originate: None,
    }
}

pub(super) fn transcription() -> TranscriptionStart {
    TranscriptionStart {
        engine: Some(TranscriptionEngine::Google),
        language: Some("en".into()),
        interim_results: Some(true),
        tracks: Some("both".into()),
    }
}

pub(super) fn sound() -> SoundModifications {
    SoundModifications {
        octaves: None,
        pitch: Some(0.5),
        semitone: Some(-2.0),
        track: Some("outbound".into()),
    }
}
