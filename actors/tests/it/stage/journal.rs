//! The journal in memory behind a writer that can stall and refuse.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use cordboard_actors::journal::{
    Append, AppendError, Browse, Browsed, EffectKey, Journal, JournalCounts, Loaded, MemoryJournal, Owed,
    Record, Sleeper,
};
use cordboard_core::{Address, EventId, Timestamp};
use tokio::sync::{mpsc, oneshot, watch};

enum Request {
    Append(Box<Append>),
    Load(Address, oneshot::Sender<Result<Option<Loaded>, AppendError>>),
}

/// See the module.
pub(crate) struct StageJournal {
    requests: mpsc::UnboundedSender<Request>,
    handed_over: watch::Sender<usize>,
    shared: Arc<Shared>,
}

struct Shared {
    inner: MemoryJournal,
    open: watch::Sender<bool>,
    /// Appends to refuse, per entity.
    refuse: Mutex<HashMap<Address, usize>>,
    refuse_when: Mutex<Option<Box<dyn Fn() -> bool + Send + Sync>>>,
    refuse_loads: AtomicUsize,
    conflicts: AtomicUsize,
}

impl StageJournal {
    pub(crate) fn start() -> Self {
        let (requests, mut inbox) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            inner: MemoryJournal::start(),
            open: watch::channel(true).0,
            refuse: Mutex::default(),
            refuse_when: Mutex::default(),
            refuse_loads: AtomicUsize::new(0),
            conflicts: AtomicUsize::new(0),
        });
        let writer = Arc::clone(&shared);
        tokio::spawn(async move {
            let mut gate = writer.open.subscribe();
            while let Some(request) = inbox.recv().await {
                if gate.wait_for(|open| *open).await.is_err() {
                    return;
                }
                writer.serve(request).await;
            }
        });
        Self {
            requests,
            handed_over: watch::channel(0).0,
            shared,
        }
    }

    /// Commits nothing and loads nothing until [`Self::go_on`].
    pub(crate) fn stall(&self) {
        self.shared.open.send_replace(false);
    }

    pub(crate) fn go_on(&self) {
        self.shared.open.send_replace(true);
    }

    /// Refuses the next `count` appends of this entity.
    pub(crate) fn refuse(&self, address: &Address, count: usize) {
        self.shared.refuse.lock().unwrap().insert(address.clone(), count);
    }

    /// Asked about every append: true refuses it.
    pub(crate) fn refuse_when(&self, refuses: impl Fn() -> bool + Send + Sync + 'static) {
        *self.shared.refuse_when.lock().unwrap() = Some(Box::new(refuses));
    }

    /// Fails the next `count` loads of any entity.
    pub(crate) fn refuse_loads(&self, count: usize) {
        self.shared.refuse_loads.store(count, Ordering::SeqCst);
    }

    /// Appends that failed because another came first.
    pub(crate) fn conflicts(&self) -> usize {
        self.shared.conflicts.load(Ordering::SeqCst)
    }

    /// Appends handed over so far.
    pub(crate) fn handed_over(&self) -> usize {
        *self.handed_over.borrow()
    }

    /// Waits until so many appends were handed over in all.
    pub(crate) async fn takes(&self, count: usize) {
        let mut watch = self.handed_over.subscribe();
        super::patiently(watch.wait_for(|seen| *seen >= count))
            .await
            .unwrap();
    }
}

impl Shared {
    async fn serve(self: &Arc<Self>, request: Request) {
        match request {
            Request::Load(address, reply) => {
                let refused = take_one(&self.refuse_loads);
                let loaded = match refused {
                    true => Err(AppendError::Unavailable("the stage refuses to load".into())),
                    false => self.inner.load(&address).await,
                };
                let _ = reply.send(loaded);
            }
            Request::Append(append) => {
                let address = append.record.address.clone();
                if self.is_refused(&address) {
                    // What was handed over before must be told first.
                    let _ = self.inner.load(&address).await;
                    (append.done)(Err(&AppendError::Unavailable("the stage is full".into())));
                } else {
                    self.inner.append(self.observed(*append));
                }
            }
        }
    }

    fn is_refused(&self, address: &Address) -> bool {
        let refuses = self
            .refuse_when
            .lock()
            .unwrap()
            .as_ref()
            .is_some_and(|refuses| refuses());
        if refuses {
            return true;
        }
        let mut refuse = self.refuse.lock().unwrap();
        match refuse.get_mut(address) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    fn observed(self: &Arc<Self>, append: Append) -> Append {
        let (shared, done) = (Arc::clone(self), append.done);
        let observed = move |result: Result<&Record, &AppendError>| {
            if let Err(AppendError::Conflict { .. }) = result {
                shared.conflicts.fetch_add(1, Ordering::SeqCst);
            }
            done(result);
        };
        Append {
            done: Box::new(observed),
            ..append
        }
    }
}

fn take_one(count: &AtomicUsize) -> bool {
    let less = |left: usize| left.checked_sub(1);
    count
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
        .is_ok()
}

#[async_trait]
impl Journal for StageJournal {
    fn append(&self, append: Append) {
        self.handed_over.send_modify(|count| *count += 1);
        let _ = self.requests.send(Request::Append(Box::new(append)));
    }

    fn settle(&self, effect: EffectKey) {
        self.shared.inner.settle(effect);
    }

    async fn load(&self, address: &Address) -> Result<Option<Loaded>, AppendError> {
        let (reply, answer) = oneshot::channel();
        let _ = self.requests.send(Request::Load(address.clone(), reply));
        answer
            .await
            .unwrap_or_else(|_| Err(AppendError::Unavailable("the stage has closed".into())))
    }

    async fn sleepers(&self) -> Result<Vec<Sleeper>, AppendError> {
        self.shared.inner.sleepers().await
    }

    async fn owed(&self) -> Result<Vec<Owed>, AppendError> {
        self.shared.inner.owed().await
    }

    async fn history(&self, address: &Address) -> Result<Vec<Record>, AppendError> {
        self.shared.inner.history(address).await
    }

    async fn since(&self, position: u64, limit: usize) -> Result<Vec<(u64, Record)>, AppendError> {
        self.shared.inner.since(position, limit).await
    }

    fn keep_flow(&self, hash: &str, bytes: Bytes) {
        self.shared.inner.keep_flow(hash, bytes);
    }

    async fn flow(&self, hash: &str) -> Result<Option<Bytes>, AppendError> {
        self.shared.inner.flow(hash).await
    }

    async fn browse(&self, page: Browse) -> Result<Vec<Browsed>, AppendError> {
        self.shared.inner.browse(page).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, AppendError> {
        self.shared.inner.sweep(now).await
    }

    fn contains(&self, event: &EventId) -> bool {
        self.shared.inner.contains(event)
    }

    fn salt(&self) -> u64 {
        self.shared.inner.salt()
    }

    fn counts(&self) -> JournalCounts {
        self.shared.inner.counts()
    }
}
