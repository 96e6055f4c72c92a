//! The difference of two texts, as `diff -u` writes it: with a sign before each line that
//! differs, not by colour alone.

use std::ops::Range;
use std::sync::Arc;

use egui::text::LayoutJob;
use egui::{Align, Role, Ui};

use crate::model::text::visible;
use crate::ui::theme::Tokens;
use crate::ui::widgets::text;

use super::area::{self, Area};
use super::pieces;

/// Height of a row in points.
const HEIGHT: f32 = 18.0;

/// Most characters of a line that are shown.
const CHARS: usize = 500;

/// Where the lines of a difference are.
#[derive(Debug, Default)]
pub struct DiffState {
    of: Option<Arc<str>>,
    lines: Vec<Range<usize>>,
}

impl DiffState {
    /// Draws the lines of `diff` into all the space there is.
    pub fn show(&mut self, ui: &mut Ui, diff: &Arc<str>) {
        if !self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, diff)) {
            self.of = Some(Arc::clone(diff));
            let start = diff.as_ptr() as usize;
            let lines = diff.lines().map(|line| {
                let from = line.as_ptr() as usize - start;
                from..from + line.len()
            });
            self.lines = lines.collect();
        }
        let tokens = Tokens::of(ui);
        let area = Area {
            name: "Changes",
            role: Role::Document,
            rows: self.lines.len(),
            row_height: HEIGHT,
            width: 0.0,
            scrolls: true,
            reveal: None,
        };
        area.show(ui, |part| {
            part.scroll_by_keys();
            for row in part.visible.clone() {
                let line = &diff[self.lines[row].clone()];
                let color = match line.as_bytes().first() {
                    Some(b'+') => tokens.accepted,
                    Some(b'-') => tokens.rejected,
                    Some(b'@') => tokens.faint,
                    _ => tokens.text,
                };
                let end = line
                    .char_indices()
                    .nth(CHARS)
                    .map_or(line.len(), |(at, _)| at);
                let words = visible(&line[..end].replace('\t', "    ")).into_owned();
                let mut job = LayoutJob::default();
                pieces::words(&mut job, &words, &text::mono(), color);
                let galley = part.ui.painter().layout_job(job);
                text::paint(part.ui.painter(), part.row(row), galley, Align::Min);
                area::say(part.ui, part.row(row), row, words);
            }
        });
    }
}
