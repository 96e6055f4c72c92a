//! Signing, attaching and keys: asked for, and what came of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{App, Tab};
use crate::engine::{Addition, AdditionId, Failure, KeyInfo};
use crate::model::{Reference, text};
use crate::ui::action::CopyWhat;
use crate::ui::dialogs::{AttachDialog, Dialog, Keys, Remove, RemoveWish, SignDialog, list_keys};

impl App {
    /// Asks how an image is to be signed.
    pub(in crate::ui) fn ask_sign(&mut self, what: &CopyWhat) {
        let Some(source) = self.image_source(what) else {
            return self.warn("The reference was not understood");
        };
        self.show_dialog(Dialog::Sign(Box::new(SignDialog::new(source))));
        self.actions.push(list_keys());
    }

    /// Asks what is to be attached to an image.
    pub(in crate::ui) fn ask_attach(&mut self, what: &CopyWhat) {
        let Some(source) = self.image_source(what) else {
            return self.warn("The reference was not understood");
        };
        self.show_dialog(Dialog::Attach(Box::new(AttachDialog::new(source))));
        self.actions.push(list_keys());
    }

    /// Signs what the focused tab shows.
    pub(in crate::ui) fn sign_focused(&mut self) {
        if let Some(image) = self.tabs.focused().map(Tab::image_id) {
            self.ask_sign(&CopyWhat::Tab(image));
        }
    }

    /// Attaches something to what the focused tab shows.
    pub(in crate::ui) fn attach_to_focused(&mut self) {
        if let Some(image) = self.tabs.focused().map(Tab::image_id) {
            self.ask_attach(&CopyWhat::Tab(image));
        }
    }

    /// Asks whether what refers to an image is to go.
    pub(super) fn ask_remove(&mut self, wish: RemoveWish) {
        self.show_dialog(Dialog::Remove(Remove::new(wish)));
    }

    /// Shows the user's keys, over the dialog that wants one.
    pub(in crate::ui) fn show_keys(&mut self) {
        self.show_dialog_over(Dialog::Keys(Keys::default()));
        self.actions.push(list_keys());
    }

    /// Something was added to an image, or taken back: what shows the same place is asked
    /// for again.
    pub(super) fn added(&mut self, addition: AdditionId, reference: &str) {
        let snapshot = self.engine.addition(addition);
        let verb = match snapshot.as_ref().map(|snapshot| &snapshot.request.addition) {
            Some(Addition::Sign(_)) => "Signed",
            Some(Addition::Remove(_)) => "Removed from",
            Some(Addition::Attest { .. } | Addition::Attach(_)) | None => "Attached to",
        };
        let words = format!("{verb} {}", text::visible(reference));
        self.toasts.say(words);
        let Some(Ok(reference)) = Reference::parse_prefixed(reference) else {
            return;
        };
        let mut shown = Vec::new();
        for tab in self.tabs.iter() {
            let beside = tab
                .reference()
                .is_some_and(|own| is_beside(own, &reference));
            if beside && tab.image().is_some() {
                shown.push(tab.image_id());
            }
        }
        self.ask_again(shown);
        if matches!(reference, Reference::Registry(_)) {
            // its tags may be more or fewer now
            self.list_again(&reference);
        }
    }

    /// Every dialog, the one on top first.
    fn dialogs(&mut self) -> impl Iterator<Item = &mut Dialog> {
        let covered = self.covered.iter_mut().rev();
        self.dialog.iter_mut().chain(covered)
    }

    fn keys_dialog(&mut self) -> Option<&mut Keys> {
        self.dialogs().find_map(|dialog| match dialog {
            Dialog::Keys(keys) => Some(keys),
            _ => None,
        })
    }

    /// The keys were listed.
    pub(super) fn show_key_list(&mut self, listed: &Arc<[KeyInfo]>, folder: &Path) {
        self.keys = Arc::clone(listed);
        for dialog in self.dialogs() {
            let listed = Arc::clone(listed);
            match dialog {
                Dialog::Settings(settings) => settings.trust.set_keys(listed),
                Dialog::Keys(keys) => keys.set_keys(listed, folder),
                Dialog::Sign(sign) => sign.set_keys(Ok(listed)),
                Dialog::Attach(attach) => attach.set_keys(Ok(listed)),
                _ => {}
            }
        }
    }

    /// The keys could not be listed: every dialog that shows them says so.
    pub(super) fn keys_not_listed(&mut self, failure: &Arc<Failure>) {
        let mut told = false;
        for dialog in self.dialogs() {
            let failure = Arc::clone(failure);
            match dialog {
                Dialog::Keys(keys) => keys.not_listed(failure),
                Dialog::Sign(sign) => sign.set_keys(Err(failure)),
                Dialog::Attach(attach) => attach.set_keys(Err(failure)),
                _ => continue,
            }
            told = true;
        }
        if !told {
            self.toasts.fail(failure);
        }
    }

    /// A key was looked at, or its public half saved.
    pub(super) fn key_shown(&mut self, key: &KeyInfo, saved: Option<PathBuf>) {
        if let Some(path) = saved {
            let path = path.display().to_string();
            let words = format!("Saved {}", text::visible(&path));
            self.toasts.say(words);
            if let Some(keys) = self.keys_dialog() {
                keys.done();
            }
        } else if let Some(keys) = self.keys_dialog() {
            keys.looked(key);
        }
    }

    pub(super) fn key_kept(&mut self, key: &KeyInfo) {
        let words = format!("Kept the key {}", text::visible(&key.name));
        self.toasts.say(words);
        if let Some(keys) = self.keys_dialog() {
            keys.kept(key);
        }
        self.actions.push(list_keys());
    }

    pub(super) fn key_deleted(&mut self, name: &str) {
        let words = format!("Deleted the key {}", text::visible(name));
        self.toasts.say(words);
        if let Some(keys) = self.keys_dialog() {
            keys.done();
        }
        self.actions.push(list_keys());
    }

    pub(super) fn key_failed(&mut self, failure: &Arc<Failure>, ask: bool) {
        let told = self
            .keys_dialog()
            .is_some_and(|keys| keys.failed(failure, ask));
        if !told {
            self.toasts.fail(failure);
        }
    }
}

/// Whether two images lie in the same repository, folder or archive: what refers to one may
/// refer to the other.
fn is_beside(one: &Reference, other: &Reference) -> bool {
    match (one, other) {
        (Reference::Registry(one), Reference::Registry(other)) => one.name() == other.name(),
        (Reference::Path(one), Reference::Path(other)) => one.path == other.path,
        _ => false,
    }
}
