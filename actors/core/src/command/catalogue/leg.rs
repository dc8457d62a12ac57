//! Examples of what is done to one leg.

use super::dialling::{answer_stream, record, sound, transcription, transfer};
use super::{Cast, custom_headers, sip_headers, webhook_retries, webhook_urls};
use crate::command::bridging::{Bridge, Enqueue, LeaveQueue, MuteDtmf, SwitchSupervisorRole};
use crate::command::conference::SupervisorRole;
use crate::command::gather::{Gather, GatherStop, GatherUsingAudio, GatherUsingSpeak};
use crate::command::leg::{Answer, ClientStateUpdate, Hangup, LegAction, Reject, RejectCause, SendDtmf};
use crate::command::media::{
    AudioType, Loop, PayloadType, ServiceLevel, StopScope, TargetLegs, VoiceSettings,
};
use crate::command::prompt::{PlaybackStart, PlaybackStop, Speak};
use crate::command::recording::{
    RecordStart, RecordingChannels, RecordingChoice, RecordingFormat, RecordingTrack, RecordingTrim,
};
use crate::command::sip::{Refer, SendSipInfo, SipTransport};
use crate::command::stream::{
    ForkMedia, ForkStart, ForkStop, SiprecStart, SiprecStop, Stream, StreamParameter, StreamTrack,
    StreamingStart, StreamingStop,
};
use crate::command::transcription::{
    SuppressionConfig, SuppressionDirection, SuppressionStart, SuppressionStop, TranscriptionStop,
};
use crate::command::webhooks::WebhookMethod;
use crate::phone::Digits;

pub(super) fn actions(cast: &Cast) -> Vec<LegAction> {
    let recording = RecordingChoice {
        recording: Some(cast.recording.clone()),
    };
    vec![
        LegAction::Answer(answer()),
        LegAction::Hangup(Hangup {
            custom_headers: Some(custom_headers()),
        }),
        LegAction::Reject(Reject::new(RejectCause::UserBusy)),
        LegAction::Speak(speak()),
        LegAction::PlaybackStart(playback()),
        LegAction::PlaybackStop(PlaybackStop {
            stop: Some(StopScope::All),
            overlay: Some(false),
        }),
        LegAction::Gather(gather()),
        LegAction::GatherUsingSpeak(gather_using_speak()),
        LegAction::GatherUsingAudio(gather_using_audio()),
        LegAction::GatherStop(GatherStop {}),
        LegAction::SendDtmf(SendDtmf {
            digits: Digits::new("1234#"),
            duration_millis: Some(250),
        }),
        LegAction::Transfer(Box::new(transfer(cast))),
        LegAction::Bridge(Box::new(bridge(cast))),
        LegAction::Enqueue(Enqueue {
            queue_name: "support".into(),
            max_size: Some(20),
            max_wait_time_secs: Some(600),
            keep_after_hangup: Some(false),
        }),
        LegAction::LeaveQueue(LeaveQueue {}),
        LegAction::RecordStart(Box::new(record_start())),
        LegAction::RecordStop(recording.clone()),
        LegAction::RecordPause(recording.clone()),
        LegAction::RecordResume(recording),
        LegAction::StreamingStart(Box::new(streaming_start())),
        LegAction::StreamingStop(StreamingStop {
            stream_id: Some("1edb94f9-7ef0-4150-b502-e0ebadfd9491".into()),
        }),
        LegAction::ForkStart(ForkStart {
            rx: Some("udp:192.0.2.1:9000".into()),
            tx: Some("udp:192.0.2.1:9001".into()),
            stream_type: Some(ForkMedia::Decrypted),
        }),
        LegAction::ForkStop(ForkStop {
            stream_type: Some(ForkMedia::Decrypted),
        }),
        LegAction::SiprecStart(siprec_start()),
        LegAction::SiprecStop(SiprecStop {}),
        LegAction::TranscriptionStart(transcription()),
        LegAction::TranscriptionStop(TranscriptionStop {}),
        LegAction::SuppressionStart(Box::new(suppression())),
        LegAction::SuppressionStop(SuppressionStop {}),
        LegAction::Refer(refer()),
        LegAction::SendSipInfo(SendSipInfo::new("application/json", "{}")),
        LegAction::SwitchSupervisorRole(SwitchSupervisorRole::new(SupervisorRole::Barge)),
        LegAction::ClientStateUpdate(ClientStateUpdate {}),
    ]
}

fn answer() -> Answer {
    Answer {
        record: Some(Box::new(record())),
        stream: Some(Box::new(answer_stream())),
        transcription: Some(true),
        transcription_config: Some(Box::new(transcription())),
        send_silence_when_idle: Some(true),
        sound_modifications: Some(Box::new(sound())),
        preferred_codecs: Some("G722,PCMU,PCMA,G729,OPUS,VP8,H264".into()),
        custom_headers: Some(custom_headers()),
        sip_headers: Some(sip_headers()),
        billing_group_id: Some("f5586561-8ff0-4291-a0ac-84fe544797bd".into()),
        webhook_url: Some("https://example.com/webhooks".into()),
        webhook_url_method: Some(WebhookMethod::Post),
        webhook_urls: Some(webhook_urls()),
        webhook_urls_method: Some(WebhookMethod::Post),
        webhook_retries_policies: Some(webhook_retries()),
    }
}

