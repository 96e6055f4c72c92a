//! Fetching and listing.

use std::fs;
use std::sync::{Arc, Mutex};

use porthole::config::Engines;
use porthole::model::{Digest, Document};
use porthole::transport::daemon::{EngineImage, list_images};
use porthole::transport::{BlobState, Note, Preparation, Problem, Report, Source, hash_blob};
use serde_json::json;

use super::{one, problem, resolve, runtime, source};
use crate::support::archive::{Saved, fixture};
use crate::support::engine::{Answer, FakeEngine, image, network, on_port, ping};

const ID: &str = "sha256:d64019a86411e4527cdea702de9f08a8f2a869bbe5f8b69db733f7c8536d375b";

fn saved() -> Vec<u8> {
    fs::read(fixture("busybox-amd64-docker-archive.tar")).unwrap()
}

fn all_verified(source: &dyn Source, document: &Document) {
    let manifest = document.manifest().unwrap();
    for blob in std::iter::once(&manifest.config).chain(&manifest.layers) {
        let presence = runtime().block_on(source.blob_check().unwrap().presence(blob));
        assert_eq!(presence, BlobState::Present);
        let hashed = runtime().block_on(hash_blob(source, blob, |_| ()));
        assert_eq!(hashed.unwrap(), BlobState::Verified);
    }
}

#[test]
fn an_image_is_fetched_once_and_read() {
    let engine = FakeEngine::with_image("busybox:1.37", ID, saved());
    let source = source(&engine.network(), "busybox:1.37");
    let (raw, notes) = one(&*source);
    let document = Document::read(raw.clone());
    assert_eq!(document.manifest().unwrap().config.digest.to_string(), ID);
    all_verified(&*source, &document);
    assert_eq!(
        notes,
        [
            Note::Engine {
                engine: format!("Docker 28.2.2 at {}", engine.address),
                known_as: vec![format!("busybox:1.37@{ID}")],
            },
            Note::DerivedManifest {
                from: "manifest.json"
            },
        ]
    );
    assert_eq!(one(&*source).0, raw);
    // the name is asked for once: what is fetched is the image that it stood for then
    let expected = [
        "/_ping",
        "/images/busybox:1.37/json",
        &format!("/images/{ID}/get"),
    ];
    assert_eq!(engine.requests(), expected);
}

#[test]
fn the_file_that_it_is_kept_in_has_no_name() {
    let engine = FakeEngine::with_image("busybox", ID, saved());
    let open = || {
        let links = fs::read_dir("/proc/self/fd").unwrap().flatten();
        let targets = links.filter_map(|link| fs::read_link(link.path()).ok());
        let deleted = targets.filter(|t| t.to_string_lossy().ends_with(" (deleted)"));
        deleted.count()
    };
    if !cfg!(target_os = "linux") {
        return;
    }
    let source = source(&engine.network(), "busybox");
    one(&*source);
    assert!(open() > 0, "it is open, and in no folder");
}

#[test]
fn digests_are_kept_where_the_engine_sends_a_layout() {
    let bytes = fs::read(fixture("buildkit-docker-save.tar")).unwrap();
    let engine = FakeEngine::with_image("app", ID, bytes);
    let (raw, notes) = one(&*source(&engine.network(), "app"));
    assert_eq!(
        raw.digest().to_string(),
        "sha256:a6cac17373cc8845a08f31502536b5519c02f8a9d282b77f7b8d6c899c6fead8"
    );
    assert!(matches!(notes[..], [Note::Engine { .. }]), "{notes:?}");
}

#[test]
fn what_comes_is_counted() {
    let archive = saved();
    let engine = FakeEngine::with_image("busybox", ID, archive.clone());
    let seen: Arc<Mutex<Vec<Preparation>>> = Arc::default();
    let told = Arc::clone(&seen);
    let report: Report = Arc::new(move |step| told.lock().unwrap().push(step));
    let source = source(&engine.network(), "busybox");
    runtime().block_on(source.prepare(report)).unwrap();
    let steps = seen.lock().unwrap().clone();
    assert!(steps.is_sorted_by_key(|step| step.done) && steps.len() > 1);
    let end = steps.last().unwrap();
    assert_eq!(end.done, archive.len() as u64);
    // what the engine says of its size
    assert_eq!(end.total, Some(archive.len() as u64));
    assert!(resolve(&*source).is_ok());
    assert_eq!(engine.requests().len(), 3, "it is fetched once");
}

