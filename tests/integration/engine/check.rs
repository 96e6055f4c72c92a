//! Reading blobs through.

use porthole::engine::{Command, JobKind, JobState, NodePath, Parts};
use porthole::model::Digest;
use porthole::transport::BlobState;

use crate::support::layout::Layout;
use crate::support::watch::Watch;

fn check(
    watch: &Watch,
    reference: &str,
) -> (
    Vec<BlobState>,
    std::sync::Arc<porthole::engine::JobSnapshot>,
) {
    let (id, _) = watch.open_and_settle(reference);
    watch.engine.send(Command::CheckBlobs {
        image: id,
        manifest: NodePath::root(),
    });
    let job = watch
        .until_job(|job| job.image == id && job.kind == JobKind::Check && job.state.is_final());
    let snapshot = watch.engine.image(id).unwrap();
    let node = snapshot.node(&NodePath::root()).unwrap();
    let Parts::Manifest { blobs, .. } = &node.parts else {
        panic!()
    };
    (blobs.to_vec(), job)
}

#[test]
fn intact_blobs_are_verified_and_every_byte_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let manifest = layout.image("linux/amd64", &["one", "two"]);
    layout.name("good", &manifest);
    let (blobs, job) = check(&Watch::start(), &layout.reference("good"));
    assert_eq!(blobs, vec![BlobState::Verified; 3]);
    assert_eq!(job.state, JobState::Done);
    assert_eq!(Some(job.progress.done()), job.progress.total());
    assert!(job.progress.done() > 6);
}

#[test]
fn a_changed_byte_of_the_same_length_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let manifest = layout.image("linux/amd64", &["one", "two"]);
    layout.name("bad", &manifest);
    let digest = Digest::sha256(b"two");
    std::fs::write(layout.blob_path(&digest), b"twO").unwrap();
    let (blobs, job) = check(&Watch::start(), &layout.reference("bad"));
    let found = Digest::sha256(b"twO");
    assert_eq!(
        blobs[1..],
        [BlobState::Verified, BlobState::WrongDigest { found }]
    );
    let JobState::Failed(failure) = &job.state else {
        panic!("{:?}", job.state)
    };
    assert!(failure.headline.contains("1 of 3"), "{failure:?}");
    assert!(failure.details[0].contains(digest.hex()), "{failure:?}");
}
