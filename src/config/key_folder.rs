//! The user's own signing keys: a folder with `NAME.key`, encrypted, and `NAME.pub` beside it.
//!
//! Only the owner may read what is written here, and each file appears whole or not at all.
//! What the files hold is not looked at.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::SettingsError;
use super::plain_file::{no_plain_file, open_plain};
use crate::model::{limits, wiping};

/// Longest name of a key, in bytes.
const NAME_BYTES: usize = 64;
/// Most keys that are listed.
const KEYS: usize = 1000;
/// Longest passphrase that is read from a file descriptor, in bytes.
const PASSPHRASE_BYTES: u64 = 64 << 10;

/// A folder of keys. It need not be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFolder {
    path: PathBuf,
}

/// What was given as a key's name, and is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no name for a key")]
pub struct KeyNameError(String);

/// The two files of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFiles {
    /// What it is called; the path without its ending where it lies outside of the folder.
    pub name: String,
    /// The encrypted private half.
    pub private: PathBuf,
    /// The public half; it need not be there.
    pub public: PathBuf,
}

impl KeyFolder {
    /// The user's folder, `keys` among Porthole's settings; nothing where the system names
    /// no place for settings.
    pub fn of_user() -> Option<Self> {
        let folders = directories::ProjectDirs::from("io.github", "porthole", "porthole")?;
        Some(Self::at(folders.config_dir().join("keys")))
    }

    /// A folder of one's choice.
    pub const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files of the key with this name, whether it is there or not.
    ///
    /// # Errors
    /// Where it is no name: letters, digits, `.`, `_` and `-`, the first a letter or digit.
    pub fn files(&self, name: &str) -> Result<KeyFiles, KeyNameError> {
        let first = name
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric());
        let all = name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if !first || !all || name.len() > NAME_BYTES {
            return Err(KeyNameError(name.chars().take(2 * NAME_BYTES).collect()));
        }
        Ok(KeyFiles {
            name: name.to_owned(),
            private: self.path.join(format!("{name}.key")),
            public: self.path.join(format!("{name}.pub")),
        })
    }

    /// The keys that are there, by name.
    ///
    /// # Errors
    /// Where the folder is there and cannot be read.
    pub fn list(&self) -> Result<Vec<KeyFiles>, SettingsError> {
        let entries = match std::fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(SettingsError::new(&self.path, error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| SettingsError::new(&self.path, error))?;
            let name = entry.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(".key"));
            let files = name.and_then(|name| self.files(name).ok());
            // a link that leads nowhere is told of
            let files =
                files.filter(|files| files.private.metadata().map_or(true, |m| m.is_file()));
            found.extend(files);
            if found.len() == KEYS {
                break;
            }
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }
}

impl KeyFiles {
    /// `PREFIX.key` and `PREFIX.pub`, as cosign calls the files of a pair.
    pub fn with_prefix(prefix: &Path) -> Self {
        let ending = |ending: &str| {
            let mut path = prefix.as_os_str().to_owned();
            path.push(ending);
            PathBuf::from(path)
        };
        Self {
            name: prefix.display().to_string(),
            private: ending(".key"),
            public: ending(".pub"),
        }
    }

    /// Whether there is a private half.
    pub fn exists(&self) -> bool {
        self.private.symlink_metadata().is_ok()
    }

    /// Writes both halves. The public one first: a key that is listed has one.
    ///
    /// # Errors
    /// Where one of the files is there already, or cannot be written. Nothing is written
    /// over, and of a pair that could not be written whole nothing stays.
    pub fn write(&self, private: &[u8], public: &[u8]) -> Result<(), SettingsError> {
        for path in [&self.private, &self.public] {
            if path.symlink_metadata().is_ok() {
                return Err(SettingsError::there(path));
            }
        }
        write_new(&self.public, public)?;
        write_new(&self.private, private).inspect_err(|_| {
            // ours, a moment old; where it cannot be removed it does no harm
            let _ = std::fs::remove_file(&self.public);
        })
    }

