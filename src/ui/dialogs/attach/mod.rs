//! Attaching: files as an artifact that refers to the image, or a signed statement about it.

mod files;
mod statement;

use egui::Ui;

use self::files::Files;
use self::statement::Statement;
use super::addition::{Added, AdditionDialog, KeyList, PlaceKind, Signer, With};
use super::kit;
use crate::engine::Addition;
use crate::ui::action::Actions;
use crate::ui::views::View;

/// The dialog.
pub type AttachDialog = AdditionDialog<Attachment>;

/// What is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Files,
    Statement,
}

/// What is attached, and the choices of it.
#[derive(Debug)]
pub struct Attachment {
    what: What,
    files: Files,
    statement: Statement,
}

impl Added for Attachment {
    const NAME: &'static str = "Attach";
    const TITLE: &'static str = "Attach to";
    const DOING: &'static str = "It is being written";
    const SEEN: (&'static str, View) = ("Show referrers", View::Referrers);

    fn new(place: PlaceKind) -> Self {
        Self {
            what: What::Files,
            files: Files::default(),
            statement: Statement::of(place),
        }
    }

    fn addition(&self, keys: &KeyList) -> Result<Addition, String> {
        match self.what {
            What::Files => Ok(Addition::Attach(self.files.attaching()?)),
            What::Statement => self.statement.addition(keys),
        }
    }

    fn signers(&mut self) -> &mut [Signer] {
        match self.what {
            What::Files => &mut [],
            What::Statement => std::slice::from_mut(&mut self.statement.signer),
        }
    }

    fn heading(&self) -> &'static str {
        match self.what {
            What::Files => "Will be written",
            What::Statement => "Will be signed",
        }
    }

    fn top(&mut self, ui: &mut Ui) {
        kit::row(ui, "Attach", |ui| {
            let all = [(What::Files, "Files"), (What::Statement, "Attestation")];
            if kit::segments(ui, &mut self.what, &all) {
                self.statement.signer.forget();
            }
            let about = match self.what {
                What::Files => "one artifact of them: an SBOM, a report, anything",
                What::Statement => "a signed statement around a file",
            };
            kit::quiet(ui, about);
        });
    }

    fn left(&mut self, ui: &mut Ui, with: With<'_>, actions: &mut Actions) -> bool {
        match self.what {
            What::Files => {
                self.files.show(ui, actions);
                false
            }
            What::Statement => self.statement.show(ui, with, actions),
        }
    }
}
