//! Layers as a bar to scale and a table of what made them.

use std::cell::Cell;

use egui::{RichText, Ui};

use crate::model::{Descriptor, text::size as size_text};
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::views::facts::size_word;
use crate::ui::views::layers::blob_status;
use crate::ui::views::subject::ManifestSubject;
use crate::ui::views::{View, ViewContext, ViewState, page};
use crate::ui::widgets::table::{Column, Table};
use crate::ui::widgets::{LayerBar, heading, link, not_here, text};

/// Most layers in the table; the others are in Layers.
const ROWS: usize = 12;

const COLUMNS: [Column; 4] = [
    Column::new("", 24.0),
    Column::wide("Instruction", 160.0, 1.0),
    Column::new("Compressed", 90.0)
        .right()
        .hint("The size as it is stored and transferred"),
    Column::new("Digest", 158.0).from_width(420.0),
];

/// Draws the bar and the table.
pub(super) fn show(
    ui: &mut Ui,
    state: &mut ViewState,
    subject: &ManifestSubject<'_>,
    context: &mut ViewContext<'_>,
) {
    let facts = state.facts.manifest(subject);
    let layers = &subject.manifest.layers;
    // whose they are, where there are others beside
    let title = match subject.siblings {
        Some(_) => format!("Layers of {}", subject.label()),
        None => "Layers".to_owned(),
    };
    heading(ui, &title, &facts.summary);
    ui.add_space(size::GRID);
    let digest = subject.digest();
    let marked = state.overview.layer.as_ref();
    let marked = marked
        .filter(|(of, _)| of == digest)
        .map(|(_, layer)| *layer);
    let touched = LayerBar {
        scale: &facts.scale,
        selected: marked,
        name: &format!("Layers to scale: {}", facts.summary),
    }
    .show(ui);
    if let Some(layer) = touched.hovered {
        touched.response.on_hover_ui_at_pointer(|ui| {
            let words = facts
                .instruction(layer)
                .unwrap_or("No instruction is known");
            ui.label(words);
            ui.weak(share(&layers[layer], facts.layers_size));
        });
    }
    let mut pick = touched.clicked;
    if layers.is_empty() {
        let tokens = Tokens::of(ui);
        ui.add_space(2.0 * size::GRID);
        let words = "This image has no layers: a container of it begins with an empty folder.";
        ui.label(RichText::new(words).color(tokens.weak));
        return;
    }
    let rows = if layers.len() > ROWS + 2 {
        ROWS
    } else {
        layers.len()
    };
    let copy = Cell::new(None);
    let missing = not_here(context.image.reference.as_ref());
    let mut columns = COLUMNS;
    columns[2].name = size_word(facts.compressed);
    let touched = Table::new("Layers", &columns, rows)
        .selected(marked)
        .show(ui, |row| {
            let layer = &layers[row.index];
            row.dot(0, row.tokens.layer(row.index));
            let instruction = facts.instruction(row.index);
            match instruction {
                Some(words) => row.words(1, words),
                None => row.weak(1, layer.media_type.short_name().unwrap_or("layer")),
            }
            let size = layer.size_text();
            row.words(2, &size);
            row.hint(2, &share(layer, facts.layers_size));
            let state = blob_status(subject.node, row.index, missing, row.tokens);
            let wrong = state.color == row.tokens.caution || state.color == row.tokens.damaged;
            if wrong {
                row.status(3, &state);
            } else {
                row.digest(3, &layer.digest, false);
            }
            row.name(format!(
                "Layer {}: {}, {size}{}",
                row.index,
                instruction.unwrap_or("no instruction is known"),
                if wrong {
                    format!(", {}", state.word)
                } else {
                    String::new()
                }
            ));
            row.response.context_menu(|ui| {
                if ui.button("Copy digest").clicked() {
                    copy.set(Some((layer.digest.to_string(), "digest")));
                }
                if let Some(words) = instruction
                    && ui.button("Copy instruction").clicked()
                {
                    copy.set(Some((words.to_owned(), "instruction")));
                }
            });
        });
    pick = pick.or(touched.selected);
    if let Some((text, what)) = copy.take() {
        let what = what.to_owned();
        context.actions.push(Action::Copy { text, what });
    }
    if let Some(layer) = pick {
        state.overview.layer = Some((digest.clone(), layer));
    }
    if let Some(layer) = touched.opened {
        state.layers.select(digest, layer);
        let id = context.image.id;
        context.actions.push(Action::ShowView(id, View::Layers));
    }
    more(ui, layers.len() - rows, context);
    let config = subject.node.config();
    if !facts.history_fits && config.is_some_and(|config| config.problem.is_none()) {
        let tokens = Tokens::of(ui);
        ui.add_space(size::GRID);
        let words = format!(
            "{} The build steps in the config are not as many as the layers, so none is shown beside a layer",
            icons::INFO
        );
        ui.label(RichText::new(words).size(size::SMALL).color(tokens.faint));
    }
}

fn more(ui: &mut Ui, left_out: usize, context: &mut ViewContext<'_>) {
    if left_out == 0 {
        return;
    }
    ui.add_space(size::GRID);
    if link(ui, &text::count(left_out, "more layer", "more layers")).clicked() {
        let id = context.image.id;
        context.actions.push(Action::ShowView(id, View::Layers));
    }
    ui.add_space(page::SECTION - 4.0 * size::GRID);
}

/// `45.4 MB, 39 % of the layers`.
pub(in crate::ui::views) fn share(layer: &Descriptor, whole: u64) -> String {
    if !layer.size_known {
        return "The manifest does not say its size".to_owned();
    }
    let size = layer.size;
    let exact = format!("{} ({})", size_text(size), text::bytes(size));
    if whole == 0 {
        return exact;
    }
    let share = size as f64 / whole as f64 * 100.0;
    if share >= 0.95 {
        format!("{exact}, {share:.0} % of the layers")
    } else {
        format!("{exact}, less than 1 % of the layers")
    }
}
