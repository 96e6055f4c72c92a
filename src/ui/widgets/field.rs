//! The field that narrows down or finds.

use egui::{Margin, Rect, Response, TextEdit, Ui, UiBuilder, vec2};

use crate::ui::theme::{icons, size};

use super::button;

/// Side of the button that empties the field, in points.
const BUTTON: f32 = 24.0;

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
                .margin(Margin {
                    left: 8,
                    right: BUTTON as i8 + 4,
                    ..Margin::symmetric(0, 2)
                })
                .min_size(vec2(0.0, size::CONTROL)),
        )
        .accessible_name(name);
    let escape = response.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Escape));
    let cleared = !text.is_empty() && clear(ui, &response);
    if !text.is_empty() && (escape || cleared) {
        text.clear();
        response.mark_changed();
    }
    response
}

/// The button at the end of the field; says whether it was clicked.
fn clear(ui: &mut Ui, field: &Response) -> bool {
    let middle = field.rect.right_center() - vec2(BUTTON / 2.0 + 2.0, 0.0);
    let place = Rect::from_center_size(middle, vec2(BUTTON, BUTTON));
    // a child of its own: what follows the field stays where it is
    let mut inside = ui.new_child(UiBuilder::new().max_rect(place).id_salt("clear"));
    button::icon_button(&mut inside, icons::X, "Clear").clicked()
}
