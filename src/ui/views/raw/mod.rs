//! The exact bytes of a document: of the index, the manifest or the config.

pub(super) mod known;

use std::sync::Arc;

use egui::{RichText, Ui};

use crate::engine::{Failure, Node, NodePath, Parts, Remote};
use crate::model::{RawDocument, text::size as size_text};
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::document::DocumentState;
use crate::ui::widgets::{digest, empty_state, error_box, text};

use super::facts::is_derived;
use super::subject::{ManifestSubject, Subject};
use super::{ViewContext, ViewState, page, reload};

/// How many documents keep their folds and search.
const KEPT: usize = 8;

/// What the view keeps between frames.
#[derive(Debug, Default)]
pub(super) struct RawState {
    /// Whether the config is shown rather than a document on the way to it.
    pick: Pick,
    documents: Vec<DocumentState>,
}

/// Which document of those on the way to what is selected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pick {
    /// The one that is selected.
    #[default]
    Selected,
    /// The index that lies this deep in others.
    Level(usize),
    Config,
}

/// A document that can be shown, and what it is called.
struct Choice<'a> {
    pick: Pick,
    word: String,
    raw: Result<&'a RawDocument, Option<&'a Arc<Failure>>>,
}

/// Draws the view.
pub(super) fn show(ui: &mut Ui, state: &mut ViewState, context: &mut ViewContext<'_>) {
    let choices = choices(context);
    let kept = &mut state.raw;
    let chosen = choices
        .iter()
        .find(|choice| choice.pick == kept.pick)
        .or_else(|| {
            choices
                .iter()
                .rev()
                .find(|choice| choice.pick != Pick::Config)
        });
    let Some(chosen) = chosen else {
        let hint = "It was not read yet.";
        empty_state(ui, icons::FILE_JSON, "No document is there", hint, None);
        return;
    };
    let subject = match Subject::of(context) {
        Subject::Manifest(subject) => Some(subject),
        _ => None,
    };
    page::fixed(ui, |ui| match chosen.raw {
        Ok(raw) => {
            header(ui, &chosen.word, raw, context);
            ui.add_space(size::GRID);
            document(ui, kept, &choices, chosen, raw, subject.as_ref(), context);
        }
        Err(error) => {
            ui.horizontal(|ui| picker(ui, &choices, chosen.pick, &mut kept.pick));
            ui.add_space(page::SECTION);
            match error {
                Some(error) => error_box(ui, error, Some(reload(context)), context.actions),
                None => {
                    let tokens = Tokens::of(ui);
                    ui.label(RichText::new("Reading…").color(tokens.weak));
                }
            }
        }
    });
}

/// What is shown: type, size and digest.
fn header(ui: &mut Ui, word: &str, raw: &RawDocument, context: &mut ViewContext<'_>) {
    let tokens = Tokens::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.label(crate::ui::theme::strong(word));
        let media_type = raw.media_type();
        let kind = if media_type.is_empty() {
            "no media type"
        } else {
            media_type.as_str()
        };
        ui.label(
            RichText::new(text::line(kind))
                .monospace()
                .color(tokens.weak),
        );
        let words = size_text(raw.size());
        ui.label(RichText::new(words).color(tokens.weak))
            .on_hover_text(text::bytes(raw.size()));
        // what was made here of an archive's list hashes to anything
        let image = context.image.image();
        let root = image
            .filter(|image| is_derived(image))
            .map(|image| &image.root);
        let made = root.is_some_and(|root| root.document.raw().digest() == raw.digest());
        digest(ui, raw.digest(), !made, context.actions);
    });
}

#[allow(clippy::too_many_arguments)] // each is a part of one line
fn document(
    ui: &mut Ui,
    kept: &mut RawState,
    choices: &[Choice<'_>],
    chosen: &Choice<'_>,
    raw: &RawDocument,
    subject: Option<&ManifestSubject<'_>>,
    context: &mut ViewContext<'_>,
) {
    let RawState { pick, documents } = kept;
    let at = documents
        .iter()
        .position(|kept| kept.digest() == Some(raw.digest()));
    let state = match at {
        Some(at) => {
            // what was used last stands last
            let used = documents.remove(at);
            documents.push(used);
            documents.last_mut()
        }
        None => {
            if documents.len() >= KEPT {
                documents.remove(0);
            }
            documents.push(DocumentState::new(raw));
            documents.last_mut()
        }
    };
    let Some(state) = state else {
        return;
    };
    let about = known::About::new(context.image, subject);
    ui.push_id(raw.digest().hex(), |ui| {
        state.show(
            ui,
            &|digest| about.known(digest),
            context.actions,
            |ui, _| {
                if choices.len() > 1 {
                    picker(ui, choices, chosen.pick, pick);
                    ui.add_space(2.0 * size::GRID);
                }
            },
        );
    });
}

/// Words that choose the document.
fn picker(ui: &mut Ui, choices: &[Choice<'_>], shown: Pick, pick: &mut Pick) {
    ui.spacing_mut().item_spacing.x = 2.0;
    for choice in choices {
        let selected = choice.pick == shown;
        if ui.selectable_label(selected, &choice.word).clicked() {
            *pick = choice.pick;
        }
    }
}

/// The documents on the way to what is selected, the outermost first, and the config.
fn choices<'a>(context: &ViewContext<'a>) -> Vec<Choice<'a>> {
    let mut choices = Vec::new();
    let Some(image) = context.image.image() else {
        return choices;
    };
    // an index that is selected stands for what was chosen in it
    let subject_path = match Subject::of(context) {
        Subject::Manifest(subject) => subject.path,
        _ => context.selected,
    };
    let mut path = NodePath::root();
    let positions = subject_path.positions();
    for depth in 0..=positions.len() {
        let last = depth == positions.len();
        let pick = if last {
            Pick::Selected
        } else {
            Pick::Level(depth)
        };
        match image.node(&path) {
            Some(node) => choices.push(Choice {
                pick,
                word: word(node, depth),
                raw: Ok(node.document.raw()),
            }),
            None => choices.push(Choice {
                pick,
                word: "Manifest".to_owned(),
                raw: Err(failure(
                    image.node(&path.parent().unwrap_or_default()),
                    &path,
                )),
            }),
        }
        if let Some(position) = positions.get(depth) {
            path = path.child(*position);
        }
    }
    if let Some(Parts::Manifest { config, .. }) = image.node(subject_path).map(|node| &node.parts) {
        choices.push(Choice {
            pick: Pick::Config,
            word: "Config".to_owned(),
            raw: match config.value() {
                Some(config) => Ok(config.raw()),
                None => Err(config.error()),
            },
        });
    }
    choices
}

fn failure<'a>(parent: Option<&'a Arc<Node>>, path: &NodePath) -> Option<&'a Arc<Failure>> {
    let last = *path.positions().last()?;
    parent?.child(last).and_then(Remote::error)
}

fn word(node: &Node, depth: usize) -> String {
    match node.document.kind() {
        "index" if depth == 0 => "Index".to_owned(),
        "index" => format!("Index {}", depth + 1),
        "manifest" => "Manifest".to_owned(),
        "artifact" => "Artifact".to_owned(),
        _ => "Document".to_owned(),
    }
}
