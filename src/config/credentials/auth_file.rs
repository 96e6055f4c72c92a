//! Auth files: `containers-auth.json(5)`, Docker's `config.json` and `.dockercfg`.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::super::{Secret, SettingsError};
use super::helper::{self, Helpers};
use super::{Credentials, Origin, SecretKind, Stored, normal_host, normal_key};

/// Largest auth file that is read, in bytes.
const FILE_BYTES: u64 = 4 << 20;

/// The parts of an auth file that are read.
#[derive(Default, Deserialize)]
pub(super) struct AuthFile {
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
pub(super) struct Entry {
    /// `user:password` in base64.
    #[serde(default)]
    auth: Option<Secret>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<Secret>,
    #[serde(default, rename = "identitytoken")]
    identity_token: Option<Secret>,
    #[serde(default, rename = "registrytoken")]
    registry_token: Option<Secret>,
}

impl AuthFile {
    /// Reads the file at `path`; nothing where there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, SettingsError> {
        match read_bytes(path)? {
            Some(bytes) => Self::parse(path, &bytes).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, SettingsError> {
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

    /// What the file has for `repository` of `host`, with what its helpers say.
    pub(super) fn find(
        &self,
        helpers: &Helpers,
        path: &Path,
        host: &str,
        repository: &str,
    ) -> Result<Stored, SettingsError> {
        if let Some(name) = self.helper(host) {
            return Ok(match helper::get(helpers, name, path, host) {
                Ok(Some(found)) => Stored::Found(found),
                Ok(None) => Stored::Nothing,
                Err(why) => Stored::NotReadable { why },
            });
        }
        let entry = self.entry(host, repository);
        let kept = entry.map(|entry| entry.credentials(path)).transpose()?;
        if let Some(found) = kept.flatten() {
            return Ok(Stored::Found(found));
        }
        let Some(name) = self.store() else {
            return Ok(Stored::Nothing);
        };
        Ok(match helper::get(helpers, name, path, host) {
            Ok(Some(found)) => Stored::Found(found),
            // a helper for everything that fails says nothing about a host that nobody
            // logged in to
            Err(why) if entry.is_some() => Stored::NotReadable { why },
            Ok(None) | Err(_) => Stored::Nothing,
        })
    }

    /// The helper for `host` alone.
    pub(super) fn helper(&self, host: &str) -> Option<&str> {
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

    /// The helper for all hosts.
    pub(super) fn store(&self) -> Option<&str> {
        self.store.as_deref().filter(|helper| !helper.is_empty())
    }

    /// Every helper for one host, with the key that it is named by.
    pub(super) fn helpers(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.helpers.iter().flatten();
        all.map(|(key, name)| (key.as_str(), name.as_str()))
    }

    /// Every entry with its key.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        let all = self.auths.iter().flatten();
        all.filter_map(|(key, entry)| Some((key.as_str(), entry.as_ref()?)))
    }

    /// Whether a key stands for `registry`, a host or a host with a path.
    pub(super) fn names(&self, key: &str, registry: &str) -> bool {
        key == registry || normal_key(key, self.legacy) == normal_host(registry)
    }

    fn entry(&self, host: &str, repository: &str) -> Option<&Entry> {
        let auths = self.auths.as_ref()?;
        let mut key = if self.legacy || repository.is_empty() {
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

/// The bytes of the auth file at `path`; nothing where there is none.
pub(super) fn read_bytes(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, SettingsError> {
    let bytes = match std::fs::metadata(path) {
        Ok(about) if about.len() > FILE_BYTES => {
            let why = format!("it has more than the {FILE_BYTES} bytes that are read");
            return Err(SettingsError::new(path, why));
        }
        Ok(_) => std::fs::read(path),
        Err(error) => Err(error),
    };
    match bytes {
        Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(SettingsError::new(path, error)),
    }
}

impl Entry {
    /// What it holds: tokens come before names and passwords, which Docker leaves empty
    /// beside them.
    pub(super) fn credentials(&self, path: &Path) -> Result<Option<Credentials>, SettingsError> {
        let made = |user: &str, secret: &str, kind| Credentials {
            user: user.to_owned(),
            secret: Secret::new(secret.to_owned()),
            kind,
            origin: Origin::File(path.to_owned()),
        };
        let there = |secret: &Option<Secret>| secret.clone().filter(|secret| !secret.is_empty());
        if let Some(token) = there(&self.registry_token) {
            return Ok(Some(made("", token.expose(), SecretKind::RegistryToken)));
        }
        let identity = there(&self.identity_token);
        let Some(auth) = there(&self.auth) else {
            let user = self.username.as_deref().unwrap_or_default();
            return Ok(match (identity, &self.password) {
                (Some(token), _) => Some(made(user, token.expose(), SecretKind::IdentityToken)),
                (None, Some(password)) if !user.is_empty() && !password.is_empty() => {
                    Some(made(user, password.expose(), SecretKind::Password))
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
        if let Some(token) = identity {
            return Ok(Some(made(user, token.expose(), SecretKind::IdentityToken)));
        }
        // old versions of Docker filled the password up with zero bytes
        let password = password.trim_matches('\0');
        Ok((!user.is_empty() && !password.is_empty())
            .then(|| made(user, password, SecretKind::Password)))
    }
}

/// Base64 with or without its padding.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Network;
    use std::path::PathBuf;

    /// `user:password` in base64 in an entry.
    fn auth(text: &str) -> String {
        format!(r#"{{"auth": "{}"}}"#, BASE64.encode(text))
    }

    fn find(name: &str, content: &str, host: &str, repository: &str) -> Stored {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        look_up(&[path], host, repository).unwrap()
    }

    fn look_up(files: &[PathBuf], host: &str, repository: &str) -> Result<Stored, SettingsError> {
        let network = Network {
            auth_files: files.to_vec(),
            ..Network::default()
        };
        Stored::find(&network, host, repository)
    }

    fn user(stored: &Stored) -> Option<&str> {
        match stored {
            Stored::Found(credentials) => Some(&credentials.user),
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
            Stored::Found(found) => assert_eq!(found.secret.expose(), "p:q"),
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
    fn tokens_come_before_passwords() {
        for (entry, kind, user, secret) in [
            (
                // as `az acr login` leaves it
                r#"{"auth": "MDAwMDA6", "identitytoken": "t"}"#,
                SecretKind::IdentityToken,
                "00000",
                "t",
            ),
            (
                r#"{"identitytoken": "t"}"#,
                SecretKind::IdentityToken,
                "",
                "t",
            ),
            (
                r#"{"auth": "dTpw", "registrytoken": "r"}"#,
                SecretKind::RegistryToken,
                "",
                "r",
            ),
            (r#"{"auth": "dTpw"}"#, SecretKind::Password, "u", "p"),
            (
                r#"{"username": "u", "password": "p"}"#,
                SecretKind::Password,
                "u",
                "p",
            ),
        ] {
            let content = format!(r#"{{"auths": {{"r.io": {entry}}}}}"#);
            let Stored::Found(found) = find("config.json", &content, "r.io", "a") else {
                panic!("{entry}");
            };
            assert_eq!(
                (found.kind, &*found.user, found.secret.expose()),
                (kind, user, secret),
                "{entry}"
            );
        }
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
        assert_eq!(user(&look_up(&files, "r.io", "a").unwrap()), Some("first"));
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
            let error = look_up(std::slice::from_ref(&path), "r.io", "a").unwrap_err();
            assert_eq!(error.path, path);
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
