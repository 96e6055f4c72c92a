//! Entries of transparency logs, of every kind that Rekor has had: bound to the signature
//! they are about, and to no other. The log is one of our own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use porthole::signature::{
    CheckKind, Format, Judgement, Outcome, Signer, Subject, Trust, TrustRoot, sigstore,
};
use serde_json::{Value, json};

use super::fixtures::{bytes, identity, json as fixture_json};
use super::made::{self, Key};
use super::made_log::{Log, bodies, hex, pem, sha256};

#[test]
fn a_bundle_is_bound_to_its_entry_of_every_kind() {
    let (log, key, other) = (Log::new(), Key::new(), Key::new());
    let subject = made::subject("an image");
    let statement = made::statement(&[&subject.digest], made::SIGNING).to_string();
    let plain = made::bundle_value(&key, statement.as_bytes());
    let with = |body: &Value| {
        let mut bundle = plain.clone();
        bundle["verificationMaterial"]["tlogEntries"] = json!([log.entry(body)]);
        made::bundle(&bundle)
    };
    // the same bytes signed again, and other bytes: entries about those are genuine too
    let again = made::bundle_value(&key, statement.as_bytes());
    let different = made::statement(&[&subject.digest], "https://example.com/other").to_string();
    let different = made::bundle_value(&key, different.as_bytes());
    let wrong = [
        bodies(&again, &key.public),
        bodies(&different, &key.public),
        bodies(&plain, &other.public),
    ];
    for (at, body) in bodies(&plain, &key.public).iter().enumerate() {
        let what = format!("{} {}", body["kind"], body["apiVersion"]);
        let report = log.judge(&with(body), &subject, key.signer("k"));
        assert_eq!(
            report.judgement(),
            Judgement::Accepted,
            "{what}: {:#?}",
            report.checks
        );
        let promised = report.outcome(CheckKind::LogPromise) == Outcome::Passed;
        let times = &report.authenticated.as_ref().unwrap().times;
        assert_eq!(times.len(), usize::from(promised), "{what}: {times:?}");
        for other in &wrong {
            let report = log.judge(&with(&other[at]), &subject, key.signer("k"));
            assert_eq!(report.judgement(), Judgement::Rejected, "{what}");
            assert_eq!(report.reason().unwrap().kind, CheckKind::LogEntry, "{what}");
            // the log itself is as it should be
            assert_eq!(
                report.outcome(CheckKind::LogInclusion),
                Outcome::Passed,
                "{what}"
            );
        }
    }
    let unknown = json!({"apiVersion": "0.0.1", "kind": "rpm", "spec": {}});
    let report = log.judge(&with(&unknown), &subject, key.signer("k"));
    assert_eq!(report.reason().unwrap().kind, CheckKind::LogEntry);
}

