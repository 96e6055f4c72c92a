//! Signatures that are kept apart from an image, and who is asked for them.

use std::path::Path;
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use porthole::config::{LookasideFiles, Network, RegistriesFiles};
use porthole::engine::{Command, EngineConfig, ImageSnapshot, NodePath, TrustConfig};
use porthole::signature::Verdict;

use super::cli::{digest_of, fixture, verify_at};
use crate::support::registry::{Fault, Registry};
use crate::support::watch::{Watch, config};

const BUSYBOX: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/images/busybox-small"
);

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

/// A registry with the image that the fixtures' signatures are of.
fn registry() -> Registry {
    let registry = Registry::start();
    registry.put_layout("app", BUSYBOX);
    registry
}

fn offers(registry: &Registry, path: &str) {
    let header = ("X-Registry-Supports-Signatures".to_owned(), "1".to_owned());
    registry.fault(path, Fault::Headers(vec![header]));
}

#[test]
fn signatures_that_a_registry_gives_by_its_extension_are_found_and_judged() {
    let home = tempfile::tempdir().unwrap();
    let registry = registry();
    let digest = digest_of(&format!("oci:{BUSYBOX}:amd64"));
    let image = registry.reference(&format!("app@{digest}"));
    let key = fixture("keys/gpg-pub.asc");
    let judge = || {
        let name = "registry.example.org/fix/busybox:amd64";
        let arguments = [&*image, "--key", &key, "--signed-name", name, "--json"];
        verify_at(home.path(), &arguments)
    };
    let way = format!("/extensions/v2/app/signatures/{digest}");
    // a registry that does not say so is not asked
    let output = judge();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(
        !registry
            .lines()
            .iter()
            .any(|line| line.contains("/extensions/"))
    );

    let answer = |fault: Fault| {
        registry.forget_faults();
        registry.fault(&way, fault);
        offers(&registry, "/v2/app/");
    };
    let message = std::fs::read(fixture("simple-signing-dir/signature-1")).unwrap();
    let one = |version: u64, kind: &str, content: &[u8]| {
        json!({
            "schemaVersion": version,
            "name": format!("{digest}@0001"),
            "type": kind,
            "content": STANDARD.encode(content),
        })
    };
    let list = |signatures: Value| {
        let body = json!({"signatures": signatures}).to_string();
        answer(Fault::answer(200, "application/json", &body));
    };
    // other versions and types are other things, which nobody can read and everybody sees
    list(json!([
        one(1, "atomic", b"x"),
        one(2, "other", b"x"),
        one(2, "atomic", &message)
    ]));
    let output = judge();
    let found = report(&output);
    assert_eq!(output.status.code(), Some(0), "{found:#}");
    let formats = found["signatures"].as_array().unwrap().iter();
    let mut formats: Vec<_> = formats.map(|one| &one["format"]).collect();
    formats.sort_by_key(|format| format.to_string());
    assert_eq!(formats, ["simpleSigning", "unknown", "unknown"]);
    assert_eq!(found["signatures"][0]["foundIn"], json!(["api-extension"]));
    let looked = found["looked"].to_string();
    assert!(looked.contains("API extension): 3"), "{looked}");

    // none there is none; what cannot be read is never unsigned
    let strange = json!({"signatures": [one(3, "atomic", &message)]}).to_string();
    for (fault, code, verdict) in [
        (Fault::status(404), 1, "cannotSay"),
        (
            Fault::answer(200, "application/json", &strange),
            3,
            "rejected",
        ),
        (
            Fault::answer(200, "application/json", r#"{"signatures":[]}"#),
            3,
            "unsigned",
        ),
        (Fault::status(403), 1, "cannotSay"),
        (Fault::answer(200, "application/json", "{"), 1, "cannotSay"),
        (
            Fault::answer(
                200,
                "application/json",
                r#"{"signatures":[{"schemaVersion":2,"name":"x","type":"atomic","content":"?"}]}"#,
            ),
            1,
            "cannotSay",
        ),
    ] {
        answer(fault.clone());
        let output = judge();
        let found = report(&output);
        assert_eq!(output.status.code(), Some(code), "{fault:?}: {found:#}");
        assert_eq!(found["verdict"], verdict, "{fault:?}");
    }
}

fn settings(home: &Path, name: &str, text: &str) {
    let file = home.join(".config/containers").join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

/// Offline nobody is asked but the registry of the image: no mirror, no lookaside.
#[test]
fn offline_neither_mirrors_nor_lookasides_are_asked() {
    let home = tempfile::tempdir().unwrap();
    let (registry, mirror, lookaside) = (registry(), registry(), Registry::start());
    let (host, mirrored) = (registry.host(), mirror.host());
    let registries = format!(
        "[[registry]]\nlocation = \"{host}\"\n[[registry.mirror]]\nlocation = \"{mirrored}\"\ninsecure = true\n"
    );
    settings(home.path(), "registries.conf", &registries);
    let aside = lookaside.host();
    let yaml = format!("docker:\n  {host}:\n    lookaside: http://{aside}/signatures\n");
    settings(home.path(), "registries.d/own.yaml", &yaml);
    let digest = digest_of(&format!("oci:{BUSYBOX}:amd64"));
    let image = registry.reference(&format!("app@{digest}"));
    let key = fixture("keys/cosign.pub");
    let judge = |more: &[&str]| {
        let arguments = [&[image.as_str(), "--key", &key, "--json"], more].concat();
        verify_at(home.path(), &arguments)
    };
    // who is not offline asks both of them
    judge(&[]);
    assert!(mirror.connections() > 0 && lookaside.connections() > 0);
    let before = (mirror.connections(), lookaside.connections());
    let asked = registry.requests().len();
    let output = judge(&["--offline"]);
    assert_eq!((mirror.connections(), lookaside.connections()), before);
    assert!(
        registry.requests().len() > asked,
        "the registry itself is asked"
    );
    // what was not asked may have signatures
    assert_eq!(output.status.code(), Some(1));
    let found = report(&output);
    assert_eq!(found["verdict"], "cannotSay");
    assert!(
        found["problems"].to_string().contains("offline"),
        "{found:#}"
    );
    // without those settings everything there is was asked
    settings(home.path(), "registries.d/own.yaml", "# nowhere\n");
    let output = judge(&["--offline"]);
    assert_eq!(report(&output)["verdict"], "unsigned", "{output:?}");
}

/// The same by the window's switch: at once, on what is open, and back again.
#[test]
fn the_switch_in_the_window_holds_for_mirrors_and_lookasides() {
    let home = tempfile::tempdir().unwrap();
    let (registry, mirror, lookaside) = (registry(), registry(), Registry::start());
    let (host, mirrored, aside) = (registry.host(), mirror.host(), lookaside.host());
    let registries = format!(
        "[[registry]]\nlocation = \"{host}\"\n[[registry.mirror]]\nlocation = \"{mirrored}\"\ninsecure = true\n"
    );
    settings(home.path(), "registries.conf", &registries);
    let yaml = format!("docker:\n  {host}:\n    lookaside: http://{aside}/signatures\n");
    settings(home.path(), "registries.d/own.yaml", &yaml);
    let key = fixture("keys/cosign.pub");
    let policy = format!(
        "version = 1\n[[rule]]\nscope = \"*\"\nsigners = [\"k\"]\n[[signer]]\nname = \"k\"\nkey_file = {key:?}\n"
    );
    settings(home.path(), "trust.toml", &policy);
    let containers = home.path().join(".config/containers");
    let watch = Watch::start_with(EngineConfig {
        network: Network {
            registries: RegistriesFiles {
                main: vec![containers.join("registries.conf")],
                ..RegistriesFiles::default()
            },
            lookaside: LookasideFiles {
                folders: vec![containers.join("registries.d")],
                fallback: None,
            },
            ..config().network
        },
        trust: TrustConfig {
            policy: Some(containers.join("trust.toml")),
            automatic: true,
            ..TrustConfig::default()
        },
        ..config()
    });
    watch.engine.send(Command::SetOffline(true));
    let digest = digest_of(&format!("oci:{BUSYBOX}:amd64"));
    let image = watch.open(&registry.reference(&format!("app@{digest}")));
    // the report, as long as it is of one who is so
    let judged = |snapshot: &ImageSnapshot, offline: bool| {
        let report = snapshot.signatures(&NodePath::root()).value()?;
        let left_out = report.problems.iter().any(|why| why.contains("offline"));
        (snapshot.offline == offline && left_out == offline).then(|| report.verdict.clone())
    };
    let open = watch.until(image, |snapshot| judged(snapshot, true).is_some());
    let verdict = judged(&open, true).unwrap();
    let Verdict::CannotSay { why, hint } = &verdict else {
        panic!("{verdict:?}");
    };
    assert!(
        why.contains("nobody else is asked offline") && why.contains(&aside),
        "{why}"
    );
    assert!(hint.contains("Go online"), "{hint}");
    assert_eq!((mirror.connections(), lookaside.connections()), (0, 0));
    assert!(
        !registry.requests().is_empty(),
        "the registry itself is asked"
    );

    watch.engine.send(Command::SetOffline(false));
    watch.until(image, |snapshot| judged(snapshot, false).is_some());
    assert!(
        lookaside.connections() > 0,
        "what was left out is asked now"
    );
    // the mirror is asked first by whoever opens the image anew
    let tagged = registry.reference("app:amd64");
    let (anew, _) = watch.open_and_settle(&tagged);
    assert!(mirror.connections() > 0, "and the mirror");
    watch.until(anew, |snapshot| judged(snapshot, false).is_some());

    watch.engine.send(Command::SetOffline(true));
    watch.until(image, |snapshot| judged(snapshot, true).is_some());
    let before = (mirror.requests().len(), lookaside.requests().len());
    let asked = registry.requests().len();
    let (again, _) = watch.open_and_settle(&tagged);
    watch.until(again, |snapshot| judged(snapshot, true).is_some());
    assert!(registry.requests().len() > asked);
    assert_eq!(
        (mirror.requests().len(), lookaside.requests().len()),
        before
    );
}
