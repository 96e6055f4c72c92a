//! cosign's older form: layers of one manifest under a tag of the image's digest
//! (cosign `SIGNATURE_SPEC.md`). What is there stays; what is new is added at the end.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::artifact::{blob, document};
use super::dsse;
use super::proof::{Proof, Signatory};
use crate::model::{Annotations, Descriptor, MediaType, RawDocument, limits};
use crate::transport::{Edited, Problem};

const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const CHAIN: &str = "dev.sigstore.cosign/chain";
const ENTRY: &str = "dev.sigstore.cosign/bundle";
const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";
/// When something is said to be that has no time.
const ZERO: &str = "0001-01-01T00:00:00Z";

/// The layer of a signature over cosign's payload.
pub fn signature_layer(payload: &[u8], signature: &[u8], proof: &Proof) -> (Descriptor, Bytes) {
    let (mut descriptor, bytes) = blob(PAYLOAD, payload.to_vec());
    descriptor.annotations = annotations(proof);
    let text = BASE64_STANDARD.encode(signature);
    descriptor.annotations.insert(SIGNATURE.to_owned(), text);
    (descriptor, bytes)
}

/// The layer of an attestation.
pub fn attestation_layer(
    statement: &[u8],
    predicate_type: &str,
    signature: &[u8],
    proof: &Proof,
) -> (Descriptor, Bytes) {
    let envelope = dsse::envelope(statement, signature).to_string();
    let (mut descriptor, bytes) = blob(ENVELOPE, envelope.into_bytes());
    descriptor.annotations = annotations(proof);
    let more = [
        (SIGNATURE, ""),
        (crate::model::annotation::COSIGN_PREDICATE, predicate_type),
    ];
    for (key, value) in more {
        let value = value.to_owned();
        descriptor.annotations.insert(key.to_owned(), value);
    }
    (descriptor, bytes)
}

/// What proves a signature, as annotations of its layer.
fn annotations(proof: &Proof) -> Annotations {
    let mut annotations = Annotations::new();
    if let Signatory::Certificates(chain) = &proof.signatory
        && let Some((leaf, above)) = chain.split_first()
    {
        annotations.insert(CERTIFICATE.to_owned(), pem(leaf));
        let above: String = above.iter().map(|der| pem(der)).collect();
        if !above.is_empty() {
            annotations.insert(CHAIN.to_owned(), above);
        }
    }
    if let Some(entry) = proof.entries.first().and_then(entry) {
        annotations.insert(ENTRY.to_owned(), entry.to_string());
    }
    if let Some(stamp) = proof.timestamps.first() {
        let stamp = json!({"SignedRFC3161Timestamp": BASE64_STANDARD.encode(stamp)});
        annotations.insert(TIMESTAMP.to_owned(), stamp.to_string());
    }
    annotations
}

/// A bundle's log entry in cosign's older form; nothing where the log gave no promise.
fn entry(entry: &Value) -> Option<Value> {
    let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str);
    let number = |pointer: &str| text(pointer).and_then(|text| text.parse::<i64>().ok());
    let id = BASE64_STANDARD.decode(text("/logId/keyId")?).ok()?;
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(json!({
        "SignedEntryTimestamp": text("/inclusionPromise/signedEntryTimestamp")?,
        "Payload": {
            "body": text("/canonicalizedBody")?,
            "integratedTime": number("/integratedTime")?,
            "logIndex": number("/logIndex").unwrap_or(0),
            "logID": id,
        },
    }))
}

fn pem(der: &[u8]) -> String {
    super::key::write_pem("CERTIFICATE", der)
}

/// Adds layers to the manifest under one of cosign's tags. What is there stays as it is.
///
/// # Errors
/// Where something else lies under the tag, or it is full.
pub fn append(there: Option<&RawDocument>, new: &[(Descriptor, Bytes)]) -> Result<Edited, Problem> {
    let (mut manifest, mut layers) = opened(there)?;
    let mut blobs = Vec::new();
    for layer in new {
        let own = json!(layer.0);
        // the same payload may be signed by many: digest and annotations together are one
        if !layers.contains(&own) {
            layers.push(own);
            blobs.push(layer.clone());
        }
    }
    if blobs.is_empty() {
        return Ok(Edited::Same);
    }
    blobs.push(close(&mut manifest, layers)?);
    Ok(Edited::Other {
        blobs,
        manifest: document(&manifest),
    })
}

/// Joins the manifest `ours` to what lies under one of cosign's tags: every layer of both is
/// there afterwards. Where ours has all of them it becomes what the tag stands for, byte for
/// byte. The blobs of its layers must be there.
///
/// # Errors
/// As [`append`].
pub fn join(there: Option<&RawDocument>, ours: &RawDocument) -> Result<Edited, Problem> {
    let as_ours = Edited::Other {
        blobs: Vec::new(),
        manifest: ours.clone(),
    };
    match there {
        // whatever it is
        None => return Ok(as_ours),
        Some(there) if there.digest() == ours.digest() => return Ok(Edited::Same),
        Some(_) => {}
    }
    let (mut manifest, mut layers) = opened(there)?;
    let (_, own) = opened(Some(ours))?;
    if layers.iter().all(|layer| own.contains(layer)) {
        return Ok(as_ours);
    }
    let new: Vec<_> = own.into_iter().filter(|l| !layers.contains(l)).collect();
    if new.is_empty() {
        return Ok(Edited::Same);
    }
    layers.extend(new);
    let config = close(&mut manifest, layers)?;
    Ok(Edited::Other {
        blobs: vec![config],
        manifest: document(&manifest),
    })
}

