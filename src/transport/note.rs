//! What a place says about an image that stands in no document of it.

use crate::model::{Digest, text};

/// Something to tell whoever looks at an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The manifest is stored nowhere: it was derived from the file `from`, so its digest is
    /// of no use elsewhere.
    DerivedManifest { from: &'static str },
    /// The config lies under a name that promises another digest.
    ConfigName { promised: Digest, found: Digest },
    /// Signatures lie beside the manifest; nobody looked at them yet.
    DetachedSignatures { count: usize },
    /// The archive breaks off, or cannot be read any further.
    BrokenOff { why: String },
    /// The registry calls the document something else than the document itself.
    TypeDiffers { said: String, found: String },
    /// It was fetched from a container engine.
    Engine {
        /// Make, version and socket.
        engine: String,
        /// The names with digests that the engine knows it by: those of the registry it was pulled from.
        known_as: Vec<String>,
    },
}

impl Note {
    /// A word for programs.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::DerivedManifest { .. } => "derived-manifest",
            Self::ConfigName { .. } => "config-name",
            Self::DetachedSignatures { .. } => "detached-signatures",
            Self::BrokenOff { .. } => "broken-off",
            Self::TypeDiffers { .. } => "type-differs",
            Self::Engine { .. } => "engine",
        }
    }

    /// Whether something may be wrong with the image.
    pub const fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::ConfigName { .. } | Self::BrokenOff { .. } | Self::TypeDiffers { .. }
        )
    }

    /// A sentence for people, without a full stop.
    pub fn text(&self) -> String {
        match self {
            Self::DerivedManifest { from } => format!(
                "This manifest is not stored in the archive: it was derived from {from}, and its digest is not that of any registry"
            ),
            Self::ConfigName { promised, found } => format!(
                "The config was changed or misnamed: its name promises {}, its bytes hash to {}",
                promised.short(),
                found.short()
            ),
            Self::DetachedSignatures { count: 1 } => {
                "1 signature lies beside the manifest and was not checked".to_owned()
            }
            Self::DetachedSignatures { count } => {
                format!("{count} signatures lie beside the manifest and were not checked")
            }
            Self::TypeDiffers { said, found } => format!(
                "The registry calls it {said}, the document calls itself {found}, and that is believed: other tools may read it otherwise"
            ),
            Self::BrokenOff { why } => {
                format!(
                    "The archive could be read only in part: {}",
                    text::visible(why)
                )
            }
            Self::Engine { engine, known_as } => {
                let from = format!("Fetched from {}", text::visible(engine));
                match known_as.as_slice() {
                    [] => from,
                    names => {
                        let names: Vec<_> = names.iter().map(|name| text::visible(name)).collect();
                        format!("{from}, which knows it as {}", names.join(" and "))
                    }
                }
            }
        }
    }
}
