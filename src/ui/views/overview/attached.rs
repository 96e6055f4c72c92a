//! What is attached to the image: the first referrers, each with what it says in brief.

use egui::{Align, Color32, Role, Sense, Ui, WidgetInfo, vec2};

use crate::model::{
    ArtifactClass, ArtifactKind, Digest, Predicate, SignatureFormat, predicate_words,
    text::size as size_text,
};
use crate::referrers::Referrer;
use crate::signature::{Judgement, SignatureReport};
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, size};
use crate::ui::views::page::SECTION;
use crate::ui::views::{View, ViewContext, ViewState, artifact, referrers};
use crate::ui::widgets::{Date, focus_ring, heading, link, row_line, text};

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
fn row(ui: &mut Ui, referrer: &Referrer, context: &ViewContext<'_>) -> bool {
    let digest: &Digest = &referrer.descriptor.digest;
    let files = context.image.artifact(digest).value();
    let read = files.and_then(|files| artifact::kind_and_brief(files));
    let word = word(&referrer.kind);
    let (format, brief) = match read {
        Some((format, brief)) => (format, Some(brief)),
        None => (format(&referrer.kind, word), None),
    };
    let name = match (word, &*format) {
        ("", format) => format.to_owned(),
        (word, "") => word.to_owned(),
        (word, format) => format!("{word} {format}"),
    };
    let tokens = Tokens::of(ui);
    let judged = judged(digest, context, tokens);
    let date = referrer.created.as_deref().map(Date::read);
    let size = referrer.total_size.map(size_text);
    let (value, color) = match (brief, judged) {
        (Some(brief), _) => (brief, tokens.text),
        (None, Some((word, color))) => (word.to_owned(), color),
        (None, None) => {
            let made = date.as_ref().map(|date| date.relative(context.now));
            let value = made.map(std::borrow::Cow::into_owned).or(size.clone());
            (value.unwrap_or_default(), tokens.weak)
        }
    };

    let area = vec2(ui.available_width(), size::ROW);
    let (rect, response) = ui.allocate_exact_size(area, Sense::click());
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.hover);
    }
    row_line(ui, rect);
    // what is said of it is short as a rule; the name takes what it leaves
    let most = rect.width() * 0.5;
    let value_line = text::one_line(ui.painter(), &*value, text::body(), color, most);
    let mut left = rect;
    left.set_right(rect.right() - value_line.size().x - 3.0 * size::GRID);
    text::paint(ui.painter(), rect, value_line, Align::Max);
    let width = left.width();
    let word = text::one_line(ui.painter(), word, text::body(), tokens.text, width);
    let mut after = left;
    if word.size().x > 0.0 {
        after.set_left(left.left() + word.size().x + size::GRID);
    }
    text::paint(ui.painter(), left, word, Align::Min);
    let format = text::one_line(
        ui.painter(),
        &*format,
        text::body(),
        tokens.weak,
        after.width(),
    );
    text::paint(ui.painter(), after, format, Align::Min);
    if response.has_focus() {
        focus_ring(ui, rect);
    }
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Button, ui.is_enabled(), format!("{name}: {value}"))
    });
    let mut hover = vec![text::line(&referrer.kind.to_string()).into_owned()];
    hover.extend(date.map(|date| date.exact()));
    hover.extend(size);
    hover.push("Show it in Referrers".to_owned());
    response
        .on_hover_text(hover.join("\n"))
        .on_hover_cursor(egui::CursorIcon::PointingHand)
        .clicked()
}

/// What the policy says of the signatures in `manifest`, where they were verified.
fn judged(
    manifest: &Digest,
    context: &ViewContext<'_>,
    tokens: &Tokens,
) -> Option<(&'static str, Color32)> {
    let subjects = referrers::subjects(context);
    let reports = subjects
        .iter()
        .filter_map(|path| context.image.signatures(path).value());
    let mut signatures = reports
        .flat_map(|report| &report.signatures)
        .filter(|signature| signature.found.place.manifest.as_ref() == Some(manifest))
        .map(SignatureReport::judgement);
    let first = signatures.next()?;
    // where a manifest carries several, only what holds for all of them is said here
    if signatures.any(|other| other != first) {
        return None;
    }
    match first {
        Judgement::Accepted => Some(("accepted", tokens.accepted)),
        Judgement::Rejected => Some(("rejected", tokens.rejected)),
        Judgement::NotJudged => Some(("not judged", tokens.weak)),
        Judgement::Unsigned => None,
    }
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

/// What sort of artifact, before its format; nothing where its kind says it all.
fn word(kind: &ArtifactKind) -> &'static str {
    match kind.class() {
        ArtifactClass::Sbom => "SBOM",
        ArtifactClass::Provenance => "Provenance",
        ArtifactClass::Signature => "Signature",
        ArtifactClass::Attestation => "Attestation",
        ArtifactClass::ScanReport => "Scan",
        ArtifactClass::Image | ArtifactClass::Other => "",
    }
}

/// Its kind without `word`, which stands before it.
fn format(kind: &ArtifactKind, word: &str) -> String {
    match kind {
        ArtifactKind::Sbom(format) => format.to_string(),
        ArtifactKind::Signature(SignatureFormat::Cosign) => "cosign".to_owned(),
        ArtifactKind::Signature(SignatureFormat::Notation) => "Notation".to_owned(),
        ArtifactKind::Signature(SignatureFormat::SigstoreBundle) => "Sigstore bundle".to_owned(),
        ArtifactKind::Attestation(stated) => match stated.as_slice() {
            [Predicate::Sbom(format)] => format!("{format}, attested"),
            [Predicate::Provenance] => "SLSA".to_owned(),
            [Predicate::Vulnerabilities] => "vulnerabilities, attested".to_owned(),
            stated => {
                let words = stated.iter().map(|predicate| match predicate {
                    Predicate::Other(uri) => predicate_words(uri).into_owned(),
                    known => known.to_string(),
                });
                text::line(&words.collect::<Vec<_>>().join(", ")).into_owned()
            }
        },
        ArtifactKind::ScanReport => "SARIF".to_owned(),
        kind if word.is_empty() => {
            let words = kind.to_string();
            let words = text::line(&words);
            // a type stands as it is written; a word begins a line
            if words.contains('/') {
                words.into_owned()
            } else {
                text::capital(&words)
            }
        }
        kind => text::line(&kind.to_string()).into_owned(),
    }
}
