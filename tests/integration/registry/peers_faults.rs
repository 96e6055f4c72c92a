//! What goes wrong between this program and registries of others, one answer at a time:
//! each ends well, or in a clear error, and nothing half stays behind.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::TryStreamExt;
use porthole::config::Network;
use porthole::model::Descriptor;
use porthole::transport::{Naming, Problem, Source, TransportError, read_blob};

use super::peers_write::{PROXIED, as_alice, fresh, image, repository};
use super::uploads::{blob, destination};
use super::{client, document, network, source};
use crate::support::peers::running as peer;
use crate::support::proxy::{Fault, Proxy};

/// Longest that any of it may take: pauses are short, and who falls silent is left soon.
const BOUND: Duration = Duration::from_secs(20);

fn impatient() -> Network {
    Network {
        stall_timeout: Duration::from_millis(800),
        ..network()
    }
}

/// A registry behind a proxy, with one blob.
struct Scene {
    name: &'static str,
    /// Where the registry is without the proxy.
    host: String,
    app: String,
    proxy: Proxy,
    bytes: Bytes,
}

impl Scene {
    /// One for each registry that runs.
    async fn all(test: &str) -> Vec<Self> {
        let mut scenes = Vec::new();
        for (name, offset) in PROXIED {
            let Some(host) = peer(name, offset) else {
                continue;
            };
            let (app, bytes) = (repository(test), fresh(2 << 20));
            let to = destination(&client(network()), &format!("docker://{host}/{app}:1"));
            let payload = Arc::new(bytes.clone());
            to.put_blob(&blob(&bytes), payload).await.unwrap();
            scenes.push(Self {
                name,
                proxy: Proxy::before(&host),
                host,
                app,
                bytes,
            });
        }
        scenes
    }

    fn reference(&self) -> String {
        self.proxy.reference(&format!("{}:1", self.app))
    }

    fn read_by(&self, network: Network) -> Arc<dyn Source> {
        source(&client(network), &self.reference())
    }

    async fn read(&self) -> Result<Bytes, TransportError> {
        let read = self.read_by(impatient());
        let whole = read_blob(&*read, &blob(&self.bytes), 1 << 30).await?;
        Ok(whole.bytes().clone())
    }

    /// Sends other bytes by way of the proxy.
    async fn send(&self, bytes: &Bytes) -> Result<(), TransportError> {
        let to = destination(&client(impatient()), &self.reference());
        to.put_blob(&blob(bytes), Arc::new(bytes.clone())).await
    }

    /// Whether the registry itself has these bytes.
    async fn has(&self, bytes: &Bytes) -> bool {
        let direct = format!("docker://{}/{}:1", self.host, self.app);
        let read = source(&client(network()), &direct);
        match read_blob(&*read, &blob(bytes), 1 << 30).await {
            Ok(there) => there.bytes() == bytes,
            Err(error) => {
                assert_eq!(error.problem, Problem::NotFound, "{}", self.name);
                false
            }
        }
    }

    /// Every fault has happened, and it did not take too long.
    fn done(&self, began: Instant, case: &str) {
        assert_eq!(self.proxy.faults_left(), 0, "{} {case}", self.name);
        let took = began.elapsed();
        assert!(took < BOUND, "{} {case}: {took:?}", self.name);
    }
}

fn later(value: &str) -> Fault {
    let body = r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}"#;
    let date = "Date: Wed, 21 Oct 2015 07:28:00 GMT\r\n";
    Fault::answer(429, &format!("{date}Retry-After: {value}\r\n"), body)
}

const IN_A_SECOND: [&str; 2] = ["1", "Wed, 21 Oct 2015 07:28:01 GMT"];

#[tokio::test]
async fn downloads_survive_every_passing_fault() {
    for scene in Scene::all("reading").await {
        let half = scene.bytes.len() as u64 / 2;
        let cases = [
            Fault::CutAnswer(0),
            Fault::CutAnswer(half),
            Fault::Stall(0),
            Fault::Stall(half),
            // all of it had come
            Fault::Length(2 * half + 1000),
            Fault::answer(500, "", "out of order"),
            Fault::answer(503, "Retry-After: 0\r\n", ""),
            later("0"),
        ];
        for fault in cases {
            let (case, began) = (format!("{fault:?}"), Instant::now());
            scene.proxy.fault("GET", "/blobs/", 1, fault);
            let read = scene.read().await;
            let read = read.unwrap_or_else(|error| panic!("{} {case}: {error}", scene.name));
            assert_eq!(read, scene.bytes, "{} {case}", scene.name);
            scene.done(began, &case);
        }
    }
}

