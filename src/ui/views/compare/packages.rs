//! The packages that are not the same in both images.

use egui::{RichText, Ui};

use crate::diff::PackageChange;
use crate::engine::{ComparedFiles, Remote};
use crate::ui::action::Actions;
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::views::pending;
use crate::ui::widgets::table::{Column, RowUi, Table};
use crate::ui::widgets::{empty_state, error_box, search, text};

use super::{Shown, again};

const CHANGE: usize = 0;
const NAME: usize = 1;
const BEFORE: usize = 2;
const AFTER: usize = 3;
const SOURCE: usize = 4;

const COLUMNS: [Column; 5] = [
    Column::new("Change", 104.0),
    Column::wide("Package", 140.0, 1.0),
    Column::wide("Before", 90.0, 0.6),
    Column::wide("After", 90.0, 0.6),
    Column::new("Listed by", 130.0)
        .from_width(640.0)
        .hint("The package manager's database in the image, or an SBOM that is attached to it"),
];

/// What is kept between frames.
#[derive(Debug, Default)]
pub(super) struct PackagesState {
    filter: String,
    selected: Option<usize>,
}

/// Draws the table into all the space there is.
pub(super) fn show(
    ui: &mut Ui,
    state: &mut PackagesState,
    shown: &Shown<'_>,
    actions: &mut Actions,
) {
    let files = match &shown.snapshot.files {
        Remote::Ready(files) => files,
        Remote::Failed { error, .. } => {
            let action = again(shown.id, shown.request);
            return error_box(ui, error, Some(action), actions);
        }
        _ => return pending::rows(ui, 8, 300.0),
    };
    let tokens = Tokens::of(ui);
    let words = match &files.sbom_packages {
        Some(_) => "From the package managers' databases, and from SBOMs that both images have.",
        None => {
            "From the package managers' databases. SBOMs are not compared: not both images have \
             one attached."
        }
    };
    ui.label(RichText::new(words).color(tokens.weak));
    ui.add_space(size::GRID);
    let all = changes(files);
    if all.is_empty() {
        let hint = match files.exact {
            true => "No package was added, removed or changed its version.",
            false => "What could be compared lists the same packages; see the notes under Files.",
        };
        empty_state(ui, icons::PACKAGE, "The packages are the same", hint, None);
        return;
    }
    let width = (ui.available_width() * 0.35).clamp(120.0, 320.0);
    search(ui, "Find a package", &mut state.filter, width);
    ui.add_space(size::GRID);
    let filter = state.filter.trim().to_lowercase();
    let found: Vec<_> = all
        .into_iter()
        .filter(|(_, change)| filter.is_empty() || change.name.to_lowercase().contains(&filter))
        .collect();
    if found.is_empty() {
        let hint = "Another part of a name, or none, shows others.";
        empty_state(ui, icons::FUNNEL_X, "No package is called that", hint, None);
        return;
    }
    let touched = Table::new("Packages that differ", &COLUMNS, found.len())
        .selected(state.selected)
        .scrolls()
        .show(ui, |row| {
            let (source, change) = found[row.index];
            line(row, source, change);
        });
    state.selected = touched.selected.or(state.selected);
}

fn changes(files: &ComparedFiles) -> Vec<(&'static str, &PackageChange)> {
    let installed = files
        .packages
        .iter()
        .map(|change| ("package manager", change));
    let listed = files.sbom_packages.iter().flatten();
    installed
        .chain(listed.map(|change| ("SBOM", change)))
        .collect()
}

fn line(row: &mut RowUi<'_>, source: &str, change: &PackageChange) {
    let (icon, word, color) = match (change.before.is_empty(), change.after.is_empty()) {
        (true, _) => (icons::PLUS, "added", row.tokens.accepted),
        (_, true) => (icons::MINUS, "removed", row.tokens.rejected),
        _ => (icons::PENCIL, "changed", row.tokens.caution),
    };
    let (before, after) = (change.before.join(", "), change.after.join(", "));
    row.colored(CHANGE, &format!("{icon} {word}"), color);
    row.words(NAME, &text::line(&change.name));
    row.mono(BEFORE, &text::line(&before));
    row.mono(AFTER, &text::line(&after));
    row.weak(SOURCE, source);
    row.name(format!(
        "{}, {word}, {} → {}, {source}",
        text::line(&change.name),
        text::line(&before),
        text::line(&after)
    ));
}
