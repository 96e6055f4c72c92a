//! What may surprise a person or another tool.

use egui::{RichText, Ui};

use crate::model::Severity;
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::views::page::SECTION;
use crate::ui::views::subject::ManifestSubject;
use crate::ui::views::{ViewContext, ViewState};
use crate::ui::widgets::{heading, link, text};

/// Most findings that are shown before more are asked for.
const FINDINGS: usize = 4;

/// What does not keep to the specifications or may surprise a tool.
pub(super) fn show(
    ui: &mut Ui,
    state: &mut ViewState,
    subject: Option<&ManifestSubject<'_>>,
    context: &ViewContext<'_>,
) {
    let Some(image) = context.image.image() else {
        return;
    };
    let (of_root, of_manifest) = state.facts.findings(ui.ctx(), &image.root, subject);
    let lists = [Some(of_root), of_manifest];
    let all = || lists.into_iter().flatten().flat_map(|list| list.all());
    let notes = &image.notes;
    let count = all().count() + notes.len();
    if count == 0 {
        return;
    }
    let warnings: usize = lists.iter().flatten().map(|list| list.warnings()).sum();
    let warnings = warnings + notes.iter().filter(|note| note.is_warning()).count();
    ui.add_space(SECTION);
    let summary = match warnings {
        0 => String::new(),
        1 => "1 warning".to_owned(),
        _ => format!("{warnings} warnings"),
    };
    heading(ui, "Worth knowing", &summary);
    let id = ui.scope_id().with("all findings");
    let open = ui.data(|data| data.get_temp::<bool>(id).unwrap_or(false));
    let limit = if open { usize::MAX } else { FINDINGS };
    // what the place tells comes first: it is about all the rest
    for note in notes.iter() {
        one(ui, note.is_warning(), &note.text(), "");
    }
    for finding in all().take(limit.saturating_sub(notes.len())) {
        let warning = finding.severity == Severity::Warning;
        one(ui, warning, &finding.message, &finding.hint);
    }
    if count > FINDINGS {
        let word = if open {
            "Show fewer".to_owned()
        } else {
            format!("{} more", count - FINDINGS)
        };
        if link(ui, &word).clicked() {
            ui.data_mut(|data| data.insert_temp(id, !open));
        }
    }
}

fn one(ui: &mut Ui, warning: bool, message: &str, hint: &str) {
    let tokens = Tokens::of(ui);
    let (icon, color) = if warning {
        (icons::TRIANGLE_ALERT, tokens.caution)
    } else {
        (icons::INFO, tokens.faint)
    };
    ui.add_space(size::GRID);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.label(RichText::new(icon).color(color));
        ui.vertical(|ui| {
            let words = RichText::new(text::value(message)).color(tokens.text);
            ui.add(egui::Label::new(words).wrap());
            if !hint.is_empty() {
                let hint = RichText::new(text::value(hint))
                    .size(size::SMALL)
                    .color(tokens.weak);
                ui.add(egui::Label::new(hint).wrap());
            }
        });
    });
}
