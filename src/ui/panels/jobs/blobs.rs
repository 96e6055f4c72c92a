//! The blobs of a copy under its row: a bar for each.

use egui::{Align, Rect, Role, Sense, Ui, WidgetInfo, vec2};

use crate::copy::{BlobProgress, BlobState, CopyProgress};
use crate::model::text;
use crate::ui::theme::Tokens;
use crate::ui::widgets::text as paint;

/// Height of a row, in points.
pub(super) const HEIGHT: f32 = 22.0;
/// Widths of the digest, the state and the figure.
const DIGEST: f32 = 168.0;
const STATE: f32 = 84.0;
const FIGURE: f32 = 150.0;
/// How far the rows are moved to the right.
const INDENT: f32 = 22.0;

/// Draws a row for each blob that is copied or mounted; only those on the screen. `ended` says
/// that no more of them will come.
pub(super) fn show(ui: &mut Ui, progress: &CopyProgress, ended: bool) {
    for blob in &progress.blobs {
        let size = vec2(ui.available_width(), HEIGHT);
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        let share = share(blob);
        let (word, _) = state(blob, ended);
        response.widget_info(|| {
            let name = format!("{} {word}", blob.digest.short());
            let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, name);
            info.value = Some((share * 100.0).round());
            info
        });
        if ui.is_rect_visible(rect) {
            row(ui, rect, blob, ended);
        }
        response.on_hover_text(blob.digest.to_string());
    }
}

fn row(ui: &Ui, rect: Rect, blob: &BlobProgress, ended: bool) {
    let tokens = Tokens::of(ui);
    let painter = ui.painter();
    let mut rest = rect;
    rest.set_left(rect.left() + INDENT);
    let digest = paint::one_line(
        painter,
        blob.digest.short(),
        paint::mono(),
        tokens.weak,
        DIGEST,
    );
    paint::paint(painter, rest, digest, Align::Min);
    rest.set_left(rest.left() + DIGEST);
    let (word, bright) = state(blob, ended);
    let color = if bright { tokens.text } else { tokens.faint };
    let words = paint::one_line(painter, word, paint::small(), color, STATE);
    paint::paint(painter, rest, words, Align::Min);
    rest.set_left(rest.left() + STATE);
    let figure = format!("{} of {}", text::size(blob.done()), text::size(blob.size));
    let figure = paint::one_line(painter, figure, paint::small(), tokens.weak, FIGURE);
    paint::paint(painter, rest, figure, Align::Max);
    rest.set_right(rest.right() - FIGURE - 12.0);
    let ground = Rect::from_center_size(rest.center(), vec2(rest.width().max(0.0), 3.0));
    painter.rect_filled(ground, 1.5, tokens.border);
    let mut done = ground;
    done.set_width(ground.width() * share(blob) as f32);
    let stopped = ended && blob.state() == BlobState::Running;
    let color = if stopped { tokens.faint } else { tokens.accent };
    painter.rect_filled(done, 1.5, color);
}

fn share(blob: &BlobProgress) -> f64 {
    match blob.state() {
        BlobState::Copied | BlobState::Mounted => 1.0,
        _ if blob.size == 0 => 0.0,
        _ => (blob.done() as f64 / blob.size as f64).clamp(0.0, 1.0),
    }
}

/// How it stands, and whether that is of interest now.
fn state(blob: &BlobProgress, ended: bool) -> (&'static str, bool) {
    match blob.state() {
        BlobState::Waiting if ended => ("not begun", false),
        BlobState::Running if ended => ("stopped", false),
        BlobState::Waiting => ("waiting", false),
        BlobState::Running => ("copying", true),
        BlobState::Copied => ("copied", false),
        BlobState::Mounted => ("mounted", false),
    }
}
