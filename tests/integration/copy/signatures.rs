//! Signatures that lie beside manifests: each place keeps them in its own way, and none is
//! lost without a word.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bytes::Bytes;
use porthole::config::{LookasideFiles, Network};
use porthole::copy::CopyOptions;
use porthole::model::{CosignTag, Descriptor, Digest, Document, MediaType};
use porthole::signature::SignatureFile;
use porthole::transport::registry::Client;

use super::{
    app, at, busybox, copy, digest, docker_registry, entries, open, platforms, prepare_by,
    repository, root,
};
use crate::support::layout::{Layout, listing};
use crate::support::referrer::{self, SIMPLE_SIGNING, network};

/// Bytes that begin as an OpenPGP message does.
fn openpgp(mark: &str) -> Vec<u8> {
    [b"\x90\x0d\x03\x01", mark.as_bytes()].concat()
}

/// A signature of cosign's as a layer, with its payload.
pub(super) fn attachment(mark: &str) -> (Descriptor, Bytes) {
    let payload = Bytes::from(format!("{{\"critical\":{mark:?}}}"));
    let digest = Digest::sha256(&payload);
    let mut layer = Descriptor::new(SIMPLE_SIGNING, digest, payload.len() as u64);
    let signature = "dev.cosignproject.cosign/signature".to_owned();
    layer.annotations.insert(signature, mark.to_owned());
    (layer, payload)
}

/// A client whose registries.d says that signatures of `host` are kept in `store`.
fn client_with(folder: &Path, host: &str, store: &str) -> Client {
    let settings = folder.join("registries.d");
    fs::create_dir_all(&settings).unwrap();
    let yaml = format!("docker:\n  {host}:\n    lookaside: {store}\n");
    fs::write(settings.join("own.yaml"), yaml).unwrap();
    let lookaside = LookasideFiles {
        folders: vec![settings],
        fallback: None,
    };
    Client::new(Network {
        lookaside,
        ..network()
    })
    .unwrap()
}

pub(super) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = listing(folder).into_iter().map(|(path, _)| {
        let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
        (name.to_owned(), fs::read(&path).unwrap())
    });
    files.collect()
}

/// The index of three platforms in a flat folder: signed by OpenPGP, as one of its images is;
/// by cosign's form in files, another one.
async fn signed_folder(folder: &Path) -> Vec<Digest> {
    copy(&app(), &at("dir", folder, ""), &CopyOptions::default()).await;
    let children = entries(&app()).await;
    let children: Vec<_> = children.into_iter().map(|entry| entry.digest).collect();
    let first = children[0].hex();
    fs::write(folder.join("signature-1"), openpgp("index, one")).unwrap();
    fs::write(folder.join("signature-2"), openpgp("index, two")).unwrap();
    fs::write(
        folder.join(format!("{first}.signature-1")),
        openpgp("child"),
    )
    .unwrap();
    for (number, mark) in [(1, "a"), (2, "b")] {
        let (layer, payload) = attachment(mark);
        let name = format!("{}.signature-{number}", children[1].hex());
        let file = SignatureFile::of_layer(&layer, &payload);
        fs::write(folder.join(name), file).unwrap();
    }
    children
}

