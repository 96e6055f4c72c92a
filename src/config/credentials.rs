//! Credentials by host: the auth files of containers/image and Docker,
//! `containers-auth.json(5)`.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Secret, SettingsError};

/// Largest auth file that is read, in bytes.
const FILE_BYTES: u64 = 4 << 20;

/// A name and password, and the file they came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    pub user: String,
    pub password: Secret,
    pub origin: PathBuf,
}

/// What the auth files hold for a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Nothing.
    Nothing,
    /// A name and password.
    Password(Credentials),
    /// They are kept in a way that is not read here; `why` names file and way.
    NotReadable { why: String },
}

impl Stored {
    /// Looks `repository` of `host` up in `files`, the first that has it wins; a file
    /// that is not there is passed over. In a file the longest path wins
    /// (`host/a/b`, `host/a`, `host`), then keys as old versions of Docker wrote them
    /// (`https://host/v1/`).
    ///
    /// # Errors
    /// Where a file is there and cannot be read or understood.
    pub fn find(files: &[PathBuf], host: &str, repository: &str) -> Result<Self, SettingsError> {
        let mut not_readable = None;
        for path in files {
            let Some(file) = AuthFile::read(path)? else {
                continue;
            };
            match file.find(path, host, repository)? {
                Self::Nothing => {}
                Self::NotReadable { why } => {
                    not_readable.get_or_insert(why);
                }
                password @ Self::Password(_) => return Ok(password),
            }
        }
        Ok(match not_readable {
            Some(why) => Self::NotReadable { why },
            None => Self::Nothing,
        })
    }
}

/// The parts of an auth file that are read.
#[derive(Default, Deserialize)]
struct AuthFile {
    #[serde(default)]
    auths: Option<BTreeMap<String, Option<Entry>>>,
    #[serde(default, rename = "credHelpers")]
    helpers: Option<BTreeMap<String, String>>,
    #[serde(default, rename = "credsStore")]
    store: Option<String>,
    /// `~/.dockercfg`: its keys are addresses, and paths behind the host mean nothing.
    #[serde(skip)]
    legacy: bool,
}

#[derive(Default, Deserialize)]
struct Entry {
    /// `user:password` in base64.
    #[serde(default)]
    auth: Option<Secret>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<Secret>,
    #[serde(default, rename = "identitytoken")]
    identity_token: Option<Secret>,
}

