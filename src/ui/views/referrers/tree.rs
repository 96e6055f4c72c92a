//! The table of the tree.

use std::cell::RefCell;

use egui::Ui;

use crate::model::{ArtifactClass, text::size as size_text};
use crate::referrers::{Referrer, ReferrerState, Subject};
use crate::ui::action::Action;
use crate::ui::theme::icons;
use crate::ui::views::ViewContext;
use crate::ui::widgets::table::{Column, RowUi, Table, Touched};
use crate::ui::widgets::{Date, text};

use super::rows::{Line, Rows, Whole};
use super::{kind_words, remove, vouched};

const TYPE: usize = 0;
const SAYS: usize = 1;
const SIZE: usize = 2;
const DATE: usize = 3;
const DIGEST: usize = 4;

const COLUMNS: [Column; 5] = [
    Column::wide("Type", 180.0, 1.0),
    Column::wide("Says", 130.0, 1.0)
        .hint("Its title or file, or who signed it and what the policy says of that"),
    Column::new("Size", 72.0)
        .right()
        .hint("Manifest, config and files together"),
    Column::new("Made", 104.0)
        .hint("As its annotations say it")
        .from_width(540.0),
    Column::new("Digest", 158.0).from_width(740.0),
];

/// Draws it into all the height there is.
pub(super) fn show(
    ui: &mut Ui,
    rows: &Rows,
    selected: Option<usize>,
    reveal: bool,
    context: &mut ViewContext<'_>,
) -> Touched {
    let wished = RefCell::new(Vec::new());
    let now = context.now;
    let image = context.image;
    let place = &*context;
    let touched = Table::new("Referrers", &COLUMNS, rows.lines.len())
        .selected(selected)
        .reveal(selected.filter(|_| reveal))
        .scrolls()
        .show(ui, |row| match rows.lines[row.index] {
            Line::Group(group) => {
                let title = rows.groups[group].title.clone();
                row.weak(TYPE, &title);
                row.name(title);
            }
            Line::Nothing(group) => {
                row.indent(1);
                row.faint();
                let words = match rows.groups[group].outcome() {
                    Whole::None => "nothing refers to it",
                    Whole::CannotList => "its place cannot list what refers to it",
                    Whole::NotRead => "what refers to it could not be read",
                    Whole::Pending => "asking…",
                };
                row.words(TYPE, words);
                row.name(words.to_owned());
            }
            Line::Referrer { depth, at, .. } => {
                let referrer = &rows.referrers[at];
                line(row, referrer, depth, now, place);
                let digest = &referrer.descriptor.digest;
                row.response.context_menu(|ui| {
                    if let Some(reference) = image.reference_at(digest)
                        && ui.button("Open in a tab").clicked()
                    {
                        wished
                            .borrow_mut()
                            .push(Action::Open(reference.to_string()));
                    }
                    if ui.button("Copy digest").clicked() {
                        wished.borrow_mut().push(Action::Copy {
                            text: digest.to_string(),
                            what: "digest".to_owned(),
                        });
                    }
                    let subject = rows.find(digest).map(|(.., subject)| subject);
                    let remove = subject.and_then(|subject| remove(place, referrer, &subject));
                    if let Some(remove) = remove
                        && ui.button("Remove…").clicked()
                    {
                        wished.borrow_mut().push(remove);
                    }
                });
            }
        });
    for action in wished.into_inner() {
        context.actions.push(action);
    }
    touched
}

fn line(
    row: &mut RowUi<'_>,
    referrer: &Referrer,
    depth: usize,
    now: jiff::Timestamp,
    context: &ViewContext<'_>,
) {
    let tokens = row.tokens;
    row.indent(depth + 1);
    let kind = kind_words(&referrer.kind);
    let (icon, note, color) = match (&referrer.state, &referrer.subject) {
        (ReferrerState::NotRead(_), _) => {
            (icons::TRIANGLE_ALERT, ", could not be read", tokens.damaged)
        }
        (_, Subject::Other(_)) => (icons::UNLINK, ", names another image", tokens.caution),
        (_, Subject::Nothing) => (icons::UNLINK, ", names no image", tokens.caution),
        _ => (icon(referrer.kind.class()), "", tokens.text),
    };
    let words = format!("{icon}  {kind}{note}");
    row.colored(TYPE, &words, color);
    let vouched = vouched(&referrer.descriptor.digest, context, tokens);
    let vouched = vouched.map(|vouched| (vouched.words(), vouched.color));
    let title = referrer.title.as_ref();
    let title = || title.map(|title| (text::line(title).into_owned(), tokens.weak));
    let says = vouched.or_else(title);
    if let Some((words, color)) = &says {
        row.colored(SAYS, words, *color);
        row.hint(SAYS, words);
    }
    let size = referrer.total_size.map(size_text);
    match &size {
        Some(size) => row.words(SIZE, size),
        None if matches!(referrer.state, ReferrerState::Listed) => row.pending(SIZE),
        None => row.weak(SIZE, "–"),
    }
    let date = referrer.created.as_deref().map(Date::read);
    let made = date.as_ref().map(|date| date.relative(now));
    if let (Some(date), Some(made)) = (&date, &made) {
        row.weak(DATE, made);
        row.hint(DATE, &date.exact());
    }
    let verified = matches!(referrer.state, ReferrerState::Read);
    row.digest(DIGEST, &referrer.descriptor.digest, verified);
    let says = says.as_ref().map(|(words, _)| words.as_str());
    let said = [says, size.as_deref(), made.as_deref()]
        .into_iter()
        .flatten();
    let said: Vec<_> = std::iter::once(format!("{kind}{note}"))
        .chain(said.map(str::to_owned))
        .collect();
    row.name(said.join(", "));
}

/// The icon of a sort of artifact.
pub(super) const fn icon(class: ArtifactClass) -> &'static str {
    match class {
        ArtifactClass::Sbom => icons::PACKAGE,
        ArtifactClass::Provenance => icons::GIT_BRANCH,
        ArtifactClass::Signature => icons::SIGNATURE,
        ArtifactClass::Attestation => icons::STAMP,
        ArtifactClass::ScanReport => icons::SCAN_SEARCH,
        ArtifactClass::Image => icons::BOX,
        ArtifactClass::Other => icons::FILE,
    }
}
