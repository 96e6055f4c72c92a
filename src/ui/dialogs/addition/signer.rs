//! Somebody who signs: with which key, in which format, and what that format asks for.

use std::time::Duration;

use egui::Ui;

use super::key::{KeyChoice, KeyList};
use super::{PlaceKind, Signed, With};
use crate::engine::{
    AdditionPlan, Failure, IdentityFrom, Secret, SignBy, SignFormat, Signing, SigningServices,
};
use crate::model::Annotations;
use crate::signature::sign::KeyFacts;
use crate::ui::action::Actions;
use crate::ui::dialogs::folder::expand_home;
use crate::ui::dialogs::kit::{self, SecretText};
use crate::ui::widgets::text::{capital, line};

const DAY: u64 = 24 * 3600;

/// How long a signature of Notation is to hold.
const EXPIRIES: [(Option<u64>, &str); 6] = [
    (None, "Never"),
    (Some(DAY), "In a day"),
    (Some(7 * DAY), "In a week"),
    (Some(30 * DAY), "In 30 days"),
    (Some(90 * DAY), "In 90 days"),
    (Some(365 * DAY), "In a year"),
];

/// All formats, the usual one first.
const FORMATS: [(SignFormat, &str); 5] = [
    (SignFormat::Bundle, "Sigstore bundle"),
    (SignFormat::Cosign, "cosign, older form"),
    (SignFormat::NotationJws, "Notation, JWS"),
    (SignFormat::NotationCose, "Notation, COSE"),
    (SignFormat::Simple, "OpenPGP, simple signing"),
];

/// What is signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Key,
    Identity,
}

/// Where an identity comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    Browser,
    Ambient,
    File,
}

const PROOFS: [(Proof, &str); 3] = [
    (Proof::Browser, "A sign-in in the browser"),
    (Proof::Ambient, "The CI that this runs in"),
    (Proof::File, "A token in a file…"),
];

/// One who signs.
#[derive(Debug)]
pub struct Signer {
    by: By,
    proof: Proof,
    /// The file of an identity's token.
    token: String,
    key: KeyChoice,
    format: SignFormat,
    /// The certificates from that of the key to the root.
    chain: String,
    expiry: Option<u64>,
    /// The folder for OpenPGP signatures of a registry's images.
    lookaside: String,
    passphrase: SecretText,
    /// The key that the passphrase was typed for.
    opens: Option<String>,
    /// The passphrase is to be typed again.
    again: bool,
    /// What was wrong with it.
    wrong: Option<String>,
}

/// What all signers sign along.
#[derive(Clone, Debug, Default)]
pub(in crate::ui::dialogs) struct Shared {
    pub(in crate::ui::dialogs) annotations: Annotations,
    /// The name that is signed; nothing for the image's own.
    pub(in crate::ui::dialogs) identity: Option<String>,
    /// Who vouches for it besides.
    pub(in crate::ui::dialogs) services: SigningServices,
}

impl Signer {
    /// The first that a place takes.
    pub(in crate::ui::dialogs) fn of(place: PlaceKind) -> Self {
        Self {
            by: By::Key,
            proof: Proof::Browser,
            token: String::new(),
            key: KeyChoice::default(),
            format: match place {
                PlaceKind::Directory => SignFormat::Cosign,
                _ => SignFormat::Bundle,
            },
            chain: String::new(),
            expiry: None,
            lookaside: String::new(),
            passphrase: SecretText::default(),
            again: false,
            wrong: None,
            opens: None,
        }
    }

    /// Whether it makes an OpenPGP simple signature.
    pub(in crate::ui::dialogs) const fn is_simple(&self) -> bool {
        matches!(self.format, SignFormat::Simple)
    }

