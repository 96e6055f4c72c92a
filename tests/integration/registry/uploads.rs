//! Blobs on their way to registries: in every dialect, over connections that break, and
//! never wrong or half.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use porthole::config::Network;
use porthole::model::{Algorithm, Descriptor, Digest, MediaType, RawDocument, Reference};
use porthole::transport::registry::Client;
use porthole::transport::{self, Destination, Naming, Problem, Refusal, TransportError};

use super::{client, network};
use crate::support::registry::{Access, Fault, Location, Registry, Setup, Token, Writes};

/// Larger than what goes into two chunks.
pub(super) const LARGE: usize = 40 << 20;

pub fn destination(client: &Client, reference: &str) -> Arc<dyn Destination> {
    let reference = Reference::parse_prefixed(reference).unwrap().unwrap();
    transport::open_destination(&reference, client).unwrap()
}

/// Bytes that repeat nowhere a chunk could begin.
pub fn bytes(length: usize) -> Bytes {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}

pub fn blob(bytes: &Bytes) -> Descriptor {
    let digest = Digest::sha256(bytes);
    Descriptor::new(MediaType::OCI_LAYER, digest, bytes.len() as u64)
}

pub(super) async fn put(
    client: &Client,
    registry: &Registry,
    bytes: &Bytes,
) -> Result<(), TransportError> {
    let to = destination(client, &registry.reference("team/app:1"));
    to.put_blob(&blob(bytes), Arc::new(bytes.clone())).await
}

/// Methods of what was asked, with the range of what each chunk holds.
pub(super) fn steps(registry: &Registry) -> Vec<String> {
    let requests = registry.requests().into_iter();
    let uploads = requests.filter(|request| request.path.contains("/blobs/uploads/"));
    let shown = uploads.map(|request| match request.header("content-range") {
        Some(range) => format!("{} {range}", request.method),
        None => request.method,
    });
    shown.collect()
}

pub(super) fn held(registry: &Registry, bytes: &Bytes) -> bool {
    let held = registry.held("team/app", &Digest::sha256(bytes).to_string());
    held.is_some_and(|held| held == *bytes)
}

#[tokio::test]
async fn a_blob_goes_out_in_one_request_wherever_its_upload_is() {
    for location in [Location::Relative, Location::Absolute, Location::Query] {
        let registry = Registry::with_writes(Writes {
            location,
            ..Writes::default()
        });
        for length in [0, 1, 70_000] {
            let bytes = bytes(length);
            put(&client(network()), &registry, &bytes).await.unwrap();
            assert!(held(&registry, &bytes), "{location:?} {length}");
        }
        assert_eq!(steps(&registry), ["POST", "PUT"].repeat(3), "{location:?}");
        assert_eq!(registry.open_uploads(), 0);
        let put = registry.requests().pop().unwrap();
        assert_eq!(put.header("content-length"), Some("70000"));
        assert_eq!(put.header("content-type"), Some("application/octet-stream"));
        assert!(put.path.contains("digest=sha256%3A"), "{}", put.path);
    }
}

#[tokio::test]
async fn where_no_blob_is_taken_whole_chunks_go_as_large_as_asked_for() {
    let registry = Registry::with_writes(Writes {
        whole: false,
        chunk_min: Some(17 << 20),
        ..Writes::default()
    });
    let (client, bytes) = (client(network()), bytes(LARGE));
    put(&client, &registry, &bytes).await.unwrap();
    assert!(held(&registry, &bytes));
    let chunks = [
        "PATCH 0-17825791",
        "PATCH 17825792-35651583",
        "PATCH 35651584-41943039",
    ];
    let refused = ["POST", "PUT", "DELETE"];
    assert_eq!(
        steps(&registry),
        [&refused[..], &["POST"], &chunks, &["PUT"]].concat()
    );
    // that it takes none whole is remembered
    let small = self::bytes(10);
    put(&client, &registry, &small).await.unwrap();
    assert_eq!(steps(&registry)[8..], ["POST", "PATCH 0-9", "PUT"]);
    assert_eq!(registry.open_uploads(), 0);
}

