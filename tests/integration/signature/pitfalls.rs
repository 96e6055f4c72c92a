//! The verifier's pitfalls, each by a case that differs from an accepted one in one thing.

use porthole::model::{Annotations, Digest};
use porthole::signature::policy::{Level, Policy, Requirement, judge, overall};
use porthole::signature::sigstore::{IdentityRule, KeyError, Pattern, PublicKey, TrustRoot};
use porthole::signature::{
    CheckKind, Format, Judgement, Outcome, SignatureReport, Signer, Verdict,
};
use porthole::transport::{ListingOutcome, Problem, TransportError};
use serde_json::{Value, json};

use super::fixtures::{conda, fulcio, fulcio_signer};
use super::made::{self, Key, SIGNING};

fn failed(report: &SignatureReport) -> Vec<CheckKind> {
    let failed = report.checks.iter().filter(|check| check.is_failed());
    failed.map(|check| check.kind).collect()
}

#[test]
fn pitfall_01_the_digest_that_counts_is_that_of_the_bytes() {
    let key = Key::new();
    let subject = made::subject("one");
    let found = made::signed_bundle(&key, &subject, SIGNING);
    let report = made::verify(&found, &subject, vec![key.signer("k")]);
    assert_eq!(report.judgement(), Judgement::Accepted);
    let other = made::subject("one ");
    let report = made::verify(&found, &other, vec![key.signer("k")]);
    assert_eq!(failed(&report), [CheckKind::Subject]);
}

#[test]
fn pitfall_03_a_log_entry_about_another_signature_is_refused() {
    let (found, subject) = fulcio();
    let report = made::verify(&found, &subject, vec![fulcio_signer()]);
    assert_eq!(
        report.judgement(),
        Judgement::Accepted,
        "{:#?}",
        report.checks
    );
    // another real entry of the same log, promised by it, for the same image
    let mut swapped = (*found).clone();
    let (other, _) = super::fixtures::key_with_log();
    let entry = "dev.sigstore.cosign/bundle";
    swapped
        .annotations
        .insert(entry.to_owned(), other.annotations[entry].clone());
    let report = made::verify(&swapped.into(), &subject, vec![fulcio_signer()]);
    assert_eq!(report.judgement(), Judgement::Rejected);
    let reasons = failed(&report);
    let expected = [CheckKind::Certificate, CheckKind::Validity];
    assert!(
        reasons.iter().any(|kind| expected.contains(kind)),
        "{reasons:?}"
    );
    // where no certificate's time could tell, it is the binding alone
    let (keyed, subject) = super::fixtures::key_with_log();
    let mut swapped = (*keyed).clone();
    let theirs = found.annotations[entry].clone();
    swapped.annotations.insert(entry.to_owned(), theirs);
    let signers = vec![super::fixtures::logged_key()];
    let report = made::verify(&keyed, &subject, signers.clone());
    assert_eq!(report.judgement(), Judgement::Accepted);
    let report = made::verify(&swapped.into(), &subject, signers);
    assert_eq!(failed(&report), [CheckKind::LogEntry]);
}

#[test]
fn pitfall_04_promise_proof_and_checkpoint_are_each_verified() {
    let (found, subject) = fulcio();
    let mut changed = (*found).clone();
    let entry = changed
        .annotations
        .get_mut("dev.sigstore.cosign/bundle")
        .unwrap();
    let mut value: Value = serde_json::from_str(entry).unwrap();
    value["Payload"]["integratedTime"] =
        json!(value["Payload"]["integratedTime"].as_i64().unwrap() + 1);
    *entry = value.to_string();
    let report = made::verify(&changed.into(), &subject, vec![fulcio_signer()]);
    assert_eq!(failed(&report), [CheckKind::LogPromise]);

    let (bundle, subject, signer) = conda();
    let at = "/verificationMaterial/tlogEntries/0/inclusionProof";
    for (part, reason) in [
        ("/rootHash", CheckKind::LogInclusion),
        ("/hashes/0", CheckKind::LogInclusion),
        ("/treeSize", CheckKind::LogInclusion),
    ] {
        let mut changed = bundle.clone();
        let value = changed.pointer_mut(&format!("{at}{part}")).unwrap();
        *value = match value.as_str().unwrap().parse::<u64>() {
            Ok(size) => json!((size + 1).to_string()),
            Err(_) => json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        };
        let report = made::verify(&made::bundle(&changed), &subject, vec![signer.clone()]);
        assert_eq!(failed(&report), [reason], "{part}");
    }
}

