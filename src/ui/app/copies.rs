//! Copies: asked for, started, and what came of them.

use super::folder_picker::Picked;
use super::{App, Tab};
use crate::engine::{Command, CopyId, CopyRequest, Extent, ImageId};
use crate::model::{PathReference, Reference, Transport, text};
use crate::ui::action::{Action, CopyWhat};
use crate::ui::dialogs::{Beginning, CopyDialog, Dialog, Source, Target};

impl App {
    /// Asks where an image is to be copied to.
    pub(in crate::ui) fn ask_copy(
        &mut self,
        what: &CopyWhat,
        target: Option<Target>,
        export: bool,
    ) {
        let Some(source) = self.copy_source(what) else {
            return self.warn("The reference was not understood");
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
        let dialog = CopyDialog::new(source, beginning);
        self.show_dialog(Dialog::Copy(Box::new(dialog)));
    }

    /// The image in the engine, opened where no tab shows it.
    fn copy_source(&self, what: &CopyWhat) -> Option<Source> {
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

    /// A path came out of a dialog of the system.
    pub(super) fn path_picked(&mut self, picked: Picked) {
        match picked {
            Picked::Path(path) => match (path.to_str(), &mut self.dialog) {
                (Some(path), Some(Dialog::Copy(dialog))) => dialog.set_path(path),
                (Some(_), _) => {}
                (None, _) => self.warn("The path has a name that is not UTF-8"),
            },
            Picked::Nothing => {}
            Picked::NoService => {
                self.warn("No file dialog of the desktop answers here: type the path");
            }
        }
    }

    /// A copy is done: says so, and offers to open it.
    pub(super) fn copied(&mut self, _copy: CopyId, destination: String) {
        let text = format!("Copied to {}", text::visible(&destination));
        let open = ("Open", Action::Open(destination));
        self.toasts.offer(&self.ctx, text, vec![open]);
    }
}
