//! An artifact in brief: how many packages, who built it, of what.

use std::borrow::Cow;

use egui::{RichText, Ui};

use crate::engine::{ArtifactFile, ArtifactFiles};
use crate::model::attachment::{Attachment, AttachmentContent, Envelope, Statement};
use crate::model::provenance::{Material, Provenance};
use crate::model::sbom::Sbom;
use crate::model::{Digest, annotation, predicate_words, text::size as size_text};
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, icons};
use crate::ui::views::ViewContext;
use crate::ui::views::page::SECTION;
use crate::ui::widgets::{Date, Look, Row, error_box, heading, text};

/// Width of the names, in points.
const NAMES: f32 = 104.0;

/// Width of a digest beside a name, in points.
const DIGEST: f32 = 166.0;

/// Most materials and parameters that are shown; the others are in the content.
const LISTED: usize = 50;

/// Draws what each file of the artifact says.
pub(super) fn show(
    ui: &mut Ui,
    files: &ArtifactFiles,
    subject: Option<&Digest>,
    context: &mut ViewContext<'_>,
) {
    if files.files.is_empty() {
        let words = "It holds no files: what it says is in its annotations.";
        ui.label(RichText::new(words).color(Tokens::of(ui).weak));
    }
    for (at, file) in files.files.iter().enumerate() {
        if at > 0 {
            ui.add_space(SECTION);
        }
        one(ui, file, subject, context);
    }
    if files.left_out > 0 {
        let words = text::count(files.left_out, "more file", "more files");
        Row::new("Not read", &words)
            .look(Look::Weak)
            .name_width(NAMES)
            .show(ui, context.actions);
    }
}

/// Whether a file of it is more than a file: an SBOM, a statement, or meant to be one.
pub(super) fn says_something(files: &ArtifactFiles) -> bool {
    files.files.iter().any(|file| match &file.content {
        Ok((_, attachment)) => {
            let plain = matches!(
                attachment.content,
                AttachmentContent::Json | AttachmentContent::Text | AttachmentContent::Bytes
            );
            !plain || attachment.statement.is_some()
        }
        Err(_) => true,
    })
}

fn one(ui: &mut Ui, file: &ArtifactFile, subject: Option<&Digest>, context: &mut ViewContext<'_>) {
    let title = file.descriptor.annotation(annotation::TITLE);
    let size = size_text(file.descriptor.size);
    match &file.content {
        Err(error) => {
            heading(ui, title.unwrap_or("File"), &size);
            error_box(ui, error, None, context.actions);
        }
        Ok((_, attachment)) => {
            heading(ui, &what(attachment, title), &size);
            match &attachment.content {
                AttachmentContent::Sbom(found) => sbom(ui, found, context),
                AttachmentContent::Provenance(found) => provenance(ui, found, context),
                AttachmentContent::Unreadable(why) => {
                    let words = format!("{} {why}", icons::TRIANGLE_ALERT);
                    let color = Tokens::of(ui).caution;
                    row(ui, "Not read", &words, Look::Words, Some(color), context);
                }
                AttachmentContent::Json | AttachmentContent::Text | AttachmentContent::Bytes => {
                    row(
                        ui,
                        "Type",
                        file.descriptor.media_type.as_str(),
                        Look::Mono,
                        None,
                        context,
                    );
                }
            }
            if let Some(statement) = &attachment.statement {
                stated(ui, statement, subject, context);
            }
            envelopes(ui, attachment, context);
            if let Some(found) = attachment.provenance() {
                materials(ui, found, context);
                parameters(ui, found, context);
            }
        }
    }
}

/// What a file is, in words.
fn what<'a>(attachment: &'a Attachment, title: Option<&'a str>) -> Cow<'a, str> {
    match &attachment.content {
        AttachmentContent::Sbom(sbom) => format!("SBOM, {} {}", sbom.format, sbom.version).into(),
        AttachmentContent::Provenance(found) => format!("SLSA provenance {}", found.version).into(),
        _ => match (&attachment.statement, title) {
            (Some(statement), _) => {
                let words = predicate_words(&statement.predicate_type);
                text::line(&words).into_owned().into()
            }
            (None, Some(title)) => text::line(title),
            (None, None) => "File".into(),
        },
    }
}

