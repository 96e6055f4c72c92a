//! A file written whole or not at all, beside its place and then renamed.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

/// Writes over what is at `path`, which stays until all is written. Its mode stays as it was,
/// and a link stays one: what it leads to is written. It waits for the disk.
///
/// # Errors
/// Where the folder is missing, or cannot be written to.
pub fn write_over(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let followed = match fs::canonicalize(path) {
        Ok(followed) => followed,
        Err(_) if fs::symlink_metadata(path).is_err() => path.to_owned(),
        Err(error) => return Err(error),
    };
    let mut file = beside(&followed)?;
    if let Ok(before) = fs::metadata(&followed) {
        let mode = before.permissions();
        if file.as_file().metadata()?.permissions() != mode {
            file.as_file().set_permissions(mode)?;
        }
    }
    fill(&mut file, bytes)?;
    file.persist(&followed)?;
    Ok(())
}

/// Gives `path` to a new file, where nothing may be: the system looks and names in one step. It
/// waits for the disk.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where something is called so; then it stays as it is.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = beside(path)?;
    fill(&mut file, bytes)?;
    file.persist_noclobber(path)?;
    Ok(())
}

fn fill(file: &mut NamedTempFile, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.as_file().sync_all()
}

/// A file beside `path` that goes again unless it gets a name.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".porthole-");
    // as any file that is new, and not for its owner alone
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}
