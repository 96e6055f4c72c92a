//! Picking a folder or a file with the dialogs of the system, off the thread that draws.

use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::ui::action::PathWish;

/// What came out of a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picked {
    Path(PathBuf),
    /// The person closed the dialog.
    Nothing,
    /// There is no dialog service here.
    NoService,
}

/// Something that lets a person pick a path.
pub trait FolderPicker {
    /// Opens a dialog over the window of `frame` and gives the answer when it is there, from
    /// any thread. Does not wait.
    fn pick(&self, wish: &PathWish, frame: &eframe::Frame, answer: Answer);
}

/// Where the answer goes.
pub struct Answer {
    sender: Sender<Picked>,
    ctx: egui::Context,
}

impl Answer {
    /// Gives the answer and wakes the window.
    pub fn give(self, picked: Picked) {
        // nobody waits any more when the window was closed meanwhile
        let _ = self.sender.send(picked);
        self.ctx.request_repaint();
    }
}

/// A dialog that is open.
pub struct Pending {
    answer: Receiver<Picked>,
    field: Option<egui::Id>,
}

impl Pending {
    /// Opens a dialog for a field, or for none.
    pub fn start(
        picker: &dyn FolderPicker,
        wish: &PathWish,
        field: Option<egui::Id>,
        frame: &eframe::Frame,
        ctx: &egui::Context,
    ) -> Self {
        let (sender, receiver) = channel();
        let ctx = ctx.clone();
        picker.pick(wish, frame, Answer { sender, ctx });
        Self {
            answer: receiver,
            field,
        }
    }

    /// The answer, once it is there.
    pub fn answer(&self) -> Option<Picked> {
        self.answer.try_recv().ok()
    }

    /// The field that asked for it; nothing where a folder is to be opened.
    pub const fn field(&self) -> Option<egui::Id> {
        self.field
    }
}

/// The dialog of the desktop: the XDG portal, or zenity, or the system's own.
pub struct SystemPicker;

/// A dialog that ends this soon was never seen by a person: rfd says the same for a dialog
/// that was closed and for one that no service could show.
const TOO_SOON: Duration = Duration::from_secs(1);

impl FolderPicker for SystemPicker {
    fn pick(&self, wish: &PathWish, frame: &eframe::Frame, answer: Answer) {
        // made here, since some systems want that on the main thread
        let dialog = rfd::AsyncFileDialog::new().set_parent(frame);
        let dialog: Pin<Box<dyn Future<Output = Option<rfd::FileHandle>> + Send>> = match wish {
            PathWish::OpenFolder => {
                Box::pin(dialog.set_title("Open an OCI layout folder").pick_folder())
            }
            PathWish::File(title) => Box::pin(dialog.set_title(*title).pick_file()),
            PathWish::Folder => Box::pin(dialog.set_title("Write into a folder").pick_folder()),
            PathWish::SaveFile(name) => Box::pin(
                dialog
                    .set_title("Write a file")
                    .set_file_name(name)
                    .save_file(),
            ),
        };
        let wait = move || {
            let started = Instant::now();
            answer.give(match wait_for(dialog) {
                Some(picked) => Picked::Path(picked.path().to_owned()),
                None if started.elapsed() < TOO_SOON => Picked::NoService,
                None => Picked::Nothing,
            });
        };
        let thread = thread::Builder::new().name("folder dialog".to_owned());
        if let Err(error) = thread.spawn(wait) {
            tracing::error!("no thread for the folder dialog: {error}");
        }
    }
}

/// Waits on this thread, which has nothing else to do, until `future` is done.
fn wait_for<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Arc::new(Unpark(thread::current())).into();
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_future_that_another_thread_completes_is_waited_for() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let later = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            sender.send(7).unwrap();
        });
        assert_eq!(wait_for(receiver), Ok(7));
        later.join().unwrap();
    }
}
