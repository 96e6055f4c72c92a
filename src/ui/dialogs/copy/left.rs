//! What of the image is copied: platforms, what becomes of the index, what comes along.

use egui::{ScrollArea, Ui};

use super::choices::{IndexFate, Pick};
use super::plan::Belonging;
use super::{CopyDialog, Known};
use crate::copy::Format;
use crate::engine::{Opened, Remote};
use crate::model::text;
use crate::ui::dialogs::kit::{self, Choice, Look};
use crate::ui::theme::Tokens;
use crate::ui::theme::icons;
use crate::ui::widgets::link;

/// How many platforms are seen without scrolling.
const SEEN: f32 = 8.0;
const ROW: f32 = 30.0;
/// How many images of a place are seen without scrolling.
const NAMES: f32 = 4.0;
/// Most characters of the platform that an image was opened for, where all choices lie side by
/// side.
const ASKED: usize = 16;
/// What hovering says of each fate of an index.
const KEPT: &str = "The index is copied with the one image that it has.";
const REWRITTEN: &str = "The copy is complete in itself. Its index has another digest, so what was signed or said about the whole index stays behind; what is about its images comes along.";
const SPARSE: &str = "The index is copied byte for byte and names images that will not be there. Some registries refuse that.";
const SINGLE: &str = "The image is copied byte for byte: its digest and what is signed or said about it stay as they are. What is about the whole index stays behind, and so do the attestations that lie in it.";
/// How an index with one entry and the image itself differ.
const ONE: &str = "An index with one entry says which system it is for, and keeps the attestations in it. The image alone is what every system gets.";

impl CopyDialog {
    pub(super) fn left(&mut self, ui: &mut Ui, known: &Known) {
        kit::room_for_bars(ui);
        self.names(ui);
        self.platforms(ui, known);
        self.with_it(ui, known);
        // its choices come and go with the platforms: nothing lies below that would move
        self.fate_of_index(ui, known);
        self.more(ui, known);
    }

    fn with_it(&mut self, ui: &mut Ui, known: &Known) {
        kit::heading(ui, "With it");
        let plan = self.plan_of(known).filter(|_| self.choices.referrers);
        let belonging = plan.map(Belonging::of);
        let figure = |count: Option<usize>| {
            let count = count.map(|count| text::count(count as u64));
            count.unwrap_or_default()
        };
        let others = figure(belonging.map(|belonging| belonging.others));
        let signatures = belonging.filter(|_| self.choices.signatures);
        let signatures = figure(signatures.map(|belonging| belonging.signatures));
        kit::tick(
            ui,
            &mut self.choices.referrers,
            Choice::new("SBOMs, provenance and other referrers")
                .figure(&others)
                .hover("Everything that refers to the image or to an image of its index, as far as the place can hold it"),
        );
        let mut signed = self.choices.signatures && self.choices.referrers;
        ui.add_enabled_ui(self.choices.referrers, |ui| {
            let choice = Choice::new("Signatures").figure(&signatures);
            let choice =
                choice.hover("Signatures are referrers: they come with the others, or not");
            if kit::tick(ui, &mut signed, choice).changed() {
                self.choices.signatures = signed;
            }
        });
    }

    /// The images of a place that holds several of them.
    fn names(&mut self, ui: &mut Ui) {
        let Some(several) = &mut self.several else {
            return;
        };
        kit::heading(ui, "Image");
        let before = several.at;
        ScrollArea::vertical()
            .id_salt("images of the place")
            .max_height(NAMES * ROW)
            .auto_shrink([false, true])
            .show(ui, |ui| {
                for (at, image) in several.images.iter().enumerate() {
                    let name = image.name.to_string();
                    let name = text::visible(&name);
                    let hover = image.descriptor.digest.to_string();
                    let choice = Choice::new(&name).hover(&hover);
                    ui.push_id(at, |ui| kit::pick(ui, &mut several.at, Some(at), choice));
                }
            });
        self.turned = several.at != before;
    }