#[tokio::test]
async fn an_upload_whose_connection_broke_goes_on_from_there() {
    let registry = Registry::with_writes(Writes::default());
    registry.fault_times("PUT ", 1, Fault::CutRequest(18 << 20));
    let bytes = bytes(LARGE);
    put(&client(network()), &registry, &bytes).await.unwrap();
    assert!(held(&registry, &bytes));
    assert_eq!(
        steps(&registry),
        [
            "POST",
            "PUT",
            "GET",
            "PATCH 18874368-35651583",
            "PATCH 35651584-41943039",
            "PUT"
        ]
    );
}

#[tokio::test]
async fn a_registry_that_cannot_tell_how_much_it_has_gets_all_again() {
    let registry = Registry::with_writes(Writes {
        keeps_status: false,
        ..Writes::default()
    });
    registry.fault_times("PUT ", 1, Fault::CutRequest(1 << 20));
    let bytes = bytes(3 << 20);
    put(&client(network()), &registry, &bytes).await.unwrap();
    assert!(held(&registry, &bytes));
    assert_eq!(
        steps(&registry),
        ["POST", "PUT", "GET", "DELETE", "POST", "PUT"]
    );
}

#[tokio::test]
async fn a_chunk_at_the_wrong_place_is_sent_where_the_registry_stands() {
    let registry = Registry::with_writes(Writes {
        whole: false,
        ..Writes::default()
    });
    // the first chunk arrives in part, and what follows is not where the registry stands
    registry.fault_times("PATCH ", 1, Fault::CutRequest(1 << 20));
    registry.fault_times("PATCH ", 1, Fault::status(416));
    let bytes = bytes(LARGE);
    put(&client(network()), &registry, &bytes).await.unwrap();
    assert!(held(&registry, &bytes));
    let steps = steps(&registry);
    assert!(
        steps.contains(&"PATCH 1048576-17825791".to_owned()),
        "{steps:?}"
    );
    assert_eq!(registry.open_uploads(), 0);
}

#[tokio::test]
async fn a_registry_that_never_keeps_count_is_given_up() {
    let registry = Registry::with_writes(Writes {
        whole: false,
        ..Writes::default()
    });
    registry.fault("PATCH ", Fault::status(416));
    let bytes = bytes(100);
    let error = put(&client(network()), &registry, &bytes)
        .await
        .unwrap_err();
    assert!(
        matches!(error.problem, Problem::Protocol { .. }),
        "{error:?}"
    );
    assert!(registry.requests().len() < 50);
    assert_eq!(registry.open_uploads(), 0);
}

#[tokio::test]
async fn an_upload_that_the_registry_forgot_begins_again() {
    let registry = Registry::with_writes(Writes::default());
    let gone = Fault::error(
        404,
        "BLOB_UPLOAD_UNKNOWN",
        "blob upload unknown to registry",
    );
    registry.fault_times("PUT ", 1, gone);
    let bytes = bytes(1000);
    put(&client(network()), &registry, &bytes).await.unwrap();
    assert!(held(&registry, &bytes));
    assert_eq!(steps(&registry), ["POST", "PUT", "DELETE", "POST", "PUT"]);
}

#[tokio::test]
async fn beginning_an_upload_is_not_repeated_unless_it_was_put_off() {
    let registry = Registry::with_writes(Writes::default());
    let bytes = bytes(10);
    for status in [500, 502, 503, 504] {
        registry.fault_times("POST ", 1, Fault::status(status));
        let error = put(&client(network()), &registry, &bytes)
            .await
            .unwrap_err();
        assert!(
            matches!(error.problem, Problem::Server { status: found, .. } if found == status),
            "{error:?}"
        );
    }
    assert_eq!(steps(&registry), ["POST"; 4]);
    let later = Fault::status(429).with_header("Retry-After", "0");
    registry.fault_times("POST ", 1, later);
    put(&client(network()), &registry, &bytes).await.unwrap();
    assert_eq!(steps(&registry)[4..], ["POST", "POST", "PUT"]);
}

