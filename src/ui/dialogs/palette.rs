//! The command palette: every command by a part of its name.

use egui::Context;

use super::finder::{Finder, Found, Item, Words};
use crate::ui::action::{Action, Actions};
use crate::ui::commands::{COMMANDS, Situation, format_first};
use crate::ui::theme::icons;

const WORDS: Words = Words {
    title: "Command palette",
    field: "Command",
    hint: "Type a part of a command's name",
    nothing: "No command is called that",
};

/// Draws the palette; says whether it is done.
pub fn show(
    ctx: &Context,
    finder: &mut Finder,
    situation: &Situation<'_>,
    actions: &mut Actions,
) -> bool {
    let items: Vec<_> = COMMANDS
        .iter()
        .map(|command| {
            let on = command.checked.is_some_and(|checked| checked(situation));
            Item {
                icon: if on { icons::CHECK } else { "" },
                name: command.name.to_owned(),
                detail: command.menu.name().to_owned(),
                note: format_first(ctx, command).unwrap_or_default(),
                enabled: (command.enabled)(situation),
            }
        })
        .collect();
    match finder.show(ctx, &WORDS, &items) {
        Found::NotYet => false,
        Found::Closed => true,
        Found::Item(index) => {
            actions.push(Action::Run(COMMANDS[index].id));
            true
        }
    }
}
