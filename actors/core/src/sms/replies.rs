//! Message flows: how people who text a number are answered. Keywords, a default, words from the user's own program.
//!
//! A message flow is a TOML file; the configuration reads it and hands it to the number with its other settings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::flow::{Method, Span, Template};

/// The replies of one number, in order; the first that fits answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Replies {
    /// Name of the flow, for the books.
    pub messages: String,
    /// Answers to words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reply: Vec<Reply>,
    /// The answer to everything else; silence when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Reply>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// The first word of the text is one of these; case does not matter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// The words; may name `from`, `to`, `text`, `keyword`, `rest` and what `ask` brought as `http`.
    pub text: Template,
    /// A program that is asked first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<Ask>,
    /// The words when the program gives no answer that makes sense; silence when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Template>,
}

/// A question to the user's own program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Where.
    pub url: Template,
    /// How.
    #[serde(default)]
    pub method: Method,
    /// Headers, such as an API key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Template>,
    /// How long one attempt may take.
    #[serde(default = "five_seconds")]
    pub timeout: Span,
    /// How long all attempts may take.
    #[serde(default = "half_a_minute")]
    pub total: Span,
    /// Whether a question that may have arrived is asked again, under the same id.
    #[serde(default = "yes")]
    pub repeat: bool,
}

fn five_seconds() -> Span {
    Span::secs(5)
}

fn half_a_minute() -> Span {
    Span::secs(30)
}

fn yes() -> bool {
    true
}

/// Most answers of one flow: they are part of the number's state, and so of every record of it.
const MOST_REPLIES: usize = 50;

impl Replies {
    /// Reads a message flow.
    ///
    /// # Errors
    /// Where it is wrong and why, as toml tells it, or what makes no sense.
    pub fn read(file: &str) -> Result<Self, String> {
        let replies: Self = toml::from_str(file).map_err(|error| error.to_string())?;
        if replies.reply.len() > MOST_REPLIES {
            return Err(format!("a message flow has {MOST_REPLIES} replies at most"));
        }
        let mut known = Vec::new();
        for (at, reply) in replies.reply.iter().enumerate() {
            if reply.keywords.is_empty() {
                return Err(format!("reply {} has no keywords: that is [default]", at + 1));
            }
            for keyword in &reply.keywords {
                let word = keyword.to_lowercase();
                if word.is_empty() || word.split_whitespace().count() != 1 {
                    return Err(format!("a keyword of reply {} is not one word", at + 1));
                }
                if super::keyword::governing(&word).is_some() {
                    return Err(format!(
                        "reply {} takes a word by which people govern what they are sent (STOP, START, HELP)",
                        at + 1
                    ));
                }
                if known.contains(&word) {
                    return Err(format!("a keyword of reply {} belongs to an earlier one", at + 1));
                }
                known.push(word);
            }
        }
        if replies
            .default
            .as_ref()
            .is_some_and(|reply| !reply.keywords.is_empty())
        {
            return Err("[default] has no keywords: it answers everything else".into());
        }
        Ok(replies)
    }

    /// The answer to a text: by its first word, else the default.
    pub(super) fn find(&self, text: &str) -> Option<&Reply> {
        let word = first_word(text);
        let fits = |reply: &&Reply| {
            reply
                .keywords
                .iter()
                .any(|keyword| keyword.to_lowercase() == word)
        };
        self.reply.iter().find(fits).or(self.default.as_ref())
    }
}

/// The first word, lower case, without punctuation around it.
pub(super) fn first_word(text: &str) -> String {
    let word = text.split_whitespace().next().unwrap_or_default();
    word.trim_matches(|c: char| c.is_ascii_punctuation())
        .to_lowercase()
}

/// What follows the first word.
pub(super) fn rest(text: &str) -> &str {
    text.trim()
        .split_once(char::is_whitespace)
        .map_or("", |(_, rest)| rest.trim())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_first_word_chooses_and_the_default_takes_the_rest() {
        let replies = Replies::read(
            "messages = \"t\"\n[[reply]]\nkeywords = [\"Weather\"]\ntext = \"w\"\n[default]\ntext = \"d\"\n",
        )
        .unwrap();
        for (text, expected) in [
            ("weather Oslo", "w"),
            ("WEATHER!", "w"),
            ("the weather", "d"),
            ("", "d"),
        ] {
            assert_eq!(replies.find(text).unwrap().text.source(), expected, "{text}");
        }
        assert_eq!(rest(" weather  New York "), "New York");
    }

    #[test]
    fn a_flow_that_makes_no_sense_is_refused_with_its_reason() {
        for (file, word) in [
            ("[[reply]]\nkeywords = [\"stop\"]\ntext = \"x\"", "STOP"),
            ("[[reply]]\ntext = \"x\"", "[default]"),
            (
                "[[reply]]\nkeywords = [\"a\"]\ntext = \"x\"\n[[reply]]\nkeywords = [\"A\"]\ntext = \"x\"",
                "earlier",
            ),
            ("[[reply]]\nkeywords = [\"a b\"]\ntext = \"x\"", "one word"),
            ("[default]\ntext = \"{{ x\"", "hole"),
            ("[default]\ntxt = \"x\"", "txt"),
        ] {
            let why = Replies::read(file).unwrap_err();
            assert!(why.contains(word), "{file}: {why}");
        }
    }
}
