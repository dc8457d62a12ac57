//! Dial and Enqueue: joining a leg with numbers, SIP addresses, conferences and queues.

use std::time::{Duration, Instant};

use super::ringing::{Child, spawn_child};
use super::{Ended, Event, Line, Nudge};
use crate::twilio::document::Element;
use crate::twilio::exchange::Status;
use crate::twilio::form::Form;
use crate::world::CallerEvent;

/// From one look into an empty queue to the next.
const GLANCE: Duration = Duration::from_millis(100);

impl Line {
    pub(super) async fn dial(&mut self, verb: &Element) -> Ended {
        let noun = |name: &str| verb.children.iter().find(|noun| noun.name == name);
        if let Some(room) = noun("Conference") {
            return self.conference(verb, room).await;
        }
        if let Some(queue) = noun("Queue") {
            return self.dial_queue(verb, &queue.text).await;
        }
        let mut nouns: Vec<Element> = verb.children.clone();
        if nouns.is_empty() {
            nouns.push(Element {
                name: "Number".to_owned(),
                text: verb.text.clone(),
                ..Element::default()
            });
        }
        self.dial_numbers(verb, &nouns).await
    }

    async fn dial_numbers(&mut self, verb: &Element, nouns: &[Element]) -> Ended {
        let until = Instant::now() + Duration::from_secs(verb.number("timeout", 30).max(5));
        let caller_id = verb.attribute("callerId");
        let mut ringing: Vec<usize> = nouns
            .iter()
            .map(|noun| {
                let child = Child {
                    parent: self.no,
                    caller: self.caller,
                    noun: noun.clone(),
                    caller_id: caller_id.map(str::to_owned),
                    base: self.at.clone(),
                };
                spawn_child(&self.world, child)
            })
            .collect();
        let mut status = Status::Failed;
        let joined = loop {
            match self.event(Some(until)).await {
                Event::Time => {
                    status = Status::NoAnswer;
                    break None;
                }
                Event::News(Nudge::Accepted(child)) if ringing.contains(&child) => break Some(child),
                Event::News(Nudge::Over(child, how)) => {
                    ringing.retain(|other| *other != child);
                    // Busy says more than a failure, and whoever comes last says the most.
                    status = if how == Status::Failed { status } else { how };
                    if ringing.is_empty() {
                        break None;
                    }
                }
                Event::Key(_) | Event::News(_) => {}
                Event::Stop(ended) => {
                    self.dismiss(&ringing, None, Status::Canceled);
                    return ended;
                }
            }
        };
        let end = if joined.is_some() {
            Status::Canceled
        } else {
            Status::NoAnswer
        };
        self.dismiss(&ringing, joined, end);
        let Some(child) = joined else {
            return self.dial_over(verb, status.name(), None);
        };
        let address = self.world.exchange().calls[child].to.clone();
        self.tell_caller(CallerEvent::Bridged(address));
        self.world.exchange().nudge(child, Nudge::Taken(self.no));
        let began = Instant::now();
        if let Some(ended) = self.joined(child, verb.number("timeLimit", 14_400)).await {
            self.dismiss(&[child], None, Status::Completed);
            return ended;
        }
        self.dial_over(verb, "completed", Some((child, began.elapsed())))
    }

    /// Ends legs that were dialled for this one, all but one.
    fn dismiss(&self, legs: &[usize], but: Option<usize>, status: Status) {
        let exchange = self.world.exchange();
        for leg in legs.iter().filter(|leg| Some(**leg) != but) {
            exchange.nudge(*leg, Nudge::HangUp(status));
        }
    }

    /// Talks with another leg; `None` when that one is over, or the time is.
    async fn joined(&mut self, other: usize, limit_secs: u64) -> Option<Ended> {
        let until = Some(Instant::now() + Duration::from_secs(limit_secs));
        loop {
            match self.event(until).await {
                Event::News(Nudge::Over(leg, _)) if leg == other => return None,
                Event::Time => {
                    self.dismiss(&[other], None, Status::Completed);
                    return None;
                }
                Event::Stop(ended) => return Some(ended),
                Event::Key(_) | Event::News(_) => {}
            }
        }
    }

