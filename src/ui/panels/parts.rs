//! Small controls that several panels use.

use egui::{Button, Response, RichText, Role, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, vec2};

use crate::ui::theme::{Tokens, size};

/// A square button of a bar with an icon; `name` is what it is called, `hint` what hovering
/// says.
pub fn bar_button(ui: &mut Ui, icon: &str, name: &str, enabled: bool, hint: &str) -> Response {
    let text = RichText::new(icon).size(size::ICON);
    let button = Button::new(text).min_size(Vec2::splat(size::CONTROL));
    let response = ui
        .scope(|ui| {
            ui.spacing_mut().button_padding = vec2(6.0, 4.0);
            ui.add_enabled(enabled, button)
        })
        .inner;
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
    response.on_hover_text(hint).on_disabled_hover_text(hint)
}

/// The one button of a dialog or page that does what it is there for.
pub fn primary_button(ui: &mut Ui, text: &str, enabled: bool) -> Response {
    let tokens = Tokens::of(ui);
    let button = Button::new(RichText::new(text).color(tokens.on_accent))
        .fill(tokens.accent)
        .stroke((1.0, tokens.accent))
        .min_size(vec2(0.0, size::CONTROL));
    let response = ui.add_enabled(enabled, button);
    if response.has_focus() {
        // a ring in the accent colour cannot be seen on it
        let rect = response.rect.shrink(2.5);
        let stroke = Stroke::new(1.5, tokens.on_accent);
        ui.painter()
            .rect_stroke(rect, 2.0, stroke, StrokeKind::Inside);
    }
    response
}

/// A button of a dialog.
pub fn plain_button(ui: &mut Ui, text: &str) -> Response {
    ui.add(Button::new(text).min_size(vec2(0.0, size::CONTROL)))
}

/// The heading of a group in a list.
pub fn group_heading(ui: &mut Ui, text: &str) {
    let color = Tokens::of(ui).faint;
    let text = crate::ui::theme::strong(text)
        .size(11.0)
        .extra_letter_spacing(0.4)
        .color(color);
    ui.label(text);
}

/// The width of a button with `text` in it.
pub fn button_width(ui: &Ui, text: &str) -> f32 {
    let font = egui::TextStyle::Button.resolve(ui.style());
    let galley = ui
        .painter()
        .layout_no_wrap(text.to_owned(), font, egui::Color32::PLACEHOLDER);
    (galley.size().x + 2.0 * ui.spacing().button_padding.x).ceil()
}
