//! The table of commands, in the order in which menus and palette show them.

mod edit;
mod file;
mod help;
mod image;
mod registry;
mod tools;
mod view;

use std::sync::LazyLock;

use egui::{Key, KeyboardShortcut, Modifiers};

use super::situation::always;
use super::{Command, CommandId as Id, Enabled, Menu, Situation};
use crate::ui::app::App;

const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);
/// Control on every system: Cmd+Tab is the system's own on a Mac.
const REAL_CTRL: Modifiers = Modifiers::CTRL;
const REAL_CTRL_SHIFT: Modifiers = Modifiers::CTRL.plus(Modifiers::SHIFT);

const fn key(modifiers: Modifiers, key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(modifiers, key)
}

impl Command {
    const fn new(
        id: Id,
        menu: Menu,
        group: u8,
        name: &'static str,
        tooltip: &'static str,
        run: fn(&mut App),
    ) -> Self {
        Self {
            id,
            name,
            tooltip,
            menu,
            group,
            shortcuts: &[],
            enabled: always,
            checked: None,
            run,
        }
    }

    const fn keys(self, shortcuts: &'static [KeyboardShortcut]) -> Self {
        Self { shortcuts, ..self }
    }

    const fn when(self, enabled: fn(&Situation<'_>) -> Enabled) -> Self {
        Self { enabled, ..self }
    }

    const fn checked(self, checked: fn(&Situation<'_>) -> bool) -> Self {
        Self {
            checked: Some(checked),
            ..self
        }
    }
}

/// Every command.
pub static COMMANDS: LazyLock<Vec<Command>> = LazyLock::new(|| {
    [
        file::COMMANDS,
        edit::COMMANDS,
        view::COMMANDS,
        image::COMMANDS,
        registry::COMMANDS,
        tools::COMMANDS,
        help::COMMANDS,
    ]
    .concat()
});
