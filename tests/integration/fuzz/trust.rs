//! What is read of signatures, keys and policies: envelopes, payloads, keyrings, trust roots.
//! Seeds are the signatures of the fixtures, and as they are they are accepted: a target by
//! which nothing is accepted would say nothing. Whatever comes in, nothing panics; what is
//! accepted passed every check, and says what the seed said.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use porthole::config::LookasideFiles;
use porthole::model::{Algorithm, Annotations, Digest, MediaType, RawDocument};
use porthole::signature::notation::{Envelope, Statement, StoreKind, TrustPolicy, TrustStore};
use porthole::signature::policy::{Policy, PolicyEdit, Requirement, ScopeName, edited, entries};
use porthole::signature::sign::{OpenPgpKey, PrivateKey, describe_public, needs_passphrase};
use porthole::signature::sigstore::{PublicKey, certificate_details};
use porthole::signature::simple::{Claim, Keyring, SignedIdentity};
use porthole::signature::{
    CheckKind, Format, Found, Judgement, NotationTrust, Outcome, Place, SignedBy, Signer,
    SignerFacts, Statement as Stated, Subject, Trust, TrustRoot, verify,
};

use super::mutate::Mutations;
use crate::signature::fixtures::{bytes, directory, identity};
use crate::signature::made::{self, Key};

const IMAGE: &str = "sha256:5d4cf3e3026c5cfb5249d241beb5f60d354183e5d5eb48e6317cf2c435150452";

/// Gives `target` every seed, each of which it has to accept, and `rounds` changed ones of
/// each.
fn run(name: &str, seeds: &[Vec<u8>], rounds: usize, target: impl Fn(&[u8]) -> bool) {
    run_of(name, seeds, seeds.len(), rounds, target);
}

/// As [`run`], where only so many of the seeds are `good` ones.
fn run_of(
    name: &str,
    seeds: &[Vec<u8>],
    good: usize,
    rounds: usize,
    target: impl Fn(&[u8]) -> bool,
) {
    let accepted = seeds.iter().filter(|seed| target(seed)).count();
    assert!(
        good > 0 && accepted == good,
        "{name}: {accepted} of {} seeds",
        seeds.len()
    );
    for (number, seed) in seeds.iter().enumerate() {
        let mut mutations = Mutations::new(number as u64 + 77, seeds);
        for _ in 0..rounds {
            let input = mutations.of(seed);
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| target(&input)));
            assert!(
                ended.is_ok(),
                "{name}: {:?} breaks it",
                String::from_utf8_lossy(&input)
            );
        }
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/signing")
        .join(name)
}

/// The files of a folder among the fixtures that have this ending.
fn files(name: &str, ending: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder(name)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending) && path.is_file());
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// The layers of this media type in a layout among the fixtures.
fn layers(media_type: &str) -> Vec<Vec<u8>> {
    let blobs = folder("referrers-amd64/blobs/sha256");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&blobs).unwrap() {
        let text = std::fs::read(entry.unwrap().path()).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        for layer in value["layers"].as_array().into_iter().flatten() {
            if layer["mediaType"]
                .as_str()
                .unwrap_or_default()
                .starts_with(media_type)
            {
                let hex = &layer["digest"].as_str().unwrap()[7..];
                found.push(std::fs::read(blobs.join(hex)).unwrap());
            }
        }
    }
    found.sort();
    found
}

fn subject() -> Subject {
    Subject {
        digest: IMAGE.parse().unwrap(),
        media_type: MediaType::new(MediaType::OCI_MANIFEST),
        size: 852,
        reference: Some("registry.example.org/fix/busybox:amd64".parse().unwrap()),
    }
}

fn found(format: Format, bytes: &[u8], media_type: &str, annotations: Annotations) -> Arc<Found> {
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    Arc::new(Found {
        format,
        statement: Stated::Signature,
        claims: Default::default(),
        listed_for: Digest::sha256(b""),
        place: Place::default(),
        raw: RawDocument::hash(bytes, Algorithm::Sha256, MediaType::new(media_type)),
        annotations,
        manifest: None,
    })
}

