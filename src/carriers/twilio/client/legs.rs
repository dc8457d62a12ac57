//! Commands to one leg: as the answer to its open question, else by REST; and legs that we dial.

use cordboard_core::command::leg::Bridge;
use cordboard_core::command::{Dial, LegAction};
use cordboard_core::{Address, Answer, Attempt, CallControlId, Issued, Refusal, RefusalKind};
use serde::Deserialize;

use super::rest::BAD;
use super::{Desk, refusal};
use crate::carriers::twilio::Form;
use crate::carriers::twilio::documents::{LONGEST_BY_REST, PROGRESS, Unspeakable, halves, only};
use crate::carriers::twilio::held::Sheet;
use crate::carriers::twilio::ticket::Kind;

#[derive(Deserialize)]
struct Call {
    sid: String,
    status: String,
}

impl Desk<'_> {
    pub(super) async fn leg(&self, issued: &Issued, leg: &CallControlId, action: &LegAction) -> Attempt {
        let page = self.page(issued);
        match action {
            LegAction::Answer(_) => return Attempt::Accepted(Answer::Answered),
            LegAction::Bridge(bridge) => return self.bridge(issued, leg, bridge).await,
            // Another document would take the leg out of its room.
            LegAction::Speak(speak) => {
                if let Some(room) = self.held.room(leg).filter(|room| !room.starts_with(BRIDGE)) {
                    return self.tell_inside(issued, &room, leg, speak).await;
                }
            }
            // A leg that asks what comes next hears nothing that could be stopped.
            LegAction::PlaybackStop(_) | LegAction::GatherStop(_) | LegAction::RecordStop(_)
                if self.held.is_open(leg) =>
            {
                return Attempt::Accepted(Answer::Done);
            }
            _ => {}
        }
        let verbs = match page.leg(leg, action) {
            Ok(Some(verbs)) => verbs,
            Ok(None) => return Attempt::Accepted(Answer::Done),
            Err(why) => return unspeakable(&why),
        };
        let sheet = page.sheet(&verbs);
        match action {
            LegAction::Hangup(_) | LegAction::Reject(_) if !self.held.give(leg, sheet.clone()) => {
                self.end(issued, leg).await
            }
            LegAction::Hangup(_) | LegAction::Reject(_) => Attempt::Accepted(Answer::Done),
            _ => self.deliver(issued, leg, sheet).await,
        }
    }

    /// Gives a leg its document. Never both ways: who takes its open question has it.
    pub(super) async fn deliver(&self, issued: &Issued, leg: &CallControlId, sheet: Sheet) -> Attempt {
        if self.held.give(leg, sheet.clone()) {
            return Attempt::Accepted(Answer::Done);
        }
        let length = sheet.text.chars().count();
        if length > LONGEST_BY_REST {
            return unspeakable(&Unspeakable::Length(length));
        }
        let form = Form::default().with("Twiml", &*sheet.text);
        let reply = match self.rest.post(&format!("Calls/{leg}"), &form).await {
            Ok(reply) => reply,
            Err(failure) => return failure.into(),
        };
        if reply.status.is_success() {
            self.held.took(leg, sheet);
            return Attempt::Accepted(Answer::Done);
        }
        match refusal::class(Some(&issued.command), &reply) {
            Attempt::Refused(refusal) if refusal.kind == RefusalKind::CallEnded => {
                self.over_or_not_up(issued, leg, refusal).await
            }
            other => other,
        }
    }

    /// The carrier says "not in progress" of a leg that is over and of one that still rings.
    async fn over_or_not_up(&self, issued: &Issued, leg: &CallControlId, refusal: Refusal) -> Attempt {
        let later = Attempt::TryLater {
            after: None,
            why: "not_up_yet",
        };
        let Ok(reply) = self.rest.get(&format!("Calls/{leg}")).await else {
            return later;
        };
        if !reply.status.is_success() {
            return match refusal::class(Some(&issued.command), &reply) {
                Attempt::Refused(_) => Attempt::Refused(refusal),
                _ => later,
            };
        }
        match serde_json::from_slice::<Call>(&reply.body) {
            Ok(call) if is_live(&call.status) => later,
            _ => Attempt::Refused(refusal),
        }
    }

    async fn end(&self, issued: &Issued, leg: &CallControlId) -> Attempt {
        let form = Form::default().with("Status", "completed");
        match self.rest.post(&format!("Calls/{leg}"), &form).await {
            Ok(reply) if reply.status.is_success() => Attempt::Accepted(Answer::Done),
            Ok(reply) => refusal::class(Some(&issued.command), &reply),
            Err(failure) => failure.into(),
        }
    }

    /// Joins two legs by a conference that nobody else knows: the other one first, so that the caller is never alone in
    /// it for longer than a moment.
    async fn bridge(&self, issued: &Issued, leg: &CallControlId, bridge: &Bridge) -> Attempt {
        let known = ["other", "park_after_unbridge", "prevent_double_bridge"];
        if let Err(why) = only("bridge", bridge, &known) {
            return unspeakable(&why);
        }
        let Some(other) = &bridge.other else {
            return unspeakable(&Unspeakable::Command("bridge"));
        };
        let page = self.page(issued);
        let name = bridge_name(leg, page.state.generation);
        let halves = halves(&page, leg, other, &name);
        let waits_there = self.held.room(other).as_deref() == Some(name.as_str());
        if !waits_there {
            match self.deliver(issued, other, halves.far).await {
                Attempt::Accepted(_) => {}
                // The leg of the command itself is well.
                Attempt::Refused(refusal) => {
                    return Attempt::Refused(Refusal {
                        kind: RefusalKind::Other,
                        ..refusal
                    });
                }
                other => return other,
            }
        }
        self.deliver(issued, leg, halves.near).await
    }

    pub(super) async fn dial(&self, issued: &Issued, dial: &Dial) -> Attempt {
        let form = match self.dial_form(issued, dial) {
            Ok(form) => form,
            Err(why) => return unspeakable(&why),
        };
        let reply = match self.rest.post("Calls", &form).await {
            Ok(reply) => reply,
            Err(failure) => return failure.into(),
        };
        if !reply.status.is_success() {
            return refusal::class(Some(&issued.command), &reply);
        }
        let Ok(call) = serde_json::from_slice::<Call>(&reply.body) else {
            return BAD;
        };
        let Some(sid) = super::sound(&call.sid) else {
            return BAD;
        };
        let session = match issued.client_state.as_ref().map(|state| &state.owner) {
            Some(Address::Call(session)) => session.clone(),
            _ => sid.into(),
        };
        Attempt::Accepted(Answer::Dialled {
            leg: sid.into(),
            leg_uuid: sid.into(),
            session,
        })
    }

    fn dial_form(&self, issued: &Issued, dial: &Dial) -> Result<Form, Unspeakable> {
        let known = [
            "connection",
            "to",
            "from",
            "link_to",
            "timeout_secs",
            "time_limit_secs",
            "answering_machine_detection",
            "retry_on_timeout",
            "send_digits_on_answer",
            "sip_auth_username",
            "sip_auth_password",
        ];
        only("dial", dial, &known)?;
        let page = self.page(issued);
        let up = page.named(Kind::Up, None);
        let mut form = Form::default()
            .with("To", dial.to.expose())
            .with("From", dial.from.expose())
            .with("Url", &up)
            .with("FallbackUrl", up)
            .with("StatusCallback", page.named(Kind::Leg, None));
        for event in PROGRESS {
            form.push("StatusCallbackEvent", event);
        }
        if let Some(secs) = dial.timeout_secs {
            form.push("Timeout", secs.to_string());
        }
        if let Some(secs) = dial.time_limit_secs {
            form.push("TimeLimit", secs.to_string());
        }
        if let Some(keys) = &dial.send_digits_on_answer {
            form.push("SendDigits", keys.expose());
        }
        if let Some(user) = &dial.sip_auth_username {
            form.push("SipAuthUsername", user);
        }
        if let Some(secret) = &dial.sip_auth_password {
            form.push("SipAuthPassword", secret.expose());
        }
        if let Some(detection) = dial.answering_machine_detection {
            detect(&mut form, detection, page.named(Kind::Detection, None))?;
        }
        Ok(form)
    }
}

/// Beside the call, so that whoever answers does not wait in silence for the verdict.
fn detect(
    form: &mut Form,
    detection: cordboard_core::command::leg::MachineDetection,
    callback: String,
) -> Result<(), Unspeakable> {
    use cordboard_core::command::leg::MachineDetection as Asked;
    let mode = match detection {
        Asked::Disabled => return Ok(()),
        Asked::Detect | Asked::Premium | Asked::DetectWords => "Enable",
        Asked::DetectBeep | Asked::GreetingEnd => "DetectMessageEnd",
    };
    form.push("MachineDetection", mode);
    form.push("AsyncAmd", "true");
    form.push("AsyncAmdStatusCallback", callback);
    Ok(())
}

/// Bridges have names that no room has.
pub(super) const BRIDGE: &str = "cordboard-bridge-";

fn bridge_name(leg: &CallControlId, generation: u32) -> String {
    format!("{BRIDGE}{leg}-{generation}")
}

pub(super) fn is_live(status: &str) -> bool {
    matches!(status, "queued" | "ringing" | "in-progress" | "initiated")
}

/// A command that cannot be said to Twilio: sending it again would not help.
pub(super) fn unspeakable(why: &Unspeakable) -> Attempt {
    super::unspeakable(&why.to_string())
}
