//! A rule or a signer while it is written.

use egui::Ui;

use crate::engine::{Failure, KeyInfo};
use crate::model::text;
use crate::signature::policy::{Level, PolicyEdit, RuleEntry, SignerEntry, Way};
use crate::signature::sign::KeyFacts;
use crate::ui::action::{Actions, PathWish};
use crate::ui::dialogs::kit::{self, Choice, Look};
use crate::ui::widgets::text::line;

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
    /// The name of a key of the user's own; nothing where a file is named.
    own: Option<String>,
    /// A file, or an identity.
    first: String,
    issuer: String,
    /// The images that it is to be trusted for; empty where rules say that.
    scope: String,
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

const SCOPE: &str = "for example host/repository, host/team/**, *.example.com/**, *";

const A_FILE: &str = "A file…";

/// Width of a field, in points.
const WIDTH: f32 = 520.0;

impl Form {
    /// Draws it; `wrong` is why it could not be written.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        signers: &[SignerEntry],
        keys: &[KeyInfo],
        wrong: Option<&Failure>,
        actions: &mut Actions,
    ) {
        match self {
            Self::Rule(rule) => rule.show(ui, signers, wrong),
            Self::Signer(signer) => signer.show(ui, keys, wrong, actions),
        }
    }

    /// The change that it makes, or what is missing.
    pub(super) fn edit(&self, keys: &[KeyInfo]) -> Result<PolicyEdit, &'static str> {
        match self {
            Self::Rule(rule) => rule.edit(),
            Self::Signer(signer) => signer.edit(keys),
        }
    }
}

/// Why it could not be written, under the field that it is about.
fn say(ui: &mut Ui, wrong: Option<&Failure>) {
    if let Some(failure) = wrong {
        kit::wrong(ui, &line(&failure.headline));
        kit::row(ui, "", |ui| kit::quiet(ui, &failure.hint_in_window()));
    }
}

impl RuleForm {
    /// The rule as it stands, to be changed.
    pub(super) fn new(rule: &RuleEntry) -> Self {
        Self {
            before: Some(rule.scope.clone()),
            scope: rule.scope.clone(),
            signers: rule.signers.clone(),
            at_least: rule.at_least,
            attestations: rule.attestations.join(" "),
            level: rule.level,
            rejects: rule.rejects(),
        }
    }

    /// A new one for images of the name `scope`.
    pub(super) fn for_images(scope: String) -> Self {
        Self {
            before: None,
            scope,
            signers: Vec::new(),
            at_least: 1,
            attestations: String::new(),
            level: Level::default(),
            rejects: false,
        }
    }

