//! Long work on a thread: whether somebody still waits for it, and how far it is.

use std::io;

use tokio_util::sync::CancellationToken;

use crate::transport::{Preparation, Problem, Report};

/// What long work on a thread asks and tells.
#[derive(Clone, Default)]
pub struct Work {
    cancelled: CancellationToken,
    report: Option<Report>,
}

/// Why reading stopped although there was more to read.
#[derive(Clone, Debug, thiserror::Error)]
pub(in crate::transport) enum Stopped {
    /// Nobody waits for it any more.
    #[error("cancelled")]
    Cancelled,
    /// It unpacks to more than is read, in bytes.
    #[error("more than {0} bytes")]
    TooMuch(u64),
}

impl Work {
    /// Work that ends when `cancelled` is, and tells `report` how far it is.
    pub(in crate::transport) const fn new(
        cancelled: CancellationToken,
        report: Option<Report>,
    ) -> Self {
        Self { cancelled, report }
    }

    /// Says how many bytes of `total` are done.
    pub(in crate::transport) fn tell(&self, done: u64, total: Option<u64>) {
        if let Some(report) = &self.report {
            report(Preparation { done, total });
        }
    }

    /// An error where nobody waits any more.
    pub(in crate::transport) fn go_on(&self) -> io::Result<()> {
        if self.cancelled.is_cancelled() {
            return Err(io::Error::other(Stopped::Cancelled));
        }
        Ok(())
    }
}

/// What an error of reading means.
pub(in crate::transport) fn problem_of(error: &io::Error) -> Problem {
    let stopped = error.get_ref().and_then(|inner| inner.downcast_ref());
    match stopped {
        Some(Stopped::Cancelled) => Problem::Cancelled,
        Some(Stopped::TooMuch(limit)) => Problem::Unpacks { limit: *limit },
        None => Problem::Io {
            why: error.to_string(),
        },
    }
}
