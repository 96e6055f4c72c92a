//! The engine searches when somebody looks, and keeps what it found in the snapshot.

use std::sync::Arc;

use porthole::engine::{Command, ImageId, ImageSnapshot, NodePath, Remote};
use porthole::model::MediaType;
use porthole::referrers::{ReferrerState, ReferrerTree};
use porthole::transport::{ListingOutcome, Way};

use crate::support::layout::{Layout, entry};
use crate::support::referrer::{NOTATION, SPDX, expected, lines, manifest, put, put_image};
use crate::support::registry::{Fault, ReferrersApi, Registry};
use crate::support::watch::Watch;

const WHOLE: ReferrersApi = ReferrersApi::Whole { page: 100 };

fn look(watch: &Watch, image: ImageId, manifest: &NodePath) {
    watch.engine.send(Command::ListReferrers {
        image,
        manifest: manifest.clone(),
    });
}

/// Waits until everything that refers to the manifest at `path` is there.
fn found(watch: &Watch, image: ImageId, path: &NodePath) -> Arc<ReferrerTree> {
    let snapshot = watch.until(image, |s| matches!(s.referrers(path), Remote::Ready(_)));
    Arc::clone(snapshot.referrers(path).value().unwrap())
}

fn is_partial(snapshot: &ImageSnapshot, path: &NodePath) -> bool {
    let tree = snapshot.referrers(path);
    tree.is_pending() && tree.value().is_some_and(|tree| !tree.is_empty())
}

#[test]
fn nothing_is_asked_before_somebody_looks_and_nothing_twice() {
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    let sbom = put(&registry, None, &manifest(SPDX, &image, "sbom"));
    let watch = Watch::start();
    let (id, snapshot) = watch.open_and_settle(&registry.reference("name:v1"));
    let root = NodePath::root();
    assert!(matches!(snapshot.referrers(&root), Remote::NotAsked));
    let before = registry.lines().len();
    look(&watch, id, &root);
    let tree = found(&watch, id, &root);
    assert_eq!(lines(&tree), [expected(0, "SPDX SBOM", &sbom)]);
    assert_eq!(tree.outcome(), Some(ListingOutcome::Listed));
    assert_eq!(registry.lines().len(), before + 4);
    look(&watch, id, &root);
    look(&watch, id, &NodePath::root().child(7));
    // the answer to another command shows that these were handled
    watch.engine.send(Command::Want {
        image: id,
        index: root.clone(),
        entries: 0..1,
    });
    watch.settle(id);
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert_eq!(registry.lines().len(), before + 4, "{:?}", registry.lines());
}

#[test]
fn looking_before_the_image_is_there_is_looking() {
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    let sbom = put(&registry, None, &manifest(SPDX, &image, "sbom"));
    let watch = Watch::start();
    let id = watch.open(&registry.reference("name:v1"));
    look(&watch, id, &NodePath::root());
    let tree = found(&watch, id, &NodePath::root());
    assert_eq!(lines(&tree), [expected(0, "SPDX SBOM", &sbom)]);
}

#[test]
fn an_index_and_its_images_are_looked_at_each_for_itself() {
    let watch = Watch::start();
    let fixture = format!("{}/tests/fixtures/images", env!("CARGO_MANIFEST_DIR"));
    let id = watch.open(&format!("oci:{fixture}/busybox-small:1.37.0"));
    let (root, arm) = (NodePath::root(), NodePath::root().child(1));
    look(&watch, id, &root);
    look(&watch, id, &arm);
    let of_root = found(&watch, id, &root);
    assert_eq!(
        (of_root.len(), of_root.outcome()),
        (0, Some(ListingOutcome::Listed))
    );
    let tree = found(&watch, id, &arm);
    let [node] = tree.top().collect::<Vec<_>>()[..] else {
        panic!("{tree:?}");
    };
    assert_eq!(
        node.kind.to_string(),
        "attestation: SPDX SBOM, SLSA provenance"
    );
    assert!(node.was_found_by(Way::InIndex));

    // and opens by the reference that the snapshot gives for it
    let snapshot = watch.settle(id);
    let digest = &node.descriptor.digest;
    let reference = snapshot.reference_at(digest).unwrap().to_string();
    let (_, opened) = watch.open_and_settle(&reference);
    let document = &opened.image().unwrap().root.document;
    assert_eq!(document.raw().digest(), digest);
    assert!(document.manifest().is_some() && document.media_type().is_manifest());
}

