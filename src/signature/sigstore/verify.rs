//! One signature or attestation of cosign or Sigstore, verified against the trust given.

use std::sync::Arc;

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sigstore_verify::crypto::parse_certificate_info;
use sigstore_verify::types::{DerCertificate, HashAlgorithm};

use crate::model::{Algorithm, Digest};
use crate::signature::found::{Format, Found, Subject};
use crate::signature::report::{Authenticated, SignatureReport, SignerFacts};
use crate::signature::trust::{SignedBy, Signer, Trust};
use crate::signature::{Check, CheckKind, Outcome, ProvenTime, json as strict};

use super::dsse::Envelope;
use super::legacy::Proofs;
use super::library::{self, Proof, Signed};
use super::statement::{self, Said};
use super::{PublicKey, SIGNING_PREDICATE, identity};

/// What bundles may call themselves.
const BUNDLE_TYPES: [&str; 4] = [
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
];

/// A signature taken apart.
struct Parts {
    said: Said,
    /// The bytes that are signed; nothing where only a digest of them is.
    message: Option<Vec<u8>>,
    signatures: Vec<Vec<u8>>,
    /// The signer's certificate and those above it, DER.
    certificates: Vec<Vec<u8>>,
    /// What the signature says of its key: no reason to trust it.
    hint: Option<String>,
    /// The bundle for the library, by key or by certificate.
    bundle: Value,
    has_entry: bool,
    /// Whether a proof of the log is demanded and not only its promise.
    proof: bool,
}

/// Verifies `found` as one about `subject`, by whom `trust` names.
///
/// Where nobody is named, everything that does not need it is checked all the same, and
/// what a signature proves is told; it is then *not judged*.
pub fn verify(found: &Arc<Found>, subject: &Subject, trust: &Trust) -> SignatureReport {
    let parts = match found.format {
        Format::Cosign => cosign(found, subject),
        Format::CosignAttestation => attestation(found, subject),
        Format::SigstoreBundle => bundle(found, subject),
        _ => Err(Check::failed(
            CheckKind::Form,
            "it is no signature of Sigstore",
        )),
    };
    let parts = match parts {
        Ok(parts) => parts,
        Err(check) => return SignatureReport::failed(Arc::clone(found), check),
    };
    let mut checks = vec![Check::passed(CheckKind::Form, found.format.to_string())];
    checks.push(parts.said.subject.clone());
    if let Some(predicate_type) = &parts.said.predicate_type {
        let what = if predicate_type == SIGNING_PREDICATE {
            "a signature of the image"
        } else {
            "an attestation, which is no signature of the image"
        };
        checks.push(Check::passed(CheckKind::PredicateType, what).found(predicate_type));
    }
    if let Some(reference) = &parts.said.reference {
        checks.push(
            Check::not_checked(CheckKind::Reference, "shown; nothing asks for it").found(reference),
        );
    }
    let mut judging = Judging {
        subject,
        trust,
        parts: &parts,
        checks,
        signer: None,
        times: Vec::new(),
        details: Vec::new(),
        accepts: Vec::new(),
    };
    judging.judge();
    judging.report(found)
}

struct Judging<'a> {
    subject: &'a Subject,
    trust: &'a Trust,
    parts: &'a Parts,
    checks: Vec<Check>,
    signer: Option<SignerFacts>,
    times: Vec<ProvenTime>,
    details: Vec<(String, String)>,
    accepts: Vec<String>,
}

