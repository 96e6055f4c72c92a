//! A document: its exact bytes as a coloured tree or as they are, searched and copied.
//!
//! A document of many megabytes is read by a thread of its own, once; a frame lays out
//! only the rows that are seen.

mod area;
mod diff;
mod find;
mod folds;
mod hex;
mod lines;
mod lines_ui;
mod pieces;
mod toolbar;
mod tree;

use std::sync::Arc;

use bytes::Bytes;
use egui::{RichText, Ui};

use crate::layer::colors::Colors;
use crate::model::json_outline::{Node, Outline, OutlineError};
use crate::model::{Digest, RawDocument};
use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons};

pub use diff::DiffState;

use super::background::Background;
use find::Matches;
use folds::Folds;
use lines::Lines;
use lines_ui::LinesUi;
use pieces::Found;
use tree::Tree;

/// How a document is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Each value on its own line, to be folded.
    #[default]
    Tree,
    /// The text as it is; what is no text as hexadecimal.
    Bytes,
}

/// What is known of a digest that a document mentions.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// What it is the digest of: `linux/amd64, manifest, 1.2 KB`.
    pub what: String,
    /// What shows it.
    pub action: Option<Action>,
}

/// What is kept of one document between frames.
#[derive(Debug)]
pub struct DocumentState {
    /// Nothing where the bytes are a part, or were not compared with one.
    digest: Option<Digest>,
    bytes: Bytes,
    mode: Mode,
    prepared: Background<Prepared>,
    folds: Option<Folds>,
    /// The value that is selected in the tree.
    selected: Option<usize>,
    /// The way to it, made once.
    path: Option<(usize, String)>,
    wrap: bool,
    lines: Background<Lines>,
    colors: Option<Arc<Colors>>,
    /// After how many columns `lines` are broken, and those of what is being made.
    columns: Option<Option<usize>>,
    query: String,
    matches: Background<Matches>,
    /// What `matches` were looked for with.
    searched: String,
    current: usize,
    /// Whether the current match is to be scrolled to.
    go: bool,
}

/// What is found out about the bytes once.
#[derive(Debug)]
struct Prepared {
    outline: Result<Outline, OutlineError>,
    is_text: bool,
}

impl DocumentState {
    /// Nothing folded, found or selected.
    pub fn new(raw: &RawDocument) -> Self {
        Self {
            digest: Some(raw.digest().clone()),
            ..Self::of_bytes(raw.bytes().clone(), Mode::Tree)
        }
    }

    /// The same for bytes that are no document of an image, such as those of a file in it.
    pub fn of_bytes(bytes: Bytes, mode: Mode) -> Self {
        Self {
            digest: None,
            bytes,
            mode,
            prepared: Background::default(),
            folds: None,
            selected: None,
            path: None,
            wrap: true,
            lines: Background::default(),
            colors: None,
            columns: None,
            query: String::new(),
            matches: Background::default(),
            searched: String::new(),
            current: 0,
            go: false,
        }
    }

    /// The same with colours for the parts of its text.
    pub fn set_colors(&mut self, colors: Option<Arc<Colors>>) {
        self.colors = colors;
    }

