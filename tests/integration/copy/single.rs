//! One image of an index, written alone into a place that could hold the index.

use porthole::model::Platform;
use serde_json::{Value, json};

use super::cli::{done, porthole, text};
use super::{at, content, digest, open, root};
use crate::support::layout::{Layout, entry};
use crate::support::registry::{Registry, Writes};

/// An index of an image for this system, which something attests, one for another, and an
/// index with a third in it; with what its entries are for.
fn index(folder: &std::path::Path) -> (Layout, [porthole::model::Descriptor; 4]) {
    let mut layout = Layout::new(folder.join("from"));
    let host = Platform::host().to_string();
    let own = layout.image(&host, &["own"]);
    let other = layout.image("linux/none", &["other"]);
    let inner = layout.image("linux/inner", &["inner"]);
    let attested = layout.image("unknown/unknown", &["attested"]);
    let mut attestation = entry(&attested, "unknown/unknown");
    attestation["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": own.digest,
    });
    let nested = layout.index(&[entry(&inner, "linux/inner")]);
    let index = layout.index(&[
        entry(&other, "linux/none"),
        entry(&own, &host),
        attestation,
        serde_json::to_value(&nested).unwrap(),
    ]);
    layout.name("x", &index);
    (layout, [own, other, inner, attested])
}

#[tokio::test]
async fn one_image_is_written_as_it_is_in_place_of_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let (layout, [own, other, inner, attested]) = index(folder.path());
    let from = layout.reference("x");
    let registry = Registry::with_writes(Writes::default());
    let places = [
        at("oci", &folder.path().join("oci"), "y"),
        at("dir", &folder.path().join("dir"), ""),
        at("oci-archive", &folder.path().join("tar"), "y"),
        registry.reference("team/app:1"),
    ];
    for to in &places {
        let digest_of = other.digest.to_string();
        for (wanted, image) in [
            (None, &own),
            (Some("local"), &own),
            (Some("linux/none"), &other),
            (Some("linux/inner"), &inner),
            (Some(&digest_of[..]), &other),
        ] {
            let platform = wanted.map(|wanted| ["--platform", wanted]);
            let platform = platform.iter().flatten().copied();
            let mut arguments = vec!["copy", "--single"];
            arguments.extend(platform);
            arguments.extend([&from[..], to]);
            let output = porthole(&arguments);
            assert!(output.status.success(), "{to} {wanted:?}: {output:?}");
            let written = text(&output.stdout);
            assert_eq!(written.trim(), image.digest.to_string(), "{to} {wanted:?}");
            assert_eq!(digest(to).await, image.digest, "{to} {wanted:?}");
            // a manifest, its config and its layer, whole
            assert_eq!(content(to).await.len(), 3, "{to} {wanted:?}");
            // what attests it lies in the index, and is not dropped without a word
            let said = text(&output.stderr);
            let told = said.contains("left behind: an attestation of the image");
            assert_eq!(told, *image == own, "{to} {wanted:?}: {said}");
        }
    }
    // the same without --single is an index of one, with what attests it
    let to = at("oci", &folder.path().join("index"), "y");
    done(&["copy", "--platform", "local", &from, &to]);
    let written = root(&*open(&to)).await;
    let written: Value = serde_json::from_slice(written.bytes()).unwrap();
    let entries = written["manifests"].as_array().unwrap().iter();
    let digests: Vec<_> = entries.map(|entry| entry["digest"].clone()).collect();
    assert_eq!(digests, [json!(own.digest), json!(attested.digest)]);
    // an image that lies in no index is what it is
    let mut layout = layout;
    layout.name("alone", &own);
    let to = at("oci", &folder.path().join("alone"), "y");
    let options = ["copy", "--single", "--platform", "local"];
    done(&[&options[..], &[&layout.reference("alone"), &to]].concat());
    assert_eq!(digest(&to).await, own.digest);
}

#[test]
fn a_plan_says_that_one_image_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (layout, [own, ..]) = index(folder.path());
    let to = at("oci", &folder.path().join("to"), "y");
    let arguments = ["copy", "--plan", "--single", "--platform=local"];
    let from = layout.reference("x");
    let arguments = [&arguments[..], &[&from, &to]].concat();
    let plan = done(&arguments);
    let image = format!("{} (one image of the index)", own.digest);
    assert!(plan.contains(&image), "{plan}");
    assert!(
        plan.contains("leave    an attestation of the image: "),
        "{plan}"
    );
    let line = plan.lines().last().unwrap();
    assert!(
        line.starts_with("porthole copy --platform=local --single oci:"),
        "{line}"
    );
    let json: Value = serde_json::from_str(&done(&[&arguments[..], &["--json"]].concat())).unwrap();
    assert_eq!(json["single"], true);
    assert_eq!(json["digest"], json!(own.digest));
    assert_eq!(json["documents"].as_array().unwrap().len(), 1);
    assert_eq!(json["documents"][0]["action"], "write");
    // what contradicts itself is not guessed at
    for other in ["--all", "--sparse"] {
        let output = porthole(&["copy", "--single", other, "oci:a", "oci:b"]);
        assert_eq!(output.status.code(), Some(2), "{other}");
    }
}
