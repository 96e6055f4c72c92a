//! A transparency log of our own, and entries of every kind for it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use porthole::model::Digest;
use porthole::signature::{Found, SignatureReport, Signer, Subject, Trust, TrustRoot, sigstore};
use serde_json::{Value, json};

use super::made::Key;

const TIME: i64 = 1_700_000_000;

/// A log with one entry at a time.
pub(super) struct Log {
    pub(super) key: Key,
}

pub(super) fn sha256(bytes: &[u8]) -> Vec<u8> {
    let hex = Digest::sha256(bytes).hex().to_owned();
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn pem(key: &sigstore::PublicKey) -> String {
    let body = STANDARD.encode(key.der());
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

impl Log {
    pub(super) fn new() -> Self {
        Self { key: Key::new() }
    }

    pub(super) fn id(&self) -> Vec<u8> {
        sha256(self.key.public.der())
    }

    pub(super) fn root(&self) -> TrustRoot {
        TrustRoot::of_parts(&[], &[&pem(&self.key.public)], &[], &[]).unwrap()
    }

    /// An entry with this body, as a bundle has it: promised where the kind has promises,
    /// and proven.
    pub(super) fn entry(&self, body: &Value) -> Value {
        let text = body.to_string();
        let (kind, version) = (&body["kind"], &body["apiVersion"]);
        let first = version == "0.0.1" || kind == "intoto";
        let (id, body) = (self.id(), STANDARD.encode(&text));
        let leaf = sha256(&[&[0], text.as_bytes()].concat());
        let note = format!("log.example.com\n1\n{}\n", STANDARD.encode(&leaf));
        let signature = [&id[..4], &self.key.sign(note.as_bytes())].concat();
        let mut entry = json!({
            "logIndex": "7",
            "logId": {"keyId": STANDARD.encode(&id)},
            "kindVersion": {"kind": kind, "version": version},
            "canonicalizedBody": body,
            "inclusionProof": {
                // what is 0 is left out
                "treeSize": "1",
                "rootHash": STANDARD.encode(&leaf),
                "checkpoint": {"envelope": format!(
                    "{note}\n\u{2014} log.example.com {}\n", STANDARD.encode(signature)
                )},
            },
        });
        if first {
            let promised = format!(
                r#"{{"body":"{body}","integratedTime":{TIME},"logID":"{}","logIndex":7}}"#,
                hex(&id)
            );
            entry["integratedTime"] = TIME.to_string().into();
            entry["inclusionPromise"] = json!({"signedEntryTimestamp": STANDARD.encode(self.key.sign(promised.as_bytes()))});
        } else {
            // the second version counts by the entry's own index
            entry["logIndex"] = "0".into();
        }
        entry
    }

    /// The same in cosign's annotation.
    pub(super) fn annotation(&self, body: &Value) -> String {
        let entry = self.entry(body);
        json!({
            "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
            "Payload": {
                "body": entry["canonicalizedBody"],
                "integratedTime": TIME,
                "logIndex": 7,
                "logID": hex(&self.id()),
            },
        })
        .to_string()
    }

    pub(super) fn judge(
        &self,
        found: &Arc<Found>,
        subject: &Subject,
        signer: Signer,
    ) -> SignatureReport {
        let trust = Trust {
            signers: vec![Signer {
                log: true,
                ..signer
            }],
            root: Some(self.root()),
        };
        sigstore::verify(found, subject, &trust)
    }
}

fn envelope_of(bundle: &Value) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let envelope = &bundle["dsseEnvelope"];
    let text = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
    let payload = text(&envelope["payload"]);
    let kind = envelope["payloadType"].as_str().unwrap();
    let mut signed = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    signed.extend_from_slice(&payload);
    (payload, signed, text(&envelope["signatures"][0]["sig"]))
}

/// The body of an entry of each kind about this envelope.
pub(super) fn bodies(bundle: &Value, key: &sigstore::PublicKey) -> Vec<Value> {
    let (payload, signed, signature) = envelope_of(bundle);
    let sig = STANDARD.encode(&signature);
    let key_pem = STANDARD.encode(pem(key));
    let raw = STANDARD.encode(key.der());
    let hash = |bytes: &[u8]| json!({"algorithm": "sha256", "value": hex(&sha256(bytes))});
    let hash2 = |bytes: &[u8]| STANDARD.encode(sha256(bytes));
    let verifier = json!({"keyDetails": "PKIX_ECDSA_P256_SHA_256", "publicKey": {"rawBytes": raw}});
    let body = |kind: &str, version: &str, spec: Value| json!({"apiVersion": version, "kind": kind, "spec": spec});
    vec![
        body(
            "dsse",
            "0.0.1",
            json!({
                "envelopeHash": hash(b"whatever was sent"),
                "payloadHash": hash(&payload),
                "signatures": [{"signature": sig, "verifier": key_pem}],
            }),
        ),
        body(
            "dsse",
            "0.0.1",
            json!({
                "proposedContent": {
                    "envelope": bundle["dsseEnvelope"].to_string(),
                    "verifiers": [key_pem],
                },
                "signatures": null,
            }),
        ),
        body(
            "dsse",
            "0.0.2",
            json!({"dsseV002": {
                "payloadHash": {"algorithm": "SHA2_256", "digest": hash2(&payload)},
                "signatures": [{"content": sig, "verifier": verifier}],
            }}),
        ),
        body(
            "intoto",
            "0.0.2",
            json!({"content": {
                "envelope": {
                    "payloadType": "application/vnd.in-toto+json",
                    "signatures": [{"sig": STANDARD.encode(&sig), "publicKey": key_pem}],
                },
                "hash": hash(b"whatever was sent"),
                "payloadHash": hash(&payload),
            }}),
        ),
        body(
            "hashedrekord",
            "0.0.1",
            json!({
                "data": {"hash": hash(&signed)},
                "signature": {"content": sig, "publicKey": {"content": key_pem}},
            }),
        ),
        body(
            "hashedrekord",
            "0.0.2",
            json!({"hashedRekordV002": {
                "data": {"algorithm": "SHA2_256", "digest": hash2(&signed)},
                "signature": {"content": sig, "verifier": verifier},
            }}),
        ),
    ]
}
