//! What kills the whole process must not kill every next one too: the contract of the guard over the first moments
//! after a start, and the mark that an entity leaves while it runs code that could take the process down.
//!
//! The guard on disk is in `src`; entities mark themselves while their state is read and while their machine handles an
//! input. What died marked with the same record twice is never woken again (`landing.rs`).

use cordboard_core::Address;

/// Remembers, in a place that survives the process, who is running right now.
pub trait BootGuard: Send + Sync + 'static {
    /// Notes that this entity, whose last record is `seq`, runs. `None` once the guard has been relieved.
    fn enter(&self, address: &Address, seq: u64) -> Option<usize>;

    /// It came through; `place` is what `enter` gave.
    fn leave(&self, place: usize);

    /// Entities that were running at the same record in two deaths of the process.
    fn condemned(&self) -> Vec<Address>;

    /// The start has gone well: nothing is noted from here on, and the deaths are forgotten.
    fn relieve(&self);
}

/// The mark of an entity; goes when this does.
pub(crate) struct Marked<'a> {
    guard: &'a dyn BootGuard,
    place: usize,
}

impl<'a> Marked<'a> {
    pub(crate) fn enter(guard: &'a dyn BootGuard, address: &Address, seq: u64) -> Option<Self> {
        let place = guard.enter(address, seq)?;
        Some(Self { guard, place })
    }
}

impl Drop for Marked<'_> {
    fn drop(&mut self) {
        self.guard.leave(self.place);
    }
}
