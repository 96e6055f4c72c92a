//! Reading, in the dialects that are seldom met: ranges that are refused, layers that lie
//! elsewhere, types that differ.

use std::sync::Arc;

use futures_util::TryStreamExt;
use porthole::config::Network;
use porthole::model::{Descriptor, Digest, Document, MediaType};
use porthole::transport::{Note, Problem, Resolved, Source, read_blob};

use super::uploads::bytes;
use super::{auth_file, client, network, source};
use crate::support::registry::{Access, Fault, Registry};

async fn part(
    source: &dyn Source,
    descriptor: &Descriptor,
    range: std::ops::Range<u64>,
) -> Vec<u8> {
    let pieces = source.blob(descriptor, Some(range)).await.unwrap();
    let pieces: Vec<_> = pieces.try_collect().await.unwrap();
    pieces.concat()
}

#[tokio::test]
async fn a_range_that_is_refused_is_read_out_of_the_whole() {
    let registry = Registry::start();
    let bytes = bytes(100_000);
    let digest = registry.put_blob("a", &bytes);
    let descriptor = Descriptor::new(MediaType::OCI_LAYER, digest, bytes.len() as u64);
    let source = source(&client(network()), &registry.reference("a:b"));
    registry.fault_times("/blobs/", 1, Fault::status(416));
    assert_eq!(
        part(&*source, &descriptor, 500..90_000).await,
        bytes[500..90_000]
    );
    let requests = registry.requests();
    assert_eq!(requests[0].header("range"), Some("bytes=500-89999"));
    assert_eq!(requests[1].header("range"), None);
    // one that refuses it without a range, too, is an error at once
    registry.fault("/blobs/", Fault::status(416));
    let Err(error) = source.blob(&descriptor, Some(1..9)).await else {
        panic!("416 was taken");
    };
    assert!(
        matches!(error.problem, Problem::Refused { status: 416, .. }),
        "{error:?}"
    );
}

/// A layer that `registry` does not have and whose manifest says that it is at `urls`.
fn foreign(bytes: &[u8], urls: &[String]) -> Descriptor {
    let kind = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let mut descriptor = Descriptor::new(kind, Digest::sha256(bytes), bytes.len() as u64);
    descriptor.urls = urls.to_vec();
    descriptor
}

#[tokio::test]
async fn a_foreign_layer_comes_from_the_addresses_that_the_manifest_names() {
    let registry = Registry::with_access(Access::Basic {
        user: "alice",
        password: "s3cret",
    });
    registry.put_blob("a", b"other");
    let elsewhere = Registry::start();
    let bytes = bytes(5000);
    let right = Fault::Answer {
        status: 200,
        headers: Vec::new(),
        body: bytes.to_vec(),
    };
    elsewhere.fault("/layers/right", right);
    elsewhere.fault("/layers/gone", Fault::status(404));
    let urls = ["/layers/gone", "/layers/right"].map(|path| elsewhere.url(path));
    let (_dir, auth_files) = auth_file(&[(&registry.host(), "alice", "s3cret")]);
    let network = Network {
        auth_files,
        ..network()
    };
    let source = source(&client(network), &registry.reference("a:b"));
    let layer = foreign(&bytes, &urls);
    let read = read_blob(&*source, &layer, 1 << 20).await.unwrap();
    assert_eq!(*read.bytes(), bytes);
    assert_eq!(elsewhere.lines(), ["GET /layers/gone", "GET /layers/right"]);
    for request in elsewhere.requests() {
        assert_eq!(request.header("authorization"), None);
    }
    // what comes from there is not believed either
    elsewhere.forget_faults();
    let wrong = Fault::Answer {
        status: 200,
        headers: Vec::new(),
        body: vec![0; bytes.len()],
    };
    elsewhere.fault("/layers/", wrong);
    let error = read_blob(&*source, &layer, 1 << 20).await.unwrap_err();
    assert!(
        matches!(error.problem, Problem::WrongDigest { .. }),
        "{error:?}"
    );
    // where none has it, who was asked last is named
    elsewhere.forget_faults();
    elsewhere.fault("/layers/", Fault::status(404));
    let error = read_blob(&*source, &layer, 1 << 20).await.unwrap_err();
    assert_eq!(error.problem, Problem::NotFound);
    assert_eq!(error.place, elsewhere.host());
}

#[tokio::test]
async fn a_foreign_layer_that_the_registry_has_comes_from_there() {
    let registry = Registry::start();
    let elsewhere = Registry::start();
    let bytes = bytes(100);
    registry.put_blob("a", &bytes);
    let source = source(&client(network()), &registry.reference("a:b"));
    let layer = foreign(&bytes, &[elsewhere.url("/layer")]);
    read_blob(&*source, &layer, 1 << 20).await.unwrap();
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn addresses_of_layers_that_may_not_be_asked_are_not() {
    let registry = Registry::start();
    registry.put_blob("a", b"other");
    let bytes = bytes(100);
    let source = source(&client(network()), &registry.reference("a:b"));
    for url in [
        "http://registry.example.com/layer",
        "https://user:word@registry.example.com/layer",
        "ftp://registry.example.com/layer",
        "file:///etc/passwd",
        "not an address",
    ] {
        let layer = foreign(&bytes, &[url.to_owned()]);
        let error = read_blob(&*source, &layer, 1 << 20).await.unwrap_err();
        assert!(
            matches!(error.problem, Problem::Address { .. }),
            "{url}: {error:?}"
        );
        assert!(!error.to_string().contains("user:word"), "{error}");
    }
}

#[tokio::test]
async fn a_type_that_is_not_the_documents_own_is_told_and_not_followed() {
    let manifest = br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#;
    let registry = Registry::start();
    for (tag, said, differs) in [
        ("right", MediaType::OCI_MANIFEST, false),
        ("other", MediaType::OCI_INDEX, true),
        (
            "docker",
            "application/vnd.docker.distribution.manifest.v2+json",
            true,
        ),
        // one that is none of a manifest says only that the registry does not know
        ("plain", "text/plain; charset=utf-8", false),
        ("octets", "application/octet-stream", false),
    ] {
        registry.put_manifest("a", Some(tag), said, manifest);
        let source = source(&client(network()), &registry.reference(&format!("a:{tag}")));
        let Resolved::Document { raw, notes, .. } = source.resolve().await.unwrap() else {
            panic!("a registry has one image for a reference");
        };
        assert!(Document::read(raw).manifest().is_some(), "{tag}");
        let told = notes
            .iter()
            .any(|note| matches!(note, Note::TypeDiffers { said: found, .. } if found == said));
        assert_eq!(told, differs, "{tag}: {notes:?}");
    }
}

#[tokio::test]
async fn a_stream_that_is_read_twice_at_once_comes_right_both_times() {
    let registry = Registry::start();
    let bytes = bytes(3 << 20);
    let digest = registry.put_blob("a", &bytes);
    let descriptor = Descriptor::new(MediaType::OCI_LAYER, digest, bytes.len() as u64);
    registry.fault_times("/blobs/", 2, Fault::CutAfter(1 << 20));
    let source: Arc<dyn Source> = source(&client(network()), &registry.reference("a:b"));
    let (one, other) = tokio::join!(
        read_blob(&*source, &descriptor, 1 << 30),
        read_blob(&*source, &descriptor, 1 << 30)
    );
    assert_eq!(*one.unwrap().bytes(), bytes);
    assert_eq!(*other.unwrap().bytes(), bytes);
}
