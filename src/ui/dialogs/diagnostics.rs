//! What helps to find out what is wrong: looked at, copied or saved; and the cache.

use std::path::PathBuf;

use egui::{
    Align, Context, Id, Layout, Margin, RichText, ScrollArea, TextEdit, TextStyle, Ui, vec2,
};

use super::{Place, folder::expand_home, modal};
use crate::engine::{Chore, Command};
use crate::model::text;
use crate::ui::action::{Action, Actions};
use crate::ui::panels::parts::{plain_button, primary_button};
use crate::ui::theme::{Tokens, size, strong};
use crate::ui::widgets::link;

/// The report as it was when the dialog was opened.
#[derive(Debug)]
pub struct Diagnostics {
    report: String,
    cache: Option<PathBuf>,
    /// Bytes of the cache on disk; nothing while they are counted.
    pub cache_bytes: Option<u64>,
    /// Where Save writes.
    path: String,
}

impl Diagnostics {
    /// Shows a report; `cache` is the folder of the cache.
    pub fn new(report: String, cache: Option<PathBuf>) -> Self {
        Self {
            report,
            cache,
            cache_bytes: None,
            path: "~/porthole-diagnostics.txt".to_owned(),
        }
    }

    /// Draws the dialog; says whether it is done.
    pub fn show(&mut self, ctx: &Context, actions: &mut Actions) -> bool {
        modal(ctx, "Diagnostics", Place::Middle, 720.0, 20, |ui| {
            self.content(ui, actions)
        })
    }

    fn content(&mut self, ui: &mut Ui, actions: &mut Actions) -> bool {
        let weak = Tokens::of(ui).weak;
        ui.label(strong("Diagnostics").size(17.0));
        ui.add_space(4.0);
        let what = "For a report of a problem. It holds no password and no value of a variable.";
        ui.label(RichText::new(what).color(weak));
        ui.add_space(12.0);
        self.cache(ui, actions);
        ui.add_space(8.0);
        let height = (ui.ctx().content_rect().height() - 320.0).clamp(80.0, 420.0);
        ScrollArea::both()
            .max_height(height)
            // from the first frame on, so that nothing moves while it is being read
            .min_scrolled_height(height)
            .auto_shrink([false, true])
            .show(ui, |ui| {
                let text = RichText::new(&self.report).text_style(TextStyle::Monospace);
                ui.add(egui::Label::new(text).extend());
            });
        ui.add_space(12.0);
        self.buttons(ui, actions)
    }

    fn cache(&self, ui: &mut Ui, actions: &mut Actions) {
        let Some(folder) = &self.cache else {
            ui.label("There is no cache on disk.");
            return;
        };
        ui.horizontal(|ui| {
            let folder = folder.display().to_string();
            let held = match self.cache_bytes {
                Some(bytes) => text::size(bytes),
                None => "…".to_owned(),
            };
            let words = format!(
                "Cache: {held} in {}",
                text::middle(&text::visible(&folder), 64)
            );
            ui.label(words)
                .on_hover_text("Manifests, indexes and configs of registries, by their digests");
            if self.cache_bytes.is_some_and(|bytes| bytes > 0) && link(ui, "Clear cache").clicked()
            {
                actions.push(Action::Send(Command::Chore(Chore::ClearCache)));
            }
        });
    }

    fn buttons(&mut self, ui: &mut Ui, actions: &mut Actions) -> bool {
        let mut close = false;
        let row = vec2(ui.available_width(), size::CONTROL);
        ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
            close |= plain_button(ui, "Close").clicked();
            if plain_button(ui, "Copy").clicked() {
                actions.push(Action::Copy {
                    text: self.report.clone(),
                    what: "diagnostics".to_owned(),
                });
            }
            let path = self.path.trim();
            if primary_button(ui, "Save", !path.is_empty()).clicked() {
                let path = PathBuf::from(expand_home(path));
                let text = self.report.clone();
                actions.push(Action::Send(Command::Chore(Chore::SaveText { path, text })));
            }
            ui.add(
                TextEdit::singleline(&mut self.path)
                    .id(Id::unique("diagnostics file"))
                    .font(TextStyle::Monospace)
                    .desired_width(ui.available_width())
                    .min_size(vec2(0.0, size::CONTROL))
                    .margin(Margin::symmetric(10, 6)),
            )
            .accessible_name("File");
        });
        close
    }
}
