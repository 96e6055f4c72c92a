//! Media types of manifests, configs and layers, and what is known about each.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A media type as it was written. Unknown ones are kept and shown as what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaType(String);

/// What a media type stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    OciManifest,
    OciIndex,
    DockerManifest,
    DockerManifestList,
    /// Docker's first schema, unsigned.
    DockerSchema1,
    /// Docker's first schema with signatures inside the document.
    DockerSchema1Signed,
    OciConfig,
    DockerConfig,
    /// A file system layer of an image.
    Layer {
        compression: Compression,
        /// Not to be distributed: its content may only be at its own addresses.
        foreign: bool,
        encrypted: bool,
    },
    /// The empty JSON object `{}` of image-spec 1.1, `manifest.md`.
    Empty,
    InToto,
    Other,
}

/// How a layer's tar stream is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
    /// A suffix that is not known here.
    Unknown,
}

impl Compression {
    /// The word shown to people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "not compressed",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Unknown => "unknown compression",
        }
    }
}

impl MediaType {
    pub const OCI_MANIFEST: &'static str = "application/vnd.oci.image.manifest.v1+json";
    pub const OCI_INDEX: &'static str = "application/vnd.oci.image.index.v1+json";
    pub const OCI_CONFIG: &'static str = "application/vnd.oci.image.config.v1+json";
    pub const OCI_EMPTY: &'static str = "application/vnd.oci.empty.v1+json";
    pub const OCI_LAYER: &'static str = "application/vnd.oci.image.layer.v1.tar";
    pub const DOCKER_MANIFEST: &'static str =
        "application/vnd.docker.distribution.manifest.v2+json";
    pub const DOCKER_MANIFEST_LIST: &'static str =
        "application/vnd.docker.distribution.manifest.list.v2+json";
    pub const DOCKER_SCHEMA1: &'static str = "application/vnd.docker.distribution.manifest.v1+json";
    pub const DOCKER_SCHEMA1_SIGNED: &'static str =
        "application/vnd.docker.distribution.manifest.v1+prettyjws";
    pub const DOCKER_CONFIG: &'static str = "application/vnd.docker.container.image.v1+json";
    pub const IN_TOTO: &'static str = "application/vnd.in-toto+json";

    /// The types of manifests and indexes that are asked for, the preferred first.
    pub const MANIFESTS: [&'static str; 6] = [
        Self::OCI_INDEX,
        Self::OCI_MANIFEST,
        Self::DOCKER_MANIFEST_LIST,
        Self::DOCKER_MANIFEST,
        Self::DOCKER_SCHEMA1_SIGNED,
        Self::DOCKER_SCHEMA1,
    ];

    /// Keeps `text` as it is, without parameters such as `; charset=utf-8`.
    pub fn new(text: &str) -> Self {
        Self(text.split(';').next().unwrap_or_default().trim().to_owned())
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing was written at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What this type stands for; types are compared without regard to case (RFC 6838, 4.2).
    pub fn kind(&self) -> MediaKind {
        let lower = self.0.to_ascii_lowercase();
        match lower.as_str() {
            Self::OCI_MANIFEST => MediaKind::OciManifest,
            Self::OCI_INDEX => MediaKind::OciIndex,
            Self::DOCKER_MANIFEST => MediaKind::DockerManifest,
            Self::DOCKER_MANIFEST_LIST => MediaKind::DockerManifestList,
            Self::DOCKER_SCHEMA1 => MediaKind::DockerSchema1,
            Self::DOCKER_SCHEMA1_SIGNED => MediaKind::DockerSchema1Signed,
            Self::OCI_CONFIG => MediaKind::OciConfig,
            Self::DOCKER_CONFIG => MediaKind::DockerConfig,
            Self::OCI_EMPTY => MediaKind::Empty,
            Self::IN_TOTO => MediaKind::InToto,
            other => layer_kind(other).unwrap_or(MediaKind::Other),
        }
    }

    /// Whether documents of this type list manifests.
    pub fn is_index(&self) -> bool {
        matches!(
            self.kind(),
            MediaKind::OciIndex | MediaKind::DockerManifestList
        )
    }

    /// Whether documents of this type list a config and layers.
    pub fn is_manifest(&self) -> bool {
        matches!(
            self.kind(),
            MediaKind::OciManifest
                | MediaKind::DockerManifest
                | MediaKind::DockerSchema1
                | MediaKind::DockerSchema1Signed
        )
    }

    /// Whether blobs of this type are image configs.
    pub fn is_image_config(&self) -> bool {
        matches!(self.kind(), MediaKind::OciConfig | MediaKind::DockerConfig)
    }

    /// A short name for people; the type itself where only that tells.
    pub fn words(&self) -> &str {
        self.short_name().unwrap_or_else(|| self.as_str())
    }

    /// A short name for people, or nothing where only the type itself tells.
    pub fn short_name(&self) -> Option<&'static str> {
        Some(match self.kind() {
            MediaKind::OciManifest => "OCI manifest",
            MediaKind::OciIndex => "OCI index",
            MediaKind::DockerManifest => "Docker manifest",
            MediaKind::DockerManifestList => "Docker manifest list",
            MediaKind::DockerSchema1 => "Docker schema 1",
            MediaKind::DockerSchema1Signed => "Docker schema 1, signed",
            MediaKind::OciConfig => "OCI config",
            MediaKind::DockerConfig => "Docker config",
            MediaKind::Empty => "empty",
            MediaKind::InToto => "in-toto statement",
            MediaKind::Layer {
                encrypted: true, ..
            } => "encrypted layer",
            MediaKind::Layer { foreign: true, .. } => "foreign layer",
            MediaKind::Layer { compression, .. } => match compression {
                Compression::None => "tar layer",
                Compression::Gzip => "gzip layer",
                Compression::Zstd => "zstd layer",
                Compression::Unknown => "layer",
            },
            MediaKind::Other => return None,
        })
    }
}

/// image-spec `layer.md` and Docker's schema 2 names.
fn layer_kind(lower: &str) -> Option<MediaKind> {
    let (base, encrypted) = match lower.strip_suffix("+encrypted") {
        Some(base) => (base, true),
        None => (lower, false),
    };
    let layer = |foreign, compression| MediaKind::Layer {
        compression,
        foreign,
        encrypted,
    };
    let by_suffix = |rest: &str, mark: char| match rest.strip_prefix(mark) {
        Some("gzip") => Some(Compression::Gzip),
        Some("zstd") => Some(Compression::Zstd),
        Some(_) => Some(Compression::Unknown),
        None => rest.is_empty().then_some(Compression::None),
    };
    for (prefix, foreign) in [
        ("application/vnd.oci.image.layer.v1.tar", false),
        (
            "application/vnd.oci.image.layer.nondistributable.v1.tar",
            true,
        ),
    ] {
        if let Some(rest) = base.strip_prefix(prefix) {
            return by_suffix(rest, '+').map(|compression| layer(foreign, compression));
        }
    }
    for (prefix, foreign) in [
        ("application/vnd.docker.image.rootfs.diff.tar", false),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar", true),
    ] {
        if let Some(rest) = base.strip_prefix(prefix) {
            return by_suffix(rest, '.').map(|compression| layer(foreign, compression));
        }
    }
    None
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for MediaType {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}
