//! What cosign, notation, skopeo and gpg sign here and now is judged as they judge it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::cli::{digest_of, fixture, verify, verify_at};
use crate::support::peers::{self, Tool, skip};

const BUSYBOX: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/images/busybox-small"
);

/// A folder to work in, the registry, and an image in a repository of the test's own.
struct Bench {
    folder: tempfile::TempDir,
    /// `host/repository`.
    repository: String,
    digest: String,
}

impl Bench {
    /// Nothing where the registry or skopeo is missing.
    fn new(test: &str) -> Option<Self> {
        let skopeo = peers::tool("skopeo")?;
        let Some(host) = peers::registry(1) else {
            skip("the registry does not run");
            return None;
        };
        let repository = format!("{host}/trust-{test}-{}", std::process::id());
        skopeo.run(&[
            "--insecure-policy",
            "copy",
            "--preserve-digests",
            "-q",
            "--dest-tls-verify=false",
            &format!("oci:{BUSYBOX}:amd64"),
            &format!("docker://{repository}:amd64"),
        ]);
        let digest = digest_of(&format!("oci:{BUSYBOX}:amd64"));
        Some(Self {
            folder: tempfile::tempdir().unwrap(),
            repository,
            digest,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn image(&self) -> String {
        format!("docker://{}:amd64", self.repository)
    }

    /// By digest, as signing tools want it.
    fn exact(&self) -> String {
        format!("{}@{}", self.repository, self.digest)
    }

    /// Runs a tool in the folder, which is its home too.
    fn run(&self, tool: &Tool, arguments: &[&str]) -> Output {
        let output = tool
            .command()
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("GNUPGHOME", self.path("gnupg"))
            .env("COSIGN_PASSWORD", "secret")
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output
    }

    /// Keys of cosign: `NAME.pub`.
    fn cosign_key(&self, cosign: &Tool, name: &str) -> String {
        let prefix = self.text(name);
        self.run(
            cosign,
            &["generate-key-pair", "--output-key-prefix", &prefix],
        );
        format!("{prefix}.pub")
    }

    /// An OpenPGP key; its public half is at what is given.
    fn gpg_key(&self, name: &str) -> String {
        std::fs::create_dir_all(self.path("gnupg")).unwrap();
        let gpg = |arguments: &[&str]| {
            let output = Command::new("gpg")
                .args(["--batch", "--homedir", &self.text("gnupg")])
                .args(arguments)
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
        };
        let generate = [
            "--passphrase",
            "",
            "--quick-generate-key",
            name,
            "rsa2048",
            "sign",
            "never",
        ];
        gpg(&generate);
        let file = self.text(&format!("{name}.asc"));
        gpg(&["--armor", "--output", &file, "--export", name]);
        file
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // the agent that gpg starts lives as long as its socket
        let _ = Command::new("gpgconf")
            .args(["--homedir", &self.text("gnupg"), "--kill", "gpg-agent"])
            .output();
    }
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn formats(report: &Value, judgement: &str) -> Vec<String> {
    let signatures = report["signatures"].as_array().unwrap().iter();
    let mut formats: Vec<_> = signatures
        .filter(|signature| signature["judgement"] == judgement)
        .map(|signature| signature["format"].as_str().unwrap().to_owned())
        .collect();
    formats.sort();
    formats
}

const NO_LOG: [&str; 5] = [
    "--use-signing-config=false",
    "--tlog-upload=false",
    "--allow-http-registry",
    "--allow-insecure-registry",
    "-y",
];

#[test]
fn what_cosign_signs_with_a_key_is_accepted_by_that_key_and_no_other() {
    let (Some(cosign), Some(bench)) = (peers::tool("cosign"), Bench::new("cosign")) else {
        return;
    };
    let key = bench.cosign_key(&cosign, "release");
    let other = bench.cosign_key(&cosign, "other");
    let image = bench.image();
    assert_eq!(verify(&[&image, "--key", &key]).status.code(), Some(3));
    for format in ["--new-bundle-format=true", "--new-bundle-format=false"] {
        let mut sign = vec!["sign", "--key", "release.key", format];
        sign.extend(NO_LOG);
        let exact = bench.exact();
        sign.push(&exact);
        bench.run(&cosign, &sign);
    }
    let output = verify(&[&image, "--key", &key, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(
        formats(&report(&output), "accepted"),
        ["cosign", "sigstoreBundle"]
    );
    let output = verify(&[&image, "--key", &other, "--json"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(report(&output)["failedCheck"], "key");
}

#[test]
fn the_level_of_a_policy_says_whether_index_or_platforms_have_to_be_signed() {
    let (Some(cosign), Some(oras)) = (peers::tool("cosign"), peers::tool("oras")) else {
        return;
    };
    // what is signed, level, exit code for the index, for one platform
    let cases = [
        ("nothing", "either", 3, 3),
        ("index", "either", 0, 0),
        ("index", "both", 3, 3),
        ("index", "this", 0, 3),
        ("platforms", "either", 0, 0),
        ("platforms", "both", 3, 0),
        ("one platform", "either", 3, 0),
        ("all", "both", 0, 0),
    ];
    let mut benches = Vec::new();
    for what in ["nothing", "index", "platforms", "one platform", "all"] {
        let Some(bench) = Bench::new(&format!("level-{}", what.replace(' ', "-"))) else {
            return;
        };
        bench.cosign_key(&cosign, "release");
        oras.run(&[
            "cp",
            "--no-tty",
            "--from-oci-layout",
            "--to-plain-http",
            &format!("{BUSYBOX}:1.37.0"),
            &format!("{}:index", bench.repository),
        ]);
        let image = format!("docker://{}:index", bench.repository);
        let children = children_of(&image);
        assert!(children.len() > 1);
        let of = |digest: &str| format!("{}@{digest}", bench.repository);
        let mut signed: Vec<String> = match what {
            "platforms" | "all" => children.iter().map(|child| of(child)).collect(),
            "one platform" => vec![of(&bench.digest)],
            _ => Vec::new(),
        };
        if matches!(what, "index" | "all") {
            signed.push(of(&digest_of(&image)));
        }
        for exact in &signed {
            let mut sign = vec!["sign", "--key", "release.key"];
            sign.extend(NO_LOG);
            sign.push(exact);
            bench.run(&cosign, &sign);
        }
        benches.push((what, bench, image));
    }
    for (what, level, of_index, of_platform) in cases {
        let (_, bench, image) = benches.iter().find(|(name, ..)| *name == what).unwrap();
        let policy = bench.path("trust.toml");
        let text = format!(
            "version = 1\n[[rule]]\nscope = \"*\"\nsigners = [\"r\"]\nlevel = {level:?}\n[[signer]]\nname = \"r\"\nkey_file = \"release.pub\"\n"
        );
        std::fs::write(&policy, text).unwrap();
        let policy = policy.display().to_string();
        let output = verify(&[image, "--policy", &policy]);
        assert_eq!(
            output.status.code(),
            Some(of_index),
            "{what}, {level}: {output:?}"
        );
        let output = verify(&[image, "--policy", &policy, "--platform", "linux/amd64"]);
        assert_eq!(
            output.status.code(),
            Some(of_platform),
            "{what}, {level}: {output:?}"
        );
    }
    // a key alone judges what was asked about
    let (_, bench, image) = &benches[2];
    let key = bench.text("release.pub");
    assert_eq!(verify(&[image, "--key", &key]).status.code(), Some(3));
    let output = verify(&[image, "--key", &key, "--platform", "linux/amd64"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

/// The digests of the images that an index lists.
fn children_of(image: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(["inspect", "--json", image])
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let listed = report["manifests"].as_array().unwrap().iter();
    listed
        .filter(|entry| entry["platform"] != "unknown/unknown")
        .map(|entry| entry["digest"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_attestation_of_cosign_counts_for_its_predicate_type() {
    let (Some(cosign), Some(bench)) = (peers::tool("cosign"), Bench::new("attest")) else {
        return;
    };
    bench.cosign_key(&cosign, "release");
    std::fs::write(bench.path("sbom.json"), r#"{"spdxVersion":"SPDX-2.3"}"#).unwrap();
    let exact = bench.exact();
    for format in ["--new-bundle-format=true", "--new-bundle-format=false"] {
        let mut attest = vec!["attest", "--key", "release.key", format];
        attest.extend(["--type", "spdxjson", "--predicate", "sbom.json"]);
        attest.extend(NO_LOG);
        attest.push(&exact);
        bench.run(&cosign, &attest);
    }
    let policy = |at_least: usize, predicate: &str| {
        let file = bench.path("trust.toml");
        let text = format!(
            "version = 1\n[[rule]]\nscope = \"*\"\nsigners = [\"r\"]\nat_least = {at_least}\nattestations = [{predicate:?}]\n[[signer]]\nname = \"r\"\nkey_file = \"release.pub\"\n"
        );
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let image = bench.image();
    let spdx = "https://spdx.dev/Document";
    // an attestation is there, and is no signature of the image
    let output = verify(&[&image, "--policy", &policy(0, spdx), "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(
        formats(&report(&output), "accepted"),
        ["cosignAttestation", "sigstoreBundle"]
    );
    for wrong in [policy(1, spdx), policy(0, "https://slsa.dev/provenance/v1")] {
        let output = verify(&[&image, "--policy", &wrong, "--json"]);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert_eq!(report(&output)["failedCheck"], "predicateType");
    }
}

#[test]
fn what_notation_signs_is_judged_by_its_own_policy_and_store() {
    let (Some(notation), Some(bench)) = (peers::tool("notation"), Bench::new("notation")) else {
        return;
    };
    bench.run(&notation, &["cert", "generate-test", "--default", "here"]);
    let exact = bench.exact();
    for format in ["jws", "cose"] {
        bench.run(
            &notation,
            &[
                "sign",
                "--insecure-registry",
                "--signature-format",
                format,
                &exact,
            ],
        );
    }
    let settings = bench.path("config/notation");
    let policy = settings.join("trustpolicy.json");
    let write = |stores: &str, identity: &str| {
        let text = format!(
            r#"{{"version":"1.0","trustPolicies":[{{"name":"here","registryScopes":[{:?}],"signatureVerification":{{"level":"strict"}},"trustStores":[{stores:?}],"trustedIdentities":[{identity:?}]}}]}}"#,
            bench.repository
        );
        std::fs::write(&policy, text).unwrap();
    };
    write("ca:here", "*");
    // what notation says is what we say
    bench.run(&notation, &["verify", "--insecure-registry", &exact]);
    let policy_file = policy.display().to_string();
    let judge = || verify(&[&bench.image(), "--policy", &policy_file, "--json"]);
    let output = judge();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(
        formats(&report(&output), "accepted"),
        ["notationCose", "notationJws"]
    );
    write("ca:here", "x509.subject: C=US, ST=WA, O=Somebody");
    let output = judge();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(report(&output)["failedCheck"], "identity");
    write("ca:other", "*");
    assert_eq!(report(&judge())["failedCheck"], "certificate");
    // another repository has no statement
    write("ca:here", "*");
    let text = std::fs::read_to_string(&policy).unwrap();
    std::fs::write(&policy, text.replace("/trust-", "/other-")).unwrap();
    assert_eq!(judge().status.code(), Some(1));
}

#[test]
fn what_skopeo_puts_into_a_lookaside_is_found_there_and_its_name_decides() {
    let (Some(skopeo), Some(bench)) = (peers::tool("skopeo"), Bench::new("lookaside")) else {
        return;
    };
    let key = bench.gpg_key("release@example.com");
    let lookaside = bench.path("lookaside");
    // both read their settings from the home folder
    let settings = bench.path(".config/containers/registries.d");
    std::fs::create_dir_all(&settings).unwrap();
    let host = bench.repository.split('/').next().unwrap();
    std::fs::write(
        settings.join("test.yaml"),
        format!(
            "docker:\n  {host}:\n    lookaside: file://{}\n",
            lookaside.display()
        ),
    )
    .unwrap();
    let registries = settings.display().to_string();
    let copy = |name: &str| {
        bench.run(
            &skopeo,
            &[
                "--insecure-policy",
                "--registries.d",
                &registries,
                "copy",
                "--preserve-digests",
                "-q",
                "--dest-tls-verify=false",
                "--sign-by",
                "release@example.com",
                &format!("oci:{BUSYBOX}:amd64"),
                &format!("docker://{}:{name}", bench.repository),
            ],
        );
    };
    let image = bench.image();
    let judge = |arguments: &[&str], image: &str| {
        verify_at(bench.folder.path(), &[&[image], arguments].concat())
    };
    let by_key = ["--key", &key, "--json"];
    let output = judge(&by_key, &image);
    assert_eq!(report(&output)["verdict"], "unsigned", "{output:?}");
    copy("amd64");
    let output = judge(&by_key, &image);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let signed = report(&output);
    assert_eq!(formats(&signed, "accepted"), ["simpleSigning"]);
    let found = signed["signatures"][0]["foundIn"][0].as_str().unwrap();
    assert!(found.starts_with("lookaside:file://"), "{found}");
    // by digest any tag does; under another tag it is signed for another name
    assert_eq!(
        judge(&by_key, &format!("docker://{}", bench.exact()))
            .status
            .code(),
        Some(0)
    );
    bench.run(
        &skopeo,
        &[
            "--insecure-policy",
            "copy",
            "--preserve-digests",
            "-q",
            "--dest-tls-verify=false",
            &format!("oci:{BUSYBOX}:amd64"),
            &format!("docker://{}:other", bench.repository),
        ],
    );
    let other = format!("docker://{}:other", bench.repository);
    let output = judge(&by_key, &other);
    assert_eq!(report(&output)["failedCheck"], "reference", "{output:?}");
    // policy.json says the same, to skopeo and to us
    let policy = bench.text("policy.json");
    let scope = |identity: &str| {
        let text = format!(
            r#"{{"default":[{{"type":"reject"}}],"transports":{{"docker":{{{:?}:[{{"type":"signedBy","keyType":"GPGKeys","keyPath":{key:?}{identity}}}]}}}}}}"#,
            bench.repository
        );
        std::fs::write(&policy, text).unwrap();
    };
    let skopeo_says = |image: &str| {
        let to = format!("dir:{}", bench.text("out"));
        let output = skopeo
            .command()
            .args(["--policy", &policy, "--registries.d", &registries, "copy"])
            .args(["-q", "--src-tls-verify=false", image, &to])
            .env("HOME", bench.folder.path())
            .env("GNUPGHOME", bench.path("gnupg"))
            .output()
            .unwrap();
        output.status.success()
    };
    for (identity, of_image, of_other) in [
        ("", true, false),
        (
            r#","signedIdentity":{"type":"matchRepository"}"#,
            true,
            true,
        ),
        (
            r#","signedIdentity":{"type":"exactRepository","dockerRepository":"example.com/x"}"#,
            false,
            false,
        ),
    ] {
        scope(identity);
        for (image, expected) in [(&image, of_image), (&other, of_other)] {
            assert_eq!(skopeo_says(image), expected, "skopeo, {identity}");
            let code = if expected { 0 } else { 3 };
            let output = judge(&["--policy", &policy], image);
            assert_eq!(output.status.code(), Some(code), "{identity}: {output:?}");
        }
    }
    // what cannot be read there is never "unsigned"
    std::fs::remove_dir_all(&lookaside).unwrap();
    std::fs::write(&lookaside, "no folder").unwrap();
    assert_eq!(judge(&by_key, &image).status.code(), Some(1));
}

#[test]
fn a_detached_signature_of_skopeo_is_judged_beside_its_manifest() {
    let (Some(skopeo), Some(bench)) = (peers::tool("skopeo"), Bench::new("standalone")) else {
        return;
    };
    let key = bench.gpg_key("release@example.com");
    let folder = bench.text("image");
    let to = format!("dir:{folder}");
    bench.run(
        &skopeo,
        &[
            "--insecure-policy",
            "copy",
            "--preserve-digests",
            "-q",
            &format!("oci:{BUSYBOX}:amd64"),
            &to,
        ],
    );
    let manifest = Path::new(&folder).join("manifest.json");
    let signature = Path::new(&folder).join("signature-1");
    bench.run(
        &skopeo,
        &[
            "standalone-sign",
            manifest.to_str().unwrap(),
            "registry.example.com/app:1",
            "release@example.com",
            "--output",
            signature.to_str().unwrap(),
        ],
    );
    let name = ["--signed-name", "registry.example.com/app:1"];
    let judge = |key: &str| verify(&[&[to.as_str(), "--key", key], name.as_slice()].concat());
    assert_eq!(judge(&key).status.code(), Some(0), "{:?}", judge(&key));
    let other = fixture("keys/gpg-pub.asc");
    assert_eq!(judge(&other).status.code(), Some(3));
    let mut bytes = std::fs::read(&signature).unwrap();
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    std::fs::write(&signature, bytes).unwrap();
    assert_eq!(judge(&key).status.code(), Some(3));
}
