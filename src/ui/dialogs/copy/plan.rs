//! What a copy would do: read, mounted, skipped, converted and written, and what moves.

use std::collections::HashSet;

use egui::{RichText, ScrollArea, TextStyle, Ui};

use super::choices::IndexFate;
use super::{CopyDialog, Known};
use crate::copy::{Action as Fate, BlobAction, Plan, PlannedDocument, Role};
use crate::engine::{Command, CopyRequest, without_options};
use crate::model::text;
use crate::ui::action::{Action, Actions};
use crate::ui::dialogs::kit;
use crate::ui::theme::{Tokens, icons};
use crate::ui::widgets::text as paint;
use crate::ui::widgets::{error_box, link};

/// How many things that stay behind are named.
const NAMED: usize = 4;

impl CopyDialog {
    pub(super) fn plan(&mut self, ui: &mut Ui, known: &Known, actions: &mut Actions) {
        if let Err(missing) = self.complete(known) {
            kit::heading(ui, "Plan");
            kit::quiet(ui, &missing.sentence());
            return;
        }
        let copy = known.copy.as_deref();
        let fits = self.fitting(known).is_some();
        let pending = !fits || copy.is_some_and(|copy| copy.plan.is_pending());
        kit::heading_with(ui, "Plan", |ui| {
            if pending {
                kit::waiting(ui, "asking both places…");
            }
        });
        if let Some(copy) = copy.filter(|_| fits)
            && let Some(error) = copy.plan.error()
        {
            let again = Action::Send(Command::PlanCopy {
                copy: self.id,
                request: Box::new(copy.request.clone()),
            });
            error_box(ui, error, Some(again), actions);
            if let Some(rest) = &copy.without_lost {
                if rest.options.no_referrers && self.choices.referrers {
                    self.go_on_without_referrers(ui, rest, &copy.request);
                } else {
                    self.go_on_without(ui, rest, known);
                }
            }
            if let Some(rest) = &copy.left_behind {
                self.leave_behind(ui, rest);
            }
            return;
        }
        if let Some(plan) = copy.and_then(|copy| copy.plan.value()) {
            ui.scope(|ui| {
                // it is of other choices
                if pending {
                    ui.disable();
                }
                self.figures(ui, plan);
                self.notes(ui, plan, known);
                self.every(ui, plan, &known.reaching);
                ui.add_space(8.0);
                let line = plan.command_line(&known.reaching);
                kit::command_line(ui, "The same on a command line", &line, actions);
            });
        }
    }

    /// Offers to copy the image without what cannot come along.
    fn leave_behind(&mut self, ui: &mut Ui, rest: &CopyRequest) {
        ui.add_space(6.0);
        if rest.options.no_referrers {
            if ui.button("Go on without what refers to it").clicked() {
                self.choices.referrers = false;
            }
        } else if ui.button("Go on without signatures").clicked() {
            self.choices.signatures = false;
        }
    }

    /// Offers to copy the images that the source has whole.
    fn go_on_without(&mut self, ui: &mut Ui, rest: &CopyRequest, known: &Known) {
        let Some(images) = &known.images else {
            return;
        };
        let whole = rest.options.selection.digests();
        let holds = self.destination.kind.holds_indexes();
        let lost: Vec<_> = self
            .choices
            .taken(images, holds)
            .filter(|image| !whole.contains(&&image.digest))
            .map(|image| image.label.as_str())
            .collect();
        if lost.is_empty() || !images.iter().any(|image| whole.contains(&&image.digest)) {
            return;
        }
        let lost = match lost.as_slice() {
            [first, second, _, ..] => format!("{first}, {second} and {} more", lost.len() - 2),
            few => few.join(" and "),
        };
        ui.add_space(6.0);
        if ui.button(format!("Go on without {lost}")).clicked() {
            self.choices.take(whole.into_iter().cloned());
        }
    }

    /// As `rest`, which leaves behind what refers to the images of `request`.
    fn go_on_without_referrers(&mut self, ui: &mut Ui, rest: &CopyRequest, request: &CopyRequest) {
        ui.add_space(6.0);
        if !ui.button("Go on without what refers to it").clicked() {
            return;
        }
        self.choices.referrers = false;
        let selection = &rest.options.selection;
        if *selection != request.options.selection {
            self.choices.take(selection.digests().into_iter().cloned());
        }
    }

