//! Registries of others, as `tests/peers/registries` starts them.

use std::net::TcpStream;
use std::path::PathBuf;

use porthole::config::{Network, Retry};
use porthole::model::{Digest, Document};
use porthole::transport::{Problem, Security, read_blob};

use super::{BUSYBOX, auth_file, client, document, network, problem, source};
use crate::support::peers::{self, skip};

/// A registry of others that runs.
struct Peer {
    host: String,
    state: PathBuf,
}

/// The registry at this place behind the first port, where it answers. Else the test says
/// that it is skipped.
fn peer(name: &str, offset: u16) -> Option<Peer> {
    let base = std::env::var("PORTHOLE_PEERS_PORT");
    let base: u16 = base.map_or(5600, |base| base.parse().unwrap());
    let host = format!("127.0.0.1:{}", base + offset);
    if TcpStream::connect(&host).is_err() {
        skip(&format!("the registry {name} does not run at {host}"));
        return None;
    }
    let home = std::env::var_os("HOME")
        .map(PathBuf::from)
        .unwrap_or_default();
    let peers =
        std::env::var_os("PEERS").map_or_else(|| home.join(".cache/porthole-peers"), PathBuf::from);
    let state = peers.join("registries").join(base.to_string());
    Some(Peer { host, state })
}

impl Peer {
    /// `docker://HOST/porthole-test:1.37.0`.
    fn reference(&self) -> String {
        format!("docker://{}/porthole-test:1.37.0", self.host)
    }

    /// Pushes the image that [`Peer::reference`] names, by oras, which keeps every digest.
    fn push(&self, options: &[&str]) -> Option<()> {
        let oras = peers::tool("oras")?;
        let (_dir, auth_files) = auth_file(&[(&self.host, "alice", "s3cret")]);
        let (from, to) = (
            format!("{BUSYBOX}:1.37.0"),
            format!("{}/porthole-test:1.37.0", self.host),
        );
        let config = auth_files[0].to_str().unwrap();
        let mut arguments = vec![
            "cp",
            "--no-tty",
            "--from-oci-layout",
            "--to-registry-config",
            config,
        ];
        arguments.extend_from_slice(options);
        arguments.extend([from.as_str(), to.as_str()]);
        oras.run(&arguments);
        Some(())
    }
}

