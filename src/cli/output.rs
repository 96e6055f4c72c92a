//! What `inspect` prints: one JSON object, or text for people.

use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::engine::{Image, ImageSnapshot, Node, NodePath, Parts};
use crate::model::{ArtifactManifest, Descriptor, ImageConfig, Manifest, Reference, text};

use crate::transport::{Connection, Security};

use super::blobs::{self, Wrong};
use super::inspect::reference_of;

/// One object as `DESIGN` describes it, children nested under `image`.
pub(super) fn json(
    snapshot: &ImageSnapshot,
    image: &Image,
    path: &NodePath,
    node: &Arc<Node>,
) -> Value {
    let document = &node.document;
    let mut object = Map::new();
    object.insert(
        "reference".into(),
        json!(reference_of(snapshot, path, image)),
    );
    let transport = snapshot.reference.as_ref().map(Reference::transport);
    object.insert("transport".into(), json!(transport.map(|t| t.prefix())));
    if let (Some(connection), true) = (&snapshot.connection, path.is_root()) {
        object.insert("connection".into(), connection_json(connection));
    }
    object.insert("digest".into(), json!(document.raw().digest()));
    object.insert("mediaType".into(), json!(document.media_type()));
    object.insert("size".into(), json!(document.raw().size()));
    object.insert("kind".into(), json!(document.kind()));
    if let Some(problem) = document.problem() {
        object.insert("error".into(), json!(problem.to_string()));
    }
    if path.is_root() && !image.notes.is_empty() {
        let notes = image.notes.iter();
        let notes = notes.map(|note| json!({"kind": note.kind(), "text": note.text()}));
        object.insert("notes".into(), notes.collect());
    }
    if let Some(index) = document.index() {
        insert_about(
            &mut object,
            index.artifact_type.as_ref(),
            index.subject.as_ref(),
        );
        object.insert("annotations".into(), json!(index.annotations));
        let manifests = (0..index.entries.len())
            .map(|position| entry_json(snapshot, image, &path.child(position), node, position));
        object.insert("manifests".into(), manifests.collect());
    }
    if let Some(manifest) = document.manifest() {
        insert_about(
            &mut object,
            manifest.artifact_type.as_ref(),
            manifest.subject.as_ref(),
        );
        object.insert("annotations".into(), json!(manifest.annotations));
        insert_manifest(&mut object, node, manifest);
    } else if let Some(artifact) = draft(node) {
        insert_about(
            &mut object,
            artifact.artifact_type.as_ref(),
            artifact.subject.as_ref(),
        );
        object.insert("annotations".into(), json!(artifact.annotations));
        object.insert("blobs".into(), json!(artifact.blobs));
    }
    Value::Object(object)
}

/// What a manifest of the drafts of image-spec 1.1 says, where the document is one.
fn draft(node: &Node) -> Option<ArtifactManifest> {
    let document = &node.document;
    let is_draft = ArtifactManifest::is_type(document.media_type());
    (is_draft && document.problem().is_none()).then(|| ArtifactManifest::read(document))
}

fn insert_about(
    object: &mut Map<String, Value>,
    artifact_type: Option<&crate::model::MediaType>,
    subject: Option<&Descriptor>,
) {
    if let Some(artifact_type) = artifact_type {
        object.insert("artifactType".into(), json!(artifact_type));
    }
    if let Some(subject) = subject {
        object.insert("subject".into(), json!(subject));
    }
}

fn entry_json(
    snapshot: &ImageSnapshot,
    image: &Image,
    path: &NodePath,
    parent: &Node,
    position: usize,
) -> Value {
    let entry = parent
        .document
        .index()
        .and_then(|index| index.entries.get(position));
    let mut object = match entry {
        Some(Ok(descriptor)) => match serde_json::to_value(descriptor) {
            Ok(Value::Object(object)) => object,
            _ => Map::new(),
        },
        Some(Err(problem)) => return json!({ "error": problem.to_string() }),
        None => Map::new(),
    };
    // embedded content is under `image`, where it was checked
    object.remove("data");
    object.entry("annotations").or_insert_with(|| json!({}));
    object.entry("platform").or_insert(Value::Null);
    if let Some(child) = parent.child(position) {
        if let Some(node) = child.value() {
            object.insert("image".into(), json(snapshot, image, path, node));
        } else if let Some(error) = child.error() {
            object.insert("error".into(), json!(error.headline));
        }
    }
    Value::Object(object)
}

