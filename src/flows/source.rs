//! Where in a flow file a key stands: from the path of a mistake to bytes of the text.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A flow file's text with the places of its keys.
pub(super) struct Source<'t> {
    table: Option<Spanned<DeTable<'t>>>,
}

impl<'t> Source<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            table: DeTable::parse(text).ok(),
        }
    }

    /// The value at this path, or as much of the way to it as the file has: its key when the value is missing.
    pub(super) fn place(&self, path: &[String]) -> Option<Range<usize>> {
        let mut table = self.table.as_ref()?.get_ref();
        let mut found = None;
        let mut rest = path.iter();
        while let Some(name) = rest.next() {
            let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == name.as_str()) else {
                break;
            };
            found = Some(match value.get_ref() {
                // A whole table is too much to point at; its heading says which one.
                DeValue::Table(_) => key.span(),
                _ => value.span(),
            });
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                DeValue::Array(items) => {
                    let item = rest
                        .next()
                        .and_then(|at| at.parse::<usize>().ok())
                        .and_then(|at| items.get(at));
                    let Some(item) = item else { break };
                    found = Some(item.span());
                    match item.get_ref() {
                        DeValue::Table(inner) => table = inner,
                        _ => break,
                    }
                }
                _ => break,
            }
        }
        found
    }

    /// The key at the end of this path.
    pub(super) fn key(&self, path: &[&str]) -> Option<Range<usize>> {
        let (last, above) = path.split_last()?;
        let mut table = self.table.as_ref()?.get_ref();
        for name in above {
            let value = table
                .iter()
                .find(|(key, _)| key.get_ref() == name)
                .map(|(_, value)| value)?;
            let DeValue::Table(inner) = value.get_ref() else {
                return None;
            };
            table = inner;
        }
        table
            .iter()
            .find(|(key, _)| key.get_ref() == last)
            .map(|(key, _)| key.span())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const TEXT: &str = "flow = \"x\"\n[step.menu]\ndo = \"gather\"\ndigits = { max = 1 }\non = { \"1\" = \"sales\" }\n\
                        ways = [{ to = \"a\" }, { to = \"b\" }]\n";

    fn at(path: &[&str]) -> Option<&'static str> {
        let path: Vec<String> = path.iter().map(|key| (*key).to_owned()).collect();
        Source::new(TEXT).place(&path).map(|range| &TEXT[range])
    }

    #[test]
    fn a_path_leads_to_its_value_or_as_near_as_the_file_goes() {
        assert_eq!(at(&["step", "menu", "digits", "max"]), Some("1"));
        assert_eq!(at(&["step", "menu", "on", "1"]), Some("\"sales\""));
        assert_eq!(at(&["step", "menu", "ways", "1", "to"]), Some("\"b\""));
        assert_eq!(at(&["step", "menu", "tries"]), Some("menu"));
        assert_eq!(at(&["start"]), None);
        assert_eq!(
            Source::new(TEXT)
                .key(&["step", "menu", "do"])
                .map(|range| &TEXT[range]),
            Some("do")
        );
    }
}
