//! How long it took until something was to be seen, on request.

use std::time::Instant;

/// The variable that asks for it.
const VARIABLE: &str = "PORTHOLE_STARTUP_TRACE";

/// Measures from the start of the process to the first frame.
#[derive(Clone, Copy, Debug)]
pub struct Startup {
    started: Instant,
    frames: u8,
}

impl Startup {
    /// A measurement, where the environment asks for one. `started` is when the process was.
    pub fn from_environment(started: Instant) -> Option<Self> {
        let asked = std::env::var_os(VARIABLE).is_some_and(|value| value == "1");
        asked.then(|| Self::since(started))
    }

    /// A measurement from `started` on.
    pub const fn since(started: Instant) -> Self {
        Self { started, frames: 0 }
    }

    /// To be called when a frame begins. The second one begins after the first was painted:
    /// then the time is known, and given once, in milliseconds.
    pub fn frame_begins(&mut self, ctx: &egui::Context) -> Option<u128> {
        self.frames = self.frames.saturating_add(1);
        match self.frames {
            1 => {
                ctx.request_repaint();
                None
            }
            2 => Some(self.started.elapsed().as_millis()),
            _ => None,
        }
    }
}
