//! Making a key: what it is called, its kind, and its passphrase twice.

use egui::Ui;

use crate::engine::{KeyChore, KeyTarget};
use crate::signature::x509::KeyKind;
use crate::ui::dialogs::kit::{self, Look, SecretText};
use crate::ui::theme::{Tokens, icons};

/// The kinds that are made, the usual one first.
const KINDS: [(KeyKind, &str); 5] = [
    (KeyKind::P256, "ECDSA P-256"),
    (KeyKind::P384, "ECDSA P-384"),
    (KeyKind::Ed25519, "Ed25519"),
    (KeyKind::Rsa(3072), "RSA 3072"),
    (KeyKind::Rsa(4096), "RSA 4096"),
];

/// A key before it is made.
#[derive(Debug)]
pub(super) struct Generate {
    name: String,
    kind: KeyKind,
    passphrase: NewPassphrase,
    focused: u8,
}

impl Default for Generate {
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: KeyKind::P256,
            passphrase: NewPassphrase::default(),
            focused: 0,
        }
    }
}

impl Generate {
    pub(super) fn show(&mut self, ui: &mut Ui) {
        let field = name_row(ui, &mut self.name);
        kit::first_focus(&field, &mut self.focused);
        kit::row(ui, "Kind", |ui| {
            kit::combo(ui, "Kind", &mut self.kind, &KINDS, 220.0);
            kit::quiet(ui, about(self.kind));
        });
        self.passphrase.show(ui);
    }

    /// Why it cannot be made yet.
    pub(super) fn ready(&self) -> Result<(), &'static str> {
        check_name(&self.name)?;
        self.passphrase.check()
    }

    /// What makes it. The passphrase goes with it.
    pub(super) fn chore(&self) -> KeyChore {
        KeyChore::Generate {
            target: KeyTarget::Named(self.name.trim().to_owned()),
            kind: self.kind,
            passphrase: self.passphrase.first.secret(),
        }
    }
}

const fn about(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::P256 => "what cosign makes; for all but OpenPGP",
        KeyKind::Ed25519 => "for Sigstore; Notation does not take it",
        KeyKind::Rsa(_) => "where RSA is asked for; takes a while",
        _ => "for all but OpenPGP",
    }
}

/// The row for the name of a new key.
pub(super) fn name_row(ui: &mut Ui, name: &mut String) -> egui::Response {
    kit::row(ui, "Name", |ui| {
        let width = ui.available_width();
        kit::text(
            ui,
            "Name",
            name,
            "for example release-2026",
            Look::Exact,
            width,
        )
        .on_hover_text("Letters, digits, '.', '_' and '-'")
    })
}

/// Why this is no name for a key.
pub(super) fn check_name(name: &str) -> Result<(), &'static str> {
    let name = name.trim();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if name.is_empty() {
        Err("Give it a name")
    } else if name.len() > 64 {
        Err("The name is longer than 64 characters")
    } else if !name.bytes().all(plain) || !name.as_bytes()[0].is_ascii_alphanumeric() {
        Err("A name has letters, digits, '.', '_' and '-', and begins with a letter or digit")
    } else {
        Ok(())
    }
}

/// A passphrase that is typed twice.
#[derive(Debug, Default)]
pub(super) struct NewPassphrase {
    pub(super) first: SecretText,
    again: SecretText,
}

impl NewPassphrase {
    pub(super) fn show(&mut self, ui: &mut Ui) {
        kit::row(ui, "Passphrase", |ui| {
            let width = ui.available_width();
            kit::secret(ui, "New passphrase", &mut self.first, width)
        });
        kit::row(ui, "Once more", |ui| {
            let width = ui.available_width();
            kit::secret(ui, "Passphrase once more", &mut self.again, width)
        });
        ui.add_space(2.0);
        let tokens = Tokens::of(ui);
        if !self.again.is_empty() && !self.first.is_same(&self.again) {
            let words = "The two are not the same.";
            kit::note(ui, icons::CIRCLE_X, tokens.rejected, words);
        } else if self.first.is_empty() {
            let words = "Without a passphrase whoever reads the file has the key.";
            kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, words);
        } else {
            kit::quiet(ui, "It is kept nowhere: without it the key is lost.");
        }
    }

    /// Forgets what was typed.
    pub(super) fn forget(&mut self) {
        self.first.forget();
        self.again.forget();
    }

    pub(super) fn check(&self) -> Result<(), &'static str> {
        match self.first.is_same(&self.again) {
            true => Ok(()),
            false => Err("Type the same passphrase twice"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn names_are_what_the_folder_of_keys_takes() {
        for good in ["a", "release-2026", " padded ", "A.b_c"] {
            assert_eq!(check_name(good), Ok(()), "{good:?}");
        }
        let long = "x".repeat(65);
        for bad in ["", " ", ".hidden", "-a", "a/b", "a b", "ä", &long] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }
}
