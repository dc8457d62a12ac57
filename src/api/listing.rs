//! Pages of a list: limits, cursors, and a bounded search for what fits the filters.
//!
//! Used by the lists of calls and of conferences.

use cordboard_actors::journal::{Browse, Browsed};
use cordboard_actors::portrait::Portrait;

use super::Desk;
use super::answers::{Answer, Refusal};

/// Entries of a page when none is asked for; fits a screen.
pub(super) const USUAL_LIMIT: usize = 50;
/// Most entries of a page: some 150 KB.
pub(super) const MOST_ENTRIES: usize = 500;
/// Entities looked at for one page. With narrow filters a page may be short and still have a successor.
const MOST_LOOKED_AT: usize = 2_000;
/// Entities read from the journal at one time.
const BITE: usize = 250;

/// What a list is asked for, checked.
pub(super) struct Wanted {
    pub(super) kind: &'static str,
    pub(super) over: bool,
    pub(super) limit: usize,
    pub(super) before: Option<u64>,
}

/// One page.
pub(super) struct Page {
    pub(super) found: Vec<(Browsed, Portrait)>,
    /// Where the next page begins; `None` at the end.
    pub(super) next: Option<String>,
}

/// The checked form of `limit` and `cursor`.
pub(super) fn bounds(limit: Option<usize>, cursor: Option<&str>) -> Answer<(usize, Option<u64>)> {
    let limit = limit.unwrap_or(USUAL_LIMIT);
    if !(1..=MOST_ENTRIES).contains(&limit) {
        return Err(Refusal::bad(format!(
            "limit is a whole number from 1 to {MOST_ENTRIES}"
        )));
    }
    match cursor {
        None => Ok((limit, None)),
        Some(cursor) => match number(cursor) {
            Some(number) => Ok((limit, Some(number))),
            None => Err(Refusal::bad(
                "the cursor is none of ours: take `next` of the page before",
            )),
        },
    }
}

/// Reads a page of what fits.
pub(super) async fn page(desk: &Desk, wanted: Wanted, fits: impl Fn(&Portrait) -> bool) -> Answer<Page> {
    let (mut before, mut looked_at, mut found) = (wanted.before, 0, Vec::new());
    loop {
        let bite = Browse {
            kind: wanted.kind,
            over: wanted.over,
            before,
            most: BITE,
        };
        let entities = desk.house.journal.browse(bite).await;
        let entities = entities.map_err(|error| Refusal::unavailable(error.to_string()))?;
        let last_bite = entities.len() < BITE;
        for entity in entities {
            before = Some(entity.number);
            looked_at += 1;
            // What this build cannot read is no reason to show no list at all.
            if let Ok(portrait) = Portrait::of(&entity.last)
                && fits(&portrait)
            {
                found.push((entity, portrait));
            }
            if found.len() == wanted.limit {
                return Ok(Page {
                    found,
                    next: before.map(cursor),
                });
            }
        }
        if last_bite {
            return Ok(Page { found, next: None });
        }
        if looked_at >= MOST_LOOKED_AT {
            return Ok(Page {
                found,
                next: before.map(cursor),
            });
        }
    }
}

/// A number as it travels to the next page.
pub(super) fn cursor(number: u64) -> String {
    format!("c{number:016x}")
}

fn number(cursor: &str) -> Option<u64> {
    let digits = cursor.strip_prefix('c').filter(|digits| digits.len() == 16)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u64::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_84_limits_and_cursors_are_checked() {
        assert!(matches!(bounds(None, None), Ok((USUAL_LIMIT, None))));
        assert!(matches!(bounds(Some(500), Some(&cursor(7))), Ok((500, Some(7)))));
        for limit in [0, 501, 1_000_000_000] {
            assert!(bounds(Some(limit), None).is_err(), "{limit}");
        }
        for garbage in ["", "7", "c7", "c00000000000000zz", "c+000000000000007", "💥"] {
            assert!(bounds(None, Some(garbage)).is_err(), "{garbage}");
        }
    }
}
