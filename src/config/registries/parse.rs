//! One file of `registries.conf(5)`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::super::SettingsError;
use super::{Entry, Mirror, Pull, Registries};
use crate::model::RegistryReference;

#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    registry: Vec<RegistryTable>,
    aliases: BTreeMap<String, String>,
    #[serde(rename = "credential-helpers")]
    credential_helpers: Vec<String>,
    /// Version 1 of the format, with `search`, `insecure` and `block` under it.
    registries: Option<toml::Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RegistryTable {
    prefix: String,
    location: String,
    insecure: bool,
    blocked: bool,
    mirror: Vec<MirrorTable>,
    #[serde(rename = "mirror-by-digest-only")]
    digest_only: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MirrorTable {
    location: String,
    insecure: bool,
    #[serde(rename = "pull-from-mirror")]
    pull: String,
}

/// Reads the text of the file at `path`.
///
/// # Errors
/// Where it is not TOML, is of version 1, or says what makes no sense.
pub fn parse_registries(path: &Path, text: &str) -> Result<Registries, SettingsError> {
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error
            .span()
            .map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let line = line.map_or_else(String::new, |line| format!("line {line}: "));
        SettingsError::new(path, format!("{line}{}", error.message()))
    })?;
    let fail = |why: String| SettingsError::new(path, why);
    if file.registries.is_some() {
        let why = "it is of version 1, and version 2 is read: write [[registry]] tables";
        return Err(fail(why.to_owned()));
    }
    let mut entries = Vec::new();
    for table in file.registry {
        let location = checked(&table.location).map_err(fail)?;
        let prefix = if table.prefix.is_empty() {
            location.clone()
        } else {
            checked(&table.prefix).map_err(fail)?
        };
        if prefix.is_empty() {
            return Err(fail("a [[registry]] has no location".to_owned()));
        }
        if prefix.contains('*') && !is_wildcard(&prefix) {
            let why = format!("the prefix {prefix:?} has a * elsewhere than before a domain");
            return Err(fail(why));
        }
        if location.contains('*') || (location.is_empty() && !prefix.starts_with('*')) {
            return Err(fail(format!("the registry {prefix:?} has no location")));
        }
        if !location.is_empty() {
            in_registry(&location).map_err(fail)?;
        }
        let mut mirrors = Vec::new();
        for mirror in table.mirror {
            let location = checked(&mirror.location).map_err(fail)?;
            if location.is_empty() {
                return Err(fail(format!("a mirror of {prefix:?} has no location")));
            }
            in_registry(&location).map_err(fail)?;
            if table.digest_only && !mirror.pull.is_empty() {
                return Err(fail(format!(
                    "{prefix:?} has both mirror-by-digest-only and pull-from-mirror"
                )));
            }
            let pull = match mirror.pull.as_str() {
                _ if table.digest_only => Pull::DigestOnly,
                "" | "all" => Pull::All,
                "digest-only" => Pull::DigestOnly,
                "tag-only" => Pull::TagOnly,
                other => {
                    return Err(fail(format!(
                        "pull-from-mirror {other:?} is none of all, digest-only, tag-only"
                    )));
                }
            };
            mirrors.push(Mirror {
                location,
                insecure: mirror.insecure,
                pull,
            });
        }
        // of the same prefix in one file the first counts
        if entries.iter().any(|entry: &Entry| entry.prefix == prefix) {
            continue;
        }
        entries.push(Entry {
            prefix,
            location,
            insecure: table.insecure,
            blocked: table.blocked,
            mirrors,
            file: path.to_owned(),
        });
    }
    let aliases = file.aliases.into_iter();
    Ok(Registries {
        entries,
        aliases: aliases
            .map(|(name, full)| (name, (full, path.to_owned())))
            .collect(),
        credential_helpers: file.credential_helpers,
        path: path.to_owned(),
    })
}

