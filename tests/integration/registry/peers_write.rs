//! Writing to registries of others, and through connections that break on the way there.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use porthole::config::Network;
use porthole::model::{
    Algorithm, Descriptor, Digest, MediaType, RawDocument, Reference, RegistryReference,
    referrers_tag,
};
use porthole::transport::registry::{RegistryDestination, catalog, tags};
use porthole::transport::{Delete, Mounted, Naming, Problem, read_blob};
use serde_json::json;

use super::deleting::attach_at_once;
use super::uploads::{blob, bytes, destination};
use super::{auth_file, client, document, network, source};
use crate::support::peers::running as peer;
use crate::support::wire::{FaultProxy, Way, Wrong};

/// Name and place of each registry that everybody or alice may write to.
const PEERS: [(&str, u16); 7] = [
    ("plain", 1),
    ("basic", 2),
    ("token", 4),
    ("crane", 14),
    ("ferro", 15),
    ("gcr", 16),
    ("cue", 17),
];

/// Those that list referrers themselves.
const LISTING: [&str; 3] = ["ferro", "gcr", "cue"];

/// As alice, everywhere.
pub fn as_alice(host: &str) -> (tempfile::TempDir, Network) {
    let (dir, auth_files) = auth_file(&[(host, "alice", "s3cret")]);
    let network = Network {
        auth_files,
        ..network()
    };
    (dir, network)
}

/// A repository that no other test and no other run uses.
pub fn repository(test: &str) -> String {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("porthole/{test}-{}", since.as_nanos())
}

/// Bytes that no other run has pushed: some registries keep one blob for all repositories.
pub fn fresh(length: usize) -> Bytes {
    let name = repository("bytes");
    let mut fresh = name.into_bytes();
    fresh.extend_from_slice(&bytes(length));
    fresh.truncate(length);
    fresh.into()
}

/// An image of one layer, with its parts.
pub fn image(layer: &Bytes) -> (RawDocument, Bytes) {
    let config = Bytes::from_static(
        br#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#,
    );
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_MANIFEST,
        "config": Descriptor::new(
            "application/vnd.oci.image.config.v1+json",
            Digest::sha256(&config),
            config.len() as u64,
        ),
        "layers": [blob(layer)],
    });
    let bytes = serde_json::to_vec(&manifest).unwrap();
    let kind = MediaType::new(MediaType::OCI_MANIFEST);
    (
        RawDocument::hash(bytes.into(), Algorithm::Sha256, kind),
        config,
    )
}

