//! A cheap mark by which a local place is known again, to notice that it has changed.

use std::path::PathBuf;
use std::time::SystemTime;

use crate::model::{Reference, Transport};

/// When the file that says what is in a place was written, and how large it is. Not a proof:
/// whoever wants to be sure reads the place again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp(Option<(SystemTime, u64)>);

/// The mark of the place that `reference` names; nothing for places that are no files here.
/// A file that is not there has a mark too. Waits for the disk.
pub fn stamp(reference: &Reference) -> Option<Stamp> {
    let metadata = std::fs::metadata(file(reference)?);
    let mark = |found: std::fs::Metadata| Some((found.modified().ok()?, found.len()));
    Some(Stamp(metadata.ok().and_then(mark)))
}

/// The file that is written last when the place changes.
fn file(reference: &Reference) -> Option<PathBuf> {
    let Reference::Path(place) = reference else {
        return None;
    };
    Some(match place.transport {
        Transport::Oci => place.path.join("index.json"),
        Transport::Dir => place.path.join("manifest.json"),
        _ => place.path.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PathReference;

    #[test]
    fn a_layout_that_was_written_again_has_another_mark() {
        let folder = tempfile::tempdir().unwrap();
        let reference = Reference::Path(PathReference::new(Transport::Oci, folder.path()));
        let missing = stamp(&reference).unwrap();
        let index = folder.path().join("index.json");
        std::fs::write(&index, "{}").unwrap();
        let first = stamp(&reference).unwrap();
        assert_ne!(missing, first);
        assert_eq!(stamp(&reference), Some(first.clone()));
        std::fs::write(&index, "{ }").unwrap();
        assert_ne!(stamp(&reference), Some(first.clone()));
        std::fs::write(&index, "{}").unwrap();
        let later = SystemTime::now() + std::time::Duration::from_secs(2);
        let file = std::fs::File::options().append(true).open(&index).unwrap();
        file.set_modified(later).unwrap();
        assert_ne!(stamp(&reference), Some(first), "same size, another time");
    }

    #[test]
    fn a_registry_has_no_mark() {
        assert_eq!(stamp(&Reference::Registry("a/b:1".parse().unwrap())), None);
    }
}
