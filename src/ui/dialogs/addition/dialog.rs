//! The dialog around what is added: what it is added to at the top, the choices at the left,
//! what comes of them at the right.

use std::sync::Arc;

use egui::{Context, Ui};

use super::{Adding, KeyList, Known, Now, PlaceKind, Preview, Signer, Target, plan, preview};
use crate::engine::{
    Addition, AdditionPlan, AdditionRequest, AdditionSnapshot, Command, Engine, Failure, KeyInfo,
};
use crate::ui::action::{Action, Actions, Spot};
use crate::ui::dialogs::Source;
use crate::ui::dialogs::kit::{self, Footer, Sheet};
use crate::ui::views::View;

/// Width of a dialog and of its left half, and height that is kept, in points.
const WIDTH: f32 = 980.0;
const LEFT: f32 = 400.0;
const HEIGHT: f32 = 420.0;

/// What is added, and the choices of it.
pub trait Added {
    /// The accessible name of the dialog, and the word on its button.
    const NAME: &'static str;
    /// What the title says before the name of the image.
    const TITLE: &'static str;
    /// Why the button cannot be pressed while it is being done.
    const DOING: &'static str;
    /// Where what was written is seen, and the button that leads there.
    const SEEN: (&'static str, View);

    /// The choices for an image in such a place.
    fn new(place: PlaceKind) -> Self;

    /// What is added; why that cannot be said yet.
    fn addition(&self, keys: &KeyList) -> Result<Addition, String>;

    /// Who signs it, in turn.
    fn signers(&mut self) -> &mut [Signer];

    /// The heading over what will be written.
    fn heading(&self) -> &'static str;

    /// Rows over the whole width.
    fn top(&mut self, ui: &mut Ui);

    /// The choices; says whether Enter was pressed where that means to begin.
    fn left(&mut self, ui: &mut Ui, with: With<'_>, actions: &mut Actions) -> bool;
}

/// What choices are made with.
#[derive(Clone, Copy)]
pub struct With<'a> {
    pub(in crate::ui::dialogs) place: PlaceKind,
    pub(in crate::ui::dialogs) keys: &'a KeyList,
    /// The plan of what was chosen so far.
    pub(in crate::ui::dialogs) plan: Option<&'a AdditionPlan>,
}

/// A dialog that adds something to an image.
#[derive(Debug)]
pub struct AdditionDialog<A> {
    target: Target,
    adding: Adding,
    keys: KeyList,
    added: A,
    /// Whether what came of it was looked at.
    seen: bool,
}

/// What is known in one frame.
struct Frame {
    known: Known,
    snapshot: Option<Arc<AdditionSnapshot>>,
    now: Now,
    request: Result<AdditionRequest, String>,
    /// Options of a command line that say how the place is reached.
    reaching: Vec<String>,
}

impl<A: Added> AdditionDialog<A> {
    /// Asks what is to be added to `source`.
    pub fn new(source: Source) -> Self {
        let target = Target::new(source);
        Self {
            added: A::new(target.place()),
            target,
            adding: Adding::default(),
            keys: KeyList::default(),
            seen: false,
        }
    }

    /// The keys were listed, or could not be.
    pub fn set_keys(&mut self, keys: Result<Arc<[KeyInfo]>, Arc<Failure>>) {
        self.keys.set(keys);
    }

    /// What goes on when the dialog is closed.
    pub(in crate::ui::dialogs) fn into_going_on(self) -> Option<Adding> {
        self.adding.going_on()
    }

    /// Draws the dialog; says whether it is done.
    pub fn show(&mut self, ctx: &Context, engine: &Engine, actions: &mut Actions) -> bool {
        let known = self.target.known(engine);
        self.target.ask_for_more(&known, actions);
        let snapshot = self.adding.snapshot(engine);
        let request = self.request(&known);
        let reference = request.as_ref().ok().map(|request| &*request.reference);
        let frame = Frame {
            now: self.adding.now(snapshot.as_deref(), engine),
            reaching: engine.reaching(reference.as_slice()).to_vec(),
            request,
            known,
            snapshot,
        };
        self.take_answer(&frame.now);
        self.adding
            .send_to_sign_in(frame.snapshot.as_deref(), actions);
        let title = format!("{} {}", A::TITLE, self.target.title());
        let done = Sheet::new(A::NAME)
            .title(&title)
            .width(WIDTH)
            .body_height(HEIGHT)
            .show(
                ctx,
                &mut (&mut *self, &mut *actions),
                |(dialog, actions), ui| dialog.body(ui, &frame, actions),
                |(dialog, actions), footer| dialog.footer(footer, &frame, actions),
            );
        if done {
            self.adding.end(&frame.now, actions);
            self.target.end(actions);
        } else if !frame.now.is_running() && !frame.now.is_done() {
            let request = self.request(&frame.known).ok();
            self.adding.ask(request, actions);
        }
        done
    }

