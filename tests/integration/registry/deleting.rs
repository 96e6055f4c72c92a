//! Deleting tags, manifests and blobs; and the list of referrers that two write at once.

use std::process::{Command, Output};

use bytes::Bytes;
use futures_util::future::join_all;
use porthole::model::{
    Algorithm, Descriptor, Digest, MediaType, RawDocument, RegistryReference, referrers_tag,
};
use porthole::transport::registry::RegistryDestination;
use porthole::transport::{Delete, Problem, attach};
use serde_json::{Value, json};

use super::uploads::destination;
use super::{BUSYBOX, client, network};
use crate::support::registry::{Fault, ReferrersApi, Registry, Setup, Writes};

fn registry(writes: Writes) -> Registry {
    let registry = Registry::with_writes(writes);
    registry.put_layout("team/busybox", BUSYBOX);
    registry
}

fn place(registry: &Registry, name: &str) -> RegistryDestination {
    let image: RegistryReference = format!("{}/{name}", registry.host()).parse().unwrap();
    RegistryDestination::new(client(network()), image)
}

fn porthole(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(arguments)
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path())
        .output()
        .unwrap()
}

const INDEX: &str = r#"{"schemaVersion":2,"manifests":[]}"#;

fn put(registry: &Registry, tag: &str, text: &str) -> Digest {
    registry.put_manifest("team/app", Some(tag), MediaType::OCI_INDEX, text.as_bytes())
}

#[tokio::test]
async fn a_tag_goes_alone_where_the_registry_can() {
    let registry = Registry::with_writes(Writes {
        deletes_tags: true,
        ..Writes::default()
    });
    let digest = put(&registry, "1", INDEX);
    put(&registry, "latest", INDEX);
    place(&registry, "team/app").delete_tag("1").await.unwrap();
    assert_eq!(registry.held("team/app", "1"), None);
    assert!(registry.held("team/app", "latest").is_some());
    assert!(registry.held("team/app", &digest.to_string()).is_some());
    assert_eq!(registry.lines(), ["DELETE /v2/team/app/manifests/1"]);
}

#[tokio::test]
async fn where_only_manifests_go_the_last_tag_goes_with_its_manifest() {
    let registry = Registry::with_writes(Writes::default());
    let digest = put(&registry, "1", INDEX);
    put(
        &registry,
        "2",
        r#"{"schemaVersion":2,"manifests":[],"annotations":{}}"#,
    );
    place(&registry, "team/app").delete_tag("1").await.unwrap();
    assert_eq!(registry.held("team/app", &digest.to_string()), None);
    assert!(registry.held("team/app", "2").is_some());
}

#[test]
fn other_tags_of_the_manifest_are_named_before_they_go() {
    let registry = Registry::with_writes(Writes::default());
    put(&registry, "1", INDEX);
    put(&registry, "1.0", INDEX);
    put(&registry, "latest", INDEX);
    put(
        &registry,
        "2",
        r#"{"schemaVersion":2,"manifests":[],"annotations":{}}"#,
    );
    let reference = registry.reference("team/app:1");
    let refused = porthole(&["delete", &reference]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("1.0, latest would go too"), "{said}");
    assert!(said.contains("--with-other-tags"), "{said}");
    assert!(registry.held("team/app", "1").is_some());

    let done = porthole(&["delete", &reference, "--with-other-tags"]);
    assert!(done.status.success(), "{done:?}");
    for (tag, there) in [("1", false), ("1.0", false), ("latest", false), ("2", true)] {
        assert_eq!(registry.held("team/app", tag).is_some(), there, "{tag}");
    }
}

#[test]
fn a_name_without_a_tag_deletes_nothing() {
    let registry = Registry::with_writes(Writes::default());
    put(&registry, "latest", INDEX);
    let refused = porthole(&["delete", &registry.reference("team/app")]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("neither a tag nor a digest"), "{said}");
    assert!(registry.requests().is_empty());
}

#[tokio::test]
async fn manifests_and_blobs_go_by_their_digest() {
    let registry = Registry::with_writes(Writes::default());
    let digest = put(&registry, "1", INDEX);
    let blob = registry.put_blob("team/app", b"blob");
    let place = place(&registry, "team/app");
    place.delete_manifest(&digest).await.unwrap();
    place.delete_blob(&blob).await.unwrap();
    assert_eq!(registry.held("team/app", "1"), None);
    assert_eq!(registry.held("team/app", &blob.to_string()), None);
    assert_eq!(
        registry.lines(),
        [
            format!("DELETE /v2/team/app/manifests/{digest}"),
            format!("DELETE /v2/team/app/blobs/{blob}"),
        ]
    );
    let gone = place.delete_manifest(&digest).await.unwrap_err();
    assert_eq!(gone.problem, Problem::NotFound);
}

