//! `porthole diff`.

use porthole::model::{Digest, MediaType};
use serde_json::{Value, json};

use super::cli::image;
use super::{Tar, porthole};
use crate::support::layout::Layout;
use crate::support::referrer::SPDX;
use crate::support::registry::Registry;

pub fn diff(one: &str, other: &str) -> (Option<i32>, Value) {
    let output = porthole(&["diff", one, other, "--json"]);
    let code = output.status.code();
    let value = serde_json::from_slice(&output.stdout);
    (
        code,
        value.unwrap_or_else(|error| panic!("{error}: {output:?}")),
    )
}

fn base() -> Tar {
    Tar::new()
        .dir("etc")
        .file("etc/same", b"same")
        .file("etc/changed", b"one\ntwo\n")
        .file("etc/gone", b"gone")
        .file(
            "var/lib/dpkg/status",
            b"Package: a\nStatus: install ok installed\nVersion: 1\n",
        )
}

#[test]
fn two_images_are_compared_down_to_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let one = image(&folder.path().join("one"), &[base().bytes()]);
    let upper = Tar::new()
        .file("etc/changed", b"one\nthree\n")
        .file("etc/.wh.gone", b"")
        .file("etc/new", b"new")
        .hardlink("etc/second", "etc/same")
        .file(
            "var/lib/dpkg/status",
            b"Package: a\nStatus: install ok installed\nVersion: 2\n",
        );
    let other = image(
        &folder.path().join("other"),
        &[base().bytes(), upper.bytes()],
    );
    let (one, other) = (one.reference("it"), other.reference("it"));
    let (code, found) = diff(&one, &other);
    assert_eq!(code, Some(3));
    assert_eq!(found["different"], true);
    let layers = &found["layers"];
    let count = |key: &str| layers[key].as_array().unwrap().len();
    assert_eq!(
        (count("shared"), count("before"), count("after")),
        (1, 0, 1)
    );
    let files: Vec<_> = found["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            (
                file["path"].as_str().unwrap(),
                file["change"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("/etc/changed", "changed"),
        ("/etc/gone", "removed"),
        ("/etc/new", "added"),
        ("/etc/second", "added"),
        ("/var/lib/dpkg/status", "changed"),
    ];
    assert_eq!(files, expected);
    let changed = &found["files"][0];
    assert_eq!(
        (&changed["before"]["size"], &changed["after"]["size"]),
        (&json!(8), &json!(10))
    );
    assert_eq!(
        changed["after"]["digest"],
        Digest::sha256(b"one\nthree\n").to_string()
    );
    assert_eq!(
        found["packages"],
        json!([{"name": "a", "before": ["1"], "after": ["2"]}])
    );
    let text = porthole(&["diff", &one, &other, "--text"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("-two\n+three\n"), "{text}");
    assert!(
        text.contains("files: 2 added, 1 removed, 2 changed"),
        "{text}"
    );
}

#[test]
fn an_image_is_the_same_as_itself_and_its_layers_are_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let layer = base().bytes();
    let layout = image(folder.path(), std::slice::from_ref(&layer));
    // whoever opened the layer would fail
    std::fs::remove_file(layout.blob_path(&Digest::sha256(&layer))).unwrap();
    let reference = layout.reference("it");
    let (code, found) = diff(&reference, &reference);
    assert_eq!((code, &found["different"]), (Some(0), &json!(false)));
    assert_eq!(found["files"], json!([]));
}

#[test]
fn configs_are_compared_setting_by_setting() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = image(folder.path(), &[base().bytes()]);
    let layer = layout.blob(MediaType::OCI_LAYER, &base().bytes());
    for (name, variable, label) in [("one", "A=1", "x"), ("two", "A=2", "y")] {
        let config = layout.document(
            MediaType::OCI_CONFIG,
            &json!({
                "os": "linux", "architecture": "amd64",
                "config": {"Env": [variable, "B=same"], "Labels": {"l": label}, "Cmd": ["run"]},
                "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
                "history": [{"created_by": format!("RUN {name}")}],
            }),
        );
        let manifest = layout.manifest(&config, std::slice::from_ref(&layer));
        layout.name(name, &manifest);
    }
    let (code, found) = diff(&layout.reference("one"), &layout.reference("two"));
    assert_eq!(code, Some(3));
    assert_eq!(
        found["environment"],
        json!([{"name": "A", "before": "1", "after": "2"}])
    );
    assert_eq!(
        found["labels"],
        json!([{"name": "l", "before": "x", "after": "y"}])
    );
    assert_eq!(found["config"], json!([]));
    assert_eq!(found["history"]["after"], json!(["RUN two"]));
}

