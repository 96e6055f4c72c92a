//! What `sigstore-verify` does not do, done here piece by piece: signatures by key in a
//! log, and certificates whose log entry, key or hash it does not know. Every check is made,
//! whatever came of the others.

use jiff::Timestamp;
use serde_json::Value;
use sigstore_verify::crypto::{Checkpoint, Keyring};
use sigstore_verify::types::{Sha256Hash, SignatureBytes};

use crate::model::limits;
use crate::signature::{Check, CheckKind, ProvenTime, TimeSource};

use super::entry::{Bound, Entry, Inclusion};
use super::library::Proof;
use super::{TrustRoot, base64, fulcio};

/// What is asked of the log.
#[derive(Clone, Copy)]
pub(super) struct Demand {
    /// An entry has to be there.
    pub entry: bool,
    /// A promise alone is not enough.
    pub proof: bool,
}

/// Verifies log entries, timestamps and the certificate, where there is one. That the
/// signature fits the bytes was checked before.
pub(super) fn verify(
    root: &TrustRoot,
    bundle: &Value,
    chain: &[Vec<u8>],
    bound: &Bound<'_>,
    demand: Demand,
) -> Proof {
    let mut proof = Proof {
        checks: Vec::new(),
        times: Vec::new(),
        details: Vec::new(),
        passed: false,
    };
    let entries = match entries(bundle) {
        Ok(entries) => entries,
        Err(check) => {
            proof.checks.push(check);
            return proof;
        }
    };
    let mut times = Vec::new();
    // who signed is told before where it was logged
    if let Some(leaf) = bound.leaf {
        proof.details = super::certificate_details(leaf);
    }
    logged(root, &entries, bound, demand, &mut proof, &mut times);
    stamped(root, bundle, bound, &mut proof, &mut times);
    if let Some(leaf) = bound.leaf {
        let at: Vec<Timestamp> = times.iter().map(|(time, _)| *time).collect();
        proof.checks.extend(fulcio::check(root, leaf, chain, &at));
    }
    proof.passed = !proof.checks.iter().any(Check::is_failed);
    times.sort_by_key(|(time, _)| *time);
    let times = times.into_iter().map(|(time, by)| ProvenTime {
        time: time.to_string(),
        by,
    });
    proof.times = times.collect();
    proof
}

/// The entries of a bundle.
pub(super) fn entries(bundle: &Value) -> Result<Vec<Entry>, Check> {
    let list = bundle.pointer("/verificationMaterial/tlogEntries");
    let list: Vec<_> = list
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .collect();
    if list.len() > limits::BUNDLE_ENTRIES {
        let words = format!("it carries more than {} entries", limits::BUNDLE_ENTRIES);
        return Err(Check::failed(CheckKind::Form, words));
    }
    let entries = list
        .into_iter()
        .map(Entry::read)
        .collect::<Option<Vec<_>>>();
    entries.ok_or_else(|| Check::failed(CheckKind::LogEntry, "the log entry cannot be read"))
}

/// The log's part, with the times that it vouches for.
fn logged(
    root: &TrustRoot,
    entries: &[Entry],
    bound: &Bound<'_>,
    demand: Demand,
    proof: &mut Proof,
    times: &mut Vec<(Timestamp, TimeSource)>,
) {
    let checks = &mut proof.checks;
    if entries.is_empty() {
        checks.push(if demand.entry {
            Check::failed(
                CheckKind::LogInclusion,
                "a log entry is asked for, and there is none",
            )
        } else {
            Check::not_checked(CheckKind::LogInclusion, "there is no log entry")
        });
        return;
    }
    let keys = match root.log_keys() {
        Ok(keys) => keys,
        Err(why) => {
            checks.push(Check::failed(CheckKind::LogInclusion, why));
            return;
        }
    };
    for entry in entries {
        checks.push(match entry.check(bound) {
            Ok(()) => Check::passed(
                CheckKind::LogEntry,
                "bound to this signature, this key and these bytes",
            ),
            Err(why) => Check::failed(CheckKind::LogEntry, why),
        });
        match &entry.proof {
            Some(inclusion) => checks.push(match included(&keys, entry, inclusion) {
                Ok(()) => Check::passed(
                    CheckKind::LogInclusion,
                    format!(
                        "entry {}, inclusion and checkpoint proven",
                        entry.proven_index()
                    ),
                ),
                Err(why) => Check::failed(CheckKind::LogInclusion, why),
            }),
            None if demand.proof || entry.promise.is_none() => checks.push(Check::failed(
                CheckKind::LogInclusion,
                "the entry is not proven to be in the log",
            )),
            None => checks.push(Check::not_checked(
                CheckKind::LogInclusion,
                "only promised: there is no proof",
            )),
        }
        match &entry.promise {
            None => checks.push(Check::not_checked(CheckKind::LogPromise, "there is none")),
            Some(promise) => match promised(&keys, entry, promise) {
                Err(why) => checks.push(Check::failed(CheckKind::LogPromise, why)),
                Ok(()) => {
                    checks.push(Check::passed(CheckKind::LogPromise, "signed by the log"));
                    // logs of the second version promise nothing and know no time
                    let time = entry.integrated.filter(|_| !entry.is_of_version_2());
                    match time {
                        Some(time) if time > Timestamp::now() => checks.push(Check::failed(
                            CheckKind::Validity,
                            format!("the log's time {time} is in the future"),
                        )),
                        Some(time) => times.push((time, TimeSource::TransparencyLog)),
                        None => {}
                    }
                }
            },
        }
        proof.details.extend(entry.details());
    }
}

