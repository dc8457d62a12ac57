//! One leg of the Twilio face: a task that asks for documents and performs their verbs until the leg is over.
//!
//! Whatever reaches a leg comes as a `Nudge`: keys, hangups, redirects by REST, news of legs it is joined with. A
//! document that ends hangs up; the verbs are in `line/`.

mod gather;
mod joining;
mod record;
mod ringing;
mod talk;

pub(crate) use ringing::{Outgoing, dial_out, incoming};

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::sleep_until;

use super::document::{self, Element};
use super::exchange::Status;
use super::form::Form;
use super::webhook::{self, Unanswered};
use crate::carrier::emitted::CallerNo;
use crate::target::FarEnd;
use crate::world::{CallerEvent, World};

/// What reaches a leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Nudge {
    /// Its party pressed a key.
    Key(char),
    /// It ends; the status is for one that was never answered.
    HangUp(Status),
    /// REST gives it another document.
    Go(Source),
    /// Its conference is over, or it was put out of it.
    Released,
    /// A leg that was dialled for it has answered and accepted.
    Accepted(usize),
    /// A leg that it was joined with, or that was dialled for it, is over.
    Over(usize, Status),
    /// This leg took it: they are joined.
    Taken(usize),
}

/// Where a document comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// By asking the program, with these fields beside those of the call.
    Url {
        url: String,
        method: String,
        extra: Form,
    },
    /// It came in a REST request.
    Twiml(String),
}

impl Source {
    pub(crate) fn url(url: impl Into<String>, method: Option<&str>) -> Self {
        Self::Url {
            url: url.into(),
            method: method.unwrap_or("POST").to_owned(),
            extra: Form::default(),
        }
    }
}

/// How a verb, or a document, ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The next verb follows.
    Fell,
    /// Another document follows.
    Go(Source),
    /// The leg is over.
    HungUp,
}

/// What a wait ended with.
enum Event {
    Time,
    Key(char),
    News(Nudge),
    Stop(Ended),
}

/// A leg at work.
pub(crate) struct Line {
    world: Arc<World>,
    no: usize,
    caller: Option<CallerNo>,
    inbox: UnboundedReceiver<Nudge>,
    /// Address of the document at hand, for relative ones in it.
    at: Option<(String, String)>,
    far_end: Option<FarEnd>,
    gathers: usize,
}

impl Line {
    /// Performs documents until the leg is over, and closes its books.
    async fn perform(&mut self, first: Source) {
        let ended = self.documents(first).await;
        tracing::trace!(?ended, leg = self.no, "documents are over");
        self.finish(Status::Canceled);
    }

    /// Performs documents until one ends without another.
    async fn documents(&mut self, first: Source) -> Ended {
        let mut source = first;
        loop {
            let Some(document) = self.read(&source).await else {
                return Ended::HungUp;
            };
            match Box::pin(self.verbs(&document)).await {
                Ended::Go(next) => source = next,
                ended => return ended,
            }
        }
    }

    /// The document of a source. Without a usable one the fallback address is asked; without that the call ends.
    async fn read(&mut self, source: &Source) -> Option<Vec<Element>> {
        let (url, method, extra) = match source {
            Source::Twiml(text) => {
                self.at = None;
                return document::read(text).ok();
            }
            Source::Url { url, method, extra } => (url, method, extra),
        };
        let mut form = self.fields();
        form.0.extend(extra.0.iter().cloned());
        let problem = match self.fetch(url, method, form.clone()).await {
            Ok(document) => return Some(document),
            Err(problem) => problem,
        };
        let fallback = self.world.settings.twilio.voice_fallback_url.clone()?;
        let form = form
            .with("ErrorCode", problem.0.to_string())
            .with("ErrorUrl", url);
        self.fetch(&fallback, "POST", form).await.ok()
    }

    async fn fetch(&mut self, url: &str, method: &str, form: Form) -> Result<Vec<Element>, Unanswered> {
        let text = webhook::ask(&self.world, url, method, form).await?;
        self.at = Some((url.to_owned(), method.to_owned()));
        // 12100: the document cannot be read.
        document::read(&text).map_err(|error| {
            tracing::debug!(%error, "a document cannot be read");
            Unanswered(12_100)
        })
    }

    async fn verbs(&mut self, document: &[Element]) -> Ended {
        for (index, verb) in document.iter().enumerate() {
            if let Some(stop) = self.stopped() {
                return stop;
            }
            if verb.name == "Reject" && index == 0 && !self.is_up() {
                let status = if verb.attribute("reason") == Some("busy") {
                    Status::Busy
                } else {
                    Status::NoAnswer
                };
                self.finish(status);
                return Ended::HungUp;
            }
            if !matches!(verb.name.as_str(), "Redirect" | "Reject") {
                self.pick_up();
            }
            match self.verb(verb).await {
                Ended::Fell => {}
                ended => return ended,
            }
        }
        Ended::Fell
    }

