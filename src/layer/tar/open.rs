//! From a header to the entry that it opens: with what extends it, up to where its content
//! begins.

use crate::layer::entry::{Attributes, Extra, NewEntry, clean_path, whiteout};
use crate::layer::{EntryKind, Marks, Objection};
use crate::model::limits;

use super::content::{self, Content};
use super::extension::{Extension, MapText, id, said};
use super::header::{BLOCK, Header, Type};
use super::{Opened, State, TarProblem, TarReader, check_names, padding};

impl TarReader {
    pub(super) fn header(&mut self, block: Box<[u8; BLOCK]>) -> Result<State, TarProblem> {
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

    pub(super) fn extend(&mut self, kind: Type, bytes: &[u8]) -> Result<(), TarProblem> {
        let at = self.at - bytes.len() as u64;
        match kind {
            Type::LongName => self.extension.long_name = said(bytes),
            Type::LongLink => self.extension.long_link = said(bytes),
            Type::Pax => {
                let read = self.extension.read(bytes);
                read.ok_or(TarProblem::Extension { at })?;
                if self.extension.zero_in_name {
                    self.objection.get_or_insert(Objection::ZeroInName);
                }
            }
            // runtimes take nothing from global ones, and forget what came before them
            _ => self.extension = Extension::default(),
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
            .or(extension.long_name)
            .or(extension.path)
            .unwrap_or_else(|| header.name());
        let link = extension.long_link.or(extension.link);
        check_names(&name, link.as_deref())?;
        let (kind, is_dump) = match header.kind() {
            Type::Hardlink => (EntryKind::Hardlink, false),
            Type::Symlink => (EntryKind::Symlink, false),
            Type::Char => (EntryKind::CharDevice, false),
            Type::Block => (EntryKind::BlockDevice, false),
            Type::Directory => (EntryKind::Directory, header.is_dump()),
            Type::Fifo => (EntryKind::Fifo, false),
            // what old archives call a folder; where the type says that it is a file, it is one
            _ if name.ends_with(b"/") && header.has_no_type() => (EntryKind::Directory, false),
            _ => (EntryKind::File, false),
        };
        let size = extension.size.unwrap_or(size);
        // only files have content, whatever a header says (Go's archive/tar, which runtimes
        // read with, has it so)
        let stored = if kind == EntryKind::File { size } else { 0 };
        if i64::try_from(stored).is_err() || self.at.checked_add(whole(stored)?).is_none() {
            return Err(TarProblem::Size { size: stored });
        }
        let opened = self.opened(header, &name, kind, link, stored, |marks| {
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
        if is_dump {
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
        let stored = content::stored(&map, entry.entry.size);
        if stored != Some(entry.stored) {
            self.objection.get_or_insert(Objection::SparseMap);
        }
        let content = Content::sparse(map, entry.entry.size, &mut self.holes);
        self.begin_content(entry, Some(content))
    }

    pub(super) fn map_is_whole(&mut self) {
        let state = std::mem::replace(&mut self.state, State::Over);
        if let State::GnuMap { entry, map, .. } = state {
            self.state = self.begin_sparse(entry, map);
        }
    }

    pub(super) fn read_map_text(&mut self) -> Result<(), TarProblem> {
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
