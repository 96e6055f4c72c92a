//! The trust policy: its rules and signers, added, changed and removed. Every change is
//! one of the file, which the engine makes; what is shown is what stands in the file.

mod form;
mod import;

use std::sync::Arc;

use egui::{Align, Layout, RichText, Ui};

use crate::engine::{Chore, Command, Failure, KeyInfo, TrustChange, TrustFile, TrustPreview};
use crate::model::{predicate_words, text};
use crate::signature::policy::{Entries, Level, PolicyEdit, RuleEntry, Way, name_of};
use crate::ui::action::{Action, Actions};
use crate::ui::commands::Situation;
use crate::ui::dialogs::kit::{self, Choice, Footer};
use crate::ui::dialogs::list_keys;
use crate::ui::theme::{Tokens, icons, strong};
use crate::ui::widgets::{error_box, link, row_line};

use form::{Form, RuleForm, SignerForm};
use import::ImportForm;

/// What the page keeps.
#[derive(Debug, Default)]
pub struct TrustPage {
    file: Option<Arc<TrustFile>>,
    /// What is being written.
    form: Option<Form>,
    /// A policy or a key that is being taken over.
    import: Option<Box<ImportForm>>,
    /// What is to be removed, once somebody says so.
    leaving: Option<Leaving>,
    /// A change is being made.
    saving: bool,
    /// Why the last change was not made.
    failure: Option<Arc<Failure>>,
    /// The user's own keys.
    keys: Arc<[KeyInfo]>,
}

/// Something that is about to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Leaving {
    Rule(String),
    Signer(String),
}

impl TrustPage {
    /// What stands in the file was listed.
    pub fn set(&mut self, file: Arc<TrustFile>) {
        self.file = Some(file);
    }

    /// The user's keys were listed.
    pub fn set_keys(&mut self, keys: Arc<[KeyInfo]>) {
        self.keys = keys;
    }

    /// Asks for a signer, to be trusted for images of the name `scope`.
    pub fn ask_signer(&mut self, scope: String) {
        self.open(Form::Signer(SignerForm::trusted_for(scope)));
    }

    /// Whether something is filled in, or a question is open: Escape leads back from that.
    pub const fn is_filled_in(&self) -> bool {
        self.form.is_some() || self.import.is_some() || self.leaving.is_some()
    }

    /// Back to what is listed.
    pub fn back(&mut self) {
        if self.import.take().is_some() {
            // nobody waits for what is on its way
            self.saving = false;
        }
        self.form = None;
        self.leaving = None;
        self.failure = None;
    }

    /// The buttons while something is filled in.
    pub(super) fn footer(&mut self, footer: &mut Footer<'_>, actions: &mut Actions) {
        if let Some(import) = &mut self.import {
            match import.footer(footer, self.saving) {
                None => {}
                Some(wish) => {
                    self.saving = true;
                    self.failure = None;
                    actions.push(Action::Send(wish.chore()));
                }
            }
        } else if let Some(form) = &self.form {
            let ready = form.edit(&self.keys);
            let able = match &ready {
                Err(why) => Err(*why),
                Ok(_) if self.saving => Err("It is being written"),
                Ok(_) => Ok(()),
            };
            if footer.confirm("Write to the policy", able)
                && let Ok(edit) = ready
            {
                self.send(edit, actions);
            }
        }
        footer.cancel("Back");
    }

    /// The change was made.
    pub fn saved(&mut self) {
        self.saving = false;
        self.failure = None;
        self.form = None;
        self.import = None;
        self.leaving = None;
    }

    /// What a change would write is known.
    pub fn previewed(&mut self, preview: &Arc<TrustPreview>) {
        let asked = |import: &mut Box<ImportForm>| import.previewed(preview);
        if self.import.as_mut().is_some_and(asked) {
            self.saving = false;
        }
    }

    /// The change was not made.
    pub fn failed(&mut self, failure: Arc<Failure>) {
        self.saving = false;
        self.failure = Some(failure);
    }

    /// Whether a change is under way, and this is who wants to know how it ends. `change` is
    /// it, where it was to be shown first.
    pub fn waits_for(&self, change: Option<&TrustChange>) -> bool {
        let asked = self.import.as_ref().and_then(|import| import.asked());
        self.saving && (change.is_none() || change == asked)
    }

