//! After a frame: what the parts of the window wished.

use super::{App, Tab};
use crate::diagnostics;
use crate::engine::{Chore, Command, Extent, ImageId, NodePath, Place};
use crate::model::{limits, text};
use crate::ui::action::{Action, FilesPlace, PathWish, Spot};
use crate::ui::commands::CommandId;
use crate::ui::dialogs::{Delete, Diagnostics, Dialog, SettingsDialog, TagsReport, kit};
use crate::ui::views::View;

impl App {
    /// Carries out what was wished in this frame.
    pub(super) fn carry_out(&mut self) {
        let actions = self.actions.take();
        if actions.is_empty() {
            return;
        }
        for action in actions {
            self.act(action);
        }
        // a wish changes what the next frame shows
        self.ctx.request_repaint();
    }

    fn act(&mut self, action: Action) {
        match action {
            // reloads say what they found, so they are told apart
            Action::Send(Command::Reload { image }) => self.reload(image),
            Action::Send(command) => self.engine.send(command),
            Action::Open(input) => self.open(&input),
            Action::OpenInstead(input) => self.open_instead(&input),
            Action::OpenPlace(place) => self.open_place(place),
            Action::Compare(request) => self.compare(*request),
            Action::SaveFiles(wish) => {
                let save = Dialog::save(wish, self.surroundings.downloads.as_deref());
                self.show_dialog(save);
            }
            Action::CompareWith(image) => self.compare_with(image),
            Action::AddRegistry(host) => {
                self.settings.places.add_registry(&host);
                self.settings.explorer_open = true;
            }
            Action::AddRepository(repository) => {
                let places = &mut self.settings.places;
                places.add_repository(repository.host(), repository.repository());
                self.open_place(Place::Repository(repository.name()));
            }
            Action::TypeRepository(host) => self.show_dialog(Dialog::repository(&host)),
            Action::ShowView(image, view) => {
                self.tabs.show(image);
                self.show_view(view);
            }
            Action::ShowFiles(place) => self.show_files(place),
            Action::Select(image, path) => self.select(image, path),
            Action::Copy { text, what } => self.copy(text, &what),
            Action::Run(id) => self.run_command(id),
            Action::ShowTab(image) => self.tabs.show(image),
            Action::OpenAgain(image) => self.open_again(image),
            Action::CloseTab(image) => self.close_tab(image),
            Action::CloseOthers(image) => self.close_tabs(|tab| tab.image_id() != image),
            Action::CloseFailed => self.close_tabs(|tab| tab.failure().is_some()),
            Action::ForgetRecent(reference) => self.settings.recents.remove(&reference),
            Action::ToggleFavourite(reference) => self.settings.favourites.toggle(&reference),
            Action::Wake(image) => self.wake(image),
            Action::AskCopy {
                what,
                target,
                export,
            } => self.ask_copy(&what, target, export),
            Action::AskCopyTags { source, target } => self.ask_copy_tags(source, target.as_ref()),
            Action::StartCopyTags { tags, request } => self.start_copy_tags(tags, request),
            Action::ShowTags(job) => self.show_dialog(Dialog::TagsReport(TagsReport::new(job))),
            Action::AskSign(what) => self.ask_sign(&what),
            Action::AskAttach(what) => self.ask_attach(&what),
            Action::AskRemove(wish) => self.ask_remove(wish),
            Action::SetOffline(offline) => self.set_offline(offline),
            Action::ShowKeys => self.show_keys(),
            Action::OpenAt(input, view, spot) => {
                match self.tabs.find(&input) {
                    Some(image) => self.tabs.show(image),
                    None => self.open_new(&input, view),
                }
                self.show_spot(view, spot);
            }
            Action::ShowAt(image, view, spot) => {
                self.tabs.show(image);
                self.show_spot(view, spot);
            }
            Action::AskDelete { reference, digest } => {
                let delete = Delete::new(&reference, digest.as_ref());
                self.show_dialog(Dialog::Delete(delete));
            }
            Action::AskCopyAgain { copy, request } => self.ask_copy_again(copy, &request),
            Action::ShowReport(copy) => self.show_report(copy),
            Action::ShowJobs => self.settings.jobs_open = true,
            Action::StartCopy { copy, request } => self.start_copy(copy, request),
            Action::PickPath(wish, field) => self.pick_path(wish, field),
            Action::LogIn { registry, then } => self.ask_login(registry, then),
            Action::ShowTrust => self.show_trust(),
            Action::ShowTls => self.show_tls(),
            Action::AskSigner(scope) => self.ask_signer(scope),
            Action::SaveReport(report, name) => {
                let folder = self.surroundings.downloads.as_deref();
                let save = Dialog::save_report(report, name, folder);
                self.show_dialog(save);
            }
            Action::Quit => self.quit_anyway(),
            Action::DismissChange(image) => {
                if let Some(tab) = self.tabs.get_mut(image) {
                    tab.changed_on_disk = false;
                }
            }
            Action::Browse(address) => self.engine.send(Command::Browse { address }),
        }
    }

