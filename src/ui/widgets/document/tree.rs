//! A JSON text as a tree that can be folded and walked through.

use std::ops::Range;

use egui::text::{LayoutJob, TextWrapping};
use egui::{Align, Align2, Color32, Key, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::model::Digest;
use crate::model::json_outline::{Kind, Node, Outline};
use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons};
use crate::ui::widgets::{focus_ring, text};

use super::area::{self, Area, Part};
use super::folds::{Folds, TreeRow};
use super::lines_ui::{column_width, gutter};
use super::pieces::{self, Found};
use super::{Known, copy_value};

/// Height of a row in points.
const HEIGHT: f32 = 20.0;

/// How far what lies in something else is moved, in points.
const INDENT: f32 = 16.0;

/// Most bytes of a value that are laid out.
const VALUE: usize = 600;

/// A tree before it is drawn.
pub(super) struct Tree<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) outline: &'a Outline,
    pub(super) folds: &'a mut Folds,
    pub(super) selected: &'a mut Option<usize>,
    pub(super) found: Option<Found<'a>>,
    pub(super) known: &'a dyn Fn(&Digest) -> Option<Known>,
    pub(super) scrolls: bool,
    /// The row to scroll to in this frame.
    pub(super) reveal: Option<usize>,
}

/// What one visible row is drawn with.
struct RowPlace {
    rect: Rect,
    gutter: f32,
}

