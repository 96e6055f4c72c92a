//! What refers to an image in a layout folder, in all the ways in which tools keep it.

use std::path::Path;

use porthole::model::{Descriptor, Digest, MediaType, limits};
use porthole::referrers::{ReferrerTree, Search, Subject};
use porthole::transport::{ListingOutcome, Problem, Way};
use serde_json::{Value, json};

use crate::support::layout::{Layout, listing};
use crate::support::referrer::{
    NOTATION, SIMPLE_SIGNING, SPDX, cosign, expected, fallback, lines, manifest, question, source,
    tree, whole,
};

/// The amd64 image of the fixtures.
const AMD64: &str = "sha256:5d4cf3e3026c5cfb5249d241beb5f60d354183e5d5eb48e6317cf2c435150452";

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

async fn tree_in(folder: &Path, subject: &Digest) -> ReferrerTree {
    tree(&source(&format!("oci:{}", folder.display())), subject).await
}

/// A layout with one image, and the image.
fn layout() -> (tempfile::TempDir, Layout, Descriptor) {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let image = layout.image("linux/amd64", &["layer"]);
    layout.name("v1", &image);
    (folder, layout, image)
}

fn put(layout: &Layout, value: &Value) -> Descriptor {
    layout.document(MediaType::OCI_MANIFEST, value)
}

fn named(descriptor: &Descriptor, name: &str) -> Value {
    let mut entry = serde_json::to_value(descriptor).unwrap();
    entry["annotations"] = json!({"org.opencontainers.image.ref.name": name});
    entry
}

#[tokio::test]
async fn what_oras_cosign_and_notation_left_in_a_folder_is_what_its_readme_says() {
    let folder = fixture("signing/referrers-amd64");
    let before = listing(Path::new(&folder));
    let subject: Digest = AMD64.parse().unwrap();
    let tree = tree_in(Path::new(&folder), &subject).await;
    assert_eq!(tree.outcome(), Some(ListingOutcome::Listed));
    let mut found: Vec<_> = tree
        .walk()
        .map(|(depth, node)| (depth, node.kind.to_string()))
        .collect();
    found.sort();
    let expected = [
        (0, "Notation signature"),
        (0, "Notation signature"),
        (0, "SPDX SBOM"),
        (0, "Sigstore bundle, signature"),
        (0, "Sigstore bundle, signature"),
        (0, "Sigstore bundle, signature"),
        (0, "attestation: SPDX SBOM"),
        (1, "Notation signature"),
    ];
    let expected = expected.map(|(depth, kind)| (depth, kind.to_owned()));
    assert_eq!(found, expected);
    for (_, node) in tree.walk() {
        assert_eq!(node.subject, Subject::This);
        assert!(node.was_found_by(Way::IndexJson) && node.created.is_some());
    }
    let sbom = tree.top().find(|node| tree.children(node).len() == 1);
    assert_eq!(sbom.unwrap().total_size, Some(736 + 2 + 2317));
    assert_eq!(listing(Path::new(&folder)), before);
}

#[tokio::test]
async fn in_an_archive_it_is_the_same() {
    let folder = fixture("signing/referrers-amd64");
    let subject: Digest = AMD64.parse().unwrap();
    let there = tempfile::tempdir().unwrap();
    let archive = there.path().join("image.tar");
    let packed = std::process::Command::new("tar")
        .arg("-cf")
        .arg(&archive)
        .args(["-C", &folder, "."])
        .status();
    assert!(packed.unwrap().success());
    let place = source(&format!("oci-archive:{}", archive.display()));
    let found = tree(&place, &subject).await;
    assert_eq!(found.outcome(), Some(ListingOutcome::Listed));
    assert_eq!(
        lines(&found),
        lines(&tree_in(Path::new(&folder), &subject).await)
    );

    let sbom = found
        .top()
        .find(|node| found.children(node).len() == 1)
        .unwrap();
    let reference = place
        .reference()
        .at_digest(&sbom.descriptor.digest)
        .unwrap();
    let opened = source(&reference.to_string()).resolve().await.unwrap();
    let porthole::transport::Resolved::Document { raw, .. } = opened else {
        panic!("{opened:?}");
    };
    assert_eq!(*raw.digest(), sbom.descriptor.digest);
}

