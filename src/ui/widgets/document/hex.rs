//! Bytes that are no text, as people read them since there are computers.

use std::fmt::Write as _;

use egui::text::LayoutJob;
use egui::{Align, Role, Ui};

use crate::ui::theme::Tokens;
use crate::ui::widgets::text;

use super::area::{self, Area};
use super::pieces;

/// Bytes in a row.
const ROW: usize = 16;

/// Height of a row in points.
const HEIGHT: f32 = 18.0;

/// Draws `bytes` with their offsets and the ASCII characters among them.
pub(super) fn show(ui: &mut Ui, bytes: &[u8], scrolls: bool) {
    let tokens = Tokens::of(ui);
    let area = Area {
        name: "Bytes",
        role: Role::Document,
        rows: bytes.len().div_ceil(ROW),
        row_height: HEIGHT,
        width: 0.0,
        scrolls,
        reveal: None,
    };
    area.show(ui, |part| {
        part.scroll_by_keys();
        for row in part.visible.clone() {
            let start = row * ROW;
            let slice = &bytes[start..bytes.len().min(start + ROW)];
            let mut job = LayoutJob::default();
            let (hex, characters) = columns(slice);
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
fn columns(bytes: &[u8]) -> (String, String) {
    let mut hex = String::with_capacity(3 * ROW + 1);
    let mut characters = String::with_capacity(ROW);
    for at in 0..ROW {
        if at == ROW / 2 {
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
        let (hex, characters) = columns(b"\x1f\x8b\x08 OCI");
        assert_eq!(
            hex,
            "1f 8b 08 20 4f 43 49    ".to_owned() + " " + &"   ".repeat(8)
        );
        assert_eq!(characters, "··· OCI");
        let full = columns(&[0x41; ROW]);
        assert_eq!(full.0.len(), hex.len());
        assert_eq!(full.1.len(), ROW);
    }
}
