//! Snapshots as the engine would make them, of documents written here.

use std::sync::Arc;

use porthole::engine::{
    Chosen, Failure, FailureKind, Image, ImageId, ImageSnapshot, Node, NodePath, Opened, Parts,
    Remote,
};
use porthole::model::{
    Algorithm, Annotations, Choice, ChoiceReason, Document, ImageConfig, MediaType, Platform,
    RawDocument, Reference,
};
use porthole::transport::{BlobState, Connection, NamedImage, Security};
use serde_json::json;

/// The reference that the snapshots were opened by.
pub const REFERENCE: &str = "docker://registry.example.com/edge/api:1.8.2";

const PLATFORMS: [(&str, Option<&str>); 3] =
    [("amd64", None), ("arm64", None), ("arm", Some("v7"))];

fn document(value: &serde_json::Value, media_type: &str) -> Arc<Document> {
    let bytes = serde_json::to_vec(value).unwrap();
    let raw = RawDocument::hash(bytes.into(), Algorithm::Sha256, MediaType::new(media_type));
    Arc::new(Document::read(raw))
}

fn descriptor(of: &Document) -> serde_json::Value {
    json!({
        "mediaType": of.media_type().as_str(),
        "digest": of.raw().digest().to_string(),
        "size": of.raw().size(),
    })
}

/// A manifest with a config and one layer. `mark` makes its digest another.
pub fn manifest(mark: &str) -> Arc<Node> {
    let blob = |text: &str| porthole::model::Digest::sha256(text.as_bytes()).to_string();
    let value = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_MANIFEST,
        "config": {
            "mediaType": MediaType::OCI_CONFIG,
            "digest": blob(&format!("config of {mark}")),
            "size": 100,
        },
        "layers": [{
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "digest": blob(&format!("layer of {mark}")),
            "size": 2000,
        }],
    });
    Arc::new(Node {
        document: document(&value, MediaType::OCI_MANIFEST),
        parts: Parts::Manifest {
            config: Remote::NotAsked,
            blobs: [BlobState::NotChecked, BlobState::NotChecked].into(),
        },
    })
}

/// An index of three platforms, all of them known, with amd64 chosen.
pub fn index() -> Image {
    let nodes: Vec<_> = PLATFORMS.iter().map(|(name, _)| manifest(name)).collect();
    let entries: Vec<_> = nodes
        .iter()
        .zip(PLATFORMS)
        .map(|(node, (architecture, variant))| {
            let mut entry = descriptor(&node.document);
            entry["platform"] = json!({ "os": "linux", "architecture": architecture });
            if let Some(variant) = variant {
                entry["platform"]["variant"] = json!(variant);
            }
            entry
        })
        .collect();
    let value = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_INDEX,
        "manifests": entries,
    });
    Image {
        root: Arc::new(Node {
            document: document(&value, MediaType::OCI_INDEX),
            parts: Parts::Index {
                children: nodes.into_iter().map(Remote::Ready).collect(),
            },
        }),
        place_annotations: Arc::new(Annotations::new()),
        notes: Arc::default(),
        chosen: Some(Chosen {
            path: NodePath::root().child(0),
            choices: vec![Choice {
                position: 0,
                reason: ChoiceReason::Exact,
            }],
        }),
    }
}

/// An index of these, each for an architecture where it says one.
pub fn index_of(listed: &[(&Node, Option<&str>)]) -> Arc<Document> {
    let entries = listed.iter().map(|(node, architecture)| {
        let mut entry = descriptor(&node.document);
        if let Some(architecture) = architecture {
            entry["platform"] = json!({ "os": "linux", "architecture": architecture });
        }
        entry
    });
    let value = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_INDEX,
        "manifests": entries.collect::<Vec<_>>(),
    });
    document(&value, MediaType::OCI_INDEX)
}

/// An index of riscv64 and s390x, of which `children` are known.
pub fn nested(children: Vec<Remote<Arc<Node>>>) -> Arc<Node> {
    let (one, two) = (manifest("riscv64"), manifest("s390x"));
    Arc::new(Node {
        document: index_of(&[(&*one, Some("riscv64")), (&*two, Some("s390x"))]),
        parts: Parts::Index {
            children: children.into(),
        },
    })
}

/// A snapshot of `opened`.
pub fn snapshot(id: ImageId, generation: u64, opened: Remote<Opened>) -> ImageSnapshot {
    let reference = Reference::parse_prefixed(REFERENCE).unwrap().unwrap();
    ImageSnapshot {
        id,
        generation,
        input: REFERENCE.into(),
        reference: Some(reference),
        wanted: Platform::new("linux", "amd64"),
        opened,
        connection: Some(Connection {
            host: "registry.example.com".to_owned(),
            security: Security::Https,
            user: None,
            mirror_of: None,
            rate_limit: None,
        }),
        referrers: Arc::default(),
        artifacts: Default::default(),
        signatures: Arc::default(),
        by_hand: false,
        offline: false,
    }
}

/// The index, opened.
pub fn ready(id: ImageId) -> ImageSnapshot {
    snapshot(id, 1, Remote::Ready(Opened::Image(index())))
}

