//! The checks of one Notation signature (trust-store-trust-policy.md, "Signature
//! Verification"): integrity, authenticity, authentic timestamp, expiry, revocation.

use jiff::Timestamp;
use serde_json::Value;

use super::chain::{Purpose, check_chain};
use super::envelope::{Algorithm, Envelope, PAYLOAD_TYPE, Scheme};
use super::timestamp::Countersignature;
use super::trust_policy::{Action, Level, Statement, VerifyTimestamp};
use super::trust_store::{StoreKind, TrustStore};
use crate::model::{Descriptor, Digest};
use crate::signature::{
    Authenticated, Check, CheckKind, Outcome, ProvenTime, SignerFacts, Subject, TimeSource, json,
};

/// What a signature is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    pub statement: &'a Statement,
    pub store: &'a TrustStore,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Verified {
    pub checks: Vec<Check>,
    /// Who signed, where the signature itself is sound.
    pub authenticated: Option<Authenticated>,
    /// The name of the statement that accepts it.
    pub accepted_by: Option<String>,
}

/// Checks an envelope of this media type for `subject`. Without trust the integrity is
/// checked and the rest is shown as not checked. `now` is the time of the verification.
pub fn verify(
    subject: &Subject,
    media_type: &str,
    bytes: &[u8],
    trust: Option<Trust<'_>>,
    now: Timestamp,
) -> Verified {
    let mut checks = Vec::new();
    if trust.is_some_and(|trust| trust.statement.level.skip) {
        checks.push(Check::not_checked(
            CheckKind::Signature,
            "the trust policy says to skip the verification",
        ));
        return Verified {
            checks,
            authenticated: None,
            accepted_by: None,
        };
    }
    let Some(envelope) = integrity(subject, media_type, bytes, &mut checks) else {
        return Verified {
            checks,
            authenticated: None,
            accepted_by: None,
        };
    };
    let mut times = Vec::new();
    match trust {
        Some(trust) => {
            let level = trust.statement.level;
            authenticity(&envelope, trust, level.authenticity, &mut checks);
            let before = checks.len();
            if let Some(time) = timestamp(&envelope, trust, now, &mut checks) {
                times.push(time);
            }
            tolerate(&mut checks[before..], level.authentic_timestamp);
            let before = checks.len();
            expiry(&envelope, now, &mut checks);
            tolerate(&mut checks[before..], level.expiry);
            revocation(&envelope, level, &mut checks);
        }
        None => {
            let why = "no trust policy was given";
            checks.push(Check::not_checked(CheckKind::Certificate, why));
            checks.push(Check::not_checked(CheckKind::Identity, why));
            if envelope.timestamp.is_some() {
                checks.push(Check::not_checked(CheckKind::Timestamp, why));
            }
            expiry(&envelope, now, &mut checks);
            revocation(&envelope, Level::STRICT, &mut checks);
        }
    }
    let is_sound = !checks.iter().any(Check::is_failed);
    Verified {
        accepted_by: trust
            .filter(|_| is_sound)
            .map(|trust| trust.statement.name.clone()),
        authenticated: is_sound.then(|| facts(&envelope, times)),
        checks,
    }
}

