//! The flows and routes that new calls get, and the watch over the files that they are from.
//!
//! Made and started by the wiring; the router and the API ask it for every new call. A call that has begun follows what
//! it pinned: nothing here reaches it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use cordboard_actors::House;
use cordboard_observability::metrics::Metrics;
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Gets, Routes};
use crate::flows::{Library, library};

/// What new calls get at present.
pub(super) struct OpenFlows {
    config: Config,
    house: Arc<House>,
    metrics: Metrics,
    current: RwLock<Arc<Current>>,
    asked: Notify,
}

/// One state of the files.
pub(super) struct Current {
    /// What whoever places a call can name.
    pub(super) library: Library,
    /// What calls that come in get.
    pub(super) routes: Routes,
}

/// When a file was changed, how large it is, and which one it is: an editor may put another in its place.
type Stamp = (Option<SystemTime>, u64, u64);
type Stamps = BTreeMap<PathBuf, Stamp>;

impl OpenFlows {
    /// The flows as they are at the start.
    pub(super) fn new(config: &Config, house: &Arc<House>, metrics: &Metrics) -> Self {
        let library = config.library();
        let current = Current {
            routes: config.routes_from(&library),
            library,
        };
        keep(house, &current);
        Self {
            config: config.clone(),
            house: Arc::clone(house),
            metrics: metrics.clone(),
            current: RwLock::new(Arc::new(current)),
            asked: Notify::new(),
        }
    }

    /// What a call that begins at this moment gets.
    pub(super) fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has the files read soon, changed or not.
    pub(super) fn ask(&self) {
        self.asked.notify_one();
    }

    /// Looks at the files at every interval, and whenever asked to, until the program closes.
    pub(super) async fn watch(self: Arc<Self>, closing: CancellationToken) {
        let Some(directory) = self.config.flows.directory.clone() else {
            return;
        };
        let every = self.config.flows.reload_every;
        // An interval of nothing would panic; this one is never waited for.
        let mut ticks = tokio::time::interval(every.max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut known = None;
        loop {
            let asked = tokio::select! {
                () = closing.cancelled() => return,
                () = self.asked.notified() => true,
                _ = ticks.tick(), if !every.is_zero() => false,
            };
            let (flows, directory, before) = (Arc::clone(&self), directory.clone(), known.take());
            let look = move || {
                let seen = stamps(&directory);
                if asked || before.as_ref() != Some(&seen) {
                    flows.read(&directory);
                }
                seen
            };
            // A look that panicked is made again.
            known = tokio::task::spawn_blocking(look).await.ok();
        }
    }

    fn read(&self, directory: &Path) {
        let before = self.current();
        let (mut library, problems) = before.library.again(directory);
        let mut broken = problems.len();
        for problem in &problems {
            tracing::error!(%problem, "a flow file cannot be used; calls get what it gave before, if it did");
        }
        for name in self.config.route.iter().filter_map(named) {
            if library.get(name).is_none() && library.keep(name, &before.library) {
                broken += 1;
                tracing::error!(flow = %name, "a route's flow is in no file any more; its calls get what it was");
            }
        }
        self.metrics
            .actors
            .flows_broken
            .set(i64::try_from(broken).unwrap_or(i64::MAX));
        let changed = changes(&before.library, &library);
        if changed.is_empty() {
            return;
        }
        let routes = self.config.routes_from(&library);
        let current = Current { library, routes };
        // Before the first call can pin them.
        keep(&self.house, &current);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(current);
        self.metrics.actors.flow_changes.inc();
        tracing::info!(flows = %changed.join(", "), "flows were changed: new calls get them");
    }
}

fn keep(house: &House, current: &Current) {
    for flow in current.routes.flows() {
        house.keep_flow(flow);
    }
}

fn named(route: &crate::config::Route) -> Option<&str> {
    match route.gets() {
        Gets::Flow(name) => Some(name),
        Gets::Refusal(_) | Gets::Room(_) => None,
    }
}

/// Names of flows that are new, other than they were, or gone.
fn changes(before: &Library, after: &Library) -> Vec<String> {
    let gone = before
        .entries()
        .filter(|(name, _)| after.get(name).is_none())
        .map(|(name, _)| name);
    let other = after
        .entries()
        .filter(|(name, entry)| before.get(name) != Some(&entry.flow))
        .map(|(name, _)| name);
    gone.chain(other).map(str::to_owned).collect()
}

fn stamps(directory: &Path) -> Stamps {
    let stamp = |path: PathBuf| {
        let seen = fs::metadata(&path).ok()?;
        Some((path, (seen.modified().ok(), seen.len(), seen.ino())))
    };
    let paths = library::files(directory).unwrap_or_default();
    paths.into_iter().filter_map(stamp).collect()
}
