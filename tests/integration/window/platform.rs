//! The platform picker and the status bar.

use porthole::engine::{NodePath, Opened, Remote};
use porthole::model::{Choice, ChoiceReason};

use super::scripted;
use super::*;

fn picker(window: &Window) -> Option<String> {
    let picker = window
        .harness
        .get_by_role_and_label(Role::ComboBox, "Platform");
    picker.value()
}

fn selected(window: &Window) -> NodePath {
    let app = window.harness.state().borrow();
    app.as_ref().unwrap().tabs().focused().unwrap().selection()
}

#[test]
fn it_shows_what_was_chosen_and_selects_another() {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    assert_eq!(picker(&window).as_deref(), Some("linux/amd64"));
    assert_eq!(selected(&window), NodePath::root().child(0));

    window.click(Role::ComboBox, "Platform");
    assert!(window.is_on(Role::MenuItemRadio, "linux/amd64"));
    window.click(Role::MenuItemRadio, "linux/arm/v7");
    assert_eq!(picker(&window).as_deref(), Some("linux/arm/v7"));
    assert_eq!(selected(&window), NodePath::root().child(2));
    assert!(
        !window.has(Role::MenuItemRadio, "linux/amd64"),
        "the list is closed"
    );
}

#[test]
fn hovering_says_why_it_was_chosen() {
    let (mut window, image) = Window::opening("x");
    let mut index = scripted::index();
    index.chosen.as_mut().unwrap().choices = vec![Choice {
        position: 0,
        reason: ChoiceReason::NothingFits,
    }];
    let opened = Remote::Ready(Opened::Image(index));
    window.show(scripted::snapshot(image, 1, opened));
    window
        .harness
        .get_by_role_and_label(Role::ComboBox, "Platform")
        .hover();
    window.harness.run_steps(30);
    let why = "Nothing here is for linux/amd64; this is the first image";
    assert!(window.says(why), "{:?}", window.harness);
}

#[test]
fn a_single_image_has_nothing_to_pick() {
    let (mut window, image) = Window::opening("oci:/images/one");
    window.show(scripted::folder(image, "oci:/images/one"));
    assert!(!window.is_enabled(Role::ComboBox, "Platform"));
}

#[test]
fn the_status_bar_says_what_is_selected_and_how_it_was_reached() {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    let node = scripted::manifest("amd64");
    let size = porthole::model::text::size(node.total_size().unwrap());
    let listed = format!("1 layer, {size}");
    for text in ["linux/amd64 manifest", listed.as_str(), "https"] {
        let shown = window.says(text);
        assert!(shown, "{text} in {:?}", window.harness);
    }
    let digest = scripted::manifest("amd64").document.raw().digest().clone();
    assert!(window.has(Role::Button, &format!("Copy {digest}")));
}

#[test]
fn nothing_is_called_verified_before_it_is_there() {
    let (mut window, image) = Window::opening("x");
    let opened = Remote::Pending { previous: None };
    window.show(scripted::snapshot(image, 1, opened));
    let states = window.harness.query_all_by_role(Role::Button);
    let mut names = states.filter_map(|node| node.accesskit_node().label());
    assert!(!names.any(|name| name.starts_with("Bytes: ")));
}

#[test]
fn an_image_without_a_platform_is_not_called_by_a_slash() {
    let (mut window, image) = Window::opening("oci:/images/one");
    window.show(scripted::without_platform(image, "oci:/images/one"));
    assert_eq!(picker(&window).as_deref(), Some("no platform"));
    assert!(!window.is_enabled(Role::ComboBox, "Platform"));
}

#[test]
fn a_platform_that_is_not_there_is_called_the_same_everywhere() {
    use porthole::engine::{Failure, FailureKind, Node, Parts};
    let (mut window, image) = Window::opening("oci:/images/one");
    let mut index = scripted::index();
    let error = Arc::new(Failure {
        kind: FailureKind::Missing,
        ..Failure::clone(&scripted::refused())
    });
    let gone = Remote::Failed {
        error,
        previous: None,
    };
    let mut root = Node::clone(&index.root);
    let Parts::Index { children } = &mut root.parts else {
        panic!("an index has children");
    };
    let mut listed = children.to_vec();
    listed[1] = gone;
    *children = listed.into();
    index.root = Arc::new(root);
    let snapshot = scripted::snapshot(image, 1, Remote::Ready(Opened::Image(index)));
    let folder = scripted::folder(image, "oci:/images/one");
    window.show(porthole::engine::ImageSnapshot {
        reference: folder.reference,
        ..snapshot
    });
    let said = |window: &Window| {
        let nodes = window.harness.query_all_by(|node| {
            let words = [node.label(), node.value()];
            let mut words = words.into_iter().flatten();
            words.any(|words| words.contains("not in this folder"))
        });
        nodes.count()
    };
    assert!(said(&window) > 0, "the chip says it");
    window.press(CTRL, Key::Num2);
    let in_table = said(&window);
    assert!(in_table > 0, "the table says it");
    window.click(Role::ComboBox, "Platform");
    let words = "linux/arm64, not in this folder";
    assert!(window.has(Role::MenuItemRadio, words), "the picker says it");
}
