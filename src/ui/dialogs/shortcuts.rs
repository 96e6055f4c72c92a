//! Every command that has a shortcut, from the table of commands.

use egui::{Align, Context, Layout, RichText, ScrollArea, Ui, vec2};

use super::{Place, modal};
use crate::ui::commands::{COMMANDS, Menu, format_all};
use crate::ui::panels::parts::{group_heading, plain_button};
use crate::ui::theme::{Tokens, strong};

/// Height of a row, in points: all of them are seen at once in a window of 800.
const ROW: f32 = 20.0;

/// What is no command, and works all the same.
const ELSEWHERE: [(&str, &str); 2] = [
    ("Press the main button", "Ctrl+Enter"),
    ("Go through a list", "Arrows, Page Up, Page Down"),
];

/// Draws the dialog; says whether it is done.
pub fn show(ctx: &Context) -> bool {
    modal(ctx, "Keyboard shortcuts", Place::Middle, 760.0, 20, |ui| {
        ui.label(strong("Keyboard shortcuts").size(17.0));
        ui.add_space(8.0);
        let height = ui.ctx().content_rect().height() - 200.0;
        ScrollArea::vertical()
            .max_height(height)
            .content_margin(egui::Margin {
                right: 12,
                ..egui::Margin::ZERO
            })
            .show(ui, columns);
        ui.add_space(16.0);
        let close = |ui: &mut Ui| plain_button(ui, "Close").clicked();
        ui.with_layout(Layout::right_to_left(Align::Center), close)
            .inner
    })
}

fn columns(ui: &mut Ui) {
    ui.spacing_mut().item_spacing.x = 32.0;
    ui.columns(2, |columns| {
        // both about as high, so that all is seen at once where there is room for it
        for menu in [Menu::File, Menu::Edit, Menu::Image] {
            group(&mut columns[0], menu);
        }
        for menu in [Menu::View, Menu::Help] {
            group(&mut columns[1], menu);
        }
        elsewhere(&mut columns[0]);
    });
}

fn group(ui: &mut Ui, menu: Menu) {
    ui.spacing_mut().item_spacing = vec2(8.0, 0.0);
    ui.spacing_mut().interact_size.y = ROW;
    ui.add_space(8.0);
    group_heading(ui, menu.name());
    let commands = COMMANDS.iter().filter(|command| command.menu == menu);
    for command in commands.filter(|command| !command.shortcuts.is_empty()) {
        let keys = format_all(ui.ctx(), command);
        line(ui, command.name, &keys);
    }
}

fn elsewhere(ui: &mut Ui) {
    ui.add_space(8.0);
    group_heading(ui, "Dialogs and lists");
    for (what, keys) in ELSEWHERE {
        line(ui, what, keys);
    }
}

fn line(ui: &mut Ui, what: &str, keys: &str) {
    let weak = Tokens::of(ui).weak;
    ui.horizontal(|ui| {
        ui.label(what);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(keys).color(weak));
        });
    });
}
