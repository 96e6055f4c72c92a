//! Reading a tar stream as it comes: POSIX.1-1988 ustar, POSIX.1-2001 pax, GNU tar.
//!
//! Written here and not with `tar::Archive`, which wants to read where this is handed bytes,
//! reads a name of any length into memory, and cannot say what was readable before something
//! was not.

mod content;
mod extension;
mod header;
mod open;

use crate::model::limits;

use super::Marks;
use super::entry::{NewEntry, clean_path};
use super::index::Objection;
use super::sha256::StreamHasher;
use content::Content;
use extension::Extension;
use header::{Header, Type, read_map};

pub(super) use header::BLOCK;

/// Whether `bytes` begin with a header whose check sum is right.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let block = bytes.first_chunk::<BLOCK>();
    block.is_some_and(|block| Header::read(Box::new(*block)).is_some())
}

/// Why a tar stream cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TarProblem {
    #[error("there is no tar header where one should be, at byte {at}")]
    NoHeader { at: u64 },
    #[error("the extension of a header is malformed, at byte {at}")]
    Extension { at: u64 },
    #[error("the map of a sparse file is malformed, at byte {at}")]
    SparseMap { at: u64 },
    #[error("an entry says that it has {size} bytes")]
    Size { size: u64 },
    #[error("it breaks off within a header")]
    CutInHeader,
    #[error(
        "it breaks off within the content of {}",
        crate::model::text::visible(name)
    )]
    CutInContent { name: String },
    #[error("{what} has {found} bytes, more than the {limit} that are read")]
    TooLong {
        what: &'static str,
        found: u64,
        limit: u64,
    },
    #[error("the name of an entry has {found} parts, more than the {limit} that are read")]
    TooDeep { found: usize, limit: usize },
    #[error("it has more than {limit} entries")]
    TooMany { limit: usize },
}

/// Checks the name of an entry, and the target of a link, where it is one.
///
/// # Errors
/// Where one is longer than any system takes it, or leads through more folders.
pub(super) fn check_names(name: &[u8], target: Option<&[u8]>) -> Result<(), TarProblem> {
    let target = target.unwrap_or_default();
    for (what, text) in [
        ("the name of an entry", name),
        ("the target of a link", target),
    ] {
        if text.len() > limits::LAYER_PATH_BYTES {
            return Err(TarProblem::TooLong {
                what,
                found: text.len() as u64,
                limit: limits::LAYER_PATH_BYTES as u64,
            });
        }
    }
    // few are long enough to be looked at
    let limit = limits::LAYER_PATH_PARTS;
    if name.len() < 2 * limit {
        return Ok(());
    }
    let (path, _) = clean_path(name);
    match path.split(|byte| *byte == b'/').count() {
        found if found > limit => Err(TarProblem::TooDeep { found, limit }),
        _ => Ok(()),
    }
}

/// A tar stream on its way. What is unpacked is fed to it; entries come out.
pub(super) struct TarReader {
    state: State,
    /// Position in the stream.
    at: u64,
    extension: Extension,
    extended: bool,
    entries: usize,
    /// Bytes of holes that may still be hashed.
    holes: u64,
    /// What others object to, of what was read so far.
    objection: Option<Objection>,
}

enum State {
    /// A block that is to become a header.
    Header {
        block: Box<[u8; BLOCK]>,
        filled: usize,
    },
    /// An extension of the next header.
    Extension {
        kind: Type,
        size: usize,
        bytes: Vec<u8>,
    },
    /// Blocks of GNU's sparse map behind a header.
    GnuMap {
        entry: Box<Opened>,
        map: Vec<(u64, u64)>,
        block: Box<[u8; BLOCK]>,
        filled: usize,
    },
    /// The map before the content of a sparse file (PAX 1.0).
    MapText {
        entry: Box<Opened>,
        text: Vec<u8>,
        /// Line feeds in it: it is only read once there are enough.
        lines: usize,
    },
    Content {
        entry: Box<Opened>,
        content: Option<Content>,
        left: u64,
    },
    /// Fill-up, and content that is passed over.
    Skip { left: u64 },
    /// Behind the end mark.
    Over,
}

/// An entry whose content is still to come.
struct Opened {
    entry: NewEntry,
    /// Bytes that follow in the stream, without fill-up.
    stored: u64,
}

fn header_state() -> State {
    State::Header {
        block: Box::new([0; BLOCK]),
        filled: 0,
    }
}

