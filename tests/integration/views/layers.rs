//! The table of layers.

use std::sync::Arc;

use egui::Key;
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use porthole::engine::{Command, NodePath};
use porthole::model::Digest;
use porthole::transport::BlobState;
use porthole::ui::action::{Action, FilesPlace};
use porthole::ui::views::View;

use super::files::{files_of, three};
use super::{Shown, commands, copied, rows, shown, wishes, words};
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

/// The words over the table, and where each begins.
fn columns(harness: &Harness<'_, Shown>) -> Vec<(String, f32)> {
    let heads = harness.query_all_by_role(Role::ColumnHeader);
    heads
        .filter_map(|head| Some((head.accesskit_node().label()?, head.rect().left())))
        .collect()
}

#[test]
fn the_columns_stay_where_they_are_once_the_layers_were_read() {
    let made = Made::default();
    let mut harness = shown(View::Layers, snapshot(made.node()));
    let before = columns(&harness);
    assert!(
        before.iter().any(|(name, _)| name == "Unpacked"),
        "{before:?}"
    );
    let files = files_of(&made, &three());
    harness.state_mut().files = Some(Arc::new(files));
    harness.run();
    assert_eq!(columns(&harness), before);
    // the instruction has the most room
    let at = before
        .iter()
        .position(|(name, _)| name == "Instruction")
        .unwrap();
    let room = before[at + 1].1 - before[at].1;
    assert!(room > 320.0, "{room} of {before:?}");
}

#[test]
fn plain_tar_is_not_called_compressed() {
    for view in [View::Layers, View::Overview] {
        let compressed = shown(view, snapshot(Made::default().node()));
        let all = words(&compressed);
        assert!(
            all.contains("Compressed") && all.contains("MB compressed"),
            "{all}"
        );
        let made = Made {
            suffix: "",
            ..Made::default()
        };
        let mut plain = shown(view, snapshot(made.node()));
        plain.get_by_label_contains("Layer 0: ").click();
        plain.run();
        let all = words(&plain);
        assert!(
            all.contains("Size") && all.contains("71.5 MB, 3 layers"),
            "{all}"
        );
        assert!(
            !all.contains("Compressed") && !all.contains("MB compressed"),
            "{all}"
        );
    }
}

#[test]
fn a_damaged_layer_says_what_was_found_and_what_to_try() {
    let found = Digest::sha256(b"other");
    let wrong = BlobState::WrongDigest {
        found: found.clone(),
    };
    let mut made = Made::default();
    made.layers[1].state = wrong;
    made.layers[2].state = BlobState::Missing;
    let node = made.node();
    let expected = node.document.manifest().unwrap().layers[1].digest.clone();
    let mut harness = shown(View::Layers, snapshot(node));
    for (layer, said) in [
        ("Layer 0: ", vec![]),
        (
            "Layer 1: ",
            vec![
                format!("Expected: {expected}"),
                format!("Found: {found}"),
                "Try: Copy the image again from where it came".to_owned(),
            ],
        ),
        (
            "Layer 2: ",
            vec!["Try: Copy the image again from a place".to_owned()],
        ),
    ] {
        harness.get_by_label_contains(layer).click();
        harness.run();
        let all = words(&harness);
        for words in &said {
            assert!(all.contains(words), "{words} of {layer} in {all}");
        }
        assert_eq!(all.contains("Try: "), !said.is_empty(), "{all}");
    }
}

#[test]
fn the_files_of_a_layer_are_one_click_away() {
    let mut harness = shown(View::Layers, snapshot(Made::default().node()));
    let place = FilesPlace {
        image: harness.state().image.id,
        manifest: NodePath::root(),
        layer: 1,
        path: None,
    };
    harness.get_by_label_contains("Layer 1: ").click_secondary();
    harness.run();
    let name = "Show files of this layer";
    let menu = harness.get_by_role_and_label(Role::Button, name);
    menu.click();
    harness.run();
    assert!(wishes(&mut harness).contains(&Action::ShowFiles(place.clone())));
    harness.get_by_role_and_label(Role::Link, name).click();
    harness.run();
    assert_eq!(wishes(&mut harness), [Action::ShowFiles(place)]);
}
