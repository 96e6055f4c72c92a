//! Between registries, and between registries and layout folders: docker-registry, with a
//! proxy before it that remembers what was asked.

use porthole::copy::{BlobAction, CopyOptions};
use porthole::engine::{Command, CopyId, CopyRequest, JobState, Remote};
use porthole::model::{Digest, MediaType, Reference};
use serde_json::json;

use super::{
    app, at, busybox, content, copy, digest, docker_registry, entries, open, parsed, platforms,
    prepare, refusal, repository, signed, try_copy,
};
use crate::support::layout::Layout;
use crate::support::proxy::{Fault, Proxy};
use crate::support::referrer;
use crate::support::registry::{
    Fault as UploadFault, Registry, Request as RegistryRequest, Writes,
};
use crate::support::watch::{Watch, config};

/// What was sent and asked for besides looking for referrers, as `METHOD kind`.
fn asked(proxy: &Proxy) -> Vec<String> {
    let seen = proxy.seen();
    let small = seen.iter().filter(|seen| {
        let path = &seen.path;
        let referrers = path.contains("/referrers/")
            || path.contains("/tags/list")
            || path.contains("/manifests/sha256-");
        !referrers
    });
    small.map(|seen| seen.line()).collect()
}

#[tokio::test]
async fn an_image_goes_from_registry_to_registry_and_back_to_a_folder() {
    let Some(host) = docker_registry() else {
        return;
    };
    let (first, second) = (Proxy::before(&host), Proxy::before(&host));
    for from in [busybox(), app(), signed()] {
        let (one, two) = (repository(), repository());
        let there = first.reference(&format!("{one}:1"));
        let other = second.reference(&format!("{two}:1"));
        let report = copy(&from, &there, &CopyOptions::default()).await;
        assert_eq!(report.digest, digest(&from).await);
        copy(&there, &other, &CopyOptions::default()).await;
        assert_eq!(content(&from).await, content(&other).await);
        let folder = tempfile::tempdir().unwrap();
        let back = at("oci", folder.path(), "back");
        copy(&other, &back, &CopyOptions::default()).await;
        assert_eq!(content(&from).await, content(&back).await);
        let root = digest(&from).await;
        let before = referrer::tree(&open(&from), &root).await;
        assert_eq!(before.is_empty(), from != signed());
        for place in [&there, &other, &back] {
            let tree = referrer::tree(&open(place), &root).await;
            let sorted = |tree| {
                let mut lines = referrer::lines(tree);
                lines.sort();
                lines
            };
            assert_eq!(sorted(&tree), sorted(&before), "{place}");
        }
    }
}

#[tokio::test]
async fn what_is_there_already_is_asked_for_and_not_sent() {
    let Some(host) = docker_registry() else {
        return;
    };
    let (first, second) = (Proxy::before(&host), Proxy::before(&host));
    let (one, two) = (repository(), repository());
    let there = first.reference(&format!("{one}:1"));
    let other = second.reference(&format!("{two}:1"));
    copy(&app(), &there, &CopyOptions::default()).await;
    copy(&there, &other, &CopyOptions::default()).await;
    first.forget();
    second.forget();
    let report = copy(&there, &other, &CopyOptions::default()).await;
    assert_eq!(report.bytes_sent, 0);
    let asked = [asked(&first), asked(&second)].concat();
    // three images, each with its attestation
    assert!(asked.len() <= 2 + 2 * 3, "{asked:#?}");
    let asked_all = [first.seen(), second.seen()].concat();
    for seen in &asked_all {
        assert!(
            matches!(seen.method.as_str(), "GET" | "HEAD"),
            "{}",
            seen.line()
        );
        assert!(!seen.path.contains("/blobs/"), "{}", seen.line());
    }
}