#[tokio::test]
async fn what_is_refused_is_said_and_the_upload_is_cancelled() {
    for (fault, why) in [
        (Fault::error(403, "DENIED", "no"), Refusal::Rights),
        (Fault::status(507), Refusal::Full),
        (
            Fault::error(400, "DIGEST_INVALID", "provided digest did not match"),
            Refusal::Digest,
        ),
    ] {
        let registry = Registry::with_writes(Writes::default());
        registry.fault("PUT ", fault);
        let bytes = bytes(100);
        let error = put(&client(network()), &registry, &bytes)
            .await
            .unwrap_err();
        assert!(
            matches!(error.problem, Problem::NotTaken { why: found, .. } if found == why),
            "{error:?}"
        );
        assert_eq!(steps(&registry), ["POST", "PUT", "DELETE"], "{why:?}");
        assert_eq!(registry.open_uploads(), 0);
        assert!(!held(&registry, &bytes));
    }
}

#[tokio::test]
async fn bytes_that_are_not_those_of_the_descriptor_never_arrive() {
    let right = bytes(LARGE);
    let mut changed = right.to_vec();
    changed[LARGE / 2] ^= 1;
    let longer = [&right[..], b"x"].concat();
    let shorter = right[..LARGE - 1].to_vec();
    for (wrong, damage) in [
        (changed, "hash to"),
        (longer, "more than"),
        (shorter, "41943039 bytes"),
    ] {
        for whole in [true, false] {
            let registry = Registry::with_writes(Writes {
                whole,
                ..Writes::default()
            });
            let to = destination(&client(network()), &registry.reference("team/app:1"));
            let wrong = Arc::new(Bytes::from(wrong.clone()));
            let error = to.put_blob(&blob(&right), wrong).await.unwrap_err();
            assert!(error.to_string().contains(damage), "{error}");
            assert!(!held(&registry, &right));
            assert_eq!(registry.open_uploads(), 0, "{damage} {whole}");
        }
    }
}

#[tokio::test]
async fn who_gives_up_cancels_the_upload() {
    let registry = Registry::with_writes(Writes::default());
    registry.fault("PUT ", Fault::Silence);
    let (client, bytes) = (client(network()), bytes(1000));
    let putting = put(&client, &registry, &bytes);
    let wait = Duration::from_millis(300);
    tokio::time::timeout(wait, putting).await.unwrap_err();
    while steps(&registry).len() < 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(steps(&registry), ["POST", "PUT", "DELETE"]);
    assert_eq!(registry.open_uploads(), 0);
}

#[tokio::test]
async fn a_stalled_upload_is_an_error_in_its_time() {
    let registry = Registry::with_writes(Writes::default());
    registry.fault("PUT ", Fault::Silence);
    let quick = Network {
        stall_timeout: Duration::from_millis(200),
        ..network()
    };
    let error = put(&client(quick), &registry, &bytes(1000))
        .await
        .unwrap_err();
    assert!(
        matches!(error.problem, Problem::Timeout { .. }),
        "{error:?}"
    );
    assert_eq!(registry.open_uploads(), 0);
}

#[tokio::test]
async fn an_upload_on_another_host_gets_no_credentials() {
    let (registry, storage) = (
        Registry::start_with(Setup {
            access: Access::Basic {
                user: "alice",
                password: "s3cret",
            },
            ..Setup::default()
        }),
        Registry::start(),
    );
    let taken = Fault::status(201);
    storage.fault("PUT /bucket", taken);
    let started = Fault::status(202).with_header("Location", &storage.url("/bucket?sig=a%2Fb"));
    let (_dir, auth_files) = super::auth_file(&[(&registry.host(), "alice", "s3cret")]);
    let client = client(Network {
        auth_files,
        ..network()
    });
    // so that the registry is known to want credentials, and they are shown
    put(&client, &registry, &bytes(1)).await.unwrap();
    registry.fault("POST ", started);
    put(&client, &registry, &bytes(100)).await.unwrap();
    let put = storage.requests().pop().unwrap();
    assert_eq!(put.header("authorization"), None);
    assert!(
        put.path.starts_with("/bucket?sig=a%2Fb&digest=sha256%3A"),
        "{}",
        put.path
    );
    assert_eq!(put.body, bytes(100));
    let post = registry.requests().pop().unwrap();
    assert!(post.header("authorization").is_some());
}

