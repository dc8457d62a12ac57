//! A book of addresses: numbers and SIP addresses, exact or by their beginning, and what stands behind each.
//!
//! Settings hold one for dialled targets and one for phones that get texts; the control door adds entries. Pure.

use std::collections::BTreeMap;

/// Entries by pattern: an address, or the beginning of one followed by `*`. `*` alone matches everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book<T> {
    exact: BTreeMap<String, T>,
    beginnings: BTreeMap<String, T>,
}

impl<T> Default for Book<T> {
    fn default() -> Self {
        Self {
            exact: BTreeMap::new(),
            beginnings: BTreeMap::new(),
        }
    }
}

impl<T> Book<T> {
    /// Adds an entry; a later one for the same pattern replaces it.
    pub fn set(&mut self, pattern: &str, entry: T) {
        match pattern.strip_suffix('*') {
            Some(beginning) => self.beginnings.insert(beginning.to_owned(), entry),
            None => self.exact.insert(pattern.to_owned(), entry),
        };
    }

    /// The entry of an address: the exact one, else that of the longest beginning.
    pub fn find(&self, address: &str) -> Option<&T> {
        self.exact.get(address).or_else(|| {
            let fitting = self
                .beginnings
                .iter()
                .filter(|(start, _)| address.starts_with(*start));
            fitting
                .max_by_key(|(start, _)| start.len())
                .map(|(_, entry)| entry)
        })
    }
}

/// Whether an address fits a pattern of a book.
pub fn fits(pattern: &str, address: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => address.starts_with(beginning),
        None => address == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_particular_entry_wins() {
        let mut book = Book::default();
        for pattern in ["*", "sip:*", "sip:sales@*", "sip:sales@b"] {
            book.set(pattern, pattern);
        }
        for (address, entry) in [
            ("sip:sales@b", "sip:sales@b"),
            ("sip:sales@a", "sip:sales@*"),
            ("sip:x@b", "sip:*"),
            ("+1", "*"),
        ] {
            assert_eq!(book.find(address), Some(&entry));
        }
        assert!(fits("sip:sales@*", "sip:sales@b") && !fits("+1555", "+15551"));
    }
}
