//! `policy.json` with its rarer requirements, judged as skopeo judges it: Fulcio, other
//! authorities, other names.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Digest as _;
use porthole::model::Reference;
use porthole::signature::policy::{Policy, ScopeName, judge};
use porthole::signature::{CheckKind, Verdict};
use serde_json::{Value, json};

use super::cli::{fixture, verify_at};
use super::listed::{Folder, file, manifest, pem};
use super::made::{self, Key};
use crate::support::peers;

const FULCIO: &str = "dir-img-cosign-fulcio-rekor-valid";
const PKI: &str = "dir-img-cosign-pki-valid";
const LOGGED: &str = "dir-img-cosign-key-rekor-valid";

fn origin(name: &str) -> String {
    fixture(&format!("containers-image/{name}"))
}

fn data(name: &str) -> String {
    STANDARD.encode(std::fs::read(origin(name)).unwrap())
}

fn named(repository: &str) -> Value {
    json!({"type": "exactRepository", "dockerRepository": repository})
}

fn fulcio(change: Value) -> Value {
    let mut fulcio = json!({
        "caPath": origin("fulcio_v1.crt.pem"),
        "oidcIssuer": "https://github.com/login/oauth",
        "subjectEmail": "mitr@redhat.com",
    });
    with(&mut fulcio, change);
    json!({
        "type": "sigstoreSigned",
        "fulcio": fulcio,
        "rekorPublicKeyPath": origin("rekor.pub"),
        "signedIdentity": named("192.168.64.2:5000/cosign-signed/fulcio-rekor-1"),
    })
}

fn pki(change: Value) -> Value {
    let mut pki = json!({
        "caRootsPath": origin("pki_root_crts.pem"),
        "caIntermediatesPath": origin("pki_intermediate_crts.pem"),
        "subjectEmail": "qiwan@redhat.com",
    });
    with(&mut pki, change);
    json!({"type": "sigstoreSigned", "pki": pki, "signedIdentity": named("localhost:5000/test")})
}

fn with(object: &mut Value, change: Value) {
    for (key, value) in change.as_object().unwrap().clone() {
        let object = object.as_object_mut().unwrap();
        match value {
            Value::Null => object.remove(&key),
            value => object.insert(key, value),
        };
    }
}

fn changed(mut requirement: Value, change: Value) -> Value {
    with(&mut requirement, change);
    requirement
}

/// What porthole says of an image by this policy: trusted, not, or "cannot tell".
fn ours(policy: &Path, folder: &Path, image: &str) -> Option<i32> {
    let image = format!("dir:{image}");
    let policy = policy.to_str().unwrap();
    let output = verify_at(folder, &[&image, "--policy", policy]);
    output.status.code()
}

