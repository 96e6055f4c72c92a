//! One signature or attestation of cosign or Sigstore, verified against the trust given.

use std::sync::Arc;

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;
use sigstore_verify::types::HashAlgorithm;

use crate::model::{Algorithm, Digest};
use crate::signature::found::{Format, Found, Subject};
use crate::signature::report::{Authenticated, SignatureReport, SignerFacts};
use crate::signature::simple::Claim;
use crate::signature::trust::{SignedBy, Signer, Trust};
use crate::signature::{Check, CheckKind, Outcome, ProvenTime};

use super::entry::Bound;
use super::library::{self, Proof, Signed};
use super::log::{self, Demand};
use super::parts::Parts;
use super::statement::PAYLOAD_TYPE;
use super::{PublicKey, SIGNING_PREDICATE, TrustRoot};

/// Verifies `found` as one about `subject`, by whom `trust` names.
///
/// Where nobody is named, everything that does not need it is checked all the same, and
/// what a signature proves is told; it is then *not judged*.
pub fn verify(found: &Arc<Found>, subject: &Subject, trust: &Trust) -> SignatureReport {
    let parts = match Parts::of(found, subject) {
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

pub(super) struct Judging<'a> {
    pub(super) subject: &'a Subject,
    pub(super) trust: &'a Trust,
    pub(super) parts: &'a Parts,
    pub(super) checks: Vec<Check>,
    pub(super) signer: Option<SignerFacts>,
    pub(super) times: Vec<ProvenTime>,
    pub(super) details: Vec<(String, String)>,
    pub(super) accepts: Vec<String>,
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
        for (_, key) in &keys {
            if let Some((scheme, signature)) = self.fits(key) {
                let signature = signature.to_vec();
                let theirs = keys.iter().filter(|(_, other)| other.der() == key.der());
                let signers: Vec<&Signer> = theirs.map(|(signer, _)| *signer).collect();
                self.by_key(&signers, key, scheme, &signature);
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

    /// How the signature was made, where `key` made it, and which of them it is.
    pub(super) fn fits(&self, key: &PublicKey) -> Option<(&'static str, &[u8])> {
        self.parts.signatures.iter().find_map(|signature| {
            let scheme = key.verify(&self.parts.message, signature)?;
            Some((scheme, signature.as_slice()))
        })
    }

    /// What certificates, logs and timestamps prove, where the library does not judge it.
    pub(super) fn own_proof(
        &self,
        root: &TrustRoot,
        key: &PublicKey,
        signature: &[u8],
        leaf: Option<&[u8]>,
        log: bool,
    ) -> Proof {
        let parts = self.parts;
        let bound = Bound {
            message: &parts.message,
            payload: parts.payload.as_deref(),
            envelope: parts.envelope.as_deref(),
            signature,
            key,
            leaf,
        };
        let demand = Demand {
            entry: log,
            proof: parts.proof,
        };
        let chain = parts.certificates.get(1..).unwrap_or_default();
        log::verify(root, &parts.bundle, chain, &bound, demand)
    }

    /// By the key of these signers, each of whom asks for a log entry or does not.
    fn by_key(&mut self, signers: &[&Signer], key: &PublicKey, scheme: &str, signature: &[u8]) {
        self.checks.push(Check::passed(
            CheckKind::Signature,
            format!("payload and signature agree, {scheme}"),
        ));
        self.checks.push(Check::passed(
            CheckKind::Key,
            format!("{}: {key}", names_of(signers.iter().copied()).join(", ")),
        ));
        let asking = signers.iter().filter(|signer| signer.log).count();
        let has_entry = self.parts.has_entry;
        let verified =
            asking == signers.len() || (asking > 0 && has_entry && self.trust.root.is_some());
        let accepted = match &self.trust.root {
            _ if !verified => {
                let why = if has_entry {
                    "there is an entry; a log is not asked for with this key"
                } else {
                    "a log is not asked for with this key"
                };
                self.checks
                    .push(Check::not_checked(CheckKind::LogEntry, why));
                names_of(signers.iter().copied().filter(|signer| !signer.log))
            }
            None => {
                self.checks.push(Check::failed(
                    CheckKind::LogInclusion,
                    "a log entry is asked for, and no trust root was given",
                ));
                Vec::new()
            }
            Some(root) => {
                let proof = self.own_proof(root, key, signature, None, true);
                if self.take(Ok(proof)) {
                    names_of(signers.iter().copied())
                } else {
                    Vec::new()
                }
            }
        };
        if !accepted.is_empty() {
            self.signer = Some(SignerFacts::Key {
                fingerprint: key.fingerprint(),
            });
            self.accepts.extend(accepted);
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
            let found = hint
                .map(|hint| super::fingerprint_of_hint(hint).unwrap_or_else(|| hint.to_owned()));
            let found = found.unwrap_or_else(|| "another key".to_owned());
            self.checks.push(check.compared(names.join(", "), found));
        }
    }

    /// Signers that ask for the signed name stand for nothing under another, and for no payload
    /// of cosign that is not written as containers/image reads it: strictly. Nor do
    /// certificates of theirs for a signature over another hash than it takes.
    fn signed_name(&mut self, found: &Found) {
        let unread = match found.format {
            Format::Cosign => Claim::of_type(found.raw.bytes(), PAYLOAD_TYPE).err(),
            _ => None,
        };
        let unknown = found.format == Format::Cosign && !self.is_as_containers_signs();
        let signed = self.parts.said.reference.as_deref();
        let asked = self.trust.signers.iter().filter_map(|signer| {
            let wanted = signer.signed_name.as_ref()?;
            self.accepts
                .contains(&signer.name)
                .then_some((signer, wanted))
        });
        let mut refused = Vec::new();
        let mut checks = Vec::new();
        for (signer, wanted) in asked {
            let check = match &unread {
                Some(why) => Check::failed(CheckKind::Form, why.to_string()),
                None if unknown && !matches!(signer.by, SignedBy::Key(_)) => Check::failed(
                    CheckKind::Signature,
                    "it is over another hash than SHA-256, which is all that containers takes",
                ),
                None => wanted.judge(self.subject.reference.as_ref(), signed),
            };
            if check.is_failed() {
                refused.push(signer.name.clone());
            }
            checks.push(check);
        }
        self.accepts.retain(|name| !refused.contains(name));
        // one that does accept it makes the others' complaints none of its own
        let accepted = !self.accepts.is_empty();
        checks.retain(|check| !(accepted && check.is_failed()));
        self.checks.extend(checks);
    }

    /// Asks the library about the signature.
    pub(super) fn proof(
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
        let signed = match &self.parts.said.predicate_type {
            None => Signed::Bytes(&self.parts.message),
            Some(_) => Signed::Digest(algorithm, super::trust_root::hex_bytes(digest.hex())),
        };
        Ok(ask(&bundle, &signed))
    }

    /// Takes in what the library found out. Gives whether everything passed.
    pub(super) fn take(&mut self, proof: Result<Proof, Check>) -> bool {
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
        self.signed_name(found);
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
            !check.is_failed()
                || matches!(
                    check.kind,
                    CheckKind::Identity | CheckKind::Issuer | CheckKind::Reference
                )
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

fn names_of<'a>(signers: impl Iterator<Item = &'a Signer>) -> Vec<String> {
    signers.map(|signer| signer.name.clone()).collect()
}
