//! What a call's texts can name: who called whom, what was typed, where steps led, what programs answered.
//!
//! Values are as secret as what a caller says: `Debug` shows names only.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest value that a call keeps, bytes of JSON: every further record of the call carries it.
const MAX_VALUE_BYTES: usize = 8 * 1024;
/// All values of a call together, bytes of JSON.
const MAX_BYTES: usize = 32 * 1024;

/// Values that came up while the call went on.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Vars(BTreeMap<String, BTreeMap<String, Value>>);

impl Vars {
    /// Gives a value a name within a group such as `outcomes`; false when it is too long to be kept.
    pub(crate) fn set(&mut self, group: &str, name: &str, value: Value) -> bool {
        let size = |value: &Value| value.to_string().len();
        let kept: usize = self.0.values().flat_map(BTreeMap::values).map(size).sum();
        let fits = size(&value) <= MAX_VALUE_BYTES && kept + size(&value) <= MAX_BYTES;
        if fits {
            let group = self.0.entry(group.to_owned()).or_default();
            group.insert(name.to_owned(), value);
        }
        fits
    }

    pub(crate) fn get(&self, group: &str, name: &str) -> Option<&Value> {
        self.0.get(group)?.get(name)
    }

    pub(crate) fn groups(&self) -> impl Iterator<Item = (&String, &BTreeMap<String, Value>)> {
        self.0.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl fmt::Debug for Vars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |group: &BTreeMap<String, Value>| group.keys().cloned().collect::<Vec<_>>();
        f.debug_map()
            .entries(self.0.iter().map(|(name, group)| (name, names(group))))
            .finish()
    }
}
