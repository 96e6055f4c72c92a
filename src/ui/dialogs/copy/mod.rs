//! Copying and exporting: where to, what of it, and what that would do, found out by the
//! engine while somebody chooses. Nothing is written before the button is pressed.

mod choices;
mod destination;
mod left;
mod missing;
mod plan;
mod several;

use std::sync::Arc;

use egui::{Context, Key, Ui};

use self::choices::Choices;
use self::destination::Names;
pub(super) use self::destination::{Destination, Kind};
use self::missing::Missing;
use self::several::Several;
use super::kit::{self, Footer, Look, Sheet};
use super::source::{Asked, Source, SourceImage, images};
use crate::copy::{Format, Plan};
use crate::engine::{
    Command, CopyId, CopyRequest, CopySnapshot, Engine, ImageSnapshot, Opened, Remote,
};
use crate::model::{Index, Platform, text};
use crate::ui::action::{Action, Actions, PathWish};
use crate::ui::panels::parts::button_width;
use crate::ui::theme::{Tokens, icons};

/// Width of the dialog and of its left half, in points.
const WIDTH: f32 = 940.0;
const LEFT: f32 = 352.0;
/// Height that is kept, so that nothing jumps while a plan comes.
const HEIGHT: f32 = 440.0;
/// Width of the list of kinds: the longest of them fits.
const KINDS: f32 = 164.0;
/// The name of the field that says where to.
const TO: &str = "Destination";

/// A place that an image was dropped on, or that was chosen in the explorer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A registry, by its host.
    Registry(String),
    /// `HOST/NAME`.
    Repository(String),
    /// A layout folder or archive: what opens it, without the name of an image.
    Folder(String),
    /// Docker or Podman.
    Engine,
}

/// What the dialog begins with.
#[derive(Clone, Debug, Default)]
pub struct Beginning {
    pub target: Option<Target>,
    /// Whether it goes to the disk.
    pub export: bool,
    /// Where copies went before, the latest first.
    pub known: Vec<String>,
    /// A registry that a copy could go to.
    pub host: Option<String>,
}

/// The dialog.
#[derive(Debug)]
pub struct CopyDialog {
    /// The copy that is planned.
    id: CopyId,
    /// The one that is made, where that has failed before: it goes on in its row.
    again: Option<CopyId>,
    source: Source,
    names: Names,
    /// The images of the place, where it holds several.
    several: Option<Several>,
    /// Another of them was picked in this frame.
    turned: bool,
    target: Option<Target>,
    export: bool,
    known: Vec<String>,
    host: Option<String>,
    destination: Destination,
    choices: Choices,
    /// What the engine was asked to plan last.
    asked: Option<CopyRequest>,
    /// How far the images of the index were asked for.
    images_asked: Asked,
    focused: u8,
    /// Enter was pressed in the field in this frame.
    entered: bool,
    more: bool,
    listed: bool,
    started: bool,
}

/// What is known in one frame.
struct Known {
    image: Option<Arc<ImageSnapshot>>,
    copy: Option<Arc<CopySnapshot>>,
    /// The images of the index; nothing where the source is none.
    images: Option<Vec<SourceImage>>,
    /// Whether an index in it is still to be read.
    reading: bool,
    /// This system.
    system: Platform,
    /// Options of a command line that say how the two places are reached.
    reaching: Vec<String>,
}

impl CopyDialog {
    /// Asks where `source` is to be copied to.
    pub fn new(source: Source, beginning: Beginning) -> Self {
        let names = Names::of(&source.reference);
        let Beginning {
            target,
            export,
            known,
            host,
        } = beginning;
        let kind = if export { Kind::Oci } else { Kind::Registry };
        let destination = names.suggested(target.as_ref(), kind, host.as_deref());
        Self {
            id: CopyId::next(),
            again: None,
            source,
            names,
            several: None,
            turned: false,
            target,
            export,
            known,
            host,
            destination,
            choices: Choices::default(),
            asked: None,
            images_asked: Asked::NOTHING,
            focused: 0,
            entered: false,
            more: false,
            listed: false,
            started: false,
        }
    }

    /// With what is asked for in `request`, which was made of `copy`: starting it makes that
    /// copy again.
    pub fn again(mut self, copy: CopyId, request: &CopyRequest) -> Self {
        self.again = Some(copy);
        self.destination = Destination::read(&request.destination);
        self.choices = Choices::of(&request.options);
        self.more = self.choices.format != Format::Keep;
        self
    }

