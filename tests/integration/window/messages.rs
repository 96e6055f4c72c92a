//! The list of past messages behind the bell.

use porthole::engine::Outcome;

use super::scripted;
use super::*;

#[test]
fn what_went_wrong_is_counted_kept_and_cleared() {
    let mut window = window();
    assert!(window.has(Role::Button, "Messages"));
    window
        .slots
        .put_outcome(Outcome::Failed(scripted::refused()));
    window.harness.run();
    assert!(window.says("edge/api:1.8.2 may not be read"));
    window.harness.run_steps(200);
    assert!(!window.says("edge/api:1.8.2 may not be read"), "it went");

    window.click(Role::Button, "Messages, 1 unread");
    assert!(window.says("edge/api:1.8.2 may not be read"));
    assert!(!window.says("Log in, or ask for pull rights"), "folded");
    window.click(Role::Link, "Details");
    assert!(window.says("Log in, or ask for pull rights"));
    assert!(window.has(Role::Button, "Messages"), "it was read");
    window.click(Role::Link, "Clear");
    assert!(!window.says("edge/api:1.8.2 may not be read"));
    assert!(window.says("Nothing was said yet."));
}

#[test]
fn what_went_well_is_kept_and_not_counted() {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    window.press(CTRL_SHIFT, Key::C);
    window.harness.run_steps(100);
    assert!(!window.says("Copied reference"));
    window.press(CTRL_SHIFT, Key::C);
    window.click(Role::Button, "Messages");
    let said = window.harness.query_all_by(|node| {
        node.role() == Role::Label && node.value().as_deref() == Some("Copied reference")
    });
    assert_eq!(said.count(), 2, "in the list, and no toast over it");
}
