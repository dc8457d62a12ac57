//! `dial`: several are rung, at once or in order, and the first who accepts is connected with the caller.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Complaints, Settings, WayOut};
use super::ring::{MARGIN, MUSIC, Outlook, Ring, Terms, next};
use super::rule::{Happening, Next, Rule};
use super::span::Span;
use super::speech::{music, stop_music};
use super::template::Template;
use super::transfer::{LIMIT, RING, limit, ring};
use crate::call::Stage;
use crate::hangup::EndReason;

/// Legs rung at once: more than a large office has phones, few enough for the channels of an account.
const MOST_TARGETS: usize = 20;

/// Settings of a `dial` step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dial {
    /// Whom to call: E.164 or SIP URI each. Those that come out empty are left out.
    pub to: Vec<Template>,
    /// All at once, or one after the other.
    #[serde(default)]
    pub order: Order,
    /// The number shown; the called number when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Template>,
    /// How long each rings.
    #[serde(default = "ring")]
    pub ring: Span,
    /// How long they may talk.
    #[serde(default = "limit")]
    pub limit: Span,
    /// Asks whoever answers to accept with a key. Who answers has accepted when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<Accept>,
    /// Said to whoever accepted, before the two are connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whisper: Option<Template>,
    /// Whether the carrier listens for answering machines; a machine has not answered.
    #[serde(default)]
    pub detect_machine: bool,
    /// Audio for the caller meanwhile, on the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub music: Option<Template>,
}

/// In which order targets are rung.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// All at once.
    #[default]
    All,
    /// The next one when the one before did not accept.
    InOrder,
}

/// How somebody accepts a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// What they are asked.
    pub say: Template,
    /// The key that accepts; any other refuses.
    #[serde(default = "one")]
    pub key: String,
    /// How long they may take.
    #[serde(default = "ten_seconds")]
    pub timeout: Span,
}

fn one() -> String {
    "1".into()
}

fn ten_seconds() -> Span {
    Span::secs(10)
}

impl Settings for Dial {
    type Progress = Ring;

    const NAME: &'static str = "dial";
    const SUMMARY: &'static str =
        "Rings several; the first who accepts is connected with the caller, the others are hung up.";
    const OUTCOMES: &'static [WayOut] = &[
        WayOut::on(
            "bridged",
            "They talked, and the far end has hung up; the caller is still there.",
        ),
        WayOut::sorry("busy", "All who were rung are busy.", EndReason::TransferFailed),
        WayOut::sorry("no_answer", "Nobody accepted.", EndReason::TransferFailed),
        WayOut::sorry(
            "rejected",
            "All who were rung refused.",
            EndReason::TransferFailed,
        ),
        WayOut::sorry("failed", "Nobody can be rung.", EndReason::TransferFailed),
    ];

    fn check(&self, complaints: &mut Complaints) {
        let count = (1..=MOST_TARGETS).contains(&self.to.len());
        complaints.require(count, "to", "must list 1 to 20 numbers or SIP addresses");
        complaints.range("ring", self.ring, RING.0, RING.1);
        complaints.range("limit", self.limit, LIMIT.0, LIMIT.1);
        if let Some(accept) = &self.accept {
            let key = accept.key.len() == 1
                && accept
                    .key
                    .bytes()
                    .all(|key| key.is_ascii_digit() || key == b'*' || key == b'#');
            complaints.require(key, "accept.key", "must be one key out of 0123456789*#");
            complaints.range("accept.timeout", accept.timeout, Span::secs(1), Span::secs(120));
        }
    }

    fn templates(&self) -> Vec<(&'static str, &Template)> {
        let mut all: Vec<_> = self.to.iter().map(|to| ("to", to)).collect();
        all.extend(self.from.iter().map(|from| ("from", from)));
        all.extend(self.accept.iter().map(|accept| ("accept.say", &accept.say)));
        all.extend(self.whisper.iter().map(|whisper| ("whisper", whisper)));
        all.extend(self.music.iter().map(|music| ("music", music)));
        all
    }
}

impl Rule for Dial {
    fn enter(&self, ring: &mut Ring, stage: &mut Stage<'_>) -> Next {
        let targets = self.to.iter().filter_map(|to| stage.target(to)).collect();
        *ring = Ring::of(targets);
        if ring.is_empty() {
            return Next::done("failed");
        }
        music(stage, self.music.as_ref(), MUSIC);
        self.ring_more(ring, stage);
        self.went_on(ring, stage)
    }

    fn on(&self, ring: &mut Ring, what: &Happening<'_>, stage: &mut Stage<'_>) -> Next {
        ring.on(what, &self.terms(), stage);
        if let Happening::Overdue = what {
            ring.give_up(stage);
        }
        self.went_on(ring, stage)
    }

    fn phase(ring: &Ring) -> &'static str {
        if ring.talks() { "bridged" } else { "dial" }
    }
}

impl Dial {
    fn terms(&self) -> Terms<'_> {
        Terms {
            from: self.from.as_ref(),
            ring: self.ring.get(),
            limit: self.limit.get(),
            accept: self.accept.as_ref(),
            whisper: self.whisper.as_ref(),
            detect_machine: self.detect_machine,
            music: self.music.is_some(),
        }
    }

    /// The next one, or all of them; false when there is nobody left.
    fn ring_more(&self, ring: &mut Ring, stage: &mut Stage<'_>) -> bool {
        let terms = self.terms();
        stage.overdue_in(terms.ring + MARGIN);
        let rung = ring.ring_next(&terms, stage);
        while rung && self.order == Order::All && ring.ring_next(&terms, stage) {}
        rung
    }

    fn went_on(&self, ring: &mut Ring, stage: &mut Stage<'_>) -> Next {
        loop {
            let result = ring.result();
            if let Outlook::Nobody(_) = result
                && self.ring_more(ring, stage)
            {
                continue;
            }
            let next = next(&result);
            if next != Next::Wait && self.music.is_some() && !matches!(result, Outlook::Talked) {
                stop_music(stage, MUSIC);
            }
            return next;
        }
    }
}
