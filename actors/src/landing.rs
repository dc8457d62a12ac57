//! Landing what broke: an input that panicked twice goes to the quarantine, then its entity is told to land; an entity
//! that cannot even do that is ended by hand, its legs hung up by a record that no machine wrote.
//!
//! Called by the registry, and by a start for entities that killed the process before. No rule of telephony is here
//! beyond: nobody is left in a line that nobody serves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cordboard_core::command::conference::End;
use cordboard_core::command::leg::Hangup;
use cordboard_core::command::{ConferenceAction, LegAction};
use cordboard_core::fact::Fact;
use cordboard_core::{
    Address, CallControlId, Command, Context, Effects, EndReason, Handle, HangupSource, Input,
};
use tokio::sync::oneshot;

use crate::commit::Commit;
use crate::delivery::{Delivery, InputKey, Receipt};
use crate::entity::{Culprit, blank};
use crate::house::House;
use crate::journal::{Append, Loaded, RECORD_FORMAT, Record};
use crate::quarantine::{Kind, SetAside};
use crate::telemetry::Phases;

/// How often the quarantine is asked to keep an input before its entity is landed all the same.
const KEEPINGS: u32 = 5;
/// How often an entity is told that an input was set aside, should that panic too.
const LANDINGS: u32 = 5;
/// How often an entity is ended by hand, should its journal be busy.
const BURIALS: u32 = 10;
/// Pause between two of any of them, times their number.
const PAUSE: Duration = Duration::from_millis(100);
/// A hangup by hand is given up after so long, as one of a call.
const HANGUP_PATIENCE: Duration = Duration::from_secs(120);

/// An input has panicked twice: keeps it, then lands its entity.
pub(crate) fn set_aside(house: &Arc<House>, address: Address, culprit: Culprit) {
    let house = Arc::clone(house);
    tokio::spawn(async move {
        let item = SetAside {
            at: house.clock.now(),
            kind: Kind::Input,
            reason: "panic",
            address: Some(address.clone()),
            key: culprit.key.as_ref().map(InputKey::text),
            place: culprit.place.clone(),
            raw: culprit.raw.clone(),
        };
        // Until it is kept, whoever offers it again is told to come later.
        for attempt in 1..=KEEPINGS {
            if house.set_aside(item.clone()).await {
                break;
            }
            tokio::time::sleep(PAUSE * attempt).await;
        }
        if let Some(key) = &culprit.key {
            house.registry.is_kept(key);
        }
        land(&house, &address, culprit.label, culprit.leg).await;
    });
}

/// More events come about a call than any call can have: keeps the last one, lands the call.
pub(crate) fn flooded(house: &Arc<House>, address: Address, delivery: &Delivery) {
    let leg = match &delivery.input {
        Input::Event { event, .. } => event.leg.clone(),
        _ => None,
    };
    let item = SetAside {
        at: house.clock.now(),
        kind: Kind::Input,
        reason: "flood",
        address: Some(address.clone()),
        key: None,
        place: None,
        raw: delivery.raw.clone().unwrap_or_default(),
    };
    tracing::error!(address = %address.shown(), "events come faster than any call has them; the call is landed, its further events are refused");
    house.metrics.actors.quarantined.inc();
    let house = Arc::clone(house);
    tokio::spawn(async move {
        house.set_aside(item).await;
        land(&house, &address, "flood", leg).await;
    });
}

/// Tells the entity until a record contains it; ends it by hand if none will.
pub(crate) async fn land(
    house: &Arc<House>,
    address: &Address,
    label: &'static str,
    leg: Option<CallControlId>,
) {
    for attempt in 1..=LANDINGS {
        let (delivery, receipt) = Delivery::new(Input::Quarantined {
            input: label.to_owned(),
            leg: leg.clone(),
        });
        house.registry.deliver(house, address, delivery);
        if receipt.await.is_ok_and(|receipt| receipt.is_durable()) {
            return;
        }
        tokio::time::sleep(PAUSE * attempt).await;
    }
    tracing::error!(address = %address.shown(), "an entity could not even be landed; it is ended by hand");
    by_hand(house, address, leg, "cannot_be_landed").await;
}

