//! What is said where nothing is listed, and where not everything could be: "none",
//! "cannot list them" and "could not be read" are three things.

use egui::{RichText, Ui};

use crate::engine::{Failure, NodePath};
use crate::transport::{Answer, Asked};
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::views::{ViewContext, pending};
use crate::ui::widgets::{empty_state, error_box, heading, link, place_word, text};

use super::rows::{Rows, Whole};
use super::{ask_again, attach, can_attach};

/// Draws it into all the space there is.
pub(super) fn show(
    ui: &mut Ui,
    whole: Whole,
    subjects: &[NodePath],
    context: &mut ViewContext<'_>,
) {
    let place = place_word(context.image.reference.as_ref());
    match whole {
        Whole::Pending => {
            heading(ui, "Referrers", "asking…");
            pending::rows(ui, 6, 280.0);
        }
        Whole::None => {
            let asked = asked_words(subjects, context);
            let hint = format!(
                "This {place} was asked{asked}, and names no signature, SBOM or attestation \
                 of it. What others attach later is seen after a reload."
            );
            let headline = "Nothing refers to this image";
            let button = can_attach(context).then_some("Attach…");
            if empty_state(ui, icons::PAPERCLIP, headline, &hint, button) {
                let attach = attach(context);
                context.actions.push(attach);
            }
        }
        Whole::CannotList => {
            let asked = asked_words(subjects, context);
            let hint = format!(
                "It was asked{asked} and knows none of these ways. There may be signatures \
                 and SBOMs all the same: whoever attached them knows their digests."
            );
            let headline = format!("This {place} was asked and cannot list referrers");
            if empty_state(ui, icons::SERVER_OFF, &headline, &hint, Some("Ask again")) {
                for action in ask_again(context.image, subjects) {
                    context.actions.push(action);
                }
            }
        }
        Whole::NotRead => {
            heading(ui, "Referrers", "could not be read");
            ui.add_space(size::GRID);
            let words = "Whether anything refers to this image cannot be said:";
            ui.label(RichText::new(words).color(Tokens::of(ui).weak));
            ui.add_space(size::GRID);
            if let Some(failure) = first_failure(subjects, context) {
                let mut again = ask_again(context.image, subjects).into_iter();
                error_box(ui, &failure, again.next(), context.actions);
            }
        }
    }
}

/// A line above the tree where it may not be the whole.
pub(super) fn warning(
    ui: &mut Ui,
    rows: &Rows,
    subjects: &[NodePath],
    context: &mut ViewContext<'_>,
) {
    let tokens = Tokens::of(ui);
    let any = |whole| rows.groups.iter().any(|group| group.outcome() == whole);
    let left_out: usize = rows
        .groups
        .iter()
        .filter_map(|group| Some(group.tree.as_ref()?.left_out))
        .sum();
    let mut lines = Vec::new();
    let mut again = false;
    if any(Whole::NotRead) {
        again = true;
        let why = first_failure(subjects, context).map(|failure| failure.headline);
        let why = why.unwrap_or_else(|| "something could not be read".to_owned());
        lines.push(format!("There may be more: {}", text::line(&why)));
    } else if any(Whole::CannotList) {
        let place = place_word(context.image.reference.as_ref());
        lines.push(format!(
            "There may be more: this {place} cannot list them all"
        ));
    }
    if left_out > 0 {
        let more = text::count(left_out, "more is", "more are");
        lines.push(format!("{more} not shown: a tree holds a part of so many"));
    }
    for line in lines {
        ui.horizontal(|ui| {
            let words = format!("{}  {line}", icons::TRIANGLE_ALERT);
            ui.add(egui::Label::new(RichText::new(words).color(tokens.caution)).truncate());
            if std::mem::take(&mut again) && link(ui, "Try again").clicked() {
                for action in ask_again(context.image, subjects) {
                    context.actions.push(action);
                }
            }
        });
        ui.add_space(size::GRID);
    }
}

/// ` through the referrers API and cosign's tags`.
fn asked_words(subjects: &[NodePath], context: &ViewContext<'_>) -> String {
    let mut ways: Vec<&'static str> = Vec::new();
    let trees = subjects
        .iter()
        .filter_map(|path| context.image.referrers(path).value());
    for Asked { way, .. } in trees.flat_map(|tree| tree.asked.iter()) {
        if !ways.contains(&way.describe()) {
            ways.push(way.describe());
        }
    }
    match ways.split_last() {
        None => String::new(),
        Some((last, [])) => format!(" through {last}"),
        Some((last, others)) => format!(" through {} and {last}", others.join(", ")),
    }
}

/// Why something could not be read.
fn first_failure(subjects: &[NodePath], context: &ViewContext<'_>) -> Option<Failure> {
    subjects.iter().find_map(|path| {
        let remote = context.image.referrers(path);
        if let Some(error) = remote.error() {
            return Some((**error).clone());
        }
        let tree = remote.value()?;
        let asked = tree.asked.iter().find_map(|asked| match &asked.answer {
            Answer::NotRead(error) => Some(error),
            _ => None,
        });
        let error = asked.or_else(|| tree.problems().next())?;
        Some(Failure::from(error.clone()))
    })
}
