//! SLSA provenance v1.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::limits;
use crate::model::loose::{List, Object, Text, cut};

use super::{Described, Material, Provenance, ProvenanceError, is_source, not_json, parameters};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Predicate {
    build_definition: Object<Definition>,
    run_details: Object<Run>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Definition {
    build_type: Text,
    external_parameters: Object<Map<String, Value>>,
    resolved_dependencies: List<Object<Described>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Run {
    builder: Object<Builder>,
    metadata: Object<Metadata>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Builder {
    id: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    #[serde(rename = "invocationId")]
    invocation: Text,
    // BuildKit and early drafts write it so
    #[serde(rename = "invocationID")]
    invocation_upper: Text,
    #[serde(rename = "startedOn")]
    started: Text,
    #[serde(rename = "finishedOn")]
    finished: Text,
}

pub(super) fn read(predicate: &[u8]) -> Result<Provenance, ProvenanceError> {
    let predicate: Object<Predicate> = serde_json::from_slice(predicate).map_err(not_json)?;
    let predicate = predicate.0.unwrap_or_default();
    let definition = predicate.build_definition.0.unwrap_or_default();
    let run = predicate.run_details.0.unwrap_or_default();
    let metadata = run.metadata.0.unwrap_or_default();
    let asked = definition.external_parameters.0.unwrap_or_default();
    let materials_left_out = definition.resolved_dependencies.left_out;
    let materials: Vec<Material> = definition
        .resolved_dependencies
        .objects()
        .filter_map(Described::material)
        .collect();
    let (source, entry_point) = source(&asked, &materials);
    Ok(Provenance {
        version: "v1".to_owned(),
        builder: run.builder.0.and_then(|builder| builder.id.said()),
        build_type: definition.build_type.said(),
        source,
        entry_point,
        invocation: metadata
            .invocation
            .said()
            .or_else(|| metadata.invocation_upper.said()),
        started: metadata.started.said(),
        finished: metadata.finished.said(),
        materials,
        materials_left_out,
        parameters: parameters::flat(&asked),
    })
}

/// Where the source came from, and what of it was built. Each type of build has parameters
/// of its own; these are those of GitHub's workflows, of BuildKit, and what others resemble.
fn source(
    asked: &Map<String, Value>,
    materials: &[Material],
) -> (Option<Material>, Option<String>) {
    let text = |object: &Value, key: &str| {
        let text = object.get(key)?.as_str().filter(|text| !text.is_empty())?;
        Some(cut(text.to_owned(), limits::ATTACHMENT_TEXT_BYTES))
    };
    let from_materials = || materials.iter().find(|m| is_source(&m.uri)).cloned();
    if let Some(workflow) = asked.get("workflow")
        && let Some(repository) = text(workflow, "repository")
    {
        let uri = match text(workflow, "ref") {
            Some(reference) => format!("{repository}@{reference}"),
            None => repository.clone(),
        };
        let digests = materials
            .iter()
            .find(|material| material.uri.contains(&repository))
            .map(|material| material.digests.clone())
            .unwrap_or_default();
        return (Some(Material { uri, digests }), text(workflow, "path"));
    }
    for key in ["configSource", "source"] {
        match asked.get(key) {
            Some(Value::String(uri)) if !uri.is_empty() => {
                let uri = cut(uri.clone(), limits::ATTACHMENT_TEXT_BYTES);
                let known = materials.iter().find(|material| material.uri == uri);
                let digests = known.map(|m| m.digests.clone()).unwrap_or_default();
                return (Some(Material { uri, digests }), None);
            }
            Some(described @ Value::Object(_)) => {
                let entry_point = text(described, "path");
                let described: Described =
                    serde_json::from_value(described.clone()).unwrap_or_default();
                return (described.named().or_else(from_materials), entry_point);
            }
            _ => {}
        }
    }
    (from_materials(), None)
}
