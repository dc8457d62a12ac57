//! Commands go by ids that are derived from their place in a record. Two builds may give one command two ids: this
//! matches them, so that outcomes find their commands and states can be compared.

use std::collections::BTreeMap;

use cordboard_core::{CommandId, Effect, Input};
use serde_json::Value;

/// Ids of today's commands whose recorded ids are others.
#[derive(Debug, Default)]
pub(super) struct Names {
    to_recorded: BTreeMap<String, String>,
    to_today: BTreeMap<String, CommandId>,
}

impl Names {
    pub(super) fn count(&self) -> usize {
        self.to_recorded.len()
    }

    /// Whether two effects decide the same; the ids of two equal commands are matched from here on.
    pub(super) fn same(&mut self, recorded: &Effect, today: &Effect) -> bool {
        match (recorded, today) {
            (Effect::Command(then), Effect::Command(now)) => {
                let same = then.command == now.command
                    && then.client_state == now.client_state
                    && then.give_up_at == now.give_up_at;
                if same && then.id != now.id {
                    self.to_recorded.insert(now.id.to_string(), then.id.to_string());
                    self.to_today.insert(then.id.to_string(), now.id.clone());
                }
                same
            }
            (Effect::Settle { command: then }, Effect::Settle { command: now }) => {
                let now = self
                    .to_recorded
                    .get(now.as_str())
                    .map_or(now.as_str(), String::as_str);
                then.as_str() == now
            }
            (then, now) => then == now,
        }
    }

    /// A recorded input as today's machine would get it.
    pub(super) fn todays(&self, input: Input) -> Input {
        match input {
            Input::Outcome { command, outcome } => {
                let command = self.to_today.get(command.as_str()).cloned().unwrap_or(command);
                Input::Outcome { command, outcome }
            }
            other => other,
        }
    }

    /// Today's state under the recorded ids.
    pub(super) fn recorded(&self, state: Value) -> Value {
        if self.to_recorded.is_empty() {
            return state;
        }
        match state {
            Value::String(text) => Value::String(self.name(text)),
            Value::Array(list) => list.into_iter().map(|value| self.recorded(value)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(key, value)| (self.name(key), self.recorded(value)))
                .collect(),
            plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
        }
    }

    fn name(&self, text: String) -> String {
        self.to_recorded.get(&text).cloned().unwrap_or(text)
    }
}
