//! What signatures say of themselves, read without believing any of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sigstore_verify::crypto::parse_certificate_info;
use sigstore_verify::types::DerCertificate;

use crate::model::{Document, RawDocument, annotation, text};
use crate::signature::found::{Claims, Format, Found};
use crate::signature::json;
use crate::signature::notation::Envelope;
use crate::signature::sigstore::{certificate_details, entry_details, fingerprint_of_hint};

/// What cosign states when it signs an image.
pub(super) const SIGNING_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";

const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const LOG_ENTRY: &str = "dev.sigstore.cosign/bundle";
/// Longest claim that is kept, in characters.
const LONGEST: usize = 300;

/// What `found` claims.
pub(super) fn of(found: &Found) -> Claims {
    let mut claims = Claims::default();
    match found.format {
        Format::Cosign => {
            if let Some(payload) = value(found) {
                let digest = payload.pointer("/critical/image/docker-manifest-digest");
                claims.covers.extend(string(digest));
                let date = payload
                    .pointer("/optional/timestamp")
                    .and_then(Value::as_i64);
                claims.date = date.and_then(date_of);
            }
            of_annotations(found, &mut claims);
        }
        Format::CosignAttestation => {
            claims.covers = subjects(&statement(found).unwrap_or_default());
            of_annotations(found, &mut claims);
        }
        Format::SigstoreBundle => {
            if let Some(bundle) = value(found) {
                of_bundle(&bundle, &mut claims);
            }
            claims.covers = subjects(&statement(found).unwrap_or_default());
        }
        Format::NotationJws | Format::NotationCose => {
            let media_type = found.raw.media_type().as_str();
            if let Ok(envelope) = Envelope::read(media_type, found.raw.bytes()) {
                if let Some(leaf) = envelope.chain.first() {
                    claims.signer = Some(leaf.subject.to_string());
                    claims.issuer = Some(leaf.issuer.to_string());
                    claims.details = envelope.details();
                }
                claims.date = Some(envelope.signing_time.to_string());
                let payload = json::read(&envelope.payload).unwrap_or_default();
                claims
                    .covers
                    .extend(string(payload.pointer("/targetArtifact/digest")));
            }
        }
        Format::UnsignedStatement => {
            claims.covers = subjects(&statement(found).unwrap_or_default());
        }
        _ => {}
    }
    for (_, value) in &mut claims.details {
        *value = text::middle(value, LONGEST).into_owned();
    }
    for text in [&mut claims.signer, &mut claims.issuer, &mut claims.date] {
        *text = text
            .take()
            .map(|text| text::middle(&text, LONGEST).into_owned());
    }
    claims
}

/// When a manifest says that it was made: for those that it carries and that say nothing of
/// it themselves.
pub(super) fn date_of_carrier(manifest: &RawDocument) -> Option<String> {
    let document = Document::read(manifest.clone());
    let created = document.manifest()?.annotations.get(annotation::CREATED)?;
    Some(text::middle(created, LONGEST).into_owned())
}

/// The predicate type of the statement that is signed, or stated.
pub(super) fn predicate_type(found: &Found) -> Option<String> {
    let statement = statement(found)?;
    statement
        .get("predicateType")?
        .as_str()
        .map(ToOwned::to_owned)
}

fn value(found: &Found) -> Option<Value> {
    json::read(found.raw.bytes()).ok()
}

/// The in-toto statement in a bundle or an envelope, or the document itself.
fn statement(found: &Found) -> Option<Value> {
    let value = value(found)?;
    let payload = match found.format {
        Format::SigstoreBundle => value.pointer("/dsseEnvelope/payload"),
        Format::CosignAttestation => value.get("payload"),
        _ => return Some(value),
    };
    let payload = STANDARD.decode(payload?.as_str()?).ok()?;
    json::read(&payload).ok()
}

fn subjects(statement: &Value) -> Vec<String> {
    let subjects = statement.get("subject").and_then(Value::as_array);
    let digests = subjects
        .into_iter()
        .flatten()
        .take(64)
        .filter_map(|subject| {
            let digests = subject.get("digest")?.as_object()?;
            let (algorithm, hex) = digests
                .iter()
                .find(|(name, _)| *name == "sha256")
                .or_else(|| digests.iter().next())?;
            Some(format!("{algorithm}:{}", hex.as_str()?))
        });
    digests.collect()
}

fn of_annotations(found: &Found, claims: &mut Claims) {
    let pem = found.annotations.get(CERTIFICATE);
    if let Some(der) = pem.and_then(|pem| DerCertificate::from_pem(pem).ok()) {
        of_certificate(&der, claims);
    }
    let entry = found.annotations.get(LOG_ENTRY);
    claims
        .details
        .extend(entry_details(None, entry.map(String::as_str)));
    if let Some(entry) = entry.and_then(|entry| json::read(entry.as_bytes()).ok()) {
        let time = entry
            .pointer("/Payload/integratedTime")
            .and_then(Value::as_i64);
        claims.date = time.and_then(date_of).or(claims.date.take());
    }
}

fn of_bundle(bundle: &Value, claims: &mut Claims) {
    let material = bundle.get("verificationMaterial");
    let certificate = material.and_then(|material| {
        let single = material.pointer("/certificate/rawBytes");
        single.or_else(|| material.pointer("/x509CertificateChain/certificates/0/rawBytes"))
    });
    if let Some(der) = certificate.and_then(Value::as_str)
        && let Ok(der) = STANDARD.decode(der)
    {
        of_certificate(&DerCertificate::new(der), claims);
    }
    claims.details.extend(entry_details(Some(bundle), None));
    let hint = material.and_then(|material| material.pointer("/publicKey/hint"));
    if let Some(hint) = string(hint).filter(|hint| !hint.is_empty()) {
        claims.key = fingerprint_of_hint(&hint);
        claims.signer = Some(match &claims.key {
            Some(key) => format!("the key {key}"),
            None => format!("the key {hint}"),
        });
    }
    let time = material.and_then(|m| m.pointer("/tlogEntries/0/integratedTime"));
    let seconds = time.and_then(|time| match time {
        Value::String(text) => text.parse().ok(),
        time => time.as_i64(),
    });
    claims.date = seconds.filter(|seconds| *seconds > 0).and_then(date_of);
}

fn of_certificate(der: &DerCertificate, claims: &mut Claims) {
    if let Ok(info) = parse_certificate_info(der) {
        claims.signer = info.identity.as_ref().map(ToString::to_string);
        claims.issuer = info.issuer;
        claims.details = certificate_details(der.as_bytes());
    }
}

fn string(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(ToOwned::to_owned)
}

/// Seconds since 1970 as RFC 3339.
fn date_of(seconds: i64) -> Option<String> {
    Some(jiff::Timestamp::from_second(seconds).ok()?.to_string())
}
