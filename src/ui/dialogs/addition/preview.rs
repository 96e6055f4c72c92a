//! Exactly what would be written, and where, before anything is.

use egui::{Align, Label, RichText, Role, ScrollArea, Sense, TextStyle, Ui, WidgetInfo, vec2};

use super::result;
use super::{Adding, Now, plan};
use crate::engine::{AdditionPlan, AdditionSnapshot, PlannedPiece};
use crate::model::{Digest, text};
use crate::ui::action::Actions;
use crate::ui::dialogs::kit::{self, Choice};
use crate::ui::theme::{Tokens, icons};
use crate::ui::widgets::text as paint;
use crate::ui::widgets::{error_box, focus_ring, row_line};

/// Height of a piece, in points.
const ROW: f32 = 28.0;
/// Highest that the list of pieces and what one holds are before they scroll.
const LIST: f32 = 118.0;
const PAYLOAD: f32 = 132.0;
/// What is said before there is a plan.
const EMPTY: &str = "What will be written, and where, is listed here. Nothing is written before you press the button.";
/// Most bytes of what one holds that are shown.
const SHOWN: usize = 16 << 10;

/// What the right half of a dialog says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Preview<'a> {
    /// The heading.
    pub(super) title: &'a str,
    /// Why there is none yet.
    pub(super) missing: Option<&'a str>,
    /// What the window shows of the image has this digest.
    pub(super) open: Option<&'a Digest>,
    /// Options of a command line that say how the place is reached.
    pub(super) reaching: &'a [String],
}

/// Draws the plan, how far it is, and what came of it.
pub(super) fn preview(
    ui: &mut Ui,
    adding: &mut Adding,
    snapshot: Option<&AdditionSnapshot>,
    now: &Now,
    preview: Preview<'_>,
    actions: &mut Actions,
) {
    let pending = adding.asked.is_some() && snapshot.is_none_or(|s| s.plan.is_pending());
    let title = if now.is_done() {
        "Written"
    } else {
        preview.title
    };
    kit::heading_with(ui, title, |ui| {
        if pending && !now.is_running() {
            kit::waiting(ui, "asking the place…");
        }
    });
    if let Now::Done(report) = now {
        return result::show(ui, report);
    }
    if let Some(error) = snapshot.and_then(|snapshot| snapshot.plan.error()) {
        return error_box(ui, error, adding.again(), actions);
    }
    let Some(found) = plan(snapshot).cloned().filter(|_| adding.asked.is_some()) else {
        if !pending {
            let words = preview.missing.unwrap_or(EMPTY);
            kit::quiet(ui, words);
        }
        return;
    };
    // a passphrase is asked for again where it was typed
    if let Now::Failed(failure, None) = now {
        error_box(ui, failure, None, actions);
        ui.add_space(8.0);
    }
    if let Now::Running(job) = now {
        result::running(ui, job.as_deref());
        result::sign_in(ui, snapshot, actions);
        ui.add_space(8.0);
    }
    ui.scope(|ui| {
        if pending {
            ui.set_opacity(0.5);
        }
        notes(ui, &found, preview.open);
        pieces(ui, &mut adding.shown, &found);
        if let Some(piece) = found.pieces.get(adding.shown) {
            payload(ui, piece);
        }
        services(ui, &mut adding.accept, &found);
        if let Some(asked) = &adding.asked {
            ui.add_space(8.0);
            let line = asked.command_lines(preview.reaching).join("\n");
            kit::command_line(ui, "The same on a command line", &line, actions);
        }
    });
}

fn notes(ui: &mut Ui, plan: &AdditionPlan, open: Option<&Digest>) {
    let tokens = Tokens::of(ui);
    let digest = RichText::new(plan.root.digest.to_string()).text_style(TextStyle::Monospace);
    ui.add(Label::new(digest.color(tokens.weak)).truncate())
        .on_hover_text(
            "What the name stands for: this is written about, whatever the name stands for later",
        );
    if open.is_some_and(|open| *open != plan.root.digest) {
        let words = "The name stands for this by now, which is not what is open here.";
        kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, words);
    }
    for warning in &plan.warnings {
        let words = paint::line(warning).into_owned();
        kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, &words);
    }
    ui.add_space(2.0);
}

