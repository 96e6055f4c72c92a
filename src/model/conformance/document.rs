//! Manifests and indexes: image-spec `manifest.md`, `image-index.md`, `descriptor.md`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use super::{Finding, is_rfc3339, keys, refused_by_strict_readers};
use crate::model::{
    Annotations, Content, Descriptor, Document, Index, Manifest, MediaKind, MediaType, annotation,
    schema1, text,
};

/// Properties of the formats that are read here, at the top of a document.
const KNOWN_KEYS: [&str; 8] = [
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "manifests",
    "subject",
    "annotations",
];

/// Most entries of one sort that are named one by one.
const NAMED: usize = 3;

/// Most findings that are given of one document.
const FINDINGS: usize = 100;

/// What in `document` does not keep to the specification or may surprise. Of one that
/// could not be read nothing is said here: its problem says it. Reads the bytes again, so
/// it is called once for a document and not once for a frame.
pub fn conformance(document: &Document) -> Vec<Finding> {
    let mut found = Vec::new();
    match document.content() {
        Content::Unknown | Content::Invalid(_) => return found,
        Content::Index(index) => index_findings(document, index, &mut found),
        Content::Manifest(manifest) if manifest.is_schema1() => {
            return schema1_findings(document);
        }
        Content::Manifest(manifest) => manifest_findings(document, manifest, &mut found),
    }
    head_findings(document, &mut found);
    found.extend(keys::findings(document.bytes(), &KNOWN_KEYS));
    found.truncate(FINDINGS);
    found
}

/// What is to be known of the first schema, which no rule of the later ones fits.
fn schema1_findings(document: &Document) -> Vec<Finding> {
    let mut found = vec![Finding::warning(
        "It is of Docker's first schema, which registries have given up",
        "Its config is put together of its history; it says neither DiffIDs nor sizes of layers",
    )];
    if document.raw().is_signed() {
        found.push(Finding::note(
            "It has signatures inside, which nobody judges any more",
            "Its digest is that of the part that was signed, without them",
        ));
    } else if has_signatures(document) && schema1::payload(document.bytes()).is_none() {
        found.push(Finding::warning(
            "It has signatures inside that do not say what they sign",
            "Its digest is that of all of its bytes; other programs refuse to compute one",
        ));
    }
    found
}

fn has_signatures(document: &Document) -> bool {
    #[derive(Deserialize)]
    struct Signed {
        signatures: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Signed>(document.bytes())
        .is_ok_and(|signed| signed.signatures.is_some())
}

/// The properties that every document has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    schema_version: Option<serde_json::Value>,
    media_type: Option<serde_json::Value>,
}

fn head_findings(document: &Document, found: &mut Vec<Finding>) {
    let Ok(head) = serde_json::from_slice::<Head>(document.bytes()) else {
        return;
    };
    if head
        .schema_version
        .as_ref()
        .and_then(serde_json::Value::as_u64)
        != Some(2)
    {
        let written = head.schema_version.map_or_else(
            || "is missing".to_owned(),
            |version| format!("is {}", text::middle(&version.to_string(), 40)),
        );
        found.push(Finding::warning(
            format!("schemaVersion {written}"),
            "It has to be 2; other readers may refuse the document",
        ));
    }
    let said = document.raw().media_type();
    let own = head.media_type.as_ref().and_then(serde_json::Value::as_str);
    match own.map(MediaType::new).filter(|own| !own.is_empty()) {
        None => found.push(Finding::note(
            "It does not say its own media type",
            "With a mediaType in it no tool can take it for another format",
        )),
        Some(own) if !said.is_empty() && own.kind() != said.kind() => {
            found.push(Finding::warning(
                format!(
                    "It says that it is {}, but it was found as {}",
                    text::visible(own.as_str()),
                    text::visible(said.as_str())
                ),
                "Tools differ in which of the two they believe; its own word is taken here",
            ));
        }
        Some(_) => {}
    }
}

fn index_findings(document: &Document, index: &Index, found: &mut Vec<Finding>) {
    let broken: Vec<_> = index
        .entries
        .iter()
        .enumerate()
        .filter_map(|(position, entry)| Some((position, entry.as_ref().err()?)))
        .collect();
    for (position, problem) in broken.iter().take(NAMED) {
        found.push(Finding::warning(
            format!("Entry {position} is not a descriptor: {problem}"),
            "Other readers may refuse the whole index",
        ));
    }
    if broken.len() > NAMED {
        found.push(Finding::warning(
            format!("{} more entries are not descriptors", broken.len() - NAMED),
            "Other readers may refuse the whole index",
        ));
    }
    if broken.is_empty() && index.media_type.kind() == MediaKind::OciIndex {
        let strict = serde_json::from_slice::<oci_spec::image::ImageIndex>(document.bytes());
        found.extend(
            strict
                .err()
                .map(|e| refused_by_strict_readers("The index", &e)),
        );
    }
    platform_findings(index, found);
    let blobs = index.descriptors();
    blob_findings(
        blobs.map(|(at, entry)| (format!("Entry {at}"), entry)),
        found,
    );
    mixture_finding(
        index.media_type.kind() == MediaKind::OciIndex,
        index.descriptors().map(|(_, entry)| entry),
        found,
    );
    date_finding(&index.annotations, found);
}

