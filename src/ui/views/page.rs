//! How views lay out what they show.

use egui::{Margin, Rect, ScrollArea, Ui, UiBuilder, pos2};

use crate::ui::theme::size;

/// Space between two columns, in points.
pub(super) const GAP: f32 = 28.0;

/// Space above a section, in points.
pub(super) const SECTION: f32 = 20.0;

/// A page that scrolls as a whole.
pub(super) fn scrolling(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .content_margin(Margin::same(size::VIEW_MARGIN as i8))
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            content(ui);
        });
}

/// A page whose parts scroll by themselves.
pub(super) fn fixed(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    let mut rect = ui.available_rect_before_wrap();
    rect = rect.shrink2(egui::vec2(size::VIEW_MARGIN, 12.0));
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
