//! Layers whose blob is known to be damaged, though their files were listed before.

use egui::{RichText, Ui};

use crate::engine::{FilesSnapshot, LayerState, Node, Parts};
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, icons};
use crate::ui::views::subject::ManifestSubject;
use crate::ui::views::{View, ViewContext};
use crate::ui::widgets::{link, text};

/// What is said of a file of such a layer.
pub(super) const DAMAGED: &str = "its layer is damaged";

/// The positions of the layers whose bytes are not what the manifest says, the lowest first.
pub(super) fn layers(node: &Node) -> Vec<usize> {
    let Parts::Manifest { blobs, .. } = &node.parts else {
        return Vec::new();
    };
    // the config comes first
    let layers = blobs.iter().skip(1).enumerate();
    layers
        .filter(|(_, blob)| blob.is_damaged())
        .map(|(layer, _)| layer)
        .collect()
}

/// Says of which layers the list is not what lies there now.
pub(super) fn banner(
    ui: &mut Ui,
    files: &FilesSnapshot,
    subject: &ManifestSubject<'_>,
    context: &mut ViewContext<'_>,
) {
    // a layer that could not be read says so itself
    let listed = |layer: &usize| {
        let known = files.layers.get(*layer);
        known.is_some_and(|known| known.state == LayerState::Ready)
    };
    let damaged: Vec<String> = layers(subject.node)
        .into_iter()
        .filter(listed)
        .map(|layer| layer.to_string())
        .collect();
    let (what, whose) = match damaged.as_slice() {
        [] => return,
        [layer] => (format!("Layer {layer} is damaged"), "its files"),
        _ => (
            format!("Layers {} are damaged", damaged.join(", ")),
            "their files",
        ),
    };
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        let words = format!(
            "{}  {what}; {whose} are listed as an intact copy had them that was read before",
            icons::TRIANGLE_ALERT
        );
        let room = (ui.available_width() - 90.0).max(80.0);
        ui.scope(|ui| {
            ui.set_max_width(room);
            let words = RichText::new(text::line(&words)).color(tokens.damaged);
            ui.add(egui::Label::new(words).truncate());
        });
        if link(ui, "Show layers").clicked() {
            let id = context.image.id;
            context.actions.push(Action::ShowView(id, View::Layers));
        }
    });
}
