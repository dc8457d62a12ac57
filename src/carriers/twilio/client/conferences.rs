//! Commands to conferences and their participants. A leg comes in by its document; everything else is REST.

use cordboard_core::command::conference::{ConferenceAction, ConferenceSpeak, Join, UpdateParticipant};
use cordboard_core::command::leg::Speak;
use cordboard_core::command::{CreateConference, LONGEST_LEG_SECS, Query};
use cordboard_core::{Answer, Attempt, CallControlId, Command, ConferenceId, Issued, Refusal, RefusalKind};

use super::legs::unspeakable;
use super::{Desk, refusal};
use crate::carriers::twilio::Form;
use crate::carriers::twilio::documents::{Entry, Unspeakable, only, room, room_of};
use crate::carriers::twilio::ticket::Kind;

/// The carrier's longest time for a dialled conference: a day.
const LONGEST_STAY_SECS: u32 = 86_400;

impl Desk<'_> {
    /// The conference is made when the leg gets there, and its id comes with the event about that.
    pub(super) async fn create(&self, issued: &Issued, create: &CreateConference) -> Attempt {
        let known = [
            "leg",
            "name",
            "beep",
            "max_participants",
            "duration_minutes",
            "hold_audio_url",
            "start_conference_on_create",
            "comfort_noise",
        ];
        if let Err(why) = only("conference_create", create, &known) {
            return unspeakable(&why);
        }
        let name = create.name.as_str();
        if self.held.room(&create.leg).as_deref() == Some(name) {
            return Attempt::Accepted(Answer::UnderWay);
        }
        let page = self.page(issued);
        let entry = Entry {
            name,
            beep: create.beep,
            muted: false,
            waits: create.start_conference_on_create == Some(false),
            wait_url: None,
            ends_on_exit: false,
            most: create.max_participants,
            limit_secs: minutes(create.duration_minutes),
        };
        match self.deliver(issued, &create.leg, room(&page, &entry)).await {
            Attempt::Accepted(_) => Attempt::Accepted(Answer::UnderWay),
            other => other,
        }
    }

    pub(super) async fn conference(
        &self,
        issued: &Issued,
        conference: &ConferenceId,
        action: &ConferenceAction,
    ) -> Attempt {
        let at = format!("Conferences/{conference}");
        match action {
            ConferenceAction::Join(join) => self.join(issued, conference, join).await,
            ConferenceAction::Leave(leave) => self.put_out(issued, conference, &leave.leg).await,
            ConferenceAction::Mute(who) => {
                let form = Form::default().with("Muted", "true");
                self.each(issued, conference, Some(&who.legs), &form).await
            }
            ConferenceAction::Unmute(who) => {
                let form = Form::default().with("Muted", "false");
                self.each(issued, conference, Some(&who.legs), &form).await
            }
            ConferenceAction::Hold(hold) => {
                let mut form = Form::default().with("Hold", "true");
                if let Some(url) = &hold.audio_url {
                    form.push("HoldUrl", url);
                }
                self.each(issued, conference, Some(&hold.legs), &form).await
            }
            ConferenceAction::Unhold(who) => {
                let form = Form::default().with("Hold", "false");
                self.each(issued, conference, Some(&who.legs), &form).await
            }
            ConferenceAction::Speak(speak) => match self.announcement(issued, action) {
                Ok(form) => {
                    self.announce(issued, conference, speak.legs.as_ref(), &form)
                        .await
                }
                Err(why) => unspeakable(&why),
            },
            ConferenceAction::Play(play) => match self.announcement(issued, action) {
                Ok(form) => self.announce(issued, conference, play.legs.as_ref(), &form).await,
                Err(why) => unspeakable(&why),
            },
            ConferenceAction::End(_) => {
                self.ask(issued, &at, &Form::default().with("Status", "completed"))
                    .await
            }
            ConferenceAction::Stop(_)
            | ConferenceAction::SendDtmf(_)
            | ConferenceAction::GatherUsingAudio(_)
            | ConferenceAction::RecordStart(_)
            | ConferenceAction::RecordStop(_)
            | ConferenceAction::RecordPause(_)
            | ConferenceAction::RecordResume(_)
            | ConferenceAction::Update(_) => unspeakable(&Unspeakable::Command(action.name())),
        }
    }

    /// A leg that asks what comes next is in no conference. Any other may be there already, by a document whose receipt
    /// was lost: to send it there again would take it out first.
    async fn join(&self, issued: &Issued, conference: &ConferenceId, join: &Join) -> Attempt {
        let known = [
            "leg",
            "hold",
            "mute",
            "beep",
            "hold_audio_url",
            "start_conference_on_enter",
            "end_conference_on_exit",
        ];
        let page = self.page(issued);
        let name =
            match only("conference_join", join, &known).and_then(|()| room_of(&issued.command, page.state)) {
                Ok(name) => name,
                Err(why) => return unspeakable(&why),
            };
        if !self.held.is_open(&join.leg) && self.is_inside(conference, &join.leg).await {
            return Attempt::Refused(Refusal {
                kind: RefusalKind::AlreadyJoined,
                status: 0,
                code: None,
                detail: "the leg is in it".to_owned(),
            });
        }
        let entry = Entry {
            name: &name,
            beep: join.beep.unwrap_or_default(),
            muted: join.mute == Some(true),
            waits: join.hold == Some(true) || join.start_conference_on_enter == Some(false),
            wait_url: join.hold_audio_url.as_deref(),
            ends_on_exit: join.end_conference_on_exit == Some(true),
            most: None,
            limit_secs: LONGEST_LEG_SECS,
        };
        self.deliver(issued, &join.leg, room(&page, &entry)).await
    }

    async fn is_inside(&self, conference: &ConferenceId, leg: &CallControlId) -> bool {
        let participant = format!("Conferences/{conference}/Participants/{leg}");
        let reply = self.rest.get(&participant).await;
        reply.is_ok_and(|reply| reply.status.is_success())
    }

    async fn put_out(&self, issued: &Issued, conference: &ConferenceId, leg: &CallControlId) -> Attempt {
        let participant = format!("Conferences/{conference}/Participants/{leg}");
        match self.rest.delete(&participant).await {
            Ok(reply) if reply.status.is_success() => Attempt::Accepted(Answer::Done),
            Ok(reply) if reply.status.as_u16() == 404 => Attempt::Accepted(Answer::Done),
            Ok(reply) => refusal::class(Some(&issued.command), &reply),
            Err(failure) => failure.into(),
        }
    }

    /// Changes participants, one after the other; everybody when none is named. Setting twice changes nothing, so a
    /// failure in the middle is begun anew.
    async fn each(
        &self,
        issued: &Issued,
        conference: &ConferenceId,
        legs: Option<&Vec<CallControlId>>,
        form: &Form,
    ) -> Attempt {
        let legs = match legs.filter(|legs| !legs.is_empty()) {
            Some(legs) => legs.clone(),
            None => match self.everybody(conference).await {
                Ok(legs) => legs,
                Err(attempt) => return attempt,
            },
        };
        for leg in legs {
            let participant = format!("Conferences/{conference}/Participants/{leg}");
            match self.ask(issued, &participant, form).await {
                Attempt::Accepted(_) => {}
                // One who has left needs nothing any more.
                Attempt::Refused(refusal) if refusal.status == 404 => {}
                other => return other,
            }
        }
        Attempt::Accepted(Answer::Done)
    }

    async fn everybody(&self, conference: &ConferenceId) -> Result<Vec<CallControlId>, Attempt> {
        let conference = conference.clone();
        match self.question(&Query::Participants { conference }).await {
            Attempt::Accepted(Answer::Participants(all)) => Ok(all
                .into_iter()
                .filter(|one| one.present)
                .map(|one| one.leg)
                .collect()),
            other => Err(other),
        }
    }

    /// Says something to one participant of a room.
    pub(super) async fn tell_inside(
        &self,
        issued: &Issued,
        room: &str,
        leg: &CallControlId,
        speak: &Speak,
    ) -> Attempt {
        let name = Some(room.into());
        let conference = match self.question(&Query::Conferences { name }).await {
            Attempt::Accepted(Answer::Conferences(live)) => live.into_iter().next(),
            other => return other,
        };
        let Some(conference) = conference else {
            return super::unspeakable("the leg's conference is over");
        };
        let legs = vec![leg.clone()];
        let said = ConferenceAction::Speak(Box::new(ConferenceSpeak {
            language: speak.language.clone(),
            payload_type: speak.payload_type,
            legs: Some(legs.clone()),
            ..ConferenceSpeak::new(speak.payload.as_str(), speak.voice.as_str())
        }));
        match self.announcement(issued, &said) {
            Ok(form) => self.each(issued, &conference.id, Some(&legs), &form).await,
            Err(why) => unspeakable(&why),
        }
    }

    fn announcement(&self, issued: &Issued, action: &ConferenceAction) -> Result<Form, Unspeakable> {
        let page = self.page(issued);
        let text = page.announcement(action)?;
        let key: String = issued
            .id
            .as_str()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let url = page.named(Kind::Announcement, Some(&key));
        self.announcements.keep(key, text);
        Ok(Form::default()
            .with("AnnounceUrl", url)
            .with("AnnounceMethod", "POST"))
    }

    async fn announce(
        &self,
        issued: &Issued,
        conference: &ConferenceId,
        legs: Option<&Vec<CallControlId>>,
        form: &Form,
    ) -> Attempt {
        match legs.filter(|legs| !legs.is_empty()) {
            Some(legs) => self.each(issued, conference, Some(legs), form).await,
            None => self.ask(issued, &format!("Conferences/{conference}"), form).await,
        }
    }

    pub(super) async fn update(&self, issued: &Issued, update: &UpdateParticipant) -> Attempt {
        if let Err(why) = only(
            "participant_update",
            update,
            &["conference", "participant", "end_conference_on_exit"],
        ) {
            return unspeakable(&why);
        }
        let mut form = Form::default();
        if let Some(ends) = update.end_conference_on_exit {
            form.push("EndConferenceOnExit", ends.to_string());
        }
        let participant = format!(
            "Conferences/{}/Participants/{}",
            update.conference, update.participant
        );
        self.ask(issued, &participant, &form).await
    }

    async fn ask(&self, issued: &Issued, resource: &str, form: &Form) -> Attempt {
        match self.rest.post(resource, form).await {
            Ok(reply) if reply.status.is_success() => Attempt::Accepted(Answer::Done),
            Ok(reply) => refusal::class(Some(&issued.command), &reply),
            Err(failure) => failure.into(),
        }
    }
}

