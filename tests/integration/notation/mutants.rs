//! One byte changed anywhere in an envelope: it is refused, or everything that is
//! authenticated is as it was.

use std::collections::BTreeMap;

use porthole::signature::notation::{Envelope, StoreKind, Trust, TrustStore, verify};

use super::{policy, signatures};

#[test]
fn no_mutant_of_an_envelope_says_anything_else() {
    let policy = policy("trustpolicy");
    let mut mutants = 0;
    let mut benign: BTreeMap<String, usize> = BTreeMap::new();
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
        for position in 0..signature.bytes.len() {
            for bit in [1, 0x10, 0x80] {
                let mut mutant = signature.bytes.clone();
                mutant[position] ^= bit;
                mutants += 1;
                let verified = judge(&mutant);
                if verified.accepted_by.is_some() {
                    assert_eq!(
                        verified.authenticated.as_ref(),
                        Some(&facts),
                        "at {position}"
                    );
                    *benign.entry(signature.media_type.clone()).or_default() += 1;
                }
            }
        }
    }
    // Benign is what nobody signs: the name and value of the signing agent.
    assert!(mutants > 10_000, "{mutants}");
    for (kind, count) in benign {
        assert!(count < 250, "{count} mutants of {kind} are accepted");
    }
}
