//! The user's own signing keys: made, taken in, listed, shown, given out, removed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{
    KeyFiles, KeyFolder, KeyNameError, Secret, SettingsError, read_key_file, write_new,
};
use crate::engine::crash;
use crate::signature::sign::{KeyFacts, KeyImportError, PrivateKey, SigningKey, describe_public};
use crate::signature::x509::KeyKind;

use super::{Failure, Outcome, Shared};

/// Something to be done with the user's own keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyChore {
    /// Lists the keys of the user's folder. Ends with [`Outcome::Keys`], or with
    /// [`Outcome::KeysNotListed`].
    List,
    /// Says what there is to say of one key without opening it. Ends with
    /// [`Outcome::KeyShown`].
    Show { key: String },
    /// Makes a key and keeps it encrypted. Ends with [`Outcome::KeyKept`].
    Generate {
        target: KeyTarget,
        kind: KeyKind,
        passphrase: Secret,
    },
    /// Takes a key in from a file. `passphrase` opens it where it is encrypted; it is kept
    /// under `new`, or under the same. Ends with [`Outcome::KeyKept`].
    Import {
        file: PathBuf,
        target: KeyTarget,
        passphrase: Option<Secret>,
        new: Option<Secret>,
    },
    /// Gives the public half out, to a file or only to whoever asked. Ends with
    /// [`Outcome::KeyShown`].
    Export { key: String, file: Option<PathBuf> },
    /// Removes a key of the user's folder. Ends with [`Outcome::KeyDeleted`].
    Delete { key: String },
}

/// Where a new key is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyTarget {
    /// Under this name in the user's folder.
    Named(String),
    /// As `PREFIX.key` and `PREFIX.pub`.
    Prefix(PathBuf),
}

/// A key as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    pub name: String,
    /// The file of its private half.
    pub path: PathBuf,
    /// Nothing where the public half is missing or cannot be read.
    pub facts: Option<KeyFacts>,
    /// Whether a passphrase is needed to sign with it.
    pub encrypted: bool,
    /// Why its file cannot be used, whatever the passphrase, and what to do; nothing where it
    /// can.
    pub problem: Option<String>,
}

/// Does a chore with keys. Hashing a passphrase takes long and much memory: not on a thread
/// that others wait for.
pub(super) async fn run(shared: &Shared, chore: KeyChore) -> Outcome {
    let folder = shared.config.trust.own_keys.clone();
    let listing = matches!(chore, KeyChore::List);
    let done = tokio::task::spawn_blocking(move || done(folder, chore)).await;
    let ended = || Failure::refused("the key's work was ended", "Try again").into();
    match done.unwrap_or_else(|_| Err(ended())) {
        Ok(outcome) => outcome,
        Err(KeyFailure { failure, .. }) if listing => Outcome::KeysNotListed(Arc::new(failure)),
        Err(KeyFailure { failure, ask }) => Outcome::KeyFailed {
            failure: Arc::new(failure),
            ask,
        },
    }
}

/// A failure, and whether another passphrase may help.
pub(in crate::engine) struct KeyFailure {
    pub failure: Failure,
    pub ask: bool,
}

impl From<Failure> for KeyFailure {
    fn from(failure: Failure) -> Self {
        let ask = false;
        Self { failure, ask }
    }
}

impl From<SettingsError> for KeyFailure {
    fn from(error: SettingsError) -> Self {
        let hint = "Check the path, and who may read and write there";
        Failure::refused(error.to_string(), error.hint.unwrap_or(hint)).into()
    }
}

impl From<KeyNameError> for KeyFailure {
    fn from(error: KeyNameError) -> Self {
        let hint = "Choose one of letters, digits, '.', '_' and '-', at most 64 of them, the first a letter or a digit";
        Failure::refused(error.to_string(), hint).into()
    }
}

