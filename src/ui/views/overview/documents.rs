//! What the documents of an image are, and how large everything is.

use egui::Ui;

use crate::model::{MediaType, text::size as size_text};
use crate::ui::views::page::SECTION;
use crate::ui::views::subject::ManifestSubject;
use crate::ui::views::{ViewContext, ViewState};
use crate::ui::widgets::{Look, Row, heading, text};

use super::pairs::NAMES;

/// Draws a row for each document, and the sizes.
pub(super) fn show(
    ui: &mut Ui,
    state: &mut ViewState,
    subject: Option<&ManifestSubject<'_>>,
    context: &mut ViewContext<'_>,
) {
    let Some(image) = context.image.image() else {
        return;
    };
    let root = &image.root;
    if subject.is_none() && root.document.index().is_none() {
        return;
    }
    ui.add_space(SECTION);
    heading(ui, "Documents", "");
    let is_index = root.document.index().is_some();
    if is_index {
        let raw = root.document.raw();
        document(ui, "Index", root.document.media_type(), raw.size(), context);
    }
    let Some(subject) = subject else {
        return;
    };
    let own = &subject.node.document;
    let size = own.raw().size();
    document(ui, "Manifest", own.media_type(), size, context);
    if root.document.raw().digest() != subject.digest() {
        let whole = subject.digest().to_string();
        Row::new("Digest", &subject.digest().short())
            .name_width(NAMES)
            .copies(&whole)
            .hover(&*whole)
            .show(ui, context.actions);
    }
    let config = &subject.manifest.config;
    document(ui, "Config", &config.media_type, config.size, context);
    let Some(total) = subject.node.total_size() else {
        return;
    };
    let word = if is_index {
        "This platform"
    } else {
        "In total"
    };
    let what = "manifest, config and layers, each distinct blob once";
    sum(ui, word, total, what, context);
    let whole = state.facts.index_health(root).total.filter(|_| is_index);
    if let Some(whole) = whole {
        let what = "every document and blob, each distinct one once";
        sum(ui, "In total", whole, what, context);
    }
}

fn document(
    ui: &mut Ui,
    name: &'static str,
    media_type: &MediaType,
    size: u64,
    context: &mut ViewContext<'_>,
) {
    let value = format!("{}, {}", type_word(media_type), size_text(size));
    Row::new(name, &value)
        .name_width(NAMES)
        .look(Look::Words)
        .hover(format!("{media_type}\n{}", text::bytes(size)))
        .show(ui, context.actions);
}

fn sum(ui: &mut Ui, name: &'static str, bytes: u64, what: &str, context: &mut ViewContext<'_>) {
    Row::new(name, &size_text(bytes))
        .name_width(NAMES)
        .look(Look::Words)
        .hover(format!("{}: {what}", text::bytes(bytes)))
        .show(ui, context.actions);
}

/// A media type in few words.
fn type_word(media_type: &MediaType) -> String {
    match media_type.short_name() {
        Some(short) => short.to_owned(),
        None if media_type.is_empty() => "no media type".to_owned(),
        None => text::line(media_type.as_str()).into_owned(),
    }
}