#[tokio::test]
async fn signatures_go_to_a_registry_and_back_and_nothing_of_them_changes() {
    let Some(host) = docker_registry() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("from");
    let children = signed_folder(&from).await;
    let index = digest(&app()).await;
    let store = folder.path().join("store");
    let address = format!("file://{}", store.display());
    let client = client_with(folder.path(), &host, &address);
    let name = repository();
    let image = format!("docker://{host}/{name}:1");
    let options = CopyOptions::default();
    let prepared = prepare_by(&client, &at("dir", &from, ""), &image, &options).await;
    let prepared = prepared.unwrap();
    let text = prepared.plan.text(&[]);
    let place = format!(
        "write    2 signatures beside {}, in {}",
        index.short(),
        store.display()
    );
    assert!(text.contains(&place), "{text}");
    let tag = CosignTag::Signatures.of(&children[1]);
    assert!(text.contains(&format!("tag {tag}")), "{text}");
    let report = prepared.run().await.unwrap();
    assert_eq!(report.signatures.len(), 5);
    assert_eq!(super::wrong(&client, &report).await, [""; 0]);
    // those by OpenPGP lie in the lookaside
    let kept = |digest: &Digest, number: usize| {
        let image = format!("{name}@sha256={}", digest.hex());
        fs::read(store.join(image).join(format!("signature-{number}"))).ok()
    };
    assert_eq!(kept(&index, 1), Some(openpgp("index, one")));
    assert_eq!(kept(&index, 2), Some(openpgp("index, two")));
    assert_eq!(kept(&children[0], 1), Some(openpgp("child")));
    assert_eq!(kept(&children[1], 1), None);
    // cosign's lie under its tag
    let under_tag = root(&*open(&format!("docker://{host}/{name}:{tag}"))).await;
    let under_tag = Document::read(under_tag);
    let layers = &under_tag.manifest().unwrap().layers;
    assert_eq!(*layers, [attachment("a").0, attachment("b").0]);
    // once more: nothing is there twice
    let again = prepare_by(&client, &at("dir", &from, ""), &image, &options).await;
    again.unwrap().run().await.unwrap();
    assert_eq!(kept(&index, 3), None);
    // where the report says that they are they are looked for
    let moved = store.join(format!("{name}@sha256={}", index.hex()));
    let away = folder.path().join("away");
    fs::rename(&moved, &away).unwrap();
    let lost = super::wrong(&client, &report).await;
    assert_eq!(lost.len(), 2, "{lost:?}");
    let lost_is = format!("signature of {}: it is none of the 0", index.short());
    assert!(
        lost.iter().all(|lost| lost.starts_with(&lost_is)),
        "{lost:?}"
    );
    fs::rename(&away, &moved).unwrap();
    // and back: the same files
    let back = folder.path().join("back");
    let prepared = prepare_by(&client, &image, &at("dir", &back, ""), &options).await;
    assert_eq!(prepared.unwrap().run().await.unwrap().signatures.len(), 5);
    assert_eq!(files(&back), files(&from));
    // from one registry's lookaside into the one of another name
    let other = format!("docker://{host}/{}:1", repository());
    let prepared = prepare_by(&client, &image, &other, &options).await.unwrap();
    prepared.run().await.unwrap();
    let there = folder.path().join("there");
    let prepared = prepare_by(&client, &other, &at("dir", &there, ""), &options).await;
    prepared.unwrap().run().await.unwrap();
    assert_eq!(files(&there), files(&from));
    // now there is nothing to do
    let prepared = prepare_by(&client, &image, &other, &options).await.unwrap();
    assert!(prepared.plan.is_done(), "{}", prepared.plan.text(&[]));
}

#[tokio::test]
async fn what_cannot_come_along_is_left_behind_or_refused_with_the_reason() {
    let Some(host) = docker_registry() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("from");
    let children = signed_folder(&from).await;
    let store = format!("file://{}", folder.path().join("store").display());
    let client = client_with(folder.path(), &host, &store);
    let image = format!("docker://{host}/{}:1", repository());
    let options = CopyOptions::default();
    let prepared = prepare_by(&client, &at("dir", &from, ""), &image, &options).await;
    prepared.unwrap().run().await.unwrap();

    // a layout has a place for cosign's and none for those by OpenPGP
    let layout = at("oci", &folder.path().join("layout"), "1");
    let refused = prepare_by(&client, &at("dir", &from, ""), &layout, &options).await;
    let refused = refused.err().expect("they would be lost").to_string();
    assert!(
        refused.contains("keeps no signatures by OpenPGP"),
        "{refused}"
    );
    // what is kept away from the registry stays there, and that is said
    let prepared = prepare_by(&client, &image, &layout, &options)
        .await
        .unwrap();
    let text = prepared.plan.text(&[]);
    assert_eq!(
        text.matches("keeps no signatures by OpenPGP").count(),
        3,
        "{text}"
    );
    let report = prepared.run().await.unwrap();
    assert_eq!(report.left_behind.len(), 3);
    let tag = CosignTag::Signatures.of(&children[1]);
    let there = at("oci", &folder.path().join("layout"), &tag);
    let there = Document::read(root(&*open(&there)).await);
    assert_eq!(there.manifest().unwrap().layers.len(), 2);

    // of an index that is written anew only those of its images come along
    let some = platforms(&["linux/amd64", "linux/arm64"]);
    let part = folder.path().join("part");
    let prepared = prepare_by(&client, &at("dir", &from, ""), &at("dir", &part, ""), &some).await;
    let prepared = prepared.unwrap();
    let [left] = prepared.plan.left_behind.as_slice() else {
        panic!("{:?}", prepared.plan.left_behind);
    };
    assert!(left.what.starts_with("2 signatures"), "{left:?}");
    prepared.run().await.unwrap();
    let part = files(&part);
    assert!(!part.contains_key("signature-1"));
    assert!(part.contains_key(&format!("{}.signature-1", children[0].hex())));

    // nobody writes to a web server, and what is of no known kind goes into files alone
    let client = client_with(folder.path(), &host, "https://signatures.example.com");
    let refused = prepare_by(&client, &at("dir", &from, ""), &image, &options).await;
    let refused = refused.err().expect("there is no place").to_string();
    assert!(refused.contains("only to file:///"), "{refused}");
    let client = client_with(folder.path(), &host, &store);
    fs::write(from.join("signature-3"), "something").unwrap();
    let refused = prepare_by(&client, &at("dir", &from, ""), &image, &options).await;
    let refused = refused.err().expect("nobody would read it").to_string();
    assert!(refused.contains("a kind that is not known"), "{refused}");
    let all = folder.path().join("all");
    let prepared = prepare_by(
        &client,
        &at("dir", &from, ""),
        &at("dir", &all, ""),
        &options,
    )
    .await;
    prepared.unwrap().run().await.unwrap();
    assert_eq!(files(&all), files(&from));
}

