//! The columns of a table, and how they share its width.

use egui::{Align, Rangef};

/// Space between columns, in points.
const GAP: f32 = 12.0;

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// The word over it; nothing for a column of dots.
    pub name: &'static str,
    pub width: Width,
    pub align: Align,
    pub sorts: bool,
    /// It is left out where the table is narrower than this, in points.
    pub from_width: f32,
    /// What it means, on hover.
    pub hint: &'static str,
}

/// How wide a column is, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Width {
    Exact(f32),
    /// A share of what the others leave, and never less than `least`.
    Share {
        least: f32,
        weight: f32,
    },
}

impl Column {
    /// A column that is aligned to the left.
    pub const fn new(name: &'static str, width: f32) -> Self {
        Self {
            name,
            width: Width::Exact(width),
            align: Align::Min,
            sorts: false,
            from_width: 0.0,
            hint: "",
        }
    }

    /// A column that takes a share of what is left.
    pub const fn wide(name: &'static str, least: f32, weight: f32) -> Self {
        let mut column = Self::new(name, 0.0);
        column.width = Width::Share { least, weight };
        column
    }

    /// Aligned to the right, as numbers are.
    #[must_use]
    pub const fn right(mut self) -> Self {
        self.align = Align::Max;
        self
    }

    /// Rows can be sorted by it.
    #[must_use]
    pub const fn sorts(mut self) -> Self {
        self.sorts = true;
        self
    }

    /// Rows can be sorted by it where `yes`.
    #[must_use]
    pub const fn sorts_if(mut self, yes: bool) -> Self {
        self.sorts = yes;
        self
    }

    /// Left out where the table is narrower than this.
    #[must_use]
    pub const fn from_width(mut self, width: f32) -> Self {
        self.from_width = width;
        self
    }

    /// What it means, on hover.
    #[must_use]
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }
}

/// The columns that are shown on `width`, and where each begins and ends.
pub(super) fn place(columns: &[Column], width: f32) -> Vec<(usize, Rangef)> {
    let shown = |column: &Column| width >= column.from_width;
    let mut fixed = 0.0;
    let mut weights = 0.0;
    let mut count = 0;
    for column in columns.iter().filter(|c| shown(c)) {
        count += 1;
        match column.width {
            Width::Exact(exact) => fixed += exact,
            Width::Share { least, weight } => {
                fixed += least;
                weights += weight;
            }
        }
    }
    let gaps = GAP * (count as f32 - 1.0).max(0.0);
    let rest = (width - fixed - gaps).max(0.0);
    let mut left = 0.0;
    let columns = columns.iter().enumerate().filter(|(_, c)| shown(c));
    columns
        .map(|(position, column)| {
            let own = match column.width {
                Width::Exact(exact) => exact,
                Width::Share { least, weight } => least + rest * weight / weights,
            };
            let span = Rangef::new(left, left + own);
            left += own + GAP;
            (position, span)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fill_the_width_and_leave_out_what_has_no_room() {
        let columns = [
            Column::new("", 16.0),
            Column::wide("Instruction", 100.0, 1.0),
            Column::new("Size", 80.0).right(),
            Column::new("Digest", 150.0).from_width(500.0),
        ];
        let wide = place(&columns, 800.0);
        assert_eq!(wide.len(), 4);
        assert_eq!(wide.last().map(|(_, span)| span.max), Some(800.0));
        let narrow = place(&columns, 400.0);
        assert_eq!(
            narrow.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
            [0, 1, 2]
        );
        assert_eq!(narrow.last().map(|(_, span)| span.max), Some(400.0));
        for pair in wide.windows(2) {
            assert_eq!(pair[0].1.max + GAP, pair[1].1.min);
        }
    }
}
