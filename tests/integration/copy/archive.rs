//! Into archives: `oci-archive:` and `docker-archive:`, and what others make of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;

use porthole::copy::{CopyOptions, check};
use porthole::model::{CosignTag, Digest, Document, MediaType};
use serde_json::{Value, json};

use super::layout::two_platforms;
use super::{
    app, at, busybox, client, content, copy, digest, no_referrers, open, parsed, platforms,
    prepare, refusal, root, signed,
};
use crate::support::archive::{fixture, gzip, zstd};
use crate::support::layout::{Layout, entry, listing};
use crate::support::peers;
use crate::support::referrer::{self, SIMPLE_SIGNING};

/// The entries of an archive in their order: name, what a link leads to, content.
fn entries(path: &Path) -> Vec<(String, String, Vec<u8>)> {
    let mut archive = tar::Archive::new(fs::File::open(path).unwrap());
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let link = entry.link_name().unwrap();
        let link = link
            .map(|link| link.display().to_string())
            .unwrap_or_default();
        (entry.path().unwrap().display().to_string(), link, content)
    });
    entries.collect()
}

fn names(folder: &Path) -> Vec<String> {
    let found = fs::read_dir(folder).unwrap();
    let names = found.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[tokio::test]
async fn a_layout_goes_into_an_archive_with_everything() {
    let folder = tempfile::tempdir().unwrap();
    for (number, from) in [busybox(), app(), signed()].iter().enumerate() {
        let archive = folder.path().join(format!("{number}.tar"));
        let to = at("oci-archive", &archive, "x");
        let report = copy(from, &to, &CopyOptions::default()).await;
        assert_eq!(report.digest, report.from);
        assert_eq!(content(from).await, content(&to).await);
        let before = referrer::tree(&open(from), &report.digest).await;
        let after = referrer::tree(&open(&to), &report.digest).await;
        assert_eq!(before.walk().count(), after.walk().count());
        // the same bytes another time
        let again = folder.path().join("again.tar");
        copy(
            from,
            &at("oci-archive", &again, "x"),
            &CopyOptions::default(),
        )
        .await;
        assert!(fs::read(&again).unwrap() == fs::read(&archive).unwrap());
        fs::remove_file(again).unwrap();
        assert!(
            check(&report, open(&to), |_| None)
                .await
                .iter()
                .all(|item| item.problem.is_none())
        );
    }
    let mut left = names(folder.path());
    left.sort();
    assert_eq!(
        left,
        ["0.tar", "1.tar", "2.tar"],
        "nothing is left of the writing"
    );
}

#[tokio::test]
async fn an_image_is_added_to_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("both.tar");
    let (one, two) = (
        at("oci-archive", &archive, "one"),
        at("oci-archive", &archive, "two"),
    );
    copy(&busybox(), &one, &CopyOptions::default()).await;
    copy(&app(), &two, &CopyOptions::default()).await;
    assert_eq!(content(&one).await, content(&busybox()).await);
    assert_eq!(content(&two).await, content(&app()).await);
    // nothing to do is not written
    let before = fs::metadata(&archive).unwrap().modified().unwrap();
    let prepared = prepare(&app(), &two, &CopyOptions::default())
        .await
        .unwrap();
    assert!(prepared.plan.is_done(), "{}", prepared.plan.text(&[]));
    prepared.run().await.unwrap();
    assert_eq!(fs::metadata(&archive).unwrap().modified().unwrap(), before);
    assert_eq!(names(folder.path()), ["both.tar"]);
    // a name moves
    copy(&app(), &one, &CopyOptions::default()).await;
    assert_eq!(digest(&one).await, digest(&app()).await);
}

