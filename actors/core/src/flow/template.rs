//! Texts with holes: minijinja over the call's variables. No files, no includes, bounded work, bounded output.
//!
//! Steps render through `Stage`; a flow file's texts are parsed when it is read, so that a mistake is found then.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

/// Instructions that one text may take: a page of plain text takes a few dozen, a loop over an answer a few thousand.
const FUEL: u64 = 20_000;

/// Longest text that comes out, characters: what the carrier speaks at once (API-FACTS 1.10).
pub(super) const LONGEST_TEXT: usize = 3_000;

/// A text with holes such as `{{ caller }}`; its syntax is right.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Template(String);

/// What a template can name.
pub type Variables = BTreeMap<String, Value>;

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// Says what is wrong with its holes.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        // Without `{` there is nothing that could be wrong.
        if text.contains('{') {
            environment()
                .template_from_str(&text)
                .map_err(|error| format!("the text has a broken hole: {}", reason(&error)))?;
        }
        Ok(Self(text))
    }

    /// A text without holes.
    pub fn plain(text: &str) -> Self {
        Self(
            text.replace("{{", "{ {")
                .replace("{%", "{ %")
                .replace("{#", "{ #"),
        )
    }

    /// As it is written.
    pub fn source(&self) -> &str {
        &self.0
    }

    /// The variables that it names, dotted as written.
    pub fn names(&self) -> Vec<String> {
        let Ok(template) = environment().template_from_str(&self.0) else {
            return Vec::new();
        };
        let mut names: Vec<String> = template.undeclared_variables(true).into_iter().collect();
        names.sort();
        names
    }

    /// The text with its holes filled. A name without a value is empty.
    ///
    /// # Errors
    /// When a hole cannot be filled, takes too much work or makes the text too long. The message names no values.
    pub fn render(&self, variables: &Variables) -> Result<String, String> {
        if !self.0.contains('{') {
            return bounded(self.0.clone());
        }
        environment()
            .render_str(&self.0, Serde(variables))
            .map_err(|error| format!("a text cannot be filled in: {:?}", error.kind()))
            .and_then(bounded)
    }
}

/// Whether an expression such as `digits == "1"` can be read.
///
/// # Errors
/// Says what is wrong with it.
pub(super) fn check_condition(expression: &str) -> Result<(), String> {
    environment()
        .compile_expression(expression)
        .map(drop)
        .map_err(|error| format!("the condition cannot be read: {}", reason(&error)))
}

/// Whether an expression holds; one that cannot be worked out does not.
pub(super) fn holds(expression: &str, variables: &Variables) -> bool {
    environment()
        .compile_expression(expression)
        .and_then(|compiled| compiled.eval(Serde(variables)))
        .is_ok_and(|value| value.is_true())
}

fn reason(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => detail.to_owned(),
        None => error.kind().to_string(),
    }
}

fn bounded(text: String) -> Result<String, String> {
    if text.chars().count() > LONGEST_TEXT {
        return Err(format!("a text came out longer than {LONGEST_TEXT} characters"));
    }
    Ok(text)
}

fn environment() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut environment = Environment::new();
        environment.set_fuel(Some(FUEL));
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        // Read out one by one: "5 5 5 0 1 0 0" instead of a number in the millions.
        environment.add_filter("spelled", |text: String| {
            let signs: Vec<String> = text.chars().map(String::from).collect();
            signs.join(" ")
        });
        environment
    })
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({} characters)", self.0.chars().count())
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Template {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Template".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A text with holes, such as {{ caller }}, {{ digits }} or {{ vars.sales }}."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn variables() -> Variables {
        Variables::from([
            ("digits".to_owned(), json!("5550100")),
            (
                "http".to_owned(),
                json!({ "who": { "name": "Ada", "list": [1, 2] } }),
            ),
        ])
    }

    #[test]
    fn holes_are_filled_and_unknown_names_are_empty() {
        for (text, expected) in [
            ("plain", "plain"),
            ("{{ digits }}", "5550100"),
            ("{{ digits | spelled }}", "5 5 5 0 1 0 0"),
            ("{{ http.who.name }} {{ http.nobody.name }}.", "Ada ."),
            ("{% if digits == '5550100' %}yes{% else %}no{% endif %}", "yes"),
            ("<{{ digits[:3] }}>", "<555>"),
        ] {
            let text = Template::new(text).unwrap();
            assert_eq!(text.render(&variables()).unwrap(), expected);
        }
    }

    #[test]
    fn broken_holes_are_found_when_read_and_endless_ones_when_rendered() {
        for bad in ["{{ digits", "{% if x %}", "{{ a | nofilter }}"] {
            let read = Template::new(bad);
            assert!(
                read.is_err() || read.unwrap().render(&variables()).is_err(),
                "{bad}"
            );
        }
        let endless =
            Template::new("{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}");
        assert!(endless.unwrap().render(&variables()).is_err());
        let long = Template::plain(&"x".repeat(LONGEST_TEXT + 1));
        assert!(long.render(&variables()).is_err());
    }

    #[test]
    fn conditions_hold_or_do_not() {
        assert!(holds("digits == '5550100'", &variables()));
        assert!(holds("http.who.list | length == 2 and not missing", &variables()));
        assert!(!holds("missing.x.y", &variables()) && !holds("missing()", &variables()));
        assert!(check_condition("a ==").is_err());
    }
}
