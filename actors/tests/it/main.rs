//! Tests of the actors, with carrier, journal, clock and jitter of their own behind the ports.

mod deadlines;
mod duplicates;
mod falling_asleep;
mod floods;
mod journal_contract;
mod key_refused;
mod outbox_faults;
mod outbox_lanes;
mod outbox_retries;
mod panics;
mod receipts;
mod reconciling;
mod replaying;
mod restarts;
mod stage;
mod storm;
mod texts;
