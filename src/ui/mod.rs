//! The window: draws snapshots of the engine and sends it commands. Nothing here blocks,
//! reads a file, hashes, or holds a lock that work holds.
//!
//! Parts draw what they are given and push [`action::Action`]s; [`app::App`] carries them
//! out after the frame. [`commands`] is the one table of commands, [`theme`] the one place
//! for colours and sizes.

pub mod action;
pub mod app;
pub mod commands;
pub mod dialogs;
pub mod drag;
pub mod favourites;
pub mod image_menu;
pub mod panels;
pub mod places;
mod recents;
pub mod session;
pub mod state;
pub mod theme;
pub mod views;
pub mod widgets;

pub use app::run;
