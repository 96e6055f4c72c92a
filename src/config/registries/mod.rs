//! `registries.conf(5)` of containers/image, version 2: mirrors, other locations, blocked
//! and insecure registries, short names, and where credentials are looked for first.

mod parse;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::model::RegistryReference;

use super::SettingsError;
pub use parse::parse_registries;

/// The files of a machine. Nothing is read before [`RegistriesFiles::read`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistriesFiles {
    /// The first of these that is there counts.
    pub main: Vec<PathBuf>,
    /// Folders of drop-ins, `*.conf`; what comes later wins.
    pub drop_ins: Vec<PathBuf>,
    /// The short names that podman has asked its user about.
    pub aliases: Option<PathBuf>,
}

/// What the files say, put together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registries {
    entries: Vec<Entry>,
    /// Full name by short name; an empty one takes an earlier one back.
    aliases: BTreeMap<String, (String, PathBuf)>,
    credential_helpers: Vec<String>,
    /// The file that named the helpers, or the main one.
    path: PathBuf,
}

/// What is said about all images whose name begins with `prefix`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// A host, a host with a path, or `*.DOMAIN`.
    prefix: String,
    /// What stands in its place; empty for a `*.DOMAIN` that stays as it is.
    location: String,
    insecure: bool,
    blocked: bool,
    mirrors: Vec<Mirror>,
    file: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Mirror {
    location: String,
    insecure: bool,
    pull: Pull,
}

/// What a mirror is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pull {
    All,
    DigestOnly,
    TagOnly,
}

/// A place that may have an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub image: RegistryReference,
    /// Whether it is a mirror, not the registry itself.
    pub mirror: bool,
}

/// A registry that nothing may be read from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{prefix} is blocked in {}", file.display())]
pub struct Blocked {
    pub prefix: String,
    pub file: PathBuf,
}

/// A registry of the files, for a list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRegistry {
    pub prefix: String,
    /// Where it is asked; the prefix itself mostly.
    pub location: String,
    pub blocked: bool,
    pub insecure: bool,
    /// Location, and what it is asked for: `all`, `digest-only` or `tag-only`.
    pub mirrors: Vec<(String, &'static str)>,
    pub file: PathBuf,
}

/// A short name of the files, for a list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAlias {
    pub name: String,
    /// The whole name that it stands for.
    pub means: String,
    pub file: PathBuf,
}

impl RegistriesFiles {
    /// The places of this machine, the user's file before the system's.
    /// `CONTAINERS_REGISTRIES_CONF` names another main file.
    pub(super) fn usual(
        named: Option<PathBuf>,
        config: Option<&Path>,
        cache: Option<&Path>,
    ) -> Self {
        let user = config.map(|dir| dir.join("registries.conf"));
        let main = match named {
            Some(named) => vec![named],
            None => user
                .into_iter()
                .chain([
                    "/etc/containers/registries.conf".into(),
                    "/usr/share/containers/registries.conf".into(),
                ])
                .collect(),
        };
        let drop_ins = [
            Some("/usr/share/containers/registries.conf.d".into()),
            Some("/etc/containers/registries.conf.d".into()),
            config.map(|dir| dir.join("registries.conf.d")),
        ];
        Self {
            main,
            drop_ins: drop_ins.into_iter().flatten().collect(),
            aliases: cache.map(|dir| dir.join("containers/short-name-aliases.conf")),
        }
    }