#[test]
fn pitfall_06_an_older_label_does_not_make_a_promise_into_a_proof() {
    let (mut bundle, subject, signer) = conda();
    let report = made::verify(&made::bundle(&bundle), &subject, vec![signer.clone()]);
    assert_eq!(
        report.judgement(),
        Judgement::Accepted,
        "{:#?}",
        report.checks
    );
    bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.1");
    let entry = bundle
        .pointer_mut("/verificationMaterial/tlogEntries/0")
        .unwrap();
    entry
        .as_object_mut()
        .unwrap()
        .remove("inclusionProof")
        .unwrap();
    let leaf = bundle["verificationMaterial"]["certificate"].take();
    let material = bundle["verificationMaterial"].as_object_mut().unwrap();
    material.remove("certificate");
    material.insert(
        "x509CertificateChain".to_owned(),
        json!({"certificates": [leaf]}),
    );
    let report = made::verify(&made::bundle(&bundle), &subject, vec![signer]);
    assert_eq!(
        failed(&report),
        [CheckKind::LogInclusion],
        "{:#?}",
        report.checks
    );
}

#[test]
fn pitfall_07_an_attestation_is_no_signature_of_the_image() {
    let key = Key::new();
    let subject = made::subject("x");
    let policy = Policy::of_signers("p", vec![key.signer("k")]);
    let spdx = made::signed_bundle(&key, &subject, "https://spdx.dev/Document");
    let report = made::judged(&subject, vec![spdx.clone()], &policy);
    assert!(
        matches!(
            &report.verdict,
            Verdict::Rejected {
                check: Some(CheckKind::PredicateType),
                ..
            }
        ),
        "{:?}",
        report.verdict
    );
    let signed = made::signed_bundle(&key, &subject, SIGNING);
    let report = made::judged(&subject, vec![spdx, signed], &policy);
    assert!(report.verdict.is_accepted());
}

#[test]
fn pitfall_08_the_subject_is_this_digest_among_several_and_never_none() {
    let key = Key::new();
    let subject = made::subject("x");
    let other = Digest::sha256(b"other");
    let verify = |digests: &[&Digest]| {
        let statement = made::statement(digests, SIGNING).to_string();
        let found = made::bundle(&made::bundle_value(&key, statement.as_bytes()));
        made::verify(&found, &subject, vec![key.signer("k")])
    };
    assert_eq!(
        verify(&[&other, &subject.digest]).judgement(),
        Judgement::Accepted
    );
    assert_eq!(failed(&verify(&[&other])), [CheckKind::Subject]);
    assert_eq!(failed(&verify(&[])), [CheckKind::Subject]);
}

#[test]
fn pitfall_09_identity_and_issuer_are_both_asked_for_and_anybody_is_never_accepted() {
    let (found, subject) = fulcio();
    let rule = |identity: Pattern, issuer: &str| {
        let issuer = Pattern::exact(issuer).unwrap();
        vec![Signer::identity("s", IdentityRule { identity, issuer })]
    };
    let github = "https://github.com/login/oauth";
    let report = made::verify(
        &found,
        &subject,
        rule(Pattern::regex(".*@redhat\\.com").unwrap(), github),
    );
    assert_eq!(report.judgement(), Judgement::Accepted);
    let report = made::verify(
        &found,
        &subject,
        rule(Pattern::regex("itr@redhat\\.com").unwrap(), github),
    );
    assert_eq!(failed(&report), [CheckKind::Identity]);
    let check = report.check(CheckKind::Identity).unwrap();
    assert_eq!(check.found.as_deref(), Some("mitr@redhat.com"));
    let report = made::verify(
        &found,
        &subject,
        rule(
            Pattern::exact("mitr@redhat.com").unwrap(),
            "https://example.com",
        ),
    );
    assert_eq!(failed(&report), [CheckKind::Issuer]);
    let report = made::verify(&found, &subject, Vec::new());
    assert_eq!(report.judgement(), Judgement::NotJudged);
    assert!(report.authenticated.is_some());
}

#[test]
fn pitfall_10_one_bad_signature_neither_vetoes_nor_helps_and_signers_are_counted_not_layers() {
    let (one, two) = (Key::new(), Key::new());
    let subject = made::subject("x");
    let good = made::signed_bundle(&one, &subject, SIGNING);
    let bad = made::signed_bundle(&Key::new(), &subject, SIGNING);
    let mut policy = Policy::of_signers(
        "p",
        vec![one.signer("a"), one.signer("again"), two.signer("b")],
    );
    let report = made::judged(&subject, vec![bad.clone(), good.clone()], &policy);
    assert!(report.verdict.is_accepted());
    let Requirement::Signed(asked) = &mut policy.rules[0].requirements[0] else {
        panic!("signatures are asked for");
    };
    asked.at_least = 2;
    let digest = subject.digest.to_string();
    let same = made::legacy(&one, &made::payload(&digest));
    let report = made::judged(&subject, vec![good.clone(), same, bad], &policy);
    assert!(
        matches!(report.verdict, Verdict::Rejected { .. }),
        "{:?}",
        report.verdict
    );
    let second = made::signed_bundle(&two, &subject, SIGNING);
    let report = made::judged(&subject, vec![good, second], &policy);
    assert!(report.verdict.is_accepted());
}