fn speak() -> Speak {
    Speak {
        payload: "Good day.".into(),
        voice: "female".into(),
        language: Some("en-US".into()),
        payload_type: Some(PayloadType::Text),
        service_level: Some(ServiceLevel::Premium),
        stop: Some(StopScope::Current),
        r#loop: Some(Loop::Times(2)),
        target_legs: Some(TargetLegs::SelfLeg),
        voice_settings: Some(VoiceSettings::Telnyx {
            voice_speed: Some(1.25),
        }),
    }
}

fn playback() -> PlaybackStart {
    PlaybackStart {
        audio_url: Some("https://example.com/music.mp3".into()),
        media_name: None,
        playback_content: None,
        audio_type: Some(AudioType::Mp3),
        r#loop: Some(Loop::Infinity),
        overlay: Some(false),
        stop: Some(StopScope::All),
        target_legs: Some(TargetLegs::Both),
        cache_audio: Some(true),
    }
}

fn gather() -> Gather {
    Gather {
        minimum_digits: Some(1),
        maximum_digits: Some(4),
        timeout_millis: Some(20_000),
        inter_digit_timeout_millis: Some(3_000),
        initial_timeout_millis: Some(8_000),
        terminating_digit: Some("#".into()),
        valid_digits: Some("0123456789".into()),
        gather_id: Some("catalogue-1".into()),
    }
}

fn gather_using_speak() -> GatherUsingSpeak {
    GatherUsingSpeak {
        payload: "Type your code.".into(),
        voice: "female".into(),
        invalid_payload: Some("That is not a code.".into()),
        language: Some("en-US".into()),
        payload_type: Some(PayloadType::Text),
        service_level: Some(ServiceLevel::Basic),
        minimum_digits: Some(1),
        maximum_digits: Some(6),
        maximum_tries: Some(2),
        timeout_millis: Some(8_000),
        inter_digit_timeout_millis: Some(3_000),
        terminating_digit: Some("#".into()),
        valid_digits: Some("0123456789".into()),
        voice_settings: Some(VoiceSettings::Aws {}),
    }
}

fn gather_using_audio() -> GatherUsingAudio {
    GatherUsingAudio {
        audio_url: Some("https://example.com/prompt.mp3".into()),
        media_name: None,
        invalid_audio_url: Some("https://example.com/again.mp3".into()),
        invalid_media_name: None,
        minimum_digits: Some(1),
        maximum_digits: Some(6),
        maximum_tries: Some(2),
        timeout_millis: Some(8_000),
        inter_digit_timeout_millis: Some(3_000),
        terminating_digit: Some("*".into()),
        valid_digits: Some("0123456789".into()),
    }
}

fn bridge(cast: &Cast) -> Bridge {
    Bridge {
        other: Some(cast.other_leg.clone()),
        queue: None,
        video_room_id: None,
        video_room_context: None,
        park_after_unbridge: Some("self".into()),
        hold_after_unbridge: Some(false),
        prevent_double_bridge: Some(true),
        play_ringtone: Some(true),
        ringtone: Some("de".into()),
        mute_dtmf: Some(MuteDtmf::Both),
        record: Some(Box::new(record())),
    }
}

fn record_start() -> RecordStart {
    RecordStart {
        format: RecordingFormat::Wav,
        channels: RecordingChannels::Single,
        play_beep: Some(true),
        max_length: Some(600),
        timeout_secs: Some(10),
        recording_track: Some(RecordingTrack::Inbound),
        trim: Some(RecordingTrim::Silence),
        end_keys: Some("#".into()),
        custom_file_name: Some("catalogue".into()),
        transcription: Some(true),
        transcription_engine: Some("A".into()),
        transcription_language: Some("en-US".into()),
        transcription_profanity_filter: Some(false),
        transcription_speaker_diarization: Some(false),
        transcription_min_speaker_count: Some(2),
        transcription_max_speaker_count: Some(6),
    }
}

fn streaming_start() -> StreamingStart {
    StreamingStart {
        stream: Stream {
            bidirectional_sampling_rate: Some(8_000),
            auth_token: Some("hunter2".into()),
            ..answer_stream()
        },
        custom_parameters: Some(vec![StreamParameter {
            name: "purpose".into(),
            value: "catalogue".into(),
        }]),
        enable_dialogflow: Some(false),
    }
}

fn siprec_start() -> SiprecStart {
    SiprecStart {
        connector_name: Some("recorder".into()),
        include_metadata_custom_headers: Some(true),
        secure: Some(true),
        session_timeout_secs: Some(1_800),
        sip_transport: Some(SipTransport::Tls),
        siprec_track: Some(StreamTrack::Both),
    }
}

fn suppression() -> SuppressionStart {
    SuppressionStart {
        direction: Some(SuppressionDirection::Both),
        noise_suppression_engine: Some("DeepFilterNet".into()),
        noise_suppression_engine_config: Some(SuppressionConfig {
            attenuation_limit: Some(80),
            ..SuppressionConfig::default()
        }),
    }
}

fn refer() -> Refer {
    Refer {
        sip_address: "sip:support@example.com".into(),
        custom_headers: Some(custom_headers()),
        sip_headers: Some(sip_headers()),
        sip_auth_username: Some("user".into()),
        sip_auth_password: Some("hunter2".into()),
    }
}
