//! The quarantine on disk: kept across openings, bounded, survivable.
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt;

use bytes::Bytes;
use cordboard_core::{Address, Timestamp};

use super::*;

fn set_aside(n: i64) -> SetAside {
    SetAside {
        at: Timestamp::from_millis(1_700_000_000_000),
        kind: Kind::Input,
        reason: "panic",
        address: Some(Address::Call("s".into())),
        key: Some(format!("event:{n}")),
        place: Some("a/b.rs:7".into()),
        raw: Bytes::from_static(b"{\"from\":\"+15550100001\"}"),
    }
}

#[tokio::test]
async fn what_was_set_aside_is_there_after_a_restart_with_its_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let shelf = QuarantineFile::open(directory.path()).unwrap();
    shelf.keep(set_aside(1)).await.unwrap();
    let webhook = SetAside {
        kind: Kind::Webhook,
        reason: "not_json",
        address: Some(Address::Sms("+15550100001".into())),
        key: None,
        place: None,
        ..set_aside(2)
    };
    shelf.keep(webhook).await.unwrap();
    drop(shelf);
    let shelf = QuarantineFile::open(directory.path()).unwrap();
    assert_eq!(shelf.keys(Kind::Input).await.unwrap(), ["event:1"]);
    assert_eq!(shelf.keys(Kind::Webhook).await.unwrap(), Vec::<String>::new());
    let items = shelf.list(None, 10).await.unwrap();
    let facts: Vec<(i64, &str, &str)> = items
        .iter()
        .map(|item| (item.id, item.kind.as_str(), item.reason.as_str()))
        .collect();
    assert_eq!(facts, [(2, "webhook", "not_json"), (1, "input", "panic")]);
    assert_eq!(items[0].address.as_deref(), Some("sms:***"));
    assert_eq!(items[1], Item::of(1, &set_aside(1)));
    assert_eq!(shelf.list(Some(2), 10).await.unwrap()[0].id, 1);
    let path = directory.path().join("quarantine.sqlite");
    let raw: Vec<u8> = Connection::open(&path)
        .unwrap()
        .query_row("SELECT raw FROM set_aside WHERE id = 1", [], |row| row.get(0))
        .unwrap();
    assert_eq!(raw, set_aside(1).raw);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, FILE_MODE);
}

#[tokio::test]
async fn the_oldest_of_a_kind_go_and_the_other_kinds_stay() {
    let directory = tempfile::tempdir().unwrap();
    let shelf = QuarantineFile::open(directory.path()).unwrap();
    let entity = SetAside {
        kind: Kind::Entity,
        ..set_aside(0)
    };
    shelf.keep(entity).await.unwrap();
    shelf
        .with(|connection| {
            connection.execute_batch(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2100)
                 INSERT INTO set_aside (at, kind, reason, key, raw) SELECT i, 'input', 'panic', i, x'00' FROM n",
            )
        })
        .await
        .unwrap();
    shelf.keep(set_aside(1)).await.unwrap();
    let most = usize::try_from(MOST_OF_A_KIND).unwrap();
    assert_eq!(shelf.keys(Kind::Input).await.unwrap().len(), most);
    assert_eq!(shelf.keys(Kind::Entity).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_damaged_quarantine_is_put_beside() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("quarantine.sqlite");
    std::fs::write(
        &path,
        b"this was never a database, and it is long enough to be looked at",
    )
    .unwrap();
    let shelf = QuarantineFile::open(directory.path()).unwrap();
    shelf.keep(set_aside(1)).await.unwrap();
    assert!(directory.path().join("quarantine.sqlite.damaged").exists());
    assert!(QuarantineFile::open(&directory.path().join("missing")).is_err());
}