impl Judging<'_> {
    fn judge(&mut self) {
        let trust = self.trust;
        let keys: Vec<(&Signer, &PublicKey)> = trust
            .signers
            .iter()
            .filter_map(|signer| match &signer.by {
                SignedBy::Key(key) => Some((signer, key)),
                _ => None,
            })
            .collect();
        for (signer, key) in &keys {
            if let Some(scheme) = self.fits(key) {
                self.by_key(signer, key, scheme);
                return;
            }
        }
        if let Some(leaf) = self.parts.certificates.first() {
            let others = trust
                .signers
                .iter()
                .any(|s| !matches!(s.by, SignedBy::Key(_)));
            if others || keys.is_empty() {
                self.by_certificate(leaf);
                return;
            }
        }
        self.by_no_key(&keys);
    }

    /// How the signature was made, where `key` made it.
    fn fits(&self, key: &PublicKey) -> Option<&'static str> {
        let signatures = &self.parts.signatures;
        match &self.parts.message {
            Some(message) => signatures.iter().find_map(|s| key.verify(message, s)),
            None => signatures
                .iter()
                .find_map(|s| key.verify_digest(&self.subject.digest, s)),
        }
    }

    fn by_key(&mut self, signer: &Signer, key: &PublicKey, scheme: &str) {
        self.checks.push(Check::passed(
            CheckKind::Signature,
            format!("payload and signature agree, {scheme}"),
        ));
        self.checks.push(Check::passed(
            CheckKind::Key,
            format!("{}: {key}", signer.name),
        ));
        let accepted = if signer.log {
            match &self.trust.root {
                None => {
                    self.checks.push(Check::failed(
                        CheckKind::LogInclusion,
                        "a log entry is asked for, and no trust root was given",
                    ));
                    false
                }
                Some(root) => {
                    let proof =
                        self.proof(|bundle, signed| library::by_key(root, key, bundle, signed));
                    self.take(proof)
                }
            }
        } else {
            let why = if self.parts.has_entry {
                "there is an entry; a log is not asked for with this key"
            } else {
                "a log is not asked for with this key"
            };
            self.checks
                .push(Check::not_checked(CheckKind::LogEntry, why));
            true
        };
        if accepted {
            self.signer = Some(SignerFacts::Key {
                fingerprint: key.fingerprint(),
            });
            self.accepts.push(signer.name.clone());
        }
    }

    fn by_no_key(&mut self, keys: &[(&Signer, &PublicKey)]) {
        if keys.is_empty() {
            self.checks.push(Check::not_checked(
                CheckKind::Key,
                "made with a key, and nobody named one to check it with",
            ));
            return;
        }
        let hint = self.parts.hint.as_deref();
        let meant = keys.iter().find(|(_, key)| {
            let digest = Digest::sha256(key.der());
            hint.is_some_and(|hint| {
                STANDARD.encode(super::trust_root::hex_bytes(digest.hex())) == hint
            })
        });
        // a hint is no proof; it tells only which of two explanations is the likely one
        if let Some((signer, key)) = meant {
            let check = Check::failed(
                CheckKind::Signature,
                "it names this key, and the signature does not fit the bytes",
            );
            self.checks
                .push(check.compared(format!("{}: {key}", signer.name), "another signature"));
        } else {
            let names: Vec<_> = keys
                .iter()
                .map(|(s, key)| format!("{}: {key}", s.name))
                .collect();
            let check = Check::failed(
                CheckKind::Key,
                "it fits none of the keys: made with another, or over other bytes",
            );
            self.checks
                .push(check.compared(names.join(", "), hint.map_or("another key", |hint| hint)));
        }
    }

    fn by_certificate(&mut self, leaf: &[u8]) {
        let info = match parse_certificate_info(&DerCertificate::from_bytes(leaf)) {
            Ok(info) => info,
            Err(error) => {
                self.checks.push(Check::failed(
                    CheckKind::Certificate,
                    format!("the certificate cannot be read: {error}"),
                ));
                return;
            }
        };
        let key = PublicKey::from_der(info.public_key.as_bytes());
        let scheme = key.as_ref().ok().and_then(|key| self.fits(key));
        match scheme {
            Some(scheme) => self.checks.push(Check::passed(
                CheckKind::Signature,
                format!("payload and signature agree, {scheme}"),
            )),
            None => {
                self.checks.push(Check::failed(
                    CheckKind::Signature,
                    "the signature does not fit the bytes and the certificate's key",
                ));
                return;
            }
        }
        let names = identity::identities(leaf);
        let issuer = info.issuer.clone();
        if self.by_own_authorities(leaf, names.as_deref()) {
            return;
        }
        let rules: Vec<(&Signer, &super::IdentityRule)> = self
            .trust
            .signers
            .iter()
            .filter_map(|signer| match &signer.by {
                SignedBy::Identity(rule) => Some((signer, rule)),
                _ => None,
            })
            .collect();
        let own = self
            .trust
            .signers
            .iter()
            .any(|s| matches!(s.by, SignedBy::Authorities(_)));
        if rules.is_empty() && own {
            return;
        }
        let Some(root) = &self.trust.root else {
            self.checks.push(Check::failed(
                CheckKind::Certificate,
                "no trust root was given to judge it by",
            ));
            return;
        };
        let log = rules.iter().all(|(signer, _)| signer.log);
        let proof = self.proof(|bundle, signed| library::by_certificate(root, bundle, signed, log));
        let proven = self.take(proof);
        let identity = match names.as_deref() {
            Some([one]) => one.clone(),
            other => {
                let found = other.map_or_else(|| "unreadable".to_owned(), |names| names.join(", "));
                let check = Check::failed(
                    CheckKind::Identity,
                    "the certificate does not name exactly one signer",
                );
                self.checks.push(check.compared("one name", found));
                return;
            }
        };
        if proven {
            self.signer = Some(SignerFacts::Identity {
                subject: identity.clone(),
                issuer: issuer.clone(),
            });
        }
        self.identity(
            &rules,
            &identity,
            issuer.as_deref().unwrap_or("none"),
            proven,
        );
    }

    /// Compares who signed with whom the policy names.
    fn identity(
        &mut self,
        rules: &[(&Signer, &super::IdentityRule)],
        identity: &str,
        issuer: &str,
        proven: bool,
    ) {
        if rules.is_empty() {
            for (kind, found) in [(CheckKind::Identity, identity), (CheckKind::Issuer, issuer)] {
                self.checks
                    .push(Check::not_checked(kind, "nobody is named here").found(found));
            }
            return;
        }
        let fitting: Vec<_> = rules
            .iter()
            .filter(|(_, rule)| rule.identity.matches(identity))
            .collect();
        let by = fitting
            .iter()
            .filter(|(_, rule)| rule.issuer.matches(issuer));
        let accepted: Vec<_> = by.map(|(signer, _)| signer.name.clone()).collect();
        let one_of = |texts: Vec<String>| match texts.as_slice() {
            [one] => one.clone(),
            many => format!("one of {}", many.join(", ")),
        };
        if fitting.is_empty() {
            let expected = one_of(
                rules
                    .iter()
                    .map(|(_, rule)| rule.identity.to_string())
                    .collect(),
            );
            self.checks.push(
                Check::failed(CheckKind::Identity, "somebody else signed")
                    .compared(expected, identity),
            );
            let issuers = rules.iter().any(|(_, rule)| rule.issuer.matches(issuer));
            self.checks.push(if issuers {
                Check::passed(CheckKind::Issuer, issuer)
            } else {
                Check::not_checked(CheckKind::Issuer, "the identity is another already")
                    .found(issuer)
            });
            return;
        }
        self.checks
            .push(Check::passed(CheckKind::Identity, identity));
        if accepted.is_empty() {
            let expected = one_of(
                fitting
                    .iter()
                    .map(|(_, rule)| rule.issuer.to_string())
                    .collect(),
            );
            self.checks.push(
                Check::failed(CheckKind::Issuer, "somebody else vouched for the identity")
                    .compared(expected, issuer),
            );
            return;
        }
        self.checks.push(Check::passed(CheckKind::Issuer, issuer));
        if proven {
            self.accepts.extend(accepted);
        }
    }

    /// Certificates of authorities that the policy names itself. Gives whether one of them
    /// stands for the certificate.
    fn by_own_authorities(&mut self, leaf: &[u8], names: Option<&[String]>) -> bool {
        let now = jiff::Timestamp::now().as_second();
        let chain = self.parts.certificates.get(1..).unwrap_or_default();
        let mut failed = None;
        for signer in &self.trust.signers {
            let SignedBy::Authorities(authorities) = &signer.by else {
                continue;
            };
            let now = u64::try_from(now).unwrap_or_default();
            if let Err(why) = authorities.check(leaf, chain, now) {
                failed = Some(
                    Check::failed(
                        CheckKind::Certificate,
                        format!("it leads to no root: {why}"),
                    )
                    .compared(&signer.name, "another authority"),
                );
                continue;
            }
            self.checks.push(Check::passed(
                CheckKind::Certificate,
                format!("leads to a root of {}", signer.name),
            ));
            self.checks
                .push(Check::passed(CheckKind::Validity, "valid today"));
            let named = names.unwrap_or_default().join(", ");
            self.signer = Some(SignerFacts::Certificate {
                subject: named.clone(),
                fingerprint: Digest::sha256(leaf).hex().to_owned(),
            });
            match &authorities.identity {
                None => self.accepts.push(signer.name.clone()),
                Some(pattern) => {
                    let matches = names
                        .unwrap_or_default()
                        .iter()
                        .any(|name| pattern.matches(name));
                    if matches {
                        self.checks.push(Check::passed(CheckKind::Identity, named));
                        self.accepts.push(signer.name.clone());
                    } else {
                        self.checks.push(
                            Check::failed(CheckKind::Identity, "somebody else signed")
                                .compared(pattern.to_string(), named),
                        );
                    }
                }
            }
            return true;
        }
        let rules = self
            .trust
            .signers
            .iter()
            .any(|s| matches!(s.by, SignedBy::Identity(_)));
        if !rules {
            self.checks.extend(failed);
        }
        false
    }

    /// Asks the library about the signature.
    fn proof(
        &self,
        ask: impl FnOnce(&sigstore_verify::types::Bundle, &Signed<'_>) -> Proof,
    ) -> Result<Proof, Check> {
        let bundle = library::read(&self.parts.bundle)?;
        let entries = &bundle.verification_material.tlog_entries;
        // a label of an older version does not make a promise into a proof
        let unproven = entries.iter().any(|entry| entry.inclusion_proof.is_none());
        if self.parts.proof && unproven {
            return Err(Check::failed(
                CheckKind::LogInclusion,
                "the log only promised to take the entry; a bundle has to prove that it did",
            ));
        }
        let digest = &self.subject.digest;
        let algorithm = match digest.algorithm() {
            Algorithm::Sha256 => HashAlgorithm::Sha2256,
            Algorithm::Sha384 => HashAlgorithm::Sha2384,
            _ => HashAlgorithm::Sha2512,
        };
        let signed = match (&self.parts.message, &self.parts.said.predicate_type) {
            (Some(message), None) => Signed::Bytes(message),
            _ => Signed::Digest(algorithm, super::trust_root::hex_bytes(digest.hex())),
        };
        Ok(ask(&bundle, &signed))
    }

    /// Takes in what the library found out. Gives whether everything passed.
    fn take(&mut self, proof: Result<Proof, Check>) -> bool {
        match proof {
            Ok(proof) => {
                self.checks.extend(proof.checks);
                self.times = proof.times;
                self.details = proof.details;
                proof.passed
            }
            Err(check) => {
                self.checks.push(check);
                false
            }
        }
    }

    fn report(mut self, found: &Arc<Found>) -> SignatureReport {
        // the library repeats some of what was checked here; what failed is what counts
        self.checks.sort_by_key(|check| {
            (
                check.kind,
                !check.is_failed(),
                check.outcome == Outcome::NotChecked,
            )
        });
        self.checks.dedup_by_key(|check| check.kind);
        let failed = self.checks.iter().any(Check::is_failed);
        let only_policy = self.checks.iter().all(|check| {
            !check.is_failed() || matches!(check.kind, CheckKind::Identity | CheckKind::Issuer)
        });
        SignatureReport {
            found: Arc::clone(found),
            authenticated: self
                .signer
                .filter(|_| only_policy)
                .map(|signer| Authenticated {
                    signer,
                    times: self.times,
                    predicate_type: self
                        .parts
                        .said
                        .predicate_type
                        .clone()
                        .filter(|stated| stated != SIGNING_PREDICATE),
                    details: self.details,
                }),
            accepts: if failed { Vec::new() } else { self.accepts },
            checks: self.checks,
        }
    }
}

