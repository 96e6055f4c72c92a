//! Makes what the engine would show of an image, without an engine: from the layouts among
//! the fixtures and from JSON made up here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use porthole::engine::{
    Chosen, Failure, FailureKind, Image, ImageId, ImageSnapshot, Node, NodePath, Opened, Parts,
    Remote,
};
use porthole::model::{
    Algorithm, Descriptor, Digest, Document, ImageConfig, MediaType, PathReference, Platform,
    RawDocument, Reference, Transport,
};
use porthole::transport::BlobState;
use serde_json::{Value, json};

/// The folder of an image among the fixtures.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/images")
        .join(name)
}

/// Bytes with the digest that they have.
pub fn raw(bytes: impl Into<Bytes>, media_type: &str) -> RawDocument {
    RawDocument::hash(bytes.into(), Algorithm::Sha256, MediaType::new(media_type))
}

/// A document of JSON.
pub fn document(value: &Value, media_type: &str) -> Document {
    Document::read(raw(serde_json::to_vec(value).unwrap(), media_type))
}

/// A descriptor of `value`, as it is written by [`document`].
pub fn descriptor(value: &Value, media_type: &str) -> Descriptor {
    let bytes = serde_json::to_vec(value).unwrap();
    Descriptor::new(media_type, Digest::sha256(&bytes), bytes.len() as u64)
}

/// One layer of an image that is made up.
#[derive(Clone)]
pub struct Layer {
    pub instruction: String,
    pub size: u64,
    pub state: BlobState,
}

impl Layer {
    pub fn new(instruction: &str, size: u64) -> Self {
        Self {
            instruction: instruction.to_owned(),
            size,
            state: BlobState::Present,
        }
    }

    pub fn state(mut self, state: BlobState) -> Self {
        self.state = state;
        self
    }
}

/// An image that is made up.
pub struct Made {
    pub platform: &'static str,
    pub layers: Vec<Layer>,
    /// What stands in the config under `config`.
    pub run: Value,
    pub created: &'static str,
    pub annotations: BTreeMap<String, String>,
    /// Steps of the history that made no layer, after the layers.
    pub empty_steps: Vec<&'static str>,
    /// What follows the type of the layers: how they are compressed.
    pub suffix: &'static str,
}

impl Default for Made {
    fn default() -> Self {
        Self {
            platform: "linux/amd64",
            layers: vec![
                Layer::new("ADD rootfs.tar / # buildkit", 52_000_000),
                Layer::new(
                    "RUN /bin/sh -c apt-get install python3 # buildkit",
                    13_300_000,
                ),
                Layer::new("COPY app /srv/app # buildkit", 6_200_000),
            ],
            run: json!({
                "Entrypoint": ["/srv/app/api"], "Cmd": ["--listen", ":8443"], "User": "10001",
                "ExposedPorts": {"8443/tcp": {}}, "WorkingDir": "/srv/app",
                "Env": ["PATH=/usr/bin", "LANG=C.UTF-8"],
                "Labels": {
                    "org.opencontainers.image.source": "https://git.example.com/edge/api",
                    "org.opencontainers.image.version": "1.8.2",
                },
            }),
            created: "2026-11-19T12:00:00Z",
            annotations: BTreeMap::new(),
            empty_steps: vec!["ENV LANG=C.UTF-8", "CMD [\"--listen\"]"],
            suffix: "+gzip",
        }
    }
}

impl Made {
    pub fn for_platform(platform: &'static str) -> Self {
        Self {
            platform,
            ..Self::default()
        }
    }

    fn config(&self) -> Value {
        let platform: Platform = self.platform.parse().unwrap();
        let steps = self
            .layers
            .iter()
            .map(|layer| json!({"created": self.created, "created_by": layer.instruction}));
        let empty = self
            .empty_steps
            .iter()
            .map(|step| json!({"created": self.created, "created_by": step, "empty_layer": true}));
        json!({
            "os": platform.os, "architecture": platform.architecture,
            "variant": platform.variant, "created": self.created,
            "config": self.run,
            "rootfs": {"type": "layers", "diff_ids": (0..self.layers.len()).map(|at| {
                Digest::sha256(format!("diff {at} {}", self.platform).as_bytes()).to_string()
            }).collect::<Vec<_>>()},
            "history": steps.chain(empty).collect::<Vec<_>>(),
        })
    }