#[test]
fn pitfall_11_hints_and_annotations_choose_no_trust() {
    let (mine, other) = (Key::new(), Key::new());
    let subject = made::subject("x");
    let statement = made::statement(&[&subject.digest], SIGNING).to_string();
    let mut value = made::bundle_value(&other, statement.as_bytes());
    let hint = made::bundle_value(&mine, statement.as_bytes());
    value["verificationMaterial"] = hint["verificationMaterial"].clone();
    let report = made::verify(&made::bundle(&value), &subject, vec![mine.signer("k")]);
    assert_eq!(failed(&report), [CheckKind::Signature]);
    // and a wrong hint takes nothing away
    let mut value = made::bundle_value(&mine, statement.as_bytes());
    value["verificationMaterial"]["publicKey"]["hint"] = json!("bm9uZQ==");
    let report = made::verify(&made::bundle(&value), &subject, vec![mine.signer("k")]);
    assert_eq!(report.judgement(), Judgement::Accepted);
}

#[test]
fn pitfall_13_an_index_and_its_platforms_are_judged_each_by_its_own() {
    let key = Key::new();
    let (index, platform) = (made::subject("index"), made::subject("platform"));
    let policy = Policy::of_signers("p", vec![key.signer("k")]);
    let of_index = made::signed_bundle(&key, &index, SIGNING);
    let root = made::judged(&index, vec![of_index.clone()], &policy);
    let child = std::sync::Arc::new(made::judged(&platform, vec![of_index], &policy));
    assert!(root.verdict.is_accepted() && !child.verdict.is_accepted());
    let listed = [("linux/amd64".to_owned(), std::sync::Arc::clone(&child))];
    assert!(overall(Level::Either, &root, &listed).is_accepted());
    let both = overall(Level::Both, &root, &listed);
    let Verdict::Rejected { why, .. } = both else {
        panic!("{both:?}");
    };
    assert!(why.contains("linux/amd64"), "{why}");
    // the other way round: the platform is signed and the index is not
    let of_platform = made::signed_bundle(&key, &platform, SIGNING);
    let root = made::judged(&index, vec![of_platform.clone()], &policy);
    let signed = std::sync::Arc::new(made::judged(&platform, vec![of_platform], &policy));
    let listed = [("linux/amd64".to_owned(), std::sync::Arc::clone(&signed))];
    assert!(!root.verdict.is_accepted());
    assert!(overall(Level::Either, &root, &listed).is_accepted());
    assert!(!overall(Level::Both, &root, &listed).is_accepted());
    assert!(!overall(Level::This, &root, &listed).is_accepted());
    let two = [("a".to_owned(), signed), ("b".to_owned(), child)];
    assert!(!overall(Level::Either, &root, &two).is_accepted());
}

#[test]
fn pitfall_14_the_key_decides_the_algorithm() {
    let subject = made::subject("x");
    let payload = made::payload(&subject.digest.to_string());
    for curve in made::curves() {
        let key = Key::of(curve);
        let found = made::legacy(&key, &payload);
        let report = made::verify(&found, &subject, vec![key.signer("k")]);
        assert_eq!(report.judgement(), Judgement::Accepted, "{}", key.public);
        let report = made::verify(&found, &subject, vec![Key::of(curve).signer("k")]);
        assert_eq!(failed(&report), [CheckKind::Key]);
    }
    let (public, signature) = made::ed25519(&payload);
    assert_eq!(public.verify(&payload, &signature), Some("Ed25519"));
    assert_eq!(public.verify(b"other", &signature), None);
    // a point that is not written in full
    let mut der = Key::new().public.der().to_vec();
    let point = der.len() - 65;
    der[point] = 2;
    assert_eq!(PublicKey::from_der(&der).unwrap_err(), KeyError::Compressed);
}

#[test]
fn pitfall_15_endless_lists_are_refused() {
    let (mut bundle, subject, signer) = conda();
    let entries = bundle
        .pointer_mut("/verificationMaterial/tlogEntries")
        .unwrap();
    let entry = entries[0].clone();
    *entries = json!(vec![entry; porthole::model::limits::BUNDLE_ENTRIES + 1]);
    let report = made::verify(&made::bundle(&bundle), &subject, vec![signer]);
    assert_eq!(failed(&report), [CheckKind::Form]);
}

