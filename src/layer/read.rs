//! Reading parts of a layer that was indexed: from the nearest checkpoint on.

use std::ops::Range;

use futures_util::StreamExt;

use crate::model::{Descriptor, Hasher, limits};
use crate::transport::Source;

use super::checkpoint::Checkpoint;
use super::decode::{Decoder, Problem};
use super::{Entry, EntryKind, LayerError, LayerIndex, entry};

/// Cuts a range of unpacked bytes out of packed ones that come from a checkpoint on.
pub struct Cutter {
    decoder: Decoder,
    at: u64,
    wanted: Range<u64>,
}

impl Cutter {
    /// The packed bytes to ask for, of a layer of `size`, and what cuts `wanted` out of them.
    ///
    /// # Errors
    /// Where the kept checkpoint cannot be used.
    pub fn new(
        index: &LayerIndex,
        wanted: Range<u64>,
        size: u64,
    ) -> Result<(Range<u64>, Self), String> {
        let start = Checkpoint {
            packed: 0,
            unpacked: 0,
            bits: 0,
            start: super::checkpoint::Start::Fresh,
        };
        if index.packing == super::Packing::Plain {
            // every byte is a place to begin at
            let packed = wanted.start.min(size)..wanted.end.min(size);
            let point = Checkpoint {
                packed: wanted.start,
                unpacked: wanted.start,
                ..start
            };
            let decoder =
                Decoder::at(index.packing, &point).map_err(|problem| problem.to_string())?;
            let at = wanted.start;
            return Ok((
                packed,
                Self {
                    decoder,
                    at,
                    wanted,
                },
            ));
        }
        let point = index.checkpoints.before(wanted.start).unwrap_or(&start);
        let packed = index.checkpoints.packed_range(&wanted, size);
        let decoder = Decoder::at(index.packing, point).map_err(|problem| problem.to_string())?;
        let cutter = Self {
            decoder,
            at: point.unpacked,
            wanted,
        };
        Ok((packed, cutter))
    }

    /// Takes packed bytes and hands over what is wanted of them. True once all has come.
    ///
    /// # Errors
    /// Where the bytes cannot be unpacked, or `out` fails.
    pub fn feed(
        &mut self,
        piece: &[u8],
        out: &mut dyn FnMut(&[u8]) -> Result<(), LayerError>,
    ) -> Result<bool, CutError> {
        let (at, wanted) = (&mut self.at, &self.wanted);
        let mut failed = None;
        let fed = self.decoder.feed(piece, &mut |bytes| {
            let begin = *at;
            *at += bytes.len() as u64;
            let from = wanted.start.clamp(begin, *at) - begin;
            let to = wanted.end.clamp(begin, *at) - begin;
            if from < to {
                // both lie within `bytes`
                if let Err(error) = out(&bytes[from as usize..to as usize]) {
                    failed = Some(error);
                    return Err(Problem::Enough);
                }
            }
            if *at >= wanted.end {
                return Err(Problem::Enough);
            }
            Ok(())
        });
        if let Some(error) = failed {
            return Err(CutError::Out(error));
        }
        match fed {
            Ok(()) => Ok(self.at >= self.wanted.end),
            Err(Problem::Enough) => Ok(true),
            Err(problem) => Err(CutError::Packed(problem.to_string())),
        }
    }
}

/// Why a cut failed.
#[derive(Debug)]
pub enum CutError {
    Packed(String),
    Out(LayerError),
}

/// Reads `wanted` of the unpacked bytes of a layer and hands them over as they come.
///
/// # Errors
/// Where the place fails, or the bytes cannot be unpacked up to the end of what is wanted.
pub async fn read_range(
    source: &dyn Source,
    layer: &Descriptor,
    index: &LayerIndex,
    wanted: Range<u64>,
    out: &mut (dyn FnMut(&[u8]) -> Result<(), LayerError> + Send),
) -> Result<(), LayerError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let unreadable = |why: String| LayerError::Unreadable {
        layer: layer.digest.clone(),
        why,
    };
    let (packed, mut cutter) = Cutter::new(index, wanted, layer.size).map_err(unreadable)?;
    let mut stream = source.blob(layer, Some(packed)).await?;
    while let Some(piece) = stream.next().await {
        match cutter.feed(&piece?, out) {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(CutError::Out(error)) => return Err(error),
            Err(CutError::Packed(why)) => return Err(unreadable(why)),
        }
    }
    Err(unreadable("it ends before the file does".to_owned()))
}

/// A regular file's place in a layer, apart from the index that it was found in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePart {
    pub path: Vec<u8>,
    pub offset: u64,
    pub stored: u64,
    pub size: u64,
    pub sha256: Option<[u8; 32]>,
    pub sparse: Option<Vec<(u64, u64)>>,
}

impl FilePart {
    /// Of an entry; nothing where it is no regular file.
    pub fn of(entry: &Entry<'_>) -> Option<Self> {
        (entry.kind() == EntryKind::File).then(|| Self {
            path: entry.path(),
            offset: entry.offset(),
            stored: entry.stored(),
            size: entry.size(),
            sha256: entry.sha256().copied(),
            sparse: entry.marks().has(super::Marks::SPARSE).then(|| {
                entry
                    .extra()
                    .map(|extra| extra.sparse.clone())
                    .unwrap_or_default()
            }),
        })
    }

    /// Its path for people.
    pub fn shown(&self) -> String {
        format!("/{}", String::from_utf8_lossy(&self.path))
    }
}

