//! `porthole export-files`: files of an image, written to this machine.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::engine::{EngineConfig, Failure, SaveRequest, SaveTarget, SavedFiles};
use crate::layer::LayerError;
use crate::model::text;

use super::CliError;
use super::manifest_files::{Manifest, WhichImage};

/// Write files of an image into a folder, or as a tar stream.
///
/// Into a folder: no devices and pipes, no owners, no setuid bits; links that would lead out
/// of it are turned so that they do not. A tar stream has everything.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("target").required(true).args(["folder", "tar", "file"])))]
pub(super) struct ExportFiles {
    #[command(flatten)]
    which: WhichImage,

    /// The folder to write into: it must not be there yet, or be empty.
    folder: Option<PathBuf>,

    /// Write a tar archive instead; - for the standard output.
    #[arg(long, value_name = "FILE")]
    tar: Option<PathBuf>,

    /// Write the content of the one file that --path names.
    #[arg(long, value_name = "FILE", requires = "path")]
    file: Option<PathBuf>,

    /// Write over a file that is there, with --tar and --file.
    #[arg(long, conflicts_with = "folder")]
    force: bool,

    /// Only this file, or this folder with everything in it.
    #[arg(long, value_name = "PATH")]
    path: Option<OsString>,

    /// The image as it stands at this layer; layers count from 0.
    #[arg(long, value_name = "N")]
    at: Option<usize>,
}

impl ExportFiles {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        let target = match (self.folder, self.tar, self.file) {
            (Some(folder), _, _) => SaveTarget::Folder(folder),
            (_, Some(tar), _) if tar.as_os_str() == "-" => SaveTarget::Stdout,
            (_, Some(tar), _) => SaveTarget::Tar(tar),
            (_, _, Some(file)) => SaveTarget::File(file),
            // clap asks for one of them
            (None, None, None) => SaveTarget::Stdout,
        };
        // nothing is read in vain
        if let SaveTarget::Tar(path) | SaveTarget::File(path) = &target
            && !self.force
            && path.symlink_metadata().is_ok()
        {
            let path = path.display().to_string();
            return Err(Failure::from(LayerError::There { path }).into());
        }
        let image = Manifest::open(config, &self.which)?;
        let path = self.path.unwrap_or_else(|| "/".into());
        let saved = image.save(SaveRequest {
            path: path.into_encoded_bytes(),
            at: self.at,
            to: target,
            allowance: image.allowance(),
            replace: self.force,
        })?;
        eprintln!("{}", said(&saved));
        Ok(())
    }
}

/// What was written, and what was not, in one line.
fn said(saved: &SavedFiles) -> String {
    let mut words = format!(
        "{} files, {} folders, {} links, {}",
        saved.files,
        saved.folders,
        saved.links,
        text::size(saved.bytes)
    );
    for (count, what) in [
        (saved.turned, "links turned to stay in the folder"),
        (saved.left_out, "devices and pipes left out"),
        (
            saved.without_target,
            "hard links left out: what they name is not there",
        ),
        (
            saved.without_special_bits,
            "files without their setuid or setgid bit",
        ),
        (
            saved.without_digest,
            "files not verified: the list of files has no digest for them",
        ),
        (
            saved.lost,
            "entries left out: they lie behind links that lead nowhere",
        ),
    ] {
        if count > 0 {
            words.push_str(&format!("; {count} {what}"));
        }
    }
    words
}
