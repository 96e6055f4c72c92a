//! Between OCI's and Docker's formats: what is converted, and what is refused.

use porthole::copy::{CopyOptions, Format};
use porthole::model::{Document, MediaType};
use serde_json::json;

use super::layout::two_platforms;
use super::{app, at, copy, digest, open, platforms, refusal, root};
use crate::support::layout::{Layout, entry};
use crate::support::referrer;

#[tokio::test]
async fn digests_that_would_change_are_refused_where_they_must_not() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("oci", folder.path(), "x");
    let preserve = |options: CopyOptions| CopyOptions {
        preserve_digests: true,
        ..options
    };
    let why = refusal(&app(), &to, &preserve(platforms(&["linux/arm64"]))).await;
    assert!(why.contains("would change"), "{why}");
    let docker = CopyOptions {
        format: Format::Docker,
        ..CopyOptions::default()
    };
    let layout = two_platforms(&folder.path().join("from"));
    let to = at("oci", &folder.path().join("to"), "x");
    let why = refusal(&layout.reference("x"), &to, &preserve(docker)).await;
    assert!(why.contains("the other format has other digests"), "{why}");
    let sparse = CopyOptions {
        sparse: true,
        ..platforms(&["linux/arm64"])
    };
    copy(&app(), &to, &preserve(sparse)).await;
    copy(&app(), &to, &preserve(CopyOptions::default())).await;
}

#[tokio::test]
async fn images_are_converted_between_oci_and_docker_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let layout = two_platforms(&folder.path().join("from"));
    let from = layout.reference("x");
    let docker = at("oci", &folder.path().join("docker"), "x");
    let to_docker = CopyOptions {
        format: Format::Docker,
        ..CopyOptions::default()
    };
    let report = copy(&from, &docker, &to_docker).await;
    assert!(
        report
            .documents
            .iter()
            .all(|d| d.how == "converted" && d.from.is_some())
    );
    let raw = root(&*open(&docker)).await;
    let document = Document::read(raw);
    assert_eq!(
        document.media_type().as_str(),
        MediaType::DOCKER_MANIFEST_LIST
    );
    for entry in document.index().unwrap().entries.iter().flatten() {
        assert_eq!(entry.media_type.as_str(), MediaType::DOCKER_MANIFEST);
        let image = Document::read(open(&docker).manifest(entry).await.unwrap());
        let manifest = image.manifest().unwrap();
        assert_eq!(
            manifest.config.media_type.as_str(),
            MediaType::DOCKER_CONFIG
        );
        assert_eq!(
            manifest.layers[0].media_type.as_str(),
            "application/vnd.docker.image.rootfs.diff.tar"
        );
    }
    let back = at("oci", &folder.path().join("back"), "x");
    let to_oci = CopyOptions {
        format: Format::Oci,
        ..CopyOptions::default()
    };
    copy(&docker, &back, &to_oci).await;
    assert_eq!(digest(&back).await, digest(&from).await);
    // what is in the format already stays as it is
    let report = copy(&from, &at("oci", &folder.path().join("same"), "x"), &to_oci).await;
    assert_eq!(report.digest, report.from);
}

#[tokio::test]
async fn a_conversion_that_would_lose_something_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let config = layout.document(
        MediaType::OCI_CONFIG,
        &json!({"os": "linux", "architecture": "amd64"}),
    );
    let zstd = layout.blob("application/vnd.oci.image.layer.v1.tar+zstd", b"z");
    let encrypted = layout.blob(
        "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
        b"e",
    );
    let gzip = layout.blob(MediaType::OCI_LAYER, b"g");
    let with_zstd = layout.manifest(&config, &[zstd]);
    layout.name("zstd", &with_zstd);
    let with_encrypted = layout.manifest(&config, &[encrypted]);
    layout.name("encrypted", &with_encrypted);
    let plain = layout.manifest(&config, &[gzip]);
    layout.name("signed", &plain);
    layout.blob(MediaType::OCI_EMPTY, b"{}");
    layout.blob(referrer::SPDX, b"about");
    let about = referrer::manifest(referrer::SPDX, &plain, "about");
    let about = layout.document(MediaType::OCI_MANIFEST, &about);
    layout.list(serde_json::to_value(&about).unwrap());
    layout.name("artifact", &about);
    let nameless = layout.index(&[serde_json::to_value(&plain).unwrap()]);
    layout.name("nameless", &nameless);
    let other = layout.image("linux/amd64", &["other"]);
    let index_about = layout.document(
        MediaType::OCI_INDEX,
        &json!({
            "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "subject": with_zstd,
            "manifests": [entry(&other, "linux/amd64")],
        }),
    );
    layout.name("index", &index_about);
    let docker = CopyOptions {
        format: Format::Docker,
        ..CopyOptions::default()
    };
    for (name, words) in [
        ("zstd", "layer 0: it is compressed with zstd"),
        ("encrypted", "layer 0: it is encrypted"),
        ("artifact", "artifact"),
        ("signed", "SBOM"),
        ("nameless", "entry 0 of it says no platform"),
        ("index", "it refers to another manifest"),
    ] {
        let to = at("oci", &folder.path().join("to"), "x");
        let why = refusal(&layout.reference(name), &to, &docker).await;
        assert!(why.contains(words), "{name}: {why}");
        assert!(!folder.path().join("to").exists(), "nothing was written");
    }
}
