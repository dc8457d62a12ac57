//! The driver around the pure carrier: one lock, one clock, and the way of every value that the carrier emits.
//!
//! HTTP door, callers, clock and courier come here; nothing else touches carrier or ledger. No rules of
//! calls here: the carrier decides, the ledger judges, the profile draws.

mod dispatch;
mod phones;
mod subject;

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
use crate::carrier::emitted::{CallerNo, ConferenceNo, Emitted, LegNo, Notice, Timer, Webhook};
use crate::carrier::leg::{Direction, Leg};
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
    Texted,
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
    fn now(&self) -> Timestamp {
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

    pub(crate) fn press(self: &Arc<Self>, leg: LegNo, key: char) {
        let mut inner = self.lock();
        let emitted = inner.carrier.press(leg, key, self.now());
        self.process(&mut inner, emitted);
    }

    pub(crate) fn hang_up(self: &Arc<Self>, leg: LegNo) {
        let mut inner = self.lock();
        let emitted = inner.carrier.hang_up(leg, self.now());
        self.process(&mut inner, emitted);
    }

    /// The party of a leg speaks for a while.
    pub(crate) fn speak_up(&self, leg: LegNo, lasts: Duration) {
        self.lock().carrier.speak_up(leg, lasts, self.now());
    }

    /// A caller sends a text.
    pub(crate) fn text_from(self: &Arc<Self>, caller: CallerNo, from: &str, to: &str, words: &str) {
        let mut inner = self.lock();
        let emitted = inner.carrier.text_in(from, to, words, self.now());
        if let Some(Emitted::Webhook(webhook)) = emitted.first() {
            let id = webhook.data["payload"]["id"].as_str().unwrap_or_default();
            inner.ledger.call_named(caller, id);
        }
        self.process(&mut inner, emitted);
    }

    pub(crate) fn text_in(self: &Arc<Self>, from: &str, to: &str, words: &str) {
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
        if let Some(leg) = leg {
            let emitted = inner.carrier.hang_up(leg, self.now());
            self.process(&mut inner, emitted);
        }
        drop(inner);
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
        let inner = self.lock();
        let (legs, conferences) = inner.carrier_counts();
        inner.ledger.report(legs, conferences, self.settings.seed)
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let inner = self.lock();
        let (legs, conferences) = inner.carrier_counts();
        inner.ledger.snapshot(legs, conferences)
    }

    /// Waits until no webhook or text is on its way and no leg or conference lives; false when the time is over.
    pub(crate) async fn quiesce(&self, limit: Duration) -> bool {
        let quiet = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                // Registered before the look, so a change in between is not missed.
                changed.as_mut().enable();
                if self.pending.load(Ordering::SeqCst) == 0 && self.lock().is_quiet() {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(limit, quiet).await.is_ok()
    }
}

impl Inner {
    fn carrier_counts(&self) -> (usize, usize) {
        (
            self.carrier.live_leg_count(),
            self.carrier.live_conference_count(),
        )
    }

    fn is_quiet(&self) -> bool {
        self.carrier_counts() == (0, 0) && self.carrier.travelling_texts() == 0
    }

    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Answered(leg) => {
                if let Some(caller) = own_caller(self.carrier.leg(leg)) {
                    self.ledger.call_moved(caller, Phase::Waiting);
                    self.tell(leg, CallerEvent::Answered);
                }
            }
            Notice::Listening(leg) => self.tell(leg, CallerEvent::Listening),
            Notice::Heard(leg) => self.tell(leg, CallerEvent::Heard),
            Notice::Bridged(one, other) => {
                for (leg, peer) in [(one, other), (other, one)] {
                    let peer = self.carrier.leg(peer);
                    let address = match peer.direction {
                        Direction::Outgoing => peer.to.clone(),
                        Direction::Incoming => peer.from.clone(),
                    };
                    self.tell(leg, CallerEvent::Bridged(address));
                }
            }
            Notice::Ended { leg, .. } => {
                self.tell(leg, CallerEvent::Ended);
                self.floors.remove(&Entity::Leg(leg));
                let leg = &self.carrier.leg(leg);
                self.ledger.target_over(&leg.control_id);
            }
            Notice::ConferenceCreated(_) => self.ledger.counters.conferences_created += 1,
            Notice::ConferenceEnded(conference) => {
                self.ledger.counters.conferences_ended += 1;
                self.floors.remove(&Entity::Conference(conference));
                let conference = self.carrier.conference(conference);
                self.ledger.target_over(&conference.id);
                self.ledger.target_over(&conference.name);
            }
            Notice::RoomSplit { .. } => self.ledger.counters.conferences_duplicate += 1,
            Notice::MessageSent { repeated } => {
                self.ledger.counters.messages_sent += 1;
                self.ledger.counters.messages_duplicate += u64::from(repeated);
            }
            Notice::Hears { leg, words } => self.tell(leg, CallerEvent::Hears(words)),
            Notice::Recording(leg) => self.tell(leg, CallerEvent::Recording),
            Notice::Recorded(leg) => self.tell(leg, CallerEvent::Recorded),
            Notice::MessageDelivered { to, words, .. } => {
                self.ledger.counters.messages_delivered += 1;
                if let Some(caller) = self.phones.owner(&to, &words) {
                    self.ledger.texted(caller);
                    self.tell_caller(caller, CallerEvent::Texted);
                }
            }
            Notice::Effect(effect) => self.ledger.effect(effect),
        }
    }

    fn tell(&self, leg: LegNo, event: CallerEvent) {
        if let Some(caller) = own_caller(self.carrier.leg(leg)) {
            self.tell_caller(caller, event);
        }
    }

    fn tell_caller(&self, caller: CallerNo, event: CallerEvent) {
        if let Some(sender) = self.callers.get(&caller) {
            // A caller whose script is over no longer listens.
            let _ = sender.send(event);
        }
    }
}

/// The caller who holds this very leg, not one whom the leg was dialled for.
fn own_caller(leg: &Leg) -> Option<CallerNo> {
    leg.caller.filter(|_| leg.direction == Direction::Incoming)
}
