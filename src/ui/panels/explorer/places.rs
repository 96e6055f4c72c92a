//! The places of the explorer: folders, registries with their repositories, and the images
//! of the container engines. What is unfolded is listed by the engine in the background.

use std::sync::Arc;

use egui::{Response, Ui};

use super::line::{Line, words};
use crate::engine::{Command, Engine, Failure, FailureKind, Listed, Place, PlaceSnapshot, Remote};
use crate::ui::action::{Action, Actions, CopyWhat};
use crate::ui::commands::CommandId;
use crate::ui::dialogs::{Delete, Target};
use crate::ui::drag;
use crate::ui::image_menu::{ImageMenu, item};
use crate::ui::places::{Places, SavedRegistry};
use crate::ui::recents::{Recent, lasting_text};
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::link;
use crate::ui::widgets::text::count;

/// The tree before it is drawn.
pub(super) struct Tree<'a> {
    pub(super) engine: &'a Engine,
    pub(super) places: &'a mut Places,
    /// What the focused tab shows.
    pub(super) current: Option<&'a str>,
    /// The repository that the focused tab shows.
    pub(super) current_place: Option<&'a Place>,
    pub(super) actions: &'a mut Actions,
}

impl Tree<'_> {
    /// The folders and archives that were opened, with their images by name.
    pub(super) fn folders(&mut self, ui: &mut Ui) {
        for text in self.places.folders().to_vec() {
            let place = Place::Local(text.clone());
            let about = Recent::new(text.clone());
            let line = Line {
                depth: 0,
                unfolded: Some(self.places.is_open(&place)),
                icon: about.icon,
                title: &about.title,
                detail: &about.place,
                selected: false,
                hover: &text,
            };
            let response = ui.push_id(("folder", &text), |ui| line.show(ui)).inner;
            let target = Target::Folder(text.clone());
            drag::target(ui, &response, &target, self.actions);
            self.fold(&response, &place);
            response.context_menu(|ui| {
                if item(ui, "Open") {
                    self.actions.push(Action::Open(text.clone()));
                }
                self.list_again_item(ui, &place);
                if holds_several(&text) && item(ui, "Copy all images…") {
                    let (source, target) = (text.clone(), None);
                    self.actions.push(Action::AskCopyTags { source, target });
                }
                if item(ui, "Copy path") {
                    self.copy(&text, "path");
                }
                if item(ui, "Remove from the explorer") {
                    self.places.remove_folder(&text);
                    let place = place.clone();
                    self.actions
                        .push(Action::Send(Command::ClosePlace { place }));
                }
            });
            self.contents(ui, &place, |_, _, _| ());
        }
    }

    /// The registries that were added, with their repositories.
    pub(super) fn registries(&mut self, ui: &mut Ui) {
        for registry in self.places.registries().to_vec() {
            let host = &registry.host;
            let place = Place::Registry(host.clone());
            let line = Line {
                depth: 0,
                unfolded: Some(self.places.is_open(&place)),
                icon: icons::SERVER,
                title: host,
                detail: "",
                selected: false,
                hover: host,
            };
            let response = ui.push_id(("registry", host), |ui| line.show(ui)).inner;
            let target = Target::Registry(host.clone());
            drag::target(ui, &response, &target, self.actions);
            self.fold(&response, &place);
            response.context_menu(|ui| {
                if item(ui, "Type a repository…") {
                    self.actions.push(Action::TypeRepository(host.clone()));
                }
                self.list_again_item(ui, &place);
                if item(ui, "Log in…") {
                    self.actions.push(Action::LogIn {
                        registry: Some(host.clone()),
                        then: None,
                    });
                }
                if item(ui, "Copy host") {
                    self.copy(host, "host");
                }
                if item(ui, "Remove from the explorer") {
                    self.places.remove_registry(host);
                    let place = place.clone();
                    self.actions
                        .push(Action::Send(Command::ClosePlace { place }));
                }
            });
            self.contents(ui, &place, |tree, ui, listed| {
                tree.repositories(ui, &registry, listed);
            });
        }
        ui.horizontal(|ui| {
            ui.add_space(8.0);
            if link(ui, "Add a registry…").clicked() {
                self.actions.push(Action::Run(CommandId::AddRegistry));
            }
        });
    }

    /// The images of Docker and Podman on this machine.
    pub(super) fn engines(&mut self, ui: &mut Ui) {
        let place = Place::Engines;
        let line = Line {
            depth: 0,
            unfolded: Some(self.places.is_open(&place)),
            icon: icons::CONTAINER,
            title: "Docker and Podman",
            detail: "",
            selected: false,
            hover: "The images of the container engines on this computer",
        };
        let response = line.show(ui);
        drag::target(ui, &response, &Target::Engine, self.actions);
        self.fold(&response, &place);
        response.context_menu(|ui| self.list_again_item(ui, &place));
        self.contents(ui, &place, |_, _, _| ());
    }

    /// A click folds or unfolds.
    fn fold(&mut self, response: &Response, place: &Place) {
        if response.clicked() {
            self.places.toggle(place);
        }
        if self.places.ask(place) {
            let place = place.clone();
            self.actions
                .push(Action::Send(Command::ListPlace { place }));
        }
    }

    fn list_again_item(&mut self, ui: &mut Ui, place: &Place) {
        if self.places.is_open(place) && item(ui, "List again") {
            self.list_again(place);
        }
    }

    fn list_again(&mut self, place: &Place) {
        let place = place.clone();
        self.actions
            .push(Action::Send(Command::ListPlace { place }));
    }

    fn copy(&mut self, text: &str, what: &str) {
        self.actions.push(Action::Copy {
            text: text.to_owned(),
            what: what.to_owned(),
        });
    }

    /// What is in an unfolded place, as far as it is known. `names` draws names.
    fn contents(
        &mut self,
        ui: &mut Ui,
        place: &Place,
        names: impl FnOnce(&mut Self, &mut Ui, &[Arc<str>]),
    ) {
        if !self.places.is_open(place) {
            return;
        }
        let snapshot = self.engine.place(place);
        let listed = snapshot.as_ref().map(|snapshot| &snapshot.listed);
        match listed.and_then(Remote::value) {
            Some(Listed::Images(images)) => {
                if images.is_empty() {
                    words(ui, 1, "", "There are no images", Tokens::of(ui).weak);
                }
                for (at, image) in images.iter().enumerate() {
                    let text = lasting_text(&image.reference);
                    let line = Line {
                        depth: 1,
                        unfolded: None,
                        icon: icons::BOX,
                        title: &image.title,
                        detail: &image.detail,
                        selected: self.current == Some(text.as_str()),
                        hover: &text,
                    };
                    let response = ui.push_id((place, at), |ui| line.show(ui)).inner;
                    let what = CopyWhat::Reference(text.clone());
                    let response = drag::source(response, &what, &image.title);
                    if response.clicked() {
                        self.actions.push(Action::Open(text.clone()));
                    }
                    response.context_menu(|ui| {
                        if item(ui, "Open") {
                            self.actions.push(Action::Open(text.clone()));
                        }
                        ImageMenu::of(&text)
                            .with_digest(&image.reference, image.digest.as_ref())
                            .with_own_name(image.own_name.as_ref())
                            .show(ui, self.actions);
                        if Delete::can(&image.reference) {
                            ui.separator();
                            if item(ui, "Delete…") {
                                self.actions.push(Action::AskDelete {
                                    reference: image.reference.clone(),
                                    digest: image.digest.clone(),
                                });
                            }
                        }
                    });
                }
            }
            Some(Listed::Names(listed)) => names(self, ui, listed),
            None => names(self, ui, &[]),
        }
        self.state(ui, place, snapshot.as_deref());
    }

    /// That it is on its way, or why it is not there.
    fn state(&mut self, ui: &mut Ui, place: &Place, snapshot: Option<&PlaceSnapshot>) {
        let tokens = Tokens::of(ui);
        match snapshot.map(|snapshot| &snapshot.listed) {
            None | Some(Remote::NotAsked | Remote::Pending { .. }) => {
                words(ui, 1, icons::LOADER, "Listing…", tokens.weak);
            }
            Some(Remote::Ready(_)) => {}
            Some(Remote::Failed { error, .. }) => {
                let (color, said) = look(place, error, tokens);
                words(ui, 1, icons::CIRCLE_ALERT, &said, color)
                    .on_hover_text(&*error.hint_in_window());
                let indent = egui::Margin {
                    left: 20,
                    ..egui::Margin::ZERO
                };
                egui::Frame::NONE.inner_margin(indent).show(ui, |ui| {
                    ui.horizontal_wrapped(|ui| {
                        if link(ui, "Try again").clicked() {
                            self.list_again(place);
                        }
                        if error.kind == FailureKind::Access && link(ui, "Log in…").clicked() {
                            let place = place.clone();
                            self.actions.push(Action::LogIn {
                                registry: None,
                                then: Some(Command::ListPlace { place }),
                            });
                        }
                        if let Place::Registry(host) = place
                            && link(ui, "Type a repository…").clicked()
                        {
                            self.actions.push(Action::TypeRepository(host.clone()));
                        }
                    });
                });
            }
        }
    }

    /// Those that were typed, and those that the registry lists.
    fn repositories(&mut self, ui: &mut Ui, registry: &SavedRegistry, listed: &[Arc<str>]) {
        let typed = registry.repositories.iter().map(String::as_str);
        let typed: Vec<&str> = typed
            .filter(|name| !listed.iter().any(|there| &**there == *name))
            .collect();
        let count = typed.len() + listed.len();
        // only what is seen is drawn: a registry may have thousands
        let top = ui.cursor().top();
        let clip = ui.clip_rect();
        let row = |y: f32| ((y - top) / size::LIST_ROW).clamp(0.0, count as f32);
        let (first, last) = (row(clip.top()).floor(), row(clip.bottom()).ceil());
        ui.add_space(first * size::LIST_ROW);
        for at in first as usize..last as usize {
            let name = match at.checked_sub(typed.len()) {
                None => typed[at],
                Some(at) => &listed[at],
            };
            self.repository(ui, &registry.host, name, at < typed.len());
        }
        ui.add_space((count as f32 - last) * size::LIST_ROW);
    }

    fn repository(&mut self, ui: &mut Ui, host: &str, name: &str, typed: bool) {
        let whole = format!("{host}/{name}");
        let place = Place::Repository(whole.clone());
        // known once somebody has looked at them
        let tags = match self.engine.place(&place).map(|known| known.listed.clone()) {
            Some(Remote::Ready(Listed::Names(tags))) => count(tags.len(), "tag", "tags"),
            _ => String::new(),
        };
        let line = Line {
            depth: 1,
            unfolded: None,
            icon: icons::TAGS,
            title: name,
            detail: &tags,
            selected: self.current_place == Some(&place),
            hover: &whole,
        };
        let response = ui.push_id(("repository", &whole), |ui| line.show(ui)).inner;
        let target = Target::Repository(whole.clone());
        drag::target(ui, &response, &target, self.actions);
        let source = format!("docker://{whole}");
        let response = drag::repository(response, &source, name);
        if response.clicked() {
            self.actions.push(Action::OpenPlace(place.clone()));
        }
        response.context_menu(|ui| {
            if item(ui, "Browse tags") {
                self.actions.push(Action::OpenPlace(place.clone()));
            }
            if item(ui, "Copy all tags…") {
                let target = None;
                self.actions.push(Action::AskCopyTags { source, target });
            }
            if item(ui, "Copy name") {
                self.copy(&whole, "repository name");
            }
            if typed && item(ui, "Remove from the explorer") {
                self.places.remove_repository(host, name);
            }
        });
    }
}

/// Whether what a place opens as is a layout, which names several images.
fn holds_several(text: &str) -> bool {
    ["oci:", "oci-archive:"]
        .iter()
        .any(|prefix| text.starts_with(prefix))
}

/// That no engine is installed is no failure of anything.
fn look(place: &Place, error: &Failure, tokens: &Tokens) -> (egui::Color32, String) {
    match (place, error.kind) {
        (Place::Engines, FailureKind::Missing) => (
            tokens.weak,
            "No Docker or Podman listens on this computer".to_owned(),
        ),
        _ => (tokens.rejected, error.headline.clone()),
    }
}