    /// Removes both halves, the private one first.
    ///
    /// # Errors
    /// Where there is no such key, or a file cannot be removed.
    pub fn remove(&self) -> Result<(), SettingsError> {
        let fail = |path: &Path, error| SettingsError::new(path, error);
        std::fs::remove_file(&self.private).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => fail(&self.private, "there is no such key".into()),
            _ => fail(&self.private, error.to_string()),
        })?;
        match std::fs::remove_file(&self.public) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(fail(&self.public, error.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// Reads the private half, encrypted as it lies there.
    ///
    /// # Errors
    /// As [`read_key_file`].
    pub fn read_private(&self) -> Result<Zeroizing<Vec<u8>>, SettingsError> {
        read_key_file(&self.private)
    }

    /// Reads the public half; nothing where it is not there.
    ///
    /// # Errors
    /// Where it is there and cannot be read.
    pub fn read_public(&self) -> Result<Option<Vec<u8>>, SettingsError> {
        super::read_trust_file(&self.public)
    }
}

/// Reads a file that may hold a secret, at most [`limits::TRUST_FILE_BYTES`] long.
///
/// # Errors
/// Where it is not there, is longer, cannot be read, or is no plain file: it is read more than
/// once, and a pipe is not waited for.
pub fn read_key_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, SettingsError> {
    match open_plain(path) {
        Ok(Some(file)) => read_secret(path, file),
        Ok(None) => Err(no_plain_file(path)),
        Err(error) => Err(SettingsError::new(path, error)),
    }
}

/// The same of an identity token, which is read once: it may come out of a pipe.
///
/// # Errors
/// Where it is not there, is longer, or cannot be read.
pub fn read_token_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, SettingsError> {
    let file = std::fs::File::open(path).map_err(|error| SettingsError::new(path, error))?;
    read_secret(path, file)
}

fn read_secret(path: &Path, file: std::fs::File) -> Result<Zeroizing<Vec<u8>>, SettingsError> {
    wiping::from_now_on();
    let fail = |error: std::io::Error| SettingsError::new(path, error);
    let length = file.metadata().map_err(fail)?.len();
    let limit = limits::TRUST_FILE_BYTES;
    if length > limit {
        return Err(SettingsError::too_long(path, limit));
    }
    // room for all of it at once: growing would leave copies of it behind
    let room = usize::try_from(length).unwrap_or_default().max(64 << 10) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(limit + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > limit {
        return Err(SettingsError::too_long(path, limit));
    }
    Ok(bytes)
}

/// Reads a passphrase from an open file descriptor: all of it, without the end of its last
/// line.
///
/// # Errors
/// Where nothing can be read from it.
pub fn read_passphrase_fd(number: u32) -> Result<super::Secret, SettingsError> {
    wiping::from_now_on();
    let path = PathBuf::from(format!("/dev/fd/{number}"));
    let fail = |why: &str| SettingsError::new(&path, why);
    let file = std::fs::File::open(&path).map_err(|error| SettingsError::new(&path, error))?;
    // room for all of it at once: growing would leave copies of it behind
    let mut text = String::with_capacity(PASSPHRASE_BYTES as usize + 1);
    let read = file.take(PASSPHRASE_BYTES + 1).read_to_string(&mut text);
    let too_long = text.len() as u64 > PASSPHRASE_BYTES;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    let secret = super::Secret::new(text);
    match read {
        Ok(_) if too_long => Err(fail("a passphrase is a text of at most 64 KiB")),
        Ok(_) => Ok(secret),
        Err(_) => Err(fail("no text can be read from it")),
    }
}

/// Writes a file that only its owner may read, whole or not at all, and nothing over.
///
/// # Errors
/// Where it is there already, or cannot be written.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), SettingsError> {
    let (folder, temporary) = temporary(path, bytes)?;
    temporary
        .persist_noclobber(path)
        .map_err(|error| match error.error.kind() {
            std::io::ErrorKind::AlreadyExists => SettingsError::there(path),
            _ => SettingsError::new(path, error.error),
        })?;
    sync(folder, path)
}

/// Writes a file that only its owner may read, whole or not at all, over what is there.
pub(super) fn write_over(path: &Path, bytes: &[u8]) -> Result<(), SettingsError> {
    let (folder, temporary) = temporary(path, bytes)?;
    let placed = temporary.persist(path);
    placed.map_err(|error| SettingsError::new(path, error.error))?;
    sync(folder, path)
}

/// What is to lie at `path`, in a file beside it, and the folder.
fn temporary<'a>(
    path: &'a Path,
    bytes: &[u8],
) -> Result<(&'a Path, tempfile::NamedTempFile), SettingsError> {
    let fail = |error: std::io::Error| SettingsError::new(path, error);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(fail)?;
    // made for its owner alone
    let mut temporary = tempfile::Builder::new()
        .prefix(".key-")
        .tempfile_in(folder)
        .map_err(fail)?;
    temporary.write_all(bytes).map_err(fail)?;
    temporary.as_file().sync_all().map_err(fail)?;
    Ok((folder, temporary))
}

/// Forces to the disk that `path` is in `folder`.
fn sync(folder: &Path, path: &Path) -> Result<(), SettingsError> {
    if cfg!(unix) {
        let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| SettingsError::new(path, error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_written_for_its_owner_alone_never_over_and_removed_whole() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::at(folder.path().join("deep/keys"));
        assert_eq!(keys.list().unwrap(), []);
        let files = keys.files("release").unwrap();
        files.write(b"private", b"public").unwrap();
        assert_eq!(keys.list().unwrap(), std::slice::from_ref(&files));
        assert_eq!(**files.read_private().unwrap(), *b"private");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            for path in [&files.private, &files.public] {
                let mode = path.metadata().unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600, "{path:?}");
            }
            let mode = keys.path().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        let again = files.write(b"other", b"other").unwrap_err();
        assert!(again.why.contains("already"), "{again}");
        assert_eq!(**files.read_private().unwrap(), *b"private");
        files.remove().unwrap();
        assert_eq!(keys.list().unwrap(), []);
        assert_eq!(std::fs::read_dir(keys.path()).unwrap().count(), 0);
        assert!(files.remove().unwrap_err().why.contains("no such key"));
        assert!(again.hint.unwrap().contains("another name"), "{again:?}");
    }

    #[test]
    fn names_are_no_paths() {
        let keys = KeyFolder::at(PathBuf::from("/nowhere"));
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "../a",
            "a b",
            "-a",
            ".a",
            &"a".repeat(65),
        ] {
            let error = keys.files(name).unwrap_err().to_string();
            assert!(
                error.contains("no name") && !error.contains("nowhere"),
                "{error}"
            );
        }
        for name in ["a", "release-2026", "x.y_z"] {
            assert!(keys.files(name).is_ok(), "{name:?}");
        }
    }
}
