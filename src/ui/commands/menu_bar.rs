//! The menu bar: the table of commands, by menu.

use egui::{Button, MenuBar, RichText, ScrollArea, Ui};

use super::{COMMANDS, Command, Menu, Situation, format_first};
use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons, size};

/// Width of a menu, at least.
const WIDTH: f32 = 232.0;

/// Draws the menus.
pub fn show(ui: &mut Ui, situation: &Situation<'_>, actions: &mut Actions) {
    ui.spacing_mut().interact_size.y = size::MENU_BAR;
    let weak = Tokens::of(ui).weak;
    MenuBar::new()
        .style(|style: &mut egui::Style| {
            egui::containers::menu::menu_style(style);
            style.spacing.button_padding = egui::vec2(8.0, 0.0);
            style.spacing.item_spacing.x = 2.0;
        })
        .config(egui::containers::menu::MenuConfig::new().style(item_style))
        .ui(ui, |ui| {
            for menu in Menu::ALL {
                let name = RichText::new(menu.name()).color(weak);
                ui.menu_button(name, |ui| items(ui, menu, situation, actions));
            }
        });
}

fn item_style(style: &mut egui::Style) {
    egui::containers::menu::menu_style(style);
    style.spacing.button_padding = egui::vec2(8.0, 2.0);
    style.spacing.item_spacing.y = 0.0;
    style.spacing.interact_size.y = 26.0;
}

fn items(ui: &mut Ui, menu: Menu, situation: &Situation<'_>, actions: &mut Actions) {
    ui.set_min_width(WIDTH);
    // a small window still reaches the last one
    let height = ui.ctx().content_rect().bottom() - ui.cursor().top() - 12.0;
    ui.set_max_height(height);
    ScrollArea::vertical().max_height(height).show(ui, |ui| {
        rows(ui, menu, situation, actions);
    });
}

fn rows(ui: &mut Ui, menu: Menu, situation: &Situation<'_>, actions: &mut Actions) {
    ui.set_min_width(WIDTH);
    let mut group = 0;
    for command in COMMANDS.iter().filter(|command| command.menu == menu) {
        if command.group != group {
            group = command.group;
            ui.separator();
        }
        item(ui, command, situation, actions);
    }
}

/// One command in a menu; where it cannot run, hovering says why.
fn item(ui: &mut Ui, command: &Command, situation: &Situation<'_>, actions: &mut Actions) {
    let enabled = (command.enabled)(situation);
    let checked = command.checked.map(|checked| checked(situation));
    // the place of the mark is kept, so that all names begin on one line
    let mark = if checked == Some(true) {
        egui::RichText::new(icons::CHECK).color(ui.visuals().hyperlink_color)
    } else {
        egui::RichText::new(" ")
    };
    let mut button = Button::new((mark_atom(mark), command.name));
    if let Some(shortcut) = format_first(ui.ctx(), command) {
        button = button.shortcut_text(shortcut);
    } else {
        button = button.right_text("");
    }
    let response = ui.add_enabled(enabled.is_ok(), button);
    response.widget_info(|| {
        let mut info =
            egui::WidgetInfo::labeled(egui::Role::MenuItem, enabled.is_ok(), command.name);
        info.selected = checked;
        info
    });
    let response = match enabled {
        Ok(()) => response.on_hover_text(command.tooltip),
        Err(why) => response.on_disabled_hover_text(why),
    };
    if response.clicked() {
        actions.push(Action::Run(command.id));
        ui.close();
    }
}

fn mark_atom(mark: egui::RichText) -> egui::Atom<'static> {
    use egui::AtomExt as _;
    egui::Atom::from(mark).atom_size(egui::vec2(16.0, 16.0))
}
