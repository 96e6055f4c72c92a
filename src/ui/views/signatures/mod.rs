//! What vouches for the image: index and platforms at the left, the signatures of the
//! marked one at the right, each with its checks.

mod card;
mod rows;
mod trust;
mod verdict;

use std::collections::HashSet;
use std::sync::Arc;

use egui::Ui;

use crate::engine::{Command, Remote, TrustChange, TrustPreview};
use crate::model::{Digest, Reference};
use crate::signature::SignatureReport;
use crate::ui::action::Action;
use crate::ui::panels::status_bar::OFFLINE;
use crate::ui::theme::{icons, size};
use crate::ui::widgets::{empty_state, error_box, heading, link};

use super::page::{self, GAP};
use super::{ViewContext, ViewState};

/// Width of the column of what is covered, in points.
const COVERS: f32 = 290.0;
/// From this width of the view on the two columns stand side by side.
const WIDE: f32 = 720.0;

/// What the view keeps between frames.
#[derive(Debug, Default)]
pub(super) struct SignaturesState {
    /// Lines that are unfolded: the signature and the check, by position.
    open: HashSet<(usize, usize)>,
    /// Signatures whose certificate or log entry is shown.
    details: HashSet<(usize, card::Part)>,
    /// The entry that is about to be added to the policy.
    proposal: Option<trust::Proposal>,
    /// The signature in the manifest with this digest is to be scrolled to.
    reveal: Option<Digest>,
}

impl SignaturesState {
    /// The signature in this manifest is to be seen, once it is there.
    pub(super) fn bring_into_view(&mut self, digest: Digest) {
        self.reveal = Some(digest);
    }

    /// What a change of the trust policy would write is known.
    pub(super) fn trust_previewed(&mut self, preview: &Arc<TrustPreview>) {
        if let Some(proposal) = &mut self.proposal {
            proposal.previewed(preview);
        }
    }

    /// The trust policy was changed, or could not be by `change`: nothing is proposed any
    /// more, or not that.
    pub(super) fn trust_settled(&mut self, change: Option<&TrustChange>) {
        let settled = |proposal: &trust::Proposal| change.is_none_or(|it| proposal.is_for(it));
        self.proposal.take_if(|proposal| settled(proposal));
    }
}

/// Draws the view.
pub(super) fn show(ui: &mut Ui, state: &mut ViewState, context: &mut ViewContext<'_>) {
    let rows = rows::rows(context);
    if !context.image.by_hand {
        for row in &rows {
            state.wants.ask_verification(context, &row.path);
        }
    }
    let report_of = context.image.signatures(context.selected).value();
    let by_key = |report: &SignatureReport| report.found.claims.key.is_some();
    if report_of.is_some_and(|report| report.signatures.iter().any(by_key)) {
        state.wants.ask_keys(context);
    }
    page::scrolling(ui, |ui| {
        let wide = ui.available_width() >= WIDE;
        let shared = std::cell::RefCell::new((&mut *state, &mut *context));
        let left = |ui: &mut Ui| {
            let (_, context) = &mut *shared.borrow_mut();
            heading(ui, "Covers", "Signatures");
            rows::show(ui, &rows, context);
            looked(ui, context);
            if context.image.offline {
                online(ui, context);
            }
        };
        let right = |ui: &mut Ui| {
            let (state, context) = &mut *shared.borrow_mut();
            report(ui, &rows, &mut state.signatures, context);
        };
        if wide {
            page::beside(ui, COVERS, left, right);
        } else {
            left(ui);
            ui.add_space(GAP);
            right(ui);
        }
    });
}

/// Where it was looked for signatures of what is selected.
fn looked(ui: &mut Ui, context: &mut ViewContext<'_>) {
    let Some(report) = context.image.signatures(context.selected).value().cloned() else {
        return;
    };
    let tokens = crate::ui::theme::Tokens::of(ui);
    ui.add_space(4.0 * size::GRID);
    let places = if report.looked.is_empty() {
        "This place has no way to keep signatures.".to_owned()
    } else {
        format!("Looked in {}.", report.looked.join("; "))
    };
    let mut lines = vec![places];
    lines.extend(report.problems.iter().cloned());
    for line in lines {
        let line = crate::ui::widgets::text::value(&line).into_owned();
        let words = egui::RichText::new(line)
            .color(tokens.weak)
            .size(size::SMALL);
        ui.add(egui::Label::new(words).wrap());
    }
    ui.add_space(size::GRID);
    let reload = Command::Reload {
        image: context.image.id,
    };
    if report.problems.is_empty() {
        if link(ui, "Look again").clicked() {
            context.actions.push(Action::Send(reload));
        }
        return;
    }
    ui.horizontal(|ui| {
        if matches!(context.image.reference, Some(Reference::Registry(_)))
            && ui.button("Log in…").clicked()
        {
            context.actions.push(Action::LogIn {
                registry: None,
                then: Some(reload.clone()),
            });
        }
        if ui.button("Try again").clicked() {
            context.actions.push(Action::Send(reload));
        }
    });
}

/// That others were not asked, and how they are.
fn online(ui: &mut Ui, context: &mut ViewContext<'_>) {
    let words = egui::RichText::new(format!("Offline. {OFFLINE}"))
        .color(crate::ui::theme::Tokens::of(ui).caution)
        .size(size::SMALL);
    ui.add_space(8.0);
    ui.add(egui::Label::new(words).wrap());
    if link(ui, "Go online").clicked() {
        context.actions.push(Action::SetOffline(false));
    }
}

/// The verdict on what is selected, and every signature.
fn report(
    ui: &mut Ui,
    rows: &[rows::Row],
    state: &mut SignaturesState,
    context: &mut ViewContext<'_>,
) {
    let path = context.selected.clone();
    match context.image.signatures(&path) {
        Remote::Ready(report) => {
            let report = std::sync::Arc::clone(report);
            verdict::show(ui, &report, context);
            if report.signatures.is_empty() {
                empty_state(
                    ui,
                    icons::SHIELD,
                    "No signature was found",
                    "Sign it with a key of yours, or look where it came from: copies often leave signatures behind.",
                    None,
                );
            }
            for (position, signature) in report.signatures.iter().enumerate() {
                ui.add_space(3.0 * size::GRID);
                card::show(ui, position, signature, state, context);
            }
        }
        Remote::Failed { error, .. } => {
            let error = std::sync::Arc::clone(error);
            let again = Action::Send(Command::Verify {
                image: context.image.id,
                manifest: path,
            });
            error_box(ui, &error, Some(again), context.actions);
        }
        Remote::NotAsked if context.image.by_hand => {
            let asked = empty_state(
                ui,
                icons::SHIELD,
                "Not verified yet",
                "The trust policy says that nothing is verified by itself.",
                Some("Verify"),
            );
            if asked {
                for row in rows {
                    context.actions.push(Action::Send(Command::Verify {
                        image: context.image.id,
                        manifest: row.path.clone(),
                    }));
                }
            }
        }
        Remote::Pending { .. } | Remote::NotAsked => {
            ui.label("Looking for signatures…");
        }
    }
}
