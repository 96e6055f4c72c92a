//! The verdict in one line, and by what.

use egui::{RichText, Ui};

use crate::engine::Remote;
use crate::signature::SubjectReport;
use crate::ui::action::Action;
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
        let headline = format!("{} {}", status.icon, text::value(&status.meaning));
        ui.add(egui::Label::new(strong(headline).color(status.color)).wrap());
        let policy = match &report.policy {
            Some(policy) => format!("policy {policy}"),
            None => "no trust policy: nothing is accepted or rejected".to_owned(),
        };
        let policy = text::value(&policy).into_owned();
        ui.add(egui::Label::new(RichText::new(policy).color(tokens.weak)).wrap());
        for root in &report.roots {
            let words = RichText::new(format!("trust root {}", root.source)).color(tokens.faint);
            ui.add(egui::Label::new(words.size(size::SMALL)).truncate());
        }
        if link(ui, "Copy report")
            .on_hover_text("Subject, policy, every check, trust roots and time, as JSON")
            .clicked()
        {
            let text = serde_json::to_string_pretty(&report.to_json()).unwrap_or_default();
            let what = "report".to_owned();
            context.actions.push(Action::Copy { text, what });
        }
    });
}