#[tokio::test]
async fn what_is_written_is_there_and_goes_again() {
    for (name, offset) in PEERS {
        let Some(host) = peer(name, offset) else {
            continue;
        };
        let (_dir, network) = as_alice(&host);
        let client = client(network);
        let (base, app) = (repository("base"), repository("app"));
        let layer = fresh(3_000_000);
        let (manifest, config) = image(&layer);
        let config_descriptor = Descriptor::new(
            "application/vnd.oci.image.config.v1+json",
            Digest::sha256(&config),
            config.len() as u64,
        );

        let first = destination(&client, &format!("docker://{host}/{base}:1"));
        assert!(!first.has_blob(&blob(&layer)).await.unwrap(), "{name}");
        let payload = Arc::new(layer.clone());
        first
            .put_blob(&blob(&layer), payload.clone())
            .await
            .unwrap();
        assert!(first.has_blob(&blob(&layer)).await.unwrap(), "{name}");

        let reference = format!("docker://{host}/{app}:1");
        let to = destination(&client, &reference);
        let mount = to.mounting().unwrap();
        let from = Reference::parse_prefixed(&format!("docker://{host}/{base}:1"));
        let from = mount.can_mount(&from.unwrap().unwrap()).unwrap();
        let mounted = mount.mount(&blob(&layer), &from, payload).await.unwrap();
        let expected = match name {
            "crane" | "ferro" | "gcr" => Mounted::Written,
            _ => Mounted::Yes,
        };
        assert_eq!(mounted, expected, "{name}");
        let payload = Arc::new(config.clone());
        to.put_blob(&config_descriptor, payload).await.unwrap();
        assert_eq!(to.current().await.unwrap(), None, "{name}");
        for naming in [Naming::Digest, Naming::Own, Naming::Tag("2")] {
            to.put_manifest(&manifest, naming).await.unwrap();
        }
        to.commit().await.unwrap();
        let digest = manifest.digest();
        assert_eq!(to.current().await.unwrap().as_ref(), Some(digest), "{name}");

        let read = source(&client, &reference);
        assert_eq!(document(&*read).await.unwrap().bytes(), manifest.bytes());
        let whole = read_blob(&*read, &blob(&layer), 1 << 30).await.unwrap();
        assert_eq!(*whole.bytes(), layer);
        let image: RegistryReference = format!("{host}/{app}").parse().unwrap();
        let mut listed = tags(&client, &image).await.unwrap().names;
        listed.sort();
        assert_eq!(listed, ["1", "2"], "{name}");
        match catalog(&client, &image).await {
            Ok(all) => assert!(all.names.contains(&app), "{name}: {all:?}"),
            Err(error) => assert!(
                matches!(
                    error.problem,
                    Problem::NoCatalog | Problem::Forbidden { .. }
                ),
                "{name}: {error:?}"
            ),
        }

        let place =
            RegistryDestination::new(client.clone(), format!("{host}/{app}:1").parse().unwrap());
        match place.delete_tag("1").await {
            Ok(()) => assert_eq!(tags(&client, &image).await.unwrap().names, ["2"], "{name}"),
            Err(error) => match error.problem {
                Problem::TagNotAlone { others, .. } => assert_eq!(others, ["2"], "{name}"),
                other => panic!("{name}: {other:?}"),
            },
        }
        place.delete_manifest(digest).await.unwrap();
        let gone = document(&*source(
            &client,
            &format!("docker://{host}/{app}@{digest}"),
        ))
        .await;
        assert_eq!(gone.unwrap_err().problem, Problem::NotFound, "{name}");
    }
}

