//! The layers of a manifest: to scale, as a table, and one of them in full.

mod detail;
mod state;
mod table;

use egui::{RichText, Ui};

use crate::engine::{Command, FilesRequest, FilesSnapshot};
use crate::model::{Digest, Reference};
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::{LayerBar, empty_state, error_box, heading, not_here};

use super::overview::share;
use super::subject::{ManifestSubject, Subject};
use super::{View, ViewContext, ViewState, page, pending, reload, unread};

pub(super) use state::blob_status;

/// Height of what is shown of one layer, as a share of the view, and its bounds in points.
const DETAIL: (f32, f32, f32) = (0.34, 150.0, 260.0);

/// What the view keeps between frames.
#[derive(Debug, Default)]
pub(super) struct LayersState {
    /// What is selected, and of which manifest.
    selected: Option<(Digest, Picked)>,
    show_empty: bool,
    /// The manifest whose files were asked to be counted.
    counted: Option<Digest>,
    /// Scroll to what is selected in the next frame.
    reveal: bool,
}

/// A layer, or a step that made none, by their positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Picked {
    Layer(usize),
    Step(usize),
}

impl LayersState {
    /// Selects a layer of the manifest with this digest.
    pub(super) fn select(&mut self, manifest: &Digest, layer: usize) {
        self.selected = Some((manifest.clone(), Picked::Layer(layer)));
        self.reveal = true;
    }
}

/// Draws the view.
pub(super) fn show(ui: &mut Ui, state: &mut ViewState, context: &mut ViewContext<'_>) {
    let id = context.image.id;
    match Subject::of(context) {
        Subject::Manifest(subject) if subject.manifest.layers.is_empty() => {
            let what = if subject.manifest.is_artifact() {
                "This artifact holds no files"
            } else {
                "This image has no layers"
            };
            let hint = "A container of it begins with an empty folder; what it says is in its config and annotations.";
            if empty_state(ui, icons::LAYERS, what, hint, Some("Show config")) {
                context.actions.push(Action::ShowView(id, View::Config));
            }
        }
        Subject::Manifest(subject) => page::fixed(ui, |ui| {
            manifest(ui, state, &subject, context);
        }),
        Subject::Index => {
            let hint = "Layers belong to one image of an index. Choose which.";
            let headline = "No image is chosen";
            if empty_state(ui, icons::LAYERS, headline, hint, Some("Show platforms")) {
                context.actions.push(Action::ShowView(id, View::Platforms));
            }
        }
        Subject::Unread(node) => page::scrolling(ui, |ui| unread::show(ui, node, context)),
        Subject::Pending => page::scrolling(ui, pending::manifest),
        Subject::Failed(error) => page::scrolling(ui, |ui| {
            error_box(ui, error, Some(reload(context)), context.actions);
        }),
    }
}

