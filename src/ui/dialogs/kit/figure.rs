//! Rows of a sum: words, how many, how large.

use egui::{Align, Role, Sense, Ui, WidgetInfo, vec2};

use crate::model::text;
use crate::ui::theme::Tokens;
use crate::ui::widgets::row_line;
use crate::ui::widgets::text as paint;

/// Height of a row of figures, in points.
const ROW: f32 = 28.0;
/// Width of the figures at the right.
const FIGURE: f32 = 92.0;

/// A row with words at the left, and at the right how many they are and how large, as the lines
/// of a sum.
pub fn figure(ui: &mut Ui, words: &str, count: &str, size: &str, color: egui::Color32) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let words = text::visible(words);
    let painter = ui.painter();
    let lay =
        |words: &str, color, width| paint::one_line(painter, words, paint::body(), color, width);
    let mut rest = rect;
    let bytes = lay(size, color, FIGURE);
    paint::paint(painter, rest, bytes, Align::Max);
    rest.set_right(rest.right() - FIGURE);
    let counted = lay(count, tokens.text, 2.0 * FIGURE);
    let room = counted.size().x.max(FIGURE);
    paint::paint(painter, rest, counted, Align::Max);
    rest.set_right(rest.right() - room);
    let said = lay(&words, tokens.text, rest.width());
    paint::paint(painter, rest, said, Align::Min);
    row_line(ui, rect);
    response.widget_info(|| {
        let all = format!("{words}: {count}, {size}");
        WidgetInfo::labeled(Role::Label, true, all.trim_end_matches(", "))
    });
    if !matches!(words, std::borrow::Cow::Borrowed(_)) {
        response.on_hover_text(words);
    }
}
