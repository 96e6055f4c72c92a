//! Paths: as they are typed, with an image's name behind a colon, and as file managers
//! hand them over.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::web::percent_decode;
use super::{LocateError, recognise};
use crate::model::{ImageName, PathReference, Reference, ReferenceError, Transport, text};
use crate::transport::{Problem, TransportError};

/// The path of a `file://` address; nothing where `text` is none.
pub(super) fn of_file_address(text: &str) -> Option<Result<PathBuf, LocateError>> {
    let scheme = text.get(..5)?;
    if !scheme.eq_ignore_ascii_case("file:") {
        return None;
    }
    let rest = &text[5..];
    let path = match rest.strip_prefix("//") {
        Some(rest) => {
            let (host, _) = rest.split_once('/')?;
            if !host.is_empty() && !host.eq_ignore_ascii_case("localhost") {
                return Some(Err(LocateError::Web {
                    host: host.to_owned(),
                    why: "files of another machine cannot be opened from here",
                }));
            }
            &rest[host.len()..]
        }
        None if rest.starts_with('/') => rest,
        None => return None,
    };
    Some(path_of_bytes(percent_decode(path)).ok_or_else(|| {
        LocateError::Transport(TransportError::new(
            "image",
            text::visible(text),
            Problem::NoSuchPath,
        ))
    }))
}

#[cfg(unix)]
fn path_of_bytes(bytes: Vec<u8>) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    // exactly what the file is called, be it UTF-8 or not
    Some(std::ffi::OsString::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn path_of_bytes(bytes: Vec<u8>) -> Option<PathBuf> {
    let path = String::from_utf8(bytes).ok()?;
    // `/C:/images` is C:/images
    let drive = path.as_bytes().get(2) == Some(&b':');
    Some(PathBuf::from(if drive { &path[1..] } else { &path }))
}

/// A reference with the prefix of its transport; nothing where `text` has none.
///
/// Besides those of the model: `ocidir://PATH`, which regclient writes, and Helm's
/// `oci://HOST/NAME`, which is a registry's unless there is such a path.
pub(super) fn prefixed(text: &str) -> Option<Result<Reference, ReferenceError>> {
    if let Some(rest) = text.strip_prefix("ocidir://") {
        return Some(path_reference(Transport::Oci, rest));
    }
    if let Some(rest) = text.strip_prefix("oci://")
        && !rest.starts_with('/')
        && !Path::new(&text["oci:/".len()..]).exists()
    {
        return Some(rest.parse().map(Reference::Registry));
    }
    let parsed = Reference::parse_prefixed(text)?;
    let (prefix, rest) = text.split_once(':')?;
    let transport = Transport::ALL.into_iter().find(|t| t.prefix() == prefix);
    Some(match transport {
        Some(Transport::Docker | Transport::DockerDaemon) | None => parsed,
        // a path with a colon in it, or in the home folder, is seen by looking
        Some(transport) => match path_reference(transport, rest) {
            Ok(Reference::Path(found)) if found.path.exists() => Ok(Reference::Path(found)),
            _ => parsed,
        },
    })
}

/// Reads `PATH[:name]`. The path ends at the first colon, as containers/image has it,
/// unless only a longer one exists.
fn path_reference(transport: Transport, text: &str) -> Result<Reference, ReferenceError> {
    let text = expand_home(text);
    let reference = |path: &str, name: Option<&str>| {
        let name = name.filter(|name| !name.is_empty());
        if path.is_empty() {
            return Err(ReferenceError::NoPath(transport.prefix()));
        }
        if let (Transport::Dir, Some(name)) = (transport, name) {
            return Err(ReferenceError::DirName(name.to_owned()));
        }
        Ok(Reference::Path(PathReference {
            name: name.map(str::parse::<ImageName>).transpose()?,
            ..PathReference::new(transport, path)
        }))
    };
    let mut first = None;
    for (path, name) in splits(&text).into_iter().chain([(&*text, None)]) {
        if Path::new(path).exists() {
            return reference(path, name);
        }
        first.get_or_insert((path, name));
    }
    let (path, name) = first.unwrap_or((&*text, None));
    reference(path, name)
}

/// An image in a folder or archive that exists; nothing where `text` names no path and
/// need not be one.
pub(super) fn existing(text: &str) -> Option<Result<Reference, LocateError>> {
    let must_be_path = looks_like_path(text);
    let expanded = expand_home(text);
    let whole = match fs::metadata(&*expanded) {
        Ok(_) => {
            let found = recognise(Path::new(&*expanded)).map(Reference::Path);
            return Some(found.map_err(|error| match text.parse() {
                Ok(registry) if !must_be_path => LocateError::TakenByPath {
                    error: Box::new(error),
                    registry: Box::new(registry),
                },
                _ => error.into(),
            }));
        }
        Err(error) => error,
    };
    for (path, name) in splits(&expanded) {
        let path = Path::new(path);
        if !path.exists() {
            continue;
        }
        match (recognise(path), name) {
            (Ok(found), name) => return Some(with_name(found, name)),
            (Err(error), _) if must_be_path => return Some(Err(error.into())),
            // a folder that happens to be called like the image before its tag
            (Err(_), _) => {}
        }
    }
    must_be_path.then(|| Err(missing(text, &whole).into()))
}

fn with_name(found: PathReference, name: Option<&str>) -> Result<Reference, LocateError> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Ok(Reference::Path(found));
    };
    if found.transport == Transport::Dir {
        return Err(ReferenceError::DirName(name.to_owned()).into());
    }
    Ok(Reference::Path(found.with_name(name.parse()?)))
}

fn missing(text: &str, error: &io::Error) -> TransportError {
    let problem = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidInput => {
            Problem::NoSuchPath
        }
        _ => Problem::Io {
            why: error.to_string(),
        },
    };
    TransportError::new("image", text::visible(text), problem)
}

/// Whether a text can be nothing but a path. No repository begins or ends like these.
fn looks_like_path(text: &str) -> bool {
    let begins = ["/", "./", "../", "~/"].iter().any(|p| text.starts_with(p));
    let archive = [".tar", ".tar.gz", ".tgz", ".tar.zst"]
        .iter()
        .any(|end| text.ends_with(end));
    begins
        || archive
        || matches!(text, "." | ".." | "~")
        || text.ends_with('/')
        || text.contains('\\')
        || has_drive(text)
}

/// `C:` and a slash. A registry's host has more than one letter where a port follows.
fn has_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic())
}

/// Each way to split `PATH:name`, the shortest path first. The colon of a Windows drive
/// is none to split at.
fn splits(text: &str) -> Vec<(&str, Option<&str>)> {
    let from = if has_drive(text) { 2 } else { 0 };
    text.char_indices()
        .filter(|(at, c)| *c == ':' && *at >= from.max(1))
        .map(|(at, _)| (&text[..at], Some(&text[at + 1..])))
        .collect()
}

/// `~/images` in the user's home folder, unless a folder here is really called `~`.
fn expand_home(text: &str) -> Cow<'_, str> {
    let rest = match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => return Cow::Borrowed(text),
    };
    let home = std::env::home_dir().and_then(|home| home.into_os_string().into_string().ok());
    match home {
        Some(home) if !home.is_empty() && !Path::new("~").exists() => {
            Cow::Owned(format!("{}{rest}", home.trim_end_matches('/')))
        }
        _ => Cow::Borrowed(text),
    }
}