#[test]
fn each_part_of_a_log_entry_is_checked_by_itself() {
    let (log, key) = (Log::new(), Key::new());
    let subject = made::subject("an image");
    let statement = made::statement(&[&subject.digest], made::SIGNING).to_string();
    let plain = made::bundle_value(&key, statement.as_bytes());
    let body = &bodies(&plain, &key.public)[0];
    let judge = |change: &dyn Fn(&mut Value), log: &Log| {
        let mut bundle = plain.clone();
        let mut entry = log.entry(body);
        change(&mut entry);
        bundle["verificationMaterial"]["tlogEntries"] = json!([entry]);
        log.judge(&made::bundle(&bundle), &subject, key.signer("k"))
    };
    assert_eq!(judge(&|_| {}, &log).judgement(), Judgement::Accepted);
    type Change = dyn Fn(&mut Value);
    let cases: [(&Change, CheckKind); 8] = [
        (
            &|e| e["integratedTime"] = "1700000001".into(),
            CheckKind::LogPromise,
        ),
        (&|e| e["logIndex"] = "8".into(), CheckKind::LogPromise),
        (
            &|e| e["inclusionProof"]["treeSize"] = "2".into(),
            CheckKind::LogInclusion,
        ),
        (
            &|e| e["inclusionProof"]["logIndex"] = "1".into(),
            CheckKind::LogInclusion,
        ),
        (
            &|e| e["inclusionProof"]["rootHash"] = STANDARD.encode([7; 32]).into(),
            CheckKind::LogInclusion,
        ),
        (
            &|e| {
                let note = e["inclusionProof"]["checkpoint"]["envelope"]
                    .as_str()
                    .unwrap();
                let note = note.replace("log.example.com\n1", "log.example.com\n2");
                e["inclusionProof"]["checkpoint"]["envelope"] = note.into();
            },
            CheckKind::LogInclusion,
        ),
        (
            &|e| {
                e.as_object_mut().unwrap().remove("inclusionProof");
            },
            CheckKind::LogInclusion,
        ),
        (
            &|e| e["kindVersion"]["kind"] = "intoto".into(),
            CheckKind::LogEntry,
        ),
    ];
    for (at, (change, expected)) in cases.into_iter().enumerate() {
        let report = judge(change, &log);
        let reason = report
            .reason()
            .unwrap_or_else(|| panic!("case {at} is accepted"));
        assert_eq!(reason.kind, expected, "case {at}: {:#?}", report.checks);
    }
    // a promise from the day after tomorrow
    let far = jiff::Timestamp::now().as_second() + 100_000;
    let report = judge(
        &|entry| {
            let body = entry["canonicalizedBody"].as_str().unwrap();
            let promised = format!(
                r#"{{"body":"{body}","integratedTime":{far},"logID":"{}","logIndex":7}}"#,
                hex(&log.id())
            );
            entry["integratedTime"] = far.to_string().into();
            entry["inclusionPromise"]["signedEntryTimestamp"] =
                STANDARD.encode(log.key.sign(promised.as_bytes())).into();
        },
        &log,
    );
    assert_eq!(report.reason().unwrap().kind, CheckKind::Validity);
    // a log that nobody trusts
    let stranger = Log::new();
    let mut bundle = plain.clone();
    bundle["verificationMaterial"]["tlogEntries"] = json!([stranger.entry(body)]);
    let report = log.judge(&made::bundle(&bundle), &subject, key.signer("k"));
    assert_eq!(report.outcome(CheckKind::LogPromise), Outcome::Failed);
    assert_eq!(report.outcome(CheckKind::LogInclusion), Outcome::Failed);
    // and none at all
    let report = log.judge(&made::bundle(&plain), &subject, key.signer("k"));
    assert_eq!(report.reason().unwrap().kind, CheckKind::LogInclusion);
}

/// cosign's own signatures, by keys of every curve, in the log.
#[test]
fn legacy_signatures_of_every_curve_are_bound_to_their_entry() {
    let log = Log::new();
    let subject = made::subject("an image");
    let payload = made::payload(&subject.digest.to_string());
    for curve in made::curves() {
        let key = Key::of(curve);
        let signature = key.sign(&payload);
        let body = |signature: &[u8], key: &Key, message: &[u8]| {
            json!({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
                "data": {"hash": {"algorithm": "sha256", "value": hex(&sha256(message))}},
                "signature": {
                    "content": STANDARD.encode(signature),
                    "publicKey": {"content": STANDARD.encode(pem(&key.public))},
                },
            }})
        };
        let judge = |body: &Value| {
            let annotations = [
                (
                    "dev.cosignproject.cosign/signature",
                    STANDARD.encode(&signature),
                ),
                ("dev.sigstore.cosign/bundle", log.annotation(body)),
            ];
            let annotations = annotations.map(|(key, value)| (key.to_owned(), value));
            let found = made::found(Format::Cosign, &payload, annotations.into());
            log.judge(&found, &subject, key.signer("k"))
        };
        let report = judge(&body(&signature, &key, &payload));
        assert_eq!(
            report.judgement(),
            Judgement::Accepted,
            "{:#?}",
            report.checks
        );
        let again = key.sign(&payload);
        let other = Key::of(curve);
        for wrong in [
            body(&again, &key, &payload),
            body(&signature, &other, &payload),
            body(&signature, &key, b"another payload"),
        ] {
            let reason = judge(&wrong).reason().map(|check| check.kind);
            assert_eq!(reason, Some(CheckKind::LogEntry));
        }
    }
}

