//! Of a very large index only what is looked at is read.

use porthole::engine::{Command, Extent, NodePath, Parts, Remote};
use porthole::model::{Descriptor, Digest, MediaType};
use serde_json::Value;

use crate::support::layout::{Layout, entry};
use crate::support::watch::Watch;

fn large(layout: &mut Layout, entries: usize) -> Vec<Descriptor> {
    let images: Vec<_> = (0..60)
        .map(|n| layout.image("linux/arm64", &[&format!("layer {n}")]))
        .collect();
    let listed: Vec<Value> = (0..entries)
        .map(|n| match images.get(n) {
            Some(image) => entry(image, "linux/arm64"),
            None => {
                let digest = Digest::sha256(format!("{n}").as_bytes());
                let missing = Descriptor::new(MediaType::OCI_MANIFEST, digest, 100);
                entry(&missing, "linux/riscv64")
            }
        })
        .collect();
    let index = layout.index(&listed);
    layout.name("large", &index);
    images
}

fn known(snapshot: &porthole::engine::ImageSnapshot) -> Vec<usize> {
    let Parts::Index { children } = &snapshot.image().unwrap().root.parts else {
        panic!()
    };
    let known = children.iter().enumerate();
    known
        .filter(|(_, child)| !matches!(child, Remote::NotAsked))
        .map(|(position, _)| position)
        .collect()
}

#[test]
fn of_ten_thousand_entries_only_the_chosen_and_the_visible_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    large(&mut layout, 10_000);
    let watch = Watch::start();
    let (id, snapshot) = watch.open_and_settle(&layout.reference("large"));
    // nothing is for linux/amd64: the first is shown
    assert_eq!(known(&snapshot), [0]);

    let before = snapshot.generation;
    watch.engine.send(Command::Want {
        image: id,
        index: NodePath::root(),
        entries: 50..70,
    });
    let snapshot = watch.until(id, |s| s.settled() && s.generation > before);
    let snapshot = if known(&snapshot).len() == 21 {
        snapshot
    } else {
        watch.until(id, |s| s.settled() && known(s).len() == 21)
    };
    assert_eq!(
        known(&snapshot),
        std::iter::once(0).chain(50..70).collect::<Vec<_>>()
    );
    // the rows with a manifest have their config too
    for position in 50..60 {
        let node = snapshot.node(&NodePath::root().child(position)).unwrap();
        assert!(node.config().is_some(), "entry {position}");
    }
    let error = snapshot.image().unwrap().root.child(60).unwrap().error();
    assert!(error.is_some(), "entry 60 is not in the folder");
}

#[test]
fn a_range_past_the_end_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    large(&mut layout, 61);
    let watch = Watch::start();
    let (id, _) = watch.open_and_settle(&layout.reference("large"));
    watch.engine.send(Command::Want {
        image: id,
        index: NodePath::root(),
        entries: 58..1_000_000,
    });
    let snapshot = watch.until(id, |s| s.settled() && known(s).len() == 4);
    assert_eq!(known(&snapshot), [0, 58, 59, 60]);
}

#[test]
fn everything_is_read_when_everything_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    large(&mut layout, 100);
    let watch = Watch::start();
    let id = watch.open_extent(&layout.reference("large"), Extent::Everything);
    let snapshot = watch.settle(id);
    assert_eq!(known(&snapshot).len(), 100);
    let root = &snapshot.image().unwrap().root;
    let ready = (0..100).filter(|p| root.child(*p).unwrap().value().is_some());
    assert_eq!(ready.count(), 60);
}
