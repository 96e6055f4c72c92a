//! How views lay out what they show.

use egui::{Margin, Rect, ScrollArea, Ui, UiBuilder, pos2};

use crate::ui::theme::{Tokens, size};

/// Space between two columns, in points.
pub(super) const GAP: f32 = 28.0;

/// Space above a section, in points.
pub(super) const SECTION: f32 = 20.0;

/// Space above the first heading of every view, in points: it stays where it is from one view
/// to the next.
const TOP: f32 = 14.0;

/// Space below a page whose parts scroll by themselves, in points.
const BOTTOM: f32 = 12.0;

/// Height of the line that says what selecting something would show, in points.
pub(super) const HINT: f32 = 32.0;

/// Draws the line above what stands below a list.
pub(super) fn line(ui: &mut Ui) {
    let rect = ui.available_rect_before_wrap();
    let stroke = egui::Stroke::new(1.0, Tokens::of(ui).border);
    let top = rect.top() + 0.5;
    ui.painter().hline(rect.x_range(), top, stroke);
    ui.add_space(2.0 * size::GRID);
}

/// Says at the foot of a view what selecting something would show.
pub(super) fn hint(ui: &mut Ui, words: &str) {
    line(ui);
    let color = Tokens::of(ui).faint;
    ui.label(egui::RichText::new(words).color(color));
}

/// A page that scrolls as a whole.
pub(super) fn scrolling(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .content_margin(Margin {
            top: TOP as i8,
            ..Margin::same(size::VIEW_MARGIN as i8)
        })
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            content(ui);
        });
}

/// A page whose parts scroll by themselves.
pub(super) fn fixed(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    let mut rect = ui.available_rect_before_wrap();
    rect = rect.shrink2(egui::vec2(size::VIEW_MARGIN, 0.0));
    rect = rect.with_min_y(rect.top() + TOP);
    rect = rect.with_max_y(rect.bottom() - BOTTOM);
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        content(ui);
    });
}

/// Two columns side by side, the left one `left_width` wide; each as high as it needs.
pub(super) fn beside(
    ui: &mut Ui,
    left_width: f32,
    left: impl FnOnce(&mut Ui),
    right: impl FnOnce(&mut Ui),
) {
    let whole = ui.available_rect_before_wrap();
    let column = |from: f32, to: f32| {
        let min = pos2(whole.left() + from, whole.top());
        Rect::from_min_max(min, pos2(whole.left() + to, whole.bottom().max(min.y)))
    };
    let first = UiBuilder::new()
        .max_rect(column(0.0, left_width))
        .id_salt("left");
    let mut used = ui.scope_builder(first, |ui| {
        left(ui);
        ui.min_rect()
    });
    let second = UiBuilder::new()
        .max_rect(column(left_width + GAP, whole.width()))
        .id_salt("right");
    // the first scope moved the cursor down; the second has its own place
    let mut child = ui.new_child(second);
    right(&mut child);
    used.inner = used.inner.union(child.min_rect());
    ui.advance_cursor_after_rect(used.inner);
    ui.expand_to_include_rect(used.inner);
}