/// Attestations of cosign's first versions: the entry has the hash of the envelope.
#[test]
fn a_legacy_attestation_is_bound_by_the_hash_of_its_envelope() {
    let (log, key) = (Log::new(), Key::new());
    let subject = made::subject("an image");
    let statement = made::statement(&[&subject.digest], "https://spdx.dev/Document").to_string();
    let envelope = made::bundle_value(&key, statement.as_bytes())["dsseEnvelope"].to_string();
    let body = |envelope: &str, key: &Key| {
        json!({"apiVersion": "0.0.1", "kind": "intoto", "spec": {
            "content": {"hash": {"algorithm": "sha256", "value": hex(&sha256(envelope.as_bytes()))}},
            "publicKey": STANDARD.encode(pem(&key.public)),
        }})
    };
    let judge = |body: &Value| {
        let annotations = [(
            "dev.sigstore.cosign/bundle".to_owned(),
            log.annotation(body),
        )];
        let bytes = envelope.as_bytes();
        let found = made::found(Format::CosignAttestation, bytes, annotations.into());
        log.judge(&found, &subject, key.signer("k"))
    };
    let report = judge(&body(&envelope, &key));
    assert_eq!(
        report.judgement(),
        Judgement::Accepted,
        "{:#?}",
        report.checks
    );
    for wrong in [body("another envelope", &key), body(&envelope, &Key::new())] {
        assert_eq!(judge(&wrong).reason().unwrap().kind, CheckKind::LogEntry);
    }
}

/// A signature over the right bytes by somebody else, beside the signer's, as an attestation of
/// cosign may have it: what the log has is the other one.
#[test]
fn of_several_signatures_the_entry_has_to_be_about_the_signers() {
    let (log, key, other) = (Log::new(), Key::new(), Key::new());
    let subject = made::subject("an image");
    let statement = made::statement(&[&subject.digest], made::SIGNING).to_string();
    let mine = made::bundle_value(&key, statement.as_bytes());
    let others = made::bundle_value(&other, statement.as_bytes());
    let mut both = mine.clone();
    both["dsseEnvelope"]["signatures"] = json!([
        mine["dsseEnvelope"]["signatures"][0],
        others["dsseEnvelope"]["signatures"][0],
    ]);
    for (signed, by, expected) in [
        (&mine, &key, None),
        (&others, &other, Some(CheckKind::LogEntry)),
    ] {
        let entry = log.annotation(&bodies(signed, &by.public)[0]);
        let annotations = [("dev.sigstore.cosign/bundle".to_owned(), entry)];
        let envelope = both["dsseEnvelope"].to_string();
        let bytes = envelope.as_bytes();
        let found = made::found(Format::CosignAttestation, bytes, annotations.into());
        let report = log.judge(&found, &subject, key.signer("k"));
        assert_eq!(report.reason().map(|check| check.kind), expected);
    }
}

/// A bundle with certificate, entry and timestamp, its image, and what it is judged by.
fn keyless() -> (Value, Subject, TrustRoot) {
    const FILE: &str = "referrers-amd64/blobs/sha256/2bc492dc55d9ba643fc7fc33b59ed72eab79823dc0822cffcb9fac4177b9b77e";
    const IMAGE: &str = "sha256:5d4cf3e3026c5cfb5249d241beb5f60d354183e5d5eb48e6317cf2c435150452";
    let root = TrustRoot::read(&bytes("keys/trusted_root.json"), "test").unwrap();
    let subject = Subject {
        digest: IMAGE.parse().unwrap(),
        ..made::subject("")
    };
    (fixture_json(FILE), subject, root)
}

/// Somebody of this name with the identity of [`keyless`], or with another one.
fn keyless_signer(name: &str, repository: &str, log: bool) -> Signer {
    let repository = format!("https://github.com/{repository}/.*");
    Signer {
        name: name.to_owned(),
        log,
        ..identity(&repository, "https://token.actions.example.org")
    }
}