/// Ends an entity whose machine must not run: its legs and its conference are ended, it takes no input any more. A
/// room begins afresh, because others need its name.
pub(crate) async fn by_hand(
    house: &Arc<House>,
    address: &Address,
    leg: Option<CallControlId>,
    reason: &'static str,
) {
    house.registry.shut(address);
    let lasting = matches!(address, Address::Call(_));
    house
        .set_aside(SetAside {
            at: house.clock.now(),
            kind: Kind::Entity,
            reason,
            address: Some(address.clone()),
            key: lasting.then(|| address.to_string()),
            place: None,
            raw: Bytes::new(),
        })
        .await;
    house.metrics.actors.quarantined.inc();
    for attempt in 1..=BURIALS {
        if house.registry.evict(address)
            && let Ok(loaded) = house.journal.load(address).await
            && end(house, address, leg.as_ref(), loaded).await
        {
            break;
        }
        tokio::time::sleep(PAUSE * attempt).await;
    }
    if !lasting {
        house.registry.admit_again(address);
    }
}

/// One record that no machine wrote. True when the entity is over.
async fn end(
    house: &Arc<House>,
    address: &Address,
    leg: Option<&CallControlId>,
    loaded: Option<Loaded>,
) -> bool {
    if loaded.as_ref().is_some_and(|loaded| loaded.terminal) {
        return true;
    }
    let (seq, incarnation) = loaded
        .as_ref()
        .map_or((0, 1), |loaded| (loaded.last.seq, loaded.last.incarnation));
    let now = house.clock.now();
    let handles = house.registry.handles(address);
    let context = Context {
        address: address.clone(),
        seq: seq + 1,
        now,
        salt: house.journal.salt(),
    };
    let mut effects = Effects::new(context, incarnation);
    let known = leg.cloned().map(Handle::Leg);
    let extra = known.into_iter().filter(|leg| !handles.contains(leg));
    for handle in handles.iter().cloned().chain(extra) {
        effects.command(farewell(handle), None, now + HANGUP_PATIENCE);
    }
    if let Address::Call(_) = address {
        effects.fact(Fact::CallEnded {
            reason: EndReason::Quarantined,
            cause: None,
            source: HangupSource::Unknown,
        });
    }
    effects.ended(EndReason::Quarantined);
    let record = Record {
        address: address.clone(),
        incarnation,
        seq: seq + 1,
        at: now,
        cause: Input::Quarantined {
            input: "entity".into(),
            leg: leg.cloned(),
        },
        receipt: None,
        effects: effects.into_list(),
        state: blank(address),
        witnessed: None,
        format: RECORD_FORMAT,
    };
    let phases = Phases::between(loaded.as_ref().map(|loaded| &loaded.last), &record);
    append(house, record, phases, handles).await
}

async fn append(house: &Arc<House>, record: Record, phases: Phases, handles: Vec<Handle>) -> bool {
    let (answer, appended) = oneshot::channel();
    let (mut delivery, receipt) = Delivery::new(record.cause.clone());
    let commit = Commit {
        house: Arc::clone(house),
        address: record.address.clone(),
        life: 0,
        receipt: delivery.take_pending(),
        seen: None,
        gained: Vec::new(),
        lost: handles,
        deadline: None,
        phases,
        received: Instant::now(),
        started: Instant::now(),
    };
    let done = commit.into_done();
    house.journal.append(Append {
        record,
        event: None,
        settles: None,
        terminal: true,
        deadline: None,
        handles: Vec::new(),
        flow: None,
        done: Box::new(move |result| {
            let taken = result.is_ok();
            done(result);
            let _ = answer.send(taken);
        }),
    });
    drop(receipt);
    appended.await.unwrap_or(false)
}

fn farewell(handle: Handle) -> Command {
    match handle {
        Handle::Leg(leg) => Command::Leg {
            leg,
            action: LegAction::Hangup(Hangup::default()),
        },
        Handle::Conference(conference) => Command::Conference {
            conference,
            action: ConferenceAction::End(End::default()),
        },
    }
}

/// Answers a repeat with other content: the second is kept aside before anybody is told that we have it.
pub(crate) fn keep_then_answer(house: &Arc<House>, item: SetAside, kept: impl FnOnce(bool) + Send + 'static) {
    let house = Arc::clone(house);
    tokio::spawn(async move { kept(house.set_aside(item).await) });
}

/// What a shut entity's inputs are answered with: its end is in a record, they change nothing.
pub(crate) fn absorbed() -> Receipt {
    Receipt::Duplicate(Bytes::new())
}
