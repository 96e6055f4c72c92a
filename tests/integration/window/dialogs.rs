//! Shortcuts and About.

use porthole::ui::commands::COMMANDS;

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
        let keys = window.harness.ctx.format_shortcut(&command.shortcuts[0]);
        assert!(window.says_like(|text| text.starts_with(&keys)), "{keys}");
    }
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
