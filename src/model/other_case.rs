//! Members whose name differs from a known one in its case only. What is written in Go takes
//! the one for the other (encoding/json, "preferring exact matches but also accepting
//! case-insensitive matches", the last one holds), and others do not: where such a member says
//! what a document is or what belongs to it, it is two documents.

use serde_json::{Map, Value};

/// What says what a manifest or index is, and what it consists of.
const DOCUMENT: [&str; 9] = [
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "blobs",
    "manifests",
    "subject",
    "fsLayers",
    "history",
];

/// What a descriptor points at.
const DESCRIPTOR: [&str; 7] = [
    "mediaType",
    "artifactType",
    "digest",
    "size",
    "urls",
    "data",
    "platform",
];

/// What a platform is chosen by.
const PLATFORM: [&str; 5] = ["os", "architecture", "variant", "os.version", "os.features"];

/// The members of a document that hold one descriptor, or a list of them.
const DESCRIBING: [&str; 5] = ["config", "layers", "blobs", "manifests", "subject"];

/// The first member of `document` that is a known one but for its case, and the known one.
/// Annotations are free, as is what is not known at all.
pub(super) fn find(document: &Value) -> Option<(String, &'static str)> {
    let members = document.as_object()?;
    among(members, &DOCUMENT).or_else(|| {
        let parts = DESCRIBING.iter().filter_map(|key| members.get(*key));
        let descriptors = parts.flat_map(|part| match part {
            Value::Array(list) => &list[..],
            one => std::slice::from_ref(one),
        });
        descriptors.filter_map(Value::as_object).find_map(|one| {
            let platform = one.get("platform").and_then(Value::as_object);
            among(one, &DESCRIPTOR)
                .or_else(|| platform.and_then(|platform| among(platform, &PLATFORM)))
        })
    })
}

fn among(members: &Map<String, Value>, known: &[&'static str]) -> Option<(String, &'static str)> {
    members.keys().find_map(|key| {
        let meant = known
            .iter()
            .find(|known| **known != key && folds(key, known));
        meant.map(|meant| (key.clone(), *meant))
    })
}

/// Whether Go takes `key` for `known`, a name in ASCII: by Unicode's simple folding, in which
/// two letters outside of ASCII are an s and a k.
pub(crate) fn folds(key: &str, known: &str) -> bool {
    let plain = key.chars().map(|letter| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        letter => letter.to_ascii_lowercase(),
    });
    plain.eq(known.chars().map(|letter| letter.to_ascii_lowercase()))
}
