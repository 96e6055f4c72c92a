//! Files that become one artifact: what they are, and what is said of them.

use egui::Ui;

use crate::engine::{AttachedFile, Attaching};
use crate::ui::action::{Actions, PathWish};
use crate::ui::dialogs::addition::AnnotationText;
use crate::ui::dialogs::folder::expand_home;
use crate::ui::dialogs::kit::{self, Look};
use crate::ui::theme::icons;
use crate::ui::widgets::{icon_button, link};

const BY_CONTENT: &str = "Recognised by its content";
const BY_FILE: &str = "Recognised where it is an SBOM";

/// Most files of one artifact.
const FILES: usize = 32;

/// The files, and what is chosen of them.
#[derive(Debug)]
pub(super) struct Files {
    files: Vec<File>,
    /// What the artifact is.
    kind: Type,
    annotations: AnnotationText,
    focused: u8,
}

#[derive(Debug, Default)]
struct File {
    path: String,
    kind: Type,
}

/// A media type: what is recognised, or what was typed.
#[derive(Debug)]
struct Type {
    recognised: bool,
    typed: String,
}

impl Default for Type {
    fn default() -> Self {
        Self {
            recognised: true,
            typed: String::new(),
        }
    }
}

impl Type {
    /// As the engine takes it; nothing for what is recognised.
    fn given(&self) -> Option<String> {
        let typed = self.typed.trim();
        (!self.recognised && !typed.is_empty()).then(|| typed.to_owned())
    }

    /// The rows for it.
    fn show(&mut self, ui: &mut Ui, label: &str, name: &str, recognised: &str, hint: &str) {
        kit::row(ui, label, |ui| {
            let width = ui.available_width();
            let all = [(true, recognised), (false, "Another type…")];
            let how = format!("How the {} is known", name.to_lowercase());
            kit::combo(ui, &how, &mut self.recognised, &all, width);
        });
        if !self.recognised {
            kit::row(ui, "", |ui| {
                let width = ui.available_width();
                kit::text(ui, name, &mut self.typed, hint, Look::Exact, width);
            });
        }
    }
}

impl Default for Files {
    fn default() -> Self {
        Self {
            files: vec![File::default()],
            kind: Type::default(),
            annotations: AnnotationText::default(),
            focused: 0,
        }
    }
}

impl Files {
    /// As the engine takes it; why not yet.
    pub(super) fn attaching(&self) -> Result<Attaching, String> {
        let named = self
            .files
            .iter()
            .filter(|file| !file.path.trim().is_empty());
        let files: Vec<_> = named
            .map(|file| AttachedFile {
                path: expand_home(file.path.trim()).into(),
                media_type: file.kind.given(),
            })
            .collect();
        if files.is_empty() {
            return Err("Name a file".to_owned());
        }
        Ok(Attaching {
            files,
            artifact_type: self.kind.given(),
            annotations: self.annotations.read()?,
        })
    }

    pub(super) fn show(&mut self, ui: &mut Ui, actions: &mut Actions) {
        let several = self.files.len() > 1;
        let mut gone = None;
        kit::heading(ui, if several { "Files" } else { "File" });
        for (at, file) in self.files.iter_mut().enumerate() {
            let which = match at {
                0 => String::new(),
                _ => format!(" {}", at + 1),
            };
            let field = kit::row(ui, "Path", |ui| {
                let close = if several { 24.0 + 8.0 } else { 0.0 };
                let name = format!("File{which}");
                let hint = "for example ~/sbom.spdx.json";
                let wish = PathWish::File("Choose a file to attach");
                let field = kit::path(ui, &name, &mut file.path, hint, close, wish, actions);
                let remove = format!("Remove file {}", at + 1);
                if several && icon_button(ui, icons::X, &remove).clicked() {
                    gone = Some(at);
                }
                field
            });
            if at == 0 {
                kit::first_focus(&field, &mut self.focused);
            }
            let name = format!("Media type{which}");
            let hint = "for example application/json";
            file.kind.show(ui, "Media type", &name, BY_CONTENT, hint);
            ui.add_space(4.0);
        }
        if let Some(at) = gone {
            self.files.remove(at);
        }
        if self.files.len() < FILES && link(ui, "Another file").clicked() {
            self.files.push(File::default());
        }
        kit::heading(ui, "Artifact");
        let hint = "for example application/vnd.example.report";
        if several {
            // of several files none says what all of them are
            self.kind.recognised = false;
        }
        self.kind.show(ui, "Type", "Artifact type", BY_FILE, hint);
        self.annotations.show(
            ui,
            "KEY=VALUE, one on each line; of the artifact’s manifest",
        );
    }
}
