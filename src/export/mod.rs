//! Files of an image, written to this machine: one file, a folder, or a tar stream.
//!
//! What is written is planned from the [`FileTree`](crate::layer::FileTree): a file has one
//! path without links in it, so nothing can lead out of the folder that was chosen. Links
//! come last, and those that would lead out of it are turned so that they do not.

mod content;
mod file;
mod folder;
mod holes;
mod link;
mod plan;
mod tar;

use std::path::{Path, PathBuf};

use futures_util::future::BoxFuture;

use crate::layer::LayerError;
use crate::model::Descriptor;
use crate::transport::Source;

pub use plan::Plan;

/// Where files are written to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A folder that is not there yet, or is empty.
    Folder(PathBuf),
    /// The content of one file.
    File(PathBuf),
    /// A tar archive.
    Tar(PathBuf),
    /// A tar stream on the standard output.
    Stdout,
}

impl Target {
    /// The folder or file; nothing for the standard output.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) | Self::File(path) | Self::Tar(path) => Some(path),
            Self::Stdout => None,
        }
    }
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub files: usize,
    pub folders: usize,
    pub links: usize,
    /// Bytes of the files' content, each once.
    pub bytes: u64,
    /// Devices and pipes, which are not made in a folder.
    pub left_out: usize,
    /// Hard links that were left out: what they name is not there.
    pub without_target: usize,
    /// Links that would have led out of the folder, or nowhere in it, and were turned.
    pub turned: usize,
    /// Files that run as their owner or group in the image, and do not where they were
    /// written to.
    pub without_special_bits: usize,
    /// Files that were compared with no digest: the list of files has none for them.
    pub without_digest: usize,
    /// Entries of layers that lie nowhere: behind links that are not followed so far.
    pub lost: usize,
}

/// Where content is read from.
pub struct From<'a> {
    pub source: &'a dyn Source,
    /// The layers of the tree, the lowest first.
    pub layers: &'a [Descriptor],
}

/// Told how many bytes of content were written. An error ends the writing: within a hole,
/// however long, nothing else does.
pub type Progress<'a> = &'a (dyn Fn(u64) -> Result<(), LayerError> + Send + Sync);

/// Writes what `plan` holds to `target`, over a file that is there only where `replace` says
/// so. Dropping the future ends it, and nothing is left of what it wrote but for what went to
/// the standard output.
///
/// It writes on the thread that it runs on, which must be one that may wait for a disk.
///
/// # Errors
/// Where something cannot be read or written, or the target is one that is not written to.
pub fn write<'a>(
    plan: &'a Plan,
    from: From<'a>,
    target: &'a Target,
    replace: bool,
    progress: Progress<'a>,
) -> BoxFuture<'a, Result<Report, LayerError>> {
    match target {
        Target::Folder(path) => Box::pin(folder::write(plan, from, path, progress)),
        Target::File(path) => Box::pin(file::write(plan, from, path, replace, progress)),
        Target::Tar(path) => Box::pin(tar::write_file(plan, from, path, replace, progress)),
        Target::Stdout => Box::pin(tar::write(plan, from, std::io::stdout(), progress)),
    }
}

/// Why something could not be written.
fn failed(path: &std::path::Path, error: &std::io::Error) -> LayerError {
    LayerError::Write {
        path: path.display().to_string(),
        why: error.to_string(),
    }
}
