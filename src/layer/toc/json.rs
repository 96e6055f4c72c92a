//! The table of contents itself, which both formats write nearly the same.

use std::sync::Arc;

use base64::Engine as _;
use serde::Deserialize;

use crate::layer::checkpoint::{Checkpoint, Checkpoints, Start};
use crate::layer::entry::{Extra, NewEntry, Parts, clean_path, whiteout};
use crate::layer::index::{Ending, IndexBuilder, Origin, Packing};
use crate::layer::tar::check_names;
use crate::layer::{EntryKind, LayerIndex, Marks};
use crate::model::{Digest, limits};

#[derive(Deserialize)]
struct Table {
    version: u32,
    entries: Vec<TableEntry>,
}

/// An entry as both formats have it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TableEntry {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    size: u64,
    #[serde(default, alias = "modtime")]
    mod_time: Option<String>,
    #[serde(default, alias = "linkName", alias = "linkname")]
    link_name: String,
    #[serde(default)]
    mode: i64,
    #[serde(default)]
    uid: u64,
    #[serde(default)]
    gid: u64,
    #[serde(default)]
    offset: u64,
    #[serde(default)]
    inner_offset: u64,
    #[serde(default, alias = "devMajor", alias = "devmajor")]
    dev_major: u32,
    #[serde(default, alias = "devMinor", alias = "devminor")]
    dev_minor: u32,
    #[serde(default)]
    xattrs: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    chunk_offset: u64,
    #[serde(default)]
    chunk_size: u64,
    #[serde(default)]
    chunk_type: String,
}

pub(super) fn read(table: &[u8]) -> Result<Vec<TableEntry>, String> {
    let table: Table = serde_json::from_slice(table).map_err(|error| error.to_string())?;
    if table.version != 1 {
        return Err(format!(
            "it is of version {}, and only 1 is read",
            table.version
        ));
    }
    if table.entries.len() > limits::LAYER_ENTRIES {
        return Err(format!(
            "it has more than {} entries",
            limits::LAYER_ENTRIES
        ));
    }
    Ok(table.entries)
}

/// Where the content of files lies: each place in the packed layer that a file or a chunk
/// begins at is a checkpoint, and the unpacked positions are counted on from one to the next.
#[derive(Default)]
struct Places {
    points: Vec<Checkpoint>,
    unpacked: u64,
}

impl Places {
    /// The unpacked position of a chunk of `size` bytes, `inner` behind the place `packed`.
    fn chunk(&mut self, packed: u64, inner: u64, size: u64) -> Result<u64, String> {
        let last = self.points.last().filter(|point| point.packed == packed);
        let begin = match last {
            Some(point) => point.unpacked,
            None => {
                let behind = self.points.last().map_or(0, |point| point.packed);
                if packed < behind {
                    return Err("its files are not in the order of the layer".to_owned());
                }
                self.points.push(Checkpoint {
                    packed,
                    unpacked: self.unpacked,
                    bits: 0,
                    start: Start::Fresh,
                });
                self.unpacked
            }
        };
        let position = begin.checked_add(inner);
        let end = position.and_then(|position| position.checked_add(size));
        let (Some(position), Some(end)) = (position, end) else {
            return Err("its sizes are too large".to_owned());
        };
        self.unpacked = self.unpacked.max(end);
        Ok(position)
    }
}

