//! The table of platforms.

use egui::Key;
use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use porthole::engine::{Command, FailureKind, NodePath, Remote};
use porthole::model::MediaType;
use porthole::transport::BlobState;
use porthole::ui::action::Action;
use porthole::ui::views::View;

use super::{commands, copied, rows, shown, wishes, words};
use crate::support::snapshots::{
    Made, descriptor, failure, from_layout, index, index_of, large_index, snapshot,
};

/// Only the commands that fetch, as ranges.
fn wanted(commands: Vec<Command>) -> Vec<std::ops::Range<usize>> {
    commands
        .into_iter()
        .map(|command| match command {
            Command::Want { entries, .. } => entries,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn entries_are_rows_with_what_is_known_of_them() {
    let harness = shown(View::Platforms, from_layout("busybox-small", "1.37.0"));
    let rows = rows(&harness);
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert_eq!(rows[0], "linux/amd64, image, 1.2 MB, documents verified");
    assert!(
        rows[2].starts_with("for linux/amd64, attestation"),
        "{rows:?}"
    );
    assert!(words(&harness).contains("2 images, 2 attestations"));
}

#[test]
fn what_is_visible_is_asked_for_once() {
    let mut harness = shown(View::Platforms, snapshot(large_index(10_000)));
    let first = wanted(commands(&mut harness));
    assert_eq!(first.len(), 1, "{first:?}");
    assert_eq!(first[0].start, 0);
    assert!((20..60).contains(&first[0].end), "{first:?}");
    // of ten thousand rows only those that are seen are drawn
    assert!(rows(&harness).len() < 40);
    harness.run_steps(4);
    assert_eq!(commands(&mut harness), []);

    harness.get_by_role(Role::Table).focus();
    harness.run();
    harness.key_press(Key::PageDown);
    harness.run();
    harness.key_press(Key::End);
    harness.run();
    let then = wanted(
        wishes(&mut harness)
            .into_iter()
            .filter_map(|wish| match wish {
                Action::Send(command) => Some(command),
                _ => None,
            })
            .collect(),
    );
    assert!(then.iter().any(|range| range.end == 10_000), "{then:?}");
    for range in &then {
        assert!(range.start >= first[0].end, "asked twice: {then:?}");
    }
}

#[test]
fn the_filter_narrows_the_rows_down() {
    let mut harness = shown(View::Platforms, snapshot(large_index(10_000)));
    harness
        .get_by_role_and_label(Role::TextInput, "Filter platforms")
        .focus();
    harness.run();
    harness
        .get_by_role_and_label(Role::TextInput, "Filter platforms")
        .type_text("P0777");
    harness.run();
    let found = rows(&harness);
    assert_eq!(found.len(), 10, "{found:?}");
    assert!(found[3].contains("p07773"), "{found:?}");
    assert!(words(&harness).contains("10 of 10,000"));
    // what is found is asked for
    let wanted = wanted(commands(&mut harness));
    assert!(wanted.contains(&(7770..7780)), "{wanted:?}");

    harness
        .get_by_role_and_label(Role::TextInput, "Filter platforms")
        .type_text("nowhere");
    harness.run();
    assert!(rows(&harness).is_empty());
    harness.get_by_label("Clear the filter").click();
    harness.run();
    assert!(rows(&harness).len() > 15);
}

#[test]
fn rows_are_sorted_by_their_columns() {
    let images = ["linux/riscv64", "linux/amd64", "linux/arm64"].map(Made::for_platform);
    let mut harness = shown(View::Platforms, snapshot(index_of(&images)));
    let order = |harness: &_| -> Vec<String> {
        let rows = rows(harness);
        let platform = |row: &String| row.split(',').next().unwrap().to_owned();
        rows.iter().map(platform).collect()
    };
    let own = ["linux/riscv64", "linux/amd64", "linux/arm64"];
    assert_eq!(order(&harness), own);
    let click = |harness: &mut egui_kittest::Harness<'_, _>| {
        harness
            .get_by_role_and_label(Role::ColumnHeader, "Platform")
            .click();
        harness.run();
    };
    click(&mut harness);
    assert_eq!(
        order(&harness),
        ["linux/amd64", "linux/arm64", "linux/riscv64"]
    );
    click(&mut harness);
    assert_eq!(
        order(&harness),
        ["linux/riscv64", "linux/arm64", "linux/amd64"]
    );
    click(&mut harness);
    assert_eq!(order(&harness), own);
}

#[test]
fn a_row_selects_its_image_by_pointer_and_keyboard() {
    let images = ["linux/amd64", "linux/arm64", "linux/riscv64"].map(Made::for_platform);
    let image = snapshot(index_of(&images));
    let id = image.id;
    let mut harness = shown(View::Platforms, image);
    harness.get_by_label_contains("linux/arm64, image").click();
    harness.run();
    let path = |at| NodePath::root().child(at);
    assert_eq!(wishes(&mut harness), [Action::Select(id, path(1))]);
    harness.key_press(Key::ArrowDown);
    harness.run();
    assert_eq!(wishes(&mut harness), [Action::Select(id, path(2))]);
    harness.key_press(Key::ArrowDown);
    harness.run();
    assert_eq!(wishes(&mut harness), [], "there is no row below the last");
    harness.key_press(Key::Home);
    harness.run();
    assert_eq!(wishes(&mut harness), [Action::Select(id, path(0))]);
    let row = harness.get_by_label_contains("linux/amd64, image");
    let toggled = row.accesskit_node().toggled();
    assert_eq!(toggled, Some(egui::accesskit::Toggled::True));
}

#[test]
fn what_is_missing_or_damaged_says_so() {
    let mut images = [
        "linux/amd64",
        "linux/arm64",
        "linux/riscv64",
        "linux/s390x",
        "linux/ppc64le",
    ]
    .map(Made::for_platform);
    images[3].layers[0].state = BlobState::Missing;
    images[4].layers[0].state = BlobState::Unreadable {
        why: "permission denied".into(),
    };
    let mut entries: Vec<_> = images.iter().map(Made::entry).collect();
    entries.push(serde_json::json!({"mediaType": MediaType::OCI_MANIFEST, "size": -3}));
    let failed = |kind| Remote::Failed {
        error: failure(kind).into(),
        previous: None,
    };
    let children = vec![
        Remote::Ready(images[0].node()),
        failed(FailureKind::Missing),
        failed(FailureKind::Damaged),
        Remote::Ready(images[3].node()),
        Remote::Ready(images[4].node()),
        Remote::NotAsked,
    ];
    let harness = shown(View::Platforms, snapshot(index(&entries, children)));
    let rows = rows(&harness);
    for (row, said) in [
        (0, "documents verified"),
        (1, "not in this folder"),
        (2, "damaged"),
        (3, "1 blob missing"),
        (4, "1 blob damaged"),
    ] {
        assert!(rows[row].ends_with(said), "{row}: {rows:?}");
    }
    assert!(
        rows[5].starts_with("Unreadable entry 5: it has no"),
        "{rows:?}"
    );
}

#[test]
fn an_index_in_an_index_opens() {
    let inner = index_of(&[Made::for_platform("linux/s390x")]);
    let inner_value = serde_json::from_slice(inner.document.bytes()).unwrap();
    let entry = descriptor(&inner_value, MediaType::OCI_INDEX);
    let entries = [
        Made::default().entry(),
        serde_json::to_value(&entry).unwrap(),
    ];
    let children = vec![
        Remote::Ready(Made::default().node()),
        Remote::Ready(inner.clone()),
    ];
    let mut harness = shown(View::Platforms, snapshot(index(&entries, children)));
    harness.get_by_label_contains(", index").click();
    harness.run();
    assert!(
        rows(&harness)[0].starts_with("linux/s390x"),
        "{:?}",
        rows(&harness)
    );
    harness
        .get_by_role_and_label(Role::Link, "All entries")
        .click();
    harness.run();
    assert_eq!(rows(&harness).len(), 2);
}

#[test]
fn a_digest_is_copied_from_the_menu() {
    let image = snapshot(index_of(&[Made::default()]));
    let digest = Made::default().entry()["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut harness = shown(View::Platforms, image);
    harness
        .get_by_label_contains("linux/amd64, image")
        .click_secondary();
    harness.run();
    harness.get_by_label("Copy digest").click();
    harness.run();
    assert_eq!(copied(&mut harness), std::slice::from_ref(&digest));
    harness
        .get_by_label_contains("linux/amd64, image")
        .click_secondary();
    harness.run();
    harness.get_by_label("Copy reference by digest").click();
    harness.run();
    let by_digest = format!("oci:/srv/images/edge:@{digest}");
    assert_eq!(copied(&mut harness), [by_digest]);
}

#[test]
fn a_single_image_says_which_platform_it_is_for() {
    let image = snapshot(Made::for_platform("linux/arm64").node());
    let id = image.id;
    let mut harness = shown(View::Platforms, image);
    harness.get_by_label("This image is for one platform: linux/arm64");
    harness.get_by_label("Show layers").click();
    harness.run();
    assert_eq!(wishes(&mut harness), [Action::ShowView(id, View::Layers)]);
}
