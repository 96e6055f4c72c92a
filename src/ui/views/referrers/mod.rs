//! What refers to the image: signatures, SBOMs, attestations, and what refers to those.

mod count;
mod detail;
mod outcome;
mod rows;
mod said;
mod tree;

use egui::Ui;

use crate::engine::{Command, ImageSnapshot, NodePath};
use crate::model::Digest;
use crate::referrers::{Referrer, Subject as RefersTo};
use crate::ui::action::{Action, CopyWhat};
use crate::ui::dialogs::{PlaceKind, RemoveWish};
use crate::ui::theme::{icons, size};
use crate::ui::widgets::split::REFERRERS;
use crate::ui::widgets::{empty_state, heading, search};

use super::artifact::ArtifactState;
use super::subject::Subject;
use super::{View, ViewContext, ViewState, page};

pub use count::referrer_count;
pub(super) use rows::Rows;
pub(super) use said::{Vouched, kind_words, vouched};

/// From this width of the view on what is selected stands beside the tree, in points.
const WIDE: f32 = 860.0;

/// What the view keeps between frames.
#[derive(Debug, Default)]
pub(super) struct ReferrersState {
    rows: Rows,
    filter: String,
    selected: Option<Digest>,
    /// Scroll to what is selected in the next frame.
    reveal: bool,
    /// What is selected takes all the space.
    whole: bool,
    artifact: ArtifactState,
}

impl ReferrersState {
    /// Selects a referrer.
    pub(super) fn select(&mut self, digest: Digest) {
        self.selected = Some(digest);
        self.reveal = true;
        self.filter.clear();
    }
}

/// What the trees are about: the manifest that is selected, then the indexes it lies in.
pub(super) fn subjects(context: &ViewContext<'_>) -> Vec<NodePath> {
    let mut path = match Subject::of(context) {
        Subject::Manifest(subject) => subject.path.clone(),
        _ => context.selected.clone(),
    };
    let mut paths = vec![path.clone()];
    while let Some(above) = path.parent() {
        paths.push(above.clone());
        path = above;
    }
    paths
}

/// Draws the view.
pub(super) fn show(ui: &mut Ui, state: &mut ViewState, context: &mut ViewContext<'_>) {
    let subjects = subjects(context);
    for path in &subjects {
        state.wants.ask_referrers(context, path);
    }
    let kept = &mut state.referrers;
    kept.rows.lay_out(context.image, &subjects, &kept.filter);
    if let Some(whole) = kept.rows.outcome() {
        page::fixed(ui, |ui| outcome::show(ui, whole, &subjects, context));
        return;
    }
    page::fixed(ui, |ui| {
        let beside = ui.available_width() >= WIDE;
        let selected = kept
            .selected
            .as_ref()
            .and_then(|digest| kept.rows.find(digest));
        let Some((at, referrer, subject)) = selected else {
            let room = ui.available_height() - page::HINT;
            list(ui, room, kept, None, &subjects, context);
            page::hint(ui, "Select a referrer to see what it says");
            return;
        };
        if kept.whole {
            detail::show(ui, kept, &referrer, &subject, context);
        } else if beside {
            let area = ui.available_rect_before_wrap();
            let (left, right) = REFERRERS.show(ui, area);
            ui.scope_builder(egui::UiBuilder::new().max_rect(left), |ui| {
                list(
                    ui,
                    ui.available_height(),
                    kept,
                    Some(at),
                    &subjects,
                    context,
                );
            });
            ui.scope_builder(egui::UiBuilder::new().max_rect(right), |ui| {
                detail::show(ui, kept, &referrer, &subject, context);
            });
        } else {
            let room = ui.available_height() * 0.42;
            list(ui, room, kept, Some(at), &subjects, context);
            ui.add_space(2.0 * size::GRID);
            detail::show(ui, kept, &referrer, &subject, context);
        }
    });
}