    fn manifest(&self) -> Value {
        let config = descriptor(&self.config(), MediaType::OCI_CONFIG);
        let layers = self.layers.iter().enumerate().map(|(at, layer)| {
            let seed = format!("layer {at} {} {}", self.platform, layer.instruction);
            let digest = Digest::sha256(seed.as_bytes());
            json!({"mediaType": format!("{}{}", MediaType::OCI_LAYER, self.suffix),
                "digest": digest, "size": layer.size})
        });
        json!({
            "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST, "config": config,
            "layers": layers.collect::<Vec<_>>(), "annotations": self.annotations,
        })
    }

    /// The manifest with its config and the states of its blobs.
    pub fn node(&self) -> Arc<Node> {
        let config = raw(
            serde_json::to_vec(&self.config()).unwrap(),
            MediaType::OCI_CONFIG,
        );
        let states = self.layers.iter().map(|layer| layer.state.clone());
        Arc::new(Node {
            document: Arc::new(document(&self.manifest(), MediaType::OCI_MANIFEST)),
            parts: Parts::Manifest {
                config: Remote::Ready(Arc::new(ImageConfig::read(config))),
                blobs: std::iter::once(BlobState::Present).chain(states).collect(),
            },
        })
    }

    /// What an index says of it.
    pub fn entry(&self) -> Value {
        let mut entry =
            serde_json::to_value(descriptor(&self.manifest(), MediaType::OCI_MANIFEST)).unwrap();
        let platform: Platform = self.platform.parse().unwrap();
        entry["platform"] = json!({
            "os": platform.os, "architecture": platform.architecture, "variant": platform.variant,
        });
        entry
    }
}

/// An index of `entries`, with what is known of each.
pub fn index(entries: &[Value], children: Vec<Remote<Arc<Node>>>) -> Arc<Node> {
    let value = json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": entries,
    });
    Arc::new(Node {
        document: Arc::new(document(&value, MediaType::OCI_INDEX)),
        parts: Parts::Index {
            children: children.into(),
        },
    })
}

/// An index of images of which everything is known.
pub fn index_of(images: &[Made]) -> Arc<Node> {
    let entries: Vec<_> = images.iter().map(Made::entry).collect();
    let children = images.iter().map(|image| Remote::Ready(image.node()));
    index(&entries, children.collect())
}

/// An index of `count` entries of which nothing was read.
pub fn large_index(count: usize) -> Arc<Node> {
    let entries: Vec<_> = (0..count)
        .map(|at| {
            json!({
                "mediaType": MediaType::OCI_MANIFEST,
                "digest": Digest::sha256(at.to_string().as_bytes()), "size": 500 + at,
                "platform": {"os": "linux", "architecture": "amd64", "variant": format!("p{at:05}")},
            })
        })
        .collect();
    index(&entries, vec![Remote::NotAsked; count])
}

/// A document that cannot be read further.
pub fn unread(bytes: impl Into<Bytes>, media_type: &str) -> Arc<Node> {
    let document = Document::read(raw(bytes, media_type));
    let parts = match document.manifest() {
        Some(manifest) => Parts::Manifest {
            config: Remote::Failed {
                error: Arc::new(failure(FailureKind::Missing)),
                previous: None,
            },
            blobs: vec![BlobState::NotChecked; manifest.layers.len() + 1].into(),
        },
        None => match document.index() {
            Some(index) => Parts::Index {
                children: vec![Remote::NotAsked; index.entries.len()].into(),
            },
            None => Parts::Unknown,
        },
    };
    Arc::new(Node {
        document: Arc::new(document),
        parts,
    })
}

