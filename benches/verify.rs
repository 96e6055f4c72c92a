//! Verifying an index of eight platforms with three signatures each, from a local layout:
//! what reading costs, and what judging costs beyond it, on one core.
//!
//! The three are a bundle by key, one of cosign's older signatures by key, and a bundle with
//! certificate, log entry with proof and promise, and timestamp. The last is of another
//! image, so it is refused in the end, after every check of it was made.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::StreamExt as _;
use porthole::config::Network;
use porthole::model::{Digest, MediaType, Reference};
use porthole::referrers::{Search, search};
use porthole::signature::policy::{Policy, judge};
use porthole::signature::sigstore::{IdentityRule, Pattern, PublicKey};
use porthole::signature::{Discovered, Discovery, Signer, Subject, TrustRoot, discover};
use porthole::transport::registry::Client;
use porthole::transport::{self, Source};
use serde_json::{Value, json};

const PLATFORMS: usize = 8;
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The keyless bundle among the fixtures.
const KEYLESS: &str =
    "referrers-amd64/blobs/sha256/2bc492dc55d9ba643fc7fc33b59ed72eab79823dc0822cffcb9fac4177b9b77e";

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/signing");
    std::fs::read(folder.join(name)).expect("the fixtures are there")
}

/// A layout under way.
struct Layout {
    folder: PathBuf,
    entries: Vec<Value>,
}

impl Layout {
    fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = Digest::sha256(bytes);
        let path = self.folder.join("blobs/sha256").join(digest.hex());
        std::fs::write(path, bytes).expect("a folder to write to");
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    fn manifest(&self, subject: Option<&Value>, artifact_type: &str, layer: &Value) -> Value {
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.blob("application/vnd.oci.empty.v1+json", b"{}"),
            "layers": [layer],
        });
        if let Some(subject) = subject {
            manifest["subject"] = subject.clone();
            manifest["artifactType"] = artifact_type.into();
        }
        self.blob(MANIFEST, manifest.to_string().as_bytes())
    }

    /// Signs `image` three times.
    fn sign(&mut self, key: &EcdsaKeyPair, image: &Value) {
        let sign = |bytes: &[u8]| {
            let signed = key.sign(&SystemRandom::new(), bytes).expect("it can sign");
            STANDARD.encode(signed.as_ref())
        };
        let hex = image["digest"].as_str().expect("a digest").split_once(':');
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"digest": {"sha256": hex.expect("a digest").1}}],
            "predicateType": "https://sigstore.dev/cosign/sign/v1",
            "predicate": {},
        })
        .to_string();
        let kind = "application/vnd.in-toto+json";
        let signed = format!(
            "DSSEv1 {} {kind} {} {statement}",
            kind.len(),
            statement.len()
        );
        let bundle = json!({
            "mediaType": BUNDLE,
            "verificationMaterial": {"publicKey": {"hint": ""}},
            "dsseEnvelope": {
                "payload": STANDARD.encode(&statement),
                "payloadType": kind,
                "signatures": [{"sig": sign(signed.as_bytes())}],
            },
        });
        let payload = json!({
            "critical": {
                "identity": {"docker-reference": "registry.example.com/app"},
                "image": {"docker-manifest-digest": image["digest"]},
                "type": "cosign container image signature",
            },
            "optional": null,
        })
        .to_string();
        let mut layer = self.blob(PAYLOAD, payload.as_bytes());
        layer["annotations"] =
            json!({"dev.cosignproject.cosign/signature": sign(payload.as_bytes())});
        let layers = [
            (BUNDLE, self.blob(BUNDLE, bundle.to_string().as_bytes())),
            ("application/vnd.dev.cosign.artifact.sig.v1+json", layer),
            (BUNDLE, self.blob(BUNDLE, &fixture(KEYLESS))),
        ];
        for (artifact_type, layer) in layers {
            let entry = self.manifest(Some(image), artifact_type, &layer);
            self.entries.push(entry);
        }
    }

    /// Writes the images, their signatures and the index; gives the images.
    fn fill(mut self, key: &EcdsaKeyPair) -> Vec<Subject> {
        std::fs::create_dir_all(self.folder.join("blobs/sha256")).expect("a folder");
        let images: Vec<_> = (0..PLATFORMS)
            .map(|n| {
                let layer = self.blob("application/octet-stream", &n.to_le_bytes());
                self.manifest(None, "", &layer)
            })
            .collect();
        for image in &images {
            self.sign(key, image);
        }
        let index = json!({
            "schemaVersion": 2,
            "mediaType": MediaType::OCI_INDEX,
            "manifests": images,
        });
        let mut index = self.blob(MediaType::OCI_INDEX, index.to_string().as_bytes());
        index["annotations"] = json!({"org.opencontainers.image.ref.name": "app"});
        self.entries.insert(0, index);
        let listed = json!({"schemaVersion": 2, "manifests": self.entries}).to_string();
        std::fs::write(self.folder.join("index.json"), listed).expect("a folder");
        let version = r#"{"imageLayoutVersion":"1.0.0"}"#;
        std::fs::write(self.folder.join("oci-layout"), version).expect("a folder");
        let subject = |image: &Value| Subject {
            digest: image["digest"]
                .as_str()
                .expect("a digest")
                .parse()
                .expect("a digest"),
            media_type: MediaType::new(MANIFEST),
            size: image["size"].as_u64().expect("a size"),
            reference: None,
        };
        images.iter().map(subject).collect()
    }
}