#[tokio::test]
async fn what_says_more_than_a_file_can_is_not_cut_down() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("layout"));
    let image = layout.image("linux/amd64", &["one"]);
    layout.name("1", &image);
    layout.blob(MediaType::OCI_CONFIG, b"{}");
    layout.blob(SIMPLE_SIGNING, b"claim");
    let mut signature = referrer::cosign(SIMPLE_SIGNING, "claim");
    let tag = CosignTag::Signatures.of(&image.digest);
    let plain = layout.document(MediaType::OCI_MANIFEST, &signature);
    layout.name(&tag, &plain);
    let to = folder.path().join("dir");
    let options = CopyOptions::default();
    let report = copy(&layout.reference("1"), &at("dir", &to, ""), &options).await;
    assert_eq!(report.signatures.len(), 1);
    assert!(to.join("signature-1").exists());
    signature["annotations"] = serde_json::json!({"more": "than the layers say"});
    let more = layout.document(MediaType::OCI_MANIFEST, &signature);
    layout.name(&tag, &more);
    let refused = super::refusal(&layout.reference("1"), &at("dir", &to, ""), &options).await;
    assert!(
        refused.contains("says more than its layers do"),
        "{refused}"
    );
}

/// Copies once more, where nothing is to be done.
async fn joined_already(from: &str, to: &str) -> porthole::copy::Report {
    let again = super::prepare(from, to, &CopyOptions::default()).await;
    let again = again.unwrap();
    let text = again.plan.text(&[]);
    assert!(again.plan.is_done(), "{text}");
    assert!(!text.contains("is joined"), "{text}");
    again.run().await.unwrap()
}

#[tokio::test]
async fn signatures_of_an_index_are_named_where_one_image_of_it_is_copied() {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("from");
    signed_folder(&from).await;
    let (from, to) = (at("dir", &from, ""), folder.path().join("a.tar"));
    let to = at("docker-archive", &to, "a:1");
    // that image has no signature
    let prepared = super::prepare(&from, &to, &platforms(&["linux/arm/v7"])).await;
    let plan = prepared.unwrap().plan;
    let [left] = plan.left_behind.as_slice() else {
        panic!("{:?}", plan.left_behind);
    };
    assert_eq!(left.digest, Some(digest(&app()).await));
    assert!(left.what.starts_with("2 signatures"), "{left:?}");
    assert!(left.why.contains("the whole index"), "{left:?}");
}

