//! Where containers looks for signatures, and where it does not: by a `policy.json` as it is, by
//! what becomes of it in a policy of Porthole, and by skopeo.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use porthole::signature::policy::NEW_POLICY;
use serde_json::{Value, json};

use super::cli::{digest_of, fixture};
use super::forms::{Place, judged, referring};
use super::import::own;
use super::listed::{file, pem};
use super::made::{self, Key};
use crate::support::peers;
use crate::support::registry::{Fault, ReferrersApi, Registry};

const BUSYBOX: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/images/busybox-small"
);

/// A policy of containers in a folder, and that of Porthole which comes of it.
struct Policies {
    theirs: PathBuf,
    ours: PathBuf,
    notes: String,
}

impl Policies {
    fn new(folder: &Path, policy: &Value) -> Self {
        let (_, import, text) = own(NEW_POLICY, policy);
        let mut left = import.left.iter();
        assert!(
            left.all(|left| left.why.contains("accepted unsigned there")),
            "{policy}: {:?}",
            import.left
        );
        let (theirs, ours) = (folder.join("policy.json"), folder.join("trust.toml"));
        std::fs::write(&theirs, policy.to_string()).unwrap();
        std::fs::write(&ours, text).unwrap();
        Self {
            theirs,
            ours,
            notes: import.notes.join("\n"),
        }
    }
}

/// What asks for a signature by `key` on the name that the signatures made here have.
fn by(key: &Key) -> Value {
    json!([{
        "type": "sigstoreSigned",
        "keyData": STANDARD.encode(pem(key.public.der())),
        "signedIdentity": {
            "type": "exactRepository", "dockerRepository": "registry.example.com/app",
        },
    }])
}

/// Whether skopeo lets the image in.
fn skopeo_takes(skopeo: &peers::Tool, home: &Path, policy: &Path, image: &str) -> bool {
    let to = format!("dir:{}", home.join("copied").display());
    let output = skopeo
        .command()
        .arg("--policy")
        .arg(policy)
        .arg("--registries.d")
        .arg(home.join(".config/containers/registries.d"))
        .args([
            "copy",
            "-q",
            "--remove-signatures",
            "--src-tls-verify=false",
        ])
        .args([image, &to])
        .env("HOME", home)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let refused = said.contains("Source image rejected");
    assert!(refused || output.status.success(), "{image}: {said}");
    !refused
}

/// The same image in a `dir:` folder, signed as containers keeps signatures there.
fn in_folder(place: &Place, key: &Key) -> String {
    let folder = place.home.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    put("version", b"Directory Transport Version: 1.1\n");
    let blobs = place.layout.folder().join("blobs/sha256");
    for blob in std::fs::read_dir(blobs).unwrap() {
        let blob = blob.unwrap();
        put(
            blob.file_name().to_str().unwrap(),
            &std::fs::read(blob.path()).unwrap(),
        );
    }
    let manifest = place.layout.blob_path(&place.image.digest);
    put("manifest.json", &std::fs::read(manifest).unwrap());
    let signature = made::legacy(key, &place.payload());
    put("signature-1", &file(&signature));
    format!("dir:{}", folder.display())
}

