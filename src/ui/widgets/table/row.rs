//! One visible row of a table: what a view paints its cells with.

use egui::{Align, Color32, FontId, Rect, Response, Role, Ui, WidgetInfo, vec2};

use crate::model::Digest;
use crate::ui::theme::Tokens;
use crate::ui::widgets::{Status, digest_tooltip, row_line, skeleton, text};

use super::{Column, Shown};

/// A row while it is drawn. Columns are named by their position; what belongs to a column
/// that has no room is left out.
pub struct RowUi<'a> {
    /// Position of the row.
    pub index: usize,
    pub ui: &'a mut Ui,
    /// For menus and hover.
    pub response: Response,
    pub tokens: &'static Tokens,
    shown: &'a [Shown],
    columns: &'a [Column],
    selected: bool,
    name: String,
    indent: f32,
    faint: bool,
}

impl<'a> RowUi<'a> {
    pub(super) fn begin(
        ui: &'a mut Ui,
        index: usize,
        response: Response,
        shown: &'a [Shown],
        columns: &'a [Column],
        selected: bool,
    ) -> Self {
        let tokens = Tokens::of(ui);
        let behind = if selected {
            Some(tokens.selection)
        } else if response.hovered() {
            Some(tokens.hover)
        } else {
            None
        };
        if let Some(color) = behind {
            ui.painter().rect_filled(response.rect, 0.0, color);
        }
        row_line(ui, response.rect);
        Self {
            index,
            ui,
            response,
            tokens,
            shown,
            columns,
            selected,
            name: String::new(),
            indent: 0.0,
            faint: false,
        }
    }

    pub(super) fn end(self) {
        let Self {
            ui,
            response,
            selected,
            name,
            ..
        } = self;
        response.widget_info(|| WidgetInfo::selected(Role::Row, ui.is_enabled(), selected, &name));
    }

    /// The accessible name: what the row says, in one line.
    pub fn name(&mut self, name: String) {
        self.name = name;
    }

    /// Paints what follows as something that matters less.
    pub fn faint(&mut self) {
        self.faint = true;
    }

    /// Moves the cells of the first column with a name to the right, for what lies in
    /// something else.
    pub fn indent(&mut self, depth: usize) {
        self.indent = depth as f32 * 16.0;
    }

    /// The cell of this row in `column`, where that is shown.
    pub fn cell(&self, column: usize) -> Option<Rect> {
        let (_, span) = self.shown.iter().find(|(at, _)| *at == column)?;
        let row = self.response.rect;
        let mut cell = Rect::from_x_y_ranges(
            row.left() + span.min..=row.left() + span.max,
            row.top()..=row.bottom() - 1.0,
        );
        let first = self.columns.iter().position(|c| !c.name.is_empty());
        if first == Some(column) {
            cell.set_left((cell.left() + self.indent).min(cell.right()));
        }
        Some(cell)
    }

    /// Words in the colour of text.
    pub fn words(&mut self, column: usize, words: &str) {
        self.paint(column, words, text::body(), self.tokens.text);
    }

    /// Words that matter less.
    pub fn weak(&mut self, column: usize, words: &str) {
        self.paint(column, words, text::body(), self.tokens.weak);
    }

    /// Monospaced text.
    pub fn mono(&mut self, column: usize, words: &str) {
        self.paint(column, words, text::mono(), self.tokens.text);
    }

    /// Monospaced text that matters less.
    pub fn mono_weak(&mut self, column: usize, words: &str) {
        self.paint(column, words, text::mono(), self.tokens.weak);
    }

    /// Words in a colour that means something.
    pub fn colored(&mut self, column: usize, words: &str, color: Color32) {
        self.paint(column, words, text::body(), color);
    }

    /// A digest, short; whole on hover.
    pub fn digest(&mut self, column: usize, digest: &Digest, verified: bool) {
        self.paint(column, &digest.short(), text::mono(), self.tokens.weak);
        if self.over(column) {
            digest_tooltip(&self.response, digest, verified);
        }
    }

    /// A digest that an image claims, which need not be one.
    pub fn claimed_digest(&mut self, column: usize, claimed: &str) {
        match claimed.parse() {
            Ok(digest) => self.digest(column, &digest, false),
            Err(_) => self.paint(
                column,
                &text::line(claimed),
                text::mono(),
                self.tokens.caution,
            ),
        }
    }

    /// An icon and a word with a meaning.
    pub fn status(&mut self, column: usize, status: &Status) {
        // what is right is said by the icon; the word need not shout from every row
        let calm = status.color == self.tokens.accepted;
        let color = if calm { self.tokens.weak } else { status.color };
        self.paint(column, status.icon, text::body(), status.color);
        if let Some(mut cell) = self.cell(column) {
            cell.set_left(cell.left() + 22.0);
            self.paint_in(column, cell, &status.word, text::body(), color);
        }
        self.hint(column, &status.meaning);
    }

    /// A dot in `color`.
    pub fn dot(&mut self, column: usize, color: Color32) {
        if let Some(cell) = self.cell(column) {
            let at = cell.left_center() + vec2(7.0, 0.0);
            self.ui.painter().circle_filled(at, 3.5, color);
        }
    }

    /// Space for what is still on its way.
    pub fn pending(&mut self, column: usize) {
        if let Some(cell) = self.cell(column) {
            let size = vec2((cell.width() * 0.7).min(64.0), 10.0);
            let bar = match self.columns[column].align {
                Align::Max => Rect::from_min_size(cell.right_center() - vec2(size.x, 5.0), size),
                _ => Rect::from_min_size(cell.left_center() - vec2(0.0, 5.0), size),
            };
            skeleton::paint(self.ui, bar);
        }
    }

    /// More about a cell, on hover.
    pub fn hint(&mut self, column: usize, words: &str) {
        if !words.is_empty() && self.over(column) {
            self.response.clone().on_hover_text(words);
        }
    }

    /// Whether the pointer is over the cell.
    pub fn over(&self, column: usize) -> bool {
        self.response.hovered()
            && self
                .cell(column)
                .is_some_and(|cell| self.ui.rect_contains_pointer(cell))
    }

    fn paint(&mut self, column: usize, words: &str, font: FontId, color: Color32) {
        if let Some(cell) = self.cell(column) {
            self.paint_in(column, cell, words, font, color);
        }
    }

    fn paint_in(&mut self, column: usize, cell: Rect, words: &str, font: FontId, color: Color32) {
        let color = if self.faint { self.tokens.faint } else { color };
        let painter = self.ui.painter();
        let galley = text::one_line(painter, words, font, color, cell.width());
        let elided = galley.elided;
        text::paint(painter, cell, galley, self.columns[column].align);
        if elided {
            self.hint(column, words);
        }
    }
}
