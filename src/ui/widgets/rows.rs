//! Rows of a name and a value with a thin line below, as under "Runs" and "Labels".

use std::borrow::Cow;

use egui::{Align, CursorIcon, Rect, Response, Role, Sense, Ui, WidgetInfo, vec2};

use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons, size};

use super::{button, text};

/// Most lines of one value.
const LINES: usize = 3;

/// Most lines of a value that is to be seen whole: a reference has no more.
const WHOLE: usize = 24;

/// How a value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Digests, paths, numbers that a machine reads.
    Mono,
    /// Words for people.
    Words,
    /// What is only said beside the main thing.
    Weak,
}

/// A row before it is drawn.
pub struct Row<'a> {
    name: Cow<'a, str>,
    /// The whole name, where `name` is a part of it.
    whole_name: Option<&'a str>,
    value: &'a str,
    /// What is copied, where it is not what is shown.
    copied: Option<&'a str>,
    look: Look,
    color: Option<egui::Color32>,
    hover: Option<Cow<'a, str>>,
    name_width: f32,
    lines: usize,
    open: Option<Action>,
}

impl<'a> Row<'a> {
    /// `name` and `value` as they are in the image; hidden characters are made visible.
    pub fn new(name: impl Into<Cow<'a, str>>, value: &'a str) -> Self {
        Self {
            name: name.into(),
            whole_name: None,
            value,
            copied: None,
            look: Look::Mono,
            color: None,
            hover: None,
            name_width: 176.0,
            lines: LINES,
            open: None,
        }
    }

    /// How the value is shown; monospaced without this.
    #[must_use]
    pub fn look(mut self, look: Look) -> Self {
        self.look = look;
        self
    }

    /// What is copied, where that is not what is shown.
    #[must_use]
    pub fn copies(mut self, value: &'a str) -> Self {
        self.copied = Some(value);
        self
    }

    /// A colour that means something, for the value.
    #[must_use]
    pub fn color(mut self, color: egui::Color32) -> Self {
        self.color = Some(color);
        self
    }

    /// More about the value, on hover.
    #[must_use]
    pub fn hover(mut self, hover: impl Into<Cow<'a, str>>) -> Self {
        self.hover = Some(hover.into());
        self
    }

    /// The whole name, for hover and for copying, where only a part is shown.
    #[must_use]
    pub fn whole_name(mut self, name: &'a str) -> Self {
        self.whole_name = Some(name);
        self
    }

    /// Width of the column of names, in points.
    #[must_use]
    pub fn name_width(mut self, width: f32) -> Self {
        self.name_width = width;
        self
    }

