//! What views and panels are made of. A widget draws and pushes actions; it keeps no
//! state of the program.

mod background;
mod button;
mod chip;
mod date;
mod digest;
pub mod document;
mod empty_state;
mod error_box;
mod field;
mod layer_bar;
pub mod roving;
mod rows;
pub mod skeleton;
pub mod split;
mod state_block;
mod status;
pub mod table;
pub mod text;

pub use background::Background;
pub use button::{drop_down, icon_button, icon_toggle, link, toggle};
pub use chip::{Beside, Chip, chip};
pub use date::{Date, date, exact, relative, with_dates};
pub use digest::{digest, fingerprint, short_fingerprint, tooltip as digest_tooltip, wide_tooltip};
pub use empty_state::empty_state;
pub use error_box::error_box;
pub use field::{find_here, search, take_finds};
pub use layer_bar::{LayerBar, Scale};
pub use rows::{Look, Row, heading};
pub use state_block::state_block;
pub use status::{Status, not_here, place_word};

use egui::{Rect, Stroke, StrokeKind, Ui};

use super::theme::{Tokens, size};

/// The thin line below a row.
pub fn row_line(ui: &Ui, row: Rect) {
    let stroke = Stroke::new(1.0, Tokens::of(ui).row_line);
    ui.painter()
        .hline(row.x_range(), row.bottom() - 0.5, stroke);
}

/// What shows where the keyboard is.
pub fn focus_ring(ui: &Ui, rect: Rect) {
    let stroke = Stroke::new(1.0, Tokens::of(ui).accent);
    ui.painter()
        .rect_stroke(rect, f32::from(size::CORNER), stroke, StrokeKind::Inside);
}
