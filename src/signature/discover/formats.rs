//! Which of a manifest's layers is a signature, and of which format.

use serde_json::Value;

use crate::model::{
    Annotations, ArtifactKind, Content, Descriptor, Digest, Document, RawDocument, SignatureFormat,
    annotation, limits,
};
use crate::referrers::Referrer;
use crate::signature::found::{Format, Found, Place, Statement};

use super::claims;

pub(super) const COSIGN_PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
pub(super) const DSSE: &str = "application/vnd.dsse.envelope.v1+json";
pub(super) const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
const IN_TOTO: &str = "application/vnd.in-toto+json";
const JOSE: &str = "application/jose+json";
const COSE: &str = "application/cose";

/// A layer that is a signature or statement.
pub(super) struct Part {
    pub position: usize,
    pub format: Format,
    /// What is to be read; nothing where the manifest says enough.
    pub layer: Option<Descriptor>,
}

/// The bytes, the annotations that belong to them, and the manifest around them.
pub(super) type Carrier = (RawDocument, Annotations, Option<RawDocument>);

/// The layers of a referrer that say something about its subject.
///
/// # Errors
/// Why it cannot be read, where it may be a signature: what is damaged is not "unsigned".
pub(super) fn parts(referrer: &Referrer, manifest: &RawDocument) -> Result<Vec<Part>, String> {
    let layers = layers(referrer, manifest)?;
    let mut parts: Vec<Part> = Vec::new();
    for (position, layer) in layers.iter().enumerate() {
        let media_type = layer.media_type.as_str().to_ascii_lowercase();
        let format = match media_type.as_str() {
            COSIGN_PAYLOAD => Format::Cosign,
            DSSE => Format::CosignAttestation,
            JOSE => Format::NotationJws,
            COSE => Format::NotationCose,
            IN_TOTO => Format::UnsignedStatement,
            other if other.starts_with(BUNDLE) => Format::SigstoreBundle,
            _ => continue,
        };
        parts.push(Part {
            position,
            format,
            layer: Some(layer.clone()),
        });
    }
    if !parts.is_empty() {
        return Ok(parts);
    }
    let format = if is_signature(referrer) {
        Format::Unknown
    } else {
        Format::UnsignedDocument
    };
    Ok(vec![Part {
        position: 0,
        format,
        layer: None,
    }])
}

/// Whether it says that it is a signature, or lies where cosign keeps what is signed.
fn is_signature(referrer: &Referrer) -> bool {
    let mut tags = referrer.found.iter().filter_map(|found| found.tag.as_ref());
    matches!(referrer.kind, ArtifactKind::Signature(_))
        || tags.any(|tag| tag.ends_with(".sig") || tag.ends_with(".att"))
}

/// Whether what cannot be read may be one all the same.
fn may_be_signature(referrer: &Referrer) -> bool {
    let document = matches!(
        referrer.kind,
        ArtifactKind::Sbom(_) | ArtifactKind::ScanReport
    );
    let mut tags = referrer.found.iter().filter_map(|found| found.tag.as_ref());
    is_signature(referrer) || !(document || tags.any(|tag| tag.ends_with(".sbom")))
}

/// What a manifest lists: layers, or the `blobs` of the artifact manifest of the drafts of
/// image-spec 1.1.
fn layers(referrer: &Referrer, manifest: &RawDocument) -> Result<Vec<Descriptor>, String> {
    let document = Document::read(manifest.clone());
    Ok(match document.content() {
        Content::Manifest(manifest) => manifest.layers.clone(),
        Content::Unknown => {
            let value: Value = serde_json::from_slice(manifest.bytes()).unwrap_or_default();
            let blobs = value.get("blobs").and_then(Value::as_array);
            let blobs = blobs.into_iter().flatten().take(limits::SIGNATURES + 1);
            blobs
                .filter_map(|blob| Descriptor::from_json(blob).ok())
                .collect()
        }
        Content::Invalid(why) if may_be_signature(referrer) => return Err(why.to_string()),
        Content::Index(_) if is_signature(referrer) => {
            return Err("it is an index, which no signature is".to_owned());
        }
        Content::Index(_) | Content::Invalid(_) => Vec::new(),
    })
}

/// How many bytes of a layer are read.
pub(super) const fn limit(format: Format) -> u64 {
    match format {
        Format::CosignAttestation | Format::SigstoreBundle | Format::UnsignedStatement => {
            limits::ATTESTATION_BYTES
        }
        _ => limits::SIGNATURE_BYTES,
    }
}

/// What was found, with what it claims.
pub(super) fn found(
    format: Format,
    subject: &Digest,
    place: Place,
    (raw, annotations, manifest): Carrier,
) -> Found {
    let mut found = Found {
        format,
        statement: Statement::Signature,
        claims: Default::default(),
        listed_for: subject.clone(),
        place,
        raw,
        annotations,
        manifest,
    };
    found.statement = statement(&found);
    found.claims = claims::of(&found);
    found
}

fn statement(found: &Found) -> Statement {
    let predicate = |keys: &[&str]| {
        let mut texts = keys.iter().filter_map(|key| found.annotations.get(*key));
        texts.find(|text| !text.is_empty()).cloned()
    };
    match found.format {
        Format::UnsignedStatement => Statement::Attestation {
            predicate_type: predicate(&[annotation::IN_TOTO_PREDICATE])
                .or_else(|| claims::predicate_type(found)),
        },
        Format::CosignAttestation => Statement::Attestation {
            predicate_type: claims::predicate_type(found)
                .or_else(|| predicate(&[annotation::COSIGN_PREDICATE])),
        },
        Format::SigstoreBundle => match claims::predicate_type(found) {
            Some(stated) if stated != claims::SIGNING_PREDICATE => Statement::Attestation {
                predicate_type: Some(stated),
            },
            _ => Statement::Signature,
        },
        Format::UnsignedDocument => {
            let document = found.manifest.clone().map(Document::read);
            let kind = document.as_ref().map(ArtifactKind::of_document);
            Statement::Document {
                media_type: kind.map_or_else(String::new, |kind| match kind {
                    ArtifactKind::Signature(SignatureFormat::Notation) => "signature".to_owned(),
                    kind => kind.to_string(),
                }),
            }
        }
        _ => Statement::Signature,
    }
}