/// The promise: the log's key, valid when it was given, over the entry.
fn promised(keys: &Keyring, entry: &Entry, promise: &[u8]) -> Result<(), String> {
    let id = Sha256Hash::new(entry.log);
    let key = match entry.integrated {
        Some(time) => keys.key_at(&id, time),
        None => keys.key_started_by(&id, Timestamp::now()),
    };
    let key = key.ok_or("the trust root has no key of this log that was valid then")?;
    key.verify(entry.promised(), &SignatureBytes::from_bytes(promise))
        .map_err(|_| "the promise is not signed by the log".to_owned())
}

/// The proof: from the entry's hash up to a root that the log signed.
fn included(keys: &Keyring, entry: &Entry, inclusion: &Inclusion) -> Result<(), String> {
    let checkpoint = Checkpoint::from_text(&inclusion.checkpoint)
        .map_err(|error| format!("the checkpoint cannot be read: {error}"))?;
    let root = Sha256Hash::new(inclusion.root);
    let (index, size, root) = if entry.is_of_version_2() {
        (entry.index, checkpoint.tree_size(), *checkpoint.root_hash())
    } else if *checkpoint.root_hash() == root {
        (inclusion.index, inclusion.size, root)
    } else {
        return Err("the checkpoint is of another state of the log than the proof".to_owned());
    };
    let hashes: Vec<_> = inclusion
        .hashes
        .iter()
        .map(|hash| Sha256Hash::new(*hash))
        .collect();
    let leaf = sigstore_merkle::hash_leaf(&entry.body);
    sigstore_merkle::verify_inclusion_proof(&leaf, index, size, &hashes, &root)
        .map_err(|error| format!("the proof does not lead to the log's root: {error}"))?;
    let now = Timestamp::now();
    let genuine = checkpoint.signatures().iter().any(|signature| {
        let mut keys = keys.keys_by_hint(&signature.key_id, now);
        keys.any(|key| {
            key.verify(checkpoint.signed_data(), &signature.signature)
                .is_ok()
        })
    });
    match genuine {
        true => Ok(()),
        false => Err("no log of the trust root signed the checkpoint".to_owned()),
    }
}

