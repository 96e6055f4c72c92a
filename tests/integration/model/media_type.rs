//! image-spec `media-types.md`, Docker's image manifest schemas.

use porthole::model::{Compression, MediaKind, MediaType};

const fn layer(compression: Compression) -> MediaKind {
    MediaKind::Layer {
        compression,
        foreign: false,
        encrypted: false,
    }
}

#[test]
fn kinds_and_short_names() {
    let foreign = |compression| MediaKind::Layer {
        compression,
        foreign: true,
        encrypted: false,
    };
    let cases = [
        (
            "application/vnd.oci.image.index.v1+json",
            MediaKind::OciIndex,
            Some("OCI index"),
        ),
        (
            "application/vnd.oci.image.manifest.v1+json",
            MediaKind::OciManifest,
            Some("OCI manifest"),
        ),
        (
            "application/vnd.oci.image.config.v1+json",
            MediaKind::OciConfig,
            Some("OCI config"),
        ),
        (
            "application/vnd.oci.empty.v1+json",
            MediaKind::Empty,
            Some("empty"),
        ),
        (
            "application/vnd.docker.distribution.manifest.list.v2+json",
            MediaKind::DockerManifestList,
            Some("Docker manifest list"),
        ),
        (
            "application/vnd.docker.distribution.manifest.v2+json",
            MediaKind::DockerManifest,
            Some("Docker manifest"),
        ),
        (
            "application/vnd.docker.distribution.manifest.v1+json",
            MediaKind::DockerSchema1,
            Some("Docker schema 1"),
        ),
        (
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
            MediaKind::DockerSchema1Signed,
            Some("Docker schema 1, signed"),
        ),
        (
            "application/vnd.docker.container.image.v1+json",
            MediaKind::DockerConfig,
            Some("Docker config"),
        ),
        (
            "application/vnd.in-toto+json",
            MediaKind::InToto,
            Some("in-toto statement"),
        ),
        (
            "application/vnd.oci.image.layer.v1.tar",
            layer(Compression::None),
            Some("tar layer"),
        ),
        (
            "application/vnd.oci.image.layer.v1.tar+gzip",
            layer(Compression::Gzip),
            Some("gzip layer"),
        ),
        (
            "application/vnd.oci.image.layer.v1.tar+zstd",
            layer(Compression::Zstd),
            Some("zstd layer"),
        ),
        (
            "application/vnd.oci.image.layer.v1.tar+lz4",
            layer(Compression::Unknown),
            Some("layer"),
        ),
        (
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            foreign(Compression::Gzip),
            Some("foreign layer"),
        ),
        (
            "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
            MediaKind::Layer {
                compression: Compression::Gzip,
                foreign: false,
                encrypted: true,
            },
            Some("encrypted layer"),
        ),
        (
            "application/vnd.docker.image.rootfs.diff.tar",
            layer(Compression::None),
            Some("tar layer"),
        ),
        (
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            layer(Compression::Gzip),
            Some("gzip layer"),
        ),
        (
            "application/vnd.docker.image.rootfs.diff.tar.zstd",
            layer(Compression::Zstd),
            Some("zstd layer"),
        ),
        (
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            foreign(Compression::Gzip),
            Some("foreign layer"),
        ),
        // RFC 6838, 4.2: no difference between cases
        (
            "Application/VND.OCI.Image.Index.v1+JSON",
            MediaKind::OciIndex,
            Some("OCI index"),
        ),
        // like a layer, but another type
        (
            "application/vnd.oci.image.layer.v1.tarball",
            MediaKind::Other,
            None,
        ),
        ("application/spdx+json", MediaKind::Other, None),
        ("", MediaKind::Other, None),
    ];
    for (text, kind, name) in cases {
        let media_type = MediaType::new(text);
        assert_eq!(media_type.kind(), kind, "{text}");
        assert_eq!(media_type.short_name(), name, "{text}");
        assert_eq!(media_type.as_str(), text, "kept as it was written");
    }
}

#[test]
fn parameters_are_left_out() {
    let said = MediaType::new("application/vnd.oci.image.index.v1+json ; charset=utf-8");
    assert_eq!(said.as_str(), MediaType::OCI_INDEX);
    assert!(said.is_index());
}

#[test]
fn indexes_and_manifests_are_told_apart() {
    for text in MediaType::MANIFESTS {
        let media_type = MediaType::new(text);
        assert!(media_type.is_index() != media_type.is_manifest(), "{text}");
        assert!(!media_type.is_image_config(), "{text}");
    }
    for text in [MediaType::OCI_CONFIG, MediaType::DOCKER_CONFIG] {
        let media_type = MediaType::new(text);
        assert!(media_type.is_image_config(), "{text}");
        assert!(!media_type.is_index() && !media_type.is_manifest());
    }
    // an empty config is none of an image's
    assert!(!MediaType::new(MediaType::OCI_EMPTY).is_image_config());
}
