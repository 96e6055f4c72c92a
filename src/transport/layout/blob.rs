//! Blobs: `blobs/<algorithm>/<hex>`, image-spec `image-layout.md`.

use crate::model::Digest;

/// Where a blob lies inside of its layout. Only a digest that was parsed makes a name, so
/// there is nothing in it that could lead elsewhere.
pub(super) fn name(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}
