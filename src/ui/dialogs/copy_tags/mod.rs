//! Copying all tags of a repository, or all images of a layout: where to, which of them, and
//! what that would do, found out by the engine while somebody chooses. Nothing is written
//! before the button is pressed.

mod list;
mod report;
mod suggest;
mod wrong;

use egui::{Context, Key, Ui};

pub use self::report::TagsReport;

use self::list::List;
use self::suggest::{in_place, suggest};
use self::wrong::{Expression, Wrong};
use super::copy::{Destination, Kind, Target};
use super::kit::{self, Choice, Footer, Look, Sheet};
use crate::copy::CopyOptions;
use crate::engine::{Command, Engine, Remote, TagCounts, Tags, TagsId, TagsRequest, TagsSnapshot};
use crate::model::{Reference, text};
use crate::ui::action::{Action, Actions, PathWish};
use crate::ui::theme::{Tokens, icons};
use crate::ui::widgets::error_box;
use crate::ui::widgets::text::count;

/// Width of the dialog and of its left half, in points.
const WIDTH: f32 = 940.0;
const LEFT: f32 = 352.0;
/// Height that is kept, so that nothing jumps while a plan comes.
const HEIGHT: f32 = 440.0;
/// Width of the list of kinds: the longest of them fits.
const KINDS: f32 = 164.0;
/// The name of the field that says where to.
const TO: &str = "Destination";
/// The places that hold several images by name.
const PLACES: [(Kind, &str); 2] = [(Kind::Registry, "Registry"), (Kind::Oci, "OCI folder")];

/// The dialog.
#[derive(Debug)]
pub struct CopyTagsDialog {
    id: TagsId,
    /// What opens the place that they are in.
    source: String,
    /// What that is called.
    called: Reference,
    host: Option<String>,
    destination: Destination,
    only: Expression,
    without: Expression,
    referrers: bool,
    signatures: bool,
    /// What the engine was asked to plan last.
    asked: Option<TagsRequest>,
    list: List,
    focused: u8,
    started: bool,
}

impl CopyTagsDialog {
    /// Asks where all tags of `called`, which `source` opens, are to be copied to: to `target`
    /// or to `host`, a registry that is known, unless somebody says something else.
    pub fn new(
        source: String,
        called: Reference,
        target: Option<&Target>,
        host: Option<String>,
    ) -> Self {
        let destination = match target {
            Some(target) => Destination::read(&in_place(&called, target)),
            None => Destination {
                kind: Kind::Registry,
                rest: suggest(&called, Kind::Registry, host.as_deref()),
            },
        };
        Self {
            id: TagsId::next(),
            source,
            called,
            host,
            destination,
            only: Expression::default(),
            without: Expression::default(),
            referrers: true,
            signatures: true,
            asked: None,
            list: List::default(),
            focused: 0,
            started: false,
        }
    }

    /// Draws the dialog; says whether it is done.
    pub fn show(&mut self, ctx: &Context, engine: &Engine, actions: &mut Actions) -> bool {
        let known = engine.tags(self.id);
        let request = self.request();
        if let Ok(request) = &request
            && self.asked.as_ref() != Some(request)
        {
            self.asked = Some(request.clone());
            actions.push(Action::Send(Command::PlanTags {
                tags: self.id,
                request: Box::new(request.clone()),
                tell: false,
            }));
        }
        // what is known of other choices is shown until there is more
        let fits = known
            .as_ref()
            .is_some_and(|known| request.as_ref() == Ok(&known.request));
        let reaching = request.as_ref().map_or_else(
            |_| Vec::new(),
            |request| {
                let places = [request.source(), request.destination()];
                engine.reaching(&[&places[0], &places[1]]).to_vec()
            },
        );
        let (what, name) = match &self.called {
            Reference::Registry(image) => ("tags", image.repository().to_owned()),
            place => ("images", place.title()),
        };
        let name = text::visible(&name).into_owned();
        let title = format!("Copy all {what} of {}", text::middle(&name, 72));
        let done = Sheet::new("Copy all tags")
            .title(&title)
            .width(WIDTH)
            .body_height(HEIGHT)
            .show(
                ctx,
                &mut (&mut *self, &mut *actions),
                |(dialog, actions), ui| {
                    dialog.to(ui, &request, actions);
                    kit::halves(
                        ui,
                        LEFT,
                        &mut (dialog, actions),
                        |(dialog, _), ui| dialog.choices(ui),
                        |(dialog, actions), ui| {
                            let known = known.as_deref();
                            dialog.plan(ui, &request, (known, fits), &reaching, actions);
                        },
                    );
                },
                |(dialog, actions), footer| {
                    let known = known.as_deref().filter(|_| fits);
                    dialog.footer(footer, &request, known, actions);
                },
            );
        if done {
            self.end(actions);
        }
        done
    }

