//! The config of a manifest: what it says, and its JSON.

mod sections;

use std::sync::Arc;

use egui::{RichText, Ui};

use crate::engine::{Parts, Remote};
use crate::model::{ImageConfig, text::size as size_text};
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::document::DocumentState;
use crate::ui::widgets::{digest, empty_state, error_box, heading, icon_button};

use super::cached::Cached;
use super::page::{SECTION, scrolling};
use super::raw::known;
use super::subject::{ManifestSubject, Subject};
use super::{View, ViewContext, ViewState, pending, reload, unread};

/// What the view keeps between frames.
#[derive(Debug, Default)]
pub(super) struct ConfigState {
    /// The config's JSON.
    document: Option<DocumentState>,
    /// Its environment and labels as names and values.
    pairs: Cached<ImageConfig, sections::Pairs>,
}

/// Draws the view.
pub(super) fn show(ui: &mut Ui, state: &mut ViewState, context: &mut ViewContext<'_>) {
    let id = context.image.id;
    match Subject::of(context) {
        Subject::Manifest(subject) => {
            let Parts::Manifest { config, .. } = &subject.node.parts else {
                return;
            };
            match (config.value(), config) {
                (Some(config), _) => {
                    scrolling(ui, |ui| page(ui, state, &subject, config, context));
                }
                (None, Remote::Failed { error, .. }) => scrolling(ui, |ui| {
                    title(ui, &subject, context);
                    ui.add_space(SECTION);
                    error_box(ui, error, Some(reload(context)), context.actions);
                }),
                (None, Remote::NotAsked) if subject.manifest.is_artifact() => {
                    let hint =
                        "An artifact's config is whatever its type says. Its bytes were not read.";
                    let headline = "No image config";
                    if empty_state(ui, icons::BRACES, headline, hint, Some("Show in Raw")) {
                        context.actions.push(Action::ShowView(id, View::Raw));
                    }
                }
                _ => scrolling(ui, |ui| {
                    title(ui, &subject, context);
                    ui.add_space(SECTION);
                    pending::runs(ui);
                }),
            }
        }
        Subject::Index => {
            let hint = "A config belongs to one image of an index. Choose which.";
            let headline = "No image is chosen";
            if empty_state(ui, icons::BRACES, headline, hint, Some("Show platforms")) {
                context.actions.push(Action::ShowView(id, View::Platforms));
            }
        }
        Subject::Unread(node) => scrolling(ui, |ui| unread::show(ui, node, context)),
        Subject::Pending => scrolling(ui, pending::runs),
        Subject::Failed(error) => scrolling(ui, |ui| {
            error_box(ui, error, Some(reload(context)), context.actions);
        }),
    }
}

/// What it is the config of, and which bytes these are.
fn title(ui: &mut Ui, subject: &ManifestSubject<'_>, context: &mut ViewContext<'_>) {
    let tokens = Tokens::of(ui);
    heading(ui, &format!("Config of {}", subject.label()), "");
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        let config = &subject.manifest.config;
        let kind = config.media_type.short_name();
        let kind = kind.unwrap_or(config.media_type.as_str());
        let words = format!(
            "{}, {}",
            crate::ui::widgets::text::line(kind),
            size_text(config.size)
        );
        ui.label(RichText::new(words).color(tokens.weak));
        let read = subject.node.config().is_some();
        digest(ui, &config.digest, read, context.actions);
    });
}

fn page(
    ui: &mut Ui,
    state: &mut ViewState,
    subject: &ManifestSubject<'_>,
    config: &Arc<ImageConfig>,
    context: &mut ViewContext<'_>,
) {
    title(ui, subject, context);
    ui.add_space(SECTION);
    let tokens = Tokens::of(ui);
    match &config.problem {
        Some(problem) => {
            let words = format!("{} {problem}", icons::TRIANGLE_ALERT);
            ui.label(RichText::new(words).color(tokens.damaged));
            let hint = "Its bytes hash to the digest in the manifest, so this is what was pushed.";
            ui.label(RichText::new(hint).color(tokens.weak));
        }
        None if !subject.manifest.config.media_type.is_image_config() => {
            let hint = "It is not the config of a container image, so only its JSON is shown.";
            ui.label(RichText::new(hint).color(tokens.weak));
        }
        None => {
            let pairs = state
                .config
                .pairs
                .get(config, || sections::Pairs::of(config));
            sections::show(ui, config, pairs, context);
        }
    }
    ui.add_space(SECTION);
    ui.horizontal(|ui| {
        let words = if config.problem.is_some() {
            "Bytes"
        } else {
            "JSON"
        };
        ui.label(crate::ui::theme::strong(words));
        if icon_button(ui, icons::COPY, "Copy config").clicked() {
            context.actions.push(Action::Copy {
                text: String::from_utf8_lossy(config.raw().bytes()).into_owned(),
                what: "config".to_owned(),
            });
        }
    });
    ui.add_space(size::GRID);
    let raw = config.raw();
    let kept = &mut state.config.document;
    if kept
        .as_ref()
        .is_none_or(|kept| kept.digest() != Some(raw.digest()))
    {
        *kept = Some(DocumentState::new(raw));
    }
    if let Some(document) = kept {
        let image = context.image;
        let about = known::About::new(image, Some(subject));
        document.show_inline(ui, &|digest| about.known(digest), context.actions);
    }
}
