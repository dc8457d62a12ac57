//! JSON Schema of flow files, for editors that complete and underline.

use cordboard_core::flow::KINDS;
use serde_json::{Map, Value, json};

/// The schema of a whole file.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    let steps: Vec<Value> = KINDS
        .iter()
        .map(|kind| {
            let mut settings = (kind.schema)();
            lift(&mut settings, &mut definitions);
            let mut properties = settings
                .get("properties")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default();
            let mut required = settings
                .get("required")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            required.push("do".into());
            properties.insert(
                "do".into(),
                json!({ "const": kind.name, "description": kind.summary }),
            );
            properties.insert("on".into(), outcomes(kind));
            properties.insert(
                "next".into(),
                json!({ "type": "string", "description": "The step after this one." }),
            );
            json!({
                "title": kind.name,
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            })
        })
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Cordboard flow",
        "type": "object",
        "required": ["flow", "start", "step"],
        "additionalProperties": false,
        "properties": {
            "flow": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,60}$" },
            "about": { "type": "string" },
            "voice": { "type": "string" },
            "language": { "type": "string" },
            "apology": { "type": "string" },
            "max_steps": { "type": "integer", "minimum": 1, "maximum": 10_000 },
            "vars": { "type": "object", "additionalProperties": { "type": "string" } },
            "start": { "type": "string" },
            "step": { "type": "object", "minProperties": 1, "additionalProperties": { "oneOf": steps } },
        },
        "$defs": definitions,
    })
}

fn outcomes(kind: &cordboard_core::flow::KindFacts) -> Value {
    let known: Map<String, Value> = kind
        .outcomes
        .iter()
        .map(|way| {
            (
                way.name.to_owned(),
                json!({ "type": "string", "description": way.meaning }),
            )
        })
        .collect();
    let others = if kind.free_outcomes {
        json!({ "type": "string" })
    } else {
        json!(false)
    };
    json!({ "type": "object", "properties": known, "additionalProperties": others })
}

/// Moves a kind's own definitions to the top of the file, where its references look for them.
fn lift(settings: &mut Value, definitions: &mut Map<String, Value>) {
    if let Some(Value::Object(own)) = settings.as_object_mut().and_then(|schema| schema.remove("$defs")) {
        definitions.extend(own);
    }
}
