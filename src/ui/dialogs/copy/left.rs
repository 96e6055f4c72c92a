//! What of the image is copied: platforms, what becomes of the index, what comes along.

use egui::{ScrollArea, Ui};

use super::choices::Pick;
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

impl CopyDialog {
    pub(super) fn left(&mut self, ui: &mut Ui, known: &Known) {
        self.platforms(ui, known);
        self.index(ui, known);
        kit::heading(ui, "With it");
        let plan = known.copy.as_ref().and_then(|copy| copy.plan.value());
        let others = plan.filter(|_| self.choices.referrers);
        let others = others.map(|plan| text::count(super::plan::belonging(plan) as u64));
        let others = others.unwrap_or_default();
        kit::tick(
            ui,
            &mut self.choices.referrers,
            Choice::new("SBOMs, provenance and other referrers")
                .figure(&others)
                .hover("Everything that refers to the image or to an image of its index, as far as the place can hold it"),
        );
        let mut signed = self.choices.signatures && self.choices.referrers;
        ui.add_enabled_ui(self.choices.referrers, |ui| {
            let choice = Choice::new("Signatures");
            let choice =
                choice.hover("Signatures are referrers: they come with the others, or not");
            if kit::tick(ui, &mut signed, choice).changed() {
                self.choices.signatures = signed;
            }
        });
        self.more(ui);
    }

    fn platforms(&mut self, ui: &mut Ui, known: &Known) {
        let holds = self.destination.kind.holds_indexes();
        kit::heading(ui, "Platforms");
        let Some(images) = &known.images else {
            let words = match known.image.as_deref().map(|image| &image.opened) {
                Some(Remote::Failed { error, .. }) => text::visible(&error.headline).into_owned(),
                Some(Remote::Ready(Opened::Several(_))) => {
                    "Several images lie there: open one of them, and copy that".to_owned()
                }
                Some(Remote::Ready(Opened::Image(_))) => "One image, for one platform".to_owned(),
                _ => "Reading the index…".to_owned(),
            };
            kit::quiet(ui, &words);
            return;
        };
        let mut pick = self.choices.in_force(holds);
        let all = format!("All {}", text::count(images.len() as u64));
        let mut choices = vec![(Pick::All, all.as_str())];
        if images.iter().any(|image| image.system) {
            choices.push((Pick::System, "This system’s"));
        }
        choices.push((Pick::Some, "Chosen"));
        if kit::segments(ui, &mut pick, &choices) {
            if pick == Pick::Some {
                let taken = images.iter().filter(|i| self.choices.takes(i, holds));
                self.choices.ticked = taken.map(|i| i.digest.clone()).collect();
            }
            self.choices.pick = pick;
        }
        ui.add_space(2.0);
        let mut toggled = None;
        ScrollArea::vertical()
            .id_salt("platforms of the copy")
            .max_height(SEEN * ROW)
            .min_scrolled_height(SEEN * ROW)
            .auto_shrink([false, true])
            .show(ui, |ui| {
                for (at, image) in images.iter().enumerate() {
                    let mut on = self.choices.takes(image, holds);
                    let size = image.size.map_or_else(|| "…".to_owned(), text::size);
                    let detail = if image.system { "this system" } else { "" };
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

    /// What becomes of an index of which not all is taken.
    fn index(&mut self, ui: &mut Ui, known: &Known) {
        let holds = self.destination.kind.holds_indexes();
        let Some(images) = &known.images else {
            return;
        };
        let out = self.choices.left_out(images, holds);
        if out == 0 {
            return;
        }
        kit::heading(ui, "The index");
        if !holds {
            kit::quiet(ui, "Such a place holds one image: the index stays behind.");
            return;
        }
        let taken = images.len() - out;
        let rewritten = match taken {
            1 => "Rewrite it to this one".to_owned(),
            count => format!("Rewrite it to these {}", text::count(count as u64)),
        };
        let sparse = &mut self.choices.sparse;
        kit::pick(
            ui,
            sparse,
            false,
            Choice::new(&rewritten)
                .detail("new digest")
                .hover("The copy is complete in itself. Its index has another digest, so what was signed or said about the whole index stays behind; what is about its images comes along."),
        );
        kit::pick(
            ui,
            sparse,
            true,
            Choice::new("Keep it as it is")
                .detail("same digest, signatures stay valid")
                .hover("The index is copied byte for byte and names images that will not be there. Some registries refuse that."),
        );
    }

    fn more(&mut self, ui: &mut Ui) {
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
            kit::text(ui, "Other names", also, "latest, 1.8", Look::Exact, width)
                .on_hover_text("More tags or names that the copy gets in the same place");
        });
        kit::row(ui, "Format", |ui| {
            let width = ui.available_width();
            kit::combo(ui, "Format", &mut self.choices.format, &formats, width);
        });
        if self.choices.format != Format::Keep {
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
