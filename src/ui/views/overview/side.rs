//! The column at the side: how the bytes are, where the image is, what may surprise.

use egui::{RichText, Role, Ui, WidgetInfo};

use crate::engine::Command;
use crate::model::Reference;
use crate::model::text::short_digests;
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, strong};
use crate::ui::views::facts::{Health, health};
use crate::ui::views::page::SECTION;
use crate::ui::views::subject::{ManifestSubject, Subject};
use crate::ui::views::{View, ViewContext, ViewState};
use crate::ui::widgets::{Status, link, not_here, state_block, text};

use super::{attached, documents, findings, pairs, place};

/// Draws the column.
pub(super) fn show(ui: &mut Ui, state: &mut ViewState, context: &mut ViewContext<'_>) {
    let Some(image) = context.image.image() else {
        return;
    };
    let subject = match Subject::of(context) {
        Subject::Manifest(subject) => Some(subject),
        _ => None,
    };
    if let Some(subject) = &subject {
        let missing = not_here(context.image.reference.as_ref());
        let index = state.facts.index_health(&image.root);
        let health = health(image, subject.node, index, missing);
        block(ui, &health, subject, context);
        ui.add_space(SECTION);
    }
    trust(ui, context);
    ui.add_space(SECTION);
    place::show(ui, context);
    attached::show(ui, state, context);
    documents::show(ui, state, subject.as_ref(), context);
    let annotations = image.place_annotations.clone();
    if !annotations.is_empty() {
        ui.add_space(SECTION);
        pairs::short(
            ui,
            place_says(context.image.reference.as_ref()),
            &annotations,
            context.now,
            context.actions,
        );
    }
    if let Some(annotations) = super::head::annotations_of(image.root.document.content())
        && image.root.document.index().is_some()
        && !annotations.is_empty()
    {
        ui.add_space(SECTION);
        pairs::short(
            ui,
            "Index annotations",
            annotations,
            context.now,
            context.actions,
        );
    }
    findings::show(ui, state, subject.as_ref(), context);
}

/// What vouches for what is selected, and the way to why.
fn trust(ui: &mut Ui, context: &mut ViewContext<'_>) {
    let tokens = Tokens::of(ui);
    let known = context.image.signatures(context.selected);
    let status = Status::of_trust(known, tokens);
    state_block(ui, status.color, |ui| {
        let words = format!("{} {}", status.icon, text::capital(&status.word));
        let response = ui.label(strong(words).color(status.color));
        response.widget_info(|| {
            let word = format!("Trust: {}", status.word);
            WidgetInfo::labeled(Role::Label, true, word)
        });
        // "Rejected: by whom and why" says again what stands above it
        let why = status.meaning.split_once(": ");
        let why = why.map_or(&*status.meaning, |(_, why)| why);
        let short = text::capital(&short_digests(why));
        let line = RichText::new(short).color(tokens.weak);
        ui.add(egui::Label::new(line).wrap())
            .on_hover_text(text::value(why).into_owned());
        if link(ui, "Show signatures").clicked() {
            let id = context.image.id;
            context.actions.push(Action::ShowView(id, View::Signatures));
        }
    });
}

/// The heading of what a place says about its image.
const fn place_says(reference: Option<&Reference>) -> &'static str {
    match reference {
        Some(Reference::Path(_)) => "In index.json",
        _ => "Said by the place",
    }
}

/// How the bytes are, with a line in the colour of the state beside it.
fn block(
    ui: &mut Ui,
    health: &Health,
    subject: &ManifestSubject<'_>,
    context: &mut ViewContext<'_>,
) {
    let tokens = Tokens::of(ui);
    let color = (health.color)(tokens);
    state_block(ui, color, |ui| {
        let words = format!("{} {}", health.icon, health.headline);
        ui.label(strong(words).color(color));
        for line in &health.lines {
            ui.label(RichText::new(line).color(tokens.weak));
        }
        if health.can_check
            && link(ui, "Check bytes")
                .on_hover_text("Read the config and every layer and compare their digests")
                .clicked()
        {
            context.actions.push(Action::Send(Command::CheckBlobs {
                image: context.image.id,
                manifest: subject.path.clone(),
            }));
        }
    });
}
