//! JSON values of which only the kind is known in advance.
//!
//! An event type that this build does not know may give any field any type, so a wrong type must not fail the whole
//! parse: it is remembered, and an error only where somebody reads the field.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Fault;

/// A string, boolean or whole number.
#[derive(Default)]
pub(super) enum Scalar<'a> {
    /// Missing or null.
    #[default]
    Absent,
    /// A string.
    Text(Cow<'a, str>),
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Anything else: objects, arrays, fractions, numbers beyond 63 bits.
    Other,
}

impl Scalar<'_> {
    /// The string, if there is a value at all.
    pub(super) fn text(&self) -> Result<Option<&str>, Fault> {
        match self {
            Self::Absent => Ok(None),
            Self::Text(text) => Ok(Some(text)),
            Self::Boolean(_) | Self::Integer(_) | Self::Other => Err(Fault("wrong_type")),
        }
    }

    /// The boolean, if there is a value at all.
    pub(super) fn boolean(&self) -> Result<Option<bool>, Fault> {
        match self {
            Self::Absent => Ok(None),
            Self::Boolean(value) => Ok(Some(*value)),
            Self::Text(_) | Self::Integer(_) | Self::Other => Err(Fault("wrong_type")),
        }
    }

    /// The whole number, if there is a value at all.
    pub(super) fn integer(&self) -> Result<Option<i64>, Fault> {
        match self {
            Self::Absent => Ok(None),
            Self::Integer(value) => Ok(Some(*value)),
            Self::Text(_) | Self::Boolean(_) | Self::Other => Err(Fault("wrong_type")),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;

        impl<'de> Visitor<'de> for ScalarVisitor {
            type Value = Scalar<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Boolean(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Integer(value))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar<'de>, E> {
                Ok(i64::try_from(value).map_or(Scalar::Other, Scalar::Integer))
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Other)
            }

            fn visit_unit<E: Error>(self) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Absent)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Scalar<'de>, A::Error> {
                drain_seq(seq)?;
                Ok(Scalar::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }
        }

        deserializer.deserialize_any(ScalarVisitor)
    }
}

/// An object, and only an object: a derived struct alone would also accept an array.
#[derive(Default)]
pub(super) enum Object<T> {
    /// Missing or null.
    #[default]
    Absent,
    /// An object.
    Value(T),
    /// Anything else.
    Other,
}

impl<T> Object<T> {
    /// The object, if there is a value at all.
    pub(super) fn value(&self) -> Result<Option<&T>, Fault> {
        match self {
            Self::Absent => Ok(None),
            Self::Value(value) => Ok(Some(value)),
            Self::Other => Err(Fault("wrong_type")),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object::Value)
            }

            fn visit_unit<E: Error>(self) -> Result<Object<T>, E> {
                Ok(Object::Absent)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Object<T>, A::Error> {
                drain_seq(seq)?;
                Ok(Object::Other)
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<Object<T>, E> {
                Ok(Object::Other)
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Object<T>, E> {
                Ok(Object::Other)
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Object<T>, E> {
                Ok(Object::Other)
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Object<T>, E> {
                Ok(Object::Other)
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Object<T>, E> {
                Ok(Object::Other)
            }
        }

        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

fn drain_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}
