//! Settings that are read from files and given at the start. Reads files, no network.

mod accepted;
mod ambient;
mod certificates;
mod credentials;
mod engines;
mod key_folder;
mod lookaside;
mod network;
mod plain_file;
mod program;
mod registries;
mod secret;
mod trust;
pub mod whole_file;

pub use accepted::AcceptedServices;
pub use ambient::AmbientIdentity;
pub use certificates::{ClientCertificate, HostCertificates, KnownHost, known_hosts};
pub use credentials::{
    Credentials, Helpers, KnownLogin, Origin, Removed, Saved, SecretKind, Stored, known_logins,
    remove_login, save_login,
};
pub use engines::{EngineAddress, Engines};
pub use key_folder::{
    KeyFiles, KeyFolder, KeyNameError, read_key_file, read_passphrase_fd, read_token_file,
    write_new,
};
pub use lookaside::{Lookaside, LookasideFiles};
pub use network::{Network, Retry};
pub use plain_file::open_plain;
pub use program::{PASSPHRASE_VARIABLE, SECRET_VARIABLES, program};
pub use registries::{
    Blocked, Endpoint, KnownAlias, KnownRegistry, Registries, RegistriesFiles, parse_registries,
};
pub use secret::Secret;
pub use trust::{notation_store, policy_file, read_trust_file, read_trust_store};

use std::path::{Path, PathBuf};

/// A file of settings that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} cannot be used: {why}", path.display())]
pub struct SettingsError {
    pub path: PathBuf,
    /// What is wrong with it; never a part of its content.
    pub why: String,
    /// What to do, where that is not about the path and who may read or write there.
    pub hint: Option<&'static str>,
}

impl SettingsError {
    fn new(path: &Path, why: impl ToString) -> Self {
        Self {
            path: path.to_owned(),
            why: why.to_string(),
            hint: None,
        }
    }

    /// With what to do.
    const fn advising(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// As it is told of a file that is longer than what is read.
    fn too_long(path: &Path, limit: u64) -> Self {
        let error = Self::new(path, format_args!("it has more than {limit} bytes"));
        error.advising("Choose another file: it is too long to be what is meant")
    }

    /// As it is told of a file that would be written over.
    fn there(path: &Path) -> Self {
        let error = Self::new(path, "it is there already");
        error.advising("Choose another name, or remove that file")
    }
}
