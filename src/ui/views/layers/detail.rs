//! One layer in full, or a step that made none.

use egui::{RichText, ScrollArea, Ui};

use crate::model::text::size as size_text;
use crate::model::{Descriptor, LayerHistory};
use crate::transport::BlobState;
use crate::ui::action::{Action, Actions, FilesPlace};
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::views::ViewContext;
use crate::ui::views::facts::{ManifestFacts, is_compressed, size_word};
use crate::ui::views::overview::pairs;
use crate::ui::views::page::{self, GAP, beside};
use crate::ui::views::subject::ManifestSubject;
use crate::ui::widgets::{Date, Look, Row, exact, heading, icon_button, link, not_here, text};

use super::{Picked, blob_status, state::blob_of};

/// Most characters of an instruction that are laid out.
const INSTRUCTION: usize = 20_000;

/// Draws it into the rest of the view.
pub(super) fn show(
    ui: &mut Ui,
    subject: &ManifestSubject<'_>,
    facts: &ManifestFacts,
    picked: Option<Picked>,
    context: &mut ViewContext<'_>,
) {
    let Some(picked) = picked else {
        page::hint(
            ui,
            "Select a layer to see its whole instruction and its digests",
        );
        return;
    };
    page::line(ui);
    let (layer, step) = match picked {
        Picked::Layer(layer) => {
            let step = facts.layer_steps.get(layer);
            (Some(layer), step.and_then(|at| facts.steps.get(*at)))
        }
        Picked::Step(step) => (None, facts.steps.get(step)),
    };
    let history = step.and_then(|step| {
        let config = subject.node.config()?;
        config.history.get(step.history?)
    });
    let width = ui.available_width();
    // a whole SHA-256 digest fits into the right column of a wide window
    let left = ((width - GAP) * 0.4).max(200.0);
    let shared = std::cell::RefCell::new(context);
    beside(
        ui,
        left,
        |ui| {
            let context = &mut *shared.borrow_mut();
            let of_image = layer.filter(|_| facts.is_image());
            let files = of_image.map(|layer| FilesPlace {
                image: context.image.id,
                manifest: subject.path.clone(),
                layer,
                path: None,
            });
            instruction(ui, layer, files, history, context.actions);
        },
        |ui| {
            let context = &mut *shared.borrow_mut();
            ScrollArea::vertical()
                .id_salt("layer rows")
                .auto_shrink([false, false])
                .show(ui, |ui| match layer {
                    Some(layer) => rows(ui, subject, layer, history, context),
                    None => said(ui, history, context),
                });
        },
    );
}

fn instruction(
    ui: &mut Ui,
    layer: Option<usize>,
    files: Option<FilesPlace>,
    history: Option<&LayerHistory>,
    actions: &mut Actions,
) {
    let tokens = Tokens::of(ui);
    ui.spacing_mut().item_spacing = egui::vec2(4.0, 4.0);
    let whole = history.and_then(LayerHistory::instruction);
    ui.horizontal(|ui| {
        let title = match layer {
            Some(layer) => format!("Layer {layer}"),
            None => "Step without a layer".to_owned(),
        };
        ui.label(crate::ui::theme::strong(title));
        if let Some(whole) = &whole
            && icon_button(ui, icons::COPY, "Copy this instruction").clicked()
        {
            actions.push(Action::Copy {
                text: whole.clone(),
                what: "instruction".to_owned(),
            });
        }
        if let Some(files) = files
            && link(ui, "Show files of this layer").clicked()
        {
            actions.push(Action::ShowFiles(files));
        }
    });
    ScrollArea::vertical()
        .id_salt("instruction")
        .auto_shrink([false, false])
        .show(ui, |ui| match whole {
            Some(whole) => {
                let (shown, cut) = readable(&whole);
                let words = RichText::new(shown).monospace().color(tokens.text);
                ui.add(egui::Label::new(words).wrap().selectable(true));
                if cut {
                    let more = format!("… {} in all, open in Raw", size_text(whole.len() as u64));
                    ui.label(RichText::new(more).color(tokens.faint));
                }
            }
            None => {
                let words = "The config names no instruction for this layer.";
                ui.label(RichText::new(words).color(tokens.weak));
            }
        });
}

/// An instruction with its own line breaks, other hidden characters made visible, and
/// whether something was left out.
fn readable(instruction: &str) -> (String, bool) {
    let cut = instruction.char_indices().nth(INSTRUCTION);
    let head = cut.map_or(instruction, |(end, _)| &instruction[..end]);
    let lines: Vec<_> = head
        .split('\n')
        .map(|line| crate::model::text::visible(&line.replace('\t', "    ")).into_owned())
        .collect();
    (lines.join("\n"), cut.is_some())
}

