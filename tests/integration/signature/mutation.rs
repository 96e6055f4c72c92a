//! One byte changed anywhere: refused, or every proven fact is the same, and the change is of
//! a class that has a name.

use std::sync::Arc;

use porthole::signature::{Authenticated, Found, Signer, Subject};

use super::fixtures::{conda, fulcio, fulcio_signer};
use super::made::{self, Key, SIGNING};
use crate::support::mutants::{Class, Mutant, Part, Tally};

/// Every mutant of a signature: of its content and of its annotations.
fn mutate(
    found: &Arc<Found>,
    subject: &Subject,
    signer: &Signer,
    step: usize,
    mut tally: Tally,
) -> usize {
    let verify = |found: Arc<Found>| made::verify(&found, subject, vec![signer.clone()]);
    let good = verify(Arc::clone(found));
    let facts: Authenticated = good.authenticated.clone().expect("it is good before");
    assert!(!good.accepts.is_empty());
    let accepts = |mutant: Found, what: &str, at: usize| {
        let report = verify(Arc::new(mutant));
        if report.accepts.is_empty() {
            return false;
        }
        assert_eq!(
            report.authenticated.as_ref(),
            Some(&facts),
            "byte {at} of {what}"
        );
        true
    };
    tally.all(
        "content",
        found.raw.bytes(),
        &[0x01, 0x20],
        step,
        |changed, at| {
            let mut mutant = Found::clone(found);
            mutant.raw = made::document(changed, "");
            accepts(mutant, "the content", at)
        },
    );
    for (key, value) in &found.annotations {
        tally.all(key, value.as_bytes(), &[0x01], step, |changed, at| {
            let Ok(changed) = String::from_utf8(changed.to_vec()) else {
                return false;
            };
            let mut mutant = Found::clone(found);
            mutant.annotations.insert(key.clone(), changed);
            accepts(mutant, key, at)
        });
    }
    tally.end()
}

#[test]
fn a_legacy_signature_by_key() {
    let key = Key::new();
    let subject = made::subject("x");
    let found = made::legacy(&key, &made::payload(&subject.digest.to_string()));
    let tally = Tally::new("cosign, by key", LEGACY_BY_KEY);
    assert!(mutate(&found, &subject, &key.signer("k"), 1, tally) > 500);
}

#[test]
fn a_bundle_by_key() {
    let key = Key::new();
    let subject = made::subject("x");
    let found = made::signed_bundle(&key, &subject, SIGNING);
    let tally = Tally::new("bundle, by key", BUNDLE_BY_KEY);
    assert!(mutate(&found, &subject, &key.signer("k"), 1, tally) > 1000);
}

#[test]
fn a_legacy_signature_with_certificate_and_log_entry() {
    let (found, subject) = fulcio();
    let tally = Tally::new("cosign, by certificate", LEGACY_BY_CERTIFICATE);
    assert!(mutate(&found, &subject, &fulcio_signer(), 3, tally) > 1000);
}

#[test]
fn a_bundle_with_certificate_log_and_proof() {
    let (value, subject, signer) = conda();
    let tally = Tally::new("bundle, by certificate", BUNDLE_BY_CERTIFICATE);
    assert!(mutate(&made::bundle(&value), &subject, &signer, 11, tally) > 1000);
}

const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const CHAIN: &str = "dev.sigstore.cosign/chain";

/// Everything of it is signed, or the signature.
const LEGACY_BY_KEY: &[Class] = &[];

const BUNDLE_BY_KEY: &[Class] = &[
    ("the hint, which chooses no key", |mutant| {
        mutant.pointer.starts_with("/verificationMaterial/") && mutant.part == Part::Text
    }),
    ("the names around the hint", |mutant| {
        mutant.pointer.starts_with("/verificationMaterial") && mutant.part == Part::Name
    }),
];

const LEGACY_BY_CERTIFICATE: &[Class] = &[
    (
        "certificates above the signer's, which the trust root has itself",
        |mutant| mutant.place == CHAIN,
    ),
    ("what stands outside of the block of PEM", |mutant| {
        mutant.place == CERTIFICATE && outside(mutant)
    }),
];

const BUNDLE_BY_CERTIFICATE: &[Class] = &[
    (
        "the name of the timestamps, of which there are none",
        |mutant| {
            mutant.pointer == "/verificationMaterial/timestampVerificationData"
                && mutant.part == Part::Name
        },
    ),
    (
        "the names of the entry's kind and version, which its body says itself",
        |mutant| mutant.pointer.contains("/kindVersion") && mutant.part == Part::Name,
    ),
    (
        "the line with the checkpoint's signature, beside what is needed of it",
        |mutant| mutant.pointer.ends_with("/checkpoint/envelope") && behind_the_text(mutant),
    ),
];

/// Whether the byte stands behind the blank line that ends what a checkpoint says.
fn behind_the_text(mutant: &Mutant<'_>) -> bool {
    let before = String::from_utf8_lossy(&mutant.before[..mutant.at]).into_owned();
    before
        .rsplit_once("\"envelope\":\"")
        .is_some_and(|(_, text)| text.contains("\\n\\n"))
}

/// Whether the byte stands before the first block or behind the last.
fn outside(mutant: &Mutant<'_>) -> bool {
    let text = String::from_utf8_lossy(mutant.before);
    let end = "-----END CERTIFICATE-----";
    let from = text.find("-----BEGIN").unwrap_or_default();
    let to = text.rfind(end).map_or(text.len(), |at| at + end.len());
    mutant.at < from || mutant.at >= to
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