/// What skopeo says: whether the policy lets the image in. Its layers are not here, which it
/// finds out after that.
fn theirs(skopeo: &peers::Tool, policy: &Path, folder: &Path, image: &str) -> bool {
    let output = skopeo.try_run(&[
        "--policy",
        policy.to_str().unwrap(),
        "copy",
        "-q",
        "--remove-signatures",
        &format!("dir:{image}"),
        &format!("dir:{}", folder.join("copied").display()),
    ]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let refused = said.contains("Source image rejected") || said.contains("loading trust policy");
    assert!(refused || said.contains("no such file"), "{said}");
    !refused
}

#[test]
fn fulcio_and_pki_requirements_end_as_skopeo_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.json");
    let skopeo = peers::tool("skopeo");
    // image, requirement, exit code
    let cases = [
        (FULCIO, fulcio(json!({})), 0),
        (
            FULCIO,
            fulcio(json!({"caPath": null, "caData": data("fulcio_v1.crt.pem")})),
            0,
        ),
        (
            FULCIO,
            fulcio(json!({"subjectEmail": "somebody@redhat.com"})),
            3,
        ),
        (
            FULCIO,
            fulcio(json!({"oidcIssuer": "https://accounts.google.com"})),
            3,
        ),
        (
            FULCIO,
            fulcio(json!({"caPath": origin("pki_root_crts.pem")})),
            3,
        ),
        (
            FULCIO,
            changed(
                fulcio(json!({})),
                json!({"rekorPublicKeyPath": origin("cosign.pub")}),
            ),
            3,
        ),
        (
            FULCIO,
            changed(
                fulcio(json!({})),
                json!({
                    "rekorPublicKeyPath": null,
                    "rekorPublicKeyPaths": [origin("cosign.pub"), origin("rekor.pub")],
                }),
            ),
            0,
        ),
        (
            FULCIO,
            changed(
                fulcio(json!({})),
                json!({"rekorPublicKeyPath": null, "rekorPublicKeyData": data("rekor.pub")}),
            ),
            0,
        ),
        // fulcio without a log, and a requirement of two kinds, are no policy
        (
            FULCIO,
            changed(fulcio(json!({})), json!({"rekorPublicKeyPath": null})),
            1,
        ),
        (
            FULCIO,
            changed(fulcio(json!({})), json!({"keyPath": origin("cosign.pub")})),
            1,
        ),
        (FULCIO, fulcio(json!({"subjectEmail": null})), 1),
        (FULCIO, fulcio(json!({"more": "x"})), 1),
        (
            FULCIO,
            changed(fulcio(json!({})), json!({"signedIdentity": null})),
            3,
        ),
        (PKI, pki(json!({})), 0),
        // the chain comes with the signature too
        (PKI, pki(json!({"caIntermediatesPath": null})), 0),
        (
            PKI,
            pki(json!({"caRootsPath": null, "caRootsData": data("pki_root_crts.pem")})),
            0,
        ),
        (PKI, pki(json!({"subjectEmail": "somebody@redhat.com"})), 3),
        (
            PKI,
            pki(json!({"subjectHostname": "myhost.example.com"})),
            0,
        ),
        (
            PKI,
            pki(json!({"subjectEmail": null, "subjectHostname": "myhost.example.com"})),
            0,
        ),
        (PKI, pki(json!({"subjectHostname": "other.example.com"})), 3),
        (
            PKI,
            pki(json!({"caRootsPath": origin("fulcio_v1.crt.pem")})),
            3,
        ),
        (PKI, pki(json!({"subjectEmail": null})), 1),
        (
            PKI,
            changed(
                pki(json!({})),
                json!({"rekorPublicKeyPath": origin("rekor.pub")}),
            ),
            1,
        ),
        (PKI, fulcio(json!({})), 3),
        // a key with and without the log
        (
            LOGGED,
            json!({
                "type": "sigstoreSigned",
                "keyPath": origin("cosign2.pub"),
                "rekorPublicKeyPath": origin("rekor.pub"),
                "signedIdentity": named("192.168.64.2:5000/cosign-signed/key-1"),
            }),
            0,
        ),
        (
            LOGGED,
            json!({
                "type": "sigstoreSigned",
                "keyPaths": [origin("cosign.pub"), origin("cosign2.pub")],
                "rekorPublicKeyPath": origin("some-rsa-key.pub"),
                "signedIdentity": named("192.168.64.2:5000/cosign-signed/key-1"),
            }),
            3,
        ),
        (
            "dir-img-cosign-valid",
            json!({
                "type": "sigstoreSigned",
                "keyData": data("cosign.pub"),
                "rekorPublicKeyPath": origin("rekor.pub"),
                "signedIdentity": named("192.168.64.2:5000/cosign-signed-single-sample"),
            }),
            3,
        ),
    ];
    for (image, requirement, code) in cases {
        let policy = json!({
            "default": [{"type": "reject"}],
            "transports": {"dir": {"": [requirement]}},
        });
        std::fs::write(&file, policy.to_string()).unwrap();
        let image = &origin(image);
        let ended = ours(&file, folder.path(), image);
        assert_eq!(ended, Some(code), "{image}: {policy:#}");
        if let Some(skopeo) = &skopeo {
            let trusted = theirs(skopeo, &file, folder.path(), image);
            assert_eq!(trusted, code == 0, "skopeo on {image}: {policy:#}");
        }
    }
}

