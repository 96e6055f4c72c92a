//! What a dialog says: headings, notes, and lines to paste.

use egui::{Label, Margin, Response, RichText, Role, ScrollArea, TextStyle, Ui, WidgetInfo};

use super::field::row;
use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons, size, strong};
use crate::ui::widgets::icon_button;

/// The heading of a group.
pub fn heading(ui: &mut Ui, words: &str) {
    heading_with(ui, words, |_| {});
}

/// The same with more behind it, as a button; the words lie as high as those of one without.
pub fn heading_with(ui: &mut Ui, words: &str, more: impl FnOnce(&mut Ui)) {
    let line = ui.text_style_height(&TextStyle::Body);
    let around = ((ui.spacing().interact_size.y - line) / 2.0).round();
    ui.add_space(6.0 - around);
    ui.horizontal(|ui| {
        ui.label(strong(words));
        more(ui);
    });
    ui.add_space(2.0 - around);
}

/// What stands behind a heading while something is waited for.
pub fn waiting(ui: &mut Ui, words: &str) {
    let words = format!("{} {words}", icons::LOADER);
    ui.label(RichText::new(words).color(Tokens::of(ui).weak));
}

/// Words that stand back.
pub fn quiet(ui: &mut Ui, words: &str) -> Response {
    let words = RichText::new(words).color(Tokens::of(ui).weak);
    ui.add(Label::new(words).wrap())
}

/// An icon and a sentence in a colour that means the same as the icon.
pub fn note(ui: &mut Ui, icon: &str, color: egui::Color32, words: &str) -> Response {
    let drawn = ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let icon = RichText::new(icon).size(size::ICON).color(color);
        ui.add(Label::new(icon).selectable(false));
        ui.add(Label::new(RichText::new(words).color(color)).wrap());
    });
    let response = drawn.response;
    response.widget_info(|| WidgetInfo::labeled(Role::Note, true, words));
    response
}

/// What is wrong with the field above, in a line under it.
pub fn wrong(ui: &mut Ui, words: &str) {
    let color = Tokens::of(ui).rejected;
    row(ui, "", |ui| note(ui, icons::CIRCLE_X, color, words));
}

/// How far something is, between 0 and 1, or that it is on its way; with words.
pub fn progress(ui: &mut Ui, share: Option<f32>, words: &str) {
    let tokens = Tokens::of(ui);
    ui.label(RichText::new(words).color(tokens.weak));
    let (rect, response) =
        ui.allocate_exact_size(egui::vec2(ui.available_width(), 4.0), egui::Sense::hover());
    let painter = ui.painter();
    painter.rect_filled(rect, 2.0, tokens.border);
    let mut done = rect;
    done.set_width(rect.width() * share.unwrap_or(0.0).clamp(0.0, 1.0));
    painter.rect_filled(done, 2.0, tokens.accent);
    response.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, words));
}

/// Highest that a command line is before it scrolls, in points.
const COMMAND: f32 = 96.0;
/// Room for the bar of what is scrolled, in points.
const BAR: f32 = 10.0;

/// A line called `name` to paste into a terminal, wrapped between its words, with a button
/// that copies it.
pub fn command_line(ui: &mut Ui, name: &str, line: &str, actions: &mut Actions) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        ui.label(RichText::new(name).color(tokens.weak));
        if icon_button(ui, icons::COPY, "Copy the command").clicked() {
            actions.push(Action::Copy {
                text: line.to_owned(),
                what: "command".to_owned(),
            });
        }
    });
    code_frame(tokens).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let line = crate::model::text::visible(line);
        // the longest word decides how far it is scrolled sideways: none is broken
        let longest = line.split(' ').map(|word| word.chars().count()).max();
        let font = TextStyle::Monospace.resolve(ui.style());
        let letter = ui.fonts_mut(|fonts| fonts.glyph_width(&font, 'm'));
        let words = letter * (longest.unwrap_or_default() + 1) as f32;
        room_for_bars(ui);
        let seen = ui.available_width() - BAR;
        ScrollArea::both()
            .id_salt(("command line", name))
            .max_height(COMMAND)
            .auto_shrink([false, true])
            .show(ui, |ui| {
                ui.set_max_width(words.max(seen));
                let line = RichText::new(&*line).text_style(TextStyle::Monospace);
                ui.add(Label::new(line).wrap());
            });
    });
}

/// Lets what is scrolled from here on end beside its bars, not under them.
pub fn room_for_bars(ui: &mut Ui) {
    ui.spacing_mut().scroll.floating_allocated_width = BAR;
}

/// What is written to a file, line by line, with everything in sight that a text can hide.
pub fn in_sight(written: &str) -> String {
    let lines = written.trim().split('\n').map(crate::model::text::visible);
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands around exact bytes and command lines.
pub fn code_frame(tokens: &Tokens) -> egui::Frame {
    egui::Frame::NONE
        .fill(tokens.background)
        .stroke((1.0, tokens.border))
        .corner_radius(size::CORNER)
        .inner_margin(Margin::symmetric(10, 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_shown_line_by_line_and_hides_nothing() {
        let shown = in_sight("identity = \"a\u{202e}b\"\nissuer = \"c\"\n");
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines.len(), 2, "{shown}");
        assert!(!shown.contains('\u{202e}') && lines[0].starts_with("identity = \"a"));
        assert_eq!(lines[1], "issuer = \"c\"");
    }
}
