//! What lies in envelopes: statements, provenance and SBOMs, alone, signed and in bundles.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use porthole::model::attachment::{Attachment, AttachmentContent, Envelope};
use porthole::model::provenance::{Material, Provenance};
use porthole::model::{MediaType, limits};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::sbom::spdx;
use crate::support::archive::fixture;

const V02: &str = "https://slsa.dev/provenance/v0.2";
const V1: &str = "https://slsa.dev/provenance/v1";

fn read(value: &Value) -> Attachment {
    Attachment::read(&serde_json::to_vec(value).unwrap(), &MediaType::default())
}

fn statement(predicate_type: &str, predicate: &Value) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1", "predicateType": predicate_type,
        "subject": [{"name": "edge/api", "digest": {"sha256": "5d4c"}}],
        "predicate": predicate,
    })
}

fn signed(payload: &Value) -> Value {
    json!({
        "payloadType": "application/vnd.in-toto+json",
        "payload": STANDARD.encode(serde_json::to_vec(payload).unwrap()),
        "signatures": [{"sig": "AA=="}],
    })
}

fn github() -> Value {
    json!({
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {"workflow": {"ref": "refs/tags/v1", "path": ".github/workflows/release.yml",
                "repository": "https://github.com/example/edge"}},
            "resolvedDependencies": [{"uri": "git+https://github.com/example/edge@refs/tags/v1",
                "digest": {"gitCommit": "9f31c0e"}}]
        },
        "runDetails": {
            "builder": {"id": "https://github.com/actions/runner/github-hosted"},
            "metadata": {"invocationId": "https://github.com/example/edge/actions/runs/1/attempts/1",
                "startedOn": "2026-11-19T12:00:00Z"}
        }
    })
}

#[test]
fn provenance_v1_of_a_workflow() {
    let attachment = read(&signed(&statement(V1, &github())));
    let found = attachment.provenance().unwrap();
    assert_eq!(found.version, "v1");
    assert_eq!(found.builder_name(), Some("GitHub Actions"));
    let source = found.source.as_ref().unwrap();
    assert_eq!(source.uri, "https://github.com/example/edge@refs/tags/v1");
    assert_eq!(source.revision(), Some("9f31c0e"));
    assert_eq!(
        found.entry_point.as_deref(),
        Some(".github/workflows/release.yml")
    );
    assert_eq!(found.started.as_deref(), Some("2026-11-19T12:00:00Z"));
    assert_eq!(found.parameters[0].0, "workflow.ref");
    assert_eq!(
        attachment.envelopes,
        [Envelope::Dsse { signatures: 1 }, Envelope::Statement]
    );
    let stated = attachment.statement.unwrap();
    assert_eq!(stated.predicate_type, V1);
    assert_eq!(
        stated.subjects[0].digests,
        [("sha256".to_owned(), "5d4c".to_owned())]
    );
    // what was encoded can be shown
    let payload = attachment.payload.unwrap();
    assert!(payload.bytes().starts_with(b"{\"_type\""));
    assert_eq!(
        payload.media_type().as_str(),
        "application/vnd.in-toto+json"
    );
}

#[test]
fn provenance_v02_with_a_source_or_with_materials_alone() {
    let predicate = json!({
        "builder": {"id": "https://ci.example.com/1"}, "buildType": "https://example.com/make",
        "invocation": {"configSource": {"uri": "git+https://git.example.com/edge",
            "digest": {"sha1": "abc"}, "entryPoint": "Makefile"},
            "parameters": {"args": {"a": 1, "b": [true]}, "none": null}},
        "metadata": {"buildStartedOn": "2026-11-19T12:00:00Z", "buildInvocationID": "7"},
        "materials": [{"uri": "pkg:docker/debian@13", "digest": {"sha256": "00"}}, {"digest": {}}, 7]
    });
    let found = Provenance::read(V02, &serde_json::to_vec(&predicate).unwrap()).unwrap();
    assert_eq!(found.builder.as_deref(), Some("https://ci.example.com/1"));
    assert_eq!(found.builder_name(), None);
    assert_eq!(found.source.unwrap().revision(), Some("abc"));
    assert_eq!(found.entry_point.as_deref(), Some("Makefile"));
    assert_eq!(found.invocation.as_deref(), Some("7"));
    let parameters: Vec<_> = found
        .parameters
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    assert_eq!(parameters, ["args.a=1", "args.b=[true]"]);
    assert_eq!(
        found.materials,
        [Material {
            uri: "pkg:docker/debian@13".to_owned(),
            digests: vec![("sha256".to_owned(), "00".to_owned())],
        }]
    );
    let old = Provenance::read("https://slsa.dev/provenance/v0.1", b"{}");
    assert!(old.unwrap_err().to_string().contains("v0.1"));
}

