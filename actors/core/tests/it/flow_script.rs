//! One caller through one flow, as a script: who is behind which number, what is typed, which way it goes.

use cordboard_core::{Address, EndReason, Fact, Flow, HttpOutcome, Text, TextResult};

use crate::world::{Far, World, call, leg};

/// Deadlines until a call must be over.
const PATIENCE: usize = 400;

/// A caller and a flow.
pub struct Script {
    pub world: World,
}

impl Script {
    pub fn of(flow: &str) -> Self {
        let flow = Flow::parse(flow).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        Self {
            world: World::with_flow(flow, vec![]),
        }
    }

    /// Over a carrier whose legs ask what to do.
    pub fn asking(mut self, asks: bool) -> Self {
        self.world.asks = asks;
        self
    }

    /// What the caller types at each prompt; nothing after that.
    pub fn types(mut self, keys: &[&str]) -> Self {
        let keys = keys.iter().map(|keys| (*keys).to_owned()).collect();
        self.world.typed.insert(leg(0), keys);
        self
    }

    /// Who is behind a number.
    pub fn phone(mut self, number: &str, far: Far) -> Self {
        self.world.phones.insert(number.to_owned(), far);
        self
    }

    /// What the user's program answers next.
    pub fn program(mut self, status: u16, body: &str) -> Self {
        let body = Text::new(body);
        self.world
            .answers
            .push_back(HttpOutcome::Answered { status, body });
        self
    }

    /// What becomes of the next text.
    pub fn text(mut self, result: TextResult) -> Self {
        self.world.text_results.push_back(result);
        self
    }

    /// A command that the carrier refuses.
    pub fn refuses(mut self, command: &'static str) -> Self {
        self.world.refuses.insert(command);
        self
    }

    /// Rings, and lets everything happen until the caller would have to do something.
    pub fn rings(mut self) -> Self {
        self.world.ring(0, "");
        self.world.run_in_order();
        self
    }

    /// Rings, and lets time pass until the call is over.
    pub fn runs(mut self) -> Self {
        self = self.rings();
        for _ in 0..PATIENCE {
            if self.world.machine(0).ending().is_some() {
                return self;
            }
            assert!(
                self.world.next_deadline(),
                "nobody waits: {:?}",
                self.world.machine(0).state()
            );
            self.world.run_in_order();
        }
        panic!("no end: {:?}", self.world.machine(0).state());
    }

    /// The caller hangs up.
    pub fn hangs_up(mut self) -> Self {
        self.world.hang_up(0);
        self.world.run_in_order();
        self
    }

    /// The steps that the call took, with the way out of each.
    pub fn way(&self) -> Vec<String> {
        let taken = |(by, fact): &(Address, Fact)| match fact {
            Fact::StepTaken { step, outcome, .. } if *by == call(0) => Some(format!("{step}:{outcome}")),
            _ => None,
        };
        self.world.facts.iter().filter_map(taken).collect()
    }

    /// How it ended; nothing of it is left at the carrier.
    #[track_caller]
    pub fn ended(&self) -> EndReason {
        assert!(self.world.carrier_is_empty(), "something is left at the carrier");
        self.world.machine(0).ending().expect("the call is over").reason
    }

    /// The way in one line, and the end.
    #[track_caller]
    pub fn told(&self) -> String {
        format!("{} = {}", self.way().join(" "), self.ended().label())
    }

    pub fn texts(&self) -> Vec<(String, String)> {
        let shown = |(to, text): &(cordboard_core::PhoneNumber, Text)| {
            (to.expose().to_owned(), text.expose().to_owned())
        };
        self.world.texts.iter().map(shown).collect()
    }

    pub fn phase(&self) -> &'static str {
        cordboard_core::Machine::phase(self.world.machine(0))
    }
}
