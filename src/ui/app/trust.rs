//! The trust policy in the window: listed in the settings, judged by everywhere.

use std::path::Path;
use std::sync::Arc;

use super::App;
use crate::engine::{Command, Failure, TrustChange, TrustFile, TrustPreview};
use crate::model::text;
use crate::ui::dialogs::{Dialog, list_keys};

impl App {
    /// Shows the settings with the trust policy.
    pub(super) fn show_trust(&mut self) {
        self.show_settings();
        if let Some(Dialog::Settings(settings)) = &mut self.dialog {
            settings.show_trust();
        }
    }

    /// Asks for a signer, to be trusted for images of the name `scope`.
    pub(super) fn ask_signer(&mut self, scope: String) {
        self.show_trust();
        if let Some(Dialog::Settings(settings)) = &mut self.dialog {
            settings.trust.ask_signer(scope);
        }
        self.actions.push(list_keys());
    }

    pub(in crate::ui) fn toggle_offline(&mut self) {
        self.set_offline(!self.settings.offline);
    }

    /// Asks nobody but the registry of an image from now on, or everybody again.
    pub(super) fn set_offline(&mut self, offline: bool) {
        self.settings.offline = offline;
        self.engine.send(Command::SetOffline(offline));
    }

    /// What stands in the policy was listed.
    pub(super) fn trust_listed(&mut self, file: Arc<TrustFile>) {
        if let Some(settings) = self.settings_dialog() {
            settings.trust.set(file);
        }
    }

    /// What a change of the policy would write is known.
    pub(super) fn trust_previewed(&mut self, preview: &Arc<TrustPreview>) {
        if let Some(settings) = self.settings_dialog() {
            settings.trust.previewed(preview);
        }
        for tab in self.tabs.iter_mut() {
            tab.view_state.trust_previewed(preview);
        }
    }

    /// The policy was changed: what is open is judged again.
    pub(super) fn trust_saved(&mut self, path: &Path) {
        let path = path.display().to_string();
        let text = format!("Changed the trust policy {}", text::visible(&path));
        self.toasts.say(text);
        self.engine.send(Command::JudgeAgain);
        for tab in self.tabs.iter_mut() {
            tab.view_state.trust_settled(None);
        }
        if let Some(settings) = self.settings_dialog() {
            settings.trust.saved();
            settings.list_again();
        }
    }

    /// The policy was not changed, by `change` where that was shown first. What else is
    /// proposed stays.
    pub(super) fn trust_failed(&mut self, failure: Arc<Failure>, change: Option<&TrustChange>) {
        if change.is_some() {
            for tab in self.tabs.iter_mut() {
                tab.view_state.trust_settled(change);
            }
        }
        match self.settings_dialog() {
            Some(settings) if settings.trust.waits_for(change) => settings.trust.failed(failure),
            _ => self.toasts.fail(&failure),
        }
    }
}