fn integrity(
    subject: &Subject,
    media_type: &str,
    bytes: &[u8],
    checks: &mut Vec<Check>,
) -> Option<Envelope> {
    let envelope = match Envelope::read(media_type, bytes) {
        Ok(envelope) => envelope,
        Err(why) => {
            checks.push(Check::failed(CheckKind::Form, why.to_string()));
            return None;
        }
    };
    let form = if envelope.content_type != PAYLOAD_TYPE {
        Check::failed(CheckKind::Form, "the payload is of another type")
            .compared(PAYLOAD_TYPE, &envelope.content_type)
    } else if let Some(name) = envelope
        .unknown_critical
        .first()
        .filter(|_| envelope.plugin.is_none())
    {
        Check::failed(
            CheckKind::Form,
            format!("the header {name} is critical and is not known"),
        )
    } else {
        Check::passed(CheckKind::Form, "the envelope can be read")
    };
    let is_form_wrong = form.is_failed();
    checks.push(form);
    if let Some(plugin) = &envelope.plugin {
        checks.push(Check::failed(
            CheckKind::Policy,
            format!("the signature asks for the verification plugin {plugin}; plugins are not run"),
        ));
        return None;
    }
    if is_form_wrong {
        return None;
    }
    let leaf = envelope.chain.first()?;
    let expected = Algorithm::of(leaf.key.kind());
    let signature = match expected {
        None => Check::failed(CheckKind::Signature, "keys of this kind are not accepted").compared(
            "RSA 2048, 3072 or 4096, ECDSA P-256, P-384 or P-521",
            leaf.key.kind().to_string(),
        ),
        Some(expected) if expected != envelope.algorithm => Check::failed(
            CheckKind::Signature,
            "the header names another algorithm than the key asks for",
        )
        .compared(expected.name(), envelope.algorithm.name()),
        Some(_) if envelope.is_intact() => {
            Check::passed(CheckKind::Signature, "the signature fits the signed bytes")
        }
        Some(_) => Check::failed(
            CheckKind::Signature,
            "the signature does not fit the signed bytes",
        ),
    };
    let is_broken = signature.is_failed();
    checks.push(signature);
    if is_broken {
        return None;
    }
    let bound = bound(subject, &envelope.payload);
    let is_other = bound.is_failed();
    checks.push(bound);
    if is_other {
        return None;
    }
    if let Err(why) = check_chain(&envelope.chain, Purpose::CodeSigning) {
        checks.push(Check::failed(CheckKind::Certificate, why.to_string()));
        return None;
    }
    Some(envelope)
}

/// What is signed: a descriptor (image-spec, `descriptor.md`); its annotations are free.
const PAYLOAD: &json::Members = &[
    ("", &["targetArtifact"]),
    (
        "/targetArtifact",
        &[
            "mediaType",
            "digest",
            "size",
            "urls",
            "annotations",
            "data",
            "platform",
            "artifactType",
        ],
    ),
];

/// Digest, size and media type of what is signed for must be those of the manifest
/// (CVE-2023-33959).
fn bound(subject: &Subject, payload: &[u8]) -> Check {
    let fail = |why: String| Check::failed(CheckKind::Subject, why);
    let target = match json::read_as(payload, PAYLOAD) {
        Ok(Value::Object(mut payload)) => payload.remove("targetArtifact"),
        Ok(_) => return fail("the payload is no JSON object".to_owned()),
        Err(why) => {
            let check = fail(format!("the payload cannot be read: {why}"));
            return check.summed_up("what is signed cannot be read");
        }
    };
    let Some(target) = target else {
        return fail("the payload names no artifact".to_owned());
    };
    let target = match Descriptor::from_json(&target) {
        Ok(target) => target,
        Err(why) => return fail(format!("the payload names its artifact wrongly: {why}")),
    };
    let words = |digest: &dyn std::fmt::Display, size: u64, kind: &str| {
        format!("{digest}, {size} bytes, {kind}")
    };
    let expected = words(&subject.digest, subject.size, subject.media_type.as_str());
    let found = words(&target.digest, target.size, target.media_type.as_str());
    let is_same = target.digest == subject.digest
        && target.size == subject.size
        && target.media_type == subject.media_type;
    if is_same {
        Check::passed(CheckKind::Subject, "digest, size and media type are signed").found(found)
    } else {
        fail("something else is signed for".to_owned()).compared(expected, found)
    }
}

