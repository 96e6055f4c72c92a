//! The files that differ, and how one of them does.

use std::sync::Arc;

use egui::{Align, Layout, RichText, Ui, UiBuilder};

use crate::diff::{FileChange, FileState};
use crate::engine::{Command, CompareRequest, ComparedFile, ComparedFiles, Remote};
use crate::layer::EntryKind;
use crate::model::text::size as size_text;
use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons, size, strong};
use crate::ui::views::{page, pending};
use crate::ui::widgets::document::DiffState;
use crate::ui::widgets::table::{Column, RowUi, Table};
use crate::ui::widgets::{
    Background, Look, Row, empty_state, error_box, icon_button, link, search, text,
};

use super::{Shown, again};

const CHANGE: usize = 0;
const PATH: usize = 1;
const BEFORE: usize = 2;
const AFTER: usize = 3;

const COLUMNS: [Column; 4] = [
    Column::new("Change", 86.0),
    Column::wide("Path", 180.0, 1.0),
    Column::new("Before", 76.0).right(),
    Column::new("After", 76.0).right(),
];

/// From this width of the view on the details stand beside the list, in points.
const WIDE: f32 = 760.0;

/// Width of the names of what differs, in points.
const NAMES: f32 = 84.0;

/// What is kept between frames.
#[derive(Debug, Default)]
pub(super) struct FilesState {
    filter: String,
    /// Positions of the changes that are shown.
    order: Background<Vec<u32>>,
    made_for: Option<(usize, String)>,
    /// The path of what is selected.
    selected: Option<Vec<u8>>,
    asked: Option<Vec<u8>>,
    diff: DiffState,
}

/// Draws it into all the space there is.
pub(super) fn show(ui: &mut Ui, state: &mut FilesState, shown: &Shown<'_>, actions: &mut Actions) {
    let files = match &shown.snapshot.files {
        Remote::Ready(files) => files,
        Remote::Failed { error, .. } => {
            let action = again(shown.id, shown.request);
            return error_box(ui, error, Some(action), actions);
        }
        _ => return pending::rows(ui, 8, 300.0),
    };
    notes(ui, shown, files, actions);
    if files.changes.is_empty() {
        let hint = "Nothing was added, removed or changed; times are not compared.";
        empty_state(ui, icons::FILES, "The files are the same", hint, None);
        return;
    }
    state.lay_out(ui.ctx(), files);
    head(ui, state, files);
    let selected = state.selected.as_deref();
    let change = selected.and_then(|path| files.changes.iter().find(|c| c.path == path));
    let area = ui.available_rect_before_wrap();
    let (list, detail) = match change {
        None => (area, None),
        Some(_) if area.width() >= WIDE => {
            let (left, right) = area.split_left_right_at_fraction(0.5);
            let left = left.with_max_x(left.right() - page::GAP / 2.0);
            (left, Some(right.with_min_x(right.left() + page::GAP / 2.0)))
        }
        Some(_) => {
            let (above, below) = area.split_top_bottom_at_fraction(0.45);
            (above, Some(below.with_min_y(below.top() + 8.0)))
        }
    };
    ui.scope_builder(UiBuilder::new().id_salt("changes").max_rect(list), |ui| {
        table(ui, state, files);
    });
    if let (Some(rect), Some(change)) = (detail, change) {
        ui.scope_builder(UiBuilder::new().id_salt("change").max_rect(rect), |ui| {
            details(ui, state, change, shown, actions);
        });
    }
}

/// What could not be compared, and what would help.
fn notes(ui: &mut Ui, shown: &Shown<'_>, files: &ComparedFiles, actions: &mut Actions) {
    let tokens = Tokens::of(ui);
    for note in &files.notes {
        let words = format!("{}  {}", icons::INFO, text::line(note));
        ui.add(egui::Label::new(RichText::new(words).color(tokens.caution)).wrap());
        ui.add_space(2.0);
    }
    if files.left_out > 0 && !shown.request.fetch_shared {
        if link(ui, "Fetch the layers that both have").clicked() {
            let request = CompareRequest {
                fetch_shared: true,
                ..shown.request.clone()
            };
            actions.push(again(shown.id, &request));
        }
        ui.add_space(size::GRID);
    }
}

