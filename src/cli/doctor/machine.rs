//! This machine: ports, file descriptors, and the way to the trace collector.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::finding::Finding;
use crate::config::{Config, Environment};

/// A collector that is up takes a connection in a tenth of it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Files, journal, runtime and logs need about so many beside the connections.
const OWN_FILES: u64 = 128;

pub(super) async fn check(config: &Config, running: bool) -> Vec<Finding> {
    vec![
        port("carrier port", config.server.listen, "server.listen", running).await,
        port(
            "operator port",
            config.operator.listen,
            "operator.listen",
            running,
        )
        .await,
        files(config),
    ]
}

async fn port(check: &'static str, address: SocketAddr, key: &str, running: bool) -> Finding {
    match TcpListener::bind(address).await {
        Ok(_) => Finding::ok(check, format!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse && running => Finding::ok(
            check,
            format!("{address} is in use while a program is at work with the journal"),
        ),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Finding::fail(
            check,
            format!("{address} is in use by another program"),
            format!("stop that program, or choose another port for {key}"),
        ),
        Err(error) => Finding::fail(
            check,
            format!("{address} cannot be opened: {error}"),
            format!("choose an address of this machine, and a port that its user may open, for {key}"),
        ),
    }
}

/// Each connection is a file; both doors and the carrier's client have theirs.
fn files(config: &Config) -> Finding {
    const CHECK: &str = "open files";
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let Some(limit) = limit_of(&limits) else {
        return Finding::ok(CHECK, "this system does not tell its limit in /proc");
    };
    let connections = (config.server.max_connections as u64).saturating_mul(2);
    let needed = connections + config.retry.max_in_flight as u64 + OWN_FILES;
    if limit >= needed {
        return Finding::ok(CHECK, format!("{limit} are allowed, {needed} could be needed"));
    }
    Finding::warn(
        CHECK,
        format!("{limit} are allowed, {needed} could be needed: connections would be refused"),
        "raise the limit (ulimit -n, LimitNOFILE= of systemd), or lower server.max_connections",
    )
}

/// The soft limit of open files.
fn limit_of(limits: &str) -> Option<u64> {
    let line = limits.lines().find(|line| line.starts_with("Max open files"))?;
    let soft = line.split_whitespace().nth(3)?;
    match soft {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

/// Whether somebody takes the traces.
pub(super) async fn exporter(environment: &Environment, offline: bool) -> Finding {
    const CHECK: &str = "traces";
    let names = [
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    ];
    let endpoint = names
        .iter()
        .find_map(|name| environment.get(name).filter(|text| !text.is_empty()));
    let Some(endpoint) = endpoint else {
        return Finding::ok(CHECK, "off: no OTEL_EXPORTER_OTLP_ENDPOINT");
    };
    let place = Url::parse(endpoint).ok().and_then(|url| {
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        Some((host, url.port_or_known_default()?))
    });
    let Some((host, port)) = place else {
        let advice = "set OTEL_EXPORTER_OTLP_ENDPOINT to a URL such as http://localhost:4318";
        return Finding::fail(CHECK, "the endpoint is no URL", advice);
    };
    if offline {
        return Finding::ok(CHECK, format!("go to {host}:{port}; not asked: --offline"));
    }
    let advice = "start the collector there (Jaeger takes OTLP on 4318), or unset the variable; calls do not wait for it";
    match tokio::time::timeout(PATIENCE, TcpStream::connect((host.as_str(), port))).await {
        Ok(Ok(_)) => Finding::ok(CHECK, format!("{host}:{port} takes connections")),
        Ok(Err(error)) => Finding::warn(CHECK, format!("{host}:{port} does not answer: {error}"), advice),
        Err(_) => Finding::warn(CHECK, format!("{host}:{port} does not answer in 2 s"), advice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_read() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max open files            1024                 1048576              files\n";
        assert_eq!(limit_of(limits), Some(1024));
        assert_eq!(limit_of(&limits.replace("1024 ", "unlimited ")), Some(u64::MAX));
        assert_eq!(limit_of(""), None);
    }
}