#[tokio::test]
async fn what_cosign_tagged_is_found_by_its_names() {
    let folder = fixture("signing/cosign25-key");
    let subject: Digest = AMD64.parse().unwrap();
    let tree = tree_in(Path::new(&folder), &subject).await;
    let found: Vec<_> = tree.top().map(|node| node.kind.to_string()).collect();
    assert_eq!(
        found,
        ["cosign signature", "attestation: SPDX SBOM", "SPDX SBOM"]
    );
    for node in tree.top() {
        assert_eq!(node.subject, Subject::ByName);
        let tag = node.found[0].tag.as_deref().unwrap();
        assert!(tag.starts_with(&AMD64.replace(':', "-")), "{tag}");
    }
}

#[tokio::test]
async fn buildkits_attestations_belong_to_the_platform_that_they_describe() {
    for (folder, index, subject, kind) in [
        (
            "images/busybox-small",
            "baa09548704e2166947ebd758f99e3504548a144b58b7d3e097db2b1cd365de9",
            AMD64,
            "attestation: SPDX SBOM, SLSA provenance",
        ),
        (
            "images/buildkit-app",
            "a6cac17373cc8845a08f31502536b5519c02f8a9d282b77f7b8d6c899c6fead8",
            "sha256:91cacb4fafd4734dda7a9753f5e2086023ed1c26a6c8c122a2d7471071a992d9",
            "attestation: SLSA provenance",
        ),
    ] {
        let folder = fixture(folder);
        let bytes = std::fs::read(format!("{folder}/blobs/sha256/{index}")).unwrap();
        let index: Value = serde_json::from_slice(&bytes).unwrap();
        let entries = index["manifests"].as_array().unwrap().iter();
        let in_index = entries
            .filter(|entry| entry["annotations"]["vnd.docker.reference.digest"] == subject)
            .map(|entry| Descriptor::from_json(entry).unwrap())
            .collect();
        let source = source(&format!("oci:{folder}"));
        let search = Search {
            in_index,
            ..question(&source, &subject.parse().unwrap())
        };
        let tree = whole(search).await;
        let [node] = tree.top().collect::<Vec<_>>()[..] else {
            panic!("{:?}", lines(&tree));
        };
        assert_eq!(node.kind.to_string(), kind);
        assert!(node.was_found_by(Way::InIndex) && node.belongs());
        assert_eq!(
            node.annotations["vnd.docker.reference.type"],
            "attestation-manifest"
        );
        assert_eq!(tree.outcome(), Some(ListingOutcome::Listed));
    }
}

#[tokio::test]
async fn entries_blobs_and_tags_are_all_looked_at() {
    let (folder, mut layout, image) = layout();
    let listed = put(&layout, &manifest(SPDX, &image, "listed"));
    layout.list(serde_json::to_value(&listed).unwrap());
    let named_too = put(&layout, &manifest(SPDX, &image, "named"));
    layout.name("sbom", &named_too);
    let only_blob = put(&layout, &manifest(NOTATION, &listed, "blob"));
    let tagged = put(&layout, &manifest(SPDX, &image, "tagged"));
    let index = layout.index(&[serde_json::to_value(&tagged).unwrap()]);
    layout.list(named(&index, &fallback(&image)));
    let signature = put(&layout, &cosign(SIMPLE_SIGNING, "sig"));
    layout.list(named(
        &signature,
        &format!("host/repo:{}.sig", fallback(&image)),
    ));
    let tree = tree_in(folder.path(), &image.digest).await;
    assert_eq!(tree.outcome(), Some(ListingOutcome::Listed));
    assert_eq!(
        lines(&tree),
        [
            expected(0, "SPDX SBOM", &listed),
            expected(1, "Notation signature", &only_blob),
            expected(0, "SPDX SBOM", &named_too),
            expected(0, "SPDX SBOM", &tagged),
            expected(0, "cosign signature", &signature),
        ]
    );
    let ways: Vec<Vec<Way>> = tree
        .walk()
        .map(|(_, node)| node.found.iter().map(|found| found.way).collect())
        .collect();
    assert_eq!(
        ways,
        [
            vec![Way::IndexJson],
            vec![Way::Blob],
            vec![Way::IndexJson],
            vec![Way::Blob, Way::FallbackTag],
            vec![Way::CosignTag],
        ]
    );
}

