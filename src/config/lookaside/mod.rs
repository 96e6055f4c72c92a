//! Where containers/image keeps signatures beside registries: `registries.d(5)`.

mod yaml;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::model::RegistryReference;

use super::SettingsError;
use super::trust::read_trust_file;
use yaml::Node;

/// The files of a machine. Nothing is read before [`LookasideFiles::read`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookasideFiles {
    /// The first of these folders that is there counts.
    pub folders: Vec<PathBuf>,
    /// The folder that is looked in where no file says anything.
    pub fallback: Option<PathBuf>,
}

/// What the files say, put together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lookaside {
    /// Addresses by scope; the empty one is for every image.
    scopes: BTreeMap<String, Entry>,
    fallback: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Entry {
    lookaside: Option<String>,
    staging: Option<String>,
    attachments: Option<bool>,
    file: PathBuf,
}

impl LookasideFiles {
    /// The places of containers/image: the user's folder, else the system's.
    pub(super) fn usual(config: Option<&Path>, home: Option<&Path>) -> Self {
        let user = config.map(|dir| dir.join("registries.d"));
        let folders = user
            .into_iter()
            .chain(["/etc/containers/registries.d".into()]);
        Self {
            folders: folders.collect(),
            fallback: if is_root() {
                Some("/var/lib/containers/sigstore".into())
            } else {
                home.map(|home| home.join(".local/share/containers/sigstore"))
            },
        }
    }

    /// The folder that signatures of `image` are written to ([`Lookaside::writing`]).
    ///
    /// # Errors
    /// As [`LookasideFiles::read`]; where the address is no folder of this machine, or there
    /// is none.
    pub fn folder_to_write(&self, image: &RegistryReference) -> Result<PathBuf, SettingsError> {
        let read = self.read()?;
        let place = self.folders.iter().find(|folder| folder.is_dir());
        let fail = |why: String| {
            let place = place.map_or(Path::new("registries.d"), PathBuf::as_path);
            SettingsError::new(place, why)
        };
        let Some(address) = read.writing(image) else {
            return Err(fail(format!("it names no place for signatures of {image}")));
        };
        let path = address.strip_prefix("file://");
        match path.filter(|path| path.starts_with('/')) {
            Some(path) => Ok(path.into()),
            None => Err(fail(format!(
                "signatures cannot be written to {address:?}, only to file:///FOLDER"
            ))),
        }
    }

    /// Reads the files `*.yaml` of the folder that counts.
    ///
    /// # Errors
    /// The first file that cannot be read, or says what another has said.
    pub fn read(&self) -> Result<Lookaside, SettingsError> {
        let mut lookaside = Lookaside {
            fallback: self.fallback.as_ref().map(|path| file_url(path)),
            ..Lookaside::default()
        };
        let Some(folder) = self.folders.iter().find(|folder| folder.is_dir()) else {
            return Ok(lookaside);
        };
        let entries = std::fs::read_dir(folder);
        let entries = entries.map_err(|error| SettingsError::new(folder, error))?;
        let mut files = Vec::new();
        for entry in entries {
            let path = entry
                .map_err(|error| SettingsError::new(folder, error))?
                .path();
            if path
                .extension()
                .is_some_and(|extension| extension == "yaml")
                && path.is_file()
            {
                files.push(path);
            }
        }
        files.sort();
        for file in files {
            let bytes = read_trust_file(&file)?.unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            let read = parse_lookaside(&text).map_err(|why| SettingsError::new(&file, why))?;
            for (scope, mut entry) in read {
                entry.file.clone_from(&file);
                if let Some(other) = lookaside.scopes.insert(scope.clone(), entry) {
                    let what = if scope.is_empty() {
                        "default-docker"
                    } else {
                        &scope
                    };
                    let why = format!("{what} is in {} too", other.file.display());
                    return Err(SettingsError::new(&file, why));
                }
            }
        }
        Ok(lookaside)
    }
}

impl Lookaside {
    /// Where signatures of `image` are read: an address to put the repository and the
    /// digest behind. Nothing where there is no place for them.
    pub fn reading(&self, image: &RegistryReference) -> Option<&str> {
        self.first(image, |entry| entry.lookaside.as_deref())
            .or(self.fallback.as_deref())
    }

    /// Where signatures of `image` are written.
    pub fn writing(&self, image: &RegistryReference) -> Option<&str> {
        self.first(image, |entry| {
            entry.staging.as_deref().or(entry.lookaside.as_deref())
        })
        .or(self.fallback.as_deref())
    }

    /// Whether signatures of cosign are attached to `image` in its registry.
    pub fn attaches(&self, image: &RegistryReference) -> bool {
        self.first(image, |entry| entry.attachments)
            .unwrap_or(false)
    }

