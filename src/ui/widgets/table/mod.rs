//! A table: rows of one height of which only the visible ones are drawn, columns that can
//! be sorted, a row that is selected by mouse or keyboard, and names for a screen reader.

mod columns;
mod row;

use std::ops::Range;

use egui::accesskit::SortDirection;
use egui::{
    Align, EventFilter, Key, Modifiers, Rangef, Rect, Response, Role, ScrollArea, Sense, Stroke,
    Ui, WidgetInfo, vec2,
};

use crate::ui::theme::{Tokens, icons, size};

use super::text;

pub use columns::{Column, Width};
pub use row::RowUi;

/// By which column rows are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sort {
    /// Position among the columns.
    pub column: usize,
    pub descending: bool,
}

/// A table before it is drawn.
pub struct Table<'a> {
    name: &'a str,
    columns: &'a [Column],
    rows: usize,
    selected: Option<usize>,
    sort: Option<Sort>,
    scrolls: bool,
    folds: bool,
    reveal: Option<usize>,
}

/// What happened in a table.
pub struct Touched {
    /// The rows that were drawn.
    pub visible: Range<usize>,
    /// The row that was clicked or gone to with the keyboard.
    pub selected: Option<usize>,
    /// The row that was clicked.
    pub clicked: Option<usize>,
    /// The row that was double-clicked or on which Enter was pressed.
    pub opened: Option<usize>,
    /// Whether what is selected is to be opened (true) or closed by the keyboard.
    pub fold: Option<bool>,
    /// The new order, where the head of a column was clicked; nothing in it for the order
    /// that the rows have by themselves.
    pub sorted: Option<Option<Sort>>,
}

/// A column that is shown, and where.
type Shown = (usize, Rangef);

impl<'a> Table<'a> {
    /// A table of `rows` rows; `name` is its accessible name.
    pub fn new(name: &'a str, columns: &'a [Column], rows: usize) -> Self {
        Self {
            name,
            columns,
            rows,
            selected: None,
            sort: None,
            scrolls: false,
            folds: false,
            reveal: None,
        }
    }

    /// The row that is selected.
    #[must_use]
    pub fn selected(mut self, row: Option<usize>) -> Self {
        self.selected = row;
        self
    }

    /// How the rows are sorted now.
    #[must_use]
    pub fn sort(mut self, sort: Option<Sort>) -> Self {
        self.sort = sort;
        self
    }

    /// Takes all the height there is and scrolls under its head. Without this it is as
    /// high as its rows and scrolls with what it lies in.
    #[must_use]
    pub fn scrolls(mut self) -> Self {
        self.scrolls = true;
        self
    }

    /// The arrows to the left and right close and open what is selected.
    #[must_use]
    pub fn folds(mut self) -> Self {
        self.folds = true;
        self
    }

    /// Scrolls to this row in this frame.
    #[must_use]
    pub fn reveal(mut self, row: Option<usize>) -> Self {
        self.reveal = row;
        self
    }

    /// Draws it; `row` is called for each visible row.
    pub fn show(self, ui: &mut Ui, mut row: impl FnMut(&mut RowUi<'_>)) -> Touched {
        let shown = columns::place(self.columns, ui.available_width());
        ui.push_id(self.name, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let sorted = self.head(ui, &shown);
            let mut touched = if self.scrolls {
                ScrollArea::vertical()
                    .auto_shrink(false)
                    .show(ui, |ui| self.body(ui, &shown, &mut row))
                    .inner
            } else {
                self.body(ui, &shown, &mut row)
            };
            touched.sorted = sorted;
            touched
        })
        .inner
    }