    /// The document that this is about.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Draws the document with its toolbar into all the space there is. `picker` draws
    /// what stands first in the toolbar.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        known: &dyn Fn(&Digest) -> Option<Known>,
        actions: &mut Actions,
        picker: impl FnOnce(&mut Ui, &mut Actions),
    ) {
        self.prepare(ui.ctx());
        toolbar::show(self, ui, actions, picker);
        self.search(ui.ctx());
        ui.add_space(4.0);
        if self.shows_tree() {
            let path_bar = 30.0;
            let height = (ui.available_height() - path_bar).max(40.0);
            let size = egui::vec2(ui.available_width(), height);
            ui.allocate_ui_with_layout(size, *ui.layout(), |ui| {
                ui.set_min_height(height);
                self.tree(ui, known, true, actions);
            });
            toolbar::path_bar(self, ui, actions);
        } else {
            self.body(ui, true);
        }
    }

    /// Draws only the rows of the document, as high as they are, into a page that scrolls.
    pub fn show_inline(
        &mut self,
        ui: &mut Ui,
        known: &dyn Fn(&Digest) -> Option<Known>,
        actions: &mut Actions,
    ) {
        self.prepare(ui.ctx());
        if self.shows_tree() {
            self.tree(ui, known, false, actions);
        } else {
            self.body(ui, false);
        }
    }

    fn prepare(&mut self, ctx: &egui::Context) {
        let idle = self.prepared.poll().is_none() && !self.prepared.is_running();
        if idle {
            let bytes = self.bytes.clone();
            self.prepared.start(ctx, bytes.len(), move || Prepared {
                outline: Outline::read(&bytes),
                is_text: std::str::from_utf8(&bytes).is_ok(),
            });
            self.prepared.poll();
        }
        if self.folds.is_none()
            && let Some(Ok(outline)) = self.prepared.get().map(|p| &p.outline)
        {
            self.folds = Some(Folds::new(outline));
        }
    }

    /// Why there is no tree; nothing while that is not known.
    fn no_tree(&self) -> Option<OutlineError> {
        self.prepared.get()?.outline.as_ref().err().copied()
    }

    /// Whether there is a tree of it, or may be one for all that is known yet.
    fn may_be_json(&self) -> bool {
        match self.prepared.get() {
            Some(prepared) => prepared.outline.is_ok(),
            None => self.mode == Mode::Tree,
        }
    }

    fn shows_tree(&self) -> bool {
        self.mode == Mode::Tree && self.no_tree().is_none()
    }

    fn is_text(&self) -> bool {
        self.prepared.get().is_some_and(|p| p.is_text)
    }

    /// Looks for what is in the field, where that has changed, and goes to the match that
    /// is due.
    fn search(&mut self, ctx: &egui::Context) {
        if self.query != self.searched {
            self.searched.clone_from(&self.query);
            self.current = 0;
            if self.query.is_empty() {
                self.matches.clear();
            } else {
                let bytes = self.bytes.clone();
                let query = self.query.clone();
                self.matches
                    .start(ctx, bytes.len(), move || Matches::find(&bytes, &query));
            }
            self.go = true;
        }
        self.matches.poll();
    }

    fn found(&self) -> Option<Found<'_>> {
        let matches = self.matches.get()?;
        Some(Found {
            matches,
            current: self.current,
        })
    }

    /// The byte that is to be scrolled to in this frame.
    fn due(&mut self) -> Option<usize> {
        if !self.go || self.matches.is_running() {
            return None;
        }
        self.go = false;
        Some(self.matches.get()?.get(self.current)?.start)
    }

    fn tree(
        &mut self,
        ui: &mut Ui,
        known: &dyn Fn(&Digest) -> Option<Known>,
        scrolls: bool,
        actions: &mut Actions,
    ) {
        let due = self.due();
        let (Some(Ok(outline)), Some(folds)) = (
            self.prepared.get().map(|p| p.outline.as_ref()),
            self.folds.as_mut(),
        ) else {
            reading(ui);
            return;
        };
        let mut reveal = None;
        if let Some(offset) = due {
            let node = outline.at(offset);
            self.selected = Some(node);
            reveal = Some(folds.reveal(outline, node));
        }
        let found = self.matches.get().map(|matches| Found {
            matches,
            current: self.current,
        });
        let tree = Tree {
            bytes: &self.bytes,
            outline,
            folds,
            selected: &mut self.selected,
            found,
            known,
            scrolls,
            reveal,
        };
        tree.show(ui, actions);
    }

    fn body(&mut self, ui: &mut Ui, scrolls: bool) {
        if self.prepared.get().is_none() {
            reading(ui);
            return;
        }
        let tokens = Tokens::of(ui);
        // a page that the document is a part of has said what is wrong with it
        if let (true, Mode::Tree, Some(problem)) = (scrolls, self.mode, self.no_tree()) {
            let words = format!("{}  Shown as it is: {problem}", icons::TRIANGLE_ALERT);
            ui.label(RichText::new(words).color(tokens.caution));
        }
        if !self.is_text() {
            hex::show(ui, &self.bytes, scrolls);
            return;
        }
        self.lay_out(ui);
        let due = self.due();
        let Some(lines) = self.lines.get() else {
            reading(ui);
            return;
        };
        LinesUi {
            bytes: &self.bytes,
            lines,
            colors: self.colors.as_deref(),
            found: self.found(),
            wrap: self.wrap,
            scrolls,
            reveal: due.map(|offset| lines.at(offset)),
        }
        .show(ui);
    }

    /// Breaks the lines anew where the width has changed.
    fn lay_out(&mut self, ui: &Ui) {
        let columns = self.wrap.then(|| {
            let column = lines_ui::column_width(ui);
            let gutter = lines_ui::gutter(self.bytes.len() / 20, column);
            let room = ((ui.available_width() - gutter - 12.0) / column).max(8.0) as usize;
            // in steps, so that dragging a splitter does not break all lines anew each frame
            (room / 4 * 4).max(8)
        });
        if self.columns != Some(columns) {
            self.columns = Some(columns);
            let bytes = self.bytes.clone();
            self.lines.start(ui.ctx(), bytes.len(), move || {
                // only asked for where it is text
                Lines::new(std::str::from_utf8(&bytes).unwrap_or_default(), columns)
            });
            self.go |= self.matches.get().is_some_and(|found| found.len() > 0);
        }
        self.lines.poll();
    }

    /// The way to the value that is selected, as jq writes it.
    fn selected_path(&mut self) -> Option<&str> {
        let at = self.selected?;
        let outline = self.prepared.get()?.outline.as_ref().ok()?;
        if self.path.as_ref().is_none_or(|(of, _)| *of != at) {
            self.path = Some((at, outline.path(&self.bytes, at)));
        }
        self.path.as_ref().map(|(_, path)| path.as_str())
    }
}

/// Draws bytes as hexadecimal digits, with the ASCII characters among them.
pub fn hex(ui: &mut Ui, bytes: &[u8]) {
    hex::show(ui, bytes, true);
}

fn reading(ui: &mut Ui) {
    let tokens = Tokens::of(ui);
    ui.label(RichText::new("Reading…").color(tokens.weak));
}

/// Copies what a value says: the text of a string, of anything else the exact bytes.
fn copy_value(bytes: &[u8], node: &Node, actions: &mut Actions) {
    actions.push(Action::Copy {
        text: node.value(bytes),
        what: "value".to_owned(),
    });
}
