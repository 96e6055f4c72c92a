//! Images that are wrong: what can be read is shown, the rest is named.

use porthole::engine::{FailureKind, JobState, NodePath, Parts, Remote};
use porthole::model::{Descriptor, Digest, MediaType};
use porthole::transport::BlobState;
use serde_json::json;

use crate::support::layout::{Layout, entry, listing};
use crate::support::watch::Watch;

fn child_error(
    snapshot: &porthole::engine::ImageSnapshot,
    position: usize,
) -> std::sync::Arc<porthole::engine::Failure> {
    let root = &snapshot.image().unwrap().root;
    root.child(position).unwrap().error().unwrap().clone()
}

#[test]
fn one_missing_and_one_damaged_child_leave_the_third_readable() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let good = layout.image("linux/amd64", &["good"]);
    let damaged = layout.image("linux/arm64", &["damaged"]);
    let path = layout.blob_path(&damaged.digest);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("sha256:", "sha256 ", 1)).unwrap();
    let missing = Descriptor::new(MediaType::OCI_MANIFEST, Digest::sha256(b"gone"), 4);
    let index = layout.index(&[
        entry(&missing, "linux/s390x"),
        entry(&damaged, "linux/arm64"),
        entry(&good, "linux/amd64"),
        json!({"mediaType": MediaType::OCI_MANIFEST, "size": 7}),
    ]);
    layout.name("mixed", &index);
    let before = listing(folder.path());

    let watch = Watch::start();
    let (_, snapshot) = watch.open_and_settle(&layout.reference("mixed"));
    let gone = child_error(&snapshot, 0);
    assert_eq!(gone.kind, FailureKind::Missing);
    assert!(gone.headline.contains(missing.digest.hex()), "{gone:?}");
    let wrong = child_error(&snapshot, 1);
    assert_eq!(wrong.kind, FailureKind::Damaged);
    assert!(wrong.headline.contains(damaged.digest.hex()), "{wrong:?}");
    assert!(
        snapshot
            .node(&NodePath::from(vec![2]))
            .unwrap()
            .config()
            .is_some()
    );
    let unreadable = child_error(&snapshot, 3);
    assert!(
        unreadable.headline.contains("no \"digest\""),
        "{unreadable:?}"
    );
    assert_eq!(listing(folder.path()), before, "nothing was written");
}

#[test]
fn an_index_that_lists_itself_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    // no document can hold its own digest, so this one lies under a name that is not its own
    let own = Digest::sha256(b"the name it lies under");
    let text = serde_json::to_vec(&json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX,
        "manifests": [{"mediaType": MediaType::OCI_INDEX, "digest": own, "size": 250}],
    }))
    .unwrap();
    std::fs::write(layout.blob_path(&own), &text).unwrap();
    let itself = Descriptor::new(MediaType::OCI_INDEX, own.clone(), text.len() as u64);
    layout.name("loop", &itself);
    let watch = Watch::start();
    let (_, snapshot) = watch.open_and_settle(&layout.reference("loop"));
    let error = snapshot.opened.error().unwrap();
    assert_eq!(error.kind, FailureKind::Damaged);
    assert!(error.headline.contains(own.hex()), "{error:?}");
}

#[test]
fn indexes_are_followed_to_a_depth_and_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let mut inner = layout.image("linux/amd64", &["deep"]);
    for _ in 0..12 {
        inner = layout.index(&[serde_json::to_value(&inner).unwrap()]);
    }
    layout.name("deep", &inner);
    let watch = Watch::start();
    let (_, snapshot) = watch.open_and_settle(&layout.reference("deep"));
    let mut node = &snapshot.image().unwrap().root;
    let mut depth = 1;
    let error = loop {
        match node.child(0).unwrap() {
            Remote::Ready(child) => node = child,
            Remote::Failed { error, .. } => break error,
            other => panic!("{other:?}"),
        }
        depth += 1;
    };
    assert_eq!(depth, porthole::model::limits::INDEX_DEPTH);
    assert!(error.headline.contains("8 indexes"), "{error:?}");
}

#[test]
fn a_config_that_is_not_json_leaves_the_layers() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let config = layout.blob(MediaType::OCI_CONFIG, b"not JSON at all");
    let layer = layout.blob(MediaType::OCI_LAYER, b"layer");
    let manifest = layout.manifest(&config, &[layer]);
    layout.name("broken", &manifest);
    let watch = Watch::start();
    let (_, snapshot) = watch.open_and_settle(&layout.reference("broken"));
    let node = snapshot.node(&NodePath::root()).unwrap();
    assert_eq!(node.document.manifest().unwrap().layers.len(), 1);
    let config = node.config().unwrap();
    assert!(config.problem.is_some());
    assert_eq!(config.raw().bytes(), "not JSON at all");
}

#[test]
fn a_layer_of_another_size_is_seen_without_reading_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let manifest = layout.image("linux/amd64", &["one", "two", "three"]);
    let layer = |text: &str| layout.blob_path(&Digest::sha256(text.as_bytes()));
    std::fs::write(layer("one"), b"longer than it was").unwrap();
    std::fs::remove_file(layer("three")).unwrap();
    layout.name("damaged", &manifest);
    let watch = Watch::start();
    let (_, snapshot) = watch.open_and_settle(&layout.reference("damaged"));
    let node = snapshot.node(&NodePath::root()).unwrap();
    let Parts::Manifest { blobs, .. } = &node.parts else {
        panic!()
    };
    let wrong = BlobState::WrongSize {
        expected: 3,
        found: 18,
    };
    assert_eq!(blobs[1..], [wrong, BlobState::Present, BlobState::Missing]);
}

#[test]
fn what_is_no_image_fails_with_a_hint_and_a_failed_job() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let broken = folder.path().join("broken");
    drop(Layout::new(&broken));
    std::fs::write(broken.join("index.json"), "{\"manifests\": [").unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "only words").unwrap();
    let watch = Watch::start();
    for (path, words) in [
        (empty, "empty"),
        (broken, "index.json"),
        (text, "not a container image"),
        (folder.path().join("nowhere"), "no such file or folder"),
    ] {
        let (id, snapshot) = watch.open_and_settle(&path.display().to_string());
        let error = snapshot.opened.error().unwrap();
        assert!(error.headline.contains(words), "{error:?}");
        let place = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(error.headline.contains(&place), "{error:?}");
        assert!(!error.hint.is_empty());
        let job = watch.until_job(|job| job.image == id);
        assert_eq!(job.state, JobState::Failed(error.clone()));
    }
}
