//! The exact bytes: folding, finding, copying.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use porthole::ui::action::Action;
use porthole::ui::views::View;

use super::{Shown, copied, shown, wishes, words};
use crate::support::snapshots::{Made, from_layout, index_of, snapshot, unread};

/// The lines of the tree that are drawn.
fn lines(harness: &Harness<'_, Shown>) -> Vec<String> {
    let rows = harness.query_all_by_role(Role::TreeItem);
    rows.filter_map(|row| row.accesskit_node().label())
        .collect()
}

fn find(harness: &mut Harness<'_, Shown>, words: &str) {
    let field = |harness: &Harness<'_, Shown>| {
        harness
            .get_by_role_and_label(Role::TextInput, "Find in document")
            .focus();
    };
    field(harness);
    harness.run();
    harness
        .get_by_role_and_label(Role::TextInput, "Find in document")
        .type_text(words);
    harness.run();
}

#[test]
fn a_manifest_is_a_tree_that_folds() {
    let mut harness = shown(View::Raw, from_layout("busybox-small", "1.37.0"));
    let all = lines(&harness);
    assert_eq!(all[0], "{");
    assert_eq!(all[1], "\"schemaVersion\": 2,");
    assert_eq!(all.last().unwrap(), "}");
    harness.get_by_label("Fold \"layers\": [").click();
    harness.run();
    let folded = lines(&harness);
    assert!(folded.len() < all.len());
    assert!(
        folded.contains(&"\"layers\": [ 3 items ],".to_owned()),
        "{folded:?}"
    );
    harness.get_by_label("Unfold all").click();
    harness.run();
    assert_eq!(lines(&harness), all);
    harness.get_by_label("Fold all").click();
    harness.run();
    assert!(lines(&harness).contains(&"\"config\": { 3 entries },".to_owned()));
}

#[test]
fn a_value_and_its_path_are_copied() {
    let mut harness = shown(View::Raw, snapshot(index_of(&[Made::default()])));
    // the manifest is shown first; its index is one click away
    harness.get_by_role_and_label(Role::Button, "Index").click();
    harness.run();
    let row = harness.get_by_label_contains("\"architecture\": ");
    row.click();
    harness.run();
    let path = ".manifests[0].platform.architecture";
    harness.get_by_label(&format!("JSON path: {path}"));
    harness
        .get_by_role_and_label(Role::Button, "Copy JSON path")
        .click();
    harness.run();
    assert_eq!(copied(&mut harness), [path]);
    harness
        .get_by_role_and_label(Role::Button, "Copy value")
        .click();
    harness.run();
    assert_eq!(copied(&mut harness), ["amd64"]);
}

#[test]
fn the_keyboard_walks_and_folds() {
    let mut harness = shown(View::Raw, snapshot(Made::default().node()));
    harness.get_by_role(Role::Tree).focus();
    harness.run();
    let press = |harness: &mut Harness<'_, Shown>, key| {
        harness.key_press(key);
        harness.run();
    };
    for _ in 0..4 {
        press(&mut harness, Key::ArrowDown);
    }
    harness.get_by_label("JSON path: .config");
    let all = lines(&harness).len();
    press(&mut harness, Key::ArrowLeft);
    assert_eq!(lines(&harness).len(), all - 4);
    press(&mut harness, Key::ArrowRight);
    assert_eq!(lines(&harness).len(), all);
    press(&mut harness, Key::ArrowDown);
    press(&mut harness, Key::ArrowLeft);
    harness.get_by_label("JSON path: .config");
    press(&mut harness, Key::End);
    press(&mut harness, Key::Home);
    harness.get_by_label("JSON path: .");
}

#[test]
fn words_are_found_and_gone_through() {
    let mut harness = shown(View::Raw, snapshot(Made::default().node()));
    harness.get_by_label("Fold all").click();
    harness.run();
    find(&mut harness, "LAYER.V1");
    let all = words(&harness);
    assert!(all.contains("1 of 3"), "{all}");
    // what was folded over it is opened
    harness.get_by_label("JSON path: .layers[0].mediaType");
    harness.key_press(Key::Enter);
    harness.run();
    assert!(words(&harness).contains("2 of 3"));
    harness.get_by_label("JSON path: .layers[1].mediaType");
    harness.key_press_modifiers(Modifiers::SHIFT, Key::Enter);
    harness.run();
    harness.get_by_label("Previous match").click();
    harness.run();
    assert!(words(&harness).contains("3 of 3"));
    find(&mut harness, "nowhere");
    assert!(words(&harness).contains("none"));
}

