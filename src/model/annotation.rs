//! Annotations: ordered text pairs, and the keys that mean something here.

use std::collections::BTreeMap;

/// Annotations of a descriptor, manifest or index, by key.
pub type Annotations = BTreeMap<String, String>;

/// The name of an image in a layout (image-spec `annotations.md`).
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// When the image was built, RFC 3339.
pub const CREATED: &str = "org.opencontainers.image.created";
/// What the image is called, for people.
pub const TITLE: &str = "org.opencontainers.image.title";
/// Reference of the image that this one is based on.
pub const BASE_NAME: &str = "org.opencontainers.image.base.name";
/// Digest of the image that this one is based on.
pub const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";
/// containerd's full name of an image in a layout.
pub const CONTAINERD_NAME: &str = "io.containerd.image.name";
/// BuildKit: what an index entry is to another one (`attestation-manifest`).
pub const BUILDKIT_TYPE: &str = "vnd.docker.reference.type";
/// BuildKit: digest of the manifest that an attestation describes.
pub const BUILDKIT_SUBJECT: &str = "vnd.docker.reference.digest";
/// in-toto: what a layer with a statement states, as BuildKit writes it.
pub const IN_TOTO_PREDICATE: &str = "in-toto.io/predicate-type";
/// Sigstore bundles as referrers: what is stated in the bundle.
pub const SIGSTORE_PREDICATE: &str = "dev.sigstore.bundle.predicateType";
/// cosign's `.att` layers: what is stated.
pub const COSIGN_PREDICATE: &str = "predicateType";
/// containers/image: a zstd copy of an image that is also there as gzip.
pub const CONTAINERS_ZSTD: &str = "io.github.containers.compression.zstd";

/// The part of a well-known key that people need to see (`source` of
/// `org.opencontainers.image.source`), or the whole key.
pub fn short_key(key: &str) -> &str {
    for prefix in ["org.opencontainers.image.", "org.label-schema."] {
        if let Some(rest) = key.strip_prefix(prefix)
            && !rest.is_empty()
        {
            return rest;
        }
    }
    key
}