#[test]
fn a_material_may_have_a_digest_alone() {
    let mut predicate = github();
    let dependencies = json!([{"digest": {"sha256": "00"}}, {"name": "a"}, {"digest": {}}]);
    predicate["buildDefinition"]["resolvedDependencies"] = dependencies;
    predicate["buildDefinition"]["externalParameters"] =
        json!({"source": {"digest": {"sha1": "1"}}});
    let found = Provenance::read(V1, &serde_json::to_vec(&predicate).unwrap()).unwrap();
    let materials = found.materials.iter();
    let materials: Vec<_> = materials.map(|m| (&m.uri[..], m.revision())).collect();
    assert_eq!(materials, [("", Some("00")), ("a", None)]);
    assert_eq!(found.source, None, "a source that has no address is none");
}

#[test]
fn what_buildkit_wrote() {
    let folder = fixture("buildkit-app").join("blobs/sha256");
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        if !bytes.starts_with(br#"{"_type":"https://in-toto.io/Statement"#) {
            continue;
        }
        let attachment = Attachment::read(&bytes, &MediaType::default());
        let provenance = attachment.provenance().expect("a provenance");
        assert_eq!(provenance.builder_name(), Some("BuildKit"));
        assert!(provenance.materials[0].uri.starts_with("pkg:docker/"));
        assert_eq!(provenance.materials[0].revision().map(str::len), Some(64));
        found += 1;
    }
    assert_eq!(found, 3);
}

#[test]
fn an_sbom_alone_in_a_statement_and_in_a_bundle() {
    let attested = statement("https://spdx.dev/Document/v2.3", &spdx());
    let bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "dsseEnvelope": signed(&attested), "verificationMaterial": {},
    });
    let as_text = statement(
        "https://spdx.dev/Document",
        &json!({"Data": spdx().to_string()}),
    );
    for (value, envelopes) in [(&spdx(), 0), (&attested, 1), (&bundle, 3), (&as_text, 1)] {
        let attachment = read(value);
        assert_eq!(
            attachment.sbom().map(|sbom| sbom.packages.len()),
            Some(2),
            "{value}"
        );
        assert_eq!(attachment.envelopes.len(), envelopes);
    }
    assert_eq!(read(&bundle).envelopes[0], Envelope::Bundle);
    let payload = read(&bundle).payload.unwrap();
    assert!(
        payload.bytes().starts_with(b"{\"_type\""),
        "the innermost is kept"
    );
}

#[test]
fn the_other_alphabet_of_base64_is_read_and_none_is_said() {
    let mut envelope = signed(&statement(V1, &github()));
    envelope["payload"] = json!("*");
    let AttachmentContent::Unreadable(why) = read(&envelope).content else {
        panic!("it was read");
    };
    assert!(why.contains("base64"), "{why}");
    let bytes = serde_json::to_vec(&statement("x", &json!("???>>>ÿ"))).unwrap();
    envelope["payload"] = json!(URL_SAFE.encode(&bytes));
    assert_eq!(read(&envelope).content, AttachmentContent::Json);
}

#[test]
fn envelopes_in_envelopes_end() {
    let mut value = json!({"a": 1});
    for _ in 0..=limits::ENVELOPE_DEPTH {
        value = signed(&value);
    }
    let AttachmentContent::Unreadable(why) = read(&value).content else {
        panic!("it was read");
    };
    assert!(why.contains(&limits::ENVELOPE_DEPTH.to_string()), "{why}");
}

#[test]
fn what_is_something_else_is_shown_as_what_it_is() {
    let read = |bytes: &[u8], media_type: &str| {
        Attachment::read(bytes, &MediaType::new(media_type)).content
    };
    assert_eq!(read(b"{\"a\":1}", ""), AttachmentContent::Json);
    assert_eq!(read(b"words", "text/plain"), AttachmentContent::Text);
    assert_eq!(read(b"\x00\x01", ""), AttachmentContent::Bytes);
    assert_eq!(
        read(b"<xml/>", "application/spdx+xml"),
        AttachmentContent::Text
    );
    // what is said to be an SBOM and is none says so
    let AttachmentContent::Unreadable(why) = read(b"{\"a\":1}", "application/spdx+json") else {
        panic!("it was read");
    };
    assert!(why.contains("SPDX"), "{why}");
}

proptest! {
    #[test]
    fn any_change_of_a_byte_is_an_answer(at in 0..100_000_usize, byte: u8) {
        let predicates = [(V1, github()), (V02, github()), ("https://spdx.dev/Document", spdx())];
        for (predicate_type, predicate) in predicates {
            let mut bytes = serde_json::to_vec(&statement(predicate_type, &predicate)).unwrap();
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = Attachment::read(&bytes, &MediaType::default());
            let _ = Attachment::read(&bytes[..at], &MediaType::default());
        }
    }
}