    fn dial_over(&self, verb: &Element, status: &str, child: Option<(usize, Duration)>) -> Ended {
        let mut extra = Form::default().with("DialCallStatus", status);
        if let Some((child, lasted)) = child {
            let sid = self.world.exchange().calls[child].sid.clone();
            extra = extra
                .with("DialCallSid", sid)
                .with("DialCallDuration", lasted.as_secs().to_string())
                .with("DialBridged", "true");
        }
        self.action(verb, false, extra)
    }

    async fn conference(&mut self, verb: &Element, noun: &Element) -> Ended {
        let entered = self.world.exchange().enter(self.no, noun, self.world.now());
        let Some((at, after)) = entered else {
            return self.dial_over(verb, "failed", None);
        };
        self.world.aftermath(after);
        let stop = loop {
            match self.event(None).await {
                Event::News(Nudge::Released) => break None,
                Event::News(Nudge::Taken(_)) => self.talks_for_a_while(),
                Event::Stop(ended) => break Some(ended),
                Event::Time | Event::Key(_) | Event::News(_) => {}
            }
        };
        let after = self.world.exchange().leave(self.no, at, false, self.world.now());
        self.world.aftermath(after);
        stop.unwrap_or_else(|| self.dial_over(verb, "answered", None))
    }

    pub(super) async fn enqueue(&mut self, verb: &Element) -> Ended {
        let began = Instant::now();
        let (sid, full) = {
            let now = self.world.now();
            let mut exchange = self.world.exchange();
            let no = self.no;
            let row = exchange.row(&verb.text, now);
            let full = row.waiting.len() >= row.most;
            if !full {
                row.waiting.push((no, now));
            }
            (row.sid.clone(), full)
        };
        let result = if full {
            "queue-full"
        } else {
            match self.waits_in_queue().await {
                Ok(result) => result,
                Err(ended) => return ended,
            }
        };
        let extra = Form::default()
            .with("QueueResult", result)
            .with("QueueSid", sid)
            .with("QueueTime", began.elapsed().as_secs().to_string());
        self.action(verb, false, extra)
    }

    async fn waits_in_queue(&mut self) -> Result<&'static str, Ended> {
        loop {
            match self.event(None).await {
                Event::News(Nudge::Taken(agent)) => {
                    let address = self.world.exchange().calls[agent].to.clone();
                    self.tell_caller(CallerEvent::Bridged(address));
                    let ended = self.joined(agent, 14_400).await;
                    self.world
                        .exchange()
                        .nudge(agent, Nudge::Over(self.no, Status::Completed));
                    return ended.map_or(Ok("bridged"), Err);
                }
                Event::News(Nudge::Released) => return Ok("leave"),
                Event::Stop(ended) => {
                    self.world.exchange().unqueue(self.no);
                    return Err(ended);
                }
                Event::Time | Event::Key(_) | Event::News(_) => {}
            }
        }
    }

    /// An agent takes the first of a queue, or waits for one.
    async fn dial_queue(&mut self, verb: &Element, name: &str) -> Ended {
        let until = Instant::now() + Duration::from_secs(verb.number("timeout", 30));
        let member = loop {
            let first = {
                let mut exchange = self.world.exchange();
                let row = exchange.rows.get_mut(name).filter(|row| !row.waiting.is_empty());
                row.map(|row| row.waiting.remove(0).0)
            };
            if let Some(member) = first {
                break member;
            }
            if Instant::now() >= until {
                return self.dial_over(verb, "no-answer", None);
            }
            match self.rest(GLANCE).await {
                Ended::Fell => {}
                ended => return ended,
            }
        };
        self.world.exchange().nudge(member, Nudge::Taken(self.no));
        self.talks_for_a_while();
        let began = Instant::now();
        let ended = self.joined(member, verb.number("timeLimit", 14_400)).await;
        self.world
            .exchange()
            .nudge(member, Nudge::Over(self.no, Status::Completed));
        ended.unwrap_or_else(|| self.dial_over(verb, "completed", Some((member, began.elapsed()))))
    }
}