fn cosign(found: &Found, subject: &Subject) -> Result<Parts, Check> {
    let payload = found.raw.bytes();
    let said = statement::payload(payload, subject)?;
    let proofs = Proofs::read(&found.annotations)?;
    let signature = proofs.signature.clone();
    let signature = signature.ok_or_else(|| {
        Check::failed(CheckKind::Form, "there is no signature in the annotations")
    })?;
    let hash = super::trust_root::hex_bytes(Digest::sha256(payload).hex());
    let content = json!({
        "messageDigest": {"algorithm": "SHA2_256", "digest": STANDARD.encode(hash)},
        "signature": STANDARD.encode(&signature),
    });
    Ok(Parts {
        said,
        message: Some(payload.to_vec()),
        signatures: vec![signature],
        bundle: proofs.bundle(
            proofs.certificates.is_empty(),
            ("messageSignature", content),
        ),
        has_entry: proofs.has_entry(),
        certificates: proofs.certificates,
        hint: None,
        proof: false,
    })
}

fn attestation(found: &Found, subject: &Subject) -> Result<Parts, Check> {
    let envelope = Envelope::read(found.raw.bytes())?;
    let said = statement::statement(&envelope.payload, subject)?;
    let proofs = Proofs::read(&found.annotations)?;
    let content = strict::read(found.raw.bytes()).unwrap_or_default();
    Ok(Parts {
        said,
        message: Some(envelope.signed()),
        signatures: envelope.signatures,
        bundle: proofs.bundle(proofs.certificates.is_empty(), ("dsseEnvelope", content)),
        has_entry: proofs.has_entry(),
        certificates: proofs.certificates,
        hint: None,
        proof: false,
    })
}

