//! Back and Forward.

use super::scripted;
use super::*;

#[test]
fn back_and_forward_lead_through_views_selections_and_tabs() {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    assert!(!window.is_enabled(Role::Button, "Back"));
    window.click(Role::Tab, "Raw");
    window.click(Role::ComboBox, "Platform");
    window.click(Role::MenuItemRadio, "linux/arm64");
    window.open("b:1");

    window.click(Role::Button, "Back");
    assert!(window.is_on(Role::Tab, "edge/api:1.8.2"));
    let picker = |window: &Window| {
        let role = Role::ComboBox;
        window
            .harness
            .get_by_role_and_label(role, "Platform")
            .value()
    };
    assert_eq!(picker(&window).as_deref(), Some("linux/arm64"));
    window.press(Modifiers::ALT, Key::ArrowLeft);
    assert_eq!(picker(&window).as_deref(), Some("linux/amd64"));
    assert!(window.is_on(Role::Tab, "Raw"));
    window.press(Modifiers::ALT, Key::ArrowLeft);
    assert!(window.is_on(Role::Tab, "Overview"));
    assert!(!window.is_enabled(Role::Button, "Back"));
    for _ in 0..3 {
        window.click(Role::Button, "Forward");
    }
    assert!(window.is_on(Role::Tab, "b:1"));
    assert!(!window.is_enabled(Role::Button, "Forward"));
}

#[test]
fn alt_and_arrows_belong_to_a_text_field_that_has_the_focus() {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    window.click(Role::Tab, "Raw");
    window.press(CTRL, Key::L);
    window.press(Modifiers::ALT, Key::ArrowLeft);
    assert!(
        window.is_on(Role::Tab, "Raw"),
        "the caret moved, not the view"
    );
}
