//! One call from the terminal: what happens is printed, what is typed is done.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use cordboard_simulator::{Noticed, Visitor};
use tokio::sync::mpsc::UnboundedReceiver;

use super::keys::{Typed, typed};

/// Whoever has nothing more to type talks so long, to people and to recordings.
const SMALL_TALK: Duration = Duration::from_millis(1_500);

/// A call and whoever types.
pub(super) struct Talk {
    visitor: Visitor,
    began: Instant,
    lines: UnboundedReceiver<Typed>,
    /// Lines are done when they come; otherwise they wait for their turn.
    at_once: bool,
    waiting: VecDeque<Typed>,
    /// No more lines will come.
    through: bool,
    /// Turns that a line may still take.
    turns: usize,
    /// There is somebody, or something, to talk to.
    company: bool,
    /// When the talk is over.
    leaves: Option<tokio::time::Instant>,
    over: bool,
}

impl Talk {
    pub(super) fn new(visitor: Visitor) -> Self {
        let (lines, at_once) = typed();
        Self {
            visitor,
            began: Instant::now(),
            lines,
            at_once,
            waiting: VecDeque::new(),
            through: false,
            turns: 0,
            company: false,
            leaves: None,
            over: false,
        }
    }

    /// Until the call is over, on whichever side.
    pub(super) async fn run(mut self) {
        self.say("ringing");
        while !self.over {
            let leaves = self.leaves.unwrap_or_else(tokio::time::Instant::now);
            tokio::select! {
                event = self.visitor.next() => match event {
                    Some(event) => self.notice(&event),
                    None => self.over = true,
                },
                line = self.lines.recv(), if !self.through => match line {
                    Some(line) => self.waiting.push_back(line),
                    None => self.through = true,
                },
                () = tokio::time::sleep_until(leaves), if self.leaves.is_some() => {
                    self.leaves = None;
                    self.perform(Typed::HangUp);
                }
            }
            self.take_turns();
        }
    }

    fn notice(&mut self, event: &Noticed) {
        match event {
            Noticed::Answered => self.say("answered"),
            Noticed::Hears(words) => self.say(&format!("hear: {}", plain(words))),
            Noticed::Listening => {
                self.turn(false);
                self.say("keys?");
            }
            Noticed::InConference => {
                self.turn(true);
                self.say("in the conference");
            }
            Noticed::Bridged(address) => {
                self.turn(true);
                self.say(&format!("connected to {}", plain(address)));
            }
            Noticed::Recording => {
                self.turn(true);
                self.say("beep: you are recorded");
            }
            Noticed::Recorded => self.say("recorded"),
            Noticed::Texted(words) => self.say(&format!("text: {}", plain(words))),
            Noticed::Ended => {
                self.over = true;
                self.say("the call is over");
            }
        }
    }

    fn turn(&mut self, company: bool) {
        self.turns = 1;
        self.company = company;
        self.leaves = None;
    }

    fn take_turns(&mut self) {
        while !self.over && (self.at_once || self.turns > 0) {
            let Some(line) = self.waiting.pop_front() else {
                break;
            };
            self.turns = self.turns.saturating_sub(1);
            self.perform(line);
        }
        // A script that is at its end does not hold a conversation for ever.
        let alone = self.through && self.waiting.is_empty() && self.company;
        if alone && self.leaves.is_none() && !self.over {
            self.company = false;
            self.leaves = Some(tokio::time::Instant::now() + SMALL_TALK);
        }
    }

    fn perform(&mut self, line: Typed) {
        match line {
            Typed::Keys(keys) if keys.is_empty() => {}
            Typed::Keys(keys) => {
                self.say(&format!("press {keys}"));
                keys.chars().for_each(|key| self.visitor.press(key));
            }
            Typed::HangUp => {
                self.say("you hang up");
                self.visitor.hang_up();
            }
            Typed::Leave => {
                self.say("you leave");
                self.visitor.hang_up();
                self.over = true;
            }
            Typed::Nonsense => self.say("digits, * and # can be pressed; h hangs up, q leaves"),
        }
    }

    fn say(&self, what: &str) {
        println!("{:>6.1}s  {what}", self.began.elapsed().as_secs_f64());
    }
}

/// Nothing from a flow reaches the terminal as a command.
fn plain(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect()
}
