//! One image, however it was written: by skopeo in each of its forms, by oras, by umoci and
//! in Docker's hybrid archive it is the same.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::archive::fixture;
use crate::support::peers::{Tool, tool};

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

fn inspected(reference: &str) -> Value {
    parsed(&porthole(&["inspect", "--json", reference]))
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// The values of `key` of every layer.
fn of_layers(image: &Value, key: &str) -> Vec<Value> {
    let layers = image["layers"].as_array().unwrap().iter();
    layers.map(|layer| layer[key].clone()).collect()
}

/// The images of an index by platform, or the image alone.
fn images(object: &Value) -> Vec<(Value, Value)> {
    match object["manifests"].as_array() {
        Some(entries) => entries
            .iter()
            .map(|entry| (entry["platform"].clone(), entry["image"].clone()))
            .collect(),
        None => vec![(Value::Null, object.clone())],
    }
}

/// The same digests, configs and layers; what a place writes of itself is left out.
fn assert_same(written: &Value, original: &Value, by: &str) {
    assert_eq!(written["digest"], original["digest"], "{by}");
    assert_eq!(written["annotations"], original["annotations"], "{by}");
    let keys = ["digest", "size", "mediaType", "diffId", "createdBy"];
    assert_same_images(written, original, by, &["digest", "totalSize"], &keys);
}

/// The same platforms and configs, and what `of_image` and `of_layer` name.
fn assert_same_images(
    written: &Value,
    original: &Value,
    by: &str,
    of_image: &[&str],
    of_layer: &[&str],
) {
    assert_eq!(written["mediaType"], original["mediaType"], "{by}");
    assert_eq!(written["kind"], original["kind"], "{by}");
    let (theirs, ours) = (images(written), images(original));
    assert_eq!(theirs.len(), ours.len(), "{by}");
    for ((platform, theirs), (expected, ours)) in theirs.iter().zip(&ours) {
        assert_eq!(platform, expected, "{by}");
        assert_eq!(theirs["config"], ours["config"], "{by}: {platform}");
        for key in of_image {
            assert_eq!(theirs[key], ours[key], "{by}: {key} of {platform}");
        }
        for key in of_layer {
            let (found, wanted) = (of_layers(theirs, key), of_layers(ours, key));
            assert_eq!(found, wanted, "{by}: {key} of the layers of {platform}");
        }
    }
}

#[test]
fn an_image_is_the_same_in_whatever_form_skopeo_and_oras_wrote_it() {
    let (Some(skopeo), Some(oras)) = (tool("skopeo"), tool("oras")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let busybox = fixture("busybox-small");
    for (name, flags) in [
        ("1.37.0", &["--all"][..]),
        ("plain", &["--all"]),
        ("amd64", &[]),
    ] {
        let from = format!("oci:{}:{name}", busybox.display());
        let original = inspected(&from);
        for transport in ["oci", "oci-archive", "dir"] {
            let path = folder.path().join(format!("{transport} of {name}"));
            let to = match transport {
                "dir" => format!("dir:{}", path.display()),
                _ => format!("{transport}:{}:some/name:1", path.display()),
            };
            let mut arguments = vec!["copy", "--quiet"];
            // an index it writes anew, and packs plain layers then
            let kept = original["kind"] == "manifest";
            arguments.extend(kept.then_some("--preserve-digests"));
            arguments.extend(flags);
            arguments.extend([&*from, &to]);
            skopeo.run(&arguments);
            let written = inspected(&to);
            if kept {
                assert_same(&written, &original, &to);
            } else {
                assert_same_images(&written, &original, &to, &[], &["diffId", "createdBy"]);
            }
            // and by what is there, without prefix and name
            let path = path.display().to_string();
            assert_same(&inspected(&path), &written, &path);
        }
        let layout = folder.path().join(format!("oras {name}"));
        let (from, to) = (
            format!("{}:{name}", busybox.display()),
            format!("{}:{name}", layout.display()),
        );
        oras.run(&[
            "cp",
            "--no-tty",
            "--from-oci-layout",
            "--to-oci-layout",
            &from,
            &to,
        ]);
        assert_same(&inspected(&format!("oci:{to}")), &original, "oras");
    }
}

/// The old archive has neither manifest nor compressed layers: config and DiffIDs stay, and
/// each layer is called by what it is when it is unpacked.
#[test]
fn in_the_old_archive_config_and_diff_ids_are_the_same() {
    let Some(skopeo) = tool("skopeo") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let from = format!("oci:{}:amd64", fixture("busybox-small").display());
    let original = inspected(&from);
    let to = format!("docker-archive:{}:a/b:1", folder.path().join("a").display());
    skopeo.run(&["copy", "--quiet", &from, &to]);
    let written = inspected(&to);
    for key in ["os", "architecture", "rootfs", "history"] {
        assert_eq!(written["config"][key], original["config"][key], "{key}");
    }
    let diff_ids = of_layers(&original, "diffId");
    assert_eq!(of_layers(&written, "diffId"), diff_ids);
    assert_eq!(of_layers(&written, "digest"), diff_ids);
    assert_eq!(
        of_layers(&written, "createdBy"),
        of_layers(&original, "createdBy")
    );
}

/// What Docker 28 saved is the layout that BuildKit pushed; skopeo reads its list, and finds
/// the same config and layers in it.
#[test]
fn what_docker_saved_is_what_buildkit_built() {
    let saved = fixture("buildkit-docker-save.tar");
    let original = inspected(&format!("oci:{}", fixture("buildkit-app").display()));
    assert_same(&inspected(saved.to_str().unwrap()), &original, "saved");
    let Some(skopeo) = tool("skopeo") else {
        return;
    };
    let reference = format!("docker-archive:{}", saved.display());
    let ours = inspected(&reference);
    let amd64 = &images(&original)[0].1;
    assert_eq!(images(&ours)[0].1["digest"], amd64["digest"]);
    let config = parsed(&skopeo.run(&["inspect", "--config", "--raw", &reference]));
    assert_eq!(config, amd64["config"]);
}

fn umoci(umoci: &Tool, folder: &Path, arguments: &[&str]) {
    let output = umoci
        .command()
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

#[test]
fn what_umoci_makes_is_what_umoci_says_of_it() {
    let (Some(tool), Some(skopeo)) = (tool("umoci"), tool("skopeo")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| umoci(&tool, folder.path(), arguments);
    run(&["init", "--layout", "made"]);
    run(&["new", "--image", "made:empty"]);
    run(&["unpack", "--rootless", "--image", "made:empty", "bundle"]);
    std::fs::write(folder.path().join("bundle/rootfs/hello"), "hello").unwrap();
    run(&["repack", "--image", "made:one", "bundle"]);
    let settings = ["--config.user", "app", "--config.cmd", "hello"];
    let command = ["config", "--image", "made:one", "--tag", "made"];
    run(&[&command[..], &settings[..]].concat());

    let layout = folder.path().join("made");
    let listed = tool.run(&["list", "--layout", layout.to_str().unwrap()]);
    let names = String::from_utf8(listed).unwrap();
    assert_eq!(names.lines().collect::<Vec<_>>(), ["empty", "one", "made"]);
    for name in names.lines() {
        let reference = format!("oci:{}:{name}", layout.display());
        let ours = inspected(&reference);
        let image = format!("{}:{name}", layout.display());
        let stat = parsed(&tool.run(&["stat", "--json", "--image", &image]));
        let manifest = &stat["manifest"];
        assert_eq!(ours["digest"], manifest["descriptor"]["digest"], "{name}");
        assert_eq!(ours["size"], manifest["descriptor"]["size"], "{name}");
        assert_eq!(ours["config"], stat["config"]["blob"], "{name}");
        let made = stat["history"].as_array().into_iter().flatten();
        let made: Vec<_> = made.filter(|step| !step["layer"].is_null()).collect();
        for (key, theirs) in [
            ("digest", "digest"),
            ("size", "size"),
            ("mediaType", "mediaType"),
        ] {
            let wanted: Vec<_> = made
                .iter()
                .map(|step| step["layer"][theirs].clone())
                .collect();
            assert_eq!(of_layers(&ours, key), wanted, "{name} {key}");
        }
        for (key, theirs) in [("diffId", "diff_id"), ("createdBy", "created_by")] {
            let wanted: Vec<_> = made.iter().map(|step| step[theirs].clone()).collect();
            assert_eq!(of_layers(&ours, key), wanted, "{name} {key}");
        }
        let raw = skopeo.run(&["inspect", "--raw", &reference]);
        assert_eq!(porthole(&["inspect", "--raw", &reference]), raw, "{name}");
    }
}

/// An artifact that is no image, as oras pushes it into a folder.
#[test]
fn what_oras_pushes_is_an_artifact_with_its_files() {
    let Some(oras) = tool("oras") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "notes").unwrap();
    let kind = "application/vnd.example.notes";
    let mut command = oras.command();
    command.current_dir(folder.path()).args([
        "push",
        "--no-tty",
        "--format",
        "json",
        "--oci-layout",
        "pushed:notes",
        "--artifact-type",
        kind,
        "notes.txt:text/plain",
    ]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let theirs = parsed(&output.stdout);
    let reference = format!("oci:{}:notes", folder.path().join("pushed").display());
    let ours = inspected(&reference);
    assert_eq!(ours["kind"], "artifact");
    for key in ["digest", "size", "mediaType", "annotations"] {
        assert_eq!(ours[key], theirs[key], "{key}");
    }
    assert_eq!(of_layers(&ours, "size"), [5]);
    assert_eq!(of_layers(&ours, "mediaType"), ["text/plain"]);
}
