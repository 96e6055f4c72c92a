//! Every form that signatures are kept in, made here by keys made here: found in a layout, in
//! an archive of it and in a registry, accepted by its key and by no other.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use porthole::model::{Descriptor, MediaType};
use serde_json::{Value, json};

use super::cli::verify_at;
use super::made::{self, BUNDLE, Key, SIGNING};
use crate::support::layout::Layout;
use crate::support::registry::{ReferrersApi, Registry};
use crate::support::sigstore::der;

const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const DSSE: &str = "application/vnd.dsse.envelope.v1+json";
const ARTIFACT: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
const NOTATION: &str = "application/vnd.cncf.notary.signature";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const SPDX: &str = "https://spdx.dev/Document";
const SLSA: &str = "https://slsa.dev/provenance/v1";

/// A layout with one image, called `app`.
pub struct Place {
    pub home: tempfile::TempDir,
    pub layout: Layout,
    pub image: Descriptor,
}

impl Place {
    pub fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut layout = Layout::new(home.path().join("layout"));
        let image = layout.image("linux/amd64", &["made here"]);
        layout.name("app", &image);
        Self {
            home,
            layout,
            image,
        }
    }

    pub fn payload(&self) -> Vec<u8> {
        made::payload(&self.image.digest.to_string())
    }

    /// A layer with annotations.
    fn layer(&self, media_type: &str, bytes: &[u8], annotations: Value) -> Value {
        let mut layer = serde_json::to_value(self.layout.blob(media_type, bytes)).unwrap();
        layer["annotations"] = annotations;
        layer
    }

    pub fn cosign_layer(&self, key: &Key) -> Value {
        let payload = self.payload();
        let signature = BASE64_STANDARD.encode(key.sign(&payload));
        self.layer(PAYLOAD, &payload, json!({SIGNATURE: signature}))
    }

    fn envelope(&self, key: &Key, predicate_type: &str) -> Value {
        let statement = made::statement(&[&self.image.digest], predicate_type).to_string();
        let bundle = made::bundle_value(key, statement.as_bytes());
        let envelope = bundle["dsseEnvelope"].to_string();
        let annotations = json!({SIGNATURE: "", "predicateType": predicate_type});
        self.layer(DSSE, envelope.as_bytes(), annotations)
    }

    /// A manifest that says what it refers to, and is listed without a name.
    fn refers(&mut self, mut manifest: Value, layers: Vec<Value>, media_type: &str) -> Descriptor {
        let image = &self.image;
        let list = match media_type {
            MediaType::OCI_MANIFEST => "layers",
            _ => "blobs",
        };
        manifest["mediaType"] = json!(media_type);
        manifest[list] = json!(layers);
        manifest["subject"] =
            json!({"mediaType": image.media_type, "digest": image.digest, "size": image.size});
        let written = self.layout.document(media_type, &manifest);
        self.layout.list(serde_json::to_value(&written).unwrap());
        written
    }

    fn empty(&self) -> Value {
        let empty = self.layout.blob(MediaType::OCI_EMPTY, b"{}");
        serde_json::to_value(empty).unwrap()
    }

    /// A manifest under a tag of cosign's.
    pub fn tagged(&mut self, ending: &str, layers: Vec<Value>) {
        let config = self.layout.blob(MediaType::OCI_CONFIG, b"{}");
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST,
            "config": config, "layers": layers,
        });
        let written = self.layout.document(MediaType::OCI_MANIFEST, &manifest);
        let tag = format!(
            "{}.{ending}",
            self.image.digest.to_string().replace(':', "-")
        );
        self.layout.name(&tag, &written);
    }

    /// The image in the layout, in an archive of it, and in a registry.
    pub fn references(&self) -> (Registry, Vec<String>) {
        let archive = self.home.path().join("image.tar");
        let packed = Command::new("tar")
            .arg("-C")
            .arg(self.layout.folder())
            .args(["-cf", archive.to_str().unwrap(), "."])
            .status()
            .unwrap();
        assert!(packed.success());
        let registry = Registry::with_referrers(ReferrersApi::Whole { page: 100 });
        registry.put_layout("team/app", self.layout.folder());
        let references = vec![
            self.layout.reference("app"),
            format!("oci-archive:{}:app", archive.display()),
            registry.reference("team/app:app"),
        ];
        (registry, references)
    }

    pub fn key_file(&self, name: &str, key: &Key) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, der::pem("PUBLIC KEY", key.public.der())).unwrap();
        path.display().to_string()
    }
}

