//! Archives, flat folders and the images of engines, as the engine shows them.

use porthole::engine::{Command, JobKind, JobState, NodePath, Opened, Parts, Unit};
use porthole::transport::{BlobState, Note};

use crate::support::archive::{Saved, fixture, gzip, of_folder, write};
use crate::support::schema1;
use crate::support::watch::Watch;

#[test]
fn a_packed_archive_opens_like_the_folder_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = gzip(&of_folder(&fixture("buildkit-app"), "").finish());
    let path = write(folder.path(), "app.tar.gz", &bytes);
    let watch = Watch::start();
    let (id, snapshot) = watch.open_and_settle(path.to_str().unwrap());
    let reference = snapshot.reference.as_ref().unwrap().to_string();
    assert_eq!(reference, format!("oci-archive:{}", path.display()));
    let image = snapshot.image().unwrap();
    assert_eq!(image.notes[..], []);
    let chosen = image.chosen.clone().unwrap().path;
    let Parts::Manifest { config, blobs } = &image.node(&chosen).unwrap().parts else {
        panic!();
    };
    assert!(config.value().is_some());
    assert_eq!(blobs[0], BlobState::Verified);
    assert!(blobs[1..].iter().all(|blob| *blob == BlobState::Present));
    let job = watch.until_job(|job| job.image == id);
    assert_eq!(job.state, JobState::Done);
    // what was counted while it was unpacked is not what it ends with
    assert_eq!(job.progress.unit(), Unit::Documents);
    assert_eq!(Some(job.progress.done()), job.progress.total());
    watch.engine.send(Command::CheckBlobs {
        image: id,
        manifest: chosen.clone(),
    });
    watch.until_job(|job| job.kind == JobKind::Check && job.state == JobState::Done);
    let snapshot = watch.engine.image(id).unwrap();
    let Parts::Manifest { blobs, .. } = &snapshot.node(&chosen).unwrap().parts else {
        panic!();
    };
    assert!(blobs.iter().all(|blob| *blob == BlobState::Verified));
}

#[test]
fn what_was_derived_says_so() {
    let watch = Watch::start();
    let path = fixture("busybox-amd64-docker-archive.tar");
    let (_, snapshot) = watch.open_and_settle(path.to_str().unwrap());
    let image = snapshot.image().unwrap();
    let derived = Note::DerivedManifest {
        from: "manifest.json",
    };
    assert_eq!(image.notes[..], [derived]);
    assert!(image.notes[0].text().contains("not stored in the archive"));
    let Parts::Manifest { blobs, .. } = &image.node(&NodePath::root()).unwrap().parts else {
        panic!();
    };
    assert_eq!(blobs.len(), 4);
    assert!(!blobs.contains(&BlobState::NotChecked));
}

#[test]
fn several_saved_images_are_offered() {
    let folder = tempfile::tempdir().unwrap();
    let mut saved = Saved::default();
    saved.image(&["a:1"], &[b"a"]);
    saved.image(&["b:1"], &[b"b"]);
    let path = write(folder.path(), "two.tar", &saved.finish());
    let watch = Watch::start();
    let (_, snapshot) = watch.open_and_settle(path.to_str().unwrap());
    let Some(Opened::Several(images)) = snapshot.opened.value() else {
        panic!();
    };
    let names: Vec<_> = images.iter().map(|image| image.name.to_string()).collect();
    assert_eq!(names, ["a:1", "b:1"]);
    let (_, one) = watch.open_and_settle(&format!("{}:b:1", path.display()));
    let digest = one.image().unwrap().root.document.raw().digest();
    assert_eq!(digest, &images[1].descriptor.digest);
}

#[test]
fn a_flat_folder_opens_with_all_its_platforms() {
    let watch = Watch::start();
    let (_, snapshot) = watch.open_and_settle(fixture("busybox-dir-v2s2").to_str().unwrap());
    let image = snapshot.image().unwrap();
    for position in 0..7 {
        let node = image.node(&NodePath::root().child(position)).unwrap();
        assert!(node.config().is_some(), "{position}");
    }
}

