//! "Trust this signer…": what would be written, and what it means, before it is. Both are
//! read of the policy as it stands then, and of nothing that was judged by before.

use std::sync::Arc;

use egui::{Margin, RichText, Stroke, Ui};

use crate::engine::{Chore, Command, KeyInfo, TrustChange, TrustPreview};
use crate::model::Digest;
use crate::signature::policy::{self, name_of, proposal, proposal_of_notation};
use crate::signature::{Found, SignerFacts};
use crate::ui::action::{Action, Actions};
use crate::ui::dialogs::kit;
use crate::ui::theme::{Tokens, icons, size, strong};
use crate::ui::views::ViewContext;
use crate::ui::widgets::text::value;

/// The card of a signature: whose image, and where in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Card {
    subject: Digest,
    position: usize,
}

impl Card {
    pub(super) fn of(found: &Found, position: usize) -> Self {
        Self {
            subject: found.listed_for.clone(),
            position,
        }
    }
}

/// A signer for the policy.
#[derive(Clone, Debug)]
pub(super) struct Proposal {
    change: TrustChange,
    /// The signature under which it stands.
    of: Card,
    /// It is to be scrolled to.
    reveal: bool,
    /// What would be written, once the policy was read; nothing while it is.
    shown: Option<Arc<TrustPreview>>,
    /// What was shown is being written.
    writing: bool,
}

impl Proposal {
    /// To accept images of the same repository when `signer` signed them. Nothing where a
    /// policy cannot name such a signer.
    pub(super) fn of(context: &ViewContext<'_>, signer: &SignerFacts, of: Card) -> Option<Self> {
        let scope = name_of(context.image.reference.as_ref()?);
        let name = format!("{signer}, for {scope}");
        let proposal = proposal(&name, &scope, signer, None)?;
        Some(Self::new(proposal, of))
    }

    /// The same for whoever holds a key of the user's own.
    pub(super) fn of_key(context: &ViewContext<'_>, key: &KeyInfo, of: Card) -> Option<Self> {
        let scope = name_of(context.image.reference.as_ref()?);
        let facts = key.facts.as_ref()?;
        let signer = SignerFacts::Key {
            fingerprint: facts.fingerprint.trim_start_matches("SHA256:").to_owned(),
        };
        let proposal = proposal(&key.name, &scope, &signer, Some(&facts.public))?;
        Some(Self::new(proposal, of))
    }

    /// The same for whoever made this signature of Notation.
    pub(super) fn of_notation(context: &ViewContext<'_>, found: &Found, of: Card) -> Option<Self> {
        let scope = name_of(context.image.reference.as_ref()?);
        proposal_of_notation(&scope, found).map(|proposal| Self::new(proposal, of))
    }

    fn new(proposal: policy::Proposal, of: Card) -> Self {
        Self {
            change: TrustChange::Trust(proposal),
            of,
            reveal: true,
            shown: None,
            writing: false,
        }
    }

    /// Asks what it would write.
    pub(super) fn ask(&self, actions: &mut Actions) {
        let chore = Chore::PreviewTrust(self.change.clone());
        actions.push(Action::Send(Command::Chore(chore)));
    }

    /// Whether it is this change.
    pub(super) fn is_for(&self, change: &TrustChange) -> bool {
        self.change == *change
    }

    /// The policy was read; nothing where that was for something else.
    pub(super) fn previewed(&mut self, preview: &Arc<TrustPreview>) {
        if self.is_for(&preview.change) {
            self.writing = false;
            self.reveal = true;
            self.shown = Some(Arc::clone(preview));
        }
    }
}

/// Draws the proposal, where there is one for this card.
pub(super) fn show(
    ui: &mut Ui,
    of: &Card,
    proposal: &mut Option<Proposal>,
    context: &mut ViewContext<'_>,
) {
    let Some(proposed) = proposal.as_mut().filter(|proposed| proposed.of == *of) else {
        return;
    };
    let tokens = Tokens::of(ui);
    ui.add_space(3.0 * size::GRID);
    let mut cancelled = false;
    let reveal = std::mem::take(&mut proposed.reveal);
    let drawn = egui::Frame::NONE
        .stroke(Stroke::new(1.0, tokens.accent))
        .corner_radius(size::CORNER)
        .inner_margin(Margin::symmetric(16, 12))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.label(strong("Trust this signer?"));
            ui.add_space(size::GRID);
            // what was sent is written, whoever changes their mind
            if proposed.writing {
                kit::waiting(ui, "Writing the trust policy…");
                return;
            }
            let Some(shown) = proposed.shown.clone() else {
                kit::waiting(ui, "Reading the trust policy…");
                cancelled = ui.button("Cancel").clicked();
                return;
            };
            if shown.changed {
                kit::note(
                    ui,
                    icons::TRIANGLE_ALERT,
                    tokens.caution,
                    kit::CHANGED_MEANWHILE,
                );
                ui.add_space(size::GRID);
            }
            ui.add(egui::Label::new(value(&shown.preview.meaning)).wrap());
            ui.add_space(size::GRID);
            let mono = RichText::new(kit::in_sight(&shown.preview.written))
                .monospace()
                .color(tokens.weak);
            ui.add(egui::Label::new(mono).wrap());
            ui.add_space(2.0 * size::GRID);
            ui.horizontal(|ui| {
                if ui.button("Add to the trust policy").clicked() {
                    let chore = Chore::WriteTrust(shown);
                    context.actions.push(Action::Send(Command::Chore(chore)));
                    proposed.shown = None;
                    proposed.writing = true;
                }
                cancelled = ui.button("Cancel").clicked();
            });
        });
    if reveal {
        drawn.response.scroll_to_me(None);
    }
    if cancelled {
        *proposal = None;
    }
}
