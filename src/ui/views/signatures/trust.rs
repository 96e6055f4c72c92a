//! "Trust this signer…": what would be written, and what it means, before it is.

use egui::{Margin, RichText, Stroke, Ui};

use crate::engine::{Chore, Command, ImageSnapshot};
use crate::signature::SignerFacts;
use crate::signature::policy::{entry, name_of};
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, size, strong};
use crate::ui::views::ViewContext;
use crate::ui::widgets::text;

/// An entry for the policy.
#[derive(Clone, Debug)]
pub(super) struct Proposal {
    /// What it means, for people.
    meaning: String,
    /// What is put at the end of the policy.
    text: String,
}

impl Proposal {
    /// To accept images of the same repository when `signer` signed them. Nothing where a
    /// policy cannot name such a signer.
    pub(super) fn of(image: &ImageSnapshot, signer: &SignerFacts) -> Option<Self> {
        let scope = name_of(image.reference.as_ref()?);
        let name = format!("{signer}, for {scope}");
        let (text, meaning) = entry(&name, &scope, signer, None)?;
        Some(Self { meaning, text })
    }
}

/// Draws the proposal, where there is one.
pub(super) fn show(ui: &mut Ui, proposal: &mut Option<Proposal>, context: &mut ViewContext<'_>) {
    let Some(shown) = proposal.clone() else {
        return;
    };
    let tokens = Tokens::of(ui);
    ui.add_space(3.0 * size::GRID);
    egui::Frame::NONE
        .stroke(Stroke::new(1.0, tokens.accent))
        .corner_radius(size::CORNER)
        .inner_margin(Margin::symmetric(16, 12))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.label(strong("Trust this signer?"));
            ui.add_space(size::GRID);
            ui.add(egui::Label::new(text::value(&shown.meaning)).wrap());
            ui.add_space(size::GRID);
            let mono = RichText::new(shown.text.trim())
                .monospace()
                .color(tokens.weak);
            ui.add(egui::Label::new(mono).wrap());
            ui.add_space(2.0 * size::GRID);
            ui.horizontal(|ui| {
                if ui.button("Add to the trust policy").clicked() {
                    let chore = Chore::AddTrust {
                        entry: shown.text.clone(),
                    };
                    context.actions.push(Action::Send(Command::Chore(chore)));
                    *proposal = None;
                }
                if ui.button("Cancel").clicked() {
                    *proposal = None;
                }
            });
        });
}
