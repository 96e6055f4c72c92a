//! Taking in a key: the file is looked at first, and its passphrase asked for where it has
//! one.

use std::path::{Path, PathBuf};

use egui::Ui;

use super::new::{NewPassphrase, check_name, name_row};
use crate::engine::{KeyChore, KeyInfo, KeyTarget};
use crate::ui::action::{Actions, PathWish};
use crate::ui::dialogs::folder::expand_home;
use crate::ui::dialogs::kit::{self, SecretText};
use crate::ui::theme::{Tokens, icons};
use crate::ui::widgets::text;

/// A key before it is taken in.
#[derive(Debug, Default)]
pub(super) struct Import {
    path: String,
    name: String,
    /// What was found in the file at this path.
    found: Option<(String, Found)>,
    passphrase: SecretText,
    new: NewPassphrase,
    focused: u8,
    /// The passphrase is to be typed, once more or for the first time.
    again: bool,
}

#[derive(Debug)]
struct Found {
    encrypted: bool,
    /// Kind and fingerprint, where they can be said without opening it.
    facts: Option<String>,
    /// Why it cannot be taken in.
    problem: Option<String>,
}

impl Import {
    /// The file was looked at.
    pub(super) fn looked(&mut self, key: &KeyInfo) {
        if self.name.is_empty() {
            self.name = name_of(Path::new(&self.path));
        }
        let found = Found {
            encrypted: key.encrypted,
            facts: key.facts.as_ref().map(ToString::to_string),
            problem: key.problem.clone(),
        };
        self.found = Some((self.whole_path(), found));
        self.again = true;
    }

    /// It was not taken in; where another passphrase may help, that is asked for.
    pub(super) fn failed(&mut self, ask: bool) {
        if ask {
            self.passphrase.forget();
            self.again = true;
        }
    }

    fn whole_path(&self) -> String {
        expand_home(self.path.trim())
    }

    /// What was found, as long as the path is still the same.
    fn found(&self) -> Option<&Found> {
        let (path, found) = self.found.as_ref()?;
        (*path == self.whole_path()).then_some(found)
    }

    pub(super) fn show(&mut self, ui: &mut Ui, actions: &mut Actions) {
        let (hint, wish) = (
            "for example /path/to/cosign.key",
            PathWish::File("Choose a private key"),
        );
        let field = kit::row(ui, "File", |ui| {
            kit::path(ui, "Key file", &mut self.path, hint, 0.0, wish, actions)
        });
        kit::first_focus(&field, &mut self.focused);
        let Some(found) = self.found() else {
            // what was typed was for the file that was named before
            if self.found.take().is_some() {
                self.passphrase.forget();
                self.new.forget();
            }
            return;
        };
        let (encrypted, facts) = (found.encrypted, found.facts.clone());
        let tokens = Tokens::of(ui);
        if let Some(problem) = &found.problem {
            let words = text::capital(problem);
            kit::note(
                ui,
                icons::TRIANGLE_ALERT,
                tokens.caution,
                &text::line(&words),
            );
            return;
        }
        let said = match (&facts, encrypted) {
            (Some(facts), _) => text::line(facts).into_owned(),
            (None, true) => "An encrypted key; what it is shows when it is opened".to_owned(),
            (None, false) => "What it is shows when it is taken in".to_owned(),
        };
        kit::row(ui, "Found", |ui| kit::quiet(ui, &said));
        name_row(ui, &mut self.name);
        if encrypted {
            let field = kit::row(ui, "Passphrase", |ui| {
                let width = ui.available_width();
                kit::secret(ui, "Passphrase", &mut self.passphrase, width)
            });
            if std::mem::take(&mut self.again) {
                field.request_focus();
            }
            kit::quiet(ui, "The key is kept under the same passphrase.");
        } else {
            let words = "The file is not encrypted. The copy is, with a passphrase of your choice.";
            kit::note(ui, icons::INFO, tokens.weak, words);
            self.new.show(ui);
        }
    }

    /// What comes next: its word, and what is said meanwhile.
    pub(super) fn next(&self) -> (&'static str, &'static str) {
        match self.found() {
            None => ("Next", "Looking at the file…"),
            Some(_) => ("Import", "Opening the key…"),
        }
    }

    /// Why that cannot be done yet.
    pub(super) fn ready(&self) -> Result<(), &'static str> {
        match self.found() {
            None if self.path.trim().is_empty() => Err("Name the file"),
            None => Ok(()),
            Some(Found {
                problem: Some(_), ..
            }) => Err("Name another file"),
            Some(found) => {
                check_name(&self.name)?;
                match found.encrypted {
                    true => Ok(()),
                    false => self.new.check(),
                }
            }
        }
    }

    /// What does it. A passphrase goes with it.
    pub(super) fn chore(&self) -> KeyChore {
        let path = self.whole_path();
        let Some(found) = self.found() else {
            return KeyChore::Show { key: path };
        };
        KeyChore::Import {
            file: PathBuf::from(path),
            target: KeyTarget::Named(self.name.trim().to_owned()),
            passphrase: found.encrypted.then(|| self.passphrase.secret()),
            new: (!found.encrypted).then(|| self.new.first.secret()),
        }
    }
}

/// A name for the key of a file: that of the file, as far as it is one.
fn name_of(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy());
    let name: String = stem
        .iter()
        .flat_map(|stem| stem.chars())
        .map(
            |c| match c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') {
                true => c,
                false => '-',
            },
        )
        .collect();
    let begin = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    begin.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::name_of;
    use std::path::Path;

    #[test]
    fn a_key_is_called_as_its_file() {
        for (path, name) in [
            ("/home/u/cosign.key", "cosign"),
            ("/home/u/my key.pem", "my-key"),
            ("/home/u/.hidden", "hidden"),
            ("/", ""),
        ] {
            assert_eq!(name_of(Path::new(path)), name, "{path}");
        }
    }
}