    /// Reads them all. Files that are not there say nothing.
    ///
    /// # Errors
    /// Where one is there and cannot be read or understood: what it blocks must not be
    /// passed over.
    pub fn read(&self) -> Result<Registries, SettingsError> {
        let mut all = Registries::default();
        if let Some((path, text)) = first(&self.main)? {
            all.add(parse_registries(&path, &text)?);
        }
        for folder in &self.drop_ins {
            let Ok(entries) = std::fs::read_dir(folder) else {
                continue;
            };
            let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
            files.retain(|file| file.extension().is_some_and(|e| e == "conf"));
            files.sort();
            for path in files {
                if let Some(text) = read_text(&path)? {
                    all.add(parse_registries(&path, &text)?);
                }
            }
        }
        if let Some(path) = &self.aliases
            && let Some(text) = read_text(path)?
        {
            all.add(parse_registries(path, &text)?);
        }
        // the longest first, so that the first that fits is the right one
        all.entries
            .sort_by_key(|entry| std::cmp::Reverse(entry.prefix.len()));
        Ok(all)
    }
}

fn first(files: &[PathBuf]) -> Result<Option<(PathBuf, String)>, SettingsError> {
    for path in files {
        if let Some(text) = read_text(path)? {
            return Ok(Some((path.clone(), text)));
        }
    }
    Ok(None)
}

/// Largest file that is read, in bytes.
const FILE_BYTES: u64 = 4 << 20;

fn read_text(path: &Path) -> Result<Option<String>, SettingsError> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    match std::fs::metadata(path) {
        Ok(about) if about.len() > FILE_BYTES => {
            let why = format!("it has more than the {FILE_BYTES} bytes that are read");
            Err(SettingsError::new(path, why))
        }
        Ok(_) => match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) => Err(SettingsError::new(path, error)),
        },
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(None),
        Err(error) => Err(SettingsError::new(path, error)),
    }
}

impl Registries {
    /// Adds what a later file says: of the same prefix the later one counts, whole.
    fn add(&mut self, later: Self) {
        for entry in later.entries {
            self.entries.retain(|other| other.prefix != entry.prefix);
            self.entries.push(entry);
        }
        self.aliases.extend(later.aliases);
        if !later.credential_helpers.is_empty() || self.path.as_os_str().is_empty() {
            self.credential_helpers = later.credential_helpers;
            self.path = later.path;
        }
    }

    /// Helpers that are asked for credentials, in their order; `containers-auth.json` stands
    /// for the auth files.
    pub(super) fn credential_helpers(&self) -> &[String] {
        &self.credential_helpers
    }

    /// The file that named the helpers.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where `image` may be read from, in the order to try: mirrors as they are listed, the
    /// registry itself last. Only reading goes to mirrors.
    ///
    /// # Errors
    /// Where its registry is blocked.
    pub fn endpoints(&self, image: &RegistryReference) -> Result<Vec<Endpoint>, Blocked> {
        let Some((entry, rest)) = self.entry(image) else {
            return Ok(vec![Endpoint {
                image: image.clone(),
                mirror: false,
            }]);
        };
        if entry.blocked {
            return Err(Blocked {
                prefix: entry.prefix.clone(),
                file: entry.file.clone(),
            });
        }
        let digest = image.digest().is_some();
        let mirrors = entry.mirrors.iter().filter(|mirror| match mirror.pull {
            Pull::All => true,
            Pull::DigestOnly => digest,
            Pull::TagOnly => !digest,
        });
        let mut endpoints: Vec<_> = mirrors
            // what is no reference there cannot be asked for there
            .filter_map(|mirror| moved(image, &mirror.location, &rest))
            .map(|image| Endpoint {
                image,
                mirror: true,
            })
            .collect();
        let own = if entry.location.is_empty() {
            image.clone()
        } else {
            moved(image, &entry.location, &rest).unwrap_or_else(|| image.clone())
        };
        endpoints.push(Endpoint {
            image: own,
            mirror: false,
        });
        Ok(endpoints)
    }

    /// Where `image` is written to and listed: never a mirror.
    ///
    /// # Errors
    /// Where its registry is blocked.
    pub fn home(&self, image: &RegistryReference) -> Result<RegistryReference, Blocked> {
        let mut endpoints = self.endpoints(image)?;
        Ok(endpoints.pop().map_or_else(|| image.clone(), |e| e.image))
    }