/// An index out of the entries. The table begins at `table` in the packed layer: content
/// lies before it.
pub(super) fn index(
    entries: &[TableEntry],
    packing: Packing,
    origin: Origin,
    table: u64,
) -> Result<LayerIndex, String> {
    let mut builder = IndexBuilder::default();
    let mut places = Places::default();
    let mut next = 0;
    while let Some(first) = entries.get(next) {
        next += 1;
        check_names(first.name.as_bytes(), Some(first.link_name.as_bytes()))
            .map_err(|problem| problem.to_string())?;
        let (mut path, mut marks) = clean_path(first.name.as_bytes());
        let mut kind = match first.kind.as_str() {
            "reg" => EntryKind::File,
            "dir" => EntryKind::Directory,
            "symlink" => EntryKind::Symlink,
            "hardlink" => EntryKind::Hardlink,
            "char" => EntryKind::CharDevice,
            "block" => EntryKind::BlockDevice,
            "fifo" => EntryKind::Fifo,
            other => return Err(format!("it has an entry of type {other:?}")),
        };
        let mut extra = Extra {
            device: matches!(kind, EntryKind::CharDevice | EntryKind::BlockDevice)
                .then_some((first.dev_major, first.dev_minor)),
            ..Extra::default()
        };
        for (name, value) in &first.xattrs {
            let value = base64::engine::general_purpose::STANDARD.decode(value);
            let value = value.map_err(|_| "an attribute is no base64".to_owned())?;
            extra.xattrs.push((name.as_bytes().into(), value.into()));
        }
        let mut chunks = vec![first];
        while let Some(chunk) = entries.get(next).filter(|entry| entry.kind == "chunk") {
            chunks.push(chunk);
            next += 1;
        }
        let (mut offset, mut stored) = (0, 0);
        if kind == EntryKind::File && first.size > 0 {
            let map = content(&chunks, first.size, table, &mut places)?;
            offset = map.0;
            stored = map.1;
            if !map.2.is_empty() {
                marks = marks.with(Marks::SPARSE);
                extra.sparse = map.2;
            }
        }
        // the landmarks of eStargz are no files of the image
        let landmark = origin == Origin::Stargz
            && matches!(&path[..], b".prefetch.landmark" | b".no.prefetch.landmark");
        if landmark {
            continue;
        }
        if let Some((what, about, odd)) = whiteout(&path) {
            (kind, path) = (what, about);
            marks = marks.with(odd);
        }
        let linked = matches!(kind, EntryKind::Symlink | EntryKind::Hardlink);
        let file = kind == EntryKind::File;
        let digest = if first.size == 0 && first.digest.is_empty() && file {
            Some(Digest::sha256(b""))
        } else {
            first.digest.parse().ok()
        };
        builder.push(NewEntry {
            path,
            kind,
            marks,
            mode: (first.mode & 0o7777) as u32,
            uid: u32::try_from(first.uid).unwrap_or(u32::MAX),
            gid: u32::try_from(first.gid).unwrap_or(u32::MAX),
            mtime: time(first.mod_time.as_deref()),
            size: if file { first.size } else { 0 },
            offset,
            stored,
            link: linked.then(|| first.link_name.as_bytes().to_vec()),
            sha256: digest.filter(|_| file).and_then(|digest| bytes(&digest)),
            extra,
        });
        if builder.bytes() > limits::LAYER_INDEX_BYTES {
            return Err("its list of files is too large to be kept".to_owned());
        }
    }
    let end = places.unpacked;
    places.points.push(Checkpoint {
        packed: table,
        unpacked: end,
        bits: 0,
        start: Start::Fresh,
    });
    let mut index = builder.so_far();
    index.packing = packing;
    index.origin = origin;
    index.ending = Ending::Complete;
    index.unpacked = end;
    index.checkpoints = Arc::new(Checkpoints(places.points));
    Ok(index)
}

/// Offset, stored bytes, and the map where chunks of zeros are not stored.
fn content(
    chunks: &[&TableEntry],
    size: u64,
    table: u64,
    places: &mut Places,
) -> Result<(u64, u64, Parts), String> {
    let (mut offset, mut stored, mut at) = (None, 0u64, 0u64);
    let mut map = Vec::new();
    let mut holes = false;
    for chunk in chunks {
        let rest = size
            .checked_sub(at)
            .ok_or("its chunks are larger than their file")?;
        let length = if chunk.chunk_size > 0 {
            chunk.chunk_size
        } else {
            rest
        };
        if chunk.chunk_offset != at || length > rest {
            return Err("the chunks of a file do not fit each other".to_owned());
        }
        if chunk.chunk_type == "zeros" {
            holes = true;
        } else {
            if chunk.offset >= table {
                return Err("a file lies behind the end of the layer's files".to_owned());
            }
            let position = places.chunk(chunk.offset, chunk.inner_offset, length)?;
            let first = *offset.get_or_insert(position);
            // what is read is one piece: the chunks of a file follow each other
            if first.checked_add(stored) != Some(position) {
                return Err("the chunks of a file are not beside each other".to_owned());
            }
            stored += length;
            map.push((at, length));
        }
        at += length;
    }
    if at != size {
        return Err("the chunks of a file are smaller than the file".to_owned());
    }
    Ok((
        offset.unwrap_or(0),
        stored,
        if holes { map } else { Vec::new() },
    ))
}

fn time(text: Option<&str>) -> (i64, u32) {
    let time = text.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    time.map_or((0, 0), |time| {
        let nanoseconds = time.as_nanosecond();
        let seconds = nanoseconds.div_euclid(1_000_000_000);
        let rest = nanoseconds.rem_euclid(1_000_000_000);
        (seconds as i64, rest as u32)
    })
}

/// The bytes of a SHA-256 digest.
fn bytes(digest: &Digest) -> Option<[u8; 32]> {
    let hex = digest.hex().as_bytes();
    let mut bytes = [0; 32];
    if hex.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_limits_of_those_in_tar_headers() {
        let found = |name: &str, target: &str| {
            let entry = serde_json::json!({"name": name, "type": "symlink", "linkName": target});
            let table = serde_json::json!({"version": 1, "entries": [entry]});
            let table = read(&serde_json::to_vec(&table).unwrap()).unwrap();
            let index = index(&table, Packing::Gzip, Origin::Stargz, 1);
            index.map(|index| index.len())
        };
        let deep = "a/".repeat(limits::LAYER_PATH_PARTS);
        let long = "a".repeat(limits::LAYER_PATH_BYTES);
        assert_eq!(found(&deep, &long), Ok(1));
        assert_eq!(found(&long, ""), Ok(1));
        for (name, target, why) in [
            (&format!("{deep}a")[..], "", "2049 parts"),
            (
                &format!("{long}a"),
                "",
                "the name of an entry has 32769 bytes",
            ),
            ("a", &format!("{long}a"), "the target of a link has"),
        ] {
            let refused = found(name, target).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }
}