/// A failure with something of everything.
pub fn failure(kind: FailureKind) -> Failure {
    Failure::new(
        kind,
        "manifest 1.8.2 of registry.example.com/edge/api: no answer within 10 s".to_owned(),
        "Check the network and try again",
    )
    .with_details(vec!["The registry said: slow down".to_owned()])
}

/// A snapshot of which `opened` is known.
pub fn snapshot_of(opened: Remote<Opened>) -> ImageSnapshot {
    ImageSnapshot {
        id: ImageId::next(),
        generation: 1,
        input: Arc::from("oci:/srv/images/edge:1.8.2"),
        reference: Some(Reference::Path(
            PathReference::new(Transport::Oci, "/srv/images/edge")
                .with_name("1.8.2".parse().unwrap()),
        )),
        wanted: "linux/amd64".parse().unwrap(),
        opened,
        connection: None,
        referrers: Arc::default(),
        artifacts: Default::default(),
        signatures: Arc::default(),
        by_hand: false,
        offline: false,
    }
}

/// A snapshot of an image with this root; the entry for linux/amd64 is chosen.
pub fn snapshot(root: Arc<Node>) -> ImageSnapshot {
    let wanted: Platform = "linux/amd64".parse().unwrap();
    let choice = root
        .document
        .index()
        .and_then(|index| index.choose(&wanted));
    let chosen = choice.map(|choice| Chosen {
        path: NodePath::root().child(choice.position),
        choices: vec![choice],
    });
    snapshot_of(Remote::Ready(Opened::Image(Image {
        root,
        place_annotations: Arc::default(),
        notes: Arc::default(),
        chosen,
    })))
}

/// A snapshot of an image of a layout among the fixtures, everything of it read.
pub fn from_layout(fixture_name: &str, name: &str) -> ImageSnapshot {
    let folder = fixture(fixture_name);
    let index: Value =
        serde_json::from_slice(&std::fs::read(folder.join("index.json")).unwrap()).unwrap();
    let entries = index["manifests"].as_array().unwrap();
    let named = entries
        .iter()
        .find(|e| e["annotations"]["org.opencontainers.image.ref.name"] == name);
    let entry = Descriptor::from_json(named.unwrap()).unwrap();
    let root = read(&folder, &entry);
    let mut snapshot = snapshot(root);
    let place = PathReference::new(Transport::Oci, folder).with_name(name.parse().unwrap());
    snapshot.reference = Some(Reference::Path(place));
    snapshot
}

fn read(folder: &Path, entry: &Descriptor) -> Arc<Node> {
    let document = Document::read(blob(folder, entry).unwrap());
    let parts = if let Some(index) = document.index() {
        let children = index.entries.iter().map(|entry| match entry {
            Ok(entry) => Remote::Ready(read(folder, entry)),
            Err(_) => Remote::NotAsked,
        });
        Parts::Index {
            children: children.collect(),
        }
    } else if let Some(manifest) = document.manifest() {
        let blobs = std::iter::once(&manifest.config).chain(&manifest.layers);
        Parts::Manifest {
            config: match blob(folder, &manifest.config) {
                Some(raw) => Remote::Ready(Arc::new(ImageConfig::read(raw))),
                None => Remote::NotAsked,
            },
            blobs: blobs
                .map(|layer| match blob(folder, layer) {
                    Some(_) => BlobState::Present,
                    None => BlobState::Missing,
                })
                .collect(),
        }
    } else {
        Parts::Unknown
    };
    Arc::new(Node {
        document: Arc::new(document),
        parts,
    })
}

fn blob(folder: &Path, entry: &Descriptor) -> Option<RawDocument> {
    let path = folder.join("blobs/sha256").join(entry.digest.hex());
    let bytes = std::fs::read(path).ok()?;
    RawDocument::verify(bytes.into(), &entry.digest, entry.media_type.clone()).ok()
}
