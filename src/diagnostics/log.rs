//! The log: to stderr, with the last lines kept in memory.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The variable that says what is logged, in the words of `tracing`'s filters.
const VARIABLE: &str = "PORTHOLE_LOG";

/// How many lines are kept, and of each how many bytes.
const LINES: usize = 500;
const LINE_BYTES: usize = 2000;

static LAST: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// Starts the log. `debug` asks for everything that the program has to say.
pub fn start(debug: bool) {
    // a certificate that is not trusted, and a desktop without a dialog service, are told in
    // words of ours, and once is enough
    let quiet = if debug {
        "warn,porthole=debug"
    } else {
        "error,rustls_platform_verifier=off,rfd=off"
    };
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| quiet.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Tee)
        .init();
}

/// The last lines, the oldest first.
pub fn last_lines() -> Vec<String> {
    lock().iter().cloned().collect()
}

/// Writes to stderr and keeps a copy.
#[derive(Clone, Copy, Debug)]
pub struct Tee;

impl<'a> MakeWriter<'a> for Tee {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        *self
    }
}

impl Write for Tee {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        keep(bytes);
        io::stderr().write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn keep(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut last = lock();
    for line in text.lines() {
        if last.len() == LINES {
            last.pop_front();
        }
        let mut end = line.len().min(LINE_BYTES);
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        last.push_back(line[..end].to_owned());
    }
}

/// Held for a few lines only; a panic cannot leave the list half changed.
fn lock() -> MutexGuard<'static, VecDeque<String>> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_long_ones_cut() {
        for number in 0..LINES + 7 {
            keep(format!("line {number}\n").as_bytes());
        }
        keep("ü".repeat(LINE_BYTES).as_bytes());
        let lines = last_lines();
        assert_eq!(lines.len(), LINES);
        assert_eq!(lines[0], "line 8");
        assert_eq!(lines[LINES - 1].len(), LINE_BYTES);
    }
}