fn authenticity(envelope: &Envelope, trust: Trust<'_>, action: Action, checks: &mut Vec<Check>) {
    let before = checks.len();
    let kind = match envelope.scheme {
        Scheme::X509 => StoreKind::Ca,
        Scheme::SigningAuthority => StoreKind::SigningAuthority,
    };
    let names = trust.statement.stores_of(kind);
    let expected = if names.is_empty() {
        format!("a store of the type {}", kind.name())
    } else {
        let names = names.iter().map(|name| format!("{}:{name}", kind.name()));
        names.collect::<Vec<_>>().join(", ")
    };
    let certificate = match trust.store.certificates(kind, &names) {
        Err(why) => Check::failed(CheckKind::Certificate, why.to_string()),
        Ok(trusted) => {
            let anchor = envelope
                .chain
                .iter()
                .find(|c| trusted.iter().any(|trusted| trusted.der() == c.der()));
            let root = envelope.chain.last().map(|c| c.subject.to_string());
            match anchor {
                Some(anchor) => Check::passed(
                    CheckKind::Certificate,
                    "the chain has a certificate of the trust store",
                )
                .compared(expected, anchor.subject.to_string()),
                None => Check::failed(
                    CheckKind::Certificate,
                    "no certificate of the chain is in the trust store",
                )
                .compared(expected, root.unwrap_or_default()),
            }
        }
    };
    checks.push(certificate);
    let identities = &trust.statement.identities;
    let expected: Vec<_> = identities.iter().map(ToString::to_string).collect();
    let expected = expected.join("; ");
    let found = envelope.chain.first().map(|leaf| &leaf.subject);
    let is_named =
        found.is_some_and(|subject| identities.iter().any(|identity| identity.matches(subject)));
    let found = found.map(ToString::to_string).unwrap_or_default();
    let identity = if is_named {
        Check::passed(CheckKind::Identity, "the subject is a trusted identity")
    } else {
        Check::failed(
            CheckKind::Identity,
            "the subject is none of the trusted identities",
        )
    };
    checks.push(identity.compared(expected, found));
    tolerate(&mut checks[before..], action);
}

/// Whether the chain was valid when it signed: at the authority's time, at a timestamp's
/// time, or, where no timestamp is asked for, now.
fn timestamp(
    envelope: &Envelope,
    trust: Trust<'_>,
    now: Timestamp,
    checks: &mut Vec<Check>,
) -> Option<ProvenTime> {
    if envelope.scheme == Scheme::SigningAuthority {
        checks.push(validity(
            envelope,
            envelope.signing_time,
            "at the authority's time of signing",
        ));
        return None;
    }
    let names = trust.statement.stores_of(StoreKind::Tsa);
    let has_expired = envelope.chain.iter().any(|c| c.not_after < now);
    let is_wanted = !names.is_empty()
        && (trust.statement.verify_timestamp == VerifyTimestamp::Always || has_expired);
    if !is_wanted {
        if envelope.timestamp.is_some() {
            let why = if names.is_empty() {
                "the trust policy names no timestamp authority"
            } else {
                "the certificates have not expired"
            };
            checks.push(Check::not_checked(CheckKind::Timestamp, why));
        }
        checks.push(validity(envelope, now, "now"));
        return None;
    }
    let Some(token) = &envelope.timestamp else {
        checks.push(Check::failed(
            CheckKind::Timestamp,
            "the signature has no timestamp, and the trust policy asks for one",
        ));
        return None;
    };
    let verified = trust
        .store
        .certificates(StoreKind::Tsa, &names)
        .map_err(|why| why.to_string())
        .and_then(|roots| {
            let verified = Countersignature::verify(token, &envelope.signature, &roots);
            verified.map_err(|why| why.to_string())
        });
    let countersignature = match verified {
        Ok(countersignature) => countersignature,
        Err(why) => {
            checks.push(Check::failed(CheckKind::Timestamp, why));
            return None;
        }
    };
    let time = countersignature.time;
    checks.push(
        Check::passed(CheckKind::Timestamp, "an authority vouches for the time")
            .found(format!("{time}, {}", countersignature.authority)),
    );
    let outside = envelope
        .chain
        .iter()
        .find(|c| !countersignature.is_within(c));
    checks.push(match outside {
        None => Check::passed(
            CheckKind::Validity,
            "every certificate was valid at the timestamp's time",
        )
        .found(time.to_string()),
        Some(certificate) => Check::failed(
            CheckKind::Validity,
            format!(
                "{} was not valid at the timestamp's time",
                certificate.subject
            ),
        )
        .compared(span(certificate), time.to_string()),
    });
    Some(ProvenTime {
        time: time.to_string(),
        by: TimeSource::TimestampAuthority,
    })
}

/// Every certificate of the chain must be valid at `time`, not the leaf alone
/// (CVE-2026-24122).
fn validity(envelope: &Envelope, time: Timestamp, what: &str) -> Check {
    match envelope.chain.iter().find(|c| !c.is_valid_at(time)) {
        None => Check::passed(
            CheckKind::Validity,
            format!("every certificate is valid {what}"),
        )
        .found(time.to_string()),
        Some(certificate) => Check::failed(
            CheckKind::Validity,
            format!("{} is not valid {what}", certificate.subject),
        )
        .compared(span(certificate), time.to_string()),
    }
}

