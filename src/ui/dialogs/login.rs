//! Logging in to a registry. The password is never shown, and kept nowhere in the window.

use std::sync::Arc;

use egui::{Context, Ui};

use super::kit::{self, Footer, Look, SecretText, Sheet};
use crate::engine::{Chore, Command, Failure};
use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons};
use crate::ui::widgets::error_box;

/// The dialog that asks for name and password.
#[derive(Debug)]
pub struct Login {
    registry: String,
    /// Whether it was known from the beginning.
    named: bool,
    user: String,
    password: SecretText,
    focused: u8,
    /// The password is to be typed again.
    again: bool,
    state: State,
    /// What is done once the registry has taken them.
    then: Option<Command>,
}

#[derive(Debug)]
enum State {
    Filling,
    /// The registry is asked.
    Asking,
    Failed(Arc<Failure>),
}

impl Login {
    /// Asks for the login of `registry`, or of one that is typed where that is empty; `then`
    /// is done afterwards.
    pub fn new(registry: &str, then: Option<Command>) -> Self {
        Self {
            registry: registry.to_owned(),
            named: !registry.is_empty(),
            user: String::new(),
            password: SecretText::default(),
            focused: 0,
            again: false,
            state: State::Filling,
            then,
        }
    }

    /// The registry has taken them: what was to be done then.
    pub fn succeeded(self) -> Option<Command> {
        self.then
    }

    /// The registry did not take them, or could not be asked.
    pub fn failed(&mut self, failure: Arc<Failure>) {
        self.state = State::Failed(failure);
        self.again = true;
    }

    /// Draws the dialog; says whether it is done.
    pub fn show(&mut self, ctx: &Context, actions: &mut Actions) -> bool {
        Sheet::new("Log in")
            .title("Log in to a registry")
            .why("The registry is asked first. What it takes is kept where docker, podman and skopeo look for it.")
            .width(520.0)
            .show(
                ctx,
                &mut (self, actions),
                |(login, actions), ui| login.body(ui, actions),
                |(login, actions), footer| login.footer(footer, actions),
            )
    }

    fn body(&mut self, ui: &mut Ui, actions: &mut Actions) {
        let asking = matches!(self.state, State::Asking);
        ui.add_enabled_ui(!asking, |ui| {
            let field = kit::row(ui, "Registry", |ui| {
                let width = ui.available_width();
                let hint = "for example registry.example.com";
                kit::text(ui, "Registry", &mut self.registry, hint, Look::Exact, width)
            });
            let named = self.named;
            if !named {
                kit::first_focus(&field, &mut self.focused);
            }
            let field = kit::row(ui, "User", |ui| {
                let width = ui.available_width();
                kit::text(ui, "User", &mut self.user, "", Look::Words, width)
            });
            if named {
                kit::first_focus(&field, &mut self.focused);
            }
            let field = kit::row(ui, "Password", |ui| {
                let width = ui.available_width();
                kit::secret(ui, "Password", &mut self.password, width)
            });
            if std::mem::take(&mut self.again) {
                field.request_focus();
            }
            let enter = ui.input(|input| input.key_pressed(egui::Key::Enter));
            if field.lost_focus() && enter {
                self.send(actions);
            }
        });
        kit::quiet(ui, "A token that the registry gave you is a password too.");
        ui.add_space(8.0);
        match &self.state {
            State::Filling => {}
            State::Asking => {
                let weak = Tokens::of(ui).weak;
                let words = format!("Asking {}…", self.registry.trim());
                kit::note(ui, icons::LOADER, weak, &words);
            }
            State::Failed(failure) => error_box(ui, failure, None, actions),
        }
    }

    fn footer(&mut self, footer: &mut Footer<'_>, actions: &mut Actions) {
        if footer.primary("Log in", self.ready()) {
            self.send(actions);
        }
        footer.cancel("Cancel");
    }

    fn ready(&self) -> Result<(), &'static str> {
        if matches!(self.state, State::Asking) {
            Err("The registry is being asked")
        } else if self.registry.trim().is_empty() {
            Err("Name the registry")
        } else if self.user.trim().is_empty() {
            Err("Give a name")
        } else if self.password.is_empty() {
            Err("Give a password")
        } else {
            Ok(())
        }
    }

    fn send(&mut self, actions: &mut Actions) {
        if self.ready().is_err() {
            return;
        }
        let chore = Chore::LogIn {
            registry: self.registry.trim().to_owned(),
            user: self.user.trim().to_owned(),
            password: self.password.secret(),
        };
        actions.push(Action::Send(Command::Chore(chore)));
        self.state = State::Asking;
    }
}