#[tokio::test]
async fn within_a_registry_blobs_are_mounted() {
    let Some(host) = docker_registry() else {
        return;
    };
    let proxy = Proxy::before(&host);
    let (one, two) = (repository(), repository());
    let there = proxy.reference(&format!("{one}:1"));
    let other = proxy.reference(&format!("{two}:1"));
    copy(&busybox(), &there, &CopyOptions::default()).await;
    proxy.forget();
    let prepared = prepare(&there, &other, &CopyOptions::default())
        .await
        .unwrap();
    let actions = prepared.plan.blobs.iter().map(|blob| blob.action);
    assert!(actions.clone().all(|action| action == BlobAction::Mount));
    assert!(actions.count() > 3);
    let totals = prepared.plan.totals();
    assert_eq!(Some(totals.read), totals.written);
    // where they are taken from is said before and after
    let Reference::Registry(from) = parsed(&there) else {
        panic!("{there}");
    };
    let text = prepared.plan.text(&[]);
    assert!(
        text.contains(&format!("mounted from {}", from.name())),
        "{text}"
    );
    assert!(prepared.plan.totals().mounted > 0);
    let report = prepared.run().await.unwrap();
    assert!(report.blobs.iter().all(|blob| blob.how == "mounted"));
    assert_eq!(report.mounted_from, Some(from.name()));
    for seen in proxy.seen() {
        let blob = seen.path.contains("/blobs/");
        assert!(!blob || (seen.sent == 0 && seen.received == 0), "{seen:?}");
    }
    assert_eq!(content(&busybox()).await, content(&other).await);
}

#[tokio::test]
async fn lists_of_referrers_are_merged() {
    let Some(host) = docker_registry() else {
        return;
    };
    let (first, second) = (Proxy::before(&host), Proxy::before(&host));
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let image = layout.image("linux/amd64", &["a"]);
    layout.name("x", &image);
    layout.blob(MediaType::OCI_EMPTY, b"{}");
    let (one, two) = (repository(), repository());
    let there = first.reference(&format!("{one}:1"));
    let other = second.reference(&format!("{two}:1"));
    // each place knows another one
    for (mark, to) in [("first", &there), ("second", &other)] {
        layout.blob(referrer::SPDX, mark.as_bytes());
        let about = referrer::manifest(referrer::SPDX, &image, mark);
        let about = layout.document(MediaType::OCI_MANIFEST, &about);
        let mut alone = Layout::new(folder.path().join(mark));
        for file in std::fs::read_dir(folder.path().join("from/blobs/sha256")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(
                file.path(),
                folder
                    .path()
                    .join(mark)
                    .join("blobs/sha256")
                    .join(file.file_name()),
            )
            .unwrap();
        }
        alone.name("x", &image);
        alone.list(serde_json::to_value(&about).unwrap());
        copy(&alone.reference("x"), to, &CopyOptions::default()).await;
        // what lies in a layout refers to the image, listed or not
        std::fs::remove_file(layout.blob_path(&about.digest)).unwrap();
    }
    assert_eq!(
        referrer::tree(&open(&other), &image.digest)
            .await
            .walk()
            .count(),
        1
    );
    copy(&there, &other, &CopyOptions::default()).await;
    let tree = referrer::tree(&open(&other), &image.digest).await;
    assert_eq!(tree.walk().count(), 2, "{:?}", referrer::lines(&tree));
    // once more there is nothing to do
    second.forget();
    copy(&there, &other, &CopyOptions::default()).await;
    assert!(
        second.seen().iter().all(|seen| seen.method != "PUT"),
        "{:#?}",
        second.lines()
    );
}

#[tokio::test]
async fn cosigns_tags_come_along() {
    let Some(host) = docker_registry() else {
        return;
    };
    let (first, second) = (Proxy::before(&host), Proxy::before(&host));
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let image = layout.image("linux/amd64", &["cosign"]);
    layout.name("1", &image);
    layout.blob(MediaType::OCI_CONFIG, b"{}");
    layout.blob(referrer::SIMPLE_SIGNING, b"claim");
    let signature = referrer::cosign(referrer::SIMPLE_SIGNING, "claim");
    let signature = layout.document(MediaType::OCI_MANIFEST, &signature);
    let tag = format!("sha256-{}.sig", image.digest.hex());
    layout.name(&tag, &signature);
    let (one, two) = (repository(), repository());
    let there = first.reference(&one);
    for name in ["1", &tag] {
        let options = CopyOptions {
            no_referrers: true,
            ..CopyOptions::default()
        };
        copy(
            &layout.reference(name),
            &format!("{there}:{name}"),
            &options,
        )
        .await;
    }
    let other = second.reference(&two);
    copy(
        &format!("{there}:1"),
        &format!("{other}:1"),
        &CopyOptions::default(),
    )
    .await;
    assert_eq!(digest(&format!("{other}:{tag}")).await, signature.digest);
    assert_eq!(
        content(&format!("{other}:{tag}")).await,
        content(&layout.reference(&tag)).await
    );
    // also into a folder, under the same name
    let to = tempfile::tempdir().unwrap();
    copy(
        &format!("{there}:1"),
        &at("oci", to.path(), "1"),
        &CopyOptions::default(),
    )
    .await;
    assert_eq!(digest(&at("oci", to.path(), &tag)).await, signature.digest);
    // or not
    let three = second.reference(&repository());
    let options = CopyOptions {
        remove_signatures: true,
        ..CopyOptions::default()
    };
    let report = copy(&format!("{there}:1"), &format!("{three}:1"), &options).await;
    assert_eq!(report.left_behind.len(), 1);
    assert!(report.documents.iter().all(|d| d.role != "tag"));
}

