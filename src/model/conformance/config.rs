//! Image configs: image-spec `config.md`, beside the manifest and index that they belong
//! to.

use super::{Finding, is_rfc3339, keys, refused_by_strict_readers};
use crate::model::{ImageConfig, Manifest, Platform, text};

/// Properties of a config, at its top.
const KNOWN_KEYS: [&str; 10] = [
    "created",
    "author",
    "architecture",
    "os",
    "os.version",
    "os.features",
    "variant",
    "config",
    "rootfs",
    "history",
];

/// What in `config` does not keep to the specification, or does not agree with its
/// `manifest` and with the platform that the index `said`. Of a config that could not be
/// read, and of what belongs to no container image, nothing is said here.
pub fn config_conformance(
    config: &ImageConfig,
    manifest: &Manifest,
    said: Option<&Platform>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    if config.problem.is_some() || !manifest.config.media_type.is_image_config() {
        return found;
    }
    let bytes = config.raw().bytes();
    let strict = serde_json::from_slice::<oci_spec::image::ImageConfiguration>(bytes);
    found.extend(
        strict
            .err()
            .map(|e| refused_by_strict_readers("The config", &e)),
    );
    platform_findings(&config.platform, said, &mut found);
    count_findings(config, manifest, &mut found);
    if let Some(created) = config.created.as_deref().filter(|c| !is_rfc3339(c)) {
        found.push(Finding::note(
            format!("Its date is not one: {:?}", text::middle(created, 60)),
            "Dates are written as RFC 3339 has them: 2024-05-01T12:00:00Z",
        ));
    }
    found.extend(keys::findings(bytes, &KNOWN_KEYS));
    found
}

fn platform_findings(own: &Platform, said: Option<&Platform>, found: &mut Vec<Finding>) {
    for (name, value) in [("os", &own.os), ("architecture", &own.architecture)] {
        if value.is_empty() {
            found.push(Finding::warning(
                format!("The config does not name its {name}"),
                "A container engine may refuse to run the image, or guess",
            ));
        }
    }
    let Some(said) = said else { return };
    let both = |a: &str, b: &str| !a.is_empty() && !b.is_empty() && a != b;
    let variants = match (&own.variant, &said.variant) {
        (Some(own), Some(said)) => both(own, said),
        _ => false,
    };
    if both(&own.os, &said.os) || both(&own.architecture, &said.architecture) || variants {
        let (own, said) = (own.to_string(), said.to_string());
        found.push(Finding::warning(
            format!(
                "The index lists it for {}, but its config is for {}",
                text::visible(&said),
                text::visible(&own)
            ),
            "It was probably put into the index for the wrong platform",
        ));
    }
}

fn count_findings(config: &ImageConfig, manifest: &Manifest, found: &mut Vec<Finding>) {
    let layers = manifest.layers.len();
    if config.diff_ids.len() != layers {
        found.push(Finding::warning(
            format!(
                "The config lists {} layers, the manifest {layers}",
                config.diff_ids.len()
            ),
            "Container engines refuse such an image",
        ));
    }
    if let Some(position) = config.parsed_diff_ids().position(|id| id.is_none()) {
        found.push(Finding::warning(
            format!("The DiffID of layer {position} is not a digest"),
            "The unpacked layer cannot be checked against it",
        ));
    }
    if !config.history.is_empty() && !config.history_matches(layers) {
        let steps = config.history.iter().filter(|step| !step.empty_layer);
        found.push(Finding::note(
            format!(
                "The history has {} steps that made layers, and there are {layers}",
                steps.count()
            ),
            "No layer can be said to come from one of them, so none is",
        ));
    }
}