#[tokio::test]
async fn a_download_that_is_never_right_is_never_taken() {
    for scene in Scene::all("wrong").await {
        let size = scene.bytes.len() as u64;
        type Expected = fn(&Problem) -> bool;
        let cases: [(Fault, Expected); 5] = [
            (Fault::Corrupt(1000), |p| {
                matches!(p, Problem::WrongDigest { .. })
            }),
            (Fault::Length(size - 1), |p| {
                matches!(p, Problem::WrongSize { .. })
            }),
            (Fault::CutAnswer(10), |p| {
                matches!(p, Problem::BrokenOff { .. })
            }),
            (Fault::Stall(10), |p| matches!(p, Problem::Timeout { .. })),
            (Fault::answer(500, "", "out of order"), |p| {
                matches!(p, Problem::Server { status: 500, .. })
            }),
        ];
        for (fault, expected) in cases {
            let (case, began) = (format!("{fault:?}"), Instant::now());
            scene.proxy.fault("GET", "/blobs/", usize::MAX, fault);
            let error = scene.read().await.unwrap_err();
            assert!(expected(&error.problem), "{} {case}: {error:?}", scene.name);
            assert!(
                !error.hint().is_empty(),
                "{case}: there is something to try"
            );
            scene.proxy.forget_faults();
            scene.done(began, &case);
        }
        assert_eq!(scene.read().await.unwrap(), scene.bytes, "{}", scene.name);
    }
}

async fn part(source: &dyn Source, blob: &Descriptor, range: std::ops::Range<u64>) -> Vec<u8> {
    let pieces = source.blob(blob, Some(range)).await.unwrap();
    let pieces: Vec<_> = pieces.try_collect().await.unwrap();
    pieces.concat()
}

#[tokio::test]
async fn parts_come_right_where_ranges_are_refused_or_ignored() {
    for scene in Scene::all("ranges").await {
        let (began, descriptor) = (Instant::now(), blob(&scene.bytes));
        let expected = &scene.bytes[500..90_000];
        for fault in [Fault::answer(416, "", ""), Fault::IgnoreRange] {
            scene.proxy.fault("GET", "/blobs/", 1, fault);
            let read = scene.read_by(impatient());
            let found = part(&*read, &descriptor, 500..90_000).await;
            assert_eq!(found, expected, "{}", scene.name);
        }
        // what broke off goes on where the rest cannot be asked for alone
        scene
            .proxy
            .fault("GET", "/blobs/", 1, Fault::CutAnswer(900_000));
        scene.proxy.fault("GET", "/blobs/", 1, Fault::IgnoreRange);
        assert_eq!(scene.read().await.unwrap(), scene.bytes, "{}", scene.name);
        scene.done(began, "ranges");
    }
}

#[tokio::test]
async fn a_registry_that_asks_for_time_gets_it_in_both_ways_of_saying_so() {
    for scene in Scene::all("later").await {
        for value in IN_A_SECOND {
            for (method, path) in [("GET", "/blobs/"), ("POST", "/blobs/uploads/")] {
                let (case, began) = (format!("{method} {value}"), Instant::now());
                scene.proxy.fault(method, path, 1, later(value));
                if method == "GET" {
                    assert_eq!(scene.read().await.unwrap(), scene.bytes, "{case}");
                } else {
                    let bytes = fresh(1000);
                    scene.send(&bytes).await.unwrap();
                    assert!(scene.has(&bytes).await, "{} {case}", scene.name);
                }
                assert!(began.elapsed() >= Duration::from_secs(1), "{case}");
                scene.done(began, &case);
            }
        }
        // whoever wants too much time is told of, and not waited for
        scene.proxy.fault("GET", "/blobs/", 1, later("7200"));
        let error = scene.read().await.unwrap_err();
        let two_hours = Some(Duration::from_secs(7200));
        let expected = Problem::RateLimited {
            retry_after: two_hours,
        };
        assert_eq!(error.problem, expected, "{}", scene.name);
    }
}

