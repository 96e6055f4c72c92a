//! The folders that readers of before Docker 1.10 look into (Docker image specification
//! 1.0): one a layer, each with an ID of its own and the ID of the one below it.
//!
//! Docker makes the IDs anew when it loads an image, so that only two things matter: each is
//! another one, and the same image has the same ones. They are made as containers/image
//! makes them.

use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use crate::model::Digest;

/// What of the config the topmost layer repeats.
const REPEATED: [&str; 7] = [
    "architecture",
    "config",
    "container",
    "container_config",
    "created",
    "docker_version",
    "os",
];

/// A layer's folder.
pub(super) struct Legacy {
    /// Its name.
    pub(super) id: String,
    pub(super) diff_id: Digest,
    /// The file `json` in it.
    pub(super) json: String,
}

/// What the file of a layer is called.
pub(super) fn layer_file(diff_id: &Digest) -> String {
    format!("{}.tar", diff_id.hex())
}

/// The folders of an image with this config and these layers, the lowest first.
///
/// # Errors
/// Where the config is no JSON object.
pub(super) fn layers(config: &[u8], diff_ids: &[Digest]) -> Result<Vec<Legacy>, String> {
    let config: BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(config).map_err(|error| error.to_string())?;
    let mut chain: Option<Digest> = None;
    let mut made: Vec<Legacy> = Vec::with_capacity(diff_ids.len());
    for (position, diff_id) in diff_ids.iter().enumerate() {
        // the names in their order, each with its JSON
        let mut about: BTreeMap<&str, String> = BTreeMap::new();
        if let Some(below) = made.last() {
            about.insert("parent", quoted(&below.id));
        }
        if position + 1 == diff_ids.len() {
            for key in REPEATED {
                let value = config.get(key).map(|value| compact(value.get()));
                about.insert(key, value.unwrap_or_else(|| "null".to_owned()));
            }
        }
        let own = match &chain {
            None => diff_id.clone(),
            Some(below) => Digest::sha256(format!("{below} {diff_id}").as_bytes()),
        };
        about.insert("layer_id", quoted(&own.to_string()));
        let id = Digest::sha256(object(&about).as_bytes()).hex().to_owned();
        about.remove("layer_id");
        about.insert("id", quoted(&id));
        made.push(Legacy {
            json: object(&about),
            id,
            diff_id: diff_id.clone(),
        });
        chain = Some(own);
    }
    Ok(made)
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn object(about: &BTreeMap<&str, String>) -> String {
    let pairs: Vec<_> = about
        .iter()
        .map(|(key, value)| format!("{}:{value}", quoted(key)))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

/// JSON without the spaces between its parts, and with what HTML would read as its own
/// escaped, as Go writes it.
fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut in_text, mut escaped) = (false, false);
    for c in json.chars() {
        match c {
            ' ' | '\t' | '\r' | '\n' if !in_text => continue,
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => out.push(c),
        }
        if in_text && !escaped && c == '\\' {
            escaped = true;
            continue;
        }
        if c == '"' && !escaped {
            in_text = !in_text;
        }
        escaped = false;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_written_as_go_writes_it() {
        for (json, expected) in [
            (r#"{ "a" : [ 1, 2.50 ] }"#, r#"{"a":[1,2.50]}"#),
            (r#""a b\" c\\" "#, r#""a b\" c\\""#),
            (r#""<&>""#, r#""\u003c\u0026\u003e""#),
            ("\"\u{2028}\"", r#""\u2028""#),
        ] {
            assert_eq!(compact(json), expected);
        }
    }

    #[test]
    fn each_layer_names_the_one_below_it() {
        let diff_ids = [Digest::sha256(b"a"), Digest::sha256(b"b")];
        let made = layers(br#"{"os":"linux","other":1}"#, &diff_ids).unwrap();
        let below = serde_json::from_str::<Value>(&made[0].json).unwrap();
        assert_eq!(below, serde_json::json!({"id": made[0].id}));
        let top: Value = serde_json::from_str(&made[1].json).unwrap();
        assert_eq!(top["parent"], made[0].id);
        assert_eq!((&top["os"], &top["other"]), (&"linux".into(), &Value::Null));
        assert!(layers(b"[]", &diff_ids).is_err());
    }
}
