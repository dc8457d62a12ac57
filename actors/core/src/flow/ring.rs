//! The legs that a `dial` or `queue` step rings: who answered, who accepts, who is connected. One rule for both.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::dial::Accept;
use super::rule::{Happening, Next, StepTimer, Tag};
use super::speech::{longest, speak, stop_music};
use super::template::Template;
use super::transfer::{alive, missed};
use crate::call::Stage;
use crate::command::LegAction;
use crate::command::leg::{Bridge, Dial as Command, GatherUsingSpeak, MachineDetection};
use crate::event::{Event, EventBody, GatherStatus};
use crate::fact::Fact;
use crate::ids::CallControlId;
use crate::outcome::{Answer, Outcome};
use crate::phone::PhoneNumber;

/// Ringing and its report, past the carrier's own limit.
pub(super) const MARGIN: Duration = Duration::from_secs(15);
/// While they talk, the far end is asked about every so often.
pub(super) const LOOK: StepTimer = StepTimer::One;

/// Kinds of commands; a tag is `mark * KINDS + kind`, so that each leg has its own.
const KINDS: Tag = 5;
const DIAL: Tag = 0;
const ASK: Tag = 1;
const WHISPER: Tag = 2;
const BRIDGE: Tag = 3;
const PROBE: Tag = 4;
/// Commands about what the caller hears.
pub(super) const MUSIC: Tag = Tag::MAX;

/// How legs are rung.
pub(super) struct Terms<'a> {
    pub(super) from: Option<&'a Template>,
    pub(super) ring: Duration,
    pub(super) limit: Duration,
    pub(super) accept: Option<&'a Accept>,
    pub(super) whisper: Option<&'a Template>,
    pub(super) detect_machine: bool,
    pub(super) music: bool,
}

/// One leg that is rung, or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Ringing {
    target: PhoneNumber,
    leg: Option<CallControlId>,
    at: At,
}

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum At {
    /// Not rung yet.
    Listed,
    Rings,
    /// Answered; whether by a person is being found out.
    Heard,
    /// Asked to accept.
    Asked,
    /// Accepted, and told what for.
    Whispered,
    /// The two are being connected.
    Connecting,
    Talks,
    /// Over, with this outcome for the caller.
    Over(String),
}

/// What the legs together mean to the step.
pub(super) enum Outlook {
    /// Something is still to come.
    Open,
    /// Somebody talked with the caller, and has hung up.
    Talked,
    /// All are over: this is what they have in common, or `no_answer`.
    Nobody(&'static str),
}

/// The legs of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    legs: Vec<Ringing>,
    winner: Option<usize>,
}

