//! What a try brought. The status says nothing about right and wrong: keys that came before a time-out count if they are
//! enough.
//!
//! | what ends a try | keys | verdict |
//! |---|---|---|
//! | any status but `call_hangup` | as many as asked for, all of them `valid`, in `accept` if there is one | right |
//! | any status but `call_hangup` | other keys, fewer, more | wrong |
//! | any status but `call_hangup` | none | silence |
//! | `call_hangup` | whatever | gone: the hangup itself follows and wins |
//! | the net | the single keys since the prompt, up to the terminator | as above |

use serde::{Deserialize, Serialize};

use super::Gather;
use crate::event::GatherStatus;
use crate::flow::Settings;

/// What a try brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Right,
    Wrong,
    Silence,
    Gone,
}

impl Gather {
    /// The table's first half.
    pub(super) fn verdict(&self, keys: &str, status: GatherStatus) -> Verdict {
        match status {
            GatherStatus::CallHangup => Verdict::Gone,
            GatherStatus::Valid
            | GatherStatus::Invalid
            | GatherStatus::Cancelled
            | GatherStatus::Timeout
            | GatherStatus::Other => match keys {
                "" => Verdict::Silence,
                _ if self.may_bring(keys) => Verdict::Right,
                _ => Verdict::Wrong,
            },
        }
    }

    /// Keys up to the terminator, as the carrier reports them.
    pub(super) fn typed(&self, keys: &str) -> String {
        match self.digits.terminator.chars().next() {
            Some(end) => keys.split(end).next().unwrap_or_default().to_owned(),
            None => keys.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn gather(settings: &str) -> Gather {
        toml::from_str(settings).unwrap()
    }

    /// Every status with every input of up to five keys out of a few, against the table in plain words.
    #[test]
    fn the_verdict_is_that_of_the_table_for_every_status_and_input() {
        let statuses = [
            GatherStatus::Valid,
            GatherStatus::Invalid,
            GatherStatus::CallHangup,
            GatherStatus::Cancelled,
            GatherStatus::Timeout,
            GatherStatus::Other,
        ];
        let menu = gather("digits = { valid = \"123\" }");
        let number = gather("digits = { min = 2, max = 4 }");
        let pin = gather("digits = { min = 2, max = 4 }\naccept = [\"12\", \"123\"]");
        let mut inputs = vec![String::new()];
        for length in 0..5 {
            let longer: Vec<String> = inputs
                .iter()
                .filter(|input| input.len() == length)
                .cloned()
                .collect();
            for input in longer {
                inputs.extend(["1", "2", "3", "9", "*"].map(|key| format!("{input}{key}")));
            }
        }
        for (gather, right) in [
            (
                &menu,
                &(|input: &str| ["1", "2", "3"].contains(&input)) as &dyn Fn(&str) -> bool,
            ),
            (&number, &|input: &str| {
                (2..=4).contains(&input.len()) && !input.contains('*')
            }),
            (&pin, &|input: &str| ["12", "123"].contains(&input)),
        ] {
            for status in statuses {
                for input in &inputs {
                    let expected = match (status, input.as_str()) {
                        (GatherStatus::CallHangup, _) => Verdict::Gone,
                        (_, "") => Verdict::Silence,
                        (_, input) if right(input) => Verdict::Right,
                        _ => Verdict::Wrong,
                    };
                    assert_eq!(gather.verdict(input, status), expected, "{input} {status:?}");
                }
            }
        }
    }

    #[test]
    fn keys_after_the_terminator_do_not_count() {
        let gather = gather("digits = { min = 1, max = 9 }");
        for (keys, typed) in [("123#", "123"), ("123#45", "123"), ("#", ""), ("123", "123")] {
            assert_eq!(gather.typed(keys), typed);
        }
    }
}