/// As containers/image does: from the folder that the program runs in, wherever the policy is.
#[test]
fn relative_paths_are_taken_from_the_current_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.json");
    let policy = json!({"default": [fulcio(json!({"caPath": "fulcio_v1.crt.pem"}))]});
    std::fs::write(&file, policy.to_string()).unwrap();
    let run = |current: &str| {
        Command::new(env!("CARGO_BIN_EXE_porthole"))
            .args(["verify", &format!("dir:{}", origin(FULCIO)), "--policy"])
            .arg(&file)
            .current_dir(current)
            .env("HOME", folder.path())
            .env_remove("XDG_CONFIG_HOME")
            .output()
            .unwrap()
    };
    assert_eq!(run(&fixture("containers-image")).status.code(), Some(0));
    let elsewhere = run(folder.path().to_str().unwrap());
    assert_eq!(elsewhere.status.code(), Some(1), "{elsewhere:?}");
    let said = String::from_utf8_lossy(&elsewhere.stdout).into_owned();
    assert!(said.contains("fulcio_v1.crt.pem"), "{said}");
}

#[test]
fn a_remapped_name_is_the_one_that_has_to_be_signed() {
    let key = Key::new();
    let pem = STANDARD.encode(key.public.der());
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n");
    let policy = |prefix: &str, signed: &str| {
        let policy = json!({"default": [{
            "type": "sigstoreSigned",
            "keyData": STANDARD.encode(&pem),
            "signedIdentity": {"type": "remapIdentity", "prefix": prefix, "signedPrefix": signed},
        }]});
        let none = |_: &str| Err(String::new());
        Policy::read_any(&policy.to_string(), "policy.json", &none)
    };
    let judged = |policy: &Policy, image: &str| {
        let mut subject = made::subject("an image");
        subject.reference = Some(image.parse().unwrap());
        let payload = made::payload(&subject.digest.to_string());
        let payload = String::from_utf8(payload).unwrap();
        let payload = payload.replace("registry.example.com/app", "registry.example.com/app:1");
        let payload = payload.into_bytes();
        let found = made::legacy(&key, &payload);
        let reference = format!("docker://{image}");
        let reference = porthole::model::Reference::parse_prefixed(&reference);
        let name = porthole::signature::policy::ScopeName::of(&reference.unwrap().unwrap());
        let discovered = made::discovered(&subject, vec![found]);
        judge(&discovered, &subject, &name, Some(policy), None).verdict
    };
    let digest = made::subject("an image").digest;
    let mirrored = format!("mirror.local/hub/app@{digest}");
    let right = policy("mirror.local/hub", "registry.example.com").unwrap();
    // by digest the repository decides, by tag the tag too
    for (image, accepted) in [
        (mirrored.as_str(), true),
        ("mirror.local/hub/app:1", true),
        ("mirror.local/hub/app:2", false),
        (&format!("mirror.local/hubble/app@{digest}"), false),
        (&format!("mirror.local/hub/other@{digest}"), false),
        // what the prefix does not name is not mapped
        (&format!("registry.example.com/app@{digest}"), true),
    ] {
        let verdict = judged(&right, image);
        assert_eq!(verdict.is_accepted(), accepted, "{image}: {verdict:?}");
        if !accepted {
            let rejected = Verdict::Rejected {
                why: CheckKind::Reference.complaint().to_owned(),
                check: Some(CheckKind::Reference),
                brief: None,
            };
            assert_eq!(verdict, rejected, "{image}");
        }
    }
    let wrong = policy("mirror.local/hub", "registry.example.org").unwrap();
    assert!(!judged(&wrong, &mirrored).is_accepted());
    for (prefix, signed) in [("", "registry.example.com"), ("mirror.local", "")] {
        assert!(policy(prefix, signed).is_err(), "{prefix:?} {signed:?}");
    }
}

