//! `cordboard doctor` against a simulated carrier, and against what can be wrong.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Output;

use cordboard_simulator::{Settings, Simulator};
use serde_json::Value;
use tokio::process::Command;

use crate::program::{Directory, PATIENCE, Program, connection};
use crate::program_restarts::on_disk;

async fn doctor(place: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cordboard"));
    command
        .arg("doctor")
        .args(arguments)
        .current_dir(place)
        .env_clear()
        .kill_on_drop(true);
    command.envs(variables.iter().copied());
    tokio::time::timeout(PATIENCE, command.output())
        .await
        .unwrap()
        .unwrap()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// The verdict of a check; the worst if it has several lines.
fn verdict(report: &Value, check: &str) -> String {
    let findings = report["findings"].as_array().unwrap();
    let of = findings.iter().filter(|finding| finding["check"] == check);
    let verdicts: Vec<&str> = of.map(|finding| finding["verdict"].as_str().unwrap()).collect();
    let worst = ["fail", "warn", "ok"]
        .into_iter()
        .find(|verdict| verdicts.contains(verdict));
    worst
        .unwrap_or_else(|| panic!("no {check} in {report}"))
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_set_up_has_nothing_to_mend() {
    let directory = Directory::new();
    let program = Program::with("", on_disk(&directory)).await;
    let place = tempfile::tempdir().unwrap();
    let (base, key, connection) = (
        program.simulator.base_url(),
        program.simulator.public_key_base64(),
        connection(),
    );
    let journal = directory.path().to_str().unwrap().to_owned();
    let variables = [
        ("TELNYX_API_KEY", "KEYa-secret-that-nobody-sees"),
        ("TELNYX_PUBLIC_KEY", key.as_str()),
        ("CORDBOARD_TELNYX_BASE_URL", base.as_str()),
        ("CORDBOARD_TELNYX_CONNECTION_IDS", connection.as_str()),
        ("CORDBOARD_JOURNAL_DIRECTORY", journal.as_str()),
        ("CORDBOARD_JOURNAL_DISK_PLENTY_BYTES", "1"),
        ("CORDBOARD_SERVER_LISTEN", "127.0.0.1:48080"),
        ("CORDBOARD_OPERATOR_LISTEN", "127.0.0.1:48081"),
    ];
    let url = program.app.webhook_url();
    let output = doctor(place.path(), &variables, &["--json", "--webhook-url", &url]).await;
    let report = json_of(&output);
    assert_eq!(
        (output.status.code(), &report["fail"]),
        (Some(0), &0.into()),
        "{report:#}"
    );
    for check in [
        "configuration",
        "API key",
        "public key",
        "SQLite",
        "data directory",
        "journal",
        "carrier",
        "clock",
        "carrier port",
        "operator port",
        "traces",
        "webhook door",
    ] {
        assert_eq!(verdict(&report, check), "ok", "{check}: {report:#}");
    }
    assert_eq!(verdict(&report, "webhook URL"), "warn", "it is this machine's");
    assert!(
        report.to_string().contains("a program is at work with it"),
        "{report:#}"
    );
    let text = doctor(place.path(), &variables, &[]).await;
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains(", 0 to mend") && !text.contains("KEYa-secret"),
        "{text}"
    );
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_with_what_to_do() {
    let simulator = Simulator::start(Settings {
        api_key: Some("KEYthe-right-one".into()),
        ..Settings::default()
    })
    .await
    .unwrap();
    let place = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (base, listen) = (simulator.base_url(), taken.local_addr().unwrap().to_string());
    let variables = [
        ("TELNYX_API_KEY", "KEYa-wrong-one"),
        ("CORDBOARD_TELNYX_BASE_URL", base.as_str()),
        ("CORDBOARD_SERVER_LISTEN", listen.as_str()),
        ("CORDBOARD_JOURNAL_DIRECTORY", "/dev/null/journal"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
    ];
    let output = doctor(place.path(), &variables, &["--json"]).await;
    let report = json_of(&output);
    assert_eq!(output.status.code(), Some(1), "{report:#}");
    for check in ["carrier", "public key", "carrier port", "data directory"] {
        assert_eq!(verdict(&report, check), "fail", "{check}: {report:#}");
    }
    for check in ["traces", "applications"] {
        assert_eq!(verdict(&report, check), "warn", "{check}: {report:#}");
    }
    let findings = report["findings"].as_array().unwrap();
    let bad = findings.iter().filter(|finding| finding["verdict"] != "ok");
    assert!(bad.clone().all(|finding| finding["do"].is_string()), "{report:#}");
    assert!(!report.to_string().contains("KEYa-wrong"), "{report:#}");
    simulator.shutdown().await;
}

#[tokio::test]
async fn settings_that_cannot_be_read_and_offline_and_masked_settings() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(
        place.path().join("cordboard.toml"),
        "[server]\nlisen = \"127.0.0.1:1\"\n",
    )
    .unwrap();
    let output = doctor(place.path(), &[], &["--json"]).await;
    assert_eq!(output.status.code(), Some(1));
    let text = json_of(&output).to_string();
    assert!(
        text.contains("did you mean `listen`") && text.contains("cordboard.toml:2"),
        "{text}"
    );
    std::fs::write(
        place.path().join("cordboard.toml"),
        "[calls]\nprobe_after = \"21s\"\n",
    )
    .unwrap();
    let variables = [("TELNYX_API_KEY", "KEYa-secret-that-nobody-sees")];
    let output = doctor(place.path(), &variables, &["--print-config"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && text.contains("probe_after = \"21s\"") && text.contains("***"),
        "{text}"
    );
    assert!(!text.contains("KEYa-secret"), "{text}");
    let output = doctor(place.path(), &variables, &["--offline", "--json"]).await;
    assert!(json_of(&output).to_string().contains("not asked: --offline"));
    assert_eq!(
        doctor(place.path(), &[], &["--ofline"]).await.status.code(),
        Some(2)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_with_twilio_alone_is_checked_at_twilio() {
    let settings = Settings::default();
    let (account, token) = (settings.twilio.sid.clone(), settings.twilio.token.clone());
    let simulator = Simulator::start(settings).await.unwrap();
    let base = format!("http://{}/2010-04-01", simulator.address());
    let place = tempfile::tempdir().unwrap();
    let journal = place.path().join("journal").to_str().unwrap().to_owned();
    for (token, verdict_of_account, numbers) in [(token.as_str(), "ok", true), ("another", "fail", false)] {
        let variables = [
            ("TWILIO_ACCOUNT_SID", account.as_str()),
            ("TWILIO_AUTH_TOKEN", token),
            ("CORDBOARD_TWILIO_PUBLIC_URL", "https://voice.example.com"),
            ("CORDBOARD_JOURNAL_DIRECTORY", journal.as_str()),
            ("CORDBOARD_SERVER_LISTEN", "127.0.0.1:48082"),
            ("CORDBOARD_OPERATOR_LISTEN", "127.0.0.1:48083"),
        ];
        let output = doctor(place.path(), &variables, &["--json", "--twilio-base-url", &base]).await;
        let report = json_of(&output);
        assert_eq!(
            verdict(&report, "Twilio account"),
            verdict_of_account,
            "{report:#}"
        );
        assert_eq!(verdict(&report, "Twilio address"), "ok", "{report:#}");
        assert_eq!(
            report.to_string().contains("Twilio numbers"),
            numbers,
            "{report:#}"
        );
        let text = report.to_string();
        assert!(
            !text.contains("portal.telnyx.com") && !text.contains(token),
            "{report:#}"
        );
    }
    let half = [("TWILIO_ACCOUNT_SID", account.as_str())];
    let report = json_of(&doctor(place.path(), &half, &["--json", "--offline"]).await);
    assert_eq!(verdict(&report, "Twilio"), "fail", "{report:#}");
    simulator.shutdown().await;
}