/// Everything that is signed about `subjects`.
async fn read(source: &Arc<dyn Source>, subjects: &[Subject]) -> Vec<Discovered> {
    let mut all = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let mut trees = search(Search {
            source: Arc::clone(source),
            manifests: Arc::new(Arc::clone(source)),
            subject: subject.digest.clone(),
            in_index: Vec::new(),
            listed: None,
        });
        let mut tree = None;
        while let Some(fuller) = trees.next().await {
            tree = Some(fuller);
        }
        let discovery = Discovery {
            source: Arc::clone(source),
            manifests: Arc::new(Arc::clone(source)),
            tree: Arc::new(tree.expect("a tree")),
            offline: true,
        };
        all.push(discover(discovery).await);
    }
    all
}

fn verify(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
    let layout = Layout {
        folder: folder.path().to_owned(),
        entries: Vec::new(),
    };
    let subjects = layout.fill(&key);
    let public = key.public_key().as_der().expect("a key");
    let public = PublicKey::from_der(public.as_ref()).expect("a key");
    let rule = IdentityRule {
        identity: Pattern::regex("https://github.com/peers/demo/.*").expect("a pattern"),
        issuer: Pattern::exact("https://token.actions.example.org").expect("a pattern"),
    };
    let signers = vec![
        Signer::key("key", public),
        Signer::identity("workflow", rule),
    ];
    let policy = Policy::of_signers("benchmark", signers);
    let root = TrustRoot::read(&fixture("keys/trusted_root.json"), "fixture").expect("a root");
    let reference = Reference::parse_prefixed(&format!("oci:{}:app", folder.path().display()));
    let reference = reference.expect("a prefix").expect("a reference");
    let client = Client::new(Network::default()).expect("a client");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");

    let open = || transport::open(&reference, &client);
    let found = runtime.block_on(read(&open(), &subjects));
    let count: usize = found.iter().map(|one| one.found.len()).sum();
    assert_eq!(count, 3 * PLATFORMS);
    let judged = || {
        let both = subjects.iter().zip(&found);
        let name = "registry.example.com/app".into();
        both.map(|(subject, found)| judge(found, subject, &name, Some(&policy), Some(&root)))
            .collect::<Vec<_>>()
    };
    assert!(judged().iter().all(|report| report.verdict.is_accepted()));

    let mut group = c.benchmark_group("verify 8 platforms with 3 signatures each");
    group.bench_function("reading", |b| {
        b.iter(|| black_box(runtime.block_on(read(&open(), &subjects))));
    });
    group.bench_function("judging", |b| b.iter(|| black_box(judged())));
    group.finish();
}

criterion_group!(benches, verify);
criterion_main!(benches);
