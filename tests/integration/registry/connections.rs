//! Connections: kept open and used again, and one for everything where HTTP/2 is spoken.

use futures_util::future::try_join_all;
use porthole::config::Network;
use porthole::model::Descriptor;
use porthole::transport::{Source, read_blob};

use super::{BUSYBOX, certs_dir, client, document, network, source};
use crate::support::registry::{Certificate, Fault, Registry, Setup, Tls};

/// How many blobs the repository `many` has.
const BLOBS: usize = 40;

fn registry(tls: Option<Tls>) -> (Registry, Vec<Descriptor>) {
    let registry = Registry::start_with(Setup {
        tls,
        ..Setup::default()
    });
    registry.put_layout("many", BUSYBOX);
    let blobs = (0..BLOBS).map(|number| {
        // large enough that several are on their way at once
        let bytes = number.to_be_bytes().repeat(10_000);
        let digest = registry.put_blob("many", &bytes);
        Descriptor::new("application/octet-stream", digest, bytes.len() as u64)
    });
    let blobs = blobs.collect();
    (registry, blobs)
}

fn http2() -> Option<Tls> {
    Some(Tls {
        http2: true,
        ..Tls::showing(Certificate::Right)
    })
}

/// A client that trusts the authority of the test's certificates for `registry`.
fn trusting(registry: &Registry) -> (tempfile::TempDir, Network) {
    let (dir, certs_dirs) = certs_dir(&registry.host(), &[("authority.pem", "ca.crt")]);
    let network = Network {
        certs_dirs,
        ..network()
    };
    (dir, network)
}

async fn read_all(source: &dyn Source, blobs: &[Descriptor]) {
    let reading = blobs.iter().map(|blob| read_blob(source, blob, 1 << 20));
    try_join_all(reading).await.unwrap();
}

#[tokio::test]
async fn over_http2_one_connection_carries_everything_at_once() {
    let (registry, blobs) = registry(http2());
    let (_dir, network) = trusting(&registry);
    let client = client(network);
    let read = source(&client, &registry.reference("many:1.37.0"));
    document(&*read).await.unwrap();
    read_all(&*read, &blobs).await;
    // another image of the same host, later
    let other = source(&client, &registry.reference("many:amd64"));
    document(&*other).await.unwrap();
    assert_eq!(registry.streams(), BLOBS + 2);
    assert_eq!(registry.requests().len(), BLOBS + 2);
    assert_eq!(registry.connections(), 1);
}

#[tokio::test]
async fn over_http2_what_is_reset_is_asked_for_again() {
    let (registry, blobs) = registry(http2());
    let (_dir, network) = trusting(&registry);
    let read = source(&client(network), &registry.reference("many:1.37.0"));
    registry.fault_times("/manifests/", 2, Fault::Close);
    registry.fault_times("/blobs/", 2, Fault::Close);
    document(&*read).await.unwrap();
    read_all(&*read, &blobs[..3]).await;
    assert_eq!(registry.streams(), 1 + 3 + 4);
    assert_eq!(registry.connections(), 1, "the others are not disturbed");
}

#[tokio::test]
async fn over_http1_connections_are_kept_for_the_next_request() {
    for tls in [None, Some(Tls::showing(Certificate::Right))] {
        let plain = tls.is_none();
        let (registry, blobs) = registry(tls);
        let (_dir, trusting) = trusting(&registry);
        let network = if plain { network() } else { trusting };
        let client = client(network);
        let read = source(&client, &registry.reference("many:1.37.0"));
        document(&*read).await.unwrap();
        for blob in &blobs {
            read_blob(&*read, blob, 1 << 20).await.unwrap();
        }
        assert_eq!(registry.requests().len(), BLOBS + 1);
        assert_eq!(registry.connections(), 1, "one after the other");
        for _ in 0..3 {
            read_all(&*read, &blobs).await;
        }
        assert_eq!(registry.requests().len(), 4 * BLOBS + 1);
        assert_eq!(registry.streams(), 0);
        // what is read at once lies on connections of its own, which are used again
        assert!(registry.connections() <= BLOBS);
    }
}
