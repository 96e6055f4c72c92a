//! The index and its platforms, each with what its signatures come to.

use egui::{Align, Align2, Rect, Role, Sense, Ui, WidgetInfo, vec2};

use crate::engine::{Image, NodePath};
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, size};
use crate::ui::views::ViewContext;
use crate::ui::views::subject::platform_label;
use crate::ui::widgets::{Status, row_line, text};

/// Most platforms that are listed and verified.
const ROWS: usize = 24;

/// One line.
pub(super) struct Row {
    pub path: NodePath,
    label: String,
}

/// The root, and the images that it lists.
pub(super) fn rows(context: &ViewContext<'_>) -> Vec<Row> {
    let Some(image) = context.image.image() else {
        return Vec::new();
    };
    let mut rows = vec![Row {
        path: NodePath::root(),
        label: root_label(image).to_owned(),
    }];
    let index = image.root.document.index();
    let entries = index.into_iter().flat_map(|index| index.descriptors());
    // what BuildKit attests is no image
    let images = entries.filter(|(_, entry)| entry.may_be_image());
    rows.extend(images.take(ROWS).map(|(position, entry)| {
        Row {
            path: NodePath::root().child(position),
            label: entry
                .platform
                .as_ref()
                .map_or_else(|| entry.digest.short(), platform_label),
        }
    }));
    if !rows.iter().any(|row| row.path == *context.selected) {
        rows.push(Row {
            path: context.selected.clone(),
            label: "selected".to_owned(),
        });
    }
    rows
}

fn root_label(image: &Image) -> &'static str {
    if image.root.document.index().is_some() {
        "Index"
    } else {
        "Image"
    }
}

/// Draws them; a click selects.
pub(super) fn show(ui: &mut Ui, rows: &[Row], context: &mut ViewContext<'_>) {
    let tokens = Tokens::of(ui);
    for row in rows {
        let known = context.image.signatures(&row.path);
        let status = Status::of_trust(known, tokens);
        let count = known.value().map(|report| {
            let signed = report.signatures.iter();
            signed.filter(|s| s.found.format.is_signed()).count()
        });
        let right = match count {
            Some(0) => status.word.to_string(),
            Some(count) => count.to_string(),
            None => status.word.to_string(),
        };
        let selected = row.path == *context.selected;
        let width = ui.available_width();
        let (rect, response) = ui.allocate_exact_size(vec2(width, size::ROW), Sense::click());
        if selected {
            ui.painter().rect_filled(rect, 0.0, tokens.selection);
        } else if response.hovered() {
            ui.painter().rect_filled(rect, 0.0, tokens.hover);
        }
        row_line(ui, rect);
        let inner = rect.shrink2(vec2(2.0 * size::GRID, 0.0));
        let icon = Rect::from_min_size(inner.min, vec2(24.0, inner.height()));
        ui.painter().text(
            icon.left_center(),
            Align2::LEFT_CENTER,
            status.icon,
            egui::FontId::proportional(size::ICON),
            status.color,
        );
        let words = text::one_line(ui.painter(), &right, text::body(), tokens.weak, 110.0);
        let used = words.size().x;
        text::paint(ui.painter(), inner, words, Align::Max);
        let mut middle = inner;
        middle.set_left(icon.right() + 2.0 * size::GRID);
        middle.set_right(inner.right() - used - 2.0 * size::GRID);
        let label = text::one_line(
            ui.painter(),
            &row.label,
            text::body(),
            tokens.text,
            middle.width(),
        );
        text::paint(ui.painter(), middle, label, Align::Min);
        response.widget_info(|| {
            let name = format!("{}: {}", row.label, status.word);
            WidgetInfo::selected(Role::Button, ui.is_enabled(), selected, name)
        });
        if response.has_focus() {
            crate::ui::widgets::focus_ring(ui, rect);
        }
        let clicked = response.on_hover_text(&*status.meaning).clicked();
        if clicked {
            let id = context.image.id;
            context.actions.push(Action::Select(id, row.path.clone()));
        }
    }
}
