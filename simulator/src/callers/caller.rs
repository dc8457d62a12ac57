//! One caller's call: ring, press keys when asked, wait for the goal, talk, hang up, give up.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::party::Party;
use super::script::{CallerScript, Goal};
use crate::carrier::emitted::LegNo;
use crate::ledger::Ending;
use crate::world::{CallerEvent, World};

struct Call<'a> {
    world: &'a Arc<World>,
    script: &'a CallerScript,
    leg: LegNo,
    events: UnboundedReceiver<CallerEvent>,
    rang: Instant,
    answered: bool,
    gathers: usize,
    keys: VecDeque<(Instant, char)>,
}

/// Plays a script to its end. The verdict goes to the ledger.
pub(crate) async fn run(
    world: &Arc<World>,
    script: &CallerScript,
    party: Option<Arc<Party>>,
    cancel: &CancellationToken,
) {
    let (caller, leg, events) = world.ring(script);
    let mut call = Call {
        world,
        script,
        leg,
        events,
        rang: Instant::now(),
        answered: false,
        gathers: 0,
        keys: VecDeque::new(),
    };
    let failed = call.reach_goal(cancel).await;
    if failed.is_none() {
        world.talking(caller);
    }
    if let Some(party) = &party {
        party.accounted_for();
    }
    let ending = match failed {
        Some(ending) => ending,
        None => call.talk(party.as_deref(), cancel).await,
    };
    world.caller_done(caller, leg, ending);
}

impl Call<'_> {
    /// Waits for the goal; `Some` says why it was not reached.
    async fn reach_goal(&mut self, cancel: &CancellationToken) -> Option<Ending> {
        let patience = self.rang + self.script.patience;
        let early = self.script.hang_up_after.map(|after| self.rang + after);
        let leave = early.map_or(patience, |early| early.min(patience));
        loop {
            let next_key = self.keys.front().map_or(leave, |(at, _)| *at);
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Some(Ending::Cancelled),
                event = self.events.recv() => match event {
                    Some(CallerEvent::Ended) | None => return Some(Ending::HungUp),
                    Some(event) => if self.reached(event) { return None; },
                },
                () = sleep_until(leave) => return Some(self.gave_up(early.is_some_and(|early| early <= patience))),
                () = sleep_until(next_key), if !self.keys.is_empty() => self.press(),
            }
        }
    }

    const fn gave_up(&self, scripted: bool) -> Ending {
        match (scripted, self.answered) {
            (true, _) => Ending::EarlyHangup,
            (false, false) => Ending::NeverAnswered,
            (false, true) => Ending::NeverHeard,
        }
    }

    fn reached(&mut self, event: CallerEvent) -> bool {
        match event {
            CallerEvent::Answered => {
                self.answered = true;
                self.script.goal == Goal::Answered
            }
            CallerEvent::Listening => {
                self.take_up_keys();
                false
            }
            CallerEvent::Heard => self.script.goal == Goal::Conference,
            CallerEvent::Bridged => self.script.goal == Goal::Bridged,
            CallerEvent::Ended => false,
        }
    }

    fn take_up_keys(&mut self) {
        let gap = self.world.settings.pace.key();
        let now = Instant::now();
        let keys = self.script.keys(self.gathers).chars();
        self.keys = (1_u32..)
            .zip(keys)
            .map(|(count, key)| (now + gap * count, key))
            .collect();
        self.gathers += 1;
    }

    fn press(&mut self) {
        if let Some((_, key)) = self.keys.pop_front() {
            self.world.press(self.leg, key);
        }
    }

    /// Waits for the others, talks, and hangs up unless somebody else did.
    async fn talk(&mut self, party: Option<&Party>, cancel: &CancellationToken) -> Ending {
        let together = async {
            if let Some(party) = party {
                // Bounded: one who never arrives must not keep the others for ever.
                let _ = tokio::time::timeout(self.script.patience, party.complete()).await;
            }
            tokio::time::sleep(self.script.talk).await;
        };
        let early = async {
            match self.script.hang_up_after {
                Some(after) => sleep_until(self.rang + after).await,
                None => std::future::pending().await,
            }
        };
        let ended = async {
            while let Some(event) = self.events.recv().await {
                if event == CallerEvent::Ended {
                    break;
                }
            }
        };
        tokio::select! {
            () = cancel.cancelled() => Ending::Completed,
            () = together => Ending::Completed,
            () = early => Ending::Completed,
            () = ended => Ending::CutOff,
        }
    }
}
