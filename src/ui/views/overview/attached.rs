//! What is attached to the image: the first referrers, each with what it says in brief.

use egui::Ui;

use crate::model::{ArtifactClass, ArtifactKind, Digest, SignatureFormat, text::size as size_text};
use crate::referrers::Referrer;
use crate::ui::action::Action;
use crate::ui::views::page::SECTION;
use crate::ui::views::{View, ViewContext, ViewState, artifact, referrers};
use crate::ui::widgets::{Date, Look, Row, heading, link, text};

/// Most referrers that are listed here; all are in their own view.
const LISTED: usize = 8;

/// Most of them that are looked into.
const LOOKED_INTO: usize = 4;

/// Draws the list, once something is known; asks for it.
pub(super) fn show(ui: &mut Ui, state: &mut ViewState, context: &mut ViewContext<'_>) {
    let subjects = referrers::subjects(context);
    for path in &subjects {
        state.wants.ask_referrers(context, path);
    }
    let trees: Vec<_> = subjects
        .iter()
        .filter_map(|path| context.image.referrers(path).value().cloned())
        .collect();
    let count: usize = trees.iter().map(|tree| tree.len() + tree.left_out).sum();
    if count == 0 {
        return;
    }
    let top = trees.iter().flat_map(|tree| tree.top());
    let mut listed: Vec<_> = top
        .take(200)
        .filter(|referrer| referrer.belongs())
        .collect();
    // what says the most first; the order of the place among equals
    listed.sort_by_key(|referrer| rank(referrer));
    listed.truncate(LISTED);
    ui.add_space(SECTION);
    heading(ui, "Attached", &text::count(count, "referrer", "referrers"));
    let mut gone_to = None;
    let mut read = 0;
    for referrer in &listed {
        let digest = &referrer.descriptor.digest;
        let class = referrer.kind.class();
        let says = matches!(class, ArtifactClass::Sbom | ArtifactClass::Provenance);
        let size = referrer.total_size.unwrap_or(u64::MAX);
        if says && read < LOOKED_INTO && artifact::is_small(size) {
            read += 1;
            state.wants.ask_artifact(context, digest);
        }
        if row(ui, referrer, context) {
            gone_to = Some((*digest).clone());
        }
    }
    if count > listed.len() {
        let words = format!("All {} referrers", text::number_words(count));
        if link(ui, &words).clicked() {
            let id = context.image.id;
            context.actions.push(Action::ShowView(id, View::Referrers));
        }
    }
    if let Some(digest) = gone_to {
        referrers::go_to(state, &digest, context);
    }
}

/// A row of the list; says whether it was clicked.
fn row(ui: &mut Ui, referrer: &Referrer, context: &mut ViewContext<'_>) -> bool {
    let digest: &Digest = &referrer.descriptor.digest;
    let files = context.image.artifact(digest).value();
    let read = files.and_then(|files| artifact::kind_and_brief(files));
    let (name, value) = match read {
        Some((kind, brief)) => (format!("{} {kind}", word(&referrer.kind)), brief),
        None => {
            let date = referrer.created.as_deref().map(Date::read);
            let made = date.map(|date| date.relative(context.now).into_owned());
            let size = referrer.total_size.map(size_text);
            (short(&referrer.kind), made.or(size).unwrap_or_default())
        }
    };
    let whole = referrer.kind.to_string();
    let response = Row::new(name, &value)
        .name_width(190.0)
        .look(Look::Words)
        .hover(format!("{}\nShow it in Referrers", text::line(&whole)))
        .show(ui, context.actions);
    response
        .on_hover_cursor(egui::CursorIcon::PointingHand)
        .clicked()
}

fn rank(referrer: &Referrer) -> usize {
    match referrer.kind.class() {
        ArtifactClass::Sbom => 0,
        ArtifactClass::Provenance => 1,
        ArtifactClass::Signature => 2,
        ArtifactClass::Attestation => 3,
        _ => 4,
    }
}

/// What sort of artifact, before its format.
fn word(kind: &ArtifactKind) -> &'static str {
    match kind.class() {
        ArtifactClass::Sbom => "SBOM",
        ArtifactClass::Provenance => "Provenance",
        _ => "Attestation",
    }
}

/// Its kind without what is said of it beside.
fn short(kind: &ArtifactKind) -> String {
    if let ArtifactKind::Signature(format) = kind {
        let format = match format {
            SignatureFormat::Cosign => "cosign",
            SignatureFormat::Notation => "Notation",
            SignatureFormat::SigstoreBundle => "Sigstore",
        };
        return format!("Signature {format}");
    }
    let words = kind.to_string();
    let words = words.strip_prefix("attestation: ").unwrap_or(&words);
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    let capital = format!("{}{}", first.unwrap_or_default(), letters.as_str());
    text::line(&capital).into_owned()
}
