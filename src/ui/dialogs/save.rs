//! Saving files of an image: where to, and as what.

use std::path::PathBuf;

use egui::{Context, Ui};

use super::folder::expand_home;
use super::kit::{self, Footer, Sheet};
use crate::engine::{Command, FilesRequest, ImageId, NodePath, SaveRequest, SaveTarget};
use crate::layer::Allowance;
use crate::model::text;
use crate::ui::action::{Action, Actions, PathWish};

/// As what files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Folder,
    Tar,
    File,
}

/// What is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveWish {
    pub image: ImageId,
    pub manifest: NodePath,
    /// Absolute, within the image.
    pub path: Vec<u8>,
    /// The layer that the image stands at.
    pub at: Option<usize>,
    /// Whether it is one file.
    pub is_file: bool,
}

/// What was chosen so far.
#[derive(Debug)]
pub struct SaveFiles {
    wish: SaveWish,
    kind: Kind,
    path: String,
    /// What the dialog of the system gave.
    picked: Option<String>,
    /// Where files are put as a rule.
    folder: Option<String>,
    focused: bool,
}

impl SaveFiles {
    /// Into `folder`, unless somebody says something else.
    pub(super) fn new(wish: SaveWish, folder: Option<&str>) -> Self {
        let kind = if wish.is_file {
            Kind::File
        } else {
            Kind::Folder
        };
        let mut save = Self {
            wish,
            kind,
            path: String::new(),
            picked: None,
            folder: folder.map(ToOwned::to_owned),
            focused: false,
        };
        save.propose();
        save
    }

    /// Fills in where to.
    fn propose(&mut self) {
        let end = if self.kind == Kind::Tar { ".tar" } else { "" };
        let name = self.name();
        let path = self.folder.as_ref();
        let path = path.map(|folder| format!("{}/{name}{end}", folder.trim_end_matches('/')));
        self.path = path.unwrap_or_default();
    }

    /// Takes a path that was picked in a dialog of the system. In a folder that is there
    /// already a new one is made.
    fn set_path(&mut self, path: &str) {
        self.path = match self.kind {
            Kind::Folder => format!("{}/{}", path.trim_end_matches('/'), self.name()),
            Kind::Tar | Kind::File => path.to_owned(),
        };
    }

    /// A name for what is written, without anything that could lead elsewhere.
    fn name(&self) -> String {
        let last = self.wish.path.rsplit(|byte| *byte == b'/').next();
        let name = String::from_utf8_lossy(last.unwrap_or_default());
        let name: String = text::visible(&name)
            .chars()
            .filter(|c| !matches!(c, '/' | '\\' | ':' | '\0'))
            .collect();
        match name.as_str() {
            "" | "." | ".." => "files".to_owned(),
            name => name.to_owned(),
        }
    }

    /// Draws the dialog; says whether it is done.
    pub fn show(&mut self, ctx: &Context, actions: &mut Actions) -> bool {
        let path = String::from_utf8_lossy(&self.wish.path).into_owned();
        let title = match path.as_str() {
            "/" => "Save all files of the image".to_owned(),
            path => format!("Save {}", text::middle(&text::visible(path), 60)),
        };
        Sheet::new("Save files").title(&title).width(600.0).show(
            ctx,
            &mut (self, actions),
            |(save, actions), ui| save.body(ui, actions),
            |(save, actions), footer| save.footer(footer, actions),
        )
    }

    fn body(&mut self, ui: &mut Ui, actions: &mut Actions) {
        if !self.wish.is_file {
            kit::row(ui, "As", |ui| {
                let all = [(Kind::Folder, "A folder"), (Kind::Tar, "A tar archive")];
                if kit::segments(ui, &mut self.kind, &all) {
                    self.propose();
                }
            });
        }
        let first = !std::mem::replace(&mut self.focused, true);
        let (label, hint) = match self.kind {
            Kind::Folder => ("Folder", "for example /path/to/a/new/folder"),
            Kind::Tar => ("Archive", "for example /path/to/files.tar"),
            Kind::File => ("File", "for example /path/to/file"),
        };
        kit::row(ui, label, |ui| {
            if let Some(path) = kit::picked_path(ui, "Path") {
                self.set_path(&path);
                self.picked = Some(self.path.clone());
            }
            let wish = match self.kind {
                Kind::Folder => PathWish::Folder,
                Kind::Tar => PathWish::SaveFile(format!("{}.tar", self.name())),
                Kind::File => PathWish::SaveFile(self.name()),
            };
            let field = kit::path(ui, "Path", &mut self.path, hint, 0.0, wish, actions);
            if first {
                field.request_focus();
            }
        });
        let about = match self.kind {
            Kind::Folder => {
                "The folder must not be there yet, or be empty. Devices and pipes are left out, \
                 owners are yours, links that would lead out of the folder are turned."
            }
            Kind::Tar => "Owners, modes, devices and attributes are in it as the image has them.",
            Kind::File => "What was read is compared with the digest in the list of files.",
        };
        kit::quiet(ui, about);
    }

    fn footer(&mut self, footer: &mut Footer<'_>, actions: &mut Actions) {
        let ready = match self.path.trim() {
            "" => Err("Say where to"),
            _ => Ok(()),
        };
        if footer.confirm("Save", ready) {
            let path = PathBuf::from(expand_home(self.path.trim()));
            let to = match self.kind {
                Kind::Folder => SaveTarget::Folder(path),
                Kind::Tar => SaveTarget::Tar(path),
                Kind::File => SaveTarget::File(path),
            };
            actions.push(Action::Send(Command::Files {
                image: self.wish.image,
                manifest: self.wish.manifest.clone(),
                request: FilesRequest::Save(SaveRequest {
                    path: self.wish.path.clone(),
                    at: self.wish.at,
                    to,
                    allowance: Allowance::Usual,
                    // of what was picked in it the dialog of the system has asked
                    replace: self.picked.as_deref() == Some(&*self.path),
                }),
            }));
            footer.close();
        }
        footer.cancel("Cancel");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_with_the_folder_where_files_are_put() {
        let wish = |is_file| SaveWish {
            image: ImageId::next(),
            manifest: NodePath::root(),
            path: b"/etc/passwd".to_vec(),
            at: None,
            is_file,
        };
        let file = SaveFiles::new(wish(true), Some("~/Downloads"));
        assert_eq!(file.path, "~/Downloads/passwd");
        let mut folder = SaveFiles::new(wish(false), Some("/home/a/"));
        assert_eq!(folder.path, "/home/a/passwd");
        folder.kind = Kind::Tar;
        folder.propose();
        assert_eq!(folder.path, "/home/a/passwd.tar");
        assert_eq!(SaveFiles::new(wish(true), None).path, "");
    }
}
