//! The verdict in one line, and by what.

use egui::{RichText, Ui};

use crate::engine::Remote;
use crate::model::text::short_digests;
use crate::signature::SubjectReport;
use crate::ui::action::{Action, CopyWhat};
use crate::ui::theme::{Tokens, size, strong};
use crate::ui::views::ViewContext;
use crate::ui::widgets::{Status, link, state_block, text};

/// Draws the verdict.
pub(super) fn show(
    ui: &mut Ui,
    report: &std::sync::Arc<SubjectReport>,
    context: &mut ViewContext<'_>,
) {
    let tokens = Tokens::of(ui);
    let status = Status::of_trust(&Remote::Ready(std::sync::Arc::clone(report)), tokens);
    state_block(ui, status.color, |ui| {
        let meaning = text::value(&status.meaning);
        let short = short_digests(&meaning);
        let headline = strong(format!("{} {short}", status.icon)).color(status.color);
        let headline = ui.add(egui::Label::new(headline).wrap());
        if short != meaning {
            headline.on_hover_text(&*meaning);
        }
        let policy = match &report.policy {
            Some(policy) => match &report.asks {
                Some(asks) => format!("policy {policy} {asks}"),
                None => format!("policy {policy}"),
            },
            None => "no trust policy: nothing is accepted or rejected".to_owned(),
        };
        let policy = text::value(&policy).into_owned();
        ui.add(egui::Label::new(RichText::new(policy).color(tokens.weak)).wrap());
        for root in &report.roots {
            let words = RichText::new(format!("trust root {}", text::value(&root.source)));
            let words = words.color(tokens.weak).size(size::SMALL);
            ui.add(egui::Label::new(words).truncate())
                .on_hover_text(text::value(&root.names.join("\n")).into_owned());
        }
        ui.horizontal(|ui| {
            if link(ui, "Copy report")
                .on_hover_text("Subject, policy, every check, trust roots and time, as JSON")
                .clicked()
            {
                let text = serde_json::to_string_pretty(&report.to_json()).unwrap_or_default();
                let what = "report".to_owned();
                context.actions.push(Action::Copy { text, what });
            }
            if link(ui, "Trust policy…")
                .on_hover_text("Rules and signers: whom you trust, for which images")
                .clicked()
            {
                context.actions.push(Action::ShowTrust);
            }
            if link(ui, "Sign…")
                .on_hover_text("Add a signature of yours")
                .clicked()
            {
                let what = CopyWhat::Tab(context.image.id);
                context.actions.push(Action::AskSign(what));
            }
            if link(ui, "Save report…").clicked() {
                let (report, name) = (std::sync::Arc::clone(report), context.image.title());
                context.actions.push(Action::SaveReport(report, name));
            }
        });
    });
}
