//! The driver around the pure carrier: one lock, one clock, and the way of every value that the carrier emits.
//!
//! HTTP door, callers, clock and courier come here; nothing else touches carrier or ledger. No rules of
//! calls here: the carrier decides, the ledger judges, the profile draws.

mod dispatch;
mod notices;
mod phones;
mod subject;
mod twilio;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::callers::script::{CallerScript, Opening};
use crate::carrier::answer::{Answer, ApiError};
use crate::carrier::emitted::{CallerNo, ConferenceNo, Emitted, LegNo, Timer, Webhook};
use crate::carrier::request::Request;
use crate::carrier::{Carrier, Ring, Terms};
use crate::clock::Clock;
use crate::courier::Courier;
use crate::dice::Dice;
use crate::ledger::report::{Report, Snapshot};
use crate::ledger::{Ending, Ledger, Phase};
use crate::profile::{Fault, RequestFate};
use crate::settings::Settings;
use crate::target::{FarEnd, Receipt};
use crate::twilio::Face;
use crate::twilio::exchange::{Exchange, Status};
use crate::twilio::line::{self, Nudge};
use crate::twilio::texts;
use phones::Phones;

/// What a caller learns about the own call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallerEvent {
    Answered,
    /// Words, or the address of an audio file.
    Hears(String),
    Listening,
    Heard,
    /// With this number or SIP address.
    Bridged(String),
    Recording,
    Recorded,
    /// These words came to the caller's phone.
    Texted(String),
    Ended,
}

/// Everything that is shared.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) dice: Dice,
    pub(crate) courier: Courier,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    pub(crate) clock: Clock,
    webhook_url: RwLock<Option<String>>,
    inner: Mutex<Inner>,
    exchange: Mutex<Exchange>,
    epoch: (Timestamp, Instant),
    first_ring: OnceLock<Instant>,
    pending: AtomicUsize,
    changed: Notify,
}

