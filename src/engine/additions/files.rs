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
        let mut layers: Vec<(Descriptor, Arc<dyn Payload>)> = Vec::new();
        let mut recognised = Vec::new();
        for file in &attaching.files {
            let (layer, payload, found) = look(file).await?;
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

/// The type of an SBOM, by its content.
fn recognise(bytes: &[u8]) -> Option<&'static str> {
    let start = &bytes[..bytes.len().min(4096)];
    let has = |text: &[u8]| start.windows(text.len()).any(|window| window == text);
    if has(b"<bom") && has(b"http://cyclonedx.org/schema/bom/") {
        return Some("application/vnd.cyclonedx+xml");
    }
    let is_json = bytes.trim_ascii_start().first() == Some(&b'{');
    match Sbom::read(bytes).ok()?.format {
        SbomFormat::Spdx if is_json => Some("application/spdx+json"),
        SbomFormat::Spdx => Some("text/spdx"),
        SbomFormat::CycloneDx => Some("application/vnd.cyclonedx+json"),
        SbomFormat::Syft => Some("application/vnd.syft+json"),
    }
}

#[cfg(test)]
mod tests {
    use super::recognise;

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
        for other in [&b"{}"[..], b"hello", b"", b"\xff\xfe", b"<html>"] {
            assert_eq!(recognise(other), None, "{other:?}");
        }
    }
}