/// The digest that the fixture's own index.json gives the image.
fn pushed() -> Digest {
    let index = std::fs::read(format!("{BUSYBOX}/index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
    let entries = index["manifests"].as_array().unwrap();
    let name = "org.opencontainers.image.ref.name";
    let entry = entries
        .iter()
        .find(|entry| entry["annotations"][name] == "1.37.0");
    entry.unwrap()["digest"].as_str().unwrap().parse().unwrap()
}

/// Reads the image with every child, config and layer; the way it was read.
async fn read_all(network: Network, peer: &Peer) -> (Security, Option<String>) {
    let source = source(&client(network), &peer.reference());
    let raw = document(&*source).await.unwrap();
    assert_eq!(*raw.digest(), pushed());
    let index = Document::read(raw);
    let entries = &index.index().unwrap().entries;
    assert!(!entries.is_empty());
    for entry in entries.iter().flatten() {
        let raw = source.manifest(entry).await.unwrap();
        let image = Document::read(raw);
        let manifest = image.manifest().unwrap();
        let blobs = std::iter::once(&manifest.config).chain(&manifest.layers);
        for blob in blobs {
            let whole = read_blob(&*source, blob, 1 << 30).await.unwrap();
            let part = source.blob(blob, Some(1..3)).await.unwrap();
            let part: Vec<_> = futures_util::TryStreamExt::try_collect(part).await.unwrap();
            assert_eq!(part.concat(), whole.bytes()[1..3]);
        }
    }
    let connection = source.connection().unwrap();
    (connection.security, connection.user)
}

#[tokio::test]
async fn plain_http_registries_are_read() {
    for (name, offset) in [("plain", 1), ("crane", 14)] {
        let Some(peer) = peer(name, offset) else {
            continue;
        };
        if peer.push(&["--to-plain-http"]).is_none() {
            return;
        }
        assert_eq!(
            read_all(network(), &peer).await,
            (Security::HttpLoopback, None),
            "{name}"
        );
        let missing = format!("docker://{}/porthole-test:no-such-tag", peer.host);
        assert_eq!(
            problem(network(), &missing).await,
            Problem::NotFound,
            "{name}"
        );
    }
}

#[tokio::test]
async fn basic_authentication_is_done() {
    let Some(peer) = peer("basic", 2) else { return };
    if peer.push(&["--to-plain-http"]).is_none() {
        return;
    }
    let (_dir, auth_files) = auth_file(&[(&peer.host, "alice", "s3cret")]);
    let read = read_all(
        Network {
            auth_files,
            ..network()
        },
        &peer,
    )
    .await;
    assert_eq!(read, (Security::HttpLoopback, Some("alice".to_owned())));

    let anonymous = problem(network(), &peer.reference()).await;
    assert!(
        matches!(anonymous, Problem::Unauthorized { status: 401, .. }),
        "{anonymous:?}"
    );
    let (_dir, auth_files) = auth_file(&[(&peer.host, "alice", "wrong")]);
    let wrong = problem(
        Network {
            auth_files,
            ..network()
        },
        &peer.reference(),
    )
    .await;
    assert!(
        matches!(wrong, Problem::WrongCredentials { status: 401, .. }),
        "{wrong:?}"
    );
}

#[tokio::test]
async fn token_authentication_is_done() {
    let Some(peer) = peer("token", 4) else { return };
    if peer.push(&["--to-plain-http"]).is_none() {
        return;
    }
    assert_eq!(
        read_all(network(), &peer).await,
        (Security::HttpLoopback, None)
    );
    let (_dir, auth_files) = auth_file(&[(&peer.host, "alice", "s3cret")]);
    let read = read_all(
        Network {
            auth_files,
            ..network()
        },
        &peer,
    )
    .await;
    assert_eq!(read, (Security::HttpLoopback, Some("alice".to_owned())));
    let (_dir, auth_files) = auth_file(&[(&peer.host, "alice", "wrong")]);
    let wrong = problem(
        Network {
            auth_files,
            ..network()
        },
        &peer.reference(),
    )
    .await;
    assert!(
        matches!(wrong, Problem::WrongCredentials { status: 401, .. }),
        "{wrong:?}"
    );
}

#[tokio::test]
async fn tls_is_spoken_with_an_authority_of_its_own() {
    let Some(peer) = peer("tls", 3) else { return };
    let authority = peer.state.join("ca.crt");
    if peer
        .push(&["--to-ca-file", authority.to_str().unwrap()])
        .is_none()
    {
        return;
    }
    let unknown = problem(network(), &peer.reference()).await;
    assert!(
        matches!(unknown, Problem::Certificate { .. }),
        "{unknown:?}"
    );

    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(&peer.host);
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(authority, folder.join("ca.crt")).unwrap();
    let certs_dirs = vec![dir.path().to_owned()];
    let read = read_all(
        Network {
            certs_dirs,
            ..network()
        },
        &peer,
    )
    .await;
    assert_eq!(read, (Security::HttpsOwnRoots, None));
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let Some(peer) = peer("mtls", 6) else { return };
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(&peer.host);
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(peer.state.join("ca.crt"), folder.join("ca.crt")).unwrap();
    let certs_dirs = vec![dir.path().to_owned()];
    // Over HTTP/2 and without any way between them the other side can hang up before the
    // request is on its way, and then its alert is lost: that is tried again.
    let patient = Retry {
        limit: 20,
        ..network().retry
    };
    let network = || Network {
        certs_dirs: certs_dirs.clone(),
        retry: patient,
        ..network()
    };
    let without = problem(network(), &peer.reference()).await;
    assert!(
        matches!(without, Problem::ClientCertificate { .. }),
        "{without:?}"
    );

    std::fs::copy(peer.state.join("client.crt"), folder.join("client.cert")).unwrap();
    std::fs::copy(peer.state.join("client.key"), folder.join("client.key")).unwrap();
    // nothing was pushed there: a registry that says so has let us in
    assert_eq!(
        problem(network(), &peer.reference()).await,
        Problem::NotFound
    );
}