/// Judges, and holds what came of it to its promises.
fn judge(found: &Arc<Found>, subject: &Subject, trust: &Trust) -> Option<SignerFacts> {
    // a time at which the certificate of the fixtures' Notation signatures was valid
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    let report = verify(found, subject, trust, now);
    assert!(!report.checks.is_empty(), "nothing is said");
    let accepted = report.judgement() == Judgement::Accepted;
    assert_eq!(
        accepted,
        !report.accepts.is_empty() && report.authenticated.is_some()
    );
    if accepted {
        assert!(report.reason().is_none());
        for kind in [CheckKind::Signature, CheckKind::Subject] {
            assert_eq!(
                report.outcome(kind),
                Outcome::Passed,
                "{:#?}",
                report.checks
            );
        }
    }
    accepted.then(|| report.authenticated.clone().unwrap().signer)
}

/// Whether somebody is accepted, who has to be the one that the trust names.
fn only(expected: &SignerFacts, signer: Option<SignerFacts>) -> bool {
    signer.is_some_and(|signer| {
        assert_eq!(&signer, expected);
        true
    })
}

fn by_key(name: &str) -> (Trust, SignerFacts) {
    let key = PublicKey::from_pem(&bytes(name)).unwrap();
    let fingerprint = key.fingerprint();
    let trust = Trust {
        signers: vec![Signer::key("k", key)],
        root: Some(TrustRoot::read(&bytes("keys/trusted_root.json"), "test").unwrap()),
    };
    (trust, SignerFacts::Key { fingerprint })
}

#[test]
fn bundles() {
    let seeds = layers("application/vnd.dev.sigstore.bundle");
    assert_eq!(seeds.len(), 4);
    let (mut trust, key) = by_key("keys/cosign.pub");
    let subject = subject();
    let by_key = |seed: &&Vec<u8>| !String::from_utf8_lossy(seed).contains("rawBytes");
    let by_key = seeds.iter().filter(by_key).count();
    run_of("bundle", &seeds, by_key, 400, |bytes| {
        let found = found(Format::SigstoreBundle, bytes, "", Annotations::new());
        only(&key, judge(&found, &subject, &trust))
    });
    // the one with certificate, log entry and timestamp
    trust.signers = vec![identity(
        "https://github.com/peers/demo/.*",
        "https://token.actions.example.org",
    )];
    let keyless: Vec<_> = seeds
        .into_iter()
        .filter(|seed| String::from_utf8_lossy(seed).contains("tlogEntries"))
        .collect();
    let who = SignerFacts::Identity {
        subject: "https://github.com/peers/demo/.github/workflows/build.yml@refs/heads/main"
            .to_owned(),
        issuer: Some("https://token.actions.example.org".to_owned()),
    };
    run("bundle with certificate", &keyless, 2_000, |bytes| {
        let found = found(Format::SigstoreBundle, bytes, "", Annotations::new());
        only(&who, judge(&found, &subject, &trust))
    });
}

#[test]
fn dsse_envelopes() {
    let key = Key::new();
    let subject = made::subject("an image");
    let statement = made::statement(&[&subject.digest], "https://spdx.dev/Document").to_string();
    let envelope = made::bundle_value(&key, statement.as_bytes())["dsseEnvelope"].to_string();
    let trust = made::trust(vec![key.signer("k")]);
    let fingerprint = key.public.fingerprint();
    let expected = SignerFacts::Key { fingerprint };
    run("dsse", &[envelope.into_bytes()], 3_000, |bytes| {
        let found = found(Format::CosignAttestation, bytes, "", Annotations::new());
        only(&expected, judge(&found, &subject, &trust))
    });
}

