//! JSON from outside, read so that it says one thing only: no key twice, no known one in
//! another case, bounded depth and size.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::model::{folds, limits};

/// Why JSON is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonProblem {
    #[error("it has {found} bytes, more than the {limit} that are read")]
    TooLong { found: usize, limit: u64 },
    #[error("{0}")]
    Syntax(String),
    #[error("it says {found:?}, which some programs take for {known:?} and others do not")]
    Case { known: &'static str, found: String },
}

/// The names that members of a document may have, by the place of the object that has them: a
/// pointer (RFC 6901), with `*` for each entry of a list.
pub type Members = [(&'static str, &'static [&'static str])];

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

/// Reads JSON as [`read`] does, and refuses a known member's name in another case.
///
/// # Errors
/// As [`read`] and [`check_case`].
pub fn read_as(bytes: &[u8], known: &Members) -> Result<Value, JsonProblem> {
    let value = read(bytes)?;
    check_case(&value, known)?;
    Ok(value)
}

/// Whether every known member is written as it is known. Go's reader takes names that differ
/// in their case for the same, and the last of them counts; others read one of them only.
/// Members that are not known are free.
///
/// # Errors
/// The first that is written in another case.
pub fn check_case(value: &Value, known: &Members) -> Result<(), JsonProblem> {
    for (place, names) in known {
        for found in members(value, place) {
            let is_meant = |name: &&&str| **name != found && folds(found, name);
            if let Some(known) = names.iter().find(is_meant) {
                return Err(JsonProblem::Case {
                    known,
                    found: found.to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// The names of all members at a place.
fn members<'a>(value: &'a Value, place: &str) -> Vec<&'a str> {
    let mut found = vec![value];
    for part in place.split('/').skip(1) {
        let inside = found.into_iter().flat_map(|value| match part {
            "*" => value.as_array().into_iter().flatten().collect(),
            name => value.get(name).into_iter().collect::<Vec<_>>(),
        });
        found = inside.collect();
    }
    let objects = found.into_iter().filter_map(Value::as_object);
    objects
        .flat_map(|object| object.keys().map(String::as_str))
        .collect()
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
    fn a_known_name_in_another_case_is_refused_and_unknown_ones_are_free() {
        const KNOWN: &Members = &[("", &["list", "map"]), ("/list/*", &["task"])];
        for (text, known) in [
            (r#"{"list":[],"List":[]}"#, "list"),
            (r#"{"LIST":[]}"#, "list"),
            (r#"{"li\u017ft":[]}"#, "list"),
            (r#"{"list":[{"task":1},{"task":1,"tas\u212a":2}]}"#, "task"),
        ] {
            let problem = read_as(text.as_bytes(), KNOWN).unwrap_err();
            assert!(
                matches!(problem, JsonProblem::Case { known: name, .. } if name == known),
                "{text}: {problem}"
            );
        }
        let free = r#"{"list":[{"task":1,"a":1,"A":2}],"map":{"list":1,"List":2},"x":1,"X":2}"#;
        assert!(read_as(free.as_bytes(), KNOWN).is_ok());
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
