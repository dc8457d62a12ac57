//! The open questions of legs: a webhook that asks for a document is answered when there is one to give.
//!
//! The door holds the question, the client puts the document in; each leg has one question at a time. A document has a
//! number, which grows with every document of this process, so that a question about an older document than the latest
//! is recognised: its leg has been told by REST what to do meanwhile, and is told the same again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cordboard_core::{CallControlId, EventId};
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use tokio::sync::watch;

/// A leg that nobody asked about and nobody told anything for so long is over: longer than the carrier lets any leg live.
const FORGET_AFTER: Duration = Duration::from_secs(25 * 3_600);
/// Legs among which forgotten ones are looked for when another comes.
const SWEEP_FROM: usize = 1_024;

/// The order of documents: later ones have greater numbers, also after a restart.
pub(super) type Number = u64;

/// A document on its way to a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) number: Number,
    pub(super) text: Arc<str>,
    /// The conference that it puts the leg into.
    pub(super) room: Option<Arc<str>>,
}

/// See the module. Shared by the door and the client.
#[derive(Debug)]
pub(super) struct HeldAnswers {
    legs: DashMap<CallControlId, Leg>,
    budget: Duration,
    last: AtomicU64,
}

#[derive(Debug)]
struct Leg {
    /// The document that it performs, as far as we know.
    latest: Option<Sheet>,
    /// The question that the latest document answered.
    answered: Option<EventId>,
    held: Option<Held>,
    touched: Instant,
}

#[derive(Debug)]
struct Held {
    question: EventId,
    answer: watch::Sender<Option<Arc<str>>>,
}

/// A question that waits for its document.
#[derive(Debug)]
pub(super) struct Turn {
    leg: CallControlId,
    question: EventId,
    answer: watch::Receiver<Option<Arc<str>>>,
}

impl HeldAnswers {
    /// Questions wait for their documents so long, and not longer.
    pub(super) fn new(budget: Duration) -> Self {
        Self {
            legs: DashMap::new(),
            budget,
            last: AtomicU64::new(0),
        }
    }

    /// Number of the next document. Two in one millisecond, or a clock that was put back, still go up.
    pub(super) fn number(&self) -> Number {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let next = |last: u64| last.saturating_add(1).max(now);
        let before = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
        next(before.unwrap_or_default())
    }

    /// A leg asks; `after` is the document that it has performed, if it was one of ours.
    pub(super) fn ask(&self, leg: &CallControlId, question: &EventId, after: Option<Number>) -> Turn {
        self.sweep();
        let mut known = self.legs.entry(leg.clone()).or_insert_with(Leg::new);
        known.touched = Instant::now();
        let overtaken = |latest: &&Sheet| after.is_some_and(|after| after < latest.number);
        let again = known.answered.as_ref() == Some(question);
        let ready = known.latest.as_ref().filter(|latest| again || overtaken(latest));
        let answer = match (ready, &known.held) {
            (Some(latest), _) => watch::channel(Some(Arc::clone(&latest.text))).1,
            (None, Some(held)) if held.question == *question => held.answer.subscribe(),
            (None, _) => {
                let (sender, receiver) = watch::channel(None);
                // Whoever asked before is not listening any more: a leg has one question at a time.
                known.held = Some(Held {
                    question: question.clone(),
                    answer: sender,
                });
                receiver
            }
        };
        Turn {
            leg: leg.clone(),
            question: question.clone(),
            answer,
        }
    }

    /// Answers the open question of a leg; false when it has none. Whoever gets true has given the leg its document,
    /// and nobody else can.
    pub(super) fn give(&self, leg: &CallControlId, sheet: Sheet) -> bool {
        let Some(mut known) = self.legs.get_mut(leg) else {
            return false;
        };
        // Nobody listens to the answer when the carrier has hung up on us.
        let Some(held) = known.held.take().filter(|held| held.answer.receiver_count() > 0) else {
            return false;
        };
        known.touched = Instant::now();
        held.answer.send_replace(Some(Arc::clone(&sheet.text)));
        (known.latest, known.answered) = (Some(sheet), Some(held.question));
        true
    }

    /// The carrier took a document by REST. A question that came meanwhile is about what the leg did before.
    pub(super) fn took(&self, leg: &CallControlId, sheet: Sheet) {
        let mut known = self.legs.entry(leg.clone()).or_insert_with(Leg::new);
        known.touched = Instant::now();
        if let Some(held) = known.held.take() {
            held.answer.send_replace(Some(Arc::clone(&sheet.text)));
            known.answered = Some(held.question);
        }
        if known
            .latest
            .as_ref()
            .is_none_or(|latest| latest.number < sheet.number)
        {
            known.latest = Some(sheet);
        }
    }

    /// Whether a leg waits for its document.
    pub(super) fn is_open(&self, leg: &CallControlId) -> bool {
        let listens = |held: &Held| held.answer.receiver_count() > 0;
        self.legs
            .get(leg)
            .is_some_and(|known| known.held.as_ref().is_some_and(listens))
    }

    /// The conference that a leg was put into by its latest document and has not come out of.
    pub(super) fn room(&self, leg: &CallControlId) -> Option<Arc<str>> {
        let known = self.legs.get(leg)?;
        let latest = known.latest.as_ref().filter(|_| known.held.is_none())?;
        latest.room.clone()
    }

    /// The leg is over. A question that is still open concerns nobody.
    pub(super) fn forget(&self, leg: &CallControlId) {
        self.legs.remove(leg);
    }

