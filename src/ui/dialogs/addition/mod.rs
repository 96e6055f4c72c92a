//! What signing and attaching have in common: what is added to, the plan while somebody
//! chooses, who signs, how far it is, and what came of it.

mod dialog;
mod key;
mod preview;
mod result;
mod services;
mod signer;
mod target;

use std::sync::Arc;

pub use self::dialog::{Added, AdditionDialog, With};
pub use self::key::KeyList;
use self::preview::{Preview, preview};
pub use self::services::{Services, Signed};
pub(super) use self::signer::Shared;
pub use self::signer::{Formats, Signer};
pub use self::target::PlaceKind;
use self::target::{Known, Target};

use egui::Ui;

use super::{kit, list_keys};
use crate::engine::{
    AdditionId, AdditionPlan, AdditionReport, AdditionRequest, AdditionSnapshot, Command, Engine,
    Failure, JobId, JobSnapshot, Remote, Secret,
};
use crate::model::{Annotations, text};
use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons};
use crate::ui::widgets::link;

/// An addition from its plan to its report, as its dialog or, when that is closed, the
/// application looks after it.
#[derive(Debug)]
pub struct Adding {
    id: AdditionId,
    /// What the engine was asked to plan last.
    asked: Option<AdditionRequest>,
    /// The job that was there when it was begun; nothing while it was not.
    begun: Option<Option<JobId>>,
    /// What of the plan is shown in full.
    shown: usize,
    /// Whether the user agrees to what services show to others.
    accept: bool,
    /// The sign-in that a browser was sent to.
    sent_to: Option<String>,
}

/// How far an addition is.
#[derive(Debug)]
pub(super) enum Now {
    Choosing,
    /// It is being made.
    Running(Option<Arc<JobSnapshot>>),
    Done(Arc<AdditionReport>),
    /// It failed; a passphrase of this signer may mend it.
    Failed(Arc<Failure>, Option<usize>),
}

impl Now {
    pub(super) const fn is_running(&self) -> bool {
        matches!(self, Self::Running(_))
    }

    pub(super) const fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}

impl Default for Adding {
    fn default() -> Self {
        Self {
            id: AdditionId::next(),
            asked: None,
            begun: None,
            shown: 0,
            accept: false,
            sent_to: None,
        }
    }
}

impl Adding {
    /// What the engine knows of it, where that is about what was asked last.
    pub(super) fn snapshot(&self, engine: &Engine) -> Option<Arc<AdditionSnapshot>> {
        let snapshot = engine.addition(self.id)?;
        (Some(&snapshot.request) == self.asked.as_ref()).then_some(snapshot)
    }

    /// How far it is.
    pub(super) fn now(&self, snapshot: Option<&AdditionSnapshot>, engine: &Engine) -> Now {
        let Some(before) = self.begun else {
            return Now::Choosing;
        };
        let begun = snapshot.filter(|snapshot| snapshot.job.is_some() && snapshot.job != before);
        let Some(snapshot) = begun else {
            return Now::Running(None);
        };
        match &snapshot.report {
            Remote::Pending { .. } => {
                let jobs = engine.jobs();
                let job = jobs.iter().find(|job| Some(job.id) == snapshot.job);
                Now::Running(job.cloned())
            }
            Remote::Ready(report) => Now::Done(Arc::clone(report)),
            Remote::Failed { error, .. } => Now::Failed(Arc::clone(error), snapshot.ask),
            Remote::NotAsked => Now::Choosing,
        }
    }

    /// Asks for a plan where `request` has become another one.
    pub(super) fn ask(&mut self, request: Option<AdditionRequest>, actions: &mut Actions) {
        if self.asked == request {
            return;
        }
        self.begun = None;
        self.shown = 0;
        self.accept = false;
        self.asked.clone_from(&request);
        if let Some(request) = request {
            actions.push(self.planning(request));
        }
    }

    /// Asks for the plan of what was asked once more.
    pub(super) fn again(&self) -> Option<Action> {
        Some(self.planning(self.asked.clone()?))
    }

    fn planning(&self, request: AdditionRequest) -> Action {
        Action::Send(Command::PlanAddition {
            addition: self.id,
            request: Box::new(request),
        })
    }

    /// Makes what was planned.
    pub(super) fn begin(
        &mut self,
        passphrases: Vec<Option<Secret>>,
        snapshot: Option<&AdditionSnapshot>,
        actions: &mut Actions,
    ) {
        let Some(request) = self.asked.clone() else {
            return;
        };
        self.begun = Some(snapshot.and_then(|snapshot| snapshot.job));
        actions.push(Action::Send(Command::Add {
            addition: self.id,
            request: Box::new(request),
            passphrases,
            accept: self.accept,
        }));
    }

    /// Sends the user to where they have to sign in, once.
    pub(super) fn send_to_sign_in(
        &mut self,
        snapshot: Option<&AdditionSnapshot>,
        actions: &mut Actions,
    ) {
        let sign_in = snapshot.and_then(|snapshot| snapshot.sign_in.as_ref());
        let address = sign_in.map(|sign_in| sign_in.address.clone());
        if self.sent_to == address {
            return;
        }
        if let Some(address) = &address {
            actions.push(Action::Browse(address.clone()));
        }
        self.sent_to = address;
    }