#[tokio::test]
async fn an_index_can_refer_to_an_image_too() {
    let (folder, layout, image) = layout();
    let index = layout.document(
        MediaType::OCI_INDEX,
        &json!({
            "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": [],
            "artifactType": "application/vnd.example.set",
            "subject": {"mediaType": image.media_type, "digest": image.digest, "size": image.size},
        }),
    );
    let tree = tree_in(folder.path(), &image.digest).await;
    assert_eq!(
        lines(&tree),
        [expected(0, "application/vnd.example.set", &index)]
    );
    assert_eq!(
        tree.top().next().unwrap().descriptor.media_type,
        index.media_type
    );
}

#[tokio::test]
async fn a_folder_without_any_has_none() {
    let (folder, layout, image) = layout();
    // none of these is a manifest that refers to the image
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "x", "digest": {"sha256": image.digest.hex()}}],
    });
    layout.document(MediaType::IN_TOTO, &statement);
    layout.blob(
        "",
        format!("{{\"subject\":{{\"digest\":\"{}\"}}", image.digest).as_bytes(),
    );
    layout.blob("", b"{\"subject\":{\"digest\":7}}");
    layout.blob("", b"[\"subject\"]");
    layout.blob("", &[]);
    std::fs::write(layout.folder().join("blobs/sha256/not-a-digest"), "{}").unwrap();
    std::fs::create_dir(layout.folder().join("blobs/md5")).unwrap();
    let tree = tree_in(folder.path(), &image.digest).await;
    assert_eq!(
        (tree.len(), tree.outcome()),
        (0, Some(ListingOutcome::Listed))
    );
}

#[tokio::test]
async fn other_names_that_are_made_of_the_digest_are_names() {
    let (folder, mut layout, image) = layout();
    let stem = fallback(&image);
    for name in [
        format!("{stem}.meta"),
        format!("{stem}.sig.old"),
        format!("{stem}-x"),
        stem[..40].to_owned(),
    ] {
        let odd = put(&layout, &cosign(SPDX, &name));
        layout.list(named(&odd, &name));
    }
    let found = tree_in(folder.path(), &image.digest).await;
    assert_eq!(
        (found.len(), found.outcome()),
        (0, Some(ListingOutcome::Listed))
    );
}

#[tokio::test]
async fn a_manifest_that_was_damaged_is_not_none() {
    let (folder, layout, image) = layout();
    let sbom = put(&layout, &manifest(SPDX, &image, "sbom"));
    let path = layout.blob_path(&sbom.digest);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("2026", "2025")).unwrap();
    let found = tree_in(folder.path(), &image.digest).await;
    assert_eq!(
        (found.len(), found.outcome()),
        (0, Some(ListingOutcome::NotRead))
    );
    let problem = found.problems().next().unwrap().problem.clone();
    assert!(matches!(problem, Problem::WrongDigest { .. }), "{problem}");
    // it says nothing about other images
    let other = Digest::sha256(b"other");
    let found = tree_in(folder.path(), &other).await;
    assert_eq!(found.outcome(), Some(ListingOutcome::Listed));
}