fn head(ui: &mut Ui, state: &mut FilesState, files: &ComparedFiles) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        let width = (ui.available_width() * 0.35).clamp(120.0, 320.0);
        search(ui, "Find a file", &mut state.filter, width);
        let counts = files.counts;
        // layers may lie about sizes
        let by = u64::try_from(counts.grown.unsigned_abs()).unwrap_or(u64::MAX);
        let grown = if counts.grown < 0 {
            format!("{} less", size_text(by))
        } else {
            format!("{} more", size_text(by))
        };
        let words = format!(
            "{} added, {} removed, {} changed, {grown}",
            text::number_words(counts.added),
            text::number_words(counts.removed),
            text::number_words(counts.changed)
        );
        ui.label(RichText::new(words).color(tokens.weak));
    });
    ui.add_space(size::GRID);
}

fn table(ui: &mut Ui, state: &mut FilesState, files: &ComparedFiles) {
    let Some(order) = state.order.get() else {
        return;
    };
    if order.is_empty() {
        empty_state(
            ui,
            icons::FUNNEL_X,
            "No file is called that",
            "Another part of a path, or none, shows others.",
            None,
        );
        return;
    }
    let at = |row: usize| {
        let position = order.get(row)?;
        files.changes.get(*position as usize)
    };
    let selected = state.selected.as_deref();
    let row = selected.and_then(|path| {
        (0..order.len()).find(|row| at(*row).is_some_and(|change| change.path == path))
    });
    let touched = Table::new("Files that differ", &COLUMNS, order.len())
        .selected(row)
        .scrolls()
        .show(ui, |row| {
            if let Some(change) = at(row.index) {
                line(row, change);
            }
        });
    if let Some(change) = touched.selected.and_then(at) {
        state.selected = Some(change.path.clone());
    }
}

fn line(row: &mut RowUi<'_>, change: &FileChange) {
    let (icon, word, color) = sign(row.tokens, change);
    row.colored(CHANGE, &format!("{icon} {word}"), color);
    let path = shown_path(&change.path);
    row.mono(PATH, &path);
    for (column, state) in [(BEFORE, &change.before), (AFTER, &change.after)] {
        if let Some(state) = state.as_ref().filter(|s| s.kind == EntryKind::File) {
            row.words(column, &size_text(state.size));
        }
    }
    row.name(format!("{path}, {word}"));
}

fn sign(tokens: &Tokens, change: &FileChange) -> (&'static str, &'static str, egui::Color32) {
    match (&change.before, &change.after) {
        (None, _) => (icons::PLUS, "added", tokens.accepted),
        (_, None) => (icons::MINUS, "removed", tokens.rejected),
        _ if change.is_content() => (icons::PENCIL, "changed", tokens.caution),
        _ => (icons::PENCIL, "metadata", tokens.caution),
    }
}

fn shown_path(path: &[u8]) -> String {
    text::line(&String::from_utf8_lossy(path)).into_owned()
}

/// How one file differs.
fn details(
    ui: &mut Ui,
    state: &mut FilesState,
    change: &FileChange,
    shown: &Shown<'_>,
    actions: &mut Actions,
) {
    let mut closed = false;
    ui.horizontal(|ui| {
        let room = (ui.available_width() - 40.0).max(80.0);
        ui.scope(|ui| {
            ui.set_max_width(room);
            ui.add(egui::Label::new(strong(shown_path(&change.path))).truncate());
        });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            closed = icon_button(ui, icons::X, "Close the details").clicked();
        });
    });
    facts(ui, change, actions);
    ui.add_space(size::GRID);
    let file = |state: &Option<FileState>| {
        let state = state.as_ref();
        state.is_some_and(|state| state.kind == EntryKind::File)
    };
    if change.is_content() && (file(&change.before) || file(&change.after)) {
        if state.asked.as_deref() != Some(&change.path[..]) {
            state.asked = Some(change.path.clone());
            actions.push(Action::Send(Command::ShowCompared {
                comparison: shown.id,
                path: change.path.clone(),
            }));
        }
        let read = shown.snapshot.shown.as_deref();
        match read.filter(|read| read.path == change.path) {
            Some(read) => content(ui, &mut state.diff, read, actions),
            None => pending::rows(ui, 4, 200.0),
        }
    }
    if closed {
        state.selected = None;
    }
}