fn insert_manifest(object: &mut Map<String, Value>, node: &Node, manifest: &Manifest) {
    let config = node.config();
    let parsed = config.and_then(|c| serde_json::from_slice::<Value>(c.raw().bytes()).ok());
    object.insert("config".into(), parsed.unwrap_or(Value::Null));
    let problem = match &node.parts {
        Parts::Manifest { config, .. } => match (config.value(), config.error()) {
            (Some(config), _) => config.problem.as_ref().map(ToString::to_string),
            (None, error) => error.map(|error| error.headline.clone()),
        },
        _ => None,
    };
    if let Some(problem) = problem {
        object.insert("configError".into(), json!(problem));
    }
    let layers: Vec<Value> = layers(manifest, config.map(AsRef::as_ref));
    object.insert("layers".into(), layers.into());
    let wrong: Vec<Value> = blobs::wrong(node).iter().map(Wrong::json).collect();
    if !wrong.is_empty() {
        object.insert("damagedBlobs".into(), wrong.into());
    }
    object.insert("totalSize".into(), json!(node.total_size()));
}

fn layers(manifest: &Manifest, config: Option<&ImageConfig>) -> Vec<Value> {
    let origins = config.map(|config| config.layer_origins(&manifest.layers));
    let origin = |position: usize| origins.as_ref().and_then(|origins| origins.get(position));
    manifest
        .layers
        .iter()
        .enumerate()
        .map(|(position, layer)| {
            let mut object = Map::new();
            object.insert("digest".into(), json!(layer.digest));
            object.insert("mediaType".into(), json!(layer.media_type));
            object.insert("size".into(), json!(layer.size_known.then_some(layer.size)));
            let diff_id = origin(position).and_then(|origin| origin.diff_id);
            object.insert("diffId".into(), json!(diff_id));
            let created_by = origin(position).and_then(|o| o.history?.created_by.as_deref());
            object.insert("createdBy".into(), json!(created_by));
            if !layer.annotations.is_empty() {
                object.insert("annotations".into(), json!(layer.annotations));
            }
            Value::Object(object)
        })
        .collect()
}

/// How the registry was reached.
fn connection_json(connection: &Connection) -> Value {
    let mut object = Map::new();
    object.insert("host".into(), json!(connection.host));
    let security = match connection.security {
        Security::Https => "https",
        Security::HttpsOwnRoots => "https-own-roots",
        Security::HttpsUnverified => "https-unverified",
        Security::HttpLoopback => "http-loopback",
        Security::HttpAllowed => "http-allowed",
    };
    object.insert("security".into(), json!(security));
    if let Some(user) = &connection.user {
        object.insert("user".into(), json!(user));
    }
    if let Some(registry) = &connection.mirror_of {
        object.insert("mirrorOf".into(), json!(registry));
    }
    if let Some(limit) = &connection.rate_limit {
        let mut of = Map::new();
        of.insert("limit".into(), json!(limit.limit));
        of.insert("remaining".into(), json!(limit.remaining));
        if let Some(window) = limit.window {
            of.insert("windowSeconds".into(), json!(window.as_secs()));
        }
        object.insert("rateLimit".into(), Value::Object(of));
    }
    Value::Object(object)
}

/// Lines for people: what it is, then what is in it.
pub(super) fn text(
    out: &mut impl Write,
    snapshot: &ImageSnapshot,
    image: &Image,
    path: &NodePath,
    node: &Arc<Node>,
) -> io::Result<()> {
    let document = &node.document;
    line(out, "Reference", &reference_of(snapshot, path, image))?;
    line(out, "Digest", &document.raw().digest().to_string())?;
    let kind = document.media_type().short_name();
    line(out, "Kind", kind.unwrap_or(document.media_type().as_str()))?;
    let connection = snapshot.connection.as_ref().filter(|_| path.is_root());
    if let Some(Connection {
        host,
        mirror_of,
        rate_limit,
        ..
    }) = connection
    {
        if let Some(registry) = mirror_of {
            line(out, "Mirror", &format!("{host}, for {registry}"))?;
        }
        if let Some(limit) = rate_limit {
            line(out, "Limit", &limit.to_string())?;
        }
    }
    for note in image.notes.iter().filter(|_| path.is_root()) {
        line(out, "Note", &note.text())?;
    }
    if let Some(index) = document.index() {
        annotations(out, &index.annotations)?;
        writeln!(out, "\n{} entries", index.entries.len())?;
        for (position, entry) in index.entries.iter().enumerate() {
            match entry {
                Ok(entry) => entry_text(out, node, position, entry)?,
                Err(problem) => writeln!(out, "  damaged: {problem}")?,
            }
        }
        if let Some(chosen) = image.chosen.as_ref().filter(|_| path.is_root())
            && let (Some(choice), Some(entry)) =
                (chosen.choices.first(), image.descriptor(&chosen.path))
        {
            let why = choice.explain(&snapshot.wanted);
            writeln!(out, "\nShown below: {}. {why}.", entry.digest)?;
            if let Some(child) = image.node(&chosen.path) {
                manifest_text(out, child)?;
            }
        }
        return Ok(());
    }
    manifest_text(out, node)
}

