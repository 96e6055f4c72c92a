//! Why a job failed, in full, under its row.

use std::sync::Arc;

use egui::{Align2, Color32, Galley, Role, Sense, Ui, WidgetInfo, vec2};

use super::row;
use crate::engine::{JobSnapshot, JobState};
use crate::model::text;
use crate::ui::theme::Tokens;
use crate::ui::widgets::text as paint;

/// Under each paragraph, in points.
const GAP: f32 = 4.0;

/// How high that is where a row is `width` points wide.
pub(super) fn height(ui: &Ui, job: &JobSnapshot, width: f32) -> f32 {
    let paragraphs = paragraphs(job).into_iter();
    paragraphs
        .map(|words| laid(ui, &words, Color32::PLACEHOLDER, width).size().y + GAP)
        .sum()
}

/// Draws it: what happened, what to try, and what else is known.
pub(super) fn show(ui: &mut Ui, job: &JobSnapshot) {
    let tokens = Tokens::of(ui);
    for (at, words) in paragraphs(job).into_iter().enumerate() {
        let color = if at == 0 { tokens.text } else { tokens.weak };
        let width = ui.available_width();
        let galley = laid(ui, &words, color, width);
        let size = vec2(width, galley.size().y + GAP);
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        let place = rect.with_min_x(rect.left() + row::FOLD);
        let at = Align2::LEFT_TOP.align_size_within_rect(galley.size(), place);
        ui.painter().galley(at.min, galley, color);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
    }
}

fn paragraphs(job: &JobSnapshot) -> Vec<String> {
    let JobState::Failed(failure) = &job.state else {
        return Vec::new();
    };
    let hint = failure.hint_in_window();
    let details = failure.details.iter().map(String::as_str);
    [&*failure.headline, &*hint]
        .into_iter()
        .chain(details)
        .filter(|words| !words.is_empty())
        .map(|words| text::visible(words).into_owned())
        .collect()
}

fn laid(ui: &Ui, words: &str, color: Color32, width: f32) -> Arc<Galley> {
    let room = (width - row::FOLD).max(1.0);
    ui.painter()
        .layout(words.to_owned(), paint::body(), color, room)
}