    fn platforms(&mut self, ui: &mut Ui, known: &Known) {
        let holds = self.destination.kind.holds_indexes();
        kit::heading(ui, "Platforms");
        let Some(images) = &known.images else {
            let words = match known.image.as_deref().map(|image| &image.opened) {
                Some(Remote::Failed { error, .. }) => text::visible(&error.headline).into_owned(),
                Some(Remote::Ready(Opened::Several(_))) => {
                    "Choose one of the images first".to_owned()
                }
                Some(Remote::Ready(Opened::Image(_))) => "One image, for one platform".to_owned(),
                _ => "Reading the index…".to_owned(),
            };
            kit::quiet(ui, &words);
            return;
        };
        let mut pick = self.choices.in_force(images, holds);
        let all = format!("All {}", text::count(images.len() as u64));
        let asked = images.iter().find(|image| image.asked);
        let asked = asked.map(|image| text::visible(&image.label).into_owned());
        let mut choices = vec![(Pick::All, all.as_str())];
        if images.iter().any(|image| image.system) {
            choices.push((Pick::System, "This system’s"));
        }
        let asked = asked.map(|asked| text::middle(&asked, ASKED).into_owned());
        choices.extend(asked.as_deref().map(|asked| (Pick::Asked, asked)));
        choices.push((Pick::Some, "Chosen"));
        // what an index in it lists would come beside what was ticked
        let free = !known.reading;
        let changed = ui.add_enabled_ui(free, |ui| kit::segments(ui, &mut pick, &choices));
        if changed.inner {
            if pick == Pick::Some {
                let taken = self.choices.taken(images, holds);
                let taken: Vec<_> = taken.map(|image| image.digest.clone()).collect();
                self.choices.take(taken);
            }
            self.choices.pick = pick;
        }
        ui.add_space(2.0);
        if !holds
            && !images.iter().any(|image| image.system)
            && self.choices.takes_none(images, holds)
        {
            let words = format!(
                "None of them is for this system ({}): choose one.",
                known.system
            );
            kit::quiet(ui, &text::visible(&words));
        }
        let ticks = self.choices.ticks(images, holds);
        let mut toggled = None;
        ScrollArea::vertical()
            .id_salt("platforms of the copy")
            .max_height(SEEN * ROW)
            .min_scrolled_height(SEEN * ROW)
            .auto_shrink([false, true])
            .show(ui, |ui| {
                if !free {
                    ui.disable();
                }
                for (at, (image, mut on)) in images.iter().zip(ticks).enumerate() {
                    let unread = image.failed || (image.index && free);
                    let size = match image.size {
                        Some(size) => text::size(size),
                        None if unread => "not read".to_owned(),
                        None => "…".to_owned(),
                    };
                    let detail = match (image.system, image.asked) {
                        (true, _) => "this system",
                        (_, true) => "opened for this",
                        _ => "",
                    };
                    let hover = image.digest.to_string();
                    let choice = Choice::new(&image.label).detail(detail).figure(&size);
                    let drawn = ui.push_id(at, |ui| kit::tick(ui, &mut on, choice.hover(&hover)));
                    if drawn.inner.changed() {
                        toggled = Some(at);
                    }
                }
            });
        if let Some(at) = toggled {
            self.choices.toggle(images, at, holds);
        }
    }

    /// What becomes of the index.
    fn fate_of_index(&mut self, ui: &mut Ui, known: &Known) {
        let holds = self.destination.kind.holds_indexes();
        let Some(images) = &known.images else {
            return;
        };
        kit::heading(ui, "The index");
        let taken = self.choices.taken(images, holds).count();
        let all = taken == images.len();
        let said = if !holds {
            Some("Such a place holds one image: the index stays behind.")
        } else if taken == 0 {
            Some("Nothing of it is taken yet.")
        } else if all && taken > 1 && self.converts(known) {
            Some("All of it is taken, in the other format.")
        } else if all && taken > 1 {
            Some("All of it is taken: it stays as it is.")
        } else {
            None
        };
        if let Some(said) = said {
            kit::quiet(ui, said);
            return;
        }
        // the choice that is in force is the one that is marked
        let mut fate = self.choices.fate(images, holds);
        let before = fate;
        let written = match taken {
            _ if all => "Keep it".to_owned(),
            1 => "Rewrite it to this one".to_owned(),
            count => format!("Rewrite it to these {}", text::count(count as u64)),
        };
        let (detail, hover) = match (all, self.converts(known)) {
            (true, false) => ("same digest, signatures stay valid", KEPT),
            (true, true) => ("in the other format", KEPT),
            (false, _) => ("new digest", REWRITTEN),
        };
        let choice = Choice::new(&written).detail(detail).hover(hover);
        kit::pick(ui, &mut fate, IndexFate::Written, choice);
        if !all {
            let choice =
                Choice::new("Keep it as it is").detail("same digest, signatures stay valid");
            kit::pick(ui, &mut fate, IndexFate::Sparse, choice.hover(SPARSE));
        }
        if taken == 1 {
            let choice = Choice::new("The image alone").detail("in place of the index");
            kit::pick(ui, &mut fate, IndexFate::Single, choice.hover(SINGLE));
            ui.add_space(2.0);
            kit::quiet(ui, ONE);
        }
        if fate != before {
            self.choices.fate = fate;
        }
    }

    fn more(&mut self, ui: &mut Ui, known: &Known) {
        ui.add_space(6.0);
        let word = if self.more {
            "Fewer options"
        } else {
            "More options"
        };
        if link(ui, word).clicked() {
            self.more = !self.more;
        }
        if !self.more {
            return;
        }
        let formats = [
            (Format::Keep, "Keep the format"),
            (Format::Oci, "Convert to OCI"),
            (Format::Docker, "Convert to Docker"),
        ];
        kit::row(ui, "Also called", |ui| {
            let width = ui.available_width();
            let also = &mut self.choices.also;
            kit::text(
                ui,
                "Other names",
                also,
                "for example latest, 1.8",
                Look::Exact,
                width,
            )
            .on_hover_text("More tags or names that the copy gets in the same place");
        });
        kit::row(ui, "Format", |ui| {
            let width = ui.available_width();
            kit::combo(ui, "Format", &mut self.choices.format, &formats, width);
        });
        if self.choices.format != Format::Keep && !self.converts(known) {
            kit::quiet(
                ui,
                "All of it is in this format already: no digest changes.",
            );
        } else if self.choices.format != Format::Keep {
            let caution = Tokens::of(ui).caution;
            let words = "Converting changes every digest: what signs or describes the image is no longer about it.";
            kit::note(ui, icons::TRIANGLE_ALERT, caution, words);
        }
        kit::tick(
            ui,
            &mut self.choices.preserve,
            Choice::new("Preserve digests")
                .hover("Refuse where the digest of anything would change"),
        );
        kit::tick(
            ui,
            &mut self.choices.foreign,
            Choice::new("Fetch foreign layers").hover("Layers that are not to be distributed stay where their addresses say, but for this"),
        );
    }
}
