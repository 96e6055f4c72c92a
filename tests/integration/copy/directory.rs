//! Into flat folders (`dir:`), and what skopeo and podman make of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use porthole::copy::{CopyOptions, CopyProgress, plan, run};
use porthole::model::{Digest, MediaType, Reference, limits};
use porthole::transport::directory::DirectoryDestination;
use porthole::transport::{Destination, Disk};
use serde_json::json;

use super::layout::two_platforms;
use super::{
    app, at, busybox, content, copy, digest, entries, host, no_referrers, open, parsed, platforms,
    prepare, refusal, root, signed, try_copy,
};
use crate::support::archive::fixture;
use crate::support::layout::{Layout, entry, listing};
use crate::support::peers;

/// Every file of a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = listing(folder).into_iter().map(|(path, _)| {
        let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
        (name.to_owned(), fs::read(&path).unwrap())
    });
    files.collect()
}

#[tokio::test]
async fn a_flat_folder_is_copied_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let from = fixture("busybox-dir-v2s2");
    let to = folder.path().join("new");
    let report = copy(
        &at("dir", &from, ""),
        &at("dir", &to, ""),
        &CopyOptions::default(),
    )
    .await;
    assert_eq!(report.digest, report.from);
    assert_eq!(files(&to), files(&from));
    // by way of a layout too
    let layout = at("oci", &folder.path().join("layout"), "x");
    copy(&at("dir", &to, ""), &layout, &CopyOptions::default()).await;
    let back = folder.path().join("back");
    copy(&layout, &at("dir", &back, ""), &CopyOptions::default()).await;
    assert_eq!(files(&back), files(&from));
}

#[tokio::test]
async fn an_index_with_its_signatures_goes_through_folders_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("from");
    copy(&app(), &at("dir", &from, ""), &CopyOptions::default()).await;
    // signatures of the index and of two of its images, as skopeo names them
    let children: Vec<_> = entries(&app())
        .await
        .into_iter()
        .map(|e| e.digest)
        .collect();
    let mut beside = vec!["signature-1".to_owned(), "signature-2".to_owned()];
    beside.push(format!("{}.signature-1", children[0].hex()));
    beside.push(format!("{}.signature-1", children[1].hex()));
    beside.push(format!("{}.signature-2", children[1].hex()));
    for name in &beside {
        fs::write(
            from.join(name),
            format!("\0sigstore-json\n{{\"about\":{name:?}}}"),
        )
        .unwrap();
    }
    let to = folder.path().join("to");
    let options = CopyOptions::default();
    let report = copy(&at("dir", &from, ""), &at("dir", &to, ""), &options).await;
    assert_eq!(report.signatures.len(), 5);
    assert_eq!(files(&to), files(&from));
    // again there is nothing to change
    let before = files(&to);
    copy(&at("dir", &from, ""), &at("dir", &to, ""), &options).await;
    assert_eq!(files(&to), before);
    // a place without room for them refuses them, and says so
    let layout = at("oci", &folder.path().join("layout"), "x");
    let why = refusal(&at("dir", &from, ""), &layout, &options).await;
    assert!(why.contains("a kind that is not known"), "{why}");
    let without = CopyOptions {
        remove_signatures: true,
        ..options
    };
    let report = copy(&at("dir", &from, ""), &layout, &without).await;
    assert_eq!(report.left_behind.len(), 3);
}

#[tokio::test]
async fn another_image_takes_the_place_of_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let (to, other) = (at("dir", &one, ""), at("dir", &two, ""));
    copy(&app(), &to, &CopyOptions::default()).await;
    fs::write(one.join("signature-1"), "of the old one").unwrap();
    fs::write(one.join("letter.txt"), "dear").unwrap();
    let prepared = prepare(&busybox(), &to, &no_referrers()).await.unwrap();
    assert_eq!(prepared.plan.replaces, Some(digest(&app()).await));
    prepared.run().await.unwrap();
    assert_eq!(content(&busybox()).await, content(&to).await);
    // what was the old one's is gone, what is nobody's image is not
    assert_eq!(fs::read(one.join("letter.txt")).unwrap(), b"dear");
    fs::remove_file(one.join("letter.txt")).unwrap();
    copy(&busybox(), &other, &no_referrers()).await;
    assert_eq!(files(&one), files(&two));
}

#[tokio::test]
async fn the_same_image_keeps_its_signatures() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("dir", folder.path(), "");
    copy(&app(), &to, &CopyOptions::default()).await;
    fs::write(folder.path().join("signature-1"), "mine").unwrap();
    copy(&app(), &to, &CopyOptions::default()).await;
    assert_eq!(
        fs::read(folder.path().join("signature-1")).unwrap(),
        b"mine"
    );
}

