//! Sigstore trust roots: the one at hand, and its renewal by TUF
//! (theupdateframework.io, specification 1.0).
//!
//! Metadata and roots that were fetched are kept in the cache and verified anew whenever
//! they are used. A repository is asked once a day; where that may not be, or fails, what
//! was kept is used, and then the root that came with the program, each with its word.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use sigstore_tuf::transport::FetchFuture;
use sigstore_tuf::{FileStore, MemoryStore, Repository, StoreRepository, Updater};

use crate::model::{Digest, limits};
use crate::signature::{PUBLIC_GOOD, TrustRoot};
use crate::transport::registry::Client;

use super::Failure;
use super::shared::Shared;
use super::trust::{RootConfig, TrustSettings, unusable};

/// What is fetched from a repository.
const TARGET: &str = "trusted_root.json";

/// How long a root that was fetched is good without asking again.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a repository that failed is left alone.
const PAUSE: Duration = Duration::from_secs(10 * 60);

/// Longest wait for a repository.
const PATIENCE: Duration = Duration::from_secs(20);

/// The roots that were got by TUF in this run, by address and first root.
#[derive(Default)]
pub(super) struct Roots {
    got: tokio::sync::Mutex<HashMap<String, (Instant, Got)>>,
}

type Got = Result<TrustRoot, Arc<Failure>>;

impl Roots {
    /// The root to judge by. A repository is asked only where `wanted`: where something of
    /// the policy needs it.
    pub async fn current(
        &self,
        shared: &Shared,
        settings: &TrustSettings,
        wanted: bool,
    ) -> Result<Option<TrustRoot>, Arc<Failure>> {
        let (address, root, at_hand) = match &settings.root {
            RootConfig::Fixed(root) => return Ok(Some(root.clone())),
            RootConfig::PublicGood => {
                let embedded = TrustRoot::embedded();
                let embedded = embedded.map_err(|error| Arc::new(unusable("", &error)))?;
                (
                    PUBLIC_GOOD.tuf_url(),
                    PUBLIC_GOOD.tuf_root(),
                    Some(embedded),
                )
            }
            RootConfig::Tuf { address, root } => (address.as_str(), &**root, None),
        };
        if !wanted {
            return Ok(at_hand);
        }
        let key = format!("{address} {}", Digest::sha256(root).hex());
        // what comes of not asking is good for as long as nobody asks
        let unasked = format!("{key} offline");
        // who is offline does not wait for somebody who may hang in the network
        let mut got = match settings.offline {
            true => self.got.try_lock().ok(),
            false => Some(self.got.lock().await),
        };
        if let Some(all) = &got {
            let fresh = |key: &str| {
                let (since, got) = all.get(key)?;
                let good = if got.is_ok() { FRESH } else { PAUSE };
                (since.elapsed() < good).then(|| got.clone())
            };
            let known = match (fresh(&key), settings.offline) {
                // that it could not be asked is no answer for one who does not ask
                (Some(Err(_)) | None, true) => fresh(&unasked),
                (known, _) => known,
            };
            if let Some(known) = known {
                return or_at_hand(known, at_hand);
            }
        }
        let folder = shared.config.cache.as_deref();
        let folder =
            folder.map(|cache| cache.join("tuf").join(Digest::sha256(key.as_bytes()).hex()));
        let source = Tuf {
            client: &shared.client,
            address,
            root,
            folder,
        };
        let result = source.get(settings.offline).await.map_err(Arc::new);
        // what came of being switched off or on meanwhile is no answer to keep
        let same = shared.client.is_offline() == settings.offline;
        if let Some(got) = got.as_mut().filter(|_| same) {
            let key = if settings.offline { unasked } else { key };
            got.insert(key, (Instant::now(), result.clone()));
        }
        drop(got);
        or_at_hand(result, at_hand)
    }
}

/// Where a repository gave nothing, the root that came with the program, with the reason.
fn or_at_hand(got: Got, at_hand: Option<TrustRoot>) -> Result<Option<TrustRoot>, Arc<Failure>> {
    match (got, at_hand) {
        (Ok(root), _) => Ok(Some(root)),
        (Err(failure), Some(root)) => {
            let source = format!("{}; {}", root.source(), failure.headline);
            Ok(Some(root.from_source(&source)))
        }
        (Err(failure), None) => Err(failure),
    }
}

/// One TUF repository.
struct Tuf<'a> {
    client: &'a Client,
    address: &'a str,
    /// The `root.json` that trust begins with.
    root: &'a [u8],
    folder: Option<PathBuf>,
}

