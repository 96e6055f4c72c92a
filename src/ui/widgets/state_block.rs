//! What is said of a state: a line in its colour at the left, the words beside it.

use egui::{Color32, Frame, InnerResponse, Margin, Stroke, Ui};

/// Space between the line and the words, and between the lines of words, in points.
const LEFT: i8 = 16;
const BETWEEN: f32 = 3.0;

/// Draws `content` beside a line in `color`, as high as it becomes.
pub fn state_block<R>(
    ui: &mut Ui,
    color: Color32,
    content: impl FnOnce(&mut Ui) -> R,
) -> InnerResponse<R> {
    let margin = Margin {
        left: LEFT,
        ..Margin::ZERO
    };
    let drawn = Frame::NONE.inner_margin(margin).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = BETWEEN;
        content(ui)
    });
    let rect = drawn.response.rect;
    ui.painter()
        .vline(rect.left() + 1.0, rect.y_range(), Stroke::new(2.0, color));
    drawn
}
