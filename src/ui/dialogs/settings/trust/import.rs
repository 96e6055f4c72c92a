//! A policy of others, or a key, while it is taken over.

use std::sync::Arc;

use egui::{RichText, Ui};

use crate::engine::{Chore, Command, TrustChange, TrustPreview};
use crate::model::text;
use crate::signature::policy::Import;
use crate::ui::action::Actions;
use crate::ui::dialogs::kit::{self, Look};
use crate::ui::panels::parts::primary_button;
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
    Back,
}

impl Wish {
    /// The chore that does it; nothing for [`Wish::Back`].
    pub(super) fn chore(self) -> Option<Command> {
        Some(Command::Chore(match self {
            Self::Look(change) => Chore::PreviewTrust(change),
            Self::Write(shown) => Chore::WriteTrust(shown),
            Self::Back => return None,
        }))
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

    pub(super) fn show(&mut self, ui: &mut Ui, busy: bool, actions: &mut Actions) -> Option<Wish> {
        kit::heading(ui, "Take over a policy or a key");
        kit::quiet(
            ui,
            "A policy.json of containers, a trustpolicy.json of Notation, a public key (cosign.pub) or OpenPGP keys. By what comes of it nothing is accepted that the original rejects, and nothing that your policy rejected before.",
        );
        let hint = "/etc/containers/policy.json";
        let title = "A policy or a key";
        kit::path_row(ui, "File", "", &mut self.file, hint, title, actions);
        kit::row(ui, "Images", |ui| {
            let hint = "for a key: host/repository, host/team/**, *";
            kit::text(ui, "Scope", &mut self.scope, hint, Look::Exact, 520.0);
        });
        kit::row(ui, "Trust store", |ui| {
            let hint =
                "for Notation, where it is not beside the file: ~/.config/notation/truststore";
            kit::text(ui, "Trust store", &mut self.store, hint, Look::Exact, 520.0);
        });
        let change = self.change();
        // what is shown is of what is filled in, or of nothing
        let shown = self
            .shown
            .clone()
            .filter(|shown| Some(&shown.change) == change.as_ref());
        let mut wish = None;
        // what is written may be longer than the page
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            match shown.clone() {
                Some(shown) => {
                    let some = !shown.preview.written.is_empty();
                    let write = primary_button(ui, "Write to the policy", some && !busy);
                    let there = shown.import.as_ref().is_some_and(Import::is_there);
                    let why = match there {
                        true => "For all of it that can be taken over there are entries already",
                        false => "Nothing of it can be taken over",
                    };
                    let write = write.on_disabled_hover_text(why);
                    if write.clicked() {
                        wish = Some(Wish::Write(shown));
                    }
                }
                None => {
                    let look = egui::Button::new("Show what would be written");
                    let look = ui.add_enabled(change.is_some() && !busy, look);
                    if look.on_disabled_hover_text("Name a file").clicked()
                        && let Some(change) = change
                    {
                        self.asked = Some(change.clone());
                        self.shown = None;
                        wish = Some(Wish::Look(change));
                    }
                }
            }
            if ui.button("Back").clicked() {
                wish = Some(Wish::Back);
            }
        });
        if let Some(shown) = &shown {
            preview(ui, shown);
        }
        wish
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
