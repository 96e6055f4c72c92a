//! The tags of a repository as a table. What a tag stands for is read for the rows on the
//! screen.

mod order;

use std::sync::Arc;

use egui::{Align, Button, Layout, RichText, Ui};
use jiff::Timestamp;

use crate::engine::{Command, Listed, Place, PlaceSnapshot, Remote, TagFacts};
use crate::model::{Reference, RegistryReference, text::size as size_text};
use crate::ui::action::{Action, Actions};
use crate::ui::image_menu::{ImageMenu, item};
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::table::{Column, RowUi, Sort, Table};
use crate::ui::widgets::text::{self, count, fit_middle, number_words};
use crate::ui::widgets::{Date, empty_state, error_box, search};

use super::page;
use super::subject::platform_label;

use order::{ALL_DATES, By, Order, Wish};

/// The accessible name of the field that narrows the table down.
const FILTER: &str = "Filter tags";
/// How long rows stay as they are before they are asked for while the list still grows, in
/// seconds: where the newest come first, each part of the list brings others.
const SETTLED: f64 = 0.3;
/// How many rows below the visible ones are asked for.
const AHEAD: usize = 8;

const TAG: usize = 0;
const PLATFORMS: usize = 1;
const SIZE: usize = 2;
const DATE: usize = 3;
const DIGEST: usize = 4;

const COLUMNS: [Column; 5] = [
    Column::wide("Tag", 140.0, 1.0).sorts(),
    Column::wide("Platforms", 120.0, 1.0).from_width(560.0),
    Column::new("Size", 84.0)
        .right()
        .hint("Of the image for this computer's platform: manifest, config and layers")
        .from_width(440.0),
    Column::new("Built", 120.0).sorts().from_width(680.0),
    Column::new("Digest", 158.0).from_width(340.0),
];

/// Of how many tags the width is looked at, and how wide a character of one is, about.
const MEASURED: usize = 500;
const CHARACTER: f32 = 8.0;
/// What the other columns take at least, with the space between them.
const OTHERS: f32 = 560.0;
/// Least width of the first column, in points.
const LEAST: f32 = 96.0;
/// How much of what is left goes to the first column, as parts of what goes to the platforms,
/// which are the longer ones where names are short.
const SHARE: f32 = 0.4;

/// What the table keeps between frames.
#[derive(Debug, Default)]
pub struct RepositoryState {
    filter: String,
    by: By,
    ascending: bool,
    order: Order,
    marked: Option<usize>,
    /// The tags that were asked for last.
    asked: Vec<Arc<str>>,
    /// Those that are to be asked for next, and since when, in the seconds of the window.
    seen: (Vec<Arc<str>>, f64),
}

/// Draws the tags of `place`, of which `snapshot` is known.
pub fn show(
    ui: &mut Ui,
    state: &mut RepositoryState,
    place: &Place,
    snapshot: Option<&PlaceSnapshot>,
    now: Timestamp,
    actions: &mut Actions,
) {
    let Place::Repository(name) = place else {
        return;
    };
    page::fixed(ui, |ui| {
        let tokens = Tokens::of(ui);
        ui.add_space(size::VIEW_MARGIN - 12.0);
        super::overview::title(ui, name);
        let listed = snapshot.map(|snapshot| &snapshot.listed);
        let names = match listed.and_then(Remote::value) {
            Some(Listed::Names(names)) => Some(names),
            _ => None,
        };
        ui.label(RichText::new(summary(listed, names)).color(tokens.weak));
        ui.add_space(2.0 * size::GRID);
        let again = Action::Send(Command::ListPlace {
            place: place.clone(),
        });
        if let Some(error) = listed.and_then(Remote::error) {
            error_box(ui, error, Some(again.clone()), actions);
            ui.add_space(2.0 * size::GRID);
        }
        let (Some(names), Some(snapshot)) = (names, snapshot) else {
            return;
        };
        if names.is_empty() {
            if matches!(listed, Some(Remote::Ready(_))) {
                let hint = "Whoever pushed to it has given no tag, or all were deleted.";
                let headline = "This repository has no tags";
                if empty_state(ui, icons::TAGS, headline, hint, Some("List again")) {
                    actions.push(again);
                }
            }
            return;
        }
        table(ui, state, place, name, names, snapshot, now, actions);
    });
}

