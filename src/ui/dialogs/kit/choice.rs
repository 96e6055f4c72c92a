//! What is ticked or picked: a mark, words, more in weak words, and a figure at the right.

use egui::{
    Align, CursorIcon, FontFamily, FontId, Response, Role, Sense, Stroke, StrokeKind, Ui,
    WidgetInfo, vec2,
};

use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::{focus_ring, text};

/// Height of a line with a mark, in points.
const HEIGHT: f32 = 26.0;
/// The mark itself, and the space from it to the words.
const MARK: f32 = 15.0;
const GAP: f32 = 9.0;
/// Least room that weak words are shown in.
const LEAST: f32 = 32.0;

/// The words beside a mark.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice<'a> {
    /// Also the accessible name.
    pub word: &'a str,
    /// Said in weak words after it.
    pub detail: &'a str,
    /// Said in weak words at the right.
    pub figure: &'a str,
    /// What hovering says.
    pub hover: &'a str,
}

impl<'a> Choice<'a> {
    /// Nothing but the word.
    pub const fn new(word: &'a str) -> Self {
        Self {
            word,
            detail: "",
            figure: "",
            hover: "",
        }
    }

    /// With weak words after it.
    pub const fn detail(self, detail: &'a str) -> Self {
        Self { detail, ..self }
    }

    /// With a figure at the right.
    pub const fn figure(self, figure: &'a str) -> Self {
        Self { figure, ..self }
    }

    /// With what hovering says.
    pub const fn hover(self, hover: &'a str) -> Self {
        Self { hover, ..self }
    }
}

/// A box that is ticked or not, over the whole width.
pub fn tick(ui: &mut Ui, on: &mut bool, choice: Choice<'_>) -> Response {
    let mut response = line(ui, Role::CheckBox, *on, choice);
    if response.clicked() {
        *on = !*on;
        response.mark_changed();
    }
    response
}

/// One of several, of which one is picked.
pub fn pick<T: PartialEq>(ui: &mut Ui, value: &mut T, this: T, choice: Choice<'_>) -> Response {
    let on = *value == this;
    let mut response = line(ui, Role::RadioButton, on, choice);
    if response.clicked() && !on {
        *value = this;
        response.mark_changed();
    }
    response
}

/// Several of which one is picked, side by side, in one line where there is room.
pub fn segments<T: PartialEq + Copy>(ui: &mut Ui, value: &mut T, all: &[(T, &str)]) -> bool {
    let mut changed = false;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        // where the keyboard is shows a line around it: what is filled is picked
        ui.visuals_mut().widgets.active.weak_bg_fill = Tokens::of(ui).raised;
        for (this, word) in all {
            let on = *value == *this;
            let response = ui.add(egui::Button::selectable(on, *word));
            response.widget_info(|| {
                WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), on, *word)
            });
            if response.clicked() && !on {
                *value = *this;
                changed = true;
            }
        }
    });
    changed
}

fn line(ui: &mut Ui, role: Role, on: bool, choice: Choice<'_>) -> Response {
    let tokens = Tokens::of(ui);
    let enabled = ui.is_enabled();
    let width = ui.available_width();
    let painter = ui.painter().clone();
    let figure = text::one_line(
        &painter,
        choice.figure,
        text::body(),
        tokens.weak,
        width * 0.5,
    );
    let left = MARK + GAP;
    let room = width - left - figure.size().x - if choice.figure.is_empty() { 0.0 } else { 12.0 };
    let color = if enabled { tokens.text } else { tokens.faint };
    let word = text::one_line(&painter, choice.word, text::body(), color, room);
    let rest = room - word.size().x - 6.0;
    let detail = text::one_line(&painter, choice.detail, text::body(), tokens.weak, rest);
    let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT), Sense::click());
    if ui.is_rect_visible(rect) {
        mark(ui, &response, role, on);
        let mut words = rect;
        words.set_left(rect.left() + left);
        let painted = text::paint(&painter, words, word, Align::Min);
        if rest > LEAST {
            words.set_left(painted.right() + 6.0);
            text::paint(&painter, words, detail, Align::Min);
        }
        text::paint(&painter, rect, figure, Align::Max);
        if response.has_focus() {
            focus_ring(ui, rect.expand2(vec2(3.0, 0.0)));
        }
    }
    response.widget_info(|| WidgetInfo::selected(role, enabled, on, choice.word));
    if response.gained_focus() {
        // also in a list that scrolls by itself
        response.scroll_to_me(None);
    }
    let response = response.on_hover_cursor(CursorIcon::PointingHand);
    if choice.hover.is_empty() {
        response
    } else {
        response
            .on_hover_text(choice.hover)
            .on_disabled_hover_text(choice.hover)
    }
}

fn mark(ui: &Ui, response: &Response, role: Role, on: bool) {
    let tokens = Tokens::of(ui);
    let rect = response.rect;
    let center = egui::pos2(rect.left() + MARK / 2.0, rect.center().y);
    let hot = ui.is_enabled() && (response.hovered() || response.has_focus());
    let (fill, border) = match (ui.is_enabled(), on) {
        (false, true) => (tokens.faint, tokens.faint),
        (true, true) => (tokens.accent, tokens.accent),
        (_, false) if hot => (tokens.hover, tokens.weak),
        (_, false) => (tokens.background, tokens.faint),
    };
    let painter = ui.painter();
    if role == Role::RadioButton {
        painter.circle(
            center,
            MARK / 2.0 - 0.5,
            if on { tokens.background } else { fill },
            Stroke::new(1.0, border),
        );
        if on {
            painter.circle_filled(center, 3.5, fill);
        }
        return;
    }
    let square = egui::Rect::from_center_size(center, vec2(MARK, MARK));
    let corner = f32::from(size::CORNER) - 1.0;
    painter.rect(
        square,
        corner,
        fill,
        Stroke::new(1.0, border),
        StrokeKind::Inside,
    );
    if on {
        painter.text(
            center,
            egui::Align2::CENTER_CENTER,
            icons::CHECK,
            FontId::new(12.0, FontFamily::Proportional),
            tokens.on_accent,
        );
    }
}