#[tokio::test]
async fn a_tag_that_moves_in_the_middle_changes_nothing() {
    let Some(host) = docker_registry() else {
        return;
    };
    let (first, second) = (Proxy::before(&host), Proxy::before(&host));
    let there = first.reference(&format!("{}:1", repository()));
    let other = second.reference(&format!("{}:1", repository()));
    copy(&app(), &there, &CopyOptions::default()).await;
    let prepared = prepare(&there, &other, &CopyOptions::default())
        .await
        .unwrap();
    copy(&busybox(), &there, &CopyOptions::default()).await;
    let report = prepared.run().await.unwrap();
    assert_eq!(report.digest, digest(&app()).await);
    assert_eq!(content(&app()).await, content(&other).await);
    // and the plan says what a tag at the destination stands for before it moves
    let prepared = prepare(&there, &other, &CopyOptions::default())
        .await
        .unwrap();
    assert_eq!(prepared.plan.replaces, Some(digest(&app()).await));
    assert!(
        prepared.plan.text(&[]).contains("and moves"),
        "{}",
        prepared.plan.text(&[])
    );
    let report = prepared.run().await.unwrap();
    assert_eq!(report.replaced, Some(digest(&app()).await));
    assert_eq!(digest(&other).await, digest(&busybox()).await);
}

#[tokio::test]
async fn a_sparse_index_is_not_taken_by_a_registry_that_wants_all_of_it() {
    let Some(host) = docker_registry() else {
        return;
    };
    let there = Proxy::before(&host);
    let to = there.reference(&format!("{}:1", repository()));
    let options = CopyOptions {
        sparse: true,
        ..platforms(&["linux/amd64"])
    };
    let failed = try_copy(&app(), &to, &options).await.unwrap_err();
    assert!(failed.to_string().contains("misses something"), "{failed}");
    assert!(failed.hint().contains("sparse"), "{}", failed.hint());
    // the tag is not there
    let absent = open(&to).resolve().await;
    assert!(absent.is_err());
    copy(&app(), &to, &platforms(&["linux/amd64"])).await;
    assert_eq!(entries(&to).await.len(), 2);
}

#[tokio::test]
async fn a_tag_with_a_digest_is_written_where_the_digest_matches() {
    let Some(host) = docker_registry() else {
        return;
    };
    let name = format!("docker://{host}/{}", repository());
    let (app_digest, other) = (digest(&app()).await, digest(&busybox()).await);
    let both = format!("{name}:1@{app_digest}");
    let prepared = prepare(&app(), &both, &CopyOptions::default())
        .await
        .unwrap();
    assert_eq!(prepared.plan.replaces, None);
    prepared.run().await.unwrap();
    assert_eq!(digest(&format!("{name}:1")).await, app_digest);
    let again = prepare(&app(), &both, &CopyOptions::default())
        .await
        .unwrap();
    assert!(again.plan.is_done(), "{}", again.plan.text(&[]));
    // what the tag stands for is told before it moves, and nothing else goes under it
    copy(&busybox(), &format!("{name}:1"), &CopyOptions::default()).await;
    let moves = prepare(&app(), &both, &CopyOptions::default())
        .await
        .unwrap();
    assert_eq!(moves.plan.replaces, Some(other.clone()));
    let why = refusal(&busybox(), &both, &CopyOptions::default()).await;
    assert!(why.contains(&app_digest.to_string()), "{why}");
    assert_eq!(digest(&format!("{name}:1")).await, other);
    // by its digest alone it has no tag
    let alone = format!("docker://{host}/{}", repository());
    copy(
        &app(),
        &format!("{alone}@{app_digest}"),
        &CopyOptions::default(),
    )
    .await;
    assert!(open(&format!("{alone}:latest")).resolve().await.is_err());
    assert_eq!(digest(&format!("{alone}@{app_digest}")).await, app_digest);
}