fn manifest(
    ui: &mut Ui,
    state: &mut ViewState,
    subject: &ManifestSubject<'_>,
    context: &mut ViewContext<'_>,
) {
    let facts = state.facts.manifest(subject);
    let kept = &mut state.layers;
    heading(
        ui,
        &format!("Layers of {}", subject.label()),
        &facts.summary,
    );
    ui.add_space(size::GRID);
    let picked = match &kept.selected {
        Some((of, picked)) if of == subject.digest() => Some(*picked),
        _ => None,
    };
    let marked = match picked {
        Some(Picked::Layer(layer)) => Some(layer),
        _ => None,
    };
    let layers = &subject.manifest.layers;
    let touched = LayerBar {
        scale: &facts.scale,
        selected: marked,
        name: &format!("Layers to scale: {}", facts.summary),
    }
    .show(ui);
    let mut pick = touched.clicked.map(Picked::Layer);
    kept.reveal |= pick.is_some();
    if let Some(layer) = touched.hovered {
        touched.response.on_hover_ui_at_pointer(|ui| {
            ui.label(
                facts
                    .instruction(layer)
                    .unwrap_or("No instruction is known"),
            );
            ui.weak(share(&layers[layer], facts.layers_size));
        });
    }
    ui.add_space(2.0 * size::GRID);
    count_files(kept, subject, context);
    bar(ui, kept, facts.empty_steps, subject, context);

    let (share, least, most) = DETAIL;
    let whole = ui.available_height();
    let detail_height = match picked {
        Some(_) => (whole * share).clamp(least, most).min(whole * 0.6),
        None => page::HINT,
    };
    // right below a short table, at the bottom of the view below a long one
    let rows = if kept.show_empty {
        facts.steps.len()
    } else {
        facts.layer_steps.len()
    };
    let table_height = (rows as f32 + 1.0) * size::ROW + 2.0 * size::GRID;
    let table_height = match picked {
        Some(_) => table_height.min(whole - detail_height),
        // the hint stands at the foot of the view, as in others
        None => whole - detail_height,
    };
    let table_size = egui::vec2(ui.available_width(), table_height);
    ui.allocate_ui_with_layout(table_size, *ui.layout(), |ui| {
        ui.set_min_size(table_size);
        let files = context.files;
        let rows = table::Rows {
            image: context.image.id,
            files: files.filter(|files| files.digest == *subject.digest()),
            subject,
            facts,
            picked,
            show_empty: kept.show_empty,
            missing: not_here(context.image.reference.as_ref()),
            reveal: std::mem::take(&mut kept.reveal),
        };
        pick = rows.show(ui, context.actions).or(pick);
    });
    if let Some(pick) = pick {
        kept.selected = Some((subject.digest().clone(), pick));
        // the table gets lower where what is selected comes to stand below it
        kept.reveal = true;
        ui.ctx().request_repaint();
    }
    detail::show(ui, subject, facts, picked, context);
}

/// Asks what each layer does to the files, where that costs no network and little time;
/// else once somebody has listed the files.
fn count_files(
    kept: &mut LayersState,
    subject: &ManifestSubject<'_>,
    context: &mut ViewContext<'_>,
) {
    const AT_ONCE: u64 = 256 << 20;
    let remote = matches!(context.image.reference, Some(Reference::Registry(_)));
    let layers = subject.manifest.layers.iter();
    let size = layers.fold(0u64, |sum, layer| sum.saturating_add(layer.size));
    let files = context.files.filter(|f| f.digest == *subject.digest());
    let listed = files.is_some_and(FilesSnapshot::is_over);
    let cheap = !remote && size <= AT_ONCE && !subject.manifest.is_artifact();
    if !(cheap || listed) || kept.counted.as_ref() == Some(subject.digest()) {
        return;
    }
    kept.counted = Some(subject.digest().clone());
    context.actions.push(Action::Send(Command::Files {
        image: context.image.id,
        manifest: subject.path.clone(),
        request: FilesRequest::Waste,
    }));
}

/// What stands between bar and table: what can be asked for.
fn bar(
    ui: &mut Ui,
    kept: &mut LayersState,
    empty_steps: usize,
    subject: &ManifestSubject<'_>,
    context: &mut ViewContext<'_>,
) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        let words = format!("{}  Check bytes", icons::FINGERPRINT_PATTERN);
        let button = ui.button(words).on_hover_text(
            "Reads the config and every layer through and compares their digests. Layers of a registry are downloaded for it; nothing is kept.",
        );
        button.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), "Check bytes")
        });
        if button.clicked() {
            context.actions.push(Action::Send(Command::CheckBlobs {
                image: context.image.id,
                manifest: subject.path.clone(),
            }));
        }
        let said = "reads every layer and compares digests";
        ui.label(RichText::new(said).size(size::SMALL).color(tokens.faint));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if empty_steps > 0 {
                let words = format!("Show empty steps ({empty_steps})");
                let toggle = ui.checkbox(&mut kept.show_empty, words);
                toggle
                    .on_hover_text("Steps of the build that made no layer, such as ENV or CMD")
                    .accessible_name("Show empty steps");
            }
        });
    });
    ui.add_space(size::GRID);
}