#[tokio::test]
async fn uploads_survive_every_passing_fault() {
    for scene in Scene::all("writing").await {
        let refused = || Fault::answer(413, "", "");
        let unknown = r#"{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"gone"}]}"#;
        let gone = || Fault::answer(404, "", unknown);
        let broken = || Fault::answer(500, "", "out of order");
        type Step = (&'static str, Fault);
        let cases: [(&str, Vec<Step>); 9] = [
            ("cut", vec![("PUT", Fault::CutRequest(1 << 20))]),
            ("500", vec![("PUT", broken())]),
            ("429", vec![("PUT", later("0"))]),
            ("lost", vec![("PUT", gone())]),
            ("chunks", vec![("PUT", refused())]),
            (
                "chunks, 416",
                vec![
                    ("PUT", refused()),
                    ("PATCH", Fault::answer(416, "Range: 0-0\r\n", "")),
                ],
            ),
            (
                "chunks, cut",
                vec![("PUT", refused()), ("PATCH", Fault::CutRequest(1 << 20))],
            ),
            ("chunks, lost", vec![("PUT", refused()), ("PATCH", gone())]),
            (
                "chunks, end 500",
                vec![("PUT", refused()), ("PUT", broken())],
            ),
        ];
        for (case, faults) in cases {
            let (began, bytes) = (Instant::now(), fresh(2 << 20));
            for (method, fault) in faults {
                scene.proxy.fault(method, "/blobs/uploads/", 1, fault);
            }
            let sent = scene.send(&bytes).await;
            sent.unwrap_or_else(|error| panic!("{} {case}: {error}", scene.name));
            assert!(scene.has(&bytes).await, "{} {case}", scene.name);
            scene.done(began, case);
        }
    }
}

#[tokio::test]
async fn an_upload_that_cannot_end_well_is_cancelled_and_leaves_nothing() {
    for scene in Scene::all("failing").await {
        let denied = r#"{"errors":[{"code":"DENIED","message":"not today"}]}"#;
        for fault in [
            Fault::answer(403, "", denied),
            Fault::answer(500, "", "out of order"),
            Fault::CutRequest(1000),
        ] {
            let (case, began) = (format!("{fault:?}"), Instant::now());
            let bytes = fresh(1 << 20);
            scene.proxy.forget();
            for method in ["PUT", "PATCH"] {
                let fault = fault.clone();
                scene
                    .proxy
                    .fault(method, "/blobs/uploads/", usize::MAX, fault);
            }
            let error = scene.send(&bytes).await.unwrap_err();
            assert!(!error.hint().is_empty(), "{} {case}: {error}", scene.name);
            scene.proxy.forget_faults();
            assert!(!scene.has(&bytes).await, "{} {case}", scene.name);
            let seen = scene.proxy.seen();
            let of = |method: &str| seen.iter().filter(|one| one.method == method).count();
            assert_eq!(of("DELETE"), of("POST"), "{} {case}", scene.name);
            scene.done(began, &case);
        }
    }
}

#[tokio::test]
async fn a_token_that_is_refused_between_chunks_is_renewed() {
    let (Some(host), Some(tokens)) = (peer("token", 4), peer("token-server", 5)) else {
        return;
    };
    let proxy = Proxy::before(&host);
    let (_dir, network) = as_alice(&proxy.host());
    let app = repository("renewed");
    let bytes = fresh(20 << 20);
    let challenge = format!(
        "WWW-Authenticate: Bearer realm=\"http://{tokens}/token\",service=\"peers\",\
         scope=\"repository:{app}:pull,push\",error=\"invalid_token\"\r\n"
    );
    let refused = Fault::answer(401, &challenge, r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#);
    proxy.fault("PUT", "/blobs/uploads/", 1, Fault::answer(413, "", ""));
    proxy.fault("PATCH", "/blobs/uploads/", 1, refused);
    let client = client(network);
    let to = destination(&client, &proxy.reference(&format!("{app}:1")));
    to.put_blob(&blob(&bytes), Arc::new(bytes.clone()))
        .await
        .unwrap();
    assert_eq!(proxy.faults_left(), 0);
    let seen = proxy.seen();
    let patches: Vec<_> = seen.iter().filter(|one| one.method == "PATCH").collect();
    let shown = |at: usize| patches[at].header("authorization").unwrap();
    assert_eq!((patches[0].status, patches[1].status), (401, 202));
    assert!(shown(0).starts_with("Bearer "));
    assert_ne!(shown(0), shown(1), "another token");
    let read = source(&client, &format!("docker://{}/{app}:1", proxy.host()));
    let whole = read_blob(&*read, &blob(&bytes), 1 << 30).await.unwrap();
    assert_eq!(*whole.bytes(), bytes);
}

#[tokio::test]
async fn a_storage_elsewhere_gets_no_credentials_of_the_registry() {
    let (Some(host), Some(elsewhere)) = (peer("basic", 2), peer("plain", 1)) else {
        return;
    };
    let (registry, storage) = (Proxy::before(&host), Proxy::before(&elsewhere));
    let (_dir, network) = as_alice(&registry.host());
    let client = client(network);
    let app = repository("elsewhere");
    let layer = fresh(100_000);
    let (manifest, config) = image(&layer);
    for place in [&registry, &storage] {
        let to = destination(&client, &place.reference(&format!("{app}:1")));
        for part in [&layer, &config] {
            to.put_blob(&blob(part), Arc::new(part.clone()))
                .await
                .unwrap();
        }
        to.put_manifest(&manifest, Naming::Own).await.unwrap();
    }
    let read = source(&client, &registry.reference(&format!("{app}:1")));
    document(&*read).await.unwrap();
    storage.forget();
    let descriptor = blob(&layer);
    let location = format!(
        "Location: http://{}/v2/{app}/blobs/{}?signature=xyz\r\n",
        storage.host(),
        descriptor.digest
    );
    registry.fault("GET", "/blobs/", 1, Fault::answer(307, &location, ""));
    let whole = read_blob(&*read, &descriptor, 1 << 30).await.unwrap();
    assert_eq!(*whole.bytes(), layer);
    assert_eq!(registry.faults_left(), 0);
    let asked = registry.seen().pop().unwrap();
    assert!(asked.header("authorization").unwrap().starts_with("Basic "));
    let stored = storage.seen();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].header("authorization"), None);
    // and what lies there is believed as little
    registry.fault("GET", "/blobs/", 1, Fault::answer(307, &location, ""));
    storage.fault("GET", "/blobs/", 1, Fault::Corrupt(5));
    let error = read_blob(&*read, &descriptor, 1 << 30).await.unwrap_err();
    assert!(
        matches!(error.problem, Problem::WrongDigest { .. }),
        "{error:?}"
    );
}
