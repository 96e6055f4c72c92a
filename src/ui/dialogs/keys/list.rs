//! The keys that are there, and what can be done with the one that is marked.

use egui::{Button, Ui};

use super::{Keys, Page, list_keys};
use crate::engine::{KeyChore, KeyInfo};
use crate::ui::action::{Action, Actions, PathWish};
use crate::ui::dialogs::folder::expand_home;
use crate::ui::dialogs::kit;
use crate::ui::panels::parts::button_width;
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::table::{Column, RowUi, Table};
use crate::ui::widgets::{Look, Row, empty_state, error_box, text};

const NAME: usize = 0;
const KIND: usize = 1;
const FINGERPRINT: usize = 2;

const COLUMNS: [Column; 3] = [
    Column::wide("Name", 140.0, 2.0),
    Column::new("Kind", 130.0),
    Column::wide("Fingerprint", 160.0, 3.0)
        .hint("Of the public half: the same for everybody who has it"),
];

/// Highest that the list is before it scrolls, in points.
const LIST: f32 = 190.0;
const SAVE: &str = "Save";
/// Width of the names of the facts.
const NAMES: f32 = 112.0;

impl Keys {
    pub(super) fn list(&mut self, ui: &mut Ui, actions: &mut Actions) {
        if let Some(error) = self.keys.error().cloned() {
            error_box(ui, &error, Some(list_keys()), actions);
            ui.add_space(8.0);
        }
        let Some(keys) = self.keys.value().cloned() else {
            if self.keys.error().is_some() {
                return;
            }
            kit::note(ui, icons::LOADER, Tokens::of(ui).weak, "Listing the keys…");
            return;
        };
        if keys.is_empty() {
            let hint = format!(
                "Make one, or import one that you have from cosign, openssl or gpg. Keys are kept in {}.",
                text::line(&self.folder)
            );
            empty_state(ui, icons::KEY_ROUND, "There are no keys yet", &hint, None);
            return;
        }
        let selected = keys
            .iter()
            .position(|key| Some(&key.name) == self.selected.as_ref());
        egui::ScrollArea::vertical()
            .id_salt("list of keys")
            .max_height(LIST)
            .show(ui, |ui| {
                let touched = Table::new("Keys", &COLUMNS, keys.len())
                    .selected(selected)
                    .show(ui, |row| {
                        let key = &keys[row.index];
                        line(row, key);
                    });
                if let Some(at) = touched.selected
                    && selected != Some(at)
                {
                    self.selected = Some(keys[at].name.clone());
                    self.turn_to(Page::List);
                }
            });
        ui.add_space(8.0);
        if let Some(key) = self.key().cloned() {
            facts(ui, &key, actions);
            ui.add_space(10.0);
            self.act(ui, &key, actions);
        }
    }

    /// What can be done with the key.
    fn act(&mut self, ui: &mut Ui, key: &KeyInfo, actions: &mut Actions) {
        match &mut self.page {
            Page::Export(path) => {
                let mut chore = None;
                kit::row(ui, "Public half to", |ui| {
                    let wish = PathWish::SaveFile(format!("{}.pub", key.name));
                    let hint = "for example /path/to/key.pub";
                    let room = button_width(ui, SAVE) + ui.spacing().item_spacing.x;
                    kit::path(ui, "File", path, hint, room, wish, actions);
                    let named = !path.trim().is_empty();
                    let save = ui.add_enabled(named, Button::new(SAVE));
                    if save.on_disabled_hover_text("Name a file").clicked() {
                        chore = Some(KeyChore::Export {
                            key: key.name.clone(),
                            file: Some(expand_home(path.trim()).into()),
                        });
                    }
                });
                let words = "Nobody can sign with it: give it to whoever is to verify.";
                kit::quiet(ui, words);
                if let Some(chore) = chore {
                    self.begin(chore, "Writing…", actions);
                }
            }
            Page::Delete => {
                let caution = Tokens::of(ui).caution;
                let words = format!(
                    "Delete the key {}? What it has signed stays signed and can be verified with its public half, but nobody can sign with it any more.",
                    key.name
                );
                kit::note(ui, icons::TRIANGLE_ALERT, caution, &words);
                ui.add_space(4.0);
                ui.horizontal(|ui| {
                    if ui.button("Keep it").clicked() {
                        self.turn_to(Page::List);
                    }
                    if ui.button("Delete the key").clicked() {
                        let chore = KeyChore::Delete {
                            key: key.name.clone(),
                        };
                        self.begin(chore, "Deleting…", actions);
                    }
                });
            }
            _ => self.buttons(ui, key, actions),
        }
    }

    fn buttons(&mut self, ui: &mut Ui, key: &KeyInfo, actions: &mut Actions) {
        let public = key.facts.as_ref().map(|facts| facts.public.clone());
        let why = "Its public half is not beside it: import the key again";
        let button = |ui: &mut Ui, word: &str, enabled: bool| {
            let button = Button::new(word).min_size(egui::vec2(0.0, size::CONTROL));
            let response = ui.add_enabled(enabled, button);
            response.on_disabled_hover_text(why).clicked()
        };
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            if button(ui, "Copy public key", public.is_some())
                && let Some(text) = public.clone()
            {
                let what = "public key".to_owned();
                actions.push(Action::Copy { text, what });
            }
            if button(ui, "Export public key…", public.is_some()) {
                self.turn_to(Page::Export(format!("~/{}.pub", key.name)));
            }
            if button(ui, "Delete…", true) {
                self.turn_to(Page::Delete);
            }
        });
    }
}

fn line(row: &mut RowUi<'_>, key: &KeyInfo) {
    let icon = match key.facts.as_ref().is_some_and(|facts| facts.openpgp) {
        true => icons::ID_CARD,
        false => icons::KEY_ROUND,
    };
    let name = text::line(&key.name).into_owned();
    row.words(NAME, &format!("{icon}  {name}"));
    match &key.facts {
        Some(facts) => {
            row.weak(KIND, &text::line(&facts.kind));
            row.mono_weak(FINGERPRINT, &facts.fingerprint);
            let (kind, print) = (&facts.kind, &facts.fingerprint);
            row.name(format!("{name}, {}, {print}", text::line(kind)));
        }
        None => {
            row.weak(KIND, "not known");
            row.weak(FINGERPRINT, "its public half is not beside it");
            row.name(format!("{name}, its public half is not beside it"));
        }
    }
}

fn facts(ui: &mut Ui, key: &KeyInfo, actions: &mut Actions) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let mut row = |ui: &mut Ui, name: &'static str, value: &str, look| {
        Row::new(name, value)
            .name_width(NAMES)
            .look(look)
            .show(ui, actions);
    };
    if let Some(facts) = &key.facts {
        row(ui, "Fingerprint", &facts.fingerprint, Look::Mono);
        if let Some(user) = &facts.user {
            row(ui, "User", user, Look::Words);
        }
    }
    row(ui, "File", &key.path.display().to_string(), Look::Mono);
    if !key.encrypted {
        let words = "no: whoever reads the file has the key";
        let caution = Tokens::of(ui).caution;
        Row::new("Encrypted", words)
            .name_width(NAMES)
            .look(Look::Words)
            .color(caution)
            .show(ui, actions);
    }
    ui.spacing_mut().item_spacing.y = 4.0;
}
