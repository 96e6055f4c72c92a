//! The referrer that is selected, in full.

use egui::{Align, Layout, RichText, Ui};

use crate::engine::Failure;
use crate::model::{Digest, text::size as size_text};
use crate::referrers::{Below, Referrer, ReferrerState, Subject};
use crate::ui::theme::{Tokens, icons, strong};
use crate::ui::views::ViewContext;
use crate::ui::views::artifact::Artifact;
use crate::ui::views::overview::pairs;
use crate::ui::views::page::SECTION;
use crate::ui::widgets::{
    Look, Row, date, digest, error_box, heading, icon_button, icon_toggle, text,
};

use super::{ReferrersState, kind_words, open, remove, tree};

/// Width of the names, in points.
const NAMES: f32 = 104.0;

/// Draws it into all the space there is.
pub(super) fn show(
    ui: &mut Ui,
    kept: &mut ReferrersState,
    referrer: &Referrer,
    subject: &Digest,
    context: &mut ViewContext<'_>,
) {
    let own = &referrer.descriptor.digest;
    head(ui, kept, referrer, subject, context);
    if let ReferrerState::NotRead(error) = &referrer.state {
        error_box(ui, &Failure::from((**error).clone()), None, context.actions);
        return;
    }
    let artifact = Artifact {
        digest: own,
        size: referrer.total_size.unwrap_or(referrer.descriptor.size),
        subject: Some(subject),
    };
    artifact.show(ui, &mut kept.artifact, context, |ui, context| {
        facts(ui, referrer, context);
    });
}

fn head(
    ui: &mut Ui,
    kept: &mut ReferrersState,
    referrer: &Referrer,
    subject: &Digest,
    context: &mut ViewContext<'_>,
) {
    let kind = kind_words(&referrer.kind);
    ui.horizontal(|ui| {
        let title = format!("{}  {}", tree::icon(referrer.kind.class()), kind);
        let room = (ui.available_width() - 240.0).max(80.0);
        ui.scope(|ui| {
            ui.set_max_width(room);
            ui.add(egui::Label::new(strong(title)).truncate());
        });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            if icon_button(ui, icons::X, "Close the details").clicked() {
                kept.selected = None;
                kept.whole = false;
            }
            let (icon, word) = if kept.whole {
                (icons::MINIMIZE_2, "Show the tree beside it")
            } else {
                (icons::MAXIMIZE_2, "Use the whole view")
            };
            if icon_toggle(ui, icon, word, kept.whole).clicked() {
                kept.whole = !kept.whole;
            }
            if let Some(action) = remove(context, referrer, subject)
                && ui
                    .button("Remove…")
                    .on_hover_text("Take it back from the image")
                    .clicked()
            {
                context.actions.push(action);
            }
            let own = &referrer.descriptor.digest;
            if context.image.reference_at(own).is_some()
                && ui
                    .button("Open")
                    .on_hover_text("Open it like an image, in a tab of its own")
                    .clicked()
            {
                open(context, own);
            }
        });
    });
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        let verified = matches!(referrer.state, ReferrerState::Read);
        digest(ui, &referrer.descriptor.digest, verified, context.actions);
        let weak = Tokens::of(ui).weak;
        if let Some(size) = referrer.total_size {
            ui.label(RichText::new(size_text(size)).color(weak))
                .on_hover_text(text::bytes(size));
        }
        if let Some(created) = &referrer.created {
            date(ui, "made ", created, context.now);
        }
    });
    ui.add_space(4.0);
}

/// What its manifest and its place say of it.
fn facts(ui: &mut Ui, referrer: &Referrer, context: &mut ViewContext<'_>) {
    let tokens = Tokens::of(ui);
    ui.add_space(SECTION);
    heading(ui, "Manifest", "");
    let mut row = |ui: &mut Ui, name: &'static str, value: &str, look, color| {
        let row = Row::new(name, value).name_width(NAMES).look(look);
        let row = match color {
            Some(color) => row.color(color),
            None => row,
        };
        row.show(ui, context.actions);
    };
    match &referrer.artifact_type {
        Some(artifact_type) => row(ui, "Type", artifact_type.as_str(), Look::Mono, None),
        None => row(ui, "Type", "it does not say", Look::Weak, None),
    }
    row(
        ui,
        "Media type",
        referrer.descriptor.media_type.as_str(),
        Look::Mono,
        None,
    );
    let (words, color) = match &referrer.subject {
        Subject::Unknown => ("not read yet".to_owned(), None),
        Subject::This => ("what it is listed for".to_owned(), None),
        Subject::ByName => ("what it is listed for, by its name".to_owned(), None),
        Subject::Nothing => (
            format!("{} nothing, although it is listed here", icons::UNLINK),
            Some(tokens.caution),
        ),
        Subject::Other(other) => (
            format!("{} another image: {other}", icons::UNLINK),
            Some(tokens.caution),
        ),
    };
    row(ui, "Refers to", &words, Look::Words, color);
    let found: Vec<String> = referrer
        .found
        .iter()
        .map(|found| match &found.tag {
            Some(tag) => format!("{} {tag}", found.way.describe()),
            None => found.way.describe().to_owned(),
        })
        .collect();
    row(ui, "Found by", &found.join(", "), Look::Words, None);
    let below = match &referrer.below {
        Below::Loop => Some("it lies on itself: what it refers to refers to it"),
        Below::Shown => Some("it is in the tree a second time; what refers to it is shown there"),
        Below::TooDeep => Some("it lies too deep to be followed"),
        Below::NoRoom => Some("there are too many to follow it"),
        Below::NotAsked | Below::Asked(_) | Below::NotFollowed => None,
    };
    if let Some(below) = below {
        row(ui, "Below it", below, Look::Words, Some(tokens.caution));
    }
    if !referrer.annotations.is_empty() {
        ui.add_space(SECTION);
        pairs::show(
            ui,
            "Annotations",
            &referrer.annotations,
            usize::MAX,
            240.0,
            context.now,
            context.actions,
        );
        if referrer.annotations_cut {
            let words = "Long annotations are cut; the whole is in its manifest, under Content.";
            ui.label(RichText::new(words).color(tokens.weak));
        }
    }
}
