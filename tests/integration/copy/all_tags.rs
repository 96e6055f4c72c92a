//! `porthole copy --all-tags`: what a repository or a layout has under every tag.

use std::path::Path;

use porthole::model::{Digest, MediaType};
use porthole::transport::Resolved;
use serde_json::Value;

use super::cli::{done, porthole, text};
use super::{fixture, network};
use crate::support::layout::listing;
use crate::support::registry::{Fault, Registry, Writes};

const TAGS: [&str; 6] = ["1.37", "1.37-rc1", "1.37.0", "amd64", "latest", "plain"];

/// Those that stand for the same index.
const SAME: [&str; 4] = ["1.37", "1.37-rc1", "1.37.0", "latest"];

/// A repository with these tags, and one that is made of a digest.
fn source() -> (Registry, Digest) {
    let registry = Registry::with_writes(Writes::default());
    registry.put_layout("app", fixture("busybox-small"));
    let index = registry.held("app", "1.37.0").unwrap();
    let mut digest = None;
    for tag in SAME {
        digest = Some(registry.put_manifest("app", Some(tag), MediaType::OCI_INDEX, &index));
    }
    let digest = digest.unwrap();
    let own = format!("sha256-{}", digest.hex());
    let list = br#"{"schemaVersion":2,"manifests":[]}"#;
    registry.put_manifest("app", Some(&own), MediaType::OCI_INDEX, list);
    (registry, digest)
}

fn repository(registry: &Registry) -> String {
    registry.reference("app")
}

/// The first word of each line.
fn tags_of(lines: &str) -> Vec<&str> {
    let mut tags: Vec<_> = lines
        .lines()
        .filter_map(|line| line.split("  ").next())
        .collect();
    tags.sort_unstable();
    tags
}

async fn under(reference: &str) -> Option<Digest> {
    let reference = porthole::model::Reference::parse_prefixed(reference)
        .unwrap()
        .unwrap();
    let client = porthole::transport::registry::Client::new(network()).unwrap();
    match porthole::transport::open(&reference, &client)
        .resolve()
        .await
    {
        Ok(Resolved::Document { raw, .. }) => Some(raw.digest().clone()),
        _ => None,
    }
}

