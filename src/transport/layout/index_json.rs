//! `oci-layout` and `index.json`: image-spec `image-layout.md`.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::model::{Algorithm, Content, Document, Index, MediaType, RawDocument, limits, text};
use crate::transport::Problem;
use crate::transport::local::{Files, Work};

/// Longest `oci-layout` that is read, in bytes. It holds one short property.
const MARKER_BYTES: u64 = 64 << 10;

/// Reads the list of a layout's images.
pub(super) fn read(files: &dyn Files, work: &Work) -> Result<Index, Problem> {
    check_version(files, work)?;
    let listed = || files.read("index.json", limits::MANIFEST_BYTES, work);
    let bytes = match whole_list(listed) {
        Err(problem) if problem.is_missing() => return Err(files.describe()),
        Err(Problem::NotInArchive { cut_off: true }) => {
            return Err(Problem::CutOff {
                file: "index.json".to_owned(),
            });
        }
        other => other?,
    };
    let broken = |why: String| Problem::Broken {
        file: "index.json".to_owned(),
        why,
    };
    // its own `mediaType` is optional: without one the place says what it is
    let raw = RawDocument::hash(
        Bytes::from(bytes),
        Algorithm::Sha256,
        MediaType::new(MediaType::OCI_INDEX),
    );
    let document = Document::read(raw);
    match document.content() {
        Content::Index(index) => Ok(index.clone()),
        Content::Invalid(error) => Err(broken(error.to_string())),
        Content::Manifest(_) | Content::Unknown => Err(broken(format!(
            "it says that it is {}, not an index",
            text::visible(document.media_type().as_str())
        ))),
    }
}

/// How often a list that ends in the middle is read again, and how long lies between.
const CUT: (usize, Duration) = (3, Duration::from_millis(10));

/// A list of images as `read` gives it, a moment later where it ends in the middle: another
/// program may be writing it in place.
///
/// # Errors
/// Where it cannot be read.
pub(super) fn whole_list<E>(read: impl Fn() -> Result<Vec<u8>, E>) -> Result<Vec<u8>, E> {
    let mut bytes = read()?;
    for _ in 0..CUT.0 {
        if bytes.trim_ascii_end().ends_with(b"}") {
            break;
        }
        std::thread::sleep(CUT.1);
        bytes = read()?;
    }
    Ok(bytes)
}

/// Refuses a layout of a version that is not known here. A place without the marker file
/// is read all the same, as containers/image reads it: the content is checked by digest,
/// so nothing is lost by it.
pub(super) fn check_version(files: &dyn Files, work: &Work) -> Result<(), Problem> {
    let bytes = match files.read("oci-layout", MARKER_BYTES, work) {
        Err(problem) if problem.is_missing() => return Ok(()),
        Err(Problem::NotInArchive { .. }) => return Ok(()),
        other => other?,
    };
    let broken = |why: String| Problem::Broken {
        file: "oci-layout".to_owned(),
        why,
    };
    let value: Value = serde_json::from_slice(&bytes).map_err(|e| broken(e.to_string()))?;
    let version = value
        .get("imageLayoutVersion")
        .and_then(Value::as_str)
        .ok_or_else(|| broken("it has no \"imageLayoutVersion\"".to_owned()))?;
    // versions follow the specification's, where only a new major one breaks readers
    if version.split('.').next() == Some("1") {
        Ok(())
    } else {
        Err(Problem::LayoutVersion {
            found: version.chars().take(40).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_list_that_is_being_written_is_read_again() {
        let reads = Cell::new(0);
        let written = ["", "{\"schemaV", "{\"schemaVersion\": 2}\n"];
        let read = || {
            let at = reads.replace(reads.get() + 1);
            Ok::<_, ()>(written[at.min(2)].as_bytes().to_vec())
        };
        assert_eq!(whole_list(read).unwrap(), written[2].as_bytes());
        assert_eq!(reads.get(), 3);
        // one that stays cut off is told as it is
        assert_eq!(whole_list(|| Ok::<_, ()>(b"{".to_vec())).unwrap(), b"{");
    }
}