/// Signatures in layouts and archives are none for containers: what has to be signed is rejected
/// there, and by what is taken over of its policy.
#[test]
fn layouts_and_archives_have_no_signatures_for_containers_nor_once_its_policy_is_taken_over() {
    let mut place = Place::new();
    let key = Key::new();
    let layer = place.cosign_layer(&key);
    place.tagged("sig", vec![layer]);
    let home = place.home.path().to_owned();
    std::fs::create_dir_all(home.join(".config/containers/registries.d")).unwrap();
    let (_registry, references) = place.references();
    let mut images = vec![(in_folder(&place, &key), true)];
    images.extend(references[..2].iter().map(|image| (image.clone(), false)));
    let skopeo = peers::tool("skopeo");
    if let Some(skopeo) = &skopeo {
        let archive = format!(
            "docker-archive:{}:app:v1",
            home.join("docker.tar").display()
        );
        let copied = ["--insecure-policy", "copy", "-q", &references[0], &archive];
        skopeo.run(&copied);
        let archive = archive.trim_end_matches(":app:v1").to_owned();
        images.push((archive, false));
    }
    let (reject, any) = (
        json!([{"type": "reject"}]),
        json!([{"type": "insecureAcceptAnything"}]),
    );
    let layout = place.layout.folder().canonicalize().unwrap();
    let signed = by(&key);
    let everywhere = json!({"dir": {"": signed}, "oci": {"": signed}, "oci-archive": {"": signed}, "docker-archive": {"": signed}});
    for policy in [
        json!({"default": signed}),
        json!({"default": signed, "transports": {"docker": {"": reject}}}),
        json!({"default": any, "transports": everywhere}),
        json!({"default": reject, "transports": everywhere}),
        json!({"default": signed, "transports": {"oci": {(layout.display().to_string()): signed}}}),
    ] {
        let policies = Policies::new(&home, &policy);
        assert!(policies.notes.contains("oci-archive"), "{}", policies.notes);
        for (image, accepted) in &images {
            let by = |policy: &Path| judged(&home, image, &["--policy", policy.to_str().unwrap()]);
            let (came, report) = by(&policies.ours);
            let code = Some(if *accepted { 0 } else { 3 });
            assert_eq!(came, code, "{policy}, {image}: {report:#}");
            let (came, report) = by(&policies.theirs);
            assert_eq!(came, code, "{policy}, {image}: {report:#}");
            if let Some(skopeo) = &skopeo {
                let takes = skopeo_takes(skopeo, &home, &policies.theirs, image);
                assert_eq!(takes, *accepted, "skopeo: {policy}, {image}");
            }
        }
    }
    // where nothing has to be signed, nothing is said of it, and images are left to others' rules
    let (policy, import, text) = own(NEW_POLICY, &json!({"default": reject}));
    assert!(
        import
            .notes
            .iter()
            .all(|note| !note.contains("oci-archive")),
        "{text}"
    );
    assert_eq!(policy.rules.len(), 1, "{text}");
    // a narrower entry that asks for nothing does not open what is rejected around it
    let narrow = json!({"default": signed, "transports": {"oci": {"/images": any}}});
    let (policy, import, text) = own(NEW_POLICY, &narrow);
    assert!(
        import.left[0].why.contains("the rule for oci:/**"),
        "{text}"
    );
    assert!(
        policy
            .rule(&"oci:/images/app".into())
            .unwrap()
            .entry()
            .unwrap()
            .rejects()
    );
}

/// What cannot be said of a signer need not be said where no signature counts; what cannot be
/// read is no reason to accept.
#[test]
fn what_is_asked_of_layouts_is_rejected_whoever_has_to_sign() {
    let gone = json!([{"type": "sigstoreSigned", "keyPath": "/nowhere/key.pub"}]);
    let remapped = json!([{
        "type": "sigstoreSigned", "keyPath": "/nowhere/key.pub",
        "signedIdentity": {"type": "remapIdentity", "prefix": "a.example.com", "signedPrefix": "b.example.com"},
    }]);
    for asked in [gone, remapped] {
        let original = json!({"default": [{"type": "insecureAcceptAnything"}], "transports": {
            "oci": {"/images": asked}, "oci-archive": {"": asked}, "dir": {"/images": asked},
        }});
        let (here, import, text) = own(NEW_POLICY, &original);
        for name in [
            "oci:/images/app",
            "oci-archive:/images/app.tar",
            "dir:/images/app",
        ] {
            let rule = here.rule(&name.into()).unwrap();
            assert!(rule.entry().unwrap().rejects(), "{name}: {text}");
        }
        // only of what counts somewhere it is said that it could not be taken over
        let left: Vec<_> = import.left.iter().map(|left| &*left.what).collect();
        assert_eq!(
            left.iter().filter(|what| what.contains("dir:")).count(),
            1,
            "{left:?}"
        );
        assert!(!left.iter().any(|what| what.contains("oci")), "{left:?}");
    }
}

