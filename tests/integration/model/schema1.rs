//! Docker's first schema: what its digest covers, and the config that it does not have.

use bytes::Bytes;
use porthole::model::{
    Algorithm, Digest, Document, ImageConfig, MediaType, RawDocument, conformance,
};
use serde_json::{Value, json};

use super::document;
use crate::support::schema1::{LAYERS, image, signed};

fn hash(bytes: &[u8]) -> RawDocument {
    let bytes = Bytes::copy_from_slice(bytes);
    RawDocument::hash_manifest(bytes, Algorithm::Sha256, MediaType::default())
}

#[test]
fn the_digest_of_a_signed_manifest_is_that_of_what_was_signed() {
    let (payload, whole) = signed(&image());
    let raw = hash(&whole);
    assert_eq!(*raw.digest(), Digest::sha256(&payload));
    assert_eq!(
        (&raw.bytes()[..], &raw.covered()[..]),
        (&whole[..], &payload[..])
    );
    assert!(raw.is_signed());
    let verify = |bytes: &[u8], digest: &Digest| {
        let bytes = Bytes::copy_from_slice(bytes);
        RawDocument::verify_manifest(bytes, digest, MediaType::default())
    };
    assert_eq!(verify(&whole, raw.digest()), Ok(raw.clone()));
    // the same without its signatures, and all of it as a blob, are right as well
    assert!(!verify(&payload, raw.digest()).unwrap().is_signed());
    assert!(!verify(&whole, &Digest::sha256(&whole)).unwrap().is_signed());
    let changed = String::from_utf8(whole)
        .unwrap()
        .replace("old/app", "old/apq");
    assert!(verify(changed.as_bytes(), raw.digest()).is_err());
    let document = Document::read(raw);
    assert_eq!(
        document.media_type().as_str(),
        MediaType::DOCKER_SCHEMA1_SIGNED
    );
    let findings = conformance(&document);
    assert!(
        findings
            .iter()
            .any(|finding| finding.message.contains("first schema"))
    );
    assert!(
        findings
            .iter()
            .any(|finding| finding.message.contains("signatures"))
    );
}

#[test]
fn nothing_but_the_first_schema_has_a_digest_of_a_part() {
    // bytes with something put in must never pass for what they were
    let schema2 = json!({"schemaVersion": 2, "config": {}, "layers": []});
    let mut typed = image();
    typed["mediaType"] = json!(MediaType::OCI_MANIFEST);
    for manifest in [schema2, typed] {
        let (payload, whole) = signed(&manifest);
        assert_eq!(*hash(&whole).digest(), Digest::sha256(&whole));
        let verified = RawDocument::verify_manifest(
            whole.into(),
            &Digest::sha256(&payload),
            MediaType::default(),
        );
        assert!(verified.is_err());
    }
    // nor where the signatures do not agree on what was signed, or say nothing of it
    let (_, whole) = signed(&image());
    let (_, other) = signed(&{
        let mut other = image();
        other["name"] = json!("another/app");
        other
    });
    let signatures =
        |whole: &[u8]| serde_json::from_slice::<Value>(whole).unwrap()["signatures"][0].clone();
    for others in [
        json!([signatures(&whole), signatures(&other)]),
        json!([{"signature": "AA"}]),
        json!([{"protected": "not base64!"}]),
        json!([]),
        json!(1),
    ] {
        let mut manifest: Value = serde_json::from_slice(&whole).unwrap();
        manifest["signatures"] = others;
        let bytes = serde_json::to_vec(&manifest).unwrap();
        let raw = hash(&bytes);
        assert_eq!(*raw.digest(), Digest::sha256(&bytes));
        // it is read all the same, under the digest that it has
        let document = Document::read(raw);
        assert_eq!(document.kind(), "manifest");
        // and it is said that others may know it by no digest at all
        let findings = conformance(&document);
        assert!(
            findings
                .iter()
                .any(|finding| finding.message.contains("do not say what they sign")),
            "{findings:?}"
        );
    }
}

#[test]
fn layers_and_config_come_from_the_history() {
    let document = document("", &image());
    assert_eq!(document.media_type().as_str(), MediaType::DOCKER_SCHEMA1);
    let manifest = document.manifest().unwrap();
    let layers: Vec<_> = manifest.layers.iter().map(|layer| &layer.digest).collect();
    // the lowest first, without the one that was thrown away
    assert_eq!(
        layers,
        [&Digest::sha256(LAYERS[0]), &Digest::sha256(LAYERS[1])]
    );
    assert!(!manifest.sizes_known() && manifest.blob_size() == manifest.config.size);
    assert_eq!(manifest.layers[0].size_text(), "size not said");

    use base64::Engine as _;
    let data = manifest.config.data.as_ref().unwrap();
    let bytes = base64::prelude::BASE64_STANDARD.decode(data).unwrap();
    assert!(manifest.config.digest.matches(&bytes));
    let raw = RawDocument::hash(bytes.into(), Algorithm::Sha256, MediaType::default());
    let config = ImageConfig::read(raw);
    assert_eq!(config.platform.to_string(), "linux/amd64");
    assert_eq!(config.created.as_deref(), Some("2016-03-03T11:29:32Z"));
    assert_eq!(config.run.command, ["/bin/app"]);
    assert_eq!(config.run.labels["name"], "first");
    let parsed: Value = serde_json::from_slice(config.raw().bytes()).unwrap();
    for key in ["id", "parent", "throwaway", "Size"] {
        assert_eq!(parsed.get(key), None, "{key} belongs to a layer");
    }
    let steps = config.layer_origins(&manifest.layers);
    let steps: Vec<_> = steps
        .iter()
        .filter_map(|o| o.history?.instruction())
        .collect();
    assert_eq!(steps, ["ADD base in /", "RUN make install"]);
    assert!(config.history[2].empty_layer);
}

#[test]
fn what_is_malformed_is_named() {
    let without = |key: &str| {
        let mut image = image();
        image.as_object_mut().unwrap().remove(key);
        image
    };
    let mut shorter = image();
    shorter["history"].as_array_mut().unwrap().pop();
    let mut no_digest = image();
    no_digest["fsLayers"][1]["blobSum"] = json!("sha256:short");
    let mut no_list = image();
    no_list["fsLayers"] = json!(1);
    for (value, words) in [
        (without("history"), "no \"history\""),
        (without("fsLayers"), "no \"fsLayers\""),
        (shorter, "3 layers and 2 steps"),
        (no_digest, "layer 1 is not a descriptor"),
        (no_list, "not a list"),
    ] {
        let document = document(MediaType::DOCKER_SCHEMA1, &value);
        let problem = document.problem().unwrap().to_string();
        assert!(problem.contains(words), "{problem}");
    }
    // settings that are no JSON leave the layers
    let mut odd = image();
    odd["history"][1]["v1Compatibility"] = json!("{");
    assert_eq!(document("", &odd).manifest().unwrap().layers.len(), 2);
    // a layer that is listed twice in a row is one
    let mut twice = image();
    let (layer, step) = (twice["fsLayers"][1].clone(), twice["history"][1].clone());
    twice["fsLayers"].as_array_mut().unwrap().insert(1, layer);
    twice["history"].as_array_mut().unwrap().insert(1, step);
    assert_eq!(document("", &twice).manifest().unwrap().layers.len(), 2);
}
