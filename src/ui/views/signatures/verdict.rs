//! The verdict in one line, and by what.

use egui::{Margin, RichText, Stroke, Ui};

use crate::engine::Remote;
use crate::signature::SubjectReport;
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, size, strong};
use crate::ui::views::ViewContext;
use crate::ui::widgets::{Status, link, text};

/// Draws the verdict.
pub(super) fn show(
    ui: &mut Ui,
    report: &std::sync::Arc<SubjectReport>,
    context: &mut ViewContext<'_>,
) {
    let tokens = Tokens::of(ui);
    let status = Status::of_trust(&Remote::Ready(std::sync::Arc::clone(report)), tokens);
    let margin = Margin {
        left: 16,
        ..Margin::ZERO
    };
    let drawn = egui::Frame::NONE.inner_margin(margin).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        let headline = format!("{} {}", status.icon, text::value(&status.meaning));
        ui.add(egui::Label::new(strong(headline).color(status.color)).wrap());
        let policy = match &report.policy {
            Some(policy) => format!("policy {policy}"),
            None => "no trust policy: nothing is accepted or rejected".to_owned(),
        };
        let policy = text::value(&policy).into_owned();
        ui.add(egui::Label::new(RichText::new(policy).color(tokens.weak)).wrap());
        for root in &report.roots {
            let words = RichText::new(format!("trust root {root}")).color(tokens.faint);
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
    let rect = drawn.response.rect;
    let stroke = Stroke::new(2.0, status.color);
    ui.painter()
        .vline(rect.left() + 1.0, rect.y_range(), stroke);
}