    /// Draws the dialog; says whether it is done.
    pub fn show(&mut self, ctx: &Context, engine: &Engine, actions: &mut Actions) -> bool {
        let image = engine.image(self.source.image);
        let reading = self
            .source
            .ask_for_more(image.as_deref(), &mut self.images_asked, actions);
        let system = engine.platform();
        let copy = engine.copy(self.id);
        let plan = copy.as_ref().and_then(|copy| copy.plan.value());
        let places = plan.map(|plan| [&*plan.source, &*plan.destination]);
        let reaching = engine.reaching(places.as_ref().map_or(&[], |places| places));
        let known = Known {
            reaching: reaching.to_vec(),
            copy,
            images: image.as_ref().and_then(|image| images(image, system)),
            image,
            reading,
            system: system.clone(),
        };
        self.see_several(&known);
        let verb = if self.export { "Export" } else { "Copy" };
        let title = format!("{verb} {}", self.source.title());
        let done = Sheet::new(verb)
            .title(&title)
            .width(WIDTH)
            .body_height(HEIGHT)
            .show(
                ctx,
                &mut (&mut *self, &mut *actions),
                |(dialog, actions), ui| dialog.body(ui, &known, actions),
                |(dialog, actions), footer| dialog.footer(footer, &known, actions),
            );
        if done {
            self.end(actions);
        } else if std::mem::take(&mut self.turned) {
            self.turn_to_picked(actions);
        } else {
            self.ask_for_plan(&known, actions);
        }
        done
    }

    /// Nothing more is wanted of the engine for this dialog.
    pub(super) fn end(&self, actions: &mut Actions) {
        if !self.started && self.asked.is_some() {
            actions.push(Action::Send(Command::ForgetCopy { copy: self.id }));
        }
        self.source.end(actions);
    }

    /// What would be copied; nothing while something is missing for that.
    fn request(&self, known: &Known) -> Option<CopyRequest> {
        self.complete(known).ok()?;
        let holds = self.destination.kind.holds_indexes();
        Some(CopyRequest {
            source: self.source.text.clone(),
            destination: self.destination.text()?,
            options: self.choices.options(known.images.as_deref(), holds),
        })
    }

    /// Whether everything is chosen that a plan needs.
    fn complete(&self, known: &Known) -> Result<(), Missing> {
        let opened = known.image.as_deref().map(|image| &image.opened);
        let several = matches!(opened, Some(Remote::Ready(Opened::Several(_))));
        let holds = self.destination.kind.holds_indexes();
        let images = known.images.as_deref().unwrap_or_default();
        if several {
            Err(Missing::Image)
        } else if self.destination.text().is_none() {
            Err(Missing::Place)
        } else if let Some(problem) = self.destination.problem() {
            Err(Missing::Reference(problem))
        } else if self.choices.takes_none(images, holds) {
            Err(Missing::Platform)
        } else {
            Ok(())
        }
    }

