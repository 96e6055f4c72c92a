//! Rows with a word at the left and what is filled in at the right.

use egui::{
    Align, ComboBox, FontSelection, Id, Layout, Margin, Response, RichText, TextEdit, TextStyle,
    Ui, vec2,
};

use crate::ui::theme::{Tokens, icons, size};

/// Width of the words at the left, in points.
const LABEL: f32 = 108.0;

/// How a field for text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Words: names, sentences.
    Words,
    /// Paths, references, digests.
    Exact,
}

/// A row: `label` at the left, and `content` in what is left of the width.
pub fn row<R>(ui: &mut Ui, label: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    let weak = Tokens::of(ui).weak;
    let whole = vec2(ui.available_width(), size::CONTROL + 4.0);
    ui.allocate_ui_with_layout(whole, Layout::left_to_right(Align::Center), |ui| {
        let place = vec2(LABEL, size::CONTROL);
        ui.allocate_ui_with_layout(place, Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(LABEL);
            ui.add(egui::Label::new(RichText::new(label).color(weak)).truncate());
        });
        content(ui)
    })
    .inner
}

/// A field of one line called `name`, `width` points wide. `hint` stands in it while it is
/// empty.
pub fn text(
    ui: &mut Ui,
    name: &str,
    value: &mut String,
    hint: &str,
    look: Look,
    width: f32,
) -> Response {
    let font = match look {
        Look::Words => FontSelection::from(TextStyle::Body),
        Look::Exact => FontSelection::from(TextStyle::Monospace),
    };
    ui.add(
        TextEdit::singleline(value)
            .id(field_id(name))
            .font(font)
            .desired_width(width.max(40.0))
            .min_size(vec2(0.0, size::CONTROL))
            .margin(Margin::symmetric(10, 6))
            .hint_text(hint),
    )
    .accessible_name(name)
}

/// The id of the field called `name`: one dialog is open at a time.
pub(super) fn field_id(name: &str) -> Id {
    Id::unique(("dialog field", name))
}

/// A list called `name` of which one is chosen; says whether it was another before.
pub fn combo<T: PartialEq + Copy>(
    ui: &mut Ui,
    name: &str,
    value: &mut T,
    all: &[(T, &str)],
    width: f32,
) -> bool {
    let shown = all.iter().find(|(this, _)| this == value);
    let shown = shown.map_or("", |(_, word)| *word);
    let before = *value;
    let drawn = ComboBox::from_id_salt(("dialog list", name))
        .width(width)
        .selected_text(shown)
        .icon(|ui, rect, visuals, _open| {
            ui.painter().text(
                rect.center(),
                egui::Align2::CENTER_CENTER,
                icons::CHEVRON_DOWN,
                egui::FontId::proportional(13.0),
                visuals.fg_stroke.color,
            );
        })
        .show_ui(ui, |ui| {
            for (this, word) in all {
                ui.selectable_value(value, *this, *word);
            }
        });
    drawn.response.accessible_name(name);
    *value != before
}
