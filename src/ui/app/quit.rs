//! Ending the program, and asking before something that is being done is lost.

use super::App;
use crate::ui::dialogs::Dialog;
use crate::ui::panels::jobs;

impl App {
    /// Holds the end back where a job would be lost, and asks.
    pub(super) fn read_close_request(&mut self) {
        let asked = self.ctx.input(|input| input.viewport().close_requested());
        if !asked || self.quitting {
            return;
        }
        let jobs = jobs::would_be_lost(&self.jobs);
        if jobs.is_empty() {
            return;
        }
        self.ctx
            .send_viewport_cmd(egui::ViewportCommand::CancelClose);
        if matches!(self.dialog, Some(Dialog::Quit(_))) {
            return;
        }
        // what was being filled in comes back where somebody stays
        self.show_dialog_over(Dialog::quit(jobs));
    }

    pub(super) fn quit_anyway(&mut self) {
        self.quitting = true;
        self.ctx.send_viewport_cmd(egui::ViewportCommand::Close);
    }
}
