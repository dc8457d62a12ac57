//! Two deaths at one record condemn; progress, coming through and a quiet start do not.
#![allow(clippy::unwrap_used)]

use super::*;

fn call(name: &str) -> Address {
    Address::Call(name.into())
}

/// A process that dies while these run, each at its record.
fn dies(directory: &Path, running: &[(&str, u64)]) -> Vec<Address> {
    let guard = WakingFile::open(directory).unwrap();
    let through = guard.enter(&call("through"), 1).unwrap();
    for (name, seq) in running {
        guard.enter(&call(name), *seq).unwrap();
    }
    guard.leave(through);
    guard.condemned()
}

#[test]
fn two_deaths_at_one_record_condemn_and_one_does_not() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(dies(directory.path(), &[("a", 7), ("b", 3)]), []);
    assert_eq!(dies(directory.path(), &[("a", 7), ("b", 4)]), []);
    assert_eq!(dies(directory.path(), &[]), [call("a")]);
}

#[test]
fn deaths_need_not_follow_each_other() {
    let directory = tempfile::tempdir().unwrap();
    dies(directory.path(), &[("a", 7)]);
    dies(directory.path(), &[("b", 1)]);
    dies(directory.path(), &[("a", 7)]);
    assert_eq!(dies(directory.path(), &[]), [call("a")]);
}

#[test]
fn a_start_that_goes_well_forgets() {
    let directory = tempfile::tempdir().unwrap();
    dies(directory.path(), &[("a", 7)]);
    let guard = WakingFile::open(directory.path()).unwrap();
    guard.relieve();
    assert_eq!(guard.enter(&call("a"), 7), None);
    drop(guard);
    dies(directory.path(), &[("a", 7)]);
    assert_eq!(dies(directory.path(), &[]), []);
}

#[test]
fn places_are_used_again_and_a_name_too_long_is_not_watched() {
    let directory = tempfile::tempdir().unwrap();
    let guard = WakingFile::open(directory.path()).unwrap();
    for _ in 0..1_000 {
        let place = guard.enter(&call("a"), 1).unwrap();
        guard.leave(place);
    }
    let length = std::fs::metadata(directory.path().join("waking")).unwrap().len();
    assert_eq!(length, ENTRY as u64);
    assert_eq!(guard.enter(&call(&"x".repeat(ENTRY)), 1), None);
}
