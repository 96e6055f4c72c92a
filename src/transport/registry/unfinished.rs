//! Uploads that were broken off: kept for a while where the program goes on, so that whoever
//! tries again begins where they stopped.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Url;

use crate::model::{Digest, Hasher, RegistryReference};

/// How long an upload is kept that nobody goes on with.
pub(super) const KEPT_FOR: Duration = Duration::from_secs(10 * 60);

/// How many are kept; the oldest makes room.
const KEPT: usize = 16;

/// An upload that somebody may go on with.
pub(super) struct Left {
    /// In whose repository it is.
    pub(super) image: RegistryReference,
    /// Of which blob.
    pub(super) digest: Digest,
    /// Path with query at the registry, or an address on another host.
    pub(super) location: Result<String, Url>,
    /// Bytes of a chunk.
    pub(super) chunk: u64,
    /// The hasher's state at some positions of the blob, in order.
    pub(super) marks: Vec<(u64, Hasher)>,
}

impl Left {
    fn is_of(&self, image: &RegistryReference, digest: &Digest) -> bool {
        self.image.host() == image.host()
            && self.image.repository() == image.repository()
            && self.digest == *digest
    }
}

/// What is kept.
#[derive(Default)]
pub(super) struct Unfinished {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The number of the next one.
    next: u64,
    uploads: Vec<(u64, Left)>,
}

impl Unfinished {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps `left`. Gives its number, and those that are no longer kept: another one of the
    /// same blob, and the oldest where there are many.
    pub(super) fn keep(&self, left: Left) -> (u64, Vec<Left>) {
        let mut kept = self.lock();
        let number = kept.next;
        kept.next += 1;
        let same = |(_, other): &mut (u64, Left)| other.is_of(&left.image, &left.digest);
        let mut gone: Vec<_> = kept.uploads.extract_if(.., same).collect();
        kept.uploads.push((number, left));
        let many = kept.uploads.len().saturating_sub(KEPT);
        gone.extend(kept.uploads.drain(..many));
        (number, gone.into_iter().map(|(_, left)| left).collect())
    }

    /// The upload of `digest` into the repository of `image`, which is kept no longer.
    pub(super) fn take(&self, image: &RegistryReference, digest: &Digest) -> Option<Left> {
        let mut kept = self.lock();
        let mut uploads = kept.uploads.iter();
        let at = uploads.position(|(_, left)| left.is_of(image, digest))?;
        Some(kept.uploads.remove(at).1)
    }

    /// The one of this number, where nobody took it.
    pub(super) fn take_number(&self, number: u64) -> Option<Left> {
        let mut kept = self.lock();
        let at = kept.uploads.iter().position(|(one, _)| *one == number)?;
        Some(kept.uploads.remove(at).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Algorithm, Reference};

    fn left(repository: &str, content: &[u8]) -> Left {
        let reference = format!("docker://r.example.com/{repository}:1");
        let reference = Reference::parse_prefixed(&reference).unwrap().unwrap();
        let Reference::Registry(image) = reference else {
            panic!("{reference}");
        };
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(content);
        Left {
            image,
            digest: hasher.finish(),
            location: Ok(format!("/v2/{repository}/blobs/uploads/1")),
            chunk: 1,
            marks: Vec::new(),
        }
    }

    #[test]
    fn an_upload_is_taken_by_its_repository_and_blob_once() {
        let unfinished = Unfinished::default();
        let (a, b) = (left("a", b"1"), left("b", b"1"));
        let (image, digest) = (a.image.clone(), a.digest.clone());
        assert!(unfinished.keep(a).1.is_empty());
        assert!(unfinished.keep(b).1.is_empty());
        let other = left("a", b"2").digest;
        assert!(unfinished.take(&image, &other).is_none());
        let taken = unfinished.take(&image, &digest).unwrap();
        assert_eq!(taken.image.repository(), "a");
        assert!(unfinished.take(&image, &digest).is_none());
        assert_eq!(unfinished.take_number(1).unwrap().image.repository(), "b");
        assert!(unfinished.take_number(1).is_none());
    }

    #[test]
    fn what_makes_room_is_given_back() {
        let unfinished = Unfinished::default();
        unfinished.keep(left("a", b"1"));
        // another one of the same blob takes its place
        assert_eq!(unfinished.keep(left("a", b"1")).1.len(), 1);
        for number in 0..KEPT {
            let (_, gone) = unfinished.keep(left("b", &[number as u8]));
            let expected = usize::from(number == KEPT - 1);
            assert_eq!(gone.len(), expected, "{number}");
            assert!(gone.iter().all(|left| left.image.repository() == "a"));
        }
    }
}
