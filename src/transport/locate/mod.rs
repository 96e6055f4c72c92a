//! From what a person types, drops or pastes to a reference.
//!
//! Looks at the file system, and nothing else: whether a registry has the image is found
//! out by opening it. Call it where a thread may wait for the disk.

mod paste;
mod path;
mod recognise;
mod web;

use crate::model::{Platform, PlatformError, Reference, ReferenceError, RegistryReference, limits};

use super::registry::Client;
use super::{Problem, TransportError};
use crate::config::SettingsError;
pub use recognise::recognise;
pub(super) use recognise::{describe_path, other_transport};

/// What a text stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    pub reference: Reference,
    /// The platform that a pasted command asked for (`--platform linux/arm64`).
    pub platform: Option<Platform>,
}

/// Why a text stands for no image.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LocateError {
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// A folder or file of this name is here and is no image, but a registry may have one.
    #[error("{error}")]
    TakenByPath {
        error: Box<TransportError>,
        registry: Box<RegistryReference>,
    },
    #[error("\"{command}\" is not a command that looks at an image")]
    Command { command: String },
    #[error("\"{command}\" names {count} images")]
    CommandImages { command: String, count: usize },
    #[error("the address of {host} names no image: {why}")]
    Web { host: String, why: &'static str },
}

impl LocateError {
    /// What to try, in one sentence.
    pub fn hint(&self) -> String {
        let fixed = match self {
            Self::Reference(error) => error.hint(),
            Self::Transport(error) => return error.hint(),
            Self::TakenByPath { registry, .. } => {
                return format!("For the image of the registry write docker://{registry}");
            }
            Self::Platform(_) => "Leave the platform out, or write it as linux/amd64",
            Self::Command { .. } => "Paste the name of the image alone",
            Self::CommandImages { .. } => "Open one image at a time",
            Self::Web { .. } => "Paste the name of the image, or the address of its page",
        };
        fixed.to_owned()
    }
}

/// Understands `text`, in this order: what a terminal or a web page puts around a name is
/// taken off; then it is a web address, a reference with the prefix of its transport, an
/// existing path, and else a registry's with Docker's rules. A text that can only be a
/// path is never taken for a registry's.
///
/// # Errors
/// Where it is none of these, or names a path that is no image.
pub fn locate(text: &str) -> Result<Located, LocateError> {
    let text = text.trim();
    if text.len() > limits::REFERENCE_BYTES {
        return Err(ReferenceError::TooLong(text.len()).into());
    }
    let pasted = paste::read(text)?;
    Ok(Located {
        reference: understand(&pasted.name)?,
        platform: pasted.platform,
    })
}

/// As [`locate`]; a short name that `registries.conf` gives another meaning than Docker's has
/// that one.
///
/// # Errors
/// As [`locate`], and where `registries.conf` cannot be read or gives the name a meaning that
/// is none.
pub fn locate_through(client: &Client, text: &str) -> Result<Located, LocateError> {
    let located = locate(text)?;
    let Reference::Registry(image) = &located.reference else {
        return Ok(located);
    };
    let pasted = paste::read(text.trim())?;
    let Some((name, rest)) = short_name(&pasted.name) else {
        return Ok(located);
    };
    let settings = |error: SettingsError| {
        let problem = Problem::Settings {
            path: error.path.display().to_string(),
            why: error.why,
        };
        TransportError::new("image", image.to_string(), problem)
    };
    let Some(full) = client.alias(name).map_err(settings)? else {
        return Ok(located);
    };
    let reference = Reference::Registry(format!("{full}{rest}").parse()?);
    Ok(Located {
        reference,
        ..located
    })
}

/// The name without a host that `text` begins with, and the tag and digest behind it;
/// nothing where it names a host or a transport.
fn short_name(text: &str) -> Option<(&str, &str)> {
    let end = text.find('@').unwrap_or(text.len());
    let first = text[..end].split('/').next()?;
    let has_path = first.len() < end;
    if has_path && (first.contains(['.', ':']) || first == "localhost") {
        return None;
    }
    let last = text[..end].rfind('/').map_or(0, |slash| slash + 1);
    let end = text[last..end].find(':').map_or(end, |colon| last + colon);
    Some(text.split_at(end))
}

fn understand(text: &str) -> Result<Reference, LocateError> {
    if let Some(path) = path::of_file_address(text) {
        return Ok(Reference::Path(recognise(&path?)?));
    }
    if let Some(name) = web::image_of(text) {
        return Ok(Reference::Registry(name?.parse()?));
    }
    if let Some(reference) = path::prefixed(text) {
        return Ok(reference?);
    }
    if let Some(reference) = path::existing(text) {
        return reference;
    }
    Ok(Reference::Registry(text.parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_have_no_host() {
        for (text, expected) in [
            ("fedora", Some(("fedora", ""))),
            ("fedora:40", Some(("fedora", ":40"))),
            ("ubi8/ubi:8@sha256:ab", Some(("ubi8/ubi", ":8@sha256:ab"))),
            ("fedora@sha256:ab", Some(("fedora", "@sha256:ab"))),
            ("quay.io/fedora:40", None),
            ("localhost/fedora", None),
            ("host:5000/fedora", None),
            ("docker://fedora", None),
        ] {
            assert_eq!(short_name(text), expected, "{text}");
        }
    }
}
