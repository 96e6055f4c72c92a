//! What can be done with an image that is listed somewhere: the entries that the context
//! menus of the explorer, of tags and of tabs have in common.

use egui::{Button, Ui};

use super::action::{Action, Actions, CopyWhat};
use crate::engine::ComparedImage;
use crate::model::{Digest, Reference};
use crate::ui::dialogs::PlaceKind;

/// An image that a context menu is about.
pub struct ImageMenu {
    /// What opens it.
    reference: String,
    /// What is copied and exported.
    what: CopyWhat,
    compared: ComparedImage,
    /// What always means the same bytes, where the place has names for that.
    by_digest: Option<String>,
    digest: Option<Digest>,
}

impl ImageMenu {
    /// What `reference` stands for.
    pub fn of(reference: &str) -> Self {
        Self {
            reference: reference.to_owned(),
            what: CopyWhat::Reference(reference.to_owned()),
            compared: ComparedImage {
                reference: reference.to_owned(),
                platform: None,
            },
            by_digest: None,
            digest: None,
        }
    }

    /// With the digest that `reference` stands for now.
    pub fn with_digest(mut self, reference: &Reference, digest: Option<&Digest>) -> Self {
        let by_digest = digest.and_then(|digest| reference.at_digest(digest));
        self.by_digest = by_digest.map(|reference| reference.to_string());
        self.digest = digest.cloned();
        self
    }

    /// With the name that the place itself has for these bytes.
    pub fn with_own_name(mut self, name: Option<&Reference>) -> Self {
        self.by_digest = self.by_digest.or_else(|| Some(name?.to_string()));
        self
    }

    /// Of the image of an open tab, compared as it is looked at.
    pub fn of_tab(mut self, what: CopyWhat, compared: Option<ComparedImage>) -> Self {
        self.what = what;
        self.compared = compared.unwrap_or(self.compared);
        self
    }

    /// Draws the entries for its name alone.
    pub fn show_name(&self, ui: &mut Ui, actions: &mut Actions) {
        let mut copy = |ui: &mut Ui, name: &str, text: &str, what: &str| {
            if item(ui, name) {
                actions.push(Action::Copy {
                    text: text.to_owned(),
                    what: what.to_owned(),
                });
            }
        };
        copy(ui, "Copy reference", &self.reference, "reference");
        match (&self.by_digest, &self.digest) {
            (Some(name), _) => copy(ui, "Copy reference by digest", name, "reference by digest"),
            (None, Some(digest)) => copy(ui, "Copy digest", &digest.to_string(), "digest"),
            (None, None) => {}
        }
    }

    /// Draws the entries, from copying what it is called to exporting it.
    pub fn show(&self, ui: &mut Ui, actions: &mut Actions) {
        self.show_name(ui, actions);
        if item(ui, "Compare with…") {
            actions.push(Action::CompareWith(self.compared.clone()));
        }
        for (name, export) in [("Copy…", false), ("Export…", true)] {
            if item(ui, name) {
                actions.push(Action::AskCopy {
                    what: self.what.clone(),
                    target: None,
                    export,
                });
            }
        }
        let parsed = Reference::parse_prefixed(&self.reference).and_then(Result::ok);
        let place = parsed.as_ref().map(PlaceKind::of);
        if place.is_some_and(PlaceKind::holds_signatures) && item(ui, "Sign…") {
            actions.push(Action::AskSign(self.what.clone()));
        }
        if place.is_some_and(PlaceKind::holds_referrers) && item(ui, "Attach…") {
            actions.push(Action::AskAttach(self.what.clone()));
        }
    }
}

/// An entry of a context menu. Says whether it was chosen, and closes the menu then.
pub fn item(ui: &mut Ui, name: &str) -> bool {
    let clicked = ui.add(Button::new(name)).clicked();
    if clicked {
        ui.close();
    }
    clicked
}
