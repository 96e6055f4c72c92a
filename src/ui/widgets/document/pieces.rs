//! A part of a document as coloured text: hidden characters made visible, places that
//! were found marked.

use std::ops::Range;

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, FontId};

use crate::model::text::visible;
use crate::ui::theme::Tokens;

use super::find::Matches;

/// What was found in the document, and which of it is gone to.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) matches: &'a Matches,
    pub(super) current: usize,
}

/// Appends the bytes of `span` in `color`, with the places that were found in it marked.
pub(super) fn append(
    job: &mut LayoutJob,
    text: &[u8],
    span: Range<usize>,
    font: &FontId,
    color: Color32,
    found: Option<Found<'_>>,
    tokens: &Tokens,
) {
    let plain = TextFormat::simple(font.clone(), color);
    let mut at = span.start;
    if let Some(found) = found {
        for (number, place) in found.matches.within(span.clone()) {
            let start = place.start.max(at);
            let end = place.end.min(span.end);
            if start > at {
                push(job, &text[at..start], plain.clone());
            }
            let mut marked = plain.clone();
            if number == found.current {
                marked.background = tokens.accent;
                marked.color = tokens.on_accent;
            } else {
                marked.background = tokens.selection;
            }
            push(job, &text[start..end], marked);
            at = end;
        }
    }
    if at < span.end {
        push(job, &text[at..span.end], plain);
    }
}

/// Appends words that are not in the document.
pub(super) fn words(job: &mut LayoutJob, words: &str, font: &FontId, color: Color32) {
    job.append(words, 0.0, TextFormat::simple(font.clone(), color));
}

fn push(job: &mut LayoutJob, bytes: &[u8], format: TextFormat) {
    let text = String::from_utf8_lossy(bytes);
    job.append(&visible(&text), 0.0, format);
}