/// A location without its last slashes.
fn checked(location: &str) -> Result<String, String> {
    if location.contains("://") {
        return Err(format!("{location:?} begins with a scheme; leave that out"));
    }
    Ok(location.trim_end_matches('/').to_owned())
}

/// Whether images can be asked for at `location`: it begins with a host. What names none would be
/// a name at Docker Hub, and asked for there.
fn in_registry(location: &str) -> Result<(), String> {
    let host = location.split('/').next().unwrap_or_default();
    let is_host = host.contains(['.', ':']) || host == "localhost";
    match format!("{location}/x").parse::<RegistryReference>() {
        Ok(_) if is_host => Ok(()),
        Ok(_) => Err(format!(
            "{location:?} does not begin with the host of a registry, which has a dot or a port, or is localhost"
        )),
        Err(error) => Err(format!("{location:?} is no place of images: {error}")),
    }
}

fn is_wildcard(prefix: &str) -> bool {
    prefix
        .strip_prefix("*.")
        .is_some_and(|rest| !rest.is_empty() && !rest.contains(['*', '/', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RegistriesFiles;

    const FILE: &str = r#"
        unqualified-search-registries = ["docker.io"]
        short-name-mode = "enforcing"
        credential-helpers = ["secretservice", "containers-auth.json"]
        [aliases]
        fedora = "registry.fedoraproject.org/fedora"
        [[registry]]
        prefix = "docker.io"
        location = "docker.io"
        [[registry.mirror]]
        location = "mirror.lan:5000/hub"
        insecure = true
        [[registry.mirror]]
        location = "digests.lan"
        pull-from-mirror = "digest-only"
        [[registry]]
        prefix = "docker.io/library"
        location = "internal.lan/library"
        [[registry]]
        location = "bad.example.com"
        blocked = true
        [[registry]]
        prefix = "*.corp.example.com"
        insecure = true
        mirror-by-digest-only = true
        [[registry.mirror]]
        location = "corp-mirror.lan/"
    "#;
    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn registries(files: &[&str]) -> Result<Registries, SettingsError> {
        let dir = tempfile::tempdir().unwrap();
        for (number, text) in files.iter().enumerate() {
            std::fs::write(dir.path().join(format!("{number}.conf")), text).unwrap();
        }
        std::fs::write(dir.path().join("notes.txt"), "not TOML").unwrap();
        let files = RegistriesFiles {
            main: vec![dir.path().join("missing"), dir.path().join("0.conf")],
            drop_ins: vec![dir.path().to_owned(), "/does/not/exist".into()],
            aliases: None,
        };
        files.read()
    }

    fn places(registries: &Registries, image: &str) -> Vec<String> {
        let image = image.parse().unwrap();
        let endpoints = registries.endpoints(&image).unwrap();
        let shown = endpoints.iter().map(|endpoint| {
            let image = &endpoint.image;
            let at = image.tag().map(|tag| format!(":{tag}")).unwrap_or_default();
            let mirror = if endpoint.mirror { " mirror" } else { "" };
            format!("{}{at}{mirror}", image.name())
        });
        shown.collect()
    }

    #[test]
    fn mirrors_come_in_their_order_and_the_registry_last() {
        let registries = registries(&[FILE]).unwrap();
        let by_digest = format!("docker.io/team/app@{DIGEST}");
        let corp = format!("a.corp.example.com/x@{DIGEST}");
        for (image, expected) in [
            (
                "team/app:1",
                vec![
                    "mirror.lan:5000/hub/team/app:1 mirror",
                    "docker.io/team/app:1",
                ],
            ),
            (
                &*by_digest,
                vec![
                    "mirror.lan:5000/hub/team/app mirror",
                    "digests.lan/team/app mirror",
                    "docker.io/team/app",
                ],
            ),
            // the longest prefix counts alone
            ("busybox:1", vec!["internal.lan/library/busybox:1"]),
            (
                "docker.io/libraryx/a:1",
                vec![
                    "mirror.lan:5000/hub/libraryx/a:1 mirror",
                    "docker.io/libraryx/a:1",
                ],
            ),
            ("quay.io/a:1", vec!["quay.io/a:1"]),
            ("a.corp.example.com/x:1", vec!["a.corp.example.com/x:1"]),
            (
                &*corp,
                vec!["corp-mirror.lan/x mirror", "a.corp.example.com/x"],
            ),
        ] {
            assert_eq!(places(&registries, image), expected, "{image}");
        }
        let home = registries.home(&"team/app:1".parse().unwrap()).unwrap();
        assert_eq!(home.host(), "docker.io");
    }

    #[test]
    fn blocked_insecure_aliases_and_helpers() {
        let registries = registries(&[FILE]).unwrap();
        let blocked = registries
            .endpoints(&"bad.example.com/a".parse().unwrap())
            .unwrap_err();
        assert_eq!(blocked.prefix, "bad.example.com");
        for (host, insecure) in [
            ("mirror.lan:5000", true),
            ("mirror.lan", false),
            ("digests.lan", false),
            ("docker.io", false),
            ("a.corp.example.com", true),
            ("corp.example.com", false),
        ] {
            assert_eq!(registries.is_insecure(host), insecure, "{host}");
        }
        let (full, _) = registries.alias("fedora").unwrap();
        assert_eq!(full, "registry.fedoraproject.org/fedora");
        assert_eq!(registries.alias("debian"), None);
        assert_eq!(
            registries.credential_helpers(),
            ["secretservice", "containers-auth.json"]
        );
        assert_eq!(registries.known().len(), 4);
    }

    #[test]
    fn drop_ins_replace_what_was_said_of_the_same_prefix() {
        let registries = registries(&[
            FILE,
            "[[registry]]\nprefix=\"docker.io\"\nlocation=\"other.lan\"\n[aliases]\nfedora=\"\"",
        ])
        .unwrap();
        assert_eq!(places(&registries, "team/app:1"), ["other.lan/team/app:1"]);
        assert_eq!(registries.alias("fedora"), None);
        assert_eq!(registries.credential_helpers().len(), 2);
    }

    #[test]
    fn what_makes_no_sense_is_an_error_with_its_file() {
        for (text, part) in [
            (
                "[registries.search]\nregistries = ['docker.io']",
                "version 1",
            ),
            ("[[registry]]\nblocked = true", "no location"),
            ("[[registry]]\nprefix = 'a.io'", "no location"),
            ("[[registry]]\nlocation = 'https://a.io'", "scheme"),
            ("[[registry]]\nprefix = 'a.*.io'\nlocation = 'b.io'", "*"),
            (
                "[[registry]]\nlocation = 'a.io'\n[[registry.mirror]]\ninsecure = true",
                "no location",
            ),
            (
                "[[registry]]\nlocation='a.io'\n[[registry.mirror]]\nlocation='b.io'\npull-from-mirror='x'",
                "none of",
            ),
            (
                "[[registry]]\nlocation = 'not a host'",
                "no place of images",
            ),
            (
                "[[registry]]\nprefix = 'a.io'\nlocation = 'mirror'",
                "does not begin with the host",
            ),
            (
                "[[registry]]\nlocation='a.io'\n[[registry.mirror]]\nlocation='b.io/../etc'",
                "no place of images",
            ),
            (
                "[[registry]]\nlocation='a.io'\n[[registry.mirror]]\nlocation='team/hub'",
                "does not begin with the host",
            ),
            ("\n\n[[registry]]\nlocation = 7", "line 4"),
            ("not TOML", "line 1"),
        ] {
            let error = registries(&[text]).unwrap_err();
            assert!(error.to_string().contains(part), "{text}: {error}");
            assert!(error.path.ends_with("0.conf"), "{error}");
        }
    }
}
