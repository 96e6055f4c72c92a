//! Choosing a key: one of the user's folder, or a file.

use std::sync::Arc;

use egui::Ui;

use crate::engine::{AdditionPlan, Failure, KeyInfo, Remote};
use crate::signature::sign::KeyFacts;
use crate::ui::action::{Action, Actions};
use crate::ui::dialogs::folder::expand_home;
use crate::ui::dialogs::kit;
use crate::ui::widgets::text;

/// The keys of the user's folder, once they are listed.
#[derive(Clone, Debug, Default)]
pub struct KeyList(Remote<Arc<[KeyInfo]>>);

impl KeyList {
    /// They were listed, or could not be.
    pub(in crate::ui::dialogs) fn set(&mut self, keys: Result<Arc<[KeyInfo]>, Arc<Failure>>) {
        self.0 = match keys {
            Ok(keys) => Remote::Ready(keys),
            Err(error) => Remote::Failed {
                error,
                previous: self.0.value().cloned(),
            },
        };
    }

    /// All of them, as far as they are known.
    pub(in crate::ui::dialogs) const fn value(&self) -> Option<&Arc<[KeyInfo]>> {
        self.0.value()
    }

    /// Why they could not be listed.
    pub(in crate::ui::dialogs) const fn error(&self) -> Option<&Arc<Failure>> {
        self.0.error()
    }

    pub(in crate::ui::dialogs) fn find(&self, name: &str) -> Option<&KeyInfo> {
        self.iter().find(|key| key.name == name)
    }

    fn iter(&self) -> impl Iterator<Item = &KeyInfo> {
        self.0.value().into_iter().flat_map(|keys| keys.iter())
    }

    /// Whether it is known that there is none.
    pub(in crate::ui::dialogs) fn is_known_empty(&self) -> bool {
        matches!(&self.0, Remote::Ready(keys) if keys.is_empty())
    }

    /// What stands where no key is chosen.
    const fn instead(&self) -> &'static str {
        match self.0 {
            Remote::NotAsked | Remote::Pending { .. } => "The keys are being listed",
            Remote::Failed { previous: None, .. } => "The keys could not be listed",
            _ => "Choose a key",
        }
    }
}

/// The key that signs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum KeyChoice {
    /// The first that there is.
    #[default]
    Any,
    Named(String),
    File(String),
}

impl KeyChoice {
    /// As the engine takes it; why there is none.
    pub(super) fn read(&self, keys: &KeyList) -> Result<String, &'static str> {
        self.text(keys).ok_or(match self {
            Self::File(_) => "Name the file of the key",
            _ => keys.instead(),
        })
    }

    /// The same; nothing while there is none.
    pub(super) fn text(&self, keys: &KeyList) -> Option<String> {
        match self {
            Self::Any => keys.iter().next().map(|key| key.name.clone()),
            Self::Named(name) => keys.find(name).map(|key| key.name.clone()),
            Self::File(path) => {
                let path = path.trim();
                (!path.is_empty()).then(|| expand_home(path))
            }
        }
    }

    /// What is known of it without opening it.
    pub(super) fn facts<'k>(&self, keys: &'k KeyList) -> Option<&'k KeyFacts> {
        keys.find(&self.text(keys)?)?.facts.as_ref()
    }

    /// Whether a passphrase is needed, as far as that is known. The plan knows of files.
    pub(super) fn is_encrypted(&self, keys: &KeyList, plan: Option<&AdditionPlan>) -> bool {
        let Some(own) = self.text(keys) else {
            return false;
        };
        if let Some(key) = keys.find(&own) {
            return key.encrypted;
        }
        let mut planned = plan.into_iter().flat_map(|plan| &plan.keys);
        planned.any(|key| key.key == own && key.encrypted)
    }

    /// The rows that choose it; `which` tells several from each other.
    pub(super) fn show(&mut self, ui: &mut Ui, which: &str, keys: &KeyList, actions: &mut Actions) {
        let now = match self {
            Self::File(_) => None,
            _ => self.text(keys),
        };
        let of_now = now.as_deref().and_then(|name| keys.find(name));
        let shown = match (&*self, of_now) {
            (Self::File(_), _) => "A file…".to_owned(),
            (_, Some(key)) => words(key),
            (_, None) => keys.instead().to_owned(),
        };
        kit::row(ui, "Key", |ui| {
            let width = ui.available_width();
            kit::combo_ui(ui, &format!("Key{which}"), &shown, width, |ui| {
                for key in keys.iter() {
                    let on = now.as_deref() == Some(key.name.as_str());
                    if ui.selectable_label(on, words(key)).clicked() {
                        *self = Self::Named(key.name.clone());
                    }
                }
                let on = matches!(self, Self::File(_));
                if ui.selectable_label(on, "A file…").clicked() && !on {
                    *self = Self::File(String::new());
                }
                if ui.selectable_label(false, "Keys…").clicked() {
                    actions.push(Action::ShowKeys);
                }
            });
        });
        if let Self::File(path) = self {
            let (hint, title) = ("for example /path/to/cosign.key", "Choose a private key");
            kit::path_row(ui, "Key file", which, path, hint, title, actions);
        }
    }
}

fn words(key: &KeyInfo) -> String {
    let name = text::line(&key.name);
    match &key.facts {
        Some(facts) => format!("{name}   {}", text::line(&facts.kind)),
        None => name.into_owned(),
    }
}
