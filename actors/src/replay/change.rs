//! What changed between two states, as paths and masked values: a state holds numbers, PINs and texts.

use serde::Serialize;
use serde_json::Value;

/// One place of a state that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Where, such as `state.joining.room`.
    pub path: String,
    /// What was there, masked; `None` when nothing was.
    pub before: Option<String>,
    /// What is there, masked; `None` when nothing is.
    pub after: Option<String>,
}

/// Words longer than this are no names of states.
const LONGEST_WORD: usize = 40;

/// Every place where two states differ, in the order of the state.
pub(super) fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut list = Vec::new();
    compare("", Some(before), Some(after), &mut list);
    list
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, list: &mut Vec<Change>) {
    if before == after {
        return;
    }
    if let (Some(Value::Object(old)), Some(Value::Object(new))) = (before, after) {
        let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            compare(&below(path, key), old.get(key), new.get(key), list);
        }
        return;
    }
    list.push(Change {
        path: if path.is_empty() {
            "state".into()
        } else {
            path.into()
        },
        before: before.map(shown),
        after: after.map(shown),
    });
}

fn below(path: &str, key: &str) -> String {
    // A key may be a PIN.
    let key = if is_secret(key) { "***" } else { key };
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if is_word(text) => text.clone(),
        Value::String(text) => format!("({} characters)", text.chars().count()),
        Value::Array(list) => format!("({} entries)", list.len()),
        Value::Object(fields) => match fields.iter().next() {
            // `{"in_conference": {...}}` is how a state with data is written.
            Some((name, _)) if fields.len() == 1 && is_word(name) => name.clone(),
            _ => format!("({} fields)", fields.len()),
        },
    }
}

/// Names of states and reasons; never a number, a PIN, a text or a person's name.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST_WORD
        && text.contains('_') | KNOWN.contains(&text)
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Single words that states and stages go by.
const KNOWN: [&str; 17] = [
    "idle",
    "creating",
    "pausing",
    "live",
    "closing",
    "unborn",
    "answering",
    "joining",
    "parting",
    "ended",
    "waiting",
    "in",
    "operator",
    "quarantined",
    "caller",
    "callee",
    "running",
];

fn is_secret(key: &str) -> bool {
    key.bytes().filter(u8::is_ascii_digit).count() >= 3
        && key.bytes().all(|byte| byte.is_ascii_digit() || byte == b'+')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_tells_places_and_states_but_no_number_pin_or_text() {
        let before = json!({ "state": "idle", "caller": null, "pins": { "4711": 1 }, "tries": 3 });
        let after = json!({ "state": { "in_conference": { "room": "board" } }, "caller": "+15550100001",
                            "pins": { "4711": 2 }, "tries": 2, "text": "hello there" });
        let list = changes(&before, &after);
        let text = format!("{list:?}");
        for secret in ["4711", "15550100001", "hello", "board"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        let paths: Vec<&str> = list.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["caller", "pins.***", "state", "text", "tries"]);
        assert_eq!(list[2].after.as_deref(), Some("in_conference"));
        assert_eq!(
            (list[4].before.as_deref(), list[4].after.as_deref()),
            (Some("3"), Some("2"))
        );
    }
}