/// The exit code, and the report where there is one.
pub fn judged(home: &Path, image: &str, more: &[&str]) -> (Option<i32>, Value) {
    let output = verify_at(home, &[&[image, "--json"], more].concat());
    let report = serde_json::from_slice(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), report.unwrap_or(Value::String(said)))
}

/// What signs an image in one form.
type Form = (&'static str, fn(&mut Place, &Key));

const BY_KEY: &[Form] = &[
    ("cosign's tag", |place, key| {
        let layer = place.cosign_layer(key);
        place.tagged("sig", vec![layer]);
    }),
    ("cosign's tag, beside one of somebody else", |place, key| {
        let layers = vec![place.cosign_layer(&Key::new()), place.cosign_layer(key)];
        place.tagged("sig", layers);
    }),
    ("OCI 1.1 with artifactType", referring),
    ("OCI 1.1 without artifactType", |place, key| {
        let layer = place.cosign_layer(key);
        let mut config = place.empty();
        config["mediaType"] = json!(ARTIFACT);
        place.refers(
            json!({"schemaVersion": 2, "config": config}),
            vec![layer],
            MediaType::OCI_MANIFEST,
        );
    }),
    ("bundle as referrer", |place, key| {
        bundle(place, key, BUNDLE, true);
    }),
    ("bundle without artifactType", |place, key| {
        bundle(place, key, BUNDLE, false);
    }),
    ("bundle, older spelling of 0.3", |place, key| {
        bundle(
            place,
            key,
            "application/vnd.dev.sigstore.bundle+json;version=0.3",
            true,
        );
    }),
    ("bundle 0.2", |place, key| {
        bundle(
            place,
            key,
            "application/vnd.dev.sigstore.bundle+json;version=0.2",
            true,
        );
    }),
    ("bundle 0.1", |place, key| {
        bundle(
            place,
            key,
            "application/vnd.dev.sigstore.bundle+json;version=0.1",
            true,
        );
    }),
];

/// A signature of cosign that refers to the image.
pub fn referring(place: &mut Place, key: &Key) {
    let layer = place.cosign_layer(key);
    let mut config = place.empty();
    config["mediaType"] = json!(ARTIFACT);
    place.refers(
        json!({"schemaVersion": 2, "artifactType": ARTIFACT, "config": config}),
        vec![layer],
        MediaType::OCI_MANIFEST,
    );
}

/// A bundle that refers to the image.
pub fn bundle(place: &mut Place, key: &Key, media_type: &str, artifact_type: bool) -> Descriptor {
    let statement = made::statement(&[&place.image.digest], SIGNING).to_string();
    let mut bundle = made::bundle_value(key, statement.as_bytes());
    bundle["mediaType"] = json!(media_type);
    let layer = place.layer(media_type, bundle.to_string().as_bytes(), json!({}));
    let mut manifest = json!({"schemaVersion": 2, "config": place.empty()});
    if artifact_type {
        manifest["artifactType"] = json!(media_type);
    }
    place.refers(manifest, vec![layer], MediaType::OCI_MANIFEST)
}

#[test]
fn every_form_of_a_signature_by_key_is_found_and_judged_wherever_it_lies() {
    for (form, sign) in BY_KEY {
        let mut place = Place::new();
        let key = Key::new();
        sign(&mut place, &key);
        let (mine, other) = (
            place.key_file("mine.pub", &key),
            place.key_file("other.pub", &Key::new()),
        );
        let (_registry, references) = place.references();
        for image in &references {
            let home = place.home.path();
            let (code, report) = judged(home, image, &["--key", &mine]);
            assert_eq!(code, Some(0), "{form}, {image}: {report:#}");
            let (code, report) = judged(home, image, &["--key", &other]);
            assert_eq!(code, Some(3), "{form}, {image}: {report:#}");
            assert_eq!(report["verdict"], "rejected", "{form}, {image}");
        }
    }
}

/// Several envelopes under one tag: each counts for what it states, and for nothing else.
#[test]
fn attestations_of_several_layers_count_each_for_its_predicate_type() {
    let mut place = Place::new();
    let (key, other) = (Key::new(), Key::new());
    let layers = vec![
        place.envelope(&key, SPDX),
        place.envelope(&key, SLSA),
        // somebody else states something too
        place.envelope(&other, "https://openvex.dev/ns"),
    ];
    place.tagged("att", layers);
    let key = place.key_file("mine.pub", &key);
    let policy = place.home.path().join("trust.toml");
    let (_registry, references) = place.references();
    let judge = |image: &str, asked: &str| {
        let text = format!(
            "version = 1\n[[rule]]\nscope = \"*\"\nsigners = [\"k\"]\n{asked}\n[[signer]]\nname = \"k\"\nkey_file = {key:?}\n"
        );
        std::fs::write(&policy, text).unwrap();
        judged(
            place.home.path(),
            image,
            &["--policy", policy.to_str().unwrap()],
        )
    };
    for image in &references {
        for (asked, code) in [
            (format!("at_least = 0\nattestations = [{SPDX:?}]"), 0),
            (
                format!("at_least = 0\nattestations = [{SPDX:?}, {SLSA:?}]"),
                0,
            ),
            // its annotation says so, and somebody else signed it
            (
                "at_least = 0\nattestations = [\"https://openvex.dev/ns\"]".to_owned(),
                3,
            ),
            (
                "at_least = 0\nattestations = [\"https://in-toto.io/attestation/vulns/v0.2\"]"
                    .to_owned(),
                3,
            ),
            // an attestation is no signature of the image
            (format!("attestations = [{SPDX:?}]"), 3),
            (String::new(), 3),
        ] {
            let (came, report) = judge(image, &asked);
            assert_eq!(came, Some(code), "{image}, {asked}: {report:#}");
        }
        let (_, report) = judge(image, "");
        let stated: Vec<_> = report["signatures"].as_array().unwrap().iter().collect();
        assert_eq!(stated.len(), 3, "{report:#}");
    }
}

/// An annotation that names another predicate type than the statement is not believed.
#[test]
fn the_statement_says_what_it_states_and_no_annotation() {
    let mut place = Place::new();
    let key = Key::new();
    let mut layer = place.envelope(&key, SPDX);
    layer["annotations"]["predicateType"] = json!(SLSA);
    place.tagged("att", vec![layer]);
    let key = place.key_file("mine.pub", &key);
    let policy = place.home.path().join("trust.toml");
    for (asked, code) in [(SPDX, 0), (SLSA, 3)] {
        let text = format!(
            "version = 1\n[[rule]]\nscope = \"*\"\nsigners = [\"k\"]\nat_least = 0\nattestations = [{asked:?}]\n[[signer]]\nname = \"k\"\nkey_file = {key:?}\n"
        );
        std::fs::write(&policy, text).unwrap();
        let image = place.layout.reference("app");
        let (came, report) = judged(
            place.home.path(),
            &image,
            &["--policy", policy.to_str().unwrap()],
        );
        assert_eq!(came, Some(code), "{asked}: {report:#}");
    }
}

/// What is not signed is found, called so, and accepts nothing.
#[test]
fn documents_that_nobody_signed_are_found_and_count_for_nothing() {
    let mut place = Place::new();
    let sbom = place.layer(
        "text/spdx+json",
        b"{\"spdxVersion\":\"SPDX-2.3\"}",
        json!({}),
    );
    place.tagged("sbom", vec![sbom]);
    let statement = made::statement(&[&place.image.digest], SPDX).to_string();
    let statement = place.layer(
        "application/vnd.in-toto+json",
        statement.as_bytes(),
        json!({"in-toto.io/predicate-type": SPDX}),
    );
    let empty = place.empty();
    place.refers(
        json!({"schemaVersion": 2, "artifactType": "application/vnd.docker.attestation.manifest.v1+json", "config": empty}),
        vec![statement],
        MediaType::OCI_MANIFEST,
    );
    let key = place.key_file("mine.pub", &Key::new());
    let (_registry, references) = place.references();
    for image in &references {
        let (code, report) = judged(place.home.path(), image, &["--key", &key]);
        assert_eq!(
            (code, &report["verdict"]),
            (Some(3), &json!("unsigned")),
            "{image}: {report:#}"
        );
        let found = report["signatures"].as_array().unwrap();
        assert_eq!(found.len(), 2, "{report:#}");
        assert!(
            found.iter().all(|one| one["judgement"] == "unsigned"),
            "{report:#}"
        );
    }
}

/// Who certifies in these tests, with a certificate for `extensions`.
struct Certified {
    root: der::Authority,
    key: der::Key,
    leaf: Vec<u8>,
}

impl Certified {
    fn new(extensions: Vec<Vec<u8>>, valid: SignedDuration) -> Self {
        let (root, key) = (der::Authority::root("Own root"), der::Key::new());
        let now = Timestamp::now();
        let leaf = root.issue(&der::Wanted {
            subject: der::name("release"),
            spki: &key.spki,
            from: now - SignedDuration::from_hours(2),
            to: now + valid,
            extensions,
        });
        Self { root, key, leaf }
    }
}

/// r and s beside each other, of a signature by P-256 in DER.
fn raw(signature: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    for number in der::children(der::content(signature)) {
        let number = der::content(&number);
        let number = &number[number.len().saturating_sub(32)..];
        raw.extend(std::iter::repeat_n(0, 32 - number.len()));
        raw.extend_from_slice(number);
    }
    raw
}

fn jws(place: &Place, certified: &Certified) -> Vec<u8> {
    let image = &place.image;
    let payload = json!({"targetArtifact": {"mediaType": image.media_type, "digest": image.digest, "size": image.size}});
    let header = json!({
        "alg": "ES256", "cty": "application/vnd.cncf.notary.payload.v1+json",
        "crit": ["io.cncf.notary.signingScheme"],
        "io.cncf.notary.signingScheme": "notary.x509",
        "io.cncf.notary.signingTime": Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    });
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let (payload, header) = (encode(&payload), encode(&header));
    let signature = certified.key.sign(format!("{header}.{payload}").as_bytes());
    let chain =
        [&certified.leaf, &certified.root.certificate].map(|der| BASE64_STANDARD.encode(der));
    json!({
        "payload": payload, "protected": header,
        "header": {"x5c": chain, "io.cncf.notary.signingAgent": "made here"},
        "signature": BASE64_URL_SAFE_NO_PAD.encode(raw(&signature)),
    })
    .to_string()
    .into_bytes()
}

/// A manifest without its layers, and its media type.
type Manifest = fn(&Place) -> (Value, &'static str);

/// The three forms that Notation's manifests have had.
#[test]
fn each_manifest_form_of_notation_is_found_and_judged_by_its_root() {
    let usage = || vec![der::usage(7, 0b1000_0000)];
    let forms: [(&str, Manifest); 3] = [
        ("artifactType and an empty config", |place| {
            (
                json!({"schemaVersion": 2, "artifactType": NOTATION, "config": place.empty()}),
                MediaType::OCI_MANIFEST,
            )
        }),
        ("the type of the config", |place| {
            let mut config = place.empty();
            config["mediaType"] = json!(NOTATION);
            (
                json!({"schemaVersion": 2, "config": config}),
                MediaType::OCI_MANIFEST,
            )
        }),
        ("an artifact manifest", |_| {
            (
                json!({"artifactType": NOTATION}),
                "application/vnd.oci.artifact.manifest.v1+json",
            )
        }),
    ];
    for (form, manifest) in forms {
        let mut place = Place::new();
        let certified = Certified::new(usage(), SignedDuration::from_hours(24));
        let envelope = jws(&place, &certified);
        let layer = place.layer("application/jose+json", &envelope, json!({}));
        let (mut value, media_type) = manifest(&place);
        value["annotations"] =
            json!({"io.cncf.notary.x509chain.thumbprint#S256": "[\"not read\"]"});
        place.refers(value, vec![layer], media_type);
        let policy = place.home.path().join("trust.toml");
        let (_registry, references) = place.references();
        for image in &references {
            for (root, code) in [(&certified.root, 0), (&der::Authority::root("Own root"), 3)] {
                let text = format!(
                    "version = 1\n[[rule]]\nscope = \"*\"\nsigners = [\"n\"]\n[[signer]]\nname = \"n\"\n[signer.notation]\ncertificates = '''{}'''\nidentities = [\"*\"]\n",
                    der::pem("CERTIFICATE", &root.certificate)
                );
                std::fs::write(&policy, text).unwrap();
                let (came, report) = judged(
                    place.home.path(),
                    image,
                    &["--policy", policy.to_str().unwrap()],
                );
                assert_eq!(came, Some(code), "{form}, {image}: {report:#}");
            }
        }
    }
}

/// A chain of one's own, without any log: the root, the name and the time decide.
#[test]
fn certificates_of_an_authority_made_here_are_judged_by_root_name_and_time() {
    let email = |name: &str| {
        let name = der::sequence(&[&der::element(0x81, &[name.as_bytes()])]);
        vec![
            der::usage(7, 0b1000_0000),
            der::extension(
                "2.5.29.37",
                false,
                &der::sequence(&[&der::oid("1.3.6.1.5.5.7.3.3")]),
            ),
            der::extension("2.5.29.17", false, &name),
        ]
    };
    let day = SignedDuration::from_hours(24);
    let hour_ago = SignedDuration::from_hours(-1);
    for (word, name, valid, asked, own_root, code) in [
        (
            "good",
            "release@example.com",
            day,
            "release@example.com",
            true,
            0,
        ),
        (
            "another name",
            "someone@example.com",
            day,
            "release@example.com",
            true,
            3,
        ),
        (
            "another root",
            "release@example.com",
            day,
            "release@example.com",
            false,
            3,
        ),
        (
            "expired",
            "release@example.com",
            hour_ago,
            "release@example.com",
            true,
            3,
        ),
    ] {
        let mut place = Place::new();
        let certified = Certified::new(email(name), valid);
        let payload = place.payload();
        let layer = place.layer(
            PAYLOAD,
            &payload,
            json!({
                SIGNATURE: BASE64_STANDARD.encode(certified.key.sign(&payload)),
                "dev.sigstore.cosign/certificate": der::pem("CERTIFICATE", &certified.leaf),
                "dev.sigstore.cosign/chain": der::pem("CERTIFICATE", &certified.root.certificate),
            }),
        );
        place.tagged("sig", vec![layer]);
        let root = if own_root {
            certified.root
        } else {
            der::Authority::root("Own root")
        };
        let policy = place.home.path().join("trust.toml");
        let text = format!(
            "version = 1\n[[rule]]\nscope = \"*\"\nsigners = [\"a\"]\n[[signer]]\nname = \"a\"\nauthorities = '''{}'''\nidentity = {asked:?}\n",
            der::pem("CERTIFICATE", &root.certificate)
        );
        std::fs::write(&policy, text).unwrap();
        let (_registry, references) = place.references();
        for image in &references {
            let (came, report) = judged(
                place.home.path(),
                image,
                &["--policy", policy.to_str().unwrap()],
            );
            assert_eq!(came, Some(code), "{word}, {image}: {report:#}");
        }
    }
}
