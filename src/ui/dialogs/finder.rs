//! A list that is narrowed by typing: for commands and for images.

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{
    Align, Color32, Context, FontId, Id, Key, Margin, Modifiers, Response, Role, ScrollArea, Sense,
    TextEdit, Ui, WidgetInfo, vec2,
};

use super::{Place, fuzzy, modal};
use crate::ui::commands::Enabled;
use crate::ui::theme::{Tokens, icons, size};

const WIDTH: f32 = 600.0;
const ROW: f32 = 30.0;
/// How many rows are seen without scrolling.
const ROWS: f32 = 12.0;

/// What was typed, and which row is chosen.
#[derive(Debug, Default)]
pub struct Finder {
    query: String,
    /// Among the rows that are found.
    at: usize,
}

/// A row of the list.
pub struct Item {
    pub icon: &'static str,
    pub name: String,
    /// In weak words behind the name; searched as well.
    pub detail: String,
    /// At the right.
    pub note: String,
    /// Where it cannot be taken, why.
    pub enabled: Enabled,
}

/// The words of a finder.
pub struct Words {
    /// The name of the dialog.
    pub title: &'static str,
    /// The accessible name of its field.
    pub field: &'static str,
    pub hint: &'static str,
    pub nothing: &'static str,
}

/// What came of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    NotYet,
    Item(usize),
    Closed,
}

impl Finder {
    /// What was typed.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// Draws the list.
    pub fn show(&mut self, ctx: &Context, words: &Words, items: &[Item]) -> Found {
        let mut found = Found::NotYet;
        let close = modal(ctx, words.title, Place::Top, WIDTH, 0, |ui| {
            found = self.content(ui, words, items);
            false
        });
        match found {
            Found::NotYet if close => Found::Closed,
            found => found,
        }
    }

    fn content(&mut self, ui: &mut Ui, words: &Words, items: &[Item]) -> Found {
        // before the field sees them
        let (up, down, enter) = ui.input_mut(|input| {
            let mut count = |key| input.count_and_consume_key(Modifiers::NONE, key);
            (
                count(Key::ArrowUp),
                count(Key::ArrowDown),
                count(Key::Enter),
            )
        });
        self.field(ui, words);

        let texts: Vec<_> = items
            .iter()
            .map(|item| format!("{} {}", item.name, item.detail))
            .collect();
        let mut found = fuzzy::find(&self.query, texts.iter().map(String::as_str));
        // what is called just that comes before what only begins so
        let query = self.query.trim().to_lowercase();
        found.sort_by_key(|at| items[*at].name.trim_end_matches('…').to_lowercase() != query);
        let last = found.len().saturating_sub(1);
        let moved = up != down;
        self.at = (self.at + down).saturating_sub(up).min(last);

        let mut taken = None;
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.painter().hline(
            ui.max_rect().x_range(),
            ui.cursor().top(),
            ui.visuals().window_stroke,
        );
        let height = (ui.ctx().content_rect().height() - 200.0).clamp(ROW, ROWS * ROW);
        ScrollArea::vertical()
            .max_height(height)
            .auto_shrink([false, true])
            .content_margin(Margin::same(6))
            .show(ui, |ui| {
                if found.is_empty() {
                    nothing(ui, words.nothing);
                }
                for (position, index) in found.iter().enumerate() {
                    let chosen = position == self.at;
                    let response = row(ui, &items[*index], chosen);
                    if chosen && moved {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() || (chosen && enter > 0) {
                        taken = Some(*index);
                    }
                }
            });
        match taken {
            Some(index) if items[index].enabled.is_ok() => Found::Item(index),
            _ => Found::NotYet,
        }
    }

    fn field(&mut self, ui: &mut Ui, words: &Words) {
        let tokens = Tokens::of(ui);
        let id = Id::unique(("finder", words.title));
        let magnifier = egui::RichText::new(format!("{} ", icons::SEARCH)).color(tokens.weak);
        let response = ui
            .add(
                TextEdit::singleline(&mut self.query)
                    .id(id)
                    .frame(egui::Frame::NONE.inner_margin(Margin::symmetric(16, 12)))
                    .desired_width(f32::INFINITY)
                    .prefix(magnifier)
                    .hint_text(words.hint),
            )
            .accessible_name(words.field);
        if response.changed() {
            self.at = 0;
        }
        if !response.has_focus() {
            response.request_focus();
        }
    }
}

fn nothing(ui: &mut Ui, words: &str) {
    let color = Tokens::of(ui).weak;
    let text = egui::RichText::new(words).color(color);
    egui::Frame::NONE
        .inner_margin(Margin::symmetric(8, 6))
        .show(ui, |ui| ui.label(text));
}

fn row(ui: &mut Ui, item: &Item, chosen: bool) -> Response {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let enabled = item.enabled.is_ok();
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, enabled, chosen, &item.name));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let fill = if chosen {
        tokens.selection
    } else if response.hovered() {
        tokens.hover
    } else {
        Color32::TRANSPARENT
    };
    let painter = ui.painter();
    painter.rect_filled(rect, f32::from(size::CORNER), fill);
    let name_color = if enabled { tokens.text } else { tokens.faint };
    let section = |size, color| {
        let mut format = TextFormat::simple(FontId::proportional(size), color);
        format.valign = Align::Center;
        format
    };

    let mut note = LayoutJob::default();
    note.append(&item.note, 0.0, section(size::SMALL, tokens.faint));
    let note = painter.layout_job(note);
    let note_width = note.size().x;
    let right = egui::pos2(
        rect.right() - 10.0 - note_width,
        rect.center().y - note.size().y / 2.0,
    );
    painter.galley(right, note, tokens.faint);

    let detail = match item.enabled {
        Ok(()) => item.detail.as_str(),
        Err(why) => why,
    };
    let mut job = LayoutJob::default();
    job.append(item.icon, 0.0, section(size::ICON, tokens.weak));
    let gap = if item.icon.is_empty() { 0.0 } else { 8.0 };
    job.append(&item.name, gap, section(size::BODY, name_color));
    job.append(detail, 10.0, section(size::SMALL, tokens.faint));
    job.wrap = TextWrapping::truncate_at_width(rect.width() - 32.0 - note_width);
    let galley = painter.layout_job(job);
    let left = egui::pos2(rect.left() + 10.0, rect.center().y - galley.size().y / 2.0);
    painter.galley(left, galley, tokens.text);
    response
}
