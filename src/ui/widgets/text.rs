//! Text that is painted rather than laid out by egui's widgets: cut to what fits, with
//! characters of images made visible, and never more of it than a person can read.

use std::borrow::Cow;
use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Align, Color32, FontFamily, FontId, Galley, Painter, Rect, pos2};

use crate::model::text;
use crate::ui::theme::{STRONG, size};

/// Most characters of a value that are laid out.
const VALUE_CHARS: usize = 600;

/// Most characters of a text that has one line of its own.
const LINE_CHARS: usize = 240;

/// A value of an image for the screen. Of a very long one only the beginning is laid out,
/// with its size and where the rest is.
pub fn value(text: &str) -> Cow<'_, str> {
    match cut(text, VALUE_CHARS) {
        None => text::visible(text),
        Some(head) => Cow::Owned(format!(
            "{}… {}, open in Raw",
            text::visible(head),
            text::size(text.len() as u64)
        )),
    }
}

/// A text of an image for one line of the screen.
pub fn line(text: &str) -> Cow<'_, str> {
    match cut(text, LINE_CHARS) {
        None => text::visible(text),
        Some(head) => Cow::Owned(format!("{}…", text::visible(head))),
    }
}

/// With a capital at its beginning.
pub fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), letters.as_str())
}

/// A number of things: `1 layer`, `10,000 layers`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{} {word}", number_words(number))
}

/// A number with its thousands apart.
pub fn number_words(number: usize) -> String {
    text::count(number as u64)
}

/// An exact size: `13,300,000 bytes`.
pub fn bytes(count: u64) -> String {
    let unit = if count == 1 { "byte" } else { "bytes" };
    format!("{} {unit}", text::count(count))
}

/// The first `limit` characters, where there are more.
fn cut(text: &str, limit: usize) -> Option<&str> {
    // a character has up to four bytes: most texts need not be counted
    if text.len() <= limit {
        return None;
    }
    let (end, _) = text.char_indices().nth(limit)?;
    Some(&text[..end])
}

/// Proportional text of the body.
pub fn body() -> FontId {
    FontId::new(size::BODY, FontFamily::Proportional)
}

/// Small proportional text.
pub fn small() -> FontId {
    FontId::new(size::SMALL, FontFamily::Proportional)
}

/// Monospaced text.
pub fn mono() -> FontId {
    FontId::new(size::MONO, FontFamily::Monospace)
}

/// Emphasised text of the body.
pub fn strong() -> FontId {
    FontId::new(size::BODY, FontFamily::Name(STRONG.into()))
}

/// An icon beside text.
pub fn icon() -> FontId {
    FontId::new(size::ICON, FontFamily::Proportional)
}

/// Lays `text` out in one line of at most `width`, cut at its end with `…`.
pub fn one_line(
    painter: &Painter,
    text: impl Into<String>,
    font: FontId,
    color: Color32,
    width: f32,
) -> Arc<Galley> {
    some_lines(painter, text, font, color, width, 1)
}

/// Lays `text` out in at most `lines` lines of at most `width`.
pub fn some_lines(
    painter: &Painter,
    text: impl Into<String>,
    font: FontId,
    color: Color32,
    width: f32,
    lines: usize,
) -> Arc<Galley> {
    let mut job = LayoutJob::simple_format(text.into(), TextFormat::simple(font, color));
    job.wrap = TextWrapping {
        max_width: width.max(0.0),
        max_rows: lines,
        // words stay whole where there are more lines to put them in
        break_anywhere: lines == 1,
        ..TextWrapping::default()
    };
    painter.layout_job(job)
}

/// How wide `words` of the body are in one line, in points.
pub fn width(painter: &Painter, words: &str) -> f32 {
    measure(painter, words, &body())
}

fn measure(painter: &Painter, words: &str, font: &FontId) -> f32 {
    let galley = painter.layout_no_wrap(words.to_owned(), font.clone(), Color32::PLACEHOLDER);
    galley.size().x
}

/// Leaves the middle of `words` out until they fit in one line of `width`.
pub fn fit_middle(painter: &Painter, words: &str, font: &FontId, width: f32) -> String {
    let wide = |words: &str| measure(painter, words, font) / width.max(1.0);
    shorten(words, wide)
}

/// Leaves the middle of each word out that is longer than a line of `width`, until it fits in
/// what the words before it leave of one: so no path is broken, and none begins a line of its
/// own.
pub fn fit_words(painter: &Painter, words: &str, font: &FontId, width: f32) -> String {
    let mut fitting = String::new();
    for word in words.split_inclusive(' ') {
        if measure(painter, word, font) <= width {
            fitting.push_str(word);
            continue;
        }
        let before = measure(painter, &fitting, font);
        let left = width - before % width;
        let room = if left < width / 2.0 { width } else { left };
        fitting.push_str(&fit_middle(painter, word, font, room));
    }
    fitting
}

/// Lays `words` out in at most `lines` lines of `width`, with their middle left out where
/// they are longer.
pub fn middle_lines(
    painter: &Painter,
    words: &str,
    font: &FontId,
    color: Color32,
    width: f32,
    lines: usize,
) -> Arc<Galley> {
    let lay = |words: &str| painter.layout(words.to_owned(), font.clone(), color, width);
    // the last line may be as full as the others
    let fitting = shorten(words, |words| lay(words).rows.len() as f32 / lines as f32);
    lay(&fitting)
}

/// Leaves the middle of `words` out until `share`, of the room that there is, is 1 or less.
fn shorten(words: &str, share: impl Fn(&str) -> f32) -> String {
    let mut limit = words.chars().count();
    let mut fitting = words.to_owned();
    let mut wide = share(&fitting);
    while wide > 1.0 && limit > 8 {
        // about as many characters as fit, and always fewer than before
        limit = (limit - 1).min((limit as f32 / wide) as usize + 1);
        fitting = text::middle(words, limit).into_owned();
        wide = share(&fitting);
    }
    fitting
}

/// Paints `galley` in the middle of the height of `rect`, at the side that `align` says.
pub fn paint(painter: &Painter, rect: Rect, galley: Arc<Galley>, align: Align) -> Rect {
    let x = match align {
        Align::Min => rect.left(),
        Align::Center => rect.center().x - galley.size().x / 2.0,
        Align::Max => rect.right() - galley.size().x,
    };
    let at = pos2(x, rect.center().y - galley.size().y / 2.0);
    let painted = Rect::from_min_size(at, galley.size());
    // the colour is in the galley
    painter.galley(at, galley, Color32::PLACEHOLDER);
    painted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_huge_value_is_cut_and_says_its_size() {
        let huge = "ä".repeat(1_000_000);
        let shown = value(&huge);
        assert!(shown.ends_with("… 2.0 MB, open in Raw"), "{}", shown.len());
        assert!(shown.chars().count() < VALUE_CHARS + 40);
        assert_eq!(value("plain"), "plain");
    }

    #[test]
    fn exact_sizes_are_grouped() {
        let cases = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_000, "1,000 bytes"),
        ];
        for (count, said) in cases {
            assert_eq!(bytes(count), said);
        }
        assert_eq!(bytes(13_300_000), "13,300,000 bytes");
        assert_eq!(bytes(u64::MAX), "18,446,744,073,709,551,615 bytes");
    }

    #[test]
    fn hidden_characters_are_shown() {
        assert_eq!(line("a\u{202e}b\n"), "a\\u{202e}b\\n");
        assert_eq!(line(&"x".repeat(LINE_CHARS)), "x".repeat(LINE_CHARS));
        assert_eq!(line(&"x".repeat(LINE_CHARS + 1)).chars().last(), Some('…'));
    }
}
