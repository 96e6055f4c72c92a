//! What is signed: cosign's payload, and in-toto statements around a predicate.

use serde_json::{Map, Value, json};

use crate::model::{Annotations, Digest};
use crate::signature::json as strict;
use crate::signature::sigstore::SIGNING_PREDICATE;

/// The type of in-toto statements that are written.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";

/// What a predicate says, by cosign's short name for it.
const TYPES: [(&str, &str); 10] = [
    ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
    ("link", "https://in-toto.io/Link/v1"),
    ("spdx", "https://spdx.dev/Document"),
    ("spdxjson", "https://spdx.dev/Document"),
    ("cyclonedx", "https://cyclonedx.org/bom"),
    ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
    ("openvex", "https://openvex.dev/ns"),
    ("custom", CUSTOM),
];
const CUSTOM: &str = "https://cosign.sigstore.dev/attestation/v1";

/// Why there is no statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PredicateError {
    #[error(
        "{0:?} is no predicate type: give an address, or one of slsaprovenance, slsaprovenance1, link, spdx, spdxjson, cyclonedx, vuln, openvex, custom"
    )]
    Type(String),
    #[error("the predicate is not JSON: {0}")]
    Json(String),
    #[error("the predicate is not text in UTF-8")]
    Text,
}

/// cosign's payload for an image of this repository (cosign `SIGNATURE_SPEC.md`).
pub fn cosign_payload(repository: &str, digest: &Digest, annotations: &Annotations) -> Vec<u8> {
    let optional = match annotations.is_empty() {
        true => Value::Null,
        false => json!(annotations),
    };
    let payload = json!({
        "critical": {
            "identity": {"docker-reference": repository},
            "image": {"docker-manifest-digest": digest.to_string()},
            "type": "cosign container image signature",
        },
        "optional": optional,
    });
    payload.to_string().into_bytes()
}

/// The statement by which cosign says in a bundle "this is the image".
pub fn signing_statement(digest: &Digest, annotations: &Annotations) -> Vec<u8> {
    let mut subject = Map::new();
    subject.insert("digest".to_owned(), digests(digest));
    if !annotations.is_empty() {
        subject.insert("annotations".to_owned(), json!(annotations));
    }
    let statement = json!({
        "_type": STATEMENT,
        "subject": [subject],
        "predicateType": SIGNING_PREDICATE,
        "predicate": {},
    });
    statement.to_string().into_bytes()
}

/// The statement that `predicate` is true of the image called `name`, and the type of the
/// predicate. `kind` is an address, or a short name as cosign has them.
///
/// # Errors
/// Where the kind is not known, or the predicate is not what it has to be.
pub fn statement(
    name: &str,
    digest: &Digest,
    kind: &str,
    predicate: &[u8],
) -> Result<(String, Vec<u8>), PredicateError> {
    let known = TYPES.iter().find(|(short, _)| *short == kind);
    let predicate_type = match known {
        Some((_, address)) => *address,
        None if kind.contains("://") => kind,
        None => return Err(PredicateError::Type(kind.to_owned())),
    };
    let text = || std::str::from_utf8(predicate).map_err(|_| PredicateError::Text);
    let value = match kind {
        // as cosign does it: the text as it is
        "spdx" => Value::String(text()?.to_owned()),
        "custom" => json!({
            "Data": text()?,
            "Timestamp": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        }),
        _ => {
            strict::read(predicate).map_err(|problem| PredicateError::Json(problem.to_string()))?
        }
    };
    let statement = json!({
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": digests(digest)}],
        "predicateType": predicate_type,
        "predicate": value,
    });
    Ok((
        predicate_type.to_owned(),
        statement.to_string().into_bytes(),
    ))
}

fn digests(digest: &Digest) -> Value {
    let mut digests = Map::new();
    digests.insert(digest.algorithm().name().to_owned(), digest.hex().into());
    Value::Object(digests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_what_cosign_writes() {
        let digest = Digest::sha256(b"x");
        let hex = digest.hex();
        let plain = cosign_payload("r.example.com/app", &digest, &Annotations::new());
        assert_eq!(
            String::from_utf8(plain).unwrap(),
            format!(
                r#"{{"critical":{{"identity":{{"docker-reference":"r.example.com/app"}},"image":{{"docker-manifest-digest":"sha256:{hex}"}},"type":"cosign container image signature"}},"optional":null}}"#
            )
        );
        let annotations = [("git".to_owned(), "abc".to_owned())].into();
        let stated = signing_statement(&digest, &annotations);
        assert_eq!(
            String::from_utf8(stated).unwrap(),
            format!(
                r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"digest":{{"sha256":"{hex}"}},"annotations":{{"git":"abc"}}}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{{}}}}"#
            )
        );
    }

    #[test]
    fn predicates_have_a_type_that_is_known_or_an_address_and_say_nothing_twice() {
        let digest = Digest::sha256(b"x");
        let (kind, text) = statement("app", &digest, "spdxjson", b"{\"a\":1}").unwrap();
        assert_eq!(kind, "https://spdx.dev/Document");
        let value: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(value["predicate"]["a"], 1);
        assert_eq!(value["subject"][0]["digest"]["sha256"], digest.hex());
        let (_, text) = statement("app", &digest, "spdx", b"SPDXVersion: SPDX-2.3").unwrap();
        let value: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(value["predicate"], "SPDXVersion: SPDX-2.3");
        assert!(statement("app", &digest, "https://example.com/p", b"[]").is_ok());
        assert!(statement("app", &digest, "something", b"{}").is_err());
        assert!(statement("app", &digest, "vuln", b"{\"a\":1,\"a\":2}").is_err());
        assert!(statement("app", &digest, "vuln", b"no").is_err());
    }
}
