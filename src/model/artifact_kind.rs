//! What an artifact is, in words: a table of the types and predicates that tools write.

use std::borrow::Cow;
use std::fmt;

use super::{Annotations, Content, Document, Manifest, MediaType, annotation};

/// What an artifact is, as far as its types and annotations tell. Nothing here is proof:
/// anybody can write any type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArtifactKind {
    /// A list of the software in an image.
    Sbom(SbomFormat),
    Signature(SignatureFormat),
    /// Statements about the subject (in-toto), one predicate for each; none where nothing
    /// says what is stated.
    Attestation(Vec<Predicate>),
    /// Findings of a scanner (SARIF).
    ScanReport,
    HelmChart,
    WebAssembly,
    /// What Flux applies to a cluster.
    FluxManifests,
    /// A container image.
    Image,
    /// An index of images or artifacts.
    Index,
    /// A type that is not known here, as it was written; empty where there is none.
    Other(MediaType),
}

/// How a list of software is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SbomFormat {
    Spdx,
    CycloneDx,
    Syft,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureFormat {
    /// cosign's simple signing payload with the signature in an annotation.
    Cosign,
    /// The Notary Project's envelope.
    Notation,
    /// A Sigstore bundle.
    SigstoreBundle,
}

/// What a statement says about its subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    Sbom(SbomFormat),
    /// How it was built (SLSA provenance).
    Provenance,
    /// That somebody checked how it was built (SLSA verification summary).
    VerificationSummary,
    Vulnerabilities,
    /// Which known vulnerabilities matter (OpenVEX).
    Vex,
    TestResult,
    /// A type that is not known here, as it was written.
    Other(String),
}

/// What sort of artifact, for icons and colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ArtifactClass {
    Sbom,
    Provenance,
    Signature,
    Attestation,
    ScanReport,
    Image,
    Other,
}

/// The predicate by which cosign says "this is a signature of the subject" in a bundle.
const SIGNING_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";

impl ArtifactKind {
    /// What a descriptor promises: `artifact_type` and the annotations beside it. The
    /// manifest itself says it better.
    pub fn of_type(artifact_type: Option<&MediaType>, annotations: &Annotations) -> Self {
        let Some(artifact_type) = artifact_type else {
            return Self::Other(MediaType::default());
        };
        Self::known(artifact_type, &predicates(annotations))
            .unwrap_or_else(|| Self::Other(artifact_type.clone()))
    }

    /// What a document is. A manifest's own `artifactType` decides, then the type of its
    /// config (image-spec `manifest.md`, "Guidelines for Artifact Usage"); cosign's old
    /// artifacts look like images, and only their layers tell.
    pub fn of_document(document: &Document) -> Self {
        match document.content() {
            Content::Manifest(manifest) => Self::of_manifest(manifest),
            Content::Index(index) => match &index.artifact_type {
                Some(artifact_type) => Self::of_type(Some(artifact_type), &index.annotations),
                None => Self::Index,
            },
            Content::Unknown | Content::Invalid(_) => Self::Other(document.media_type().clone()),
        }
    }

    fn of_manifest(manifest: &Manifest) -> Self {
        let mut stated = predicates(&manifest.annotations);
        for layer in &manifest.layers {
            for predicate in predicates(&layer.annotations) {
                if !stated.contains(&predicate) {
                    stated.push(predicate);
                }
            }
        }
        let own = manifest.artifact_kind();
        if let Some(known) = own.and_then(|own| Self::known(own, &stated)) {
            return known;
        }
        let mut layers = manifest.layers.iter();
        if let Some(known) = layers.find_map(|layer| Self::known(&layer.media_type, &stated)) {
            return known;
        }
        match own {
            Some(own) => Self::Other(own.clone()),
            None if manifest.is_artifact() => Self::Other(MediaType::default()),
            None => Self::Image,
        }
    }

    /// The kind that `media_type` stands for; nothing where it is not in the table.
    fn known(media_type: &MediaType, stated: &[&str]) -> Option<Self> {
        let lower = media_type.as_str().to_ascii_lowercase();
        let attested = || {
            let predicates = stated.iter().filter(|text| **text != SIGNING_PREDICATE);
            Self::Attestation(predicates.map(|text| Predicate::read(text)).collect())
        };
        Some(match lower.as_str() {
            "application/spdx+json"
            | "application/spdx"
            | "text/spdx"
            | "text/spdx+json"
            | "text/spdx+xml"
            | "application/spdx+xml" => Self::Sbom(SbomFormat::Spdx),
            "application/vnd.cyclonedx"
            | "application/vnd.cyclonedx+json"
            | "application/vnd.cyclonedx+xml" => Self::Sbom(SbomFormat::CycloneDx),
            "application/vnd.syft+json" => Self::Sbom(SbomFormat::Syft),
            "application/vnd.cncf.notary.signature" => Self::Signature(SignatureFormat::Notation),
            "application/vnd.dev.cosign.simplesigning.v1+json"
            | "application/vnd.dev.cosign.artifact.sig.v1+json" => {
                Self::Signature(SignatureFormat::Cosign)
            }
            "application/vnd.in-toto+json"
            | "application/vnd.dsse.envelope.v1+json"
            | "application/vnd.dev.cosign.artifact.att.v1+json" => attested(),
            "application/sarif+json" => Self::ScanReport,
            "application/vnd.cncf.helm.config.v1+json" => Self::HelmChart,
            "application/vnd.wasm.config.v0+json" | "application/vnd.wasm.config.v1+json" => {
                Self::WebAssembly
            }
            "application/vnd.cncf.flux.config.v1+json" => Self::FluxManifests,
            // `application/vnd.dev.sigstore.bundle.v0.3+json`, and older ways to write it
            bundle if bundle.starts_with("application/vnd.dev.sigstore.bundle") => {
                let signed = stated.iter().all(|text| *text == SIGNING_PREDICATE);
                if signed {
                    Self::Signature(SignatureFormat::SigstoreBundle)
                } else {
                    attested()
                }
            }
            attestation if attestation.starts_with("application/vnd.in-toto.") => attested(),
            _ => return None,
        })
    }

