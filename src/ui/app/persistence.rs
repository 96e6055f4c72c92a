//! What is kept for the next run.

use super::App;
use crate::ui::widgets::split;

impl App {
    /// Brings the settings up to what the window is now.
    pub(super) fn remember(&mut self) {
        self.settings.theme = self.ctx.options(|options| options.theme_preference);
        self.settings.zoom = self.ctx.zoom_factor();
        self.settings.files_share = split::FILES.share(&self.ctx);
        self.settings.referrers_share = split::REFERRERS.share(&self.ctx);
        self.settings.session = self.tabs.to_session();
    }

    /// Writes the settings.
    pub(super) fn write(&mut self, storage: &mut dyn eframe::Storage) {
        self.remember();
        self.settings.save(storage);
    }
}
