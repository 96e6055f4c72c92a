//! Files that become one artifact: what they are, and what is said of them.

use egui::Ui;

use crate::engine::{AttachedFile, Attaching};
use crate::ui::action::{Actions, PathWish};
use crate::ui::dialogs::addition::AnnotationText;
use crate::ui::dialogs::folder::expand_home;
use crate::ui::dialogs::kit::{self, Look};
use crate::ui::theme::icons;
use crate::ui::widgets::{icon_button, link};

/// Most files of one artifact.
const FILES: usize = 32;

/// The files, and what is chosen of them.
#[derive(Debug)]
pub(super) struct Files {
    files: Vec<File>,
    /// What the artifact is; empty for what it is recognised as.
    kind: String,
    annotations: AnnotationText,
    focused: u8,
}

#[derive(Debug, Default)]
struct File {
    path: String,
    /// Empty for what it is recognised as.
    kind: String,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            files: vec![File::default()],
            kind: String::new(),
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
                media_type: given(&file.kind),
            })
            .collect();
        if files.is_empty() {
            return Err("Name a file".to_owned());
        }
        Ok(Attaching {
            files,
            artifact_type: given(&self.kind),
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
                let hint = "/path/to/sbom.spdx.json";
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
            kit::row(ui, "Media type", |ui| {
                let width = ui.available_width();
                let name = format!("Media type{which}");
                let hint = "recognised by its content";
                kit::text(ui, &name, &mut file.kind, hint, Look::Exact, width);
            });
            ui.add_space(4.0);
        }
        if let Some(at) = gone {
            self.files.remove(at);
        }
        if self.files.len() < FILES && link(ui, "Another file").clicked() {
            self.files.push(File::default());
        }
        kit::heading(ui, "Artifact");
        kit::row(ui, "Type", |ui| {
            let width = ui.available_width();
            let hint = match several {
                true => "application/vnd.example.report",
                false => "recognised where it is an SBOM",
            };
            kit::text(
                ui,
                "Artifact type",
                &mut self.kind,
                hint,
                Look::Exact,
                width,
            )
            .on_hover_text("What the artifact is, as a media type");
        });
        self.annotations.show(
            ui,
            "KEY=VALUE, one on each line; of the artifact’s manifest",
        );
    }
}

/// What was typed; nothing for nothing.
fn given(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
