//! The table of commands: complete, without clashes, and what it feeds.

use std::collections::HashSet;

use porthole::engine::{Command, NodePath};
use porthole::ui::commands::{COMMANDS, CommandId, Menu};

use super::scripted::{self, REFERENCE};
use super::*;

#[test]
fn every_id_has_one_row_and_every_row_its_own_name() {
    let ids: HashSet<CommandId> = COMMANDS.iter().map(|command| command.id).collect();
    let names: HashSet<&str> = COMMANDS.iter().map(|command| command.name).collect();
    assert_eq!(ids.len(), COMMANDS.len());
    assert_eq!(names.len(), COMMANDS.len());
    // the last variant: a new one has to be put before it, or here
    assert_eq!(CommandId::About as usize + 1, COMMANDS.len());
    for command in COMMANDS.iter() {
        assert_eq!(command.id.command().id, command.id);
        assert!(!command.tooltip.is_empty());
    }
}

#[test]
fn no_two_commands_have_the_same_shortcut() {
    let mut seen = HashSet::new();
    for command in COMMANDS.iter() {
        for shortcut in command.shortcuts {
            // Command is Control here, so they are the same key
            let ctrl = shortcut.modifiers.ctrl || shortcut.modifiers.command;
            let key = (
                ctrl,
                shortcut.modifiers.shift,
                shortcut.modifiers.alt,
                shortcut.logical_key,
            );
            assert!(
                seen.insert(key),
                "{} has {shortcut:?}, as another has",
                command.name
            );
        }
    }
}

#[test]
fn every_command_is_in_its_menu() {
    let mut window = window();
    for menu in Menu::ALL {
        window.click(Role::Button, menu.name());
        for command in COMMANDS.iter().filter(|command| command.menu == menu) {
            assert!(window.has(Role::MenuItem, command.name), "{}", command.name);
        }
        window.press(Modifiers::NONE, Key::Escape);
    }
}

#[test]
fn the_palette_opens_filters_and_runs() {
    let mut window = window();
    window.press(CTRL_SHIFT, Key::P);
    assert!(window.field("Command").is_focused());
    window.field("Command").type_text("dark");
    window.harness.run();
    assert!(window.has(Role::ListBoxOption, "Dark theme"));
    assert!(!window.has(Role::ListBoxOption, "Quit"));
    window.press(Modifiers::NONE, Key::Enter);
    assert!(
        window.harness.query_by_label("Command").is_none(),
        "it is closed"
    );
    let theme = window
        .harness
        .ctx
        .options(|options| options.theme_preference);
    assert_eq!(theme, egui::ThemePreference::Dark);
}

#[test]
fn the_palette_is_walked_by_arrows() {
    let mut window = window();
    window.press(CTRL_SHIFT, Key::P);
    window.field("Command").type_text("theme");
    window.harness.run();
    let first = "System theme";
    assert!(window.is_on(Role::ListBoxOption, first));
    window.press(Modifiers::NONE, Key::ArrowDown);
    assert!(!window.is_on(Role::ListBoxOption, first));
    window.press(Modifiers::NONE, Key::ArrowUp);
    assert!(window.is_on(Role::ListBoxOption, first));
    window.press(Modifiers::NONE, Key::Escape);
    assert!(window.harness.query_by_label("Command").is_none());
}

#[test]
fn a_command_that_cannot_run_is_listed_and_does_nothing() {
    let mut window = window();
    window.press(CTRL_SHIFT, Key::P);
    window.field("Command").type_text("close tab");
    window.harness.run();
    assert!(!window.is_enabled(Role::ListBoxOption, "Close tab"));
    window.press(Modifiers::NONE, Key::Enter);
    assert!(window.field("Command").is_focused(), "it stays open");
    assert_eq!(window.sent(), []);
}

#[test]
fn shortcuts_do_not_reach_behind_a_dialog() {
    let (mut window, _) = Window::opening("a:1");
    window.press(CTRL_SHIFT, Key::P);
    window.press(CTRL, Key::W);
    assert_eq!(window.sent(), []);
    window.press(Modifiers::NONE, Key::Escape);
    assert!(window.has(Role::Tab, "a:1"));
}

#[test]
fn quick_open_finds_what_was_open_before() {
    let (mut window, image) = Window::opening("x");
    window.press(CTRL, Key::P);
    assert!(
        !window.has(Role::TextInput, "Image"),
        "nothing was open before"
    );
    window.show(scripted::ready(image));
    window.press(CTRL, Key::W);
    window.sent();
    window.press(CTRL, Key::P);
    window.field("Image").type_text("eapi");
    window.press(Modifiers::NONE, Key::Enter);
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(input, REFERENCE);
}

#[test]
fn references_and_digests_are_copied() {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    let digest = scripted::manifest("amd64").document.raw().digest().clone();

    let found = window.watch(key_events(CTRL_SHIFT, Key::C), copied);
    assert_eq!(found.as_deref(), Some(REFERENCE));
    assert!(window.says("Copied reference"));

    let found = window.watch(key_events(CTRL_SHIFT, Key::D), copied);
    assert_eq!(found, Some(digest.to_string()));

    window.click(Role::Button, "Edit");
    let item = "Copy reference by digest";
    let item = window.harness.get_by_role_and_label(Role::MenuItem, item);
    let click = click_events(item.rect());
    let found = window.watch(click, copied);
    let by_digest = format!("docker://registry.example.com/edge/api@{digest}");
    assert_eq!(found, Some(by_digest));
}

#[test]
fn a_flat_folder_has_no_reference_by_digest() {
    let (mut window, image) = Window::opening("dir:/images/one");
    window.show(scripted::folder(image, "dir:/images/one"));
    window.click(Role::Button, "Edit");
    assert!(!window.is_enabled(Role::MenuItem, "Copy reference by digest"));
    assert!(window.is_enabled(Role::MenuItem, "Copy digest"));
}

#[test]
fn reload_and_check_are_sent_to_the_engine() {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    window.press(Modifiers::NONE, Key::F5);
    window.choose("Image", "Check bytes");
    let manifest = NodePath::root().child(0);
    let expected = [
        Command::Reload { image },
        Command::CheckBlobs { image, manifest },
    ];
    assert_eq!(window.sent(), expected);
}

#[test]
fn the_explorer_is_hidden_and_shown() {
    let mut window = window();
    let heading = |window: &Window| window.says("Recent");
    assert!(heading(&window));
    window.press(CTRL, Key::B);
    assert!(!heading(&window));
    window.choose("View", "Explorer");
    assert!(heading(&window));
}

#[test]
fn quit_closes_the_window() {
    let mut window = window();
    let closed = window.watch(key_events(CTRL, Key::Q), |output| {
        let commands = &output.viewport_output[&egui::ViewportId::ROOT].commands;
        commands
            .contains(&egui::ViewportCommand::Close)
            .then_some(())
    });
    assert!(closed.is_some());
}
