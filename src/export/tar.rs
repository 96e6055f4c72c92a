//! A tar stream of the flattened file system: owners, modes, devices and attributes as the
//! image has them. Names and numbers that an old header has no room for are in PAX records
//! (POSIX.1-2001 pax, "pax Extended Header").

use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::layer::{Entry, EntryKind, FileNode, LayerError};
use crate::model::pax;

use super::content::{Sink, read};
use super::file::{beside, check_free, persist};
use super::plan::Content;
use super::{From, Plan, Progress, Report, failed};

/// Bytes of a block.
const BLOCK: usize = 512;

/// Largest number in 11 octal digits: sizes and times.
const LARGEST: u64 = 0o777_7777_7777;

/// Largest number in 7 octal digits: owners.
const LARGEST_ID: u32 = 0o777_7777;

pub(super) async fn write_file(
    plan: &Plan,
    from: From<'_>,
    path: &Path,
    replace: bool,
    progress: Progress<'_>,
) -> Result<Report, LayerError> {
    check_free(path, replace)?;
    let mut file = beside(path)?;
    let report = write(plan, from, file.as_file_mut(), progress).await?;
    super::folder::set_mode(file.path(), 0o644).map_err(|error| failed(path, &error))?;
    persist(file, path, replace)?;
    Ok(report)
}

pub(super) async fn write(
    plan: &Plan,
    from: From<'_>,
    out: impl Write + Send,
    progress: Progress<'_>,
) -> Result<Report, LayerError> {
    let mut tar = Tar {
        plan,
        out: BufWriter::with_capacity(256 << 10, out),
        progress,
        written: 0,
    };
    for number in &plan.folders {
        tar.entry(&plan.node(*number)?, b'5', 0, &[])?;
    }
    read(plan, &from, &mut tar).await?;
    for name in &plan.names {
        let first = plan.node(plan.contents[name.content].node)?;
        let target = tar.name(&first);
        tar.entry(&plan.node(name.node)?, b'1', 0, &target)?;
    }
    for number in &plan.symlinks {
        let node = plan.node(*number)?;
        let target = node.entry().and_then(|entry| entry.link());
        tar.entry(&node, b'2', 0, target.unwrap_or_default())?;
    }
    for number in &plan.special {
        let node = plan.node(*number)?;
        let kind = match node.kind() {
            EntryKind::CharDevice => b'3',
            EntryKind::BlockDevice => b'4',
            _ => b'6',
        };
        tar.entry(&node, kind, 0, &[])?;
    }
    tar.write(&[0; 2 * BLOCK])?;
    tar.out.flush().map_err(|error| output(&error))?;
    Ok(Report {
        files: plan.contents.len() + plan.names.len(),
        folders: plan.folders.len(),
        links: plan.symlinks.len(),
        bytes: plan.bytes,
        ..plan.report()
    })
}

fn output(error: &io::Error) -> LayerError {
    LayerError::Write {
        path: "the archive".to_owned(),
        why: error.to_string(),
    }
}

struct Tar<'a, W: Write> {
    plan: &'a Plan,
    out: BufWriter<W>,
    progress: Progress<'a>,
    /// Bytes of the content that is being written.
    written: u64,
}

impl<W: Write> Tar<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), LayerError> {
        self.out.write_all(bytes).map_err(|error| output(&error))
    }

    fn pad(&mut self, size: u64) -> Result<(), LayerError> {
        let over = (size % BLOCK as u64) as usize;
        match over {
            0 => Ok(()),
            over => self.write(&[0; BLOCK][..BLOCK - over]),
        }
    }

    /// The name in the archive, relative to what is written; a folder ends with a slash.
    fn name(&self, node: &FileNode<'_>) -> Vec<u8> {
        let names = self.plan.names_of(node);
        let mut name = b"./".to_vec();
        name.extend_from_slice(&names.join(&b'/'));
        if names.is_empty() && node.kind() != EntryKind::Directory {
            name = node.name().to_vec();
        }
        if node.kind() == EntryKind::Directory && !names.is_empty() {
            name.push(b'/');
        }
        name
    }

    fn entry(
        &mut self,
        node: &FileNode<'_>,
        kind: u8,
        size: u64,
        link: &[u8],
    ) -> Result<(), LayerError> {
        let name = self.name(node);
        let entry = node.entry();
        let records = records(&name, link, size, entry.as_ref());
        if !records.is_empty() {
            let bytes = records.len() as u64;
            let mut header = Header::new(b"PaxHeaders/entry", b'x', bytes);
            header.numbers(0o644, 0, 0, 0);
            self.write(&header.bytes())?;
            self.write(&records)?;
            self.pad(bytes)?;
        }
        let mut header = Header::new(&name, kind, size);
        header.link(link);
        match &entry {
            Some(entry) => {
                header.numbers(entry.mode(), entry.uid(), entry.gid(), entry.mtime().0);
                if let Some((major, minor)) = entry.extra().and_then(|extra| extra.device) {
                    header.device(major, minor);
                }
            }
            None => header.numbers(0o755, 0, 0, 0),
        }
        self.write(&header.bytes())
    }
}