#[test]
fn layers_that_both_have_are_not_opened_where_the_others_tell_everything() {
    let folder = tempfile::tempdir().unwrap();
    // builders list the folders above their files: what is none here cannot be a link below
    let upper = |text: &[u8]| Tar::new().dir("etc").file("etc/changed", text).bytes();
    let images = ["one", "other"].map(|name| {
        let layers = [base().bytes(), upper(name.as_bytes())];
        let layout = image(&folder.path().join(name), &layers);
        // whoever opened it would fail
        let shared = Digest::sha256(&base().bytes());
        std::fs::remove_file(layout.blob_path(&shared)).unwrap();
        layout.reference("it")
    });
    let (code, found) = diff(&images[0], &images[1]);
    assert_eq!(code, Some(3));
    assert_eq!(found["files"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found["files"][0]["change"], "changed");
    assert_eq!(found["filesExact"], true);
    assert_eq!(found["layers"]["opened"], 2);
    assert_eq!(
        (&found["packages"], &found["notes"]),
        (&json!([]), &json!([]))
    );
}

#[test]
fn where_a_shared_layer_cannot_be_read_what_is_not_certain_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let one = image(&folder.path().join("one"), &[base().bytes()]);
    let upper = Tar::new().file("etc/same", b"else").bytes();
    let other = image(&folder.path().join("other"), &[base().bytes(), upper]);
    for layout in [&one, &other] {
        std::fs::remove_file(layout.blob_path(&Digest::sha256(&base().bytes()))).unwrap();
    }
    let (code, found) = diff(&one.reference("it"), &other.reference("it"));
    assert_eq!(code, Some(3));
    // it replaces a file of the layer below, which nobody could know
    assert_eq!(found["files"][0]["change"], "added");
    assert_eq!(found["filesExact"], false);
    let note = found["notes"][0].as_str().unwrap();
    assert!(note.contains("could not be read"), "{note}");
}

/// An image with a layer that says `mark`, and an SBOM of these packages attached.
fn with_sbom(folder: &std::path::Path, mark: &[u8], packages: &[(&str, &str)]) -> Layout {
    let layers = [Tar::new().file("mark", mark).bytes()];
    let layout = image(folder, &layers);
    let index = std::fs::read(folder.join("index.json")).unwrap();
    let mut index: Value = serde_json::from_slice(&index).unwrap();
    let mut subject = index["manifests"][0].take();
    subject.as_object_mut().unwrap().remove("annotations");
    let packages = packages.iter().map(|(name, version)| {
        json!({"SPDXID": format!("SPDXRef-{name}"), "name": name, "versionInfo": version,
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                "referenceLocator": format!("pkg:deb/debian/{name}@{version}")}]})
    });
    let sbom = json!({"spdxVersion": "SPDX-2.3", "name": "it",
        "packages": packages.collect::<Vec<_>>()});
    let file = layout.document(SPDX, &sbom);
    let empty = layout.blob(MediaType::OCI_EMPTY, b"{}");
    layout.document(
        MediaType::OCI_MANIFEST,
        &json!({"schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST, "artifactType": SPDX,
            "config": empty, "layers": [file], "subject": subject}),
    );
    layout
}

#[test]
fn packages_of_attached_sboms_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let before = [("bash", "5.2"), ("same", "1"), ("gone", "3")];
    let one = with_sbom(&folder.path().join("one"), b"one", &before);
    let after = [("new", "0.1"), ("bash", "5.3"), ("same", "1")];
    let other = with_sbom(&folder.path().join("other"), b"other", &after);
    let (one, other) = (one.reference("it"), other.reference("it"));
    let (code, found) = diff(&one, &other);
    assert_eq!(code, Some(3));
    let change = |name: &str, before: &[&str], after: &[&str]| json!({"name": format!("pkg:deb/debian/{name}"), "before": before, "after": after});
    assert_eq!(
        found["sbomPackages"],
        json!([
            change("bash", &["5.2"], &["5.3"]),
            change("gone", &["3"], &[]),
            change("new", &[], &["0.1"]),
        ])
    );
    // where only one has an SBOM, nothing is said of packages
    let without = image(&folder.path().join("without"), &[base().bytes()]);
    let (_, found) = diff(&one, &without.reference("it"));
    assert_eq!(found["sbomPackages"], Value::Null);
}

#[test]
fn layers_that_both_have_are_not_fetched_of_a_registry() {
    let registry = Registry::start();
    let folder = tempfile::tempdir().unwrap();
    let upper = |text: &str| {
        let upper = Tar::new().dir("etc");
        upper.file("etc/changed", text.as_bytes()).bytes()
    };
    for name in ["one", "other"] {
        let layout = image(&folder.path().join(name), &[base().bytes(), upper(name)]);
        registry.put_layout(name, layout.folder());
    }
    let [one, other] = ["one:it", "other:it"].map(|name| registry.reference(name));
    let (code, found) = diff(&one, &other);
    assert_eq!((code, &found["filesExact"]), (Some(3), &json!(true)));
    assert_eq!(found["files"].as_array().unwrap().len(), 1, "{found}");
    let asked = |layer: &[u8]| {
        let path = format!("/blobs/{}", Digest::sha256(layer));
        let lines = registry.lines();
        lines.iter().filter(|line| line.contains(&path)).count()
    };
    assert_eq!(asked(&base().bytes()), 0);
    assert_eq!((asked(&upper("one")), asked(&upper("other"))), (1, 1));
}
