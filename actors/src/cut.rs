//! Points at which a test kills this process: between two steps that no crash may be able to part.
//!
//! Called where such a step ends. Without the feature `failpoints`, which no release build can have, [`at`] is empty.
//! `tests/crash` arms one point by the environment: `FAILPOINTS=fsynced=6*off->1*return` kills at the seventh pass.

#[cfg(all(feature = "failpoints", not(debug_assertions)))]
compile_error!("the feature `failpoints` makes the program kill itself: it is for debug builds only");

/// A moment in the way of a webhook or a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// A webhook is read and authentic; no entity has it.
    Received,
    /// A machine has decided; the journal knows nothing of it.
    Computed,
    /// A record is handed to the journal's writer.
    Appended,
    /// Records are durable; nobody was told.
    Fsynced,
    /// The effects of a record may leave; the webhook that caused it is not answered.
    Released,
    /// The carrier has a request; its answer is not read.
    Sent,
    /// An answer is read; no record has it.
    Answered,
}

impl Cut {
    /// Its name in `FAILPOINTS`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Computed => "computed",
            Self::Appended => "appended",
            Self::Fsynced => "fsynced",
            Self::Released => "released",
            Self::Sent => "sent",
            Self::Answered => "answered",
        }
    }
}

/// Reads `FAILPOINTS`. Called once, before anything else.
///
/// # Panics
/// When `FAILPOINTS` cannot be read.
#[cfg(feature = "failpoints")]
pub fn arm() {
    // Dropping it would disarm every point.
    std::mem::forget(fail::FailScenario::setup());
}

/// Reads nothing in a build without the feature.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub const fn arm() {}

/// Ends the process here and now if the point is armed and its pass has come. Nothing is dropped or flushed.
#[cfg(feature = "failpoints")]
pub fn at(cut: Cut) {
    fail::fail_point!(cut.name(), |_| std::process::abort());
}

/// Nothing in a build without the feature.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub const fn at(_: Cut) {}
