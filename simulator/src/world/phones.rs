//! Which caller a text message belongs to: the phones that callers watch. Pure.

use std::collections::HashMap;

use crate::callers::script::{TextWatch, digits};
use crate::carrier::emitted::CallerNo;

/// The watches of all callers, by phone. Kept to the end of the run: a second text may come late.
#[derive(Debug, Default)]
pub(super) struct Phones {
    watches: HashMap<String, Vec<(CallerNo, Option<String>)>>,
}

impl Phones {
    pub(super) fn watch(&mut self, caller: CallerNo, watch: &TextWatch) {
        let entry = (caller, watch.digits.clone());
        self.watches.entry(watch.number.clone()).or_default().push(entry);
    }

    /// The caller who waits for this text at this phone. Who watches a whole phone comes after who names digits.
    pub(super) fn owner(&self, number: &str, words: &str) -> Option<CallerNo> {
        let watches = self.watches.get(number)?;
        let found = digits(words);
        let named = |wanted: &Option<String>| {
            wanted
                .as_ref()
                .is_some_and(|wanted| found.contains(wanted.as_str()))
        };
        let by_digits = watches.iter().find(|(_, wanted)| named(wanted));
        let whole = || watches.iter().find(|(_, wanted)| wanted.is_none());
        by_digits.or_else(whole).map(|(caller, _)| *caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(number: &str, digits: Option<&str>) -> TextWatch {
        TextWatch {
            number: number.to_owned(),
            digits: digits.map(str::to_owned),
            least: 1,
            most: 1,
        }
    }

    #[test]
    fn texts_to_one_phone_are_told_apart_by_the_digits_in_them() {
        let mut phones = Phones::default();
        phones.watch(CallerNo(1), &watch("+1", Some("5550200001")));
        phones.watch(CallerNo(2), &watch("+1", Some("5550200002")));
        phones.watch(CallerNo(3), &watch("+2", None));
        assert_eq!(phones.owner("+1", "from +1 (555) 020-0002"), Some(CallerNo(2)));
        assert_eq!(phones.owner("+1", "hello"), None);
        assert_eq!(phones.owner("+2", "hello"), Some(CallerNo(3)));
    }
}
