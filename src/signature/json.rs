//! JSON from outside, read so that it says one thing only: no key twice, bounded depth and
//! size.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::model::limits;

/// Why JSON is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonProblem {
    #[error("it has {found} bytes, more than the {limit} that are read")]
    TooLong { found: usize, limit: u64 },
    #[error("{0}")]
    Syntax(String),
}

/// Reads JSON of at most [`limits::ATTESTATION_BYTES`]. An object with the same key twice is
/// refused at any depth, as one reader would take the first and another the last.
///
/// # Errors
/// Where it is too long, nested deeper than serde_json's 128, or not such JSON.
pub fn read(bytes: &[u8]) -> Result<Value, JsonProblem> {
    if bytes.len() as u64 > limits::ATTESTATION_BYTES {
        return Err(JsonProblem::TooLong {
            found: bytes.len(),
            limit: limits::ATTESTATION_BYTES,
        });
    }
    let syntax = |error: serde_json::Error| JsonProblem::Syntax(error.to_string());
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict.deserialize(&mut reader).map_err(syntax)?;
    reader.end().map_err(syntax)?;
    Ok(value)
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number without value"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            read.push(item);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if read.contains_key(&key) {
                return Err(de::Error::custom(format_args!("it says {key:?} twice")));
            }
            read.insert(key, entries.next_value_seed(Self)?);
        }
        Ok(Value::Object(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_twice_is_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":2}"#, r#"[{"b":{"a":1,"c":2,"a":1}}]"#] {
            let problem = read(text.as_bytes()).unwrap_err();
            assert!(problem.to_string().contains("\"a\" twice"), "{problem}");
        }
    }

    #[test]
    fn plain_json_is_read_as_it_stands() {
        let text = r#"{"b":[1,-2,2.5,null,true,"x"],"a":{}}"#;
        let value = read(text.as_bytes()).unwrap();
        assert_eq!(value.to_string(), text);
        assert!(read(b"{} {}").is_err());
        assert!(read("[".repeat(100_000).as_bytes()).is_err());
    }
}
