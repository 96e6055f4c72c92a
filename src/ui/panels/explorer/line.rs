//! A line of the tree of places: how deep it lies, whether it is unfolded, an icon, a name
//! and more in weak words.

use egui::{Color32, FontId, Response, Role, Ui, WidgetInfo};

use crate::model::text;
use crate::ui::panels::list_row::row;
use crate::ui::panels::named::named;
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::focus_ring;

/// How far each level is moved to the right, in points.
const LEVEL: f32 = 16.0;

/// A line before it is drawn.
pub(super) struct Line<'a> {
    pub(super) depth: u8,
    /// Whether it shows what is in it; nothing for what has nothing in it.
    pub(super) unfolded: Option<bool>,
    pub(super) icon: &'static str,
    pub(super) title: &'a str,
    pub(super) detail: &'a str,
    pub(super) selected: bool,
    /// What hovering says.
    pub(super) hover: &'a str,
}

impl Line<'_> {
    /// Draws it over the whole width.
    pub(super) fn show(&self, ui: &mut Ui) -> Response {
        let tokens = Tokens::of(ui);
        let title = text::visible(self.title);
        let detail = text::visible(self.detail);
        let (rect, response) = row(ui, size::LIST_ROW, self.selected);
        response.widget_info(|| {
            let name = match (self.unfolded, detail.is_empty()) {
                (Some(_), _) | (None, true) => title.to_string(),
                (None, false) => format!("{title}, {detail}"),
            };
            let on = self.unfolded.unwrap_or(self.selected);
            WidgetInfo::selected(Role::TreeItem, true, on, name)
        });
        if ui.is_rect_visible(rect) {
            let fill = if self.selected {
                tokens.selection
            } else if response.hovered() {
                tokens.hover
            } else {
                Color32::TRANSPARENT
            };
            ui.painter()
                .rect_filled(rect, f32::from(size::CORNER), fill);
            if response.has_focus() {
                focus_ring(ui, rect);
            }
            let chevron = match self.unfolded {
                Some(true) => icons::CHEVRON_DOWN,
                Some(false) => icons::CHEVRON_RIGHT,
                None => "",
            };
            let left = rect.left() + 4.0 + LEVEL * f32::from(self.depth);
            let font = FontId::proportional(12.0);
            ui.painter().text(
                egui::pos2(left, rect.center().y),
                egui::Align2::LEFT_CENTER,
                chevron,
                font,
                tokens.faint,
            );
            let left = left + 16.0;
            let width = rect.right() - 8.0 - left;
            let words = (self.icon, &*title, &*detail);
            let galley = named(ui.painter(), words, width, tokens);
            let at = egui::pos2(left, rect.center().y - galley.size().y / 2.0);
            ui.painter().galley(at, galley, tokens.text);
        }
        response.on_hover_text(text::visible(self.hover).into_owned())
    }
}

/// Words on a line of their own, for what is not there yet, or why not.
pub(super) fn words(ui: &mut Ui, depth: u8, icon: &str, words: &str, color: Color32) -> Response {
    ui.horizontal(|ui| {
        ui.add_space(4.0 + LEVEL * f32::from(depth));
        let words = text::visible(words);
        let label = egui::RichText::new(format!("{icon} {words}"))
            .size(size::SMALL)
            .color(color);
        ui.add(egui::Label::new(label).wrap())
    })
    .inner
}
