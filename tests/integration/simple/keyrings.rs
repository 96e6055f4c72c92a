//! What keyrings say of their keys, and which signatures count by them.

use jiff::Timestamp;
use pgp::composed::SignedSecretKey;
use porthole::model::Reference;
use porthole::signature::policy::{Policy, ScopeName, judge};
use porthole::signature::simple::{Keyring, KeyringError, SignedIdentity, Trust, verify};
use porthole::signature::{
    Check, CheckKind, Format, Outcome, SignedBy, Signer, Subject, SubjectReport, Verdict,
};
use serde_json::json;

use crate::signature::made;
use crate::support::openpgp::{
    IN_2020, IN_2040, armour, bytes, claim, expired, key, packet, public, revocation, revoked,
    signed, subkey_revoked,
};

const NAME: &str = "registry.example.com/app:v1";

fn subject() -> Subject {
    Subject {
        reference: Some(NAME.parse().unwrap()),
        ..made::subject("image")
    }
}

fn message(key: &SignedSecretKey, subkey: bool) -> Vec<u8> {
    signed(key, subkey, &claim(&subject(), NAME))
}

/// What decides against a message; nothing where it is accepted.
fn against(message: &[u8], keys: &Keyring, now: Timestamp) -> Option<Check> {
    let trust = Trust {
        keys,
        identity: &SignedIdentity::MatchExact,
    };
    let verified = verify(&subject(), message, Some(trust), now);
    let failed = verified.checks.into_iter().find(Check::is_failed);
    assert_eq!(verified.authenticated.is_some(), failed.is_none());
    failed
}

fn judged(message: &[u8], policy: &Policy) -> SubjectReport {
    let found = made::found(Format::SimpleSigning, message, Default::default());
    let subject = subject();
    let discovered = made::discovered(&subject, vec![found]);
    let name = ScopeName::of(&Reference::Registry(NAME.parse().unwrap()));
    judge(&discovered, &subject, &name, Some(policy), None)
}

#[test]
fn a_key_is_revoked_wherever_its_revocation_stands() {
    let key = key(IN_2020, IN_2020);
    let message = message(&key, false);
    let now = Timestamp::now();
    let (old, gone, alone) = (
        bytes(&public(&key)),
        bytes(&revoked(&key)),
        packet(&revocation(&key)),
    );
    let other = bytes(&public(&crate::support::openpgp::key(IN_2020, IN_2020)));
    assert_eq!(against(&message, &Keyring::read(&old).unwrap(), now), None);
    let rings = [
        gone.clone(),
        [old.as_slice(), &gone].concat(),
        [gone.as_slice(), &old].concat(),
        [old.as_slice(), &alone].concat(),
        [alone.as_slice(), &old].concat(),
        [old.as_slice(), &other, &alone].concat(),
        [armour(&old), armour(&gone)].concat(),
        [armour(&gone), armour(&old)].concat(),
        [armour(&old), armour(&alone)].concat(),
        [
            b"a note\n".to_vec(),
            armour(&other),
            armour(&old),
            armour(&alone),
        ]
        .concat(),
    ];
    for (at, ring) in rings.iter().enumerate() {
        let keys = Keyring::read(ring).unwrap_or_else(|why| panic!("{at}: {why}"));
        let check = against(&message, &keys, now).unwrap_or_else(|| panic!("{at} is accepted"));
        assert_eq!(check.kind, CheckKind::Revocation, "{at}: {check:?}");
        assert_eq!(check.complaint(), "the key was revoked");
    }
    // several files make one ring
    for files in [[&old, &gone], [&gone, &old]] {
        let mut keys = Keyring::default();
        files.iter().for_each(|file| keys.add(file).unwrap());
        assert_eq!(keys.fingerprints().len(), 1);
        assert!(against(&message, &keys, now).is_some());
    }
    // what no key of the ring made revokes none of them, and is no key
    let stranger = packet(&revocation(&crate::support::openpgp::key(IN_2020, IN_2020)));
    let keys = Keyring::read(&[old.as_slice(), &stranger].concat()).unwrap();
    assert_eq!(against(&message, &keys, now), None);
    for file in [alone.clone(), armour(&alone)] {
        let why = Keyring::read(&file).unwrap_err();
        assert_eq!(why, KeyringError::Revocation);
        assert!(why.to_string().contains("revocation"), "{why}");
    }
}

#[test]
fn what_any_copy_says_of_a_subkey_counts() {
    let key = key(IN_2020, IN_2020);
    let message = message(&key, true);
    let (old, gone) = (bytes(&public(&key)), bytes(&subkey_revoked(&key)));
    let now = Timestamp::now();
    assert_eq!(against(&message, &Keyring::read(&old).unwrap(), now), None);
    for ring in [
        [old.as_slice(), &gone].concat(),
        [gone.as_slice(), &old].concat(),
    ] {
        let check = against(&message, &Keyring::read(&ring).unwrap(), now).unwrap();
        assert_eq!(check.complaint(), "the subkey was revoked");
    }
}