    /// Shows the value in as many lines as it needs.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.lines = WHOLE;
        self
    }

    /// Makes the value a link that does `action`.
    #[must_use]
    pub fn open(mut self, action: Action) -> Self {
        self.open = Some(action);
        self
    }

    /// Draws it over the whole width.
    pub fn show(self, ui: &mut Ui, actions: &mut Actions) -> Response {
        let tokens = Tokens::of(ui);
        let width = ui.available_width();
        let name_width = self.name_width.min(width * 0.45);
        let name = text::line(&self.name);
        let shown = text::value(self.value);
        let font = match self.look {
            Look::Mono => text::mono(),
            Look::Words | Look::Weak => text::body(),
        };
        let color = self.color.unwrap_or(match (&self.open, self.look) {
            (Some(_), _) => tokens.accent,
            (None, Look::Weak) => tokens.weak,
            (None, _) => tokens.text,
        });
        let value_width = width - name_width - size::GRID;
        let key = text::one_line(
            ui.painter(),
            &*name,
            text::body(),
            tokens.weak,
            name_width - 2.0 * size::GRID,
        );
        let value = text::some_lines(ui.painter(), &*shown, font, color, value_width, self.lines);
        let elided = key.elided || value.elided || shown.len() < self.value.len();
        let height = size::ROW.max(value.size().y + 12.0);
        let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::CLICK);
        super::row_line(ui, rect);

        let mut first = rect;
        first.set_height(size::ROW - 1.0);
        text::paint(ui.painter(), first, key, Align::Min);
        let mut right = rect;
        right.set_left(rect.left() + name_width + size::GRID);
        right.set_height(height - 1.0);
        let value_rect = text::paint(ui.painter(), right, value, Align::Min);

        response.widget_info(|| {
            let words = format!("{name}: {shown}");
            WidgetInfo::labeled(Role::Label, ui.is_enabled(), words)
        });
        if let Some(action) = self.open {
            link(ui, &response, value_rect, &shown, action, actions);
        }
        let copy = hover_copy(ui, &response, rect, &name);
        let whole = self.copied.unwrap_or(self.value);
        let mut copied = copy.then(|| whole.to_owned());
        response.context_menu(|ui| {
            if ui.button("Copy value").clicked() {
                copied = Some(whole.to_owned());
            }
            if ui.button("Copy name and value").clicked() {
                let name = self.whole_name.unwrap_or(&self.name);
                copied = Some(format!("{name}={whole}"));
            }
        });
        if let Some(text) = copied {
            let what = name.to_string();
            actions.push(Action::Copy { text, what });
        }
        let more = self.hover.is_some() || self.whole_name.is_some() || elided;
        if more && response.hovered() {
            let lines = [self.whole_name.map(text::value), elided.then_some(shown)];
            super::wide_tooltip(&response, |ui| {
                for line in lines.into_iter().flatten() {
                    ui.monospace(&*line);
                }
                if let Some(hover) = self.hover {
                    ui.label(&*hover);
                }
            });
        }
        response
    }
}

fn link(ui: &Ui, row: &Response, value: Rect, words: &str, action: Action, actions: &mut Actions) {
    let response = ui
        .interact(value, row.id.with("link"), Sense::click())
        .on_hover_cursor(CursorIcon::PointingHand);
    if response.hovered() {
        let stroke = egui::Stroke::new(1.0, Tokens::of(ui).accent);
        ui.painter()
            .hline(value.x_range(), value.bottom() - 1.0, stroke);
    }
    if response.has_focus() {
        super::focus_ring(ui, value.expand(2.0));
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Link, ui.is_enabled(), words));
    if response.clicked() {
        actions.push(action);
    }
}

/// A copy button at the end of the row while the pointer is over it.
fn hover_copy(ui: &Ui, row: &Response, rect: Rect, name: &str) -> bool {
    let over = ui.rect_contains_pointer(rect);
    if !over {
        return false;
    }
    let tokens = Tokens::of(ui);
    let place = Rect::from_center_size(
        rect.right_center() - vec2(12.0, 0.5),
        vec2(24.0, size::ROW - 5.0),
    );
    ui.painter().rect_filled(place, 0.0, tokens.background);
    let response = ui.interact(place, row.id.with("copy"), Sense::CLICK);
    button::icon_look(ui, &response, icons::COPY, 12.0, false);
    response
        .widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), format!("Copy {name}")));
    response.on_hover_text("Copy value").clicked()
}

/// The heading of a section, with words at the right that sum it up.
pub fn heading(ui: &mut Ui, words: &str, summary: &str) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
    let title = text::one_line(
        ui.painter(),
        words,
        text::strong(),
        tokens.text,
        rect.width(),
    );
    let title = text::paint(ui.painter(), rect, title, Align::Min);
    if !summary.is_empty() {
        let width = rect.right() - title.right() - 16.0;
        let sum = text::one_line(ui.painter(), summary, text::body(), tokens.weak, width);
        text::paint(ui.painter(), rect, sum, Align::Max);
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, words));
    if !summary.is_empty() {
        let summed = ui.interact(rect, response.id.with("summary"), Sense::hover());
        summed.widget_info(|| WidgetInfo::labeled(Role::Label, true, summary));
    }
}
