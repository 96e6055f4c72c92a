//! "Trust this signer…": what would be written, and what it means, before it is.

use egui::{Margin, RichText, Stroke, Ui};

use crate::engine::{Chore, Command};
use crate::model::text;
use crate::signature::policy::{PolicyEdit, RuleEntry, name_of, proposal, proposal_of_notation};
use crate::signature::{Found, SignerFacts};
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, size, strong};
use crate::ui::views::ViewContext;
use crate::ui::widgets::text::value;

/// A signer for the policy.
#[derive(Clone, Debug)]
pub(super) struct Proposal {
    /// What it means, for people.
    meaning: String,
    /// What is written, as it looks in a policy that has nothing of it yet.
    text: String,
    edit: PolicyEdit,
}

impl Proposal {
    /// To accept images of the same repository when `signer` signed them. Nothing where a
    /// policy cannot name such a signer.
    pub(super) fn of(context: &ViewContext<'_>, signer: &SignerFacts) -> Option<Self> {
        let scope = name_of(context.image.reference.as_ref()?);
        let name = format!("{signer}, for {scope}");
        proposal(&name, &scope, signer, None, in_force(context)).map(Self::from)
    }

    /// The same for whoever made this signature of Notation.
    pub(super) fn of_notation(context: &ViewContext<'_>, found: &Found) -> Option<Self> {
        let scope = name_of(context.image.reference.as_ref()?);
        proposal_of_notation(&scope, found, in_force(context)).map(Self::from)
    }
}

/// The rule that what is selected was judged by.
fn in_force<'a>(context: &'a ViewContext<'_>) -> Option<&'a RuleEntry> {
    let report = context.image.signatures(context.selected).value()?;
    report.rule.as_ref()
}

impl From<(PolicyEdit, String, String)> for Proposal {
    fn from((edit, text, meaning): (PolicyEdit, String, String)) -> Self {
        Self {
            meaning,
            text,
            edit,
        }
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
            ui.add(egui::Label::new(value(&shown.meaning)).wrap());
            ui.add_space(size::GRID);
            let mono = RichText::new(in_sight(&shown.text))
                .monospace()
                .color(tokens.weak);
            ui.add(egui::Label::new(mono).wrap());
            ui.add_space(2.0 * size::GRID);
            ui.horizontal(|ui| {
                if ui.button("Add to the trust policy").clicked() {
                    let chore = Chore::EditTrust(shown.edit.clone());
                    context.actions.push(Action::Send(Command::Chore(chore)));
                    *proposal = None;
                }
                if ui.button("Cancel").clicked() {
                    *proposal = None;
                }
            });
        });
}

/// What is written, line by line, with everything in sight that a text can hide.
fn in_sight(written: &str) -> String {
    let lines = written.trim().split('\n').map(text::visible);
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_shown_line_by_line_and_hides_nothing() {
        let shown = in_sight("identity = \"a\u{202e}b\"\nissuer = \"c\"\n");
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines.len(), 2, "{shown}");
        assert!(!shown.contains('\u{202e}') && lines[0].starts_with("identity = \"a"));
        assert_eq!(lines[1], "issuer = \"c\"");
    }
}
