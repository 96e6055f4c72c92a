//! Copies: asked for, started, and what came of them.

use std::sync::Arc;

use super::folder_picker::Picked;
use super::{App, Tab};
use crate::engine::{
    Command, CopyId, CopyRequest, Extent, Failure, ImageId, Listed, Opened, Place,
};
use crate::model::{PathReference, Reference, Transport, text};
use crate::ui::action::{Action, CopyWhat};
use crate::ui::dialogs::{Beginning, CopyDialog, CopyReport, Dialog, Dropped, Source, Target, kit};

impl App {
    /// Asks where an image is to be copied to.
    pub(in crate::ui) fn ask_copy(
        &mut self,
        what: &CopyWhat,
        target: Option<Target>,
        export: bool,
    ) {
        if let Some(dialog) = self.copy_dialog(what, target, export) {
            self.show_dialog(Dialog::Copy(Box::new(dialog)));
        }
    }

    /// Asks how a copy that failed is to be made again; `request` is what the dialog begins
    /// with.
    pub(super) fn ask_copy_again(&mut self, copy: CopyId, request: &CopyRequest) {
        let what = CopyWhat::Reference(request.source.clone());
        let destination = Reference::parse_prefixed(&request.destination);
        let export = matches!(destination, Some(Ok(Reference::Path(_))));
        if let Some(dialog) = self.copy_dialog(&what, None, export) {
            let dialog = dialog.again(copy, request);
            self.show_dialog(Dialog::Copy(Box::new(dialog)));
        }
    }

    fn copy_dialog(
        &mut self,
        what: &CopyWhat,
        target: Option<Target>,
        export: bool,
    ) -> Option<CopyDialog> {
        let Some(source) = self.image_source(what) else {
            self.warn("The reference was not understood");
            return None;
        };
        let registries = self.settings.places.registries().iter();
        let own_host = match &source.reference {
            Reference::Registry(image) => image.host(),
            _ => "",
        };
        let host = registries
            .map(|registry| registry.host.as_str())
            .find(|host| *host != own_host);
        let beginning = Beginning {
            target,
            export,
            known: self.settings.destinations.clone(),
            host: host.map(ToOwned::to_owned),
        };
        Some(CopyDialog::new(source, beginning))
    }

    /// The image in the engine, opened where no tab shows it.
    pub(super) fn image_source(&self, what: &CopyWhat) -> Option<Source> {
        let tab = match what {
            CopyWhat::Tab(image) => self.tabs.get(*image),
            CopyWhat::Reference(text) => self
                .tabs
                .find(text)
                .and_then(|image| self.tabs.get(image))
                .filter(|tab| tab.image().is_some()),
        };
        if let Some(tab) = tab {
            return Some(Source {
                text: tab.lasting_text()?.to_owned(),
                reference: tab.reference()?.clone(),
                image: tab.image_id(),
                own: false,
            });
        }
        let CopyWhat::Reference(input) = what else {
            return None;
        };
        let reference = match Reference::parse_prefixed(input) {
            Some(parsed) => parsed.ok()?,
            // a folder with a colon in its name stands for itself
            None => Reference::Path(PathReference::new(Transport::Oci, input)),
        };
        let image = ImageId::next();
        self.engine.send(Command::Open {
            image,
            input: input.clone(),
            platform: None,
            extent: Extent::Shown,
        });
        Some(Source {
            text: input.clone(),
            reference,
            image,
            own: true,
        })
    }

    /// Whether it is asked what is to be done with something that is dropped: a tab shows an
    /// image or a place, to which it may be meant to be copied.
    pub(super) fn asks_about_drops(&self) -> bool {
        if self.dialog.is_some() {
            return false;
        }
        let mut tabs = self.tabs.iter();
        tabs.any(|tab| tab.image().is_some() || tab.place().is_some())
    }

    /// Asks what to do with something that was dropped.
    pub(super) fn ask_about_drop(&mut self, path: &str) {
        let target = match self.tabs.focused().and_then(Tab::place) {
            Some(Place::Repository(name)) => Some(Target::Repository(name.clone())),
            _ => None,
        };
        let dialog = Dropped::new(path.to_owned(), target);
        self.show_dialog(Dialog::Dropped(dialog));
    }

    /// Copies what the focused tab shows.
    pub(in crate::ui) fn copy_focused(&mut self, export: bool) {
        if let Some(image) = self.tabs.focused().map(Tab::image_id) {
            self.ask_copy(&CopyWhat::Tab(image), None, export);
        }
    }

    /// Makes a copy that was planned.
    pub(super) fn start_copy(&mut self, copy: CopyId, request: Box<CopyRequest>) {
        self.settings.remember_destination(&request.destination);
        self.settings.jobs_open = true;
        self.engine.send(Command::Copy { copy, request });
    }