#[tokio::test]
async fn a_signature_that_is_there_is_neither_moved_nor_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let (from, to) = (at("dir", &one, ""), at("dir", &two, ""));
    let options = CopyOptions::default();
    for place in [&from, &to] {
        copy(&app(), place, &options).await;
    }
    let child = entries(&app()).await[0].digest.hex().to_owned();
    let large = limits::SIGNATURE_BYTES + 1;
    for prefix in [String::new(), format!("{child}.")] {
        let at = |folder: &Path, number: u8| folder.join(format!("{prefix}signature-{number}"));
        fs::write(at(&one, 1), "coming").unwrap();
        fs::write(at(&one, 2), "mine").unwrap();
        fs::write(at(&two, 1), "mine").unwrap();
        // one that nobody can read is somebody's, too
        fs::File::create(at(&two, 2))
            .unwrap()
            .set_len(large)
            .unwrap();
        fs::write(at(&two, 3), "last").unwrap();
    }
    // a program that dies at the first change of a signature loses none
    let seen = Arc::new(Mutex::new(Vec::new()));
    let touched = Arc::clone(&seen);
    let disk = Disk::with_hook(Arc::new(move |step, path: &Path| {
        touched.lock().unwrap().push((step, path.to_owned()));
        Ok(())
    }));
    let Reference::Path(path) = parsed(&to) else {
        panic!("{to} is no path");
    };
    let destination: Arc<dyn Destination> = Arc::new(DirectoryDestination::on(path, disk));
    let (source, host) = (open(&from), host());
    let plan = plan(
        Arc::clone(&source),
        Arc::clone(&destination),
        Some(open(&to)),
        &options,
        &host,
    );
    let plan = plan.await.unwrap();
    let progress = Arc::new(CopyProgress::of(&plan));
    run(&plan, source, destination, progress).await.unwrap();
    for prefix in [String::new(), format!("{child}.")] {
        let at = |number: u8| two.join(format!("{prefix}signature-{number}"));
        let read = |number: u8| fs::read(at(number)).ok();
        assert_eq!(read(1), Some(b"mine".to_vec()));
        assert_eq!(fs::metadata(at(2)).unwrap().len(), large);
        assert_eq!(read(3), Some(b"last".to_vec()));
        assert_eq!(read(4), Some(b"coming".to_vec()));
        assert_eq!(read(5), None);
        for number in 1..=3 {
            let steps = seen.lock().unwrap();
            let of_it: Vec<_> = steps
                .iter()
                .filter(|(_, path)| *path == at(number))
                .collect();
            assert!(of_it.is_empty(), "{of_it:?}");
        }
    }
}

#[tokio::test]
async fn a_folder_of_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("letter.txt"), "dear").unwrap();
    let to = at("dir", folder.path(), "");
    let why = refusal(&app(), &to, &CopyOptions::default()).await;
    assert!(why.contains("letter.txt"), "{why}");
    // a layout is no flat folder
    let layout = tempfile::tempdir().unwrap();
    copy(
        &app(),
        &at("oci", layout.path(), "x"),
        &CopyOptions::default(),
    )
    .await;
    refusal(
        &app(),
        &at("dir", layout.path(), ""),
        &CopyOptions::default(),
    )
    .await;
    // nor is one of a version that nobody knows
    let newer = tempfile::tempdir().unwrap();
    fs::write(
        newer.path().join("version"),
        "Directory Transport Version: 2.0\n",
    )
    .unwrap();
    let why = refusal(
        &app(),
        &at("dir", newer.path(), ""),
        &CopyOptions::default(),
    )
    .await;
    assert!(why.contains("2.0"), "{why}");
    for folder in [folder.path(), newer.path()] {
        assert_eq!(listing(folder).len(), 1);
    }
}

#[tokio::test]
async fn referrers_have_no_place_in_a_flat_folder() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("dir", &folder.path().join("to"), "");
    let why = refusal(&signed(), &to, &CopyOptions::default()).await;
    assert!(
        why.contains("cannot hold what refers to the image"),
        "{why}"
    );
    assert!(why.contains("SBOM") && why.contains("Notation"), "{why}");
    assert!(!folder.path().join("to").exists());
    copy(&signed(), &to, &no_referrers()).await;
    assert_eq!(content(&signed()).await, content(&to).await);
    let more = CopyOptions {
        also: vec!["y".to_owned()],
        ..no_referrers()
    };
    let why = refusal(&signed(), &to, &more).await;
    assert!(why.contains("no name"), "{why}");
}

