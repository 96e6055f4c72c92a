//! A policy of others, or a key, while it is taken over.

use std::sync::Arc;

use egui::{RichText, Ui};

use crate::engine::{Chore, Command, TrustChange, TrustPreview};
use crate::model::text;
use crate::signature::policy::Import;
use crate::ui::action::Actions;
use crate::ui::dialogs::kit::{self, Footer, Look};
use crate::ui::theme::{Tokens, icons};

/// What is taken over.
#[derive(Debug, Default)]
pub(super) struct ImportForm {
    file: String,
    scope: String,
    store: String,
    /// What was asked for last.
    asked: Option<TrustChange>,
    /// What would be written.
    shown: Option<Arc<TrustPreview>>,
}

/// What somebody wants.
pub(super) enum Wish {
    Look(TrustChange),
    Write(Arc<TrustPreview>),
}

impl Wish {
    /// The chore that does it.
    pub(super) fn chore(self) -> Command {
        Command::Chore(match self {
            Self::Look(change) => Chore::PreviewTrust(change),
            Self::Write(shown) => Chore::WriteTrust(shown),
        })
    }
}

impl ImportForm {
    /// What would be written is known. Whether that is what was asked for.
    pub(super) fn previewed(&mut self, preview: &Arc<TrustPreview>) -> bool {
        let asked = self.asked.as_ref() == Some(&preview.change);
        if asked {
            self.shown = Some(Arc::clone(preview));
        }
        asked
    }

    /// What was asked for last.
    pub(super) const fn asked(&self) -> Option<&TrustChange> {
        self.asked.as_ref()
    }

    /// What is filled in.
    fn change(&self) -> Option<TrustChange> {
        let filled = |text: &str| {
            let text = text.trim();
            (!text.is_empty()).then(|| crate::ui::dialogs::expand_home(text))
        };
        Some(TrustChange::Import {
            file: filled(&self.file)?.into(),
            scope: filled(&self.scope),
            store: filled(&self.store).map(Into::into),
        })
    }

    pub(super) fn show(&mut self, ui: &mut Ui, actions: &mut Actions) {
        kit::heading(ui, "Take over a policy or a key");
        kit::quiet(
            ui,
            "A policy.json of containers, a trustpolicy.json of Notation, a public key (cosign.pub) or OpenPGP keys. By what comes of it nothing is accepted that the original rejects, and nothing that your policy rejected before.",
        );
        let hint = "for example /etc/containers/policy.json";
        let title = "A policy or a key";
        kit::path_row(ui, "File", "", &mut self.file, hint, title, actions);
        kit::row(ui, "Images", |ui| {
            let hint = "of a key: for example host/repository, host/team/**, *";
            kit::text(ui, "Scope", &mut self.scope, hint, Look::Exact, 520.0);
        });
        kit::row(ui, "Trust store", |ui| {
            let hint = "of Notation: for example ~/.config/notation/truststore";
            kit::text(ui, "Trust store", &mut self.store, hint, Look::Exact, 520.0);
        });
        ui.add_space(8.0);
        if let Some(shown) = self.shown(self.change().as_ref()) {
            preview(ui, &shown);
        }
    }

    /// What would be written, where it is known: of what is filled in, or of nothing.
    fn shown(&self, change: Option<&TrustChange>) -> Option<Arc<TrustPreview>> {
        let shown = self.shown.clone();
        shown.filter(|shown| Some(&shown.change) == change)
    }

    /// The button that goes on; says what somebody wants.
    pub(super) fn footer(&mut self, footer: &mut Footer<'_>, busy: bool) -> Option<Wish> {
        let change = self.change();
        let free = |ready: Result<(), &'static str>| match busy {
            true => Err("The file is being read"),
            false => ready,
        };
        if let Some(shown) = self.shown(change.as_ref()) {
            let there = shown.import.as_ref().is_some_and(Import::is_there);
            let ready = match (shown.preview.written.is_empty(), there) {
                (false, _) => Ok(()),
                (true, true) => {
                    Err("For all of it that can be taken over there are entries already")
                }
                (true, false) => Err("Nothing of it can be taken over"),
            };
            let write = footer.primary("Write to the policy", free(ready));
            return write.then_some(Wish::Write(shown));
        }
        let ready = free(change.as_ref().map_or(Err("Name a file"), |_| Ok(())));
        let look = footer.confirm("Show what would be written", ready);
        let change = change.filter(|_| look)?;
        self.asked = Some(change.clone());
        self.shown = None;
        Some(Wish::Look(change))
    }
}

fn preview(ui: &mut Ui, shown: &TrustPreview) {
    let tokens = Tokens::of(ui);
    if shown.changed {
        kit::note(
            ui,
            icons::TRIANGLE_ALERT,
            tokens.caution,
            kit::CHANGED_MEANWHILE,
        );
    }
    let kind = shown.import.as_ref().map_or("", |import| import.kind);
    kit::heading(ui, &format!("What would be written, of {kind}"));
    if !shown.preview.meaning.is_empty() {
        kit::quiet(ui, &text::visible(&shown.preview.meaning));
    }
    if shown.preview.written.is_empty() {
        kit::quiet(ui, "Nothing.");
    } else {
        kit::code_frame(tokens).show(ui, |ui| {
            ui.set_width(ui.available_width());
            let written = kit::in_sight(&shown.preview.written);
            ui.add(egui::Label::new(RichText::new(written).monospace()).wrap());
        });
    }
    let Some(import) = &shown.import else { return };
    if !import.left.is_empty() {
        kit::heading(ui, "Not as it was");
    }
    for left in &import.left {
        let words = format!(
            "{}: {}",
            text::visible(&left.what),
            text::visible(&left.why)
        );
        kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, &words);
    }
    for note in &import.notes {
        kit::quiet(ui, note);
    }
}