    /// A path came out of a dialog of the system, for a field of the dialog that is open.
    pub(super) fn path_picked(&mut self, field: egui::Id, picked: Picked) {
        match picked {
            // nobody waits for it where the dialog was closed meanwhile
            Picked::Path(_) if self.dialog.is_none() => {}
            Picked::Path(path) => match path.to_str() {
                Some(path) => kit::give_path(&self.ctx, field, path.to_owned()),
                None => self.warn("The path has a name that is not UTF-8"),
            },
            Picked::Nothing => {}
            Picked::NoService => {
                self.warn("No file dialog of the desktop answers here: type the path");
            }
        }
    }

    /// A copy is done: says so, offers to open it, and asks again for what shows the place.
    pub(super) fn copied(&mut self, copy: CopyId, destination: String) {
        let text = format!("Copied to {}", text::visible(&destination));
        let open = ("Open", Action::Open(destination.clone()));
        let report = ("Report…", Action::ShowReport(copy));
        self.toasts.offer(text, vec![open, report]);
        let report = self.engine.copy(copy);
        let report = report.and_then(|copy| copy.report.value().cloned());
        // there a path is whole, as the places have it
        let written = report.map_or(destination, |report| report.destination.clone());
        let Some(Ok(reference)) = Reference::parse_prefixed(&written) else {
            return;
        };
        self.list_again(&reference);
        let mut shown = Vec::new();
        for tab in self.tabs.iter() {
            let Some(own) = tab.reference().filter(|_| tab.place().is_none()) else {
                continue;
            };
            if *own == reference || lists(tab, &reference) {
                shown.push(tab.image_id());
            }
        }
        self.ask_again(shown);
    }

    /// Lists the places again that show what lies at `reference`, or beside it.
    pub(super) fn list_again(&self, reference: &Reference) {
        let places = match reference {
            Reference::Registry(image) => {
                // a repository that is new is one more there
                let registry = Place::Registry(image.host().to_owned());
                let known = self.engine.place(&registry);
                let listed = known.as_ref().and_then(|known| known.listed.value());
                let new = !matches!(listed, Some(Listed::Names(names)) if names
                    .iter()
                    .any(|name| **name == *image.repository()));
                let registry = Some(registry).filter(|_| new);
                let repository = Place::Repository(image.name());
                registry.into_iter().chain([repository]).collect()
            }
            Reference::Path(path) => {
                let whole = PathReference::new(path.transport, path.path.clone());
                vec![Place::Local(Reference::Path(whole).to_string())]
            }
            Reference::Daemon(_) => vec![Place::Engines],
        };
        for place in places {
            if self.engine.place(&place).is_some() {
                self.engine.send(Command::ListPlace { place });
            }
        }
    }

    /// Asks for images again that were changed from here.
    pub(super) fn ask_again(&mut self, images: Vec<ImageId>) {
        for image in images {
            if let Some(tab) = self.tabs.get_mut(image) {
                tab.changed_on_disk = false;
            }
            self.engine.send(Command::Reload { image });
        }
    }

    /// Shows what a copy did.
    pub(super) fn show_report(&mut self, copy: CopyId) {
        let report = self.engine.copy(copy);
        match report.and_then(|copy| copy.report.value().cloned()) {
            Some(report) => {
                let now = (self.surroundings.now)();
                let places = [&*report.source, &*report.destination];
                let reaching = self.engine.reaching(&places).to_vec();
                let dialog = CopyReport::new(report, now, reaching);
                self.show_dialog(Dialog::Report(dialog));
            }
            None => self.warn("There is no report of that copy any more"),
        }
    }

    /// Asks whether what the focused tab shows is to be deleted.
    pub(in crate::ui) fn delete_focused(&mut self) {
        let tab = self.tabs.focused();
        if let Some(reference) = tab.and_then(Tab::reference).cloned() {
            let digest = tab.and_then(Tab::root_digest).cloned();
            self.actions.push(Action::AskDelete { reference, digest });
        }
    }

    /// Something is gone: says so, and lists its place again where it is shown.
    pub(super) fn deleted(&mut self, reference: &str) {
        let text = format!("Deleted {}", text::visible(reference));
        self.toasts.say(text);
        if matches!(&self.dialog, Some(Dialog::Delete(delete)) if delete.reference() == reference) {
            self.another_dialog();
            self.dialog = self.covered.pop();
        }
        if let Some(Ok(reference)) = Reference::parse_prefixed(reference) {
            self.list_again(&reference);
        }
    }

    /// Something could not be deleted.
    pub(super) fn delete_failed(
        &mut self,
        reference: &str,
        others: Vec<String>,
        failure: Arc<Failure>,
    ) {
        match &mut self.dialog {
            Some(Dialog::Delete(delete)) if delete.reference() == reference => {
                delete.failed(others, failure);
            }
            _ => self.toasts.fail(&failure),
        }
    }
}

/// Whether a tab lists the images of the folder or archive that `reference` lies in.
fn lists(tab: &Tab, reference: &Reference) -> bool {
    let (Some(Reference::Path(own)), Reference::Path(written)) = (tab.reference(), reference)
    else {
        return false;
    };
    let opened = tab.snapshot().and_then(|known| known.opened.value());
    own.path == written.path && matches!(opened, Some(Opened::Several(_)))
}
