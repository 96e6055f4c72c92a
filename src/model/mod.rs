//! The words of the domain and their rules: no I/O, no async, no window.
//!
//! Everything here is plain data. Bytes are the truth: a [`Document`] keeps the exact
//! bytes of a manifest or index beside the parsed form, and only the bytes are hashed,
//! shown as raw, signed and copied.

pub mod annotation;
mod artifact_kind;
mod artifact_manifest;
pub mod attachment;
mod conformance;
mod descriptor;
mod digest;
mod digest_tag;
mod document;
mod image_config;
mod index;
mod instruction;
pub mod json_outline;
pub mod limits;
mod loose;
mod manifest;
mod media_type;
mod namespaces;
mod other_case;
pub(crate) mod pax;
mod platform;
pub mod provenance;
mod raw;
mod reference;
pub mod sbom;
mod schema1;
mod tag_order;
pub mod text;
pub mod wiping;

pub use annotation::Annotations;
pub use artifact_kind::{
    ArtifactClass, ArtifactKind, Predicate, SbomFormat, SignatureFormat, predicate_words,
};
pub use artifact_manifest::ArtifactManifest;
pub use conformance::{Finding, Severity, config_conformance, conformance};
pub use descriptor::{Descriptor, DescriptorProblem};
pub use digest::{Algorithm, Digest, DigestError, Hasher};
pub use digest_tag::{CosignTag, is_cosign_tag, is_digest_tag, referrers_tag};
pub use document::{Content, Document, DocumentError};
pub use image_config::{ConfigError, ImageConfig, LayerHistory, LayerOrigin, RunSettings};
pub use index::{Index, IndexEntry, IndexProblem};
pub use manifest::{Manifest, ManifestProblem};
pub use media_type::{Compression, MediaKind, MediaType};
pub(crate) use other_case::folds;
pub use platform::{Choice, ChoiceReason, Platform, PlatformError, choose};
pub use raw::RawDocument;
pub use reference::{
    ImageName, PathReference, Reference, ReferenceError, RegistryReference, Transport,
};
pub use tag_order::TagVersion;