#[test]
fn payloads_and_annotations_of_cosign() {
    let (seed, subject) = directory("dir-img-cosign-fulcio-rekor-valid");
    let trust = Trust {
        signers: vec![identity(
            "mitr@redhat.com",
            "https://github.com/login/oauth",
        )],
        root: Some(TrustRoot::embedded().unwrap()),
    };
    let who = SignerFacts::Identity {
        subject: "mitr@redhat.com".to_owned(),
        issuer: Some("https://github.com/login/oauth".to_owned()),
    };
    run(
        "cosign payload",
        &[seed.raw.bytes().to_vec()],
        1_000,
        |bytes| {
            let found = found(Format::Cosign, bytes, "", seed.annotations.clone());
            only(&who, judge(&found, &subject, &trust))
        },
    );
    for (key, text) in &seed.annotations {
        run(key, &[text.clone().into_bytes()], 700, |bytes| {
            let mut annotations = seed.annotations.clone();
            annotations.insert(key.clone(), String::from_utf8_lossy(bytes).into_owned());
            let found = found(Format::Cosign, seed.raw.bytes(), "", annotations);
            only(&who, judge(&found, &subject, &trust))
        });
    }
}

#[test]
fn notation_envelopes() {
    let statement = Statement::from_json(serde_json::json!({
        "name": "test", "registryScopes": ["*"],
        "signatureVerification": {"level": "strict", "override": {"expiry": "log"}},
        "trustStores": ["ca:e2e"], "trustedIdentities": ["*"],
    }))
    .unwrap();
    let mut store = TrustStore::default();
    let certificate = bytes("keys/notation.crt");
    store.add(
        StoreKind::Ca,
        "e2e",
        [("notation.crt", certificate.as_slice())],
    );
    let trust = Trust {
        signers: vec![Signer::new(
            "n",
            SignedBy::Notation(Arc::new(NotationTrust { statement, store })),
        )],
        root: None,
    };
    let subject = subject();
    let who = Envelope::read("application/jose+json", &layers("application/jose+json")[0]);
    let who = who.unwrap().chain[0].subject.to_string();
    for (format, media_type) in [
        (Format::NotationJws, "application/jose+json"),
        (Format::NotationCose, "application/cose"),
    ] {
        let seeds = layers(media_type);
        // one of the envelopes in JSON is about the image's SBOM
        run_of(media_type, &seeds, 1, 1_200, |bytes| {
            if let Ok(envelope) = Envelope::read(media_type, bytes) {
                assert!(!envelope.chain.is_empty());
                assert!(envelope.details().len() >= 6);
            }
            let found = found(format, bytes, media_type, Annotations::new());
            judge(&found, &subject, &trust).is_some_and(|signer| {
                assert!(
                    matches!(&signer, SignerFacts::Certificate { subject, .. } if *subject == who),
                    "{signer:?}"
                );
                true
            })
        });
    }
}

#[test]
fn openpgp_messages_and_keyrings() {
    let seeds = vec![
        bytes("simple-signing-dir/signature-1"),
        bytes("containers-image/dir-img-valid/signature-1"),
        bytes("containers-image/subkey.signature"),
        bytes("containers-image/subkey.signature-v3"),
        bytes("containers-image/unsigned-literal.signature"),
    ];
    let mut keys = Keyring::read(&bytes("keys/gpg-pub.asc")).unwrap();
    keys.add(&bytes("containers-image/public-key.gpg")).unwrap();
    keys.add(&bytes("containers-image/public-key-with-subkey.gpg"))
        .unwrap();
    let known = keys.fingerprints();
    let mut signer = Signer::new("p", SignedBy::OpenPgp(Arc::new(keys)));
    signer.signed_name = Some(SignedIdentity::MatchRepoDigestOrExact);
    let trust = Trust {
        signers: vec![signer],
        root: None,
    };
    // what the two who signed are about
    let theirs = Subject {
        digest: "sha256:20bf21ed457b390829cdbeec8795a7bea1626991fda603e0d01b4e7f60427e55"
            .parse()
            .unwrap(),
        reference: Some("testing/manifest:latest".parse().unwrap()),
        ..subject()
    };
    let subjects = [subject(), theirs];
    // the last is signed by nobody
    run_of("openpgp message", &seeds, 4, 800, |bytes| {
        let found = found(Format::SimpleSigning, bytes, "", Annotations::new());
        let judged = subjects
            .iter()
            .map(|subject| judge(&found, subject, &trust));
        let accepted: Vec<_> = judged.flatten().collect();
        assert!(accepted.len() < 2, "it is about one image");
        for signer in &accepted {
            assert!(
                matches!(signer, SignerFacts::OpenPgp { fingerprint } if known.contains(fingerprint)),
                "{signer:?}"
            );
        }
        !accepted.is_empty()
    });
    let keyrings = [
        bytes("keys/gpg-pub.asc"),
        bytes("keys/gpg-ed-pub.asc"),
        bytes("containers-image/public-key.gpg"),
        bytes("containers-image/public-key-with-revoked-subkey.gpg"),
    ];
    run("openpgp keys", &keyrings, 150, |bytes| {
        let _ = OpenPgpKey::read(bytes, None);
        Keyring::read(bytes).is_ok_and(|keys| {
            assert!(!keys.fingerprints().is_empty());
            true
        })
    });
}