    /// What blocks `path`, a host with what is asked of it there; nothing where it may be
    /// asked.
    pub fn blocked(&self, path: &str) -> Option<Blocked> {
        let host = path.split('/').next().unwrap_or(path);
        let fits = |entry: &&Entry| match entry.prefix.strip_prefix('*') {
            Some(domain) => host.ends_with(domain) && host.len() > domain.len(),
            None => path
                .strip_prefix(&entry.prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        };
        let entry = self.entries.iter().find(fits)?;
        entry.blocked.then(|| Blocked {
            prefix: entry.prefix.clone(),
            file: entry.file.clone(),
        })
    }

    /// Whether the files allow `host` without a certificate that is trusted, and without TLS.
    pub fn is_insecure(&self, host: &str) -> bool {
        let of = |location: &str| location.split('/').next() == Some(host);
        self.entries.iter().any(|entry| {
            let location = if entry.location.is_empty() {
                &entry.prefix
            } else {
                &entry.location
            };
            let domain = location.strip_prefix('*');
            let here = of(location) || domain.is_some_and(|domain| host.ends_with(domain));
            (entry.insecure && here)
                || entry
                    .mirrors
                    .iter()
                    .any(|mirror| mirror.insecure && of(&mirror.location))
        })
    }

    /// What the short name `name` (no host, tag or digest) stands for, and the file that
    /// says so.
    pub fn alias(&self, name: &str) -> Option<(&str, &Path)> {
        let (full, file) = self.aliases.get(name)?;
        Some((full.as_str(), file.as_path())).filter(|(full, _)| !full.is_empty())
    }

    /// All short names that stand for something.
    pub fn known_aliases(&self) -> Vec<KnownAlias> {
        let aliases = self.aliases.iter();
        aliases
            .filter(|(_, (means, _))| !means.is_empty())
            .map(|(name, (means, file))| KnownAlias {
                name: name.clone(),
                means: means.clone(),
                file: file.clone(),
            })
            .collect()
    }

    /// All registries that the files say something about, by prefix.
    pub fn known(&self) -> Vec<KnownRegistry> {
        let mut known: Vec<_> = self.entries.iter().map(Entry::known).collect();
        known.sort_by(|a, b| a.prefix.cmp(&b.prefix));
        known
    }

    /// The entry with the longest prefix of `image`, and what of its name follows.
    fn entry(&self, image: &RegistryReference) -> Option<(&Entry, String)> {
        let name = image.name();
        self.entries.iter().find_map(|entry| {
            if let Some(domain) = entry.prefix.strip_prefix('*') {
                let inside = image.host().ends_with(domain) && image.host().len() > domain.len();
                return inside.then(|| (entry, format!("/{}", image.repository())));
            }
            let rest = name.strip_prefix(&entry.prefix)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| (entry, rest.to_owned()))
        })
    }
}

impl Entry {
    fn known(&self) -> KnownRegistry {
        let word = |pull| match pull {
            Pull::All => "all",
            Pull::DigestOnly => "digest-only",
            Pull::TagOnly => "tag-only",
        };
        KnownRegistry {
            prefix: self.prefix.clone(),
            location: if self.location.is_empty() {
                self.prefix.clone()
            } else {
                self.location.clone()
            },
            blocked: self.blocked,
            insecure: self.insecure,
            mirrors: self
                .mirrors
                .iter()
                .map(|mirror| (mirror.location.clone(), word(mirror.pull)))
                .collect(),
            file: self.file.clone(),
        }
    }
}

/// `image` at `location`, with `rest` of its name.
fn moved(image: &RegistryReference, location: &str, rest: &str) -> Option<RegistryReference> {
    let mut text = format!("{location}{rest}");
    if let Some(tag) = image.tag() {
        text.push_str(&format!(":{tag}"));
    }
    if let Some(digest) = image.digest() {
        text.push_str(&format!("@{digest}"));
    }
    text.parse().ok()
}