    fn show(&mut self, ui: &mut Ui, signers: &[SignerEntry], wrong: Option<&Failure>) {
        kit::heading(
            ui,
            if self.before.is_some() {
                "Change a rule"
            } else {
                "A new rule"
            },
        );
        kit::row(ui, "Images", |ui| {
            kit::text(ui, "Scope", &mut self.scope, SCOPE, Look::Exact, WIDTH);
        });
        say(ui, wrong);
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
            let hint = "none; for example https://spdx.dev/Document";
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

impl Default for SignerForm {
    fn default() -> Self {
        Self {
            before: None,
            name: String::new(),
            kind: Kind::Key,
            own: None,
            first: String::new(),
            issuer: String::new(),
            scope: String::new(),
        }
    }
}

impl SignerForm {
    /// The signer as it stands, to be changed.
    pub(super) fn new(signer: &SignerEntry) -> Self {
        let (kind, first, issuer) = match &signer.way {
            Way::Identity { identity, issuer } => (Kind::Identity, &**identity, &**issuer),
            Way::OpenPgpFile(path) => (Kind::OpenPgp, &**path, ""),
            Way::AuthoritiesFile(path) => (Kind::Authorities, &**path, ""),
            Way::KeyFile(path) => (Kind::Key, &**path, ""),
            Way::Key(_) | Way::OpenPgp(_) | Way::Notation { .. } | Way::Other(_) => {
                (Kind::Key, "", "")
            }
        };
        Self {
            before: Some(signer.name.clone()),
            name: signer.name.clone(),
            kind,
            first: first.to_owned(),
            issuer: issuer.to_owned(),
            ..Self::default()
        }
    }

    /// A new one, to be trusted for images of the name `scope`.
    pub(super) fn trusted_for(scope: String) -> Self {
        Self {
            scope,
            ..Self::default()
        }
    }

    fn show(
        &mut self,
        ui: &mut Ui,
        keys: &[KeyInfo],
        wrong: Option<&Failure>,
        actions: &mut Actions,
    ) {
        kit::heading(
            ui,
            if self.before.is_some() {
                "Change a signer"
            } else {
                "A new signer"
            },
        );
        kit::row(ui, "Name", |ui| {
            let hint = "how rules call it, for example release";
            kit::text(ui, "Signer name", &mut self.name, hint, Look::Words, WIDTH);
        });
        kit::row(ui, "Signs with", |ui| {
            if kit::segments(ui, &mut self.kind, &KINDS) {
                self.first.clear();
                self.own = None;
            }
        });
        self.own_row(ui, keys);
        if self.own.is_none() {
            self.first_row(ui, actions);
        }
        if self.kind == Kind::Identity {
            kit::row(ui, "Issuer", |ui| {
                let hint = "for example https://accounts.google.com";
                kit::text(ui, "Issuer", &mut self.issuer, hint, Look::Exact, WIDTH)
                    .on_hover_text("Who vouches for the identity");
            });
        }
        say(ui, wrong);
        if self.before.is_none() {
            kit::row(ui, "Images", |ui| {
                kit::text(ui, "Scope", &mut self.scope, SCOPE, Look::Exact, WIDTH);
            });
            kit::row(ui, "", |ui| {
                let words = "They are accepted when it signed them. Without images it is for rules that you write.";
                kit::quiet(ui, words);
            });
        }
    }

    /// The user's own keys of this kind, and a file.
    fn own_row(&mut self, ui: &mut Ui, keys: &[KeyInfo]) {
        let fits = |facts: &KeyFacts| match self.kind {
            Kind::Key => !facts.openpgp,
            Kind::OpenPgp => facts.openpgp,
            Kind::Identity | Kind::Authorities => false,
        };
        let own = keys
            .iter()
            .filter(|key| key.facts.as_ref().is_some_and(fits));
        let own: Vec<_> = own.map(|key| key.name.as_str()).collect();
        if own.is_empty() {
            return;
        }
        let before = self.own.clone();
        kit::row(ui, "Key", |ui| {
            let shown = match &self.own {
                Some(name) => format!("your key {}", line(name)),
                None => A_FILE.to_owned(),
            };
            kit::combo_ui(ui, "Whose key", &shown, 240.0, |ui| {
                for name in &own {
                    let on = self.own.as_deref() == Some(*name);
                    let words = format!("your key {}", line(name));
                    if ui.selectable_label(on, words).clicked() {
                        self.own = Some((*name).to_owned());
                    }
                }
                if ui.selectable_label(self.own.is_none(), A_FILE).clicked() {
                    self.own = None;
                }
            });
        });
        let named = before.as_deref().unwrap_or_default() == self.name;
        if before != self.own && named {
            self.name = self.own.clone().unwrap_or_default();
        }
    }

    fn first_row(&mut self, ui: &mut Ui, actions: &mut Actions) {
        let (label, name, hint) = match self.kind {
            Kind::Key => ("File", "Key file", "for example ~/cosign.pub"),
            Kind::Identity => ("Identity", "Identity", "for example release@example.com"),
            Kind::OpenPgp => ("File", "OpenPGP file", "as gpg --export writes it"),
            Kind::Authorities => ("File", "Authorities file", "certificates in PEM"),
        };
        let first = &mut self.first;
        kit::row(ui, label, |ui| {
            if self.kind == Kind::Identity {
                kit::text(ui, name, first, hint, Look::Exact, WIDTH);
                return;
            }
            let room = (ui.available_width() - WIDTH).max(0.0);
            let wish = PathWish::File("What the signer is known by");
            kit::path(ui, name, first, hint, room, wish, actions);
        });
    }

    fn edit(&self, keys: &[KeyInfo]) -> Result<PolicyEdit, &'static str> {
        let name = self.name.trim().to_owned();
        if name.is_empty() {
            return Err("Give it a name");
        }
        let signer = SignerEntry {
            name,
            way: self.way(keys)?,
        };
        let scope = self.scope.trim().to_owned();
        if !scope.is_empty() {
            return Ok(PolicyEdit::Trust { scope, signer });
        }
        Ok(PolicyEdit::PutSigner {
            before: self.before.clone(),
            signer,
        })
    }

    fn way(&self, keys: &[KeyInfo]) -> Result<Way, &'static str> {
        if let Some(own) = &self.own {
            let key = keys.iter().find(|key| key.name == *own);
            let facts = key.and_then(|key| key.facts.as_ref());
            let public = facts.map(|facts| facts.public.clone());
            let public = public.ok_or("The key is not there any more")?;
            return Ok(match self.kind {
                Kind::OpenPgp => Way::OpenPgp(public),
                _ => Way::Key(public),
            });
        }
        let first = crate::ui::dialogs::expand_home(self.first.trim());
        if first.is_empty() {
            return Err("Say how it signs");
        }
        Ok(match self.kind {
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
        })
    }
}