/// Hands over a file's content as it comes, holes as zeros, and compares its digest.
///
/// # Errors
/// Where the layer cannot be read, or the content is not what the index says; then what was
/// handed over must not be used.
pub async fn read_file(
    source: &dyn Source,
    layer: &Descriptor,
    index: &LayerIndex,
    file: &FilePart,
    out: &mut (dyn FnMut(&[u8]) -> Result<(), LayerError> + Send),
) -> Result<(), LayerError> {
    let mut check = PartCheck::new(file);
    read_range(
        source,
        layer,
        index,
        file.offset..file.offset + file.stored,
        &mut |bytes| check.pass(bytes, out),
    )
    .await?;
    check.finish(out)
}

/// A file's content on its way: fills holes, hashes.
pub struct PartCheck<'a> {
    file: &'a FilePart,
    hasher: Hasher,
    at: u64,
    part: usize,
    within: u64,
}

type Out<'a> = dyn FnMut(&[u8]) -> Result<(), LayerError> + Send + 'a;

impl<'a> PartCheck<'a> {
    /// Of a file of which nothing has come yet.
    pub fn new(file: &'a FilePart) -> Self {
        Self {
            file,
            hasher: Hasher::new(crate::model::Algorithm::Sha256),
            at: 0,
            part: 0,
            within: 0,
        }
    }

    /// Takes the next stored bytes and hands over what the file has there.
    ///
    /// # Errors
    /// Where `out` fails.
    pub fn pass(&mut self, mut bytes: &[u8], out: &mut Out<'_>) -> Result<(), LayerError> {
        let Some(map) = &self.file.sparse else {
            self.at += bytes.len() as u64;
            self.hasher.update(bytes);
            return out(bytes);
        };
        while !bytes.is_empty() {
            let Some((offset, length)) = map.get(self.part).copied() else {
                return Ok(());
            };
            if self.within == 0 {
                let hole = offset.saturating_sub(self.at);
                self.zeros(hole, out)?;
            }
            let left = usize::try_from(length - self.within).unwrap_or(usize::MAX);
            let (now, rest) = bytes.split_at(left.min(bytes.len()));
            self.hasher.update(now);
            out(now)?;
            self.at += now.len() as u64;
            self.within += now.len() as u64;
            bytes = rest;
            if self.within == length {
                self.part += 1;
                self.within = 0;
            }
        }
        Ok(())
    }

    fn zeros(&mut self, mut count: u64, out: &mut Out<'_>) -> Result<(), LayerError> {
        const ZEROS: [u8; 8192] = [0; 8192];
        self.at += count;
        while count > 0 {
            let now = count.min(ZEROS.len() as u64);
            self.hasher.update(&ZEROS[..now as usize]);
            out(&ZEROS[..now as usize])?;
            count -= now;
        }
        Ok(())
    }

    /// Says that all stored bytes have come, and compares the digest.
    ///
    /// # Errors
    /// Where `out` fails, or the content is not what the index says.
    pub fn finish(mut self, out: &mut Out<'_>) -> Result<(), LayerError> {
        if self.file.sparse.is_some() {
            let hole = self.file.size.saturating_sub(self.at);
            self.zeros(hole, out)?;
        }
        let Some(expected) = &self.file.sha256 else {
            return Ok(());
        };
        let (expected, found) = (entry::digest(expected), self.hasher.finish());
        if expected == found {
            return Ok(());
        }
        Err(LayerError::WrongContent {
            path: self.file.shown(),
            expected,
            found,
        })
    }
}

/// Reads the whole of a small file into memory.
///
/// # Errors
/// As [`read_file`], and where it has more than `limit` bytes.
pub async fn read_small(
    source: &dyn Source,
    layer: &Descriptor,
    index: &LayerIndex,
    file: &FilePart,
    limit: u64,
) -> Result<Vec<u8>, LayerError> {
    if file.size > limit {
        return Err(LayerError::TooLarge {
            path: file.shown(),
            size: file.size,
            limit,
        });
    }
    let mut content = Vec::new();
    read_file(source, layer, index, file, &mut |bytes| {
        content.extend_from_slice(bytes);
        Ok(())
    })
    .await?;
    Ok(content)
}

/// Reads the beginning of a large file, holes as zeros; it cannot be verified.
///
/// # Errors
/// As [`read_file`].
pub async fn read_beginning(
    source: &dyn Source,
    layer: &Descriptor,
    index: &LayerIndex,
    file: &FilePart,
) -> Result<Vec<u8>, LayerError> {
    let limit = limits::SHOWN_FILE_BYTES as usize;
    let part = file.stored.min(limits::SHOWN_FILE_BYTES);
    let wanted = file.offset..file.offset.saturating_add(part);
    let mut content = Vec::new();
    let mut take = |bytes: &[u8]| {
        let room = limit - content.len();
        content.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if content.len() < limit {
            Ok(())
        } else {
            // enough
            Err(LayerError::Cancelled)
        }
    };
    let mut check = PartCheck::new(file);
    let mut pass = |bytes: &[u8]| check.pass(bytes, &mut take);
    let read = match read_range(source, layer, index, wanted, &mut pass).await {
        Ok(()) => check.finish(&mut take),
        failed => failed,
    };
    match read {
        Err(LayerError::Cancelled) => Ok(content),
        other => other.map(|()| content),
    }
}
