//! A process of our own to measure: the orchestrator as `load` starts it, and what /proc says about it.

use std::fs::read_to_string;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A running `cordboard serve`.
pub(super) struct Orchestrator {
    process: Child,
    /// Goes with the process.
    _journal: tempfile::TempDir,
    pub(super) doors: Doors,
}

/// What `serve --announce` prints.
#[derive(Debug, Deserialize)]
pub(super) struct Doors {
    pub(super) carrier: SocketAddr,
    pub(super) operator: SocketAddr,
}

/// A start that takes longer has failed.
const START: Duration = Duration::from_secs(20);
/// `serve` promises to end within 20 s.
const STOP: Duration = Duration::from_secs(25);
/// Kernel ticks per second in /proc/<pid>/stat on every Linux that Rust supports.
const TICKS_PER_SECOND: u64 = 100;

/// The simulated carrier that an orchestrator believes.
pub(super) enum At {
    Telnyx {
        base_url: String,
        public_key: String,
        connection: String,
    },
    Twilio {
        base_url: String,
        account: String,
        token: String,
    },
}

impl At {
    fn tell(&self, command: &mut Command, door: SocketAddr) {
        match self {
            Self::Telnyx {
                base_url,
                public_key,
                connection,
            } => command
                .args(["--telnyx-base-url", base_url])
                .env("TELNYX_API_KEY", "load")
                .env("TELNYX_PUBLIC_KEY", public_key)
                .env("CORDBOARD_TELNYX_CONNECTION_IDS", connection)
                .env("CORDBOARD_TELNYX_REQUEST_TIMEOUT", "5s"),
            Self::Twilio {
                base_url,
                account,
                token,
            } => command
                .env_remove("TELNYX_API_KEY")
                .env_remove("TELNYX_PUBLIC_KEY")
                .env("TWILIO_ACCOUNT_SID", account)
                .env("TWILIO_AUTH_TOKEN", token)
                .env("CORDBOARD_TWILIO_BASE_URL", base_url)
                .env("CORDBOARD_TWILIO_PUBLIC_URL", format!("http://{door}"))
                .env("CORDBOARD_TWILIO_REQUEST_TIMEOUT", "5s"),
        };
    }
}

/// An address of this machine that nobody listens on just now.
pub(super) fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("this machine has no free port")?;
    Ok(listener.local_addr()?)
}

impl Orchestrator {
    /// Starts one whose carrier door is at this address, believing this simulated carrier.
    /// A configuration that is given wins over a file of the working directory.
    pub(super) async fn start(
        door: SocketAddr,
        at: &At,
        configuration: Option<&str>,
    ) -> anyhow::Result<Self> {
        let journal = tempfile::tempdir().context("no place for the journal")?;
        let program = std::env::current_exe().context("our own program cannot be found")?;
        let mut command = Command::new(program);
        command
            .args(["serve", "--announce", "--listen", &door.to_string()])
            .args(["--operator-listen", "127.0.0.1:0", "--log", "error"])
            .env("CORDBOARD_JOURNAL_DIRECTORY", journal.path())
            .env("CORDBOARD_RECONCILER_INTERVAL", "20s")
            .env("CORDBOARD_SERVER_SHUTDOWN_NOTICE", "0s")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        // After the subcommand, whose arguments these are.
        at.tell(&mut command, door);
        if let Some(text) = configuration {
            let file = journal.path().join("cordboard.toml");
            std::fs::write(&file, text).context("no place for the configuration")?;
            command.arg("--config").arg(file);
        }
        let mut process = command.spawn().context("the orchestrator cannot be started")?;
        let stdout = process.stdout.take().context("the orchestrator has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(START, lines.next_line())
            .await
            .context("the orchestrator did not announce its doors")??
            .context("the orchestrator ended before its doors were open")?;
        let doors = serde_json::from_str(&line).context("the orchestrator's announcement makes no sense")?;
        Ok(Self {
            process,
            _journal: journal,
            doors,
        })
    }

    /// CPU time of the process so far.
    pub(super) fn cpu(&self) -> Option<Duration> {
        let stat = read_to_string(format!("/proc/{}/stat", self.process.id()?)).ok()?;
        // The name in parentheses may hold spaces; user and system time are fields 14 and 15 of the line.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        Some(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
    }

    /// Resident memory, bytes.
    pub(super) fn resident(&self) -> Option<u64> {
        resident_bytes(&self.process.id()?.to_string())
    }

    /// Asks it to stop and waits.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(id) = self.process.id() {
            // The one signal that lets it finish what it accepted.
            let _ = Command::new("kill")
                .args(["-TERM", &id.to_string()])
                .status()
                .await;
        }
        let ended = tokio::time::timeout(STOP, self.process.wait()).await;
        ended.context("the orchestrator did not stop in time")??;
        Ok(())
    }
}

/// Resident memory of a process (`self` or an id), bytes.
fn resident_bytes(process: &str) -> Option<u64> {
    let status = read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Resident memory of a process, megabytes.
pub(super) fn resident_mb(process: &str) -> Option<u64> {
    resident_bytes(process).map(|bytes| bytes / 1_000_000)
}