    /// As the engine takes it; why not yet.
    pub(in crate::ui::dialogs) fn signing(
        &self,
        keys: &KeyList,
        shared: &Shared,
    ) -> Result<Signing, &'static str> {
        let path = |text: &str| {
            let text = text.trim();
            (!text.is_empty()).then(|| expand_home(text).into())
        };
        let by = match (self.by, self.proof) {
            (By::Key, _) => SignBy::Key(self.key.read(keys)?),
            (By::Identity, Proof::Browser) => SignBy::Identity(IdentityFrom::Browser),
            (By::Identity, Proof::Ambient) => SignBy::Identity(IdentityFrom::Ambient),
            (By::Identity, Proof::File) => {
                let file = path(&self.token).ok_or("Name the file of the token")?;
                SignBy::Identity(IdentityFrom::File(file))
            }
        };
        let chain = match self.format.is_notation() {
            true => Some(path(&self.chain).ok_or("Name the certificates of the key")?),
            false => None,
        };
        Ok(Signing {
            by,
            services: self.signed().of(&shared.services),
            chain,
            format: self.format,
            annotations: match self.is_simple() {
                true => Annotations::new(),
                false => shared.annotations.clone(),
            },
            identity: shared.identity.clone().filter(|_| self.names_image()),
            expiry: self
                .expiry
                .filter(|_| self.format.is_notation())
                .map(Duration::from_secs),
            lookaside: match self.is_simple() {
                true => path(&self.lookaside),
                false => None,
            },
        })
    }

    /// The passphrase, where the key needs one.
    pub(in crate::ui::dialogs) fn secret(
        &self,
        keys: &KeyList,
        plan: Option<&AdditionPlan>,
    ) -> Option<Secret> {
        let encrypted = self.by == By::Key && self.key.is_encrypted(keys, plan);
        encrypted.then(|| self.passphrase.secret())
    }

    /// Asks for the passphrase again, and says why.
    pub(in crate::ui::dialogs) fn ask_again(&mut self, failure: &Failure) {
        self.passphrase.forget();
        self.again = true;
        // which key it is stands above
        let why = failure.headline.rsplit(": ").next().unwrap_or_default();
        self.wrong = Some(capital(&line(why)));
    }

    /// It is tried with what was typed.
    pub(in crate::ui::dialogs) fn try_again(&mut self) {
        self.wrong = None;
    }

    /// The passphrase is needed no more.
    pub(in crate::ui::dialogs) fn forget(&mut self) {
        self.passphrase.forget();
    }

    /// Forgets the passphrase once it is another key that signs, or none.
    fn forget_for_another(&mut self, keys: &KeyList) {
        let opens = match self.by {
            By::Key => self.key.text(keys),
            By::Identity => None,
        };
        if self.opens != opens {
            self.passphrase.forget();
            self.wrong = None;
            self.opens = opens;
        }
    }

    /// The rows for it; `which` tells several from each other. Says whether Enter was
    /// pressed in the field for the passphrase.
    pub(in crate::ui::dialogs) fn show(
        &mut self,
        ui: &mut Ui,
        which: &str,
        formats: &Formats,
        with: With<'_>,
        actions: &mut Actions,
    ) -> bool {
        let With { keys, plan, .. } = with;
        self.by_rows(ui, which, keys, actions);
        self.forget_for_another(keys);
        self.format_row(ui, which, keys, formats);
        if self.format.is_notation() {
            let (hint, title) = ("for example /path/to/chain.pem", "Choose the certificates");
            let label = "Certificates";
            kit::path_row(ui, label, which, &mut self.chain, hint, title, actions);
            kit::row(ui, "Expires", |ui| {
                let width = ui.available_width();
                let name = format!("Expires{which}");
                kit::combo(ui, &name, &mut self.expiry, &EXPIRIES, width);
            });
        }
        if self.is_simple() && formats.place == PlaceKind::Registry {
            let hint = "if empty: the one that registries.d names";
            let label = "Lookaside";
            let title = "Choose a folder for signatures";
            kit::path_row(ui, label, which, &mut self.lookaside, hint, title, actions);
        }
        if self.by == By::Identity || !self.key.is_encrypted(keys, plan) {
            return false;
        }
        let field = kit::row(ui, "Passphrase", |ui| {
            let width = ui.available_width();
            let name = format!("Passphrase{which}");
            kit::secret(ui, &name, &mut self.passphrase, width)
        });
        if std::mem::take(&mut self.again) {
            field.request_focus();
        }
        if let Some(wrong) = &self.wrong {
            kit::wrong(ui, wrong);
        }
        field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter))
    }

    /// What its signature has a use for.
    pub(in crate::ui::dialogs) fn signed(&self) -> Signed {
        let by_identity = self.by == By::Identity;
        Signed {
            by_identity,
            in_browser: by_identity && self.proof == Proof::Browser,
            for_notation: self.format.is_notation(),
            for_sigstore: self.format.is_sigstore(),
            names_image: self.names_image(),
        }
    }

    /// Whether what it signs names the image.
    const fn names_image(&self) -> bool {
        matches!(self.format, SignFormat::Cosign | SignFormat::Simple)
    }

    fn by_rows(&mut self, ui: &mut Ui, which: &str, keys: &KeyList, actions: &mut Actions) {
        kit::row(ui, "With", |ui| {
            let all = [(By::Key, "A key"), (By::Identity, "An identity")];
            kit::segments(ui, &mut self.by, &all);
        });
        if self.by == By::Key {
            self.key.show(ui, which, keys, actions);
            return;
        }
        kit::row(ui, "Proved by", |ui| {
            let width = ui.available_width();
            let name = format!("Proved by{which}");
            kit::combo(ui, &name, &mut self.proof, &PROOFS, width);
        });
        if self.proof == Proof::File {
            let (hint, title) = ("for example /path/to/token", "Choose the file of a token");
            let token = &mut self.token;
            kit::path_row(ui, "Token", which, token, hint, title, actions);
        }
    }

    fn format_row(&mut self, ui: &mut Ui, which: &str, keys: &KeyList, formats: &Formats) {
        let facts = match self.by {
            By::Key => self.key.facts(keys),
            By::Identity => None,
        };
        let by_identity = self.by == By::Identity;
        let all: Vec<_> = FORMATS
            .iter()
            .filter(|(format, _)| !formats.attesting || format.is_sigstore())
            .map(|(format, word)| {
                let check = match by_identity && !format.is_sigstore() {
                    true => Err("it is made with a key"),
                    false => formats.check(*format, facts),
                };
                (*format, *word, check)
            })
            .collect();
        // another key may not do for the format that was chosen
        let fits = |format| {
            all.iter()
                .any(|(f, _, check)| *f == format && check.is_ok())
        };
        if !fits(self.format)
            && let Some((format, ..)) = all.iter().find(|(.., check)| check.is_ok())
        {
            self.format = *format;
        }
        kit::row(ui, "Format", |ui| {
            let width = ui.available_width();
            let name = format!("Format{which}");
            kit::combo_some(ui, &name, &mut self.format, &all, width);
        });
    }
}