fn blobs_asked(registry: &Registry) -> usize {
    let lines = registry.lines();
    let blob = |line: &&String| line.starts_with("GET ") && line.contains("/blobs/");
    lines.iter().filter(blob).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_tags_go_into_a_layout_and_from_there_into_a_registry() {
    let (registry, digest) = source();
    let folder = tempfile::tempdir().unwrap();
    let layout = format!("oci:{}", folder.path().join("all").display());
    let from = repository(&registry);

    let plan = done(&["copy", "--all-tags", "--plan", &from, &layout]);
    assert_eq!(plan.matches("\nporthole copy ").count(), 6, "{plan}");
    assert_eq!(listing(folder.path()), [], "nothing was written");

    let lines = done(&["copy", "--all-tags", &from, &layout]);
    assert_eq!(tags_of(&lines), TAGS, "not what is made of a digest");
    assert!(lines.contains(" sent\n"), "{lines}");
    for tag in SAME {
        assert_eq!(
            under(&format!("{layout}:{tag}")).await,
            Some(digest.clone())
        );
    }
    // what is under four tags was sent once
    let asked = blobs_asked(&registry);
    let image = done(&["inspect", "--json", &format!("{layout}:latest")]);
    let image: Value = serde_json::from_str(&image).unwrap();
    assert!(image["manifests"].as_array().unwrap().len() > 1);
    let held = listing(&folder.path().join("all/blobs/sha256")).len();
    assert!(
        asked <= held,
        "{asked} blobs were asked for, {held} are there"
    );

    // what is there already is not sent again
    let lines = done(&["copy", "--all-tags", &from, &layout]);
    assert_eq!(lines.matches("already there").count(), 6, "{lines}");
    assert_eq!(blobs_asked(&registry), asked);

    let other = Registry::with_writes(Writes::default());
    let lines = done(&["copy", "--all-tags", &layout, &repository(&other)]);
    assert_eq!(tags_of(&lines), TAGS);
    for tag in SAME {
        let there = other.held("app", tag).map(|bytes| Digest::sha256(&bytes));
        assert_eq!(there, Some(digest.clone()), "{tag}");
    }
}

#[test]
fn tags_are_chosen_by_expressions_that_fit_the_whole() {
    let (registry, _) = source();
    let folder = tempfile::tempdir().unwrap();
    let layout = format!("oci:{}", folder.path().display());
    let from = repository(&registry);
    let planned = |options: &[&str]| {
        let plans = done(
            &[
                &["copy", "--plan", "--json"][..],
                options,
                &[&from, &layout],
            ]
            .concat(),
        );
        let plans: Vec<Value> = serde_json::from_str(&plans).unwrap();
        let tags = plans.iter().map(|plan| {
            let source = plan["source"].as_str().unwrap();
            source.rsplit(':').next().unwrap().to_owned()
        });
        let mut tags: Vec<_> = tags.collect();
        tags.sort_unstable();
        tags
    };
    for (options, expected) in [
        (&["--tags", "1|1\\.37"][..], &["1.37"][..]),
        (
            &["--tags=1.*", "--without-tags=.*-rc.*"],
            &["1.37", "1.37.0"],
        ),
        (&["--without-tags", "1"], &TAGS),
    ] {
        assert_eq!(planned(options), expected, "{options:?}");
    }
    let none = porthole(&["copy", "--tags", "2", &from, &layout]);
    assert_eq!(none.status.code(), Some(1));
    let said = text(&none.stderr);
    assert!(said.contains("none of the 6 tags of"), "{said}");
}

#[test]
fn what_fails_is_told_and_the_rest_is_copied() {
    let (registry, digest) = source();
    registry.fault("GET /v2/app/manifests/1.37.0", Fault::status(403));
    let folder = tempfile::tempdir().unwrap();
    let layout = format!("oci:{}", folder.path().join("all").display());
    let from = repository(&registry);
    let copied = porthole(&["copy", "--all-tags", "--json", &from, &layout]);
    assert_eq!(copied.status.code(), Some(1), "{copied:?}");
    let said = text(&copied.stderr);
    assert!(said.contains("1 of 6 tags were not copied"), "{said}");
    assert!(said.contains("1.37.0: "), "{said}");
    let tags: Vec<Value> = serde_json::from_slice(&copied.stdout).unwrap();
    assert_eq!(tags.len(), 6);
    for tag in &tags {
        match tag["tag"].as_str().unwrap() {
            "1.37.0" => {
                assert_eq!(tag["state"], "failed");
                assert!(tag["error"].is_string() && tag["hint"].is_string(), "{tag}");
            }
            same if SAME.contains(&same) => {
                assert_eq!(tag["digest"], digest.to_string(), "{tag}");
            }
            _ => assert_eq!(tag["state"], "copied", "{tag}"),
        }
    }
    assert!(
        tags.iter()
            .any(|tag| tag["report"]["destination"].is_string())
    );
}

#[test]
fn a_name_that_is_no_tag_stays_and_the_rest_goes_into_the_registry() {
    let folder = tempfile::tempdir().unwrap();
    let layout = folder.path().join("names");
    let from = format!("oci:{}:1.37.0", fixture("busybox-small").display());
    for name in ["ok", "team/app:1"] {
        done(&["copy", &from, &format!("oci:{}:{name}", layout.display())]);
    }
    let registry = Registry::with_writes(Writes::default());
    let from = format!("oci:{}", layout.display());
    assert_eq!(done(&["tags", &from]), "ok\nteam/app:1\n");
    // nor does one that would turn the line round
    let index = layout.join("index.json");
    let tricky = std::fs::read_to_string(&index).unwrap();
    let tricky = tricky.replace("team/app:1", r"team/app:1\u202egnp");
    std::fs::write(&index, tricky).unwrap();
    assert_eq!(done(&["tags", &from]), "ok\nteam/app:1\\u{202e}gnp\n");
    let copied = porthole(&["copy", "--all-tags", &from, &repository(&registry)]);
    assert_eq!(copied.status.code(), Some(1));
    assert_eq!(tags_of(&text(&copied.stdout)), ["ok"]);
    let said = text(&copied.stderr);
    assert!(
        said.contains(r"team/app:1\u{202e}gnp was not copied"),
        "{said}"
    );
    assert!(registry.held("app", "ok").is_some());
}

#[test]
fn a_place_of_one_image_is_refused_before_anything_is_asked() {
    let (registry, _) = source();
    let from = repository(&registry);
    let one = format!("{from}:latest");
    let folder = tempfile::tempdir().unwrap();
    let at = |kind: &str, path: &Path| format!("{kind}:{}", path.display());
    let layout = at("oci", folder.path());
    for (source, destination) in [
        (&one, &layout),
        // it may be a folder, or a short name for another host's
        (&"app".to_owned(), &layout),
        (&from, &at("dir", folder.path())),
        (&from, &format!("{layout}:name")),
        (&from, &at("docker-archive", &folder.path().join("a.tar"))),
    ] {
        let refused = porthole(&["copy", "--all-tags", source, destination]);
        assert_eq!(
            refused.status.code(),
            Some(2),
            "{source} {destination}: {refused:?}"
        );
    }
    let both = porthole(&["copy", "--all-tags", "--also", "x", &from, &layout]);
    assert_eq!(both.status.code(), Some(2));
    assert_eq!(
        porthole(&["copy", "--tags", "(", &from, &layout])
            .status
            .code(),
        Some(2)
    );
    assert_eq!(registry.lines(), [""; 0]);
}
