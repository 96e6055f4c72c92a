//! A registry in the test's own process: small, obedient, and faulty on request.
//!
//! It speaks HTTP/1.1 over plain TCP or TLS, and HTTP/2 over TLS where it is to, holds the images it is given, remembers every
//! request, and answers as docker-registry 2.8 does. It serves from a thread of its own,
//! so that tests with and without a runtime can use it.
//!
//! ```ignore
//! let registry = Registry::start();
//! registry.put_layout("busybox", "tests/fixtures/images/busybox-small");
//! registry.fault_times("/manifests/", 1, Fault::status(500));
//! open(&format!("docker://{}/busybox:1.37.0", registry.host()));
//! assert_eq!(registry.requests().len(), 2);
//! ```

mod auth;
mod connection;
mod content;
mod fault;
mod http2;
mod lists;
mod tls;
mod writes;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use porthole::model::Digest;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use auth::{Access, Token};
use content::Content;
pub use fault::Fault;
use fault::Rules;
pub use lists::{ReferrersApi, TagPages};
pub use tls::{Certificate, Tls, file as tls_file};
use writes::Uploads;
pub use writes::{Location, Writes};

/// A running registry; it stops when it is dropped.
pub struct Registry {
    address: SocketAddr,
    state: Arc<State>,
    stop: CancellationToken,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// How a registry is to be.
#[derive(Default)]
pub struct Setup {
    /// Who may read.
    pub access: Access,
    /// Speak TLS.
    pub tls: Option<Tls>,
    /// Say what refers to a manifest.
    pub referrers: ReferrersApi,
    pub tags: TagPages,
    pub writes: Writes,
    /// Listen on this address in place of 127.0.0.1.
    pub address: Option<std::net::IpAddr>,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// With its query.
    pub path: String,
    /// In lower case, in their order.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The status it was answered with; 0 where no head of an answer was sent.
    pub status: u16,
}

impl Request {
    /// The first header called `name`, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(key, _)| key == name)?;
        Some(&found.1)
    }

    /// Method and path.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What all connections share.
struct State {
    address: SocketAddr,
    setup: Setup,
    content: Mutex<Content>,
    uploads: Mutex<Uploads>,
    rules: Mutex<Rules>,
    requests: Mutex<Vec<Request>>,
    /// TLS greetings to a registry without TLS.
    tls_greetings: AtomicUsize,
    /// Connections without TLS to a registry with it.
    plain_to_tls: AtomicUsize,
    /// Connections that came as far as a request, and those of them that are still open.
    connections: AtomicUsize,
    open: AtomicUsize,
    /// Requests over HTTP/2.
    streams: AtomicUsize,
}

impl Registry {
    /// One that everybody may read, over plain http on a port of its own.
    pub fn start() -> Self {
        Self::start_with(Setup::default())
    }

    /// One that wants the access that `access` says, over plain http.
    pub fn with_access(access: Access) -> Self {
        Self::start_with(Setup {
            access,
            ..Setup::default()
        })
    }

    /// One that everybody may read and that says in this way what refers to a manifest.
    pub fn with_referrers(referrers: ReferrersApi) -> Self {
        Self::start_with(Setup {
            referrers,
            ..Setup::default()
        })
    }

    /// One that speaks TLS and shows `certificate`.
    pub fn with_tls(certificate: Certificate) -> Self {
        Self::start_with(Setup {
            tls: Some(Tls::showing(certificate)),
            ..Setup::default()
        })
    }

