//! What an artifact says is read when somebody looks into it, checked, and kept.

use std::sync::Arc;

use porthole::engine::{ArtifactFiles, Command, FailureKind, ImageId, NodePath, Remote};
use porthole::model::Digest;
use porthole::model::attachment::AttachmentContent;

use crate::support::referrer::{NOTATION, SPDX, manifest, put, put_image};
use crate::support::registry::{ReferrersApi, Registry};
use crate::support::watch::Watch;

const WHOLE: ReferrersApi = ReferrersApi::Whole { page: 100 };

const SBOM: &str = r#"{"spdxVersion":"SPDX-2.3","packages":[{"name":"bash"}]}"#;

fn list(watch: &Watch, image: ImageId) {
    let root = NodePath::root();
    watch.engine.send(Command::ListReferrers {
        image,
        manifest: root.clone(),
    });
    watch.until(image, |s| matches!(s.referrers(&root), Remote::Ready(_)));
}

fn read(watch: &Watch, image: ImageId, digest: &Digest) -> Remote<Arc<ArtifactFiles>> {
    watch.engine.send(Command::ReadArtifact {
        image,
        manifest: digest.clone(),
    });
    let done = |s: &porthole::engine::ImageSnapshot| {
        matches!(s.artifact(digest), Remote::Ready(_) | Remote::Failed { .. })
    };
    watch.until(image, done).artifact(digest).clone()
}

#[test]
fn a_referrer_is_read_once_and_stays_through_a_reload() {
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    registry.put_blob("name", SBOM.as_bytes());
    let sbom = put(&registry, None, &manifest(SPDX, &image, SBOM));
    let watch = Watch::start();
    let (id, _) = watch.open_and_settle(&registry.reference("name:v1"));
    list(&watch, id);
    let before = registry.lines().len();
    let files = read(&watch, id, &sbom.digest);
    let files = files.value().unwrap();
    assert_eq!(files.document.raw().digest(), &sbom.digest);
    let (raw, attachment) = files.files[0].content.as_ref().unwrap();
    assert_eq!(raw.bytes().as_ref(), SBOM.as_bytes());
    assert_eq!(attachment.sbom().unwrap().packages[0].name, "bash");
    // the manifest was read by the search already
    assert_eq!(registry.lines().len(), before + 1, "{:?}", registry.lines());
    read(&watch, id, &sbom.digest);
    assert_eq!(registry.lines().len(), before + 1);
    watch.engine.send(Command::Reload { image: id });
    let snapshot = watch.settle(id);
    assert!(matches!(snapshot.artifact(&sbom.digest), Remote::Ready(_)));
}

#[test]
fn bytes_of_another_digest_are_not_shown() {
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    let mut value = manifest(SPDX, &image, SBOM);
    let other = registry.put_blob("name", SBOM.as_bytes());
    value["layers"][0]["size"] = serde_json::json!(SBOM.len() + 1);
    value["layers"][0]["digest"] = serde_json::json!(other);
    let sbom = put(&registry, None, &value);
    let missing = put(&registry, None, &manifest(NOTATION, &image, "nowhere"));
    let watch = Watch::start();
    let (id, _) = watch.open_and_settle(&registry.reference("name:v1"));
    list(&watch, id);
    for (digest, kind) in [
        (&sbom.digest, FailureKind::Damaged),
        (&missing.digest, FailureKind::Missing),
    ] {
        let files = read(&watch, id, digest);
        let files = files.value().unwrap();
        let error = files.files[0].content.as_ref().unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
    }
}

#[test]
fn an_artifact_that_was_opened_itself_is_read_too_and_one_that_is_not_known_is_not() {
    let registry = Registry::start();
    let image = put_image(&registry);
    registry.put_blob("name", b"just words");
    let value = manifest("text/plain", &image, "just words");
    let note = put(&registry, Some("note"), &value);
    let watch = Watch::start();
    let (id, _) = watch.open_and_settle(&registry.reference("name:note"));
    watch.engine.send(Command::ReadArtifact {
        image: id,
        manifest: Digest::sha256(b"nothing here"),
    });
    let files = read(&watch, id, &note.digest);
    let (_, attachment) = files.value().unwrap().files[0].content.as_ref().unwrap();
    assert_eq!(attachment.content, AttachmentContent::Text);
    let snapshot = watch.settle(id);
    assert_eq!(snapshot.artifacts.len(), 1);
}