impl Tuf<'_> {
    async fn get(&self, offline: bool) -> Result<TrustRoot, Failure> {
        let kept = self.kept().await;
        if let (Ok(root), true) = (&kept, offline || self.is_fresh().await) {
            return Ok(root.clone());
        }
        if offline {
            return kept.map_err(|why| {
                let why = format!("it is not asked offline, and no copy is kept: {why}");
                let hint = "Go online and try again (without --offline), or give a trusted_root.json (--trust-root)";
                self.failure(&why, hint)
            });
        }
        let renewed = tokio::time::timeout(PATIENCE, self.renewed()).await;
        let renewed = renewed.unwrap_or_else(|_| Err("it did not answer in time".to_owned()));
        match (renewed, kept) {
            (Ok(root), _) => Ok(root),
            (Err(why), Ok(kept)) => {
                let source = format!("{}; it could not be renewed: {why}", kept.source());
                Ok(kept.from_source(&source))
            }
            (Err(why), Err(_)) => {
                let why = format!("it could not be renewed: {why}");
                let hint =
                    "Check the address and the network, or give a trusted_root.json (--trust-root)";
                Err(self.failure(&why, hint))
            }
        }
    }

    fn failure(&self, why: &str, hint: &str) -> Failure {
        Failure::refused(format!("TUF repository {}: {why}", self.address), hint)
    }

    /// Whether the repository was asked not long ago.
    async fn is_fresh(&self) -> bool {
        let Some(folder) = &self.folder else {
            return false;
        };
        let meta = tokio::fs::metadata(folder.join("timestamp.json")).await;
        let written = meta.and_then(|meta| meta.modified());
        let age = written.map(|at| SystemTime::now().duration_since(at).unwrap_or_default());
        age.is_ok_and(|age| age < FRESH)
    }

    /// What was kept, verified from the first root on as if it had just come.
    async fn kept(&self) -> Result<TrustRoot, String> {
        let folder = self.folder.as_deref().ok_or("there is no cache")?;
        let store = FileStore::new(folder);
        let repository = StoreRepository::new(store.clone());
        self.run(repository, store, "as kept").await
    }

    async fn renewed(&self) -> Result<TrustRoot, String> {
        let repository = Web {
            client: self.client.clone(),
            base: self.address.trim_end_matches('/').to_owned(),
        };
        match self.folder.as_deref() {
            Some(folder) => {
                let store = FileStore::new(folder);
                self.run(repository, store, "renewed").await
            }
            None => {
                let store = MemoryStore::new();
                self.run(repository, store, "renewed").await
            }
        }
    }

    async fn run(
        &self,
        repository: impl Repository + 'static,
        store: impl sigstore_tuf::MetadataStore + 'static,
        how: &str,
    ) -> Result<TrustRoot, String> {
        let now = Timestamp::now();
        let text = |error: sigstore_tuf::Error| error.to_string();
        let mut updater = Updater::new(repository, self.root)
            .map_err(text)?
            .with_store(store);
        updater.refresh(now).await.map_err(text)?;
        let bytes = updater.get_target(TARGET, now).await.map_err(text)?;
        let expires = updater
            .trusted()
            .timestamp()
            .map(|timestamp| timestamp.expires.to_string());
        let source = format!(
            "{} by TUF, {how}, good until {}",
            self.address,
            expires.unwrap_or_default()
        );
        TrustRoot::read(&bytes, &source).map_err(|error| error.to_string())
    }
}

/// A repository on a web server: metadata at its address, targets under `targets`.
struct Web {
    client: Client,
    base: String,
}

impl Web {
    fn fetch(&self, path: String, limit: u64) -> FetchFuture<'_> {
        Box::pin(async move {
            let address = format!("{}/{path}", self.base);
            let limit = limit.min(limits::TUF_BYTES);
            let fetched = self.client.fetch(&address, limit).await;
            let fetched =
                fetched.map_err(|error| sigstore_tuf::Error::transport(error.to_string()))?;
            Ok(fetched.map(|bytes| bytes.to_vec()))
        })
    }
}

impl Repository for Web {
    fn fetch_metadata<'a>(&'a self, name: &'a str, limit: u64) -> FetchFuture<'a> {
        self.fetch(name.to_owned(), limit)
    }

    fn fetch_target<'a>(&'a self, path: &'a str, limit: u64) -> FetchFuture<'a> {
        self.fetch(format!("targets/{path}"), limit)
    }
}
