//! A real engine: Podman, with a storage of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use porthole::config::Engines;
use porthole::engine::{Listed, Place, Remote};
use porthole::model::Document;
use porthole::transport::daemon::list_images;
use porthole::transport::{BlobState, Note, Problem, hash_blob};
use serde_json::Value;

use super::{one, problem, runtime, source};
use crate::support::archive::fixture;
use crate::support::engine::network;
use crate::support::peers::skip;

const NAME: &str = "example.org/busybox:1.37.0";

/// A `podman system service` that runs until it is dropped.
pub struct Podman {
    folder: tempfile::TempDir,
    service: Child,
}

impl Podman {
    /// Nothing where this machine has no Podman.
    pub fn start() -> Option<Self> {
        let version = Command::new("podman").arg("--version").output();
        if !version.is_ok_and(|output| output.status.success()) {
            skip("podman is not in the path");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let address = format!("unix://{}", folder.path().join("podman.sock").display());
        let service = command(folder.path())
            .args(["system", "service", "--time=0", &address])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let podman = Self { folder, service };
        let end = Instant::now() + Duration::from_secs(30);
        while !podman.socket().exists() {
            assert!(Instant::now() < end, "podman does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(podman)
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("podman.sock")
    }

    pub fn run(&self, arguments: &[&str]) -> String {
        let output = command(self.folder.path())
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let _ = self.service.kill();
        let _ = self.service.wait();
    }
}

/// Podman with everything it keeps in `folder`.
fn command(folder: &Path) -> Command {
    let mut command = Command::new("podman");
    command
        .arg("--root")
        .arg(folder.join("root"))
        .arg("--runroot")
        .arg(folder.join("run"))
        .args(["--storage-driver", "vfs"]);
    command
}

#[test]
fn what_podman_has_is_listed_and_opened() {
    let Some(podman) = Podman::start() else {
        return;
    };
    let archive = fixture("busybox-amd64-docker-archive.tar");
    podman.run(&["load", "-i", archive.to_str().unwrap()]);
    let inspected: Value = serde_json::from_str(&podman.run(&["inspect", NAME])).unwrap();
    let id = inspected[0]["Id"].as_str().unwrap();
    let network = network(Engines {
        sockets: vec![podman.socket()],
        ..Engines::default()
    });

    let images = runtime().block_on(list_images(&network)).unwrap();
    assert_eq!(images.len(), 1);
    assert_eq!(images[0].names, [NAME]);
    assert!(images[0].id.ends_with(id), "{:?}", images[0]);
    assert_eq!(images[0].size, inspected[0]["Size"].as_u64());

    // and in the explorer
    let mut config = crate::support::watch::config();
    config.network = network.clone();
    let watch = crate::support::watch::Watch::start_with(config);
    let place = Place::Engines;
    watch.engine.send(porthole::engine::Command::ListPlace {
        place: place.clone(),
    });
    let listed = watch.wait(|| match &watch.engine.place(&place)?.listed {
        Remote::Ready(Listed::Images(images)) => Some(Arc::clone(images)),
        Remote::Failed { error, .. } => panic!("{error}"),
        _ => None,
    });
    assert_eq!((listed.len(), listed[0].title.as_str()), (1, NAME));
    assert!(listed[0].detail.contains("Podman "), "{:?}", listed[0]);

    for name in [NAME, id, &id[..12], &format!("sha256:{id}")] {
        let source = source(&network, name);
        let (raw, notes) = one(&*source);
        let manifest = Document::read(raw).manifest().cloned().unwrap();
        assert_eq!(manifest.config.digest.hex(), id, "{name}");
        let layers = manifest.layers.iter().map(|layer| layer.digest.to_string());
        assert_eq!(
            layers.map(Value::from).collect::<Value>(),
            inspected[0]["RootFS"]["Layers"],
            "{name}"
        );
        for blob in std::iter::once(&manifest.config).chain(&manifest.layers) {
            let hashed = runtime().block_on(hash_blob(&*source, blob, |_| ()));
            assert_eq!(hashed.unwrap(), BlobState::Verified, "{name}");
        }
        let Note::Engine { engine, .. } = &notes[0] else {
            panic!("{notes:?}");
        };
        assert!(engine.starts_with("Podman "), "{engine}");
    }
    let found = problem(&network, "example.org/busybox:2");
    assert!(matches!(found, Problem::NotInEngine { .. }), "{found:?}");
}

#[test]
fn what_podman_saves_is_read() {
    let Some(podman) = Podman::start() else {
        return;
    };
    let archive = fixture("busybox-amd64-docker-archive.tar");
    podman.run(&["load", "-i", archive.to_str().unwrap()]);
    let saved = podman.folder.path().join("saved");
    for (format, transport) in [
        ("docker-archive", "docker-archive"),
        ("oci-archive", "oci-archive"),
        ("oci-dir", "oci"),
        ("docker-dir", "dir"),
    ] {
        let path = saved.join(format);
        std::fs::create_dir_all(&saved).unwrap();
        let path_text = path.to_str().unwrap();
        podman.run(&["save", "--quiet", "--format", format, "-o", path_text, NAME]);
        let recognised = porthole::transport::recognise(&path).unwrap();
        assert_eq!(recognised.transport.prefix(), transport);
        let client = porthole::transport::registry::Client::new(network(Engines::default()));
        let reference = porthole::model::Reference::Path(recognised);
        let source = porthole::transport::open(&reference, &client.unwrap());
        let (raw, _) = one(&*source);
        let manifest = Document::read(raw).manifest().cloned().unwrap();
        assert_eq!(manifest.layers.len(), 3, "{format}");
        for blob in std::iter::once(&manifest.config).chain(&manifest.layers) {
            let hashed = runtime().block_on(hash_blob(&*source, blob, |_| ()));
            assert_eq!(hashed.unwrap(), BlobState::Verified, "{format}");
        }
    }
}
