//! The packages of an SBOM: a table that is sorted and searched.

use std::cmp::Ordering;
use std::sync::Arc;

use egui::{RichText, Ui};

use crate::model::attachment::Attachment;
use crate::model::sbom::{Package, Sbom};
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, icons, size, strong};
use crate::ui::views::ViewContext;
use crate::ui::widgets::table::{Column, Sort, Table};
use crate::ui::widgets::{Background, Look, Row, empty_state, search, text};

const NAME: usize = 0;
const VERSION: usize = 1;
const KIND: usize = 2;
const LICENCE: usize = 3;
const PURL: usize = 4;

const COLUMNS: [Column; 5] = [
    Column::wide("Package", 120.0, 1.0).sorts(),
    Column::wide("Version", 90.0, 0.6).sorts(),
    Column::new("Kind", 64.0).sorts().from_width(420.0),
    Column::wide("Licence", 80.0, 0.7).sorts().from_width(480.0),
    Column::wide("Package URL", 160.0, 1.4)
        .sorts()
        .from_width(760.0),
];

/// Bytes that one package takes about, to say when a thread sorts them.
const PACKAGE: usize = 200;

/// Height of what is shown of one package, in points.
const DETAIL: f32 = 190.0;

/// Most height of the table in a page that scrolls, in points.
const IN_PAGE: f32 = 400.0;

/// Most files that are shown of a package.
const FILES: usize = 200;

/// What is kept between frames.
#[derive(Debug, Default)]
pub(super) struct PackagesState {
    filter: String,
    sort: Option<Sort>,
    selected: Option<usize>,
    /// Positions of the packages that are shown, in their order.
    order: Background<Vec<u32>>,
    made_for: Option<(usize, String, Option<Sort>)>,
}

/// Draws the table into a page that scrolls as a whole, as high as its rows are up to a
/// limit from where on it scrolls by itself.
pub(super) fn show_in_page(
    ui: &mut Ui,
    state: &mut PackagesState,
    attachment: &Arc<Attachment>,
    context: &mut ViewContext<'_>,
) {
    let rows = attachment.sbom().map_or(0, |sbom| sbom.packages.len());
    let detail = if state.selected.is_some() {
        DETAIL
    } else {
        0.0
    };
    // the head is as high as a row
    let table = (rows as f32 + 1.0) * size::ROW;
    let height = size::CONTROL + size::GRID + table.clamp(120.0, IN_PAGE) + detail;
    let area = egui::vec2(ui.available_width(), height);
    ui.allocate_ui_with_layout(area, *ui.layout(), |ui| {
        ui.set_min_size(area);
        show(ui, state, attachment, context);
    });
}

/// Draws the table into all the space there is.
pub(super) fn show(
    ui: &mut Ui,
    state: &mut PackagesState,
    attachment: &Arc<Attachment>,
    context: &mut ViewContext<'_>,
) {
    let Some(sbom) = attachment.sbom() else {
        return;
    };
    if sbom.packages.is_empty() {
        let hint = "Whoever made it found none, or looked for something else.";
        empty_state(
            ui,
            icons::PACKAGE,
            "This SBOM lists no packages",
            hint,
            None,
        );
        return;
    }
    state.lay_out(ui.ctx(), attachment, sbom);
    let shown = state.order.get().map_or(0, Vec::len);
    ui.horizontal(|ui| {
        let width = (ui.available_width() - 150.0).clamp(120.0, 360.0);
        search(ui, "Find a package", &mut state.filter, width);
        let words = if shown == sbom.packages.len() {
            text::count(shown, "package", "packages")
        } else {
            let all = text::number_words(sbom.packages.len());
            format!("{} of {all}", text::number_words(shown))
        };
        ui.label(RichText::new(words).color(Tokens::of(ui).weak));
    });
    ui.add_space(size::GRID);
    let picked = state.selected.and_then(|at| sbom.packages.get(at));
    let height = match picked {
        Some(_) => (ui.available_height() - DETAIL).max(120.0),
        None => ui.available_height(),
    };
    let Some(order) = state.order.get() else {
        return;
    };
    let selected = state
        .selected
        .and_then(|at| order.iter().position(|shown| *shown as usize == at));
    let area = egui::vec2(ui.available_width(), height);
    let touched = ui
        .allocate_ui_with_layout(area, *ui.layout(), |ui| {
            ui.set_min_size(area);
            Table::new("Packages", &COLUMNS, order.len())
                .sort(state.sort)
                .selected(selected)
                .scrolls()
                .show(ui, |row| {
                    let package = &sbom.packages[order[row.index] as usize];
                    let cells = cells(package);
                    row.words(NAME, &text::line(cells[NAME]));
                    row.mono(VERSION, &text::line(cells[VERSION]));
                    row.weak(KIND, &text::line(cells[KIND]));
                    row.words(LICENCE, &text::line(cells[LICENCE]));
                    row.mono(PURL, &text::line(cells[PURL]));
                    let said = cells[..PURL].iter().filter(|text| !text.is_empty());
                    let said: Vec<_> = said.map(|text| text::line(text)).collect();
                    row.name(said.join(", "));
                })
        })
        .inner;
    if let Some(row) = touched.selected {
        state.selected = order.get(row).map(|at| *at as usize);
    }
    if let Some(sort) = touched.sorted {
        state.sort = sort;
    }
    if let Some(package) = picked {
        detail(ui, package, context);
    }
}