/// What lies under one of cosign's tags, or an empty manifest, and its layers.
fn opened(there: Option<&RawDocument>) -> Result<(Value, Vec<Value>), Problem> {
    let broken = |why: &str| Problem::Broken {
        file: "manifest".to_owned(),
        why: why.to_owned(),
    };
    let mut manifest: Value = match there {
        None => json!({
            "schemaVersion": 2,
            "mediaType": MediaType::OCI_MANIFEST,
            "config": null,
            "layers": [],
        }),
        Some(raw) => serde_json::from_slice(raw.bytes())
            .map_err(|_| broken("what lies under cosign's tag is no manifest"))?,
    };
    if manifest.get("manifests").is_some() {
        return Err(broken("what lies under cosign's tag is an index"));
    }
    match manifest.get_mut("layers").map(Value::take) {
        // what Go writes for an empty list
        Some(Value::Null) => Ok((manifest, Vec::new())),
        Some(Value::Array(layers)) => Ok((manifest, layers)),
        _ => Err(broken("what lies under cosign's tag has no layers")),
    }
}

/// Puts the layers into the manifest, and a config that names them, which is given.
fn close(manifest: &mut Value, layers: Vec<Value>) -> Result<(Descriptor, Bytes), Problem> {
    if layers.len() > limits::SIGNATURES {
        return Err(Problem::Beyond {
            what: "signatures",
            limit: limits::SIGNATURES,
        });
    }
    let diff_ids: Vec<_> = layers.iter().map(|layer| layer["digest"].clone()).collect();
    let history: Vec<_> = layers.iter().map(|_| json!({"created": ZERO})).collect();
    let config = json!({
        "architecture": "",
        "created": ZERO,
        "history": history,
        "os": "",
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "config": {},
    });
    let config = blob(CONFIG, config.to_string().into_bytes());
    manifest["config"] = json!(config.0);
    manifest["layers"] = layers.into();
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Document;
    use crate::signature::sign::SigningKey;
    use crate::signature::sigstore::PublicKey;
    use crate::signature::x509::KeyKind;

    fn layer(payload: &[u8], signature: &[u8]) -> [(Descriptor, Bytes); 1] {
        let key = SigningKey::generate(KeyKind::P256).unwrap();
        let key = PublicKey::from_pem(key.public_pem().as_bytes()).unwrap();
        [signature_layer(payload, signature, &Proof::by_key(key))]
    }

    #[test]
    fn what_is_there_stays_and_each_signature_is_added_once() {
        let Edited::Other { manifest, .. } = append(None, &layer(b"one", b"s1")).unwrap() else {
            panic!();
        };
        // the same payload by another is another signature
        let second = layer(b"one", b"s2");
        let Edited::Other { manifest, blobs } = append(Some(&manifest), &second).unwrap() else {
            panic!();
        };
        let document = Document::read(manifest.clone());
        assert_eq!(document.problem(), None);
        assert_eq!(document.manifest().unwrap().layers.len(), 2);
        assert_eq!(document.manifest().unwrap().config, blobs[1].0);
        assert!(matches!(append(Some(&manifest), &second), Ok(Edited::Same)));
    }

    #[test]
    fn what_two_have_is_joined_and_nothing_is_lost() {
        let made = |there: Option<&RawDocument>, payload: &[u8]| match append(
            there,
            &layer(payload, payload),
        ) {
            Ok(Edited::Other { manifest, .. }) => manifest,
            other => panic!("{other:?}"),
        };
        let one = made(None, b"one");
        let both = made(Some(&one), b"two");
        // all that is there is in ours too: byte for byte
        match join(Some(&one), &both).unwrap() {
            Edited::Other { manifest, blobs } => {
                assert_eq!((manifest.digest(), blobs.len()), (both.digest(), 0));
            }
            Edited::Same => panic!(),
        }
        assert!(matches!(join(None, &one), Ok(Edited::Other { .. })));
        // nothing of ours is missing
        assert!(matches!(join(Some(&both), &one), Ok(Edited::Same)));
        assert!(matches!(join(Some(&both), &both), Ok(Edited::Same)));
        let other = made(None, b"three");
        let Edited::Other { manifest, blobs } = join(Some(&both), &other).unwrap() else {
            panic!();
        };
        let document = Document::read(manifest);
        assert_eq!(document.manifest().unwrap().layers.len(), 3);
        assert_eq!(document.manifest().unwrap().config, blobs[0].0);
    }

    #[test]
    fn what_is_no_manifest_is_not_written_over() {
        let new = layer(b"x", b"s");
        let Edited::Other { manifest: ours, .. } = append(None, &new).unwrap() else {
            panic!();
        };
        for bytes in [
            "no",
            "{}",
            r#"{"layers":1}"#,
            r#"{"manifests":[]}"#,
            r#"{"manifests":[],"layers":[]}"#,
            r#"{"blobs":[]}"#,
        ] {
            let raw = RawDocument::hash(
                bytes.into(),
                crate::model::Algorithm::Sha256,
                MediaType::default(),
            );
            assert!(append(Some(&raw), &new).is_err(), "{bytes}");
            assert!(join(Some(&raw), &ours).is_err(), "{bytes}");
            assert!(join(Some(&ours), &raw).is_err(), "{bytes}");
            // where nothing is there it comes as it is
            match join(None, &raw).unwrap() {
                Edited::Other { manifest, .. } => assert_eq!(manifest.digest(), raw.digest()),
                Edited::Same => panic!("{bytes}"),
            }
            assert!(matches!(join(Some(&raw), &raw), Ok(Edited::Same)));
        }
    }
}