fn done(folder: Option<PathBuf>, chore: KeyChore) -> Result<Outcome, KeyFailure> {
    match chore {
        KeyChore::List => {
            let Some(folder) = folder.map(KeyFolder::at) else {
                return Err(no_folder());
            };
            let keys = folder.list()?.into_iter().map(info);
            Ok(Outcome::Keys {
                keys: keys.collect::<Vec<_>>().into(),
                folder: folder.path().to_owned(),
            })
        }
        KeyChore::Show { key } => Ok(Outcome::KeyShown {
            key: existing(folder.as_deref(), &key)?,
            saved: None,
        }),
        KeyChore::Generate {
            target,
            kind,
            passphrase,
        } => {
            let files = new_files(folder, &target)?;
            let key = SigningKey::generate(kind).map_err(|error| of_key("a new key", error))?;
            keep(files, &PrivateKey::Plain(key), &passphrase)
        }
        KeyChore::Import {
            file,
            target,
            passphrase,
            new,
        } => {
            let files = new_files(folder, &target)?;
            let bytes = read_key_file(&file)?;
            let given = passphrase.as_ref().map(|p| p.expose().as_bytes());
            let key = PrivateKey::read(&bytes, given);
            let key = key.map_err(|error| of_key(&file.display().to_string(), error))?;
            let passphrase = new.or(passphrase).unwrap_or_default();
            keep(files, &key, &passphrase)
        }
        KeyChore::Export { key, file } => {
            let key = existing(folder.as_deref(), &key)?;
            let Some(facts) = &key.facts else {
                return Err(no_public(&key).into());
            };
            if let Some(file) = &file {
                write_new(file, facts.public.as_bytes())?;
            }
            Ok(Outcome::KeyShown { key, saved: file })
        }
        KeyChore::Delete { key } => {
            let Some(folder) = folder.map(KeyFolder::at) else {
                return Err(no_folder());
            };
            let files = folder.files(&key).ok().filter(KeyFiles::exists);
            let Some(files) = files else {
                return Err(no_key(
                    &key,
                    "Choose a key that is there (porthole keys list)",
                ));
            };
            files.remove()?;
            Ok(Outcome::KeyDeleted { name: files.name })
        }
    }
}

fn no_folder() -> KeyFailure {
    let what = "there is no folder for keys";
    Failure::refused(what, "Set HOME or XDG_CONFIG_HOME, or name files").into()
}

fn no_key(key: &str, hint: &str) -> KeyFailure {
    Failure::refused(format!("there is no key {key}"), hint).into()
}

fn no_public(key: &KeyInfo) -> Failure {
    Failure::refused(
        format!("the public half of the key {} is not beside it", key.name),
        "Import the key again under another name",
    )
}

/// What reading a key failed of, as it is told.
pub(in crate::engine) fn of_key(what: &str, error: KeyImportError) -> KeyFailure {
    let failure = Failure::refused(format!("{what}: {error}"), error.hint());
    let ask = error.is_passphrase();
    KeyFailure { failure, ask }
}

fn new_files(folder: Option<PathBuf>, target: &KeyTarget) -> Result<KeyFiles, KeyFailure> {
    let files = match target {
        KeyTarget::Prefix(prefix) => KeyFiles::with_prefix(prefix),
        KeyTarget::Named(name) => match folder {
            Some(folder) => KeyFolder::at(folder).files(name)?,
            None => return Err(no_folder()),
        },
    };
    if files.exists() {
        let what = format!("{} is there already", files.private.display());
        return Err(Failure::refused(what, "Choose another name, or delete that key").into());
    }
    Ok(files)
}

fn keep(files: KeyFiles, key: &PrivateKey, passphrase: &Secret) -> Result<Outcome, KeyFailure> {
    let fail = |error| of_key(&files.name, error);
    let facts = key.facts().map_err(fail)?;
    crash::at("keeping a key");
    let private = key.to_file(passphrase.expose().as_bytes()).map_err(fail)?;
    files.write(&private, facts.public.as_bytes())?;
    Ok(Outcome::KeyKept { key: info(files) })
}

/// The files of a key that somebody names: one of the user's folder, or a file.
pub(in crate::engine) fn files_of(folder: Option<&Path>, key: &str) -> KeyFiles {
    let folder = folder.map(|folder| KeyFolder::at(folder.to_owned()));
    let kept = folder.and_then(|folder| folder.files(key).ok());
    if let Some(files) = kept.filter(KeyFiles::exists) {
        return files;
    }
    let path = Path::new(key);
    KeyFiles {
        name: key.to_owned(),
        private: path.to_owned(),
        public: path.with_extension("pub"),
    }
}

fn existing(folder: Option<&Path>, key: &str) -> Result<KeyInfo, KeyFailure> {
    let files = files_of(folder, key);
    if !files.exists() {
        let hint = "Choose a key that is there (porthole keys list), or name the file of one";
        return Err(no_key(key, hint));
    }
    Ok(info(files))
}

pub(in crate::engine) fn info(files: KeyFiles) -> KeyInfo {
    // a key that is not encrypted says its public half itself
    let (plain, encrypted, problem) = match files.read_private() {
        Err(error) => (None, false, Some(error.to_string())),
        Ok(bytes) => match PrivateKey::read(&bytes, None) {
            Ok(key) => (key.facts().ok(), false, None),
            Err(KeyImportError::Passphrase) => (None, true, None),
            Err(error) => (None, false, Some(format!("{error}. {}", error.hint()))),
        },
    };
    let public = files.read_public().ok().flatten();
    KeyInfo {
        facts: plain.or_else(|| describe_public(&public?)),
        encrypted,
        problem,
        name: files.name,
        path: files.private,
    }
}