fn row(
    ui: &mut Ui,
    name: &'static str,
    value: &str,
    look: Look,
    color: Option<egui::Color32>,
    context: &mut ViewContext<'_>,
) {
    let mut row = Row::new(name, value).name_width(NAMES).look(look);
    if let Some(color) = color {
        row = row.color(color);
    }
    row.show(ui, context.actions);
}

/// A value that may be a web address.
fn address(ui: &mut Ui, name: &'static str, value: &str, context: &mut ViewContext<'_>) {
    let row = Row::new(name, value).name_width(NAMES).look(Look::Words);
    let web = value.strip_prefix("git+").unwrap_or(value);
    let plain = web.len() < 2_000 && web.chars().all(|c| c.is_ascii_graphic());
    let row = if plain && web.starts_with("https://") {
        row.hover(value.to_owned())
            .open(Action::Browse(web.to_owned()))
    } else {
        row
    };
    row.show(ui, context.actions);
}

fn when(ui: &mut Ui, name: &'static str, written: Option<&str>, context: &mut ViewContext<'_>) {
    let Some(written) = written else {
        return;
    };
    let date = Date::read(written);
    let words = date.relative(context.now);
    Row::new(name, &words)
        .name_width(NAMES)
        .look(Look::Words)
        .copies(written)
        .hover(date.exact())
        .show(ui, context.actions);
}

fn sbom(ui: &mut Ui, sbom: &Sbom, context: &mut ViewContext<'_>) {
    let mut packages = text::count(sbom.packages.len(), "package", "packages");
    if sbom.left_out > 0 {
        packages.push_str(&format!(
            ", {} more were not read",
            text::number_words(sbom.left_out)
        ));
    }
    row(ui, "Lists", &packages, Look::Words, None, context);
    if sbom.files > 0 {
        let files = text::count(sbom.files, "file", "files");
        row(ui, "Files", &files, Look::Words, None, context);
    }
    if let Some(about) = &sbom.about {
        row(ui, "About", about, Look::Words, None, context);
    }
    for creator in sbom.creators.iter().take(LISTED) {
        let (kind, name) = creator.split_once(": ").unwrap_or(("", creator));
        let name = if kind == "Tool" {
            name
        } else {
            creator.as_str()
        };
        row(ui, "Made by", name, Look::Words, None, context);
    }
    when(ui, "Made", sbom.created.as_deref(), context);
    if let Some(name) = &sbom.name {
        row(ui, "Document", name, Look::Words, None, context);
    }
    if let Some(id) = &sbom.id {
        row(ui, "Identifier", id, Look::Mono, None, context);
    }
}

fn provenance(ui: &mut Ui, found: &Provenance, context: &mut ViewContext<'_>) {
    if let Some(name) = found.builder_name() {
        row(ui, "Built with", name, Look::Words, None, context);
    }
    match &found.builder {
        Some(builder) => address(ui, "Builder", builder, context),
        None => row(
            ui,
            "Builder",
            "it does not say who built it",
            Look::Weak,
            None,
            context,
        ),
    }
    if let Some(build_type) = &found.build_type {
        address(ui, "Build type", build_type, context);
    }
    match &found.source {
        Some(source) => {
            address(ui, "Source", &source.uri, context);
            if let Some(revision) = source.revision() {
                row(ui, "Revision", revision, Look::Mono, None, context);
            }
        }
        None => row(ui, "Source", "it names none", Look::Weak, None, context),
    }
    if let Some(entry_point) = &found.entry_point {
        row(ui, "Entry point", entry_point, Look::Mono, None, context);
    }
    if let Some(invocation) = &found.invocation {
        address(ui, "Build", invocation, context);
    }
    when(ui, "Started", found.started.as_deref(), context);
    when(ui, "Finished", found.finished.as_deref(), context);
}

fn parameters(ui: &mut Ui, found: &Provenance, context: &mut ViewContext<'_>) {
    if !found.parameters.is_empty() {
        ui.add_space(SECTION);
        heading(
            ui,
            "Parameters",
            &text::number_words(found.parameters.len()),
        );
        for (name, value) in found.parameters.iter().take(LISTED) {
            Row::new(name.as_str(), value)
                .name_width(176.0)
                .show(ui, context.actions);
        }
        more(ui, found.parameters.len(), context);
    }
}

