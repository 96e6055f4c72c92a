//! `oci-layout` and `index.json`: image-spec `image-layout.md`.

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
    let bytes = match files.read("index.json", limits::MANIFEST_BYTES, work) {
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
