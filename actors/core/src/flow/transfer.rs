//! `transfer`: the carrier rings somebody else and connects the two. The caller stays ours until they talk, and is
//! ours again when the far end hangs up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::span::Span;
use super::template::Template;
use crate::hangup::EndReason;

/// The carrier's bounds of ringing (API-FACTS 1.10).
pub(super) const RING: (Span, Span) = (Span::secs(5), Span::secs(600));
/// The carrier's bounds of a leg's life (API-FACTS 1.10).
pub(super) const LIMIT: (Span, Span) = (Span::secs(30), Span::secs(14_400));

/// Settings of a `transfer` step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// Whom to call: E.164 or SIP URI.
    pub to: Template,
    /// The number shown; the called number when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Template>,
    /// How long it rings.
    #[serde(default = "ring")]
    pub ring: Span,
    /// How long the two may talk.
    #[serde(default = "limit")]
    pub limit: Span,
}

pub(super) fn ring() -> Span {
    Span::secs(30)
}

pub(super) fn limit() -> Span {
    LIMIT.1
}

impl Settings for Transfer {
    const NAME: &'static str = "transfer";
    const SUMMARY: &'static str =
        "Connects the caller with somebody else. The caller is kept until they talk.";
    const OUTCOMES: &'static [WayOut] = &[
        WayOut::on(
            "bridged",
            "They talked, and the far end has hung up; the caller is still there.",
        ),
        WayOut::sorry("busy", "The far end is busy.", EndReason::TransferFailed),
        WayOut::sorry("no_answer", "Nobody answered in time.", EndReason::TransferFailed),
        WayOut::sorry("rejected", "The far end refused.", EndReason::TransferFailed),
        WayOut::sorry(
            "failed",
            "The number or address cannot be reached, or the carrier refused.",
            EndReason::TransferFailed,
        ),
        WayOut::sorry(
            "cancelled",
            "The ringing ended without an answer, a refusal or a time-out.",
            EndReason::TransferFailed,
        ),
    ];

    fn check(&self, complaints: &mut Complaints) {
        complaints.range("ring", self.ring, RING.0, RING.1);
        complaints.range("limit", self.limit, LIMIT.0, LIMIT.1);
    }

    fn templates(&self) -> Vec<(&'static str, &Template)> {
        std::iter::once(("to", &self.to))
            .chain(self.from.iter().map(|from| ("from", from)))
            .collect()
    }
}