/// A signature, and whether it counts: what is signed is read strictly, and the hash is
/// SHA-256 whatever the key.
#[test]
fn payloads_and_keys_that_skopeo_does_not_take_are_not_taken() {
    let at = Folder::new();
    let digest = at.root(&manifest("an image").to_string());
    let good = String::from_utf8(made::payload(&digest.to_string())).unwrap();
    let optional = |text: &str| good.replace("\"optional\":null", text);
    let inside = |before: &str| good.replace(before, &format!("\"x\":1,{before}"));
    let payloads = [
        (good.clone(), true),
        (
            optional(r#""optional":{"a":[1],"timestamp":1.0,"creator":"x"}"#),
            true,
        ),
        (optional(r#""optional":{"creator":1}"#), false),
        (optional(r#""optional":{"timestamp":"1"}"#), false),
        (optional(r#""optional":{"timestamp":1.5}"#), false),
        (optional(r#""optional":[]"#), false),
        (good.replace(",\"optional\":null", ""), false),
        (inside("\"critical\""), false),
        (inside("\"identity\""), false),
        (inside("\"docker-reference\""), false),
        (inside("\"docker-manifest-digest\""), false),
    ];
    let mut cases: Vec<_> = payloads
        .into_iter()
        .map(|(payload, accepted)| {
            let found = made::legacy(&at.key, payload.as_bytes());
            (payload, pem(at.key.public.der()), found, accepted)
        })
        .collect();
    for (curve, accepted) in made::curves().into_iter().zip([true, false, false]) {
        let key = Key::of(curve);
        let found = made::legacy(&key, good.as_bytes());
        cases.push((
            key.public.to_string(),
            pem(key.public.der()),
            found,
            accepted,
        ));
    }
    let edwards = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let message = ed25519_dalek::Sha512::new_with_prefix(good.as_bytes());
    let signatures = [
        (ed25519_dalek::Signer::sign(&edwards, good.as_bytes()), true),
        (edwards.sign_prehashed(message, None).unwrap(), false),
    ];
    // SubjectPublicKeyInfo of Ed25519 (RFC 8410): a head of 12 bytes, and the key
    let head = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
    let der = [&head[..], edwards.verifying_key().as_bytes()].concat();
    for (signature, accepted) in signatures {
        let signature = STANDARD.encode(signature.to_bytes());
        let annotations = [("dev.cosignproject.cosign/signature".to_owned(), signature)];
        let format = porthole::signature::Format::Cosign;
        let found = made::found(format, good.as_bytes(), annotations.into());
        cases.push((format!("Ed25519, {accepted}"), pem(&der), found, accepted));
    }

    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.json");
    let skopeo = peers::tool("skopeo");
    let image = at.folder.path().to_str().unwrap();
    for (what, key, found, accepted) in cases {
        let value = json!({"default": [{
            "type": "sigstoreSigned",
            "keyData": STANDARD.encode(&key),
            "signedIdentity": named("registry.example.com/app"),
        }]});
        std::fs::write(&policy, value.to_string()).unwrap();
        at.put("signature-1", &file(&found));
        let expected = if accepted { 0 } else { 3 };
        let ended = ours(&policy, folder.path(), image);
        assert_eq!(ended, Some(expected), "{what}");
        if let Some(skopeo) = &skopeo {
            let trusted = theirs(skopeo, &policy, folder.path(), image);
            assert_eq!(trusted, accepted, "skopeo: {what}");
        }
    }
}

/// Of a certificate's key, too, skopeo takes signatures over SHA-256 alone.
#[test]
fn a_certificate_counts_for_signatures_over_sha_256_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let openssl = |arguments: &str| {
        let arguments = arguments.split(' ');
        let mut command = Command::new("openssl");
        let run = command.args(arguments).current_dir(folder.path()).output();
        let Ok(output) = run else { return false };
        assert!(output.status.success(), "{output:?}");
        true
    };
    let ca = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem \
              -subj /CN=ca -days 3650 -addext keyUsage=critical,keyCertSign";
    if !openssl(ca) {
        peers::skip("openssl is not here");
        return;
    }
    let extensions = "subjectAltName=email:release@example.com\n\
                      keyUsage=digitalSignature\nextendedKeyUsage=codeSigning\n";
    std::fs::write(path("extensions"), extensions).unwrap();
    let at = Folder::new();
    let digest = at.root(&manifest("an image").to_string());
    let payload = made::payload(&digest.to_string());
    std::fs::write(path("payload"), &payload).unwrap();
    let policy = path("policy.json");
    let value = json!({"default": [{
        "type": "sigstoreSigned",
        "pki": {"caRootsPath": path("ca.pem"), "subjectEmail": "release@example.com"},
        "signedIdentity": named("registry.example.com/app"),
    }]});
    std::fs::write(&policy, value.to_string()).unwrap();
    let image = at.folder.path().to_str().unwrap();
    let skopeo = peers::tool("skopeo");
    for (curve, hash, accepted) in [
        ("P-256", "sha256", true),
        ("P-384", "sha384", false),
        ("P-384", "sha256", true),
    ] {
        openssl(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:{curve} -nodes -keyout leaf.key -out leaf.csr -subj /CN=leaf"
        ));
        openssl(
            "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 \
             -extfile extensions -out leaf.pem",
        );
        openssl(&format!(
            "dgst -{hash} -sign leaf.key -out signature payload"
        ));
        let text = |name: &str| std::fs::read_to_string(path(name)).unwrap();
        let signature = STANDARD.encode(std::fs::read(path("signature")).unwrap());
        let annotations = [
            ("dev.cosignproject.cosign/signature", signature),
            ("dev.sigstore.cosign/certificate", text("leaf.pem")),
            ("dev.sigstore.cosign/chain", text("ca.pem")),
        ];
        let annotations = annotations.map(|(key, value)| (key.to_owned(), value));
        let format = porthole::signature::Format::Cosign;
        at.put(
            "signature-1",
            &file(&made::found(format, &payload, annotations.into())),
        );
        let ended = ours(&policy, folder.path(), image);
        assert_eq!(ended, Some(if accepted { 0 } else { 3 }), "{curve} {hash}");
        if let Some(skopeo) = &skopeo {
            let trusted = theirs(skopeo, &policy, folder.path(), image);
            assert_eq!(trusted, accepted, "skopeo: {curve} {hash}");
        }
    }
}

/// containers looks for signatures in registries and `dir:` only.
#[test]
fn what_lies_where_containers_knows_of_no_signatures_does_not_count() {
    let key = Key::new();
    let policy = json!({"default": [{
        "type": "sigstoreSigned",
        "keyData": STANDARD.encode(pem(key.public.der())),
        "signedIdentity": named("registry.example.com/app"),
    }]});
    let none = |_: &str| Err(String::new());
    let policy = Policy::read_any(&policy.to_string(), "policy.json", &none).unwrap();
    let subject = made::subject("an image");
    let found = made::legacy(&key, &made::payload(&subject.digest.to_string()));
    for (place, counts) in [
        ("dir:/images/app", true),
        ("docker://registry.example.com/app:1", true),
        ("oci:/images/app", false),
        ("oci-archive:/images/app.tar", false),
        ("docker-archive:/images/app.tar", false),
    ] {
        let reference = match place.strip_prefix("docker://") {
            Some(image) => Reference::Registry(image.parse().unwrap()),
            None => Reference::parse_prefixed(place).unwrap().unwrap(),
        };
        let discovered = made::discovered(&subject, vec![std::sync::Arc::clone(&found)]);
        let name = ScopeName::of(&reference);
        let report = judge(&discovered, &subject, &name, Some(&policy), None);
        assert_eq!(report.verdict.is_accepted(), counts, "{place}");
        let rejected = matches!(report.verdict, Verdict::Rejected { .. });
        assert_eq!(rejected, !counts, "{place}: {:?}", report.verdict);
    }
}
