//! Keeping and forgetting credentials where docker, podman and skopeo find them.

use std::io::Write;
use std::path::Path;

use base64::Engine as _;
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

use super::auth_file::{AuthFile, BASE64, read_bytes};
use super::{Network, Origin, Secret, SettingsError, docker_key, helper, normal_host};

/// Where a login is kept now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    pub places: Vec<Origin>,
    /// It lies in a file, not encrypted: no helper is set up.
    pub in_the_clear: bool,
}

/// Where a login was removed from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    pub places: Vec<Origin>,
    /// Why it may still be kept somewhere, a line for each place.
    pub problems: Vec<String>,
}

/// Keeps name and password for `registry`, a host or a host with a path.
///
/// They go into Docker's `config.json`, which docker, podman and skopeo all read, or into
/// the file that `REGISTRY_AUTH_FILE` names; a helper that the file names keeps the secret.
/// A file that is read before it and has the registry, too, is kept in step: else the old
/// one would go on being used.
///
/// # Errors
/// Where a file cannot be read or written, or a helper fails. What was there is as before.
pub fn save_login(
    network: &Network,
    registry: &str,
    user: &str,
    secret: &Secret,
) -> Result<Saved, SettingsError> {
    let Some(target) = &network.login_file else {
        let why = "no folder of yours is known to keep it in".to_owned();
        return Err(SettingsError::new(Path::new("config.json"), why));
    };
    let before = network.auth_files.iter().take_while(|file| *file != target);
    let mut saved = Saved {
        places: Vec::new(),
        in_the_clear: false,
    };
    for file in before {
        let Some(parsed) = AuthFile::read(file)? else {
            continue;
        };
        let has_it = parsed.helper(registry).is_some()
            || parsed.entries().any(|(key, _)| parsed.names(key, registry));
        if has_it {
            save_in(network, file, registry, user, secret, &mut saved)?;
        }
    }
    save_in(network, target, registry, user, secret, &mut saved)?;
    Ok(saved)
}

fn save_in(
    network: &Network,
    file: &Path,
    registry: &str,
    user: &str,
    secret: &Secret,
    saved: &mut Saved,
) -> Result<(), SettingsError> {
    let parsed = AuthFile::read(file)?.unwrap_or_default();
    // helpers know hosts and no paths in them
    let is_host = !registry.contains('/');
    let own = parsed.helper(registry).filter(|_| is_host);
    let name = own.or_else(|| parsed.store().filter(|_| is_host));
    let mut name = name.map(ToOwned::to_owned);
    let new_helper = own.is_none();
    if let Some(name) = &name {
        let kept = keep(network, name, file, registry, user, secret);
        kept.map_err(|why| SettingsError::new(file, why))?;
    } else if is_host && may_use_keyring(network, file, &parsed) {
        // one that does not work, as without a session of a desktop, is no keyring
        name = KEYRINGS
            .iter()
            .copied()
            .map(ToOwned::to_owned)
            .find(|name| {
                helper::is_there(&network.helpers, name)
                    && keep(network, name, file, registry, user, secret).is_ok()
            });
    }
    edit(file, |root| {
        let auths = object(root, "auths")?;
        remove_keys(auths, &parsed, registry);
        let key = docker_key(registry).to_owned();
        if let Some(name) = &name {
            // what Docker leaves to say that somebody is logged in
            auths.insert(key.clone(), Value::Object(Map::new()));
            if new_helper {
                // podman and skopeo only ask the helper of a host, not the one of all
                let helpers = object(root, "credHelpers")?;
                helpers.insert(key, Value::String(name.clone()));
                helpers.insert(registry.to_owned(), Value::String(name.clone()));
            }
        } else {
            let text = Zeroizing::new(format!("{user}:{}", secret.expose()));
            let mut entry = Map::new();
            let auth = BASE64.encode(text.as_bytes());
            entry.insert("auth".to_owned(), Value::String(auth));
            auths.insert(key, Value::Object(entry));
        }
        Some(true)
    })?;
    saved.in_the_clear |= name.is_none();
    saved.places.push(match name {
        Some(name) => Origin::Helper {
            program: helper::program(&name),
            file: file.to_owned(),
        },
        None => Origin::File(file.to_owned()),
    });
    Ok(())
}

/// The helpers for the system's own keyring, the best first.
const KEYRINGS: &[&str] = if cfg!(target_os = "macos") {
    &["osxkeychain"]
} else if cfg!(windows) {
    &["wincred"]
} else {
    &["secretservice", "pass"]
};

/// Whether a login goes into the system's keyring. Who keeps others in the clear in the file
/// has chosen so.
fn may_use_keyring(network: &Network, file: &Path, parsed: &AuthFile) -> bool {
    let in_the_clear =
        |entry: &super::auth_file::Entry| !matches!(entry.credentials(file), Ok(None));
    network.keyring
        && network.login_file.as_deref() == Some(file)
        && !parsed.entries().any(|(_, entry)| in_the_clear(entry))
}

