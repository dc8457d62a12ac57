//! One caller: rings or texts, presses keys when asked, speaks into recordings, waits for the goal, talks, gives up.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::party::Party;
use super::script::{CallerScript, Opening, Want};
use crate::carrier::emitted::{CallerNo, LegNo};
use crate::ledger::Ending;
use crate::world::{CallerEvent, World};

/// Characters that a caller remembers of what was said: more than the longest prompt.
const MEMORY: usize = 8_000;

struct Call<'a> {
    world: &'a Arc<World>,
    script: &'a CallerScript,
    caller: CallerNo,
    /// `None` for a caller who only texts.
    leg: Option<LegNo>,
    events: UnboundedReceiver<CallerEvent>,
    began: Instant,
    missing: Vec<Want>,
    answered: bool,
    /// The call is over.
    over: bool,
    /// The caller hung up, as the script says after a message.
    left: bool,
    /// What was said since the last keys.
    heard: String,
    /// How often each reply fitted.
    replied: Vec<usize>,
    texts: u32,
    keys: VecDeque<(Instant, char)>,
    /// Texts to send.
    texting: VecDeque<(Instant, String)>,
    hangs_up: Option<Instant>,
}

/// Plays a script to its end. The verdict goes to the ledger.
pub(crate) async fn run(
    world: &Arc<World>,
    script: &CallerScript,
    party: Option<Arc<Party>>,
    cancel: &CancellationToken,
) {
    let began = Instant::now();
    let (caller, leg, events) = world.enter(script);
    let texting = match &script.opening {
        Opening::Ring => VecDeque::new(),
        Opening::Text(texts) => texts
            .iter()
            .map(|(after, words)| (began + *after, words.clone()))
            .collect(),
    };
    let mut call = Call {
        world,
        script,
        caller,
        leg,
        events,
        began,
        missing: script.goal.clone(),
        answered: false,
        over: leg.is_none(),
        left: false,
        heard: String::new(),
        replied: vec![0; script.replies.len()],
        texts: 0,
        keys: VecDeque::new(),
        texting,
        hangs_up: None,
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
        let patience = self.began + self.script.patience;
        let early = self.script.hang_up_after.map(|after| self.began + after);
        loop {
            if self.missing.is_empty() && self.texting.is_empty() {
                return None;
            }
            if self.over && !self.missing.iter().all(Want::outlasts_call) {
                return Some(if self.left { self.missed() } else { Ending::HungUp });
            }
            // Who is no longer on the line cannot hang up early.
            let early = early.filter(|_| !self.over);
            let leave = early.map_or(patience, |early| early.min(patience));
            let next_key = self.keys.front().map_or(leave, |(at, _)| *at);
            let next_text = self.texting.front().map_or(leave, |(at, _)| *at);
            let hangs_up = self.hangs_up.unwrap_or(leave);
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Some(Ending::Cancelled),
                event = self.events.recv() => match event {
                    Some(event) => self.learn(event),
                    None => return Some(Ending::HungUp),
                },
                () = sleep_until(leave) => {
                    let scripted = early.is_some_and(|early| early <= patience);
                    return Some(if scripted { Ending::EarlyHangup } else { self.missed() });
                }
                () = sleep_until(next_key), if !self.keys.is_empty() => self.press(),
                () = sleep_until(next_text), if !self.texting.is_empty() => self.text(),
                () = sleep_until(hangs_up), if self.hangs_up.is_some() => self.hang_up(),
            }
        }
    }

    fn missed(&self) -> Ending {
        if self.leg.is_some() && !self.answered {
            return Ending::NeverAnswered;
        }
        Ending::Missed(self.missing.first().map_or("still texting", Want::miss))
    }

    fn learn(&mut self, event: CallerEvent) {
        match event {
            CallerEvent::Answered => {
                self.answered = true;
                self.fulfil(|want| *want == Want::Answered);
            }
            CallerEvent::Hears(words) => {
                self.fulfil(|want| want.heard_in(&words));
                if self.heard.len() + words.len() > MEMORY {
                    self.heard.clear();
                }
                self.heard.push_str(&words);
                self.heard.push(' ');
            }
            CallerEvent::Listening => self.take_up_keys(),
            CallerEvent::Heard => self.fulfil(|want| *want == Want::Conference),
            CallerEvent::Bridged(address) => self.fulfil(|want| want.bridged_by(&address)),
            CallerEvent::Recording => self.leave_message(),
            CallerEvent::Recorded => self.fulfil(|want| *want == Want::Recorded),
            CallerEvent::Texted(_) => {
                self.texts += 1;
                let least = self.script.texts.as_ref().map_or(1, |watch| watch.least);
                if self.texts >= least {
                    self.fulfil(|want| *want == Want::Texted);
                }
            }
            CallerEvent::Ended => {
                self.over = true;
                self.keys.clear();
                self.hangs_up = None;
                if !self.left {
                    self.fulfil(|want| *want == Want::Dismissed);
                }
            }
        }
    }

    fn fulfil(&mut self, fits: impl Fn(&Want) -> bool) {
        self.missing.retain(|want| match want {
            Want::Either(wants) => !wants.iter().any(&fits),
            want => !fits(want),
        });
    }

    fn take_up_keys(&mut self) {
        let heard = std::mem::take(&mut self.heard);
        let reply = self.script.replies.iter().position(|reply| reply.fits(&heard));
        let Some(which) = reply else {
            self.keys.clear();
            return;
        };
        let gap = self.world.settings.pace.key();
        let now = Instant::now();
        let keys = self.script.replies[which].keys(self.replied[which]).chars();
        self.keys = (1_u32..)
            .zip(keys)
            .map(|(count, key)| (now + gap * count, key))
            .collect();
        self.replied[which] += 1;
    }

    fn leave_message(&mut self) {
        if let (Some(message), Some(leg)) = (self.script.message, self.leg) {
            self.world.speak_up(leg, message.lasts);
            if message.hangs_up {
                self.hangs_up = Some(Instant::now() + message.lasts);
            }
        }
    }

    fn press(&mut self) {
        if let (Some((_, key)), Some(leg)) = (self.keys.pop_front(), self.leg) {
            self.world.press(leg, key);
        }
    }

    fn text(&mut self) {
        if let Some((_, words)) = self.texting.pop_front() {
            self.world
                .text_from(self.caller, &self.script.from, &self.script.to, &words);
        }
    }

    fn hang_up(&mut self) {
        self.hangs_up = None;
        self.left = true;
        if let Some(leg) = self.leg {
            self.world.hang_up(leg);
        }
    }

    /// Waits for the others, talks, and hangs up unless somebody else did.
    async fn talk(&mut self, party: Option<&Party>, cancel: &CancellationToken) -> Ending {
        if self.over && self.leg.is_some() {
            return Ending::Completed;
        }
        let together = async {
            if let Some(party) = party {
                // Bounded: one who never arrives must not keep the others for ever.
                let _ = tokio::time::timeout(self.script.patience, party.complete()).await;
            }
            tokio::time::sleep(self.script.talk).await;
        };
        let early = async {
            match self.script.hang_up_after {
                Some(after) => sleep_until(self.began + after).await,
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
            // Only somebody to talk to can be cut off; who just wanted to be answered may be dismissed.
            () = ended => if self.script.goal.iter().any(Want::is_company) { Ending::CutOff } else { Ending::Completed },
        }
    }
}
