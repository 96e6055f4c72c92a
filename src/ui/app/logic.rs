//! Before a frame: what came from the engine, from the keyboard, from dialogs and from
//! other programs.

use std::time::Duration;

use super::folder_picker::Picked;
use super::history::Location;
use super::{App, Tab, drops};
use crate::engine::{ImageId, JobSnapshot, Opened, Remote};
use crate::model::{PathReference, Reference};
use crate::ui::commands;
use crate::ui::dialogs::Dialog;
use crate::ui::recents;

/// How long the clipboard is waited for. After that, a paste is somebody else's.
const PASTE_WAIT: Duration = Duration::from_millis(500);

impl App {
    /// Everything that happens before a frame, also while the window is hidden.
    pub(super) fn before_frame(&mut self) {
        if let Some(startup) = &mut self.surroundings.startup
            && let Some(milliseconds) = startup.frame_begins(&self.ctx)
        {
            eprintln!("first frame after {milliseconds} ms");
        }
        self.read_engine();
        self.read_outcomes();
        self.read_close_request();
        self.look_again();
        self.read_paste();
        self.read_drops();
        self.read_folder_dialog();
        self.read_shortcuts();
        self.note_location();
        self.update_title();
    }

    fn read_engine(&mut self) {
        // the jobs first: what a job has brought is in its slot before the job is done
        self.jobs = self.engine.jobs();
        for image in self.tabs.refresh(&self.engine) {
            self.note_recent(image);
        }
        self.tell_reloads();
        self.note_failed_jobs();
        self.refuse_typed();
        self.meters.forget_all_but(&self.jobs);
        let (engine, actions) = (&self.engine, &mut self.actions);
        let toasts = &mut self.toasts;
        self.going_on.retain_mut(|adding| {
            let over = adding.look_after(engine, actions);
            if let Some(Some(failure)) = &over {
                toasts.fail(failure);
            }
            over.is_none()
        });
    }

    /// A text that was typed and is no reference is refused where it was typed: no tab is left
    /// of it.
    fn refuse_typed(&mut self) {
        let Some((image, before)) = self.typed else {
            return;
        };
        let tab = self.tabs.get(image);
        let Some(snapshot) = tab.and_then(Tab::snapshot) else {
            self.typed = self.typed.filter(|_| tab.is_some());
            return;
        };
        // its job ends a moment later, and would be told apart from it
        let running = |job: &JobSnapshot| job.image == image && !job.state.is_final();
        if snapshot.opened.is_pending() || self.jobs.iter().any(|job| running(job)) {
            return;
        }
        self.typed = None;
        let Some(tab) = tab.filter(|tab| tab.reference().is_none()) else {
            return;
        };
        if let Some(failure) = tab.failure().cloned() {
            let input = tab.input.clone();
            self.discard_tab(image);
            if let Some(before) = before {
                self.tabs.show(before);
            }
            self.address.refuse(input, failure, self.tabs.focused());
        }
    }

    /// An image that could be opened is one that can be opened again.
    fn note_recent(&mut self, image: ImageId) {
        let Some(tab) = self.tabs.get_mut(image) else {
            return;
        };
        let opened = tab.snapshot().map(|snapshot| &snapshot.opened);
        let found = matches!(
            opened,
            Some(Remote::Ready(Opened::Image(_) | Opened::Several(_)))
        );
        if let (true, Some(text)) = (found, tab.lasting_text())
            && self.noted.insert(image)
        {
            self.settings.recents.add(text);
            if let Some(Reference::Path(path)) = tab.reference() {
                let whole = PathReference::new(path.transport, path.path.clone());
                let text = recents::lasting_text(&Reference::Path(whole));
                self.settings.places.add_folder(&text);
            }
        }
    }

    fn read_paste(&mut self) {
        let Some(asked) = self.asked_for_paste else {
            return;
        };
        let text = self.ctx.input_mut(|input| {
            let mut pasted = None;
            input.events.retain(|event| match event {
                egui::Event::Paste(text) => {
                    pasted = Some(text.clone());
                    false
                }
                _ => true,
            });
            pasted
        });
        if let Some(text) = text {
            self.asked_for_paste = None;
            let lines = text.lines().map(str::trim);
            if let Some(line) = lines.into_iter().find(|line| !line.is_empty()) {
                self.open(line);
            }
        } else if self.ctx.input(|input| input.time) > asked + PASTE_WAIT.as_secs_f64() {
            self.asked_for_paste = None;
            self.warn("There is no text on the clipboard");
        } else {
            self.ctx.request_repaint_after(PASTE_WAIT);
        }
    }

    fn read_drops(&mut self) {
        let dropped = drops::dropped(&self.ctx);
        // of several the one thing that is meant is opening them
        let alone = dropped.len() == 1;
        for path in dropped {
            match path.to_str() {
                Some(path) if alone && self.asks_about_drops() => {
                    self.ask_about_drop(path);
                }
                Some(path) => self.open(path),
                None => self.warn(format!(
                    "{} has a name that is not UTF-8 and cannot be opened",
                    path.display()
                )),
            }
        }
    }

    fn read_folder_dialog(&mut self) {
        let Some(picked) = self.picking.as_ref().and_then(|pending| pending.answer()) else {
            return;
        };
        let pending = self.picking.take();
        if let Some(field) = pending.and_then(|pending| pending.field()) {
            return self.path_picked(field, picked);
        }
        match picked {
            Picked::Path(path) => match path.to_str() {
                Some(path) => self.open(path),
                None => self.warn("The folder has a name that is not UTF-8"),
            },
            Picked::Nothing => {}
            Picked::NoService => self.show_dialog(Dialog::folder()),
        }
    }

    fn read_shortcuts(&mut self) {
        // what lies behind a dialog does not answer to the keyboard
        if self.dialog.is_some() {
            return;
        }
        for id in commands::consume(&self.ctx, &self.situation()) {
            self.run_command(id);
        }
    }

    /// Remembers what is shown, for Back and Forward.
    pub(super) fn note_location(&mut self) {
        if let Some(tab) = self.tabs.focused() {
            self.history.visit(Location {
                image: tab.image_id(),
                view: tab.view,
                selected: tab.selected.clone(),
            });
        }
    }

    fn update_title(&mut self) {
        let title = match self.tabs.focused() {
            Some(tab) => format!("{} - Porthole", tab.title()),
            None => "Porthole".to_owned(),
        };
        if title != self.title {
            self.title.clone_from(&title);
            self.ctx
                .send_viewport_cmd(egui::ViewportCommand::Title(title));
        }
    }
}
