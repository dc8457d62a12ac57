//! STOP, START and HELP: the words by which people govern what a number may send them.
//!
//! The words are compared as a whole and as they are: look-alikes of other scripts and invisible characters make another
//! word, which is answered like any other (RELIABILITY input 66).

/// What such a word asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Governing {
    /// No more texts.
    Stop,
    /// Texts again.
    Start,
    /// Who is this?
    Help,
}

/// The words that carriers and their rules name; a sentence that contains one is a sentence.
const WORDS: [(&str, Governing); 13] = [
    ("STOP", Governing::Stop),
    ("STOPALL", Governing::Stop),
    ("STOP ALL", Governing::Stop),
    ("UNSUBSCRIBE", Governing::Stop),
    ("CANCEL", Governing::Stop),
    ("END", Governing::Stop),
    ("QUIT", Governing::Stop),
    ("REVOKE", Governing::Stop),
    ("OPTOUT", Governing::Stop),
    ("START", Governing::Start),
    ("UNSTOP", Governing::Start),
    ("HELP", Governing::Help),
    ("INFO", Governing::Help),
];

/// The meaning of a whole text, ASCII blanks around it and the case of ASCII letters aside.
pub fn governing(text: &str) -> Option<Governing> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let known = |(word, _): &&(&str, Governing)| text.eq_ignore_ascii_case(word);
    WORDS.iter().find(known).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_words_count_and_look_alikes_do_not() {
        for text in ["STOP", "stop", " Stop\r\n", "sToP aLl", "unsubscribe", "QUIT"] {
            assert_eq!(governing(text), Some(Governing::Stop), "{text}");
        }
        assert_eq!(governing("unstop"), Some(Governing::Start));
        assert_eq!(governing("Help"), Some(Governing::Help));
        for text in [
            "please stop",
            "STOP!",
            "STΟP",
            "ЅTOP",
            "ＳＴＯＰ",
            "S\u{200b}TOP",
            "STOP\u{200b}",
            "\u{a0}STOP",
            "STO P",
            "",
        ] {
            assert_eq!(governing(text), None, "{text:?}");
        }
    }
}