fn entry_text(
    out: &mut impl Write,
    node: &Node,
    position: usize,
    entry: &Descriptor,
) -> io::Result<()> {
    let what = if entry.is_buildkit_attestation() {
        "attestation".to_owned()
    } else {
        let platform = entry.platform.as_ref().map(ToString::to_string);
        platform.unwrap_or_else(|| "no platform".to_owned())
    };
    let child = node.child(position);
    let state = match child.map(|child| (child.value(), child.error())) {
        Some((Some(child), _)) => child.document.manifest().map_or_else(
            || child.document.kind().to_owned(),
            |m| text::size(m.blob_size().saturating_add(child.document.raw().size())),
        ),
        Some((None, Some(error))) => error.headline.clone(),
        _ => String::new(),
    };
    let what = text::visible(&what).into_owned();
    writeln!(
        out,
        "  {what:<20} {}  {}",
        entry.digest,
        text::visible(&state)
    )
}

fn manifest_text(out: &mut impl Write, node: &Node) -> io::Result<()> {
    if let Some(artifact) = draft(node) {
        return artifact_text(out, &artifact);
    }
    let Some(manifest) = node.document.manifest() else {
        return Ok(());
    };
    if let Some(kind) = manifest.artifact_kind() {
        line(out, "Artifact", kind.as_str())?;
    }
    annotations(out, &manifest.annotations)?;
    let config = node.config();
    if let Some(config) = config {
        // an artifact's has none
        if !config.platform.os.is_empty() || !config.platform.architecture.is_empty() {
            line(out, "Platform", &config.platform.to_string())?;
        }
        if let Some(created) = &config.created {
            line(out, "Created", created)?;
        }
        let run = &config.run;
        for (name, value) in [
            ("Entry point", run.entrypoint.join(" ")),
            ("Command", run.command.join(" ")),
            ("User", run.user.clone().unwrap_or_default()),
            (
                "Working folder",
                run.working_dir.clone().unwrap_or_default(),
            ),
            ("Ports", run.ports.join(", ")),
            ("Volumes", run.volumes.join(", ")),
        ] {
            if !value.is_empty() {
                line(out, name, &value)?;
            }
        }
        for variable in &run.environment {
            line(out, "Environment", variable)?;
        }
        annotations(out, &run.labels)?;
    }
    if let Parts::Manifest { config, .. } = &node.parts
        && let Some(error) = config.error()
    {
        line(out, "Config", &error.headline)?;
    }
    let mut seen = HashSet::new();
    let total = manifest.layers.iter().filter(|l| seen.insert(&l.digest));
    let total = total.fold(0u64, |sum, layer| sum.saturating_add(layer.size));
    let count = manifest.layers.len();
    let total = match manifest.sizes_known() {
        true => text::size(total),
        false => "of sizes that it does not say".to_owned(),
    };
    writeln!(out, "\n{count} layers, {total}")?;
    let origins = config.map(|config| config.layer_origins(&manifest.layers));
    for (position, layer) in manifest.layers.iter().enumerate() {
        let origin = origins.as_ref().and_then(|origins| origins.get(position));
        let instruction = origin.and_then(|origin| origin.history?.instruction());
        let instruction = instruction.unwrap_or_default();
        let instruction = text::visible(&instruction);
        let size = layer.size_text();
        writeln!(out, "  {size:>9}  {}  {instruction}", layer.digest.short())?;
    }
    Ok(())
}

fn artifact_text(out: &mut impl Write, artifact: &ArtifactManifest) -> io::Result<()> {
    if let Some(kind) = &artifact.artifact_type {
        line(out, "Artifact", kind.as_str())?;
    }
    if let Some(subject) = &artifact.subject {
        line(out, "Subject", &subject.digest.to_string())?;
    }
    annotations(out, &artifact.annotations)?;
    let cut = if artifact.is_cut {
        " that can be read"
    } else {
        ""
    };
    writeln!(out, "\n{} blobs{cut}", artifact.blobs.len())?;
    for blob in &artifact.blobs {
        let kind = text::visible(blob.media_type.as_str());
        writeln!(
            out,
            "  {:>9}  {}  {kind}",
            blob.size_text(),
            blob.digest.short()
        )?;
    }
    Ok(())
}

fn annotations(out: &mut impl Write, all: &crate::model::Annotations) -> io::Result<()> {
    for (key, value) in all {
        line(out, &text::visible(key), value)?;
    }
    Ok(())
}

fn line(out: &mut impl Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "{name:<15} {}", text::visible(value))
}
