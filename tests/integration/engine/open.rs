use porthole::engine::{JobKind, JobState, NodePath, Opened, Parts, Remote};
use porthole::model::ChoiceReason;
use porthole::transport::BlobState;

use crate::support::layout::{Layout, entry};
use crate::support::watch::Watch;

#[test]
fn an_index_is_shown_with_every_child_and_config() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let amd64 = layout.image("linux/amd64", &["base", "app"]);
    let arm64 = layout.image("linux/arm64", &["base", "arm"]);
    let index = layout.index(&[entry(&arm64, "linux/arm64"), entry(&amd64, "linux/amd64")]);
    layout.name("v1", &index);

    let watch = Watch::start();
    let (_, snapshot) = watch.open_and_settle(&layout.reference("v1"));
    let image = snapshot.image().unwrap();
    assert_eq!(*image.root.document.raw().digest(), index.digest);
    let chosen = image.chosen.as_ref().unwrap();
    assert_eq!(chosen.path, NodePath::root().child(1));
    assert_eq!(chosen.choices[0].reason, ChoiceReason::Exact);
    for (position, expected) in [(0, "linux/arm64"), (1, "linux/amd64")] {
        let node = snapshot.node(&NodePath::root().child(position)).unwrap();
        assert_eq!(node.config().unwrap().platform.to_string(), expected);
        let Parts::Manifest { blobs, .. } = &node.parts else {
            panic!("{node:?} is no manifest")
        };
        // the config was read, and so hashed; of the layers only the presence is known
        assert_eq!(
            **blobs,
            [BlobState::Verified, BlobState::Present, BlobState::Present]
        );
    }
    let jobs = watch.engine.jobs();
    assert_eq!(jobs.len(), 1);
    assert_eq!(
        (jobs[0].kind, &jobs[0].state),
        (JobKind::Open, &JobState::Done)
    );
    // the index, two manifests, two configs
    assert_eq!(jobs[0].progress.done(), 5);
    assert_eq!(jobs[0].progress.total(), Some(5));
}

#[test]
fn the_choice_goes_through_nested_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let inner_image = layout.image("linux/amd64", &["x"]);
    let inner = layout.index(&[entry(&inner_image, "linux/amd64")]);
    let outer = layout.index(&[serde_json::to_value(&inner).unwrap()]);
    layout.name("nested", &outer);

    let watch = Watch::start();
    let (_, snapshot) = watch.open_and_settle(&layout.reference("nested"));
    let chosen = snapshot.image().unwrap().chosen.as_ref().unwrap();
    assert_eq!(chosen.path, NodePath::from(vec![0, 0]));
    let reasons: Vec<_> = chosen.choices.iter().map(|c| c.reason.clone()).collect();
    assert_eq!(reasons, [ChoiceReason::NoPlatform, ChoiceReason::Exact]);
    let node = snapshot.node(&chosen.path).unwrap();
    assert_eq!(*node.document.raw().digest(), inner_image.digest);
    assert!(node.config().is_some());
}

#[test]
fn a_folder_with_several_names_lists_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let one = layout.image("linux/amd64", &["1"]);
    let two = layout.image("linux/amd64", &["2"]);
    layout.name("one", &one);
    layout.name("two", &two);

    let watch = Watch::start();
    let (_, snapshot) = watch.open_and_settle(&format!("oci:{}", folder.path().display()));
    let Remote::Ready(Opened::Several(images)) = &snapshot.opened else {
        panic!("{:?}", snapshot.opened)
    };
    let names: Vec<_> = images.iter().map(|i| i.name.to_string()).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(images[1].descriptor.digest, two.digest);
}

#[test]
fn the_empty_config_of_an_artifact_is_not_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let empty = layout.blob("application/vnd.oci.empty.v1+json", b"{}");
    std::fs::remove_file(layout.blob_path(&empty.digest)).unwrap();
    let sbom = layout.blob("application/spdx+json", b"{\"spdxVersion\":\"SPDX-2.3\"}");
    let artifact = layout.document(
        "application/vnd.oci.image.manifest.v1+json",
        &serde_json::json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "artifactType": "application/spdx+json", "config": empty, "layers": [sbom],
        }),
    );
    layout.name("sbom", &artifact);
    let watch = Watch::start();
    let (_, snapshot) = watch.open_and_settle(&layout.reference("sbom"));
    let node = snapshot.node(&NodePath::root()).unwrap();
    assert_eq!(node.document.kind(), "artifact");
    assert_eq!(node.config().unwrap().raw().bytes(), "{}");
}

#[test]
fn a_closed_image_leaves_its_slot() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let image = layout.image("linux/amd64", &["1"]);
    layout.name("one", &image);
    let watch = Watch::start();
    let (id, _) = watch.open_and_settle(&layout.reference("one"));
    watch
        .engine
        .send(porthole::engine::Command::Close { image: id });
    watch.wait(|| watch.engine.image(id).is_none().then_some(()));
}

#[test]
fn snapshots_only_grow() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let image = layout.image("linux/amd64", &["1"]);
    layout.name("one", &image);
    let watch = Watch::start();
    let id = watch.open(&layout.reference("one"));
    let first = watch.until(id, |_| true).generation;
    let last = watch.settle(id).generation;
    watch
        .engine
        .send(porthole::engine::Command::Reload { image: id });
    watch.until_job(|job| job.kind == JobKind::Reload && job.state == JobState::Done);
    let reloaded = watch.engine.image(id).unwrap();
    assert!(first <= last && last < reloaded.generation);
    assert!(reloaded.image().is_some());
}
