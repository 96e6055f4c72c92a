//! Manifests of images and artifacts: image-spec `manifest.md`, Docker schema 2.

use serde_json::Value;

use super::descriptor::annotations;
use super::{Annotations, Descriptor, DescriptorProblem, MediaKind, MediaType, limits};

/// A manifest: a config, layers, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    pub media_type: MediaType,
    pub artifact_type: Option<MediaType>,
    pub config: Descriptor,
    pub layers: Vec<Descriptor>,
    /// What this manifest refers to (image-spec 1.1).
    pub subject: Option<Descriptor>,
    pub annotations: Annotations,
}

/// Why a JSON object is not a manifest, and which part of it.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ManifestProblem {
    #[error("it has no {0:?}")]
    Missing(&'static str),
    #[error("its {0:?} is not a list")]
    NotAList(&'static str),
    #[error("its config is not a descriptor: {0}")]
    Config(#[source] DescriptorProblem),
    #[error("layer {position} is not a descriptor: {problem}")]
    Layer {
        position: usize,
        #[source]
        problem: DescriptorProblem,
    },
    #[error("it lists {layers} layers and {history} steps of history: each layer has one")]
    HistoryDisagrees { layers: usize, history: usize },
    #[error("it lists {found} layers, more than the {limit} that are read")]
    TooManyLayers { found: usize, limit: usize },
}

impl Manifest {
    pub(super) fn from_json(value: &Value, media_type: MediaType) -> Result<Self, ManifestProblem> {
        let config = value
            .get("config")
            .ok_or(ManifestProblem::Missing("config"))?;
        let config = Descriptor::from_json(config).map_err(ManifestProblem::Config)?;
        // "layers": null is written by some tools for an artifact without content
        let listed: &[Value] = match value.get("layers") {
            None | Some(Value::Null) => &[],
            Some(Value::Array(listed)) => listed,
            Some(_) => return Err(ManifestProblem::NotAList("layers")),
        };
        if listed.len() > limits::ENTRIES {
            return Err(ManifestProblem::TooManyLayers {
                found: listed.len(),
                limit: limits::ENTRIES,
            });
        }
        let layers = listed.iter().enumerate().map(|(position, layer)| {
            Descriptor::from_json(layer)
                .map_err(|problem| ManifestProblem::Layer { position, problem })
        });
        Ok(Self {
            media_type,
            artifact_type: value
                .get("artifactType")
                .and_then(Value::as_str)
                .filter(|t| !t.is_empty())
                .map(MediaType::new),
            config,
            layers: layers.collect::<Result<_, _>>()?,
            subject: value
                .get("subject")
                .and_then(|s| Descriptor::from_json(s).ok()),
            annotations: annotations(value.get("annotations")),
        })
    }

    /// Whether this is of Docker's first schema: its config is put together of its history
    /// and lies nowhere, and the sizes of its layers are not known.
    pub fn is_schema1(&self) -> bool {
        matches!(
            self.media_type.kind(),
            MediaKind::DockerSchema1 | MediaKind::DockerSchema1Signed
        )
    }

    /// Whether this is something else than a container image: it says what it is, or its
    /// config is not an image config (image-spec `manifest.md`, "Guidelines for Artifact
    /// Usage").
    pub fn is_artifact(&self) -> bool {
        self.artifact_type.is_some() || !self.config.media_type.is_image_config()
    }

    /// What the artifact says that it is: its own type, else the type of its config.
    pub fn artifact_kind(&self) -> Option<&MediaType> {
        if !self.is_artifact() {
            return None;
        }
        self.artifact_type
            .as_ref()
            .or(if self.config.media_type.kind() == MediaKind::Empty {
                None
            } else {
                Some(&self.config.media_type)
            })
    }

    /// Whether the sizes of all layers are known.
    pub fn sizes_known(&self) -> bool {
        self.layers.iter().all(|layer| layer.size_known)
    }

    /// Sum of config and layers in bytes, each distinct blob once; those whose size is not
    /// known count nothing.
    pub fn blob_size(&self) -> u64 {
        let mut seen = std::collections::HashSet::new();
        std::iter::once(&self.config)
            .chain(&self.layers)
            .filter(|blob| seen.insert(&blob.digest))
            .fold(0, |sum: u64, blob| sum.saturating_add(blob.size))
    }
}