fn span(certificate: &crate::signature::x509::Certificate) -> String {
    format!("{} to {}", certificate.not_before, certificate.not_after)
}

fn expiry(envelope: &Envelope, now: Timestamp, checks: &mut Vec<Check>) {
    checks.push(match envelope.expiry {
        None => Check::passed(CheckKind::Expiry, "the signature has no time limit"),
        Some(expiry) if now <= expiry => {
            Check::passed(CheckKind::Expiry, "the signature has not expired")
                .found(expiry.to_string())
        }
        Some(expiry) => Check::failed(CheckKind::Expiry, "the signature has expired")
            .compared(format!("{now} or later"), expiry.to_string()),
    });
}

fn revocation(envelope: &Envelope, level: Level, checks: &mut Vec<Check>) {
    let names = envelope.chain.iter().any(|c| c.names_revocation);
    let why = if level.revocation == Action::Skip {
        "the trust policy says to skip it"
    } else if names {
        "lists of revoked certificates are not fetched"
    } else {
        "the certificates name no place to ask"
    };
    checks.push(Check::not_checked(CheckKind::Revocation, why));
}

fn tolerate(checks: &mut [Check], action: Action) {
    for check in checks.iter_mut().filter(|check| check.is_failed()) {
        check.outcome = match action {
            Action::Enforce => Outcome::Failed,
            Action::Log => Outcome::Tolerated,
            Action::Skip => Outcome::NotChecked,
        };
    }
}

fn facts(envelope: &Envelope, times: Vec<ProvenTime>) -> Authenticated {
    let leaf = &envelope.chain[0];
    let mut details = vec![
        ("Signing scheme".to_owned(), envelope.scheme.to_string()),
        (
            "Signed, by the signer's word".to_owned(),
            envelope.signing_time.to_string(),
        ),
        ("Algorithm".to_owned(), envelope.algorithm.name().to_owned()),
        ("Certificate".to_owned(), leaf.fingerprint().to_string()),
        ("Issuer".to_owned(), leaf.issuer.to_string()),
        ("Valid".to_owned(), span(leaf)),
    ];
    if let Some(expiry) = envelope.expiry {
        details.push(("Expires".to_owned(), expiry.to_string()));
    }
    if let Ok(payload) = json::read(&envelope.payload)
        && let Some(metadata) = payload.pointer("/targetArtifact/annotations")
        && let Some(metadata) = metadata.as_object()
    {
        for (key, value) in metadata {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), ToOwned::to_owned);
            details.push((format!("Signed annotation {key}"), value));
        }
    }
    Authenticated {
        signer: SignerFacts::Certificate {
            subject: leaf.subject.to_string(),
            fingerprint: leaf.fingerprint().hex().to_owned(),
            key: Digest::sha256(leaf.key.spki_der()).hex().to_owned(),
        },
        times,
        predicate_type: None,
        details,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_member_of_the_payload_in_another_case_is_refused() {
        let raw = crate::model::RawDocument::hash(
            "image".into(),
            crate::model::Algorithm::Sha256,
            crate::model::MediaType::default(),
        );
        let kind = crate::model::MediaType::new(crate::model::MediaType::OCI_MANIFEST);
        let subject = Subject::of(&raw, kind);
        let target = format!(
            r#"{{"mediaType":"{}","digest":"{}","size":{},"annotations":{{"a":"1","A":"2","Size":"3"}}}}"#,
            subject.media_type.as_str(),
            subject.digest,
            subject.size
        );
        let good = format!(r#"{{"targetArtifact":{target}}}"#);
        let check = bound(&subject, good.as_bytes());
        assert!(!check.is_failed(), "{check:?}");
        for (from, to) in [
            ("{\"target", r#"{"TargetArtifact":{},"target"#),
            ("\"digest\"", r#""Digest":"","digest""#),
        ] {
            let changed = good.replacen(from, to, 1);
            assert_ne!(changed, good);
            let check = bound(&subject, changed.as_bytes());
            assert!(check.detail.contains("some programs take for"), "{check:?}");
        }
    }
}