impl AuthFile {
    /// Reads the file at `path`; nothing where there is none.
    fn read(path: &Path) -> Result<Option<Self>, SettingsError> {
        let bytes = match std::fs::metadata(path) {
            Ok(about) if about.len() > FILE_BYTES => {
                let why = format!("it has more than the {FILE_BYTES} bytes that are read");
                return Err(SettingsError::new(path, why));
            }
            Ok(_) => std::fs::read(path),
            Err(error) => Err(error),
        };
        let bytes = match bytes {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(SettingsError::new(path, error)),
        };
        Self::parse(path, &bytes).map(Some)
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self, SettingsError> {
        if bytes.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        // serde's own words can quote what it found, and that can be a password
        let fail = |error: serde_json::Error| {
            let (line, column) = (error.line(), error.column());
            let why = format!("line {line}, column {column} is not what an auth file holds");
            SettingsError::new(path, why)
        };
        if path.file_name().is_some_and(|name| name == ".dockercfg") {
            return Ok(Self {
                auths: Some(serde_json::from_slice(bytes).map_err(fail)?),
                legacy: true,
                ..Self::default()
            });
        }
        serde_json::from_slice(bytes).map_err(fail)
    }

    fn find(&self, path: &Path, host: &str, repository: &str) -> Result<Stored, SettingsError> {
        if let Some(helper) = self.helper(host) {
            let why = format!(
                "its credentials are kept by the helper docker-credential-{helper} ({})",
                path.display()
            );
            return Ok(Stored::NotReadable { why });
        }
        let Some(entry) = self.entry(host, repository) else {
            return Ok(Stored::Nothing);
        };
        if let Some(credentials) = entry.credentials(path)? {
            return Ok(Stored::Password(credentials));
        }
        let kept = match &self.store {
            _ if entry
                .identity_token
                .as_ref()
                .is_some_and(|token| !token.is_empty()) =>
            {
                "an identity token".to_owned()
            }
            Some(store) => format!("kept by the helper docker-credential-{store}"),
            None => return Ok(Stored::Nothing),
        };
        Ok(Stored::NotReadable {
            why: format!("its credentials are {kept} ({})", path.display()),
        })
    }

    fn helper(&self, host: &str) -> Option<&str> {
        let helpers = self.helpers.as_ref()?;
        let exact = helpers.get(host);
        let found = exact.or_else(|| {
            let mut all = helpers.iter();
            all.find(|(key, _)| normal_key(key, false) == normal_host(host))
                .map(|(_, helper)| helper)
        });
        found
            .map(String::as_str)
            .filter(|helper| !helper.is_empty())
    }

    fn entry(&self, host: &str, repository: &str) -> Option<&Entry> {
        let auths = self.auths.as_ref()?;
        let mut key = if self.legacy {
            host.to_owned()
        } else {
            format!("{host}/{repository}")
        };
        loop {
            if let Some(Some(entry)) = auths.get(&key) {
                return Some(entry);
            }
            if key.len() <= host.len() {
                break;
            }
            key.truncate(key.rfind('/')?);
        }
        auths
            .iter()
            .find(|(key, _)| normal_key(key, self.legacy) == normal_host(host))
            .and_then(|(_, entry)| entry.as_ref())
    }
}

impl Entry {
    fn credentials(&self, path: &Path) -> Result<Option<Credentials>, SettingsError> {
        let made = |user: &str, password: &str| Credentials {
            user: user.to_owned(),
            password: Secret::new(password.to_owned()),
            origin: path.to_owned(),
        };
        let Some(auth) = self.auth.as_ref().filter(|auth| !auth.is_empty()) else {
            return Ok(match (&self.username, &self.password) {
                (Some(user), Some(password)) if !user.is_empty() && !password.is_empty() => {
                    Some(made(user, password.expose()))
                }
                _ => None,
            });
        };
        let fail = |why: &str| SettingsError::new(path, format!("an entry's \"auth\" {why}"));
        let decoded = BASE64
            .decode(auth.expose().trim())
            .map(Zeroizing::new)
            .map_err(|_| fail("is not base64"))?;
        let text = str::from_utf8(&decoded).map_err(|_| fail("is not UTF-8"))?;
        let (user, password) = text
            .split_once(':')
            .ok_or_else(|| fail("has no colon between user and password"))?;
        // old versions of Docker filled the password up with zero bytes
        let password = password.trim_matches('\0');
        Ok((!user.is_empty() && !password.is_empty()).then(|| made(user, password)))
    }
}

/// Base64 with or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

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

#[cfg(test)]
mod tests {
    use super::*;

