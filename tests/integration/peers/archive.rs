//! Archives and flat folders: what skopeo and regctl write, and what they say of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::archive::fixture;
use crate::support::peers::{Tool, optional_tool, tool};
use crate::support::schema1;

fn porthole(arguments: &[&str]) -> Vec<u8> {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(arguments)
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    output.stdout
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// `TRANSPORT:PATH` and what `skopeo copy` writes there of a name of `busybox-small`.
fn copied(skopeo: &Tool, folder: &Path, transport: &str, name: &str, flags: &[&str]) -> String {
    let from = format!("oci:{}:{name}", fixture("busybox-small").display());
    let path: PathBuf = folder.join(format!("{transport}-{}", name.replace('.', "-")));
    let to = match transport {
        "dir" => format!("dir:{}", path.display()),
        "docker-archive" => format!("{transport}:{}:example.org/busybox:1", path.display()),
        _ => format!("{transport}:{}:1", path.display()),
    };
    let mut arguments = vec!["copy", "--quiet"];
    arguments.extend(flags);
    arguments.extend([&*from, &to]);
    skopeo.run(&arguments);
    to
}

#[test]
fn raw_is_what_skopeo_prints_of_what_it_wrote() {
    let Some(skopeo) = tool("skopeo") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut references = vec![
        format!("dir:{}", fixture("busybox-dir-v2s2").display()),
        format!(
            "oci-archive:{}",
            fixture("buildkit-docker-save.tar").display()
        ),
    ];
    for (transport, name, flags) in [
        ("oci-archive", "1.37.0", &["--all"][..]),
        ("oci-archive", "amd64", &[]),
        ("dir", "1.37.0", &["--all"]),
        ("dir", "amd64", &[]),
    ] {
        references.push(copied(&skopeo, folder.path(), transport, name, flags));
    }
    for reference in references {
        let theirs = skopeo.run(&["inspect", "--raw", &reference]);
        assert_eq!(
            porthole(&["inspect", "--raw", &reference]),
            theirs,
            "{reference}"
        );
        // and without the prefix, by what is there
        let path = reference.split_once(':').unwrap().1;
        assert_eq!(porthole(&["inspect", "--raw", path]), theirs, "{path}");
    }
}

/// Config, layers and their sizes are those that skopeo derives. The types are not: skopeo
/// calls layers gzip that are not.
fn same_as_derived(skopeo: &Tool, reference: &str) {
    let theirs = parsed(&skopeo.run(&["inspect", "--raw", reference]));
    let ours = parsed(&porthole(&["inspect", "--raw", reference]));
    assert_eq!(ours["config"], theirs["config"], "{reference}");
    let blobs = |manifest: &Value| -> Vec<(Value, Value)> {
        let layers = manifest["layers"].as_array().unwrap().iter();
        layers
            .map(|layer| (layer["digest"].clone(), layer["size"].clone()))
            .collect()
    };
    assert_eq!(blobs(&ours), blobs(&theirs), "{reference}");
    let config = parsed(&skopeo.run(&["inspect", "--config", "--raw", reference]));
    let object = parsed(&porthole(&["inspect", "--json", reference]));
    assert_eq!(object["config"], config, "{reference}");
    assert_eq!(
        object["notes"][0]["kind"], "derived-manifest",
        "{reference}"
    );
}

#[test]
fn what_is_derived_is_what_skopeo_derives() {
    let Some(skopeo) = tool("skopeo") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let fixture = fixture("busybox-amd64-docker-archive.tar");
    let fixture = format!("docker-archive:{}", fixture.display());
    let written = copied(&skopeo, folder.path(), "docker-archive", "amd64", &[]);
    for reference in [
        fixture.clone(),
        format!("{fixture}:example.org/busybox:1.37.0"),
        format!("{fixture}:@0"),
        written,
    ] {
        same_as_derived(&skopeo, &reference);
    }
}

#[test]
fn a_packed_archive_is_what_the_plain_one_is() {
    let Some(skopeo) = tool("skopeo") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let plain = fixture("busybox-amd64-docker-archive.tar");
    let bytes = std::fs::read(&plain).unwrap();
    for (name, bytes) in [
        ("saved.tar.gz", crate::support::archive::gzip(&bytes)),
        ("saved.tar.zst", crate::support::archive::zstd(&bytes)),
    ] {
        let path = crate::support::archive::write(folder.path(), name, &bytes);
        same_as_derived(&skopeo, &format!("docker-archive:{}", path.display()));
    }
}

#[test]
fn what_regctl_exports_opens_with_its_digest() {
    // built from source, and not asked of every machine
    let Some(regctl) = optional_tool("regctl") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    // regctl writes into a layout that it opens
    let layout = folder.path().join("layout");
    let copied = Command::new("cp")
        .arg("-r")
        .arg(fixture("busybox-small"))
        .arg(&layout)
        .status();
    assert!(copied.unwrap().success());
    for name in ["amd64", "plain"] {
        let expected = porthole(&[
            "inspect",
            "--raw",
            &format!("oci:{}:{name}", layout.display()),
        ]);
        for (archive, flags) in [("exported.tar", &[][..]), ("exported.tgz", &["--compress"])] {
            let path = folder.path().join(archive);
            let from = format!("ocidir://{}:{name}", layout.display());
            let mut arguments = vec!["image", "export"];
            arguments.extend(flags);
            arguments.extend([&*from, path.to_str().unwrap()]);
            regctl.run(&arguments);
            let found = porthole(&["inspect", "--raw", path.to_str().unwrap()]);
            assert_eq!(found, expected, "{name} {archive}");
        }
    }
}

#[test]
fn the_digest_of_the_first_schema_is_the_one_that_skopeo_computes() {
    let Some(skopeo) = tool("skopeo") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (payload, whole) = schema1::signed(&schema1::image());
    for manifest in [payload, whole] {
        schema1::write(folder.path(), &manifest);
        let reference = format!("dir:{}", folder.path().display());
        let ours = parsed(&porthole(&["inspect", "--json", &reference]));
        let file = folder.path().join("manifest.json");
        let digest = skopeo.run(&["manifest-digest", file.to_str().unwrap()]);
        assert_eq!(ours["digest"], str::from_utf8(&digest).unwrap().trim());
        let theirs = parsed(&skopeo.run(&["inspect", &reference]));
        assert_eq!(ours["digest"], theirs["Digest"]);
        let config = &ours["config"];
        assert_eq!(config["created"], theirs["Created"]);
        assert_eq!(config["architecture"], theirs["Architecture"]);
        assert_eq!(config["os"], theirs["Os"]);
        assert_eq!(config["config"]["Labels"], theirs["Labels"]);
        // they list the layer of the step that made none as well
        let layers = theirs["Layers"].as_array().unwrap();
        let ours: Vec<_> = ours["layers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|l| &l["digest"])
            .collect();
        assert_eq!(layers[..2].iter().collect::<Vec<_>>(), ours);
    }
}
