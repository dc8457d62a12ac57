//! `Queues` and their `Members`.

use super::{Answer, Ask, Refused};
use crate::twilio::line::{Nudge, Source};

fn name(ask: &Ask<'_>, sid: &str) -> Result<String, Refused> {
    let exchange = ask.world.exchange();
    let found = exchange.rows.iter().find(|(_, row)| row.sid == sid);
    found
        .map(|(name, _)| name.clone())
        .ok_or_else(|| Refused::not_found(ask.path))
}

pub(super) fn create(ask: &Ask<'_>) -> Answer {
    let wanted = ask.need("FriendlyName", 22_001)?.to_owned();
    let now = ask.world.now();
    let mut exchange = ask.world.exchange();
    if exchange.rows.contains_key(&wanted) {
        return Err(Refused::bad(22_003, "A queue with this name exists"));
    }
    let row = exchange.row(&wanted, now);
    if let Some(most) = ask.form.number("MaxSize") {
        row.most = usize::try_from(most).unwrap_or(usize::MAX);
    }
    let shown = exchange.row_resource(&wanted);
    Ok((201, shown.unwrap_or_default()))
}

pub(super) fn list(ask: &Ask<'_>) -> Answer {
    let all = {
        let exchange = ask.world.exchange();
        exchange
            .rows
            .keys()
            .filter_map(|name| exchange.row_resource(name))
            .collect()
    };
    ask.paged("queues", all)
}

pub(super) fn fetch(ask: &Ask<'_>, sid: &str) -> Answer {
    let name = name(ask, sid)?;
    Ok((200, ask.world.exchange().row_resource(&name).unwrap_or_default()))
}

pub(super) fn members(ask: &Ask<'_>, sid: &str) -> Answer {
    let name = name(ask, sid)?;
    let now = ask.world.now();
    let all = {
        let exchange = ask.world.exchange();
        let count = exchange.rows.get(&name).map_or(0, |row| row.waiting.len());
        (0..count)
            .filter_map(|at| exchange.member_resource(&name, at, now))
            .collect()
    };
    ask.paged("queue_members", all)
}

/// Takes a member, or the first, out of the queue and gives it another document.
pub(super) fn take(ask: &Ask<'_>, sid: &str, who: &str) -> Answer {
    let name = name(ask, sid)?;
    let url = ask.need("Url", 21_205)?.to_owned();
    let now = ask.world.now();
    let mut exchange = ask.world.exchange();
    let waiting = exchange
        .rows
        .get(&name)
        .map(|row| row.waiting.clone())
        .unwrap_or_default();
    let at = if who == "Front" {
        (!waiting.is_empty()).then_some(0)
    } else {
        waiting.iter().position(|(no, _)| exchange.calls[*no].sid == who)
    };
    let at = at.ok_or_else(|| Refused::not_found(ask.path))?;
    let shown = exchange.member_resource(&name, at, now);
    let no = waiting[at].0;
    exchange.unqueue(no);
    exchange.nudge(no, Nudge::Go(Source::url(url, ask.form.get("Method"))));
    Ok((200, shown.unwrap_or_default()))
}