#[test]
fn every_engine_that_is_there_is_asked_in_turn() {
    let first = FakeEngine::with_image("a:1", ID, saved());
    let second = FakeEngine::with_image("b:1", ID, saved());
    let folder = tempfile::tempdir().unwrap();
    let stale = folder.path().join("stale.sock");
    drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
    let network = network(Engines {
        sockets: vec![
            folder.path().join("none.sock"),
            stale,
            first.socket(),
            second.socket(),
        ],
        ..Engines::default()
    });
    let (_, notes) = one(&*source(&network, "b:1"));
    let Note::Engine { engine, .. } = &notes[0] else {
        panic!();
    };
    assert!(engine.ends_with(&second.address), "{engine}");
    let Problem::NotInEngine { engine } = problem(&network, "c:1") else {
        panic!();
    };
    assert!(
        engine.contains(&first.address) && engine.contains(&second.address),
        "{engine}"
    );
    // one that is named is the only one
    let named = porthole::config::Network {
        engines: Engines {
            docker_host: Some(first.address.clone()),
            sockets: vec![second.socket()],
            ..Engines::default()
        },
        ..network
    };
    assert!(matches!(
        problem(&named, "b:1"),
        Problem::NotInEngine { .. }
    ));
}

#[test]
fn a_port_of_this_machine_is_as_good() {
    let address = on_port(image("a:1", ID, saved()));
    let network = network(Engines {
        docker_host: Some(address),
        ..Engines::default()
    });
    assert!(resolve(&*source(&network, "a:1")).is_ok());
}

#[test]
fn an_archive_with_the_image_under_two_names_is_one_image() {
    let mut both = Saved::default();
    let config = both.image(&["a:1"], &[b"layer"]);
    both.image(&["other:1"], &[b"other"]);
    let id = Digest::sha256(&config).to_string();
    let engine = FakeEngine::with_image("a:1", &id, both.finish());
    let (raw, _) = one(&*source(&engine.network(), "a:1"));
    let document = Document::read(raw);
    assert_eq!(document.manifest().unwrap().config.digest.to_string(), id);
}

#[test]
fn images_of_all_engines_are_listed() {
    let listed = json!([
        {"Id": "sha256:aa", "RepoTags": ["a:1", "a:2"], "Size": 7, "Created": 1_767_225_600},
        {"Id": "sha256:bb", "RepoTags": ["<none>:<none>"], "Size": 8},
        {"Id": "sha256:cc", "RepoTags": null},
        {"RepoTags": ["without an id"]},
    ]);
    let first = FakeEngine::start(move |path| match path {
        "/_ping" => ping(),
        "/images/json" => Answer::Json(200, listed.clone()),
        _ => Answer::Json(404, json!({})),
    });
    let second = FakeEngine::with_image("b:1", ID, Vec::new());
    let network = network(Engines {
        sockets: vec![first.socket(), second.socket()],
        ..Engines::default()
    });
    let images = runtime().block_on(list_images(&network)).unwrap();
    let label = |engine: &FakeEngine| format!("Docker 28.2.2 at {}", engine.address);
    let found = |engine, id: &str, names: &[&str], size, created| EngineImage {
        engine: label(engine),
        id: id.to_owned(),
        names: names.iter().map(|&name| name.to_owned()).collect(),
        size,
        created,
    };
    assert_eq!(
        images,
        [
            found(
                &first,
                "sha256:aa",
                &["a:1", "a:2"],
                Some(7),
                Some(1_767_225_600)
            ),
            found(&first, "sha256:bb", &[], Some(8), None),
            found(&first, "sha256:cc", &[], None, None),
            found(&second, ID, &["b:1"], Some(0), None),
        ]
    );
}
