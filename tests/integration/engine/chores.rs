//! Chores: the sample image, the cache, a text saved; and folders that change.

use std::path::Path;

use porthole::engine::{Chore, Command, EngineConfig, JobKind, NodePath, Outcome, Parts};
use porthole::model::{Algorithm, MediaType, RawDocument};
use porthole::transport::BlobState;

use crate::support::layout::Layout;
use crate::support::watch::{Watch, config};

fn chore(watch: &Watch, chore: Chore) -> Outcome {
    watch.engine.send(Command::Chore(chore));
    outcome(watch)
}

/// Waits for the next thing that has ended.
fn outcome(watch: &Watch) -> Outcome {
    watch.wait(|| watch.engine.take_outcomes().pop())
}

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { files(&path) } else { 1 })
        .sum()
}

fn with_cache(folder: &Path) -> Watch {
    Watch::start_with(EngineConfig {
        cache: Some(folder.to_owned()),
        ..config()
    })
}

#[test]
fn the_sample_image_opens_whole_and_has_two_platforms_and_an_sbom() {
    let folder = tempfile::tempdir().unwrap();
    let watch = with_cache(folder.path());
    let first = chore(&watch, Chore::UnpackSample);
    let Outcome::SampleReady { reference } = &first else {
        panic!("{first:?}");
    };
    let count = files(folder.path());
    let (id, snapshot) = watch.open_and_settle(reference);
    let root = &snapshot.image().unwrap().root;
    let index = root.document.index().unwrap();
    let platforms: Vec<_> = index
        .descriptors()
        .map(|(_, entry)| entry.platform.as_ref().unwrap().to_string())
        .collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
    for position in 0..2 {
        let child = root.child(position).unwrap().value().unwrap();
        assert!(child.config().unwrap().problem.is_none());
        let manifest = NodePath::root().child(position);
        watch.engine.send(Command::CheckBlobs {
            image: id,
            manifest,
        });
        watch.until(id, |s| {
            let node = s.node(&NodePath::root().child(position));
            let parts = &node.unwrap().parts;
            let Parts::Manifest { blobs, .. } = parts else {
                return false;
            };
            blobs.len() == 4 && blobs.iter().all(|blob| *blob == BlobState::Verified)
        });
    }
    let subject = root.document.raw().digest().to_string();
    assert!(attached(folder.path(), &subject), "no SBOM of {subject}");

    assert_eq!(chore(&watch, Chore::UnpackSample), first);
    assert_eq!(files(folder.path()), count, "a second time adds nothing");
}

/// Whether a manifest in the layout has this subject and is an SPDX document.
fn attached(cache: &Path, subject: &str) -> bool {
    let blobs = std::fs::read_dir(cache.join("sample/blobs/sha256")).unwrap();
    blobs.into_iter().any(|blob| {
        let bytes = std::fs::read(blob.unwrap().path()).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        value["subject"]["digest"] == subject && value["artifactType"] == "application/spdx+json"
    })
}

#[test]
fn a_sample_that_was_damaged_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let watch = with_cache(folder.path());
    chore(&watch, Chore::UnpackSample);
    let index = folder.path().join("sample/index.json");
    let whole = std::fs::read(&index).unwrap();
    std::fs::write(&index, "{").unwrap();
    chore(&watch, Chore::UnpackSample);
    assert_eq!(std::fs::read(&index).unwrap(), whole);
}

#[test]
fn without_a_folder_for_it_the_sample_says_so() {
    let ended = chore(&Watch::start(), Chore::UnpackSample);
    let Outcome::Failed(failure) = ended else {
        panic!("{ended:?}");
    };
    assert!(failure.hint.contains("XDG_CACHE_HOME"));
}

#[test]
fn the_cache_is_measured_and_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let store = porthole::store::Store::new(Some(folder.path().to_owned()));
    let raw = RawDocument::hash(
        vec![7; 1234].into(),
        Algorithm::Sha256,
        MediaType::default(),
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(store.put(&raw));
    let watch = with_cache(folder.path());
    let measured = |bytes| Outcome::CacheMeasured { bytes };
    assert_eq!(chore(&watch, Chore::MeasureCache), measured(1234));
    let cleared = Outcome::CacheCleared { freed: 1234 };
    assert_eq!(chore(&watch, Chore::ClearCache), cleared);
    assert_eq!(chore(&watch, Chore::MeasureCache), measured(0));
}

#[test]
fn a_text_is_saved_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let watch = Watch::start();
    let save = |path: &Path| Chore::SaveText {
        path: path.to_owned(),
        text: "new".to_owned(),
    };
    let path = folder.path().join("report.txt");
    std::fs::write(&path, "old").unwrap();
    let saved = Outcome::Saved { path: path.clone() };
    assert_eq!(chore(&watch, save(&path)), saved);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");

    let nowhere = folder.path().join("missing/report.txt");
    let ended = chore(&watch, save(&nowhere));
    let Outcome::Failed(failure) = ended else {
        panic!("{ended:?}");
    };
    assert!(failure.headline.contains("missing/report.txt"));
    assert_eq!(files(folder.path()), 1, "nothing is left behind");

    // a new file is never written over another one
    let new = |path: &Path| Chore::SaveNewText {
        path: path.to_owned(),
        text: "newer".to_owned(),
    };
    let there = Outcome::FileThere { path: path.clone() };
    assert_eq!(chore(&watch, new(&path)), there);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
    let other = folder.path().join("other.txt");
    let saved = Outcome::Saved {
        path: other.clone(),
    };
    assert_eq!(chore(&watch, new(&other)), saved);
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "newer");
}

#[test]
fn a_layout_that_changed_after_it_was_read_is_told_and_one_that_did_not_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let old = layout.image("linux/amd64", &["old"]);
    layout.name("latest", &old);
    let watch = Watch::start();
    let (image, _) = watch.open_and_settle(&layout.reference("latest"));
    watch.engine.send(Command::LookAgain { image });
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!(watch.engine.take_outcomes(), [], "nothing has changed");
    let new = layout.image("linux/amd64", &["new"]);
    layout.name("another", &new);
    watch.engine.send(Command::LookAgain { image });
    assert_eq!(outcome(&watch), Outcome::ChangedOnDisk { image });

    watch.engine.send(Command::Reload { image });
    watch.until_job(|job| job.kind == JobKind::Reload && job.state.is_final());
    watch.engine.send(Command::LookAgain { image });
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!(watch.engine.take_outcomes(), [], "it was read again");
}
