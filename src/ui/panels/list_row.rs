//! A line of a list of images: icon, name, and where it lies in weak words as far as there
//! is room.

use egui::{Color32, Rect, Response, Role, Sense, Ui, WidgetInfo, vec2};

use crate::model::text;
use crate::ui::panels::named::named;
use crate::ui::recents::Recent;
use crate::ui::theme::{Tokens, size};
use crate::ui::widgets::{focus_ring, roving};

/// The place of a row in a list that the Tab key enters once.
pub fn row(ui: &mut Ui, height: f32, selected: bool) -> (Rect, Response) {
    let (id, rect) = ui.allocate_space(vec2(ui.available_width(), height));
    let sense = Sense::CLICK | roving::EXPLORER.sense(ui.ctx(), id, selected);
    let response = ui.interact(rect, id, sense);
    roving::EXPLORER.keys(ui, &response);
    (rect, response)
}

/// Draws one of `height` over the whole width.
pub fn show(ui: &mut Ui, recent: &Recent, selected: bool, height: f32) -> Response {
    let title = text::visible(&recent.title);
    let place = text::visible(&recent.place);
    let (rect, response) = row(ui, height, selected);
    response.widget_info(|| {
        let name = format!("{title}, {place}");
        WidgetInfo::selected(Role::ListBoxOption, true, selected, name)
    });
    if ui.is_rect_visible(rect) {
        let tokens = Tokens::of(ui);
        let fill = if selected {
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
        let words = (recent.icon, &*title, &*place);
        let galley = named(ui.painter(), words, rect.width() - 16.0, tokens);
        let at = egui::pos2(rect.left() + 8.0, rect.center().y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, tokens.text);
    }
    response.on_hover_text(text::visible(&recent.reference).into_owned())
}
