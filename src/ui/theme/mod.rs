//! How everything looks: colours and sizes by what they mean, fonts, icons, and egui's
//! styles made from them once at the start.

pub mod fonts;
pub mod icons;
mod style;
pub mod tokens;

pub use fonts::{STRONG, strong};
pub use tokens::{Tokens, size};

/// Gives `ctx` the fonts and both themes. Once, before the first frame.
pub fn install(ctx: &egui::Context) {
    fonts::install(ctx);
    style::install(ctx);
}