fn materials(ui: &mut Ui, found: &Provenance, context: &mut ViewContext<'_>) {
    if found.materials.is_empty() {
        return;
    }
    ui.add_space(SECTION);
    let count = found.materials.len() + found.materials_left_out;
    heading(ui, "Materials", &text::number_words(count));
    for Material { uri, digests } in found.materials.iter().take(LISTED) {
        let whole = digests
            .first()
            .map(|(name, digits)| format!("{name}:{digits}"));
        let short = whole
            .as_deref()
            .and_then(|whole| whole.parse::<Digest>().ok());
        let short = short.map(|digest| digest.short());
        let shown = short.or_else(|| whole.clone());
        let name = match uri.as_str() {
            "" => "no address",
            uri => uri,
        };
        let mut row = Row::new(name, shown.as_deref().unwrap_or("no digest"))
            .whole_name(name)
            .name_width(ui.available_width() - DIGEST);
        row = match &whole {
            Some(whole) => row.copies(whole).hover(&**whole),
            None => row.look(Look::Weak),
        };
        row.show(ui, context.actions);
    }
    more(ui, found.materials.len(), context);
}

fn more(ui: &mut Ui, count: usize, context: &mut ViewContext<'_>) {
    if count > LISTED {
        let words = format!("{} more under Content", text::number_words(count - LISTED));
        row(ui, "…", &words, Look::Weak, None, context);
    }
}

/// What a statement is about; said aloud where that is another image.
fn stated(
    ui: &mut Ui,
    statement: &Statement,
    subject: Option<&Digest>,
    context: &mut ViewContext<'_>,
) {
    let tokens = Tokens::of(ui);
    let written = &*statement.predicate_type;
    let words = predicate_words(written);
    Row::new("Predicate", &words)
        .name_width(NAMES)
        .look(Look::Words)
        .copies(written)
        .hover(text::value(written))
        .show(ui, context.actions);
    let Some(subject) = subject else {
        return;
    };
    let names = |digest: &Digest| {
        let mut digests = statement.subjects.iter().flat_map(|s| &s.digests);
        digests.any(|(algorithm, digits)| {
            algorithm == digest.algorithm().name() && *digits == digest.hex()
        })
    };
    if names(subject) {
        row(
            ui,
            "States about",
            "this digest",
            Look::Words,
            None,
            context,
        );
    } else {
        let words = format!("{} another digest than this one", icons::TRIANGLE_ALERT);
        row(
            ui,
            "States about",
            &words,
            Look::Words,
            Some(tokens.caution),
            context,
        );
    }
}

fn envelopes(ui: &mut Ui, attachment: &Attachment, context: &mut ViewContext<'_>) {
    let words: Vec<String> = attachment
        .envelopes
        .iter()
        .filter_map(|envelope| match envelope {
            Envelope::Bundle => Some("a Sigstore bundle".to_owned()),
            Envelope::Dsse { signatures } => {
                let count = text::count(*signatures, "signature", "signatures");
                Some(format!("an envelope with {count}, not verified here"))
            }
            Envelope::Statement => None,
        })
        .collect();
    if !words.is_empty() {
        row(ui, "Lies in", &words.join(", "), Look::Weak, None, context);
    }
}

/// What an artifact is (`SPDX 2.3`), and what it says, in a few words.
pub(in crate::ui::views) fn kind_and_brief(files: &ArtifactFiles) -> Option<(String, String)> {
    let read = files
        .files
        .iter()
        .filter_map(|file| file.content.as_ref().ok());
    for (_, attachment) in read {
        match &attachment.content {
            AttachmentContent::Sbom(sbom) => {
                let kind = format!("{} {}", sbom.format, sbom.version);
                let packages = text::count(sbom.packages.len(), "package", "packages");
                return Some((kind, packages));
            }
            AttachmentContent::Provenance(found) => {
                let kind = format!("SLSA {}", found.version);
                let builder = found.builder_name().map(str::to_owned);
                let builder = builder.or_else(|| found.builder.clone());
                let said = builder.unwrap_or_else(|| "no builder named".to_owned());
                return Some((kind, text::line(&said).into_owned()));
            }
            _ => {}
        }
    }
    None
}
