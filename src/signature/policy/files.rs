//! The files that a policy names, read by somebody else.

use std::cell::RefCell;

use crate::model::Digest;
use crate::signature::notation::StoreKind;

/// The files of a trust store, each by its name and content.
pub type StoreFiles = Vec<(String, Vec<u8>)>;

/// Reads what a policy names.
pub trait Files {
    /// A file, by the path that stands in the policy.
    ///
    /// # Errors
    /// Why it cannot be read, for people.
    fn file(&self, path: &str) -> Result<Vec<u8>, String>;

    /// A file as programs name it that look from the folder they run in, as containers/image
    /// does.
    ///
    /// # Errors
    /// As [`Files::file`].
    fn file_from_here(&self, path: &str) -> Result<Vec<u8>, String> {
        self.file(path)
    }

    /// The path of [`Files::file_from_here`], as it is written wherever one is.
    fn whole_path(&self, path: &str) -> String {
        path.to_owned()
    }

    /// A store of Notation's trust store; nothing where it is not there.
    ///
    /// # Errors
    /// Why it cannot be read, for people.
    fn store(&self, kind: StoreKind, name: &str) -> Result<Option<StoreFiles>, String> {
        let _ = (kind, name);
        Ok(None)
    }
}

impl<F: Fn(&str) -> Result<Vec<u8>, String>> Files for F {
    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        self(path)
    }
}

/// Keeps the digest of everything that is read, in the order in which it is.
pub(super) struct Recording<'a> {
    inner: &'a dyn Files,
    read: RefCell<String>,
}

impl<'a> Recording<'a> {
    /// Begins with the policy's own text.
    pub fn new(text: &str, inner: &'a dyn Files) -> Self {
        let recording = Self {
            inner,
            read: RefCell::default(),
        };
        recording.note(text.as_bytes());
        recording
    }

    fn note(&self, bytes: &[u8]) {
        let mut read = self.read.borrow_mut();
        read.push_str(Digest::sha256(bytes).hex());
        read.push('\n');
    }

    /// SHA-256 of all of it, in hex.
    pub fn fingerprint(&self) -> String {
        let read = self.read.borrow();
        Digest::sha256(read.as_bytes()).hex().to_owned()
    }
}

impl Files for Recording<'_> {
    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        let read = self.inner.file(path);
        if let Ok(bytes) = &read {
            self.note(bytes);
        }
        read
    }

    fn file_from_here(&self, path: &str) -> Result<Vec<u8>, String> {
        let read = self.inner.file_from_here(path);
        if let Ok(bytes) = &read {
            self.note(bytes);
        }
        read
    }

    fn whole_path(&self, path: &str) -> String {
        self.inner.whole_path(path)
    }

    fn store(&self, kind: StoreKind, name: &str) -> Result<Option<StoreFiles>, String> {
        let read = self.inner.store(kind, name);
        for (_, bytes) in read.iter().flatten().flatten() {
            self.note(bytes);
        }
        read
    }
}
