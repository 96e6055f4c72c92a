//! Files that become an artifact: what they are, and the manifest around them.

use std::path::Path;
use std::sync::Arc;

use crate::engine::Failure;
use crate::model::sbom::Sbom;
use crate::model::{Annotations, Descriptor, SbomFormat, annotation, limits};
use crate::signature::sign::{Artifact, artifact};
use crate::transport::{FromFile, Payload};

use super::request::{AttachedFile, Attaching};

/// What a file is where nothing else is known of it.
const UNKNOWN: &str = "application/octet-stream";

/// Files that were looked at.
#[derive(Clone)]
pub(super) struct Files {
    layers: Vec<(Descriptor, Arc<dyn Payload>)>,
    artifact_type: String,
    annotations: Annotations,
}

impl Files {
    /// Hashes the files and finds out what they are.
    pub async fn look(attaching: &Attaching) -> Result<Self, Failure> {
        if attaching.files.is_empty() && attaching.artifact_type.is_none() {
            return Err(Failure::refused("there is no file to attach", "Name one"));
        }
        check_types(attaching)?;
        let mut layers: Vec<(Descriptor, Arc<dyn Payload>)> = Vec::new();
        let mut recognised = Vec::new();
        for file in &attaching.files {
            let (layer, payload, found) = look(file).await?;
            check_title(&layers, &layer)?;
            recognised.push(found);
            layers.push((layer, payload));
        }
        let artifact_type = match (&attaching.artifact_type, recognised.as_slice()) {
            (Some(given), _) => given.clone(),
            (None, [Some(found)]) => (*found).to_owned(),
            (None, _) => {
                return Err(Failure::refused(
                    "it cannot be told what the artifact is: only a single SBOM is recognised",
                    "Say what it is, as a media type (--artifact-type application/…)",
                ));
            }
        };
        let mut annotations = attaching.annotations.clone();
        annotations
            .entry(annotation::CREATED.to_owned())
            .or_insert_with(super::now);
        Ok(Self {
            layers,
            artifact_type,
            annotations,
        })
    }

    pub fn artifact_type(&self) -> &str {
        &self.artifact_type
    }

    /// The artifact about `subject`.
    pub fn artifact(&self, subject: &Descriptor) -> Artifact {
        let layers: Vec<_> = self.layers.iter().map(|(layer, _)| layer.clone()).collect();
        artifact(&self.artifact_type, &layers, subject, &self.annotations)
    }

    pub fn layers(&self) -> &[(Descriptor, Arc<dyn Payload>)] {
        &self.layers
    }
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Files({}, {})", self.layers.len(), self.artifact_type)
    }
}

type Looked = (Descriptor, Arc<dyn Payload>, Option<&'static str>);

async fn look(file: &AttachedFile) -> Result<Looked, Failure> {
    let start = limits::ATTACHMENT_BYTES as usize;
    let (payload, mut layer, bytes) = FromFile::look(&file.path, UNKNOWN, start).await?;
    // what is longer than an SBOM may be is none
    let found = match bytes.len() as u64 == layer.size {
        true => recognise(&bytes),
        false => None,
    };
    let media_type = file.media_type.as_deref().or(found).unwrap_or(UNKNOWN);
    layer.media_type = crate::model::MediaType::new(media_type);
    let name = file.path.file_name().unwrap_or(file.path.as_os_str());
    let title = Path::new(name).display().to_string();
    layer
        .annotations
        .insert(annotation::TITLE.to_owned(), title);
    Ok((layer, Arc::new(payload), found))
}

/// Refuses a second file of the same name: whoever pulls them would write one over the other.
fn check_title(
    layers: &[(Descriptor, Arc<dyn Payload>)],
    layer: &Descriptor,
) -> Result<(), Failure> {
    let title = layer.annotations.get(annotation::TITLE);
    let mut others = layers
        .iter()
        .map(|(other, _)| other.annotations.get(annotation::TITLE));
    match others.any(|other| other == title) {
        false => Ok(()),
        true => Err(Failure::refused(
            format!(
                "two of the files are called {}: whoever pulls them gets one",
                title.map_or("the same", String::as_str)
            ),
            "Rename one of them, or attach them one after the other",
        )),
    }
}

/// Refuses what is no media type: registries may.
fn check_types(attaching: &Attaching) -> Result<(), Failure> {
    let of_files = attaching
        .files
        .iter()
        .filter_map(|file| file.media_type.as_deref());
    let mut given = of_files.chain(attaching.artifact_type.as_deref());
    match given.find(|given| !is_media_type(given)) {
        None => Ok(()),
        Some(wrong) => Err(Failure::refused(
            format!("{wrong:?} is no media type, and registries may refuse it"),
            "Write it as application/vnd.example.report+json (TYPE/SUBTYPE)",
        )),
    }
}

/// Whether it is a media type as the image specification wants them (RFC 6838, section 4.2):
/// without parameters.
fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        let mut bytes = name.bytes();
        let first = bytes.next().is_some_and(|b| b.is_ascii_alphanumeric());
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
        first && bytes.all(plain) && name.len() <= 127
    };
    text.split_once('/')
        .is_some_and(|(kind, name)| is_name(kind) && is_name(name))
}

