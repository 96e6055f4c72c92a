//! Changing `index.json`: which entry a name belongs to, by containers/image's rules.

use serde_json::{Value, json};

use crate::model::{Descriptor, annotation, is_cosign_tag};
use crate::transport::Problem;

/// An entry that is to be listed.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) descriptor: Descriptor,
    /// What it is called; nothing for what is only to be found by its digest.
    pub(super) name: Option<String>,
}

/// A list without entries.
pub(super) fn empty() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": crate::model::MediaType::OCI_INDEX,
        "manifests": [],
    })
}

/// Lists `listed` in `index`; whether that changed anything. What else is in it stays as it
/// is, known here or not.
///
/// A name that another entry has is taken from it, and that entry stays without one; where
/// the name is one of cosign's tags it goes, as what it lists is listed by the new one. Then
/// the name is given to an entry of the same digest that has none, or one is added. One
/// without a name is not added where its digest is listed already.
pub(super) fn put(index: &mut Value, listed: &Listed) -> Result<bool, Problem> {
    if index.get("manifests").is_none_or(Value::is_null) {
        index["manifests"] = json!([]);
    }
    let Some(entries) = index["manifests"].as_array_mut() else {
        return Err(Problem::Broken {
            file: "index.json".to_owned(),
            why: "its \"manifests\" are no list".to_owned(),
        });
    };
    let digest = listed.descriptor.digest.to_string();
    let mut descriptor = listed.descriptor.clone();
    let Some(name) = &listed.name else {
        if entries.iter().any(|entry| entry["digest"] == digest) {
            return Ok(false);
        }
        descriptor.annotations.remove(annotation::REF_NAME);
        entries.push(json!(descriptor));
        return Ok(true);
    };
    let named: Vec<_> = entries
        .iter()
        .filter(|entry| name_of(entry) == Some(name))
        .map(|entry| entry["digest"] == digest)
        .collect();
    if named == [true] {
        return Ok(false);
    }
    if is_cosign_tag(name) {
        entries.retain(|entry| name_of(entry) != Some(name) || entry["digest"] == digest);
    }
    for entry in entries
        .iter_mut()
        .filter(|entry| name_of(entry) == Some(name))
    {
        if let Some(annotations) = entry["annotations"].as_object_mut() {
            annotations.remove(annotation::REF_NAME);
            if annotations.is_empty()
                && let Some(entry) = entry.as_object_mut()
            {
                entry.remove("annotations");
            }
        }
    }
    let unnamed = entries
        .iter_mut()
        .find(|entry| entry["digest"] == digest && name_of(entry).is_none());
    match unnamed {
        // what else it says, whoever wrote it, stays
        Some(entry) if entry["annotations"].is_object() => {
            entry["annotations"][annotation::REF_NAME] = json!(name);
        }
        Some(entry) => entry["annotations"] = json!({annotation::REF_NAME: name}),
        None => {
            let name = (annotation::REF_NAME.to_owned(), name.clone());
            descriptor.annotations.extend([name]);
            entries.push(json!(descriptor));
        }
    }
    Ok(true)
}

/// Whether it is an index of the image specification: its version, and a list of descriptors.
pub(super) fn is_index(value: &Value) -> bool {
    let listed = value["manifests"].as_array();
    value["schemaVersion"] == 2
        && listed.is_some_and(|all| all.iter().all(|one| Descriptor::from_json(one).is_ok()))
}

/// The digest of what is called `name`; nothing where nothing is.
pub(super) fn named<'a>(index: &'a Value, name: &str) -> Option<&'a str> {
    let mut entries = index["manifests"].as_array()?.iter();
    entries.find(|entry| name_of(entry) == Some(name))?["digest"].as_str()
}

/// Whether a name of `before` leads to something else in `after`.
pub(super) fn moves(before: &Value, after: &Value) -> bool {
    let entries = before["manifests"].as_array();
    let mut names = entries.into_iter().flatten().filter_map(name_of);
    names.any(|name| named(before, name) != named(after, name))
}

/// Takes the entry called `name` out of the list; whether there was one.
pub(super) fn remove_name(index: &mut Value, name: &str) -> bool {
    remove(index, |entry| name_of(entry) == Some(name))
}

/// Takes every entry of `digest` out of the list; whether there was one.
pub(super) fn remove_digest(index: &mut Value, digest: &str) -> bool {
    remove(index, |entry| entry["digest"] == digest)
}

fn remove(index: &mut Value, which: impl Fn(&Value) -> bool) -> bool {
    let Some(entries) = index["manifests"].as_array_mut() else {
        return false;
    };
    let before = entries.len();
    entries.retain(|entry| !which(entry));
    entries.len() != before
}