/// A single manifest in a folder, opened by `reference`.
pub fn folder(id: ImageId, reference: &str) -> ImageSnapshot {
    let image = Image {
        root: manifest("folder"),
        place_annotations: Arc::new(Annotations::new()),
        notes: Arc::default(),
        chosen: Some(Chosen {
            path: NodePath::root(),
            choices: Vec::new(),
        }),
    };
    ImageSnapshot {
        reference: Some(Reference::parse_prefixed(reference).unwrap().unwrap()),
        input: reference.into(),
        connection: None,
        ..snapshot(id, 1, Remote::Ready(Opened::Image(image)))
    }
}

/// A single manifest in a folder with a config that is not JSON, opened by `reference`.
pub fn without_platform(id: ImageId, reference: &str) -> ImageSnapshot {
    let opened = folder(id, reference);
    let mut image = opened.image().unwrap().clone();
    let raw = RawDocument::hash(
        (&b"not JSON"[..]).into(),
        Algorithm::Sha256,
        MediaType::new(MediaType::OCI_CONFIG),
    );
    let mut root = Node::clone(&image.root);
    if let Parts::Manifest { config, .. } = &mut root.parts {
        *config = Remote::Ready(Arc::new(ImageConfig::read(raw)));
    }
    image.root = Arc::new(root);
    ImageSnapshot {
        opened: Remote::Ready(Opened::Image(image)),
        ..opened
    }
}

/// A folder with two images, opened without a name.
pub fn several(id: ImageId) -> ImageSnapshot {
    let named = |name: &str| {
        let node = manifest(name);
        let descriptor = porthole::model::Descriptor::new(
            MediaType::OCI_MANIFEST,
            node.document.raw().digest().clone(),
            node.document.raw().size(),
        );
        NamedImage {
            name: name.parse().unwrap(),
            descriptor,
        }
    };
    let images = [named("first"), named("second")];
    ImageSnapshot {
        opened: Remote::Ready(Opened::Several(images.into())),
        ..folder(id, "oci:/images/release")
    }
}

/// What a registry that refuses comes to.
pub fn refused() -> Arc<Failure> {
    Arc::new(
        Failure::new(
            FailureKind::Access,
            "edge/api:1.8.2 may not be read",
            "Log in, or ask for pull rights",
        )
        .with_details(vec!["The registry said: denied".to_owned()]),
    )
}

/// A plan: two blobs are sent, one is there, and the tag moves.
pub fn plan(
    source: &str,
    destination: &str,
    options: &porthole::copy::CopyOptions,
) -> porthole::copy::Plan {
    use porthole::copy::{Action, BlobAction, Plan, PlannedBlob, PlannedDocument, Role};
    use porthole::model::{Descriptor, Digest};
    let root = index().root;
    let digest = root.document.raw().digest().clone();
    let blob = |mark: &str, size, action| PlannedBlob {
        descriptor: Descriptor::new(
            "application/vnd.oci.image.layer.v1.tar+gzip",
            Digest::sha256(mark.as_bytes()),
            size,
        ),
        action,
    };
    let document = PlannedDocument::new(
        Descriptor::new(
            MediaType::OCI_INDEX,
            digest.clone(),
            root.document.raw().size(),
        ),
        Role::Image,
        Action::Write,
    );
    Plan {
        source: source.to_owned(),
        destination: destination.to_owned(),
        options: options.clone(),
        from: digest.clone(),
        digest,
        replaces: Some(Digest::sha256(b"what was there")),
        names: Vec::new(),
        documents: vec![document],
        blobs: vec![
            blob("there", 65_300_000, BlobAction::Skip),
            blob("a", 100_000_000, BlobAction::Copy),
            blob("b", 7_000_000, BlobAction::Copy),
        ],
        signatures: Vec::new(),
        left_behind: Vec::new(),
        left_out: Vec::new(),
        mount_from: None,
        unpacks: false,
    }
}

/// The user's keys: one of Sigstore's kind and one of OpenPGP, both encrypted.
pub fn keys() -> porthole::engine::Outcome {
    porthole::engine::Outcome::Keys {
        keys: [key("release", "ECDSA P-256"), key("archive", "OpenPGP RSA")].into(),
        folder: "/home/user/.config/porthole/keys".into(),
    }
}

/// A key as it is listed.
pub fn key(name: &str, kind: &str) -> porthole::engine::KeyInfo {
    porthole::engine::KeyInfo {
        name: name.to_owned(),
        path: format!("/home/user/.config/porthole/keys/{name}.key").into(),
        facts: Some(porthole::signature::sign::KeyFacts {
            kind: kind.to_owned(),
            fingerprint: format!("SHA256:fingerprint-of-{name}"),
            user: None,
            public: format!("public half of {name}"),
            openpgp: kind.starts_with("OpenPGP"),
        }),
        encrypted: true,
        problem: None,
    }
}

/// What would be added: one piece for the index.
pub fn addition_plan(what: &str, payload: &str) -> porthole::engine::AdditionPlan {
    use porthole::engine::{AdditionPlan, PlannedPiece};
    let root = index().root;
    let raw = root.document.raw();
    let root =
        porthole::model::Descriptor::new(MediaType::OCI_INDEX, raw.digest().clone(), raw.size());
    let place = format!("a referrer of {}", root.digest);
    let payload = bytes::Bytes::copy_from_slice(payload.as_bytes());
    AdditionPlan {
        reference: REFERENCE.to_owned(),
        pieces: vec![PlannedPiece::shown(
            root.clone(),
            "index",
            what,
            &place,
            payload,
        )],
        root,
        keys: Vec::new(),
        services: Vec::new(),
        warnings: Vec::new(),
    }
}
