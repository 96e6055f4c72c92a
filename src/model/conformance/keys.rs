//! The keys of a JSON object as they are written. A parsed object has forgotten which of
//! them stood there twice.

use std::collections::HashSet;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Finding;
use crate::model::text;

/// The keys of the outermost object, in order.
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeysVisitor;

        impl<'de> Visitor<'de> for KeysVisitor {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }

        deserializer.deserialize_map(KeysVisitor)
    }
}

/// Finds keys that two readers may understand in two ways: written twice, or differing
/// from a key of the specification in their case only, which Go's reader takes for it.
pub(super) fn findings(bytes: &[u8], known: &[&str]) -> Vec<Finding> {
    let Ok(Keys(keys)) = serde_json::from_slice(bytes) else {
        return Vec::new();
    };
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for key in &keys {
        if !seen.insert(key) {
            found.push(Finding::warning(
                format!("\"{}\" is written twice", text::visible(key)),
                "Readers differ in which of the two they take; the last one is shown here",
            ));
        }
        let meant = known.iter().find(|known| known.eq_ignore_ascii_case(key));
        if let Some(meant) = meant.filter(|meant| *meant != key) {
            found.push(Finding::warning(
                format!("\"{}\" is not \"{meant}\"", text::visible(key)),
                "Tools written in Go take the one for the other, and others do not",
            ));
        }
    }
    found
}
