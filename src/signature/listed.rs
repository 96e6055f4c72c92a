//! The images that an index lists, as every reader finds them.
//!
//! Readers in Go take `Digest` for `digest`, and of two keys the last one; engines choose by
//! the platform alone. What is said of "every platform" holds only where all of them find
//! the same entries (a relative of CVE-2021-41190).

use serde_json::{Map, Value};

use super::json::{self, JsonProblem};
use crate::model::{Descriptor, DescriptorProblem, Document, folds};

/// The keys that mean something in an index, its descriptors and platforms, and those that
/// would make a manifest of it.
const KNOWN: [&str; 20] = [
    "schemaVersion",
    "mediaType",
    "artifactType",
    "manifests",
    "subject",
    "annotations",
    "digest",
    "size",
    "urls",
    "data",
    "platform",
    "architecture",
    "os",
    "os.version",
    "os.features",
    "variant",
    "config",
    "layers",
    "fsLayers",
    "history",
];

/// Why it cannot be said which images an index lists.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    #[error("it is no index")]
    NoIndex,
    #[error("{0}")]
    Document(String),
    #[error("readers may take it for different things: {0}")]
    Json(#[from] JsonProblem),
    #[error("it has the key {found:?}, which some readers take for {meant:?}")]
    Key { found: String, meant: &'static str },
    #[error("entry {position} of it cannot be read: {problem}")]
    Entry {
        /// Counted from 0.
        position: usize,
        problem: DescriptorProblem,
    },
}

impl Unclear {
    /// What to do about it.
    pub const fn hint(&self) -> &'static str {
        "Ask whoever made the index for one that can be read in one way only"
    }
}

/// Every entry of the index that somebody may run, with its position.
///
/// # Errors
/// Where readers may find others: an entry is no descriptor, a key is there twice or in
/// another case.
pub fn images(document: &Document) -> Result<Vec<(usize, &Descriptor)>, Unclear> {
    let index = document.index().ok_or_else(|| match document.problem() {
        Some(problem) => Unclear::Document(problem.to_string()),
        None => Unclear::NoIndex,
    })?;
    one_reading(&json::read(document.bytes())?)?;
    let mut images = Vec::new();
    for (position, entry) in index.entries.iter().enumerate() {
        let entry = entry.as_ref().map_err(|problem| Unclear::Entry {
            position,
            problem: problem.clone(),
        })?;
        if entry.may_be_image() {
            images.push((position, entry));
        }
    }
    Ok(images)
}

fn one_reading(value: &Value) -> Result<(), Unclear> {
    match value {
        Value::Array(items) => items.iter().try_for_each(one_reading),
        Value::Object(object) => object_of_one_reading(object),
        _ => Ok(()),
    }
}

fn object_of_one_reading(object: &Map<String, Value>) -> Result<(), Unclear> {
    for (key, value) in object {
        if !KNOWN.contains(&key.as_str()) {
            let mut known = KNOWN.iter();
            if let Some(meant) = known.find(|known| folds(key, known)) {
                return Err(Unclear::Key {
                    found: key.chars().take(100).collect(),
                    meant,
                });
            }
        }
        // its keys are anybody's, and are told apart by their case
        if key != "annotations" {
            one_reading(value)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Algorithm, MediaType, RawDocument};

    const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn index(text: &str) -> Document {
        let media_type = MediaType::new(MediaType::OCI_INDEX);
        let bytes = text.to_owned().into_bytes();
        Document::read(RawDocument::hash(
            bytes.into(),
            Algorithm::Sha256,
            media_type,
        ))
    }

    fn entry(more: &str) -> String {
        format!(r#"{{"mediaType":"m","size":1,{more}}}"#)
    }

    #[test]
    fn what_an_engine_may_choose_is_an_image_whatever_it_is_called() {
        let attested = r#""annotations":{"vnd.docker.reference.type":"attestation-manifest"}"#;
        let platform = |os: &str, cpu: &str| {
            entry(&format!(
                r#""digest":"{DIGEST}",{attested},"platform":{{"os":"{os}","architecture":"{cpu}"}}"#
            ))
        };
        let none = entry(&format!(r#""digest":"{DIGEST}",{attested}"#));
        let text = format!(
            r#"{{"manifests":[{},{},{none}]}}"#,
            platform("unknown", "unknown"),
            platform("linux", "arm64"),
        );
        let document = index(&text);
        let positions = images(&document).unwrap().into_iter().map(|(at, _)| at);
        assert_eq!(positions.collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn an_index_that_readers_may_read_in_two_ways_lists_nothing_for_sure() {
        let good = entry(&format!(
            r#""digest":"{DIGEST}","annotations":{{"a":"x","A":"y"}}"#
        ));
        assert!(images(&index(&format!(r#"{{"manifests":[{good}]}}"#))).is_ok());
        let with = |more: &str| format!(r#"{{"manifests":[{good},{}]}}"#, entry(more));
        for (what, text) in [
            ("another case", with(&format!(r#""Digest":"{DIGEST}""#))),
            (
                "both cases",
                with(&format!(r#""digest":"{DIGEST}","DIGEST":"{DIGEST}""#)),
            ),
            (
                "a platform in another case",
                with(&format!(
                    r#""digest":"{DIGEST}","Platform":{{"os":"linux"}}"#
                )),
            ),
            (
                "a system in another case",
                with(&format!(
                    r#""digest":"{DIGEST}","platform":{{"OS":"linux"}}"#
                )),
            ),
            (
                "twice",
                with(&format!(r#""digest":"{DIGEST}","digest":"{DIGEST}""#)),
            ),
            (
                "two lists",
                format!(r#"{{"manifests":[{good}],"Manifests":[{good}]}}"#),
            ),
            (
                "two lists of one name",
                format!(r#"{{"manifests":[{good}],"manifests":[]}}"#),
            ),
            (
                "a letter that Go takes for an s",
                format!("{{\"manifests\":[{good}],\"manife\u{17f}ts\":[{good}]}}"),
            ),
            ("no descriptor", format!(r#"{{"manifests":[{good},5]}}"#)),
            ("no digest", with(r#""urls":[]"#)),
        ] {
            let document = index(&text);
            assert!(images(&document).is_err(), "{what}");
        }
    }
}
