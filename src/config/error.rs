//! What is wrong with the configuration, for the person who has to mend it: where, what, and what to do.

use std::fmt;
use std::path::PathBuf;

/// Why there is no configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be used at all.
    #[error("{}: {why}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A line of the file.
    #[error("{}:{line}: {why}", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong there, with a hint.
        why: String,
    },
    /// An environment variable.
    #[error("environment variable {name}: {why}")]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong with it, with a hint.
        why: String,
    },
    /// Settings that are readable and yet cannot be.
    #[error("{0}")]
    Invalid(Problems),
}

/// Everything found wrong at once, so that nobody mends one thing to meet the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<String>);

impl Problems {
    /// One problem.
    pub(super) fn of(key: &str, why: impl fmt::Display) -> Self {
        let mut problems = Self::default();
        problems.add(key, why);
        problems
    }

    /// Notes that a setting cannot be.
    pub fn add(&mut self, key: &str, why: impl fmt::Display) {
        self.0.push(format!("{key}: {why}"));
    }

    /// Notes a problem unless the condition holds.
    pub fn require(&mut self, holds: bool, key: &str, why: impl fmt::Display) {
        if !holds {
            self.add(key, why);
        }
    }

    /// `Ok` when there are none.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] with all of them.
    pub fn into_result(self) -> Result<(), ConfigError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(ConfigError::Invalid(self))
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// The known name nearest to a misspelt one, if any is near enough to be meant.
pub(crate) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = 1 + wrong.len() / 3;
    known
        .into_iter()
        .map(|name| (distance(wrong, name), name))
        .filter(|&(distance, _)| distance <= most)
        .min()
        .map(|(_, name)| name)
}

/// Turns serde's "unknown field `a`, expected one of `b`, `c`" into advice; `None` for any other message.
pub(super) fn unknown_key(message: &str, named: impl Fn(&str) -> String) -> Option<String> {
    let rest = message.strip_prefix("unknown field `")?;
    let (wrong, expected) = rest.split_once('`')?;
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let shown: String = wrong.chars().filter(|c| !c.is_control()).take(60).collect();
    let advice = match nearest(wrong, known.iter().copied()) {
        Some(name) => format!("did you mean `{}`?", named(name)),
        None if known.is_empty() => "nothing is set here".to_owned(),
        None => format!("known here: {}", known.join(", ")),
    };
    Some(format!("unknown key `{shown}`; {advice}"))
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_known_name_is_offered_and_a_far_one_is_not() {
        assert_eq!(nearest("lisen", ["listen", "token"]), Some("listen"));
        assert_eq!(nearest("listne", ["listen", "token"]), Some("listen"));
        assert_eq!(nearest("colour", ["listen", "token"]), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn an_unknown_field_becomes_advice() {
        let message = "unknown field `lisen`, expected one of `listen`, `token`, `allow_remote`";
        assert_eq!(
            unknown_key(message, str::to_owned).as_deref(),
            Some("unknown key `lisen`; did you mean `listen`?")
        );
        assert_eq!(unknown_key("invalid type", str::to_owned), None);
    }
}