/// Entries that no tool can tell apart by their platform.
fn platform_findings(index: &Index, found: &mut Vec<Finding>) {
    let images: Vec<_> = index
        .descriptors()
        .map(|(_, entry)| entry)
        .filter(|entry| entry.media_type.is_manifest() && !entry.is_buildkit_attestation())
        .filter(|entry| entry.artifact_type.is_none())
        .collect();
    let nameless = images.iter().filter(|e| e.platform.is_none()).count();
    if nameless > 0 && images.len() > 1 {
        found.push(Finding::note(
            format!("{nameless} of {} images name no platform", images.len()),
            "Tools cannot tell what they are for; some take them for linux/amd64",
        ));
    }
    let mut same: BTreeMap<_, usize> = BTreeMap::new();
    for entry in &images {
        if let Some(platform) = entry.platform.as_ref().filter(|p| !p.is_unknown()) {
            // a copy of the same image as zstd is there to be chosen between
            let zstd = entry.annotation(annotation::CONTAINERS_ZSTD) == Some("true");
            *same.entry((platform, zstd)).or_default() += 1;
        }
    }
    for ((platform, _), count) in same.into_iter().filter(|(_, count)| *count > 1).take(NAMED) {
        let platform = platform.to_string();
        found.push(Finding::note(
            format!("{count} images are for {}", text::visible(&platform)),
            "Tools take the first of them",
        ));
    }
}

fn manifest_findings(document: &Document, manifest: &Manifest, found: &mut Vec<Finding>) {
    let oci = manifest.media_type.kind() == MediaKind::OciManifest;
    if oci {
        let strict = serde_json::from_slice::<oci_spec::image::ImageManifest>(document.bytes());
        found.extend(
            strict
                .err()
                .map(|e| refused_by_strict_readers("The manifest", &e)),
        );
    }
    if manifest.config.media_type.kind() == MediaKind::Empty && manifest.artifact_type.is_none() {
        found.push(Finding::warning(
            "The config is empty, and there is no artifactType",
            "The specification wants an artifactType then, which says what the artifact is",
        ));
    }
    let layers = manifest.layers.iter().enumerate();
    let layers = layers.map(|(at, layer)| (format!("Layer {at}"), layer));
    let blobs = std::iter::once(("The config".to_owned(), &manifest.config));
    blob_findings(blobs.chain(layers), found);
    let blobs = std::iter::once(&manifest.config).chain(&manifest.layers);
    mixture_finding(oci, blobs, found);
    date_finding(&manifest.annotations, found);
}

fn blob_findings<'a>(
    blobs: impl Iterator<Item = (String, &'a Descriptor)>,
    found: &mut Vec<Finding>,
) {
    for (what, blob) in blobs {
        if blob.size == 0 {
            found.push(Finding::warning(
                format!("{what} is said to have 0 bytes"),
                "Even an empty layer or document has some; registries may refuse it",
            ));
        }
        let embedded = blob.data.as_ref().map(|data| BASE64_STANDARD.decode(data));
        let matches = match embedded {
            None => continue,
            Some(Ok(bytes)) => bytes.len() as u64 == blob.size && blob.digest.matches(&bytes),
            Some(Err(_)) => false,
        };
        if !matches {
            found.push(Finding::warning(
                format!("{what} has data embedded that is not its content"),
                "A tool that trusts it without hashing sees something else; it is not used here",
            ));
        }
    }
}

/// Docker's types in an OCI document, or the other way round.
fn mixture_finding<'a>(
    oci: bool,
    mut parts: impl Iterator<Item = &'a Descriptor>,
    found: &mut Vec<Finding>,
) {
    let other = if oci {
        "application/vnd.docker."
    } else {
        "application/vnd.oci."
    };
    let Some(part) = parts.find(|part| part.media_type.as_str().starts_with(other)) else {
        return;
    };
    let (here, there) = if oci {
        ("OCI", "Docker's")
    } else {
        ("Docker's", "OCI")
    };
    found.push(Finding::note(
        format!(
            "This is of {here} types, but has parts of {there}: {}",
            text::visible(part.media_type.as_str())
        ),
        "Most tools read such a mixture; strict registries may refuse it",
    ));
}

fn date_finding(annotations: &Annotations, found: &mut Vec<Finding>) {
    if let Some(created) = annotations.get(annotation::CREATED)
        && !is_rfc3339(created)
    {
        found.push(Finding::note(
            format!(
                "The annotation of its date is not one: {:?}",
                text::middle(created, 60)
            ),
            "Dates are written as RFC 3339 has them: 2024-05-01T12:00:00Z",
        ));
    }
}
