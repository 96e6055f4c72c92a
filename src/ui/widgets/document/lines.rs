//! The lines of a text as it is, broken where they are longer than the window is wide.

use crate::model::text::is_hidden;

/// Most rows of a text that are shown.
const ROWS: usize = 1_000_000;

/// Most columns of a line that is not broken.
const COLUMNS: usize = 4_000;

/// The rows of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    rows: Vec<Row>,
    /// The longest row, in columns.
    columns: usize,
    /// How many bytes are not shown, past the largest number of rows.
    left_out: usize,
}

/// A part of a line. Offsets are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    start: u32,
    end: u32,
    /// The line it begins, counted from 1; 0 where it goes on with one.
    pub(super) line: u32,
    /// Whether the line is longer than what is shown of it.
    pub(super) cut: bool,
}

impl Row {
    /// The bytes of the row, without the line feed.
    pub(super) const fn span(&self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Lines {
    /// The rows of `text`. Lines are broken after `wrap` columns; without it they are cut
    /// after [`COLUMNS`].
    pub(super) fn new(text: &str, wrap: Option<usize>) -> Self {
        let limit = wrap.unwrap_or(COLUMNS).max(8);
        let mut lines = Self {
            rows: Vec::new(),
            columns: 0,
            left_out: 0,
        };
        let mut start = 0;
        for (number, line) in text.split_inclusive('\n').enumerate() {
            if lines.rows.len() >= ROWS {
                lines.left_out = text.len() - start;
                break;
            }
            let shown = line.strip_suffix('\n').unwrap_or(line);
            lines.line(shown, start, number + 1, limit, wrap.is_some());
            start += line.len();
        }
        lines
    }

    fn line(&mut self, line: &str, start: usize, number: usize, limit: usize, wrap: bool) {
        let mut number = short(number);
        let mut begun = 0;
        let mut columns = 0;
        for (at, c) in line.char_indices() {
            let width = columns_of(c);
            if columns + width > limit && at > begun {
                self.push(start + begun, start + at, number, columns, !wrap);
                if !wrap || self.rows.len() >= ROWS {
                    return;
                }
                begun = at;
                columns = 0;
                number = 0;
            }
            columns += width;
        }
        self.push(start + begun, start + line.len(), number, columns, false);
    }

    fn push(&mut self, start: usize, end: usize, line: u32, columns: usize, cut: bool) {
        self.columns = self.columns.max(columns);
        self.rows.push(Row {
            start: short(start),
            end: short(end),
            line,
            cut,
        });
    }

    /// The rows from the top.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The longest row, in columns.
    pub(super) const fn columns(&self) -> usize {
        self.columns
    }

    /// How many bytes are not shown.
    pub(super) const fn left_out(&self) -> usize {
        self.left_out
    }

    /// The row that the byte at `offset` is in.
    pub(super) fn at(&self, offset: usize) -> usize {
        let begun = self
            .rows
            .partition_point(|row| row.start as usize <= offset);
        begun.saturating_sub(1)
    }
}

/// How many columns a character takes once it was made visible.
fn columns_of(c: char) -> usize {
    match c {
        '\n' | '\r' | '\t' => 2,
        c if is_hidden(c) => 4 + (u32::from(c).max(1).ilog2() as usize) / 4 + 1,
        _ => 1,
    }
}

/// An offset or number; documents are below `u32::MAX` bytes.
fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::visible;

    fn shown<'a>(text: &'a str, lines: &Lines) -> Vec<(&'a str, u32)> {
        let rows = lines.rows().iter();
        rows.map(|row| (&text[row.span()], row.line)).collect()
    }

    #[test]
    fn long_lines_are_broken_and_nothing_is_lost() {
        let text = "{\n  \"häuser\": 1234567890\n}\n\nend";
        let lines = Lines::new(text, Some(10));
        assert_eq!(
            shown(text, &lines),
            [
                ("{", 1),
                ("  \"häuser\"", 2),
                (": 12345678", 0),
                ("90", 0),
                ("}", 3),
                ("", 4),
                ("end", 5),
            ]
        );
        assert_eq!(lines.columns(), 10);
        for offset in [0, 2, 13, 20] {
            let row = lines.rows()[lines.at(offset)];
            assert!(row.span().contains(&offset) || row.span().end == offset);
        }
    }

    #[test]
    fn without_breaking_a_long_line_is_cut() {
        let text = format!("{}\nshort", "x".repeat(COLUMNS + 1));
        let lines = Lines::new(&text, None);
        assert_eq!(lines.rows().len(), 2);
        assert!(lines.rows()[0].cut);
        assert_eq!(lines.rows()[0].span().len(), COLUMNS);
        assert!(!lines.rows()[1].cut);
    }

    #[test]
    fn hidden_characters_take_the_room_of_what_stands_for_them() {
        for c in [
            '\0',
            '\u{7f}',
            '\r',
            '\t',
            '\u{202e}',
            '\u{e0001}',
            'x',
            'ä',
        ] {
            let text = c.to_string();
            assert_eq!(columns_of(c), visible(&text).chars().count(), "{c:?}");
        }
    }

    #[test]
    fn rows_are_bounded() {
        let text = "\n".repeat(ROWS + 5);
        let lines = Lines::new(&text, Some(80));
        assert_eq!(lines.rows().len(), ROWS);
        assert_eq!(lines.left_out(), 5);
    }
}
