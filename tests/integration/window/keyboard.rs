//! The window without a mouse: from part to part, and within lists.

use std::collections::BTreeSet;

use porthole::engine::{Listed, PlaceSnapshot, Remote};

use super::scripted;
use super::*;

/// A window with an image open and ten more in the explorer.
fn window_with_recents() -> Window {
    let mut settings = Settings::default();
    for number in 0..10 {
        let reference = format!("docker://registry.example.com/team/app-{number}:1");
        settings.recents.add(&reference);
    }
    let mut window = Window::new(Setup {
        settings,
        ..Setup::default()
    });
    let image = window.open("x");
    window.show(scripted::ready(image));
    window
}

/// What has the keyboard.
fn focused(window: &Window) -> Option<(Role, String)> {
    let mut nodes = window.harness.query_all_by(|node| node.is_focused());
    let node = nodes.next()?;
    let node = node.accesskit_node();
    Some((node.role(), node.label().unwrap_or_default()))
}

#[test]
fn the_explorer_and_the_tabs_are_one_stop_each() {
    let mut window = window_with_recents();
    for number in 0..4 {
        window.open(&format!("other-{number}:1"));
    }
    window.press(CTRL, Key::L);
    let mut seen = BTreeSet::new();
    let (mut rows, mut tabs, mut views) = (0, 0, 0);
    for _ in 0..40 {
        window.press(Modifiers::NONE, Key::Tab);
        let Some((role, name)) = focused(&window) else {
            continue;
        };
        if !seen.insert((format!("{role:?}"), name.clone())) {
            break;
        }
        match role {
            Role::ListBoxOption | Role::TreeItem => rows += 1,
            Role::Tab if name.contains(':') => tabs += 1,
            Role::Tab => views += 1,
            _ => {}
        }
    }
    assert_eq!((rows, tabs, views), (1, 1, 1), "{seen:?}");
}

#[test]
fn f6_goes_from_part_to_part_and_arrows_move_within_one() {
    let mut window = window_with_recents();
    window.press(CTRL, Key::L);
    window.press(Modifiers::NONE, Key::F6);
    let row = |number| {
        let name = format!("team/app-{number}:1, registry.example.com");
        Some((Role::ListBoxOption, name))
    };
    let open = "edge/api:1.8.2, registry.example.com".to_owned();
    assert_eq!(focused(&window), Some((Role::ListBoxOption, open)));
    window.press(Modifiers::NONE, Key::ArrowDown);
    assert_eq!(focused(&window), row(9));
    window.press(Modifiers::NONE, Key::ArrowDown);
    assert_eq!(focused(&window), row(8));
    window.press(Modifiers::NONE, Key::ArrowUp);
    assert_eq!(focused(&window), row(9));
    window.press(Modifiers::NONE, Key::F6);
    let tab = (Role::Tab, "edge/api:1.8.2".to_owned());
    assert_eq!(focused(&window), Some(tab));
    window.press(Modifiers::NONE, Key::F6);
    assert_eq!(focused(&window), Some((Role::Tab, "Overview".to_owned())));
    window.press(Modifiers::NONE, Key::ArrowRight);
    window.press(Modifiers::NONE, Key::Enter);
    assert!(window.is_on(Role::Tab, "Platforms"));
    window.press(Modifiers::NONE, Key::F6);
    assert!(window.field("Reference").is_focused());
    // and back, where one was
    window.press(Modifiers::SHIFT, Key::F6);
    assert_eq!(focused(&window), Some((Role::Tab, "Platforms".to_owned())));
    window.press(Modifiers::SHIFT, Key::F6);
    window.press(Modifiers::SHIFT, Key::F6);
    assert_eq!(focused(&window), row(9));
    window.sent();
    window.press(Modifiers::NONE, Key::Enter);
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, "docker://registry.example.com/team/app-9:1");
}

#[test]
fn control_f_types_into_the_field_of_the_view() {
    let mut window = window();
    let image = window.open("x");
    window.show(scripted::ready(image));
    window.click(Role::Button, "Edit");
    assert!(!window.is_enabled(Role::MenuItem, "Find in this view"));
    window.press(Modifiers::NONE, Key::Escape);
    window.press(CTRL, Key::Num8);
    window.press(CTRL, Key::F);
    assert!(window.field("Find in document").is_focused());
    window.sent();
    let place = window.browse("registry.example.com/team/app");
    window.slots.put_place(Arc::new(PlaceSnapshot {
        place,
        generation: 1,
        listed: Remote::Ready(Listed::Names([Arc::from("1")].into())),
        facts: Arc::default(),
    }));
    window.harness.run();
    window.press(CTRL, Key::F);
    assert!(window.field("Filter tags").is_focused());
}