    /// Nothing more is wanted of the engine for this dialog.
    pub(super) fn end(&self, actions: &mut Actions) {
        if !self.started && self.asked.is_some() {
            actions.push(Action::Send(Command::ForgetTags { tags: self.id }));
        }
    }

    /// What would be copied; what is missing, where that is no failure, or wrong.
    fn request(&mut self) -> Result<TagsRequest, Wrong> {
        let destination = self.destination.text().ok_or(Wrong::NoPlace)?;
        let options = CopyOptions {
            no_referrers: !self.referrers,
            remove_signatures: self.referrers && !self.signatures,
            ..CopyOptions::default()
        };
        let request = TagsRequest::new(&self.source, &destination, options);
        let request = request.map_err(|failure| Wrong::Place(failure.headline))?;
        let only = self.only.read().map_err(Wrong::Only)?;
        let without = self.without.read().map_err(Wrong::Without)?;
        Ok(request.filtered(only, without))
    }

    /// The row that says where to.
    fn to(&mut self, ui: &mut Ui, request: &Result<TagsRequest, Wrong>, actions: &mut Actions) {
        kit::row(ui, "To", |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let kind = &mut self.destination.kind;
            if kit::combo(ui, "Kind of place", kind, &PLACES, KINDS) {
                self.destination.rest = suggest(&self.called, *kind, self.host.as_deref());
            }
            let on_disk = self.destination.kind.on_disk().is_some();
            let browse = if on_disk { kit::browse_width(ui) } else { 0.0 };
            if let Some(path) = kit::picked_path(ui, TO) {
                self.destination.rest = path;
            }
            let hint = match self.destination.kind {
                Kind::Registry => "registry.example.com/team/app",
                _ => "/path/to/folder",
            };
            let width = ui.available_width() - browse;
            let rest = &mut self.destination.rest;
            let field = kit::text(ui, TO, rest, hint, Look::Exact, width);
            if field.changed() {
                self.destination.take_prefix();
            }
            kit::first_focus(&field, &mut self.focused);
            // what was typed is done with, and the choices are next
            if field.has_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
                field.surrender_focus();
            }
            if on_disk {
                kit::browse(ui, TO, PathWish::Folder, actions);
            }
        });
        let problem = match request {
            Err(Wrong::Place(problem)) => text::visible(problem),
            // the space is kept, so that nothing moves
            _ => " ".into(),
        };
        ui.horizontal(|ui| {
            ui.spacing_mut().interact_size.y = 0.0;
            ui.add_space(116.0);
            let words = egui::RichText::new(&*problem).small();
            ui.label(words.color(Tokens::of(ui).rejected));
        });
    }

    fn choices(&mut self, ui: &mut Ui) {
        kit::heading(ui, "Tags");
        let fields = [
            (
                "Only those",
                "for example v1\\..*",
                "Only tags that this regular expression fits, the whole of each",
                &mut self.only,
            ),
            (
                "Without those",
                "for example .*-rc\\d+",
                "No tags that this regular expression fits, the whole of each",
                &mut self.without,
            ),
        ];
        for (name, hint, about, expression) in fields {
            kit::row(ui, name, |ui| {
                let width = ui.available_width();
                let typed = &mut expression.typed;
                kit::text(ui, name, typed, hint, Look::Exact, width).on_hover_text(about);
            });
            if let Err(problem) = expression.read() {
                kit::wrong(ui, &problem);
            }
        }
        let words =
            "Signatures and attestations under tags made of digests come with their images.";
        ui.add_space(4.0);
        kit::quiet(ui, words);
        kit::heading(ui, "With them");
        let choice = Choice::new("SBOMs, provenance and other referrers");
        kit::tick(
            ui,
            &mut self.referrers,
            choice.hover("Everything that refers to the images"),
        );
        let mut signed = self.signatures && self.referrers;
        ui.add_enabled_ui(self.referrers, |ui| {
            let choice = Choice::new("Signatures")
                .hover("Signatures are referrers: they come with the others, or not");
            if kit::tick(ui, &mut signed, choice).changed() {
                self.signatures = signed;
            }
        });
    }

    fn plan(
        &mut self,
        ui: &mut Ui,
        request: &Result<TagsRequest, Wrong>,
        (known, fits): (Option<&TagsSnapshot>, bool),
        reaching: &[String],
        actions: &mut Actions,
    ) {
        let request = match request {
            Ok(request) => request,
            Err(wrong) => {
                kit::heading(ui, "Plan");
                let words = format!(
                    "{}, and what would become of each tag is listed here. Nothing is written before you press the button.",
                    wrong.first()
                );
                kit::quiet(ui, &words);
                return;
            }
        };
        let pending = !fits || known.is_none_or(|known| !known.ended);
        let left = match known.map(|known| &known.tags) {
            Some(Remote::Ready(tags)) => tags.counts().waiting,
            _ => 0,
        };
        kit::heading_with(ui, "Plan", |ui| match (pending, left) {
            (false, _) => {}
            (true, 0) => kit::waiting(ui, "asking both places…"),
            (true, left) => {
                let words = format!("asking both places… {} left", tags_of(left));
                kit::waiting(ui, &words);
            }
        });
        match known.map(|known| &known.tags) {
            Some(Remote::Failed { error, .. }) if fits => {
                let again = Action::Send(Command::PlanTags {
                    tags: self.id,
                    request: Box::new(request.clone()),
                    tell: false,
                });
                error_box(ui, error, Some(again), actions);
                return;
            }
            Some(known) if let Some(tags) = known.value() => {
                ui.scope(|ui| {
                    if !fits || known.is_pending() {
                        ui.disable();
                    }
                    self.planned(ui, tags);
                });
            }
            _ => {
                kit::quiet(ui, "Listing the tags…");
            }
        }
        ui.add_space(8.0);
        let line = request.command_line(reaching);
        kit::command_line(ui, "The same on a command line", &line, actions);
    }

    fn planned(&mut self, ui: &mut Ui, tags: &Tags) {
        let tokens = Tokens::of(ui);
        let counts = tags.counts();
        let number = |number: usize| text::count(number as u64);
        ui.spacing_mut().item_spacing.y = 0.0;
        kit::figure(
            ui,
            "Already there",
            &tags_of(counts.present),
            "",
            tokens.text,
        );
        let size = match counts.to_send {
            0 => "–".to_owned(),
            bytes => text::size(bytes),
        };
        kit::figure(ui, "Copied", &tags_of(counts.planned), &size, tokens.accent);
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.add_space(8.0);
        if counts.present == counts.all() {
            let words = "All of it is there already: nothing will be sent.";
            kit::note(ui, icons::CIRCLE_CHECK, tokens.weak, words);
        }
        if counts.moved > 0 {
            let (points, moves) = match counts.moved {
                1 => (
                    "1 tag exists there and points to something else".to_owned(),
                    "It",
                ),
                moved => (
                    format!(
                        "{} tags exist there and point to something else",
                        number(moved)
                    ),
                    "They",
                ),
            };
            let words = format!("{points}. {moves} will move.");
            kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, &words);
        }
        if counts.failed > 0 {
            let words = format!("{} cannot be copied like this", tags_of(counts.failed));
            kit::note(ui, icons::CIRCLE_X, tokens.rejected, &words);
        }
        self.list.show(ui, tags);
    }

    fn footer(
        &mut self,
        footer: &mut Footer<'_>,
        request: &Result<TagsRequest, Wrong>,
        known: Option<&TagsSnapshot>,
        actions: &mut Actions,
    ) {
        let tags = known.map(|known| &known.tags);
        let counts = match tags {
            Some(Remote::Ready(tags)) => Some(tags.counts()),
            _ => None,
        };
        let (words, ready) = match (request, counts) {
            (Err(wrong), _) => ("Copy".to_owned(), Err(wrong.first().to_owned())),
            (Ok(_), Some(counts)) => ready(&counts, known.is_some_and(|known| known.ended)),
            (Ok(_), None) if matches!(tags, Some(Remote::Failed { .. })) => {
                ("Copy".to_owned(), Err("The tags are not known".to_owned()))
            }
            (Ok(_), None) => (
                "Copy".to_owned(),
                Err("The tags are being listed".to_owned()),
            ),
        };
        let ready = match &ready {
            Ok(()) => Ok(()),
            Err(why) => Err(why.as_str()),
        };
        if footer.primary(&words, ready)
            && let Ok(request) = request
        {
            actions.push(Action::StartCopyTags {
                tags: self.id,
                request: Box::new(request.clone()),
            });
            // it goes on without the dialog
            self.started = true;
            footer.close();
        }
        footer.cancel("Cancel");
    }
}

/// What the button says, and why it cannot be pressed: before all were looked at nobody has seen
/// what would be done.
fn ready(counts: &TagCounts, ended: bool) -> (String, Result<(), String>) {
    // what failed is tried again with the others
    let left = counts.waiting + counts.planned;
    let not = |why: &str| ("Copy".to_owned(), Err(why.to_owned()));
    match left {
        0 if counts.failed > 0 => not("None of them can be copied like this"),
        0 => not("All of it is there already"),
        _ if !ended => {
            let looked = text::count((counts.all() - counts.waiting) as u64);
            not(&format!(
                "Of {}, {looked} were looked at",
                tags_of(counts.all())
            ))
        }
        left => (format!("Copy {}", tags_of(left)), Ok(())),
    }
}

/// `1 tag`, `1,204 tags`.
pub(super) fn tags_of(number: usize) -> String {
    match number {
        0 => "0 tags".to_owned(),
        number => count(number, "tag", "tags"),
    }
}
