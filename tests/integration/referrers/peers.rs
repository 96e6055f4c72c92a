//! What oras and cosign attach, we list; and we list what oras lists.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::peers::{self, Tool, running};

const BUSYBOX: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/images/busybox-small"
);

/// A place that oras and we can both look into.
struct Place {
    /// As oras names the image, and what it has to be told besides.
    oras: String,
    options: &'static [&'static str],
    /// As we name it.
    reference: String,
}

/// A repository of its own in the registry at `host`.
fn repository(host: &str, test: &str) -> Place {
    let name = format!("{host}/referrers-{test}-{}", std::process::id());
    Place {
        reference: format!("docker://{name}:amd64"),
        oras: name,
        options: &["--plain-http"],
    }
}

fn folder(path: &Path) -> Place {
    Place {
        oras: path.display().to_string(),
        options: &["--oci-layout"],
        reference: format!("oci:{}:amd64", path.display()),
    }
}

impl Place {
    /// Runs oras on the image, or on the manifest with this digest beside it.
    fn oras(&self, oras: &Tool, verb: &str, digest: Option<&str>, rest: &[&str]) -> Value {
        let image = match digest {
            Some(digest) => format!("{}@{digest}", self.oras),
            None => format!("{}:amd64", self.oras),
        };
        let work = tempfile::tempdir().unwrap();
        std::fs::write(work.path().join("file"), verb).unwrap();
        let mut command = oras.command();
        command
            .current_dir(work.path())
            .arg(verb)
            .args(self.options);
        command.args(["--format", "json"]).arg(image).args(rest);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Attaches something of `artifact_type`; its digest.
    fn attach(&self, oras: &Tool, to: Option<&str>, artifact_type: &str, mark: &str) -> String {
        let annotation = format!("mark={mark}");
        let rest = [
            "--artifact-type",
            artifact_type,
            "--annotation",
            &annotation,
            "file:text/plain",
        ];
        let attached = self.oras(oras, "attach", to, &rest);
        attached["digest"].as_str().unwrap().to_owned()
    }

    /// An SBOM, a signature of it, and two signatures of the image.
    fn attach_all(&self, oras: &Tool) {
        let notation = "application/vnd.cncf.notary.signature";
        let sbom = self.attach(oras, None, "application/spdx+json", "sbom");
        self.attach(oras, Some(&sbom), notation, "on the sbom");
        self.attach(oras, None, notation, "one");
        self.attach(oras, None, notation, "two");
    }

    fn ours(&self) -> Value {
        let home = tempfile::tempdir().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_porthole"))
            .args(["referrers", "--json", &self.reference])
            .env("HOME", home.path())
            .env("XDG_CACHE_HOME", home.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// The tree below the image by digest, with what both tools say of each; sorted, since
/// registries list in any order.
fn shape(object: &Value, keys: &[&str]) -> Value {
    let below = object["referrers"].as_array().unwrap().iter();
    let mut below: Vec<_> = below
        .map(|referrer| {
            let mut shape = json!({"digest": referrer["digest"], "below": shape(referrer, keys)});
            for key in keys {
                shape[*key] = referrer[*key].clone();
            }
            shape
        })
        .collect();
    below.sort_by_key(ToString::to_string);
    below.into()
}

/// Puts the fixture's image into the place, with everything attached.
fn fill(place: &Place, oras: &Tool) {
    let flag = match place.options {
        ["--plain-http"] => "--to-plain-http",
        _ => "--to-oci-layout",
    };
    let (from, to) = (format!("{BUSYBOX}:amd64"), format!("{}:amd64", place.oras));
    oras.run(&["cp", "--no-tty", "--from-oci-layout", flag, &from, &to]);
    place.attach_all(oras);
}

fn same_tree(place: &Place, oras: &Tool, keys: &[&str]) -> Value {
    let theirs = place.oras(oras, "discover", None, &[]);
    let ours = place.ours();
    assert_eq!(ours["outcome"], "listed", "{ours:#}");
    assert_eq!(
        shape(&ours, keys),
        shape(&theirs, keys),
        "{}",
        place.reference
    );
    ours
}

#[test]
fn the_tree_is_the_one_that_oras_discovers() {
    let Some(oras) = peers::tool("oras") else {
        return;
    };
    let all: &[&str] = &["mediaType", "size", "artifactType", "annotations"];
    let layout = tempfile::tempdir().unwrap();
    let mut places = vec![(folder(layout.path()), all)];
    let registries = [
        (1, "plain"),
        (14, "crane"),
        (15, "ferro"),
        (16, "gcr"),
        (17, "cue"),
    ];
    for (offset, name) in registries {
        if let Some(host) = running(name, offset) {
            // these list no annotations and types of their own, and oras believes the list
            let keys = match name {
                "gcr" | "cue" => &all[..2],
                _ => all,
            };
            places.push((repository(&host, "oras"), keys));
        }
    }
    for (place, keys) in &places {
        fill(place, &oras);
        let ours = same_tree(place, &oras, keys);
        let top = ours["referrers"].as_array().unwrap();
        assert_eq!(top.len(), 3, "{ours:#}");
        let sbom = top.iter().find(|top| top["kind"] == "SPDX SBOM").unwrap();
        assert_eq!(sbom["referrers"][0]["kind"], "Notation signature");
        assert_eq!(sbom["referrers"][0]["annotations"]["mark"], "on the sbom");
    }
}

#[test]
fn what_oras_copies_with_its_referrers_has_them_still() {
    let Some(oras) = peers::tool("oras") else {
        return;
    };
    let Some(host) = running("plain", 1) else {
        return;
    };
    let place = repository(&host, "copy");
    fill(&place, &oras);
    let before = place.ours();
    let target = tempfile::tempdir().unwrap();
    let (from, to) = (
        format!("{}:amd64", place.oras),
        format!("{}:amd64", target.path().display()),
    );
    oras.run(&[
        "cp",
        "-r",
        "--no-tty",
        "--from-plain-http",
        "--to-oci-layout",
        &from,
        &to,
    ]);
    let copied = folder(target.path());
    let after = same_tree(&copied, &oras, &["mediaType", "size"]);
    let keys = ["mediaType", "size", "artifactType", "kind", "annotations"];
    assert_eq!(shape(&after, &keys), shape(&before, &keys));
}

#[test]
fn what_cosign_signs_is_listed_in_both_of_its_formats() {
    let (Some(cosign), Some(oras)) = (peers::tool("cosign"), peers::tool("oras")) else {
        return;
    };
    let ways = [
        (1, "plain", "fallback-tag"),
        (14, "crane", "fallback-tag"),
        (15, "ferro", "api"),
        (16, "gcr", "api"),
        (17, "cue", "api"),
    ];
    for (offset, name, bundle) in ways {
        let Some(host) = running(name, offset) else {
            continue;
        };
        let place = repository(&host, "cosign");
        let (from, to) = (format!("{BUSYBOX}:amd64"), format!("{}:amd64", place.oras));
        oras.run(&[
            "cp",
            "--no-tty",
            "--from-oci-layout",
            "--to-plain-http",
            &from,
            &to,
        ]);
        let digest = place.ours()["digest"].as_str().unwrap().to_owned();
        let work = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            let mut command = cosign.command();
            command.current_dir(work.path()).args(arguments);
            command
                .env("COSIGN_PASSWORD", "test")
                .env("HOME", work.path());
            let output = command.output().unwrap();
            assert!(output.status.success(), "{arguments:?}: {output:?}");
        };
        run(&["generate-key-pair"]);
        let image = format!("{}@{digest}", place.oras);
        for format in ["--new-bundle-format=false", "--new-bundle-format=true"] {
            run(&[
                "sign",
                "--key",
                "cosign.key",
                "--yes",
                "--use-signing-config=false",
                "--tlog-upload=false",
                "--allow-http-registry",
                "--allow-insecure-registry",
                format,
                &image,
            ]);
        }
        let ours = place.ours();
        let found: Vec<_> = ours["referrers"].as_array().unwrap().iter().collect();
        let [of_bundle, of_tag] = found[..] else {
            panic!("{ours:#}");
        };
        let tag = digest.replace(':', "-");
        assert_eq!(of_bundle["kind"], "Sigstore bundle, signature");
        let way = of_bundle["foundIn"][0].as_str().unwrap();
        assert!(way.starts_with(bundle), "{name}: {way}");
        assert_eq!(of_tag["kind"], "cosign signature");
        assert_eq!(of_tag["foundIn"], json!([format!("cosign-tag:{tag}.sig")]));
    }
}