/// A layout with an image of one large layer that does not compress, and that layer.
fn large(folder: &std::path::Path, bytes: usize) -> (Layout, Digest) {
    let mut layout = Layout::new(folder);
    let mut state = 88172645463325252u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .take(bytes / 8)
    .flatten()
    .collect();
    let layer = layout.blob(MediaType::OCI_LAYER, &noise);
    let config = layout.document(
        MediaType::OCI_CONFIG,
        &json!({"os": "linux", "architecture": "amd64"}),
    );
    let image = layout.manifest(&config, std::slice::from_ref(&layer));
    layout.name("x", &image);
    (layout, layer.digest)
}

fn request(from: &str, to: &str) -> Box<CopyRequest> {
    Box::new(CopyRequest {
        source: from.to_owned(),
        destination: to.to_owned(),
        options: CopyOptions::default(),
    })
}

#[tokio::test]
async fn a_cancelled_copy_goes_on_where_it_stopped() {
    let Some(host) = docker_registry() else {
        return;
    };
    let proxy = Proxy::before(&host);
    let folder = tempfile::tempdir().unwrap();
    let (layout, layer) = large(&folder.path().join("from"), 6 << 20);
    let there = proxy.reference(&format!("{}:1", repository()));
    copy(&layout.reference("x"), &there, &CopyOptions::default()).await;
    proxy.forget();
    let blob = format!("/blobs/{layer}");
    // the server says nothing more, and nobody waits for it
    proxy.fault("GET", &blob, 1, Fault::Stall(4 << 20));
    let to = at("oci", &folder.path().join("to"), "x");
    let partial = folder.path().join("to/blobs/sha256");
    let partial = partial.join(format!(".partial-{}", layer.hex()));
    tokio::task::spawn_blocking(move || {
        let watch = Watch::start_with(config());
        let copy = CopyId::next();
        watch.engine.send(Command::Copy {
            copy,
            request: request(&there, &to),
        });
        let job = watch.wait(|| {
            let snapshot = watch.engine.copy(copy)?;
            let progress = snapshot.progress.as_ref()?;
            (progress.done() >= 3 << 20).then_some(snapshot.job?)
        });
        watch.engine.send(Command::Cancel { job });
        let ended = watch.until_job(|one| one.id == job && one.state.is_final());
        assert!(
            matches!(ended.state, JobState::Cancelled),
            "{:?}",
            ended.state
        );
        // whoever wrote until then lets go of what is there
        watch.wait(|| {
            let file = std::fs::File::open(&partial).ok()?;
            file.try_lock().ok()
        });
        watch.engine.send(Command::Retry { job });
        let report = watch.wait(|| match &watch.engine.copy(copy)?.report {
            Remote::Ready(report) => Some(report.clone()),
            Remote::Failed { error, .. } => panic!("{error}"),
            _ => None,
        });
        assert_eq!(report.blobs.len(), 2);
        // what had come before is not counted
        let sent = report.bytes_sent;
        assert!((2 << 20..5 << 20).contains(&sent), "{sent}");
    })
    .await
    .unwrap();
    let reads: Vec<_> = proxy
        .seen()
        .into_iter()
        .filter(|seen| seen.method == "GET" && seen.path.contains(&blob))
        .collect();
    assert_eq!(reads.len(), 2);
    let range = reads[1].header("range").expect("a range is asked for");
    let from: u64 = range
        .trim_start_matches("bytes=")
        .split('-')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(from >= 2 << 20, "{range}");
    assert_eq!(
        content(&layout.reference("x")).await,
        content(&at("oci", &folder.path().join("to"), "x")).await
    );
}