/// Each signer asks for the log by itself: that one needs none takes it from no other.
#[test]
fn a_signer_without_a_log_takes_it_from_no_other() {
    let (with, subject, root) = keyless();
    let mut without = with.clone();
    without["verificationMaterial"]["tlogEntries"] = json!([]);
    let judge = |bundle: &Value, signers: &[Signer]| {
        let trust = Trust {
            signers: signers.to_vec(),
            root: Some(root.clone()),
        };
        sigstore::verify(&made::bundle(bundle), &subject, &trust)
    };
    let strict = keyless_signer("strict", "peers/demo", true);
    let lenient = keyless_signer("lenient", "peers/demo", false);
    let other = keyless_signer("other", "somebody/else", false);
    // the timestamp alone proves when it was signed, where no log is asked for
    let report = judge(&without, std::slice::from_ref(&lenient));
    assert_eq!(report.accepts, ["lenient"], "{:#?}", report.checks);
    for signers in [
        vec![strict.clone()],
        vec![strict.clone(), other.clone()],
        vec![other.clone(), strict.clone()],
    ] {
        let report = judge(&without, &signers);
        assert_eq!(report.judgement(), Judgement::Rejected);
        assert_eq!(report.reason().unwrap().kind, CheckKind::LogInclusion);
        assert!(report.accepts.is_empty());
    }
    // the same identity twice: who needs no log accepts it, the other does not
    let report = judge(&without, &[strict.clone(), lenient.clone()]);
    assert_eq!(report.accepts, ["lenient"], "{:#?}", report.checks);
    let report = judge(&with, &[strict, lenient]);
    assert_eq!(report.accepts, ["strict", "lenient"]);
    // an entry that is there is verified, whoever asks for it
    let mut forged = with.clone();
    let entry = &mut forged["verificationMaterial"]["tlogEntries"][0];
    entry["inclusionProof"]["rootHash"] = STANDARD.encode([7; 32]).into();
    let report = judge(&forged, &[other, keyless_signer("l", "peers/demo", false)]);
    assert_eq!(report.reason().unwrap().kind, CheckKind::LogInclusion);
}

/// The same for signers by one key, in whatever order the policy has them.
#[test]
fn of_signers_with_one_key_each_asks_for_a_log_by_itself() {
    let (log, key) = (Log::new(), Key::new());
    let subject = made::subject("an image");
    let statement = made::statement(&[&subject.digest], made::SIGNING).to_string();
    let signed = made::bundle_value(&key, statement.as_bytes());
    let mut logged = signed.clone();
    let body = &bodies(&signed, &key.public)[0];
    logged["verificationMaterial"]["tlogEntries"] = json!([log.entry(body)]);
    let strict = Signer {
        log: true,
        ..key.signer("strict")
    };
    let lenient = key.signer("lenient");
    for signers in [[&strict, &lenient], [&lenient, &strict]] {
        let trust = Trust {
            signers: signers.map(Signer::clone).to_vec(),
            root: Some(log.root()),
        };
        let report = sigstore::verify(&made::bundle(&signed), &subject, &trust);
        assert_eq!(report.accepts, ["lenient"], "{:#?}", report.checks);
        let report = sigstore::verify(&made::bundle(&logged), &subject, &trust);
        assert_eq!(report.accepts.len(), 2, "{:#?}", report.checks);
    }
}

/// Why a timestamp does not count is told, and not only that it does not.
#[test]
fn a_timestamp_that_does_not_count_says_why() {
    let (bundle, subject, root) = keyless();
    let said = |bundle: &Value, root: TrustRoot| {
        let trust = Trust {
            signers: vec![keyless_signer("s", "peers/demo", true)],
            root: Some(root),
        };
        let report = sigstore::verify(&made::bundle(bundle), &subject, &trust);
        let check = report.check(CheckKind::Timestamp).unwrap();
        assert!(check.is_failed(), "{check:?}");
        check.detail.clone()
    };
    let stamp = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0";
    // another's authority, another signature's timestamp, no timestamp at all
    let authority = said(&bundle, TrustRoot::embedded().unwrap());
    let theirs = fixture_json("bundles/cosign-v3-blob.sigstore.json");
    let mut other = bundle.clone();
    *other.pointer_mut(stamp).unwrap() = theirs.pointer(stamp).unwrap().clone();
    let signature = said(&other, TrustRoot::embedded().unwrap());
    *other.pointer_mut(stamp).unwrap() = json!({"signedTimestamp": "?"});
    let nothing = said(&other, root);
    let all = [&authority, &signature, &nothing];
    let distinct: std::collections::BTreeSet<_> = all.into_iter().collect();
    assert_eq!(distinct.len(), 3, "{all:?}");
    assert!(nothing.contains("cannot be read"), "{nothing}");
}

