//! An icon, a name, and a few weak words behind it, on one line.

use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Align, FontId, Galley, Painter};

use crate::ui::theme::{Tokens, size};
use crate::ui::widgets::text::fit_middle;

/// What lies between the parts, in points.
const GAP: f32 = 6.0;

/// Least room for the words behind the name, in points: with less they would be a mere dash.
const LEAST: f32 = 32.0;

/// Lays them out in `width`: of a long name the middle is left out, and of the words behind it
/// the end, or all of them where the name leaves them no room.
pub(super) fn named(
    painter: &Painter,
    (icon, name, behind): (&str, &str, &str),
    width: f32,
    tokens: &Tokens,
) -> Arc<Galley> {
    let body = || FontId::proportional(size::BODY);
    let room = width - size::ICON - GAP;
    let name = fit_middle(painter, name, &body(), room);
    let laid = |words: &str| {
        let galley = painter.layout_no_wrap(words.to_owned(), body(), tokens.text);
        galley.size().x
    };
    let left = room - laid(&name) - GAP;
    let has_room = left >= LEAST || laid(behind) <= left;
    let behind = if has_room { behind } else { "" };
    let mut job = LayoutJob::default();
    for (words, gap, size, color) in [
        (icon, 0.0, size::ICON, tokens.weak),
        (&*name, GAP, size::BODY, tokens.text),
        (behind, GAP, size::BODY, tokens.faint),
    ] {
        let mut format = TextFormat::simple(FontId::proportional(size), color);
        format.valign = Align::Center;
        job.append(words, gap, format);
    }
    job.wrap = TextWrapping::truncate_at_width(width);
    painter.layout_job(job)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_behind_a_name_are_left_out_where_they_would_be_a_dash() {
        let context = egui::Context::default();
        let mut lines = Vec::new();
        let mut output = context.run_ui(egui::RawInput::default(), |ui| {
            let tokens = Tokens::of(ui);
            let long = "registry.example.com/a/repository/whose/name/is/long:1.8.2";
            lines = [long, "app:1"]
                .into_iter()
                .flat_map(|name| [60.0, 150.0, 400.0].map(|width| (name, width)))
                .map(|(name, width)| {
                    let galley = named(ui.painter(), ("i", name, "folder"), width, tokens);
                    (galley.text().to_owned(), galley.size().x <= width + 0.5)
                })
                .collect();
        });
        output.textures_delta.clear();
        assert!(lines.iter().all(|(_, fits)| *fits), "{lines:?}");
        let with: Vec<_> = lines
            .iter()
            .map(|(text, _)| text.ends_with("folder"))
            .collect();
        assert_eq!(with, [false, false, false, false, true, true], "{lines:?}");
    }
}
