//! An image dragged inside the window, from a list or a tab onto a place: copying there.

use egui::{
    Align2, Area, Context, DragAndDrop, Frame, Id, Order, Response, RichText, Stroke, StrokeKind,
    Ui, vec2,
};

use super::action::{Action, Actions, CopyWhat};
use super::dialogs::Target;
use super::theme::{Tokens, icons, size};
use crate::model::text;

/// What is dragged.
#[derive(Clone, Debug)]
pub struct Dragged {
    what: What,
    /// A short name.
    title: String,
}

/// An image, or all tags of the place that opens so.
#[derive(Clone, Debug)]
enum What {
    Image(CopyWhat),
    Tags(String),
}

impl Dragged {
    /// An image of this short name.
    pub const fn image(what: CopyWhat, title: String) -> Self {
        let what = What::Image(what);
        Self { what, title }
    }
}

/// Lets an image that `response` is of be dragged.
pub fn source(response: Response, what: &CopyWhat, title: &str) -> Response {
    let what = || What::Image(what.clone());
    dragging(response, what, title)
}

/// Lets a repository that `response` is of be dragged, with all its tags.
pub fn repository(response: Response, reference: &str, title: &str) -> Response {
    let what = || What::Tags(reference.to_owned());
    dragging(response, what, title)
}

fn dragging(response: Response, what: impl FnOnce() -> What, title: &str) -> Response {
    let response = response.interact(egui::Sense::DRAG);
    if response.drag_started() {
        response.dnd_set_drag_payload(Dragged {
            what: what(),
            title: title.to_owned(),
        });
    }
    response
}

/// Lets an image be dropped on what `response` is of. Says whether one was.
pub fn target(ui: &Ui, response: &Response, target: &Target, actions: &mut Actions) -> bool {
    if response.dnd_hover_payload::<Dragged>().is_some() {
        mark(ui, response.rect);
    }
    match response.dnd_release_payload::<Dragged>() {
        Some(dragged) => {
            drop_on(&dragged, target, actions);
            true
        }
        None => false,
    }
}

/// Lets an image be dropped on a part of the window. Says whether one was.
pub fn area(ui: &Ui, rect: egui::Rect, target: &Target, actions: &mut Actions) -> bool {
    let over = ui.rect_contains_pointer(rect);
    if !over || !DragAndDrop::has_payload_of_type::<Dragged>(ui.ctx()) {
        return false;
    }
    mark(ui, rect);
    if !ui.input(|input| input.pointer.any_released()) {
        return false;
    }
    match DragAndDrop::take_payload::<Dragged>(ui.ctx()) {
        Some(dragged) => {
            drop_on(&dragged, target, actions);
            true
        }
        None => false,
    }
}

fn drop_on(dragged: &Dragged, target: &Target, actions: &mut Actions) {
    let target = Some(target.clone());
    actions.push(match &dragged.what {
        What::Image(what) => Action::AskCopy {
            what: what.clone(),
            target,
            export: false,
        },
        What::Tags(source) => Action::AskCopyTags {
            source: source.clone(),
            target,
        },
    });
}

/// Shows that it would be dropped here.
fn mark(ui: &Ui, rect: egui::Rect) {
    let tokens = Tokens::of(ui);
    let stroke = Stroke::new(1.5, tokens.accent);
    ui.painter()
        .rect_stroke(rect, f32::from(size::CORNER), stroke, StrokeKind::Inside);
    ui.ctx().set_cursor_icon(egui::CursorIcon::Copy);
}

/// Draws what is dragged beside the pointer.
pub fn ghost(ctx: &Context) {
    let Some(dragged) = DragAndDrop::payload::<Dragged>(ctx) else {
        return;
    };
    let Some(pointer) = ctx.pointer_latest_pos() else {
        return;
    };
    let tokens = Tokens::for_dark(ctx.theme() == egui::Theme::Dark);
    Area::new(Id::unique("what is dragged"))
        .order(Order::Tooltip)
        .pivot(Align2::LEFT_TOP)
        .fixed_pos(pointer + vec2(14.0, 10.0))
        .interactable(false)
        .accessible_name("Drop on a registry, a repository or a folder to copy there")
        .show(ctx, |ui| {
            Frame::popup(ui.style()).fill(tokens.raised).show(ui, |ui| {
                let title = text::visible(&dragged.title);
                let words = format!("{} {}", icons::COPY, text::middle(&title, 60));
                ui.label(RichText::new(words).color(tokens.text));
            });
        });
}