#[tokio::test]
async fn an_entry_that_is_not_there_is_only_missed_where_it_may_refer_to_something() {
    let (folder, mut layout, image) = layout();
    let gone = Descriptor::new(MediaType::OCI_MANIFEST, Digest::sha256(b"gone"), 4);
    layout.name("left-out", &gone);
    let found = tree_in(folder.path(), &image.digest).await;
    assert_eq!(
        found.outcome(),
        Some(ListingOutcome::Listed),
        "a sparse copy"
    );

    let mut artifact = serde_json::to_value(&gone).unwrap();
    artifact["digest"] = json!(Digest::sha256(b"gone too"));
    artifact["artifactType"] = json!(SPDX);
    layout.list(artifact);
    let found = tree_in(folder.path(), &image.digest).await;
    assert_eq!(found.outcome(), Some(ListingOutcome::NotRead));
}

#[tokio::test]
async fn entries_and_tags_that_cannot_be_read_are_not_none() {
    let (folder, mut layout, image) = layout();
    layout.list(json!({"digest": "sha256:no"}));
    let found = tree_in(folder.path(), &image.digest).await;
    assert_eq!(found.outcome(), Some(ListingOutcome::NotRead));
    let told = found.problems().next().unwrap().to_string();
    assert!(told.contains("entry 1"), "{told}");

    for broken in [
        cosign(SPDX, "no index"),
        json!({"schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": [7]}),
    ] {
        let (folder, mut layout, image) = self::layout();
        let broken = put(&layout, &broken);
        layout.list(named(&broken, &fallback(&image)));
        let found = tree_in(folder.path(), &image.digest).await;
        assert_eq!(found.outcome(), Some(ListingOutcome::NotRead));
        // it is under the tag of this image, and says nothing about others
        let other = Digest::sha256(b"other");
        let found = tree_in(folder.path(), &other).await;
        assert_eq!(found.outcome(), Some(ListingOutcome::Listed));
    }

    std::fs::remove_dir_all(folder.path()).unwrap();
    let found = tree_in(folder.path(), &image.digest).await;
    assert_eq!(found.outcome(), Some(ListingOutcome::NotRead));
}

#[cfg(unix)]
#[tokio::test]
async fn links_and_pipes_in_the_folder_lead_nowhere_and_are_not_none() {
    use std::os::unix::fs::symlink;
    let (folder, layout, image) = layout();
    let sbom = put(&layout, &manifest(SPDX, &image, "sbom"));
    let outside = tempfile::tempdir().unwrap();
    let path = layout.blob_path(&sbom.digest);
    std::fs::rename(&path, outside.path().join("sbom")).unwrap();
    symlink(outside.path().join("sbom"), &path).unwrap();
    let pipe = layout.blob_path(&Digest::sha256(b"pipe"));
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let found = tree_in(folder.path(), &image.digest).await;
    assert_eq!(
        (found.len(), found.outcome()),
        (0, Some(ListingOutcome::NotRead))
    );

    // all blobs are elsewhere
    let blobs = layout.folder().join("blobs");
    std::fs::rename(&blobs, outside.path().join("blobs")).unwrap();
    symlink(outside.path().join("blobs"), &blobs).unwrap();
    let found = tree_in(folder.path(), &image.digest).await;
    assert_eq!(
        (found.len(), found.outcome()),
        (0, Some(ListingOutcome::NotRead))
    );
}

#[tokio::test]
async fn only_small_blobs_are_looked_into() {
    let (folder, layout, image) = layout();
    let mut large = manifest(SPDX, &image, "large");
    large["padding"] = json!("x".repeat(usize::try_from(limits::SCANNED_BLOB_BYTES).unwrap()));
    put(&layout, &large);
    let small = put(&layout, &manifest(SPDX, &image, "small"));
    let found = tree_in(folder.path(), &image.digest).await;
    assert_eq!(lines(&found), [expected(0, "SPDX SBOM", &small)]);
}

#[tokio::test]
async fn a_folder_is_looked_through_once_for_each_opening() {
    let (folder, layout, image) = layout();
    let reference = format!("oci:{}", folder.path().display());
    let open = source(&reference);
    assert_eq!(tree(&open, &image.digest).await.len(), 0);
    put(&layout, &manifest(SPDX, &image, "late"));
    assert_eq!(tree(&open, &image.digest).await.len(), 0);
    assert_eq!(tree(&source(&reference), &image.digest).await.len(), 1);
}
