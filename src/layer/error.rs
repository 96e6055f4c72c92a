//! What can go wrong with a layer, said in a person's words.

use crate::model::{Digest, text};
use crate::transport::TransportError;

/// A failure with a layer or a file of one.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LayerError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("layer {layer}: {why}")]
    Unreadable { layer: Digest, why: String },
    #[error(
        "{} has another content than its layer's list of files says: {found}, not {expected}",
        text::visible(path)
    )]
    WrongContent {
        path: String,
        expected: Digest,
        found: Digest,
    },
    #[error(
        "{} has {size} bytes, and only files of up to {limit} are shown",
        text::visible(path)
    )]
    TooLarge { path: String, size: u64, limit: u64 },
    #[error("{} is not there", text::visible(path))]
    NoSuchFile { path: String },
    #[error("{} is a {what}, which has no content", text::visible(path))]
    NoContent { path: String, what: &'static str },
    #[error("the pattern {} cannot be read: {why}", text::visible(pattern))]
    Pattern { pattern: String, why: String },
    #[error("{} cannot be written: {why}", text::visible(path))]
    Write { path: String, why: String },
    #[error("{} is there already", text::visible(path))]
    There { path: String },
    #[error("{} is not written: {why}", text::visible(path))]
    Refused { path: String, why: String },
    #[error(
        "the files have {} in holes or by a table of contents alone, more than the {} that \
         layers of their size should",
        text::size(*bytes),
        text::size(*limit)
    )]
    TooMuch { bytes: u64, limit: u64 },
    #[error("it was ended")]
    Cancelled,
}

impl LayerError {
    /// What to try.
    pub fn hint(&self) -> String {
        match self {
            Self::Transport(error) => error.problem.hint(),
            Self::Unreadable { .. } | Self::WrongContent { .. } => {
                "Copy the image again from where it came".to_owned()
            }
            Self::TooLarge { .. } => "Save it instead, or print it (porthole cat)".to_owned(),
            Self::NoSuchFile { .. } => "Look at what is there (porthole files)".to_owned(),
            Self::NoContent { .. } => {
                "Only regular files and links to them have content".to_owned()
            }
            Self::Pattern { .. } => {
                "Write it as a plain text, as a glob (*.so) or as a regular expression".to_owned()
            }
            Self::Write { .. } => {
                "Check that the folder is there, may be written and has room".to_owned()
            }
            Self::There { .. } => "Choose another name, or write over it (porthole export-files \
                                   --force)"
                .to_owned(),
            Self::Refused { .. } => "Choose an empty folder".to_owned(),
            Self::TooMuch { .. } => "Write them anyway only if you know where the image comes \
                                     from (porthole export-files --read-anyway)"
                .to_owned(),
            Self::Cancelled => "Start it again when you want to".to_owned(),
        }
    }
}
