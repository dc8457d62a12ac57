//! `cordboard dial`, with keys from a pipe.
#![allow(clippy::unwrap_used)]

use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::program::PATIENCE;

/// What a caller of the flow who types these lines sees, and whether the call ended well.
async fn dial(flow: &str, lines: &str) -> (String, Option<i32>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cordboard"))
        .args(["dial", flow, "--speed", "40"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that has ended already takes no lines.
    let _ = stdin.write_all(lines.as_bytes()).await;
    drop(stdin);
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (format!("{shown}{errors}"), output.status.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_sales_and_the_end_is_told() {
    let (shown, code) = dial("contact-center", "1\n").await;
    for part in [
        "Press 1 for sales",
        "press 1",
        "connected to sip:sales@",
        "trace ",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(code, Some(0), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_needs_no_keys() {
    let (shown, code) = dial("announcement", "").await;
    assert!(shown.contains("This number takes no calls"), "{shown}");
    assert_eq!(code, Some(0), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_a_conference_can_hang_up() {
    let (shown, code) = dial("conference", "h\n").await;
    assert!(
        shown.contains("in the conference") && shown.contains("you hang up"),
        "{shown}"
    );
    assert_eq!(code, Some(0), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_flow_is_told_with_what_to_do() {
    let (shown, code) = dial("no-such-flow", "").await;
    assert!(shown.contains("cordboard flow list"), "{shown}");
    assert_eq!(code, Some(2), "{shown}");
}