    fn figures(&self, ui: &mut Ui, plan: &Plan) {
        let tokens = Tokens::of(ui);
        ui.spacing_mut().item_spacing.y = 0.0;
        let blobs = |action: BlobAction| {
            let of = plan.blobs.iter().filter(move |blob| blob.action == action);
            of.fold((0, 0), |(count, size): (usize, u64), blob| {
                (count + 1, size + blob.descriptor.size)
            })
        };
        let documents = |wanted: fn(Fate) -> bool| {
            let of = plan.documents.iter().filter(|d| wanted(d.action));
            of.fold((0, 0), |(count, size): (usize, u64), d| {
                (count + 1, size + d.size)
            })
        };
        let (blobs_there, blobs_size) = blobs(BlobAction::Skip);
        let (documents_there, documents_size) = documents(|fate| fate == Fate::Skip);
        kit::figure(
            ui,
            "Already there",
            &of_both(blobs_there, documents_there),
            &size(blobs_size + documents_size),
            tokens.text,
        );
        if let Some(from) = &plan.mount_from {
            let (count, bytes) = blobs(BlobAction::Mount);
            let words = format!("Mounted from {}", from.repository());
            kit::figure(ui, &words, &of_blobs(count), &size(bytes), tokens.text);
        }
        let (sent, sent_size) = blobs(BlobAction::Copy);
        kit::figure(ui, "Sent", &of_blobs(sent), &size(sent_size), tokens.accent);
        let (left, left_size) = blobs(BlobAction::Leave);
        if left > 0 {
            let words = "Left where their addresses say";
            kit::figure(ui, words, &of_blobs(left), &size(left_size), tokens.text);
        }
        let (written, written_size) = documents(|fate| fate != Fate::Skip);
        let of = format!(
            "{} of {}",
            text::count(written as u64),
            text::count(plan.documents.len() as u64)
        );
        kit::figure(
            ui,
            "Manifests and indexes",
            &of,
            &size(written_size),
            tokens.text,
        );
        let (converted, converted_size) = documents(|fate| fate == Fate::Convert);
        if converted > 0 {
            let count = text::count(converted as u64);
            let words = "Written in another form";
            kit::figure(ui, words, &count, &size(converted_size), tokens.text);
        }
        if self.choices.referrers {
            let belonging = Belonging::of(plan);
            let count = text::count((belonging.others + belonging.signatures) as u64);
            kit::figure(
                ui,
                "Of these, what refers to the image",
                &count,
                "",
                tokens.text,
            );
        }
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.add_space(8.0);
    }

    fn notes(&self, ui: &mut Ui, plan: &Plan, known: &Known) {
        let tokens = Tokens::of(ui);
        if plan.is_done() {
            let words = "Everything is there already: nothing will be sent.";
            kit::note(ui, icons::CIRCLE_CHECK, tokens.weak, words);
        }
        if let Some(there) = plan
            .replaces
            .as_ref()
            .filter(|there| **there != plan.digest)
        {
            let name = name_of(&plan.destination);
            let words = format!(
                "{name} exists there and points to {}. It will move.",
                there.short()
            );
            kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, &words)
                .on_hover_text(there.to_string());
        }
        for also in &plan.names {
            let name = text::visible(&also.name);
            match &also.replaces {
                Some(there) if *there != plan.digest => {
                    let words = format!(
                        "{name} exists there too and points to {}. It will move.",
                        there.short()
                    );
                    kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, &words)
                        .on_hover_text(there.to_string());
                }
                _ => {
                    kit::note(ui, icons::TAG, tokens.weak, &format!("Also called {name}"));
                }
            }
        }
        for document in &plan.documents {
            if let (Some(there), Role::Tag { tag, .. }) = (&document.replaces, &document.role) {
                let fate = if document.role.is_joined() {
                    "What lies under it stays, beside what comes."
                } else {
                    "It will move."
                };
                let tag = text::middle(tag, 24);
                let words = format!("{tag} exists there and points to {}. {fate}", there.short());
                kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, &words)
                    .on_hover_text(there.to_string());
            }
        }
        let image = known.image.as_ref().and_then(|image| image.image());
        if let Some(image) = image
            && *image.root.document.raw().digest() != plan.from
        {
            let words = format!(
                "The source stands for {} by now, which is not what is open here.",
                plan.from.short()
            );
            kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, &words);
        }
        let holds = self.destination.kind.holds_indexes();
        if let Some(images) = &known.images {
            let out = self.choices.left_out(images, holds);
            if self.choices.fate(images, holds) == IndexFate::Sparse {
                let words = format!(
                    "{} of the index will be missing there. Some registries refuse that.",
                    paint::count(out, "platform", "platforms")
                );
                kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, &words);
            }
        }
        if !holds {
            let words = "Such a place keeps no manifest: opened from there, the image has a digest of its own.";
            kit::note(ui, icons::INFO, tokens.weak, words);
        } else if plan.digest != plan.from {
            let words = format!("The copy has a digest of its own: {}", plan.digest.short());
            kit::note(ui, icons::INFO, tokens.weak, &words).on_hover_text(plan.digest.to_string());
        }
        for left in plan.left_behind.iter().take(NAMED) {
            let why = without_options(&left.why);
            let words = format!("Stays behind: {}, since {why}", left.what);
            let words = paint::line(&words).into_owned();
            kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, &words);
        }
        if let Some(more) = plan.left_behind.len().checked_sub(NAMED).filter(|n| *n > 0) {
            kit::quiet(ui, &format!("and {} more", text::count(more as u64)));
        }
        let totals = plan.totals();
        let written = match totals.written {
            Some(written) => format!("{} written in all", text::size(written)),
            None => "unpacked there".to_owned(),
        };
        let words = format!("{} read, {written}", text::size(totals.read));
        kit::quiet(ui, &words);
    }

    /// Every document and blob, where somebody wants to see them.
    fn every(&mut self, ui: &mut Ui, plan: &Plan, reaching: &[String]) {
        let word = if self.listed {
            "Hide every document and blob"
        } else {
            "Every document and blob"
        };
        if link(ui, word).clicked() {
            self.listed = !self.listed;
        }
        if !self.listed {
            return;
        }
        let all = plan.text(reaching);
        let lines: Vec<&str> = all.lines().collect();
        let height = ui.text_style_height(&TextStyle::Monospace);
        kit::room_for_bars(ui);
        ScrollArea::both()
            .id_salt("every document and blob")
            .max_height(180.0)
            .min_scrolled_height(180.0)
            .auto_shrink([false, true])
            .show_rows(ui, height, lines.len(), |ui, seen| {
                for line in &lines[seen] {
                    let line = RichText::new(*line).text_style(TextStyle::Monospace);
                    ui.add(egui::Label::new(line).extend());
                }
            });
    }
}