/// Which formats there are for a place.
#[derive(Clone, Copy, Debug)]
pub struct Formats {
    pub(in crate::ui::dialogs) place: PlaceKind,
    /// Only those that attestations are written in.
    pub(in crate::ui::dialogs) attesting: bool,
}

impl Formats {
    /// Why this is not for such a key and place.
    fn check(&self, format: SignFormat, key: Option<&KeyFacts>) -> Result<(), &'static str> {
        let openpgp = key.is_some_and(|key| key.openpgp);
        let simple = format == SignFormat::Simple;
        match (self.place, format) {
            (PlaceKind::Closed, _) => return Err("this place holds no signatures"),
            (PlaceKind::Layout, SignFormat::Simple) => {
                return Err("an OCI layout has no files beside an image");
            }
            (PlaceKind::Directory, SignFormat::Cosign) if self.attesting => {
                return Err("a flat folder holds no attestations");
            }
            (PlaceKind::Directory, SignFormat::Cosign | SignFormat::Simple) => {}
            (PlaceKind::Directory, _) => return Err("a flat folder holds no referrers"),
            (PlaceKind::Registry | PlaceKind::Layout, _) => {}
        }
        let Some(key) = key else {
            return Ok(());
        };
        match (openpgp, simple) {
            (true, false) => Err("an OpenPGP key makes simple signatures"),
            (false, true) => Err("it is made with an OpenPGP key"),
            _ if format.is_notation() && key.kind == "Ed25519" => {
                Err("Notation takes RSA and ECDSA keys")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: &str) -> KeyFacts {
        KeyFacts {
            kind: kind.to_owned(),
            fingerprint: String::new(),
            user: None,
            public: String::new(),
            openpgp: kind.starts_with("OpenPGP"),
        }
    }

    fn possible(place: PlaceKind, kind: &str) -> Vec<SignFormat> {
        let formats = Formats {
            place,
            attesting: false,
        };
        let key = key(kind);
        let all = FORMATS.iter().map(|(format, _)| *format);
        all.filter(|format| formats.check(*format, Some(&key)).is_ok())
            .collect()
    }

    #[test]
    fn a_format_is_for_some_keys_and_places() {
        use SignFormat::{Bundle, Cosign, NotationCose, NotationJws, Simple};
        let all = [Bundle, Cosign, NotationJws, NotationCose];
        assert_eq!(possible(PlaceKind::Registry, "ECDSA P-256"), all);
        assert_eq!(possible(PlaceKind::Layout, "Ed25519"), [Bundle, Cosign]);
        assert_eq!(possible(PlaceKind::Registry, "OpenPGP RSA"), [Simple]);
        assert_eq!(possible(PlaceKind::Layout, "OpenPGP RSA"), []);
        assert_eq!(possible(PlaceKind::Directory, "OpenPGP RSA"), [Simple]);
        assert_eq!(possible(PlaceKind::Directory, "RSA 3072"), [Cosign]);
        assert_eq!(possible(PlaceKind::Closed, "RSA 3072"), []);
    }
}