#[test]
fn what_is_found_is_shown_while_the_rest_is_still_asked_for() {
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    let slow = put(&registry, None, &manifest(SPDX, &image, "slow"));
    let quick = put(&registry, None, &manifest(NOTATION, &image, "quick"));
    let silent = format!("/manifests/{}", slow.digest);
    registry.fault(&silent, Fault::Silence);
    let watch = Watch::start();
    let (id, _) = watch.open_and_settle(&registry.reference("name:v1"));
    let root = NodePath::root();
    look(&watch, id, &root);
    let is_read = |tree: &ReferrerTree| {
        let mut nodes = tree.top();
        nodes.any(|node| matches!(node.state, ReferrerState::Read))
    };
    let snapshot = watch.until(id, |s| {
        is_partial(s, &root) && is_read(s.referrers(&root).value().unwrap())
    });
    let tree = snapshot.referrers(&root).value().unwrap();
    assert_eq!(
        (tree.len(), tree.complete, tree.outcome()),
        (2, false, None)
    );
    for node in tree.top() {
        let read = matches!(node.state, ReferrerState::Read);
        assert_eq!(read, node.descriptor.digest == quick.digest);
        // what is not read yet is told as the list tells it
        assert!(node.artifact_type.is_some());
    }
    assert!(watch.engine.jobs().iter().all(|job| job.state.is_final()));

    // a reload gives up what hangs and asks again
    registry.forget_faults();
    watch.engine.send(Command::Reload { image: id });
    assert_eq!(
        found(&watch, id, &root).outcome(),
        Some(ListingOutcome::Listed)
    );
}

#[test]
fn closing_ends_the_search() {
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    let slow = put(&registry, None, &manifest(SPDX, &image, "slow"));
    registry.fault(&format!("/manifests/{}", slow.digest), Fault::Silence);
    let watch = Watch::start();
    let (id, _) = watch.open_and_settle(&registry.reference("name:v1"));
    look(&watch, id, &NodePath::root());
    watch.until(id, |s| is_partial(s, &NodePath::root()));
    let silent = || {
        registry
            .lines()
            .iter()
            .any(|l| l.contains(slow.digest.hex()))
    };
    watch.wait(|| silent().then_some(()));
    let open = registry.open_connections();
    watch.engine.send(Command::Close { image: id });
    watch.wait(|| (registry.open_connections() < open).then_some(()));
}

#[test]
fn a_reload_asks_again_and_shows_what_was_known_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("layout"));
    let image = layout.image("linux/amd64", &["image"]);
    let index = layout.index(&[entry(&image, "linux/amd64")]);
    layout.name("v1", &index);
    let sbom = layout.document(MediaType::OCI_MANIFEST, &manifest(SPDX, &image, "first"));
    let watch = Watch::start();
    let id = watch.open(&layout.reference("v1"));
    let chosen = NodePath::root().child(0);
    look(&watch, id, &chosen);
    assert_eq!(
        lines(&found(&watch, id, &chosen)),
        [expected(0, "SPDX SBOM", &sbom)]
    );

    let on_it = layout.document(
        MediaType::OCI_MANIFEST,
        &manifest(NOTATION, &sbom, "second"),
    );
    watch.engine.send(Command::Reload { image: id });
    let known = |s: &ImageSnapshot| s.referrers(&chosen).value().map(|tree| tree.len());
    let snapshot = watch.until(id, |s| {
        assert!(known(s).is_some_and(|count| count >= 1), "nothing is shown");
        matches!(s.referrers(&chosen), Remote::Ready(tree) if tree.len() == 2)
    });
    let tree = snapshot.referrers(&chosen).value().unwrap();
    assert_eq!(lines(tree)[1], expected(1, "Notation signature", &on_it));

    // the name moves on: what refers to the new image, and nothing of the old one
    let new = layout.image("linux/amd64", &["new"]);
    let moved = layout.index(&[entry(&new, "linux/amd64")]);
    layout.name("v1", &moved);
    watch.engine.send(Command::Reload { image: id });
    let snapshot = watch.until(
        id,
        |s| matches!(s.referrers(&chosen), Remote::Ready(tree) if tree.subject == new.digest),
    );
    assert_eq!(snapshot.referrers.len(), 1);
    assert!(snapshot.referrers(&chosen).value().unwrap().is_empty());

    // it is gone: the last that was known stays, with the reason
    std::fs::remove_dir_all(layout.folder()).unwrap();
    watch.engine.send(Command::Reload { image: id });
    let snapshot = watch.until(id, |s| s.opened.error().is_some());
    let tree = snapshot.referrers(&chosen);
    assert!(tree.error().is_some() && tree.value().is_some(), "{tree:?}");
}

