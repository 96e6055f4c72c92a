//! Rows with a word at the left and what is filled in at the right.

use egui::{
    Align, ComboBox, FontSelection, Id, Layout, Margin, Response, RichText, Role, TextEdit,
    TextStyle, Ui, WidgetInfo, vec2,
};

use super::enter;
use crate::ui::theme::{Tokens, icons, size};

/// Highest that a list is before it scrolls, in points.
const LIST: f32 = 360.0;
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
        // buttons and lists are as high as fields
        ui.spacing_mut().interact_size.y = size::CONTROL;
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
    let hint = faint(ui, hint);
    let field = ui.add(
        TextEdit::singleline(value)
            .id(field_id(name))
            .font(font)
            .desired_width(width.max(40.0))
            .min_size(vec2(0.0, size::CONTROL))
            .margin(Margin::symmetric(10, 6))
            .hint_text(hint),
    );
    enter::drawn(&field);
    field.accessible_name(name)
}

/// What stands in an empty field is no value: an example says that it is one.
fn faint(ui: &Ui, hint: &str) -> RichText {
    RichText::new(hint).color(Tokens::of(ui).faint)
}

/// The id of the field called `name`: one dialog is open at a time.
pub(super) fn field_id(name: &str) -> Id {
    Id::unique(("dialog field", name))
}

/// A field of several lines called `name`, `width` points wide.
pub fn lines(ui: &mut Ui, name: &str, value: &mut String, hint: &str, width: f32) -> Response {
    let hint = faint(ui, hint);
    ui.add(
        TextEdit::multiline(value)
            .id(field_id(name))
            .font(FontSelection::from(TextStyle::Monospace))
            .desired_width(width.max(40.0))
            .desired_rows(2)
            .margin(Margin::symmetric(10, 6))
            .hint_text(hint),
    )
    .accessible_name(name)
}

/// A list called `name` of which one is chosen; says whether it was another before.
pub fn combo<T: PartialEq + Copy>(
    ui: &mut Ui,
    name: &str,
    value: &mut T,
    all: &[(T, &str)],
    width: f32,
) -> bool {
    let all: Vec<_> = all
        .iter()
        .map(|(this, word)| (*this, *word, Ok(())))
        .collect();
    combo_some(ui, name, value, &all, width)
}

/// The same, where some cannot be chosen: those say why.
pub fn combo_some<T: PartialEq + Copy>(
    ui: &mut Ui,
    name: &str,
    value: &mut T,
    all: &[(T, &str, Result<(), &str>)],
    width: f32,
) -> bool {
    let shown = all.iter().find(|(this, ..)| this == value);
    let shown = shown.map_or("", |(_, word, _)| *word);
    let before = *value;
    combo_ui(ui, name, shown, width, |ui| {
        for (this, word, ready) in all {
            match ready {
                Ok(()) => {
                    ui.selectable_value(value, *this, *word);
                }
                Err(why) => {
                    let button = egui::Button::selectable(false, *word).right_text(*why);
                    let response = ui.add_enabled(false, button);
                    response.widget_info(|| {
                        WidgetInfo::labeled(Role::Button, false, format!("{word}, {why}"))
                    });
                    response.on_disabled_hover_text(*why);
                }
            }
        }
    });
    *value != before
}

/// A list called `name` that shows `shown` and holds what `content` draws.
pub fn combo_ui(
    ui: &mut Ui,
    name: &str,
    shown: &str,
    width: f32,
    content: impl FnOnce(&mut Ui),
) -> Response {
    let drawn = ComboBox::from_id_salt(("dialog list", name))
        .width(width)
        .height(LIST)
        .truncate()
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
        .show_ui(ui, content);
    drawn.response.accessible_name(name)
}
