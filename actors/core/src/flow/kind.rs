//! What every step kind states about itself, as data: its name, its ways out, what it needs.
//!
//! `flow check`, `flow draw`, the reference page and the schema read this; the rules of the kinds are in their files.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::template::Template;
use crate::hangup::EndReason;

/// One way out of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WayOut {
    /// As a key of `on`.
    pub name: &'static str,
    /// When it is taken: one sentence.
    pub meaning: &'static str,
    /// What happens when `on` does not name it.
    pub otherwise: Otherwise,
}

/// Where an outcome leads that `on` does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// To the step's `next`, else the call ends well.
    Next,
    /// The call is hung up for this reason.
    HangUp(EndReason),
    /// The caller hears an apology, then the call is hung up for this reason.
    Land(EndReason),
}

impl WayOut {
    /// A way out that goes on.
    pub const fn on(name: &'static str, meaning: &'static str) -> Self {
        let otherwise = Otherwise::Next;
        Self {
            name,
            meaning,
            otherwise,
        }
    }

    /// A way out that ends the call without a word.
    pub const fn over(name: &'static str, meaning: &'static str, reason: EndReason) -> Self {
        let otherwise = Otherwise::HangUp(reason);
        Self {
            name,
            meaning,
            otherwise,
        }
    }

    /// A way out that ends the call with an apology.
    pub const fn sorry(name: &'static str, meaning: &'static str, reason: EndReason) -> Self {
        let otherwise = Otherwise::Land(reason);
        Self {
            name,
            meaning,
            otherwise,
        }
    }
}

/// What a step kind says about itself.
#[derive(Clone, Copy, Debug)]
pub struct KindFacts {
    /// The word after `do =`.
    pub name: &'static str,
    /// What it does: one sentence.
    pub summary: &'static str,
    /// Its fixed ways out; none for a step that ends the call.
    pub outcomes: &'static [WayOut],
    /// Whether outcomes of the author's own making are possible besides: keys, cases, answers.
    pub free_outcomes: bool,
    /// Whether the caller must have been answered.
    pub needs_answer: bool,
    /// Whether it waits for the caller to do something: a cycle through such a step is no endless loop.
    pub waits_for_caller: bool,
    /// JSON Schema of its settings.
    pub schema: fn() -> Value,
}

/// Settings of a step kind. The rule stands in the same file.
pub trait Settings: Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + JsonSchema {
    /// Where a step of this kind stands.
    type Progress: Clone + std::fmt::Debug + Default + PartialEq + Serialize + DeserializeOwned;

    /// The word after `do =`.
    const NAME: &'static str;
    /// What it does: one sentence.
    const SUMMARY: &'static str;
    /// Its fixed ways out.
    const OUTCOMES: &'static [WayOut];
    /// Whether the caller must have been answered, whatever the settings.
    const NEEDS_ANSWER: bool = true;
    /// Whether outcomes of the author's own making are possible besides.
    const FREE_OUTCOMES: bool = false;
    /// Whether it waits for the caller to do something.
    const WAITS_FOR_CALLER: bool = false;

    /// Everything about it as data.
    const FACTS: KindFacts = KindFacts {
        name: Self::NAME,
        summary: Self::SUMMARY,
        outcomes: Self::OUTCOMES,
        free_outcomes: Self::FREE_OUTCOMES,
        needs_answer: Self::NEEDS_ANSWER,
        waits_for_caller: Self::WAITS_FOR_CALLER,
        schema: schema::<Self>,
    };

    /// What no type can say: ranges, exclusive keys. Adds `key: what is wrong`.
    fn check(&self, complaints: &mut Complaints);

    /// Outcomes of the author's own making that these settings can bring.
    fn own_outcomes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether the caller must have been answered for what these settings ask.
    fn needs_answer(&self) -> bool {
        Self::NEEDS_ANSWER
    }

    /// Whether `on` may name this outcome, which is none of the fixed ones.
    fn may_bring(&self, outcome: &str) -> bool {
        self.own_outcomes().iter().any(|own| own == outcome)
    }

    /// Its texts with holes, by key.
    fn templates(&self) -> Vec<(&'static str, &Template)> {
        Vec::new()
    }
}

fn schema<S: Settings>() -> Value {
    schemars::schema_for!(S).to_value()
}

/// What is wrong with a step's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Complaints(BTreeMap<&'static str, String>);

impl Complaints {
    /// Something is wrong with this key.
    pub fn add(&mut self, key: &'static str, what: impl Into<String>) {
        self.0.entry(key).or_insert_with(|| what.into());
    }

    /// A number must lie in this range.
    pub fn range<T: PartialOrd + std::fmt::Display>(
        &mut self,
        key: &'static str,
        value: T,
        least: T,
        most: T,
    ) {
        if value < least || value > most {
            self.add(key, format!("must lie between {least} and {most}, not {value}"));
        }
    }

    /// Something must be so.
    pub fn require(&mut self, good: bool, key: &'static str, what: &str) {
        if !good {
            self.add(key, what);
        }
    }

    /// By key.
    pub fn into_inner(self) -> BTreeMap<&'static str, String> {
        self.0
    }
}
