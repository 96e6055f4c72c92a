//! What the window keeps itself: the theme, what is shown, the cache.

use egui::{ThemePreference, Ui};

use super::SettingsDialog;
use crate::engine::{Chore, Command};
use crate::model::text;
use crate::ui::action::{Action, Actions};
use crate::ui::commands::{CommandId, Situation};
use crate::ui::dialogs::kit::{self, Choice};
use crate::ui::panels::status_bar::OFFLINE;

impl SettingsDialog {
    pub(super) fn general(&self, ui: &mut Ui, situation: &Situation<'_>, actions: &mut Actions) {
        kit::row(ui, "Theme", |ui| {
            let mut theme = situation.theme;
            let all = [
                (ThemePreference::System, "System"),
                (ThemePreference::Light, "Light"),
                (ThemePreference::Dark, "Dark"),
            ];
            if kit::segments(ui, &mut theme, &all) {
                let command = match theme {
                    ThemePreference::System => CommandId::ThemeSystem,
                    ThemePreference::Light => CommandId::ThemeLight,
                    ThemePreference::Dark => CommandId::ThemeDark,
                };
                actions.push(Action::Run(command));
            }
        });
        kit::row(ui, "Size", |ui| {
            for (word, command) in [
                ("Smaller", CommandId::ZoomOut),
                ("Normal", CommandId::ZoomReset),
                ("Larger", CommandId::ZoomIn),
            ] {
                if ui.button(word).clicked() {
                    actions.push(Action::Run(command));
                }
            }
            let percent = (ui.ctx().zoom_factor() * 100.0).round();
            kit::quiet(ui, &format!("{percent} %"));
        });
        for (word, on, command) in [
            (
                "Show the explorer",
                situation.explorer_open,
                CommandId::ToggleExplorer,
            ),
            ("Show the jobs", situation.jobs_open, CommandId::ToggleJobs),
            ("Work offline", situation.offline, CommandId::ToggleOffline),
        ] {
            let mut shown = on;
            if kit::tick(ui, &mut shown, Choice::new(word)).changed() {
                actions.push(Action::Run(command));
            }
        }
        kit::quiet(ui, OFFLINE);
        kit::heading(ui, "Cache");
        let words = "Manifests, indexes, configs and lists of files, by their digests: what is in it is hashed again before it is believed.";
        kit::quiet(ui, words);
        let Some(folder) = &self.cache else {
            kit::quiet(ui, "There is no cache on disk.");
            return;
        };
        kit::row(ui, "Folder", |ui| {
            let folder = text::visible(folder);
            let folder = egui::RichText::new(text::middle(&folder, 84)).monospace();
            ui.add(egui::Label::new(folder).truncate());
        });
        kit::row(ui, "Holds", |ui| {
            let held = self.cache_bytes.map_or_else(|| "…".to_owned(), text::size);
            ui.label(held);
            let something = self.cache_bytes.is_some_and(|bytes| bytes > 0);
            let clear = ui.add_enabled(something, egui::Button::new("Clear the cache"));
            if clear.clicked() {
                actions.push(Action::Send(Command::Chore(Chore::ClearCache)));
            }
        });
    }
}