#[tokio::test]
async fn what_others_signed_at_the_destination_stays() {
    let Some(host) = docker_registry() else {
        return;
    };
    let name = format!("docker://{host}/{}", repository());
    let folder = tempfile::tempdir().unwrap();
    let mut digests = Vec::new();
    let mut reports = Vec::new();
    let mut tag = String::new();
    for mark in ["theirs", "ours"] {
        let mut layout = Layout::new(folder.path().join(mark));
        let image = layout.image("linux/amd64", &["one"]);
        layout.name("1", &image);
        layout.blob(MediaType::OCI_CONFIG, b"{}");
        layout.blob(SIMPLE_SIGNING, mark.as_bytes());
        let signature = referrer::cosign(SIMPLE_SIGNING, mark);
        let signature = layout.document(MediaType::OCI_MANIFEST, &signature);
        tag = CosignTag::Signatures.of(&image.digest);
        layout.name(&tag, &signature);
        let options = CopyOptions::default();
        let to = format!("{name}:1");
        let prepared = super::prepare(&layout.reference("1"), &to, &options).await;
        let text = prepared.unwrap().plan.text(&[]);
        assert_eq!(
            text.contains("and is joined with it"),
            mark == "ours",
            "{text}"
        );
        reports.push(copy(&layout.reference("1"), &to, &options).await);
        // into a layout, too, in a folder and in an archive
        for local in [
            at("oci", &folder.path().join("local"), "1"),
            at("oci-archive", &folder.path().join("local.tar"), "1"),
        ] {
            let prepared = super::prepare(&layout.reference("1"), &local, &options).await;
            let prepared = prepared.unwrap();
            let text = prepared.plan.text(&[]);
            assert_eq!(text.contains("is joined"), mark == "ours", "{text}");
            reports.push(prepared.run().await.unwrap());
            reports.push(joined_already(&layout.reference("1"), &local).await);
        }
        reports.push(joined_already(&layout.reference("1"), &to).await);
        digests.push(Digest::sha256(mark.as_bytes()));
    }
    for place in [
        format!("{name}:{tag}"),
        at("oci", &folder.path().join("local"), &tag),
        at("oci-archive", &folder.path().join("local.tar"), &tag),
    ] {
        let joined = Document::read(root(&*open(&place)).await);
        let layers = &joined.manifest().unwrap().layers;
        let found: Vec<_> = layers.iter().map(|layer| layer.digest.clone()).collect();
        assert_eq!(found, digests, "{place}");
        // everything of it is there
        super::content(&place).await;
    }
    // what was reported of each is so, whatever others have added since
    for report in &reports {
        assert_eq!(super::wrong(&super::client(), report).await, [""; 0]);
    }
    // where ours has all of it, it is ours byte for byte
    let to = at("oci", &folder.path().join("copy"), "1");
    copy(&format!("{name}:1"), &to, &CopyOptions::default()).await;
    let (one, two) = (
        at("oci", &folder.path().join("copy"), &tag),
        format!("{name}:{tag}"),
    );
    assert_eq!(digest(&one).await, digest(&two).await);
    // and where the tag leads elsewhere, that is said
    copy(&busybox(), &two, &super::no_referrers()).await;
    let lost = super::wrong(&super::client(), &reports[0]).await;
    let [lost] = lost.as_slice() else {
        panic!("{lost:?}");
    };
    assert!(lost.contains("does not have it"), "{lost}");
}

#[tokio::test]
async fn once_more_there_is_nothing_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("from");
    let from = at("dir", &files, "");
    let options = CopyOptions::default();
    copy(&app(), &from, &options).await;
    let child = entries(&app()).await[1].digest.clone();
    let sign = |number: usize, mark: &str| {
        let (layer, payload) = attachment(mark);
        let name = format!("{}.signature-{number}", child.hex());
        fs::write(files.join(name), SignatureFile::of_layer(&layer, &payload)).unwrap();
    };
    sign(1, "a");
    let layout = at("oci", &folder.path().join("layout"), "1");
    let back = at("dir", &folder.path().join("back"), "");
    for more in ["b", "c"] {
        // from files to layers under a tag, and from those to files
        for (from, to) in [(&from, &layout), (&layout, &back)] {
            let prepared = super::prepare(from, to, &options).await.unwrap();
            assert!(!prepared.plan.is_done(), "{}", prepared.plan.text(&[]));
            prepared.run().await.unwrap();
            let again = super::prepare(from, to, &options).await.unwrap();
            assert!(again.plan.is_done(), "{}", again.plan.text(&[]));
            assert!(again.plan.signatures.iter().all(|set| set.there));
        }
        // with one more there is
        sign(if more == "b" { 2 } else { 3 }, more);
    }
}

#[tokio::test]
async fn of_two_copies_at_once_neither_loses_what_is_signed() {
    for _ in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let to = at("oci", &folder.path().join("to"), "1");
        let mut prepared = Vec::new();
        let mut tag = String::new();
        for mark in ["theirs", "ours"] {
            let mut layout = Layout::new(folder.path().join(mark));
            let image = layout.image("linux/amd64", &["one"]);
            layout.name("1", &image);
            layout.blob(MediaType::OCI_CONFIG, b"{}");
            layout.blob(SIMPLE_SIGNING, mark.as_bytes());
            let signature = referrer::cosign(SIMPLE_SIGNING, mark);
            let signature = layout.document(MediaType::OCI_MANIFEST, &signature);
            tag = CosignTag::Signatures.of(&image.digest);
            layout.name(&tag, &signature);
            let options = CopyOptions::default();
            let planned = super::prepare(&layout.reference("1"), &to, &options).await;
            prepared.push(planned.unwrap());
        }
        // both have seen that nothing is there
        let runs = prepared.into_iter().map(super::Prepared::run);
        for ended in futures_util::future::join_all(runs).await {
            ended.unwrap();
        }
        let joined = at("oci", &folder.path().join("to"), &tag);
        let joined = Document::read(root(&*open(&joined)).await);
        let found = joined.manifest().unwrap().layers.iter();
        let found: BTreeSet<_> = found.map(|layer| layer.digest.clone()).collect();
        let both = ["theirs", "ours"].map(|mark| Digest::sha256(mark.as_bytes()));
        assert_eq!(found, both.into());
    }
}
