//! The space of what is on its way: about where it will stand, so that nothing jumps.

use egui::{Rect, Ui, pos2, vec2};

use crate::ui::theme::{Tokens, size};
use crate::ui::widgets::{heading, row_line, skeleton};

use super::overview::title;
use super::page::{SECTION, scrolling};

/// An image of which nothing is known but how it was asked for.
pub(super) fn image(ui: &mut Ui, name: &str) {
    let whole = ui.max_rect();
    scrolling(ui, |ui| {
        title(ui, name);
        ui.add_space(6.0);
        skeleton::bar(ui, 420.0, 12.0);
        ui.add_space(18.0);
        ui.horizontal(|ui| {
            for _ in 0..4 {
                let (rect, _) = ui.allocate_exact_size(vec2(132.0, 24.0), egui::Sense::hover());
                ui.painter().rect_filled(rect, 12.0, Tokens::of(ui).hover);
            }
        });
        ui.add_space(SECTION);
        manifest(ui);
    });
    skeleton::announce(ui, whole, &format!("Opening {name}"));
}

/// A manifest that is on its way.
pub(super) fn manifest(ui: &mut Ui) {
    heading(ui, "Layers", "");
    ui.add_space(size::GRID);
    skeleton::bar(ui, f32::INFINITY, 22.0);
    rows(ui, 6, 280.0);
    ui.add_space(SECTION);
    runs(ui);
}

/// A config that is on its way.
pub(super) fn runs(ui: &mut Ui) {
    heading(ui, "Runs", "");
    rows(ui, 4, 96.0);
}

/// A table that is on its way.
pub(super) fn rows(ui: &mut Ui, count: usize, width: f32) {
    for row in 0..count {
        let full = vec2(ui.available_width(), size::ROW);
        let (rect, _) = ui.allocate_exact_size(full, egui::Sense::hover());
        let own = width * [1.0, 0.7, 0.85, 0.6][row % 4];
        let at = pos2(rect.left(), rect.center().y - 5.0);
        skeleton::paint(ui, Rect::from_min_size(at, vec2(own.min(full.x), 10.0)));
        row_line(ui, rect);
    }
}