#[tokio::test]
async fn who_may_not_push_is_told_so() {
    for (name, offset) in [("basic", 2), ("token", 4)] {
        let Some(host) = peer(name, offset) else {
            continue;
        };
        let bytes = bytes(10);
        let to = destination(
            &client(network()),
            &format!("docker://{host}/{}:1", repository("nobody")),
        );
        let payload = Arc::new(bytes.clone());
        let error = to.put_blob(&blob(&bytes), payload).await.unwrap_err();
        assert!(
            matches!(error.problem, Problem::Unauthorized { .. }),
            "{name}: {error:?}"
        );
        assert!(error.hint().contains("push to"), "{name}: {}", error.hint());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn referrers_that_several_attach_at_once_are_all_listed() {
    for (name, offset) in PEERS {
        if name == "basic" || name == "token" {
            continue; // the same one
        }
        let Some(host) = peer(name, offset) else {
            continue;
        };
        let layer = fresh(100);
        let (manifest, config) = image(&layer);
        let reference = format!("docker://{host}/{}:1", repository("referrers"));
        let client = client(network());
        let to = destination(&client, &reference);
        for part in [&layer, &config] {
            let payload = Arc::new(part.clone());
            to.put_blob(&blob(part), payload).await.unwrap();
        }
        to.put_manifest(&manifest, Naming::Own).await.unwrap();
        let mut wrote = attach_at_once(&reference, manifest.digest(), 4).await;
        wrote.sort();
        let read = source(&client, &reference);
        let listing = read.referrer_listing().unwrap();
        let listing = listing.referrers(manifest.digest()).await;
        let found = listing.referrers.iter();
        let mut found: Vec<_> = found.map(|one| one.descriptor.digest.to_string()).collect();
        found.sort();
        assert_eq!(found, wrote, "{name}");
        let tag = referrers_tag(manifest.digest());
        let repository: RegistryReference = reference[9..].parse().unwrap();
        let all = tags(&client, &repository).await.unwrap().names;
        assert_eq!(
            all.contains(&tag),
            !LISTING.contains(&name),
            "{name}: {all:?}"
        );
    }
}

/// The proxied registries: whoever names its uploads by a path can be moved.
pub const PROXIED: [(&str, u16); 5] = [
    ("plain", 1),
    ("crane", 14),
    ("ferro", 15),
    ("gcr", 16),
    ("cue", 17),
];

#[tokio::test]
async fn uploads_over_connections_that_break_arrive_whole() {
    for (name, offset) in PROXIED {
        let Some(host) = peer(name, offset) else {
            continue;
        };
        let proxy = FaultProxy::to(&host);
        let app = repository("cut");
        let bytes = fresh(20 << 20);
        let to = destination(
            &client(network()),
            &format!("docker://{}/{app}:1", proxy.host()),
        );
        for at in [2 << 20, 5 << 20] {
            proxy.fault(Way::Up, at, Wrong::Cut);
        }
        let payload = Arc::new(bytes.clone());
        to.put_blob(&blob(&bytes), payload)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(proxy.left(), 0, "{name}");
        let read = source(&client(network()), &format!("docker://{host}/{app}:1"));
        let whole = read_blob(&*read, &blob(&bytes), 1 << 30).await.unwrap();
        assert_eq!(*whole.bytes(), bytes, "{name}");
    }
}

#[tokio::test]
async fn bytes_that_change_on_their_way_up_are_not_kept() {
    for (name, offset) in PROXIED {
        let Some(host) = peer(name, offset) else {
            continue;
        };
        let proxy = FaultProxy::to(&host);
        let app = repository("flip");
        let bytes = fresh(3 << 20);
        let to = destination(
            &client(network()),
            &format!("docker://{}/{app}:1", proxy.host()),
        );
        proxy.fault(Way::Up, 2 << 20, Wrong::Flip);
        let payload = Arc::new(bytes.clone());
        let error = to.put_blob(&blob(&bytes), payload).await.unwrap_err();
        assert!(
            matches!(
                error.problem,
                Problem::NotTaken { .. } | Problem::Refused { .. }
            ),
            "{name}: {error:?}"
        );
        let direct = destination(&client(network()), &format!("docker://{host}/{app}:1"));
        assert!(!direct.has_blob(&blob(&bytes)).await.unwrap(), "{name}");
    }
}

#[tokio::test]
async fn downloads_over_connections_that_break_come_right() {
    for (name, offset) in PROXIED {
        let Some(host) = peer(name, offset) else {
            continue;
        };
        let proxy = FaultProxy::to(&host);
        let app = repository("down");
        let bytes = fresh(8 << 20);
        let reference = format!("docker://{host}/{app}:1");
        let to = destination(&client(network()), &reference);
        let payload = Arc::new(bytes.clone());
        to.put_blob(&blob(&bytes), payload).await.unwrap();

        let quick = || Network {
            stall_timeout: Duration::from_millis(500),
            ..network()
        };
        let through = format!("docker://{}/{app}:1", proxy.host());
        let read = source(&client(quick()), &through);
        proxy.fault(Way::Down, 1 << 20, Wrong::Cut);
        proxy.fault(Way::Down, 3 << 20, Wrong::Cut);
        let whole = read_blob(&*read, &blob(&bytes), 1 << 30).await;
        let whole = whole.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(*whole.bytes(), bytes, "{name}");
        assert_eq!(proxy.left(), 0, "{name}");

        proxy.fault(Way::Down, 1 << 20, Wrong::Flip);
        let read = source(&client(quick()), &through);
        let error = read_blob(&*read, &blob(&bytes), 1 << 30).await.unwrap_err();
        assert!(
            matches!(error.problem, Problem::WrongDigest { .. }),
            "{name}: {error:?}"
        );

        proxy.fault(Way::Down, 1 << 20, Wrong::Stall);
        let read = source(&client(quick()), &through);
        // it is asked for once more from there
        let whole = read_blob(&*read, &blob(&bytes), 1 << 30).await;
        let whole = whole.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(*whole.bytes(), bytes, "{name}");
        assert_eq!(proxy.left(), 0, "{name}");
    }
}