/// How much of a plan refers to the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Belonging {
    pub(super) signatures: usize,
    /// Attestations, SBOMs and whatever else does.
    pub(super) others: usize,
}

impl Belonging {
    pub(super) fn of(plan: &Plan) -> Self {
        let documents = plan.documents.iter().filter(|document| {
            matches!(
                document.role,
                Role::Attestation | Role::Referrer { .. } | Role::Tag { .. }
            )
        });
        let (sign, others): (Vec<_>, Vec<_>) = documents.partition(|document| document.signs);
        // one may lie under a tag and be a referrer too
        let different = |documents: Vec<&PlannedDocument>| {
            let digests: HashSet<_> = documents.iter().map(|document| &document.digest).collect();
            digests.len()
        };
        let beside: usize = plan.signatures.iter().map(|set| set.count()).sum();
        Self {
            signatures: different(sign) + beside,
            others: different(others),
        }
    }
}

/// The tag or name of a reference with the word for it, for people.
fn name_of(reference: &str) -> String {
    match crate::model::Reference::parse_prefixed(reference) {
        Some(Ok(crate::model::Reference::Registry(image))) => match image.tag() {
            Some(tag) => format!("The tag {tag}"),
            None => "The manifest".to_owned(),
        },
        _ => "An image of this name".to_owned(),
    }
}

fn of_both(blobs: usize, documents: usize) -> String {
    let of_documents = || paint::count(documents, "document", "documents");
    match (blobs, documents) {
        (_, 0) => of_blobs(blobs),
        (0, _) => of_documents(),
        _ => format!("{}, {}", of_blobs(blobs), of_documents()),
    }
}

fn of_blobs(count: usize) -> String {
    paint::count(count, "blob", "blobs")
}

fn size(bytes: u64) -> String {
    if bytes == 0 {
        "–".to_owned()
    } else {
        text::size(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{Belonging, name_of, of_both};
    use crate::copy::{Action, CopyOptions, Plan, PlannedDocument, Role};
    use crate::model::{Descriptor, Digest};

    #[test]
    fn what_signs_is_counted_beside_what_else_refers_to_the_image() {
        let document = |mark: &str, role: Role, signs: bool| {
            let descriptor = Descriptor::new("x", Digest::sha256(mark.as_bytes()), 1);
            let mut document = PlannedDocument::new(descriptor, role, Action::Write);
            document.signs = signs;
            document
        };
        let referrer = || Role::Referrer {
            subject: Digest::sha256(b"image"),
            kind: "it".to_owned(),
        };
        let tag = || Role::Tag {
            tag: "sha256-0.sig".to_owned(),
            kind: "it".to_owned(),
        };
        let digest = Digest::sha256(b"image");
        let plan = Plan {
            source: String::new(),
            destination: String::new(),
            options: CopyOptions::default(),
            from: digest.clone(),
            digest,
            replaces: None,
            names: Vec::new(),
            unpacks: false,
            documents: vec![
                document("sbom", referrer(), false),
                document("attestation", Role::Attestation, false),
                document("both ways", referrer(), true),
                document("both ways", tag(), true),
                document("signature", tag(), true),
                document("image", Role::Image, false),
            ],
            blobs: Vec::new(),
            signatures: Vec::new(),
            left_behind: Vec::new(),
            left_out: Vec::new(),
            mount_from: None,
        };
        let expected = Belonging {
            signatures: 2,
            others: 2,
        };
        assert_eq!(Belonging::of(&plan), expected);
    }

    #[test]
    fn what_is_there_is_counted_with_its_documents() {
        assert_eq!(of_both(0, 0), "0 blobs");
        assert_eq!(of_both(1, 0), "1 blob");
        assert_eq!(of_both(0, 2), "2 documents");
        assert_eq!(of_both(3, 1), "3 blobs, 1 document");
    }

    #[test]
    fn a_tag_is_called_a_tag() {
        assert_eq!(name_of("docker://r.io/a:1"), "The tag 1");
        assert_eq!(name_of("oci:/tmp/a:1"), "An image of this name");
    }
}
