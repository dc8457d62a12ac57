//! Say, Play and Message: what the party of a leg hears or gets.

use std::time::Duration;

use super::{Ended, Line};
use crate::twilio::document::Element;
use crate::twilio::texts;
use crate::world::CallerEvent;

impl Line {
    /// Words or a file, with repetitions; 0 repeats until something else ends it.
    pub(super) async fn prompt(&mut self, verb: &Element) -> Ended {
        let once = self.lasts(verb);
        let times = verb.number("loop", 1);
        self.tell_caller(CallerEvent::Hears(verb.text.clone()));
        if times == 0 {
            loop {
                match self.rest(once.max(Duration::from_secs(1))).await {
                    Ended::Fell => {}
                    ended => return ended,
                }
            }
        }
        self.rest(once.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX)))
            .await
    }

    /// How long a prompt takes once.
    pub(super) fn lasts(&self, verb: &Element) -> Duration {
        let pace = self.world.settings.pace;
        match verb.name.as_str() {
            "Say" => pace.speech(&verb.text, false),
            "Play" => pace.playback(),
            "Pause" => Duration::from_secs(verb.number("length", 1)),
            _ => Duration::ZERO,
        }
    }

    /// A text to the caller, or to whom the verb says.
    pub(super) fn message(&self, verb: &Element) {
        let (from, to) = {
            let exchange = self.world.exchange();
            let call = &exchange.calls[self.no];
            (call.to.clone(), call.from.clone())
        };
        let inner = verb.children.iter().find(|noun| noun.name == "Body");
        let words = inner.map_or(&verb.text, |noun| &noun.text);
        let from = verb.attribute("from").unwrap_or(&from);
        let to = verb.attribute("to").unwrap_or(&to);
        let callback = verb.attribute("statusCallback").map(str::to_owned);
        // A refusal shows in the carrier's debugger only.
        let _ = texts::send(&self.world, from, to, words, callback, "outbound-call");
    }
}