fn bundle(found: &Found, subject: &Subject) -> Result<Parts, Check> {
    let form = |what: String| Check::failed(CheckKind::Form, what);
    let value = strict::read(found.raw.bytes())
        .map_err(|problem| form(format!("the bundle cannot be read: {problem}")))?;
    let version = value
        .get("mediaType")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !BUNDLE_TYPES.contains(&version) {
        return Err(form("it is a bundle of no known version".to_owned())
            .compared(BUNDLE_TYPES[0], version));
    }
    let material = value.get("verificationMaterial");
    let der = |certificate: &Value| {
        let der = super::base64(certificate.get("rawBytes")?.as_str()?)?;
        (der.len() <= crate::model::limits::CERTIFICATE_BYTES).then_some(der)
    };
    let single = material.and_then(|m| m.get("certificate"));
    let chain = material.and_then(|m| m.pointer("/x509CertificateChain/certificates"));
    let listed: Vec<&Value> = single
        .into_iter()
        .chain(chain.and_then(Value::as_array).into_iter().flatten())
        .take(crate::model::limits::CHAIN_LENGTH)
        .collect();
    let certificates: Option<Vec<_>> = listed.into_iter().map(der).collect();
    let certificates = certificates
        .ok_or_else(|| Check::failed(CheckKind::Certificate, "the certificate cannot be read"))?;
    let hint = material.and_then(|m| m.pointer("/publicKey/hint"));
    let entries = material
        .and_then(|m| m.get("tlogEntries"))
        .and_then(Value::as_array);
    let has_entry = entries.is_some_and(|entries| !entries.is_empty());
    let (said, message, signatures) =
        match (value.get("dsseEnvelope"), value.get("messageSignature")) {
            (Some(envelope), None) => {
                let envelope = Envelope::of(envelope)?;
                let said = statement::statement(&envelope.payload, subject)?;
                (said, Some(envelope.signed()), envelope.signatures)
            }
            (None, Some(message)) => {
                let signature = message.get("signature").and_then(Value::as_str);
                let signature = signature.and_then(super::base64);
                let signature = signature.ok_or_else(|| form("it has no signature".to_owned()))?;
                (direct(message, subject)?, None, vec![signature])
            }
            _ => return Err(form("it has not exactly one signed content".to_owned())),
        };
    Ok(Parts {
        said,
        message,
        signatures,
        certificates,
        hint: hint.and_then(Value::as_str).map(ToOwned::to_owned),
        has_entry,
        proof: true,
        bundle: value,
    })
}

/// A bundle that signs the manifest's bytes themselves.
fn direct(message: &Value, subject: &Subject) -> Result<Said, Check> {
    let expected = subject.digest.to_string();
    let found = message
        .pointer("/messageDigest/digest")
        .and_then(Value::as_str);
    let found = found.and_then(super::base64);
    let found = found.map(|bytes| {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}:{hex}", subject.digest.algorithm().name())
    });
    let check = match found {
        Some(found) if found == expected => {
            Check::passed(CheckKind::Subject, "this digest, and no other").compared(expected, found)
        }
        Some(found) => Check::failed(CheckKind::Subject, "it was signed for another digest")
            .compared(expected, found),
        None => Check::passed(CheckKind::Subject, "signed as it is").compared(&expected, &expected),
    };
    Ok(Said {
        subject: check,
        reference: None,
        predicate_type: None,
    })
}
