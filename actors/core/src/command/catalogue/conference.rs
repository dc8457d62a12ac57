//! Examples of what is done to a conference and to participants of it.

use super::Cast;
use crate::command::conference::{
    Beep, ConferenceAction, ConferenceGather, ConferencePlay, ConferenceRecordStart, ConferenceRecording,
    ConferenceSendDtmf, ConferenceSpeak, CreateConference, End, Hold, Join, Leave, Participants, Region,
    Supervise, SupervisorRole, UpdateParticipant,
};
use crate::command::media::{Loop, PayloadType, VoiceSettings};
use crate::command::recording::{RecordingChannels, RecordingFormat, RecordingTrim};
use crate::phone::Digits;

pub(super) fn create(cast: &Cast) -> CreateConference {
    CreateConference {
        leg: cast.leg.clone(),
        name: cast.name.clone(),
        beep: Beep::Always,
        max_participants: Some(10),
        duration_minutes: Some(60),
        hold_audio_url: Some("https://example.com/hold.mp3".into()),
        hold_media_name: None,
        comfort_noise: Some(true),
        start_conference_on_create: Some(true),
        region: Some(Region::Us),
    }
}

pub(super) fn actions(cast: &Cast) -> Vec<ConferenceAction> {
    let participants = Participants {
        legs: vec![cast.leg.clone()],
        region: Some(Region::Us),
    };
    let recording = ConferenceRecording {
        recording: Some(cast.recording.clone()),
        region: Some(Region::Us),
    };
    vec![
        ConferenceAction::Join(join(cast)),
        ConferenceAction::Leave(Leave {
            leg: cast.leg.clone(),
            beep: Some(Beep::OnExit),
            region: Some(Region::Us),
        }),
        ConferenceAction::Mute(participants.clone()),
        ConferenceAction::Unmute(participants.clone()),
        ConferenceAction::Hold(Hold {
            legs: vec![cast.leg.clone()],
            audio_url: Some("https://example.com/hold.mp3".into()),
            media_name: None,
            region: Some(Region::Us),
        }),
        ConferenceAction::Unhold(participants.clone()),
        ConferenceAction::Play(ConferencePlay {
            audio_url: None,
            media_name: Some("jingle".into()),
            legs: Some(vec![cast.leg.clone()]),
            r#loop: Some(Loop::Times(3)),
            region: Some(Region::Us),
        }),
        ConferenceAction::Speak(Box::new(speak(cast))),
        ConferenceAction::Stop(participants),
        ConferenceAction::SendDtmf(ConferenceSendDtmf {
            digits: Digits::new("1234#"),
            legs: Some(vec![cast.leg.clone()]),
            duration_millis: Some(100),
        }),
        ConferenceAction::GatherUsingAudio(Box::new(gather(cast))),
        ConferenceAction::RecordStart(ConferenceRecordStart {
            format: RecordingFormat::Mp3,
            channels: Some(RecordingChannels::Dual),
            play_beep: Some(true),
            custom_file_name: Some("catalogue".into()),
            trim: Some(RecordingTrim::Silence),
            region: Some(Region::Us),
        }),
        ConferenceAction::RecordStop(recording.clone()),
        ConferenceAction::RecordPause(recording.clone()),
        ConferenceAction::RecordResume(recording),
        ConferenceAction::Update(Supervise {
            leg: cast.leg.clone(),
            supervisor_role: SupervisorRole::Whisper,
            whisper_legs: Some(vec![cast.other_leg.clone()]),
            region: Some(Region::Us),
        }),
        ConferenceAction::End(End {}),
    ]
}

fn join(cast: &Cast) -> Join {
    Join {
        leg: cast.leg.clone(),
        hold: Some(false),
        mute: Some(true),
        beep: Some(Beep::Never),
        hold_audio_url: None,
        hold_media_name: Some("hold".into()),
        start_conference_on_enter: Some(true),
        end_conference_on_exit: Some(false),
        soft_end_conference_on_exit: Some(false),
        supervisor_role: Some(SupervisorRole::Whisper),
        whisper_legs: Some(vec![cast.other_leg.clone()]),
        region: Some(Region::Us),
    }
}

fn speak(cast: &Cast) -> ConferenceSpeak {
    ConferenceSpeak {
        payload: "<speak>Five minutes left.</speak>".into(),
        voice: "AWS.Polly.Joanna".into(),
        legs: Some(vec![cast.leg.clone()]),
        language: Some("en-GB".into()),
        payload_type: Some(PayloadType::Ssml),
        voice_settings: Some(VoiceSettings::Aws {}),
        region: Some(Region::Us),
    }
}

fn gather(cast: &Cast) -> ConferenceGather {
    ConferenceGather {
        leg: cast.leg.clone(),
        audio_url: Some("https://example.com/prompt.mp3".into()),
        media_name: None,
        invalid_audio_url: Some("https://example.com/again.mp3".into()),
        invalid_media_name: None,
        minimum_digits: Some(1),
        maximum_digits: Some(4),
        maximum_tries: Some(2),
        timeout_millis: Some(8_000),
        initial_timeout_millis: Some(5_000),
        inter_digit_timeout_millis: Some(3_000),
        terminating_digit: Some("#".into()),
        valid_digits: Some("0123456789".into()),
        stop_playback_on_dtmf: Some(true),
        gather_id: Some("catalogue-2".into()),
    }
}

pub(super) fn update_participant(cast: &Cast) -> UpdateParticipant {
    UpdateParticipant {
        conference: cast.conference.clone(),
        participant: cast.leg.as_str().to_owned(),
        beep: Some(Beep::Always),
        end_conference_on_exit: Some(true),
        soft_end_conference_on_exit: Some(false),
    }
}
