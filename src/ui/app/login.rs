//! Logins: asked for, and what came of them.

use std::sync::Arc;

use super::{App, Tab};
use crate::engine::{Command, Failure, Place};
use crate::model::{Reference, text};
use crate::ui::dialogs::{Dialog, Hosts, Logins, SettingsDialog};

impl App {
    /// Asks for a login; `then` is done when the registry has taken it.
    pub(super) fn ask_login(&mut self, registry: Option<String>, then: Option<Command>) {
        let asked = || then.as_ref().and_then(|then| self.registry_of(then));
        let registry = registry.or_else(asked).unwrap_or_default();
        self.show_dialog_over(Dialog::login(&registry, then));
    }

    /// The registry that a command asks.
    fn registry_of(&self, command: &Command) -> Option<String> {
        match command {
            Command::ListPlace { place } => match place {
                Place::Registry(host) => Some(host.clone()),
                Place::Repository(name) => name.split('/').next().map(ToOwned::to_owned),
                Place::Local(_) | Place::Engines => None,
            },
            Command::Reload { image } | Command::Verify { image, .. } => {
                match self.tabs.get(*image).and_then(Tab::reference)? {
                    Reference::Registry(registry) => Some(registry.host().to_owned()),
                    _ => None,
                }
            }
            Command::PlanCopy { request, .. } => host(&request.destination),
            Command::PlanAddition { request, .. } => host(&request.reference),
            _ => None,
        }
    }

    /// The settings, wherever they are: a login may be asked for over them.
    pub(super) fn settings_dialog(&mut self) -> Option<&mut SettingsDialog> {
        let dialogs = self.dialog.iter_mut().chain(&mut self.covered);
        dialogs.into_iter().find_map(|dialog| match dialog {
            Dialog::Settings(settings) => Some(settings),
            _ => None,
        })
    }

    /// What is kept was listed.
    pub(super) fn show_logins(&mut self, logins: Logins) {
        if let Some(settings) = self.settings_dialog() {
            settings.set_logins(logins);
        }
    }

    /// What decides whether a registry is believed was listed.
    pub(super) fn show_hosts(&mut self, hosts: Hosts) {
        if let Some(settings) = self.settings_dialog() {
            settings.set_hosts(hosts);
        }
    }

    pub(super) fn logged_in(&mut self, registry: &str, in_the_clear: bool, places: &[String]) {
        self.toasts.say(format!("Logged in to {registry}"));
        if let Some(settings) = self.settings_dialog() {
            settings.list_again();
        }
        if in_the_clear {
            let places = text::visible(&places.join(", ")).into_owned();
            self.warn(format!(
                "The password is kept unencrypted in {places}; a credential helper would encrypt it"
            ));
        }
        if matches!(self.dialog, Some(Dialog::Login(_)))
            && let Some(Dialog::Login(login)) = self.dialog.take()
        {
            self.another_dialog();
            self.dialog = self.covered.pop();
            if let Some(then) = login.succeeded() {
                self.engine.send(then);
            }
        }
    }

    pub(super) fn logged_out(&mut self, registry: &str, places: &[String]) {
        if let Some(settings) = self.settings_dialog() {
            settings.list_again();
        }
        let text = if places.is_empty() {
            format!("Nothing was kept for {registry}")
        } else {
            format!("Logged out of {registry}")
        };
        self.toasts.say(text);
    }

    pub(super) fn login_tested(&mut self, registry: &str, user: &str) {
        if let Some(settings) = self.settings_dialog() {
            return settings.tested(registry, None);
        }
        let text = match user {
            "" => format!("{registry} takes the token that is kept"),
            user => format!("{registry} takes the login of {}", text::visible(user)),
        };
        self.toasts.say(text);
    }

    pub(super) fn login_failed(&mut self, registry: &str, failure: Arc<Failure>) {
        match &mut self.dialog {
            Some(Dialog::Login(login)) => login.failed(failure),
            Some(Dialog::Settings(settings)) => settings.tested(registry, Some(failure)),
            _ => self.toasts.fail(&failure),
        }
    }
}

/// The host of a registry's image.
fn host(reference: &str) -> Option<String> {
    let rest = reference.strip_prefix("docker://")?;
    rest.split('/').next().map(ToOwned::to_owned)
}