#[tokio::test]
async fn writers_of_one_archive_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("place");
    fs::create_dir(&place).unwrap();
    let archive = place.join("a.tar");
    // what a writer left that was killed while others wrote, and one that still writes
    let (dead, alive) = (".partial-a.tar-4194305-0", ".partial-a.tar-4194305-1");
    for left in [dead, alive] {
        fs::create_dir_all(place.join(left).join("blobs/sha256")).unwrap();
    }
    fs::write(place.join(".partial-a.tar.lock"), "").unwrap();
    let held = fs::File::open(place.join(alive)).unwrap();
    held.lock().unwrap();
    // each signs the same image, and has one of its own
    let mut layouts = Vec::new();
    let mut tag = String::new();
    for number in 0..6 {
        let mut layout = Layout::new(folder.path().join(format!("from-{number}")));
        let own = layout.image("linux/amd64", &["shared", &format!("own {number}")]);
        let image = layout.image("linux/amd64", &["shared"]);
        layout.name(
            "1",
            &layout.index(&[entry(&image, "linux/amd64"), entry(&own, "linux/arm64")]),
        );
        layout.blob(MediaType::OCI_CONFIG, b"{}");
        let mark = format!("signature {number}");
        layout.blob(SIMPLE_SIGNING, mark.as_bytes());
        let signature = referrer::cosign(SIMPLE_SIGNING, &mark);
        let signature = layout.document(MediaType::OCI_MANIFEST, &signature);
        tag = CosignTag::Signatures.of(&image.digest);
        layout.name(&tag, &signature);
        layouts.push(layout);
    }
    // all of them look at the place before one has written
    let to = |name: &str| at("oci-archive", &archive, name);
    let options = CopyOptions::default();
    let mut copies = Vec::new();
    for (number, layout) in layouts.iter().enumerate() {
        let name = to(&format!("v{number}"));
        copies.push(
            prepare(&layout.reference("1"), &name, &options)
                .await
                .unwrap(),
        );
    }
    let copies = copies.into_iter().map(|copy| tokio::spawn(copy.run()));
    for copied in futures_util::future::join_all(copies).await {
        copied.unwrap().unwrap();
    }
    for (number, layout) in layouts.iter().enumerate() {
        let (there, from) = (to(&format!("v{number}")), layout.reference("1"));
        assert_eq!(content(&there).await, content(&from).await, "{number}");
    }
    let signatures = Document::read(root(&*open(&to(&tag))).await);
    assert_eq!(signatures.manifest().unwrap().layers.len(), 6);
    content(&to(&tag)).await;
    let left = BTreeSet::from_iter(names(&place));
    assert_eq!(left, BTreeSet::from(["a.tar", alive].map(str::to_owned)));
    // the next one tidies up, also where it has nothing to do
    drop(held);
    copy(&layouts[0].reference("1"), &to("v0"), &options).await;
    assert_eq!(names(&place), ["a.tar"]);
}

#[tokio::test]
async fn a_file_that_is_no_layout_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let letter = folder.path().join("letter.txt");
    fs::write(&letter, "dear").unwrap();
    let saved = folder.path().join("saved.tar");
    fs::copy(fixture("buildkit-docker-save.tar"), &saved).unwrap();
    let before = fs::read(&saved).unwrap();
    for path in [&letter, &saved] {
        let to = at("oci-archive", path, "x");
        let why = refusal(&app(), &to, &CopyOptions::default()).await;
        assert!(why.contains("added to this archive"), "{why}");
    }
    let why = refusal(
        &app(),
        &at("docker-archive", &saved, "a:1"),
        &platforms(&["linux/amd64"]),
    )
    .await;
    assert!(why.contains("there already"), "{why}");
    assert_eq!(fs::read(&letter).unwrap(), b"dear");
    assert_eq!(fs::read(&saved).unwrap(), before);
    assert_eq!(listing(folder.path()).len(), 2);
}