#[tokio::test]
async fn some_platforms_and_sparse_indexes_go_into_flat_folders() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("dir", &folder.path().join("some"), "");
    copy(&app(), &to, &platforms(&["linux/arm64"])).await;
    assert_eq!(entries(&to).await.len(), 2);
    let sparse = CopyOptions {
        sparse: true,
        ..platforms(&["linux/arm64"])
    };
    let to = at("dir", &folder.path().join("sparse"), "");
    copy(&app(), &to, &sparse).await;
    assert_eq!(digest(&to).await, digest(&app()).await);
    // and is completed later, without what is there being written again
    let prepared = prepare(&app(), &to, &CopyOptions::default()).await.unwrap();
    let skipped = prepared.plan.totals().skipped;
    assert!(skipped > 0);
    prepared.run().await.unwrap();
    assert_eq!(content(&app()).await, content(&to).await);
}

#[tokio::test]
async fn other_algorithms_make_it_a_newer_version() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    fs::create_dir_all(layout.folder().join("blobs/sha512")).unwrap();
    let mut layer = layout.blob(MediaType::OCI_LAYER, b"a");
    layer.digest = Digest::of(porthole::model::Algorithm::Sha512, b"a");
    fs::write(layout.blob_path(&layer.digest), b"a").unwrap();
    let config = layout.document(
        MediaType::OCI_CONFIG,
        &json!({"os": "linux", "architecture": "amd64"}),
    );
    let image = layout.manifest(&config, &[layer.clone()]);
    layout.name("x", &image);
    let to = folder.path().join("to");
    copy(
        &layout.reference("x"),
        &at("dir", &to, ""),
        &CopyOptions::default(),
    )
    .await;
    let version = fs::read_to_string(to.join("version")).unwrap();
    assert_eq!(version, "Directory Transport Version: 1.2\n");
    let name = format!("sha512-{}", layer.digest.hex());
    assert_eq!(fs::read(to.join(name)).unwrap(), b"a");
    assert_eq!(
        content(&layout.reference("x")).await,
        content(&at("dir", &to, "")).await
    );
}

#[tokio::test]
async fn two_writers_of_one_folder_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("dir", &folder.path().join("to"), "");
    let mut layout = Layout::new(folder.path().join("from"));
    for name in ["a", "b", "c", "d"] {
        let image = layout.image("linux/amd64", &[name, "shared"]);
        let index = layout.index(&[entry(&image, "linux/amd64")]);
        layout.name(name, &index);
    }
    let options = CopyOptions::default();
    let copies = ["a", "b", "c", "d"].iter().map(|name| {
        let (from, to, options) = (layout.reference(name), to.clone(), options.clone());
        tokio::spawn(async move {
            // what another one tidied away meanwhile is told, and the next try has it
            for _ in 0..20 {
                if try_copy(&from, &to, &options).await.is_ok() {
                    return;
                }
            }
            panic!("{from} never arrived");
        })
    });
    for copied in futures_util::future::join_all(copies).await {
        copied.unwrap();
    }
    let there = content(&to).await;
    let mut same = 0;
    for name in ["a", "b", "c", "d"] {
        same += usize::from(content(&layout.reference(name)).await == there);
    }
    assert_eq!(same, 1, "the last one is there whole");
}

#[tokio::test]
async fn skopeo_reads_what_is_written_and_writes_the_same() {
    let Some(skopeo) = peers::tool("skopeo") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("ours");
    let from = at("dir", &fixture("busybox-dir-v2s2"), "");
    copy(&from, &at("dir", &ours, ""), &CopyOptions::default()).await;
    let raw = skopeo.run(&["inspect", "--raw", &at("dir", &ours, "")]);
    assert_eq!(raw, root(&*open(&from)).await.bytes()[..]);
    let theirs = folder.path().join("theirs");
    let policy = ["--insecure-policy", "copy", "--all", "--preserve-digests"];
    skopeo.run(
        &[
            &policy[..],
            &[&at("dir", &ours, ""), &at("dir", &theirs, "")],
        ]
        .concat(),
    );
    assert_eq!(files(&theirs), files(&ours));
    // and ours over theirs
    let plain = two_platforms(&folder.path().join("plain")).reference("x");
    copy(&plain, &at("dir", &theirs, ""), &CopyOptions::default()).await;
    let again = folder.path().join("again");
    skopeo.run(
        &[
            &policy[..],
            &[&at("dir", &theirs, ""), &at("dir", &again, "")],
        ]
        .concat(),
    );
    assert_eq!(files(&again), files(&theirs));
}