    /// Nothing more is wanted of the engine for a dialog; what is being made goes on.
    pub(super) fn end(&mut self, now: &Now, actions: &mut Actions) {
        if !now.is_running() && self.asked.take().is_some() {
            let addition = self.id;
            actions.push(Action::Send(Command::ForgetAddition { addition }));
        }
    }

    /// Another dialog takes the place of its own.
    pub(super) fn leave(&mut self, engine: &Engine, actions: &mut Actions) {
        let snapshot = self.snapshot(engine);
        let now = self.now(snapshot.as_deref(), engine);
        self.end(&now, actions);
    }

    /// What goes on without its dialog; nothing where it is over.
    pub(super) fn going_on(self) -> Option<Self> {
        (self.begun.is_some() && self.asked.is_some()).then_some(self)
    }

    /// Looks after it without its dialog: somebody may have to sign in yet. Says whether it
    /// is over, and why it failed where a passphrase was wrong: nobody else says that.
    pub(in crate::ui) fn look_after(
        &mut self,
        engine: &Engine,
        actions: &mut Actions,
    ) -> Option<Option<Arc<Failure>>> {
        let snapshot = self.snapshot(engine);
        self.send_to_sign_in(snapshot.as_deref(), actions);
        let now = self.now(snapshot.as_deref(), engine);
        self.end(&now, actions);
        match now {
            Now::Running(_) => None,
            Now::Failed(failure, Some(_)) => Some(Some(failure)),
            Now::Choosing | Now::Done(_) | Now::Failed(_, None) => Some(None),
        }
    }

    /// Whether the button can be pressed, by the plan alone.
    pub(super) fn ready(&self, snapshot: Option<&AdditionSnapshot>) -> Result<(), &'static str> {
        match snapshot.map(|snapshot| &snapshot.plan) {
            Some(Remote::Ready(plan)) if !self.accept && plan.to_accept().next().is_some() => {
                Err("Agree first to what others will see")
            }
            Some(Remote::Ready(_)) => Ok(()),
            Some(Remote::Failed { .. }) => Err("It cannot be done like this"),
            _ => Err("The plan is being made"),
        }
    }
}

/// The plan that fits what was asked.
pub(super) fn plan(snapshot: Option<&AdditionSnapshot>) -> Option<&Arc<AdditionPlan>> {
    snapshot?.plan.value()
}

/// What is to be said of the keys where there is none to choose from.
pub(super) fn about_keys(ui: &mut Ui, keys: &KeyList, actions: &mut Actions) {
    if let Some(error) = keys.error() {
        let words = format!(
            "The keys could not be listed: {}. The file of one can be named nevertheless.",
            text::visible(&error.headline)
        );
        kit::note(ui, icons::CIRCLE_ALERT, Tokens::of(ui).rejected, &words)
            .on_hover_text(&*error.hint_in_window());
        if link(ui, "List them again").clicked() {
            actions.push(list_keys());
        }
    } else if keys.is_known_empty() {
        let words = "There are no keys yet: make or import one, or name the file of one.";
        kit::note(ui, icons::INFO, Tokens::of(ui).weak, words);
        if link(ui, "Keys…").clicked() {
            actions.push(Action::ShowKeys);
        }
    }
}

/// Annotations as they are typed, one on each line.
#[derive(Debug, Default)]
pub(super) struct AnnotationText(String);

impl AnnotationText {
    /// The rows for them.
    pub(super) fn show(&mut self, ui: &mut Ui, hover: &str) {
        kit::row(ui, "Annotations", |ui| {
            let width = ui.available_width();
            kit::lines(
                ui,
                "Annotations",
                &mut self.0,
                "for example build=42,\none on each line",
                width,
            )
            .on_hover_text(hover);
        });
    }

    /// What was typed; what is wrong with it.
    pub(super) fn read(&self) -> Result<Annotations, String> {
        let lines = self
            .0
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty());
        lines
            .map(|line| match line.split_once('=') {
                Some((key, value)) if !key.trim().is_empty() => {
                    Ok((key.trim().to_owned(), value.trim().to_owned()))
                }
                _ => Err(format!("{line:?} is no annotation: write KEY=VALUE")),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::AnnotationText;

    #[test]
    fn annotations_are_lines_with_a_key_and_a_value() {
        let text = AnnotationText("build = 42\n\nurl=https://a/?b=c\nempty=".to_owned());
        let read = text.read().unwrap();
        let read: Vec<_> = read.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            read,
            [("build", "42"), ("empty", ""), ("url", "https://a/?b=c")]
        );
        let wrong = AnnotationText("build".to_owned()).read();
        assert!(wrong.unwrap_err().contains("\"build\" is no annotation"));
        assert!(AnnotationText("=x".to_owned()).read().is_err());
    }
}
