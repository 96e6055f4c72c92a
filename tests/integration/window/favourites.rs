//! Favourites in the explorer and in the address bar.

use porthole::engine::Command;

use super::scripted::{self, REFERENCE};
use super::*;

const ROW: &str = "edge/api:1.8.2, registry.example.com";

fn rows(window: &Window) -> usize {
    window
        .harness
        .query_all_by_role_and_label(Role::ListBoxOption, ROW)
        .count()
}

#[test]
fn the_star_takes_an_image_in_and_out() {
    let (mut window, image) = Window::opening("x");
    assert!(!window.is_enabled(Role::Button, "Favourite"));
    window.show(scripted::ready(image));
    assert_eq!(rows(&window), 1, "recent");
    window.click(Role::Button, "Favourite");
    assert!(window.is_on(Role::Button, "Favourite"));
    assert!(window.says("Favourites"));
    assert_eq!(rows(&window), 2);
    window.press(CTRL, Key::D);
    assert!(!window.is_on(Role::Button, "Favourite"));
    assert!(!window.says("Favourites"));
}

#[test]
fn a_favourite_is_chosen_and_opened_from_the_explorer() {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    window.press(CTRL, Key::W);
    window.sent();
    let row = window
        .harness
        .get_by_role_and_label(Role::ListBoxOption, ROW);
    row.click_button(egui::PointerButton::Secondary);
    window.harness.run();
    window.click(Role::Button, "Add to favourites");
    assert_eq!(rows(&window), 2);

    let row = window
        .harness
        .query_all_by_role_and_label(Role::ListBoxOption, ROW)
        .next()
        .unwrap();
    row.click();
    window.harness.run();
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, REFERENCE);
}
