//! Reading a tar stream as it comes: POSIX.1-1988 ustar, POSIX.1-2001 pax, GNU tar.
//!
//! Written here and not with `tar::Archive`, which wants to read where this is handed bytes,
//! reads a name of any length into memory, and cannot say what was readable before something
//! was not.

mod content;
mod extension;
mod header;

use crate::model::limits;

use super::entry::{Attributes, Extra, NewEntry, clean_path, whiteout};
use super::{EntryKind, Marks};
use content::Content;
use extension::{Extension, MapText, id};
use header::{BLOCK, Header, Type, read_map, until_zero};

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
    #[error("it has more than {limit} entries")]
    TooMany { limit: usize },
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
        }
    }

    /// Takes the next bytes of the stream, and hands over the entries that end in them.
    ///
    /// # Errors
    /// Where the stream cannot be read on; it must not be fed any more then.
    pub(super) fn feed(
        &mut self,
        mut bytes: &[u8],
        found: &mut dyn FnMut(NewEntry),
    ) -> Result<(), TarProblem> {
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
                        content.update(&bytes[..count]);
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

    fn header(&mut self, block: Box<[u8; BLOCK]>) -> Result<State, TarProblem> {
        let at = self.at - BLOCK as u64;
        if Header::is_zero(&block) {
            return Ok(State::Over);
        }
        let header = Header::read(block).ok_or(TarProblem::NoHeader { at })?;
        let size = header.size().ok_or(TarProblem::NoHeader { at })?;
        match header.kind() {
            kind @ (Type::LongName | Type::LongLink | Type::Pax | Type::PaxGlobal) => {
                let limit = limits::ARCHIVE_EXTENSION_BYTES;
                if size > limit {
                    return Err(TarProblem::TooLong {
                        what: "the extension of a header",
                        found: size,
                        limit,
                    });
                }
                self.extended = true;
                Ok(State::Extension {
                    kind,
                    size: size as usize,
                    bytes: Vec::new(),
                })
            }
            Type::Label => {
                self.extension = Extension::default();
                self.extended = false;
                Ok(State::Skip { left: whole(size)? })
            }
            _ => self.entry(&header, size),
        }
    }

    fn extend(&mut self, kind: Type, bytes: &[u8]) -> Result<(), TarProblem> {
        let at = self.at - bytes.len() as u64;
        match kind {
            Type::LongName => self.extension.path = Some(until_zero(bytes).to_vec()),
            Type::LongLink => self.extension.link = Some(until_zero(bytes).to_vec()),
            Type::Pax => self
                .extension
                .read(bytes)
                .ok_or(TarProblem::Extension { at })?,
            // runtimes take nothing from global ones
            _ => {}
        }
        Ok(())
    }

    fn entry(&mut self, header: &Header, size: u64) -> Result<State, TarProblem> {
        let extension = std::mem::take(&mut self.extension);
        self.extended = false;
        self.entries += 1;
        if self.entries > limits::LAYER_ENTRIES {
            return Err(TarProblem::TooMany {
                limit: limits::LAYER_ENTRIES,
            });
        }
        let sparse_name = extension
            .sparse
            .as_ref()
            .and_then(|sparse| sparse.name.clone());
        let name = sparse_name
            .or(extension.path)
            .unwrap_or_else(|| header.name());
        if name.len() > limits::LAYER_PATH_BYTES {
            return Err(TarProblem::TooLong {
                what: "the name of an entry",
                found: name.len() as u64,
                limit: limits::LAYER_PATH_BYTES as u64,
            });
        }
        let (kind, dump) = match header.kind() {
            Type::Hardlink => (EntryKind::Hardlink, false),
            Type::Symlink => (EntryKind::Symlink, false),
            Type::Char => (EntryKind::CharDevice, false),
            Type::Block => (EntryKind::BlockDevice, false),
            Type::Directory => (EntryKind::Directory, header.is_dump()),
            Type::Fifo => (EntryKind::Fifo, false),
            // what old archives call a folder
            _ if name.ends_with(b"/") => (EntryKind::Directory, false),
            _ => (EntryKind::File, false),
        };
        let size = extension.size.unwrap_or(size);
        // only files have content, whatever a header says (Go's archive/tar, which runtimes
        // read with, has it so)
        let stored = if kind == EntryKind::File { size } else { 0 };
        if i64::try_from(stored).is_err() || self.at.checked_add(whole(stored)?).is_none() {
            return Err(TarProblem::Size { size: stored });
        }
        let opened = self.opened(header, &name, kind, extension.link, stored, |marks| {
            let header_ids = header.ids();
            let (uid, cut_uid) = id(extension.uid.or(header_ids.0));
            let (gid, cut_gid) = id(extension.gid.or(header_ids.1));
            let cut = if cut_uid || cut_gid {
                Marks::CLAMPED
            } else {
                Marks::default()
            };
            let mtime = extension.mtime.unwrap_or_else(|| (header.mtime(), 0));
            (marks.with(cut), uid, gid, mtime, extension.xattrs)
        });
        if dump {
            // a list of names, not content
            let mut opened = opened;
            opened.stored = size;
            return Ok(self.begin_content(Box::new(opened), None));
        }
        if header.kind() == Type::GnuSparse {
            let at = self.at;
            let (map, real, more) = header.gnu_sparse().ok_or(TarProblem::SparseMap { at })?;
            let mut entry = Box::new(opened);
            entry.entry.size = real;
            entry.entry.marks = entry.entry.marks.with(Marks::SPARSE);
            if more {
                return Ok(State::GnuMap {
                    entry,
                    map,
                    block: Box::new([0; BLOCK]),
                    filled: 0,
                });
            }
            return Ok(self.begin_sparse(entry, map));
        }
        if let Some(sparse) = extension.sparse.filter(|_| kind == EntryKind::File) {
            let mut entry = Box::new(opened);
            entry.entry.size = sparse.real_size.unwrap_or(stored);
            entry.entry.marks = entry.entry.marks.with(Marks::SPARSE);
            if sparse.map_in_content {
                return Ok(State::MapText {
                    entry,
                    text: Vec::new(),
                    lines: 0,
                });
            }
            return Ok(self.begin_sparse(entry, sparse.map));
        }
        let content = (kind == EntryKind::File).then(|| Content::whole(stored));
        Ok(self.begin_content(Box::new(opened), content))
    }

    fn opened(
        &self,
        header: &Header,
        name: &[u8],
        kind: EntryKind,
        link: Option<Vec<u8>>,
        stored: u64,
        about: impl FnOnce(Marks) -> (Marks, u32, u32, (i64, u32), Attributes),
    ) -> Opened {
        let (mut path, marks) = clean_path(name);
        let (mut marks, uid, gid, mtime, xattrs) = about(marks);
        let mut kind = kind;
        if let Some((what, about, odd)) = whiteout(&path) {
            (kind, path) = (what, about);
            marks = marks.with(odd);
        }
        let linked = matches!(kind, EntryKind::Symlink | EntryKind::Hardlink);
        let device = matches!(kind, EntryKind::CharDevice | EntryKind::BlockDevice);
        Opened {
            entry: NewEntry {
                path,
                kind,
                marks,
                mode: header.mode(),
                uid,
                gid,
                mtime,
                size: if kind == EntryKind::File { stored } else { 0 },
                offset: self.at,
                stored,
                link: linked.then(|| link.unwrap_or_else(|| header.link())),
                sha256: None,
                extra: Extra {
                    xattrs,
                    device: device.then(|| header.device()),
                    sparse: Vec::new(),
                },
            },
            stored,
        }
    }

    fn begin_content(&self, mut entry: Box<Opened>, content: Option<Content>) -> State {
        entry.entry.offset = self.at;
        let left = entry.stored;
        let content = content.filter(|_| entry.entry.kind == EntryKind::File);
        State::Content {
            entry,
            content,
            left,
        }
    }

    fn begin_sparse(&mut self, entry: Box<Opened>, map: Vec<(u64, u64)>) -> State {
        let content = Content::sparse(map, entry.entry.size, &mut self.holes);
        self.begin_content(entry, Some(content))
    }

    fn map_is_whole(&mut self) {
        let state = std::mem::replace(&mut self.state, State::Over);
        if let State::GnuMap { entry, map, .. } = state {
            self.state = self.begin_sparse(entry, map);
        }
    }

    fn read_map_text(&mut self) -> Result<(), TarProblem> {
        let at = self.at;
        let State::MapText { entry, text, lines } = &mut self.state else {
            return Ok(());
        };
        let problem = TarProblem::SparseMap { at };
        if text.len() as u64 > entry.stored || text.len() > limits::SPARSE_PARTS * 42 {
            return Err(problem);
        }
        if *lines < MapText::lines(text) {
            return Ok(());
        }
        match MapText::read(text, limits::SPARSE_PARTS) {
            MapText::More => Ok(()),
            MapText::Malformed => Err(problem),
            MapText::Whole(map) => {
                // the fill-up counts from the header on, and blocks are whole ones
                entry.stored -= text.len() as u64;
                entry.entry.stored = entry.stored;
                let state = std::mem::replace(&mut self.state, State::Over);
                if let State::MapText { entry, .. } = state {
                    self.state = self.begin_sparse(entry, map);
                }
                Ok(())
            }
        }
    }
}

/// A size with its fill-up.
fn whole(size: u64) -> Result<u64, TarProblem> {
    size.checked_add(padding(size))
        .ok_or(TarProblem::Size { size })
}
