//! Buttons that are no more than an icon or a word.

use egui::{
    Align2, Button, CursorIcon, FontFamily, FontId, Response, Role, Sense, Ui, WidgetInfo, vec2,
};

use crate::ui::theme::{Tokens, icons, size};

use super::text;

/// A button that shows only an icon of `theme::icons`. `name` is its accessible name and
/// its tooltip.
pub fn icon_button(ui: &mut Ui, icon: &str, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(24.0, 24.0), Sense::click());
    icon_look(ui, &response, icon, size::ICON, false);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    let _ = rect;
    response.on_hover_text(name)
}

/// An icon button that stays pressed while `on`.
pub fn icon_toggle(ui: &mut Ui, icon: &str, name: &str, on: bool) -> Response {
    let (_, response) = ui.allocate_exact_size(vec2(24.0, 24.0), Sense::click());
    icon_look(ui, &response, icon, size::ICON, on);
    response.widget_info(|| WidgetInfo::selected(Role::Button, ui.is_enabled(), on, name));
    response.on_hover_text(name)
}

/// A button with a word that stays pressed while `on`.
pub fn toggle(ui: &mut Ui, word: &str, on: bool) -> Response {
    let button = Button::new(word)
        .selected(on)
        .min_size(vec2(0.0, size::CONTROL));
    let response = ui.add(button);
    response.widget_info(|| WidgetInfo::selected(Role::Button, ui.is_enabled(), on, word));
    response
}

/// A button that shows what was chosen and opens a menu to choose another; at least `width`
/// wide, so that what stands beside it does not move. `name` is its accessible name.
pub fn drop_down(ui: &mut Ui, name: &str, chosen: &str, width: f32) -> Response {
    let button = Button::new(chosen)
        .right_text(icons::CHEVRON_DOWN)
        .min_size(vec2(width, size::CONTROL));
    let response = ui.add(button);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ComboBox, ui.is_enabled(), name);
        info.current_text_value = Some(chosen.to_owned());
        info
    });
    response
}

/// Paints the icon of a button that was allocated already, with what says that it is
/// hovered, focused or on.
pub(super) fn icon_look(ui: &Ui, response: &Response, icon: &str, height: f32, on: bool) {
    let tokens = Tokens::of(ui);
    let corner = f32::from(size::CORNER);
    let hot = response.hovered() || response.has_focus();
    if on {
        ui.painter()
            .rect_filled(response.rect, corner, tokens.selection);
    } else if hot {
        ui.painter()
            .rect_filled(response.rect, corner, tokens.hover);
    }
    if response.has_focus() {
        super::focus_ring(ui, response.rect);
    }
    let color = match (ui.is_enabled(), on, hot) {
        (false, ..) => tokens.faint,
        (_, true, _) => tokens.accent,
        (.., true) => tokens.text,
        _ => tokens.weak,
    };
    ui.painter().text(
        response.rect.center(),
        Align2::CENTER_CENTER,
        icon,
        FontId::new(height, FontFamily::Proportional),
        color,
    );
}

/// A word in the accent colour that does something in the window.
pub fn link(ui: &mut Ui, word: &str) -> Response {
    let tokens = Tokens::of(ui);
    // where a line is wrapped, it goes to the next one rather than being cut
    let width = if ui.layout().main_wrap() {
        ui.max_rect().width()
    } else {
        ui.available_width()
    };
    let galley = text::one_line(ui.painter(), word, text::body(), tokens.accent, width);
    let height = galley.size().y.max(20.0);
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x, height), Sense::click());
    let painted = text::paint(ui.painter(), rect, galley, egui::Align::Min);
    if response.hovered() {
        let stroke = egui::Stroke::new(1.0, tokens.accent);
        ui.painter()
            .hline(painted.x_range(), painted.bottom() - 1.0, stroke);
    }
    if response.has_focus() {
        super::focus_ring(ui, rect.expand(2.0));
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Link, ui.is_enabled(), word));
    response.on_hover_cursor(CursorIcon::PointingHand)
}