    fn head(&self, ui: &mut Ui, shown: &[Shown]) -> Option<Option<Sort>> {
        let tokens = Tokens::of(ui);
        let (rect, _) =
            ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::hover());
        let line = Stroke::new(1.0, tokens.border);
        ui.painter()
            .hline(rect.x_range(), rect.bottom() - 0.5, line);
        let mut sorted = None;
        for (position, span) in shown {
            let column = &self.columns[*position];
            if column.name.is_empty() {
                continue;
            }
            let cell = Rect::from_x_y_ranges(
                rect.left() + span.min..=rect.left() + span.max,
                rect.y_range(),
            );
            let sense = if column.sorts {
                Sense::click()
            } else {
                Sense::hover()
            };
            let response = ui.interact(cell, ui.scope_id().with(("head", position)), sense);
            let by = self.sort.filter(|sort| sort.column == *position);
            head_cell(ui, &response, column, by);
            if response.clicked() {
                sorted = Some(next_sort(*position, by));
            }
        }
        sorted
    }

    fn body(&self, ui: &mut Ui, shown: &[Shown], row: &mut dyn FnMut(&mut RowUi<'_>)) -> Touched {
        let width = ui.available_width();
        let height = self.rows as f32 * size::ROW;
        let (_, rect) = ui.allocate_space(vec2(width, height));
        // by its name and not by what was drawn before it: the keyboard stays in the table
        // when something above it comes or goes
        let id = ui.scope_id().with("rows");
        let table = ui.interact(rect, id, Sense::focusable_noninteractive());
        table.widget_info(|| WidgetInfo::labeled(Role::Table, ui.is_enabled(), self.name));

        let clip = ui.clip_rect();
        // a million rows are more points than a small float tells apart
        let row_at = |y: f32| (f64::from(y) - f64::from(rect.top())) / f64::from(size::ROW);
        let from = row_at(clip.top()).floor().max(0.0) as usize;
        let to = row_at(clip.bottom()).ceil().max(0.0) as usize;
        let visible = from.min(self.rows)..to.min(self.rows);

        let page = (visible.len().saturating_sub(2)).max(1);
        let (by_key, mut opened) = self.keys(ui, &table, page);
        let fold = self.fold_key(ui, &table);
        let mut selected = by_key;
        let mut clicked = None;
        if let Some(reveal) = by_key.or(self.reveal) {
            ui.scroll_to_rect(row_rect(rect, reveal), None);
        }
        for index in visible.clone() {
            let row_rect = row_rect(rect, index);
            let response = ui.interact(row_rect, table.id.with(index), Sense::CLICK);
            if response.clicked() || response.secondary_clicked() {
                table.request_focus();
                selected = Some(index);
            }
            if response.clicked() {
                clicked = Some(index);
            }
            if response.double_clicked() {
                opened = Some(index);
            }
            let is_selected = self.selected == Some(index);
            let mut drawn = RowUi::begin(ui, index, response, shown, self.columns, is_selected);
            row(&mut drawn);
            drawn.end();
            if is_selected && table.has_focus() {
                super::focus_ring(ui, row_rect);
            }
        }
        if table.has_focus() && self.selected.is_none() {
            super::focus_ring(ui, rect.intersect(clip));
        }
        Touched {
            visible,
            selected,
            clicked,
            opened,
            fold,
            sorted: None,
        }
    }

    /// Whether the keyboard opens or closes what is selected.
    fn fold_key(&self, ui: &Ui, table: &Response) -> Option<bool> {
        if !self.folds || !has_keyboard(ui, table) {
            return None;
        }
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        if pressed(Key::ArrowRight) {
            Some(true)
        } else {
            pressed(Key::ArrowLeft).then_some(false)
        }
    }

    /// What the keyboard selects, and what it opens.
    fn keys(&self, ui: &Ui, table: &Response, page: usize) -> (Option<usize>, Option<usize>) {
        if !has_keyboard(ui, table) || self.rows == 0 {
            return (None, None);
        }
        let filter = EventFilter {
            vertical_arrows: true,
            horizontal_arrows: self.folds,
            ..EventFilter::default()
        };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(table.id, filter));
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let last = self.rows - 1;
        let at = self.selected;
        let selected = if pressed(Key::ArrowDown) {
            Some(at.map_or(0, |row| row + 1))
        } else if pressed(Key::ArrowUp) {
            Some(at.map_or(last, |row| row.saturating_sub(1)))
        } else if pressed(Key::PageDown) {
            Some(at.map_or(page, |row| row + page))
        } else if pressed(Key::PageUp) {
            Some(at.map_or(0, |row| row.saturating_sub(page)))
        } else if pressed(Key::Home) {
            Some(0)
        } else if pressed(Key::End) {
            Some(last)
        } else {
            None
        };
        let opened = if pressed(Key::Enter) { at } else { None };
        (selected.map(|row| row.min(last)), opened)
    }
}

/// Whether keys are the table's. A response says no where the desktop does not tell that the
/// window has the focus; whatever key arrives all the same is for it.
fn has_keyboard(ui: &Ui, table: &Response) -> bool {
    ui.memory(|memory| memory.has_focus(table.id))
}

fn row_rect(body: Rect, row: usize) -> Rect {
    // next to the window this is a small number again, and exact
    let top = (f64::from(body.top()) + row as f64 * f64::from(size::ROW)) as f32;
    Rect::from_x_y_ranges(body.x_range(), top..=top + size::ROW)
}

/// Up, down, and back to the order that the rows have by themselves.
fn next_sort(column: usize, by: Option<Sort>) -> Option<Sort> {
    match by {
        None => Some(Sort {
            column,
            descending: false,
        }),
        Some(sort) if !sort.descending => Some(Sort {
            column,
            descending: true,
        }),
        Some(_) => None,
    }
}

fn head_cell(ui: &Ui, response: &Response, column: &Column, by: Option<Sort>) {
    let tokens = Tokens::of(ui);
    let hot = response.hovered() && column.sorts;
    let color = if by.is_some() || hot {
        tokens.text
    } else {
        tokens.faint
    };
    let arrow = by.map(|sort| {
        if sort.descending {
            icons::CHEVRON_DOWN
        } else {
            icons::CHEVRON_UP
        }
    });
    let words = match (arrow, column.align) {
        (None, _) => column.name.to_owned(),
        (Some(arrow), Align::Max) => format!("{arrow} {}", column.name),
        (Some(arrow), _) => format!("{} {arrow}", column.name),
    };
    let galley = text::one_line(
        ui.painter(),
        words,
        text::small(),
        color,
        response.rect.width(),
    );
    text::paint(ui.painter(), response.rect, galley, column.align);
    if response.has_focus() {
        super::focus_ring(ui, response.rect);
    }
    response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, ui.is_enabled(), column.name));
    if let Some(sort) = by {
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_sort_direction(if sort.descending {
                SortDirection::Descending
            } else {
                SortDirection::Ascending
            });
        });
    }
    if !column.hint.is_empty() || column.sorts {
        response.clone().on_hover_ui(|ui| {
            if !column.hint.is_empty() {
                ui.label(column.hint);
            }
            if column.sorts {
                ui.weak("Click to sort");
            }
        });
    }
}