    /// The copy as the engine knows it, where it is of what is chosen now.
    fn fitting<'k>(&self, known: &'k Known) -> Option<&'k CopySnapshot> {
        let request = self.request(known)?;
        let copy = known.copy.as_deref();
        copy.filter(|copy| copy.request == request)
    }

    /// The plan that is shown: the one from before, too, while another is made.
    fn plan_of<'k>(&self, known: &'k Known) -> Option<&'k Plan> {
        self.complete(known).ok()?;
        let plan = known.copy.as_ref()?.plan.value()?;
        Some(plan)
    }

    /// Whether the format that is chosen is another one than that of the image.
    fn converts(&self, known: &Known) -> bool {
        let format = self.choices.format;
        let image = known.image.as_ref().and_then(|image| image.image());
        let Some(root) = image.map(|image| &image.root.document) else {
            return format != Format::Keep;
        };
        let entries = root.index().into_iter().flat_map(Index::descriptors);
        format.changes(root.media_type())
            || entries
                .map(|(_, entry)| &entry.media_type)
                .any(|kind| format.changes(kind))
    }

    fn ask_for_plan(&mut self, known: &Known, actions: &mut Actions) {
        let request = self.request(known);
        // before the image is known the choice of this system could change
        let settled = known.image.as_ref().is_some_and(|image| {
            !matches!(
                image.opened,
                Remote::NotAsked | Remote::Pending { previous: None }
            )
        });
        if settled
            && let Some(request) = request
            && self.asked.as_ref() != Some(&request)
        {
            self.asked = Some(request.clone());
            actions.push(Action::Send(Command::PlanCopy {
                copy: self.id,
                request: Box::new(request),
            }));
        }
    }

    fn body(&mut self, ui: &mut Ui, known: &Known, actions: &mut Actions) {
        self.to(ui, actions);
        kit::halves(
            ui,
            LEFT,
            &mut (self, actions),
            |(dialog, _), ui| dialog.left(ui, known),
            |(dialog, actions), ui| dialog.plan(ui, known, actions),
        );
    }

    /// The row that says where to.
    fn to(&mut self, ui: &mut Ui, actions: &mut Actions) {
        kit::row(ui, "To", |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let before = self.destination.kind;
            let kinds: &[_] = if self.export && Kind::ON_DISK.iter().any(|(k, _)| *k == before) {
                &Kind::ON_DISK
            } else {
                &Kind::ALL
            };
            if kit::combo(
                ui,
                "Kind of place",
                &mut self.destination.kind,
                kinds,
                KINDS,
            ) {
                let kind = self.destination.kind;
                self.destination.rest = self.names.suggest(kind, self.host.as_deref());
            }
            let on_disk = self.destination.kind.on_disk();
            let browse = match on_disk {
                Some(_) => kit::browse_width(ui),
                None => 0.0,
            };
            let width = ui.available_width() - browse - button_width(ui, icons::HISTORY) - 6.0;
            if let Some(path) = kit::picked_path(ui, TO) {
                self.destination.set_path(&path);
            }
            let hint = self.destination.kind.hint();
            let rest = &mut self.destination.rest;
            let field = kit::text(ui, TO, rest, hint, Look::Exact, width);
            let field = field.on_hover_text(self.destination.kind.about());
            if field.changed() {
                self.destination.take_prefix();
            }
            kit::first_focus(&field, &mut self.focused);
            if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
                // where nothing can be started yet, typing goes on
                self.entered = true;
                field.request_focus();
            }
            // what was typed is done with, and the choices are next
            if field.has_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
                field.surrender_focus();
            }
            self.recents(ui);
            let wish = on_disk.map(|file| match file {
                true => PathWish::SaveFile(format!("{}.tar", self.names.file())),
                false => PathWish::Folder,
            });
            if let Some(wish) = wish {
                kit::browse(ui, TO, wish, actions);
            }
        });
        let problem = self.destination.problem();
        let problem = problem.as_deref().map(text::visible);
        // the space is kept, so that nothing moves
        let words = problem.as_deref().unwrap_or(" ");
        ui.horizontal(|ui| {
            ui.spacing_mut().interact_size.y = 0.0;
            ui.add_space(116.0);
            let words = egui::RichText::new(words).small();
            ui.label(words.color(Tokens::of(ui).rejected));
        });
    }

    /// Where copies went before.
    fn recents(&mut self, ui: &mut Ui) {
        let button = egui::Button::new(icons::HISTORY);
        let response = ui.add_enabled(!self.known.is_empty(), button);
        response.widget_info(|| {
            egui::WidgetInfo::labeled(
                egui::Role::Button,
                !self.known.is_empty(),
                "Recent destinations",
            )
        });
        let response = response
            .on_hover_text("Where copies went before")
            .on_disabled_hover_text("No copy was made before");
        egui::Popup::menu(&response).show(|ui| {
            for known in &self.known {
                let words = text::visible(known);
                if ui.button(text::middle(&words, 72).into_owned()).clicked() {
                    self.destination = Destination::read(known);
                    ui.close();
                }
            }
        });
    }

    fn footer(&mut self, footer: &mut Footer<'_>, known: &Known, actions: &mut Actions) {
        let verb = if self.export { "Export" } else { "Copy" };
        let request = self.request(known);
        let (words, ready) = self.ready(verb, known);
        let ready = match &ready {
            Ok(()) => Ok(()),
            Err(why) => Err(why.as_str()),
        };
        let entered = std::mem::take(&mut self.entered) && ready.is_ok();
        if (footer.primary(&words, ready) || entered)
            && let Some(request) = request
        {
            actions.push(Action::StartCopy {
                copy: self.again.unwrap_or(self.id),
                request: Box::new(request),
            });
            // it goes on without the dialog
            self.started = self.again.is_none();
            footer.close();
        }
        footer.cancel("Cancel");
    }

    /// What the button says, and why it cannot be pressed.
    fn ready(&self, verb: &str, known: &Known) -> (String, Result<(), String>) {
        let not = |why: &str| (verb.to_owned(), Err(why.to_owned()));
        if let Err(missing) = self.complete(known) {
            return not(&missing.reason());
        }
        match self.fitting(known).map(|copy| &copy.plan) {
            Some(Remote::Ready(plan)) => {
                let totals = plan.totals();
                let sent = totals.written.unwrap_or(totals.read);
                (format!("{verb} {}", text::size(sent)), Ok(()))
            }
            Some(Remote::Failed { .. }) => not("It cannot be copied like this"),
            _ => not("The plan is being made"),
        }
    }
}
