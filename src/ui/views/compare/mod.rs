//! Two images beside each other: what their documents say, their files, their packages.

mod documents;
mod files;
mod head;
mod packages;

use egui::Ui;

use crate::engine::{Command, CompareRequest, ComparisonId, ComparisonSnapshot, Failure, Remote};
use crate::ui::action::{Action, Actions};
use crate::ui::widgets::{error_box, text};

use super::{page, pending};

/// What of the two is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Page {
    #[default]
    Documents,
    Files,
    Packages,
}

/// What the tab keeps between frames.
#[derive(Debug, Default)]
pub(in crate::ui) struct CompareState {
    page: Page,
    files: files::FilesState,
    packages: packages::PackagesState,
}

/// What the parts of the view draw from.
struct Shown<'a> {
    id: ComparisonId,
    request: &'a CompareRequest,
    snapshot: &'a ComparisonSnapshot,
}

/// Draws a comparison into all the space of `ui`.
pub(in crate::ui) fn show(
    ui: &mut Ui,
    state: &mut CompareState,
    id: ComparisonId,
    request: &CompareRequest,
    snapshot: Option<&ComparisonSnapshot>,
    actions: &mut Actions,
) {
    page::fixed(ui, |ui| {
        head::show(ui, id, request, snapshot, actions);
        let Some(snapshot) = snapshot else {
            pending::rows(ui, 6, 260.0);
            return;
        };
        if let Some(error) = snapshot.images.error() {
            failed(ui, error, id, request, actions);
            return;
        }
        if snapshot.images.value().is_none() {
            pending::rows(ui, 6, 260.0);
            return;
        }
        let shown = Shown {
            id,
            request,
            snapshot,
        };
        pages(ui, state, snapshot);
        ui.add_space(10.0);
        match state.page {
            Page::Documents => documents::show(ui, &shown),
            Page::Files => files::show(ui, &mut state.files, &shown, actions),
            Page::Packages => packages::show(ui, &mut state.packages, &shown, actions),
        }
    });
}

/// What begins the comparison again.
fn again(id: ComparisonId, request: &CompareRequest) -> Action {
    Action::Send(Command::Compare {
        comparison: id,
        request: Box::new(request.clone()),
    })
}

fn failed(
    ui: &mut Ui,
    error: &Failure,
    id: ComparisonId,
    request: &CompareRequest,
    actions: &mut Actions,
) {
    error_box(ui, error, Some(again(id, request)), actions);
}

/// The pages, each with how much there is in it.
fn pages(ui: &mut Ui, state: &mut CompareState, snapshot: &ComparisonSnapshot) {
    let files = match &snapshot.files {
        Remote::Ready(files) => format!("Files {}", text::number_words(files.changes.len())),
        Remote::Failed { .. } => "Files".to_owned(),
        _ => "Files…".to_owned(),
    };
    let packages = match &snapshot.files {
        Remote::Ready(files) => {
            let count = files.packages.len() + files.sbom_packages.as_ref().map_or(0, Vec::len);
            format!("Packages {}", text::number_words(count))
        }
        Remote::Failed { .. } => "Packages".to_owned(),
        _ => "Packages…".to_owned(),
    };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for (page, word) in [
            (Page::Documents, "Settings and layers".to_owned()),
            (Page::Files, files),
            (Page::Packages, packages),
        ] {
            if ui.selectable_label(state.page == page, word).clicked() {
                state.page = page;
            }
        }
    });
}
