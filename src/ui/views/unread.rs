//! A document that is not read here, or cannot be: what it is, and why.

use std::sync::Arc;

use egui::{RichText, Ui};

use crate::engine::Node;
use crate::model::{Content, MediaKind, text::size as size_text};
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, icons, size, strong};
use crate::ui::widgets::{Look, Row, text};

use super::page::SECTION;
use super::{View, ViewContext};

/// Draws what is known of the document, and the way to its bytes.
pub(super) fn show(ui: &mut Ui, node: &Arc<Node>, context: &mut ViewContext<'_>) {
    let tokens = Tokens::of(ui);
    let document = &node.document;
    let (icon, color, headline, why) = match document.content() {
        Content::Invalid(problem) => (
            icons::TRIANGLE_ALERT,
            tokens.damaged,
            "This document cannot be read",
            format!("Its bytes hash to its digest, but {problem}."),
        ),
        _ => (
            icons::FILE_QUESTION_MARK,
            tokens.caution,
            headline(document.media_type().kind()),
            why(document.media_type().kind()).to_owned(),
        ),
    };
    ui.add_space(size::GRID);
    ui.label(strong(format!("{icon} {headline}")).color(color));
    ui.add_space(size::GRID);
    let why = RichText::new(text::value(&why)).color(tokens.weak);
    ui.add(egui::Label::new(why).wrap());
    ui.add_space(SECTION - size::GRID);
    let media_type = document.media_type().as_str();
    let (shown, look) = if media_type.is_empty() {
        ("none is said", Look::Weak)
    } else {
        (media_type, Look::Mono)
    };
    Row::new("Media type", shown)
        .look(look)
        .show(ui, context.actions);
    let raw = document.raw();
    let bytes = format!("{} ({})", size_text(raw.size()), text::bytes(raw.size()));
    Row::new("Size", &bytes)
        .look(Look::Words)
        .show(ui, context.actions);
    let digest = raw.digest().to_string();
    Row::new("Digest", &digest).show(ui, context.actions);
    ui.add_space(3.0 * size::GRID);
    if ui.button("Show in Raw").clicked() {
        let id = context.image.id;
        context.actions.push(Action::ShowView(id, View::Raw));
    }
}

const fn headline(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::OciConfig | MediaKind::DockerConfig => "This is a config, not a manifest",
        _ => "This document is of a type that is not read here",
    }
}

const fn why(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::OciConfig | MediaKind::DockerConfig => {
            "What points here should point at the manifest that lists this config."
        }
        _ => "Its bytes hash to its digest and can be seen; what they mean is not known here.",
    }
}