/// The timestamps.
fn stamped(
    root: &TrustRoot,
    bundle: &Value,
    bound: &Bound<'_>,
    proof: &mut Proof,
    times: &mut Vec<(Timestamp, TimeSource)>,
) {
    let list = bundle.pointer("/verificationMaterial/timestampVerificationData/rfc3161Timestamps");
    let list: Vec<_> = list
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .collect();
    if list.is_empty() {
        let none = Check::not_checked(CheckKind::Timestamp, "there is none");
        return proof.checks.push(none);
    }
    if list.len() > limits::BUNDLE_ENTRIES {
        let words = format!("it carries more than {} timestamps", limits::BUNDLE_ENTRIES);
        return proof.checks.push(Check::failed(CheckKind::Form, words));
    }
    for stamp in list {
        let token = stamp.get("signedTimestamp").and_then(Value::as_str);
        let time = match token.and_then(base64) {
            Some(token) => root
                .check_timestamp(&token, bound.signature)
                .map_err(|why| why.to_string()),
            None => Err("the timestamp cannot be read".to_owned()),
        };
        proof.checks.push(match time {
            Ok(time) => {
                times.push((time, TimeSource::TimestampAuthority));
                Check::passed(CheckKind::Timestamp, "countersigned by a trusted authority")
                    .found(time.to_string())
            }
            Err(why) => Check::failed(CheckKind::Timestamp, why),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Algorithm, Annotations, Digest, MediaType, RawDocument};
    use crate::signature::Outcome;
    use crate::signature::found::{Format, Found, Place, Statement, Subject};
    use crate::signature::sigstore::parts::Parts;
    use crate::signature::sigstore::{PublicKey, library};

    fn fixture(name: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/signing/");
        std::fs::read(format!("{folder}{name}")).unwrap()
    }

    /// A signature with certificate, as something about the image that it is of.
    struct Case {
        parts: Parts,
        root: TrustRoot,
    }

    fn case(format: Format, bytes: Vec<u8>, annotations: Annotations, root: TrustRoot) -> Case {
        let raw =
            |bytes: Vec<u8>| RawDocument::hash(bytes.into(), Algorithm::Sha256, MediaType::new(""));
        let found = Found {
            format,
            statement: Statement::Signature,
            claims: Default::default(),
            listed_for: Digest::sha256(b""),
            place: Place::default(),
            raw: raw(bytes),
            annotations,
            manifest: None,
        };
        let subject = Subject {
            digest: Digest::sha256(b"whatever"),
            media_type: MediaType::new(MediaType::OCI_MANIFEST),
            size: 1,
            reference: None,
        };
        let parts = Parts::of(&found, &subject).unwrap_or_else(|check| panic!("{check:?}"));
        Case { parts, root }
    }

    fn cases() -> Vec<Case> {
        let file = fixture("containers-image/dir-img-cosign-fulcio-rekor-valid/signature-1");
        let value: Value =
            serde_json::from_slice(file.strip_prefix(b"\0sigstore-json\n").unwrap()).unwrap();
        let payload = base64(value["payload"].as_str().unwrap()).unwrap();
        let annotations: Annotations =
            serde_json::from_value(value["annotations"].clone()).unwrap();
        let public = || TrustRoot::embedded().unwrap();
        let bundle = |name: &str| {
            case(
                Format::SigstoreBundle,
                fixture(name),
                Annotations::new(),
                public(),
            )
        };
        vec![
            case(Format::Cosign, payload, annotations, public()),
            bundle("bundles/conda-attestation.sigstore.json"),
            bundle("bundles/oci-attestation.sigstore.json"),
        ]
    }

    fn own(case: &Case, leaf: &[u8]) -> Proof {
        let info = sigstore_verify::crypto::parse_certificate_info(
            &sigstore_verify::types::DerCertificate::from_bytes(leaf),
        );
        let key = PublicKey::from_der(info.unwrap().public_key.as_bytes()).unwrap();
        let parts = &case.parts;
        let bound = Bound {
            message: &parts.message,
            payload: parts.payload.as_deref(),
            envelope: parts.envelope.as_deref(),
            signature: &parts.signatures[0],
            key: &key,
            leaf: Some(leaf),
        };
        let demand = Demand {
            entry: true,
            proof: parts.proof,
        };
        let chain = parts.certificates.get(1..).unwrap_or_default();
        verify(&case.root, &parts.bundle, chain, &bound, demand)
    }

    #[test]
    fn what_the_library_judges_is_judged_the_same_here() {
        for (at, case) in cases().iter().enumerate() {
            let leaf = &case.parts.certificates[0];
            let proof = own(case, leaf);
            assert!(proof.passed, "{at}: {:#?}", proof.checks);
            let outcome = |kind| {
                proof
                    .checks
                    .iter()
                    .find(|c| c.kind == kind)
                    .map(|c| c.outcome)
            };
            for kind in [
                CheckKind::Certificate,
                CheckKind::CertificateLog,
                CheckKind::LogPromise,
                CheckKind::LogEntry,
                CheckKind::Validity,
            ] {
                assert_eq!(outcome(kind), Some(Outcome::Passed), "{at}: {kind:?}");
            }
            let bundle = library::read(&case.parts.bundle).unwrap();
            let signed = match &case.parts.said.predicate_type {
                None => library::Signed::Bytes(&case.parts.message),
                // the statement is about another image than this one: the library is asked
                // for the one that it names
                Some(_) => continue,
            };
            let theirs = library::by_certificate(&case.root, &bundle, &signed, true);
            assert!(theirs.passed);
            assert_eq!(theirs.times, proof.times, "{at}");
        }
    }

    #[test]
    fn a_certificate_is_bound_to_its_log_and_to_its_time() {
        let cases = cases();
        let case = &cases[0];
        let leaf = case.parts.certificates[0].clone();
        let failed =
            |proof: &Proof, kind| proof.checks.iter().any(|c| c.kind == kind && c.is_failed());
        // one bit of the log's signature, which ends the extension with timestamps
        let list = [0x06, 0x0a, 0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2];
        let at = leaf
            .windows(list.len())
            .position(|part| part == list)
            .unwrap();
        let mut changed = leaf.clone();
        // OID, two octet strings, the list's and the timestamp's length, version
        let into = at + list.len() + 3 + 3 + 2 + 2 + 1 + 32 + 8 + 2 + 4 + 20;
        changed[into] ^= 1;
        let proof = own(case, &changed);
        assert!(
            failed(&proof, CheckKind::CertificateLog),
            "{:#?}",
            proof.checks
        );
        // another time than the certificate's ten minutes
        let late = "2030-01-01T00:00:00Z".parse().unwrap();
        let checks = fulcio::check(&case.root, &leaf, &case.parts.certificates[1..], &[late]);
        assert!(
            checks
                .iter()
                .any(|c| c.kind == CheckKind::Validity && c.is_failed())
        );
        // no time at all is no time at which it was valid
        let checks = fulcio::check(&case.root, &leaf, &case.parts.certificates[1..], &[]);
        assert!(
            checks
                .iter()
                .any(|c| c.kind == CheckKind::Validity && c.is_failed())
        );
        // somebody else's authorities
        let other = TrustRoot::read(&fixture("keys/trusted_root.json"), "other").unwrap();
        let checks = fulcio::check(&other, &leaf, &case.parts.certificates[1..], &[late]);
        assert!(
            checks
                .iter()
                .any(|c| c.is_failed() && c.kind != CheckKind::CertificateLog)
        );
        assert!(
            checks
                .iter()
                .any(|c| c.kind == CheckKind::CertificateLog && c.is_failed())
        );
    }
}