#[derive(Debug)]
struct Inner {
    carrier: Carrier,
    ledger: Ledger,
    callers: HashMap<CallerNo, UnboundedSender<CallerEvent>>,
    phones: Phones,
    /// When the last ordinary webhook of an entity leaves: the next one does not overtake it.
    floors: HashMap<Entity, Instant>,
    /// Requests so far per entity and verb, for fault draws.
    requests: HashMap<(String, String), u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Entity {
    Leg(LegNo),
    Conference(ConferenceNo),
}

/// What the HTTP door has to answer.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The carrier's own answer.
    Outcome(Result<Answer, ApiError>),
    /// No answer; the connection closes after a while.
    Withheld,
}

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        let dice = Dice::new(settings.seed);
        let terms = Terms {
            connection_id: settings.connection_id.clone(),
            pace: settings.pace,
            far_end: settings.far_end.clone(),
            targets: settings.targets.clone(),
            phones: settings.phones.clone(),
        };
        Self {
            dice,
            courier: Courier::new(&settings),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            clock: Clock::default(),
            webhook_url: RwLock::new(settings.webhook_url.clone()),
            exchange: Mutex::new(Exchange::new(settings.twilio.sid.clone(), dice)),
            inner: Mutex::new(Inner {
                carrier: Carrier::new(terms, dice),
                ledger: Ledger::default(),
                callers: HashMap::new(),
                phones: Phones::default(),
                floors: HashMap::new(),
                requests: HashMap::new(),
            }),
            epoch: (Timestamp::now(), Instant::now()),
            first_ring: OnceLock::new(),
            pending: AtomicUsize::new(0),
            changed: Notify::new(),
            settings,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic in a test's task must not hide the ledger from the test's assertions.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wall time that never steps: events of one run are ordered by it.
    pub(crate) fn now(&self) -> Timestamp {
        self.epoch.0 + self.epoch.1.elapsed()
    }

    /// Whether nothing gets through at the moment.
    pub(crate) fn is_out(&self) -> bool {
        let first = self.first_ring.get();
        first.is_some_and(|first| self.settings.profile.is_out(first.elapsed()))
    }

    /// An attempt that fell into an outage.
    pub(crate) fn attempt_in_outage(&self, webhook: &Webhook) {
        let mut inner = self.lock();
        let touched = inner.touched_by_webhook(webhook);
        inner.ledger.fault(Fault::OutageWebhook, &touched);
    }

    pub(crate) fn set_webhook_url(&self, url: Option<String>) {
        *self.webhook_url.write().unwrap_or_else(PoisonError::into_inner) = url;
    }

    pub(crate) fn webhook_url(&self) -> Option<String> {
        self.webhook_url
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Executes one API request, or injects what the profile draws for it.
    pub(crate) fn request(self: &Arc<Self>, request: &Request) -> Reply {
        let mut inner = self.lock();
        let (key, leg, touched) = inner.subject(request);
        let verb = request.route.verb().to_owned();
        let count = inner.requests.entry((key.clone(), verb.clone())).or_default();
        let index = *count;
        *count += 1;
        let out = self.is_out();
        let fate = if out {
            RequestFate::ServerError { effect: false }
        } else {
            self.settings
                .profile
                .rates()
                .request(self.dice, &key, &verb, index)
        };
        if let Some(fault) = if out {
            Some(Fault::OutageRequest)
        } else {
            fate.fault()
        } {
            inner.ledger.fault(fault, &touched);
        }
        let command = request.route.is_command();
        if command {
            inner.ledger.counters.commands += 1;
            if let Some(leg) = leg {
                inner.ledger.latencies.command(leg, Instant::now());
            }
        }
        let executes = match fate {
            RequestFate::Normal => true,
            RequestFate::RateLimited => false,
            RequestFate::ServerError { effect } | RequestFate::Withheld { effect } => effect,
        };
        let outcome = executes.then(|| {
            let (outcome, emitted) = inner.carrier.handle(request, self.now());
            self.process(&mut inner, emitted);
            outcome
        });
        let reply = match (fate, outcome) {
            (RequestFate::Withheld { .. }, _) => Reply::Withheld,
            (RequestFate::RateLimited, _) => Reply::Outcome(Err(ApiError::too_many_requests())),
            // Both codes of the catalogue occur; the one without an effect says "unavailable".
            (RequestFate::ServerError { effect: true }, _) => Reply::Outcome(Err(ApiError::unexpected())),
            (RequestFate::Normal, Some(outcome)) => Reply::Outcome(outcome),
            (RequestFate::ServerError { effect: false } | RequestFate::Normal, _) => {
                Reply::Outcome(Err(ApiError::unavailable()))
            }
        };
        if command && !matches!(reply, Reply::Outcome(Ok(_))) {
            inner.ledger.counters.commands_failed += 1;
        }
        reply
    }

    /// A caller comes in, and rings unless the script opens with a text. What happens comes through the channel.
    pub(crate) fn enter(
        self: &Arc<Self>,
        script: &CallerScript,
    ) -> (CallerNo, Option<LegNo>, mpsc::UnboundedReceiver<CallerEvent>) {
        self.first_ring.get_or_init(Instant::now);
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut inner = self.lock();
        let most = script.texts.as_ref().map(|watch| watch.most);
        let caller = inner.ledger.call_started(&script.room, script.patience, most);
        inner.callers.insert(caller, sender);
        if let Some(watch) = &script.texts {
            inner.phones.watch(caller, watch);
        }
        if script.opening != Opening::Ring {
            inner.ledger.call_moved(caller, Phase::Waiting);
            return (caller, None, receiver);
        }
        if self.settings.face == Face::Twilio {
            drop(inner);
            let no = line::incoming(self, caller, script);
            let sid = self.exchange().calls[no].sid.clone();
            self.book(|ledger| ledger.call_named(caller, &sid));
            return (caller, Some(LegNo(no)), receiver);
        }
        let ring = Ring {
            caller,
            from: script.from.clone(),
            to: script.to.clone(),
            room: script.room.clone(),
        };
        let (leg, emitted) = inner.carrier.ring(ring, self.now());
        let control_id = inner.carrier.leg(leg).control_id.clone();
        inner.ledger.call_named(caller, &control_id);
        self.process(&mut inner, emitted);
        (caller, Some(leg), receiver)
    }

    /// The carrier's id of a leg's call; only the Telnyx face has sessions.
    pub(crate) fn session(&self, leg: LegNo) -> Option<String> {
        let telnyx = self.settings.face == Face::Telnyx;
        telnyx.then(|| self.lock().carrier.leg(leg).session.to_string())
    }

    pub(crate) fn press(self: &Arc<Self>, leg: LegNo, key: char) {
        if self.settings.face == Face::Twilio {
            return self.exchange().nudge(leg.0, Nudge::Key(key));
        }
        let mut inner = self.lock();
        let emitted = inner.carrier.press(leg, key, self.now());
        self.process(&mut inner, emitted);
    }

    pub(crate) fn hang_up(self: &Arc<Self>, leg: LegNo) {
        if self.settings.face == Face::Twilio {
            return self.exchange().nudge(leg.0, Nudge::HangUp(Status::Canceled));
        }
        let mut inner = self.lock();
        let emitted = inner.carrier.hang_up(leg, self.now());
        self.process(&mut inner, emitted);
    }

    /// The party of a leg speaks for a while.
    pub(crate) fn speak_up(&self, leg: LegNo, lasts: Duration) {
        if self.settings.face == Face::Twilio {
            self.exchange().calls[leg.0].voice_until = Some(Instant::now() + lasts);
            return;
        }
        self.lock().carrier.speak_up(leg, lasts, self.now());
    }

    /// A caller sends a text.
    pub(crate) fn text_from(self: &Arc<Self>, caller: CallerNo, from: &str, to: &str, words: &str) {
        if self.settings.face == Face::Twilio {
            return self.text_in(from, to, words);
        }
        let mut inner = self.lock();
        let emitted = inner.carrier.text_in(from, to, words, self.now());
        if let Some(Emitted::Webhook(webhook)) = emitted.first() {
            let id = webhook.data["payload"]["id"].as_str().unwrap_or_default();
            inner.ledger.call_named(caller, id);
        }
        self.process(&mut inner, emitted);
    }

    /// Somebody who is no caller of ours sends a text.
    pub(crate) fn text_in(self: &Arc<Self>, from: &str, to: &str, words: &str) {
        if self.settings.face == Face::Twilio {
            let comes = texts::comes_in(Arc::clone(self), from.to_owned(), to.to_owned(), words.to_owned());
            let travels = self.travelling();
            self.tasks.spawn(async move {
                comes.await;
                drop(travels);
            });
            return;
        }
        let mut inner = self.lock();
        let emitted = inner.carrier.text_in(from, to, words, self.now());
        self.process(&mut inner, emitted);
    }

    pub(crate) fn set_target(&self, pattern: &str, far_end: FarEnd) {
        self.lock().carrier.set_target(pattern, far_end);
    }

    pub(crate) fn set_phone(&self, pattern: &str, receipt: Receipt) {
        self.lock().carrier.set_phone(pattern, receipt);
    }

    pub(crate) fn talking(&self, caller: CallerNo) {
        self.lock().ledger.call_moved(caller, Phase::Talking);
    }

    /// A caller's script is over; the leg is hung up if it is not yet.
    pub(crate) fn caller_done(self: &Arc<Self>, caller: CallerNo, leg: Option<LegNo>, ending: Ending) {
        let mut inner = self.lock();
        inner.ledger.call_ended(caller, ending);
        inner.callers.remove(&caller);
        drop(inner);
        if let Some(leg) = leg {
            self.hang_up(leg);
        }
        self.changed.notify_waiters();
    }

    pub(crate) fn fire(self: &Arc<Self>, timers: &[Timer]) {
        let mut inner = self.lock();
        for timer in timers {
            let emitted = inner.carrier.fire(timer, self.now());
            self.process(&mut inner, emitted);
        }
    }

    fn process(self: &Arc<Self>, inner: &mut Inner, emitted: Vec<Emitted>) {
        for item in emitted {
            match item {
                Emitted::Webhook(webhook) => self.schedule(inner, webhook),
                Emitted::Timer { after, timer } => self.clock.arm(Instant::now() + after, timer),
                Emitted::Notice(notice) => inner.notice(notice),
            }
        }
        self.changed.notify_waiters();
    }

    /// How long callers wait for their goal.
    pub(crate) fn patience(&self) -> Duration {
        self.settings.patience.unwrap_or(self.settings.profile.patience())
    }

    /// Lets the courier write into the ledger.
    pub(crate) fn book<T>(&self, entry: impl FnOnce(&mut Ledger) -> T) -> T {
        entry(&mut self.lock().ledger)
    }

    pub(crate) fn report(&self) -> Report {
        let (legs, conferences) = self.live();
        let inner = self.lock();
        inner.ledger.report(legs, conferences, self.settings.seed)
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let (legs, conferences) = self.live();
        let inner = self.lock();
        inner.ledger.snapshot(legs, conferences)
    }

    /// Live legs and conferences of both faces.
    fn live(&self) -> (usize, usize) {
        let (legs, conferences) = self.lock().carrier_counts();
        let exchange = self.exchange();
        (legs + exchange.live, conferences + exchange.live_rooms())
    }

    /// Waits until no webhook or text is on its way and no leg or conference lives; false when the time is over.
    pub(crate) async fn quiesce(&self, limit: Duration) -> bool {
        let quiet = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                // Registered before the look, so a change in between is not missed.
                changed.as_mut().enable();
                let texts = self.lock().carrier.travelling_texts() + self.exchange().travelling;
                if self.pending.load(Ordering::SeqCst) == 0 && texts == 0 && self.live() == (0, 0) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(limit, quiet).await.is_ok()
    }
}
