//! The space of what is still on its way, so that nothing jumps when it comes.

use egui::{Rect, Role, Sense, Ui, WidgetInfo, vec2};

use crate::ui::theme::{Tokens, size};

/// Space for a text of this width and height. It does not move: an idle window draws
/// nothing.
pub fn bar(ui: &mut Ui, width: f32, height: f32) {
    let width = width.min(ui.available_width());
    let (rect, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    paint(ui, rect);
}

/// Space for a text in a row of a table.
pub fn row(ui: &mut Ui, width: f32) {
    let full = vec2(ui.available_width(), size::ROW);
    let (rect, _) = ui.allocate_exact_size(full, Sense::hover());
    let text = Rect::from_min_size(
        rect.left_center() - vec2(0.0, 5.0),
        vec2(width.min(full.x), 10.0),
    );
    paint(ui, text);
    super::row_line(ui, rect);
}

/// Paints the space of a text.
pub fn paint(ui: &Ui, rect: Rect) {
    let tokens = Tokens::of(ui);
    ui.painter().rect_filled(rect, 3.0, tokens.hover);
}

/// Tells a screen reader what is waited for, in the place of `rect`.
pub fn announce(ui: &Ui, rect: Rect, what: &str) {
    let response = ui.interact(rect, ui.scope_id().with(("waiting", what)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Status, true, what));
}
