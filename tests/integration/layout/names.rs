//! Which entry of `index.json` a name stands for.

use std::path::Path;

use porthole::model::{Digest, ImageName, MediaType};
use porthole::transport::Problem;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{problem, resolve_one, resolve_several};
use crate::support::layout::Layout;

const REF_NAME: &str = "org.opencontainers.image.ref.name";
const CONTAINERD: &str = "io.containerd.image.name";

/// A layout whose entry number N is an image made of the text "N", or of what `same` says.
struct Names {
    folder: TempDir,
    images: Vec<Digest>,
}

impl Names {
    /// One entry for each of `annotations`.
    fn new(annotations: &[Value]) -> Self {
        let content: Vec<_> = (0..annotations.len()).map(|at| at.to_string()).collect();
        let content: Vec<_> = content.iter().map(String::as_str).collect();
        Self::of(&content, annotations)
    }

    fn of(content: &[&str], annotations: &[Value]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        let mut entries = Vec::new();
        let mut images = Vec::new();
        for (text, annotations) in content.iter().zip(annotations) {
            let image = layout.image("linux/amd64", &[text]);
            let mut entry = serde_json::to_value(&image).unwrap();
            if !annotations.is_null() {
                entry["annotations"] = annotations.clone();
            }
            entries.push(entry);
            images.push(image.digest);
        }
        let names = Self { folder, images };
        names.write(&json!({"schemaVersion": 2, "manifests": entries}));
        names
    }

    fn write(&self, index: &Value) {
        std::fs::write(self.path().join("index.json"), index.to_string()).unwrap();
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The position of the image that a name leads to.
    fn position(&self, name: Option<&str>) -> usize {
        let raw = resolve_one(self.path(), name);
        let mut images = self.images.iter();
        images.position(|digest| digest == raw.digest()).unwrap()
    }

    fn choices(&self) -> Vec<String> {
        let images = resolve_several(self.path());
        images.iter().map(|image| image.name.to_string()).collect()
    }
}

#[test]
fn an_exact_name_goes_before_one_that_ends_with_it() {
    let names = Names::new(&[
        json!({REF_NAME: "example.com/a:1"}),
        json!({REF_NAME: "1", CONTAINERD: "example.com/b:1"}),
        json!({REF_NAME: "example.com/c:2"}),
        json!({CONTAINERD: "example.com/d:3"}),
    ]);
    assert_eq!(names.position(Some("example.com/a:1")), 0);
    assert_eq!(names.position(Some("1")), 1);
    assert_eq!(names.position(Some("example.com/b:1")), 1);
    assert_eq!(names.position(Some("2")), 2);
    assert_eq!(names.position(Some("example.com/d:3")), 3);
    for absent in ["3", "a:1", "example.com/c", "EXAMPLE.COM/a:1", "2 ", ":2"] {
        assert!(
            matches!(
                problem(names.path(), Some(absent)),
                Problem::NoSuchName { .. }
            ),
            "{absent}"
        );
    }
}

#[test]
fn a_name_that_two_images_have_is_never_guessed() {
    let twice = [json!({REF_NAME: "1"}), json!({REF_NAME: "1"}), Value::Null];
    let names = Names::new(&twice);
    assert_eq!(
        problem(names.path(), Some("1")),
        Problem::NameTwice { count: 2 }
    );
    assert_eq!(names.choices(), ["@0", "@1", "@2"]);
    let names = Names::of(&["same", "same", "other"], &twice);
    assert_eq!(names.position(Some("1")), 0, "twice the same image is one");
    assert_eq!(names.choices(), ["1", "1", "@2"]);
    let ends = Names::new(&[json!({REF_NAME: "a:1"}), json!({REF_NAME: "b:1"})]);
    assert_eq!(
        problem(ends.path(), Some("1")),
        Problem::NameTwice { count: 2 }
    );
}

#[test]
fn without_a_name_there_has_to_be_one_image() {
    let attestation = json!({"vnd.docker.reference.type": "attestation-manifest"});
    let named = json!({REF_NAME: "1"});
    let tag = |end| json!({REF_NAME: format!("app:sha256-{}{end}", "0a".repeat(32))});
    let cases: [(&str, Vec<Value>, Option<usize>); 9] = [
        ("one", vec![Value::Null], Some(0)),
        (
            "one beside its attestation",
            vec![attestation.clone(), Value::Null],
            Some(1),
        ),
        (
            "one name among none",
            vec![Value::Null, named.clone(), Value::Null],
            Some(1),
        ),
        (
            "containerd's name",
            vec![Value::Null, json!({CONTAINERD: "a"})],
            Some(1),
        ),
        (
            "one beside what cosign says of it",
            vec![tag(".sig"), tag(".att"), tag(".sbom"), Value::Null],
            Some(3),
        ),
        ("only what cosign says", vec![tag(".sig")], Some(0)),
        (
            "a name that is like cosign's",
            vec![json!({REF_NAME: "sha256-0a.sig"}), named.clone()],
            None,
        ),
        ("two without names", vec![Value::Null, Value::Null], None),
        (
            "two names",
            vec![named, json!({REF_NAME: "2"}), attestation],
            None,
        ),
    ];
    for (what, annotations, expected) in cases {
        let names = Names::new(&annotations);
        match expected {
            Some(position) => assert_eq!(names.position(None), position, "{what}"),
            None => assert_eq!(names.choices().len(), 2, "{what}"),
        }
    }
    let same = Names::of(
        &["x", "x"],
        &[json!({REF_NAME: "1"}), json!({REF_NAME: "2"})],
    );
    assert_eq!(
        same.position(None),
        0,
        "two names of one image are one image"
    );
}

#[test]
fn names_that_cannot_be_typed_are_chosen_by_position() {
    let names = Names::new(&[
        json!({REF_NAME: "@0"}),
        json!({REF_NAME: "line\nfeed"}),
        json!({REF_NAME: " spaces "}),
        json!({REF_NAME: ""}),
        json!({REF_NAME: "../../etc/passwd"}),
        json!({REF_NAME: "right\u{202e}left"}),
        json!({REF_NAME: "a b"}),
        json!({REF_NAME: "twice:@1", CONTAINERD: "example.com/x:1"}),
    ]);
    let choices = names.choices();
    assert_eq!(
        choices,
        [
            "@0",
            "@1",
            "@2",
            "@3",
            "../../etc/passwd",
            "right\u{202e}left",
            "a b",
            "twice:@1"
        ]
    );
    // whatever is offered leads where it says, when it is typed behind the path
    for (position, choice) in choices.iter().enumerate() {
        assert_eq!(names.position(Some(choice)), position, "{choice:?}");
    }
    // and a name with a line feed can still be asked for by a program
    let strange = ImageName::Name("line\nfeed".to_owned());
    let reference =
        porthole::model::PathReference::new(porthole::model::Transport::Oci, names.path());
    let source = porthole::transport::layout::LayoutSource::new(reference.with_name(strange));
    let resolved = super::runtime().block_on(porthole::transport::Source::resolve(&source));
    assert!(
        matches!(resolved, Ok(porthole::transport::Resolved::Document { raw, .. }) if *raw.digest() == names.images[1])
    );
}

#[test]
fn names_are_never_paths() {
    let names = Names::new(&[json!({REF_NAME: "../outside"}), json!({REF_NAME: "b"})]);
    let outside = names.path().join("../outside");
    assert!(!outside.exists());
    assert_eq!(names.position(Some("../outside")), 0);
    assert!(!outside.exists());
}

#[test]
fn entries_of_other_types_are_the_last_to_be_meant() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    let image = layout.image("linux/amd64", &["image"]);
    let other = layout.blob("application/xml", b"<feed/>");
    let entry = |descriptor, name: &str| {
        let mut entry = serde_json::to_value(descriptor).unwrap();
        entry["annotations"] = json!({REF_NAME: name});
        entry
    };
    let write = |entries: Vec<Value>| {
        let index = json!({"schemaVersion": 2, "manifests": entries});
        std::fs::write(folder.path().join("index.json"), index.to_string()).unwrap();
    };
    write(vec![entry(&other, "1"), entry(&image, "1")]);
    let digest = |name: Option<&str>| resolve_one(folder.path(), name).digest().clone();
    assert_eq!(digest(Some("1")), image.digest);
    assert_eq!(digest(None), image.digest);
    assert_eq!(digest(Some("@0")), other.digest, "shown as what it is");
    write(vec![entry(&other, "1")]);
    assert_eq!(digest(Some("1")), other.digest);
    assert_eq!(digest(None), other.digest);
}