#[test]
fn simple_signing_claims() {
    let claim = Claim {
        digest: IMAGE.parse().unwrap(),
        reference: "registry.example.org/fix/busybox:amd64".to_owned(),
        creator: Some("porthole".to_owned()),
        timestamp: Some(1_700_000_000),
    };
    run("claim", &[claim.to_bytes()], 4_000, |bytes| {
        Claim::read(bytes).is_ok_and(|claim| {
            // what is read is written as the same
            assert_eq!(Claim::read(&claim.to_bytes()).as_ref(), Ok(&claim));
            true
        })
    });
}

#[test]
fn keys_and_certificates() {
    let seeds = vec![
        bytes("keys/cosign.pub"),
        bytes("keys/rekor.pub.pem"),
        bytes("containers-image/some-rsa-key.pub"),
    ];
    run("public key", &seeds, 2_000, |bytes| {
        let _ = describe_public(bytes);
        PublicKey::from_pem(bytes).is_ok_and(|key| {
            let again = PublicKey::from_der(key.der()).unwrap();
            assert_eq!(again.fingerprint(), key.fingerprint());
            assert_eq!(key.verify(b"x", bytes), None);
            true
        })
    });
    let sealed = PrivateKey::read(&made::private_pem(), None).unwrap();
    // scrypt takes long: what is broken has to be refused before
    let sealed = sealed.to_file(b"secret").unwrap().to_vec();
    run(
        "private key",
        &[sealed, made::private_pem()],
        400,
        |bytes| {
            let sealed = needs_passphrase(bytes);
            if String::from_utf8_lossy(bytes).contains("ENCRYPTED") {
                return sealed;
            }
            PrivateKey::read(bytes, None).is_ok_and(|key| {
                assert!(!sealed && !key.facts().unwrap().fingerprint.is_empty());
                true
            })
        },
    );
    let certificates = [bytes("keys/notation.crt"), bytes("keys/fulcio-root.pem")];
    run("certificate", &certificates, 500, |bytes| {
        let read = porthole::signature::x509::Certificate::all_from_file(bytes);
        let read = read.unwrap_or_default();
        for certificate in &read {
            let _ = certificate_details(certificate.der());
        }
        let _ = certificate_details(bytes);
        !read.is_empty()
    });
    run(
        "trust root",
        &[bytes("keys/trusted_root.json")],
        150,
        |bytes| {
            TrustRoot::read(bytes, "test").is_ok_and(|root| {
                assert_eq!(root.fingerprint().len(), 64);
                let _ = root.describe();
                true
            })
        },
    );
}

const OWN: &str = r#"# whom we trust
version = 1
[[rule]]
scope = "registry.example.com/edge/**"
signers = ["release", "ci"]
at_least = 2
attestations = ["https://spdx.dev/Document"]
level = "both"
[[signer]]
name = "release"
identity_regexp = "release@.*"
issuer = "https://accounts.example.com"
[[signer]]
name = "ci"
key_file = "keys/cosign.pub"
[[signer]]
name = "wabbit"
[signer.notation]
stores = ["ca:wabbit"]
identities = ["x509.subject: C=US, ST=WA, O=wabbit"]
"#;