#[tokio::test]
async fn a_registry_that_stored_something_else_is_an_error() {
    let registry = Registry::with_writes(Writes::default());
    let other = Digest::sha256(b"other").to_string();
    registry.fault("PUT ", Fault::header("Docker-Content-Digest", &other));
    let error = put(&client(network()), &registry, &bytes(10))
        .await
        .unwrap_err();
    assert!(
        matches!(error.problem, Problem::Protocol { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_token_that_is_refused_in_the_middle_is_renewed() {
    for (whole, path) in [(true, "PUT /v2/team/app/blobs"), (false, "PATCH ")] {
        let registry = Registry::start_with(Setup {
            access: Access::Token(Token {
                user: Some(("alice", "s3cret")),
                ..Token::default()
            }),
            writes: Writes {
                whole,
                ..Writes::default()
            },
            ..Setup::default()
        });
        let (_dir, auth_files) = super::auth_file(&[(&registry.host(), "alice", "s3cret")]);
        let client = client(Network {
            auth_files,
            ..network()
        });
        put(&client, &registry, &bytes(3)).await.unwrap();
        let before = registry.lines().len();
        let challenge = format!(
            r#"Bearer realm="{}",service="test",scope="repository:team/app:pull,push",error="invalid_token""#,
            registry.url("/token")
        );
        let expired = Fault::status(401).with_header("Www-Authenticate", &challenge);
        registry.fault_times(path, 1, expired);
        let bytes = bytes(LARGE);
        put(&client, &registry, &bytes).await.unwrap();
        assert!(held(&registry, &bytes));
        let lines = registry.lines();
        let tokens: Vec<_> = lines[before..]
            .iter()
            .filter(|line| line.contains("/token"))
            .collect();
        assert_eq!(
            tokens,
            ["GET /token?service=test&scope=repository%3Ateam%2Fapp%3Apull%2Cpush&account=alice"],
            "{whole}"
        );
        assert_eq!(registry.open_uploads(), 0);
    }
}

#[tokio::test]
async fn what_is_there_already_is_seen_by_its_head() {
    let registry = Registry::with_writes(Writes::default());
    let bytes = bytes(100);
    registry.put_blob("team/app", &bytes);
    let to = destination(&client(network()), &registry.reference("team/app:1"));
    assert!(to.has_blob(&blob(&bytes)).await.unwrap());
    assert!(!to.has_blob(&blob(&self::bytes(99))).await.unwrap());
    // one of another size is not the blob, whatever the registry says
    let other = Descriptor::new(MediaType::OCI_LAYER, Digest::sha256(&bytes), 7);
    assert!(!to.has_blob(&other).await.unwrap());
    assert!(
        registry
            .lines()
            .iter()
            .all(|line| line.starts_with("HEAD "))
    );
}

#[tokio::test]
async fn a_blob_that_a_registry_misses_for_a_moment_is_waited_for() {
    let registry = Registry::with_writes(Writes::default());
    let missed = Fault::error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry");
    let kind = MediaType::new(MediaType::OCI_INDEX);
    let bytes = Bytes::from_static(br#"{"schemaVersion":2,"manifests":[]}"#);
    let raw = RawDocument::hash(bytes, Algorithm::Sha256, kind);
    let to = destination(&client(network()), &registry.reference("team/app:1"));
    registry.fault_times("PUT ", 2, missed.clone());
    to.put_manifest(&raw, Naming::Own).await.unwrap();
    // one that it really does not have is an error soon
    registry.fault("PUT ", missed);
    let error = to.put_manifest(&raw, Naming::Own).await.unwrap_err();
    assert!(
        matches!(
            error.problem,
            Problem::NotTaken {
                why: Refusal::MissingParts,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(registry.requests().len(), 3 + 4);
}
