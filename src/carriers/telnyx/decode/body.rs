//! From event type and payload to the fact: the tables of API-FACTS 1.7 to 1.9.

use cordboard_core::event::{ConferenceEndReason, Direction, GatherStatus, MediaStatus, RecordingSaved};
use cordboard_core::{EventBody, HangupCause, HangupSource};

use super::Fault;
use super::envelope::{Payload, RecordingUrls};
use super::fields::{digit, digits, optional_id, party, sentence, transcript, url, word};
use super::scalar::Object;

/// Reads the fact. Unknown types are facts too: [`EventBody::Unknown`].
pub(super) fn read(event_type: &str, payload: &Payload<'_>) -> Result<EventBody, Fault> {
    let known = match event_type.split_once('.') {
        Some(("call", name)) => call(name, payload)?,
        Some(("conference", name)) => conference(name, payload)?,
        Some(("streaming" | "siprec", _)) => media_elsewhere(event_type, payload)?,
        Some(_) | None => None,
    };
    Ok(known.unwrap_or_else(|| EventBody::Unknown {
        event_type: event_type.to_owned(),
    }))
}

fn call(name: &str, payload: &Payload<'_>) -> Result<Option<EventBody>, Fault> {
    Ok(Some(match name {
        "initiated" => initiated(payload)?,
        "answered" => EventBody::CallAnswered {
            from: party(&payload.from)?,
            to: party(&payload.to)?,
        },
        "bridged" => EventBody::CallBridged,
        "hangup" => hangup(payload)?,
        "hold" => EventBody::CallHeld,
        "unhold" => EventBody::CallUnheld,
        "dtmf.received" => EventBody::DtmfReceived {
            digit: digit(&payload.digit)?,
        },
        "gather.ended" => gather_ended(payload)?,
        "speak.started" => EventBody::SpeakStarted,
        "speak.ended" => EventBody::SpeakEnded {
            status: media_status(word(&payload.status)?),
        },
        "playback.started" => EventBody::PlaybackStarted,
        "playback.ended" => EventBody::PlaybackEnded {
            status: media_status(word(&payload.status)?),
        },
        "recording.saved" => EventBody::RecordingSaved(recording_saved(payload)?),
        "recording.error" => EventBody::RecordingFailed {
            reason: sentence(&payload.reason)?,
        },
        "recording.transcription.saved" => EventBody::RecordingTranscriptionSaved {
            recording: optional_id(&payload.recording_id)?.map(Into::into),
        },
        "cost" => EventBody::CallCost,
        "transcription" => transcription(payload)?,
        other => return call_further(other, payload),
    }))
}

fn call_further(name: &str, payload: &Payload<'_>) -> Result<Option<EventBody>, Fault> {
    Ok(Some(match name {
        "machine.detection.ended" | "machine.premium.detection.ended" => EventBody::MachineDetectionEnded {
            result: word(&payload.result)?.to_owned(),
            premium: name.contains("premium"),
        },
        "machine.greeting.ended" | "machine.premium.greeting.ended" => EventBody::MachineGreetingEnded {
            result: word(&payload.result)?.to_owned(),
            premium: name.contains("premium"),
        },
        "fork.started" => EventBody::ForkStarted,
        "fork.stopped" => EventBody::ForkStopped,
        "enqueued" => EventBody::Enqueued {
            queue: sentence(&payload.queue)?,
        },
        "dequeued" => EventBody::Dequeued {
            queue: sentence(&payload.queue)?,
            reason: word(&payload.reason)?.to_owned(),
        },
        "refer.started" => EventBody::ReferStarted,
        "refer.completed" => EventBody::ReferCompleted,
        "refer.failed" => EventBody::ReferFailed {
            sip_code: payload
                .sip_notify_response
                .integer()?
                .and_then(|code| u16::try_from(code).ok()),
        },
        _ => return Ok(None),
    }))
}

