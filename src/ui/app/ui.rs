//! The frame: which part lies where.

use egui::{CentralPanel, Frame, Margin, Panel, Ui};

use super::App;
use super::folder_picker::Pending;
use crate::engine::JobSnapshot;
use crate::model::Reference;
use crate::ui::commands::menu_bar;
use crate::ui::dialogs::kit;
use crate::ui::panels::toasts::Toasts;
use crate::ui::panels::{self, drop_overlay, explorer, image_tabs, jobs, status_bar, welcome};
use crate::ui::recents::Recents;
use crate::ui::theme::{Tokens, size};
use crate::ui::{dialogs, drag, panels::address_bar::AddressBar};

impl eframe::App for App {
    fn logic(&mut self, _ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.before_frame();
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        self.draw(ui);
        self.carry_out();
        if let Some((wish, field)) = self.wanted_path.take() {
            let picker = &*self.surroundings.folder_picker;
            self.picking = Some(Pending::start(picker, &wish, field, frame, &self.ctx));
        }
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        self.write(storage);
    }

    /// What is worth keeping is in the settings; scroll positions and the like are not.
    fn persist_egui_memory(&self) -> bool {
        false
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        let tokens = Tokens::for_dark(visuals.dark_mode);
        tokens.background.to_normalized_gamma_f32()
    }
}

impl App {
    fn draw(&mut self, ui: &mut Ui) {
        let mut actions = std::mem::take(&mut self.actions);
        let mut address = std::mem::take(&mut self.address);
        self.bars(ui, &mut address, &mut actions);
        self.address = address;

        let focused = self.tabs.focused();
        let current = explorer::Current {
            reference: focused.and_then(super::Tab::lasting_text),
            place: focused.and_then(super::Tab::place),
        };
        let engine = &self.engine;
        explorer::show(ui, &mut self.settings, current, engine, &mut actions);
        let room = self.middle(ui, &mut actions);

        let asks = self.asks_about_drops();
        drop_overlay::show(&self.ctx, asks);
        drag::ghost(&self.ctx);
        let mut dialog = self.dialog.take();
        let open = dialog.is_some();
        self.toasts.show(&self.ctx, room, open, &mut actions);
        let images = &self.settings.recents;
        let going_on = dialogs::show(
            &self.ctx,
            &mut dialog,
            &self.situation(),
            images,
            &self.engine,
            &mut actions,
        );
        self.going_on.extend(going_on);
        // a path that no field took in the frame that brought it is for nobody
        kit::forget_path(&self.ctx);
        if open && dialog.is_none() {
            self.another_dialog();
        }
        self.dialog = dialog.or_else(|| self.covered.pop());
        self.actions = actions;
    }

    /// What lies above and below.
    fn bars(
        &mut self,
        ui: &mut Ui,
        address: &mut AddressBar,
        actions: &mut crate::ui::action::Actions,
    ) {
        let tokens = Tokens::of(ui);
        let mut messages = std::mem::replace(&mut self.toasts, Toasts::new(self.surroundings.now));
        let now = (self.surroundings.now)();
        let situation = self.situation();
        Panel::top("menu bar")
            .exact_size(size::MENU_BAR)
            .frame(panels::frame(tokens, Margin::symmetric(4, 0)))
            .show(ui, |ui| menu_bar::show(ui, &situation, actions));
        Panel::top("address bar")
            .exact_size(size::ADDRESS_BAR)
            .frame(panels::frame(tokens, Margin::symmetric(12, 0)))
            .show(ui, |ui| address.show(ui, &situation, actions));
        Panel::bottom("status bar")
            .exact_size(size::STATUS_BAR)
            .frame(panels::frame(tokens, Margin::symmetric(12, 0)))
            .show(ui, |ui| {
                status_bar::show(ui, &situation, &self.jobs, &mut messages, now, actions);
            });
        self.toasts = messages;
        let open = self.settings.jobs_open;
        let all = self.engine.waiting();
        let waiting = |job: &JobSnapshot| {
            let image = self.engine.image(job.image);
            let connection = image.as_ref().and_then(|image| image.connection.as_ref());
            let named = match image.as_ref().and_then(|image| image.reference.as_ref()) {
                Some(Reference::Registry(registry)) => Some(registry.host()),
                // a copy, or what was not understood yet
                None => None,
                Some(_) => return None,
            };
            let fits = |host: &str| {
                connection.is_some_and(|connection| connection.host == host)
                    || named.is_none_or(|named| named == host)
            };
            let found = all.iter().find(|waiting| fits(&waiting.host));
            found.cloned()
        };
        let copies = self.engine.copies();
        let (jobs, meters) = (&self.jobs, &mut self.meters);
        jobs::show(ui, open, jobs, &waiting, &copies, meters, actions);
    }

    /// The open images, or the page that is shown while there are none. Gives where they lie.
    fn middle(&mut self, ui: &mut Ui, actions: &mut crate::ui::action::Actions) -> egui::Rect {
        let tokens = Tokens::of(ui);
        let ground = Frame::NONE.fill(tokens.background);
        let drawn = CentralPanel::no_frame().frame(ground).show(ui, |ui| {
            if self.tabs.is_empty() {
                let drops = self.surroundings.drops;
                // once is enough: the explorer lists them too
                let recents = match self.settings.explorer_open {
                    true => &Recents::default(),
                    false => &self.settings.recents,
                };
                welcome::show(ui, recents, drops, actions);
            } else {
                let now = (self.surroundings.now)();
                image_tabs::show(ui, self.tabs.parts_mut(), &self.keys, now, actions);
            }
        });
        drawn.response.rect
    }
}
