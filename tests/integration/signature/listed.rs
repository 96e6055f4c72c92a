//! What is judged of an index: every image in it that somebody may run, and what of that is
//! asked for. Damaged signatures are not "unsigned".

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use porthole::model::{Descriptor, Digest, MediaType};
use porthole::signature::SignatureFile;
use serde_json::{Value, json};

use super::cli::verify_at;
use super::made::{self, Key};
use crate::support::layout::Layout;

const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// A `dir:` folder, with a key that signs in it.
pub struct Folder {
    pub folder: tempfile::TempDir,
    pub key: Key,
}

impl Folder {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("version"),
            "Directory Transport Version: 1.1\n",
        )
        .unwrap();
        let key = Key::new();
        Self { folder, key }
    }

    pub fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    /// Writes a manifest that something lists.
    fn listed(&self, media_type: &str, value: &Value) -> Descriptor {
        let bytes = value.to_string();
        let digest = Digest::sha256(bytes.as_bytes());
        self.put(&format!("{}.manifest.json", digest.hex()), bytes.as_bytes());
        Descriptor::new(media_type, digest, bytes.len() as u64)
    }

    fn image(&self, name: &str) -> Descriptor {
        self.listed(MediaType::OCI_MANIFEST, &manifest(name))
    }

    /// Writes the text of `manifest.json`.
    pub fn root(&self, text: &str) -> Digest {
        self.put("manifest.json", text.as_bytes());
        Digest::sha256(text.as_bytes())
    }

    fn sign(&self, digest: &Digest) {
        let found = made::legacy(&self.key, &made::payload(&digest.to_string()));
        self.put(&format!("{}.signature-1", digest.hex()), &file(&found));
    }

    fn sign_root(&self, digest: &Digest) {
        let found = made::legacy(&self.key, &made::payload(&digest.to_string()));
        self.put("signature-1", &file(&found));
    }

    /// How `porthole verify` ends by this policy.
    fn verified(&self, policy: &str) -> Option<i32> {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("policy");
        std::fs::write(&path, policy).unwrap();
        let image = format!("dir:{}", self.folder.path().display());
        let path = path.to_str().unwrap();
        verify_at(home.path(), &[&image, "--policy", path])
            .status
            .code()
    }

    /// A policy of Porthole with this level.
    fn policy(&self, level: &str) -> String {
        format!(
            "version = 1\n[[rule]]\nscope = \"*\"\nsigners = [\"k\"]\nlevel = \"{level}\"\n\
             [[signer]]\nname = \"k\"\nkey = \"\"\"\n{}\"\"\"\n",
            pem(self.key.public.der())
        )
    }
}

pub fn pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

/// The file that `dir:` keeps a signature in.
pub fn file(found: &porthole::signature::Found) -> Vec<u8> {
    let payload = found.raw.bytes();
    let layer = Descriptor {
        annotations: found.annotations.clone(),
        ..Descriptor::new(PAYLOAD, Digest::sha256(payload), payload.len() as u64)
    };
    SignatureFile::of_layer(&layer, payload).to_vec()
}

pub fn manifest(name: &str) -> Value {
    let config = Descriptor::new(MediaType::OCI_CONFIG, Digest::sha256(name.as_bytes()), 2);
    json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST,
        "config": config, "layers": [],
    })
}

fn entry(image: &Descriptor, os: &str, architecture: &str) -> Value {
    let mut entry = serde_json::to_value(image).unwrap();
    entry["platform"] = json!({"os": os, "architecture": architecture});
    entry
}

