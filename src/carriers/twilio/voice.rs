//! What webhooks about calls and conferences say, as events of the core.
//!
//! The decoder calls this with fields that are known to be authentic. An event's id is made of what the carrier signs: the
//! leg and what happened to it, which happens once, or the document that has ended.

use cordboard_core::event::{ConferenceEndReason, Direction, GatherStatus, MediaStatus, RecordingSaved};
use cordboard_core::ids::MAX_ID_BYTES;
use cordboard_core::{
    Address, CallControlId, CallSessionId, ClientState, Digits, Event, EventBody, HangupCause, HangupSource,
    PhoneNumber,
};

use super::Form;
use super::held::Number;
use super::ticket::{Kind, Ticket};

/// Why authentic fields are set aside; bounded.
pub(super) type Fault = &'static str;

/// The leg that asks for a document, and the document that it has performed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) leg: CallControlId,
    pub(super) after: Option<Number>,
    pub(super) state: ClientState,
}

/// What one webhook says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    Event(Box<Event>),
    /// Nothing that anybody acts upon; bounded.
    Nothing(&'static str),
}

/// What an address in the account's settings was asked for: a call comes in, or one that came in is over.
pub(super) fn front(form: &Form) -> Result<Said, Fault> {
    let leg = leg(form)?;
    if let Some(cause) = over(form) {
        return Ok(event(form, &leg, "over", hangup(form, cause)));
    }
    let told = form.get("CallbackSource").is_some() || form.get("SequenceNumber").is_some();
    if told {
        return Ok(Said::Nothing("call_progress"));
    }
    if form
        .get("Direction")
        .is_some_and(|direction| direction != "inbound")
    {
        // A leg of ours never comes to the front; somebody else dialled this one through the same account.
        return Ok(Said::Nothing("foreign_leg"));
    }
    let body = EventBody::CallInitiated {
        direction: Direction::Incoming,
        from: number(form, "From"),
        to: number(form, "To"),
    };
    Ok(event(form, &leg, "incoming", body))
}

/// The question in an address of the account's settings, if it is one.
pub(super) fn front_question(form: &Form, said: &Event) -> Option<Question> {
    let EventBody::CallInitiated { .. } = said.body else {
        return None;
    };
    let leg = leg(form).ok()?;
    Some(Question {
        state: ClientState {
            owner: Address::Call(leg.as_str().into()),
            step: String::new(),
            generation: 0,
        },
        leg,
        after: None,
    })
}

/// The question in an address that we gave out, if it is one.
pub(super) fn question(form: &Form, ticket: &Ticket, state: &ClientState) -> Option<Question> {
    // The carrier tells some verbs' actions of a leg that is over: nobody is there to hear what comes next.
    let asks = ticket.kind.is_question() && over(form).is_none();
    let leg = leg(form).ok().filter(|_| asks)?;
    Some(Question {
        leg,
        after: Some(ticket.number),
        state: state.clone(),
    })
}

/// What an address that we gave out was asked for.
pub(super) fn ours(form: &Form, ticket: &Ticket, state: ClientState) -> Result<Said, Fault> {
    let said = match ticket.kind {
        Kind::Room => room(form)?,
        Kind::Joining => joining(form, ticket)?,
        Kind::Leg => progress(form, ticket.about.is_some())?,
        Kind::Up => event(form, &leg(form)?, "answered", answered(form)),
        Kind::Parted => parted(form, ticket)?,
        Kind::Recorded | Kind::Recording => recording(form, ticket)?,
        Kind::Detection => {
            let result = form.get("AnsweredBy").unwrap_or("unknown").to_owned();
            let premium = false;
            let body = EventBody::MachineDetectionEnded { result, premium };
            event(form, &leg(form)?, "detection", body)
        }
        // Asked for what somebody is to hear; nobody waits to know that.
        Kind::Announcement => {
            let about = ticket.about.as_deref().unwrap_or_default();
            plain(format!("announcement:{about}"), None, EventBody::ConferenceMedia)
        }
        kind @ (Kind::Spoken
        | Kind::Played
        | Kind::Gathered
        | Kind::Transferred
        | Kind::Left
        | Kind::Dequeued
        | Kind::Resume) => {
            let what = format!("{}:{}", kind.word(), ticket.number);
            event(form, &leg(form)?, &what, ended(kind, form))
        }
    };
    Ok(match said {
        Said::Event(mut event) => {
            // Conference events are routed by conference and leg alone; all others by whose command it was.
            let of_a_room = matches!(ticket.kind, Kind::Room | Kind::Announcement);
            if let (Address::Call(session), false) = (&state.owner, of_a_room) {
                event.session = Some(session.clone());
            }
            event.client_state = Some(state);
            Said::Event(event)
        }
        Said::Nothing(why) => Said::Nothing(why),
    })
}