    pub(super) fn show(&mut self, ui: &mut Ui, situation: &Situation<'_>, actions: &mut Actions) {
        let Some(file) = self.file.clone() else {
            kit::quiet(ui, "Reading the file…");
            return;
        };
        // of a form it stands where the field is
        if let Some(failure) = self.failure.clone().filter(|_| self.form.is_none()) {
            error_box(ui, &failure, None, actions);
            ui.add_space(6.0);
        }
        if let Some(import) = &mut self.import {
            import.show(ui, actions);
            return;
        }
        let entries = file.entries.as_ref();
        if let (Some(entries), Some(form)) = (entries, &mut self.form) {
            let wrong = self.failure.as_deref();
            form.show(ui, &entries.signers, &self.keys, wrong, actions);
            return;
        }
        self.head(ui, &file, actions);
        // what cannot be listed cannot be changed here either
        if let Some(entries) = entries {
            self.rules(ui, entries, situation, actions);
            self.signers(ui, entries, actions);
        }
    }

    fn head(&mut self, ui: &mut Ui, file: &TrustFile, actions: &mut Actions) {
        let tokens = Tokens::of(ui);
        kit::quiet(
            ui,
            "Whom you trust, for which images. Without a rule nothing is accepted or rejected. The file can be edited by hand too; its comments stay.",
        );
        let path = file.path.display().to_string();
        let path = RichText::new(text::visible(&path)).monospace();
        ui.add(egui::Label::new(path.color(tokens.faint)).truncate());
        if let Some(problem) = &file.problem {
            error_box(ui, problem, None, actions);
            return;
        }
        let Some(entries) = &file.entries else { return };
        let mut automatic = entries.automatic;
        let words = Choice::new("Verify every image when it is opened");
        if kit::tick(ui, &mut automatic, words).changed() {
            self.send(PolicyEdit::Automatic(automatic), actions);
        }
        let import = ui.button("Import…");
        let words = "Take over a policy of containers or Notation, or a public key";
        if import.on_hover_text(words).clicked() {
            self.import = Some(Box::default());
            self.leaving = None;
            self.failure = None;
        }
    }

    fn rules(
        &mut self,
        ui: &mut Ui,
        entries: &Entries,
        situation: &Situation<'_>,
        actions: &mut Actions,
    ) {
        ui.add_space(8.0);
        kit::heading_with(ui, "Rules", |ui| {
            let signers = !entries.signers.is_empty();
            let add = ui.add_enabled(signers, egui::Button::new("Add a rule…"));
            let add = add.on_disabled_hover_text("A rule names signers: add one first");
            if add.clicked() {
                // most rules are for what is looked at
                let open = situation.tab.and_then(|tab| tab.reference());
                let scope = open.map(name_of).unwrap_or_default();
                self.open(Form::Rule(RuleForm::for_images(scope)));
            }
        });
        if entries.rules.is_empty() {
            kit::quiet(ui, "There is no rule: no image is judged.");
        }
        for (at, rule) in entries.rules.iter().enumerate() {
            let here = Leaving::Rule(rule.scope.clone());
            let words = rule_words(rule);
            let question = "Remove this rule? Its images are not judged by it any more.";
            let line = Line {
                icon: icons::SHIELD,
                name: &rule.scope,
                words: &words,
                changes: true,
                question,
            };
            match ui
                .push_id(("rule", at), |ui| self.line(ui, &line, &here))
                .inner
            {
                Some(Wish::Change) => self.open(Form::Rule(RuleForm::new(rule))),
                Some(Wish::Remove) => {
                    let scope = rule.scope.clone();
                    self.send(PolicyEdit::RemoveRule { scope }, actions);
                }
                None => {}
            }
        }
    }

