//! Names of blobs: `<hex>` for SHA-256, `<algorithm>-<hex>` for others (version 1.2).

use crate::model::{Algorithm, Digest};

/// What the content with this digest is called. Only a digest that was parsed makes a name.
pub(super) fn name(digest: &Digest) -> String {
    match digest.algorithm() {
        Algorithm::Sha256 => digest.hex().to_owned(),
        other => format!("{}-{}", other.name(), digest.hex()),
    }
}