/// As far as a registry tells what it has: docker-registry does not, of what came in one
/// request.
#[tokio::test]
async fn a_blob_that_was_on_its_way_goes_on_where_a_registry_has_it() {
    let registry = Registry::with_writes(Writes::default());
    let folder = tempfile::tempdir().unwrap();
    let (layout, layer) = large(&folder.path().join("from"), 24 << 20);
    let (there, copied) = (layout.reference("x"), registry.reference("team/app:1"));
    let digest = layer.hex().to_owned();
    // the large one breaks off, and nobody waits for how much of it is there
    let put = format!("digest=sha256%3A{digest}");
    registry.fault_times(&put, 1, UploadFault::CutRequest(18 << 20));
    registry.fault_times("GET /v2/team/app/blobs/uploads/", 1, UploadFault::Silence);
    let asked = request(&there, &copied);
    let seen = tokio::task::spawn_blocking(move || {
        let mut config = config();
        config.network.keep_uploads = true;
        let watch = Watch::start_with(config);
        let copy = CopyId::next();
        let request = asked;
        watch.engine.send(Command::Copy { copy, request });
        let is_asked = |line: &RegistryRequest| line.method == "GET" && is_upload(line);
        let job = watch.wait(|| {
            let is_stuck = registry.requests().iter().any(is_asked);
            is_stuck.then_some(watch.engine.copy(copy)?.job?)
        });
        watch.engine.send(Command::Cancel { job });
        let ended = watch.until_job(|one| one.id == job && one.state.is_final());
        assert!(
            matches!(ended.state, JobState::Cancelled),
            "{:?}",
            ended.state
        );
        watch.engine.send(Command::Retry { job });
        watch.wait(|| match &watch.engine.copy(copy)?.report {
            Remote::Ready(_) => Some(()),
            Remote::Failed { error, .. } => panic!("{error}"),
            _ => None,
        });
        assert_eq!(registry.open_uploads(), 0);
        assert!(registry.held("team/app", &layer.to_string()).is_some());
        registry.requests()
    })
    .await
    .unwrap();
    let ranges = seen.iter().filter_map(|seen| seen.header("content-range"));
    assert_eq!(ranges.collect::<Vec<_>>(), ["18874368-25165823"]);
}

fn is_upload(request: &RegistryRequest) -> bool {
    request.path.contains("/blobs/uploads/")
}

#[tokio::test]
async fn what_a_registry_has_is_not_sent_again_after_a_failure() {
    let Some(host) = docker_registry() else {
        return;
    };
    let proxy = Proxy::before(&host);
    let to = proxy.reference(&format!("{}:1", repository()));
    // the manifests do not arrive
    let refused = Fault::answer(403, "", r#"{"errors":[{"code":"DENIED"}]}"#);
    proxy.fault("PUT", "/manifests/", usize::MAX, refused);
    let why = refusal(&busybox(), &to, &CopyOptions::default()).await;
    assert!(why.contains("does not let this login push"), "{why}");
    proxy.forget_faults();
    proxy.forget();
    copy(&busybox(), &to, &CopyOptions::default()).await;
    let sent = proxy.seen();
    let sent = sent
        .iter()
        .filter(|seen| seen.path.contains("/blobs/uploads/"));
    assert_eq!(sent.count(), 0);
    assert_eq!(content(&busybox()).await, content(&to).await);
}

#[tokio::test]
async fn several_tags_are_written_last() {
    let Some(host) = docker_registry() else {
        return;
    };
    let proxy = Proxy::before(&host);
    let repository = repository();
    let to = proxy.reference(&format!("{repository}:1"));
    let options = CopyOptions {
        also: vec!["1.2".to_owned(), "latest".to_owned()],
        ..CopyOptions::default()
    };
    copy(&app(), &to, &options).await;
    let lines = proxy.lines();
    let puts: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("PUT /v2/"))
        .collect();
    for (line, tag) in puts.iter().rev().zip(["latest", "1.2", "1"]) {
        assert!(line.ends_with(&format!("/manifests/{tag}")), "{puts:#?}");
        let named = proxy.reference(&format!("{repository}:{tag}"));
        assert_eq!(digest(&named).await, digest(&app()).await);
    }
    proxy.forget();
    copy(&app(), &to, &options).await;
    assert!(proxy.lines().iter().all(|line| !line.starts_with("PUT")));
    let options = CopyOptions {
        also: vec!["no tag".to_owned()],
        ..CopyOptions::default()
    };
    let why = refusal(&app(), &to, &options).await;
    assert!(why.contains("no tag"), "{why}");
}