#[tokio::test]
async fn an_image_is_written_for_docker_to_load() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("image.tar");
    let to = at("docker-archive", &archive, "busybox:1");
    let options = CopyOptions {
        also: vec!["example.org/team/box".to_owned()],
        ..no_referrers()
    };
    let report = copy(&busybox(), &to, &options).await;
    assert_eq!(names(folder.path()), ["image.tar"]);
    // the image that fits this system
    let amd64 = super::entries(&busybox()).await[0].clone();
    assert_eq!(report.digest, amd64.digest);
    let manifest = open(&busybox()).manifest(&amd64).await.unwrap();
    let manifest = Document::read(manifest).manifest().cloned().unwrap();

    let found = entries(&archive);
    let list = found
        .iter()
        .find(|(name, ..)| name == "manifest.json")
        .unwrap();
    let list: Value = serde_json::from_slice(&list.2).unwrap();
    assert_eq!(
        list[0]["RepoTags"],
        json!(["docker.io/library/busybox:1", "example.org/team/box:latest"])
    );
    assert_eq!(
        list[0]["Config"],
        format!("{}.json", manifest.config.digest.hex())
    );
    let files: BTreeMap<_, _> = found
        .iter()
        .map(|(name, _, bytes)| (name.as_str(), bytes))
        .collect();
    assert_eq!(
        Digest::sha256(files[list[0]["Config"].as_str().unwrap()]),
        manifest.config.digest
    );
    let config: Value = serde_json::from_slice(files[list[0]["Config"].as_str().unwrap()]).unwrap();
    for (layer, diff_id) in list[0]["Layers"]
        .as_array()
        .unwrap()
        .iter()
        .zip(config["rootfs"]["diff_ids"].as_array().unwrap())
    {
        let layer = layer.as_str().unwrap();
        assert_eq!(
            Digest::sha256(files[layer]).to_string(),
            diff_id.as_str().unwrap()
        );
        assert_eq!(
            format!("sha256:{}", layer.trim_end_matches(".tar")),
            diff_id.as_str().unwrap()
        );
    }
    // it is read again, and its report can be checked
    let called = |name: &str| {
        let called = parsed(&to).called(name)?;
        Some(porthole::transport::open(&called, &client()))
    };
    let report_items = check(&report, open(&to), called).await;
    let names = report.names.len();
    assert_eq!(report_items.len(), 1 + manifest.layers.len() + names);
    assert!(
        report_items.iter().all(|item| item.problem.is_none()),
        "{report_items:?}"
    );
    // the same bytes another time
    let again = folder.path().join("again.tar");
    copy(
        &busybox(),
        &at("docker-archive", &again, "busybox:1"),
        &options,
    )
    .await;
    assert!(fs::read(&again).unwrap() == fs::read(&archive).unwrap());
}

#[tokio::test]
async fn what_docker_could_not_load_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let to = |name: &str| at("docker-archive", &folder.path().join("x.tar"), name);
    let all = CopyOptions {
        selection: porthole::copy::Selection::All,
        ..no_referrers()
    };
    let why = refusal(&busybox(), &to("a:1"), &all).await;
    assert!(why.contains("one image"), "{why}");
    let preserve = CopyOptions {
        preserve_digests: true,
        ..no_referrers()
    };
    let why = refusal(&busybox(), &to("a:1"), &preserve).await;
    assert!(why.contains("keeps no manifest"), "{why}");
    let why = refusal(&signed(), &to("a:1"), &CopyOptions::default()).await;
    assert!(why.contains("cannot hold what refers"), "{why}");
    let why = refusal(&signed(), &to("UPPER"), &no_referrers()).await;
    assert!(why.contains("UPPER"), "{why}");

    let mut layout = Layout::new(folder.path().join("from"));
    let encrypted = layout.blob(
        "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
        b"e",
    );
    let mut foreign = layout.blob(
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        b"far",
    );
    foreign.urls = vec!["https://example.org/far".to_owned()];
    let lying = layout.blob(
        "application/vnd.oci.image.layer.v1.tar+gzip",
        &gzip(b"layer"),
    );
    let broken = layout.blob(
        "application/vnd.oci.image.layer.v1.tar+gzip",
        &gzip(b"layer")[..9],
    );
    let config = layout.document(
        MediaType::OCI_CONFIG,
        &json!({"os": "linux", "architecture": "amd64",
                "rootfs": {"type": "layers", "diff_ids": [Digest::sha256(b"another")]}}),
    );
    for (name, layer, words) in [
        ("encrypted", encrypted, "is encrypted"),
        ("foreign", foreign, "not to be distributed"),
        ("lying", lying, "says that layer 0 unpacks to"),
        ("broken", broken, "the layer"),
    ] {
        let image = layout.manifest(&config, &[layer]);
        layout.name(name, &image);
        let why = refusal(&layout.reference(name), &to("a:1"), &no_referrers()).await;
        assert!(why.contains(words), "{name}: {why}");
        assert!(!folder.path().join("x.tar").exists());
    }
    layout.blob(MediaType::OCI_EMPTY, b"{}");
    layout.blob(referrer::SPDX, b"about");
    let about = referrer::descriptor(b"x");
    let about = referrer::manifest(referrer::SPDX, &about, "about");
    let about = layout.document(MediaType::OCI_MANIFEST, &about);
    layout.name("artifact", &about);
    let why = refusal(&layout.reference("artifact"), &to("a:1"), &no_referrers()).await;
    assert!(why.contains("takes images only"), "{why}");
}

