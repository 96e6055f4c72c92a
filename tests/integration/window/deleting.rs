//! Deleting from the explorer: asked before, and asked again where other tags would go.

use porthole::engine::{
    Chore, Failure, FailureKind, Listed, Outcome, Place, PlaceImage, PlaceSnapshot, Remote,
};
use porthole::model::Reference;

use super::scripted;
use super::*;

const TAG: &str = "docker://registry.example.com/team/app:1.10";

/// A window with the tags of a repository, one of which is asked to be deleted.
fn asking() -> (Window, Place) {
    let mut window = window();
    let place = window.browse("registry.example.com/team/app");
    let tags: Arc<[Arc<str>]> = ["1.9", "1.10"].map(Arc::from).into();
    put(&mut window, &place, Listed::Names(tags));
    window.sent();
    let row = window.harness.get_by_role_and_label(Role::Row, "Open 1.10");
    row.click_secondary();
    window.harness.run();
    window.click(Role::Button, "Delete…");
    (window, place)
}

fn put(window: &mut Window, place: &Place, listed: Listed) {
    window.slots.put_place(Arc::new(PlaceSnapshot {
        place: place.clone(),
        generation: 1,
        listed: Remote::Ready(listed),
        facts: Arc::default(),
    }));
    window.harness.run();
}

fn delete(with_other_tags: bool) -> Command {
    Command::Chore(Chore::Delete {
        reference: TAG.to_owned(),
        with_other_tags,
    })
}

fn failed(window: &mut Window, others: &[&str]) {
    let failure = Failure::new(FailureKind::Other, "the tag is not alone", String::new());
    window.slots.put_outcome(Outcome::DeleteFailed {
        reference: TAG.to_owned(),
        others: others.iter().map(|tag| (*tag).to_owned()).collect(),
        failure: Arc::new(failure),
    });
    window.harness.run();
}

#[test]
fn a_tag_is_deleted_after_a_question_and_the_list_asked_for_again() {
    let (mut window, place) = asking();
    assert!(window.says_like(|text| {
        text.starts_with("Delete the tag 1.10 of registry.example.com/team/app?")
    }));
    assert!(
        !window.sent().contains(&delete(false)),
        "not without a click"
    );
    window.click(Role::Button, "Delete");
    assert_eq!(window.sent(), [delete(false)]);
    window.slots.put_outcome(Outcome::Deleted {
        reference: TAG.to_owned(),
    });
    window.harness.run();
    assert!(!window.has(Role::Button, "Keep it"));
    assert_eq!(window.sent(), [Command::ListPlace { place }]);
}

#[test]
fn other_tags_that_would_go_are_named_before_they_do() {
    let (mut window, _) = asking();
    window.click(Role::Button, "Delete");
    window.sent();
    failed(&mut window, &["latest", "stable"]);
    assert!(window.says("latest") && window.says("stable"));
    assert!(window.has(Role::Button, "Delete all 3 tags"));
    window.click(Role::Button, "Keep it");
    assert_eq!(window.sent(), []);
}

#[test]
fn all_of_them_go_where_that_is_wanted_and_a_failure_is_said() {
    let (mut window, _) = asking();
    window.click(Role::Button, "Delete");
    window.sent();
    failed(&mut window, &["latest"]);
    window.click(Role::Button, "Delete all 2 tags");
    assert_eq!(window.sent(), [delete(true)]);
    failed(&mut window, &[]);
    assert!(window.says_like(|text| text.contains("the tag is not alone")));
    assert!(window.has(Role::Button, "Try again"));
}

#[test]
fn an_image_of_a_folder_is_copied_exported_and_deleted_from_its_menu() {
    let (mut window, image) = Window::opening("oci:/images/small:v1");
    window.show(scripted::folder(image, "oci:/images/small:v1"));
    window.click(Role::TreeItem, "small");
    let place = Place::Local("oci:/images/small".to_owned());
    let image = PlaceImage {
        title: "v2".to_owned(),
        detail: "OCI index".to_owned(),
        reference: Reference::parse_prefixed("oci:/images/small:v2")
            .unwrap()
            .unwrap(),
        digest: None,
        own_name: None,
    };
    put(&mut window, &place, Listed::Images([image].into()));
    window.sent();
    for (item, dialog) in [("Copy…", "Destination"), ("Export…", "Destination")] {
        menu(&mut window, item);
        assert!(window.has(Role::TextInput, dialog), "{item}");
        let sent = window.sent();
        let opened = sent.iter().any(|command| {
            matches!(command, Command::Open { input, .. } if input == "oci:/images/small:v2")
        });
        assert!(opened, "its platforms are read: {sent:?}");
        window.press(Modifiers::NONE, Key::Escape);
        let sent = window.sent();
        let closed = |command: &Command| matches!(command, Command::Close { .. });
        assert!(sent.iter().any(closed), "and forgotten: {sent:?}");
    }
    menu(&mut window, "Delete…");
    assert!(window.says_like(|text| text.starts_with("Delete oci:/images/small:v2?")));
}

fn menu(window: &mut Window, item: &str) {
    let row = window
        .harness
        .get_by_role_and_label(Role::TreeItem, "v2, OCI index");
    row.click_secondary();
    window.harness.run();
    // the bar above has buttons of the same names
    let items = window
        .harness
        .query_all_by_role_and_label(Role::Button, item);
    let below = items.into_iter().find(|node| node.rect().top() > 80.0);
    below.expect(item).click();
    window.harness.run();
}

#[test]
fn the_open_image_is_deleted_from_the_menu_bar_and_its_digest_is_named() {
    let (mut window, image) = Window::opening("registry.example.com/edge/api:1.8.2");
    window.click(Role::Button, "Image");
    assert!(!window.is_enabled(Role::MenuItem, "Delete…"));
    window.press(Modifiers::NONE, Key::Escape);
    window.show(scripted::ready(image));
    window.choose("Image", "Delete…");
    assert!(window.says_like(|text| {
        text.starts_with("Delete the tag 1.8.2 of registry.example.com/edge/api?")
    }));
    let digest = scripted::index().root.document.raw().digest().to_string();
    assert!(window.says(&digest));
}
