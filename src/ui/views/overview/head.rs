//! The name of the image, and the line below it that says what it is.

use egui::{FontFamily, FontId, RichText, Role, Sense, Ui, WidgetInfo, vec2};

use crate::model::{Content, annotation};
use crate::ui::action::Action;
use crate::ui::theme::{STRONG, Tokens, icons, size};
use crate::ui::views::facts::is_derived;
use crate::ui::views::subject::Subject;
use crate::ui::views::{ViewContext, ViewState};
use crate::ui::widgets::{self, text};

/// Width of a dot with the space around it, in points.
const DOT: f32 = 24.0;

/// Draws both.
pub(super) fn show(ui: &mut Ui, state: &mut ViewState, context: &mut ViewContext<'_>) {
    title(ui, &context.image.title());
    ui.add_space(2.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 2.0);
        line(ui, state, context);
    });
    ui.add_space(3.0 * size::GRID);
}

/// The name of an image, in at most two lines.
pub(in crate::ui::views) fn title(ui: &mut Ui, title: &str) {
    let tokens = Tokens::of(ui);
    let shown = text::line(title);
    let width = ui.available_width();
    let font = FontId::new(size::TITLE, FontFamily::Name(STRONG.into()));
    // the tag stands at the end: the middle is left out
    let galley = text::middle_lines(ui.painter(), &shown, &font, tokens.text, width, 2);
    let elided = galley.text() != shown;
    let height = galley.size().y + 4.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    text::paint(ui.painter(), rect, galley, egui::Align::Min);
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, &shown));
    if elided {
        response.on_hover_text(&*shown);
    }
}

fn line(ui: &mut Ui, state: &mut ViewState, context: &mut ViewContext<'_>) {
    let tokens = Tokens::of(ui);
    let Some(image) = context.image.image() else {
        return;
    };
    let root = &image.root;
    ui.label(RichText::new(kind(state, context)).color(tokens.weak));
    dot(ui);
    let digest = root.document.raw().digest();
    widgets::digest(ui, digest, !is_derived(image), context.actions);

    let subject = Subject::of(context);
    let manifest = match &subject {
        Subject::Manifest(subject) => Some(*subject),
        _ => None,
    };
    let config = manifest.and_then(|subject| subject.node.config());
    let annotations = [
        Some(image.place_annotations.as_ref()),
        annotations_of(root.document.content()),
        manifest.map(|subject| &subject.manifest.annotations),
        config.map(|config| &config.run.labels),
    ];
    let said = |key: &str| {
        annotations
            .into_iter()
            .flatten()
            .find_map(|annotations| annotations.get(key))
    };
    let created = config.and_then(|config| config.created.as_deref());
    if let Some(created) = created.or_else(|| said(annotation::CREATED).map(String::as_str)) {
        dot(ui);
        widgets::date(ui, "built ", created, context.now);
    }
    if let Some(base) = said(annotation::BASE_NAME) {
        let shown = text::line(base);
        let width = |words: &str, font| {
            let most = f32::INFINITY;
            let line = text::one_line(ui.painter(), words, font, tokens.weak, most);
            line.size().x
        };
        let needed = width("based on ", text::body()) + width(&shown, text::body());
        // both in one line, where they fit into one at all
        if needed + DOT > ui.available_size_before_wrap().x {
            ui.end_row();
            // the words stand in the middle of a line as high as the link
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.allocate_exact_size(vec2(0.0, 20.0), Sense::hover());
        } else {
            dot(ui);
        }
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.label(RichText::new("based on").color(tokens.weak));
        if widgets::link(ui, &shown)
            .on_hover_text("Open the image that this one is based on")
            .clicked()
        {
            context.actions.push(Action::Open(base.clone()));
        }
        ui.spacing_mut().item_spacing.x = 8.0;
    }
    if context.image.opened.is_pending() {
        dot(ui);
        let words = format!("{} reading again…", icons::REFRESH_CW);
        ui.label(RichText::new(words).color(tokens.weak));
    }
}

/// What the image is, in a word or two.
fn kind(state: &mut ViewState, context: &ViewContext<'_>) -> &'static str {
    let Some(image) = context.image.image() else {
        return "";
    };
    match image.root.document.content() {
        Content::Index(_) => {
            let facts = state.facts.index(0, &image.root.document);
            if facts.is_multi_platform() {
                "Multi-platform image"
            } else {
                "Index"
            }
        }
        Content::Manifest(_) => match Subject::of(context) {
            Subject::Manifest(subject) if !state.facts.manifest(&subject).is_image() => "Artifact",
            _ => "Image",
        },
        Content::Unknown => "Unknown document",
        Content::Invalid(_) => "Unreadable document",
    }
}

pub(super) fn annotations_of(content: &Content) -> Option<&crate::model::Annotations> {
    match content {
        Content::Index(index) => Some(&index.annotations),
        Content::Manifest(manifest) => Some(&manifest.annotations),
        Content::Unknown | Content::Invalid(_) => None,
    }
}

fn dot(ui: &mut Ui) {
    let color = Tokens::of(ui).faint;
    let (rect, _) = ui.allocate_exact_size(vec2(4.0, 20.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 1.5, color);
}
