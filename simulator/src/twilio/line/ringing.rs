//! How legs begin: callers who ring, legs that `Dial` makes, and legs that REST makes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::{Ended, Event, Line, Nudge, Source};
use crate::callers::script::CallerScript;
use crate::carrier::emitted::CallerNo;
use crate::target::{FarEnd, FarEndAnswer, Who};
use crate::twilio::document::Element;
use crate::twilio::exchange::{Callback, NewCall, Status};
use crate::twilio::form::Form;
use crate::twilio::webhook;
use crate::world::World;

/// A leg that REST makes.
pub(crate) struct Outgoing {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) source: Source,
    pub(crate) callback: Callback,
    pub(crate) timeout: Duration,
    pub(crate) limit: Option<Duration>,
    /// `Enable` or `DetectMessageEnd`.
    pub(crate) detection: Option<String>,
    /// Told of the detection beside the call, instead of before it goes on.
    pub(crate) detection_callback: Option<String>,
}

/// A leg that `Dial` makes.
pub(super) struct Child {
    pub(super) parent: usize,
    pub(super) caller: Option<CallerNo>,
    pub(super) noun: Element,
    pub(super) caller_id: Option<String>,
    pub(super) base: Option<(String, String)>,
}

fn line(world: &Arc<World>, new: NewCall, far_end: Option<FarEnd>, caller: Option<CallerNo>) -> Line {
    let (nudges, inbox) = mpsc::unbounded_channel();
    let no = world.exchange().add_call(new, nudges, world.now());
    Line {
        world: Arc::clone(world),
        no,
        caller,
        inbox,
        at: None,
        far_end,
        gathers: 0,
    }
}

/// A caller rings; the number of the leg.
pub(crate) fn incoming(world: &Arc<World>, caller: CallerNo, script: &CallerScript) -> usize {
    let account = &world.settings.twilio;
    let new = NewCall {
        key: format!("caller-{}", caller.0),
        parent: None,
        from: script.from.clone(),
        to: script.to.clone(),
        direction: "inbound",
        caller: Some(caller),
        // Who wants something else may be connected with somebody by a conference that is nobody's room.
        room: script.wants_a_room().then(|| script.room.clone()),
        callback: Callback {
            url: account.status_callback.clone(),
            method: "POST".to_owned(),
            events: vec!["completed".to_owned()],
        },
    };
    let url = account.voice_url.clone().or_else(|| world.webhook_url());
    let mut line = line(world, new, None, Some(caller));
    let no = line.no;
    world.tasks.spawn(async move {
        line.perform(Source::url(url.unwrap_or_default(), None)).await;
    });
    no
}

/// A leg that REST asked for; its number.
pub(crate) fn dial_out(world: &Arc<World>, outgoing: Outgoing) -> usize {
    let far_end = world.behind(&outgoing.to);
    let count = world.exchange().calls.len();
    let new = NewCall {
        key: format!("api-{count}"),
        parent: None,
        from: outgoing.from.clone(),
        to: outgoing.to.clone(),
        direction: "outbound-api",
        caller: None,
        room: None,
        callback: outgoing.callback.clone(),
    };
    let mut line = line(world, new, Some(far_end.clone()), None);
    let no = line.no;
    world.tasks.spawn(async move {
        if line.rings(&far_end, outgoing.timeout).await {
            line.goes_on(&outgoing).await;
        }
    });
    no
}

/// A leg that a `Dial` asked for; its number. Its parent hears `Accepted` and `Over`.
pub(super) fn spawn_child(world: &Arc<World>, child: Child) -> usize {
    let far_end = world.behind(&child.noun.text);
    let (from, sid, count) = {
        let exchange = world.exchange();
        let parent = &exchange.calls[child.parent];
        (parent.from.clone(), parent.sid.clone(), exchange.calls.len())
    };
    let events = child.noun.attribute("statusCallbackEvent").unwrap_or("completed");
    let new = NewCall {
        key: format!("{sid}-{count}"),
        parent: Some(sid),
        from: child.caller_id.clone().unwrap_or(from),
        to: child.noun.text.clone(),
        direction: "outbound-dial",
        caller: child.caller,
        room: None,
        callback: Callback {
            url: child.noun.attribute("statusCallback").map(str::to_owned),
            method: child
                .noun
                .attribute("statusCallbackMethod")
                .unwrap_or("POST")
                .to_owned(),
            events: events.split_whitespace().map(str::to_owned).collect(),
        },
    };
    // The caller's script hears what its own leg hears, not this one.
    let mut line = line(world, new, Some(far_end.clone()), None);
    line.at = child.base.clone();
    let no = line.no;
    world.tasks.spawn(async move {
        line.serves(&child, &far_end).await;
        let status = line.world.exchange().calls[no].status;
        line.world.exchange().nudge(child.parent, Nudge::Over(no, status));
    });
    no
}

