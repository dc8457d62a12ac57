//! What is typed: lines of standard input, read beside everything else.
//!
//! A thread of its own, because a read of a terminal cannot be called off.

use std::io::{BufRead, IsTerminal};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    /// To be pressed; none for an empty line, which only waits.
    Keys(String),
    /// Hang up.
    HangUp,
    /// Hang up and leave.
    Leave,
    /// Cannot be pressed.
    Nonsense,
}

impl Typed {
    pub(super) fn read(line: &str) -> Self {
        let line = line.trim();
        match line {
            "h" => Self::HangUp,
            "q" => Self::Leave,
            keys if keys
                .chars()
                .all(|key| key.is_ascii_digit() || "*#ABCD".contains(key)) =>
            {
                Self::Keys(keys.to_owned())
            }
            _ => Self::Nonsense,
        }
    }
}

/// Lines as they come, and whether somebody sits there and types.
pub(super) fn typed() -> (UnboundedReceiver<Typed>, bool) {
    let (sender, lines) = unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(Typed::read(&line)).is_err() {
                return;
            }
        }
    });
    (lines, std::io::stdin().is_terminal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_keys_a_wish_or_nonsense() {
        assert_eq!(Typed::read(" 12#\r"), Typed::Keys("12#".to_owned()));
        assert_eq!(Typed::read(""), Typed::Keys(String::new()));
        assert_eq!(
            [Typed::read("h"), Typed::read("q")],
            [Typed::HangUp, Typed::Leave]
        );
        assert_eq!(Typed::read("hello"), Typed::Nonsense);
    }
}
