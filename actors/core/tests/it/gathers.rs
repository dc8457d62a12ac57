//! `gather` against its table, for generated settings and callers: what each try brings, what is said then, how it ends.

use cordboard_core::event::GatherStatus;
use cordboard_core::{Digits, EventBody};
use proptest::prelude::*;

use crate::flow_script::Script;
use crate::world::{World, cases};

/// What a generated gather asks for.
#[derive(Clone, Debug)]
struct Asked {
    min: usize,
    max: usize,
    tries: usize,
    valid: &'static str,
    accept: &'static [&'static str],
    barge_in: bool,
}

/// How one try goes.
#[derive(Clone, Debug)]
enum Try {
    /// The carrier reports its end.
    Reported(String, GatherStatus),
    /// The keys are reported one by one, the end never.
    Lost(String),
    /// A report about an older gather comes first.
    Stale(String, GatherStatus),
}

impl Asked {
    fn flow(&self) -> String {
        format!(
            "flow = \"g\"\nstart = \"ask\"\n[step.ask]\ndo = \"gather\"\nsay = \"Keys?\"\ninvalid = \"Wrong.\"\n\
             silence = \"Silent.\"\ntries = {}\nbarge_in = {}\naccept = {:?}\n\
             digits = {{ min = {}, max = {}, valid = \"{}\" }}\n\
             on = {{ {} digits = \"end\", invalid = \"end\", no_input = \"end\" }}\n",
            self.tries,
            self.barge_in,
            self.accept,
            self.min,
            self.max,
            self.valid,
            if self.named("12") { "\"12\" = \"end\"," } else { "" },
        )
    }

    /// Whether `on` names this input.
    fn named(&self, keys: &str) -> bool {
        keys == "12" && self.right(keys)
    }

    fn right(&self, keys: &str) -> bool {
        (self.min..=self.max).contains(&keys.len())
            && keys.chars().all(|key| self.valid.contains(key))
            && (self.accept.is_empty() || self.accept.contains(&keys))
    }