    fn signers(&mut self, ui: &mut Ui, entries: &Entries, actions: &mut Actions) {
        ui.add_space(8.0);
        kit::heading_with(ui, "Signers", |ui| {
            if ui.button("Add a signer…").clicked() {
                self.open(Form::Signer(SignerForm::default()));
                actions.push(list_keys());
            }
        });
        if entries.signers.is_empty() {
            kit::quiet(
                ui,
                "There is nobody yet. Add a key or an identity, or open a signed image and choose “Trust this signer…” or “Trust this key…” under its signature.",
            );
        }
        for (at, signer) in entries.signers.iter().enumerate() {
            let here = Leaving::Signer(signer.name.clone());
            let words = signer.way.to_string();
            let line = Line {
                icon: icons::KEY_ROUND,
                name: &signer.name,
                words: &words,
                changes: !matches!(
                    signer.way,
                    Way::Other(_) | Way::Key(_) | Way::OpenPgp(_) | Way::Notation { .. }
                ),
                question: "Remove this signer? No rule may name it any more.",
            };
            match ui
                .push_id(("signer", at), |ui| self.line(ui, &line, &here))
                .inner
            {
                Some(Wish::Change) => self.open(Form::Signer(SignerForm::new(signer))),
                Some(Wish::Remove) => {
                    let name = signer.name.clone();
                    self.send(PolicyEdit::RemoveSigner { name }, actions);
                }
                None => {}
            }
        }
    }

    /// One entry, with what can be done with it; it asks before it goes.
    fn line(&mut self, ui: &mut Ui, line: &Line<'_>, here: &Leaving) -> Option<Wish> {
        let tokens = Tokens::of(ui);
        let mut wish = None;
        let drawn = ui.horizontal(|ui| {
            ui.label(RichText::new(line.icon).color(tokens.weak));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if link(ui, "Remove…").clicked() {
                    self.leaving = Some(here.clone());
                    self.failure = None;
                }
                if line.changes && link(ui, "Change…").clicked() {
                    wish = Some(Wish::Change);
                }
                ui.with_layout(Layout::top_down(Align::Min), |ui| {
                    ui.spacing_mut().item_spacing.y = 1.0;
                    let name = strong(text::visible(line.name).into_owned());
                    ui.add(egui::Label::new(name).truncate());
                    let words = RichText::new(text::visible(line.words)).color(tokens.weak);
                    ui.add(egui::Label::new(words).wrap());
                });
            });
        });
        if self.leaving.as_ref() == Some(here) {
            ui.horizontal(|ui| {
                kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, line.question);
            });
            ui.horizontal(|ui| {
                if ui.button("Keep it").clicked() {
                    self.leaving = None;
                }
                let out = ui.add_enabled(!self.saving, egui::Button::new("Remove it"));
                if out.clicked() {
                    wish = Some(Wish::Remove);
                }
            });
        }
        row_line(ui, drawn.response.rect);
        ui.add_space(4.0);
        wish
    }

    fn open(&mut self, form: Form) {
        self.form = Some(form);
        self.leaving = None;
        self.failure = None;
    }

    fn send(&mut self, edit: PolicyEdit, actions: &mut Actions) {
        self.saving = true;
        self.failure = None;
        let chore = Chore::EditTrust(edit);
        actions.push(Action::Send(Command::Chore(chore)));
    }
}

/// What somebody wants of an entry.
enum Wish {
    Change,
    Remove,
}

/// An entry as it is drawn.
struct Line<'a> {
    icon: &'a str,
    name: &'a str,
    words: &'a str,
    /// Whether it can be changed here.
    changes: bool,
    /// Asked before it goes.
    question: &'a str,
}

/// What a rule asks for, in one sentence.
fn rule_words(rule: &RuleEntry) -> String {
    if rule.rejects() {
        return "every image is rejected".to_owned();
    }
    let mut words = match rule.at_least {
        0 => "no signature is asked for".to_owned(),
        1 => format!("signed by {}", rule.signers.join(" or ")),
        many => format!("signed by {many} of {}", rule.signers.join(", ")),
    };
    for stated in &rule.attestations {
        words.push_str(&format!(
            "; with an attestation: {}",
            predicate_words(stated)
        ));
    }
    words.push_str(match rule.level {
        Level::Either => "",
        Level::Both => "; the index and every platform",
        Level::Platforms => "; every platform",
        Level::This => "; only what was asked about",
    });
    words
}
