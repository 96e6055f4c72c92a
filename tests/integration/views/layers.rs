//! The table of layers.

use egui::Key;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use porthole::engine::{Command, NodePath};
use porthole::model::Digest;
use porthole::transport::BlobState;
use porthole::ui::action::Action;
use porthole::ui::views::View;

use super::{commands, copied, rows, shown, wishes, words};
use crate::support::snapshots::{Layer, Made, large_index, snapshot};

#[test]
fn a_layer_is_shown_in_full() {
    let mut made = Made::default();
    let script = format!("RUN /bin/sh -c set -eux; \\\n\techo {}", "x".repeat(300));
    made.layers[1].instruction = script;
    let mut harness = shown(View::Layers, snapshot(made.node()));
    assert_eq!(
        rows(&harness)[0],
        "Layer 0: ADD rootfs.tar /, 52.0 MB, present"
    );
    let all = words(&harness);
    assert!(!all.contains("DiffID: "));
    // nobody has read them: columns of what only reading tells would stand empty
    assert!(
        all.contains("Compressed") && !all.contains("Unpacked") && !all.contains("Wastes"),
        "{all}"
    );
    harness.get_by_label_contains("Layer 1: ").click();
    harness.run();
    let all = words(&harness);
    let diff_id = Digest::sha256(b"diff 1 linux/amd64");
    assert!(all.contains(&format!("DiffID: {diff_id}")), "{all}");
    assert!(
        all.contains("Created: 3 days ago, 19 Nov 2026 12:00:00 UTC"),
        "{all}"
    );
    // with its own line breaks, and whole
    assert!(all.contains(&format!("set -eux; \\\n    echo {}", "x".repeat(300))));
}

#[test]
fn the_keyboard_walks_through_the_layers() {
    let mut harness = shown(View::Layers, snapshot(Made::default().node()));
    harness.get_by_role(Role::Table).focus();
    harness.run();
    for _ in 0..2 {
        harness.key_press(Key::ArrowDown);
        harness.run();
    }
    let diff_id = Digest::sha256(b"diff 1 linux/amd64");
    assert!(words(&harness).contains(&format!("DiffID: {diff_id}")));
}

#[test]
fn blobs_say_how_they_are() {
    let states = [
        (BlobState::NotChecked, "not checked"),
        (BlobState::Present, "present"),
        (BlobState::Verified, "verified"),
        (BlobState::Missing, "not in this folder"),
        (
            BlobState::WrongSize {
                expected: 5,
                found: 6,
            },
            "wrong size",
        ),
        (
            BlobState::WrongDigest {
                found: Digest::sha256(b"other"),
            },
            "wrong digest",
        ),
        (
            BlobState::Unreadable {
                why: "a disk error".into(),
            },
            "cannot be read",
        ),
    ];
    let made = Made {
        layers: states
            .iter()
            .map(|(state, word)| Layer::new(&format!("RUN {word}"), 10).state(state.clone()))
            .collect(),
        ..Made::default()
    };
    let harness = shown(View::Layers, snapshot(made.node()));
    let rows = rows(&harness);
    for (at, (_, word)) in states.iter().enumerate() {
        assert!(rows[at].ends_with(word), "{rows:?}");
    }
}

#[test]
fn steps_without_a_layer_are_shown_when_asked_for() {
    let mut harness = shown(View::Layers, snapshot(Made::default().node()));
    assert_eq!(rows(&harness).len(), 3);
    harness
        .get_by_role_and_label(Role::CheckBox, "Show empty steps")
        .click();
    harness.run();
    let rows = rows(&harness);
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[3], "Empty step: ENV LANG=C.UTF-8");
}

#[test]
fn checking_bytes_is_asked_of_the_engine() {
    let mut harness = shown(View::Layers, snapshot(Made::default().node()));
    // what the layers do to the files of a local image is asked by itself, once
    let image = harness.state().image.id;
    let waste = Command::Files {
        image,
        manifest: NodePath::root(),
        request: porthole::engine::FilesRequest::Waste,
    };
    assert_eq!(commands(&mut harness), [waste]);
    harness
        .get_by_role_and_label(Role::Button, "Check bytes")
        .click();
    harness.run();
    let image = harness.state().image.id;
    let manifest = NodePath::root();
    assert_eq!(
        commands(&mut harness),
        [Command::CheckBlobs { image, manifest }]
    );
}

#[test]
fn an_instruction_is_copied_whole() {
    let mut made = Made::default();
    let long = format!("RUN {}", "y".repeat(5_000));
    made.layers[0].instruction.clone_from(&long);
    let mut harness = shown(View::Layers, snapshot(made.node()));
    harness.get_by_label_contains("Layer 0: ").click_secondary();
    harness.run();
    harness.get_by_label("Copy instruction").click();
    harness.run();
    assert_eq!(copied(&mut harness), [long]);
}

#[test]
fn two_hundred_layers_are_drawn_as_far_as_they_are_seen() {
    let made = Made {
        layers: (0..200)
            .map(|at| Layer::new(&format!("RUN step {at}"), at * 1_000))
            .collect(),
        ..Made::default()
    };
    let harness = shown(View::Layers, snapshot(made.node()));
    let drawn = rows(&harness).len();
    assert!((5..30).contains(&drawn), "{drawn}");
}

#[test]
fn without_layers_or_an_image_there_is_something_to_do() {
    let made = Made {
        layers: Vec::new(),
        ..Made::default()
    };
    let harness = shown(View::Layers, snapshot(made.node()));
    harness.get_by_label("This image has no layers");

    let mut image = snapshot(large_index(3));
    if let porthole::engine::Remote::Ready(porthole::engine::Opened::Image(image)) =
        &mut image.opened
    {
        image.chosen = None;
    }
    let id = image.id;
    let mut harness = shown(View::Layers, image);
    harness.get_by_label("Show platforms").click();
    harness.run();
    assert_eq!(
        wishes(&mut harness),
        [Action::ShowView(id, View::Platforms)]
    );
}
