//! Taking back what refers to an image: asked before it is done.

use std::sync::Arc;

use egui::{Context, RichText, Ui};

use super::addition::{Adding, Now, plan};
use super::kit::{self, Footer, Sheet};
use crate::engine::{Addition, AdditionRequest, AdditionSnapshot, Engine};
use crate::model::{Digest, text};
use crate::ui::action::Actions;
use crate::ui::theme::{Tokens, icons};
use crate::ui::widgets::error_box;

/// A referrer that is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveWish {
    /// What it refers to, by its digest, in its place.
    pub reference: String,
    pub digest: Digest,
    /// What it is, for people.
    pub kind: String,
}

/// The dialog that asks.
#[derive(Debug)]
pub struct Remove {
    wish: RemoveWish,
    adding: Adding,
}

impl Remove {
    /// Asks whether it is to go.
    pub fn new(wish: RemoveWish) -> Self {
        Self {
            wish,
            adding: Adding::default(),
        }
    }

    /// What goes on when the dialog is closed.
    pub(super) fn into_going_on(self) -> Option<Adding> {
        self.adding.going_on()
    }

    /// Draws the dialog; says whether it is done.
    pub fn show(&mut self, ctx: &Context, engine: &Engine, actions: &mut Actions) -> bool {
        let snapshot = self.adding.snapshot(engine);
        let now = self.adding.now(snapshot.as_deref(), engine);
        let request = AdditionRequest {
            reference: self.wish.reference.clone(),
            recursive: false,
            addition: Addition::Remove(self.wish.digest.clone()),
        };
        self.adding.ask(Some(request), actions);
        let closed = Sheet::new("Remove a referrer").width(560.0).show(
            ctx,
            &mut (&mut *self, &mut *actions),
            |(remove, actions), ui| remove.body(ui, snapshot.as_ref(), &now, actions),
            |(remove, actions), footer| remove.footer(footer, snapshot.as_ref(), &now, actions),
        );
        let done = closed || now.is_done();
        if done {
            self.adding.end(&now, actions);
        }
        done
    }

    /// Another dialog takes its place.
    pub(super) fn leave(&mut self, engine: &Engine, actions: &mut Actions) {
        self.adding.leave(engine, actions);
    }

    fn body(
        &self,
        ui: &mut Ui,
        snapshot: Option<&Arc<AdditionSnapshot>>,
        now: &Now,
        actions: &mut Actions,
    ) {
        let tokens = Tokens::of(ui);
        let what = format!("Remove {}?", text::visible(&self.wish.kind));
        ui.add(egui::Label::new(what).wrap());
        let digest = RichText::new(self.wish.digest.to_string()).monospace();
        ui.add(egui::Label::new(digest.color(tokens.weak)).truncate());
        ui.add_space(4.0);
        let words = "It is deleted where the place allows that, and taken out of its lists of referrers. The others stay. It cannot be brought back from here.";
        kit::quiet(ui, words);
        ui.add_space(8.0);
        let snapshot = snapshot.map(Arc::as_ref);
        match now {
            Now::Failed(failure, _) => error_box(ui, failure, None, actions),
            Now::Running(_) => {
                kit::note(ui, icons::LOADER, tokens.weak, "Removing…");
            }
            Now::Choosing | Now::Done(_) => match snapshot.and_then(|s| s.plan.error()) {
                Some(error) => error_box(ui, error, self.adding.again(), actions),
                None if plan(snapshot).is_none() => {
                    kit::note(ui, icons::LOADER, tokens.weak, "Looking for it…");
                }
                None => {}
            },
        }
    }

    fn footer(
        &mut self,
        footer: &mut Footer<'_>,
        snapshot: Option<&Arc<AdditionSnapshot>>,
        now: &Now,
        actions: &mut Actions,
    ) {
        let snapshot = snapshot.map(Arc::as_ref);
        let ready = match now {
            Now::Running(_) | Now::Done(_) => Err("The place is being asked"),
            Now::Choosing | Now::Failed(..) => self.adding.ready(snapshot),
        };
        // the safe one is the main one
        footer.cancel("Keep it");
        if footer.secondary("Remove", ready) {
            self.adding.begin(Vec::new(), snapshot, actions);
        }
    }
}
