//! The table of layers, with the steps that made none between them where they are asked
//! for.

use std::cell::RefCell;

use egui::Ui;

use crate::engine::{FilesSnapshot, ImageId, LayerState};
use crate::model::text::size as size_text;
use crate::ui::action::{Action, Actions, FilesPlace};
use crate::ui::views::facts::{ManifestFacts, Step, size_word};
use crate::ui::views::overview::share;
use crate::ui::views::subject::ManifestSubject;
use crate::ui::widgets::table::{Column, RowUi, Table};
use crate::ui::widgets::text;

use super::{Picked, blob_status};

const DOT: usize = 0;
const POSITION: usize = 1;
const INSTRUCTION: usize = 2;
const TYPE: usize = 3;
const SIZE: usize = 4;
const SHARE: usize = 5;
const UNPACKED: usize = 6;
const FILES: usize = 7;
const WASTES: usize = 8;
const DIFF_ID: usize = 9;
const DIGEST: usize = 10;
const STATE: usize = 11;

const COLUMNS: [Column; 12] = [
    Column::new("", 16.0),
    Column::new("#", 32.0)
        .right()
        .hint("Layers count from 0, the lowest first"),
    Column::wide("Instruction", 150.0, 1.0),
    Column::new("Packed", 96.0)
        .hint("How the layer's tar stream is compressed")
        .from_width(940.0),
    Column::new("Compressed", 88.0)
        .right()
        .hint("The size as it is stored and transferred"),
    Column::new("Share", 52.0)
        .right()
        .hint("Of all layers together")
        // the bar shows shares, and nothing else shows waste
        .from_width(1240.0),
    Column::new("Unpacked", 76.0)
        .right()
        .hint("The size of the uncompressed tar stream, once the layer was read")
        .from_width(1080.0),
    Column::new("Files", 92.0)
        .hint("Names that the layer adds, changes and removes")
        .from_width(760.0),
    Column::new("Wastes", 72.0)
        .right()
        .hint("Bytes of the layers below, and of its own, that no container sees because of it")
        .from_width(1060.0),
    Column::new("DiffID", 158.0)
        .hint("Digest of the uncompressed tar stream, as the config says")
        .from_width(1500.0),
    Column::new("Digest", 158.0).from_width(1180.0),
    Column::new("State", 130.0).from_width(520.0),
];

/// What stands where nobody has read the layer.
const NOT_READ: &str = "Known once the layer was read: Files reads it";

/// The table before it is drawn.
pub(super) struct Rows<'a> {
    pub(super) image: ImageId,
    pub(super) subject: &'a ManifestSubject<'a>,
    pub(super) facts: &'a ManifestFacts,
    /// What is known of the files in the layers.
    pub(super) files: Option<&'a FilesSnapshot>,
    pub(super) picked: Option<Picked>,
    pub(super) show_empty: bool,
    /// What is said of a layer that is not in its place.
    pub(super) missing: &'static str,
    pub(super) reveal: bool,
}

