//! The logins that are kept: whose, where they came from, whether the registry takes them.

use egui::{Align, Layout, RichText, Ui};

use super::{SettingsDialog, Test};
use crate::engine::{Chore, Command, KnownLogin};
use crate::model::text;
use crate::ui::action::{Action, Actions};
use crate::ui::dialogs::kit;
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::{link, row_line};

impl SettingsDialog {
    pub(super) fn credentials(&mut self, ui: &mut Ui, actions: &mut Actions) {
        kit::quiet(
            ui,
            "What docker, podman and skopeo use too. They are looked at in this order, and only for the registry that they are for.",
        );
        if ui.button("Log in…").clicked() {
            actions.push(Action::LogIn {
                registry: Some(String::new()),
                then: None,
            });
        }
        ui.add_space(6.0);
        let Some(known) = &self.logins else {
            kit::quiet(ui, "Reading the files…");
            return;
        };
        if known.logins.is_empty() {
            kit::quiet(
                ui,
                "No login is kept for any registry. What is public can be read without one.",
            );
        }
        let logins = known.logins.clone();
        for (at, login) in logins.iter().enumerate() {
            ui.push_id(at, |ui| self.login(ui, login, actions));
        }
    }

    fn login(&mut self, ui: &mut Ui, login: &KnownLogin, actions: &mut Actions) {
        let tokens = Tokens::of(ui);
        let registry = text::visible(&login.registry);
        let drawn = ui.horizontal(|ui| {
            ui.set_min_height(size::CONTROL);
            ui.label(RichText::new(icons::KEY_ROUND).color(tokens.weak));
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 1.0;
                ui.horizontal(|ui| {
                    ui.label(&*registry);
                    let user = login.user.as_deref().unwrap_or("a token");
                    ui.label(RichText::new(text::visible(user)).color(tokens.weak));
                    if login.hidden {
                        let words = RichText::new("hidden by the one above").color(tokens.faint);
                        ui.label(words);
                    }
                });
                let origin = login.origin.to_string();
                let origin = RichText::new(text::visible(&origin))
                    .small()
                    .color(tokens.faint);
                ui.add(egui::Label::new(origin).truncate());
            });
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if login.registry.is_empty() {
                    return;
                }
                if link(ui, "Log out").clicked() {
                    let registry = login.registry.clone();
                    actions.push(Action::Send(Command::Chore(Chore::LogOut { registry })));
                }
                if link(ui, "Log in again…").clicked() {
                    actions.push(Action::LogIn {
                        registry: Some(login.registry.clone()),
                        then: None,
                    });
                }
                if !login.hidden && link(ui, "Test").clicked() {
                    self.tested.insert(login.registry.clone(), Test::Asking);
                    let registry = login.registry.clone();
                    actions.push(Action::Send(Command::Chore(Chore::TestLogin { registry })));
                }
            });
        });
        if let Some(problem) = &login.problem {
            kit::note(
                ui,
                icons::TRIANGLE_ALERT,
                tokens.caution,
                &text::visible(problem),
            );
        }
        match self.tested.get(&login.registry).filter(|_| !login.hidden) {
            None => {}
            Some(Test::Asking) => {
                kit::note(ui, icons::LOADER, tokens.weak, "The registry is asked…");
            }
            Some(Test::Taken) => {
                let words = "The registry takes it";
                kit::note(ui, icons::CIRCLE_CHECK, tokens.accepted, words);
            }
            Some(Test::Failed(failure)) => {
                let words = text::visible(&failure.headline);
                kit::note(ui, icons::CIRCLE_X, tokens.rejected, &words)
                    .on_hover_text(&*failure.hint_in_window());
            }
        }
        row_line(ui, drawn.response.rect);
        ui.add_space(4.0);
    }
}
