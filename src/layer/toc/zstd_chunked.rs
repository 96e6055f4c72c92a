//! zstd:chunked (containers/storage, `pkg/chunked`): a zstd layer, each file in frames of its
//! own, with its table of contents in a skippable frame.

use std::io::Read;

use crate::model::{Descriptor, Digest, limits};
use crate::transport::Source;

use super::{json, part, unreadable};
use crate::layer::index::{Origin, Packing};
use crate::layer::{LayerError, LayerIndex};

/// The digest of the table as it is stored, and where it is.
const CHECKSUM: &str = "io.github.containers.zstd-chunked.manifest-checksum";
const POSITION: &str = "io.github.containers.zstd-chunked.manifest-position";

/// What the annotations promise.
pub(super) struct Promised {
    digest: Digest,
    offset: u64,
    packed: u64,
    unpacked: u64,
}

/// `OFFSET:LENGTH:UNPACKED LENGTH:TYPE`, of which type 1 is known.
pub(super) fn promised(layer: &Descriptor) -> Option<Promised> {
    let digest = layer.annotation(CHECKSUM)?.parse().ok()?;
    let mut numbers = layer
        .annotation(POSITION)?
        .split(':')
        .map(str::parse::<u64>);
    let mut next = || numbers.next()?.ok();
    let (offset, packed, unpacked, kind) = (next()?, next()?, next()?, next()?);
    (kind == 1).then_some(Promised {
        digest,
        offset,
        packed,
        unpacked,
    })
}

pub(super) async fn read(
    source: &dyn Source,
    layer: &Descriptor,
    promised: &Promised,
) -> Result<LayerIndex, LayerError> {
    let wrong = |why: &str| unreadable(layer, why);
    let end = promised.offset.checked_add(promised.packed);
    let end = end.filter(|end| *end <= layer.size);
    let end = end.ok_or_else(|| wrong("its place is not in the layer"))?;
    if promised.packed > limits::TOC_BYTES || promised.unpacked > limits::TOC_BYTES {
        return Err(wrong("it is larger than what is read"));
    }
    let packed = part(source, layer, promised.offset..end).await?;
    if !promised.digest.matches(&packed) {
        return Err(wrong("its digest is not the one in the annotation"));
    }
    let table =
        unpack(&packed, promised.unpacked).map_err(|error| unreadable(layer, error.to_string()))?;
    let entries = json::read(&table).map_err(|why| unreadable(layer, why))?;
    json::index(
        &entries,
        Packing::Zstd,
        Origin::ZstdChunked,
        promised.offset,
    )
    .map_err(|why| unreadable(layer, why))
}

/// The JSON in the frame, at most `most` bytes of it.
pub(super) fn unpack(packed: &[u8], most: u64) -> std::io::Result<Vec<u8>> {
    let mut table = Vec::new();
    zstd::Decoder::new(packed)?
        .take(most)
        .read_to_end(&mut table)?;
    Ok(table)
}