    pub fn start_with(setup: Setup) -> Self {
        let address = setup.address.unwrap_or([127, 0, 0, 1].into());
        let listener = std::net::TcpListener::bind((address, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            address,
            setup,
            content: Mutex::default(),
            uploads: Mutex::default(),
            rules: Mutex::default(),
            requests: Mutex::default(),
            tls_greetings: AtomicUsize::default(),
            plain_to_tls: AtomicUsize::default(),
            connections: AtomicUsize::default(),
            open: AtomicUsize::default(),
            streams: AtomicUsize::default(),
        });
        let stop = CancellationToken::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let serving = serve(Arc::clone(&state), listener, stop.clone());
        let thread = std::thread::spawn(move || runtime.block_on(serving));
        Self {
            address,
            state,
            stop,
            thread: Some(thread),
        }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The port, for other names of this machine.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `docker://127.0.0.1:PORT/NAME`.
    pub fn reference(&self, name: &str) -> String {
        format!("docker://{}/{name}", self.address)
    }

    /// `http://127.0.0.1:PORT/PATH`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Takes every image of an OCI layout folder, tagged as it names them.
    pub fn put_layout(&self, repository: &str, folder: impl AsRef<Path>) {
        let mut content = self.state.content.lock().unwrap();
        content.put_layout(repository, folder.as_ref());
    }

    /// Takes a blob.
    pub fn put_blob(&self, repository: &str, bytes: &[u8]) -> Digest {
        let mut content = self.state.content.lock().unwrap();
        content.put(repository, None, "application/octet-stream", bytes)
    }

    /// Takes a manifest or index, under `tag` where there is one.
    pub fn put_manifest(
        &self,
        repository: &str,
        tag: Option<&str>,
        media_type: &str,
        bytes: &[u8],
    ) -> Digest {
        let mut content = self.state.content.lock().unwrap();
        content.put(repository, tag, media_type, bytes)
    }

    /// One that takes what is pushed as `writes` says.
    pub fn with_writes(writes: Writes) -> Self {
        Self::start_with(Setup {
            writes,
            ..Setup::default()
        })
    }

    /// The bytes that it holds under `identifier`, a tag or digest.
    pub fn held(&self, repository: &str, identifier: &str) -> Option<Vec<u8>> {
        let content = self.state.content.lock().unwrap();
        let item = content.get(repository, identifier).ok()?;
        Some(item.bytes)
    }

    /// How many uploads are open.
    pub fn open_uploads(&self) -> usize {
        self.state.uploads.lock().unwrap().open()
    }

    /// Answers every request whose line (`GET /v2/…`) holds `path` with `fault`. Of several faults for a
    /// path the one given first counts until it is used up.
    pub fn fault(&self, path: &str, fault: Fault) {
        self.fault_times(path, usize::MAX, fault);
    }

    /// As [`Registry::fault`], for the next `times` requests only.
    pub fn fault_times(&self, path: &str, times: usize, fault: Fault) {
        self.state.rules.lock().unwrap().add(path, times, fault);
    }

    /// From now on everything is answered rightly.
    pub fn forget_faults(&self) {
        *self.state.rules.lock().unwrap() = Rules::default();
    }

    /// Every token that was given so far is refused from now on.
    pub fn revoke_tokens(&self) {
        match &self.state.setup.access {
            Access::Token(token) => token.revoke(),
            _ => panic!("this registry gives no tokens"),
        }
    }

    /// Every request so far, in the order they came. A TLS greeting to a registry without
    /// TLS is none.
    pub fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap().clone()
    }

    /// Method and path of every request so far.
    pub fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Request::line).collect()
    }

    /// How often TLS was tried on this registry, which speaks plain http.
    pub fn tls_greetings(&self) -> usize {
        self.state.tls_greetings.load(Ordering::SeqCst)
    }

    /// How often something else than TLS was tried on this registry, which speaks TLS.
    pub fn plain_connections(&self) -> usize {
        self.state.plain_to_tls.load(Ordering::SeqCst)
    }

    /// How many connections requests came over.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// How many of them are open.
    pub fn open_connections(&self) -> usize {
        self.state.open.load(Ordering::SeqCst)
    }

    /// How many requests came over HTTP/2.
    pub fn streams(&self) -> usize {
        self.state.streams.load(Ordering::SeqCst)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            // a second panic while the test's own unwinds would hide it
            if !std::thread::panicking() {
                ended.unwrap();
            }
        }
    }
}

async fn serve(state: Arc<State>, listener: std::net::TcpListener, stop: CancellationToken) {
    let listener = TcpListener::from_std(listener).unwrap();
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => {
                let (stream, _) = accepted.unwrap();
                connections.spawn(connection::serve(Arc::clone(&state), stream));
            }
        }
    }
    connections.shutdown().await;
}
