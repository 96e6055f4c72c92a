//! One byte changed anywhere: refused, or every proven fact is the same.

use std::sync::Arc;

use porthole::signature::{Authenticated, Found, Signer, Subject};

use super::fixtures::{conda, fulcio, fulcio_signer};
use super::made::{self, Key, SIGNING};

/// Changes of one byte that leave the same facts proven.
struct Counts {
    refused: usize,
    same: usize,
}

fn mutate(found: &Arc<Found>, subject: &Subject, signer: &Signer, step: usize) -> Counts {
    let verify = |found: Arc<Found>| made::verify(&found, subject, vec![signer.clone()]);
    let good = verify(Arc::clone(found));
    let facts: Authenticated = good.authenticated.clone().expect("it is good before");
    assert!(!good.accepts.is_empty());
    let mut counts = Counts {
        refused: 0,
        same: 0,
    };
    let mut try_one = |mutant: Found, what: &str| {
        let report = verify(Arc::new(mutant));
        if report.accepts.is_empty() {
            counts.refused += 1;
        } else {
            assert_eq!(report.authenticated.as_ref(), Some(&facts), "{what}");
            counts.same += 1;
        }
    };
    let bytes = found.raw.bytes();
    for at in (0..bytes.len()).step_by(step) {
        for flip in [0x01u8, 0x20] {
            let mut changed = bytes.to_vec();
            changed[at] ^= flip;
            let mut mutant = Found::clone(found);
            mutant.raw = made::document(&changed, "");
            try_one(mutant, &format!("byte {at} of the content"));
        }
    }
    for (key, value) in &found.annotations {
        for at in (0..value.len()).step_by(step) {
            let mut changed = value.clone().into_bytes();
            changed[at] ^= 0x01;
            let Ok(changed) = String::from_utf8(changed) else {
                continue;
            };
            let mut mutant = Found::clone(found);
            mutant.annotations.insert(key.clone(), changed);
            try_one(mutant, &format!("byte {at} of {key}"));
        }
    }
    counts
}

#[test]
fn a_legacy_signature_by_key() {
    let key = Key::new();
    let subject = made::subject("x");
    let found = made::legacy(&key, &made::payload(&subject.digest.to_string()));
    let counts = mutate(&found, &subject, &key.signer("k"), 1);
    // nothing of it is left unsigned but the padding bits of the base64
    assert!(
        counts.refused > 500 && counts.same <= 3,
        "{} {}",
        counts.refused,
        counts.same
    );
}

#[test]
fn a_bundle_by_key() {
    let key = Key::new();
    let subject = made::subject("x");
    let found = made::signed_bundle(&key, &subject, SIGNING);
    let counts = mutate(&found, &subject, &key.signer("k"), 1);
    // the hint, the names of members that nobody reads, and the padding bits of base64
    assert!(
        counts.refused > 900 && counts.same < 260,
        "{} {}",
        counts.refused,
        counts.same
    );
}

#[test]
fn a_legacy_signature_with_certificate_and_log_entry() {
    let (found, subject) = fulcio();
    let counts = mutate(&found, &subject, &fulcio_signer(), 5);
    // the chain's root need not come along; PEM has white space and padding
    assert!(counts.refused > 500, "{} {}", counts.refused, counts.same);
    assert!(
        counts.same * 2 < counts.refused,
        "{} {}",
        counts.refused,
        counts.same
    );
}

#[test]
fn a_bundle_with_certificate_log_and_proof() {
    let (value, subject, signer) = conda();
    let counts = mutate(&made::bundle(&value), &subject, &signer, 17);
    assert!(counts.refused > 500, "{} {}", counts.refused, counts.same);
    assert!(
        counts.same * 4 < counts.refused,
        "{} {}",
        counts.refused,
        counts.same
    );
}

/// Junk in place of everything that is read: an answer, never a panic.
#[test]
fn junk_is_refused() {
    use porthole::signature::Format;
    let subject = made::subject("x");
    let texts = [
        "",
        "{}",
        "[]",
        "null",
        "{\"mediaType\":7}",
        "\u{0}",
        "{\"critical\":[]}",
        "{\"payloadType\":\"application/vnd.in-toto+json\",\"payload\":\"e30=\",\"signatures\":[{\"sig\":\"\"}]}",
    ];
    for format in [
        Format::Cosign,
        Format::CosignAttestation,
        Format::SigstoreBundle,
    ] {
        for text in texts {
            let found = made::found(format, text.as_bytes(), Default::default());
            let report = made::verify(&found, &subject, Vec::new());
            assert!(report.reason().is_some(), "{format}: {text}");
        }
    }
}
