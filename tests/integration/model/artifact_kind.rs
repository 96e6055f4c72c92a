//! What artifacts are called.

use porthole::model::{
    Annotations, ArtifactClass, ArtifactKind, Document, MediaType, RawDocument, predicate_words,
};
use serde_json::{Value, json};

fn kind(value: &Value) -> ArtifactKind {
    let bytes = serde_json::to_vec(value).unwrap();
    let raw = RawDocument::hash(
        bytes.into(),
        porthole::model::Algorithm::Sha256,
        MediaType::default(),
    );
    ArtifactKind::of_document(&Document::read(raw))
}

fn blob(media_type: &str, annotations: &[(&str, &str)]) -> Value {
    let annotations: Annotations = annotations
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    json!({
        "mediaType": media_type, "size": 2, "annotations": annotations,
        "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    })
}

fn artifact(artifact_type: &str, config: &str, layers: &[Value], about: &[(&str, &str)]) -> Value {
    let mut value = json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST, "config": blob(config, &[]),
        "layers": layers, "annotations": blob("", about)["annotations"],
    });
    if !artifact_type.is_empty() {
        value["artifactType"] = json!(artifact_type);
    }
    value
}

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const SIGNS: &str = "https://sigstore.dev/cosign/sign/v1";

#[test]
fn manifests_as_the_tools_write_them() {
    let (empty, config) = (MediaType::OCI_EMPTY, MediaType::OCI_CONFIG);
    let predicate = "dev.sigstore.bundle.predicateType";
    let in_toto = |predicate| {
        blob(
            MediaType::IN_TOTO,
            &[("in-toto.io/predicate-type", predicate)],
        )
    };
    for (tool, value, words, class) in [
        (
            "oras attach, SPDX",
            artifact(
                "application/spdx+json",
                empty,
                &[blob("application/spdx+json", &[])],
                &[],
            ),
            "SPDX SBOM",
            ArtifactClass::Sbom,
        ),
        (
            "oras attach, CycloneDX",
            artifact("application/vnd.cyclonedx+json", empty, &[], &[]),
            "CycloneDX SBOM",
            ArtifactClass::Sbom,
        ),
        (
            "syft",
            artifact("application/vnd.syft+json", empty, &[], &[]),
            "Syft SBOM",
            ArtifactClass::Sbom,
        ),
        (
            "cosign 2 attach sbom",
            artifact("", config, &[blob("text/spdx+json", &[])], &[]),
            "SPDX SBOM",
            ArtifactClass::Sbom,
        ),
        (
            "cosign 2 sign",
            artifact(
                "",
                config,
                &[blob(
                    "application/vnd.dev.cosign.simplesigning.v1+json",
                    &[],
                )],
                &[],
            ),
            "cosign signature",
            ArtifactClass::Signature,
        ),
        (
            "cosign 2 attest",
            artifact(
                "",
                config,
                &[blob(
                    "application/vnd.dsse.envelope.v1+json",
                    &[("predicateType", "https://slsa.dev/provenance/v1")],
                )],
                &[],
            ),
            "attestation: SLSA provenance",
            ArtifactClass::Provenance,
        ),
        (
            "cosign 3 sign",
            artifact(BUNDLE, empty, &[blob(BUNDLE, &[])], &[(predicate, SIGNS)]),
            "Sigstore bundle, signature",
            ArtifactClass::Signature,
        ),
        (
            "cosign 3 attest",
            artifact(
                BUNDLE,
                empty,
                &[blob(BUNDLE, &[])],
                &[(predicate, "https://spdx.dev/Document")],
            ),
            "attestation: SPDX SBOM",
            ArtifactClass::Sbom,
        ),
        (
            "a bundle that says nothing",
            artifact(
                "application/vnd.dev.sigstore.bundle+json;version=0.2",
                empty,
                &[],
                &[],
            ),
            "Sigstore bundle, signature",
            ArtifactClass::Signature,
        ),
        (
            "notation: the type is the config's",
            artifact(
                "",
                "application/vnd.cncf.notary.signature",
                &[blob("application/jose+json", &[])],
                &[],
            ),
            "Notation signature",
            ArtifactClass::Signature,
        ),
        (
            "BuildKit",
            artifact(
                "",
                config,
                &[
                    in_toto("https://spdx.dev/Document"),
                    in_toto("https://slsa.dev/provenance/v0.2"),
                    in_toto("https://slsa.dev/provenance/v0.2"),
                ],
                &[],
            ),
            "attestation: SPDX SBOM, SLSA provenance",
            ArtifactClass::Attestation,
        ),
        (
            "an attestation of something of one's own",
            artifact(
                "application/vnd.in-toto+json",
                empty,
                &[in_toto("https://example.com/p")],
                &[],
            ),
            "attestation: https://example.com/p",
            ArtifactClass::Attestation,
        ),
        (
            "an attestation that does not say of what",
            artifact("application/vnd.in-toto.bundle", empty, &[], &[]),
            "attestation",
            ArtifactClass::Attestation,
        ),
        (
            "helm push",
            artifact("", "application/vnd.cncf.helm.config.v1+json", &[], &[]),
            "Helm chart",
            ArtifactClass::Other,
        ),
        (
            "trivy",
            artifact("application/sarif+json", empty, &[], &[]),
            "SARIF report",
            ArtifactClass::ScanReport,
        ),
        (
            "a type of one's own, with a layer of a known one",
            artifact(
                "application/vnd.example.thing",
                empty,
                &[blob("application/spdx+json", &[])],
                &[],
            ),
            "SPDX SBOM",
            ArtifactClass::Sbom,
        ),
        (
            "a type of one's own",
            artifact("application/vnd.example.thing", empty, &[], &[]),
            "application/vnd.example.thing",
            ArtifactClass::Other,
        ),
        (
            "an artifact without a type",
            artifact("", empty, &[], &[]),
            "no type",
            ArtifactClass::Other,
        ),
        (
            "an image",
            artifact("", config, &[blob(MediaType::OCI_LAYER, &[])], &[]),
            "image",
            ArtifactClass::Image,
        ),
        (
            "an index",
            json!({"schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": []}),
            "index",
            ArtifactClass::Image,
        ),
        (
            "an index of artifacts",
            json!({
                "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": [],
                "artifactType": "Application/SPDX+JSON",
            }),
            "SPDX SBOM",
            ArtifactClass::Sbom,
        ),
    ] {
        let found = kind(&value);
        assert_eq!(
            (found.to_string().as_str(), found.class()),
            (words, class),
            "{tool}"
        );
    }
}