/// Lets the helper `name` keep `secret`, and looks whether it gives it back.
fn keep(
    network: &Network,
    name: &str,
    file: &Path,
    registry: &str,
    user: &str,
    secret: &Secret,
) -> Result<(), String> {
    // docker and containers/image have names of their own for Docker Hub
    let mut keys = vec![docker_key(registry)];
    if docker_key(registry) != registry {
        keys.push(registry);
    }
    for key in keys {
        helper::store(&network.helpers, name, file, (key, user, secret))?;
    }
    match helper::get(&network.helpers, name, file, registry)? {
        Some(found) if found.user == user && found.secret == *secret => Ok(()),
        _ => Err(format!(
            "the credential helper {} took the login and does not give it back",
            helper::program(name)
        )),
    }
}

/// Forgets the login for `registry` in every auth file and in the helpers that they name.
///
/// # Errors
/// Where a file cannot be read or written. What a helper fails at is told in the result.
pub fn remove_login(network: &Network, registry: &str) -> Result<Removed, SettingsError> {
    let mut removed = Removed::default();
    for file in &network.auth_files {
        let Some(parsed) = AuthFile::read(file)? else {
            continue;
        };
        if !registry.contains('/') {
            let mut names: Vec<&str> = parsed.helper(registry).into_iter().collect();
            names.extend(parsed.store());
            names.dedup();
            for name in names {
                erase(network, name, file, registry, &mut removed);
            }
        }
        let mut had_secret = false;
        for (key, entry) in parsed.entries() {
            if parsed.names(key, registry) {
                had_secret |= !matches!(entry.credentials(file), Ok(None));
            }
        }
        let edited = edit(file, |root| {
            let auths = root.get_mut("auths").and_then(Value::as_object_mut);
            // `.dockercfg` has no auths around its entries
            let auths = match auths {
                Some(auths) => auths,
                None => root,
            };
            Some(remove_keys(auths, &parsed, registry))
        })?;
        if edited && had_secret {
            removed.places.push(Origin::File(file.clone()));
        }
    }
    Ok(removed)
}

fn erase(network: &Network, name: &str, file: &Path, registry: &str, removed: &mut Removed) {
    let mut keys = vec![docker_key(registry)];
    if docker_key(registry) != registry {
        keys.push(registry);
    }
    let mut erased = false;
    for key in keys {
        match helper::erase(&network.helpers, name, file, key) {
            Ok(was_there) => erased |= was_there,
            Err(why) => {
                removed.problems.push(why);
                return;
            }
        }
    }
    if erased {
        removed.places.push(Origin::Helper {
            program: helper::program(name),
            file: file.to_owned(),
        });
    }
}

/// Removes every key that stands for `registry`; whether there was one.
fn remove_keys(auths: &mut Map<String, Value>, file: &AuthFile, registry: &str) -> bool {
    let is_hub = normal_host(registry) == "index.docker.io";
    let keys: Vec<String> = auths
        .keys()
        .filter(|key| file.names(key, registry) || (is_hub && docker_key(registry) == *key))
        .cloned()
        .collect();
    for key in &keys {
        if let Some(mut entry) = auths.shift_remove(key) {
            wipe(&mut entry);
        }
    }
    !keys.is_empty()
}

/// The object under `key`, made where there is none; nothing where something else is there.
fn object<'a>(root: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Map<String, Value>> {
    let value = root.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}

/// Changes the JSON of `file` and leaves in it what is not known here. `change` says
/// whether anything is new, or nothing where the file has another form than it needs.
///
/// The file is replaced in one step and only its owner may read it. Who changes it at the
/// same time through this function waits.
fn edit(
    file: &Path,
    change: impl FnOnce(&mut Map<String, Value>) -> Option<bool>,
) -> Result<bool, SettingsError> {
    // a link leads to where somebody keeps it
    let target = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let fail = |error: std::io::Error| SettingsError::new(file, error);
    let folder = target.parent().unwrap_or(Path::new("."));
    make_folder(folder).map_err(fail)?;
    // unlocked when it is closed; where folders cannot be locked it goes without
    let lock = std::fs::File::open(folder).and_then(|folder| folder.lock().map(|()| folder));
    let bytes = read_bytes(&target)?.unwrap_or_default();
    let mut root = if bytes.trim_ascii().is_empty() {
        Value::Object(Map::new())
    } else {
        serde_json::from_slice(&bytes).map_err(|_| SettingsError::new(file, "it is not JSON"))?
    };
    let form = || SettingsError::new(file, "it does not have the form of an auth file");
    let changed = root.as_object_mut().and_then(change).ok_or_else(form);
    let written = changed.and_then(|changed| {
        if changed {
            write(&target, &root).map_err(fail)?;
        }
        Ok(changed)
    });
    wipe(&mut root);
    drop(lock);
    written
}

fn write(target: &Path, root: &Value) -> std::io::Result<()> {
    // Docker indents by tabs
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"\t");
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 << 10));
    root.serialize(&mut serde_json::Serializer::with_formatter(
        &mut *bytes,
        formatter,
    ))?;
    bytes.push(b'\n');
    let folder = target.parent().unwrap_or(Path::new("."));
    // made for its owner alone
    let mut temporary = tempfile::Builder::new()
        .prefix(".auth-")
        .tempfile_in(folder)?;
    temporary.write_all(&bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(target).map_err(|error| error.error)?;
    Ok(())
}

fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Wipes every text of `value` from memory.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(values) => values.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
