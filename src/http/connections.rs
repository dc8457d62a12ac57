//! The open connections of one door: how many there are, whose they are, which one has to go for a new one.
//!
//! Asked by `listener.rs` for every accepted socket. Knows nothing of requests.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::limits::DoorLimits;
use super::peer::origin;

/// What a connection is doing, shared by its guard, its service and the table.
#[derive(Debug)]
pub(super) struct Connection {
    epoch: Instant,
    busy: AtomicUsize,
    quiet_since_ms: AtomicU64,
    refused: OnceLock<StatusCode>,
    cut: CancellationToken,
}

impl Connection {
    fn new(epoch: Instant) -> Self {
        Self {
            epoch,
            busy: AtomicUsize::new(0),
            quiet_since_ms: AtomicU64::new(millis(epoch.elapsed())),
            refused: OnceLock::new(),
            cut: CancellationToken::new(),
        }
    }

    /// Marks the connection as at work until the guard is dropped.
    pub(super) fn work(self: &Arc<Self>) -> Work {
        self.busy.fetch_add(1, Ordering::AcqRel);
        Work(Arc::clone(self))
    }

    /// Since when nothing has happened; `None` while a request is being answered.
    pub(super) fn quiet_since(&self) -> Option<Instant> {
        (self.busy.load(Ordering::Acquire) == 0)
            .then(|| self.epoch + Duration::from_millis(self.quiet_since_ms.load(Ordering::Acquire)))
    }

    /// The guard refuses the head that it is about to let through; it is the last of this connection.
    pub(super) fn refuse(&self, status: StatusCode) {
        // The first refusal stands: nothing is read after it.
        let _ = self.refused.set(status);
    }

    /// Why the guard refused.
    pub(super) fn refused(&self) -> Option<StatusCode> {
        self.refused.get().copied()
    }

    /// Completes when the connection has to make room for another one.
    pub(super) fn cut(&self) -> &CancellationToken {
        &self.cut
    }
}

/// A request is being answered; see [`Connection::work`].
#[derive(Debug)]
pub(super) struct Work(Arc<Connection>);

impl Drop for Work {
    fn drop(&mut self) {
        self.0
            .quiet_since_ms
            .store(millis(self.0.epoch.elapsed()), Ordering::Release);
        self.0.busy.fetch_sub(1, Ordering::AcqRel);
    }
}

/// All open connections.
#[derive(Debug)]
pub(super) struct Connections {
    epoch: Instant,
    total: usize,
    per_origin: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    all: HashMap<u64, (IpAddr, Arc<Connection>)>,
    by_origin: HashMap<IpAddr, usize>,
}

impl Connections {
    pub(super) fn new(limits: &DoorLimits) -> Arc<Self> {
        Arc::new(Self {
            epoch: Instant::now(),
            total: limits.max_connections,
            per_origin: limits.max_connections_per_ip,
            open: Mutex::default(),
        })
    }

    /// Lets a connection in, closing the longest quiet one when there is no room; `None` when all are at work.
    ///
    /// The second value tells whether another connection was closed for it.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<(Seat, bool)> {
        let origin = origin(peer);
        let mut open = self.lock();
        let crowded = open
            .by_origin
            .get(&origin)
            .is_some_and(|&count| count >= self.per_origin);
        let evicted = if crowded {
            open.evict_quietest(Some(origin))
        } else if open.all.len() >= self.total {
            open.evict_quietest(None)
        } else {
            Some(false)
        }?;
        let connection = Arc::new(Connection::new(self.epoch));
        let id = open.next;
        open.next += 1;
        open.all.insert(id, (origin, Arc::clone(&connection)));
        *open.by_origin.entry(origin).or_default() += 1;
        drop(open);
        Some((
            Seat {
                id,
                connection,
                table: Arc::clone(self),
            },
            evicted,
        ))
    }

    /// Open connections.
    pub(super) fn count(&self) -> usize {
        self.lock().all.len()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // Nothing under the lock can panic half-way through a change.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// `Some(true)` when one was closed, `None` when none is quiet.
    fn evict_quietest(&mut self, of: Option<IpAddr>) -> Option<bool> {
        let (&id, _) = self
            .all
            .iter()
            .filter(|(_, (origin, _))| of.is_none_or(|wanted| wanted == *origin))
            .filter_map(|(id, (_, connection))| Some((id, connection.quiet_since()?)))
            .min_by_key(|&(id, since)| (since, *id))?;
        if let Some(connection) = self.remove(id) {
            connection.cut.cancel();
        }
        Some(true)
    }

    fn remove(&mut self, id: u64) -> Option<Arc<Connection>> {
        let (origin, connection) = self.all.remove(&id)?;
        if let Some(count) = self.by_origin.get_mut(&origin) {
            *count -= 1;
            if *count == 0 {
                self.by_origin.remove(&origin);
            }
        }
        Some(connection)
    }
}

/// The place of one open connection; dropping it frees the place.
#[derive(Debug)]
pub(super) struct Seat {
    id: u64,
    connection: Arc<Connection>,
    table: Arc<Connections>,
}

impl Seat {
    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.table.lock().remove(self.id);
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn table(total: usize, per_origin: usize) -> Arc<Connections> {
        Connections::new(&DoorLimits {
            max_connections: total,
            max_connections_per_ip: per_origin,
            ..DoorLimits::default()
        })
    }

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn a_full_table_closes_its_longest_quiet_connection_and_never_a_busy_one() {
        let table = table(2, 2);
        let (busy, _) = table.admit(ip(1)).unwrap();
        let _work = busy.connection().work();
        let (quiet, _) = table.admit(ip(2)).unwrap();
        let (_third, evicted) = table.admit(ip(3)).unwrap();
        assert!(evicted);
        assert!(quiet.connection().cut().is_cancelled());
        assert!(!busy.connection().cut().is_cancelled());
        assert_eq!(table.count(), 2);
    }

    #[test]
    fn one_address_cannot_push_out_the_others() {
        let table = table(10, 1);
        let (other, _) = table.admit(ip(1)).unwrap();
        let (first, _) = table.admit(ip(2)).unwrap();
        let (second, evicted) = table.admit(ip(2)).unwrap();
        assert!(evicted && first.connection().cut().is_cancelled());
        assert!(!other.connection().cut().is_cancelled());
        let _work = second.connection().work();
        assert!(table.admit(ip(2)).is_none());
    }

    #[test]
    fn a_left_seat_is_free_again_even_after_an_eviction() {
        let table = table(1, 1);
        let (first, _) = table.admit(ip(1)).unwrap();
        let (second, _) = table.admit(ip(1)).unwrap();
        drop(first);
        assert_eq!(table.count(), 1);
        drop(second);
        assert_eq!(table.count(), 0);
        assert!(table.lock().by_origin.is_empty());
    }

    #[test]
    fn an_ipv6_network_counts_as_one_origin() {
        let network = |text: &str| origin(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:192.0.2.7"), ip(7));
    }
}
