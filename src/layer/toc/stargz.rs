//! eStargz (containerd/stargz-snapshotter, `docs/estargz.md`): a gzip layer whose last
//! members are the table of contents and a footer that says where it begins.

use std::io::Read;

use crate::model::{Algorithm, Descriptor, Digest, limits};
use crate::transport::Source;

use super::{json, part, unreadable};
use crate::layer::index::{Origin, Packing};
use crate::layer::sha256::StreamHasher;
use crate::layer::tar::TarReader;
use crate::layer::{LayerError, LayerIndex};

/// The annotation with the digest of the table, uncompressed.
pub(super) const DIGEST: &str = "containerd.io/snapshot/stargz/toc.digest";

/// Bytes of the footer, and of the one of the first version.
const FOOTER: u64 = 51;
const OLD_FOOTER: usize = 47;

/// Length of the text that says where the table begins: 16 digits and `STARGZ`.
const MARK: usize = 22;

pub(super) async fn read(
    source: &dyn Source,
    layer: &Descriptor,
    digest: &str,
) -> Result<LayerIndex, LayerError> {
    let wrong = |why: &str| unreadable(layer, why);
    let digest: Digest = digest
        .parse()
        .map_err(|_| wrong("the digest in its annotation is none"))?;
    let size = layer.size;
    let start = size
        .checked_sub(FOOTER)
        .ok_or_else(|| wrong("the layer is too short"))?;
    let footer = part(source, layer, start..size).await?;
    let begins = table_start(&footer).ok_or_else(|| wrong("there is no footer"))?;
    if begins >= start || start - begins > limits::TOC_BYTES {
        return Err(wrong("the footer leads nowhere"));
    }
    let packed = part(source, layer, begins..start).await?;
    let table = unpack(&packed).ok_or_else(|| wrong("it cannot be unpacked"))?;
    if !digest.matches(&table) {
        return Err(wrong("its digest is not the one in the annotation"));
    }
    let entries = json::read(&table).map_err(|why| unreadable(layer, why))?;
    json::index(&entries, Packing::Gzip, Origin::Stargz, begins)
        .map_err(|why| unreadable(layer, why))
}

/// Where the table begins, as the footer's extra field says.
pub(super) fn table_start(footer: &[u8]) -> Option<u64> {
    // a gzip header with an extra field: mark, deflate, flag, time, flags, system, length
    let read = |footer: &[u8], text: usize| {
        (footer.starts_with(&[0x1f, 0x8b, 8, 4])).then_some(())?;
        let text = footer.get(text..text + MARK)?;
        let digits = text.strip_suffix(b"STARGZ")?;
        u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    // the newer one has a sub-field header before the text
    read(footer, 16).or_else(|| {
        let old = footer.get(footer.len().checked_sub(OLD_FOOTER)?..)?;
        read(old, 12)
    })
}

/// The JSON in the tar archive in the gzip member.
pub(super) fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut tar = Vec::new();
    flate2::read::GzDecoder::new(packed)
        .take(limits::TOC_BYTES)
        .read_to_end(&mut tar)
        .ok()?;
    let mut found = None;
    let mut reader = TarReader::new();
    // the table has a digest of its own
    let mut unused = StreamHasher::new(Algorithm::Sha256);
    reader
        .feed(&tar, &mut unused, &mut |entry| {
            if entry.path == b"stargz.index.json" {
                found = Some((entry.offset as usize, entry.stored as usize));
            }
        })
        .ok()?;
    let (offset, size) = found?;
    Some(tar.get(offset..offset.checked_add(size)?)?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_footers_are_read() {
        let mut new = vec![
            0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 26, 0, b'S', b'G', 22, 0,
        ];
        new.extend_from_slice(b"00000000000004d2STARGZ");
        new.resize(51, 0);
        assert_eq!(table_start(&new), Some(1234));
        let mut old = vec![9, 9, 9, 9, 0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 22, 0];
        old.extend_from_slice(b"00000000000004d2STARGZ");
        old.resize(51, 0);
        assert_eq!(table_start(&old), Some(1234));
        assert_eq!(table_start(&[0; 51]), None);
        assert_eq!(table_start(&[]), None);
    }
}
