//! Where OpenPGP signatures of a registry's images are kept (containers-registries.d(5)).
//!
//! Of the files in `registries.d` only what is needed is read, in the plain form that people
//! write: maps by indentation with texts for values.

use std::path::{Path, PathBuf};

use super::{SettingsError, read_trust_file};
use crate::model::RegistryReference;

/// The folder that signatures of `image` are written to: `lookaside-staging` or `lookaside`
/// of the longest scope that fits, `default-docker`, else the default of containers/image.
///
/// # Errors
/// Where a file cannot be read, or names a place that is no folder.
pub fn lookaside_for(image: &RegistryReference) -> Result<PathBuf, SettingsError> {
    let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let own = config.or_else(|| home.as_ref().map(|home| home.join(".config")));
    let own = own.map(|config| config.join("containers/registries.d"));
    let folder = match own.filter(|own| own.is_dir()) {
        Some(own) => own,
        None => PathBuf::from("/etc/containers/registries.d"),
    };
    if let Some((file, address)) = configured(&folder, image)? {
        let rest = address.strip_prefix("file://");
        let path = rest.filter(|path| path.starts_with('/'));
        return path.map(PathBuf::from).ok_or_else(|| {
            let why =
                format!("signatures cannot be written to {address:?}, only to file:///FOLDER");
            SettingsError::new(&file, why)
        });
    }
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let data = data.or_else(|| home.map(|home| home.join(".local/share")));
    match data {
        Some(data) if !is_root() => Ok(data.join("containers/sigstore")),
        _ => Ok(PathBuf::from("/var/lib/containers/sigstore")),
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

/// The file and the address that it names for `image`.
fn configured(
    folder: &Path,
    image: &RegistryReference,
) -> Result<Option<(PathBuf, String)>, SettingsError> {
    let mut files: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(|e| Some(e.ok()?.path())).collect(),
        Err(_) => return Ok(None),
    };
    files.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    files.sort();
    let scopes = scopes(image);
    let mut best: Option<(usize, PathBuf, String)> = None;
    for file in files {
        let Some(bytes) = read_trust_file(&file)? else {
            continue;
        };
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_| SettingsError::new(&file, "it is not text in UTF-8"))?;
        let found = read(&text);
        for (rank, scope) in scopes.iter().enumerate() {
            let Some(address) = found.address(scope.as_deref()) else {
                continue;
            };
            if best.as_ref().is_none_or(|(known, ..)| rank < *known) {
                best = Some((rank, file.clone(), address));
            }
            break;
        }
    }
    Ok(best.map(|(_, file, address)| (file, address)))
}

/// What may name the image, the longest first; nothing stands for `default-docker`.
fn scopes(image: &RegistryReference) -> Vec<Option<String>> {
    let name = format!("{}/{}", image.host(), image.repository());
    let mut scopes = Vec::new();
    if let Some(tag) = image.tag() {
        scopes.push(Some(format!("{name}:{tag}")));
    }
    let mut rest = name.as_str();
    loop {
        scopes.push(Some(rest.to_owned()));
        match rest.rsplit_once('/') {
            Some((above, _)) => rest = above,
            None => break,
        }
    }
    scopes.push(None);
    scopes
}

/// What a file says: scope (nothing for the default), key, value.
#[derive(Debug, Default)]
struct Settings(Vec<(Option<String>, String, String)>);

impl Settings {
    fn address(&self, scope: Option<&str>) -> Option<String> {
        let keys = [
            "lookaside-staging",
            "sigstore-staging",
            "lookaside",
            "sigstore",
        ];
        keys.into_iter().find_map(|key| {
            let mut all = self.0.iter();
            let found = all.find(|(of, known, _)| of.as_deref() == scope && known == key);
            found.map(|(_, _, value)| value.clone())
        })
    }
}

fn read(text: &str) -> Settings {
    let mut settings = Settings::default();
    // the section, and the scope in `docker`
    let mut section = String::new();
    let mut scope: Option<(usize, String)> = None;
    for line in text.lines() {
        let content = match line.find(" #") {
            Some(at) => &line[..at],
            None => line,
        };
        let indent = content.len() - content.trim_start().len();
        let content = content.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let (key, value) = match content.strip_suffix(':') {
            Some(key) => (key, ""),
            None => match content.split_once(": ") {
                Some((key, value)) => (key, value.trim()),
                None => continue,
            },
        };
        let (key, value) = (unquoted(key), unquoted(value));
        if indent == 0 {
            section = key;
            scope = None;
        } else if section == "default-docker" {
            settings.0.push((None, key, value));
        } else if section == "docker" {
            match &scope {
                Some((at, of)) if indent > *at => {
                    settings.0.push((Some(of.clone()), key, value));
                }
                _ => scope = Some((indent, key)),
            }
        }
    }
    settings
}

fn unquoted(text: &str) -> String {
    let text = text.trim();
    let inner = ['"', '\''].iter().find_map(|quote| {
        let inner = text.strip_prefix(*quote)?;
        inner.strip_suffix(*quote)
    });
    inner.unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_scope_decides_and_staging_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let text = "\
# signatures
default-docker:
  sigstore: file:///default
docker:
    registry.example.com:5000/team:
        lookaside: https://signatures.example.com
        lookaside-staging: \"file:///staging\" # written here
    registry.example.com:5000:
        lookaside: file:///host
";
        std::fs::write(folder.path().join("a.yaml"), text).unwrap();
        std::fs::write(folder.path().join("b.conf"), "docker:\n").unwrap();
        for (image, expected) in [
            ("registry.example.com:5000/team/app:1", "file:///staging"),
            ("registry.example.com:5000/other:1", "file:///host"),
            ("elsewhere.example.com/app", "file:///default"),
        ] {
            let image = image.parse().unwrap();
            let found = configured(folder.path(), &image).unwrap();
            assert_eq!(found.map(|(_, address)| address).as_deref(), Some(expected));
        }
        let missing = folder.path().join("missing");
        let image = "a.example.com/b".parse().unwrap();
        assert_eq!(configured(&missing, &image).unwrap(), None);
    }
}
