//! Saving the report on the signatures of an image: where to, and as what.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Context, Ui};

use super::folder::expand_home;
use super::kit::{self, Footer, Sheet};
use crate::engine::{Chore, Command};
use crate::signature::{SubjectReport, page};
use crate::ui::action::{Action, Actions, PathWish};

/// As what it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Page,
    Json,
}

const KINDS: [(Kind, &str); 2] = [(Kind::Page, "A page"), (Kind::Json, "JSON")];

/// What was chosen so far.
#[derive(Debug)]
pub struct SaveReport {
    report: Arc<SubjectReport>,
    /// What the image is called.
    name: String,
    kind: Kind,
    path: String,
    /// What the dialog of the system gave.
    picked: Option<String>,
    focused: u8,
}

impl SaveReport {
    /// Into `folder`, unless somebody says something else.
    pub(super) fn new(report: Arc<SubjectReport>, name: String, folder: Option<&str>) -> Self {
        let folder = folder.unwrap_or("~").trim_end_matches('/');
        Self {
            report,
            name,
            kind: Kind::Page,
            path: format!("{folder}/{}", file_name(Kind::Page)),
            picked: None,
            focused: 0,
        }
    }

    /// Draws the dialog; says whether it is done.
    pub(super) fn show(&mut self, ctx: &Context, actions: &mut Actions) -> bool {
        Sheet::new("Save report").width(600.0).show(
            ctx,
            &mut (self, actions),
            |(save, actions), ui| save.body(ui, actions),
            |(save, actions), footer| save.footer(footer, actions),
        )
    }

    fn body(&mut self, ui: &mut Ui, actions: &mut Actions) {
        kit::row(ui, "As", |ui| {
            if kit::segments(ui, &mut self.kind, &KINDS) {
                let path = PathBuf::from(&self.path);
                self.path = path.with_extension(end(self.kind)).display().to_string();
            }
        });
        let field = kit::row(ui, "File", |ui| {
            if let Some(path) = kit::picked_path(ui, "Path") {
                self.picked = Some(path.clone());
                self.path = path;
            }
            let wish = PathWish::SaveFile(file_name(self.kind));
            let hint = "for example /path/to/verification.html";
            kit::path(ui, "Path", &mut self.path, hint, 0.0, wish, actions)
        });
        kit::first_focus(&field, &mut self.focused);
        kit::quiet(
            ui,
            match self.kind {
                Kind::Page => {
                    "A page to hand on: subject, policy, every check, trust roots and time."
                }
                Kind::Json => {
                    "The same for programs: subject, policy, every check, trust roots and time."
                }
            },
        );
    }

    fn footer(&mut self, footer: &mut Footer<'_>, actions: &mut Actions) {
        let ready = match self.path.trim() {
            "" => Err("Name a file"),
            _ => Ok(()),
        };
        if footer.confirm("Save", ready) {
            let text = match self.kind {
                Kind::Page => page(&self.name, &[(self.name.clone(), Arc::clone(&self.report))]),
                Kind::Json => format!("{:#}\n", self.report.to_json()),
            };
            let path = expand_home(self.path.trim()).into();
            // of what was picked in it the dialog of the system has asked
            let chore = match self.picked.as_deref() == Some(&*self.path) {
                true => Chore::SaveText { path, text },
                false => Chore::SaveNewText { path, text },
            };
            actions.push(Action::Send(Command::Chore(chore)));
            footer.close();
        }
        footer.cancel("Cancel");
    }
}

const fn end(kind: Kind) -> &'static str {
    match kind {
        Kind::Page => "html",
        Kind::Json => "json",
    }
}

fn file_name(kind: Kind) -> String {
    format!("verification.{}", end(kind))
}