#[test]
fn the_exact_bytes_are_shown_and_copied() {
    let node = Made::default().node();
    let bytes = String::from_utf8(node.document.bytes().to_vec()).unwrap();
    let mut harness = shown(View::Raw, snapshot(node));
    harness.get_by_label("Copy document").click();
    harness.run();
    assert_eq!(copied(&mut harness), [bytes]);
    harness.get_by_role_and_label(Role::Button, "Bytes").click();
    harness.run();
    harness.get_by_role_and_label(Role::Document, "Text");
    find(&mut harness, "schemaVersion\":2");
    assert!(words(&harness).contains("1 of 1"));
}

#[test]
fn a_long_text_is_walked_through_by_keys() {
    let text: String = (1..=500).map(|line| format!("line {line}\n")).collect();
    let mut harness = shown(View::Raw, snapshot(unread(text, "text/plain")));
    let has = |harness: &Harness<'_, Shown>, line: &str| {
        harness.query_all_by_label(line).next().is_some()
    };
    assert!(has(&harness, "line 1"));
    assert!(!has(&harness, "line 500"));
    harness
        .get_by_role_and_label(Role::Document, "Text")
        .focus();
    harness.run();
    harness.key_press(Key::PageDown);
    harness.run();
    assert!(!has(&harness, "line 1") && !has(&harness, "line 200"));
    harness.key_press(Key::End);
    harness.run();
    assert!(has(&harness, "line 500"));
    harness.key_press(Key::Home);
    harness.run();
    assert!(has(&harness, "line 1"));
}

#[test]
fn what_is_no_json_is_text_and_what_is_no_text_is_hexadecimal() {
    let harness = shown(View::Raw, snapshot(unread("just words", "text/plain")));
    assert!(words(&harness).contains("it is not JSON"));
    harness.get_by_role_and_label(Role::Document, "Text");

    let harness = shown(View::Raw, snapshot(unread(&b"\x00\xff\xfe"[..], "")));
    assert!(words(&harness).contains("it is not UTF-8 text: byte 1"));
    harness.get_by_role_and_label(Role::Document, "Bytes");
    let mut harness = harness;
    harness.get_by_label("Copy document").click();
    harness.run();
    assert_eq!(copied(&mut harness), ["00fffe"]);
}

#[test]
fn a_known_digest_leads_to_its_manifest() {
    let images = [Made::default(), Made::for_platform("linux/arm64")];
    let image = snapshot(index_of(&images));
    let id = image.id;
    let digest = images[1].entry()["digest"].as_str().unwrap().to_owned();
    let mut harness = shown(View::Raw, image);
    harness.get_by_role_and_label(Role::Button, "Index").click();
    harness.run();
    harness.get_by_label_contains(&digest).click_secondary();
    harness.run();
    harness
        .get_by_label_contains("Show linux/arm64, OCI manifest")
        .click();
    harness.run();
    let path = porthole::engine::NodePath::root().child(1);
    assert_eq!(wishes(&mut harness), [Action::Select(id, path)]);
}

#[test]
fn a_large_document_is_read_beside_the_frames() {
    let entry = r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:35d0431e77c386df2611d43875a38af617f297a18bd5532091d9aaece13f7bfd","size":5}"#;
    let text = format!(r#"{{"manifests":[{}]}}"#, vec![entry; 20_000].join(","));
    let mut harness = super::builder().build_ui_state(
        Shown::draw,
        Shown::new(View::Raw, snapshot(unread(text, ""))),
    );
    harness.get_by_role_and_label(Role::Button, "Index").click();
    let mut frames = 0;
    while lines(&harness).is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(10));
        harness.step();
        frames += 1;
        assert!(frames < 2_000, "it was never read");
    }
    let shown = lines(&harness);
    assert!(shown.len() < 60, "{}", shown.len());
    assert!(
        shown.iter().any(|line| line.contains("{ 3 entries }")),
        "a large document begins folded: {shown:?}"
    );
}