#[test]
fn predicates_are_told_apart_whatever_their_version() {
    for (uri, words) in [
        ("https://spdx.dev/Document", "SPDX SBOM"),
        ("https://spdx.dev/Document/v2.3", "SPDX SBOM"),
        ("https://spdx.dev/Documents", "https://spdx.dev/Documents"),
        ("https://cyclonedx.org/bom/v1.5", "CycloneDX SBOM"),
        ("https://slsa.dev/provenance/v1", "SLSA provenance"),
        (
            "https://slsa.dev/verification_summary/v1",
            "SLSA verification summary",
        ),
        (
            "https://cosign.sigstore.dev/attestation/vuln/v1",
            "vulnerability scan",
        ),
        (
            "https://in-toto.io/attestation/vulns/v0.1",
            "vulnerability scan",
        ),
        ("https://openvex.dev/ns/v0.2.0", "OpenVEX statement"),
        (
            "https://in-toto.io/attestation/test-result/v0.1",
            "test result",
        ),
    ] {
        assert_eq!(
            porthole::model::Predicate::read(uri).to_string(),
            words,
            "{uri}"
        );
    }
}

#[test]
fn before_the_manifest_is_read_the_list_is_what_is_known() {
    let none = Annotations::new();
    assert_eq!(ArtifactKind::of_type(None, &none).to_string(), "no type");
    let bundle = MediaType::new(BUNDLE);
    let mut stated = Annotations::new();
    let key = "dev.sigstore.bundle.predicateType".to_owned();
    stated.insert(key, "https://slsa.dev/provenance/v1".to_owned());
    let kind = ArtifactKind::of_type(Some(&bundle), &stated);
    assert_eq!(kind.to_string(), "attestation: SLSA provenance");
}

#[test]
fn predicates_are_said_in_words_with_their_version() {
    let cases = [
        ("https://slsa.dev/provenance/v1", "SLSA provenance v1"),
        ("https://slsa.dev/provenance/v0.2", "SLSA provenance v0.2"),
        ("https://spdx.dev/Document", "SPDX SBOM"),
        ("https://spdx.dev/Document/v2.3", "SPDX SBOM v2.3"),
        ("https://cyclonedx.org/bom/v1.4", "CycloneDX SBOM v1.4"),
        ("https://openvex.dev/ns/v0.2.0", "OpenVEX statement v0.2.0"),
        (
            "https://cosign.sigstore.dev/attestation/vuln/v1",
            "vulnerability scan v1",
        ),
        (
            "https://cosign.sigstore.dev/attestation/v1",
            "custom statement of cosign v1",
        ),
        (
            "https://sigstore.dev/cosign/sign/v1",
            "signature of the image",
        ),
        ("https://example.com/mine/v1", "https://example.com/mine/v1"),
        ("", ""),
    ];
    for (uri, words) in cases {
        assert_eq!(predicate_words(uri), words, "{uri}");
    }
}
