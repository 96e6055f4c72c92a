//! Signatures of others, good and bad, and what becomes of each.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use jiff::Timestamp;
use pgp::packet::{Packet, PacketParser};
use porthole::model::{Digest, MediaType};
use porthole::signature::simple::{
    Claim, ClaimError, Keyring, SignedIdentity, Trust, Unmatched, verify,
};
use porthole::signature::{CheckKind, SignerFacts, Subject};

use crate::support::mutants::{Class, Mutant, Tally};

const IMAGE: &str = "20bf21ed457b390829cdbeec8795a7bea1626991fda603e0d01b4e7f60427e55";
const MADE_HERE: &str = "5d4cf3e3026c5cfb5249d241beb5f60d354183e5d5eb48e6317cf2c435150452";

fn read(path: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/signing");
    fs::read(folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn subject(hex: &str, reference: &str) -> Subject {
    Subject {
        digest: format!("sha256:{hex}").parse().unwrap(),
        media_type: MediaType::new(MediaType::DOCKER_MANIFEST),
        size: 1,
        reference: Some(reference.parse().unwrap()),
    }
}

fn now() -> Timestamp {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

#[test]
fn every_signature_of_containers_image_gives_the_outcome_that_it_documents() {
    use CheckKind::{Expiry, Form, Key, Reference, Revocation, Subject};
    let main = "public-key.gpg";
    let other = "public-key-2.gpg";
    let subkey = "public-key-with-subkey.gpg";
    let revoked = "public-key-with-revoked-subkey.gpg";
    // file, keyring, name that is asked for, what decides against it
    let latest = "testing/manifest:latest";
    let cases = [
        ("dir-img-valid/signature-1", main, latest, None),
        ("dir-img-valid/signature-1", "pubring.gpg", latest, None),
        ("dir-img-valid/signature-1", main, "testing/manifest", None),
        (
            "dir-img-valid/signature-1",
            main,
            "testing/manifest:v1",
            Some(Reference),
        ),
        (
            "dir-img-valid/signature-1",
            main,
            "testing/other:latest",
            Some(Reference),
        ),
        ("dir-img-valid/signature-1", other, latest, Some(Key)),
        ("dir-img-valid-2/signature-1", main, latest, None),
        ("dir-img-valid-2/signature-2", main, latest, None),
        ("dir-img-valid-subkey/signature-1", subkey, latest, None),
        ("subkey.signature", subkey, latest, None),
        ("subkey.signature-v3", subkey, latest, None),
        (
            "subkey-revoked.signature",
            revoked,
            latest,
            Some(Revocation),
        ),
        (
            "subkey-revoked.signature-v3",
            revoked,
            latest,
            Some(Revocation),
        ),
        // a name without tag or digest was signed: it is exactly nothing
        ("image.signature", main, latest, Some(Reference)),
        (
            "no-optional-fields.signature",
            main,
            latest,
            Some(Reference),
        ),
        ("invalid-reference.signature", main, latest, Some(Reference)),
        ("invalid-blob.signature", main, latest, Some(Form)),
        ("invalid-blob.signature-v3", main, latest, Some(Form)),
        ("corrupt.signature", main, latest, Some(Key)),
        ("corrupt.signature-v3", main, latest, Some(Key)),
        ("expired.signature", main, latest, Some(Expiry)),
        ("unknown-key.signature", main, latest, Some(Key)),
        ("unknown-key.signature-v3", main, latest, Some(Key)),
        ("unsigned-literal.signature", main, latest, Some(Form)),
        ("unsigned-encrypted.signature", main, latest, Some(Form)),
        ("dir-img-mixed/signature-1", main, latest, Some(Form)),
        ("dir-img-mixed/signature-2", main, latest, None),
    ];
    for (file, keys, name, expected) in cases {
        let keys = Keyring::read(&read(&format!("containers-image/{keys}"))).unwrap();
        let trust = Trust {
            keys: &keys,
            identity: &SignedIdentity::MatchRepoDigestOrExact,
        };
        let bytes = read(&format!("containers-image/{file}"));
        let judge = |hex: &str| verify(&subject(hex, name), &bytes, Some(trust), now());
        let verified = judge(IMAGE);
        let reason = verified.checks.iter().find(|check| check.is_failed());
        let what = format!("{file} for {name}: {:#?}", verified.checks);
        assert_eq!(reason.map(|check| check.kind), expected, "{what}");
        assert_eq!(
            verified.authenticated.is_some(),
            expected.is_none(),
            "{what}"
        );
        if expected.is_none() {
            // dir-img-modified-manifest: the same signature beside another manifest
            let other = judge("2edc21ff514c75c0acb47d466dccce1d6acc592176d29d9e995cb5daba9c18ac");
            assert!(other.authenticated.is_none());
            let reason = other.checks.iter().find(|check| check.is_failed());
            assert_eq!(reason.unwrap().kind, Subject);
        }
    }
}

/// The library adds the bytes that it stumbled over, hundreds of them.
#[test]
fn a_damaged_keyring_is_said_to_be_one_in_a_few_words() {
    let good = read("containers-image/pubring.gpg");
    let mut longest = String::new();
    let mut refused = 0;
    for at in 0..good.len().min(2000) {
        let mut flipped = good.clone();
        flipped[at] ^= 0x55;
        for bytes in [&good[..at], &flipped] {
            if let Err(why) = Keyring::read(bytes) {
                refused += 1;
                longest = std::cmp::max_by_key(longest, why.to_string(), String::len);
            }
        }
    }
    assert!(refused > 1000, "{refused}");
    assert!(longest.len() < 200 && !longest.contains('['), "{longest}");
}

#[test]
fn what_skopeo_signed_is_accepted_and_no_mutant_of_it() {
    let keys = Keyring::read(&read("keys/gpg-pub.asc")).unwrap();
    let trust = Trust {
        keys: &keys,
        identity: &SignedIdentity::MatchRepoDigestOrExact,
    };
    let subject = subject(MADE_HERE, "registry.example.org/fix/busybox:amd64");
    let judge = |bytes: &[u8]| verify(&subject, bytes, Some(trust), now());
    let good = read("simple-signing-dir/signature-1");
    let facts = judge(&good).authenticated.expect("skopeo's signature");
    assert!(
        matches!(&facts.signer, SignerFacts::OpenPgp { fingerprint } if fingerprint.ends_with("CE43728AB650266B"))
    );
    let mut tally = Tally::new("OpenPGP, by skopeo", OPENPGP);
    let flips = [1, 2, 4, 8, 16, 32, 64, 128];
    tally.all("message", &good, &flips, 1, |mutant, at| {
        match judge(mutant).authenticated {
            Some(other) => {
                assert_eq!(other, facts, "at {at}");
                true
            }
            None => false,
        }
    });
    assert!(tally.end() > 3_000);
}

const OPENPGP: &[Class] = &[
    ("the same packets, packed in another way", |mutant| {
        changed(mutant) == [false, false, false]
    }),
    ("the notice before the text", |mutant| {
        changed(mutant) == [true, false, false]
    }),
    ("name, date and kind of the text", |mutant| {
        changed(mutant) == [false, true, false]
    }),
    ("what of the signature is not hashed", |mutant| {
        changed(mutant) == [false, false, true]
    }),
];

/// Whether the notice before the text, the text with what stands around it, and the signature
/// are others than before.
fn changed(mutant: &Mutant<'_>) -> [bool; 3] {
    let (before, after) = (packets(mutant.before), packets(mutant.after));
    [0, 1, 2].map(|at| before[at] != after[at])
}

fn packets(bytes: &[u8]) -> [String; 3] {
    let mut found = <[String; 3]>::default();
    for packet in PacketParser::new(bytes).flatten() {
        match packet {
            Packet::CompressedData(packed) => {
                let mut plain = Vec::new();
                // what comes before it breaks off counts
                let _ = packed
                    .decompress()
                    .map(|mut reader| reader.read_to_end(&mut plain));
                return packets(&plain);
            }
            Packet::OnePassSignature(notice) => found[0] = format!("{notice:?}"),
            Packet::LiteralData(text) => found[1] = format!("{text:?}"),
            Packet::Signature(signature) => found[2] = format!("{signature:?}"),
            _ => {}
        }
    }
    found
}

/// Pitfall 12: the name decides for simple signing.
#[test]
fn signed_names_are_compared_as_the_policy_says() {
    use SignedIdentity::{
        ExactReference, ExactRepository, MatchExact, MatchRepoDigestOrExact, MatchRepository,
        RemapIdentity,
    };
    let digest = Digest::sha256(b"x");
    let by_digest = format!("example.com/a/b@{digest}");
    let remap = || RemapIdentity {
        prefix: "mirror.local/a".to_owned(),
        signed_prefix: "example.com/a".to_owned(),
    };
    let exact = |text: &str| ExactReference(text.to_owned());
    let repository = |text: &str| ExactRepository(text.to_owned());
    // kind, image, signed, whether it does
    let cases = [
        (MatchExact, "example.com/a/b:1", "example.com/a/b:1", true),
        (MatchExact, "example.com/a/b:1", "example.com/a/b:2", false),
        (MatchExact, &by_digest, "example.com/a/b:1", false),
        (MatchExact, &by_digest, &by_digest, true),
        (
            MatchExact,
            "busybox",
            "docker.io/library/busybox:latest",
            true,
        ),
        (MatchExact, "busybox", "busybox", false),
        (
            MatchRepoDigestOrExact,
            &by_digest,
            "example.com/a/b:1",
            true,
        ),
        (
            MatchRepoDigestOrExact,
            &by_digest,
            "example.com/a/c:1",
            false,
        ),
        (MatchRepoDigestOrExact, &by_digest, "example.com/a/b", false),
        (
            MatchRepoDigestOrExact,
            "example.com/a/b:1",
            "example.com/a/b:2",
            false,
        ),
        (
            MatchRepository,
            "example.com/a/b:1",
            "example.com/a/b:2",
            true,
        ),
        (
            MatchRepository,
            "example.com/a/b:1",
            "example.com/a/b",
            true,
        ),
        (
            MatchRepository,
            "example.com/a/b:1",
            "example.com/a:1",
            false,
        ),
        (
            exact("example.com/x:1"),
            "example.com/a/b:1",
            "example.com/x:1",
            true,
        ),
        (
            exact("example.com/x:1"),
            "example.com/a/b:1",
            "example.com/a/b:1",
            false,
        ),
        (
            repository("example.com/x"),
            "example.com/a/b:1",
            "example.com/x:9",
            true,
        ),
        (
            repository("example.com/x"),
            "example.com/a/b:1",
            "example.com/y:9",
            false,
        ),
        (remap(), "mirror.local/a/b:1", "example.com/a/b:1", true),
        (remap(), "mirror.local/ab:1", "example.com/ab:1", false),
        (remap(), "example.com/a/b:1", "example.com/a/b:1", true),
    ];
    for (identity, image, signed, expected) in cases {
        let image = image.parse().unwrap();
        let checked = identity.check(Some(&image), signed);
        assert_eq!(
            checked.is_ok(),
            expected,
            "{identity:?} {image} {signed}: {checked:?}"
        );
    }
    assert_eq!(
        MatchExact.check(None, "example.com/a:1"),
        Err(Unmatched::NoName)
    );
}

/// Pitfall 21: the text is read strictly.
#[test]
fn claims_say_nothing_twice_and_nothing_unknown() {
    let good = format!(
        r#"{{"critical":{{"identity":{{"docker-reference":"a:1"}},"image":{{"docker-manifest-digest":"sha256:{IMAGE}"}},"type":"atomic container signature"}},"optional":{{"timestamp":1.0,"x":[]}}}}"#
    );
    let claim = Claim::read(good.as_bytes()).unwrap();
    assert_eq!(claim.timestamp, Some(1));
    assert_eq!(Claim::read(&claim.to_bytes()).unwrap(), claim);
    let changed = |from: &str, to: &str| {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good);
        Claim::read(text.as_bytes()).unwrap_err()
    };
    let twice = changed(r#""type":"#, r#""type":"x","type":"#).to_string();
    assert!(twice.contains("twice"), "{twice}");
    for place in [
        r#""type""#,
        r#""docker-manifest-digest""#,
        r#""docker-reference""#,
        r#""critical""#,
    ] {
        let error = changed(place, &format!(r#""extra":1,{place}"#));
        assert_eq!(error, ClaimError::Unknown("extra".to_owned()), "{place}");
    }
    assert_eq!(
        changed(r#","optional":{"timestamp":1.0,"x":[]}"#, ""),
        ClaimError::Missing("optional")
    );
    assert_eq!(changed("1.0", "1.5"), ClaimError::Type("timestamp"));
    assert!(matches!(
        changed("atomic container", "cosign container image"),
        ClaimError::OtherType { .. }
    ));
    assert!(matches!(
        changed("sha256:2", "sha256:Z"),
        ClaimError::Digest(_)
    ));
}
