//! Where trust is kept, and reading the files that it stands in.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::SettingsError;
use super::plain_file::{no_plain_file, open_plain};
use crate::model::limits;

/// The user's trust policy: `trust.toml` in Porthole's settings folder. It need not be
/// there. Nothing where the system names no place for settings.
pub fn policy_file() -> Option<PathBuf> {
    let folders = directories::ProjectDirs::from("io.github", "porthole", "porthole")?;
    Some(folders.config_dir().join("trust.toml"))
}

/// Notation's trust store (`truststore` in its settings folder), beside which its
/// `trustpolicy.json` lies. It need not be there.
pub fn notation_store() -> Option<PathBuf> {
    let folders = directories::BaseDirs::new()?;
    Some(folders.config_dir().join("notation").join("truststore"))
}

/// The files of a store of certificates, each by its name.
pub type StoreFiles = Vec<(String, Vec<u8>)>;

/// Reads a store of certificates of a Notation trust store, the folder
/// `x509/KIND/NAME`: its files, by name. Nothing where it is not there.
///
/// # Errors
/// Where it or a file in it cannot be read, is a symbolic link or no file, or there are
/// more than [`limits::STORE_FILES`].
pub fn read_trust_store(
    store: &Path,
    kind: &str,
    name: &str,
) -> Result<Option<StoreFiles>, SettingsError> {
    let folder = store.join("x509").join(kind).join(name);
    let fail = |path: &Path, why: &dyn std::fmt::Display| SettingsError::new(path, why);
    let meta = match std::fs::symlink_metadata(&folder) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fail(&folder, &error)),
    };
    if !meta.is_dir() {
        return Err(fail(
            &folder,
            &"a trust store is a folder, and no symbolic link",
        ));
    }
    let entries = std::fs::read_dir(&folder).map_err(|error| fail(&folder, &error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| fail(&folder, &error))?;
        let kind = entry
            .file_type()
            .map_err(|error| fail(&entry.path(), &error))?;
        if !kind.is_file() {
            return Err(fail(&entry.path(), &"it is a folder or a symbolic link"));
        }
        paths.push(entry.path());
        if paths.len() > limits::STORE_FILES {
            let limit = limits::STORE_FILES;
            return Err(fail(
                &folder,
                &format_args!("it has more than {limit} files"),
            ));
        }
    }
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(bytes) = read_trust_file(&path)? {
            files.push((name.into_owned(), bytes));
        }
    }
    Ok(Some(files))
}

/// Reads a file of keys, certificates or policies, at most
/// [`limits::TRUST_FILE_BYTES`] long. Nothing where it is not there.
///
/// # Errors
/// Where it is there and cannot be read, is longer, or no plain file: a pipe is not waited for.
pub fn read_trust_file(path: &Path) -> Result<Option<Vec<u8>>, SettingsError> {
    let fail = |why: &dyn std::fmt::Display| SettingsError::new(path, why);
    let file = match open_plain(path) {
        Ok(Some(file)) => file,
        Ok(None) => return Err(no_plain_file(path)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fail(&error)),
    };
    let mut bytes = Vec::new();
    let limit = limits::TRUST_FILE_BYTES;
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| fail(&error))?;
    if bytes.len() as u64 > limit {
        return Err(SettingsError::too_long(path, limit));
    }
    Ok(Some(bytes))
}
