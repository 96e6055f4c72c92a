//! Files of a folder, opened with care: whoever made the folder may have put links, pipes
//! or devices in it.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::{Content, Files, Start, Work, fill, part_of, problem_of};
use crate::model::Transport;
use crate::transport::{Problem, describe_path};

/// A folder that exists, by its real path.
#[derive(Clone, Debug)]
pub(in crate::transport) struct Folder {
    root: PathBuf,
    /// The transport that reads it.
    asked: Transport,
}

impl Folder {
    /// Finds the folder at `path`, following links to it.
    pub(in crate::transport) fn open(path: &Path, asked: Transport) -> Result<Self, Problem> {
        let root = fs::canonicalize(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Problem::NoSuchPath,
            _ => problem_of(&error),
        })?;
        if root.is_dir() {
            Ok(Self { root, asked })
        } else {
            Err(describe_path(path, asked))
        }
    }

    /// Opens the file `name` inside of the folder, and gives its length in bytes.
    ///
    /// A link is followed as long as it stays inside. Nothing but a plain file is opened:
    /// opening a pipe would wait for whoever writes to it.
    fn file(&self, name: &str) -> Result<(File, u64), Problem> {
        let not_a_file = |found| Problem::NotAFile {
            file: name.to_owned(),
            found,
        };
        let real = fs::canonicalize(self.root.join(name)).map_err(|e| missing_or(&e))?;
        if !real.starts_with(&self.root) {
            return Err(not_a_file("a link that leads out of the folder"));
        }
        let metadata = fs::symlink_metadata(&real).map_err(|e| missing_or(&e))?;
        if let Some(found) = special(&metadata) {
            return Err(not_a_file(found));
        }
        let file = File::open(&real).map_err(|e| missing_or(&e))?;
        // asked of the open file: the name may stand for something else by now
        let metadata = file.metadata().map_err(|e| problem_of(&e))?;
        match special(&metadata) {
            Some(found) => Err(not_a_file(found)),
            None => Ok((file, metadata.len())),
        }
    }
}

/// What the file `name` in `folder` holds; nothing where it is not there, is longer than
/// `limit` bytes, or is no plain file.
pub(in crate::transport) fn file_in(folder: &Path, name: &str, limit: u64) -> Option<Vec<u8>> {
    let folder = Folder::open(folder, Transport::Dir).ok()?;
    folder.read(name, limit, &Work::default()).ok()
}

impl Files for Folder {
    fn open(&self, name: &str, range: Option<Range<u64>>, _: &Work) -> Result<Content, Problem> {
        let (mut file, whole) = self.file(name)?;
        let limited = range.is_some();
        let (start, length) = part_of(whole, range);
        if start > 0 {
            file.seek(SeekFrom::Start(start))
                .map_err(|e| problem_of(&e))?;
        }
        let reader: Box<dyn Read + Send> = if limited {
            Box::new(file.take(length))
        } else {
            Box::new(file)
        };
        Ok(Content { reader, length })
    }

    fn length(&self, name: &str) -> Result<u64, Problem> {
        self.file(name).map(|(_, length)| length)
    }

    fn start(&self, name: &str) -> Result<(Start, u64), Problem> {
        let (mut file, length) = self.file(name)?;
        let mut start = Start::default();
        fill(&mut file, &mut start).map_err(|e| problem_of(&e))?;
        Ok((start, length))
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, Problem> {
        let real = fs::canonicalize(self.root.join(folder)).map_err(|e| missing_or(&e))?;
        if !real.starts_with(&self.root) {
            return Err(Problem::NotAFile {
                file: folder.to_owned(),
                found: "a link that leads out of the folder",
            });
        }
        let entries = fs::read_dir(real).map_err(|e| missing_or(&e))?;
        let names = entries.map(|entry| entry.map(|entry| entry.file_name().into_string().ok()));
        let names: Result<Vec<_>, _> = names.collect();
        Ok(names
            .map_err(|e| problem_of(&e))?
            .into_iter()
            .flatten()
            .collect())
    }

    fn describe(&self) -> Problem {
        describe_path(&self.root, self.asked)
    }
}

fn missing_or(error: &io::Error) -> Problem {
    match error.kind() {
        // a part of the path that is a file instead of a folder means the same
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Problem::NotInFolder,
        _ => problem_of(error),
    }
}

/// What it is, where it is no plain file.
fn special(metadata: &Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    if kind.is_file() {
        None
    } else if kind.is_dir() {
        Some("a folder")
    } else {
        Some("a pipe, socket or device")
    }
}
