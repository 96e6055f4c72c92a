//! A rule or a signer while it is written.

use egui::Ui;

use crate::model::text;
use crate::signature::policy::{Level, PolicyEdit, RuleEntry, SignerEntry, Way};
use crate::ui::dialogs::kit::{self, Choice, Look};

/// What is being written.
#[derive(Debug)]
pub(super) enum Form {
    Rule(RuleForm),
    Signer(SignerForm),
}

/// A rule.
#[derive(Debug)]
pub(super) struct RuleForm {
    /// The scope of the one that is changed.
    before: Option<String>,
    scope: String,
    signers: Vec<String>,
    at_least: usize,
    /// Predicate types, with spaces between.
    attestations: String,
    level: Level,
    /// Nothing of the scope is accepted.
    rejects: bool,
}

/// A signer.
#[derive(Debug)]
pub(super) struct SignerForm {
    /// The name of the one that is changed.
    before: Option<String>,
    name: String,
    kind: Kind,
    /// A file, or an identity.
    first: String,
    issuer: String,
}

/// The ways that can be written here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Key,
    Identity,
    OpenPgp,
    Authorities,
}

const KINDS: [(Kind, &str); 4] = [
    (Kind::Key, "Key"),
    (Kind::Identity, "Identity"),
    (Kind::OpenPgp, "OpenPGP"),
    (Kind::Authorities, "Authorities"),
];

const LEVELS: [(Level, &str); 4] = [
    (Level::Either, "Index or every platform"),
    (Level::Both, "Index and every platform"),
    (Level::Platforms, "Every platform"),
    (Level::This, "Only what was asked about"),
];

/// Width of a field, in points.
const WIDTH: f32 = 520.0;

impl Form {
    pub(super) fn show(&mut self, ui: &mut Ui, signers: &[SignerEntry]) {
        match self {
            Self::Rule(rule) => rule.show(ui, signers),
            Self::Signer(signer) => signer.show(ui),
        }
    }

    /// The change that it makes, or what is missing.
    pub(super) fn edit(&self) -> Result<PolicyEdit, &'static str> {
        match self {
            Self::Rule(rule) => rule.edit(),
            Self::Signer(signer) => signer.edit(),
        }
    }
}

impl RuleForm {
    pub(super) fn new(rule: Option<&RuleEntry>) -> Self {
        Self {
            before: rule.map(|rule| rule.scope.clone()),
            scope: rule.map(|rule| rule.scope.clone()).unwrap_or_default(),
            signers: rule.map(|rule| rule.signers.clone()).unwrap_or_default(),
            at_least: rule.map_or(1, |rule| rule.at_least),
            attestations: rule.map_or_else(String::new, |rule| rule.attestations.join(" ")),
            level: rule.map(|rule| rule.level).unwrap_or_default(),
            rejects: rule.is_some_and(RuleEntry::rejects),
        }
    }

    fn show(&mut self, ui: &mut Ui, signers: &[SignerEntry]) {
        kit::heading(
            ui,
            if self.before.is_some() {
                "Change a rule"
            } else {
                "A new rule"
            },
        );
        kit::row(ui, "Images", |ui| {
            let hint = "host/repository, host/team/**, *.example.com/**, *";
            kit::text(ui, "Scope", &mut self.scope, hint, Look::Exact, WIDTH);
        });
        kit::tick(ui, &mut self.rejects, Choice::new("Reject every image"));
        if self.rejects {
            return;
        }
        kit::quiet(ui, "Signed by any of these:");
        for signer in signers {
            let mut named = self.signers.contains(&signer.name);
            let (name, way) = (text::visible(&signer.name), signer.way.to_string());
            let way = text::visible(&way);
            let choice = Choice::new(&name).detail(&way);
            if kit::tick(ui, &mut named, choice).changed() {
                self.signers.retain(|name| *name != signer.name);
                if named {
                    self.signers.push(signer.name.clone());
                }
            }
        }
        kit::row(ui, "At least", |ui| {
            let most = self.signers.len().max(1);
            let value = egui::DragValue::new(&mut self.at_least).range(0..=most);
            ui.add(value).accessible_name("At least");
            kit::quiet(ui, "distinct signers");
        });
        kit::row(ui, "Attestations", |ui| {
            let hint =
                "predicate types that have to be there too, such as https://spdx.dev/Document";
            let field = &mut self.attestations;
            kit::text(ui, "Predicate types", field, hint, Look::Exact, WIDTH);
        });
        kit::row(ui, "Of an index", |ui| {
            kit::combo(ui, "What is signed", &mut self.level, &LEVELS, 240.0);
        });
    }

