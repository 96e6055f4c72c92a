//! One byte changed anywhere in an envelope: it is refused, or everything that is
//! authenticated is as it was, and the change is of a class that has a name.

use porthole::signature::notation::{Envelope, StoreKind, Trust, TrustStore, verify};

use super::{policy, signatures};
use crate::support::mutants::{Class, Part, Tally};

const AGENT: &str = "io.cncf.notary.signingAgent";

const JWS: &[Class] = &[
    ("the signing agent, which nobody signs", |mutant| {
        mutant.pointer.ends_with(AGENT) && mutant.part == Part::Text
    }),
    ("its name", |mutant| {
        mutant.pointer.ends_with(AGENT) && mutant.part == Part::Name
    }),
];

const COSE: &[Class] = &[(
    "the signing agent, which nobody signs, and its name",
    |mutant| agent(mutant.before).is_some_and(|range| range.contains(&mutant.at)),
)];

/// Where a COSE envelope has the signing agent: its name, and the text behind that.
fn agent(envelope: &[u8]) -> Option<std::ops::Range<usize>> {
    let name = AGENT.as_bytes();
    let from = envelope.windows(name.len()).position(|part| part == name)?;
    let value = from + name.len();
    // a text of fewer than 24 bytes, or of fewer than 256
    let end = match envelope.get(value)? {
        head @ 0x60..=0x77 => value + 1 + usize::from(head & 0x1f),
        0x78 => value + 2 + usize::from(*envelope.get(value + 1)?),
        _ => return None,
    };
    Some(from..end)
}

#[test]
fn no_mutant_of_an_envelope_says_anything_else() {
    let policy = policy("trustpolicy");
    let mut mutants = 0;
    for signature in signatures("referrers-amd64") {
        let envelope = Envelope::read(&signature.media_type, &signature.bytes).unwrap();
        let mut store = TrustStore::default();
        let root = envelope.chain.last().unwrap().clone();
        store.add_certificates(StoreKind::Ca, "e2e", vec![root]);
        let trust = Trust {
            statement: &policy.statements[0],
            store: &store,
        };
        let judge = |bytes: &[u8]| {
            let time = envelope.signing_time;
            verify(
                &signature.subject,
                &signature.media_type,
                bytes,
                Some(trust),
                time,
            )
        };
        let facts = judge(&signature.bytes).authenticated.unwrap();
        let classes = match signature.media_type.as_str() {
            "application/jose+json" => JWS,
            _ => COSE,
        };
        let kind = match signature.media_type.as_str() {
            "application/jose+json" => "Notation, JWS",
            _ => "Notation, COSE",
        };
        let mut tally = Tally::new(kind, classes);
        let flips = [0x01, 0x10, 0x80];
        tally.all("envelope", &signature.bytes, &flips, 1, |mutant, at| {
            let verified = judge(mutant);
            let accepted = verified.accepted_by.is_some();
            if accepted {
                assert_eq!(verified.authenticated.as_ref(), Some(&facts), "at {at}");
            }
            accepted
        });
        mutants += tally.end();
    }
    assert!(mutants > 10_000, "{mutants}");
}