#[tokio::test]
async fn layers_are_unpacked_whatever_they_are_packed_with() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let noise: Vec<u8> = (0..3_000_000u32)
        .flat_map(|n| (n.wrapping_mul(2_654_435_761)).to_le_bytes())
        .collect();
    let contents = [
        noise.clone(),
        b"zstd".repeat(1000),
        b"plain".to_vec(),
        Vec::new(),
        noise,
    ];
    let kinds = ["+gzip", "+zstd", "", "+gzip", "+zstd"];
    let layers: Vec<_> = contents
        .iter()
        .zip(kinds)
        .map(|(content, kind)| {
            let packed = match kind {
                "+gzip" => gzip(content),
                "+zstd" => zstd(content),
                _ => content.clone(),
            };
            layout.blob(
                &format!("application/vnd.oci.image.layer.v1.tar{kind}"),
                &packed,
            )
        })
        .collect();
    let diff_ids: Vec<_> = contents
        .iter()
        .map(|content| Digest::sha256(content))
        .collect();
    let config = layout.document(
        MediaType::OCI_CONFIG,
        &json!({"os": "linux", "architecture": "amd64",
                "rootfs": {"type": "layers", "diff_ids": diff_ids}}),
    );
    let image = layout.manifest(&config, &layers);
    layout.name("x", &image);
    let archive = folder.path().join("x.tar");
    let to = at("docker-archive", &archive, "");
    copy(&layout.reference("x"), &to, &CopyOptions::default()).await;
    let found = entries(&archive);
    let stored = found
        .iter()
        .filter(|(name, ..)| name.ends_with(".tar") && !name.contains('/'));
    assert_eq!(stored.count(), 4, "the same content once");
    let place = open(&to);
    let raw = root(&*place).await;
    let read = Document::read(raw).manifest().cloned().unwrap();
    for (layer, content) in read.layers.iter().zip(&contents) {
        let bytes = porthole::transport::read_blob(&*place, layer, 1 << 30)
            .await
            .unwrap();
        assert_eq!(bytes.bytes(), content);
    }
}

#[tokio::test]
async fn skopeo_writes_and_reads_the_same_archives() {
    let Some(skopeo) = peers::tool("skopeo") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    // an archive that skopeo wrote, by way of ours: the same entries
    let theirs = fixture("busybox-amd64-docker-archive.tar");
    let from = at("docker-archive", &theirs, "example.org/busybox:1.37.0");
    let ours = folder.path().join("ours.tar");
    copy(
        &from,
        &at("docker-archive", &ours, "example.org/busybox:1.37.0"),
        &CopyOptions::default(),
    )
    .await;
    assert!(entries(&ours) == entries(&theirs), "the entries differ");
    // skopeo finds the same config in it, and every layer
    let to = at("dir", &folder.path().join("dir"), "");
    skopeo.run(&[
        "--insecure-policy",
        "copy",
        &at("docker-archive", &ours, ""),
        &to,
    ]);
    let config = Document::read(root(&*open(&to)).await)
        .manifest()
        .cloned()
        .unwrap()
        .config;
    let before = Document::read(root(&*open(&from)).await)
        .manifest()
        .cloned()
        .unwrap()
        .config;
    assert_eq!(config.digest, before.digest);

    // what it refuses of an index with zstd in it has nothing to do with archives
    let plain = two_platforms(&folder.path().join("plain")).reference("x");
    let archive = folder.path().join("layout.tar");
    let to = at("oci-archive", &archive, "x");
    copy(&plain, &to, &CopyOptions::default()).await;
    let raw = skopeo.run(&["inspect", "--raw", &to]);
    assert_eq!(raw, root(&*open(&plain)).await.bytes()[..]);
    let back = at("oci", &folder.path().join("back"), "x");
    let policy = ["--insecure-policy", "copy", "--all", "--preserve-digests"];
    skopeo.run(&[&policy[..], &[&to, &back]].concat());
    assert_eq!(content(&back).await, content(&plain).await);
    // and what it writes is added to
    let written = folder.path().join("written.tar");
    let theirs = at("oci-archive", &written, "theirs");
    skopeo.run(&[&policy[..], &[&plain, &theirs]].concat());
    let ours = at("oci-archive", &written, "ours");
    copy(&busybox(), &ours, &CopyOptions::default()).await;
    for (to, expected) in [(theirs, plain), (ours, busybox())] {
        assert_eq!(content(&to).await, content(&expected).await);
    }
}
