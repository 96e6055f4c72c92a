//! Shortcuts and About.

use porthole::ui::commands::{COMMANDS, format_first};

use super::*;

#[test]
fn the_shortcuts_of_the_table_are_listed() {
    let mut window = window();
    window.press(Modifiers::NONE, Key::F1);
    for command in COMMANDS
        .iter()
        .filter(|command| !command.shortcuts.is_empty())
    {
        assert!(window.says(command.name), "{}", command.name);
        let keys = format_first(&window.harness.ctx, command).unwrap();
        assert!(window.says_like(|text| text.starts_with(&keys)), "{keys}");
    }
    // as people write them, and those that are no commands too
    for keys in ["Ctrl+,", "Ctrl+Enter", "Arrows, Page Up"] {
        assert!(window.says_like(|text| text.starts_with(keys)), "{keys}");
    }
    assert!(window.says_like(|text| text.contains("Ctrl++")));
    window.click(Role::Button, "Close");
    assert!(!window.has(Role::Button, "Close"));
}

#[test]
fn about_names_the_version_and_shows_the_licences() {
    let mut window = window();
    window.choose("Help", "About Porthole");
    let version = format!("Version {}, ", env!("CARGO_PKG_VERSION"));
    let system = std::env::consts::ARCH;
    let says = move |text: &str| text.starts_with(&version) && text.contains(system);
    assert!(window.says_like(&says));
    window.click(Role::Link, "Show text: Inter, OFL 1.1");
    assert!(window.says_like(|text| text.contains("SIL OPEN FONT LICENSE")));
    window.press(Modifiers::NONE, Key::Escape);
    assert!(!window.says_like(&says));
}