fn name_of(entry: &Value) -> Option<&str> {
    let name = entry["annotations"][annotation::REF_NAME].as_str();
    name.filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Digest, MediaType};

    fn listed(content: &str, name: Option<&str>) -> Listed {
        let digest = Digest::sha256(content.as_bytes());
        Listed {
            descriptor: Descriptor::new(MediaType::OCI_MANIFEST, digest, 1),
            name: name.map(ToOwned::to_owned),
        }
    }

    /// Content and name of each entry.
    fn shown(index: &Value) -> Vec<(String, Option<String>)> {
        let entries = index["manifests"].as_array().unwrap().iter();
        let content = |entry: &Value| {
            let digest = entry["digest"].as_str().unwrap();
            let of = |text: &&&str| Digest::sha256(text.as_bytes()).to_string() == digest;
            (*["a", "b", "c"].iter().find(of).unwrap()).to_owned()
        };
        entries
            .map(|entry| (content(entry), name_of(entry).map(ToOwned::to_owned)))
            .collect()
    }

    #[test]
    fn a_name_moves_where_it_leads_to_something_else() {
        let mut index = empty();
        put(&mut index, &listed("a", Some("1"))).unwrap();
        let mut more = index.clone();
        put(&mut more, &listed("b", Some("2"))).unwrap();
        put(&mut more, &listed("c", None)).unwrap();
        assert!(!moves(&index, &more));
        put(&mut more, &listed("b", Some("1"))).unwrap();
        assert!(moves(&index, &more));
        remove_name(&mut more, "1");
        assert!(moves(&index, &more));
    }

    #[test]
    fn names_move_as_containers_image_moves_them() {
        let mut index = empty();
        type Entry = (&'static str, Option<&'static str>);
        let steps: [(&str, Option<&str>, bool, &[Entry]); 8] = [
            ("a", Some("1"), true, &[("a", Some("1"))]),
            ("a", Some("1"), false, &[("a", Some("1"))]),
            ("b", Some("1"), true, &[("a", None), ("b", Some("1"))]),
            ("a", Some("2"), true, &[("a", Some("2")), ("b", Some("1"))]),
            ("a", None, false, &[("a", Some("2")), ("b", Some("1"))]),
            (
                "a",
                Some("3"),
                true,
                &[("a", Some("2")), ("b", Some("1")), ("a", Some("3"))],
            ),
            (
                "c",
                None,
                true,
                &[
                    ("a", Some("2")),
                    ("b", Some("1")),
                    ("a", Some("3")),
                    ("c", None),
                ],
            ),
            (
                "c",
                Some("2"),
                true,
                &[
                    ("a", None),
                    ("b", Some("1")),
                    ("a", Some("3")),
                    ("c", Some("2")),
                ],
            ),
        ];
        for (content, name, changes, expected) in steps {
            let changed = put(&mut index, &listed(content, name)).unwrap();
            let expected: Vec<_> = expected
                .iter()
                .map(|(content, name)| ((*content).to_owned(), name.map(ToOwned::to_owned)))
                .collect();
            assert_eq!(shown(&index), expected, "{content} {name:?}");
            assert_eq!(changed, changes, "{content} {name:?}");
        }
    }

    #[test]
    fn what_cosign_listed_before_goes_with_its_name() {
        let tag = crate::model::CosignTag::Signatures.of(&Digest::sha256(b"image"));
        let mut index = empty();
        for (content, name) in [("a", "1"), ("b", &tag), ("c", &tag)] {
            put(&mut index, &listed(content, Some(name))).unwrap();
        }
        let expected = [
            ("a".to_owned(), Some("1".to_owned())),
            ("c".to_owned(), Some(tag)),
        ];
        assert_eq!(shown(&index), expected);
    }

    #[test]
    fn what_is_not_known_here_stays() {
        let mut index = json!({"schemaVersion": 2, "own": [1], "manifests": [
            {"digest": "odd", "own": {"x": 1}, "annotations": {"k": "v", annotation::REF_NAME: "1"}}
        ]});
        put(&mut index, &listed("a", Some("1"))).unwrap();
        assert_eq!(index["own"], json!([1]));
        assert_eq!(
            index["manifests"][0],
            json!({"digest": "odd", "own": {"x": 1}, "annotations": {"k": "v"}})
        );
        assert!(put(&mut json!({"manifests": 1}), &listed("a", None)).is_err());
    }

    #[test]
    fn an_entry_that_is_named_says_what_it_said() {
        let digest = Digest::sha256(b"a").to_string();
        for (annotations, expected) in [
            (
                json!({"k": "v"}),
                json!({"k": "v", annotation::REF_NAME: "1"}),
            ),
            (json!(null), json!({annotation::REF_NAME: "1"})),
        ] {
            let mut index = json!({"schemaVersion": 2, "manifests": [
                {"digest": digest, "size": 1, "platform": {"os": "x"}, "own": [1],
                 "annotations": annotations}
            ]});
            assert!(put(&mut index, &listed("a", Some("1"))).unwrap());
            let expected = json!([
                {"digest": digest, "size": 1, "platform": {"os": "x"}, "own": [1],
                 "annotations": expected}
            ]);
            assert_eq!(index["manifests"], expected);
        }
    }

    #[test]
    fn entries_are_removed_by_name_and_by_digest() {
        let mut index = empty();
        for (content, name) in [("a", Some("1")), ("a", Some("2")), ("b", Some("3"))] {
            put(&mut index, &listed(content, name)).unwrap();
        }
        assert!(!remove_name(&mut index, "4"));
        assert!(remove_name(&mut index, "1"));
        assert_eq!(shown(&index).len(), 2);
        let digest = Digest::sha256(b"a").to_string();
        assert_eq!(named(&index, "2"), Some(digest.as_str()));
        assert!(remove_digest(&mut index, &digest));
        assert_eq!(shown(&index), [("b".to_owned(), Some("3".to_owned()))]);
    }
}