impl Tree<'_> {
    /// Draws the visible rows. Gives the value to copy the path of, where that was asked.
    pub(super) fn show(mut self, ui: &mut Ui, actions: &mut Actions) {
        let gutter = gutter(self.outline.lines() as usize, column_width(ui));
        let area = Area {
            name: "Document tree",
            role: Role::Tree,
            rows: self.folds.len(),
            row_height: HEIGHT,
            width: 0.0,
            scrolls: self.scrolls,
            reveal: self.reveal,
        };
        let mut toggled = None;
        area.show(ui, |part| {
            toggled = self.keys(part, actions);
            for position in part.visible.clone() {
                let place = RowPlace {
                    rect: part.row(position),
                    gutter,
                };
                let toggle = self.row(part, position, &place, actions);
                toggled = toggled.or(toggle);
            }
        });
        if let Some(node) = toggled {
            self.folds.toggle(self.outline, node);
            ui.ctx().request_repaint();
        }
    }

    /// Draws a row; gives the value that is to be folded or unfolded.
    fn row(
        &mut self,
        part: &mut Part<'_>,
        position: usize,
        place: &RowPlace,
        actions: &mut Actions,
    ) -> Option<usize> {
        let row = self.folds.row(position)?;
        let tokens = Tokens::of(part.ui);
        let (at, closes) = match row {
            TreeRow::Value(at) => (at, false),
            TreeRow::Close(at) => (at, true),
        };
        let node = self.outline.nodes()[at];
        let id = part.response.id.with((at, closes));
        let response = part.ui.interact(place.rect, id, Sense::CLICK);
        let selected = *self.selected == Some(at) && !closes;
        if selected {
            part.ui
                .painter()
                .rect_filled(place.rect, 2.0, tokens.selection);
            if part.response.has_focus() {
                focus_ring(part.ui, place.rect);
            }
        } else if response.hovered() {
            part.ui.painter().rect_filled(place.rect, 2.0, tokens.hover);
        }

        let line = if closes {
            node.last_line()
        } else {
            node.line()
        };
        let number = pos2(
            place.rect.left() + place.gutter - 12.0,
            place.rect.center().y,
        );
        part.ui.painter().text(
            number,
            Align2::RIGHT_CENTER,
            line.to_string(),
            text::mono(),
            tokens.faint,
        );
        let room = place.rect.width() * 0.4;
        let indent = (node.depth() as f32 * INDENT).min(room);
        let mut words = place.rect;
        words.set_left(place.rect.left() + place.gutter + indent + 16.0);
        let job = self.job(&node, at, closes, words.width(), tokens);
        let name = job.text.clone();
        let galley = part.ui.painter().layout_job(job);
        text::paint(part.ui.painter(), words, galley, Align::Min);

        let mut toggled = None;
        if !closes && node.children() > 0 {
            let spot = Rect::from_center_size(
                pos2(words.left() - 9.0, place.rect.center().y),
                vec2(16.0, HEIGHT),
            );
            if self.fold_button(part.ui, &response, spot, at, &name) {
                toggled = Some(at);
            }
        }
        if response.clicked() || response.secondary_clicked() {
            *self.selected = Some(at);
            part.response.request_focus();
        }
        if response.double_clicked() && node.children() > 0 {
            toggled = Some(at);
        }
        response.widget_info(|| WidgetInfo::selected(Role::TreeItem, true, selected, &name));
        part.ui.ctx().accesskit_node_builder(response.id, |built| {
            built.set_level(node.depth() + 1);
            if !closes && node.children() > 0 {
                built.set_expanded(!self.folds.is_closed(at));
            }
        });
        self.menu(&response, at, actions);
        toggled
    }

    fn fold_button(&self, ui: &Ui, row: &Response, spot: Rect, at: usize, name: &str) -> bool {
        let closed = self.folds.is_closed(at);
        let response = ui.interact(spot, row.id.with("fold"), Sense::CLICK);
        let tokens = Tokens::of(ui);
        let color = if response.hovered() {
            tokens.text
        } else {
            tokens.faint
        };
        let icon = if closed {
            icons::CHEVRON_RIGHT
        } else {
            icons::CHEVRON_DOWN
        };
        let font = egui::FontId::new(12.0, egui::FontFamily::Proportional);
        ui.painter()
            .text(spot.center(), Align2::CENTER_CENTER, icon, font, color);
        response.widget_info(|| {
            let word = if closed { "Unfold" } else { "Fold" };
            WidgetInfo::labeled(Role::DisclosureTriangle, true, format!("{word} {name}"))
        });
        response.clicked()
    }

    /// The words of a row: key, value or bracket, comma.
    fn job(&self, node: &Node, at: usize, closes: bool, width: f32, tokens: &Tokens) -> LayoutJob {
        let font = text::mono();
        let mut job = LayoutJob {
            wrap: TextWrapping::truncate_at_width(width),
            break_on_newline: false,
            ..LayoutJob::default()
        };
        let plain = tokens.weak;
        let (open, close) = match node.kind() {
            Kind::Object => ("{", "}"),
            _ => ("[", "]"),
        };
        let comma = if self.is_last(node, at) { "" } else { "," };
        if closes {
            pieces::words(&mut job, close, &font, plain);
            pieces::words(&mut job, comma, &font, plain);
            return job;
        }
        if let Some(key) = node.key_span() {
            let color = tokens.syntax_key;
            self.append(&mut job, key, color, tokens);
            pieces::words(&mut job, ": ", &font, plain);
        }
        if node.is_container() {
            pieces::words(&mut job, open, &font, plain);
            if node.children() == 0 {
                pieces::words(&mut job, close, &font, plain);
                pieces::words(&mut job, comma, &font, plain);
            } else if self.folds.is_closed(at) {
                let word = match (node.kind(), node.children()) {
                    (Kind::Object, 1) => "entry",
                    (Kind::Object, _) => "entries",
                    (_, 1) => "item",
                    _ => "items",
                };
                let inside = format!(" {} {word} ", node.children());
                pieces::words(&mut job, &inside, &font, tokens.faint);
                pieces::words(&mut job, close, &font, plain);
                pieces::words(&mut job, comma, &font, plain);
            }
        } else {
            let color = match node.kind() {
                Kind::String => tokens.syntax_text,
                _ => tokens.syntax_number,
            };
            self.append(&mut job, node.span(), color, tokens);
            pieces::words(&mut job, comma, &font, plain);
        }
        job
    }

    /// Appends a key or value; of a very long one the part around the place that was
    /// found, or else its beginning.
    fn append(&self, job: &mut LayoutJob, span: Range<usize>, color: Color32, tokens: &Tokens) {
        let font = text::mono();
        let mut shown = span.clone();
        if span.len() > VALUE {
            let gone_to = self
                .found
                .and_then(|found| found.matches.get(found.current))
                .filter(|place| span.contains(&place.start) && place.end > span.start + 60);
            if let Some(place) = gone_to {
                shown.start = self.boundary(place.start.saturating_sub(40).max(span.start));
            }
            shown.end = self.boundary((shown.start + VALUE).min(span.end));
        }
        if shown.start > span.start {
            pieces::words(job, "…", &font, tokens.faint);
        }
        pieces::append(
            job,
            self.bytes,
            shown.clone(),
            &font,
            color,
            self.found,
            tokens,
        );
        if shown.end < span.end {
            let size = crate::model::text::size(span.len() as u64);
            pieces::words(job, &format!("… {size}"), &font, tokens.faint);
        }
    }

    /// The beginning of the character that the byte at `offset` is in.
    fn boundary(&self, offset: usize) -> usize {
        (0..=offset)
            .rev()
            .find(|at| self.bytes.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80))
            .unwrap_or(offset)
    }

    /// Whether nothing stands behind the value in what it lies in.
    fn is_last(&self, node: &Node, at: usize) -> bool {
        let parent = node.parent().map(|parent| self.outline.nodes()[parent]);
        let own_end = self.outline.nodes()[at].after();
        parent.is_none_or(|parent| parent.after() == own_end)
    }

    fn menu(&self, response: &Response, at: usize, actions: &mut Actions) {
        let node = self.outline.nodes()[at];
        let known = || {
            let short = node.kind() == Kind::String && node.span().len() < 160;
            let digest = short
                .then(|| node.value(self.bytes).parse().ok())
                .flatten()?;
            (self.known)(&digest)
        };
        if response.hovered()
            && let Some(known) = known()
        {
            response.clone().on_hover_text(&known.what);
        }
        response.context_menu(|ui| {
            if ui.button("Copy value").clicked() {
                copy_value(self.bytes, &node, actions);
            }
            if ui.button("Copy JSON path").clicked() {
                actions.push(Action::Copy {
                    text: self.outline.path(self.bytes, at),
                    what: "JSON path".to_owned(),
                });
            }
            if let Some(Known {
                what,
                action: Some(action),
            }) = known()
            {
                ui.separator();
                let words = format!("Show {what}");
                if ui.button(words).clicked() {
                    actions.push(action);
                }
            }
        });
    }

    /// What the keyboard selects and folds.
    fn keys(&mut self, part: &Part<'_>, actions: &mut Actions) -> Option<usize> {
        if !part.response.has_focus() {
            return None;
        }
        let ui = &*part.ui;
        let pressed = |key| area::pressed(ui, key);
        let at = *self.selected;
        let row = at.map(|at| self.folds.position(at));
        let last = self.folds.len().saturating_sub(1);
        let target = if pressed(Key::ArrowDown) {
            Some(row.map_or(0, |row| row + 1))
        } else if pressed(Key::ArrowUp) {
            Some(row.map_or(0, |row| row.saturating_sub(1)))
        } else if pressed(Key::PageDown) {
            Some(row.map_or(0, |row| row + part.page()))
        } else if pressed(Key::PageUp) {
            Some(row.map_or(0, |row| row.saturating_sub(part.page())))
        } else if pressed(Key::Home) {
            Some(0)
        } else if pressed(Key::End) {
            Some(last)
        } else {
            None
        };
        if let Some(target) = target {
            let up = row.is_some_and(|row| target < row);
            self.go_to(ui, part, target.min(last), up);
            return None;
        }
        let at = at?;
        let node = self.outline.nodes()[at];
        if ui.input(|input| input.events.contains(&egui::Event::Copy)) {
            copy_value(self.bytes, &node, actions);
        }
        let open = node.children() > 0 && !self.folds.is_closed(at);
        if pressed(Key::ArrowRight) && node.children() > 0 && !open {
            return Some(at);
        }
        if pressed(Key::ArrowLeft) {
            if open {
                return Some(at);
            }
            if let Some(parent) = node.parent() {
                let row = self.folds.position(parent);
                self.go_to(ui, part, row, true);
            }
        }
        let enter = pressed(Key::Enter) || pressed(Key::Space);
        (enter && node.children() > 0).then_some(at)
    }

    /// Selects the value in `row`, or the next one where a bracket is closed there.
    fn go_to(&mut self, ui: &Ui, part: &Part<'_>, row: usize, up: bool) {
        let mut row = row;
        loop {
            match self.folds.row(row) {
                Some(TreeRow::Value(at)) => {
                    *self.selected = Some(at);
                    ui.scroll_to_rect(part.row(row), None);
                    return;
                }
                Some(TreeRow::Close(_)) if up => row = row.saturating_sub(1),
                Some(TreeRow::Close(_)) => row += 1,
                None => return,
            }
        }
    }
}
