//! An agent as a flow file lists it: a number, or a table when there is more to say.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::flow::span::Span;
use crate::flow::template::Template;

/// One agent.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueAgent {
    /// E.164 or SIP URI; left out when nothing comes out.
    pub to: Template,
    /// For lists.
    pub name: Option<String>,
    /// Time after a call; the step's when absent.
    pub wrap_up: Option<Span>,
    /// Rung only when nobody of a lower number is free.
    pub priority: u8,
}

/// An agent with more than a number.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AgentTable {
    /// E.164 or SIP URI.
    to: Template,
    /// For lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Time after a call; the step's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wrap_up: Option<Span>,
    /// Rung only when nobody of a lower number is free, 1 to 9.
    #[serde(default = "first")]
    priority: u8,
}

fn first() -> u8 {
    1
}

impl From<AgentTable> for QueueAgent {
    fn from(table: AgentTable) -> Self {
        let AgentTable {
            to,
            name,
            wrap_up,
            priority,
        } = table;
        Self {
            to,
            name,
            wrap_up,
            priority,
        }
    }
}

impl Serialize for QueueAgent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // As it was written before there were tables: equal flows have equal hashes.
        if self.name.is_none() && self.wrap_up.is_none() && self.priority == first() {
            return self.to.serialize(serializer);
        }
        let table = AgentTable {
            to: self.to.clone(),
            name: self.name.clone(),
            wrap_up: self.wrap_up,
            priority: self.priority,
        };
        table.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for QueueAgent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl<'de> Visitor<'de> for Written {
            type Value = QueueAgent;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a number, a SIP address, or a table such as { to = \"+15550100\", wrap_up = \"30s\" }",
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<QueueAgent, E> {
                Ok(QueueAgent {
                    to: Template::new(text).map_err(E::custom)?,
                    name: None,
                    wrap_up: None,
                    priority: first(),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<QueueAgent, A::Error> {
                AgentTable::deserialize(MapAccessDeserializer::new(map)).map(QueueAgent::from)
            }
        }
        deserializer.deserialize_any(Written)
    }
}

impl JsonSchema for QueueAgent {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "QueueAgent".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (number, table) = (
            generator.subschema_for::<Template>(),
            generator.subschema_for::<AgentTable>(),
        );
        json_schema!({ "anyOf": [number, table] })
    }
}
