//! What stands where there is nothing to see.

use egui::{Align, FontFamily, FontId, Layout, RichText, Ui, UiBuilder, vec2};

use crate::ui::theme::{STRONG, Tokens, size};

/// Widest that its sentences are set, in points.
const WIDTH: f32 = 460.0;

/// Why there is nothing to see, and what to do next. `icon` is one of `theme::icons`.
/// `button` is the word on a button below it; the result says whether it was pressed.
pub fn empty_state(
    ui: &mut Ui,
    icon: &str,
    headline: &str,
    hint: &str,
    button: Option<&str>,
) -> bool {
    let tokens = Tokens::of(ui);
    let width = WIDTH.min(ui.available_width());
    let left = ((ui.available_width() - width) / 2.0).max(0.0);
    let mut rect = ui.available_rect_before_wrap();
    let space = (rect.height() * 0.28).clamp(24.0, 200.0);
    rect.min += vec2(left, space);
    rect.set_width(width);
    let layout = Layout::top_down(Align::Center);
    let builder = UiBuilder::new().max_rect(rect).layout(layout);
    ui.scope_builder(builder, |ui| {
        ui.spacing_mut().item_spacing.y = size::GRID;
        let font = FontId::new(32.0, FontFamily::Proportional);
        ui.label(RichText::new(icon).font(font).color(tokens.faint));
        let font = FontId::new(16.0, FontFamily::Name(STRONG.into()));
        ui.label(RichText::new(headline).font(font).color(tokens.text));
        ui.label(RichText::new(hint).color(tokens.weak));
        button.is_some_and(|word| {
            ui.add_space(2.0 * size::GRID);
            ui.button(word).clicked()
        })
    })
    .inner
}