/// The type of an SBOM, by its content.
fn recognise(bytes: &[u8]) -> Option<&'static str> {
    // some programs begin a text with the mark of its encoding
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = &bytes[..bytes.len().min(4096)];
    let has = |text: &[u8]| start.windows(text.len()).any(|window| window == text);
    if has(b"<bom") && has(b"http://cyclonedx.org/schema/bom/") {
        return Some("application/vnd.cyclonedx+xml");
    }
    let is_json = bytes.trim_ascii_start().first() == Some(&b'{');
    // version 3 is another format under the same name (SPDX 3.0, annex on JSON-LD)
    if is_json && has(b"\"@context\"") && has(b"https://spdx.org/rdf/3.") {
        return Some("application/spdx+json");
    }
    match Sbom::read(bytes).ok()?.format {
        SbomFormat::Spdx if is_json => Some("application/spdx+json"),
        SbomFormat::Spdx => Some("text/spdx"),
        SbomFormat::CycloneDx => Some("application/vnd.cyclonedx+json"),
        SbomFormat::Syft => Some("application/vnd.syft+json"),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_media_type, recognise};

    #[test]
    fn media_types_are_those_of_the_registry_of_types() {
        for good in [
            "text/plain",
            "application/vnd.oci.image.config.v1+json",
            "a/b",
            "x/y.z-1_2",
        ] {
            assert!(is_media_type(good), "{good}");
        }
        let long = format!("a/{}", "b".repeat(128));
        for wrong in [
            "",
            "text",
            "/",
            "a/",
            "/b",
            "a/b/c",
            "bad type",
            "a /b",
            "text/plain;a=b",
            "a/-b",
            "a/ü",
            "a/b\n",
            &long,
        ] {
            assert!(!is_media_type(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn sboms_are_recognised_by_what_is_in_them() {
        let spdx = br#"{"spdxVersion":"SPDX-2.3","name":"x","packages":[]}"#;
        assert_eq!(recognise(spdx), Some("application/spdx+json"));
        let tags = b"SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\nDocumentName: x\n";
        assert_eq!(recognise(tags), Some("text/spdx"));
        let cyclone = br#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[]}"#;
        assert_eq!(recognise(cyclone), Some("application/vnd.cyclonedx+json"));
        let xml = br#"<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.5"/>"#;
        assert_eq!(recognise(xml), Some("application/vnd.cyclonedx+xml"));
        let third = br#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[]}"#;
        assert_eq!(recognise(third), Some("application/spdx+json"));
        for (text, kind) in [
            (&spdx[..], "application/spdx+json"),
            (tags, "text/spdx"),
            (cyclone, "application/vnd.cyclonedx+json"),
            (xml, "application/vnd.cyclonedx+xml"),
        ] {
            let marked = [b"\xef\xbb\xbf", text].concat();
            assert_eq!(recognise(&marked), Some(kind));
        }
        for other in [&b"{}"[..], b"hello", b"", b"\xff\xfe", b"<html>"] {
            assert_eq!(recognise(other), None, "{other:?}");
        }
    }
}
