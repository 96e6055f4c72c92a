//! What is shown while nothing is open: four ways to begin, and what was open before.

use egui::{
    Align2, FontId, Rect, Response, RichText, Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo,
    vec2,
};

use super::list_row;
use super::parts::group_heading;
use crate::ui::action::{Action, Actions};
use crate::ui::app::drops::DropSupport;
use crate::ui::commands::{CommandId, format_first};
use crate::ui::recents::Recents;
use crate::ui::theme::{Tokens, icons, size, strong};

const WIDTH: f32 = 520.0;
const VERB: f32 = 56.0;
/// How many of the images that were open before are offered.
const RECENTS: usize = 6;

/// Draws the page into all of `ui`. `recents` are those that are not listed beside it.
pub fn show(ui: &mut Ui, recents: &Recents, drops: DropSupport, actions: &mut Actions) {
    let rect = ui.max_rect();
    let width = WIDTH.min(rect.width() - 2.0 * size::VIEW_MARGIN);
    // a third of what is left over lies above
    let left_over = (rect.height() - height(recents)).max(2.0 * size::VIEW_MARGIN);
    let top = (left_over / 3.0).round();
    let side = ((rect.width() - width) / 2.0).round();
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            let at = ui.cursor().min + vec2(side, top);
            let place = Rect::from_min_size(at, vec2(width, f32::INFINITY));
            let used = ui
                .scope_builder(UiBuilder::new().max_rect(place), |ui| {
                    page(ui, recents, drops, actions);
                })
                .response
                .rect;
            ui.allocate_rect(used.expand2(vec2(0.0, size::VIEW_MARGIN)), Sense::hover());
        });
}

/// About how high the page is.
fn height(recents: &Recents) -> f32 {
    let rows = recents.iter().len().min(RECENTS) as f32;
    let list = if rows > 0.0 {
        52.0 + rows * size::LIST_ROW
    } else {
        0.0
    };
    76.0 + 4.0 * VERB + list
}

fn page(ui: &mut Ui, recents: &Recents, drops: DropSupport, actions: &mut Actions) {
    let tokens = Tokens::of(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.label(strong("Porthole").size(24.0));
    ui.add_space(4.0);
    ui.label(RichText::new("Look inside container images").color(tokens.weak));
    ui.add_space(24.0);

    let reference = "A tag or digest in a registry, oci:FOLDER, a path, or a docker pull line";
    command(
        ui,
        icons::CONTAINER,
        "Open a reference",
        reference,
        CommandId::OpenReference,
        actions,
    );
    let folder = "An OCI layout, or what skopeo copied to dir:, on this computer";
    command(
        ui,
        icons::FOLDER_OPEN,
        "Open a folder",
        folder,
        CommandId::OpenFolder,
        actions,
    );
    command(
        ui,
        icons::PACKAGE_OPEN,
        "Open the sample image",
        "Comes with Porthole: two platforms, and an SBOM attached",
        CommandId::OpenSample,
        actions,
    );
    match drops {
        DropSupport::Works => {
            let response = verb(
                ui,
                icons::DOWNLOAD,
                "Drop",
                "A folder or an archive, dropped anywhere on this window, opens",
                "",
                Sense::hover(),
            );
            response.widget_info(|| {
                let text = "Drop: a folder or an archive, dropped anywhere on this window, opens";
                WidgetInfo::labeled(Role::Label, true, text)
            });
        }
        DropSupport::NotOnWayland => {
            let paste = "What is on the clipboard. Dropping files does not work on Wayland.";
            let icon = icons::CLIPBOARD_PASTE;
            command(
                ui,
                icon,
                "Paste and open",
                paste,
                CommandId::PasteAndOpen,
                actions,
            );
        }
    }
    if !recents.is_empty() {
        ui.add_space(28.0);
        ui.horizontal(|ui| {
            ui.add_space(8.0);
            group_heading(ui, "Recent");
        });
        for recent in recents.iter().take(RECENTS) {
            if list_row::show(ui, recent, false, size::LIST_ROW).clicked() {
                actions.push(Action::Open(recent.reference.clone()));
            }
        }
    }
}

fn command(ui: &mut Ui, icon: &str, name: &str, why: &str, id: CommandId, actions: &mut Actions) {
    let shortcut = format_first(ui.ctx(), id.command()).unwrap_or_default();
    let response = verb(ui, icon, name, why, &shortcut, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    if response.clicked() {
        actions.push(Action::Run(id));
    }
}

/// One way to begin: icon, name over an explanation, shortcut at the right.
fn verb(ui: &mut Ui, icon: &str, name: &str, why: &str, shortcut: &str, sense: Sense) -> Response {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), VERB), sense);
    if response.hovered() && sense.senses_click() || response.has_focus() {
        ui.painter().rect_filled(rect, 6.0, tokens.hover);
    }
    let inner = rect.shrink2(vec2(8.0, 8.0));
    let mut content = ui.new_child(UiBuilder::new().max_rect(inner));
    content.painter().text(
        inner.left_center() + vec2(12.0, 0.0),
        Align2::CENTER_CENTER,
        icon,
        FontId::proportional(20.0),
        if sense.senses_click() {
            tokens.accent
        } else {
            tokens.weak
        },
    );
    let words = egui::pos2(inner.left() + 40.0, inner.center().y);
    content.painter().text(
        words - vec2(0.0, 1.0),
        Align2::LEFT_BOTTOM,
        name,
        FontId::new(
            size::BODY,
            egui::FontFamily::Name(crate::ui::theme::STRONG.into()),
        ),
        tokens.text,
    );
    let limit = inner.width() - 40.0 - if shortcut.is_empty() { 0.0 } else { 72.0 };
    let font = FontId::proportional(size::SMALL);
    let mut job =
        egui::text::LayoutJob::simple_singleline(why.to_owned(), font.clone(), tokens.weak);
    job.wrap = egui::text::TextWrapping::truncate_at_width(limit);
    let galley = content.painter().layout_job(job);
    content
        .painter()
        .galley(words + vec2(0.0, 2.0), galley, tokens.weak);
    content.painter().text(
        inner.right_center(),
        Align2::RIGHT_CENTER,
        shortcut,
        font,
        tokens.faint,
    );
    content.set_min_size(inner.size());
    response
}
