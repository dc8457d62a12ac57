//! A flow by its content: calls pin the flow that they began with by the hash of its canonical JSON.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Flow;

/// Names one content of a flow, as 64 hex digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FlowHash(Arc<str>);

impl FlowHash {
    /// The hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Wraps hex digits that this type printed.
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }
}

impl fmt::Display for FlowHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FlowHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlowHash({})", self.0.get(..12).unwrap_or(&self.0))
    }
}

pub(super) fn pinned(flow: &Flow) -> (FlowHash, Vec<u8>) {
    // Through `Value`, whose maps are sorted: the order of fields in the code says nothing.
    let canonical = serde_json::to_value(flow).and_then(|value| serde_json::to_vec(&value));
    let bytes = canonical.expect("a flow is strings, numbers and maps with text keys");
    let hex: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    (FlowHash(hex.into()), bytes)
}
