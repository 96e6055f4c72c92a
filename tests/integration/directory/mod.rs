//! skopeo's flat folders: what is read, which versions, and what is refused.

mod bad;
mod fixtures;
mod signatures;

use std::fs;
use std::path::{Path, PathBuf};

use porthole::model::{Algorithm, Descriptor, Digest, MediaType, PathReference, Transport};
use porthole::transport::directory::DirectorySource;
use porthole::transport::{Note, Problem, Resolved, Source, TransportError};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn source(folder: &Path) -> DirectorySource {
    DirectorySource::new(PathReference::new(Transport::Dir, folder))
}

fn resolve(folder: &Path) -> Result<Resolved, TransportError> {
    runtime().block_on(source(folder).resolve())
}

/// The image, and what is said about it.
fn one(folder: &Path) -> (porthole::model::RawDocument, Vec<Note>) {
    match resolve(folder) {
        Ok(Resolved::Document { raw, notes, .. }) => (raw, notes),
        other => panic!("{other:?}"),
    }
}

fn problem(folder: &Path) -> Problem {
    resolve(folder).map(|_| ()).unwrap_err().problem
}

/// A flat folder with one image, its config and a layer.
struct Flat {
    folder: tempfile::TempDir,
    config: Descriptor,
    layer: Descriptor,
}

impl Flat {
    fn new(algorithm: Algorithm) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let blob = |media_type: &str, bytes: &[u8]| {
            let digest = Digest::of(algorithm, bytes);
            let name = match algorithm {
                Algorithm::Sha256 => digest.hex().to_owned(),
                other => format!("{}-{}", other.name(), digest.hex()),
            };
            fs::write(folder.path().join(name), bytes).unwrap();
            Descriptor::new(media_type, digest, bytes.len() as u64)
        };
        let layer = blob(MediaType::OCI_LAYER, b"layer");
        let config = blob(MediaType::OCI_CONFIG, b"{\"os\": \"linux\"}");
        let flat = Self {
            config,
            layer,
            folder,
        };
        let manifest = json!({"schemaVersion": 2, "config": flat.config, "layers": [flat.layer]});
        flat.write("manifest.json", manifest.to_string().as_bytes());
        flat.write("version", b"Directory Transport Version: 1.1\n");
        flat
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.at(name), bytes).unwrap();
    }
}