/// `1,204 tags`, with a word while there may be more.
fn summary(listed: Option<&Remote<Listed>>, names: Option<&Arc<[Arc<str>]>>) -> String {
    let so_far = names.map(|names| count(names.len(), "tag", "tags"));
    match (listed, so_far) {
        (Some(Remote::Ready(_)), Some(all)) => all,
        (Some(Remote::Failed { .. }), Some(some)) => format!("{some}; there may be more"),
        (Some(Remote::Failed { .. }), None) => String::new(),
        (_, Some(some)) => format!("{some} so far…"),
        (_, None) => "Listing the tags…".to_owned(),
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of one table")]
fn table(
    ui: &mut Ui,
    state: &mut RepositoryState,
    place: &Place,
    name: &str,
    names: &Arc<[Arc<str>]>,
    snapshot: &PlaceSnapshot,
    now: Timestamp,
    actions: &mut Actions,
) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        search(ui, FILTER, &mut state.filter, 240.0);
        order_choice(ui, state);
        copy_all(ui, name, actions);
    });
    let wish = Wish {
        names: Arc::clone(names),
        filter: state.filter.clone(),
        by: state.by,
        descending: !state.ascending,
        facts: (state.by == By::Date).then(|| Arc::clone(&snapshot.facts)),
    };
    let sort = state.sort();
    let Some(rows) = state.order.rows(ui.ctx(), wish) else {
        return;
    };
    let rows = &rows.tags;
    if !state.filter.trim().is_empty() || state.by == By::Date {
        let mut words = format!(
            "{} of {}",
            number_words(rows.len()),
            number_words(names.len())
        );
        if state.by == By::Date {
            let dated = snapshot.facts.values().filter(|facts| {
                let known = facts.value();
                known.is_some_and(|facts| facts.created.is_some())
            });
            words.push_str(&format!(
                ", the dates of {} are known",
                number_words(dated.count())
            ));
        }
        ui.label(RichText::new(words).color(tokens.weak));
    }
    ui.add_space(size::GRID);
    if rows.is_empty() {
        let hint = format!("No tag says {:?}.", state.filter);
        if empty_state(
            ui,
            icons::SEARCH_X,
            "Nothing found",
            &hint,
            Some("Clear the filter"),
        ) {
            state.filter.clear();
        }
        return;
    }
    let repository: Option<RegistryReference> = name.parse().ok();
    let columns = columns(ui, rows);
    let touched = Table::new("Tags", &columns, rows.len())
        .sort(sort)
        .selected(state.marked.filter(|at| *at < rows.len()))
        .scrolls()
        .show(ui, |row| {
            let tag = &rows[row.index];
            draw(row, tag, snapshot.facts.get(tag), now);
            menu(row, repository.as_ref(), tag, snapshot, actions);
        });
    let sorted = touched.sorted;
    state.marked = touched.selected.or(state.marked);
    let opened = touched.clicked.or(touched.opened);
    if let Some(tag) = opened.and_then(|row| rows.get(row))
        && let Some(reference) = reference(repository.as_ref(), tag)
    {
        actions.push(Action::Open(reference));
    }
    let wanted = if state.by == By::Date && names.len() <= ALL_DATES {
        names.to_vec()
    } else {
        let end = (touched.visible.end + AHEAD).min(rows.len());
        rows[touched.visible.start.min(end)..end].to_vec()
    };
    let grows = matches!(snapshot.listed, Remote::Pending { .. });
    if state.asked != wanted && !(grows && state.is_new(ui, &wanted)) {
        state.asked.clone_from(&wanted);
        actions.push(Action::Send(Command::WantTags {
            place: place.clone(),
            tags: wanted,
        }));
    }
    if let Some(sort) = sorted {
        state.sort_by_head(sort);
    }
}

/// The button at the right that copies all of them, where there is room for it: the menu has it
/// too.
fn copy_all(ui: &mut Ui, name: &str, actions: &mut Actions) {
    let words = "Copy all tags…";
    if ui.available_width() < text::width(ui.painter(), words) + 4.0 * size::GRID {
        return;
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if ui.button(words).clicked() {
            actions.push(Action::AskCopyTags {
                source: format!("docker://{name}"),
                target: None,
            });
        }
    });
}

/// What the tags are ordered by; what is chosen already turns round.
fn order_choice(ui: &mut Ui, state: &mut RepositoryState) {
    let tokens = Tokens::of(ui);
    ui.label(RichText::new("Order").color(tokens.weak));
    for by in By::ALL {
        let chosen = state.by == by;
        let arrow = match (chosen, state.ascending) {
            (false, _) => "",
            (true, true) => icons::ARROW_UP,
            (true, false) => icons::ARROW_DOWN,
        };
        let button = Button::selectable(chosen, format!("{} {arrow}", by.name()));
        let response = ui.add(button);
        response.widget_info(|| {
            egui::WidgetInfo::selected(egui::Role::RadioButton, true, chosen, by.name())
        });
        if response.clicked() {
            state.order_by(by);
        }
    }
}

impl RepositoryState {
    /// Whether these rows are seen for a short time only; asks for a frame when they are not
    /// any more.
    fn is_new(&mut self, ui: &Ui, wanted: &[Arc<str>]) -> bool {
        let now = ui.input(|input| input.time);
        if self.seen.0 != wanted {
            self.seen = (wanted.to_vec(), now);
        }
        let left = self.seen.1 + SETTLED - now;
        if left > 0.0 {
            ui.ctx().request_repaint_after_secs(left as f32);
        }
        left > 0.0
    }

