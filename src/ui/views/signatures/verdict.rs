//! The verdict in one line, and by what.

use egui::{RichText, Ui};

use crate::engine::{Chore, Command, Remote};
use crate::signature::{SubjectReport, page};
use crate::ui::action::{Action, CopyWhat};
use crate::ui::dialogs::expand_home;
use crate::ui::theme::{Tokens, size, strong};
use crate::ui::views::ViewContext;
use crate::ui::widgets::{Status, link, state_block, text};

/// Draws the verdict.
pub(super) fn show(
    ui: &mut Ui,
    report: &std::sync::Arc<SubjectReport>,
    file: &mut Option<String>,
    context: &mut ViewContext<'_>,
) {
    let tokens = Tokens::of(ui);
    let status = Status::of_trust(&Remote::Ready(std::sync::Arc::clone(report)), tokens);
    state_block(ui, status.color, |ui| {
        let headline = format!("{} {}", status.icon, text::value(&status.meaning));
        ui.add(egui::Label::new(strong(headline).color(status.color)).wrap());
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
                *file = match file.take() {
                    Some(_) => None,
                    None => Some("~/verification.html".to_owned()),
                };
            }
        });
        save(ui, file, report, context);
    });
}

/// Where the report is to be kept: a page where the name ends in `.html`, else JSON.
fn save(
    ui: &mut Ui,
    file: &mut Option<String>,
    report: &std::sync::Arc<SubjectReport>,
    context: &mut ViewContext<'_>,
) {
    let Some(path) = file else {
        return;
    };
    let mut saved = false;
    ui.horizontal(|ui| {
        let width = (ui.available_width() - 80.0).clamp(120.0, 420.0);
        let field = egui::TextEdit::singleline(path).desired_width(width);
        ui.add(field).accessible_name("Report file");
        let save = ui.add_enabled(!path.trim().is_empty(), egui::Button::new("Save"));
        if save.on_disabled_hover_text("Name a file").clicked() {
            let name = context.image.title();
            let is_page = path.trim().ends_with(".html");
            let text = if is_page {
                page(&name, &[(name.clone(), std::sync::Arc::clone(report))])
            } else {
                format!("{:#}\n", report.to_json())
            };
            let path = expand_home(path.trim()).into();
            let chore = Chore::SaveText { path, text };
            context.actions.push(Action::Send(Command::Chore(chore)));
            saved = true;
        }
    });
    let words = "A page to hand on where the name ends in .html, else JSON";
    let words = RichText::new(words).color(Tokens::of(ui).weak);
    ui.label(words.size(size::SMALL));
    if saved {
        *file = None;
    }
}
