//! `[server]` and `[operator]`: where the two doors listen, and what a stranger may make them do.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::duration;
use super::error::Problems;
use super::secret::Secret;
use crate::http::{DoorLimits, OperatorAccess};

/// Shortest token of a door that other machines reach.
const MIN_REMOTE_TOKEN: usize = 16;

/// `[server]`: the carrier door, and the limits of both doors.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Where carriers post their webhooks. `PORT` replaces the port.
    pub listen: SocketAddr,
    /// Open connections, all together.
    pub max_connections: usize,
    /// Open connections of one address.
    pub max_connections_per_ip: usize,
    /// From the first byte of a request to the end of its head.
    #[serde(with = "duration")]
    pub head_timeout: Duration,
    /// From the end of the head to the last byte of the body.
    #[serde(with = "duration")]
    pub body_timeout: Duration,
    /// Silence between two requests.
    #[serde(with = "duration")]
    pub idle_timeout: Duration,
    /// How long a client may refuse to take a byte of its answer.
    #[serde(with = "duration")]
    pub write_timeout: Duration,
    /// Request line and headers.
    pub max_head_bytes: usize,
    /// Header lines.
    pub max_headers: usize,
    /// Request target.
    pub max_uri_bytes: usize,
    /// Request body.
    pub max_body_bytes: usize,
    /// How long a stopping program goes on serving with its readiness off. Load balancers take a moment to notice.
    #[serde(with = "duration")]
    pub shutdown_notice: Duration,
    /// How long requests at work may take once the doors are closed.
    #[serde(with = "duration")]
    pub shutdown_deadline: Duration,
}

impl Default for Server {
    fn default() -> Self {
        let limits = DoorLimits::default();
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            max_connections: limits.max_connections,
            max_connections_per_ip: limits.max_connections_per_ip,
            head_timeout: limits.head_timeout,
            body_timeout: limits.body_timeout,
            idle_timeout: limits.idle_timeout,
            write_timeout: limits.write_timeout,
            max_head_bytes: limits.max_head_bytes,
            max_headers: limits.max_headers,
            max_uri_bytes: limits.max_uri_bytes,
            max_body_bytes: limits.max_body_bytes,
            shutdown_notice: Duration::from_secs(5),
            shutdown_deadline: limits.stop_deadline,
        }
    }
}

impl Server {
    /// The limits of both doors.
    pub fn door_limits(&self) -> DoorLimits {
        DoorLimits {
            max_connections: self.max_connections,
            max_connections_per_ip: self.max_connections_per_ip,
            head_timeout: self.head_timeout,
            body_timeout: self.body_timeout,
            idle_timeout: self.idle_timeout,
            write_timeout: self.write_timeout,
            max_head_bytes: self.max_head_bytes,
            max_headers: self.max_headers,
            max_uri_bytes: self.max_uri_bytes,
            max_body_bytes: self.max_body_bytes,
            stop_deadline: self.shutdown_deadline,
        }
    }

    pub(super) fn check(&self, free_ports: bool, problems: &mut Problems) {
        check_port(self.listen, "server.listen", free_ports, problems);
        for (key, value, least, most) in [
            ("server.max_connections", self.max_connections, 1, 1_000_000),
            (
                "server.max_connections_per_ip",
                self.max_connections_per_ip,
                1,
                1_000_000,
            ),
            ("server.max_head_bytes", self.max_head_bytes, 1_024, 1_048_576),
            // hyper keeps its header table on the stack up to 100.
            ("server.max_headers", self.max_headers, 8, 100),
            ("server.max_uri_bytes", self.max_uri_bytes, 64, 65_534),
            (
                "server.max_body_bytes",
                self.max_body_bytes,
                4_096,
                16 * 1_048_576,
            ),
        ] {
            problems.require(
                (least..=most).contains(&value),
                key,
                format!("{value} is not within {least} to {most}"),
            );
        }
        for (key, span) in [
            ("server.head_timeout", self.head_timeout),
            ("server.body_timeout", self.body_timeout),
            ("server.idle_timeout", self.idle_timeout),
            ("server.write_timeout", self.write_timeout),
        ] {
            problems.require(!span.is_zero(), key, "0s would close every connection at once");
        }
    }
}

/// `[operator]`: the operator door.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Operator {
    /// Where the API, the metrics and the health pages are.
    pub listen: SocketAddr,
    /// Whether `listen` may be reachable from other machines; needs a token.
    pub allow_remote: bool,
    /// The bearer token that requests must carry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// A file that holds the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// E.164 prefixes that dials and transfers of operators may go to; none means that they go nowhere.
    pub dial_allow: Vec<String>,
    /// Whether they may go to SIP addresses.
    pub dial_allow_sip: bool,
    /// Calls that operators may start in a minute.
    pub max_starts_per_minute: u32,
    /// Calls that operators may start in a day.
    pub max_starts_per_day: u32,
}

impl Default for Operator {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            allow_remote: false,
            token: None,
            token_file: None,
            dial_allow: Vec::new(),
            dial_allow_sip: false,
            // Enough to invite a meeting by hand, too little to ring up a telephone bill overnight.
            max_starts_per_minute: 30,
            max_starts_per_day: 1_000,
        }
    }
}

impl Operator {
    /// Who may come in. Checked when the configuration was loaded; the door checks again.
    ///
    /// # Errors
    /// The address is reachable from elsewhere without the switch and a token.
    pub fn access(&self) -> Result<OperatorAccess, crate::http::operator::AccessRefused> {
        OperatorAccess::new(
            self.listen,
            self.allow_remote,
            self.token.as_ref().map(Secret::expose),
        )
    }

    pub(super) fn check(&self, free_ports: bool, problems: &mut Problems) {
        check_port(self.listen, "operator.listen", free_ports, problems);
        if let Err(refused) = self.access() {
            problems.add("operator.listen", refused);
        }
        for prefix in &self.dial_allow {
            let digits = prefix.strip_prefix('+').unwrap_or_default();
            problems.require(
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()),
                "operator.dial_allow",
                format!("`{prefix}` is no prefix in E.164: write `+` and digits, such as \"+1555\""),
            );
        }
        problems.require(
            self.max_starts_per_minute > 0,
            "operator.max_starts_per_minute",
            "0 would start none; an empty operator.dial_allow says that",
        );
        let Some(token) = &self.token else {
            return;
        };
        let remote = !self.listen.ip().to_canonical().is_loopback();
        let least = if remote { MIN_REMOTE_TOKEN } else { 1 };
        let why = format!(
            "needs at least {least} characters on this address: `openssl rand -hex 24` makes a good one"
        );
        problems.require(token.expose().len() >= least, "operator.token", why);
    }
}

fn check_port(address: SocketAddr, key: &str, free_ports: bool, problems: &mut Problems) {
    problems.require(
        free_ports || address.port() != 0,
        key,
        "port 0 would take a different port at every start, and nobody could be told which: choose one",
    );
}
