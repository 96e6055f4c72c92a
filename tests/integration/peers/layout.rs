//! Layouts: skopeo and `sha256sum` against `porthole inspect`.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::peers::{Tool, tool};

/// Every name of every layout among the fixtures that skopeo can be asked for.
const NAMED: [(&str, &str); 4] = [
    ("busybox-small", "1.37.0"),
    ("busybox-small", "plain"),
    ("busybox-small", "amd64"),
    ("buildkit-app", "@0"),
];

fn reference(layout: &str, name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/images")
        .join(layout);
    format!("oci:{}:{name}", folder.display())
}

fn porthole(arguments: &[&str]) -> Vec<u8> {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(arguments)
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

fn sha256sum(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bytes");
    std::fs::write(&path, bytes).unwrap();
    let output = Command::new("sha256sum").arg(&path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    format!("sha256:{}", text.split(' ').next().unwrap())
}

#[test]
fn raw_is_what_skopeo_prints() {
    let Some(skopeo) = tool("skopeo") else {
        return;
    };
    for (layout, name) in NAMED {
        let reference = reference(layout, name);
        let theirs = skopeo.run(&["inspect", "--raw", &reference]);
        let ours = porthole(&["inspect", "--raw", &reference]);
        assert_eq!(ours, theirs, "{reference}");
        let object: Value =
            serde_json::from_slice(&porthole(&["inspect", "--json", &reference])).unwrap();
        assert_eq!(object["digest"], sha256sum(&theirs), "{reference}");
    }
}

fn children(object: &Value) -> Vec<(String, Value)> {
    let Some(entries) = object["manifests"].as_array() else {
        return vec![(String::new(), object.clone())];
    };
    let images = entries
        .iter()
        .filter(|e| e["platform"] != "unknown/unknown");
    images
        .map(|e| {
            (
                e["platform"].as_str().unwrap().to_owned(),
                e["image"].clone(),
            )
        })
        .collect()
}

fn skopeo_on(skopeo: &Tool, platform: &str, arguments: &[&str]) -> Vec<u8> {
    let mut all = Vec::new();
    let parts: Vec<_> = platform.split('/').collect();
    let flags = ["--override-os", "--override-arch", "--override-variant"];
    for (flag, part) in flags.iter().zip(parts.iter().filter(|p| !p.is_empty())) {
        all.extend([*flag, *part]);
    }
    all.extend(arguments);
    skopeo.run(&all)
}

#[test]
fn config_and_layers_of_each_platform_are_what_skopeo_prints() {
    let Some(skopeo) = tool("skopeo") else {
        return;
    };
    let mut compared = 0;
    for (layout, name) in NAMED {
        let reference = reference(layout, name);
        let object: Value =
            serde_json::from_slice(&porthole(&["inspect", "--json", &reference])).unwrap();
        for (platform, image) in children(&object) {
            let config = skopeo_on(
                &skopeo,
                &platform,
                &["inspect", "--config", "--raw", &reference],
            );
            let config: Value = serde_json::from_slice(&config).unwrap();
            assert_eq!(image["config"], config, "{reference} {platform}");
            let theirs = skopeo_on(&skopeo, &platform, &["inspect", &reference]);
            let theirs: Value = serde_json::from_slice(&theirs).unwrap();
            let layers = image["layers"].as_array().unwrap().iter();
            let digests: Vec<_> = layers.map(|layer| layer["digest"].clone()).collect();
            assert_eq!(
                Value::from(digests),
                theirs["Layers"],
                "{reference} {platform}"
            );
            for (layer, data) in image["layers"]
                .as_array()
                .unwrap()
                .iter()
                .zip(theirs["LayersData"].as_array().unwrap())
            {
                assert_eq!(layer["size"], data["Size"]);
                assert_eq!(layer["mediaType"], data["MIMEType"]);
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 2 + 2 + 1 + 3);
}

#[test]
fn the_platform_chosen_is_the_one_that_skopeo_chooses() {
    let Some(skopeo) = tool("skopeo") else {
        return;
    };
    let reference = reference("buildkit-app", "@0");
    for platform in [
        "linux/amd64",
        "linux/arm64",
        "linux/arm64/v8",
        "linux/arm/v7",
    ] {
        let theirs = skopeo_on(
            &skopeo,
            platform,
            &["inspect", "--config", "--raw", &reference],
        );
        let ours = porthole(&["inspect", "--json", "--platform", platform, &reference]);
        let ours: Value = serde_json::from_slice(&ours).unwrap();
        let theirs: Value = serde_json::from_slice(&theirs).unwrap();
        assert_eq!(ours["config"], theirs, "{platform}");
    }
}