/// Signatures of cosign in a registry: containers looks for them where `registries.d` says so,
/// and under cosign's tag alone.
#[test]
fn signatures_in_a_registry_count_by_a_policy_json_where_containers_looks_for_them() {
    let key = Key::new();
    let mut tagged = Place::new();
    let layer = tagged.cosign_layer(&key);
    tagged.tagged("sig", vec![layer]);
    let mut referred = Place::new();
    referring(&mut referred, &key);
    let home = tempfile::tempdir().unwrap();
    let settings = home.path().join(".config/containers/registries.d");
    std::fs::create_dir_all(&settings).unwrap();
    let policies = Policies::new(home.path(), &json!({"default": by(&key)}));
    assert!(policies.notes.contains("use-sigstore-attachments"));
    let skopeo = peers::tool("skopeo");
    for (place, has_tag) in [(&tagged, true), (&referred, false)] {
        let registry = Registry::with_referrers(ReferrersApi::Whole { page: 9 });
        registry.put_layout("team/app", place.layout.folder());
        let (host, image) = (registry.host(), registry.reference("team/app:app"));
        for (says, looks) in [
            (String::new(), false),
            (
                format!("docker:\n  {host}/team:\n    use-sigstore-attachments: true\n"),
                true,
            ),
            (
                format!(
                    "default-docker:\n  use-sigstore-attachments: true\ndocker:\n  {host}:\n    use-sigstore-attachments: false\n"
                ),
                false,
            ),
            (
                "default-docker:\n  use-sigstore-attachments: true\n".to_owned(),
                true,
            ),
        ] {
            std::fs::write(settings.join("own.yaml"), &says).unwrap();
            let accepted = has_tag && looks;
            let code = Some(if accepted { 0 } else { 3 });
            let theirs = policies.theirs.to_str().unwrap();
            let (came, report) = judged(home.path(), &image, &["--policy", theirs]);
            assert_eq!(came, code, "{has_tag}, {says}: {report:#}");
            let why = report.to_string();
            assert_eq!(
                why.contains("containers looks for signatures"),
                !accepted,
                "{why}"
            );
            // a policy of Porthole looks wherever signatures lie
            let ours = policies.ours.to_str().unwrap();
            assert_eq!(judged(home.path(), &image, &["--policy", ours]).0, Some(0));
            if let Some(skopeo) = &skopeo {
                let takes = skopeo_takes(skopeo, home.path(), &policies.theirs, &image);
                assert_eq!(takes, accepted, "skopeo: {has_tag}, {says}");
            }
        }
    }
}

/// Where a registry has a list of signatures itself, containers reads that in place of the
/// lookaside.
#[test]
fn a_lookaside_beside_a_registrys_own_list_does_not_count_by_a_policy_json() {
    let registry = Registry::start();
    registry.put_layout("app", BUSYBOX);
    let (host, image) = (registry.host(), registry.reference("app:amd64"));
    let digest = digest_of(&format!("oci:{BUSYBOX}:amd64"));
    let home = tempfile::tempdir().unwrap();
    let settings = home.path().join(".config/containers/registries.d");
    let lookaside = home.path().join("signatures");
    let folder = lookaside.join(format!("app@{}", digest.replace(':', "=")));
    for folder in [&settings, &folder] {
        std::fs::create_dir_all(folder).unwrap();
    }
    let yaml = format!(
        "docker:\n  {host}:\n    lookaside: file://{}\n",
        lookaside.display()
    );
    std::fs::write(settings.join("own.yaml"), yaml).unwrap();
    let signature = std::fs::read(fixture("simple-signing-dir/signature-1")).unwrap();
    std::fs::write(folder.join("signature-1"), &signature).unwrap();
    let policy = home.path().join("policy.json");
    let asked = json!({"default": [{
        "type": "signedBy", "keyType": "GPGKeys", "keyPath": fixture("keys/gpg-pub.asc"),
        "signedIdentity": {
            "type": "exactRepository", "dockerRepository": "registry.example.org/fix/busybox",
        },
    }]});
    std::fs::write(&policy, asked.to_string()).unwrap();
    let list = |signatures: Value| {
        let body = json!({"signatures": signatures}).to_string();
        Some(Fault::answer(200, "application/json", &body))
    };
    let same = json!([{
        "schemaVersion": 2, "name": format!("{digest}@1"), "type": "atomic",
        "content": STANDARD.encode(&signature),
    }]);
    let skopeo = peers::tool("skopeo");
    for (own, accepted) in [(None, true), (list(json!([])), false), (list(same), true)] {
        registry.forget_faults();
        let has_list = own.is_some();
        if let Some(own) = own {
            registry.fault(&format!("/extensions/v2/app/signatures/{digest}"), own);
            let header = ("X-Registry-Supports-Signatures".to_owned(), "1".to_owned());
            registry.fault("GET /v2/", Fault::Headers(vec![header]));
        }
        let (came, report) = judged(home.path(), &image, &["--policy", policy.to_str().unwrap()]);
        let code = Some(if accepted { 0 } else { 3 });
        assert_eq!(came, code, "{has_list}: {report:#}");
        let why = report.to_string().contains("in place of the lookaside");
        assert_eq!(why, has_list, "{report:#}");
        if let Some(skopeo) = &skopeo {
            let takes = skopeo_takes(skopeo, home.path(), &policy, &image);
            assert_eq!(takes, accepted, "skopeo: {has_list}");
        }
    }
}
