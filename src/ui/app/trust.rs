//! The trust policy in the window: listed in the settings, judged by everywhere.

use std::path::Path;
use std::sync::Arc;

use super::App;
use crate::engine::{Command, Failure, TrustFile};
use crate::model::text;
use crate::ui::dialogs::Dialog;

impl App {
    /// Shows the settings with the trust policy.
    pub(super) fn show_trust(&mut self) {
        self.show_settings();
        if let Some(Dialog::Settings(settings)) = &mut self.dialog {
            settings.show_trust();
        }
    }

    /// What stands in the policy was listed.
    pub(super) fn trust_listed(&mut self, file: Arc<TrustFile>) {
        if let Some(settings) = self.settings_dialog() {
            settings.trust.set(file);
        }
    }

    /// The policy was changed: what is open is judged again.
    pub(super) fn trust_saved(&mut self, path: &Path) {
        let path = path.display().to_string();
        let text = format!("Changed the trust policy {}", text::visible(&path));
        self.toasts.say(&self.ctx, text);
        self.engine.send(Command::JudgeAgain);
        if let Some(settings) = self.settings_dialog() {
            settings.trust.saved();
            settings.list_again();
        }
    }

    /// The policy was not changed.
    pub(super) fn trust_failed(&mut self, failure: Arc<Failure>) {
        match self.settings_dialog() {
            Some(settings) if settings.trust.is_saving() => settings.trust.failed(failure),
            _ => self.toasts.fail(&self.ctx, &failure),
        }
    }
}