    /// What the most specific scope that says anything says.
    fn first<'a, T>(
        &'a self,
        image: &RegistryReference,
        wanted: impl Fn(&'a Entry) -> Option<T>,
    ) -> Option<T> {
        let mut scopes = image.namespaces();
        scopes.push(String::new());
        scopes
            .iter()
            .find_map(|scope| self.scopes.get(scope).and_then(&wanted))
    }
}

/// Whether the program runs for the system's owner, whose signatures lie elsewhere.
fn is_root() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        // who owns what this process looks like
        std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
    }
    #[cfg(not(unix))]
    false
}

/// `file:///…`; what a path cannot have in an address does not occur in such folders.
fn file_url(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// Reads one file: what it says by scope, `default-docker` as the empty one.
fn parse_lookaside(text: &str) -> Result<BTreeMap<String, Entry>, String> {
    let Node::Map(top) = yaml::read(text)? else {
        return Err("it is no mapping".to_owned());
    };
    let mut found = BTreeMap::new();
    for (key, node) in top {
        match (key.as_str(), node) {
            (_, Node::Text(text)) if text.is_empty() => {}
            ("default-docker", node) => {
                found.insert(String::new(), entry(&key, node)?);
            }
            ("docker", Node::Map(scopes)) => {
                for (scope, node) in scopes {
                    let entry = entry(&scope, node)?;
                    found.insert(scope, entry);
                }
            }
            _ => return Err(format!("{key:?} is not known")),
        }
    }
    Ok(found)
}

fn entry(scope: &str, node: Node) -> Result<Entry, String> {
    let map = match node {
        Node::Map(map) => map,
        Node::Text(text) if text.is_empty() => BTreeMap::new(),
        Node::Text(_) => return Err(format!("{scope:?} is no mapping")),
    };
    let mut entry = Entry::default();
    for (key, node) in map {
        let Node::Text(text) = node else {
            return Err(format!("{key:?} of {scope:?} is no text"));
        };
        let text = Some(text).filter(|text| !text.is_empty());
        match key.as_str() {
            // `lookaside` wins over its older name
            "lookaside" => entry.lookaside = text.or(entry.lookaside),
            "sigstore" => entry.lookaside = entry.lookaside.or(text),
            "lookaside-staging" => entry.staging = text.or(entry.staging),
            "sigstore-staging" => entry.staging = entry.staging.or(text),
            "use-sigstore-attachments" => {
                entry.attachments = match text.as_deref() {
                    Some("true") => Some(true),
                    Some("false") => Some(false),
                    _ => return Err(format!("{key:?} of {scope:?} is neither true nor false")),
                };
            }
            _ => return Err(format!("{key:?} of {scope:?} is not known")),
        }
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_scope_that_says_anything_wins() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("a.yaml"),
            "default-docker:\n  lookaside: file:///default\ndocker:\n  host.example/ns:\n    sigstore: https://ns\n  host.example/ns/app:\n    use-sigstore-attachments: true\n    lookaside-staging: file:///staging\n",
        )
        .unwrap();
        let files = LookasideFiles {
            folders: vec![folder.path().join("none"), folder.path().to_owned()],
            fallback: Some("/home/u/sigstore".into()),
        };
        let read = files.read().unwrap();
        let image = |text: &str| text.parse::<RegistryReference>().unwrap();
        assert_eq!(
            read.reading(&image("host.example/other:1")),
            Some("file:///default")
        );
        assert_eq!(
            read.reading(&image("host.example/ns/app:1")),
            Some("https://ns")
        );
        assert_eq!(
            read.writing(&image("host.example/ns/app:1")),
            Some("file:///staging")
        );
        assert!(
            read.attaches(&image("host.example/ns/app:1"))
                && !read.attaches(&image("host.example/ns:1"))
        );
        std::fs::write(
            folder.path().join("b.yaml"),
            "docker:\n  host.example/ns:\n    lookaside: x\n",
        )
        .unwrap();
        let error = files.read().unwrap_err().to_string();
        assert!(error.contains("a.yaml too"), "{error}");
        std::fs::remove_file(folder.path().join("b.yaml")).unwrap();
        let to_write = |text: &str| files.folder_to_write(&image(text));
        assert_eq!(
            to_write("host.example/ns/app:1").unwrap(),
            Path::new("/staging")
        );
        let error = to_write("host.example/ns/other:1").unwrap_err().to_string();
        assert!(error.contains("https://ns"), "{error}");
        let none = LookasideFiles {
            folders: Vec::new(),
            ..files
        };
        let none = none.read().unwrap();
        assert_eq!(
            none.reading(&image("host.example/ns:1")),
            Some("file:///home/u/sigstore")
        );
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for (text, why) in [
            ("dokcer:\n  a:\n    lookaside: x\n", "dokcer"),
            ("docker:\n  a:\n    lokaside: x\n", "lokaside"),
            (
                "docker:\n  a:\n    use-sigstore-attachments: maybe\n",
                "neither",
            ),
            ("docker:\n  a: x\n", "no mapping"),
        ] {
            let error = parse_lookaside(text).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
