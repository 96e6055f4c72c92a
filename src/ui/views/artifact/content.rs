//! An artifact as it is written: its files, what lies in their envelopes, its manifest.

use egui::Ui;

use crate::engine::ArtifactFiles;
use crate::model::{RawDocument, annotation};
use crate::ui::views::ViewContext;
use crate::ui::widgets::document::DocumentState;
use crate::ui::widgets::{error_box, text};

/// How many documents keep their folds and search.
const KEPT: usize = 6;

/// What is kept between frames.
#[derive(Debug, Default)]
pub(super) struct ContentState {
    pick: usize,
    documents: Vec<DocumentState>,
}

/// A document that can be shown.
struct Choice<'a> {
    word: String,
    raw: Result<&'a RawDocument, &'a crate::engine::Failure>,
}

/// Draws a document into all the space there is.
pub(super) fn show(
    ui: &mut Ui,
    state: &mut ContentState,
    files: &ArtifactFiles,
    context: &mut ViewContext<'_>,
) {
    let choices = choices(files);
    let pick = state.pick.min(choices.len() - 1);
    let chosen = &choices[pick];
    let picker = |ui: &mut Ui, pick: &mut usize| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for (at, choice) in choices.iter().enumerate() {
            if ui.selectable_label(at == *pick, &choice.word).clicked() {
                *pick = at;
            }
        }
    };
    match chosen.raw {
        Err(error) => {
            ui.horizontal(|ui| picker(ui, &mut state.pick));
            error_box(ui, error, None, context.actions);
        }
        Ok(raw) => {
            let ContentState { pick, documents } = state;
            let document = kept(documents, raw);
            ui.push_id(raw.digest().hex(), |ui| {
                document.show(ui, &|_| None, context.actions, |ui, _| picker(ui, pick));
            });
        }
    }
}

fn kept<'a>(documents: &'a mut Vec<DocumentState>, raw: &RawDocument) -> &'a mut DocumentState {
    let at = documents
        .iter()
        .position(|document| document.digest() == Some(raw.digest()));
    let at = at.unwrap_or_else(|| {
        if documents.len() >= KEPT {
            documents.remove(0);
        }
        documents.push(DocumentState::new(raw));
        documents.len() - 1
    });
    &mut documents[at]
}

/// What lies in an envelope comes before the envelope; the manifest comes last.
fn choices(files: &ArtifactFiles) -> Vec<Choice<'_>> {
    let mut choices = Vec::new();
    let many = files.files.len() > 1;
    for (at, file) in files.files.iter().enumerate() {
        let title = file.descriptor.annotation(annotation::TITLE);
        let word = match title {
            Some(title) => text::line(&crate::model::text::middle(title, 32)).into_owned(),
            None if many => format!("File {}", at + 1),
            None => "File".to_owned(),
        };
        match &file.content {
            Ok((raw, attachment)) => {
                if let Some(payload) = &attachment.payload {
                    choices.push(Choice {
                        word: format!("{word}, opened"),
                        raw: Ok(payload),
                    });
                }
                choices.push(Choice { word, raw: Ok(raw) });
            }
            Err(error) => choices.push(Choice {
                word,
                raw: Err(error),
            }),
        }
    }
    choices.push(Choice {
        word: "Manifest".to_owned(),
        raw: Ok(files.document.raw()),
    });
    choices
}
