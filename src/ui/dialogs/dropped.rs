//! Something was dropped on a window in which an image is open: open it, or copy it.

use egui::{Context, Key, Ui};

use super::Target;
use super::kit::{self, Footer, Sheet};
use crate::model::text;
use crate::ui::action::{Action, Actions, CopyWhat};

/// The dialog that asks.
#[derive(Debug)]
pub struct Dropped {
    path: String,
    name: String,
    /// The place that is open, where one is.
    target: Option<Target>,
}

impl Dropped {
    /// Asks what to do with `path`; `target` is the place that is open.
    pub fn new(path: String, target: Option<Target>) -> Self {
        let name = path.trim_end_matches('/').rsplit('/').next();
        let name = text::visible(name.unwrap_or_default()).into_owned();
        Self { path, name, target }
    }

    /// Draws the dialog; says whether it is done.
    pub fn show(&mut self, ctx: &Context, actions: &mut Actions) -> bool {
        let title = format!("{} was dropped", text::middle(&self.name, 48));
        Sheet::new("Dropped").title(&title).width(460.0).show(
            ctx,
            &mut (self, actions),
            |(dropped, _), ui| dropped.body(ui),
            |(dropped, actions), footer| dropped.footer(footer, actions),
        )
    }

    fn body(&self, ui: &mut Ui) {
        let words = match &self.target {
            Some(Target::Repository(name)) => format!(
                "Open it in a tab of its own, or copy it to {}.",
                text::visible(name)
            ),
            _ => "Open it in a tab of its own, or copy it to another place.".to_owned(),
        };
        kit::quiet(ui, &words);
    }

    fn footer(&self, footer: &mut Footer<'_>, actions: &mut Actions) {
        let enter = footer.pressed(Key::Enter);
        if footer.primary("Open it", Ok(())) || enter {
            actions.push(Action::Open(self.path.clone()));
            footer.close();
        }
        if footer.secondary("Copy it…", Ok(())) {
            actions.push(Action::AskCopy {
                what: CopyWhat::Reference(self.path.clone()),
                target: self.target.clone(),
                export: false,
            });
            footer.close();
        }
        footer.cancel("Cancel");
    }
}
