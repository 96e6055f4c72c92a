//! Asking again: what was known stays until it is known better.

use porthole::engine::{Command, JobKind, NodePath, Remote};
use porthole::model::Digest;

use crate::support::layout::{Layout, entry};
use crate::support::watch::Watch;

#[test]
fn a_moved_name_shows_the_new_image() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let old = layout.image("linux/amd64", &["old"]);
    layout.name("latest", &old);
    let watch = Watch::start();
    let (id, snapshot) = watch.open_and_settle(&layout.reference("latest"));
    assert_eq!(
        *snapshot.image().unwrap().root.document.raw().digest(),
        old.digest
    );
    let new = layout.image("linux/amd64", &["new"]);
    layout.name("latest", &new);
    watch.engine.send(Command::Reload { image: id });
    let snapshot = watch.until(id, |s| {
        s.settled() && *s.image().unwrap().root.document.raw().digest() == new.digest
    });
    assert!(snapshot.node(&NodePath::root()).unwrap().config().is_some());
}

#[test]
fn when_asking_again_fails_the_old_value_stays_visible() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("layout"));
    let image = layout.image("linux/amd64", &["old"]);
    layout.name("latest", &image);
    let watch = Watch::start();
    let (id, _) = watch.open_and_settle(&layout.reference("latest"));
    std::fs::remove_dir_all(layout.folder()).unwrap();
    watch.engine.send(Command::Reload { image: id });
    let snapshot = watch.until(id, |s| s.opened.error().is_some());
    assert!(matches!(
        snapshot.opened,
        Remote::Failed {
            previous: Some(_),
            ..
        }
    ));
    let node = snapshot.node(&NodePath::root()).unwrap();
    assert_eq!(*node.document.raw().digest(), image.digest);
}

#[test]
fn what_was_missing_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let image = layout.image("linux/amd64", &["late"]);
    let index = layout.index(&[entry(&image, "linux/amd64")]);
    layout.name("sparse", &index);
    let path = layout.blob_path(&image.digest);
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(Digest::sha256(&bytes), image.digest);
    std::fs::remove_file(&path).unwrap();
    let watch = Watch::start();
    let (id, snapshot) = watch.open_and_settle(&layout.reference("sparse"));
    let child = snapshot.image().unwrap().root.child(0).unwrap();
    assert!(child.error().is_some());
    std::fs::write(&path, bytes).unwrap();
    let failed = watch.until_job(|job| job.kind == JobKind::Open);
    watch.engine.send(Command::Retry { job: failed.id });
    let first = NodePath::root().child(0);
    watch.until(id, |s| {
        s.settled() && s.node(&first).is_some_and(|n| n.config().is_some())
    });
}