    /// What sort it is.
    pub fn class(&self) -> ArtifactClass {
        match self {
            Self::Sbom(_) => ArtifactClass::Sbom,
            Self::Signature(_) => ArtifactClass::Signature,
            Self::Attestation(stated) => match stated.as_slice() {
                [Predicate::Sbom(_)] => ArtifactClass::Sbom,
                [Predicate::Provenance] => ArtifactClass::Provenance,
                [Predicate::Vulnerabilities] => ArtifactClass::ScanReport,
                _ => ArtifactClass::Attestation,
            },
            Self::ScanReport => ArtifactClass::ScanReport,
            Self::Image | Self::Index => ArtifactClass::Image,
            Self::HelmChart | Self::WebAssembly | Self::FluxManifests | Self::Other(_) => {
                ArtifactClass::Other
            }
        }
    }
}

/// The types of what is stated, in the annotations that BuildKit, cosign and Sigstore's
/// bundles use.
fn predicates(annotations: &Annotations) -> Vec<&str> {
    let keys = [
        annotation::IN_TOTO_PREDICATE,
        annotation::SIGSTORE_PREDICATE,
        annotation::COSIGN_PREDICATE,
    ];
    let found = keys.iter().filter_map(|key| annotations.get(*key));
    found
        .map(String::as_str)
        .filter(|t| !t.is_empty())
        .collect()
}

impl Predicate {
    /// The predicate that `uri` names. Versions at its end do not matter.
    pub fn read(uri: &str) -> Self {
        let is = |known: &str| {
            let rest = uri.strip_prefix(known);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '@']))
        };
        if is("https://spdx.dev/Document") {
            Self::Sbom(SbomFormat::Spdx)
        } else if is("https://cyclonedx.org/bom") {
            Self::Sbom(SbomFormat::CycloneDx)
        } else if is("https://syft.dev/bom") {
            Self::Sbom(SbomFormat::Syft)
        } else if is("https://slsa.dev/provenance") {
            Self::Provenance
        } else if is("https://slsa.dev/verification_summary") {
            Self::VerificationSummary
        } else if is("https://cosign.sigstore.dev/attestation/vuln")
            || is("https://in-toto.io/attestation/vulns")
        {
            Self::Vulnerabilities
        } else if is("https://openvex.dev/ns") {
            Self::Vex
        } else if is("https://in-toto.io/attestation/test-result") {
            Self::TestResult
        } else {
            Self::Other(uri.to_owned())
        }
    }
}

/// What `uri` states, in words with the version that stands at its end (`SLSA provenance
/// v1`); a type that is not known here stands for itself.
pub fn predicate_words(uri: &str) -> Cow<'_, str> {
    if uri == SIGNING_PREDICATE {
        return "signature of the image".into();
    }
    let words = match Predicate::read(uri) {
        Predicate::Other(_) if uri.starts_with("https://cosign.sigstore.dev/attestation/") => {
            "custom statement of cosign".to_owned()
        }
        Predicate::Other(_) => return uri.into(),
        known => known.to_string(),
    };
    let last = uri.rsplit(['/', '@']).next().unwrap_or_default();
    let digits = last.strip_prefix('v').unwrap_or(last);
    let is_version = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.len() <= 8
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    if is_version {
        format!("{words} v{digits}").into()
    } else {
        words.into()
    }
}

impl fmt::Display for SbomFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spdx => "SPDX",
            Self::CycloneDx => "CycloneDX",
            Self::Syft => "Syft",
        })
    }
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sbom(format) => write!(f, "{format} SBOM"),
            Self::Provenance => f.write_str("SLSA provenance"),
            Self::VerificationSummary => f.write_str("SLSA verification summary"),
            Self::Vulnerabilities => f.write_str("vulnerability scan"),
            Self::Vex => f.write_str("OpenVEX statement"),
            Self::TestResult => f.write_str("test result"),
            Self::Other(uri) => f.write_str(uri),
        }
    }
}

/// In a person's words; a type that is not known stands for itself.
impl fmt::Display for ArtifactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sbom(format) => write!(f, "{format} SBOM"),
            Self::Signature(SignatureFormat::Cosign) => f.write_str("cosign signature"),
            Self::Signature(SignatureFormat::Notation) => f.write_str("Notation signature"),
            Self::Signature(SignatureFormat::SigstoreBundle) => {
                f.write_str("Sigstore bundle, signature")
            }
            Self::Attestation(stated) => {
                f.write_str("attestation")?;
                for (position, predicate) in stated.iter().enumerate() {
                    let before = if position == 0 { ": " } else { ", " };
                    write!(f, "{before}{predicate}")?;
                }
                Ok(())
            }
            Self::ScanReport => f.write_str("SARIF report"),
            Self::HelmChart => f.write_str("Helm chart"),
            Self::WebAssembly => f.write_str("WebAssembly module"),
            Self::FluxManifests => f.write_str("Flux manifests"),
            Self::Image => f.write_str("image"),
            Self::Index => f.write_str("index"),
            Self::Other(media_type) if media_type.is_empty() => f.write_str("no type"),
            Self::Other(media_type) => media_type.fmt(f),
        }
    }
}
