//! Bad input to what vouches for an image: giants, crowds, headers that nobody knows. What
//! is good beside it stays good, and what was not read is never "unsigned".

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use porthole::model::{Digest, MediaType, limits};
use porthole::signature::CheckKind;
use porthole::signature::notation::{self, PAYLOAD_TYPE, StoreKind, TrustPolicy, TrustStore};
use serde_json::{Value, json};

use super::cli::verify_at;
use super::made::{self, Key};
use crate::support::layout::Layout;
use crate::support::sigstore::der::{
    Authority, Key as DerKey, Wanted, children, content, extension, name, oid, sequence, usage,
};

const JWS: &str = "application/jose+json";

/// A certificate that would be good, were it not so long.
#[test]
fn a_certificate_of_a_megabyte_is_not_read() {
    let made = Envelope::new();
    let read = |padding: usize| {
        let chain = [made.leaf(padding), made.root.certificate.clone()];
        notation::Envelope::read(JWS, &made.with_chain(&chain))
    };
    assert!(read(1000).is_ok());
    assert!(read(1 << 20).is_err());
}

/// An image in a layout, with these layers under cosign's tag.
fn signed_by(home: &Path, layers: &dyn Fn(&Layout, &Digest) -> Vec<Value>) -> String {
    let mut layout = Layout::new(home.join("layout"));
    let image = layout.image("linux/amd64", &["a layer"]);
    layout.name("app", &image);
    let config = layout.document(MediaType::OCI_CONFIG, &json!({}));
    let layers = layers(&layout, &image.digest);
    let signatures = layout.document(
        MediaType::OCI_MANIFEST,
        &json!({
            "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST,
            "config": config, "layers": layers,
        }),
    );
    layout.name(&format!("sha256-{}.sig", image.digest.hex()), &signatures);
    layout.reference("app")
}

/// A layer that is the signature of `key`.
fn layer(layout: &Layout, image: &Digest, key: &Key) -> Value {
    let payload = made::payload(&image.to_string());
    let kind = "application/vnd.dev.cosign.simplesigning.v1+json";
    let layer = layout.blob(kind, &payload);
    let mut layer = serde_json::to_value(layer).unwrap();
    let signature = STANDARD.encode(key.sign(&payload));
    layer["annotations"] = json!({"dev.cosignproject.cosign/signature": signature});
    layer
}

fn key_file(home: &Path, key: &Key) -> String {
    let path = home.join("key.pub");
    let body = STANDARD.encode(key.public.der());
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
    std::fs::write(&path, pem).unwrap();
    path.display().to_string()
}

fn judged(home: &Path, image: &str, key: &Key) -> (Option<i32>, Value) {
    let key = key_file(home, key);
    let output = verify_at(home, &[image, "--key", &key, "--offline", "--json"]);
    let report = serde_json::from_slice(&output.stdout);
    (
        output.status.code(),
        report.unwrap_or_else(|_| panic!("{output:?}")),
    )
}

/// More signatures than are read: by the limit, and never "unsigned".
#[test]
fn of_thousands_of_signatures_a_named_number_is_read() {
    let home = tempfile::tempdir().unwrap();
    let (mine, stranger) = (Key::new(), Key::new());
    let image = signed_by(home.path(), &|layout, image| {
        let mut layers = vec![layer(layout, image, &mine)];
        layers.resize(3 * limits::SIGNATURES, layer(layout, image, &stranger));
        layers
    });
    // what is good is good
    let (code, report) = judged(home.path(), &image, &mine);
    assert_eq!((code, &report["verdict"]), (Some(0), &json!("accepted")));
    // whether anybody else signed is not known
    let (code, report) = judged(home.path(), &image, &Key::new());
    assert_eq!((code, &report["verdict"]), (Some(1), &json!("cannotSay")));
    let problems = report["problems"].to_string();
    let limit = limits::SIGNATURES.to_string();
    assert!(
        problems.contains(&limit) || problems.contains("1,000"),
        "{problems}"
    );
    assert_eq!(
        report["signatures"].as_array().unwrap().len(),
        limits::SIGNATURES
    );
}

/// A payload that is too large to be one.
#[test]
fn a_giant_payload_is_not_read_and_takes_nothing_from_what_is_good() {
    let home = tempfile::tempdir().unwrap();
    let mine = Key::new();
    let image = signed_by(home.path(), &|layout, image| {
        let size = usize::try_from(limits::SIGNATURE_BYTES).unwrap() + 1;
        let kind = "application/vnd.dev.cosign.simplesigning.v1+json";
        let giant = layout.blob(kind, &vec![b' '; size]);
        vec![
            serde_json::to_value(giant).unwrap(),
            layer(layout, image, &mine),
        ]
    });
    let (code, report) = judged(home.path(), &image, &mine);
    assert_eq!((code, &report["verdict"]), (Some(0), &json!("accepted")));
    let (code, report) = judged(home.path(), &image, &Key::new());
    assert_eq!((code, &report["verdict"]), (Some(1), &json!("cannotSay")));
    assert_eq!(report["signatures"].as_array().unwrap().len(), 1);
}