#[tokio::test]
async fn what_is_not_deleted_is_said_with_the_registrys_words() {
    let registry = Registry::with_writes(Writes {
        deletes: false,
        ..Writes::default()
    });
    let digest = put(&registry, "1", INDEX);
    let place = place(&registry, "team/app");
    let error = place.delete_manifest(&digest).await.unwrap_err();
    match &error.problem {
        Problem::NoDelete {
            status: 405,
            message,
        } => assert!(message.contains("unsupported"), "{message}"),
        other => panic!("{other:?}"),
    }
    assert!(error.hint().contains("operator"), "{}", error.hint());

    registry.fault("DELETE ", Fault::error(403, "DENIED", "not for you"));
    let error = place.delete_manifest(&digest).await.unwrap_err();
    assert!(
        error.hint().contains("delete from team/app"),
        "{}",
        error.hint()
    );
    assert!(registry.held("team/app", "1").is_some());
}

/// A manifest that refers to `subject`, with the config it names.
pub fn referrer(subject: &Digest, number: usize) -> (Descriptor, Bytes, RawDocument) {
    let config = Bytes::from_static(b"{}");
    let config_digest = Digest::sha256(&config);
    let descriptor = Descriptor::new("application/vnd.oci.empty.v1+json", config_digest, 2);
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_MANIFEST,
        "artifactType": "application/x-test",
        "config": descriptor,
        "layers": [descriptor],
        "subject": {"mediaType": MediaType::OCI_INDEX, "digest": subject, "size": INDEX.len()},
        "annotations": {"number": number.to_string()},
    });
    let bytes = serde_json::to_vec(&manifest).unwrap();
    let raw = RawDocument::hash(
        bytes.into(),
        Algorithm::Sha256,
        MediaType::new(MediaType::OCI_MANIFEST),
    );
    (descriptor, config, raw)
}

/// The digests that the list under the fallback tag holds.
fn listed(bytes: &[u8]) -> Vec<String> {
    let index: Value = serde_json::from_slice(bytes).unwrap();
    let entries = index["manifests"].as_array().unwrap();
    let digests = entries.iter().map(|entry| {
        assert_eq!(entry["artifactType"], "application/x-test");
        entry["digest"].as_str().unwrap().to_owned()
    });
    digests.collect()
}

/// Attaches so many referrers from programs of their own, all at once; their digests.
pub async fn attach_at_once(reference: &str, subject: &Digest, count: usize) -> Vec<String> {
    let attaching = (0..count).map(|number| {
        let (config, bytes, raw) = referrer(subject, number);
        // a client each: as little is shared as between two machines
        let to = destination(&client(network()), reference);
        tokio::spawn(async move {
            attach(&*to, &[(config, bytes)], &raw).await.unwrap();
            raw.digest().to_string()
        })
    });
    let attaching: Vec<_> = attaching.collect();
    let done = join_all(attaching).await;
    done.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_who_write_the_list_of_referrers_at_once_none_is_lost() {
    let registry = Registry::with_writes(Writes::default());
    let subject = put(&registry, "1", INDEX);
    let mut wrote = attach_at_once(&registry.reference("team/app:1"), &subject, 4).await;
    let list = registry.held("team/app", &referrers_tag(&subject)).unwrap();
    let mut found = listed(&list);
    wrote.sort();
    found.sort();
    assert_eq!(found, wrote);
}

#[tokio::test]
async fn where_the_registry_lists_referrers_itself_no_tag_is_written() {
    for (referrers, subject_header) in [
        (ReferrersApi::Whole { page: 10 }, true),
        // one that does not say so when it takes the manifest is asked
        (ReferrersApi::Whole { page: 10 }, false),
    ] {
        let registry = Registry::start_with(Setup {
            referrers,
            writes: Writes {
                subject: subject_header,
                ..Writes::default()
            },
            ..Setup::default()
        });
        let subject = put(&registry, "1", INDEX);
        attach_at_once(&registry.reference("team/app:1"), &subject, 1).await;
        assert_eq!(registry.held("team/app", &referrers_tag(&subject)), None);
    }
}

#[tokio::test]
async fn a_tag_that_holds_something_else_is_not_written_over() {
    let registry = Registry::with_writes(Writes::default());
    let subject = put(&registry, "1", INDEX);
    let tag = referrers_tag(&subject);
    put(&registry, &tag, r#"{"schemaVersion":2,"config":{}}"#);
    let to = destination(&client(network()), &registry.reference("team/app:1"));
    let (config, bytes, raw) = referrer(&subject, 1);
    let error = attach(&*to, &[(config, bytes)], &raw).await.unwrap_err();
    assert!(
        matches!(error.error.problem, Problem::Protocol { .. }),
        "{error:?}"
    );
    let kept = registry.held("team/app", &tag).unwrap();
    assert_eq!(kept, br#"{"schemaVersion":2,"config":{}}"#);
}

#[tokio::test]
async fn an_image_of_fixtures_is_deleted_by_tag() {
    let registry = registry(Writes {
        deletes_tags: true,
        ..Writes::default()
    });
    let place = place(&registry, "team/busybox");
    place.delete_tag("1.37.0").await.unwrap();
    assert_eq!(registry.held("team/busybox", "1.37.0"), None);
    assert!(registry.held("team/busybox", "plain").is_some());
}