fn minutes(minutes: Option<u32>) -> u32 {
    minutes
        .map_or(LONGEST_LEG_SECS, |minutes| minutes.saturating_mul(60))
        .clamp(60, LONGEST_STAY_SECS)
}

/// Whose ids go into paths.
pub(super) fn ids(command: &Command) -> Vec<&str> {
    let mut ids: Vec<&str> = command.leg().map(CallControlId::as_str).into_iter().collect();
    match command {
        Command::Conference { conference, action } => {
            ids.push(conference.as_str());
            let legs = match action {
                ConferenceAction::Mute(who)
                | ConferenceAction::Unmute(who)
                | ConferenceAction::Unhold(who) => &who.legs[..],
                ConferenceAction::Hold(hold) => &hold.legs[..],
                ConferenceAction::Speak(speak) => speak.legs.as_deref().unwrap_or_default(),
                ConferenceAction::Play(play) => play.legs.as_deref().unwrap_or_default(),
                _ => &[],
            };
            ids.extend(legs.iter().map(CallControlId::as_str));
        }
        Command::UpdateParticipant(update) => {
            ids.extend([update.conference.as_str(), update.participant.as_str()]);
        }
        Command::Query(Query::Conference { conference } | Query::Participants { conference }) => {
            ids.push(conference.as_str());
        }
        _ => {}
    }
    ids
}