/// What is said about the file, where that differs.
fn facts(ui: &mut Ui, change: &FileChange, actions: &mut Actions) {
    let before = change.before.as_ref().map(said);
    let after = change.after.as_ref().map(said);
    let Some(names) = before.as_ref().or(after.as_ref()) else {
        return;
    };
    for (position, (name, _)) in names.iter().enumerate() {
        let value = |all: &Option<Vec<(&str, String)>>| {
            let value = all.as_ref().and_then(|all| all.get(position));
            value.map_or_else(String::new, |(_, value)| value.clone())
        };
        let (before, after) = (value(&before), value(&after));
        if before == after {
            continue;
        }
        let words = match (&change.before, &change.after) {
            (Some(_), Some(_)) => format!("{before} → {after}"),
            (Some(_), None) => before,
            _ => after,
        };
        Row::new(*name, &words)
            .name_width(NAMES)
            .look(Look::Mono)
            .show(ui, actions);
    }
}

/// Everything that is said about a file, always in the same order.
fn said(state: &FileState) -> Vec<(&'static str, String)> {
    let mut said = vec![
        ("Type", state.kind.name().to_owned()),
        ("Size", text::bytes(state.size)),
    ];
    said.extend(state.metadata());
    let link = state.link.as_deref().unwrap_or_default();
    said.push(("Leads to", String::from_utf8_lossy(link).into_owned()));
    let digest = state.digest.as_ref();
    let digest = digest.map_or_else(String::new, |digest| digest.short());
    said.push(("Digest", digest));
    said
}

fn content(ui: &mut Ui, diff: &mut DiffState, read: &ComparedFile, actions: &mut Actions) {
    let tokens = Tokens::of(ui);
    let say = |ui: &mut Ui, words: &str| {
        ui.label(RichText::new(words).color(tokens.weak));
    };
    match &read.content {
        Remote::Failed { error, .. } => error_box(ui, error, None, actions),
        Remote::Ready(content) => match (&content.diff, &content.before, &content.after) {
            (Some(lines), _, _) if lines.is_empty() => say(ui, "The content is the same."),
            (Some(lines), _, _) => diff.show(ui, lines),
            (None, Some(_), Some(_)) => say(ui, "One of the two is not text."),
            (None, None, None) => say(ui, "It is no regular file in either image."),
            _ => say(ui, "It is a regular file in one image only."),
        },
        _ => pending::rows(ui, 4, 200.0),
    }
}

impl FilesState {
    /// Filters anew where that is due; long lists by a thread.
    fn lay_out(&mut self, ctx: &egui::Context, files: &Arc<ComparedFiles>) {
        let key = (
            Arc::as_ptr(files) as usize,
            self.filter.trim().to_lowercase(),
        );
        if self.made_for.as_ref() != Some(&key) {
            let filter = key.1.clone();
            self.made_for = Some(key);
            self.asked = None;
            let changes = Arc::clone(&files.changes);
            let bytes = changes.len() * 100;
            self.order.start(ctx, bytes, move || {
                let has = |change: &FileChange| {
                    let path = String::from_utf8_lossy(&change.path);
                    filter.is_empty() || path.to_lowercase().contains(&filter)
                };
                let positions = 0..changes.len() as u32;
                positions
                    .filter(|position| has(&changes[*position as usize]))
                    .collect()
            });
        }
        self.order.poll();
    }
}
