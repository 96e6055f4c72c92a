//! Credentials by host, in the order of containers/image: what was given here, the helpers
//! that `registries.conf` names, then the auth files of containers/image and Docker with
//! the helpers that they name (`containers-auth.json(5)`).

mod auth_file;
mod helper;
mod known;
mod write;

use std::fmt;
use std::path::PathBuf;

use super::{Network, Secret, SettingsError};
use auth_file::AuthFile;
pub use helper::Helpers;
pub use known::{KnownLogin, known_logins};
pub use write::{Removed, Saved, remove_login, save_login};

/// What is shown to a registry to be known there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Empty where a token says who it is.
    pub user: String,
    pub secret: Secret,
    pub kind: SecretKind,
    pub origin: Origin,
}

/// What a secret is, and so what is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// Sent with the user's name, to the registry or to its token service.
    Password,
    /// Exchanged at the token service for a token (OAuth2, a refresh token).
    IdentityToken,
    /// Sent to the registry as it is.
    RegistryToken,
}

/// Where credentials came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Typed in here and kept nowhere.
    Given,
    /// An auth file.
    File(PathBuf),
    /// A credential helper, and the file that names it.
    Helper { program: String, file: PathBuf },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => f.write_str("given here"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Helper { program, file } => {
                write!(f, "{program}, named in {}", file.display())
            }
        }
    }
}

/// What is kept for a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Nothing.
    Nothing,
    Found(Credentials),
    /// There is something and it could not be had; `why` names the file and what went wrong.
    NotReadable {
        why: String,
    },
}

impl Stored {
    /// Looks `repository` of `host` up where `network` says, the first place that has it
    /// wins. An empty repository stands for the whole host. In an auth file a helper for
    /// the host comes first, then the longest path (`host/a/b`, `host/a`, `host`), then keys
    /// as old versions of Docker wrote them (`https://host/v1/`), then the helper for all
    /// hosts. A file that is not there is passed over.
    ///
    /// Runs credential helpers and waits for them: call it where a thread may wait.
    ///
    /// # Errors
    /// Where a file is there and cannot be read or understood.
    pub fn find(network: &Network, host: &str, repository: &str) -> Result<Self, SettingsError> {
        let given = network.given.iter().find(|(at, _)| at == host);
        if let Some((_, credentials)) = given {
            return Ok(Self::Found(credentials.clone()));
        }
        let mut not_readable = None;
        let mut keep = |stored| match stored {
            Self::Nothing => None,
            Self::NotReadable { why } => {
                not_readable.get_or_insert(why);
                None
            }
            found @ Self::Found(_) => Some(found),
        };
        let mut files_read = false;
        let first = network.registries.read()?;
        for name in first.credential_helpers() {
            let stored = if name == FILES {
                files_read = true;
                in_files(network, host, repository)?
            } else {
                let (name, file) = (name.as_str(), first.path());
                match helper::get(&network.helpers, name, file, host) {
                    Ok(Some(found)) => Self::Found(found),
                    Ok(None) => Self::Nothing,
                    Err(why) => Self::NotReadable { why },
                }
            };
            if let Some(found) = keep(stored) {
                return Ok(found);
            }
        }
        if !files_read && let Some(found) = keep(in_files(network, host, repository)?) {
            return Ok(found);
        }
        Ok(match not_readable {
            Some(why) => Self::NotReadable { why },
            None => Self::Nothing,
        })
    }
}

/// The name that stands for the auth files among the helpers of `registries.conf`.
const FILES: &str = "containers-auth.json";

fn in_files(network: &Network, host: &str, repository: &str) -> Result<Stored, SettingsError> {
    let mut not_readable = None;
    for path in &network.auth_files {
        let Some(file) = AuthFile::read(path)? else {
            continue;
        };
        match file.find(&network.helpers, path, host, repository)? {
            Stored::Nothing => {}
            Stored::NotReadable { why } => {
                not_readable.get_or_insert(why);
            }
            found @ Stored::Found(_) => return Ok(found),
        }
    }
    Ok(match not_readable {
        Some(why) => Stored::NotReadable { why },
        None => Stored::Nothing,
    })
}

/// The host of a key such as `https://index.docker.io/v1/`. A key that is no address keeps
/// its path: that is a part of a registry, not all of it.
fn normal_key(key: &str, legacy: bool) -> &str {
    let bare = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"));
    let host = match bare {
        Some(rest) => rest.split('/').next().unwrap_or(rest),
        None if legacy => key.split('/').next().unwrap_or(key),
        None => key,
    };
    normal_host(host)
}

/// Docker Hub is kept under the name of its first index.
fn normal_host(host: &str) -> &str {
    match host {
        "docker.io" | "registry-1.docker.io" => "index.docker.io",
        other => other,
    }
}

/// What Docker calls a registry where it keeps credentials.
fn docker_key(registry: &str) -> &str {
    match normal_host(registry) {
        "index.docker.io" => "https://index.docker.io/v1/",
        other => other,
    }
}

/// The name that references have for the registry of a key.
fn shown_key(key: &str) -> &str {
    match normal_key(key, false) {
        "index.docker.io" => "docker.io",
        other => other,
    }
}
