//! Work on one value that takes longer than a frame: done by a thread of its own, polled
//! by the window.

use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

/// Documents above this are prepared and searched by a thread; the others at once. Bytes.
const AT_ONCE: usize = 1 << 20;

/// A value that is being made, or is there.
#[derive(Debug)]
pub struct Background<T> {
    running: Option<Receiver<T>>,
    value: Option<T>,
}

impl<T> Default for Background<T> {
    fn default() -> Self {
        Self {
            running: None,
            value: None,
        }
    }
}

impl<T: Send + 'static> Background<T> {
    /// Makes the value with `make`: at once where `bytes` are few, else by a thread that
    /// asks for a frame when it is done. What was there before stays until then; a
    /// value that is still being made is forgotten.
    pub fn start(
        &mut self,
        ctx: &egui::Context,
        bytes: usize,
        make: impl FnOnce() -> T + Send + 'static,
    ) {
        if bytes <= AT_ONCE {
            self.running = None;
            self.value = Some(make());
            return;
        }
        let (sender, receiver) = sync_channel(1);
        let ctx = ctx.clone();
        std::thread::spawn(move || {
            // nobody waits for it any more where the document was left
            let _ = sender.send(make());
            ctx.request_repaint();
        });
        self.running = Some(receiver);
    }

    /// The value, once there is one.
    pub fn poll(&mut self) -> Option<&T> {
        if let Some(running) = &self.running {
            match running.try_recv() {
                Ok(value) => {
                    self.value = Some(value);
                    self.running = None;
                }
                Err(TryRecvError::Disconnected) => self.running = None,
                Err(TryRecvError::Empty) => {}
            }
        }
        self.value.as_ref()
    }

    /// The value that was there when it was last polled.
    pub const fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// Whether a value is being made.
    pub const fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Forgets the value and what is being made.
    pub fn clear(&mut self) {
        self.running = None;
        self.value = None;
    }
}