/// Each signer has a ring of its own, and what one of them knows of a key counts for all.
#[test]
fn a_policy_takes_no_key_that_it_knows_to_be_revoked() {
    let key = key(IN_2020, IN_2020);
    let message = message(&key, false);
    let (old, gone) = (bytes(&public(&key)), bytes(&revoked(&key)));
    let signer = |name: &str, file: &[u8]| {
        let keys = Keyring::read(file).unwrap();
        Signer::new(name, SignedBy::OpenPgp(keys.into()))
    };
    let why = |policy: &Policy| match judged(&message, policy).verdict {
        Verdict::Rejected { why, .. } => why,
        other => panic!("{other:?}"),
    };
    let alone = Policy::of_signers("p", vec![signer("old", &old)]);
    assert!(judged(&message, &alone).verdict.is_accepted());
    for signers in [
        vec![signer("old", &old), signer("new", &gone)],
        vec![signer("new", &gone), signer("old", &old)],
    ] {
        let policy = Policy::of_signers("p", signers);
        assert_eq!(why(&policy), "the key was revoked");
    }
    // containers puts all files of a requirement into one ring
    for paths in [["old", "new"], ["new", "old"]] {
        let policy = json!({"default": [{
            "type": "signedBy", "keyType": "GPGKeys", "keyPaths": paths,
            "signedIdentity": {"type": "exactReference", "dockerReference": NAME},
        }]});
        let files = |name: &str| match name {
            "old" => Ok(old.clone()),
            _ => Ok(gone.clone()),
        };
        let policy = Policy::read_any(&policy.to_string(), "policy.json", &files).unwrap();
        assert_eq!(why(&policy), "the key was revoked");
    }
}

#[test]
fn a_signature_is_no_older_than_its_key_and_the_summary_says_what_is_wrong() {
    let late: Timestamp = "2041-01-01T00:00:00Z".parse().unwrap();
    let early: Timestamp = "2020-06-01T00:00:00Z".parse().unwrap();
    let now = Timestamp::now();
    let good = key(IN_2020, IN_2020);
    let (young, young_subkey) = (key(IN_2040, IN_2040), key(IN_2020, IN_2040));
    let before = "the signature is dated before its key was made";
    // key, whether its subkey signs, when it is looked at, what is said
    let cases = [
        (&good, public(&good), false, now, None),
        (&good, public(&good), true, now, None),
        (
            &young,
            public(&young),
            false,
            late,
            Some((CheckKind::Validity, before)),
        ),
        (
            &young_subkey,
            public(&young_subkey),
            true,
            late,
            Some((CheckKind::Validity, before)),
        ),
        (&young_subkey, public(&young_subkey), false, late, None),
        (
            &good,
            public(&good),
            false,
            early,
            Some((CheckKind::Validity, "the signature was made in the future")),
        ),
        (
            &good,
            expired(&good),
            false,
            now,
            Some((CheckKind::Expiry, "the key has expired")),
        ),
    ];
    for (at, (key, ring, subkey, now, expected)) in cases.into_iter().enumerate() {
        let keys = Keyring::read(&bytes(&ring)).unwrap();
        let check = against(&message(key, subkey), &keys, now);
        let said = check.as_ref().map(|check| (check.kind, check.complaint()));
        assert_eq!(said, expected, "{at}");
    }
}

#[test]
fn every_armoured_block_of_a_file_is_read() {
    let (one, two) = (key(IN_2020, IN_2020), key(IN_2020, IN_2020));
    let blocks = [armour(&bytes(&public(&one))), armour(&bytes(&public(&two)))].concat();
    let keys = Keyring::read(&blocks).unwrap();
    assert_eq!(keys.fingerprints().len(), 2);
    for key in [&one, &two] {
        assert_eq!(against(&message(key, false), &keys, Timestamp::now()), None);
    }
}

/// It may be a good one: neither accepted nor called unreadable.
#[test]
fn a_message_that_is_compressed_with_bzip2_cannot_be_judged() {
    let signer = key(IN_2020, IN_2020);
    let keys = Keyring::read(&bytes(&public(&signer))).unwrap();
    let policy = Policy::of_signers("p", vec![Signer::new("k", SignedBy::OpenPgp(keys.into()))]);
    // a packet of compressed data (RFC 9580, section 5.6), by the third algorithm
    let packed = [&[0xc8, 15, 3][..], b"BZh91AY&SY\0\0\0\0"].concat();
    let report = judged(&packed, &policy);
    assert!(
        matches!(&report.verdict, Verdict::CannotSay { why, .. } if why.contains("BZip2")),
        "{:?}",
        report.verdict
    );
    let outcome = report.signatures[0].outcome(CheckKind::Form);
    assert_eq!(outcome, Outcome::NotChecked);
    // another algorithm is none
    let packed = [&[0xc8, 15, 99][..], b"BZh91AY&SY\0\0\0\0"].concat();
    let report = judged(&packed, &policy);
    assert!(matches!(report.verdict, Verdict::Rejected { .. }));
}