impl Line {
    /// Rings the far end; whether it answered. Otherwise the leg is over.
    async fn rings(&mut self, far_end: &FarEnd, timeout: Duration) -> bool {
        self.moved(Status::Queued, "initiated");
        self.moved(Status::Ringing, "ringing");
        let status = match far_end.answer {
            FarEndAnswer::Answers => None,
            FarEndAnswer::Busy | FarEndAnswer::Rejects => Some(Status::Busy),
            FarEndAnswer::NoAnswer | FarEndAnswer::Unavailable => Some(Status::NoAnswer),
            FarEndAnswer::Unallocated | FarEndAnswer::Failed => Some(Status::Failed),
        };
        let never = far_end.answer == FarEndAnswer::NoAnswer;
        let wait = if never {
            timeout
        } else {
            far_end.after.min(timeout)
        };
        if self.rest(wait).await != Ended::Fell {
            self.finish(Status::Canceled);
            return false;
        }
        if let Some(status) = status {
            self.finish(status);
            return false;
        }
        self.moved(Status::InProgress, "answered");
        if let Some(talk) = far_end.talk {
            self.hangs_up_after(talk);
        }
        true
    }

    /// The far end hangs up after a while, or the carrier does at the leg's limit: hours, which nobody waits for when the
    /// simulation is over.
    fn hangs_up_after(&self, after: Duration) {
        let (world, no) = (Arc::clone(&self.world), self.no);
        self.world.tasks.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(after) => {
                    world.exchange().nudge(no, Nudge::HangUp(Status::Completed));
                }
                () = world.stop.cancelled() => {}
            }
        });
    }

    /// The same, once it is joined with somebody.
    pub(super) fn talks_for_a_while(&self) {
        if let Some(talk) = self.far_end.as_ref().and_then(|far_end| far_end.talk_bridged) {
            self.hangs_up_after(talk);
        }
    }

    /// A dialled leg that answered: whisper, then talk until one of both has enough.
    async fn serves(&mut self, child: &Child, far_end: &FarEnd) {
        // Its parent counts the time.
        if !self.rings(far_end, Duration::from_secs(600)).await {
            return;
        }
        if let Some(url) = child.noun.attribute("url") {
            let source = self.address(url, child.noun.attribute("method"));
            if self.documents(source).await == Ended::HungUp {
                return self.finish(Status::Completed);
            }
        }
        self.world
            .exchange()
            .nudge(child.parent, Nudge::Accepted(self.no));
        loop {
            match self.event(None).await {
                Event::News(Nudge::Taken(_)) => self.talks_for_a_while(),
                Event::Stop(Ended::Go(source)) => {
                    let gone = Nudge::Over(self.no, Status::Completed);
                    self.world.exchange().nudge(child.parent, gone);
                    return self.perform(source).await;
                }
                Event::Stop(_) => return,
                Event::Time | Event::Key(_) | Event::News(_) => {}
            }
        }
    }

    /// A leg of REST that answered: detection, then its document.
    async fn goes_on(&mut self, outgoing: &Outgoing) {
        if let Some(limit) = outgoing.limit {
            self.hangs_up_after(limit);
        }
        if let Some(mode) = &outgoing.detection {
            let wait = self.detection(mode == "DetectMessageEnd");
            match &outgoing.detection_callback {
                Some(url) => self.told_later(url, wait),
                None => {
                    if self.rest(wait).await == Ended::HungUp {
                        return;
                    }
                    self.world.exchange().calls[self.no].answered_by =
                        Some(self.who(mode == "DetectMessageEnd"));
                }
            }
        }
        self.perform(outgoing.source.clone()).await;
    }

    fn detection(&self, to_the_end: bool) -> Duration {
        let detection = self.world.settings.pace.detection();
        match self.far_end.as_ref().map(|far_end| far_end.who) {
            Some(Who::Machine { greeting, .. }) if to_the_end => detection.max(greeting),
            _ => detection,
        }
    }

    fn who(&self, to_the_end: bool) -> &'static str {
        match (self.far_end.as_ref().map(|far_end| far_end.who), to_the_end) {
            (Some(Who::Machine { .. }), false) => "machine_start",
            (Some(Who::Machine { beep: true, .. }), true) => "machine_end_beep",
            (Some(Who::Machine { beep: false, .. }), true) => "machine_end_silence",
            (Some(Who::Fax), _) => "fax",
            (Some(Who::Silence), _) => "unknown",
            (Some(Who::Human) | None, _) => "human",
        }
    }

    fn told_later(&self, url: &str, wait: Duration) {
        let (world, url, who, began) = (
            Arc::clone(&self.world),
            url.to_owned(),
            self.who(true),
            Instant::now(),
        );
        let sid = world.exchange().calls[self.no].sid.clone();
        self.world.tasks.spawn(async move {
            tokio::time::sleep(wait).await;
            let form = Form::default()
                .with("CallSid", sid)
                .with("AccountSid", &world.settings.twilio.sid)
                .with("AnsweredBy", who)
                .with(
                    "MachineDetectionDuration",
                    began.elapsed().as_millis().to_string(),
                );
            webhook::tell(&world, &url, "POST", form);
        });
    }
}