impl Rows<'_> {
    /// Draws it; gives what was selected.
    pub(super) fn show(&self, ui: &mut Ui, actions: &mut Actions) -> Option<Picked> {
        let all = self.show_empty;
        let count = if all {
            self.facts.steps.len()
        } else {
            self.facts.layer_steps.len()
        };
        let selected = self.picked.and_then(|picked| match (picked, all) {
            (Picked::Layer(layer), true) => self.facts.layer_steps.get(layer).copied(),
            (Picked::Layer(layer), false) => Some(layer),
            (Picked::Step(step), true) => Some(step),
            (Picked::Step(_), false) => None,
        });
        // the same columns whether the layers were read or not: nothing jumps
        let mut columns = COLUMNS;
        columns[SIZE].name = size_word(self.facts.compressed);
        let wished = RefCell::new(Vec::new());
        let touched = Table::new("Layers", &columns, count)
            .selected(selected)
            .reveal(selected.filter(|_| self.reveal))
            .scrolls()
            .show(ui, |row| {
                let step = self.step(row.index, all);
                match step.layer {
                    Some(layer) => self.layer(row, layer, step, &wished),
                    None => empty(row, step),
                }
            });
        for action in wished.into_inner() {
            actions.push(action);
        }
        touched
            .selected
            .map(|row| match (all, self.step(row, all).layer) {
                (_, Some(layer)) => Picked::Layer(layer),
                (_, None) => Picked::Step(row),
            })
    }

    fn step(&self, row: usize, all: bool) -> &Step {
        let at = if all {
            row
        } else {
            self.facts.layer_steps[row]
        };
        &self.facts.steps[at]
    }

    fn layer(&self, row: &mut RowUi<'_>, layer: usize, step: &Step, wished: &RefCell<Vec<Action>>) {
        let descriptor = &self.subject.manifest.layers[layer];
        row.dot(DOT, row.tokens.layer(layer));
        row.weak(POSITION, &layer.to_string());
        match &step.instruction {
            Some(words) => row.words(INSTRUCTION, words),
            None => row.weak(INSTRUCTION, "no instruction is known"),
        }
        row.weak(TYPE, &packed(&descriptor.media_type));
        row.hint(TYPE, &text::line(descriptor.media_type.as_str()));
        let size = descriptor.size_text();
        row.words(SIZE, &size);
        row.hint(SIZE, &share(descriptor, self.facts.layers_size));
        row.weak(SHARE, &percent(descriptor.size, self.facts.layers_size));
        self.account(row, layer);
        if let Some(diff_id) = self.diff_id(layer) {
            row.claimed_digest(DIFF_ID, diff_id);
        }
        row.digest(DIGEST, &descriptor.digest, false);
        let state = blob_status(self.subject.node, layer, self.missing, row.tokens);
        row.status(STATE, &state);
        let waste = self.files.and_then(|files| files.waste.value());
        let changes = waste.and_then(|waste| waste.changes.get(layer));
        let changes = changes.map(|changes| format!(", {}", changes.long()));
        row.name(format!(
            "Layer {layer}: {}, {size}, {}{}",
            step.instruction
                .as_deref()
                .unwrap_or("no instruction is known"),
            state.word,
            changes.unwrap_or_default()
        ));
        row.response.context_menu(|ui| {
            let copy = |text: String, what: &str| {
                let what = what.to_owned();
                wished.borrow_mut().push(Action::Copy { text, what });
            };
            if self.facts.is_image() {
                if ui.button("Show files of this layer").clicked() {
                    wished.borrow_mut().push(self.show_files(layer));
                }
                ui.separator();
            }
            if ui.button("Copy digest").clicked() {
                copy(descriptor.digest.to_string(), "digest");
            }
            if let Some(diff_id) = self.diff_id(layer)
                && ui.button("Copy DiffID").clicked()
            {
                copy(diff_id.to_owned(), "DiffID");
            }
            if let Some(words) = self.whole_instruction(step)
                && ui.button("Copy instruction").clicked()
            {
                copy(words, "instruction");
            }
        });
    }

    /// Leads to what only this layer holds.
    fn show_files(&self, layer: usize) -> Action {
        Action::ShowFiles(FilesPlace {
            image: self.image,
            manifest: self.subject.path.clone(),
            layer,
            path: None,
        })
    }

    /// What the layer does to the files of the image.
    fn account(&self, row: &mut RowUi<'_>, layer: usize) {
        let Some(files) = self.files else {
            for column in [UNPACKED, FILES, WASTES] {
                row.weak(column, "–");
                row.hint(column, NOT_READ);
            }
            return;
        };
        let known = files.layers.get(layer);
        if let Some(known) = known.filter(|known| known.state == LayerState::Ready) {
            row.words(UNPACKED, &size_text(known.index.unpacked));
        }
        let Some(waste) = files.waste.value() else {
            if files.waste.is_pending() || !files.is_over() {
                row.pending(FILES);
            }
            return;
        };
        if let Some(changes) = waste.changes.get(layer) {
            row.words(FILES, &changes.short());
            row.hint(FILES, &changes.long());
        }
        match waste.by_layer.get(layer) {
            Some(0) | None => row.weak(WASTES, "–"),
            Some(bytes) => row.words(WASTES, &size_text(*bytes)),
        }
    }

    fn diff_id(&self, layer: usize) -> Option<&str> {
        let config = self.subject.node.config()?;
        let fits = config.diff_ids.len() == self.subject.manifest.layers.len();
        fits.then(|| config.diff_ids.get(layer).map(String::as_str))?
    }

    fn whole_instruction(&self, step: &Step) -> Option<String> {
        let config = self.subject.node.config()?;
        config.history.get(step.history?)?.instruction()
    }
}

fn empty(row: &mut RowUi<'_>, step: &Step) {
    row.faint();
    let words = step.instruction.as_deref().unwrap_or("empty step");
    row.words(INSTRUCTION, words);
    row.words(SIZE, "no layer");
    row.name(format!("Empty step: {words}"));
}

/// How a layer is packed, in a word.
pub(super) fn packed(media_type: &crate::model::MediaType) -> String {
    use crate::model::MediaKind;
    match media_type.kind() {
        MediaKind::Layer {
            encrypted: true, ..
        } => "encrypted".to_owned(),
        MediaKind::Layer {
            compression,
            foreign,
            ..
        } => {
            let foreign = if foreign { ", foreign" } else { "" };
            format!("{}{foreign}", compression.name())
        }
        _ => match media_type.short_name() {
            Some(short) => short.to_owned(),
            None => text::line(media_type.as_str()).into_owned(),
        },
    }
}

fn percent(size: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let percent = size as f64 / whole as f64 * 100.0;
    if percent > 0.0 && percent < 0.95 {
        "< 1 %".to_owned()
    } else {
        format!("{percent:.0} %")
    }
}