/// What stands in the columns.
fn cells(package: &Package) -> [&str; 5] {
    [
        &package.name,
        package.version.as_deref().unwrap_or_default(),
        package.kind.as_deref().unwrap_or_default(),
        package.licence.as_deref().unwrap_or_default(),
        package.purl.as_deref().unwrap_or_default(),
    ]
}

impl PackagesState {
    /// Sorts and filters anew where that is due; many packages by a thread.
    fn lay_out(&mut self, ctx: &egui::Context, attachment: &Arc<Attachment>, sbom: &Sbom) {
        let filter = self.filter.trim().to_lowercase();
        // the attachment is held by the snapshot as long as it is shown here
        let key = (Arc::as_ptr(attachment) as usize, filter, self.sort);
        if self.made_for.as_ref() != Some(&key) {
            let (filter, sort) = (key.1.clone(), self.sort);
            self.made_for = Some(key);
            let bytes = sbom.packages.len() * PACKAGE;
            let attachment = Arc::clone(attachment);
            self.order.start(ctx, bytes, move || {
                let packages = attachment.sbom().map_or(&[][..], |sbom| &sbom.packages);
                ordered(packages, &filter, sort)
            });
        }
        self.order.poll();
    }
}

/// Positions of the packages that have `filter` (in lower case) in a column or among their
/// files, in the order of `sort`.
fn ordered(packages: &[Package], filter: &str, sort: Option<Sort>) -> Vec<u32> {
    let found = |package: &Package| {
        let has = |text: &str| text.to_lowercase().contains(filter);
        filter.is_empty()
            || cells(package).into_iter().any(has)
            || package.files.iter().any(|path| has(path))
    };
    let mut order: Vec<u32> = (0..packages.len() as u32)
        .filter(|at| found(&packages[*at as usize]))
        .collect();
    if let Some(sort) = sort {
        let cell = |at: u32| cells(&packages[at as usize])[sort.column];
        order.sort_by(|one, other| {
            let by = compare(cell(*one), cell(*other));
            if sort.descending { by.reverse() } else { by }
        });
    }
    order
}

/// What is not there comes last; letters of both cases are the same.
fn compare(one: &str, other: &str) -> Ordering {
    let lower = |text: &str| {
        text.chars()
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    one.is_empty()
        .cmp(&other.is_empty())
        .then_with(|| lower(one).cmp(&lower(other)))
        .then_with(|| one.cmp(other))
}

/// The package that is selected, in full.
fn detail(ui: &mut Ui, package: &Package, context: &mut ViewContext<'_>) {
    ui.add_space(size::GRID);
    ui.label(strong(text::line(&package.name)));
    egui::ScrollArea::vertical()
        .id_salt("package")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let rows = [
                ("Version", &package.version),
                ("Licence", &package.licence),
                ("Supplier", &package.supplier),
                ("Package URL", &package.purl),
            ];
            for (name, value) in rows {
                let (value, look) = match value {
                    Some(value) => (value.as_str(), Look::Mono),
                    None => ("not said", Look::Weak),
                };
                Row::new(name, value)
                    .name_width(104.0)
                    .look(look)
                    .show(ui, context.actions);
            }
            for path in package.files.iter().take(FILES) {
                Row::new("File", path)
                    .name_width(104.0)
                    .show(ui, context.actions);
            }
            let hidden = package.files.len().saturating_sub(FILES) + package.files_left_out;
            if hidden > 0 {
                let all: String = package
                    .files
                    .iter()
                    .map(|path| format!("{path}\n"))
                    .collect();
                let words = text::count(hidden, "more file", "more files");
                ui.horizontal(|ui| {
                    ui.label(RichText::new(words).color(Tokens::of(ui).weak));
                    if crate::ui::widgets::link(ui, "Copy all paths").clicked() {
                        let what = "paths".to_owned();
                        context.actions.push(Action::Copy { text: all, what });
                    }
                });
            }
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, file: &str) -> Package {
        Package {
            name: name.to_owned(),
            version: (!version.is_empty()).then(|| version.to_owned()),
            files: vec![file.to_owned()],
            ..Package::default()
        }
    }

    #[test]
    fn packages_are_sorted_and_found_by_what_they_own() {
        let packages = [
            package("zlib", "1.3", "/usr/lib/libz.so"),
            package("Bash", "", "/bin/bash"),
            package("apt", "2.9", "/usr/bin/apt"),
        ];
        let sort = |column, descending| Some(Sort { column, descending });
        assert_eq!(ordered(&packages, "", None), [0, 1, 2]);
        assert_eq!(ordered(&packages, "", sort(NAME, false)), [2, 1, 0]);
        assert_eq!(ordered(&packages, "", sort(VERSION, false)), [0, 2, 1]);
        assert_eq!(ordered(&packages, "/usr/", sort(NAME, true)), [0, 2]);
        assert_eq!(ordered(&packages, "bash", None), [1]);
        assert!(ordered(&packages, "nothing", None).is_empty());
    }
}