/// The log of the fixture keeps entries as they were sent in. cosign reads them by what they
/// say, and so is it done here: certificate, proof, promise, timestamp and binding.
#[test]
fn an_entry_that_was_kept_as_it_was_sent_counts_by_what_it_says() {
    let (bundle, subject, root) = keyless();
    let signer = keyless_signer("s", "peers/demo", true);
    let judge = |bundle: &Value, root: TrustRoot| {
        let trust = Trust {
            signers: vec![signer.clone()],
            root: Some(root),
        };
        sigstore::verify(&made::bundle(bundle), &subject, &trust)
    };
    let report = judge(&bundle, root.clone());
    assert_eq!(
        report.judgement(),
        Judgement::Accepted,
        "{:#?}",
        report.checks
    );
    let facts = report.authenticated.as_ref().unwrap();
    assert_eq!(facts.times.len(), 2, "{:?}", facts.times);
    for kind in [
        CheckKind::Signature,
        CheckKind::Certificate,
        CheckKind::CertificateLog,
        CheckKind::LogPromise,
        CheckKind::LogInclusion,
        CheckKind::LogEntry,
        CheckKind::Timestamp,
        CheckKind::Validity,
        CheckKind::Identity,
        CheckKind::Issuer,
    ] {
        assert_eq!(report.outcome(kind), Outcome::Passed, "{kind:?}");
    }
    // another image, another trust root, another signature, no log entry
    let other = made::subject("another image");
    let trust = Trust {
        signers: vec![signer.clone()],
        root: Some(root.clone()),
    };
    let report = sigstore::verify(&made::bundle(&bundle), &other, &trust);
    assert_eq!(report.reason().unwrap().kind, CheckKind::Subject);
    let report = judge(&bundle, TrustRoot::embedded().unwrap());
    for kind in [
        CheckKind::LogPromise,
        CheckKind::LogInclusion,
        CheckKind::Timestamp,
    ] {
        assert_eq!(report.outcome(kind), Outcome::Failed, "{kind:?}");
    }
    let mut without = bundle.clone();
    without["verificationMaterial"]["tlogEntries"] = json!([]);
    let report = judge(&without, root.clone());
    assert_eq!(report.judgement(), Judgement::Rejected);
    let mut without = bundle.clone();
    without["verificationMaterial"]["timestampVerificationData"] = json!({});
    let report = judge(&without, root);
    assert_eq!(
        report.judgement(),
        Judgement::Accepted,
        "{:#?}",
        report.checks
    );
    assert_eq!(report.outcome(CheckKind::Timestamp), Outcome::NotChecked);
}

/// What the bundle alone says of where the entry is, nobody vouches for without a promise: the
/// index that the proof is of is told, in the check as among the details.
#[test]
fn the_index_that_is_told_is_the_proven_one() {
    let (mut bundle, subject, root) = keyless();
    let trust = Trust {
        signers: vec![keyless_signer("s", "peers/demo", true)],
        root: Some(root),
    };
    let told = |bundle: &Value| {
        let report = sigstore::verify(&made::bundle(bundle), &subject, &trust);
        assert_eq!(report.accepts, ["s"], "{:#?}", report.checks);
        let check = report
            .check(CheckKind::LogInclusion)
            .unwrap()
            .detail
            .clone();
        let details = report.authenticated.unwrap().details;
        let index = details.into_iter().find(|(name, _)| name == "Log entry");
        (check, index.unwrap().1)
    };
    let entry = "/verificationMaterial/tlogEntries/0";
    let promised = bundle.pointer(entry).unwrap()["logIndex"]
        .as_str()
        .unwrap()
        .to_owned();
    let (check, index) = told(&bundle);
    assert_eq!(
        (check, index),
        (
            format!("entry {promised}, inclusion and checkpoint proven"),
            promised
        )
    );
    let entry = bundle.pointer_mut(entry).unwrap().as_object_mut().unwrap();
    entry.remove("inclusionPromise");
    entry.insert("logIndex".to_owned(), json!("987654321"));
    // the only entry of its log: zero, which is left out
    assert_eq!(entry["inclusionProof"].get("logIndex"), None);
    let (check, index) = told(&bundle);
    assert_eq!(
        (&*check, &*index),
        ("entry 0, inclusion and checkpoint proven", "0")
    );
}