/// A policy asks for somebody, or says that it does not.
fn policy(text: &str) -> Option<Policy> {
    let read = |path: &str| match path.contains("..") {
        true => Err("outside".to_owned()),
        false => std::fs::read(folder(path)).map_err(|error| error.to_string()),
    };
    let policy = Policy::read_any(text, "fuzz", &read).ok()?;
    assert_eq!(policy.fingerprint.len(), 64);
    for rule in &policy.rules {
        assert!(!rule.requirements.is_empty());
        for requirement in &rule.requirements {
            if let Requirement::Signed(asked) = requirement {
                assert!(!asked.signers.is_empty(), "nobody could satisfy it");
                assert!(asked.at_least > 0 || !asked.attestations.is_empty());
            }
        }
        assert!(!rule.asks().is_empty());
    }
    for name in ["registry.example.com/edge/api", "oci:/images/app", ""] {
        let _ = policy.rule(&ScopeName::from(name));
    }
    Some(policy)
}

#[test]
fn own_policies() {
    run("trust.toml", &[OWN.as_bytes().to_vec()], 3_000, |bytes| {
        let Ok(text) = str::from_utf8(bytes) else {
            return false;
        };
        let read = policy(text);
        let Ok(listed) = entries(text) else {
            return read.is_some();
        };
        // a policy that can be used can be changed, and stays one that can be used
        if let (Some(_), Some(rule)) = (&read, listed.rules.first()) {
            let scope = rule.scope.clone();
            let less = edited(text, &PolicyEdit::RemoveRule { scope }).unwrap();
            assert!(policy(&less).is_some(), "{less}");
            let off = edited(text, &PolicyEdit::Automatic(false)).unwrap();
            assert!(policy(&off).is_some_and(|policy| policy.by_hand), "{off}");
        }
        read.is_some()
    });
}

#[test]
fn policies_of_others() {
    /// The rest of Notation's are those that it refuses.
    const GOOD: usize = 24;
    let mut seeds = vec![bytes("containers-image/policy.json")];
    seeds.extend(files("notation/trustpolicies", ".json"));
    seeds.push(br#"{"default":[{"type":"reject"}],"transports":{"docker":{"host/a":[{"type":"sigstoreSigned","keyPath":"keys/cosign.pub","signedIdentity":{"type":"remapIdentity","prefix":"a","signedPrefix":"b"}}]},"dir":{"/x":[{"type":"signedBy","keyType":"GPGKeys","keyPath":"keys/gpg-pub.asc"}]}}}"#.to_vec());
    run_of("policies of others", &seeds, GOOD, 150, |bytes| {
        let notation = TrustPolicy::read(bytes).is_ok_and(|policy| {
            assert!(!policy.statements.is_empty());
            true
        });
        let any = str::from_utf8(bytes).ok().and_then(policy);
        assert!(any.is_some() || !notation, "what Notation takes is taken");
        any.is_some()
    });
}

#[test]
fn registries_d() {
    let home = tempfile::tempdir().unwrap();
    let own = home.path().join("own.yaml");
    let files = LookasideFiles {
        folders: vec![home.path().to_owned()],
        fallback: None,
    };
    let seed = b"# where signatures lie\ndefault-docker:\n  lookaside: file:///var/lib/x\ndocker:\n  r.example.com/team:\n    lookaside: https://s.example.com/a\n    lookaside-staging: 'file:///mnt/a'\n    use-sigstore-attachments: true\n";
    let image = "r.example.com/team/app:1".parse().unwrap();
    run("registries.d", &[seed.to_vec()], 1_500, |bytes| {
        std::fs::write(&own, bytes).unwrap();
        files.read().is_ok_and(|read| {
            let places = [read.reading(&image), read.writing(&image)];
            for place in places.into_iter().flatten() {
                assert!(!place.is_empty() && !place.contains('\n'), "{place:?}");
            }
            let _ = read.attaches(&image);
            true
        })
    });
}
