//! Answering machine detection on outgoing legs, and the keys that people press at the far end.

use serde_json::json;

use super::emitted::{LegNo, Timer};
use super::leg::Direction;
use super::{Carrier, Step};
use crate::target::Who;

impl Carrier {
    /// The analysis of who picked up is over.
    pub(super) fn machine_detected(&mut self, step: &mut Step, no: LegNo) {
        let leg = self.leg(no);
        let Some(outgoing) = leg.outgoing.as_ref().filter(|_| leg.is_answered()) else {
            return;
        };
        let (who, premium) = (
            outgoing.far_end.who,
            outgoing.detection.as_deref() == Some("premium"),
        );
        let result = match (who, premium) {
            (Who::Human, true) => "human_residence",
            (Who::Human, false) => "human",
            (Who::Machine { .. }, _) => "machine",
            (Who::Fax, true) => "fax_detected",
            (Who::Silence, true) => "silence",
            (Who::Fax | Who::Silence, false) => "not_sure",
        };
        let told_after = match outgoing.detection.as_deref() {
            Some("premium" | "detect_beep" | "greeting_end") => leg.answered_at,
            _ => None,
        };
        let event = if premium {
            "call.machine.premium.detection.ended"
        } else {
            "call.machine.detection.ended"
        };
        self.party_event(step, no, event, json!({ "result": result }));
        if let (Who::Machine { greeting, .. }, Some(answered)) = (who, told_after) {
            let spoken = step.now.duration_since(answered).unsigned_abs();
            step.timer(greeting.saturating_sub(spoken), Timer::GreetingEnded(no));
        }
    }

    /// The machine has said its words and beeps, if it does.
    pub(super) fn greeting_ended(&mut self, step: &mut Step, no: LegNo) {
        let leg = self.leg(no);
        let Some(outgoing) = leg.outgoing.as_ref().filter(|_| leg.is_answered()) else {
            return;
        };
        let beep = matches!(outgoing.far_end.who, Who::Machine { beep: true, .. });
        let (event, result) = match (outgoing.detection.as_deref(), beep) {
            (Some("premium"), true) => ("call.machine.premium.greeting.ended", "beep_detected"),
            (Some("premium"), false) => ("call.machine.premium.greeting.ended", "no_beep_detected"),
            (Some("detect_beep"), true) => ("call.machine.greeting.ended", "beep_detected"),
            (Some("detect_beep"), false) => ("call.machine.greeting.ended", "not_sure"),
            _ => ("call.machine.greeting.ended", "ended"),
        };
        self.party_event(step, no, event, json!({ "result": result }));
    }

    /// A gather began on a leg: a person at the far end of a dialled one answers it, if there is one.
    pub(super) fn far_end_listens(&mut self, step: &mut Step, no: LegNo) {
        let after = self.terms.pace.key();
        let leg = self.leg_mut(no);
        let Some(outgoing) = leg
            .outgoing
            .as_mut()
            .filter(|_| leg.direction == Direction::Outgoing)
        else {
            return;
        };
        let gather = outgoing.gathers;
        outgoing.gathers += 1;
        if outgoing.far_end.who == Who::Human && !outgoing.far_end.keys(gather).is_empty() {
            step.timer(after, Timer::FarEndPresses(no, gather));
        }
    }

    pub(super) fn far_end_presses(&mut self, step: &mut Step, no: LegNo, gather: usize) {
        let outgoing = self.leg(no).outgoing.as_ref();
        let keys = outgoing.map(|outgoing| outgoing.far_end.keys(gather).to_owned());
        for key in keys.unwrap_or_default().chars() {
            self.pressed(step, no, key);
        }
    }
}
