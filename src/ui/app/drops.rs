//! Files dropped on the window.

use std::path::PathBuf;

/// Whether files can be dropped on the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropSupport {
    Works,
    /// winit gives no drops on Wayland.
    NotOnWayland,
}

impl DropSupport {
    /// By the window system that this process will use: X11 is preferred where there is one.
    pub fn of_this_desktop() -> Self {
        if cfg!(target_os = "linux") && !has_x11() {
            Self::NotOnWayland
        } else {
            Self::Works
        }
    }
}

/// Whether an X server was named. An empty name is none.
pub(super) fn has_x11() -> bool {
    std::env::var_os("DISPLAY").is_some_and(|display| !display.is_empty())
}

/// The paths that were dropped since the last frame.
pub(super) fn dropped(ctx: &egui::Context) -> Vec<PathBuf> {
    ctx.input(|input| {
        let files = input.raw.dropped_files.iter();
        files.map(|file| file.path().to_owned()).collect()
    })
}