/// A signature of Notation, made here.
struct Envelope {
    root: Authority,
    key: DerKey,
    now: Timestamp,
    /// What is signed, and what it is signed for.
    subject: porthole::signature::Subject,
}

impl Envelope {
    fn new() -> Self {
        let root = Authority::root("root");
        let key = DerKey::new();
        let now = Timestamp::now();
        let subject = made::subject("an image");
        Self {
            root,
            key,
            now,
            subject,
        }
    }

    /// Its certificate, with so many bytes in an extension that says nothing.
    fn leaf(&self, padding: usize) -> Vec<u8> {
        self.root.issue(&Wanted {
            subject: name("release"),
            spki: &self.key.spki,
            from: self.now - SignedDuration::from_hours(1),
            to: self.now + SignedDuration::from_hours(1),
            extensions: vec![
                usage(7, 0b1000_0000),
                extension("2.5.29.37", false, &sequence(&[&oid("1.3.6.1.5.5.7.3.3")])),
                extension("2.999", false, &vec![0; padding]),
            ],
        })
    }

    fn with_chain(&self, chain: &[Vec<u8>]) -> Vec<u8> {
        self.made(&json!({}), &[], chain)
    }

    /// With these headers beside the usual ones, and more names that are critical.
    fn with(&self, headers: &Value, critical: &[&str]) -> Vec<u8> {
        let chain = [self.leaf(0), self.root.certificate.clone()];
        self.made(headers, critical, &chain)
    }

    fn made(&self, headers: &Value, critical: &[&str], chain: &[Vec<u8>]) -> Vec<u8> {
        const SCHEME: &str = "io.cncf.notary.signingScheme";
        let critical: Vec<_> = [SCHEME]
            .into_iter()
            .chain(critical.iter().copied())
            .collect();
        let time = self.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut protected = json!({
            "alg": "ES256",
            "cty": PAYLOAD_TYPE,
            "crit": critical,
            SCHEME: "notary.x509",
            "io.cncf.notary.signingTime": time,
        });
        for (key, value) in headers.as_object().unwrap() {
            protected[key] = value.clone();
        }
        let payload = json!({"targetArtifact": {
            "mediaType": self.subject.media_type.as_str(),
            "digest": self.subject.digest.to_string(),
            "size": self.subject.size,
        }});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let (protected, payload) = (part(&protected), part(&payload));
        let signature = self.key.sign(format!("{protected}.{payload}").as_bytes());
        let chain: Vec<_> = chain.iter().map(|der| STANDARD.encode(der)).collect();
        json!({
            "payload": payload,
            "protected": protected,
            "header": {"x5c": chain},
            "signature": URL_SAFE_NO_PAD.encode(jose(&signature)),
        })
        .to_string()
        .into_bytes()
    }
}

/// Both numbers of a signature of P-256 behind each other, as JWS has them.
fn jose(der: &[u8]) -> Vec<u8> {
    let numbers = children(content(der)).into_iter().flat_map(|number| {
        let digits = content(&number);
        let mut padded = [0; 32];
        let from = digits.len().saturating_sub(32);
        let digits = &digits[from..];
        padded[32 - digits.len()..].copy_from_slice(digits);
        padded
    });
    numbers.collect()
}

/// Who marks a header critical asks not to be read by those who do not know it.
#[test]
fn a_critical_header_that_is_not_known_is_refused() {
    let made = Envelope::new();
    let policy = json!({"version": "1.0", "trustPolicies": [{
        "name": "p", "registryScopes": ["*"],
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:own"], "trustedIdentities": ["*"],
    }]});
    let policy = TrustPolicy::read(policy.to_string().as_bytes()).unwrap();
    let mut store = TrustStore::default();
    let root = made.root.certificate.clone();
    store.add(StoreKind::Ca, "own", [("root.der", root.as_slice())]);
    let judge = |envelope: &[u8]| {
        let trust = notation::Trust {
            statement: &policy.statements[0],
            store: &store,
        };
        notation::verify(&made.subject, JWS, envelope, Some(trust), made.now)
    };
    let header = json!({"com.example.ours": "x"});
    // what is not critical may be anything
    let verified = judge(&made.with(&header, &[]));
    assert!(verified.accepted_by.is_some(), "{:#?}", verified.checks);
    let verified = judge(&made.with(&header, &["com.example.ours"]));
    let reason = verified.checks.iter().find(|check| check.is_failed());
    let reason = reason.expect("it is refused");
    assert_eq!(reason.kind, CheckKind::Form);
    assert!(reason.detail.contains("com.example.ours"), "{reason:?}");
    assert!(verified.authenticated.is_none() && verified.accepted_by.is_none());
    // one that is critical and not there
    let verified = judge(&made.with(&json!({}), &["com.example.ours"]));
    assert!(verified.accepted_by.is_none());
}
