//! The exact text of a document, a line a row, long lines broken or cut.

use egui::text::LayoutJob;
use egui::{Align, Align2, Color32, Rect, Role, Ui, pos2};

use crate::layer::colors::{Colors, Token};
use crate::model::text::size;
use crate::ui::theme::Tokens;
use crate::ui::widgets::text;

use super::area::{self, Area};
use super::lines::{Lines, Row};
use super::pieces::{self, Found};

/// Height of a row in points.
const HEIGHT: f32 = 18.0;

/// A text before it is drawn.
pub(super) struct LinesUi<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) lines: &'a Lines,
    pub(super) colors: Option<&'a Colors>,
    pub(super) found: Option<Found<'a>>,
    pub(super) wrap: bool,
    pub(super) scrolls: bool,
    /// The row to scroll to in this frame.
    pub(super) reveal: Option<usize>,
}

/// The colour of a part of a text.
fn color(token: Token, tokens: &Tokens) -> Color32 {
    match token {
        Token::Comment => tokens.weak,
        Token::Text => tokens.syntax_text,
        Token::Number => tokens.syntax_number,
        Token::Keyword => tokens.syntax_keyword,
        Token::Name => tokens.syntax_key,
    }
}

/// Width of the line numbers of a text with this many lines, in points.
pub(super) fn gutter(lines: usize, column: f32) -> f32 {
    let digits = lines.max(1).ilog10() as f32 + 1.0;
    digits.max(2.0) * column + 16.0
}

/// Width of a monospaced character in points.
pub(super) fn column_width(ui: &Ui) -> f32 {
    ui.fonts_mut(|fonts| fonts.glyph_width(&text::mono(), '0'))
        .max(1.0)
}

impl LinesUi<'_> {
    /// Draws the visible rows.
    pub(super) fn show(self, ui: &mut Ui) {
        let tokens = Tokens::of(ui);
        let column = column_width(ui);
        let rows = self.lines.rows();
        let last = rows.iter().rev().find(|row| row.line > 0);
        let gutter = gutter(last.map_or(1, |row| row.line as usize), column);
        let note = usize::from(self.lines.left_out() > 0);
        let area = Area {
            name: "Text",
            role: Role::Document,
            rows: rows.len() + note,
            row_height: HEIGHT,
            width: if self.wrap {
                0.0
            } else {
                gutter + (self.lines.columns() as f32 + 8.0) * column
            },
            scrolls: self.scrolls,
            reveal: self.reveal,
        };
        area.show(ui, |part| {
            part.scroll_by_keys();
            for position in part.visible.clone() {
                let mut rect = part.row(position);
                let painter = part.ui.painter();
                let Some(row) = rows.get(position) else {
                    let left = size(self.lines.left_out() as u64);
                    let words = format!("{left} more are not shown; copy the document for all");
                    let galley =
                        text::one_line(painter, words, text::body(), tokens.caution, rect.width());
                    text::paint(painter, rect, galley, Align::Min);
                    continue;
                };
                if row.line > 0 {
                    let at = pos2(rect.left() + gutter - 16.0, rect.center().y);
                    let number = row.line.to_string();
                    painter.text(at, Align2::RIGHT_CENTER, number, text::mono(), tokens.faint);
                }
                rect.set_left(rect.left() + gutter);
                self.row(part.ui, rect, position, row);
            }
        });
    }

    fn row(&self, ui: &Ui, rect: Rect, position: usize, row: &Row) {
        let tokens = Tokens::of(ui);
        let font = text::mono();
        let mut job = LayoutJob::default();
        let parts = match self.colors {
            Some(colors) => colors.within(row.span()),
            None => vec![(row.span(), None)],
        };
        for (span, token) in parts {
            let color = token.map_or(tokens.text, |token| color(token, tokens));
            pieces::append(&mut job, self.bytes, span, &font, color, self.found, tokens);
        }
        if row.cut {
            pieces::words(&mut job, " …", &font, tokens.faint);
        }
        let words = job.text.clone();
        let galley = ui.painter().layout_job(job);
        text::paint(ui.painter(), rect, galley, Align::Min);
        area::say(ui, rect, position, words);
    }
}
