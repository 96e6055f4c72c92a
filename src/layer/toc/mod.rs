//! Tables of contents that layers carry themselves: eStargz and zstd:chunked. Read by
//! ranges, and believed once their digest is that of the manifest's annotation.

mod json;
mod stargz;
mod zstd_chunked;

use futures_util::StreamExt;
use std::ops::Range;

use crate::model::Descriptor;
use crate::transport::Source;

use super::index::{Origin, Packing};
use super::{LayerError, LayerIndex};

/// Reads the table of contents of a layer whose annotations promise one; nothing where they
/// do not.
///
/// # Errors
/// Where it cannot be had, is not the one that was promised, or cannot be read.
pub async fn read(
    source: &dyn Source,
    layer: &Descriptor,
) -> Result<Option<LayerIndex>, LayerError> {
    if let Some(promised) = zstd_chunked::promised(layer) {
        return zstd_chunked::read(source, layer, &promised).await.map(Some);
    }
    match layer.annotation(stargz::DIGEST) {
        Some(digest) => stargz::read(source, layer, digest).await.map(Some),
        None => Ok(None),
    }
}

fn unreadable(layer: &Descriptor, why: impl Into<String>) -> LayerError {
    LayerError::Unreadable {
        layer: layer.digest.clone(),
        why: format!("its table of contents cannot be used: {}", why.into()),
    }
}

/// Some bytes of the layer as it is stored.
async fn part(
    source: &dyn Source,
    layer: &Descriptor,
    range: Range<u64>,
) -> Result<Vec<u8>, LayerError> {
    let wanted = range.end - range.start;
    let mut stream = source.blob(layer, Some(range)).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = stream.next().await {
        bytes.extend_from_slice(&piece?);
        if bytes.len() as u64 > wanted {
            break;
        }
    }
    if bytes.len() as u64 == wanted {
        Ok(bytes)
    } else {
        Err(unreadable(
            layer,
            "less of the layer came than was asked for",
        ))
    }
}

/// What is made of a table of contents, and of what such a table is packed in, whatever the
/// bytes are: for fuzzers.
pub(super) fn any(bytes: &[u8]) -> Vec<LayerIndex> {
    const MOST: u64 = 1 << 20;
    let unpacked = [
        Some(bytes.to_vec()),
        stargz::unpack(bytes),
        zstd_chunked::unpack(bytes, MOST).ok(),
    ];
    let end = stargz::table_start(bytes).unwrap_or(MOST);
    let tables = unpacked
        .iter()
        .flatten()
        .filter_map(|table| json::read(table).ok());
    let both = [
        (Packing::Gzip, Origin::Stargz),
        (Packing::Zstd, Origin::ZstdChunked),
    ];
    tables
        .flat_map(|entries| {
            both.map(|(packing, origin)| json::index(&entries, packing, origin, end).ok())
        })
        .flatten()
        .collect()
}
