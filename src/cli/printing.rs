//! Results on stdout: text, tables, JSON. A reader such as `head` may have seen enough: that is no error.

use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use serde_json::Value;

/// Columns are this far apart.
const GAP: usize = 2;

/// Prints a text with a line end.
pub(super) fn print(text: &str) -> anyhow::Result<ExitCode> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
    }
}

/// Prints one JSON object, and only it.
pub(super) fn print_json(value: &Value) -> anyhow::Result<ExitCode> {
    print(&serde_json::to_string_pretty(value)?)
}

/// Rows under a head, each column as wide as its widest entry.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let entries = rows.iter().filter_map(|row| row.get(column));
        let widest = entries.map(|entry| entry.chars().count()).max().unwrap_or(0);
        widest.max(head.get(column).map_or(0, |name| name.len()))
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    let mut line = |entries: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (entry, width) in entries.zip(&widths) {
            let _ = write!(line, "{entry:<width$}", width = width + GAP);
        }
        let _ = writeln!(text, "{}", line.trim_end());
    };
    line(&mut head.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    text.truncate(text.trim_end().len());
    text
}

/// A text from a server, safe for a terminal.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.chars().filter(|letter| !letter.is_control()).collect(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_entry() {
        let rows = [vec!["a".into(), "bcd".into()], vec!["efgh".into(), "i".into()]];
        assert_eq!(table(&["ID", "X"], &rows), "ID    X\na     bcd\nefgh  i");
    }

    #[test]
    fn nothing_from_a_server_reaches_the_terminal_as_a_command() {
        assert_eq!(shown(&Value::String("a\u{1b}[2Jb\n".into())), "a[2Jb");
        assert_eq!(shown(&Value::Null), "-");
    }
}