    /// Another dialog takes its place: what is being made goes on.
    pub fn leave(&mut self, engine: &Engine, actions: &mut Actions) {
        self.adding.leave(engine, actions);
        self.target.end(actions);
    }

    /// Once: a passphrase that was wrong is asked for again, one that was right is forgotten.
    fn take_answer(&mut self, now: &Now) {
        let ended = matches!(now, Now::Done(_) | Now::Failed(..));
        if !ended || std::mem::replace(&mut self.seen, true) {
            return;
        }
        let signers = self.added.signers();
        match now {
            Now::Failed(failure, Some(position)) => {
                if let Some(signer) = signers.get_mut(*position) {
                    signer.ask_again(failure);
                }
            }
            Now::Done(_) => signers.iter_mut().for_each(Signer::forget),
            _ => {}
        }
    }

    /// What would be added; why that cannot be said yet.
    fn request(&self, known: &Known) -> Result<AdditionRequest, String> {
        let addition = self.added.addition(&self.keys)?;
        let (reference, recursive) = self
            .target
            .request(known)
            .ok_or("The image is not known yet")?;
        Ok(AdditionRequest {
            reference,
            recursive,
            addition,
        })
    }

    fn body(&mut self, ui: &mut Ui, frame: &Frame, actions: &mut Actions) {
        let fixed = frame.now.is_running() || frame.now.is_done();
        ui.add_enabled_ui(!fixed, |ui| {
            self.target.show(ui, &frame.known);
            self.added.top(ui);
        });
        ui.add_space(6.0);
        let snapshot = frame.snapshot.as_deref();
        kit::halves(
            ui,
            LEFT,
            &mut (self, actions),
            |(dialog, actions), ui| {
                ui.add_enabled_ui(!fixed, |ui| dialog.left(ui, frame, actions));
            },
            |(dialog, actions), ui| {
                let shown = Preview {
                    title: dialog.added.heading(),
                    missing: frame.request.as_ref().err().map(String::as_str),
                    open: dialog.target.open_digest(&frame.known),
                    reaching: &frame.reaching,
                };
                preview(ui, &mut dialog.adding, snapshot, &frame.now, shown, actions);
            },
        );
    }

    fn left(&mut self, ui: &mut Ui, frame: &Frame, actions: &mut Actions) {
        let with = With {
            place: self.target.place(),
            keys: &self.keys,
            plan: plan(frame.snapshot.as_deref()).map(Arc::as_ref),
        };
        let enter = self.added.left(ui, with, actions);
        if enter && self.ready(frame).is_ok() {
            self.begin(frame, actions);
        }
    }

    fn ready(&self, frame: &Frame) -> Result<(), String> {
        frame.request.as_ref().map_err(String::clone)?;
        self.adding
            .ready(frame.snapshot.as_deref())
            .map_err(ToOwned::to_owned)
    }

    fn begin(&mut self, frame: &Frame, actions: &mut Actions) {
        let snapshot = frame.snapshot.as_deref();
        let plan = plan(snapshot).map(Arc::as_ref);
        let signers = self.added.signers();
        signers.iter_mut().for_each(Signer::try_again);
        let secrets = signers.iter().map(|signer| signer.secret(&self.keys, plan));
        let secrets = secrets.collect();
        self.seen = false;
        self.adding.begin(secrets, snapshot, actions);
    }

    fn footer(&mut self, footer: &mut Footer<'_>, frame: &Frame, actions: &mut Actions) {
        match &frame.now {
            Now::Done(report) => {
                let (word, view) = A::SEEN;
                if footer.primary(word, Ok(())) {
                    let source = self.target.source();
                    let spot = Spot {
                        selected: self.target.picked(&frame.known),
                        digest: report.written.iter().find_map(|one| one.digest.clone()),
                    };
                    actions.push(match source.own {
                        true => Action::OpenAt(source.text.clone(), view, spot),
                        false => Action::ShowAt(source.image, view, spot),
                    });
                    footer.close();
                }
                footer.cancel("Close");
            }
            Now::Running(job) => {
                let _ = footer.primary(A::NAME, Err(A::DOING));
                footer.cancel("Go on in the background");
                if let Some(job) = job
                    && footer.secondary("Stop", Ok(()))
                {
                    let job = job.id;
                    actions.push(Action::Send(Command::Cancel { job }));
                }
            }
            Now::Choosing | Now::Failed(..) => {
                let ready = self.ready(frame);
                let ready = ready.as_ref().copied().map_err(String::as_str);
                if footer.primary(A::NAME, ready) {
                    self.begin(frame, actions);
                }
                footer.cancel("Cancel");
            }
        }
    }
}
