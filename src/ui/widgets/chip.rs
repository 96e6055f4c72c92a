//! A pill with a word and something said beside it: a platform and its size.

use std::borrow::Cow;

use egui::{Align, CursorIcon, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

use crate::ui::theme::Tokens;

use super::{skeleton, text};

/// Height of a chip in points.
const HEIGHT: f32 = 24.0;

/// The room for what stands beside the word, so that nothing moves when it comes.
const BESIDE: f32 = 50.0;

/// A chip before it is drawn.
pub struct Chip<'a> {
    pub word: Cow<'a, str>,
    pub beside: Beside<'a>,
    pub selected: bool,
    /// It is what is shown, though something else is selected: outlined.
    pub shown: bool,
}

/// What stands beside the word.
pub enum Beside<'a> {
    Nothing,
    /// It is on its way.
    Pending,
    Text(Cow<'a, str>),
    /// An icon and word with a colour that means something.
    State(super::Status),
}

/// Draws a chip that can be clicked.
pub fn chip(ui: &mut Ui, chip: &Chip<'_>) -> Response {
    let tokens = Tokens::of(ui);
    let lay =
        |words: String, color, room| text::one_line(ui.painter(), words, text::body(), color, room);
    let word = lay(text::line(&chip.word).into_owned(), tokens.text, 280.0);
    let (beside, room) = match &chip.beside {
        Beside::Nothing => (None, 0.0),
        Beside::Pending => (None, BESIDE),
        Beside::Text(words) => {
            let words = lay(words.to_string(), tokens.weak, 200.0);
            let room = words.size().x.max(BESIDE);
            (Some(words), room)
        }
        Beside::State(state) => {
            let words = lay(state.label(), state.color, 200.0);
            let room = words.size().x;
            (Some(words), room)
        }
    };
    let gap = if room > 0.0 { 6.0 } else { 0.0 };
    let width = 10.0 + word.size().x + gap + room + 10.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT), Sense::click());
    let (fill, border) = match (chip.selected, response.hovered() || response.has_focus()) {
        (true, _) => (tokens.selection, tokens.accent),
        (false, true) => (tokens.hover, tokens.faint),
        (false, false) => (tokens.raised, tokens.border),
    };
    let border = if chip.shown { tokens.accent } else { border };
    let stroke = Stroke::new(1.0, border);
    ui.painter()
        .rect(rect, HEIGHT / 2.0, fill, stroke, StrokeKind::Inside);
    if response.has_focus() {
        let ring = Stroke::new(1.0, tokens.accent);
        ui.painter().rect_stroke(
            rect.expand(2.0),
            HEIGHT / 2.0 + 2.0,
            ring,
            StrokeKind::Inside,
        );
    }
    let inner = rect.shrink2(vec2(10.0, 0.0));
    let painted = text::paint(ui.painter(), inner, word, Align::Min);
    let mut rest = inner;
    rest.set_left(painted.right() + gap);
    match beside {
        Some(words) => {
            text::paint(ui.painter(), rest, words, Align::Min);
        }
        None if room > 0.0 => {
            skeleton::paint(ui, rest.shrink2(vec2(0.0, 8.0)));
        }
        None => {}
    }
    response.widget_info(|| {
        let word = text::line(&chip.word);
        let shown = if chip.shown { ", shown below" } else { "" };
        let name = match &chip.beside {
            Beside::Nothing | Beside::Pending => format!("{word}{shown}"),
            Beside::Text(beside) => format!("{word} {beside}{shown}"),
            Beside::State(state) => format!("{word} {}{shown}", state.word),
        };
        WidgetInfo::selected(Role::Button, ui.is_enabled(), chip.selected, name)
    });
    response.on_hover_cursor(CursorIcon::PointingHand)
}