fn conference(name: &str, payload: &Payload<'_>) -> Result<Option<EventBody>, Fault> {
    Ok(Some(match name {
        "created" => EventBody::ConferenceCreated,
        "ended" => EventBody::ConferenceEnded {
            reason: match word(&payload.reason)? {
                "all_left" => ConferenceEndReason::AllLeft,
                "host_left" => ConferenceEndReason::HostLeft,
                "time_exceeded" => ConferenceEndReason::TimeExceeded,
                "ended_via_api" => ConferenceEndReason::EndedViaApi,
                _ => ConferenceEndReason::Other,
            },
        },
        "participant.joined" => EventBody::ParticipantJoined,
        "participant.left" => EventBody::ParticipantLeft,
        "participant.playback.started"
        | "participant.playback.ended"
        | "participant.speak.started"
        | "participant.speak.ended" => EventBody::ParticipantMedia,
        "playback.started" | "playback.ended" | "speak.started" | "speak.ended" => EventBody::ConferenceMedia,
        "recording.saved" => EventBody::ConferenceRecordingSaved(recording_saved(payload)?),
        "floor.changed" => EventBody::FloorChanged,
        _ => return Ok(None),
    }))
}

fn media_elsewhere(event_type: &str, payload: &Payload<'_>) -> Result<Option<EventBody>, Fault> {
    Ok(Some(match event_type {
        "streaming.started" => EventBody::StreamingStarted,
        "streaming.stopped" => EventBody::StreamingStopped,
        "streaming.failed" => EventBody::StreamingFailed {
            reason: sentence(&payload.failure_reason)?,
        },
        "siprec.started" => EventBody::SiprecStarted,
        "siprec.stopped" => EventBody::SiprecStopped,
        "siprec.failed" => EventBody::SiprecFailed,
        _ => return Ok(None),
    }))
}

fn initiated(payload: &Payload<'_>) -> Result<EventBody, Fault> {
    Ok(EventBody::CallInitiated {
        direction: match word(&payload.direction)? {
            "incoming" => Direction::Incoming,
            "outgoing" => Direction::Outgoing,
            _ => return Err(Fault("bad_direction")),
        },
        // A caller may withhold the number; without a called number there is no route.
        from: party(&payload.from)?.unwrap_or_else(|| "".into()),
        to: party(&payload.to)?.ok_or(Fault("no_called_number"))?,
    })
}

fn hangup(payload: &Payload<'_>) -> Result<EventBody, Fault> {
    Ok(EventBody::CallHangup {
        cause: HangupCause::from_carrier(word(&payload.hangup_cause)?),
        source: HangupSource::from_carrier(word(&payload.hangup_source)?),
        sip_code: match word(&payload.sip_hangup_cause)? {
            "" | "unspecified" => None,
            code => Some(code.to_owned()),
        },
    })
}

fn gather_ended(payload: &Payload<'_>) -> Result<EventBody, Fault> {
    let (digits, legal) = digits(&payload.digits)?;
    let status = match word(&payload.status)? {
        "valid" if legal => GatherStatus::Valid,
        "valid" | "invalid" => GatherStatus::Invalid,
        "call_hangup" => GatherStatus::CallHangup,
        "cancelled" | "cancelled_amd" => GatherStatus::Cancelled,
        "timeout" => GatherStatus::Timeout,
        _ => GatherStatus::Other,
    };
    Ok(EventBody::GatherEnded { digits, status })
}

fn media_status(status: &str) -> MediaStatus {
    match status {
        "completed" => MediaStatus::Completed,
        "call_hangup" => MediaStatus::CallHangup,
        "cancelled" | "cancelled_amd" => MediaStatus::Cancelled,
        "failed" | "file_not_found" => MediaStatus::Failed,
        _ => MediaStatus::Other,
    }
}

fn transcription(payload: &Payload<'_>) -> Result<EventBody, Fault> {
    let Some(data) = payload.transcription_data.value()? else {
        return Err(Fault("no_transcription"));
    };
    Ok(EventBody::Transcription {
        is_final: data.is_final.boolean()?.unwrap_or(false),
        transcript: transcript(&data.transcript)?,
    })
}

fn recording_saved(payload: &Payload<'_>) -> Result<RecordingSaved, Fault> {
    let mut urls = recording_urls(&payload.recording_urls)?;
    urls.extend(recording_urls(&payload.public_recording_urls)?);
    Ok(RecordingSaved {
        recording: optional_id(&payload.recording_id)?.map(Into::into),
        urls,
    })
}

fn recording_urls(urls: &Object<RecordingUrls<'_>>) -> Result<Vec<String>, Fault> {
    let Some(urls) = urls.value()? else {
        return Ok(Vec::new());
    };
    Ok([url(&urls.wav)?, url(&urls.mp3)?].into_iter().flatten().collect())
}
