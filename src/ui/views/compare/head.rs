//! Which two images are compared, and whether they are the same.

use egui::{Align, Layout, RichText, Ui};

use crate::engine::{
    CompareRequest, ComparedFiles, ComparedImage, ComparedImages, ComparedSide, ComparisonId,
    ComparisonSnapshot,
};
use crate::model::text::size as size_text;
use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons, size, strong};
use crate::ui::widgets::{digest, icon_button, text};

use super::again;

/// Draws it above everything else.
pub(super) fn show(
    ui: &mut Ui,
    id: ComparisonId,
    request: &CompareRequest,
    snapshot: Option<&ComparisonSnapshot>,
    actions: &mut Actions,
) {
    let tokens = Tokens::of(ui);
    let images = snapshot.and_then(|snapshot| snapshot.images.value());
    let failed = snapshot.is_some_and(|snapshot| snapshot.images.error().is_some());
    ui.horizontal(|ui| {
        let images = images.map(AsRef::as_ref);
        ui.label(strong(verdict(images, failed)).size(17.0));
        if let (Some(images), Some(snapshot)) = (images, snapshot) {
            let words = summary(images, snapshot.files.value().map(AsRef::as_ref));
            ui.label(RichText::new(words).color(tokens.weak));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if icon_button(ui, icons::REFRESH_CW, "Compare again").clicked() {
                actions.push(again(id, request));
            }
            if icon_button(ui, icons::ARROW_LEFT_RIGHT, "Swap the two images").clicked() {
                actions.push(Action::Compare(Box::new(CompareRequest {
                    before: request.after.clone(),
                    after: request.before.clone(),
                    ..request.clone()
                })));
            }
        });
    });
    ui.add_space(size::GRID);
    let sides = images.map(|images| (&images.before, &images.after));
    side(ui, "Before", &request.before, sides.map(|s| s.0), actions);
    side(ui, "After", &request.after, sides.map(|s| s.1), actions);
    ui.add_space(size::GRID);
    let line = egui::Stroke::new(1.0, tokens.border);
    let rect = ui.available_rect_before_wrap();
    ui.painter().hline(rect.x_range(), rect.top(), line);
    ui.add_space(10.0);
}

/// How much differs: `5 settings, 2 layers, 4 files, +308 B`. Nothing where nothing does.
fn summary(images: &ComparedImages, files: Option<&ComparedFiles>) -> String {
    let platforms = images.platforms.as_ref();
    let only_in_one = platforms.map_or(0, |sets| sets.before.len() + sets.after.len());
    // a layer in place of another is one that differs
    let layers = images.layers.before.len().max(images.layers.after.len());
    let mut parts = Vec::new();
    for (number, one, many) in [
        (
            only_in_one + images.changed_platforms.len(),
            "platform",
            "platforms",
        ),
        (images.settings.len(), "setting", "settings"),
        (layers, "layer", "layers"),
        (
            files.map_or(0, |files| files.changes.len()),
            "file",
            "files",
        ),
    ] {
        if number > 0 {
            parts.push(text::count(number, one, many));
        }
    }
    let bytes = |side: &ComparedSide| -> u64 {
        let layers = side.layers.iter().map(|layer| layer.size);
        layers.fold(0, u64::saturating_add)
    };
    let (before, after) = (bytes(&images.before), bytes(&images.after));
    if before != after {
        let sign = if after > before { '+' } else { '−' };
        parts.push(format!("{sign}{}", size_text(after.abs_diff(before))));
    }
    parts.join(", ")
}

fn verdict(images: Option<&ComparedImages>, failed: bool) -> &'static str {
    match images {
        None if failed => "Could not compare",
        None => "Comparing…",
        Some(images) if images.differ() => "The images differ",
        Some(images) if images.other_index() => {
            "The images are the same, the indexes that list them are not"
        }
        Some(_) => "The images are the same",
    }
}

fn side(
    ui: &mut Ui,
    name: &str,
    asked: &ComparedImage,
    side: Option<&ComparedSide>,
    actions: &mut Actions,
) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 10.0;
        ui.set_min_height(24.0);
        let (rect, _) = ui.allocate_exact_size(egui::vec2(48.0, 20.0), egui::Sense::hover());
        let galley = text::one_line(
            ui.painter(),
            name.to_owned(),
            text::body(),
            tokens.weak,
            rect.width(),
        );
        text::paint(ui.painter(), rect, galley, Align::Min);
        let shown = match side {
            Some(side) => side.reference.clone(),
            None => crate::model::text::without_secrets(&asked.reference).into_owned(),
        };
        let shown = text::line(&shown).into_owned();
        // from the right: a long reference is cut, and what it came to stays
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(side) = side {
                digest(ui, &side.digest, true, actions);
                if let Some(platform) = &side.platform {
                    ui.label(RichText::new(platform.to_string()).color(tokens.weak));
                }
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(egui::Label::new(RichText::new(&shown).monospace()).truncate());
            });
        });
    });
}