const fn padding(size: u64) -> u64 {
    (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64
}

/// Moves what `block` still lacks out of `bytes`. True once it is full.
fn fill(block: &mut [u8; BLOCK], filled: &mut usize, bytes: &mut &[u8]) -> bool {
    let count = (BLOCK - *filled).min(bytes.len());
    block[*filled..*filled + count].copy_from_slice(&bytes[..count]);
    *filled += count;
    *bytes = &bytes[count..];
    *filled == BLOCK
}

impl TarReader {
    pub(super) fn new() -> Self {
        Self {
            state: header_state(),
            at: 0,
            extension: Extension::default(),
            extended: false,
            entries: 0,
            holes: limits::SPARSE_HASHED_BYTES,
            objection: None,
        }
    }

    /// What others object to in what was read so far; the first thing of several.
    pub(super) const fn objection(&self) -> Option<Objection> {
        self.objection
    }

    /// Takes the next bytes of the stream, and hands over the entries that end in them. All
    /// bytes go to `stream` as well, whatever comes of them.
    ///
    /// # Errors
    /// Where the stream cannot be read on; it must not be fed any more then.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        stream: &mut StreamHasher,
        found: &mut dyn FnMut(NewEntry),
    ) -> Result<(), TarProblem> {
        let mut hashed = 0;
        let read = self.read(bytes, stream, &mut hashed, found);
        stream.update(&bytes[hashed..]);
        read
    }

    /// As [`Self::feed`]; the first `hashed` bytes have gone to `stream` already.
    fn read(
        &mut self,
        all: &[u8],
        stream: &mut StreamHasher,
        hashed: &mut usize,
        found: &mut dyn FnMut(NewEntry),
    ) -> Result<(), TarProblem> {
        let mut bytes = all;
        loop {
            let before = bytes.len();
            match &mut self.state {
                State::Over => return Ok(()),
                State::Header { block, filled } => {
                    let full = fill(block, filled, &mut bytes);
                    self.at += (before - bytes.len()) as u64;
                    if !full {
                        return Ok(());
                    }
                    let block = std::mem::replace(block, Box::new([0; BLOCK]));
                    self.state = self.header(block)?;
                }
                State::Extension {
                    kind,
                    size,
                    bytes: kept,
                } => {
                    let count = (*size - kept.len()).min(bytes.len());
                    kept.extend_from_slice(&bytes[..count]);
                    bytes = &bytes[count..];
                    self.at += count as u64;
                    if kept.len() < *size {
                        return Ok(());
                    }
                    let (kind, kept) = (*kind, std::mem::take(kept));
                    self.extend(kind, &kept)?;
                    self.state = State::Skip {
                        left: padding(kept.len() as u64),
                    };
                }
                State::GnuMap {
                    map, block, filled, ..
                } => {
                    let full = fill(block, filled, &mut bytes);
                    self.at += (before - bytes.len()) as u64;
                    if !full {
                        return Ok(());
                    }
                    let at = self.at;
                    let problem = TarProblem::SparseMap { at };
                    read_map(&block[..504], map).ok_or_else(|| problem.clone())?;
                    if map.len() > limits::SPARSE_PARTS {
                        return Err(problem);
                    }
                    if block[504] != 0 {
                        *filled = 0;
                    } else {
                        self.map_is_whole();
                    }
                }
                State::MapText { text, lines, .. } => {
                    let count = (BLOCK - text.len() % BLOCK).min(bytes.len());
                    text.extend_from_slice(&bytes[..count]);
                    bytes = &bytes[count..];
                    self.at += count as u64;
                    if count == 0 || text.len() % BLOCK != 0 {
                        return Ok(());
                    }
                    let last = &text[text.len() - BLOCK..];
                    *lines += last.iter().filter(|byte| **byte == b'\n').count();
                    self.read_map_text()?;
                }
                State::Content {
                    entry,
                    content,
                    left,
                } => {
                    let count = usize::try_from(*left)
                        .unwrap_or(usize::MAX)
                        .min(bytes.len());
                    if let Some(content) = content {
                        let at = all.len() - bytes.len();
                        stream.update(&all[*hashed..at]);
                        *hashed = at;
                        if content.update_with(stream, &bytes[..count]) {
                            *hashed += count;
                        }
                    }
                    bytes = &bytes[count..];
                    self.at += count as u64;
                    *left -= count as u64;
                    if *left > 0 {
                        return Ok(());
                    }
                    if let Some(content) = content.take() {
                        let (sha256, map) = content.finish();
                        entry.entry.sha256 = sha256;
                        entry.entry.extra.sparse = map;
                    }
                    let left = padding(entry.stored);
                    let state = std::mem::replace(&mut self.state, State::Skip { left });
                    if let State::Content { entry, .. } = state {
                        found(entry.entry);
                    }
                }
                State::Skip { left } => {
                    let count = usize::try_from(*left)
                        .unwrap_or(usize::MAX)
                        .min(bytes.len());
                    bytes = &bytes[count..];
                    self.at += count as u64;
                    *left -= count as u64;
                    if *left > 0 {
                        return Ok(());
                    }
                    self.state = header_state();
                }
            }
        }
    }

    /// Says that no more bytes come. An entry whose content is not all there comes out
    /// marked.
    ///
    /// # Errors
    /// Where the stream is not at an end: at its mark, or behind an entry.
    pub(super) fn finish(&mut self, found: &mut dyn FnMut(NewEntry)) -> Result<(), TarProblem> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Over => Ok(()),
            State::Header { filled: 0, .. } if !self.extended => Ok(()),
            // the fill-up behind the last entry
            State::Skip { left } if left < BLOCK as u64 => Ok(()),
            State::Content { entry, .. }
            | State::GnuMap { entry, .. }
            | State::MapText { entry, .. } => {
                let mut entry = entry.entry;
                let name = String::from_utf8_lossy(&entry.path).into_owned();
                entry.marks = entry.marks.with(Marks::CUT_OFF);
                found(entry);
                Err(TarProblem::CutInContent { name })
            }
            State::Header { .. } | State::Extension { .. } | State::Skip { .. } => {
                Err(TarProblem::CutInHeader)
            }
        }
    }
}
