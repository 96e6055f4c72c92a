//! Choosing a key: one of the user's folder, or a file.

use std::sync::Arc;

use egui::Ui;

use crate::engine::{AdditionPlan, KeyInfo};
use crate::signature::sign::KeyFacts;
use crate::ui::action::{Action, Actions, PathWish};
use crate::ui::dialogs::folder::expand_home;
use crate::ui::dialogs::kit::{self, Look};
use crate::ui::panels::parts::button_width;
use crate::ui::widgets::text;

const BROWSE: &str = "Browse…";

/// The keys of the user's folder; nothing while they are being listed.
#[derive(Clone, Debug, Default)]
pub struct KeyList(Option<Arc<[KeyInfo]>>);

impl KeyList {
    /// They were listed.
    pub(in crate::ui::dialogs) fn set(&mut self, keys: Arc<[KeyInfo]>) {
        self.0 = Some(keys);
    }

    pub(super) fn find(&self, name: &str) -> Option<&KeyInfo> {
        self.iter().find(|key| key.name == name)
    }

    fn iter(&self) -> impl Iterator<Item = &KeyInfo> {
        self.0.iter().flat_map(|keys| keys.iter())
    }

    /// Whether it is known that there is none.
    pub(in crate::ui::dialogs) fn is_known_empty(&self) -> bool {
        self.0.as_ref().is_some_and(|keys| keys.is_empty())
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
    /// As the engine takes it; nothing while there is none.
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

    /// The rows that choose it; `which` tells several from each other. Says whether a path
    /// is to be picked for it.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        which: &str,
        keys: &KeyList,
        actions: &mut Actions,
    ) -> bool {
        let now = match self {
            Self::File(_) => None,
            _ => self.text(keys),
        };
        let of_now = now.as_deref().and_then(|name| keys.find(name));
        let shown = match (&*self, of_now) {
            (Self::File(_), _) => "A file…".to_owned(),
            (_, Some(key)) => words(key),
            (_, None) if keys.0.is_none() => "Listing the keys…".to_owned(),
            (_, None) => "Choose a key".to_owned(),
        };
        kit::row(ui, "Key", |ui| {
            let width = ui.available_width() - 8.0;
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
        let Self::File(path) = self else {
            return false;
        };
        let title = "Choose a private key";
        path_row(
            ui,
            "Key file",
            which,
            path,
            "/path/to/cosign.key",
            title,
            actions,
        )
    }
}

fn words(key: &KeyInfo) -> String {
    let name = text::line(&key.name);
    match &key.facts {
        Some(facts) => format!("{name}   {}", text::line(&facts.kind)),
        None => name.into_owned(),
    }
}

/// A row for the path of a file. Says whether one is to be picked for it.
pub(in crate::ui::dialogs) fn path_row(
    ui: &mut Ui,
    label: &str,
    which: &str,
    path: &mut String,
    hint: &str,
    title: &'static str,
    actions: &mut Actions,
) -> bool {
    kit::row(ui, label, |ui| {
        let width = ui.available_width() - button_width(ui, BROWSE) - 16.0;
        kit::text(
            ui,
            &format!("{label}{which}"),
            path,
            hint,
            Look::Exact,
            width,
        );
        let browse = ui.button(BROWSE);
        browse.widget_info(|| {
            let name = format!("Browse for {}{which}", label.to_lowercase());
            egui::WidgetInfo::labeled(egui::Role::Button, true, name)
        });
        let clicked = browse.clicked();
        if clicked {
            actions.push(Action::PickPath(PathWish::File(title)));
        }
        clicked
    })
}
