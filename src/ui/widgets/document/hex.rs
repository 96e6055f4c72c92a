//! Bytes that are no text, as people read them since there are computers.

use std::fmt::Write as _;

use egui::text::LayoutJob;
use egui::{Align, Role, Ui};

use crate::ui::theme::Tokens;
use crate::ui::widgets::text;

use super::area::{self, Area};
use super::pieces;

/// Bytes in a row, and in one where there is little room.
const ROW: usize = 16;
const NARROW_ROW: usize = 8;

/// Height of a row in points.
const HEIGHT: f32 = 18.0;

/// Draws `bytes` with their offsets and the ASCII characters among them.
pub(super) fn show(ui: &mut Ui, bytes: &[u8], scrolls: bool) {
    let tokens = Tokens::of(ui);
    let room = ui.available_width();
    let row_of = if room >= width(ui, ROW) {
        ROW
    } else {
        NARROW_ROW
    };
    let narrowest = width(ui, NARROW_ROW);
    let area = Area {
        name: "Bytes",
        role: Role::Document,
        rows: bytes.len().div_ceil(row_of),
        row_height: HEIGHT,
        // where even those do not fit, it scrolls
        width: if room < narrowest { narrowest } else { 0.0 },
        scrolls,
        reveal: None,
    };
    area.show(ui, |part| {
        part.scroll_by_keys();
        for row in part.visible.clone() {
            let start = row * row_of;
            let slice = &bytes[start..bytes.len().min(start + row_of)];
            let mut job = LayoutJob::default();
            let (hex, characters) = columns(slice, row_of);
            let font = text::mono();
            pieces::words(&mut job, &format!("{start:08x}  "), &font, tokens.faint);
            pieces::words(&mut job, &hex, &font, tokens.text);
            pieces::words(&mut job, &format!("  {characters}"), &font, tokens.weak);
            let words = job.text.clone();
            let galley = part.ui.painter().layout_job(job);
            text::paint(part.ui.painter(), part.row(row), galley, Align::Min);
            area::say(part.ui, part.row(row), row, words);
        }
    });
}

/// Width of a whole row of so many bytes, in points.
fn width(ui: &Ui, row_of: usize) -> f32 {
    let (hex, characters) = columns(&vec![0; row_of], row_of);
    let words = format!("{:08x}  {hex}  {characters}", 0);
    let most = f32::INFINITY;
    let color = Tokens::of(ui).text;
    text::one_line(ui.painter(), words, text::mono(), color, most)
        .size()
        .x
}

/// All bytes as hexadecimal digits.
pub(super) fn digits(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // writing to a string cannot fail
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// The two columns of a row, the first always of the same width.
fn columns(bytes: &[u8], row_of: usize) -> (String, String) {
    let mut hex = String::with_capacity(3 * row_of + 1);
    let mut characters = String::with_capacity(row_of);
    for at in 0..row_of {
        if at == row_of / 2 {
            hex.push(' ');
        }
        match bytes.get(at) {
            Some(byte) => {
                // writing to a string cannot fail
                let _ = write!(hex, "{byte:02x} ");
                let shown = byte.is_ascii_graphic() || *byte == b' ';
                characters.push(if shown { char::from(*byte) } else { '·' });
            }
            None => hex.push_str("   "),
        }
    }
    (hex, characters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_shows_bytes_and_characters() {
        let (hex, characters) = columns(b"\x1f\x8b\x08 OCI", ROW);
        assert_eq!(
            hex,
            "1f 8b 08 20 4f 43 49    ".to_owned() + " " + &"   ".repeat(8)
        );
        assert_eq!(characters, "··· OCI");
        let full = columns(&[0x41; ROW], ROW);
        assert_eq!(full.0.len(), hex.len());
        assert_eq!(full.1.len(), ROW);
        let narrow = columns(b"OCI 1.1!", NARROW_ROW);
        assert_eq!(narrow.0, "4f 43 49 20  31 2e 31 21 ");
        assert_eq!(narrow.1, "OCI 1.1!");
    }
}
