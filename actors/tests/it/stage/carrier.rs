//! A carrier that answers by script and remembers what was sent to it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cordboard_actors::ports::Carrier;
use cordboard_core::command::Query;
use cordboard_core::outcome::{CallView, ConferenceView};
use cordboard_core::{Answer, Attempt, CallControlId, Command, CommandId, Issued, Refusal, RefusalKind};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

/// How one attempt is answered.
pub(crate) enum Reply {
    /// At once.
    Now(Attempt),
    /// After so long.
    After(Duration, Attempt),
    /// When the test says so.
    When(oneshot::Receiver<Attempt>),
    /// Not at all.
    Never,
}

/// One attempt.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) id: CommandId,
    pub(crate) name: &'static str,
    pub(crate) command: Command,
    pub(crate) at: Instant,
}

type Watcher = Box<dyn Fn(&Issued) + Send + Sync>;
type CallTeller = Box<dyn Fn(&CallControlId) -> CallView + Send + Sync>;
type Falter = Box<dyn Fn() -> Option<Attempt> + Send + Sync>;

/// Accepts everything that has no script.
pub(crate) struct StageCarrier {
    scripts: Mutex<HashMap<&'static str, VecDeque<Reply>>>,
    sent: watch::Sender<Vec<Sent>>,
    watcher: Mutex<Option<Arc<Watcher>>>,
    falter: Mutex<Option<Falter>>,
    calls: Mutex<Option<CallTeller>>,
    forgets: Mutex<Option<&'static str>>,
}

impl Default for StageCarrier {
    fn default() -> Self {
        Self {
            scripts: Mutex::default(),
            sent: watch::channel(Vec::new()).0,
            watcher: Mutex::default(),
            falter: Mutex::default(),
            calls: Mutex::default(),
            forgets: Mutex::default(),
        }
    }
}

impl StageCarrier {
    /// The next attempts of commands of this name are answered like this, in turn.
    pub(crate) fn script(&self, name: &'static str, replies: impl IntoIterator<Item = Reply>) {
        let mut scripts = self.scripts.lock().unwrap();
        scripts.entry(name).or_default().extend(replies);
    }

    /// The next attempt is answered when the returned end says how.
    pub(crate) fn ask_me(&self, name: &'static str) -> oneshot::Sender<Attempt> {
        let (answer, when) = oneshot::channel();
        self.script(name, [Reply::When(when)]);
        answer
    }

    /// Commands of this name are done a second time when they are sent a second time.
    pub(crate) fn forgets(&self, name: &'static str) {
        *self.forgets.lock().unwrap() = Some(name);
    }

    /// Called at each attempt, before it is answered.
    pub(crate) fn watch(&self, watcher: impl Fn(&Issued) + Send + Sync + 'static) {
        *self.watcher.lock().unwrap() = Some(Arc::new(Box::new(watcher)));
    }

    /// Asked about every attempt that has no script; `None` accepts it.
    pub(crate) fn falter_when(&self, falter: impl Fn() -> Option<Attempt> + Send + Sync + 'static) {
        *self.falter.lock().unwrap() = Some(Box::new(falter));
    }

    /// Questions about a leg that have no script are answered by this.
    pub(crate) fn answer_calls(&self, tell: impl Fn(&CallControlId) -> CallView + Send + Sync + 'static) {
        *self.calls.lock().unwrap() = Some(Box::new(tell));
    }

    /// Every attempt so far.
    pub(crate) fn all(&self) -> Vec<Sent> {
        self.sent.borrow().clone()
    }

    /// Attempts of commands of this name so far.
    pub(crate) fn sent(&self, name: &str) -> Vec<Sent> {
        let all = self.sent.borrow();
        all.iter().filter(|sent| sent.name == name).cloned().collect()
    }

    pub(crate) fn count(&self, name: &str) -> usize {
        self.sent(name).len()
    }

    /// Waits for the `count`-th attempt of commands of this name; gives all of them.
    pub(crate) async fn seen(&self, name: &str, count: usize) -> Vec<Sent> {
        let enough = |all: &Vec<Sent>| all.iter().filter(|sent| sent.name == name).count() >= count;
        let mut watch = self.sent.subscribe();
        super::patiently(watch.wait_for(enough)).await.unwrap();
        self.sent(name)
    }

    fn default_answer(&self, issued: &Issued) -> Attempt {
        if let Command::Query(Query::Call { leg }) = &issued.command
            && let Some(tell) = self.calls.lock().unwrap().as_ref()
        {
            return Attempt::Accepted(Answer::Call(tell(leg)));
        }
        Attempt::Accepted(match &issued.command {
            Command::CreateConference(create) => Answer::Conference(ConferenceView {
                id: format!("conference-{}", create.leg).as_str().into(),
                name: create.name.clone(),
                live: true,
                connection: None,
            }),
            _ => Answer::Done,
        })
    }
}

#[async_trait]
impl Carrier for StageCarrier {
    fn name(&self) -> &'static str {
        "stage"
    }

    fn does_twice(&self, command: &Issued) -> bool {
        *self.forgets.lock().unwrap() == Some(command.command.name())
    }

    async fn attempt(&self, issued: &Issued) -> Attempt {
        let watcher = self.watcher.lock().unwrap().clone();
        if let Some(watcher) = watcher {
            watcher(issued);
        }
        let name = issued.command.name();
        let reply = self
            .scripts
            .lock()
            .unwrap()
            .get_mut(name)
            .and_then(VecDeque::pop_front);
        self.sent.send_modify(|all| {
            all.push(Sent {
                id: issued.id.clone(),
                name,
                command: issued.command.clone(),
                at: Instant::now(),
            });
        });
        match reply {
            None => {
                let falters = self.falter.lock().unwrap().as_ref().and_then(|falter| falter());
                falters.unwrap_or_else(|| self.default_answer(issued))
            }
            Some(Reply::Now(attempt)) => attempt,
            Some(Reply::After(pause, attempt)) => {
                tokio::time::sleep(pause).await;
                attempt
            }
            Some(Reply::When(when)) => when.await.unwrap_or_else(|_| in_doubt()),
            Some(Reply::Never) => std::future::pending().await,
        }
    }
}

pub(crate) fn accepted() -> Attempt {
    Attempt::Accepted(Answer::Done)
}

pub(crate) fn in_doubt() -> Attempt {
    Attempt::InDoubt { why: "timeout" }
}

pub(crate) fn try_later(secs: Option<u64>) -> Attempt {
    Attempt::TryLater {
        after: secs.map(Duration::from_secs),
        why: "429",
    }
}

pub(crate) fn refused(kind: RefusalKind) -> Attempt {
    Attempt::Refused(Refusal {
        kind,
        status: 422,
        code: None,
        detail: String::new(),
    })
}
