//! Files and attestations as referrers: oras and cosign read them, and taking one back leaves
//! the others.

use serde_json::Value;

use super::place::{REGISTRIES, digest, layout, pushed, registry};
use super::{Home, said};

const SPDX: &str = r#"{"spdxVersion":"SPDX-2.3","name":"app","packages":[]}"#;

fn discovered(home: &Home, place: &[&str]) -> Option<Value> {
    let mut arguments = vec!["discover", "--format", "json"];
    arguments.extend(place);
    let output = home.peer("oras", &arguments)?;
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).ok()
}

fn types(discovered: &Value) -> Vec<String> {
    let list = discovered
        .get("referrers")
        .or_else(|| discovered.get("manifests"));
    let list = list.and_then(Value::as_array).cloned().unwrap_or_default();
    let mut types: Vec<_> = list
        .iter()
        .map(|entry| {
            entry["artifactType"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    types.sort();
    types
}

#[test]
fn oras_discovers_and_pulls_what_is_attached_and_a_removal_leaves_the_rest() {
    let home = Home::new();
    std::fs::write(home.path("sbom.json"), SPDX).unwrap();
    std::fs::write(home.path("notes.txt"), "some notes").unwrap();
    std::fs::write(home.path("more.bin"), vec![7; 3 << 20]).unwrap();
    for (offset, name) in REGISTRIES {
        let Some(host) = registry(offset, name) else {
            return;
        };
        let Some(image) = pushed(&home, &host, "attach") else {
            return;
        };
        let reference = format!("docker://{image}:amd64");
        let plain = format!("{image}:amd64");
        let place = ["--plain-http", plain.as_str()];
        attached(&home, &reference, &place, |digest| {
            vec!["--plain-http".to_owned(), format!("{image}@{digest}")]
        });
    }
    let reference = layout(&home.path("layout"));
    let folder = home.path("layout").display().to_string();
    let tagged = format!("{folder}:amd64");
    let place = ["--oci-layout", tagged.as_str()];
    attached(&home, &reference, &place, |digest| {
        vec!["--oci-layout".to_owned(), format!("{folder}@{digest}")]
    });
}

fn attached(home: &Home, reference: &str, place: &[&str], at: impl Fn(&str) -> Vec<String>) {
    let sbom = home.run(&["attach", reference, "sbom.json", "--json"]);
    let sbom: Value = serde_json::from_str(&sbom).unwrap();
    let notes = home.run(&[
        "attach",
        reference,
        "notes.txt:text/plain",
        "more.bin",
        "--artifact-type",
        "application/x-notes",
        "-a",
        "who=me",
        "--json",
    ]);
    let notes: Value = serde_json::from_str(&notes).unwrap();
    let Some(found) = discovered(home, place) else {
        return;
    };
    assert_eq!(
        types(&found),
        ["application/spdx+json", "application/x-notes"],
        "{found}"
    );
    let manifest = notes["written"][0]["digest"].as_str().unwrap();
    let at = at(manifest);
    let mut arguments = vec!["pull", "-o", "pulled"];
    arguments.extend(at.iter().map(String::as_str));
    let pulled = home.peer("oras", &arguments).unwrap();
    assert!(pulled.status.success(), "{}", said(&pulled));
    let text = std::fs::read_to_string(home.path("pulled/notes.txt")).unwrap();
    assert_eq!(text, "some notes");
    assert_eq!(
        std::fs::read(home.path("pulled/more.bin")).unwrap().len(),
        3 << 20
    );
    std::fs::remove_dir_all(home.path("pulled")).unwrap();

    // what refers and is removed is gone for oras, too; the other one stays
    let sbom = sbom["written"][0]["digest"].as_str().unwrap();
    home.run(&["attach", reference, "--remove", sbom]);
    let found = discovered(home, place).unwrap();
    assert_eq!(types(&found), ["application/x-notes"], "{found}");
    let error = home.fail(&["attach", reference, "--remove", sbom]);
    assert!(error.contains("does not refer to"), "{error}");
}

#[test]
fn what_is_no_sbom_needs_a_type_and_a_directory_says_that_it_holds_none() {
    let home = Home::new();
    let reference = layout(&home.path("layout"));
    std::fs::write(home.path("notes.txt"), "some notes").unwrap();
    let error = home.fail(&["attach", &reference, "notes.txt"]);
    assert!(error.contains("--artifact-type"), "{error}");
    let error = home.fail(&["attach", &reference, "nothing.txt"]);
    assert!(error.contains("nothing.txt"), "{error}");
    let fixture = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/images/busybox-dir-v2s2"
    );
    let folder = format!("dir:{fixture}");
    let error = home.fail(&["attach", &folder, "notes.txt", "--artifact-type", "a/b"]);
    assert!(error.contains("cannot hold"), "{error}");
}

#[test]
fn cosign_accepts_attestations_as_bundle_and_under_its_tag() {
    let home = Home::new();
    let key = home.key("attest", "p256");
    std::fs::write(home.path("sbom.json"), SPDX).unwrap();
    for (offset, name) in REGISTRIES {
        let Some(host) = registry(offset, name) else {
            return;
        };
        let Some(image) = pushed(&home, &host, "attest") else {
            return;
        };
        let reference = format!("docker://{image}:amd64");
        for (bundle, format) in [(true, "bundle"), (false, "cosign")] {
            home.run(&[
                "attach",
                &reference,
                "--predicate",
                "sbom.json",
                "--type",
                "spdxjson",
                "--key",
                "attest",
                "--format",
                format,
            ]);
            let sum = digest(&home, &reference);
            let image = format!("{image}@{sum}");
            let bundle = format!("--new-bundle-format={bundle}");
            let arguments = [
                "verify-attestation",
                "--key",
                &key,
                "--type",
                "spdxjson",
                "--insecure-ignore-tlog=true",
                "--allow-http-registry",
                "--allow-insecure-registry",
                &bundle,
                &image,
            ];
            let Some(output) = home.peer("cosign", &arguments) else {
                return;
            };
            assert!(
                output.status.success(),
                "{name} {format}: {}",
                said(&output)
            );
        }
        // an attestation is no signature of the image
        let verdict = home
            .porthole(&["verify", &reference, "--key", &key])
            .output()
            .unwrap();
        assert_eq!(verdict.status.code(), Some(3), "{}", said(&verdict));
    }
}

#[test]
fn what_registries_or_pullers_would_stumble_over_is_refused() {
    let home = Home::new();
    let reference = layout(&home.path("layout"));
    let before = super::sign::files(&home.path("layout"));
    for folder in ["one", "two"] {
        std::fs::create_dir(home.path(folder)).unwrap();
        std::fs::write(home.path(&format!("{folder}/a.txt")), folder).unwrap();
    }
    let attach = ["attach", &reference, "one/a.txt"];
    for wrong in ["", "a type", "text", "text/plain;charset=utf-8"] {
        let error = home.fail(&[&attach[..], &["--artifact-type", wrong]].concat());
        assert!(error.contains("is no media type"), "{wrong}: {error}");
    }
    // oras would write one over the other
    let two = [&attach[..], &["two/a.txt", "--artifact-type", "a/b"]].concat();
    let output = home.porthole(&two).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = said(&output);
    assert!(
        error.contains("two of the files are called a.txt"),
        "{error}"
    );
    assert_eq!(super::sign::files(&home.path("layout")), before);
}
