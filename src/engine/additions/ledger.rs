//! What stays of an addition, whatever becomes of the rest of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Kept from the first question to a service until the last piece is read back. Where the
/// addition fails or is stopped, everything in it is said.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    lines: Mutex<Vec<String>>,
    /// Whether the place was written to, as far as that went.
    wrote: AtomicBool,
}

/// Something that was begun: what may stay of it stands in the ledger until it is known.
#[derive(Debug)]
#[must_use]
pub(super) struct Begun(usize);

impl Ledger {
    /// Something is begun; `words` say what may stay of it.
    pub fn begin(&self, words: String) -> Begun {
        let mut lines = self.lock();
        lines.push(words);
        Begun(lines.len() - 1)
    }

    /// What was begun is done: this stays of it, or nothing.
    pub fn end(&self, begun: &Begun, words: Option<String>) {
        if let Some(line) = self.lock().get_mut(begun.0) {
            *line = words.unwrap_or_default();
        }
    }

    /// The place is written to from now on.
    pub fn writing(&self) {
        self.wrote.store(true, Ordering::Relaxed);
    }

    /// Whether the place was written to, as far as that went.
    pub fn has_written(&self) -> bool {
        self.wrote.load(Ordering::Relaxed)
    }

    /// Everything that stays, in turn.
    pub fn lines(&self) -> Vec<String> {
        let lines = self.lock();
        let there = lines.iter().filter(|line| !line.is_empty());
        there.cloned().collect()
    }

    /// Held for one look only; a panic cannot leave the lines half changed.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Ledger;

    #[test]
    fn what_was_begun_stands_there_until_it_is_known() {
        let ledger = Ledger::default();
        let first = ledger.begin("one may be there".to_owned());
        let second = ledger.begin("two may be there".to_owned());
        let _ = ledger.begin("three".to_owned());
        ledger.end(&first, None);
        assert_eq!(ledger.lines(), ["two may be there", "three"]);
        ledger.end(&second, Some("two".to_owned()));
        assert_eq!(ledger.lines(), ["two", "three"]);
        assert!(!ledger.has_written());
        ledger.writing();
        assert!(ledger.has_written());
    }
}
