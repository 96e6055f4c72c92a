//! The image at a glance.

mod attached;
mod chips;
mod contents;
mod documents;
mod findings;
mod head;
mod layers;
pub(super) mod pairs;
mod place;
mod runs;
mod side;

pub(super) use head::title;
pub(super) use layers::share;
pub(super) use runs::{arguments, health};

use egui::{RichText, Ui};

use crate::ui::theme::{Tokens, icons, size, strong};
use crate::ui::widgets::error_box;

use super::page::{GAP, SECTION, beside, scrolling};
use super::subject::Subject;
use super::{ViewContext, ViewState, pending, reload, unread};

/// Width of the column at the side, in points.
const SIDE: f32 = 320.0;

/// From this width of the view on the side stands beside the rest.
const WIDE: f32 = 940.0;

/// What the overview keeps between frames.
#[derive(Debug, Default)]
pub(super) struct OverviewState {
    /// The layer that is marked in bar and table, and of which manifest.
    layer: Option<(crate::model::Digest, usize)>,
    /// What is kept of an artifact that was opened by itself.
    artifact: super::artifact::ArtifactState,
}

/// Draws the overview.
pub(super) fn show(ui: &mut Ui, state: &mut ViewState, context: &mut ViewContext<'_>) {
    scrolling(ui, |ui| {
        let wide = ui.available_width() >= WIDE;
        if wide {
            let width = ui.available_width() - SIDE - GAP;
            // both columns need the state, one after the other
            let shared = std::cell::RefCell::new((state, context));
            beside(
                ui,
                width,
                |ui| {
                    let (state, context) = &mut *shared.borrow_mut();
                    main(ui, state, context);
                },
                |ui| {
                    let (state, context) = &mut *shared.borrow_mut();
                    side::show(ui, state, context);
                },
            );
        } else {
            main(ui, state, context);
            ui.add_space(SECTION);
            side::show(ui, state, context);
        }
    });
}

fn main(ui: &mut Ui, state: &mut ViewState, context: &mut ViewContext<'_>) {
    head::show(ui, state, context);
    chips::show(ui, state, context);
    match Subject::of(context) {
        Subject::Manifest(subject) if !state.facts.manifest(&subject).is_image() => {
            contents::show(ui, state, &subject, context);
        }
        Subject::Manifest(subject) => {
            layers::show(ui, state, &subject, context);
            runs::show(ui, state, &subject, context);
        }
        Subject::Index => index(ui, context),
        Subject::Unread(node) => unread::show(ui, node, context),
        Subject::Pending => pending::manifest(ui),
        Subject::Failed(error) => {
            ui.add_space(SECTION);
            let error = std::sync::Arc::clone(error);
            error_box(ui, &error, Some(reload(context)), context.actions);
        }
    }
}

/// An index in which nothing was chosen.
fn index(ui: &mut Ui, context: &ViewContext<'_>) {
    let entries = context
        .image
        .node(context.selected)
        .and_then(|node| node.document.index())
        .map_or(0, |index| index.entries.len());
    let (headline, hint) = if entries == 0 {
        (
            "This index is empty",
            "It lists no manifest at all: whoever made it has put nothing in it yet.",
        )
    } else {
        (
            "Nothing is chosen here",
            "None of the entries is an image. Choose one above or in Platforms to see it.",
        )
    };
    let tokens = Tokens::of(ui);
    ui.label(strong(format!("{} {headline}", icons::LIST)));
    ui.add_space(size::GRID);
    ui.label(RichText::new(hint).color(tokens.weak));
}
