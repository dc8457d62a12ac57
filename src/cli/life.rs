//! A timeline of the operator API as text: one line per record, with the effects and what became of them.

use std::fmt::Write as _;

use serde_json::Value;

use super::printing::shown;

/// The records of a life; times count from the first of them.
pub(super) fn life(records: &[Value]) -> String {
    let began = records
        .first()
        .and_then(|record| record["at_us"].as_u64())
        .unwrap_or(0);
    let mut text = String::new();
    let mut phase = String::new();
    for record in records {
        let _ = writeln!(text, "{}", line(record, began, &mut phase));
    }
    text.truncate(text.trim_end().len());
    text
}

/// One record. `phase` is the one before; a change is shown.
pub(super) fn line(record: &Value, began: u64, phase: &mut String) -> String {
    let at = record["at_us"].as_u64().unwrap_or(began).saturating_sub(began);
    let mut cause = shown(&record["cause"]);
    if let Some(detail) = record["detail"].as_str() {
        cause = format!("{cause}: {detail}");
    }
    let mut text = format!("{:>4}  {:>12}  {cause}", shown(&record["seq"]), span(at));
    let now = shown(&record["phase"]);
    if now != *phase && now != "-" {
        let _ = write!(text, "  [{now}]");
        *phase = now;
    }
    for effect in record["effects"].as_array().into_iter().flatten() {
        if let Some(done) = effect_of(effect) {
            let _ = write!(text, "\n{:>22}{done}", "");
        }
    }
    text
}

fn effect_of(effect: &Value) -> Option<String> {
    let about = effect["about"]
        .as_str()
        .map(|about| format!(": {about}"))
        .unwrap_or_default();
    let of = |name: &str, verb: &str| {
        effect
            .get(name)
            .map(|value| format!("{verb} {}{about}", shown(value)))
    };
    of("command", "-> command")
        .or_else(|| of("request", "-> request to your program:"))
        .or_else(|| of("message_to", "-> message to"))
        .or_else(|| of("ended", "== ended:"))
        .or_else(|| of("fact", " * "))
        .or_else(|| {
            effect
                .get("settled")
                .map(|_| "-> settled: an event proved a command".into())
        })
}

/// Microseconds as seconds, or as hours and minutes when there are many.
fn span(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    let rest = micros % 1_000_000 / 1_000;
    match seconds {
        0..3_600 => format!("+{seconds}.{rest:03}s"),
        _ => format!(
            "+{}h{:02}m{:02}s",
            seconds / 3_600,
            seconds / 60 % 60,
            seconds % 60
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_life_reads_from_top_to_bottom() {
        let records = [
            json!({ "seq": 1, "at_us": 1_000_000, "cause": "call.initiated", "phase": "ringing",
                    "effects": [{ "command": "answer", "id": "x" }] }),
            json!({ "seq": 2, "at_us": 1_120_000, "cause": "outcome", "detail": "answer accepted", "phase": "ringing",
                    "effects": [] }),
            json!({ "seq": 3, "at_us": 8_000_000_000_u64, "cause": "call.hangup", "phase": "ended",
                    "effects": [{ "ended": "hung_up" }] }),
        ];
        let expected = "   1       +0.000s  call.initiated  [ringing]\n                      -> command answer\n   \
                        2       +0.120s  outcome: answer accepted\n   3   +2h13m19s  call.hangup  [ended]\n                      \
                        == ended: hung_up";
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(&life(&records)), words(expected));
    }
}
