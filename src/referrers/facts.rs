//! What a manifest says about itself as something that refers to another.

use crate::model::{
    Annotations, ArtifactKind, ArtifactManifest, Content, Descriptor, Digest, Document, MediaType,
    RawDocument, annotation, limits,
};

/// What was read out of a referrer's manifest.
pub(super) struct Facts {
    pub subject: Option<Digest>,
    pub artifact_type: Option<MediaType>,
    pub kind: ArtifactKind,
    /// Manifest and everything that it lists, each blob once, in bytes.
    pub total_size: u64,
    pub annotations: Annotations,
    /// What the first file is called.
    pub file: Option<String>,
}

impl Facts {
    /// Reads a document of any type that can refer to something.
    pub fn read(raw: RawDocument) -> Self {
        let size = raw.size();
        let document = Document::read(raw);
        let kind = ArtifactKind::of_document(&document);
        let digest = |subject: &Option<Descriptor>| subject.as_ref().map(|s| s.digest.clone());
        match document.content() {
            Content::Manifest(manifest) => Self {
                subject: digest(&manifest.subject),
                artifact_type: manifest.artifact_kind().cloned(),
                kind,
                total_size: size.saturating_add(manifest.blob_size()),
                annotations: manifest.annotations.clone(),
                file: manifest
                    .layers
                    .iter()
                    .find_map(|layer| title(&layer.annotations)),
            },
            Content::Index(index) => {
                let entries = index.descriptors().map(|(_, entry)| entry.size);
                Self {
                    subject: digest(&index.subject),
                    artifact_type: index.artifact_type.clone(),
                    kind,
                    total_size: entries.fold(size, u64::saturating_add),
                    annotations: index.annotations.clone(),
                    file: None,
                }
            }
            Content::Unknown => Self::artifact_manifest(&document, size),
            Content::Invalid(_) => Self {
                subject: None,
                artifact_type: None,
                kind,
                total_size: size,
                annotations: Annotations::new(),
                file: None,
            },
        }
    }

    /// An artifact manifest of the drafts, or what may be one.
    fn artifact_manifest(document: &Document, size: u64) -> Self {
        let read = ArtifactManifest::read(document);
        let sizes = read.blobs.iter().map(|blob| blob.size);
        Self {
            subject: read.subject.map(|subject| subject.digest),
            kind: match &read.artifact_type {
                Some(kind) => ArtifactKind::of_type(Some(kind), &read.annotations),
                None => ArtifactKind::Other(document.media_type().clone()),
            },
            artifact_type: read.artifact_type,
            total_size: sizes.fold(size, u64::saturating_add),
            file: read.blobs.iter().find_map(|blob| title(&blob.annotations)),
            annotations: read.annotations,
        }
    }
}

/// As many of `annotations` as there is room for, and whether some are missing. The short
/// ones come first, so that one of a megabyte does not take the place of all others.
pub(super) fn bounded(annotations: Annotations) -> (Annotations, bool) {
    let length = |(key, value): &(String, String)| key.len() + value.len();
    let whole: usize = annotations.iter().map(|(k, v)| k.len() + v.len()).sum();
    if whole <= limits::REFERRER_ANNOTATION_BYTES {
        return (annotations, false);
    }
    let mut pairs: Vec<_> = annotations.into_iter().collect();
    pairs.sort_by_key(length);
    let mut room = limits::REFERRER_ANNOTATION_BYTES;
    let mut kept = Annotations::new();
    for (key, mut value) in pairs {
        if key.len() >= room {
            break;
        }
        room -= key.len();
        if value.len() > room {
            value.truncate(value.floor_char_boundary(room));
        }
        room -= value.len();
        kept.insert(key, value);
    }
    (kept, true)
}

/// What it is called, where the annotations say so (image-spec `annotations.md`).
pub(super) fn title(annotations: &Annotations) -> Option<String> {
    let title = annotations.get(annotation::TITLE)?;
    (!title.is_empty() && title.len() <= 256).then(|| title.clone())
}

/// When it was made, where the annotations say so.
pub(super) fn created(annotations: &Annotations) -> Option<String> {
    let created = annotations.get(annotation::CREATED)?;
    (!created.is_empty() && created.len() <= 64).then(|| created.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Algorithm;

    fn read(text: &str) -> Facts {
        let bytes = bytes::Bytes::copy_from_slice(text.as_bytes());
        Facts::read(RawDocument::hash(
            bytes,
            Algorithm::Sha256,
            MediaType::default(),
        ))
    }

    #[test]
    fn the_artifact_manifest_of_the_drafts_is_read() {
        let digest = Digest::sha256(b"subject");
        let text = format!(
            r#"{{"mediaType":"application/vnd.oci.artifact.manifest.v1+json",
                "artifactType":"application/vnd.cncf.notary.signature",
                "blobs":[{{"mediaType":"application/jose+json","digest":"{digest}","size":2094}},7],
                "subject":{{"mediaType":"x","digest":"{digest}","size":1}},
                "annotations":{{"a":"b","c":7}}}}"#
        );
        let facts = read(&text);
        assert_eq!(facts.subject, Some(digest));
        assert_eq!(facts.kind.to_string(), "Notation signature");
        assert_eq!(facts.total_size, text.len() as u64 + 2094);
        assert_eq!(facts.annotations.len(), 1);
    }

    #[test]
    fn what_cannot_be_read_refers_to_nothing() {
        for text in [
            "",
            "[]",
            "{\"subject\":7}",
            "{\"subject\":{\"digest\":\"sha256:no\"}}",
        ] {
            let facts = read(text);
            assert_eq!(facts.subject, None, "{text}");
            assert_eq!(facts.total_size, text.len() as u64);
        }
    }

    #[test]
    fn a_megabyte_of_annotations_leaves_the_short_ones() {
        let mut annotations = Annotations::new();
        annotations.insert("a.long".to_owned(), "ä".repeat(1 << 20));
        annotations.insert("created".to_owned(), "2026".to_owned());
        let (kept, cut) = bounded(annotations.clone());
        assert!(cut);
        assert_eq!(kept["created"], "2026");
        assert!(kept["a.long"].starts_with("ää"));
        let bytes: usize = kept.iter().map(|(k, v)| k.len() + v.len()).sum();
        assert!(bytes <= limits::REFERRER_ANNOTATION_BYTES, "{bytes}");

        let many = (0..100_000).map(|n| (format!("{n:05}"), String::new()));
        let (kept, cut) = bounded(many.collect());
        assert!(cut && kept.len() <= limits::REFERRER_ANNOTATION_BYTES / 5);

        annotations.remove("a.long");
        assert_eq!(bounded(annotations.clone()), (annotations, false));
    }

    /// A manifest is called by its own title, else by its first file.
    #[test]
    fn what_a_file_is_called_is_read() {
        let digest = Digest::sha256(b"x");
        let layer = format!(
            r#"{{"mediaType":"application/json","digest":"{digest}","size":1,"annotations":{{"org.opencontainers.image.title":"sbom.json"}}}}"#
        );
        let text = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/spdx+json","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{digest}","size":1}},"layers":[{layer}]}}"#
        );
        assert_eq!(read(&text).file.as_deref(), Some("sbom.json"));
        let annotations = [(annotation::TITLE.to_owned(), "My SBOM".to_owned())];
        assert_eq!(title(&annotations.into()).as_deref(), Some("My SBOM"));
        let long = [(annotation::TITLE.to_owned(), "x".repeat(300))];
        assert_eq!(title(&long.into()), None, "a row has no room for that");
    }
}
