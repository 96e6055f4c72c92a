//! Docker's first schema of manifests, signed and not: distribution's
//! `docs/spec/deprecated-schema-v1.md`.
//!
//! It has no config of its own: each layer carries the settings as they were when it was
//! made (`v1Compatibility`), the uppermost first. What a later schema would have as config
//! is put together here, by the rules of containers/image, so that the image is shown like
//! any other.

mod config;
mod payload;

use serde_json::Value;

use super::{Annotations, Descriptor, Digest, Manifest, ManifestProblem, MediaType, limits};

pub(super) use payload::payload;

/// What layers of this schema are: tar streams in gzip.
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// A layer as the manifest lists it, with the settings of that moment.
struct Step {
    layer: Digest,
    /// The JSON of `v1Compatibility`; null where that is none.
    settings: Value,
}

impl Step {
    fn id(&self) -> Option<&str> {
        self.settings.get("id").and_then(Value::as_str)
    }

    /// Whether the step made no layer; what it lists is an empty one then.
    fn is_thrown_away(&self) -> bool {
        let mark = self.settings.get("throwaway").and_then(Value::as_bool);
        mark.unwrap_or(false)
    }
}

/// Reads a manifest. Its layers are those that a step made, the lowest first; their sizes
/// are not said. The config is embedded in its descriptor.
pub(super) fn manifest(value: &Value, media_type: MediaType) -> Result<Manifest, ManifestProblem> {
    let steps = steps(value)?;
    let config = config::derive(&steps, value.get("architecture"));
    let layers = steps
        .iter()
        .filter(|step| !step.is_thrown_away())
        .map(|step| Descriptor::of_unknown_size(LAYER, step.layer.clone()));
    Ok(Manifest {
        media_type,
        artifact_type: None,
        config,
        layers: layers.collect(),
        subject: None,
        annotations: Annotations::new(),
    })
}

/// The steps, the lowest layer first.
fn steps(value: &Value) -> Result<Vec<Step>, ManifestProblem> {
    let layers = list(value, "fsLayers")?;
    let history = list(value, "history")?;
    if layers.len() > limits::ENTRIES {
        return Err(ManifestProblem::TooManyLayers {
            found: layers.len(),
            limit: limits::ENTRIES,
        });
    }
    if layers.len() != history.len() {
        return Err(ManifestProblem::HistoryDisagrees {
            layers: layers.len(),
            history: history.len(),
        });
    }
    let mut steps: Vec<Step> = Vec::with_capacity(layers.len());
    for (position, (layer, step)) in layers.iter().zip(history).enumerate() {
        let layer = layer.get("blobSum").and_then(Value::as_str);
        let layer = layer.ok_or(ManifestProblem::Missing("blobSum"))?;
        let layer = layer.parse().map_err(|error| ManifestProblem::Layer {
            position,
            problem: super::DescriptorProblem::Digest(error),
        })?;
        let settings = step.get("v1Compatibility").and_then(Value::as_str);
        let settings = settings.and_then(|text| serde_json::from_str(text).ok());
        let step = Step {
            layer,
            settings: settings.unwrap_or_default(),
        };
        // some tools listed a layer twice in a row
        let again = steps
            .last()
            .is_some_and(|last| step.id().is_some() && last.id() == step.id());
        if !again {
            steps.push(step);
        }
    }
    steps.reverse();
    Ok(steps)
}

fn list<'a>(value: &'a Value, key: &'static str) -> Result<&'a [Value], ManifestProblem> {
    match value.get(key) {
        None | Some(Value::Null) => Err(ManifestProblem::Missing(key)),
        Some(Value::Array(listed)) => Ok(listed),
        Some(_) => Err(ManifestProblem::NotAList(key)),
    }
}