    /// Orders by this; what is chosen already turns round.
    fn order_by(&mut self, by: By) {
        self.ascending = match by == self.by {
            true => !self.ascending,
            false => !by.begins_descending(),
        };
        self.by = by;
    }

    /// What the heads of the columns say of the order.
    fn sort(&self) -> Option<Sort> {
        let column = match self.by {
            By::Listed => return None,
            By::Name | By::Version => TAG,
            By::Date => DATE,
        };
        Some(Sort {
            column,
            descending: !self.ascending,
        })
    }

    /// The head of a column was clicked; nothing for the one that it is ordered by.
    fn sort_by_head(&mut self, sort: Option<Sort>) {
        self.order_by(match sort.map(|sort| sort.column) {
            Some(DATE) => By::Date,
            Some(_) if self.by != By::Name => By::Version,
            _ => self.by,
        });
    }
}

/// The columns, the first as wide as the longest name wants, where the others leave room.
fn columns(ui: &Ui, rows: &[Arc<str>]) -> [Column; 5] {
    let longest = rows
        .iter()
        .take(MEASURED)
        .map(|tag| tag.chars().count())
        .max();
    let wanted = longest.unwrap_or_default() as f32 * CHARACTER;
    let mut columns = COLUMNS;
    let least = wanted.min(ui.available_width() - OTHERS).max(LEAST);
    columns[TAG] = Column::wide("Tag", least, SHARE).sorts();
    columns
}

fn draw(row: &mut RowUi<'_>, tag: &str, facts: Option<&Remote<Arc<TagFacts>>>, now: Timestamp) {
    let words = crate::model::text::visible(tag);
    if let Some(cell) = row.cell(TAG) {
        let shown = fit_middle(row.ui.painter(), &words, &text::body(), cell.width());
        row.words(TAG, &shown);
        if shown != *words {
            row.hint(TAG, &words);
        }
    }
    match facts {
        Some(Remote::Failed { error, .. }) => {
            row.colored(PLATFORMS, "could not be read", row.tokens.rejected);
            row.hint(PLATFORMS, &error.headline);
            row.name(format!("Open {words}: {}", error.headline));
        }
        Some(Remote::Ready(facts)) if let Some(limit) = &facts.spared => {
            let why = format!("{limit}: only the digest was asked for. Open it to read it.");
            row.weak(PLATFORMS, "not read");
            row.hint(PLATFORMS, &why);
            row.digest(DIGEST, &facts.digest, true);
            let digest = facts.digest.short();
            row.name(format!("Open {words}, {digest}, not read: {limit}"));
        }
        Some(Remote::Ready(facts)) => {
            let platforms: Vec<_> = facts.platforms.iter().map(platform_label).collect();
            let platforms = match (platforms.is_empty(), facts.media_type.short_name()) {
                (false, _) => platforms.join(", "),
                (true, Some(kind)) => kind.to_owned(),
                (true, None) => facts.media_type.to_string(),
            };
            row.weak(PLATFORMS, &platforms);
            row.hint(PLATFORMS, &platforms);
            row.words(SIZE, &facts.size.map_or_else(|| "–".to_owned(), size_text));
            if let Some(created) = &facts.created {
                let built = Date::read(created);
                row.weak(DATE, &built.relative(now));
                row.hint(DATE, &built.exact());
            }
            row.digest(DIGEST, &facts.digest, true);
            row.name(format!(
                "Open {words}, {}, {platforms}",
                facts.digest.short()
            ));
        }
        _ => {
            for column in [PLATFORMS, SIZE, DATE, DIGEST] {
                row.pending(column);
            }
            row.name(format!("Open {words}"));
        }
    }
}

fn menu(
    row: &RowUi<'_>,
    repository: Option<&RegistryReference>,
    tag: &str,
    snapshot: &PlaceSnapshot,
    actions: &mut Actions,
) {
    row.response.context_menu(|ui| {
        let Some(whole) = reference(repository, tag) else {
            return;
        };
        if item(ui, "Open") {
            actions.push(Action::Open(whole.clone()));
        }
        let tagged = repository.and_then(|repository| repository.at_tag(tag).ok());
        let Some(tagged) = tagged.map(Reference::Registry) else {
            return;
        };
        let facts = snapshot.facts.get(tag).and_then(Remote::value);
        let digest = facts.map(|facts| &facts.digest);
        ImageMenu::of(&whole)
            .with_digest(&tagged, digest)
            .show(ui, actions);
        ui.separator();
        if item(ui, "Delete…") {
            actions.push(Action::AskDelete {
                reference: tagged,
                digest: digest.cloned(),
            });
        }
    });
}

fn reference(repository: Option<&RegistryReference>, tag: &str) -> Option<String> {
    let reference = repository?.at_tag(tag).ok()?;
    Some(format!("docker://{reference}"))
}
