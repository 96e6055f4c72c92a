//! Makes OCI layout folders, right ones and wrong ones.

use std::fs;
use std::path::{Path, PathBuf};

use porthole::model::{Descriptor, Digest, MediaType};
use serde_json::{Value, json};

/// A layout folder under construction.
pub struct Layout {
    folder: PathBuf,
    entries: Vec<Value>,
}

impl Layout {
    /// An empty layout in `folder`, which is made.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        fs::create_dir_all(folder.join("blobs/sha256")).unwrap();
        fs::write(
            folder.join("oci-layout"),
            r#"{"imageLayoutVersion":"1.0.0"}"#,
        )
        .unwrap();
        let layout = Self {
            folder,
            entries: Vec::new(),
        };
        layout.write_index();
        layout
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// `oci:FOLDER:NAME`.
    pub fn reference(&self, name: &str) -> String {
        format!("oci:{}:{name}", self.folder.display())
    }

    /// Where the blob with this digest lies.
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.folder
            .join("blobs")
            .join(digest.algorithm().name())
            .join(digest.hex())
    }

    /// Writes a blob under its true digest.
    pub fn blob(&self, media_type: &str, bytes: &[u8]) -> Descriptor {
        let digest = Digest::sha256(bytes);
        fs::write(self.blob_path(&digest), bytes).unwrap();
        Descriptor::new(media_type, digest, bytes.len() as u64)
    }

    /// Writes a JSON document.
    pub fn document(&self, media_type: &str, value: &Value) -> Descriptor {
        self.blob(media_type, &serde_json::to_vec(value).unwrap())
    }

    /// Writes an image for `platform` (os/architecture) with one small layer for each text.
    pub fn image(&self, platform: &str, layers: &[&str]) -> Descriptor {
        let (os, architecture) = platform.split_once('/').unwrap();
        let (architecture, variant) = match architecture.split_once('/') {
            Some((architecture, variant)) => (architecture, Some(variant)),
            None => (architecture, None),
        };
        let layers: Vec<_> = layers
            .iter()
            .map(|text| self.blob(MediaType::OCI_LAYER, text.as_bytes()))
            .collect();
        let config = self.document(
            MediaType::OCI_CONFIG,
            &json!({
                "os": os, "architecture": architecture, "variant": variant,
                "created": "2026-11-19T14:02:00Z",
                "rootfs": {"type": "layers", "diff_ids": layers.iter().map(|l| &l.digest).collect::<Vec<_>>()},
                "history": layers.iter().map(|l| json!({"created_by": format!("COPY {}", l.digest.short())})).collect::<Vec<_>>(),
            }),
        );
        self.manifest(&config, &layers)
    }

    /// Writes a manifest of blobs that need not be there.
    pub fn manifest(&self, config: &Descriptor, layers: &[Descriptor]) -> Descriptor {
        self.document(
            MediaType::OCI_MANIFEST,
            &json!({
                "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST,
                "config": config, "layers": layers,
            }),
        )
    }

    /// Writes an index of `entries`.
    pub fn index(&self, entries: &[Value]) -> Descriptor {
        self.document(
            MediaType::OCI_INDEX,
            &json!({"schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": entries}),
        )
    }

    /// Lists `descriptor` in `index.json` under `name`.
    pub fn name(&mut self, name: &str, descriptor: &Descriptor) {
        let mut entry = serde_json::to_value(descriptor).unwrap();
        entry["annotations"] = json!({"org.opencontainers.image.ref.name": name});
        self.entries.retain(|e| {
            e.pointer("/annotations/org.opencontainers.image.ref.name") != Some(&json!(name))
        });
        self.entries.push(entry);
        self.write_index();
    }

    /// Lists `entry` in `index.json` as it stands.
    pub fn list(&mut self, entry: Value) {
        self.entries.push(entry);
        self.write_index();
    }

    fn write_index(&self) {
        let index = json!({"schemaVersion": 2, "manifests": self.entries});
        fs::write(
            self.folder.join("index.json"),
            serde_json::to_vec(&index).unwrap(),
        )
        .unwrap();
    }
}

/// An index entry for `platform`, written as it stands in an index.
pub fn entry(descriptor: &Descriptor, platform: &str) -> Value {
    let parts: Vec<_> = platform.split('/').collect();
    let mut entry = serde_json::to_value(descriptor).unwrap();
    entry["platform"] = json!({"os": parts[0], "architecture": parts[1]});
    if let Some(variant) = parts.get(2) {
        entry["platform"]["variant"] = json!(variant);
    }
    entry
}

/// Every file below `folder` with its size, to see that nothing was written.
pub fn listing(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).unwrap() {
        let item = item.unwrap();
        if item.file_type().unwrap().is_dir() {
            found.extend(listing(&item.path()));
        } else {
            found.push((item.path(), item.metadata().unwrap().len()));
        }
    }
    found.sort();
    found
}