/// The services that are asked, and what others see there: agreed to once for each.
fn services(ui: &mut Ui, accept: &mut bool, plan: &AdditionPlan) {
    let tokens = Tokens::of(ui);
    if plan.services.is_empty() {
        return;
    }
    ui.add_space(6.0);
    for service in &plan.services {
        let words = format!("The {} at {}", service.role, paint::line(&service.address));
        kit::note(ui, icons::GLOBE, tokens.weak, &words);
        if let (Some(shows), false) = (&service.shows, service.accepted) {
            let words = paint::capital(&paint::value(shows));
            kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, &words);
        }
    }
    if plan.to_accept().next().is_some() {
        let choice = Choice::new("I agree to what others will see")
            .hover("It cannot be taken back. You are asked once for each service");
        kit::tick(ui, accept, choice);
    }
}

/// The pieces; a click shows what one holds.
fn pieces(ui: &mut Ui, shown: &mut usize, plan: &AdditionPlan) {
    // of several signers each is named by its number
    let several = plan.pieces.iter().any(|piece| piece.signer() > Some(0));
    ScrollArea::vertical()
        .id_salt("pieces of the addition")
        .max_height(LIST)
        .show_rows(ui, ROW, plan.pieces.len(), |ui, seen| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for at in seen {
                let piece = &plan.pieces[at];
                let row = |ui: &mut Ui| row(ui, piece, several, at == *shown);
                if ui.push_id(at, row).inner {
                    *shown = at;
                }
            }
        });
}

fn row(ui: &mut Ui, piece: &PlannedPiece, several: bool, selected: bool) -> bool {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let label = text::visible(&piece.label);
    let mut what = text::visible(&piece.what).into_owned();
    if let Some(signer) = piece.signer().filter(|_| several) {
        what.push_str(&format!(", signer {}", signer + 1));
    }
    let fill = match (selected, response.hovered()) {
        (true, _) => tokens.selection,
        (false, true) => tokens.hover,
        (false, false) => egui::Color32::TRANSPARENT,
    };
    ui.painter().rect_filled(rect, 0.0, fill);
    row_line(ui, rect);
    let inner = rect.shrink2(vec2(6.0, 0.0));
    let painter = ui.painter();
    let width = inner.width();
    let left = paint::one_line(painter, &*label, paint::body(), tokens.text, width * 0.42);
    let right = paint::one_line(painter, &*what, paint::body(), tokens.weak, width * 0.55);
    paint::paint(painter, inner, left, Align::Min);
    paint::paint(painter, inner, right, Align::Max);
    if response.has_focus() {
        focus_ring(ui, rect);
    }
    response.widget_info(|| {
        WidgetInfo::selected(
            Role::Row,
            ui.is_enabled(),
            selected,
            format!("{label}: {what}"),
        )
    });
    let digest = &piece.subject.digest;
    let hover = format!("{digest}\n{what}\ninto {}", text::visible(&piece.place));
    response.on_hover_text(hover).clicked()
}

/// The exact bytes, and where they go.
fn payload(ui: &mut Ui, piece: &PlannedPiece) {
    let tokens = Tokens::of(ui);
    ui.add_space(6.0);
    let place = format!("Into {}", paint::line(&piece.place));
    ui.add(Label::new(RichText::new(place).color(tokens.weak)).truncate());
    let bytes = &piece.payload;
    let whole = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]);
    let mut words = text::visible(&whole).into_owned();
    if bytes.len() > SHOWN {
        words.push_str(&format!("… {} in all", text::size(bytes.len() as u64)));
    }
    kit::code_frame(tokens).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ScrollArea::vertical()
            .id_salt("payload of the addition")
            .max_height(PAYLOAD)
            .show(ui, |ui| {
                ui.set_width(ui.available_width());
                let words = RichText::new(words).text_style(TextStyle::Monospace);
                ui.add(Label::new(words).wrap());
            });
    });
}
