//! How much memory decoders take together for what they look back at.

use std::io;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::transport::local::Work;

/// How much the windows of several decoders may take together, in bytes. A larger one is
/// alone.
const TOGETHER: u64 = 64 << 20;

/// How long lies between two looks whether somebody still waits.
const LOOK: Duration = Duration::from_millis(50);

/// The windows of the decoders that are at work.
#[derive(Debug, Default)]
pub(in crate::transport) struct Windows {
    taken: Mutex<u64>,
    given_back: Condvar,
}

/// A window, until it is dropped.
pub(in crate::transport) struct Window<'a> {
    of: &'a Windows,
    bytes: u64,
}

impl Windows {
    /// Waits until there is room for a window of `bytes`, or no other decoder is at work.
    ///
    /// # Errors
    /// Where nobody waits any more for what `work` does.
    pub(in crate::transport) fn take(&self, bytes: u64, work: &Work) -> io::Result<Window<'_>> {
        // a stream may ask for any size; whoever takes all there is, is alone
        let bytes = bytes.min(TOGETHER);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken > 0 && *taken + bytes > TOGETHER {
            work.go_on()?;
            let waited = self.given_back.wait_timeout(taken, LOOK);
            taken = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *taken += bytes;
        Ok(Window { of: self, bytes })
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        let mut taken = self.of.taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken -= self.bytes;
        self.of.given_back.notify_all();
    }
}

/// The window that the first frame of a zstd stream asks for, in bytes (RFC 8878, section
/// 3.1.1.1); nothing where it does not begin with one. `start` are its first bytes.
pub(super) fn of_zstd(start: &[u8]) -> u64 {
    let [_, _, _, _, header, rest @ ..] = start else {
        return 0;
    };
    if header & 0x20 == 0 {
        let Some(descriptor) = rest.first() else {
            return 0;
        };
        let base = 1u64 << (10 + (descriptor >> 3));
        return base + base / 8 * u64::from(descriptor & 7);
    }
    // one segment: its window is all of its content
    let ids = [0, 1, 2, 4][usize::from(header & 3)];
    let (length, more) = [(1, 0), (2, 256), (4, 0), (8, 0)][usize::from(header >> 6)];
    let size = rest.get(ids..ids + length).unwrap_or_default();
    let size = size.iter().rev().fold(0, |sum, b| sum << 8 | u64::from(*b));
    size.saturating_add(more)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn the_window_of_a_stream_is_read() {
        let bytes = vec![7; 3000];
        for log in [10, 20, 27] {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(log).unwrap();
            encoder.write_all(&bytes).unwrap();
            assert_eq!(of_zstd(&encoder.finish().unwrap()), 1 << log, "{log}");
        }
        let one = zstd::bulk::compress(&bytes, 1).unwrap();
        assert_eq!(of_zstd(&one), 3000);
        assert_eq!(of_zstd(&one[..4]), 0);
    }

    #[test]
    fn large_windows_are_taken_one_after_the_other() {
        let windows = Windows::default();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let taken = |bytes: u64| {
            let _window = windows.take(bytes, &Work::default()).unwrap();
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|_| taken(128 << 20)));
            }
        });
        assert_eq!(most.load(Ordering::SeqCst), 1);
        // small ones do not wait for each other
        let work = Work::default();
        let held = [windows.take(8 << 20, &work), windows.take(8 << 20, &work)];
        assert!(held.iter().all(Result::is_ok));
        // nobody waits any more, however much is asked for
        let cancelled = tokio_util::sync::CancellationToken::new();
        cancelled.cancel();
        let ended = Work::new(cancelled, None);
        for much in [TOGETHER, 128 << 20, u64::MAX] {
            assert!(windows.take(much, &ended).is_err());
        }
        drop(held);
        assert!(windows.take(u64::MAX, &work).is_ok());
    }
}
