//! A place with several images: one is picked.

use egui::{RichText, Ui};

use crate::model::{Reference, text::size as size_text};
use crate::transport::NamedImage;
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, size};
use crate::ui::widgets::table::{Column, Table};
use crate::ui::widgets::{place_word, text};

use super::overview::title;
use super::page::fixed;
use super::subject::platform_label;
use super::{ViewContext, ViewState};

const COLUMNS: [Column; 5] = [
    Column::wide("Name", 160.0, 1.0),
    Column::new("Kind", 150.0),
    Column::new("Platform", 130.0).from_width(560.0),
    Column::new("Size", 80.0)
        .right()
        .hint("Of the manifest or index itself, not of what it lists")
        .from_width(640.0),
    Column::new("Digest", 158.0).from_width(480.0),
];

/// Draws the list. A click opens an image in a tab of its own.
pub(super) fn show(
    ui: &mut Ui,
    state: &mut ViewState,
    images: &[NamedImage],
    context: &mut ViewContext<'_>,
) {
    fixed(ui, |ui| {
        let tokens = Tokens::of(ui);
        ui.add_space(size::VIEW_MARGIN - 12.0);
        let place = place_word(context.image.reference.as_ref());
        title(
            ui,
            &format!(
                "This {place} holds {}",
                text::count(images.len(), "image", "images")
            ),
        );
        let words = format!("{} names none of them. Open one:", context.image.input);
        ui.label(RichText::new(text::line(&words)).color(tokens.weak));
        ui.add_space(3.0 * size::GRID);
        let touched = Table::new("Images in this folder", &COLUMNS, images.len())
            .selected(state.several)
            .scrolls()
            .show(ui, |row| {
                let image = &images[row.index];
                let entry = &image.descriptor;
                let name = image.name.to_string();
                let name = text::line(&name);
                row.colored(0, &name, row.tokens.accent);
                let kind = entry
                    .media_type
                    .short_name()
                    .unwrap_or(entry.media_type.as_str());
                row.words(1, &text::line(kind));
                if let Some(platform) = &entry.platform {
                    row.words(2, &platform_label(platform));
                }
                row.weak(3, &size_text(entry.size));
                row.digest(4, &entry.digest, false);
                row.name(format!("Open {name}"));
            });
        // the keyboard selects before it opens, the pointer opens
        let clicked = touched.clicked.or(touched.opened);
        state.several = touched.selected.or(state.several);
        if let Some(image) = clicked.and_then(|row| images.get(row))
            && let Some(Reference::Path(path)) = &context.image.reference
        {
            let reference = Reference::Path(path.with_name(image.name.clone()));
            context.actions.push(Action::Open(reference.to_string()));
        }
    });
}
