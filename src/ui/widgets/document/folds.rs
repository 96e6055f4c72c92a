//! Which parts of a JSON text are folded, and the rows that are left.

use crate::model::json_outline::Outline;

/// Documents with more values than this begin with their deeper parts folded.
const OPEN_VALUES: usize = 4_000;

/// A row of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TreeRow {
    /// A value; of an object or array that is open its first line.
    Value(usize),
    /// The last line of an object or array that is open.
    Close(usize),
}

/// The folds of one document and the rows that follow from them.
#[derive(Clone, Debug)]
pub(super) struct Folds {
    closed: Vec<bool>,
    /// Twice the position of the value, and one more for `Close`.
    rows: Vec<u32>,
}

impl Folds {
    /// Everything open, or of a large document the upper two levels.
    pub(super) fn new(outline: &Outline) -> Self {
        let nodes = outline.nodes();
        let large = nodes.len() > OPEN_VALUES;
        let closed = nodes
            .iter()
            .map(|node| large && node.depth() >= 2 && node.is_container())
            .collect();
        let mut folds = Self {
            closed,
            rows: Vec::new(),
        };
        folds.lay_out(outline);
        folds
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The row at `position`.
    pub(super) fn row(&self, position: usize) -> Option<TreeRow> {
        let row = *self.rows.get(position)?;
        let node = (row / 2) as usize;
        Some(if row % 2 == 0 {
            TreeRow::Value(node)
        } else {
            TreeRow::Close(node)
        })
    }

    /// Whether the value is folded. One that holds nothing never is.
    pub(super) fn is_closed(&self, node: usize) -> bool {
        self.closed[node]
    }

    /// Folds or unfolds a value.
    pub(super) fn toggle(&mut self, outline: &Outline, node: usize) {
        if outline.nodes()[node].children() > 0 {
            self.closed[node] = !self.closed[node];
            self.lay_out(outline);
        }
    }

    /// Folds or unfolds every object and array but the outermost.
    pub(super) fn set_all(&mut self, outline: &Outline, closed: bool) {
        for (own, node) in self.closed.iter_mut().zip(outline.nodes()).skip(1) {
            *own = closed && node.children() > 0;
        }
        self.lay_out(outline);
    }

    /// Unfolds what hides the value, and gives its row.
    pub(super) fn reveal(&mut self, outline: &Outline, node: usize) -> usize {
        let mut changed = false;
        let mut at = outline.nodes()[node].parent();
        while let Some(parent) = at {
            changed |= std::mem::take(&mut self.closed[parent]);
            at = outline.nodes()[parent].parent();
        }
        if changed {
            self.lay_out(outline);
        }
        self.position(node)
    }

    /// The row of a value that is not hidden.
    pub(super) fn position(&self, node: usize) -> usize {
        // values come in their order; the closing rows between them do not, but each
        // stands behind all values in it
        let wanted = short(node) * 2;
        let mut low = 0;
        let mut high = self.rows.len();
        while low < high {
            let middle = usize::midpoint(low, high);
            let mut at = middle;
            while at < high && self.rows[at] % 2 == 1 {
                at += 1;
            }
            if at < high && self.rows[at] < wanted {
                low = at + 1;
            } else {
                high = middle;
            }
        }
        while self.rows.get(low).is_some_and(|row| row % 2 == 1) {
            low += 1;
        }
        low
    }

    fn lay_out(&mut self, outline: &Outline) {
        let nodes = outline.nodes();
        self.rows.clear();
        let mut open: Vec<usize> = Vec::new();
        let mut at = 0;
        while at < nodes.len() {
            while let Some(&container) = open.last() {
                if nodes[container].after() > at {
                    break;
                }
                self.rows.push(short(container) * 2 + 1);
                open.pop();
            }
            self.rows.push(short(at) * 2);
            let node = &nodes[at];
            if node.children() == 0 {
                at += 1;
            } else if self.closed[at] {
                at = node.after();
            } else {
                open.push(at);
                at += 1;
            }
        }
        while let Some(container) = open.pop() {
            self.rows.push(short(container) * 2 + 1);
        }
    }
}

/// A position; `limits::JSON_VALUES` is below half of `u32::MAX`.
fn short(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use TreeRow::{Close, Value};

    fn rows(folds: &Folds) -> Vec<TreeRow> {
        (0..folds.len()).filter_map(|at| folds.row(at)).collect()
    }

    #[test]
    fn folding_hides_what_is_inside() {
        let outline = Outline::read(br#"{"a":[1,{}],"b":{"c":[]}}"#).unwrap();
        // 0 the object, 1 a, 2 the 1, 3 {}, 4 b, 5 c
        let mut folds = Folds::new(&outline);
        let all = [
            Value(0),
            Value(1),
            Value(2),
            Value(3),
            Close(1),
            Value(4),
            Value(5),
            Close(4),
            Close(0),
        ];
        assert_eq!(rows(&folds), all);
        folds.toggle(&outline, 1);
        assert_eq!(
            rows(&folds),
            [Value(0), Value(1), Value(4), Value(5), Close(4), Close(0)]
        );
        // what is empty cannot be folded
        folds.toggle(&outline, 5);
        assert!(!folds.is_closed(5));
        assert_eq!(folds.reveal(&outline, 3), 3);
        assert_eq!(rows(&folds), all);
        folds.set_all(&outline, true);
        assert_eq!(rows(&folds), [Value(0), Value(1), Value(4), Close(0)]);
        folds.set_all(&outline, false);
        assert_eq!(rows(&folds), all);
    }

    #[test]
    fn every_value_is_found_in_its_row() {
        let text = r#"[[],[[1,2],[3,[4,[5]]]],{"a":{"b":{"c":[6]}}},7]"#;
        let outline = Outline::read(text.as_bytes()).unwrap();
        let mut folds = Folds::new(&outline);
        for node in 0..outline.nodes().len() {
            assert_eq!(folds.row(folds.position(node)), Some(Value(node)));
        }
        for node in (0..outline.nodes().len()).rev() {
            folds.set_all(&outline, true);
            let row = folds.reveal(&outline, node);
            assert_eq!(folds.row(row), Some(Value(node)));
        }
    }

    #[test]
    fn a_large_document_begins_folded() {
        let text = format!("[{}]", vec![r#"{"a":{"b":1}}"#; 3_000].join(","));
        let outline = Outline::read(text.as_bytes()).unwrap();
        let folds = Folds::new(&outline);
        // the array, each object with its folded "a", and the closing brackets
        assert_eq!(folds.len(), 1 + 3_000 * 3 + 1);
    }
}
