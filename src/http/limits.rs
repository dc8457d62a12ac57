//! The numbers that bound what a stranger can make a door do. Configuration fills them in, both doors obey them.

use std::time::Duration;

/// Limits of one door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoorLimits {
    /// Open connections, all together. Past it the longest idle one is closed.
    pub max_connections: usize,
    /// Open connections of one address (IPv6: of one /64 network).
    pub max_connections_per_ip: usize,
    /// From the first byte of a request (or from accepting a new connection) to the end of its head.
    pub head_timeout: Duration,
    /// From the end of the head to the last byte of the body.
    pub body_timeout: Duration,
    /// Silence between two requests on one connection.
    pub idle_timeout: Duration,
    /// How long a client may refuse to take a byte of its answer.
    pub write_timeout: Duration,
    /// Request line and headers, bytes.
    pub max_head_bytes: usize,
    /// Header lines.
    pub max_headers: usize,
    /// Request target, bytes.
    pub max_uri_bytes: usize,
    /// Request body, bytes.
    pub max_body_bytes: usize,
    /// After this long a stopping door cuts what is still open.
    pub stop_deadline: Duration,
}

impl Default for DoorLimits {
    fn default() -> Self {
        Self {
            // About 20 KiB of buffers each: 80 MiB when all of them are in use.
            max_connections: 4_096,
            // Carriers come through a few proxy addresses; a quarter of the whole leaves room for the others.
            max_connections_per_ip: 1_024,
            // Carriers give up on a webhook after about as long; nobody honest needs more.
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            // A Telnyx webhook has about 15 headers and 1 KiB of head.
            max_head_bytes: 16 * 1024,
            max_headers: 64,
            max_uri_bytes: 2 * 1024,
            // The largest real event (a transcription) stays below 64 KiB.
            max_body_bytes: 256 * 1024,
            // Below the 30 s that Docker and Kubernetes commonly wait before they kill.
            stop_deadline: Duration::from_secs(20),
        }
    }
}