fn rows(
    ui: &mut Ui,
    subject: &ManifestSubject<'_>,
    layer: usize,
    history: Option<&LayerHistory>,
    context: &mut ViewContext<'_>,
) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let tokens = Tokens::of(ui);
    let Some(descriptor) = subject.manifest.layers.get(layer) else {
        return;
    };
    let row = |name: &'static str, value: &str, look: Look, ui: &mut Ui, actions: &mut Actions| {
        Row::new(name, value)
            .name_width(96.0)
            .look(look)
            .show(ui, actions);
    };
    let actions = &mut *context.actions;
    row(
        "Digest",
        &descriptor.digest.to_string(),
        Look::Mono,
        ui,
        actions,
    );
    let config = subject.node.config();
    let diff_ids = config.map(|config| &config.diff_ids);
    match diff_ids {
        Some(ids) if ids.len() == subject.manifest.layers.len() => {
            row("DiffID", &ids[layer], Look::Mono, ui, actions);
        }
        Some(ids) => {
            let words = format!(
                "not known: the config lists {} for {} layers",
                ids.len(),
                subject.manifest.layers.len()
            );
            row("DiffID", &words, Look::Weak, ui, actions);
        }
        None => {}
    }
    let size = if descriptor.size_known {
        let exact_size = text::bytes(descriptor.size);
        format!("{} ({exact_size})", descriptor.size_text())
    } else {
        "the manifest does not say its size".to_owned()
    };
    let word = size_word(is_compressed(&descriptor.media_type));
    row(word, &size, Look::Words, ui, actions);
    row(
        "Media type",
        descriptor.media_type.as_str(),
        Look::Mono,
        ui,
        actions,
    );
    let missing = not_here(context.image.reference.as_ref());
    let state = blob_status(subject.node, layer, missing, tokens);
    Row::new("State", &state.label())
        .name_width(96.0)
        .look(Look::Words)
        .color(state.color)
        .hover(&*state.meaning)
        .show(ui, actions);
    let blob = blob_of(subject.node, layer);
    if let Some((expected, found)) = wrong(descriptor, blob) {
        row("Expected", &expected, Look::Mono, ui, actions);
        row("Found", &found, Look::Mono, ui, actions);
    }
    if let Some(advice) = advice(blob) {
        row("Try", advice, Look::Words, ui, actions);
    }
    said(ui, history, context);
    let actions = &mut *context.actions;
    for url in &descriptor.urls {
        // a foreign layer: where its content may be had
        pairs::pair(ui, "Also at", url, 96.0, context.now, actions);
    }
    if !descriptor.annotations.is_empty() {
        ui.add_space(2.0 * size::GRID);
        heading(ui, "Annotations", "");
        for (key, value) in &descriptor.annotations {
            pairs::pair(ui, key, value, 140.0, context.now, actions);
        }
    }
}

/// What the manifest says and what is there, where that is not the same.
fn wrong(descriptor: &Descriptor, blob: &BlobState) -> Option<(String, String)> {
    match blob {
        BlobState::WrongDigest { found } => {
            Some((descriptor.digest.to_string(), found.to_string()))
        }
        BlobState::WrongSize { expected, found } => {
            Some((text::bytes(*expected), text::bytes(*found)))
        }
        BlobState::Unreadable { why } => {
            Some((descriptor.digest.to_string(), text::line(why).into_owned()))
        }
        _ => None,
    }
}

/// What to do about a layer that is damaged or not there.
fn advice(blob: &BlobState) -> Option<&'static str> {
    if blob.is_damaged() {
        Some("Copy the image again from where it came, then check its bytes")
    } else if *blob == BlobState::Missing {
        Some("Copy the image again from a place that has all its layers")
    } else {
        None
    }
}

/// What the build says about the step.
fn said(ui: &mut Ui, history: Option<&LayerHistory>, context: &mut ViewContext<'_>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let Some(history) = history else {
        return;
    };
    if let Some(created) = &history.created {
        let date = Date::read(created);
        let relative = date.relative(context.now);
        let words = match date {
            Date::At(at) => format!("{relative}, {}", exact(at)),
            _ => relative.into_owned(),
        };
        Row::new("Created", &words)
            .name_width(96.0)
            .look(Look::Words)
            .hover(date.exact())
            .show(ui, context.actions);
    }
    for (name, value) in [("Author", &history.author), ("Comment", &history.comment)] {
        if let Some(value) = value {
            Row::new(name, value)
                .name_width(96.0)
                .look(Look::Words)
                .show(ui, context.actions);
        }
    }
}
