//! The commands of the menu `Help`.

use egui::{Key, Modifiers};

use super::{CTRL_SHIFT, key};
use crate::ui::commands::effects;
use crate::ui::commands::{Command, CommandId as Id, Menu};

pub(super) const COMMANDS: &[Command] = &[
    Command::new(
        Id::Palette,
        Menu::Help,
        0,
        "Command palette…",
        "Find a command by a part of its name",
        effects::palette,
    )
    .keys(&[key(CTRL_SHIFT, Key::P)]),
    Command::new(
        Id::Shortcuts,
        Menu::Help,
        0,
        "Keyboard shortcuts",
        "Every command that has a shortcut",
        effects::shortcuts,
    )
    .keys(&[key(Modifiers::NONE, Key::F1)]),
    Command::new(
        Id::Diagnostics,
        Menu::Help,
        1,
        "Diagnostics…",
        "Versions, folders and the last lines of the log; the size of the cache",
        |app| app.show_diagnostics(),
    ),
    Command::new(
        Id::About,
        Menu::Help,
        1,
        "About Porthole",
        "Version and licences",
        effects::about,
    ),
];