impl<W: Write + Send> Sink for Tar<'_, W> {
    fn begin(&mut self, content: &Content) -> Result<(), LayerError> {
        let node = self.plan.node(content.node)?;
        self.written = 0;
        self.entry(&node, b'0', content.part.size, &[])
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), LayerError> {
        self.written += bytes.len() as u64;
        (self.progress)(bytes.len() as u64)?;
        self.write(bytes)
    }

    fn end(&mut self, content: &Content) -> Result<(), LayerError> {
        if self.written != content.part.size {
            return Err(LayerError::Write {
                path: content.part.shown(),
                why: format!("{} bytes of {} came", self.written, content.part.size),
            });
        }
        self.pad(content.part.size)
    }
}

/// The PAX records of what a header has no room for; empty where it has.
fn records(name: &[u8], link: &[u8], size: u64, entry: Option<&Entry<'_>>) -> Vec<u8> {
    let mut records = Vec::new();
    let is_text = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok();
    let (long_name, long_link) = (name.len() > 100, link.len() > 100);
    if (long_name && !is_text(name)) || (long_link && !is_text(link)) {
        pax::append(&mut records, "hdrcharset", b"BINARY");
    }
    if long_name {
        pax::append(&mut records, "path", name);
    }
    if long_link {
        pax::append(&mut records, "linkpath", link);
    }
    if size > LARGEST {
        pax::append(&mut records, "size", size.to_string().as_bytes());
    }
    let Some(entry) = entry else {
        return records;
    };
    for (key, id) in [("uid", entry.uid()), ("gid", entry.gid())] {
        if id > LARGEST_ID {
            pax::append(&mut records, key, id.to_string().as_bytes());
        }
    }
    let (seconds, nanoseconds) = entry.mtime();
    let fits = u64::try_from(seconds).is_ok_and(|seconds| seconds <= LARGEST);
    if nanoseconds > 0 || !fits {
        let time = time_text(seconds, nanoseconds);
        pax::append(&mut records, "mtime", time.as_bytes());
    }
    if let Some(extra) = entry.extra() {
        for (name, value) in &extra.xattrs {
            // a key of a record has no `=` in it
            if let Ok(name) = std::str::from_utf8(name)
                && !name.contains('=')
            {
                pax::append(&mut records, &format!("SCHILY.xattr.{name}"), value);
            }
        }
    }
    records
}

/// Decimal seconds; a fraction counts upwards from the whole second below.
fn time_text(seconds: i64, nanoseconds: u32) -> String {
    if seconds >= 0 || nanoseconds == 0 {
        return match nanoseconds {
            0 => seconds.to_string(),
            nanoseconds => format!("{seconds}.{nanoseconds:09}"),
        };
    }
    let (whole, part) = (-(seconds + 1), 1_000_000_000 - nanoseconds);
    format!("-{whole}.{part:09}")
}

/// A header block.
struct Header([u8; BLOCK]);

impl Header {
    fn new(name: &[u8], kind: u8, size: u64) -> Self {
        let mut header = Self([0; BLOCK]);
        let name = &name[..name.len().min(100)];
        header.0[..name.len()].copy_from_slice(name);
        header.octal(124, 11, size.min(LARGEST));
        header.0[156] = kind;
        header.0[257..265].copy_from_slice(b"ustar\x0000");
        header
    }

    fn octal(&mut self, at: usize, digits: usize, value: u64) {
        let text = format!("{value:0digits$o}");
        self.0[at..at + digits].copy_from_slice(&text.as_bytes()[text.len() - digits..]);
    }

    fn link(&mut self, link: &[u8]) {
        let link = &link[..link.len().min(100)];
        self.0[157..157 + link.len()].copy_from_slice(link);
    }

    fn numbers(&mut self, mode: u32, uid: u32, gid: u32, seconds: i64) {
        self.octal(100, 7, u64::from(mode & 0o7777));
        self.octal(108, 7, u64::from(uid.min(LARGEST_ID)));
        self.octal(116, 7, u64::from(gid.min(LARGEST_ID)));
        let seconds = u64::try_from(seconds).unwrap_or(0);
        self.octal(136, 11, seconds.min(LARGEST));
    }

    fn device(&mut self, major: u32, minor: u32) {
        self.octal(329, 7, u64::from(major.min(LARGEST_ID)));
        self.octal(337, 7, u64::from(minor.min(LARGEST_ID)));
    }

    fn bytes(mut self) -> [u8; BLOCK] {
        self.0[148..156].copy_from_slice(b"        ");
        let sum: u64 = self.0.iter().map(|byte| u64::from(*byte)).sum();
        let text = format!("{sum:06o}\0 ");
        self.0[148..156].copy_from_slice(text.as_bytes());
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_1970_have_their_fraction() {
        assert_eq!(time_text(1, 500_000_000), "1.500000000");
        assert_eq!(time_text(-1, 0), "-1");
        // half a second before
        assert_eq!(time_text(-1, 500_000_000), "-0.500000000");
    }
}
