//! Opening files that somebody names: a pipe or a device would be waited for, and gives what
//! it has only once.

use std::fs::File;
use std::io;
use std::path::Path;

use super::SettingsError;

/// Opens the file at `path` to read it; nothing where that is no plain file. Links are
/// followed.
///
/// # Errors
/// Where it is not there or may not be read.
pub fn open_plain(path: &Path) -> io::Result<Option<File>> {
    // opening a pipe would wait for whoever writes to it
    if !std::fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    let file = File::open(path)?;
    // asked of the open file: the name may stand for something else by now
    let is_plain = file.metadata()?.is_file();
    Ok(is_plain.then_some(file))
}

/// As it is told of a file that is no plain one, and what to do.
pub(super) fn no_plain_file(path: &Path) -> SettingsError {
    SettingsError::new(
        path,
        "it is no plain file, but a folder, a pipe or a device: write what it gives into a file \
         of your own, and name that",
    )
}
