//! The tree of files and what is said of one.

use std::sync::Arc;

use egui::Key;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use porthole::engine::{FilesSnapshot, LayerFiles, LayerState, NodePath, Progress, Remote, Unit};
use porthole::layer::{FileList, FileQuery, FileTree, LayerIndex};
use porthole::ui::views::View;

use super::{Shown, rows, shown};
use crate::layers::{Tar, scan};
use crate::support::snapshots::{Made, snapshot};

/// What a desk would show of an image with these layers; the image has three.
fn files_of(made: &Made, layers: &[Vec<u8>]) -> FilesSnapshot {
    let node = made.node();
    let manifest = node.document.manifest().unwrap();
    let indexes: Arc<[LayerIndex]> = layers.iter().map(|layer| scan(layer)).collect();
    let tree = Arc::new(FileTree::build(Arc::clone(&indexes), indexes.len() - 1));
    let list = FileList::new(tree, FileQuery::default()).unwrap();
    let layers = manifest.layers.iter().zip(indexes.iter());
    FilesSnapshot {
        image: porthole::engine::ImageId::next(),
        manifest: NodePath::root(),
        generation: 1,
        digest: node.document.raw().digest().clone(),
        layers: layers
            .map(|(descriptor, index)| LayerFiles {
                descriptor: descriptor.clone(),
                diff_id: None,
                state: LayerState::Ready,
                index: index.clone(),
                progress: Arc::new(Progress::new(Unit::Bytes)),
            })
            .collect(),
        query: FileQuery::default(),
        list: Remote::Ready(Arc::new(list)),
        waste: Remote::NotAsked,
        shown: None,
    }
}

fn three() -> Vec<Vec<u8>> {
    vec![
        Tar::new()
            .dir("etc")
            .file("etc/passwd", b"root\n")
            .dir("srv")
            .bytes(),
        Tar::new().file("srv/app", b"app").bytes(),
        Tar::new().file("etc/hosts", b"::1\n").bytes(),
    ]
}

fn harness() -> Harness<'static, Shown> {
    let made = Made::default();
    let files = files_of(&made, &three());
    let mut harness = shown(View::Files, snapshot(made.node()));
    harness.state_mut().files = Some(Arc::new(files));
    harness.run();
    harness
}

#[test]
fn folders_open_and_close_by_key_while_details_are_shown() {
    let mut harness = harness();
    assert_eq!(rows(&harness).len(), 2, "{:?}", rows(&harness));
    harness.get_by_label_contains("etc, folder").click();
    harness.run();
    // the details are beside it now
    harness.get_by_label("Close the details");
    harness.key_press(Key::ArrowRight);
    harness.run();
    assert_eq!(rows(&harness).len(), 4, "{:?}", rows(&harness));
    harness.key_press(Key::ArrowLeft);
    harness.run();
    assert_eq!(rows(&harness).len(), 2);
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(rows(&harness).len(), 4);
    harness.key_press(Key::ArrowDown);
    harness.run();
    assert!(
        super::words(&harness).contains("/etc/hosts"),
        "the keyboard went on to the first file"
    );
}

#[test]
fn keys_arrive_where_the_desktop_does_not_tell_who_has_the_focus() {
    let mut harness = harness();
    harness.input_mut().focused = false;
    harness.get_by_label_contains("etc, folder").click();
    harness.run();
    harness.key_press(Key::ArrowRight);
    harness.run();
    assert_eq!(rows(&harness).len(), 4, "{:?}", rows(&harness));
}
