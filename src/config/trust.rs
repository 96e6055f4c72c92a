//! Where trust is kept, and reading the files that it stands in.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::SettingsError;
use crate::model::limits;

/// The user's trust policy: `trust.toml` in Porthole's settings folder. It need not be
/// there. Nothing where the system names no place for settings.
pub fn policy_file() -> Option<PathBuf> {
    let folders = directories::ProjectDirs::from("io.github", "porthole", "porthole")?;
    Some(folders.config_dir().join("trust.toml"))
}

/// Reads a file of keys, certificates or policies, at most
/// [`limits::TRUST_FILE_BYTES`] long. Nothing where it is not there.
///
/// # Errors
/// Where it is there and cannot be read, or is longer.
pub fn read_trust_file(path: &Path) -> Result<Option<Vec<u8>>, SettingsError> {
    let fail = |why: &dyn std::fmt::Display| SettingsError::new(path, why);
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fail(&error)),
    };
    let mut bytes = Vec::new();
    let limit = limits::TRUST_FILE_BYTES;
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| fail(&error))?;
    if bytes.len() as u64 > limit {
        return Err(fail(&format_args!("it has more than {limit} bytes")));
    }
    Ok(Some(bytes))
}