fn ended(kind: Kind, form: &Form) -> EventBody {
    match kind {
        Kind::Spoken => EventBody::SpeakEnded {
            status: MediaStatus::Completed,
        },
        Kind::Played => EventBody::PlaybackEnded {
            status: MediaStatus::Completed,
        },
        Kind::Gathered => {
            let keys = form.get("Digits").unwrap_or_default();
            EventBody::GatherEnded {
                digits: Digits::new(keys),
                status: if keys.is_empty() {
                    GatherStatus::Timeout
                } else {
                    GatherStatus::Valid
                },
            }
        }
        Kind::Transferred => EventBody::TransferEnded {
            cause: form
                .get("DialCallStatus")
                .and_then(cause)
                .unwrap_or(HangupCause::Unspecified),
        },
        Kind::Left => EventBody::ParticipantLeft,
        Kind::Dequeued => EventBody::Dequeued {
            queue: form.get("QueueSid").unwrap_or_default().to_owned(),
            reason: form.get("QueueResult").unwrap_or_default().to_owned(),
        },
        other => EventBody::Unknown {
            event_type: other.word().to_owned(),
        },
    }
}

/// Word about a leg that was dialled. One that was dialled for a leg is joined with it at once when it is answered.
fn progress(form: &Form, for_a_leg: bool) -> Result<Said, Fault> {
    let leg = leg(form)?;
    if let Some(cause) = over(form) {
        return Ok(event(form, &leg, "over", hangup(form, cause)));
    }
    Ok(match form.get("CallStatus").unwrap_or_default() {
        "initiated" | "queued" => {
            let body = EventBody::CallInitiated {
                direction: Direction::Outgoing,
                from: number(form, "From"),
                to: number(form, "To"),
            };
            event(form, &leg, "initiated", body)
        }
        "in-progress" | "answered" if for_a_leg => event(form, &leg, "answered", EventBody::CallBridged),
        "in-progress" | "answered" => event(form, &leg, "answered", answered(form)),
        _ => Said::Nothing("call_progress"),
    })
}

/// A recording is told of twice, by the leg that asks what comes next and by a callback: under one id.
fn recording(form: &Form, ticket: &Ticket) -> Result<Said, Fault> {
    let leg = leg(form)?;
    let recording = form.get("RecordingSid").and_then(sound);
    if matches!(form.get("RecordingStatus"), Some("in-progress")) {
        return Ok(Said::Nothing("recording_progress"));
    }
    if matches!(form.get("RecordingStatus"), Some("absent" | "failed")) {
        let reason = form.get("ErrorCode").unwrap_or("absent").to_owned();
        return Ok(event(
            form,
            &leg,
            "unrecorded",
            EventBody::RecordingFailed { reason },
        ));
    }
    let what = match recording {
        Some(id) => format!("recorded:{id}"),
        None => format!("recorded:{}", ticket.number),
    };
    let saved = RecordingSaved {
        recording: recording.map(Into::into),
        urls: form.get("RecordingUrl").map(str::to_owned).into_iter().collect(),
    };
    Ok(event(form, &leg, &what, EventBody::RecordingSaved(saved)))
}

/// A leg is no longer joined with another, so the other one is over.
fn parted(form: &Form, ticket: &Ticket) -> Result<Said, Fault> {
    let asking = leg(form)?;
    let other = ticket.about.as_deref().and_then(sound).ok_or("no_other_leg")?;
    let body = hangup(form, HangupCause::NormalClearing);
    let what = format!("parted:{}", ticket.number);
    let Said::Event(mut event) = event(form, &asking, &what, body) else {
        return Ok(Said::Nothing("parted"));
    };
    event.leg = Some(other.into());
    Ok(Said::Event(event))
}

fn joining(form: &Form, ticket: &Ticket) -> Result<Said, Fault> {
    let conference = conference(form)?;
    let sequence = form.number("SequenceNumber").unwrap_or_default();
    // The first who comes hears nobody yet.
    let together = match form.get("StatusCallbackEvent").unwrap_or_default() {
        "conference-start" => true,
        "participant-join" => sequence > 1,
        _ => false,
    };
    let leg = ticket.about.as_deref().and_then(sound).filter(|_| together);
    let Some(leg) = leg else {
        return Ok(Said::Nothing("conference_progress"));
    };
    Ok(plain(
        format!("{conference}:{sequence}"),
        Some(leg),
        EventBody::CallBridged,
    ))
}