/// The tree with what stands above it, `room` high.
fn list(
    ui: &mut Ui,
    room: f32,
    kept: &mut ReferrersState,
    selected: Option<usize>,
    subjects: &[NodePath],
    context: &mut ViewContext<'_>,
) {
    let area = egui::vec2(ui.available_width(), room);
    ui.allocate_ui_with_layout(area, *ui.layout(), |ui| {
        ui.set_min_size(area);
        heading(ui, "Referrers", &kept.rows.summary());
        ui.add_space(size::GRID);
        ui.horizontal(|ui| {
            ui.spacing_mut().interact_size.y = size::CONTROL;
            let width = (ui.available_width() - 110.0).min(320.0);
            search(ui, "Filter referrers", &mut kept.filter, width);
            if can_attach(context) && ui.button("Attach…").clicked() {
                let attach = attach(context);
                context.actions.push(attach);
            }
        });
        ui.add_space(size::GRID);
        outcome::warning(ui, &kept.rows, subjects, context);
        if kept.rows.is_empty() {
            let hint = "Another word, or none, shows them again.";
            let headline = "No referrer has this in it";
            if empty_state(
                ui,
                icons::FUNNEL_X,
                headline,
                hint,
                Some("Clear the filter"),
            ) {
                kept.filter.clear();
            }
            return;
        }
        let reveal = std::mem::take(&mut kept.reveal);
        let touched = tree::show(ui, &kept.rows, selected, reveal, context);
        if let Some(row) = touched.selected
            && let Some(digest) = kept.rows.digest(row)
        {
            kept.reveal |= kept.selected.is_none();
            kept.selected = Some(digest);
        }
        if let Some(row) = touched.opened
            && let Some(digest) = kept.rows.digest(row)
        {
            open(context, &digest);
        }
    });
}

/// Whether the place of the image can hold what refers to it.
fn can_attach(context: &ViewContext<'_>) -> bool {
    let place = context.image.reference.as_ref().map(PlaceKind::of);
    place.is_some_and(PlaceKind::holds_referrers)
}

/// Asks what is to be attached to the image.
const fn attach(context: &ViewContext<'_>) -> Action {
    Action::AskAttach(CopyWhat::Tab(context.image.id))
}

/// Asks whether a referrer is to be taken back; nothing where its place cannot do that.
fn remove(context: &ViewContext<'_>, referrer: &Referrer, subject: &Digest) -> Option<Action> {
    let named = matches!(referrer.subject, RefersTo::This | RefersTo::Other(_));
    if !can_attach(context) || !named {
        return None;
    }
    let reference = context.image.reference_at(subject)?;
    Some(Action::AskRemove(RemoveWish {
        reference: reference.to_string(),
        digest: referrer.descriptor.digest.clone(),
        kind: referrer.kind.to_string(),
    }))
}

/// Opens a referrer in a tab of its own, where its place has a name for it.
fn open(context: &mut ViewContext<'_>, digest: &Digest) {
    if let Some(reference) = context.image.reference_at(digest) {
        context.actions.push(Action::Open(reference.to_string()));
    }
}

/// Asks the place once more about each of `subjects`.
fn ask_again(snapshot: &ImageSnapshot, subjects: &[NodePath]) -> Vec<Action> {
    let failed = subjects
        .iter()
        .all(|path| snapshot.referrers(path).error().is_some());
    if !failed {
        return vec![Action::Send(Command::Reload { image: snapshot.id })];
    }
    let asks = subjects.iter().map(|path| {
        Action::Send(Command::ListReferrers {
            image: snapshot.id,
            manifest: path.clone(),
        })
    });
    asks.collect()
}

/// Shows this view of the image with a referrer selected.
pub(super) fn go_to(state: &mut ViewState, digest: &Digest, context: &mut ViewContext<'_>) {
    state.referrers.select(digest.clone());
    let id = context.image.id;
    context.actions.push(Action::ShowView(id, View::Referrers));
}