    /// The process stops: whoever waits is told to come again. `park` makes the document of a leg.
    pub(super) fn release(&self, park: impl Fn(&CallControlId, Number) -> Sheet) {
        let waiting: Vec<CallControlId> = self
            .legs
            .iter()
            .filter(|leg| leg.held.is_some())
            .map(|leg| leg.key().clone())
            .collect();
        for leg in waiting {
            let sheet = park(&leg, self.number());
            self.give(&leg, sheet);
        }
    }

    /// The answer of a question: its document, or after the budget what `park` makes, which lets the leg ask again.
    pub(super) async fn answer(
        &self,
        mut turn: Turn,
        park: impl Fn(&CallControlId, Number) -> Sheet,
    ) -> Arc<str> {
        let given = async {
            match turn.answer.wait_for(Option::is_some).await {
                Ok(text) => text.clone(),
                // Another question of this leg took its place, or the leg is over.
                Err(_) => None,
            }
        };
        if let Ok(Some(text)) = tokio::time::timeout(self.budget, given).await {
            return text;
        }
        let sheet = park(&turn.leg, self.number());
        let text = Arc::clone(&sheet.text);
        match self.legs.entry(turn.leg.clone()) {
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                match known.held.take_if(|held| held.question == turn.question) {
                    Some(_) => {
                        (known.latest, known.answered) = (Some(sheet), Some(turn.question.clone()));
                        text
                    }
                    // Given in the moment when the time was over.
                    None => turn.answer.borrow().clone().unwrap_or(text),
                }
            }
            Entry::Vacant(_) => text,
        }
    }

    fn sweep(&self) {
        if self.legs.len() >= SWEEP_FROM && self.legs.len().is_power_of_two() {
            self.legs.retain(|_, leg| leg.touched.elapsed() < FORGET_AFTER);
        }
    }
}

impl Leg {
    fn new() -> Self {
        Self {
            latest: None,
            answered: None,
            held: None,
            touched: Instant::now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Duration = Duration::from_secs(10);

    fn sheet(number: Number, text: &str) -> Sheet {
        Sheet {
            number,
            text: text.into(),
            room: None,
        }
    }

    fn park(_: &CallControlId, number: Number) -> Sheet {
        sheet(number, "park")
    }

    fn leg() -> CallControlId {
        "CA1".into()
    }

    #[tokio::test]
    async fn a_question_gets_the_document_that_comes_after_it() {
        let held = HeldAnswers::new(BUDGET);
        let turn = held.ask(&leg(), &"q1".into(), None);
        assert!(held.is_open(&leg()));
        assert!(held.give(&leg(), sheet(1, "say")));
        assert!(
            !held.give(&leg(), sheet(2, "hangup")),
            "one question, one document"
        );
        assert_eq!(&*held.answer(turn, park).await, "say");
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_without_a_document_is_parked_and_nobody_can_answer_it_any_more() {
        let held = HeldAnswers::new(BUDGET);
        let turn = held.ask(&leg(), &"q1".into(), None);
        assert_eq!(&*held.answer(turn, park).await, "park");
        assert!(!held.give(&leg(), sheet(2, "say")));
    }

    #[tokio::test]
    async fn a_repeated_question_gets_the_same_document_before_and_after_the_answer() {
        let held = HeldAnswers::new(BUDGET);
        let first = held.ask(&leg(), &"q1".into(), None);
        let second = held.ask(&leg(), &"q1".into(), None);
        held.give(&leg(), sheet(1, "say"));
        let third = held.ask(&leg(), &"q1".into(), None);
        for turn in [first, second, third] {
            assert_eq!(&*held.answer(turn, park).await, "say");
        }
    }

    #[tokio::test]
    async fn a_question_that_rest_overtook_is_told_what_rest_said() {
        let held = HeldAnswers::new(BUDGET);
        let waiting = held.ask(&leg(), &"q1".into(), Some(1));
        held.took(&leg(), sheet(7, "bridge"));
        assert!(!held.is_open(&leg()));
        let late = held.ask(&leg(), &"q2".into(), Some(3));
        for turn in [waiting, late] {
            assert_eq!(&*held.answer(turn, park).await, "bridge");
        }
        let next = held.ask(&leg(), &"q3".into(), Some(7));
        assert!(held.is_open(&leg()), "it has performed the latest");
        held.give(&leg(), sheet(8, "say"));
        assert_eq!(&*held.answer(next, park).await, "say");
    }

    #[tokio::test(start_paused = true)]
    async fn another_question_of_the_leg_takes_the_place_of_the_first() {
        let held = HeldAnswers::new(BUDGET);
        let first = held.ask(&leg(), &"q1".into(), None);
        let second = held.ask(&leg(), &"q2".into(), None);
        assert_eq!(&*held.answer(first, park).await, "park");
        assert!(held.give(&leg(), sheet(1, "say")));
        assert_eq!(&*held.answer(second, park).await, "say");
    }

    #[tokio::test]
    async fn a_stop_lets_everybody_come_again() {
        let held = HeldAnswers::new(BUDGET);
        let turn = held.ask(&leg(), &"q1".into(), None);
        held.release(park);
        assert_eq!(&*held.answer(turn, park).await, "park");
    }

    #[test]
    fn numbers_grow() {
        let held = HeldAnswers::new(BUDGET);
        let numbers: Vec<Number> = (0..1_000).map(|_| held.number()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b));
    }
}