#[test]
fn docker_types_and_missing_types_are_images_too() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    let mut images = Vec::new();
    let mut entries = Vec::new();
    let types = [
        Some(MediaType::DOCKER_MANIFEST),
        Some(MediaType::DOCKER_MANIFEST_LIST),
        Some(MediaType::OCI_INDEX),
        None,
    ];
    for (at, media_type) in types.into_iter().enumerate() {
        let bytes = format!("{{\"schemaVersion\":2,\"number\":{at}}}");
        let blob = layout.blob(media_type.unwrap_or_default(), bytes.as_bytes());
        let mut entry = serde_json::to_value(&blob).unwrap();
        if media_type.is_none() {
            entry.as_object_mut().unwrap().remove("mediaType");
        }
        entry["annotations"] = json!({REF_NAME: at.to_string()});
        entries.push(entry);
        images.push(blob.digest);
    }
    let index = json!({"schemaVersion": 2, "manifests": entries});
    std::fs::write(folder.path().join("index.json"), index.to_string()).unwrap();
    assert_eq!(resolve_several(folder.path()).len(), 4);
    for (at, digest) in images.iter().enumerate() {
        let raw = resolve_one(folder.path(), Some(&at.to_string()));
        assert_eq!(raw.digest(), digest);
    }
}

#[test]
fn broken_entries_hide_no_image() {
    let names = Names::new(&[json!({REF_NAME: "1"})]);
    let good = json!({
        "mediaType": MediaType::OCI_MANIFEST, "digest": names.images[0],
        "size": std::fs::metadata(names.path().join("blobs/sha256").join(names.images[0].hex())).unwrap().len(),
        "annotations": {REF_NAME: "1"},
    });
    let broken =
        json!({"mediaType": MediaType::OCI_MANIFEST, "digest": "sha256:../../x", "size": 2});
    names.write(&json!({"schemaVersion": 2, "manifests": [broken, good]}));
    assert_eq!(names.position(Some("1")), 0);
    assert_eq!(names.position(None), 0);
    assert_eq!(names.position(Some("@1")), 0);
    let broken = |problem: Problem| match problem {
        Problem::Broken { file, why } => (file, why),
        other => panic!("{other:?}"),
    };
    let (file, why) = broken(problem(names.path(), Some("@0")));
    assert_eq!(file, "index.json");
    assert!(why.starts_with("entry 0: its digest is wrong"), "{why}");
    names.write(&json!({"schemaVersion": 2, "manifests": [{"size": 1}]}));
    let (_, why) = broken(problem(names.path(), None));
    assert_eq!(why, "entry 0: it has no \"digest\"");
}