    /// `user:password` in base64 in an entry.
    fn auth(text: &str) -> String {
        format!(r#"{{"auth": "{}"}}"#, BASE64.encode(text))
    }

    fn find(name: &str, content: &str, host: &str, repository: &str) -> Stored {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        Stored::find(&[path], host, repository).unwrap()
    }

    fn user(stored: &Stored) -> Option<&str> {
        match stored {
            Stored::Password(credentials) => Some(&credentials.user),
            _ => None,
        }
    }

    #[test]
    fn the_longest_path_wins() {
        let content = format!(
            r#"{{"auths": {{"r.io": {}, "r.io/team": {}, "r.io/team/app": {}, "r.io:5000": {}}}}}"#,
            auth("host:p"),
            auth("team:p"),
            auth("app:p"),
            auth("port:p"),
        );
        for (host, repository, expected) in [
            ("r.io", "team/app", Some("app")),
            ("r.io", "team/app/deep", Some("app")),
            ("r.io", "team/application", Some("team")),
            ("r.io", "teams", Some("host")),
            ("r.io:5000", "team/app", Some("port")),
            ("r.io:5001", "team/app", None),
            ("other.io", "team/app", None),
        ] {
            let stored = find("auth.json", &content, host, repository);
            assert_eq!(user(&stored), expected, "{host}/{repository}");
        }
    }

    #[test]
    fn keys_of_old_versions_are_understood() {
        for (key, host) in [
            ("https://index.docker.io/v1/", "docker.io"),
            ("index.docker.io", "docker.io"),
            ("docker.io", "docker.io"),
            ("https://r.io/v1/", "r.io"),
            ("http://r.io:5000", "r.io:5000"),
            ("https://r.io/v2/", "r.io"),
        ] {
            let content = format!(r#"{{"auths": {{"{key}": {}}}}}"#, auth("u:p"));
            let stored = find("config.json", &content, host, "library/busybox");
            assert_eq!(user(&stored), Some("u"), "{key}");
        }
    }

    #[test]
    fn a_part_of_a_registry_is_not_all_of_it() {
        let content = format!(r#"{{"auths": {{"r.io/team": {}}}}}"#, auth("u:p"));
        assert_eq!(
            find("auth.json", &content, "r.io", "other"),
            Stored::Nothing
        );
    }

    #[test]
    fn dockercfg_has_no_auths_around_it() {
        let content = format!(
            r#"{{"https://r.io/v1/": {}, "x.io/a": {}}}"#,
            auth("u:p"),
            auth("v:p")
        );
        assert_eq!(
            user(&find(".dockercfg", &content, "r.io", "a/b")),
            Some("u")
        );
        assert_eq!(
            user(&find(".dockercfg", &content, "x.io", "a/b")),
            Some("v")
        );
    }

    #[test]
    fn passwords_may_hold_colons_and_be_filled_up_with_zero_bytes() {
        let content = format!(r#"{{"auths": {{"r.io": {}}}}}"#, auth("u:p:q\0\0"));
        match find("auth.json", &content, "r.io", "a") {
            Stored::Password(found) => assert_eq!(found.password.expose(), "p:q"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_kept_elsewhere_is_named() {
        for (content, part) in [
            (
                r#"{"credHelpers": {"r.io": "ecr-login"}}"#,
                "docker-credential-ecr-login",
            ),
            (
                r#"{"credHelpers": {"https://r.io": "x"}}"#,
                "docker-credential-x",
            ),
            (
                r#"{"auths": {"r.io": {}}, "credsStore": "desktop"}"#,
                "docker-credential-desktop",
            ),
            (
                r#"{"auths": {"r.io": {"auth": "dTo=", "identitytoken": "t"}}}"#,
                "identity token",
            ),
        ] {
            match find("config.json", content, "r.io", "a") {
                Stored::NotReadable { why } => {
                    assert!(why.contains(part) && why.contains("config.json"), "{why}");
                }
                other => panic!("{content}: {other:?}"),
            }
        }
        // a helper for everything says nothing about a host that nobody logged in to
        let content = r#"{"auths": {"x.io": {}}, "credsStore": "desktop"}"#;
        assert_eq!(find("config.json", content, "r.io", "a"), Stored::Nothing);
    }

    #[test]
    fn the_first_file_that_has_the_host_wins() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, content: String| {
            let path = dir.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let files = [
            dir.path().join("missing.json"),
            file("empty.json", String::new()),
            file(
                "helper.json",
                r#"{"credHelpers": {"r.io": "x"}}"#.to_owned(),
            ),
            file(
                "first.json",
                format!(r#"{{"auths": {{"r.io": {}}}}}"#, auth("first:p")),
            ),
            file(
                "second.json",
                format!(r#"{{"auths": {{"r.io": {}}}}}"#, auth("second:p")),
            ),
        ];
        assert_eq!(
            user(&Stored::find(&files, "r.io", "a").unwrap()),
            Some("first")
        );
    }

    #[test]
    fn a_broken_file_is_an_error_that_shows_nothing_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("auth.json");
        for content in [
            r#"{"auths": {"r.io": {"auth": "s3cret!"}}}"#,
            r#"{"auths": {"r.io": "s3cret"}}"#,
            r#"{"auths": {"r.io": {"auth": "s3cret"#,
            r#"{"auths": {"r.io": {"auth": "czNjcmV0"}}}"#,
        ] {
            std::fs::write(&path, content).unwrap();
            let error = Stored::find(std::slice::from_ref(&path), "r.io", "a").unwrap_err();
            assert_eq!(error.path, path);
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