    /// The table, in plain words: the outcome if there is one, and what is said before each try.
    fn expected(&self, tries: &[Try]) -> (Option<String>, Vec<&'static str>) {
        let mut said = vec![""];
        for (at, one) in tries.iter().take(self.tries).enumerate() {
            let (keys, status) = match one {
                Try::Reported(keys, status) | Try::Stale(keys, status) => (keys, *status),
                Try::Lost(keys) => (keys, GatherStatus::Timeout),
            };
            let keys = keys.split('#').next().unwrap();
            let last = at + 1 == self.tries;
            match (status, keys) {
                (GatherStatus::CallHangup, _) => return (None, said),
                (_, "") if last => return (Some("no_input".into()), said),
                (_, "") => said.push("Silent."),
                (_, keys) if self.named(keys) => return (Some(keys.into()), said),
                (_, keys) if self.right(keys) => return (Some("digits".into()), said),
                _ if last => return (Some("invalid".into()), said),
                _ => said.push("Wrong."),
            }
        }
        (None, said)
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let valid = prop::sample::select(vec!["123", "0123456789", "12*"]);
    let accept = prop::sample::select(vec![&[] as &[&str], &["12"], &["1", "12", "123"]]);
    (1..4_usize, 0..3_usize, 1..4_usize, valid, accept, any::<bool>()).prop_map(
        |(min, more, tries, valid, accept, barge_in)| {
            let max = min + more;
            // Inputs that the settings make impossible are refused when the file is read.
            let fits = |input: &&str| {
                (min..=max).contains(&input.len()) && input.chars().all(|key| valid.contains(key))
            };
            let accept = if accept.iter().all(fits) { accept } else { &[] };
            Asked {
                min,
                max,
                tries,
                valid,
                accept,
                barge_in,
            }
        },
    )
}

fn one() -> impl Strategy<Value = Try> {
    let keys = "[1-39*#]{0,5}";
    let status = prop::sample::select(vec![
        GatherStatus::Valid,
        GatherStatus::Invalid,
        GatherStatus::Timeout,
        GatherStatus::Cancelled,
        GatherStatus::Other,
        GatherStatus::CallHangup,
    ]);
    prop_oneof![
        3 => (keys, status.clone()).prop_map(|(keys, status)| Try::Reported(keys, status)),
        1 => keys.prop_map(Try::Lost),
        1 => (keys, status).prop_map(|(keys, status)| Try::Stale(keys, status)),
    ]
}

fn ended(keys: &str, status: GatherStatus) -> EventBody {
    let digits = Digits::new(keys);
    EventBody::GatherEnded { digits, status }
}

fn play(world: &mut World, one: &Try) {
    let own = world.state_of(0);
    match one {
        Try::Reported(keys, status) => world.happens_with(0, own, ended(keys, *status)),
        Try::Stale(keys, status) => {
            let older = own.clone().map(|mut state| {
                state.generation -= 1;
                state
            });
            world.happens_with(0, older, ended("12", GatherStatus::Valid));
            world.happens_with(0, None, ended("12", GatherStatus::Valid));
            world.happens_with(0, own, ended(keys, *status));
        }
        Try::Lost(keys) => {
            for key in keys.chars() {
                let digit = Digits::new(key);
                world.happens_with(0, own.clone(), EventBody::DtmfReceived { digit });
            }
            // The net of this try; probes of the leg may come before it.
            while world.state_of(0) == own && world.machine(0).ending().is_none() && world.next_deadline() {
                world.run_in_order();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases() / 2, ..ProptestConfig::default() })]

    #[test]
    fn a_gather_goes_by_its_table_whatever_is_typed_reported_and_lost(
        asked in asked(),
        tries in prop::collection::vec(one(), 3),
    ) {
        let mut script = Script::of(&asked.flow());
        script.world.gathers_by_hand = true;
        script.world.ring(0, "");
        script.world.run_in_order();
        let (outcome, said) = asked.expected(&tries);
        for one in tries.iter().take(said.len()) {
            play(&mut script.world, one);
        }
        let way = script.way();
        let told = outcome.map(|outcome| format!("ask:{outcome}"));
        prop_assert_eq!(&way, &told.into_iter().collect::<Vec<_>>());
        let prompts: Vec<&String> = script.world.said.iter().filter(|words| words.contains("Keys?")).collect();
        prop_assert_eq!(prompts.len(), said.len());
        for (prompt, before) in prompts.iter().zip(&said) {
            let words = format!("{before} Keys?");
            prop_assert!(prompt.contains(words.trim()), "{prompt}");
            prop_assert_eq!(prompt.contains("Wrong.") || prompt.contains("Silent."), !before.is_empty());
        }
    }
}

/// The carrier's own clock of the first key would run while the prompt is spoken, and run out after five seconds.
#[test]
fn a_prompt_that_no_key_stops_is_spoken_before_the_keys_are_asked_for() {
    let flow = "flow = \"g\"\nstart = \"ask\"\n[step.ask]\ndo = \"gather\"\nsay = \"Keys?\"\nbarge_in = false\ntries = 1\n\
                timeout = \"9s\"\nbetween = \"7s\"\ndigits = { min = 4 }\n";
    let mut script = Script::of(flow).types(&["1234"]);
    script.world.ring(0, "");
    let issued = |script: &Script| {
        script
            .world
            .commands
            .iter()
            .map(|(_, name)| *name)
            .collect::<Vec<_>>()
    };
    while !issued(&script).contains(&"gather") {
        let parcel = script.world.way.remove(0);
        let ends = format!("{:?}", parcel.input).contains("SpeakEnded");
        script.world.deliver(parcel);
        assert!(
            ends || !issued(&script).contains(&"gather"),
            "{:?}",
            issued(&script)
        );
    }
    let asked = script.world.said.last().unwrap();
    assert!(asked.contains("initial_timeout_millis: Some(9000)"), "{asked}");
    assert!(
        asked.contains("inter_digit_timeout_millis: Some(7000)"),
        "{asked}"
    );
    script.world.run_in_order();
    assert_eq!(script.told(), "ask:digits = completed");
}
