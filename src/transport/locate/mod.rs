//! From what a person types, drops or pastes to a reference.
//!
//! Looks at the file system, and nothing else: whether a registry has the image is found
//! out by opening it. Call it where a thread may wait for the disk.

mod paste;
mod path;
mod recognise;
mod web;

use crate::model::{Platform, PlatformError, Reference, ReferenceError, RegistryReference, limits};

use super::TransportError;
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
