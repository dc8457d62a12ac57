//! `Conferences` and their `Participants`: look, end, change, add, put out.

use std::time::Duration;

use http::Method;
use serde_json::Value;

use super::calls::callback;
use super::{Answer, Ask, Refused, is_address};
use crate::twilio::conferences::Aftermath;
use crate::twilio::line::{Nudge, Outgoing, Source, dial_out};

fn find(ask: &Ask<'_>, handle: &str) -> Result<usize, Refused> {
    let found = ask.world.exchange().room_by(handle);
    found.ok_or_else(|| Refused::not_found(ask.path))
}

pub(super) fn fetch(ask: &Ask<'_>, handle: &str) -> Answer {
    let at = find(ask, handle)?;
    let exchange = ask.world.exchange();
    Ok((200, exchange.rooms[at].resource(&exchange.account)))
}

pub(super) fn list(ask: &Ask<'_>) -> Answer {
    let exchange = ask.world.exchange();
    let wanted = |name: &str, value: &str| ask.query.get(name).is_none_or(|wanted| wanted == value);
    let shown = exchange
        .rooms
        .iter()
        .rev()
        .filter(|room| wanted("Status", room.status) && wanted("FriendlyName", &room.name));
    let all = shown.map(|room| room.resource(&exchange.account)).collect();
    drop(exchange);
    ask.paged("conferences", all)
}

pub(super) fn update(ask: &Ask<'_>, handle: &str) -> Answer {
    let at = find(ask, handle)?;
    if ask.form.get("Status") == Some("completed") {
        let mut after = Aftermath::default();
        let now = ask.world.now();
        ask.world
            .exchange()
            .end_room(at, "conference-ended-via-api", None, &mut after, now);
        ask.world.aftermath(after);
    }
    fetch(ask, handle)
}

pub(super) fn participants(ask: &Ask<'_>, handle: &str) -> Answer {
    let at = find(ask, handle)?;
    let exchange = ask.world.exchange();
    let wanted = |name: &str, value: bool| ask.query.flag(name).is_none_or(|wanted| wanted == value);
    let shown = exchange.rooms[at].inside.iter().filter(|(_, one)| {
        wanted("Muted", one.muted) && wanted("Hold", one.hold) && wanted("Coaching", one.coaching)
    });
    let all = shown
        .map(|(no, _)| exchange.participant_resource(at, *no))
        .collect();
    drop(exchange);
    ask.paged("participants", all)
}

pub(super) fn participant(ask: &Ask<'_>, handle: &str, who: &str, method: &Method) -> Answer {
    let at = find(ask, handle)?;
    let now = ask.world.now();
    let mut exchange = ask.world.exchange();
    let inside = exchange.rooms[at].inside.iter();
    let found = inside
        .filter(|(no, one)| exchange.calls[**no].sid == who || one.label.as_deref() == Some(who))
        .map(|(no, _)| *no)
        .next();
    let no = found.ok_or_else(|| Refused::not_found(ask.path))?;
    let (after, answer) = match *method {
        Method::DELETE => {
            let after = exchange.leave(no, at, true, now);
            exchange.nudge(no, Nudge::Released);
            (after, (204, Value::Null))
        }
        Method::POST => {
            let after = exchange.change(at, no, &ask.form, now);
            (after, (200, exchange.participant_resource(at, no)))
        }
        _ => (Aftermath::default(), (200, exchange.participant_resource(at, no))),
    };
    drop(exchange);
    ask.world.aftermath(after);
    Ok(answer)
}

/// Dials somebody into a conference, which need not exist yet.
pub(super) fn add(ask: &Ask<'_>, handle: &str) -> Answer {
    let to = ask.need("To", 21_201)?;
    let from = ask.need("From", 21_213)?;
    if !is_address(to) {
        return Err(Refused::bad(
            21_211,
            "The 'To' number is not a valid phone number",
        ));
    }
    let known = ask.world.exchange().room_by(handle);
    let name = match known {
        Some(at) => ask.world.exchange().rooms[at].name.clone(),
        None if handle.starts_with("CF") => return Err(Refused::not_found(ask.path)),
        None => handle.to_owned(),
    };
    let outgoing = Outgoing {
        from: from.to_owned(),
        to: to.to_owned(),
        source: Source::Twiml(document(ask, &name)),
        callback: callback(ask),
        timeout: Duration::from_secs(ask.form.number("Timeout").unwrap_or(60)),
        limit: ask.form.number("TimeLimit").map(Duration::from_secs),
        detection: None,
        detection_callback: None,
    };
    let no = dial_out(ask.world, outgoing);
    let exchange = ask.world.exchange();
    let call = &exchange.calls[no];
    let room = known.map(|at| exchange.rooms[at].sid.clone());
    let label = ask.form.get("Label");
    let flag = |name: &str, default: bool| ask.form.flag(name).unwrap_or(default);
    Ok((
        201,
        serde_json::json!({
            "account_sid": exchange.account, "call_sid": call.sid,
            // Made with the first participant; the answer comes before that.
            "conference_sid": room.unwrap_or_else(|| exchange.sid("CF", &format!("{name}-{}", exchange.rooms.len()))),
            "label": label, "call_sid_to_coach": null, "coaching": false, "muted": flag("Muted", false), "hold": false,
            "status": "queued", "start_conference_on_enter": flag("StartConferenceOnEnter", true),
            "end_conference_on_exit": flag("EndConferenceOnExit", false), "queue_time": "0",
            "date_created": crate::twilio::form::date(call.created),
            "date_updated": crate::twilio::form::date(call.created),
            "uri": format!("/2010-04-01{}", ask.path.replace("Participants.json", &format!("Participants/{}.json", call.sid))),
        }),
    ))
}

/// The document that puts a dialled leg into the conference as the request says.
fn document(ask: &Ask<'_>, name: &str) -> String {
    let mut attributes = String::new();
    for (field, attribute) in [
        ("Label", "participantLabel"),
        ("Muted", "muted"),
        ("StartConferenceOnEnter", "startConferenceOnEnter"),
        ("EndConferenceOnExit", "endConferenceOnExit"),
        ("ConferenceStatusCallback", "statusCallback"),
        ("ConferenceStatusCallbackEvent", "statusCallbackEvent"),
    ] {
        if let Some(value) = ask.form.get(field) {
            attributes.push_str(&format!(" {attribute}=\"{}\"", escaped(value)));
        }
    }
    format!(
        "<Response><Dial><Conference{attributes}>{}</Conference></Dial></Response>",
        escaped(name)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