    async fn verb(&mut self, verb: &Element) -> Ended {
        match verb.name.as_str() {
            "Say" | "Play" => self.prompt(verb).await,
            "Pause" => self.rest(Duration::from_secs(verb.number("length", 1))).await,
            "Gather" => self.gather(verb).await,
            "Dial" => self.dial(verb).await,
            "Enqueue" => self.enqueue(verb).await,
            "Record" => self.record(verb).await,
            "Redirect" => Ended::Go(self.address(&verb.text, verb.attribute("method"))),
            "Hangup" | "Reject" => Ended::HungUp,
            "Message" | "Sms" => {
                self.message(verb);
                Ended::Fell
            }
            // Streams, payments and whatever else has no effect that a simulated caller could notice.
            _ => Ended::Fell,
        }
    }

    /// Where a verb's action goes, in words of the document at hand.
    fn address(&self, to: &str, method: Option<&str>) -> Source {
        let base = self.at.as_ref().and_then(|(url, _)| url::Url::parse(url).ok());
        let joined = base.and_then(|base| base.join(to).ok());
        Source::url(joined.map_or_else(|| to.to_owned(), String::from), method)
    }

    /// The action of a verb with these fields, or its absence.
    fn action(&self, verb: &Element, default_is_here: bool, extra: Form) -> Ended {
        let method = verb.attribute("method");
        let source = match (verb.attribute("action"), &self.at) {
            (Some(action), _) => self.address(action, method),
            (None, Some((url, own))) if default_is_here => Source::url(url, method.or(Some(own))),
            (None, _) => return Ended::Fell,
        };
        match source {
            Source::Url { url, method, .. } => Ended::Go(Source::Url { url, method, extra }),
            other @ Source::Twiml(_) => Ended::Go(other),
        }
    }

    /// Waits for news, not longer than this.
    async fn event(&mut self, until: Option<Instant>) -> Event {
        let time = async {
            match until {
                Some(until) => sleep_until(until.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            nudge = self.inbox.recv() => match nudge {
                Some(Nudge::Key(key)) => Event::Key(key),
                Some(Nudge::Go(source)) => Event::Stop(Ended::Go(source)),
                Some(Nudge::HangUp(status)) => {
                    self.finish(status);
                    Event::Stop(Ended::HungUp)
                }
                None => Event::Stop(Ended::HungUp),
                Some(news) => Event::News(news),
            },
            () = self.world.stop.cancelled() => Event::Stop(Ended::HungUp),
            () = time => Event::Time,
        }
    }

    /// Lets time pass; keys and old news are lost.
    async fn rest(&mut self, time: Duration) -> Ended {
        let until = Some(Instant::now() + time);
        loop {
            match self.event(until).await {
                Event::Time => return Ended::Fell,
                Event::Stop(ended) => return ended,
                Event::Key(_) | Event::News(_) => {}
            }
        }
    }

    /// Whether something ended the document between two verbs.
    fn stopped(&mut self) -> Option<Ended> {
        while let Ok(nudge) = self.inbox.try_recv() {
            match nudge {
                Nudge::Go(source) => return Some(Ended::Go(source)),
                Nudge::HangUp(status) => {
                    self.finish(status);
                    return Some(Ended::HungUp);
                }
                _ => {}
            }
        }
        None
    }

    fn fields(&self) -> Form {
        let exchange = self.world.exchange();
        exchange.calls[self.no].fields(&exchange.account)
    }

    fn is_up(&self) -> bool {
        self.world.exchange().calls[self.no].status == Status::InProgress
    }

    /// Answers a call that rings; harmless for one that is up.
    fn pick_up(&mut self) {
        let ringing = !self.is_up() && !self.world.exchange().calls[self.no].status.is_over();
        if ringing {
            self.moved(Status::InProgress, "answered");
            self.tell_caller(CallerEvent::Answered);
        }
    }

    /// A new status, and its callback.
    fn moved(&mut self, status: Status, event: &str) {
        let now = self.world.now();
        let told = {
            let mut exchange = self.world.exchange();
            let account = exchange.account.clone();
            let call = &mut exchange.calls[self.no];
            call.status = status;
            if status == Status::InProgress {
                call.answered = Some(now);
            }
            call.progress(&account, event, now)
        };
        if let Some((url, method, form)) = told {
            webhook::tell(&self.world, &url, &method, form);
        }
    }

    /// Ends the leg: `completed` if it was up, this status if not. Harmless for one that is over.
    fn finish(&mut self, otherwise: Status) {
        let now = self.world.now();
        {
            let mut exchange = self.world.exchange();
            let call = &mut exchange.calls[self.no];
            if call.status.is_over() {
                return;
            }
            call.ended = Some(now);
            exchange.live -= 1;
            exchange.unqueue(self.no);
        }
        let status = if self.is_up() {
            Status::Completed
        } else {
            otherwise
        };
        self.moved(status, "completed");
        self.tell_caller(CallerEvent::Ended);
        self.world.changed();
    }

    fn tell_caller(&self, event: CallerEvent) {
        if let Some(caller) = self.caller {
            self.world.tell(caller, event);
        }
    }
}
