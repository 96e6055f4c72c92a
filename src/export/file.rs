//! One file, whole or not at all.

use std::fs::File;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::layer::LayerError;

use super::content::{Sink, read};
use super::holes::Writer;
use super::plan::Content;
use super::{From, Plan, Progress, Report, failed};

pub(super) async fn write(
    plan: &Plan,
    from: From<'_>,
    path: &Path,
    replace: bool,
    progress: Progress<'_>,
) -> Result<Report, LayerError> {
    check_free(path, replace)?;
    if !plan.is_one_file() {
        let top = plan.top()?.path();
        return Err(LayerError::NoContent {
            path: String::from_utf8_lossy(&top).into_owned(),
            what: "folder",
        });
    }
    let content = &plan.contents[0];
    let mut writing = Writing {
        file: Writer::new(beside(path)?, content.has_holes()),
        path,
        progress,
    };
    read(plan, &from, &mut writing).await?;
    let file = writing.file.finish();
    let file = file.map_err(|error| failed(path, &error))?;
    let mode = plan.node(content.node)?.entry().map_or(0o644, |e| e.mode());
    super::folder::set_mode(file.path(), mode & 0o777).map_err(|error| failed(path, &error))?;
    persist(file, path, replace)?;
    Ok(Report {
        files: 1,
        bytes: plan.bytes,
        without_special_bits: usize::from(mode & 0o6000 != 0),
        ..plan.report()
    })
}

/// A new file in the folder of `path`, which goes again unless it is kept.
pub(super) fn beside(path: &Path) -> Result<NamedTempFile, LayerError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    tempfile::Builder::new()
        .prefix(".porthole-")
        .tempfile_in(folder)
        .map_err(|error| failed(path, &error))
}

/// Whether a file may be written there: nothing lies there, or it may be replaced.
pub(super) fn check_free(path: &Path, replace: bool) -> Result<(), LayerError> {
    match replace || std::fs::symlink_metadata(path).is_err() {
        true => Ok(()),
        false => Err(there(path)),
    }
}

fn there(path: &Path) -> LayerError {
    LayerError::There {
        path: path.display().to_string(),
    }
}

/// Gives a file its name, in place of what was there only where `replace` says so: a link is
/// replaced, never followed.
pub(super) fn persist(file: NamedTempFile, path: &Path, replace: bool) -> Result<(), LayerError> {
    file.as_file()
        .sync_all()
        .map_err(|error| failed(path, &error))?;
    let kept: Result<File, _> = match replace {
        true => file.persist(path),
        false => file.persist_noclobber(path),
    };
    kept.map_err(|error| match error.error.kind() {
        std::io::ErrorKind::AlreadyExists => there(path),
        _ => failed(path, &error.error),
    })?;
    Ok(())
}

struct Writing<'a> {
    file: Writer<NamedTempFile>,
    path: &'a Path,
    progress: Progress<'a>,
}

impl Sink for Writing<'_> {
    fn begin(&mut self, _: &Content) -> Result<(), LayerError> {
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), LayerError> {
        self.file
            .bytes(bytes)
            .map_err(|error| failed(self.path, &error))?;
        (self.progress)(bytes.len() as u64)
    }

    fn end(&mut self, _: &Content) -> Result<(), LayerError> {
        Ok(())
    }
}
