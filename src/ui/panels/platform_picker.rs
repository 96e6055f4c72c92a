//! The platform picker: the images of the open index by platform. Picking one selects its
//! manifest.

use egui::{
    Button, Popup, PopupCloseBehavior, Response, RichText, Role, ScrollArea, Ui, WidgetInfo, vec2,
};

use super::parts::button_width;
use crate::engine::{FailureKind, Image, Node, NodePath, Remote};
use crate::model::{Content, Descriptor, Platform, text};
use crate::ui::action::{Action, Actions};
use crate::ui::app::Tab;
use crate::ui::theme::{Tokens, icons, size};
use crate::ui::widgets::not_here;

/// How many rows are seen without scrolling.
const ROWS: usize = 12;
const ROW: f32 = 26.0;
const WIDTH: f32 = 248.0;
/// What is said of an image whose config names none, or cannot be read.
const NO_PLATFORM: &str = "no platform";

/// What the picker says: the platform of what is selected.
pub fn label(tab: &Tab) -> String {
    let wanted = || tab.snapshot().map(|snapshot| snapshot.wanted.to_string());
    let Some(image) = tab.image() else {
        return wanted().unwrap_or_else(|| "platform".to_owned());
    };
    let path = tab.selection();
    let known = image.descriptor(&path).map(entry_label);
    let from_node = || {
        let node = image.node(&path)?;
        match node.document.content() {
            Content::Index(_) => Some("index".to_owned()),
            _ => platform_name(&node.config()?.platform),
        }
    };
    let label = known.or_else(from_node);
    let label = label.unwrap_or_else(|| NO_PLATFORM.to_owned());
    text::middle(&text::visible(&label), 28).into_owned()
}

/// How wide the picker is.
pub fn width(ui: &Ui, label: &str) -> f32 {
    button_width(ui, &with_arrow(label))
}

fn with_arrow(label: &str) -> String {
    format!("{label} {}", icons::CHEVRON_DOWN)
}

/// Draws the picker.
pub fn show(ui: &mut Ui, tab: &Tab, label: &str, actions: &mut Actions) {
    let two = tab.image().map(|image| entries(image, 2));
    let enabled = two.is_some_and(|two| two.len() > 1);
    let button = Button::new(with_arrow(label)).min_size(vec2(0.0, size::CONTROL));
    let response = ui.add_enabled(enabled, button);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ComboBox, enabled, "Platform");
        info.current_text_value = Some(label.to_owned());
        info
    });
    let response =
        response
            .on_hover_text(reason(tab))
            .on_disabled_hover_text(if tab.image().is_some() {
                "There is one image only"
            } else {
                "The image is not known yet"
            });
    menu(&response, tab, actions);
}

fn menu(response: &Response, tab: &Tab, actions: &mut Actions) {
    Popup::menu(response)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .accessible_name("Platforms")
        .show(|ui| {
            let entries = tab.image().map(|image| entries(image, usize::MAX));
            let entries = entries.unwrap_or_default();
            let selection = tab.selection();
            let missing = not_here(tab.reference());
            ui.set_width(WIDTH);
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.spacing_mut().interact_size.y = ROW;
            let area = ScrollArea::vertical().max_height(ROW * ROWS as f32);
            area.show_rows(ui, ROW, entries.len(), |ui, range| {
                for entry in &entries[range] {
                    let selected = entry.path == selection;
                    if row(ui, entry, missing, selected).clicked() {
                        actions.push(Action::Select(tab.image_id(), entry.path.clone()));
                        ui.close();
                    }
                }
            });
        });
}

fn row(ui: &mut Ui, entry: &Entry<'_>, missing: &str, selected: bool) -> Response {
    use egui::AtomExt as _;
    let tokens = Tokens::of(ui);
    let label = entry_label(entry.descriptor);
    let mark = if selected { icons::CHECK } else { " " };
    let mark = egui::Atom::from(RichText::new(mark).color(tokens.accent));
    let (note, color) = match entry.state {
        State::Known(size) => (text::size(size), tokens.weak),
        State::Failed(FailureKind::Missing) => (missing.to_owned(), tokens.caution),
        State::Failed(FailureKind::Damaged) => ("damaged".to_owned(), tokens.damaged),
        State::Failed(_) => ("not read".to_owned(), tokens.rejected),
        State::NotYet => (String::new(), tokens.weak),
    };
    let name = text::visible(&label).into_owned();
    let whole = match entry.state {
        State::Failed(_) => format!("{name}, {note}"),
        _ => name.clone(),
    };
    let button = Button::new((mark.atom_size(vec2(16.0, 16.0)), name.clone()))
        .right_text(RichText::new(note).color(color))
        .min_size(vec2(ui.available_width(), ROW));
    let response = ui.add(button);
    response.widget_info(|| WidgetInfo::selected(Role::MenuItemRadio, true, selected, &whole));
    response
}

/// Why what is selected is selected.
fn reason(tab: &Tab) -> String {
    let chosen = tab.image().and_then(|image| image.chosen.as_ref());
    match (chosen, tab.snapshot()) {
        (Some(chosen), Some(snapshot)) if chosen.path == tab.selection() => {
            let reasons = chosen.choices.iter();
            let reasons: Vec<_> = reasons
                .map(|choice| choice.explain(&snapshot.wanted))
                .collect();
            reasons.join("\n")
        }
        _ => "Selected by you".to_owned(),
    }
}

/// An image that can be picked.
struct Entry<'a> {
    path: NodePath,
    descriptor: &'a Descriptor,
    state: State,
}

/// What is known of it.
enum State {
    /// How much it takes, in bytes.
    Known(u64),
    NotYet,
    Failed(FailureKind),
}

/// The images under every index that is known, without attestations; at most `limit`.
fn entries(image: &Image, limit: usize) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    collect(&image.root, &NodePath::root(), limit, &mut entries);
    entries
}

fn collect<'a>(node: &'a Node, path: &NodePath, limit: usize, entries: &mut Vec<Entry<'a>>) {
    let Some(index) = node.document.index() else {
        return;
    };
    for (position, descriptor) in index.descriptors() {
        if entries.len() >= limit {
            return;
        }
        if descriptor.is_buildkit_attestation() {
            continue;
        }
        let path = path.child(position);
        let remote = node.child(position);
        let child = remote.and_then(Remote::value);
        if let Some(child) = child.filter(|child| child.document.index().is_some()) {
            collect(child, &path, limit, entries);
            continue;
        }
        let size = child.and_then(|child| {
            let manifest = child.document.manifest()?;
            Some(child.total_size().unwrap_or(manifest.blob_size()))
        });
        let failed = remote.and_then(Remote::error);
        entries.push(Entry {
            path,
            descriptor,
            state: match (size, failed) {
                (Some(size), _) => State::Known(size),
                (None, Some(error)) => State::Failed(error.kind),
                (None, None) => State::NotYet,
            },
        });
    }
}

/// What an entry is called: its platform, else what it is.
fn entry_label(descriptor: &Descriptor) -> String {
    match (&descriptor.platform, &descriptor.artifact_type) {
        (Some(platform), _) => {
            let name = platform_name(platform).unwrap_or_else(|| NO_PLATFORM.to_owned());
            match &platform.os_version {
                Some(version) => format!("{name} {version}"),
                None => name,
            }
        }
        (None, Some(artifact)) => artifact.to_string(),
        (None, None) => descriptor.digest.short(),
    }
}

/// `os/architecture`; nothing where neither is named.
fn platform_name(platform: &Platform) -> Option<String> {
    let named = !platform.os.is_empty() || !platform.architecture.is_empty();
    named.then(|| platform.to_string())
}
