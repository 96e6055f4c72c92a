//! From key presses to commands.

use std::sync::LazyLock;

use egui::{Context, Key, KeyboardShortcut, Modifiers};

use super::{COMMANDS, Command, CommandId, Situation};

/// Takes the shortcuts that were pressed out of the input, and gives their commands.
/// A shortcut of a command that cannot run now is taken all the same, so that nothing else
/// answers to it; one that a text field needs is left to the field that has the focus.
pub fn consume(ctx: &Context, situation: &Situation<'_>) -> Vec<CommandId> {
    if !ctx.input(|input| input.events.iter().any(is_key_press)) {
        return Vec::new();
    }
    let typing = ctx.text_edit_focused();
    let mut pressed = Vec::new();
    for (shortcut, command) in MOST_SPECIFIC_FIRST.iter() {
        if typing && shortcut.conflicts_with_text_editing() && !is_function_key(shortcut) {
            continue;
        }
        let used = ctx.input_mut(|input| input.consume_shortcut(shortcut));
        if used && (command.enabled)(situation).is_ok() {
            pressed.push(command.id);
        }
    }
    pressed
}

/// egui matches shortcuts with more modifiers than asked for, so Ctrl+Shift+P has to be
/// looked for before Ctrl+P.
static MOST_SPECIFIC_FIRST: LazyLock<Vec<(KeyboardShortcut, &Command)>> = LazyLock::new(|| {
    let mut all: Vec<_> = COMMANDS
        .iter()
        .flat_map(|command| command.shortcuts.iter().map(move |key| (*key, command)))
        .collect();
    all.sort_by_key(|(shortcut, _)| std::cmp::Reverse(count(shortcut.modifiers)));
    all
});

fn count(modifiers: Modifiers) -> usize {
    let pressed = [
        modifiers.ctrl || modifiers.command,
        modifiers.shift,
        modifiers.alt,
    ];
    pressed.into_iter().filter(|pressed| *pressed).count()
}

const fn is_key_press(event: &egui::Event) -> bool {
    matches!(event, egui::Event::Key { pressed: true, .. })
}

/// Keys that mean nothing to a text field, so that they work while one has the focus.
const fn is_function_key(shortcut: &KeyboardShortcut) -> bool {
    matches!(
        shortcut.logical_key,
        egui::Key::F1 | egui::Key::F5 | egui::Key::F6
    )
}

/// The shortcut that is shown beside a command.
pub fn format_first(ctx: &Context, command: &Command) -> Option<String> {
    let shortcut = command.shortcuts.first()?;
    Some(format(ctx, shortcut))
}

/// As people write it: `Ctrl+,` and not `Ctrl+Comma`.
fn format(ctx: &Context, shortcut: &KeyboardShortcut) -> String {
    let whole = ctx.format_shortcut(shortcut);
    let key = shortcut.logical_key;
    let sign = match key {
        Key::Comma | Key::Period | Key::Plus | Key::Minus | Key::Equals => key.symbol_or_name(),
        _ => return whole,
    };
    match whole.strip_suffix(key.name()) {
        Some(before) => format!("{before}{sign}"),
        None => whole,
    }
}

/// Every shortcut of a command.
pub fn format_all(ctx: &Context, command: &Command) -> String {
    let all: Vec<_> = command
        .shortcuts
        .iter()
        .map(|shortcut| format(ctx, shortcut))
        .collect();
    all.join(" or ")
}
