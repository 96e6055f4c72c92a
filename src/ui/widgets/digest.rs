//! The digest, the same everywhere.

use egui::{Align, Rect, Response, Role, Sense, Tooltip, Ui, WidgetInfo, pos2, vec2};

use crate::model::Digest;
use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons};

use super::{button, text};

/// Wide enough for a whole SHA-256 digest in one line.
const TOOLTIP_WIDTH: f32 = 580.0;

/// A digest of a document: short and monospaced, whole on hover and for a screen reader, with
/// a button that copies it. `verified` adds the words `document verified`: only where its own
/// bytes were hashed. Nothing is said by that about what it lists.
pub fn digest(ui: &mut Ui, digest: &Digest, verified: bool, actions: &mut Actions) -> Response {
    let shown = Shown {
        whole: &digest.to_string(),
        short: &digest.short(),
        what: "digest",
        verified,
    };
    let response = show(ui, &shown, actions);
    tooltip(&response, digest, verified);
    response
}

/// The fingerprint of a key, as digests are shown.
pub fn fingerprint(ui: &mut Ui, whole: &str, actions: &mut Actions) -> Response {
    let shown = Shown {
        whole,
        short: &short_fingerprint(whole),
        what: "fingerprint",
        verified: false,
    };
    let response = show(ui, &shown, actions);
    wide_tooltip(&response, |ui| {
        ui.monospace(&*text::value(whole));
    });
    response
}

/// A fingerprint as short as digests are.
pub fn short_fingerprint(whole: &str) -> String {
    let short = crate::model::text::short_digests(whole);
    text::line(&short).into_owned()
}

/// What is short on the screen, and whole for whoever copies it.
struct Shown<'a> {
    whole: &'a str,
    short: &'a str,
    what: &'static str,
    verified: bool,
}

fn show(ui: &mut Ui, shown: &Shown<'_>, actions: &mut Actions) -> Response {
    let tokens = Tokens::of(ui);
    let Shown {
        whole,
        short,
        what,
        verified,
    } = *shown;
    let lay =
        |words: &str, font, color| text::one_line(ui.painter(), words, font, color, f32::INFINITY);
    let words = lay(short, text::mono(), tokens.weak);
    let badge = verified.then(|| {
        let words = format!("{} document verified", icons::CHECK);
        lay(&words, text::body(), tokens.accepted)
    });
    let button_width = 20.0;
    let width = words.size().x
        + 2.0
        + button_width
        + badge.as_ref().map_or(0.0, |words| 4.0 + words.size().x);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 20.0), Sense::CLICK);

    let shown = text::paint(ui.painter(), rect, words, Align::Min);
    let copy_rect = Rect::from_min_size(
        pos2(shown.right() + 2.0, rect.center().y - 10.0),
        vec2(button_width, 20.0),
    );
    let copy = ui.interact(copy_rect, response.id.with("copy"), Sense::click());
    button::icon_look(ui, &copy, icons::COPY, 12.0, false);
    copy.widget_info(|| {
        let name = format!("Copy {what} {short}");
        WidgetInfo::labeled(Role::Button, ui.is_enabled(), name)
    });
    if let Some(words) = badge {
        let mut rest = rect;
        rest.set_left(copy_rect.right() + 4.0);
        text::paint(ui.painter(), rest, words, Align::Min);
    }
    response.widget_info(|| {
        let badge = if verified { ", document verified" } else { "" };
        WidgetInfo::labeled(Role::Label, ui.is_enabled(), format!("{whole}{badge}"))
    });

    let copies = format!("Copy {what}");
    let mut wanted = copy.on_hover_text(&copies).clicked();
    response.context_menu(|ui| wanted |= ui.button(&copies).clicked());
    if wanted {
        actions.push(Action::Copy {
            text: whole.to_owned(),
            what: what.to_owned(),
        });
    }
    response
}

/// The whole digest over what shows a short one.
pub fn tooltip(response: &Response, digest: &Digest, verified: bool) {
    wide_tooltip(response, |ui| {
        ui.monospace(digest.to_string());
        if verified {
            let tokens = Tokens::of(ui);
            let words = format!(
                "{} The bytes that are shown hash to this",
                icons::CIRCLE_CHECK
            );
            ui.colored_label(tokens.accepted, words);
        }
    });
}

/// What hovering shows, wide enough for a whole SHA-256 digest in one line.
pub fn wide_tooltip(response: &Response, content: impl FnOnce(&mut Ui)) {
    Tooltip::for_enabled(response)
        .width(TOOLTIP_WIDTH)
        .show(content);
}
