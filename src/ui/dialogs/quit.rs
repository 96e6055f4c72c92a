//! Asks before the program ends while something is being done.

use egui::{Align, Context, Layout, RichText, Ui};

use super::{Place, modal};
use crate::model::text;
use crate::ui::action::{Action, Actions};
use crate::ui::panels::parts::{plain_button, primary_button};
use crate::ui::theme::{Tokens, strong};

/// How many jobs are named.
const NAMED: usize = 6;

/// The jobs that would end.
#[derive(Debug)]
pub struct Quit {
    pub jobs: Vec<String>,
}

impl Quit {
    /// Draws the dialog; says whether it is done.
    pub fn show(&self, ctx: &Context, actions: &mut Actions) -> bool {
        modal(ctx, "Quit Porthole?", Place::Middle, 480.0, 20, |ui| {
            self.content(ui, actions)
        })
    }

    fn content(&self, ui: &mut Ui, actions: &mut Actions) -> bool {
        let weak = Tokens::of(ui).weak;
        ui.label(strong("Quit Porthole?").size(17.0));
        ui.add_space(4.0);
        let what = match self.jobs.len() {
            1 => "A job is not done. It ends when you quit:".to_owned(),
            count => {
                let count = text::count(count as u64);
                format!("{count} jobs are not done. They end when you quit:")
            }
        };
        ui.label(RichText::new(what).color(weak));
        ui.add_space(8.0);
        for job in self.jobs.iter().take(NAMED) {
            ui.label(text::visible(job).into_owned());
        }
        if let Some(more) = self.jobs.len().checked_sub(NAMED).filter(|more| *more > 0) {
            ui.label(RichText::new(format!("and {more} more")).color(weak));
        }
        ui.add_space(16.0);
        let mut close = false;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            close |= primary_button(ui, "Stay", true).clicked();
            if plain_button(ui, "Quit anyway").clicked() {
                actions.push(Action::Quit);
                close = true;
            }
        });
        close
    }
}
