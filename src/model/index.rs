//! Indexes: image-spec `image-index.md`, and Docker's manifest list.

use serde_json::Value;

use super::descriptor::annotations;
use super::{Annotations, Choice, Descriptor, DescriptorProblem, MediaKind, MediaType, Platform};
use super::{choose, limits};

/// An index: manifests, and indexes, for platforms or by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub media_type: MediaType,
    pub artifact_type: Option<MediaType>,
    pub entries: Vec<IndexEntry>,
    pub subject: Option<Descriptor>,
    pub annotations: Annotations,
}

/// One entry: a descriptor, or why what stands there is none. The others are still read.
pub type IndexEntry = Result<Descriptor, DescriptorProblem>;

/// Why a JSON object is not an index.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum IndexProblem {
    #[error("it has no \"manifests\"")]
    NoManifests,
    #[error("it lists {found} manifests, more than the {limit} that are read")]
    TooManyEntries { found: usize, limit: usize },
}

impl Index {
    pub(super) fn from_json(value: &Value, media_type: MediaType) -> Result<Self, IndexProblem> {
        let listed: &[Value] = match value.get("manifests") {
            None => return Err(IndexProblem::NoManifests),
            // what Go writes for an empty list
            Some(Value::Null) => &[],
            Some(Value::Array(listed)) => listed,
            Some(_) => return Err(IndexProblem::NoManifests),
        };
        if listed.len() > limits::ENTRIES {
            return Err(IndexProblem::TooManyEntries {
                found: listed.len(),
                limit: limits::ENTRIES,
            });
        }
        Ok(Self {
            media_type,
            artifact_type: value
                .get("artifactType")
                .and_then(Value::as_str)
                .filter(|t| !t.is_empty())
                .map(MediaType::new),
            entries: listed.iter().map(Descriptor::from_json).collect(),
            subject: value
                .get("subject")
                .and_then(|s| Descriptor::from_json(s).ok()),
            annotations: annotations(value.get("annotations")),
        })
    }

    /// The entries that are descriptors, with their positions in the whole list.
    pub fn descriptors(&self) -> impl Iterator<Item = (usize, &Descriptor)> {
        let entries = self.entries.iter().enumerate();
        entries.filter_map(|(position, entry)| Some((position, entry.as_ref().ok()?)))
    }

    /// Chooses the entry for `wanted`; nothing where no entry is an image.
    pub fn choose(&self, wanted: &Platform) -> Option<Choice> {
        let docker = self.media_type.kind() == MediaKind::DockerManifestList;
        choose(self.descriptors(), wanted, docker)
    }
}