impl Ring {
    pub(super) fn of(targets: Vec<PhoneNumber>) -> Self {
        let legs = targets
            .into_iter()
            .map(|target| Ringing {
                target,
                leg: None,
                at: At::Listed,
            })
            .collect();
        Self { legs, winner: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    pub(super) fn talks(&self) -> bool {
        self.winner.is_some_and(|at| self.legs[at].at == At::Talks)
    }

    /// Somebody has answered and accepted; the two are being connected, or talk.
    pub(super) fn has_answered(&self) -> bool {
        self.winner.is_some()
    }

    /// The first who is rung.
    pub(super) fn first_target(&self) -> Option<&PhoneNumber> {
        self.legs.first().map(|leg| &leg.target)
    }

    /// Rings one more; false when all have been rung.
    pub(super) fn ring_next(&mut self, terms: &Terms<'_>, stage: &mut Stage<'_>) -> bool {
        let Some(at) = self.legs.iter().position(|leg| leg.at == At::Listed) else {
            return false;
        };
        let (Some(connection), Some(from)) = (stage.connection().cloned(), stage.shown_number(terms.from))
        else {
            self.legs[at].at = At::Over("failed".into());
            return self.ring_next(terms, stage);
        };
        let target = self.legs[at].target.clone();
        stage.fact(Fact::TransferTried {
            step: stage.step().to_owned(),
            target: target.clone(),
        });
        let dial = Command {
            link_to: stage.leg().cloned(),
            timeout_secs: Some(secs(terms.ring)),
            time_limit_secs: Some(secs(terms.limit)),
            answering_machine_detection: terms.detect_machine.then_some(MachineDetection::Detect),
            ..Command::new(connection, target, from)
        };
        self.legs[at].at = At::Rings;
        let mark = mark(at);
        stage.dial(dial, mark * KINDS + DIAL, mark);
        true
    }

    pub(super) fn on(&mut self, what: &Happening<'_>, terms: &Terms<'_>, stage: &mut Stage<'_>) {
        match what {
            Happening::Far { event, mark } => self.on_far(event, *mark, terms, stage),
            Happening::Outcome { tag, outcome } if *tag != MUSIC => {
                self.on_outcome(*tag, outcome, terms, stage);
            }
            Happening::Event {
                body: EventBody::CallBridged,
                ..
            } => self.connected(stage),
            Happening::Timer(LOOK) => self.look(stage),
            _ => {}
        }
    }

    /// What the legs together mean.
    pub(super) fn result(&self) -> Outlook {
        if let Some(winner) = self.winner {
            return match &self.legs[winner].at {
                At::Over(outcome) if outcome == "bridged" => Outlook::Talked,
                At::Over(_) => self.all_over(),
                _ => Outlook::Open,
            };
        }
        self.all_over()
    }

    fn all_over(&self) -> Outlook {
        let mut outcomes = Vec::new();
        for leg in &self.legs {
            match &leg.at {
                At::Over(outcome) => outcomes.push(outcome.as_str()),
                At::Listed => {}
                _ => return Outlook::Open,
            }
        }
        let common = ["busy", "rejected", "failed"]
            .into_iter()
            .find(|word| outcomes.iter().all(|outcome| outcome == word));
        Outlook::Nobody(common.unwrap_or("no_answer"))
    }

    /// Gives up on everybody who does not talk.
    pub(super) fn give_up(&mut self, stage: &mut Stage<'_>) {
        for at in 0..self.legs.len() {
            if !matches!(self.legs[at].at, At::Over(_) | At::Listed) {
                self.drop_leg(at, "no_answer", stage);
            }
        }
    }

    fn on_far(&mut self, event: &Event, mark: Option<Tag>, terms: &Terms<'_>, stage: &mut Stage<'_>) {
        let by_leg = || {
            self.legs
                .iter()
                .position(|leg| leg.leg.is_some() && leg.leg == event.leg)
        };
        let by_mark = || {
            mark.map(usize::from)
                .filter(|at| self.legs.get(*at).is_some_and(|leg| leg.leg.is_none()))
        };
        let Some(at) = by_leg().or_else(by_mark) else {
            return;
        };
        self.legs[at].leg.clone_from(&event.leg);
        stage.settle(tag(at, DIAL));
        match &event.body {
            EventBody::CallHangup { cause, .. } => {
                self.hung_up(at, missed(cause, self.legs[at].at == At::Talks), stage);
            }
            EventBody::CallAnswered { .. } if self.legs[at].at == At::Rings => {
                self.answered(at, terms, stage);
            }
            EventBody::MachineDetectionEnded { result, .. } if self.legs[at].at == At::Heard => {
                match result.starts_with("human") {
                    true => self.person(at, terms, stage),
                    false => self.drop_leg(at, "no_answer", stage),
                }
            }
            EventBody::GatherEnded { digits, status } if self.legs[at].at == At::Asked => {
                let key = terms.accept.map_or("", |accept| accept.key.as_str());
                match (*status, digits.expose()) {
                    (GatherStatus::CallHangup, _) => {}
                    (_, keys) if !key.is_empty() && keys == key => self.accepted(at, terms, stage),
                    (_, "") => self.drop_leg(at, "no_answer", stage),
                    _ => self.drop_leg(at, "rejected", stage),
                }
            }
            EventBody::SpeakEnded { .. } if self.legs[at].at == At::Whispered => {
                self.connect(at, terms, stage);
            }
            EventBody::CallBridged => self.connected(stage),
            _ => {}
        }
        self.drop_losers(stage);
    }

    fn on_outcome(&mut self, tag: Tag, outcome: &Outcome, terms: &Terms<'_>, stage: &mut Stage<'_>) {
        let at = usize::from(tag / KINDS);
        if at >= self.legs.len() {
            return;
        }
        match (tag % KINDS, outcome) {
            (DIAL, Outcome::Accepted(Answer::Dialled { leg, .. })) => {
                self.legs[at].leg.get_or_insert_with(|| leg.clone());
                // It may have lost its chance before its name was known.
                self.drop_losers(stage);
                if let At::Over(_) = self.legs[at].at {
                    stage.hang_up_far(leg);
                }
            }
            (DIAL, Outcome::Refused(_)) if self.legs[at].at == At::Rings => self.hung_up(at, "failed", stage),
            (ASK, Outcome::Refused(_)) if self.legs[at].at == At::Asked => self.drop_leg(at, "failed", stage),
            (WHISPER, Outcome::Refused(_)) if self.legs[at].at == At::Whispered => {
                self.connect(at, terms, stage);
            }
            (BRIDGE, Outcome::Refused(_)) if self.legs[at].at == At::Connecting => {
                self.drop_leg(at, "failed", stage);
            }
            (PROBE, outcome) if alive(outcome) == Some(false) => {
                let talked = self.legs[at].at == At::Talks;
                self.hung_up(at, if talked { "bridged" } else { "no_answer" }, stage);
            }
            _ => {}
        }
    }

    fn answered(&mut self, at: usize, terms: &Terms<'_>, stage: &mut Stage<'_>) {
        if self.winner.is_some() {
            return self.drop_leg(at, "no_answer", stage);
        }
        match terms.detect_machine {
            true => self.legs[at].at = At::Heard,
            false => self.person(at, terms, stage),
        }
    }

    /// A person is there: asked to accept, or taken at once.
    fn person(&mut self, at: usize, terms: &Terms<'_>, stage: &mut Stage<'_>) {
        let Some(accept) = terms.accept else {
            return self.accepted(at, terms, stage);
        };
        let (Some(leg), Some(payload)) = (self.legs[at].leg.clone(), stage.text(&accept.say)) else {
            return self.drop_leg(at, "failed", stage);
        };
        let voice = stage.voice(None, None);
        stage.overdue_in(longest(&payload) + accept.timeout.get() + terms.ring + MARGIN);
        let ask = GatherUsingSpeak {
            payload,
            voice: voice.voice,
            language: Some(voice.language),
            minimum_digits: Some(1),
            maximum_digits: Some(1),
            maximum_tries: Some(1),
            timeout_millis: Some(accept.timeout.as_millis()),
            ..GatherUsingSpeak::default()
        };
        self.legs[at].at = At::Asked;
        stage.far_command(&leg, LegAction::GatherUsingSpeak(ask), tag(at, ASK), mark(at));
    }

    fn accepted(&mut self, at: usize, terms: &Terms<'_>, stage: &mut Stage<'_>) {
        if self.winner.is_some() {
            return self.drop_leg(at, "no_answer", stage);
        }
        self.winner = Some(at);
        self.drop_losers(stage);
        let words = terms.whisper.and_then(|whisper| stage.text(whisper));
        match (words, self.legs[at].leg.clone()) {
            (Some(words), Some(leg)) => {
                stage.overdue_in(longest(&words) + MARGIN);
                self.legs[at].at = At::Whispered;
                let voice = stage.voice(None, None);
                stage.far_command(&leg, speak(words, voice), tag(at, WHISPER), mark(at));
            }
            _ => self.connect(at, terms, stage),
        }
    }

    fn connect(&mut self, at: usize, terms: &Terms<'_>, stage: &mut Stage<'_>) {
        let Some(leg) = self.legs[at].leg.clone() else {
            return self.drop_leg(at, "failed", stage);
        };
        if terms.music {
            stop_music(stage, MUSIC);
        }
        self.legs[at].at = At::Connecting;
        stage.overdue_in(MARGIN + MARGIN);
        let bridge = Bridge {
            other: Some(leg),
            // The caller stays when the far end hangs up: the flow decides what comes then.
            park_after_unbridge: Some("self".into()),
            ..Bridge::default()
        };
        stage.prompt(LegAction::Bridge(Box::new(bridge)), tag(at, BRIDGE));
    }

    fn connected(&mut self, stage: &mut Stage<'_>) {
        let Some(at) = self.winner else { return };
        if self.legs[at].at != At::Connecting {
            return;
        }
        stage.settle(tag(at, BRIDGE));
        self.legs[at].at = At::Talks;
        self.state_end(at, "bridged", stage);
        stage.never_overdue();
        stage.set_timer(LOOK, stage.look_again());
    }

    fn look(&self, stage: &mut Stage<'_>) {
        if let Some(at) = self.winner
            && let Some(leg) = &self.legs[at].leg
        {
            stage.ask_about(leg, tag(at, PROBE));
            stage.set_timer(LOOK, stage.look_again());
        }
    }

    /// The leg is over by the carrier's word.
    fn hung_up(&mut self, at: usize, outcome: &'static str, stage: &mut Stage<'_>) {
        let outcome = match (&self.legs[at].at, outcome) {
            (At::Over(_), _) => return,
            (At::Talks, _) => "bridged",
            // Connected and over before we heard of the first.
            (At::Connecting, "bridged") => "bridged",
            // An end without a reason before anybody talked: nobody wanted the call.
            (_, "bridged" | "cancelled") => "no_answer",
            (_, other) => other,
        };
        if self.legs[at].at != At::Talks {
            self.state_end(at, outcome, stage);
        }
        self.legs[at].at = At::Over(outcome.into());
        if self.winner == Some(at) && outcome != "bridged" {
            self.winner = None;
        }
    }

    /// Nobody waits for this leg any more.
    fn drop_leg(&mut self, at: usize, outcome: &'static str, stage: &mut Stage<'_>) {
        if let Some(leg) = self.legs[at].leg.clone() {
            stage.hang_up_far(&leg);
        }
        self.state_end(at, outcome, stage);
        self.legs[at].at = At::Over(outcome.into());
        if self.winner == Some(at) {
            self.winner = None;
        }
    }

    fn drop_losers(&mut self, stage: &mut Stage<'_>) {
        let Some(winner) = self.winner else { return };
        for at in 0..self.legs.len() {
            let open = !matches!(self.legs[at].at, At::Over(_) | At::Listed);
            if at != winner && open {
                self.drop_leg(at, "cancelled", stage);
            }
        }
    }

    fn state_end(&self, at: usize, outcome: &str, stage: &mut Stage<'_>) {
        stage.fact(Fact::TransferEnded {
            step: stage.step().to_owned(),
            target: self.legs[at].target.clone(),
            outcome: outcome.to_owned(),
        });
    }
}

fn mark(at: usize) -> Tag {
    Tag::try_from(at).unwrap_or(Tag::MAX)
}

fn tag(at: usize, kind: Tag) -> Tag {
    mark(at) * KINDS + kind
}

fn secs(span: Duration) -> u32 {
    u32::try_from(span.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX)
}

/// What a rule makes of a result, when nothing else is to be tried.
pub(super) fn next(result: &Outlook) -> Next {
    match result {
        Outlook::Open => Next::Wait,
        Outlook::Talked => Next::done("bridged"),
        Outlook::Nobody(outcome) => Next::done(outcome),
    }
}
