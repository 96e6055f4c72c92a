//! Syft's own JSON (anchore/syft, `schema/json`).

use serde::Deserialize;
use serde_json::Value;

use crate::model::loose::{List, Object, Text, cut};
use crate::model::{SbomFormat, limits};

use super::{Package, Sbom, SbomError, not_json};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Document {
    artifacts: List<Object<Artifact>>,
    files: List<serde::de::IgnoredAny>,
    source: Object<Source>,
    descriptor: Object<Descriptor>,
    schema: Object<Schema>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Artifact {
    name: Text,
    version: Text,
    r#type: Text,
    purl: Text,
    licenses: List<Value>,
    locations: List<Object<Location>>,
    metadata: Object<Metadata>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Location {
    path: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    files: List<Value>,
    maintainer: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Source {
    id: Text,
    name: Text,
    version: Text,
    metadata: Object<SourceMetadata>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SourceMetadata {
    user_input: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Descriptor {
    name: Text,
    version: Text,
    timestamp: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Schema {
    version: Text,
}

pub(super) fn read(bytes: &[u8]) -> Result<Sbom, SbomError> {
    let document: Document = serde_json::from_slice(bytes).map_err(not_json)?;
    let schema = document.schema.0.unwrap_or_default();
    let descriptor = document.descriptor.0.unwrap_or_default();
    let source = document.source.0.unwrap_or_default();
    let tool = descriptor
        .name
        .said()
        .map(|name| match descriptor.version.said() {
            Some(version) => format!("Tool: {name} {version}"),
            None => format!("Tool: {name}"),
        });
    let input = source
        .metadata
        .0
        .and_then(|metadata| metadata.user_input.said());
    let named = source.name.said().map(|name| match source.version.said() {
        Some(version) => format!("{name} {version}"),
        None => name,
    });
    let left_out = document.artifacts.left_out;
    Ok(Sbom {
        format: SbomFormat::Syft,
        version: schema.version.said().unwrap_or_default(),
        name: None,
        id: source.id.said(),
        created: descriptor.timestamp.said(),
        creators: tool.into_iter().collect(),
        about: input.or(named),
        packages: document.artifacts.objects().map(package).collect(),
        files: document.files.items.len() + document.files.left_out,
        left_out,
    })
}

fn package(artifact: Artifact) -> Package {
    let licences: Vec<&str> = artifact.licenses.items.iter().filter_map(licence).collect();
    let metadata = artifact.metadata.0.unwrap_or_default();
    let mut package = Package {
        name: artifact.name.said().unwrap_or_default(),
        version: artifact.version.said(),
        licence: (!licences.is_empty())
            .then(|| cut(licences.join(" AND "), limits::ATTACHMENT_TEXT_BYTES)),
        purl: artifact.purl.said(),
        kind: artifact.r#type.said(),
        supplier: metadata.maintainer.said(),
        ..Package::default()
    };
    let owned = metadata.files.items.iter().filter_map(|file| match file {
        Value::String(path) => Some(path.as_str()),
        Value::Object(file) => file.get("path").and_then(Value::as_str),
        _ => None,
    });
    for path in owned {
        package.own(cut(path.to_owned(), limits::ATTACHMENT_TEXT_BYTES));
    }
    if package.files.is_empty() {
        for path in artifact.locations.objects().filter_map(|l| l.path.said()) {
            package.own(path);
        }
    }
    package.with_kind_of_purl()
}

/// Old versions write a text, later ones an object.
fn licence(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Object(licence) => ["spdxExpression", "value"]
            .iter()
            .filter_map(|key| licence.get(*key)?.as_str())
            .find(|text| !text.is_empty()),
        _ => None,
    }
}