#[test]
fn pitfall_17_a_timestamp_is_over_this_signature() {
    let (mut bundle, subject, signer) = conda();
    let stamps = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps";
    let other = super::fixtures::json("bundles/cosign-v3-blob.sigstore.json");
    let Some(theirs) = other.pointer(stamps).filter(|s| s.get(0).is_some()) else {
        panic!("the fixture has a timestamp");
    };
    bundle["verificationMaterial"]["timestampVerificationData"] =
        json!({"rfc3161Timestamps": theirs});
    let report = made::verify(&made::bundle(&bundle), &subject, vec![signer]);
    assert_eq!(failed(&report), [CheckKind::Timestamp]);
}

#[test]
fn pitfall_18_a_digest_is_written_in_one_way() {
    let key = Key::new();
    let subject = made::subject("x");
    let digest = subject.digest.to_string();
    let upper = format!("sha256:{}", subject.digest.hex().to_uppercase());
    for (text, reasons) in [
        (digest.clone(), vec![]),
        (upper, vec![CheckKind::Subject]),
        (format!("{digest} "), vec![CheckKind::Subject]),
    ] {
        let found = made::legacy(&key, &made::payload(&text));
        let report = made::verify(&found, &subject, vec![key.signer("k")]);
        assert_eq!(failed(&report), reasons, "{text}");
    }
}

#[test]
fn pitfall_19_what_could_not_be_read_is_never_unsigned() {
    let key = Key::new();
    let subject = made::subject("x");
    let policy = Policy::of_signers("p", vec![key.signer("k")]);
    let mut discovered = made::discovered(&subject, Vec::new());
    let verdict = |d: &porthole::signature::Discovered| {
        judge(d, &subject, &"h/r".into(), Some(&policy), None).verdict
    };
    assert_eq!(verdict(&discovered), Verdict::Unsigned);
    discovered.outcome = ListingOutcome::CannotList;
    assert!(matches!(verdict(&discovered), Verdict::CannotSay { .. }));
    discovered.outcome = ListingOutcome::Listed;
    let problem = Problem::RateLimited { retry_after: None };
    discovered
        .problems
        .push(TransportError::new("tags", "h/r", problem));
    assert!(matches!(verdict(&discovered), Verdict::CannotSay { .. }));
    // what is good is good, whatever else could not be read
    discovered
        .found
        .push(made::signed_bundle(&key, &subject, SIGNING));
    assert!(verdict(&discovered).is_accepted());
}

#[test]
fn pitfall_20_a_trust_root_of_somebody_else_judges_nothing_well() {
    let (found, subject) = fulcio();
    let other = super::fixtures::bytes("keys/trusted_root.json");
    let trust = porthole::signature::Trust {
        signers: vec![fulcio_signer()],
        root: Some(TrustRoot::read(&other, "other").unwrap()),
    };
    let report = porthole::signature::sigstore::verify(&found, &subject, &trust);
    assert_eq!(report.judgement(), Judgement::Rejected);
    assert!(report.authenticated.is_none());
}

#[test]
fn pitfall_21_what_says_something_twice_is_refused_although_it_is_signed() {
    let key = Key::new();
    let subject = made::subject("x");
    let good = String::from_utf8(made::payload(&subject.digest.to_string())).unwrap();
    let twice = good.replace("\"optional\":null", "\"optional\":null,\"optional\":null");
    let report = made::verify(
        &made::legacy(&key, twice.as_bytes()),
        &subject,
        vec![key.signer("k")],
    );
    assert_eq!(failed(&report), [CheckKind::Form]);
    // base64 with line breaks is the same signature
    let found = made::legacy(&key, good.as_bytes());
    let mut broken = (*found).clone();
    let text = broken.annotations.values_mut().next().unwrap();
    text.insert(40, '\n');
    let report = made::verify(&broken.into(), &subject, vec![key.signer("k")]);
    assert_eq!(report.judgement(), Judgement::Accepted);
}

#[test]
fn pitfall_22_a_private_key_is_not_taken_for_a_public_one() {
    let pem = b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n";
    assert_eq!(PublicKey::from_pem(pem).unwrap_err(), KeyError::Private);
}

#[test]
fn what_is_not_known_is_no_signature_and_not_nothing() {
    let subject = made::subject("x");
    let policy = Policy::of_signers("p", vec![Key::new().signer("k")]);
    let junk = made::found(Format::Unknown, b"junk", Annotations::new());
    let report = made::judged(&subject, vec![junk], &policy);
    assert!(matches!(
        report.verdict,
        Verdict::Rejected {
            check: Some(CheckKind::Form),
            ..
        }
    ));
    assert_eq!(
        report.signatures[0].outcome(CheckKind::Form),
        Outcome::Failed
    );
}
