//! Gather: keys during and after nested prompts. Without keys the document goes on, unless it wants to be told.

use std::time::{Duration, Instant};

use super::{Ended, Event, Line, Nudge};
use crate::target::Who;
use crate::twilio::document::Element;
use crate::twilio::form::Form;
use crate::world::CallerEvent;

/// Keys when the verb does not limit them: more than anybody types.
const MOST_KEYS: u64 = 1_000;

impl Line {
    pub(super) async fn gather(&mut self, verb: &Element) -> Ended {
        let finish = verb.attribute("finishOnKey").unwrap_or("#").to_owned();
        let most = verb.number("numDigits", MOST_KEYS);
        let timeout = Duration::from_secs(verb.number("timeout", 5));
        let mut digits = String::new();
        let mut finished = false;
        for nested in &verb.children {
            self.tell_caller(CallerEvent::Hears(nested.text.clone()));
        }
        self.tell_caller(CallerEvent::Listening);
        self.far_end_listens();
        let prompts: Duration = verb.children.iter().map(|nested| self.lasts(nested)).sum();
        // The first key stops the prompts; after them the silence counts from the last key.
        let mut until = Instant::now() + prompts + timeout;
        while !finished && (digits.len() as u64) < most {
            match self.event(Some(until)).await {
                Event::Time => break,
                Event::Key(key) if finish.contains(key) => finished = true,
                Event::Key(key) => {
                    digits.push(key);
                    until = Instant::now() + timeout;
                }
                Event::News(_) => {}
                Event::Stop(ended) => return ended,
            }
        }
        if digits.is_empty() && !verb.flag("actionOnEmptyResult", false) {
            return Ended::Fell;
        }
        let extra = Form::default().with("Digits", digits).with("msg", "Gather End");
        match self.action(verb, true, extra) {
            // A document that came without an address cannot be asked for again.
            Ended::Fell => Ended::HungUp,
            ended => ended,
        }
    }

    /// A person at the far end of a dialled leg answers the gather with the keys of the book.
    fn far_end_listens(&mut self) {
        let Some(far_end) = &self.far_end else { return };
        let keys = far_end.keys(self.gathers).to_owned();
        self.gathers += 1;
        if far_end.who != Who::Human || keys.is_empty() {
            return;
        }
        let (world, no) = (std::sync::Arc::clone(&self.world), self.no);
        let after = world.settings.pace.key();
        self.world.tasks.spawn(async move {
            tokio::time::sleep(after).await;
            for key in keys.chars() {
                world.exchange().nudge(no, Nudge::Key(key));
            }
        });
    }
}