fn room(form: &Form) -> Result<Said, Fault> {
    let conference = conference(form)?;
    let body = match form.get("StatusCallbackEvent").unwrap_or_default() {
        "conference-start" => EventBody::ConferenceCreated,
        "conference-end" => EventBody::ConferenceEnded {
            reason: end_reason(form.get("ReasonConferenceEnded").unwrap_or_default()),
        },
        "participant-join" => EventBody::ParticipantJoined,
        "participant-leave" => EventBody::ParticipantLeft,
        _ => return Ok(Said::Nothing("conference_progress")),
    };
    let leg = form.get("CallSid").and_then(sound);
    let about_somebody = matches!(body, EventBody::ParticipantJoined | EventBody::ParticipantLeft);
    if about_somebody && leg.is_none() {
        return Err("no_leg");
    }
    let what = form.get("StatusCallbackEvent").unwrap_or_default();
    let sequence = form.number("SequenceNumber").unwrap_or_default();
    let leg = leg.filter(|_| about_somebody);
    Ok(
        match plain(format!("{conference}:{what}:{sequence}"), leg, body) {
            Said::Event(mut event) => {
                event.conference = Some(conference.into());
                Said::Event(event)
            }
            nothing @ Said::Nothing(_) => nothing,
        },
    )
}

fn end_reason(word: &str) -> ConferenceEndReason {
    match word {
        "conference-ended-via-api" => ConferenceEndReason::EndedViaApi,
        "participant-with-end-conference-on-exit-left" | "participant-with-end-conference-on-exit-kicked" => {
            ConferenceEndReason::HostLeft
        }
        "last-participant-left" | "last-participant-kicked" => ConferenceEndReason::AllLeft,
        _ => ConferenceEndReason::Other,
    }
}

fn answered(form: &Form) -> EventBody {
    let known = |name: &str| form.get(name).map(PhoneNumber::new);
    EventBody::CallAnswered {
        from: known("From"),
        to: known("To"),
    }
}

fn hangup(form: &Form, cause: HangupCause) -> EventBody {
    let sip_code = form.get("SipResponseCode").and_then(sound).map(str::to_owned);
    let cause = match (&cause, sip_code.as_deref()) {
        (HangupCause::UserBusy, Some("603")) => HangupCause::CallRejected,
        (HangupCause::Unspecified, Some("404" | "410" | "484" | "604")) => HangupCause::NotFound,
        _ => cause,
    };
    EventBody::CallHangup {
        cause,
        source: HangupSource::Unknown,
        sip_code,
    }
}

/// Why a leg is over, if it is.
fn over(form: &Form) -> Option<HangupCause> {
    cause(form.get("CallStatus")?)
}

fn cause(status: &str) -> Option<HangupCause> {
    match status {
        "completed" | "answered" => Some(HangupCause::NormalClearing).filter(|_| status == "completed"),
        "busy" => Some(HangupCause::UserBusy),
        "no-answer" => Some(HangupCause::NoAnswer),
        "failed" => Some(HangupCause::Unspecified),
        "canceled" => Some(HangupCause::OriginatorCancel),
        _ => None,
    }
}

fn leg(form: &Form) -> Result<CallControlId, Fault> {
    form.get("CallSid")
        .and_then(sound)
        .map(Into::into)
        .ok_or("no_leg")
}

fn conference(form: &Form) -> Result<&str, Fault> {
    form.get("ConferenceSid").and_then(sound).ok_or("no_conference")
}

fn sound(id: &str) -> Option<&str> {
    let fits = !id.is_empty() && id.len() <= MAX_ID_BYTES && !id.chars().any(char::is_control);
    fits.then_some(id)
}

fn number(form: &Form, name: &str) -> PhoneNumber {
    PhoneNumber::new(form.get(name).unwrap_or_default())
}

fn event(form: &Form, leg: &CallControlId, what: &str, body: EventBody) -> Said {
    let mut said = match plain(format!("{leg}:{what}"), Some(leg.as_str()), body) {
        Said::Event(event) => event,
        nothing @ Said::Nothing(_) => return nothing,
    };
    said.connection = form.get("AccountSid").and_then(sound).map(Into::into);
    said.session = Some(CallSessionId::new(
        form.get("ParentCallSid").and_then(sound).unwrap_or(leg.as_str()),
    ));
    Said::Event(said)
}

fn plain(id: String, leg: Option<&str>, body: EventBody) -> Said {
    Said::Event(Box::new(Event {
        id: id.as_str().into(),
        occurred_at: None,
        connection: None,
        session: None,
        leg: leg.map(Into::into),
        leg_uuid: leg.map(Into::into),
        conference: None,
        client_state: None,
        body,
    }))
}