#[test]
fn while_it_is_asked_for_again_the_whole_tree_from_before_is_shown() {
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    let old = put(&registry, None, &manifest(SPDX, &image, "old"));
    let watch = Watch::start();
    let (id, _) = watch.open_and_settle(&registry.reference("name:v1"));
    let root = NodePath::root();
    look(&watch, id, &root);
    found(&watch, id, &root);
    let slow = put(&registry, None, &manifest(NOTATION, &image, "slow"));
    registry.fault(&format!("/manifests/{}", slow.digest), Fault::Silence);
    watch.engine.send(Command::Reload { image: id });
    let asked = || {
        registry
            .lines()
            .iter()
            .any(|l| l.contains(slow.digest.hex()))
    };
    watch.wait(|| asked().then_some(()));
    // whatever arrives from now on: it is not the beginning of a tree
    std::thread::sleep(std::time::Duration::from_millis(100));
    let snapshot = watch.engine.image(id).unwrap();
    let tree = snapshot.referrers(&root);
    assert!(tree.is_pending());
    let tree = tree.value().unwrap();
    assert!(tree.complete);
    assert_eq!(lines(tree), [expected(0, "SPDX SBOM", &old)]);
}

#[test]
fn looking_into_an_index_that_is_not_read_yet_is_looking() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let image = layout.image("linux/amd64", &["image"]);
    let inner = layout.index(&[entry(&image, "linux/amd64")]);
    let outer = layout.index(&[entry(&inner, "linux/amd64")]);
    layout.name("v1", &outer);
    let sbom = layout.document(MediaType::OCI_MANIFEST, &manifest(SPDX, &image, "sbom"));
    let watch = Watch::start();
    let id = watch.open(&layout.reference("v1"));
    let nested = NodePath::root().child(0).child(0);
    look(&watch, id, &nested);
    assert_eq!(
        lines(&found(&watch, id, &nested)),
        [expected(0, "SPDX SBOM", &sbom)]
    );
}

#[test]
fn what_could_not_be_read_is_in_the_tree_not_a_failure_of_the_image() {
    let registry = Registry::start();
    put_image(&registry);
    registry.fault("/referrers/", Fault::status(403));
    let watch = Watch::start();
    let (id, _) = watch.open_and_settle(&registry.reference("name:v1"));
    look(&watch, id, &NodePath::root());
    let tree = found(&watch, id, &NodePath::root());
    assert_eq!(tree.outcome(), Some(ListingOutcome::NotRead));
    let snapshot = watch.settle(id);
    assert!(snapshot.opened.error().is_none());
}

#[test]
fn manifests_that_are_in_the_cache_are_not_asked_for_again() {
    let registry = Registry::with_referrers(WHOLE);
    let image = put_image(&registry);
    let sbom = put(&registry, None, &manifest(SPDX, &image, "sbom"));
    let watch = Watch::start();
    let root = NodePath::root();
    for _ in 0..2 {
        let (id, _) = watch.open_and_settle(&registry.reference("name:v1"));
        look(&watch, id, &root);
        found(&watch, id, &root);
    }
    let path = format!("GET /v2/name/manifests/{}", sbom.digest);
    assert_eq!(
        registry
            .lines()
            .iter()
            .filter(|line| **line == path)
            .count(),
        1
    );
}