    fn edit(&self) -> Result<PolicyEdit, &'static str> {
        let scope = self.scope.trim().to_owned();
        if scope.is_empty() {
            return Err("Say which images it is for");
        }
        if self.rejects {
            return Ok(PolicyEdit::PutRule {
                before: self.before.clone(),
                rule: RuleEntry::rejecting(scope),
            });
        }
        if self.signers.is_empty() {
            return Err("Choose at least one signer");
        }
        let attestations = self.attestations.split_whitespace();
        Ok(PolicyEdit::PutRule {
            before: self.before.clone(),
            rule: RuleEntry {
                scope,
                signers: self.signers.clone(),
                at_least: self.at_least,
                attestations: attestations.map(ToOwned::to_owned).collect(),
                level: self.level,
            },
        })
    }
}

impl SignerForm {
    pub(super) fn new(signer: Option<&SignerEntry>) -> Self {
        let (kind, first, issuer) = match signer.map(|signer| &signer.way) {
            Some(Way::Identity { identity, issuer }) => (Kind::Identity, &**identity, &**issuer),
            Some(Way::OpenPgpFile(path)) => (Kind::OpenPgp, &**path, ""),
            Some(Way::AuthoritiesFile(path)) => (Kind::Authorities, &**path, ""),
            Some(Way::KeyFile(path)) => (Kind::Key, &**path, ""),
            Some(Way::Key(_) | Way::OpenPgp(_) | Way::Notation { .. } | Way::Other(_)) | None => {
                (Kind::Key, "", "")
            }
        };
        Self {
            before: signer.map(|signer| signer.name.clone()),
            name: signer.map(|signer| signer.name.clone()).unwrap_or_default(),
            kind,
            first: first.to_owned(),
            issuer: issuer.to_owned(),
        }
    }

    fn show(&mut self, ui: &mut Ui) {
        kit::heading(
            ui,
            if self.before.is_some() {
                "Change a signer"
            } else {
                "A new signer"
            },
        );
        kit::row(ui, "Name", |ui| {
            let hint = "how rules call it";
            kit::text(ui, "Signer name", &mut self.name, hint, Look::Words, WIDTH);
        });
        kit::row(ui, "Signs with", |ui| {
            if kit::segments(ui, &mut self.kind, &KINDS) {
                self.first.clear();
            }
        });
        let (label, name, hint) = match self.kind {
            Kind::Key => (
                "Key",
                "Key file",
                "a public key in PEM, such as /home/me/cosign.pub",
            ),
            Kind::Identity => (
                "Identity",
                "Identity",
                "release@example.com, or the address of a workflow",
            ),
            Kind::OpenPgp => ("Keys", "OpenPGP file", "as gpg --export writes them"),
            Kind::Authorities => ("Authorities", "Authorities file", "certificates in PEM"),
        };
        kit::row(ui, label, |ui| {
            kit::text(ui, name, &mut self.first, hint, Look::Exact, WIDTH);
        });
        if self.kind == Kind::Identity {
            kit::row(ui, "Issuer", |ui| {
                let hint = "who vouches for it: https://accounts.google.com";
                kit::text(ui, "Issuer", &mut self.issuer, hint, Look::Exact, WIDTH);
            });
        }
    }

    fn edit(&self) -> Result<PolicyEdit, &'static str> {
        let name = self.name.trim().to_owned();
        let first = crate::ui::dialogs::expand_home(self.first.trim());
        if name.is_empty() {
            return Err("Give it a name");
        }
        if first.is_empty() {
            return Err("Say how it signs");
        }
        let way = match self.kind {
            Kind::Key => Way::KeyFile(first),
            Kind::OpenPgp => Way::OpenPgpFile(first),
            Kind::Authorities => Way::AuthoritiesFile(first),
            Kind::Identity => {
                let issuer = self.issuer.trim().to_owned();
                if issuer.is_empty() {
                    return Err("An identity counts only with an issuer");
                }
                Way::Identity {
                    identity: self.first.trim().to_owned(),
                    issuer,
                }
            }
        };
        Ok(PolicyEdit::PutSigner {
            before: self.before.clone(),
            signer: SignerEntry { name, way },
        })
    }
}
