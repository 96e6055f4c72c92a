//! Deleting a tag or manifest: asked before, and asked again where other tags would go.

use std::sync::Arc;

use egui::{Context, RichText, ScrollArea, Ui};

use super::kit::{self, Footer, Sheet};
use crate::engine::{Chore, Command, Failure};
use crate::model::{Digest, Reference, Transport, text};
use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons};
use crate::ui::widgets::error_box;
use crate::ui::widgets::text::count;

/// The dialog that asks.
#[derive(Debug)]
pub struct Delete {
    /// As it is written.
    reference: String,
    /// What of it goes, for people.
    what: String,
    /// What a name stands for, where that is known.
    digest: Option<String>,
    state: State,
}

#[derive(Debug)]
enum State {
    Asking,
    /// The place is asked to delete it.
    Deleting,
    /// The place can only delete what these tags stand for too.
    NotAlone(Vec<String>),
    Failed(Arc<Failure>),
}

impl Delete {
    /// Whether what `reference` names can be deleted from its place: a layout forgets its name.
    pub fn can(reference: &Reference) -> bool {
        match reference {
            Reference::Path(path) => path.transport == Transport::Oci && path.name.is_some(),
            Reference::Registry(_) => true,
            Reference::Daemon(_) => false,
        }
    }

    /// Asks whether what `reference` names is to go; `digest` is what it stands for, where
    /// that is known.
    pub fn new(reference: &Reference, digest: Option<&Digest>) -> Self {
        let what = match reference {
            Reference::Registry(image) => match (image.digest(), image.tag()) {
                (Some(digest), _) => format!(
                    "the manifest {} of {}, with every tag that stands for it",
                    digest.short(),
                    image.name()
                ),
                (None, Some(tag)) => format!("the tag {tag} of {}", image.name()),
                (None, None) => image.name(),
            },
            other => other.to_string(),
        };
        Self {
            reference: reference.to_string(),
            what,
            digest: digest.map(ToString::to_string),
            state: State::Asking,
        }
    }

    /// What is asked about.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// It could not be deleted; where `others` are named, because they would go with it.
    pub fn failed(&mut self, others: Vec<String>, failure: Arc<Failure>) {
        self.state = match others.is_empty() {
            true => State::Failed(failure),
            false => State::NotAlone(others),
        };
    }

    /// Draws the dialog; says whether it is done.
    pub fn show(&mut self, ctx: &Context, actions: &mut Actions) -> bool {
        Sheet::new("Delete").width(520.0).show(
            ctx,
            &mut (self, actions),
            |(delete, actions), ui| delete.body(ui, actions),
            |(delete, actions), footer| delete.footer(footer, actions),
        )
    }

    fn body(&self, ui: &mut Ui, actions: &mut Actions) {
        let tokens = Tokens::of(ui);
        let what = format!("Delete {}?", text::visible(&self.what));
        ui.add(egui::Label::new(what).wrap());
        if let Some(digest) = &self.digest {
            ui.label(RichText::new("It stands for").color(tokens.weak));
            ui.add(egui::Label::new(RichText::new(digest).monospace()).wrap());
        }
        ui.add_space(4.0);
        match &self.state {
            State::Asking | State::Deleting => {
                let words =
                    "It cannot be brought back from here. Layers stay until the place cleans up.";
                kit::quiet(ui, words);
            }
            State::NotAlone(others) => {
                let words = format!(
                    "This registry cannot delete a tag, only what it stands for. {} for the same and would go too:",
                    match others.len() {
                        1 => "One other tag stands".to_owned(),
                        many => format!("{} stand", count(many, "other tag", "other tags")),
                    }
                );
                kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, &words);
                ScrollArea::vertical().max_height(160.0).show(ui, |ui| {
                    for other in others {
                        ui.label(RichText::new(text::visible(other)).monospace());
                    }
                });
            }
            State::Failed(failure) => error_box(ui, failure, None, actions),
        }
    }

    fn footer(&mut self, footer: &mut Footer<'_>, actions: &mut Actions) {
        let (words, ready) = match &self.state {
            State::Asking => ("Delete".to_owned(), Ok(())),
            State::Deleting => ("Delete".to_owned(), Err("The place is being asked")),
            State::NotAlone(others) => {
                let all = count(others.len() + 1, "tag", "tags");
                (format!("Delete all {all}"), Ok(()))
            }
            State::Failed(_) => ("Try again".to_owned(), Ok(())),
        };
        // the safe one is the main one
        footer.cancel("Keep it");
        if footer.secondary(&words, ready) {
            let with_other_tags = matches!(self.state, State::NotAlone(_));
            let reference = self.reference.clone();
            self.state = State::Deleting;
            actions.push(Action::Send(Command::Chore(Chore::Delete {
                reference,
                with_other_tags,
            })));
        }
    }
}
