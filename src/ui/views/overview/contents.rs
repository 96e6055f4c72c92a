//! What an artifact holds.

use std::cell::Cell;

use egui::{RichText, Ui};

use crate::model::{ArtifactClass, ArtifactKind, annotation, text::size as size_text};
use crate::ui::action::Action;
use crate::ui::theme::Tokens;
use crate::ui::views::artifact::Artifact;
use crate::ui::views::page::SECTION;
use crate::ui::views::subject::{ManifestSubject, platform_label};
use crate::ui::views::{ViewContext, ViewState, layers};
use crate::ui::widgets::table::{Column, Table};
use crate::ui::widgets::{Look, Row, heading, not_here, text};

use super::pairs;

const COLUMNS: [Column; 5] = [
    Column::wide("File", 140.0, 1.0),
    Column::new("Size", 80.0).right(),
    Column::wide("Media type", 100.0, 0.8).from_width(560.0),
    Column::new("Digest", 158.0).from_width(440.0),
    Column::new("State", 130.0).from_width(640.0),
];

/// Draws what an artifact is and its files.
pub(super) fn show(
    ui: &mut Ui,
    state: &mut ViewState,
    subject: &ManifestSubject<'_>,
    context: &mut ViewContext<'_>,
) {
    let manifest = subject.manifest;
    heading(ui, "Artifact", "");
    let kind = state.facts.manifest(subject).kind.as_ref();
    let kind = kind
        .map(ToString::to_string)
        .filter(|kind| !kind.is_empty());
    Row::new("Is", kind.as_deref().unwrap_or("it does not say"))
        .look(match kind {
            Some(_) => Look::Words,
            None => Look::Weak,
        })
        .show(ui, context.actions);
    if let Some(written) = manifest.artifact_kind()
        && kind.as_deref() != Some(written.as_str())
    {
        Row::new("Type", written.as_str()).show(ui, context.actions);
    }
    let config = &manifest.config;
    let config_type = match config.media_type.short_name() {
        Some(short) => format!("{short}, {}", size_text(config.size)),
        None => format!("{}, {}", config.media_type, size_text(config.size)),
    };
    Row::new("Config", &config_type)
        .look(Look::Words)
        .hover(config.media_type.as_str())
        .show(ui, context.actions);
    if let Some(about) = &manifest.subject {
        let digest = about.digest.to_string();
        let row = Row::new("About", &digest).hover("Open what this artifact refers to");
        let reference = context.image.reference.as_ref();
        match reference.and_then(|reference| reference.at_digest(&about.digest)) {
            Some(subject) => row.open(Action::Open(subject.to_string())),
            None => row,
        }
        .show(ui, context.actions);
    }
    if let Some(about) = attested(subject) {
        let words = match about.platform {
            Some(platform) => format!("{platform}, {}", about.digest),
            None => about.digest,
        };
        Row::new("About", &words)
            .hover("The image that the build filed this beside")
            .show(ui, context.actions);
    }
    files(ui, subject, context);
    says(ui, state, subject, context);
    if !manifest.annotations.is_empty() {
        ui.add_space(SECTION);
        pairs::show(
            ui,
            "Annotations",
            &manifest.annotations,
            usize::MAX,
            240.0,
            context.now,
            context.actions,
        );
    }
}

/// What an SBOM or a statement says.
fn says(
    ui: &mut Ui,
    state: &mut ViewState,
    subject: &ManifestSubject<'_>,
    context: &mut ViewContext<'_>,
) {
    let class = state.facts.manifest(subject).kind.as_ref();
    let class = class.map(ArtifactKind::class);
    let reads = matches!(
        class,
        Some(ArtifactClass::Sbom | ArtifactClass::Provenance | ArtifactClass::Attestation)
    );
    if !reads {
        return;
    }
    let size = subject.manifest.blob_size();
    let artifact = Artifact {
        digest: subject.digest(),
        size,
        subject: subject.manifest.subject.as_ref().map(|about| &about.digest),
    };
    artifact.show_in_page(ui, &mut state.overview.artifact, context);
}

/// What an attestation of BuildKit is about.
struct Attested {
    digest: String,
    platform: Option<String>,
}

fn attested(subject: &ManifestSubject<'_>) -> Option<Attested> {
    let entry = subject.descriptor?;
    let digest = entry.annotation(annotation::BUILDKIT_SUBJECT)?.to_owned();
    let among = subject.siblings?;
    let about = among
        .descriptors()
        .find(|(_, other)| other.digest.to_string() == digest);
    Some(Attested {
        platform: about.and_then(|(_, other)| other.platform.as_ref().map(platform_label)),
        digest,
    })
}

fn files(ui: &mut Ui, subject: &ManifestSubject<'_>, context: &mut ViewContext<'_>) {
    let files = &subject.manifest.layers;
    ui.add_space(SECTION);
    let total = files
        .iter()
        .fold(0_u64, |sum, file| sum.saturating_add(file.size));
    let summary = format!(
        "{} in {}",
        size_text(total),
        text::count(files.len(), "file", "files")
    );
    heading(ui, "Files", &summary);
    if files.is_empty() {
        let tokens = Tokens::of(ui);
        let words = "It holds no files: what it says is in its annotations.";
        ui.label(RichText::new(words).color(tokens.weak));
        return;
    }
    let missing = not_here(context.image.reference.as_ref());
    let copy = Cell::new(None);
    Table::new("Files", &COLUMNS, files.len()).show(ui, |row| {
        let file = &files[row.index];
        let title = file
            .annotation(annotation::TITLE)
            .or_else(|| file.annotation(annotation::IN_TOTO_PREDICATE));
        match title {
            Some(title) => row.mono(0, &text::line(title)),
            None => row.weak(0, "no name"),
        }
        let size = size_text(file.size);
        row.words(1, &size);
        row.weak(2, &text::line(file.media_type.as_str()));
        row.digest(3, &file.digest, false);
        let state = layers::blob_status(subject.node, row.index, missing, row.tokens);
        row.status(4, &state);
        let name = title.map_or_else(|| "no name".into(), text::line);
        row.name(format!("{name}, {size}, {}", state.word));
        row.response.context_menu(|ui| {
            if ui.button("Copy digest").clicked() {
                copy.set(Some(file.digest.to_string()));
            }
        });
    });
    if let Some(text) = copy.take() {
        let what = "digest".to_owned();
        context.actions.push(Action::Copy { text, what });
    }
}