    /// Runs a command of the table where it can run.
    pub(super) fn run_command(&mut self, id: CommandId) {
        let command = id.command();
        if (command.enabled)(&self.situation()).is_ok() {
            (command.run)(self);
        }
    }

    /// Opens a reference or path in a new tab, or shows the tab that has it; asks again
    /// where that tab is shown already.
    pub fn open(&mut self, input: &str) {
        let input = input.trim();
        if input.is_empty() {
            return;
        }
        if input.len() > limits::REFERENCE_BYTES {
            self.warn("That is too long to be a reference or a path");
            return;
        }
        if let Some(image) = self.tabs.find(&text::without_secrets(input)) {
            let asleep = self.tabs.get(image).is_some_and(|tab| tab.asleep);
            if self.tabs.focused_id() == Some(image) && !asleep {
                self.reload(image);
            }
            self.tabs.show(image);
            return;
        }
        self.open_new(input, View::default());
    }

    /// As [`open`](Self::open); where nothing could be opened in the tab that has the focus,
    /// this takes its place.
    fn open_instead(&mut self, input: &str) {
        let before = self.tabs.focused_id();
        let failed = self
            .tabs
            .focused()
            .is_some_and(|tab| tab.failure().is_some());
        self.open(input);
        let Some(typed) = self.tabs.focused_id().filter(|now| Some(*now) != before) else {
            return;
        };
        self.typed = Some((typed, before));
        if let Some(before) = before.filter(|_| failed) {
            self.discard_tab(before);
        }
    }

    /// Closes a tab in which nothing could be opened: nobody misses it.
    pub(super) fn discard_tab(&mut self, image: ImageId) {
        let closed = self.tabs.len();
        self.close_tab(image);
        if self.tabs.len() < closed {
            self.tabs.take_closed();
        }
    }

    /// Closes the tabs that are meant.
    fn close_tabs(&mut self, meant: impl Fn(&Tab) -> bool) {
        for image in self.tabs.order() {
            if self.tabs.get(image).is_some_and(&meant) {
                self.close_tab(image);
            }
        }
    }

    fn open_new(&mut self, input: &str, view: View) {
        let image = ImageId::next();
        let mut tab = Tab::new(image, text::without_secrets(input).into_owned());
        tab.view = view;
        self.tabs.add(tab);
        self.engine.send(Command::Open {
            image,
            input: input.to_owned(),
            platform: None,
            extent: Extent::Shown,
        });
    }

    /// Opens the image of a tab in another tab, to look at two sides of it at once.
    fn open_again(&mut self, image: ImageId) {
        if let Some(tab) = self.tabs.get(image) {
            let (input, view) = (tab.input.clone(), tab.view);
            self.open_new(&input, view);
        }
    }

    /// Shows the tags of a repository in a tab of their own, or shows the tab that does.
    pub(in crate::ui) fn open_place(&mut self, place: Place) {
        let Place::Repository(name) = &place else {
            return;
        };
        if let Some(image) = self.tabs.find_place(&place) {
            self.tabs.show(image);
            return;
        }
        self.tabs
            .add(Tab::of_repository(ImageId::next(), name.clone()));
        self.engine.send(Command::ListPlace { place });
    }

    /// Closes a tab and ends what is done for its image.
    pub(in crate::ui) fn close_tab(&mut self, image: ImageId) {
        if let Some(id) = self.tabs.get(image).and_then(Tab::comparison).map(|c| c.id) {
            self.tabs.close(image);
            self.history.forget(image);
            let comparison = id;
            self.engine.send(Command::ForgetComparison { comparison });
            return;
        }
        if let Some(place) = self.tabs.get(image).and_then(Tab::place).cloned() {
            self.tabs.close(image);
            self.history.forget(image);
            self.engine.send(Command::ClosePlace { place });
            return;
        }
        if self.tabs.close(image) {
            self.history.forget(image);
            self.noted.remove(&image);
            self.reloads.forget(image);
            self.engine.send(Command::Close { image });
        }
    }

    /// Opens what was closed last once more.
    pub(in crate::ui) fn reopen_tab(&mut self) {
        if let Some(closed) = self.tabs.take_closed() {
            if let Some(place) = closed.place {
                return self.open_place(place);
            }
            if let Some(request) = closed.comparison {
                return self.compare(request);
            }
            self.open_new(&closed.input, closed.view);
        }
    }

    pub(in crate::ui) fn cycle_tabs(&mut self, forward: bool) {
        self.tabs.cycle(forward);
    }

    pub(in crate::ui) fn show_view(&mut self, view: View) {
        if let Some(tab) = self.tabs.focused_mut() {
            tab.view = view;
        }
    }

