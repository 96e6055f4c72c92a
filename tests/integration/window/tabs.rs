//! Tabs: opened, shown, closed, opened again.

use porthole::engine::Command;
use porthole::ui::theme::icons;

use super::scripted;
use super::*;

#[test]
fn a_tab_is_closed_by_its_button_and_its_image_with_it() {
    let (mut window, image) = Window::opening("a:1");
    window.click(Role::Button, "Close a:1");
    assert_eq!(window.sent(), [Command::Close { image }]);
    assert!(!window.has(Role::Tab, "a:1"));
    assert!(
        window.has(Role::Button, "Open a reference"),
        "the first page"
    );
}

#[test]
fn a_tab_is_closed_by_a_middle_click() {
    let (mut window, image) = Window::opening("a:1");
    let tab = window.harness.get_by_role_and_label(Role::Tab, "a:1");
    tab.click_button(egui::PointerButton::Middle);
    window.harness.run();
    assert_eq!(window.sent(), [Command::Close { image }]);
}

#[test]
fn a_tab_is_closed_and_opened_again_by_key() {
    let (mut window, a) = Window::opening("a:1");
    let b = window.open("b:1");
    window.press(CTRL, Key::Num3);
    window.press(CTRL, Key::W);
    assert_eq!(window.sent(), [Command::Close { image: b }]);
    assert!(window.is_on(Role::Tab, "a:1"));
    window.press(CTRL_SHIFT, Key::T);
    let sent = window.sent();
    let [Command::Open { image, input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, "b:1");
    assert!(*image != a && *image != b, "an id is never used twice");
    assert!(window.is_on(Role::Tab, "b:1"));
    assert!(
        window.is_on(Role::Tab, "Layers"),
        "it shows the view it showed"
    );
}

#[test]
fn tabs_are_cycled_by_key() {
    let (mut window, _) = Window::opening("a:1");
    window.open("b:1");
    window.press(CTRL, Key::Tab);
    assert!(window.is_on(Role::Tab, "a:1") && !window.is_on(Role::Tab, "b:1"));
    window.press(CTRL_SHIFT, Key::Tab);
    assert!(window.is_on(Role::Tab, "b:1"));
}

#[test]
fn a_click_on_a_tab_shows_its_image() {
    let (mut window, image) = Window::opening("a:1");
    window.show(scripted::folder(image, "oci:/images/one"));
    window.open("b:1");
    window.click(Role::Tab, "one");
    let value = window.field("Reference").value();
    assert_eq!(value.as_deref(), Some("oci:/images/one"));
}

#[test]
fn a_long_title_is_cut_in_the_middle() {
    let long = "registry.example.com/a/very/long/repository/name/that/goes/on:1.2.3";
    let (window, _) = Window::opening(long);
    let cut = porthole::model::text::middle(long, 36).into_owned();
    assert!(window.has(Role::Tab, &cut), "{:?}", window.harness);
}

#[test]
fn views_are_switched_by_tab_and_by_key() {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    assert!(window.is_on(Role::Tab, "Overview"));
    window.click(Role::Tab, "Config");
    assert!(window.is_on(Role::Tab, "Config") && !window.is_on(Role::Tab, "Overview"));
    for (key, view) in [
        (Key::Num1, "Overview"),
        (Key::Num2, "Platforms"),
        (Key::Num3, "Layers"),
        (Key::Num4, "Files"),
        (Key::Num5, "Config"),
        (Key::Num6, "Referrers"),
        (Key::Num8, "Raw"),
    ] {
        window.press(CTRL, key);
        assert!(window.is_on(Role::Tab, view), "{view}");
    }
}

#[test]
fn of_more_tabs_than_fit_the_new_one_is_scrolled_to() {
    let (mut window, _) = Window::opening("image-0:1");
    for number in 1..20 {
        window.open(&format!("image-{number}:1"));
    }
    let rect = |window: &Window, name: &str| {
        let tab = window.harness.get_by_role_and_label(Role::Tab, name);
        tab.rect()
    };
    let last = rect(&window, "image-19:1");
    assert!(last.right() <= 1200.0 && last.left() > 248.0, "{last:?}");
    window.press(CTRL, Key::Tab);
    let first = rect(&window, "image-0:1");
    assert!(
        first.right() <= 1200.0 && first.left() >= 240.0,
        "{first:?}"
    );
}

#[test]
fn the_tab_in_front_stays_beside_the_arrows_when_its_title_grows() {
    let (mut window, _) = Window::opening("image-0:1");
    let mut images = Vec::new();
    for number in 1..20 {
        images.push(window.open(&format!("image-{number}:1")));
    }
    // from the first one on to one that is scrolled to from the left
    for _ in 0..10 {
        window.press(CTRL, Key::Tab);
    }
    let image = images[8];
    assert!(window.is_on(Role::Tab, "image-9:1"));
    let name = "a-folder-with-a-name-that-is-longer";
    window.show(scripted::folder(image, &format!("oci:/images/{name}")));
    let rect = |role, name: &str| {
        let node = window.harness.get_by_role_and_label(role, name);
        node.rect()
    };
    let tab = rect(Role::Tab, name);
    let arrow = rect(Role::Button, "Scroll tabs right");
    assert!(tab.right() <= arrow.left() + 1.0, "{tab:?} {arrow:?}");
    let arrow = rect(Role::Button, "Scroll tabs left");
    assert!(tab.left() >= arrow.right() - 1.0, "{tab:?} {arrow:?}");
    for (icon, name) in [
        (icons::CHEVRON_LEFT, "Scroll tabs left"),
        (icons::CHEVRON_RIGHT, "Scroll tabs right"),
    ] {
        let arrow = rect(Role::Button, name);
        let mut shapes = window.harness.output().shapes.iter();
        let seen = shapes.any(|clipped| match &clipped.shape {
            egui::Shape::Text(text) if text.galley.text() == icon => {
                let drawn = text.visual_bounding_rect();
                clipped.clip_rect.contains_rect(drawn) && arrow.contains_rect(drawn)
            }
            _ => false,
        });
        assert!(seen, "{name}");
    }
}

#[test]
fn tabs_that_lie_side_by_side_are_named_by_both() {
    let (mut window, _) = Window::opening("a:1");
    window.open("b:1");
    window.open("c:1");
    let from = dragging::center(&window, Role::Tab, "a:1");
    dragging::drag(&mut window, from, egui::pos2(1190.0, 450.0));
    let names = || {
        let tabs = window.harness.query_all_by_role(Role::Tab);
        let names = tabs.filter_map(|tab| tab.accesskit_node().label());
        names.collect::<Vec<_>>()
    };
    assert!(names().contains(&"c:1 | a:1".to_owned()), "{:?}", names());
    assert!(!names().contains(&String::new()), "{:?}", names());
}
