//! `Calls`: make one, look at one or all, change one that lives.

use std::time::Duration;

use super::{Answer, Ask, Refused, is_address};
use crate::twilio::document;
use crate::twilio::exchange::{Callback, Status};
use crate::twilio::line::{Nudge, Outgoing, Source, dial_out};

pub(super) fn create(ask: &Ask<'_>) -> Answer {
    let to = ask.need("To", 21_201)?;
    let from = ask.need("From", 21_213)?;
    if !is_address(to) {
        return Err(Refused::bad(
            21_211,
            "The 'To' number is not a valid phone number",
        ));
    }
    let source = source(ask)?.ok_or_else(|| Refused::bad(21_205, "Url parameter is required"))?;
    let outgoing = Outgoing {
        from: from.to_owned(),
        to: to.to_owned(),
        source,
        callback: callback(ask),
        timeout: Duration::from_secs(ask.form.number("Timeout").unwrap_or(60)),
        limit: ask.form.number("TimeLimit").map(Duration::from_secs),
        detection: ask.form.get("MachineDetection").map(str::to_owned),
        detection_callback: (ask.form.get("AsyncAmd") == Some("true"))
            .then(|| ask.form.get("AsyncAmdStatusCallback").map(str::to_owned))
            .flatten(),
    };
    let no = dial_out(ask.world, outgoing);
    let exchange = ask.world.exchange();
    Ok((201, exchange.calls[no].resource(&exchange.account)))
}

pub(super) fn callback(ask: &Ask<'_>) -> Callback {
    let events: Vec<String> = ask
        .form
        .all("StatusCallbackEvent")
        .iter()
        .flat_map(|events| events.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    Callback {
        url: ask.form.get("StatusCallback").map(str::to_owned),
        method: ask.form.get("StatusCallbackMethod").unwrap_or("POST").to_owned(),
        events: if events.is_empty() {
            vec!["completed".to_owned()]
        } else {
            events
        },
    }
}

/// The document that a request gives or names.
fn source(ask: &Ask<'_>) -> Result<Option<Source>, Refused> {
    if let Some(text) = ask.form.get("Twiml") {
        document::read(text).map_err(|error| Refused::bad(12_100, &error.to_string()))?;
        return Ok(Some(Source::Twiml(text.to_owned())));
    }
    let Some(url) = ask.form.get("Url") else {
        return Ok(None);
    };
    if !(url.starts_with("http://") || url.starts_with("https://")) {
        return Err(Refused::bad(21_205, "Url is not a valid URL"));
    }
    Ok(Some(Source::url(url, ask.form.get("Method"))))
}

pub(super) fn fetch(ask: &Ask<'_>, sid: &str) -> Answer {
    let exchange = ask.world.exchange();
    let call = exchange
        .call_by_sid(sid)
        .ok_or_else(|| Refused::not_found(ask.path))?;
    Ok((200, call.resource(&exchange.account)))
}

pub(super) fn list(ask: &Ask<'_>) -> Answer {
    let exchange = ask.world.exchange();
    let wanted = |name: &str, value: &str| ask.query.get(name).is_none_or(|wanted| wanted == value);
    let shown = exchange.calls.iter().rev().filter(|call| {
        wanted("To", &call.to)
            && wanted("From", &call.from)
            && wanted("Status", call.status.name())
            && wanted("ParentCallSid", call.parent.as_deref().unwrap_or_default())
    });
    let all = shown.map(|call| call.resource(&exchange.account)).collect();
    drop(exchange);
    ask.paged("calls", all)
}

pub(super) fn update(ask: &Ask<'_>, sid: &str) -> Answer {
    let source = source(ask)?;
    let exchange = ask.world.exchange();
    let no = *exchange
        .by_sid
        .get(sid)
        .ok_or_else(|| Refused::not_found(ask.path))?;
    let status = exchange.calls[no].status;
    if status.is_over() {
        return Err(Refused::bad(21_220, "Call is not in-progress. Cannot redirect."));
    }
    match ask.form.get("Status") {
        Some("completed") => exchange.nudge(no, Nudge::HangUp(Status::Completed)),
        Some("canceled") if status == Status::InProgress => {
            return Err(Refused::bad(21_220, "Call is in-progress. Cannot cancel."));
        }
        Some("canceled") => exchange.nudge(no, Nudge::HangUp(Status::Canceled)),
        Some(_) => return Err(Refused::bad(21_218, "Invalid status")),
        None => {}
    }
    if let Some(source) = source {
        if status != Status::InProgress {
            return Err(Refused::bad(21_220, "Call is not in-progress. Cannot redirect."));
        }
        exchange.nudge(no, Nudge::Go(source));
    }
    Ok((200, exchange.calls[no].resource(&exchange.account)))
}