    /// Shows a view of the focused tab with what is to be looked at there.
    fn show_spot(&mut self, view: View, spot: Spot) {
        if let Some(tab) = self.tabs.focused_mut() {
            tab.view = view;
            tab.selected = spot.selected.or_else(|| tab.selected.take());
            if let Some(digest) = spot.digest {
                tab.view_state.bring_into_view(&digest);
            }
        }
    }

    fn select(&mut self, image: ImageId, path: NodePath) {
        if let Some(tab) = self.tabs.get_mut(image) {
            tab.selected = Some(path);
        }
    }

    /// Shows the files of one layer of a manifest.
    fn show_files(&mut self, place: FilesPlace) {
        let FilesPlace {
            image,
            manifest,
            layer,
            path,
        } = place;
        self.tabs.show(image);
        let Some(tab) = self.tabs.get_mut(image) else {
            return;
        };
        tab.view_state.show_files(&manifest, layer, path);
        tab.view = View::Files;
        // what stands for it already stays what is selected
        if tab.subject() != manifest {
            tab.selected = Some(manifest);
        }
    }

    /// One step through what was shown.
    pub(in crate::ui) fn go(&mut self, back: bool) {
        let Some(location) = self.history.go(back).cloned() else {
            return;
        };
        self.tabs.show(location.image);
        if let Some(tab) = self.tabs.focused_mut() {
            tab.view = location.view;
            tab.selected = location.selected;
        }
    }

    /// Puts a text on the clipboard and says so.
    pub(in crate::ui) fn copy(&mut self, text: String, what: &str) {
        self.ctx.copy_text(text);
        self.toasts.say(format!("Copied {what}"));
    }

    pub(super) fn warn(&mut self, text: impl Into<String>) {
        self.toasts.warn(text.into());
    }

    pub(in crate::ui) fn focus_address(&mut self) {
        self.address.focus();
    }

    /// Opens the dialog that picks a folder after this frame. While the system's is open,
    /// or does not answer, our own takes its place.
    pub(in crate::ui) fn pick_folder(&mut self) {
        self.pick(PathWish::OpenFolder);
    }

    pub(super) fn pick(&mut self, wish: PathWish) {
        if self.picking.is_some() {
            self.show_dialog(Dialog::folder());
        } else {
            self.wanted_path = Some((wish, None));
        }
    }

    /// Opens a dialog of the system for a field of the dialog that is open.
    fn pick_path(&mut self, wish: PathWish, field: egui::Id) {
        if self.picking.is_none() {
            self.wanted_path = Some((wish, Some(field)));
        }
    }

    /// Asks for the clipboard, to open what is on it as soon as it comes.
    pub(in crate::ui) fn request_paste(&mut self) {
        self.asked_for_paste = Some(self.ctx.input(|input| input.time));
        self.ctx
            .send_viewport_cmd(egui::ViewportCommand::RequestPaste);
        self.ctx.request_repaint();
    }

    /// Shows what helps to find out what is wrong, as it is now.
    pub(in crate::ui) fn show_diagnostics(&mut self) {
        let facts = &self.surroundings.facts;
        let is_set = |name: &str| std::env::var_os(name).is_some();
        let report = diagnostics::report(facts, is_set, &diagnostics::log::last_lines());
        let dialog = Diagnostics::new(report, facts.cache.clone());
        self.show_dialog(Dialog::Diagnostics(dialog));
        self.engine.send(Command::Chore(Chore::MeasureCache));
    }

    /// Shows the settings.
    pub(in crate::ui) fn show_settings(&mut self) {
        let cache = self.surroundings.facts.cache.as_ref();
        let cache = cache.map(|folder| folder.display().to_string());
        self.show_dialog(Dialog::Settings(SettingsDialog::new(cache)));
    }

    /// Shows the settings with what decides whether a registry is believed.
    fn show_tls(&mut self) {
        self.show_settings();
        if let Some(Dialog::Settings(settings)) = &mut self.dialog {
            settings.show_tls();
        }
    }

    pub(in crate::ui) fn show_dialog(&mut self, dialog: Dialog) {
        self.another_dialog();
        for mut before in self.covered.drain(..).chain(self.dialog.take()) {
            before.leave(&self.engine, &mut self.actions);
            self.going_on.extend(before.into_going_on());
        }
        self.dialog = Some(dialog);
    }

    /// The dialog in front is another one from now on: no field of it asked for the path that
    /// may be on its way.
    pub(super) fn another_dialog(&mut self) {
        kit::forget_path(&self.ctx);
        self.picking.take_if(|pending| pending.field().is_some());
    }

    /// Shows a dialog over the one that is open, which comes back afterwards.
    pub(super) fn show_dialog_over(&mut self, dialog: Dialog) {
        self.another_dialog();
        self.covered.extend(self.dialog.replace(dialog));
    }

    pub(in crate::ui) fn set_theme(&mut self, theme: egui::ThemePreference) {
        self.ctx.set_theme(theme);
        self.remember();
    }
}
