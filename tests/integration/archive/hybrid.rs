//! What Docker 25 and later save: a layout and `manifest.json` in one archive.

use porthole::model::{Document, MediaType};
use porthole::transport::{Note, Problem};
use serde_json::json;

use super::{all_verified, docker, manifest, oci, one, problem, runtime};
use crate::support::archive::{Tar, fixture, of_folder, write};
use crate::support::layout::Layout;

const NAME: &str = "127.0.0.1:5601/built/app:1";

#[test]
fn digests_are_kept_however_the_image_is_named() {
    let path = fixture("buildkit-docker-save.tar");
    let (expected, _) = one(&*oci(&path, None));
    // the digest that BuildKit pushed
    assert_eq!(
        expected.digest().to_string(),
        "sha256:a6cac17373cc8845a08f31502536b5519c02f8a9d282b77f7b8d6c899c6fead8"
    );
    for name in [
        None,
        Some(NAME),
        Some("@0"),
        Some("1"),
        Some(&*format!("@{}", expected.digest())),
    ] {
        let source = docker(&path, name);
        let (raw, notes) = one(&*source);
        assert_eq!(raw.bytes(), expected.bytes(), "{name:?}");
        assert_eq!(notes, [], "{name:?}");
        let document = Document::read(raw);
        for (_, child) in document.index().unwrap().descriptors() {
            let child = runtime().block_on(source.manifest(child)).unwrap();
            all_verified(&*source, &child);
        }
    }
    let found = problem(&*docker(&path, Some("none")));
    assert_eq!(found.hint(), format!("There are: {NAME}"));
    let found = problem(&*docker(&path, Some("@1")));
    assert!(matches!(found, Problem::NoSuchName { .. }), "{found:?}");
}

/// A layout with the images `a:1` and `b:1`, and `manifest.json` with this list.
fn hybrid(list: impl Fn(&[String]) -> serde_json::Value) -> (tempfile::TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("layout"));
    let mut configs = Vec::new();
    let mut digests = Vec::new();
    for name in ["a", "b"] {
        let layer = layout.blob(MediaType::OCI_LAYER, name.as_bytes());
        let config = layout.document(
            MediaType::OCI_CONFIG,
            &json!({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [layer.digest]}}),
        );
        let image = layout.manifest(&config, &[layer]);
        layout.name(&format!("docker.io/library/{name}:1"), &image);
        configs.push(format!("blobs/sha256/{}", config.digest.hex()));
        digests.push(image.digest.to_string());
    }
    let mut tar: Tar = of_folder(layout.folder(), "");
    tar.file("manifest.json", list(&configs).to_string().as_bytes());
    write(folder.path(), "a.tar", &tar.finish());
    (folder, digests)
}

fn layer_of(config: &str, layers: &[String]) -> serde_json::Value {
    let _ = config;
    json!(layers)
}

#[test]
fn a_name_means_the_image_that_docker_would_load() {
    // the list gives the name a:1 to the image that the layout calls b:1
    let (folder, digests) = hybrid(
        |configs| json!([{"Config": configs[1], "RepoTags": ["a:1"], "Layers": layer_of(&configs[1], &[])}]),
    );
    let path = folder.path().join("a.tar");
    assert_eq!(
        one(&*docker(&path, Some("a:1"))).0.digest().to_string(),
        digests[1]
    );
    // without the list, the layout's own words count
    assert_eq!(
        one(&*oci(&path, Some("a:1"))).0.digest().to_string(),
        digests[0]
    );
    assert_eq!(
        one(&*docker(&path, Some("b:1"))).0.digest().to_string(),
        digests[1]
    );
}

#[test]
fn positions_count_the_list() {
    let (folder, digests) = hybrid(|configs| {
        json!([
            {"Config": configs[1], "RepoTags": null, "Layers": []},
            {"Config": configs[0], "RepoTags": null, "Layers": []},
        ])
    });
    let path = folder.path().join("a.tar");
    assert_eq!(
        one(&*docker(&path, Some("@0"))).0.digest().to_string(),
        digests[1]
    );
    assert_eq!(
        one(&*docker(&path, Some("@1"))).0.digest().to_string(),
        digests[0]
    );
}

#[test]
fn what_only_the_list_has_is_derived_and_says_so() {
    let (folder, _) = hybrid(|_| json!([{"Config": "c.json", "RepoTags": ["c:1"], "Layers": []}]));
    let path = folder.path().join("a.tar");
    let bytes = std::fs::read(&path).unwrap();
    let mut tar = Tar::new();
    tar.file(
        "c.json",
        b"{\"os\": \"linux\", \"rootfs\": {\"diff_ids\": []}}",
    );
    write(folder.path(), "a.tar", &[tar.unfinished(), bytes].concat());
    let source = docker(&path, Some("c:1"));
    let (raw, notes) = one(&*source);
    assert!(
        matches!(notes[..], [Note::DerivedManifest { .. }]),
        "{notes:?}"
    );
    assert_eq!(manifest(&raw).layers, []);
    all_verified(&*source, &raw);
}
