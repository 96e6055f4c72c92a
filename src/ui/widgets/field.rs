//! The field that narrows down or finds.

use egui::{Response, TextEdit, Ui, vec2};

use crate::ui::theme::{icons, size};

use super::button;

/// A field for a filter or a search. `name` is its accessible name and the hint while it
/// is empty. Escape, and a button while something is in it, empty it.
pub fn search(ui: &mut Ui, name: &str, text: &mut String, width: f32) -> Response {
    let mut response = ui
        .add(
            TextEdit::singleline(text)
                .hint_text(name)
                .prefix(icons::SEARCH)
                .desired_width(width)
                .align(egui::Align2::LEFT_CENTER)
                .min_size(vec2(0.0, size::CONTROL)),
        )
        .accessible_name(name);
    let escape = response.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Escape));
    let cleared = if text.is_empty() {
        // keeps the space of the button
        ui.allocate_space(vec2(24.0, 24.0));
        false
    } else {
        button::icon_button(ui, icons::X, "Clear").clicked()
    };
    if !text.is_empty() && (escape || cleared) {
        text.clear();
        response.mark_changed();
    }
    response
}