fn attesting(mut entry: Value) -> Value {
    entry["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    entry
}

/// The text of an index of these lists, each under its key.
fn index(lists: &[(&str, &[Value])]) -> String {
    let mut text = format!(
        r#"{{"schemaVersion":2,"mediaType":"{}""#,
        MediaType::OCI_INDEX
    );
    for (key, entries) in lists {
        write!(text, r#","{key}":{}"#, json!(entries)).unwrap();
    }
    text + "}"
}

#[test]
fn every_platform_is_every_one_that_an_engine_may_run() {
    let at = Folder::new();
    let (amd64, arm64) = (at.image("amd64"), at.image("arm64"));
    at.sign(&amd64.digest);
    let first = entry(&amd64, "linux", "amd64");
    let plain = entry(&arm64, "linux", "arm64");
    let attestation = attesting(entry(&arm64, "unknown", "unknown"));
    let called = attesting(plain.clone());
    let nowhere = attesting(serde_json::to_value(&arm64).unwrap());
    let text = plain.to_string();
    let spelled: Value = serde_json::from_str(&text.replace("\"digest\"", "\"Digest\"")).unwrap();
    let hidden =
        attesting(serde_json::from_str(&text.replace("\"platform\"", "\"Platform\"")).unwrap());
    let one = |second: &Value| index(&[("manifests", &[first.clone(), second.clone()])]);
    let alone = std::slice::from_ref::<Value>;
    let twice = |key: &str| index(&[(key, alone(&plain)), ("manifests", alone(&first))]);
    let judged = |text: &str| {
        at.root(text);
        at.verified(&at.policy("either"))
    };
    // image, as arm64 is not signed and once it is
    let cases = [
        ("arm64", one(&plain), [3, 0]),
        ("what BuildKit attests", one(&attestation), [0, 0]),
        ("arm64, called an attestation", one(&called), [3, 0]),
        ("an attestation without a platform", one(&nowhere), [3, 0]),
        ("Digest", one(&spelled), [1, 1]),
        ("Platform", one(&hidden), [1, 1]),
        ("Manifests", twice("Manifests"), [1, 1]),
        ("manifests, twice", twice("manifests"), [1, 1]),
    ];
    let ends = |after: usize| {
        for (what, text, expected) in &cases {
            assert_eq!(judged(text), Some(expected[after]), "{what}, {after}");
        }
    };
    ends(0);
    at.sign(&arm64.digest);
    ends(1);
}

/// Its own signature does not stand for platforms that readers do not agree on.
#[test]
fn an_index_that_can_be_read_in_two_ways_is_not_accepted_where_its_platforms_count() {
    let at = Folder::new();
    let amd64 = at.image("amd64");
    at.sign(&amd64.digest);
    let clear = index(&[("manifests", &[entry(&amd64, "linux", "amd64")])]);
    let unclear = clear.replace("\"size\"", "\"Digest\":\"\",\"size\"");
    for (text, expected) in [(&clear, 0), (&unclear, 1)] {
        let root = at.root(text);
        at.sign_root(&root);
        assert_eq!(at.verified(&at.policy("both")), Some(expected), "{text}");
        // the same one level below
        let value: Value = serde_json::from_str(text).unwrap();
        let nested = at.listed(MediaType::OCI_INDEX, &value);
        let root = at.root(&index(&[(
            "manifests",
            &[entry(&nested, "linux", "amd64")],
        )]));
        at.sign_root(&root);
        at.sign(&nested.digest);
        assert_eq!(at.verified(&at.policy("both")), Some(expected), "{text}");
    }
}

#[test]
fn platforms_of_an_index_in_an_index_are_platforms_of_it() {
    for said in [MediaType::OCI_INDEX, MediaType::OCI_MANIFEST] {
        let at = Folder::new();
        let inner = at.image("arm64");
        let nested = json!({
            "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX,
            "manifests": [entry(&inner, "linux", "arm64")],
        });
        let nested = at.listed(said, &nested);
        let amd64 = at.image("amd64");
        let entries = [
            entry(&amd64, "linux", "amd64"),
            entry(&nested, "linux", "arm64"),
        ];
        let root = at.root(&index(&[("manifests", &entries)]));
        at.sign_root(&root);
        at.sign(&amd64.digest);
        at.sign(&nested.digest);
        assert_eq!(at.verified(&at.policy("both")), Some(3), "{said}");
        at.sign(&inner.digest);
        assert_eq!(at.verified(&at.policy("both")), Some(0), "{said}");
    }
}

/// containers judges the image of an index that it takes, and never the index.
#[test]
fn a_policy_json_judges_the_platforms_of_an_index_in_its_place() {
    let at = Folder::new();
    let images = [at.image("amd64"), at.image("arm64")];
    let entries = [
        entry(&images[0], "linux", "amd64"),
        entry(&images[1], "linux", "arm64"),
    ];
    let root = at.root(&index(&[("manifests", &entries)]));
    at.sign_root(&root);
    let theirs = json!({"default": [{
        "type": "sigstoreSigned",
        "keyData": STANDARD.encode(pem(at.key.public.der())),
        "signedIdentity": {
            "type": "exactRepository", "dockerRepository": "registry.example.com/app",
        },
    }]});
    let judged = |expected: i32, when: &str| {
        for policy in [theirs.to_string(), at.policy("platforms")] {
            assert_eq!(at.verified(&policy), Some(expected), "{when}: {policy}");
        }
    };
    judged(3, "only the index is signed");
    at.sign(&images[0].digest);
    judged(3, "one platform is");
    at.sign(&images[1].digest);
    judged(0, "both are");
    std::fs::remove_file(at.folder.path().join("signature-1")).unwrap();
    judged(0, "and the index is not");
    let none = Folder::new();
    none.root(&index(&[("manifests", &[])]));
    assert_eq!(none.verified(&none.policy("platforms")), Some(1));
}

#[test]
fn a_signature_that_cannot_be_read_is_not_none() {
    let folder = tempfile::tempdir().unwrap();
    let key = Key::new();
    let public = folder.path().join("k.pub");
    std::fs::write(&public, pem(key.public.der())).unwrap();
    let broken_config = json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST,
        "config": {"mediaType": "a/b", "digest": "sha256:1", "size": 2}, "layers": [],
    });
    let empty = json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": [],
    });
    // what lies under the tag, how it ends
    let cases = [
        (".sig", "notjson".to_owned(), 1),
        (".att", "notjson".to_owned(), 1),
        (".sig", "{}".to_owned(), 1),
        (".sig", broken_config.to_string(), 1),
        (".sig", empty.to_string(), 1),
        (".sig", manifest("no signature").to_string(), 3),
        (".sbom", "notjson".to_owned(), 3),
    ];
    for (number, (end, text, expected)) in cases.into_iter().enumerate() {
        let mut layout = Layout::new(folder.path().join(number.to_string()));
        let image = layout.image("linux/amd64", &["a"]);
        layout.name("app", &image);
        let kind = match text.contains(MediaType::OCI_INDEX) {
            true => MediaType::OCI_INDEX,
            false => MediaType::OCI_MANIFEST,
        };
        let signature = layout.blob(kind, text.as_bytes());
        let tag = format!("sha256-{}{end}", image.digest.hex());
        layout.name(&tag, &signature);
        let output = verify_at(
            folder.path(),
            &[&layout.reference("app"), "--key", public.to_str().unwrap()],
        );
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(expected), "{end} {text}: {said}");
        // nothing of cosign's is taken for something that nobody signed
        let unsigned = said.contains("unsigned: every place");
        assert_eq!(unsigned, end == ".sbom", "{end} {text}: {said}");
    }
}
