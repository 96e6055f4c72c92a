//! The state of a layer's blob.

use crate::engine::{Node, Parts};
use crate::transport::BlobState;
use crate::ui::theme::Tokens;
use crate::ui::widgets::Status;

/// How the blob of a layer is; `missing` says where it is not.
pub(in crate::ui::views) fn blob_status(
    node: &Node,
    layer: usize,
    missing: &'static str,
    tokens: &Tokens,
) -> Status {
    Status::of_blob(blob_of(node, layer), missing, tokens)
}

/// What is known of the blob of a layer.
pub(super) fn blob_of(node: &Node, layer: usize) -> &BlobState {
    let state = match &node.parts {
        // the config comes first
        Parts::Manifest { blobs, .. } => blobs.get(layer + 1),
        _ => None,
    };
    state.unwrap_or(&BlobState::NotChecked)
}
