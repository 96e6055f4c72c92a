//! The parts of the window around the views.

pub mod address_bar;
pub mod drop_overlay;
pub mod explorer;
pub mod image_pane;
pub mod image_tabs;
pub mod jobs;
pub mod list_row;
pub mod message_list;
mod named;
pub mod parts;
pub mod platform_picker;
pub mod status_bar;
pub mod toasts;
pub mod welcome;

use egui::{Frame, Margin};

use super::theme::Tokens;

/// The ground of a panel with `margin` around its content.
pub(super) fn frame(tokens: &Tokens, margin: Margin) -> Frame {
    Frame::NONE.fill(tokens.panel).inner_margin(margin)
}
