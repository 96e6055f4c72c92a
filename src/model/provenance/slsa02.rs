//! SLSA provenance v0.2, as BuildKit and the first generators write it.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::loose::{List, Object, Text};

use super::{Described, Material, Provenance, ProvenanceError, is_source, not_json, parameters};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Predicate {
    builder: Object<Builder>,
    build_type: Text,
    invocation: Object<Invocation>,
    metadata: Object<Metadata>,
    materials: List<Object<Described>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Builder {
    id: Text,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Invocation {
    config_source: Object<ConfigSource>,
    parameters: Object<Map<String, Value>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ConfigSource {
    uri: Text,
    digest: Object<Map<String, Value>>,
    entry_point: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    // written in both ways
    #[serde(rename = "buildInvocationID")]
    invocation: Text,
    #[serde(rename = "buildInvocationId")]
    invocation_id: Text,
    #[serde(rename = "buildStartedOn")]
    started: Text,
    #[serde(rename = "buildFinishedOn")]
    finished: Text,
    #[serde(rename = "https://mobyproject.org/buildkit@v1#metadata")]
    buildkit: Object<Buildkit>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Buildkit {
    vcs: Object<Vcs>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Vcs {
    source: Text,
    revision: Text,
}

pub(super) fn read(predicate: &[u8]) -> Result<Provenance, ProvenanceError> {
    let predicate: Object<Predicate> = serde_json::from_slice(predicate).map_err(not_json)?;
    let predicate = predicate.0.unwrap_or_default();
    let invocation = predicate.invocation.0.unwrap_or_default();
    let config = invocation.config_source.0.unwrap_or_default();
    let metadata = predicate.metadata.0.unwrap_or_default();
    let entry_point = config.entry_point.said();
    let vcs = metadata.buildkit.0.and_then(|buildkit| buildkit.vcs.0);
    let materials_left_out = predicate.materials.left_out;
    let materials: Vec<Material> = predicate
        .materials
        .objects()
        .filter_map(Described::material)
        .collect();
    let configured = Described {
        uri: config.uri,
        digest: config.digest,
        ..Described::default()
    };
    let source = configured
        .named()
        .or_else(|| {
            let vcs = vcs?;
            let revision = vcs.revision.said();
            Some(Material {
                uri: vcs.source.said()?,
                digests: revision
                    .map(|r| ("gitCommit".to_owned(), r))
                    .into_iter()
                    .collect(),
            })
        })
        .or_else(|| materials.iter().find(|m| is_source(&m.uri)).cloned());
    Ok(Provenance {
        version: "v0.2".to_owned(),
        builder: predicate.builder.0.and_then(|builder| builder.id.said()),
        build_type: predicate.build_type.said(),
        source,
        entry_point,
        invocation: metadata
            .invocation
            .said()
            .or_else(|| metadata.invocation_id.said()),
        started: metadata.started.said(),
        finished: metadata.finished.said(),
        materials,
        materials_left_out,
        parameters: invocation
            .parameters
            .0
            .map(|object| parameters::flat(&object))
            .unwrap_or_default(),
    })
}