#[test]
fn a_reload_reads_an_archive_that_was_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let archive = |name: &str| {
        let mut saved = Saved::default();
        saved.image(&[name], &[name.as_bytes()]);
        write(folder.path(), "a.tar.gz", &gzip(&saved.finish()))
    };
    let path = archive("a:1");
    let watch = Watch::start();
    let (id, first) = watch.open_and_settle(path.to_str().unwrap());
    archive("a:2");
    watch.engine.send(Command::Reload { image: id });
    watch.until_job(|job| job.kind == JobKind::Reload && job.state == JobState::Done);
    let second = watch.settle(id);
    let digest = |s: &porthole::engine::ImageSnapshot| {
        s.image().unwrap().root.document.raw().digest().clone()
    };
    assert_ne!(digest(&first), digest(&second));
}

#[cfg(unix)]
mod engines {
    use std::fs;

    use porthole::engine::{EngineConfig, FailureKind};
    use serde_json::json;

    use super::*;
    use crate::support::engine::{Answer, FakeEngine, ping};
    use crate::support::watch::config;

    const ID: &str = "sha256:d64019a86411e4527cdea702de9f08a8f2a869bbe5f8b69db733f7c8536d375b";

    fn watch(engine: &FakeEngine) -> Watch {
        Watch::start_with(EngineConfig {
            network: engine.network(),
            ..config()
        })
    }

    #[test]
    fn an_image_of_an_engine_is_opened() {
        let archive = fs::read(fixture("busybox-amd64-docker-archive.tar")).unwrap();
        let engine = FakeEngine::with_image("busybox", ID, archive);
        let watch = watch(&engine);
        let (_, snapshot) = watch.open_and_settle("docker-daemon:busybox");
        let image = snapshot.image().unwrap();
        assert!(
            matches!(image.notes[0], Note::Engine { .. }),
            "{:?}",
            image.notes
        );
        assert!(image.root.config().is_some());
        // and one that it does not have
        let (_, snapshot) = watch.open_and_settle("docker-daemon:none");
        let failure = snapshot.opened.error().unwrap();
        assert_eq!(failure.kind, FailureKind::Missing);
        assert!(
            failure.headline.contains("has no image of this name"),
            "{failure}"
        );
    }

    #[test]
    fn what_comes_is_counted_and_can_be_cancelled() {
        let engine = FakeEngine::start(|path| match path {
            "/_ping" => ping(),
            path if path.ends_with("/json") => {
                Answer::Json(200, json!({"Id": ID, "Size": 400_000}))
            }
            _ => Answer::Stall(vec![0; 100_000]),
        });
        let watch = watch(&engine);
        let id = watch.open("docker-daemon:busybox");
        let job = watch.until_job(|job| {
            job.state
                == JobState::Running {
                    phase: "getting ready",
                }
                && job.progress.done() == 100_000
        });
        assert_eq!(job.progress.unit(), Unit::Bytes);
        // what the answer says of its length goes before what the engine says of its disk
        assert_eq!(job.progress.total(), Some(200_001));
        watch.engine.send(Command::Cancel { job: job.id });
        watch.until_job(|job| job.state == JobState::Cancelled);
        let snapshot = watch.until(id, |snapshot| snapshot.opened.error().is_some());
        assert_eq!(
            snapshot.opened.error().unwrap().kind,
            FailureKind::Cancelled
        );
    }
}

#[test]
fn an_image_of_the_first_schema_is_shown_with_a_config_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let (payload, whole) = schema1::signed(&schema1::image());
    schema1::write(folder.path(), &whole);
    let watch = Watch::start();
    let (id, snapshot) = watch.open_and_settle(&format!("dir:{}", folder.path().display()));
    let image = snapshot.image().unwrap();
    let digest = image.digest(&NodePath::root()).unwrap();
    assert_eq!(*digest, porthole::model::Digest::sha256(&payload));
    assert_eq!(image.root.config().unwrap().run.command, ["/bin/app"]);
    let Parts::Manifest { blobs, .. } = &image.root.parts else {
        panic!();
    };
    let expected = [BlobState::Verified, BlobState::Present, BlobState::Present];
    assert_eq!(blobs[..], expected);
    watch.engine.send(Command::CheckBlobs {
        image: id,
        manifest: NodePath::root(),
    });
    watch.until_job(|job| job.kind == JobKind::Check && job.state == JobState::Done);
    let snapshot = watch.engine.image(id).unwrap();
    let Parts::Manifest { blobs, .. } = &snapshot.image().unwrap().root.parts else {
        panic!();
    };
    assert!(blobs.iter().all(|blob| *blob == BlobState::Verified));
}
