//! What a build was asked for, as a flat list of names and values.

use serde_json::{Map, Value};

use crate::model::{limits, loose};

/// How deep objects in objects are named; what lies deeper is shown as JSON.
const DEPTH: usize = 4;

/// Names with dots and values of everything in `object`, in its order.
pub(super) fn flat(object: &Map<String, Value>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk("", object, 1, &mut found);
    found
}

fn walk(
    before: &str,
    object: &Map<String, Value>,
    depth: usize,
    found: &mut Vec<(String, String)>,
) {
    for (key, value) in object {
        if found.len() >= limits::BUILD_PARAMETERS {
            return;
        }
        let name = if before.is_empty() {
            key.clone()
        } else {
            format!("{before}.{key}")
        };
        let name = loose::cut(name, limits::ATTACHMENT_TEXT_BYTES);
        let text = match value {
            Value::Null => continue,
            Value::Object(inner) if inner.is_empty() => continue,
            Value::Array(inner) if inner.is_empty() => continue,
            Value::Object(inner) if depth < DEPTH => {
                walk(&name, inner, depth + 1, found);
                continue;
            }
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        found.push((name, loose::cut(text, limits::ATTACHMENT_TEXT_BYTES)));
    }
}
