//! The client: every request with authentication and retries.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use reqwest::Method;
use reqwest::Url;
use reqwest::header::HeaderMap;

use crate::config::{Blocked, Endpoint, Network, SettingsError};
use crate::model::RegistryReference;
use crate::transport::{Problem, RateLimit, Security, TransportError};

use super::address::Host;
use super::answer::Answer;
use super::auth::{Authenticator, Demand, Scope};
use super::fault::{Again, Fault};
use super::hosts::Waiting;
use super::http::{Ask, Http};
use super::outgoing::Sent;
use super::unfinished::Unfinished;
use super::{retry, status};

/// The one client of all registries: connections, tokens, retries. Clones share it.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    http: Arc<Http>,
    auth: Authenticator,
    /// Nobody but registries themselves and their token services may be asked.
    offline: AtomicBool,
    /// Registries that answered that they have no referrers API.
    without_referrers: Mutex<HashSet<Host>>,
    /// Registries that take blobs in chunks only.
    in_chunks: Mutex<HashSet<Host>>,
    /// Tags that are read and written again, each by one at a time.
    held_tags: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// Uploads that somebody may go on with.
    unfinished: Unfinished,
}

/// A request of the distribution API.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) host: Host,
    pub(super) method: Method,
    /// With its leading slash.
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) scope: Scope,
    pub(super) body: Sent,
    /// An address that the registry named for this on another host, which gets no
    /// credentials; nothing for `path` at `host`.
    pub(super) elsewhere: Option<Url>,
    /// Whether that is of somebody else than the registry: offline nobody asks there.
    pub(super) of_others: bool,
}

/// A success whose body is still to come, and how it was got.
pub(super) struct Reply {
    pub(super) answer: Answer,
    pub(super) reached: Reached,
}

/// How a registry was reached.
#[derive(Clone, Debug)]
pub(super) struct Reached {
    pub(super) security: Security,
    /// Whose credentials were used, where any were.
    pub(super) user: Option<String>,
    /// How often the registry may still be asked, where it says so.
    pub(super) rate_limit: Option<RateLimit>,
}

/// A success whose body has come.
pub(super) struct Whole {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) reached: Reached,
}

impl Request {
    /// GET of `path` under the repository of `image`, for reading.
    pub(super) fn get(image: &RegistryReference, path: &str, headers: HeaderMap) -> Self {
        Self::of(Method::GET, image, path, Scope::pull(image.repository())).with(headers)
    }

    /// `method` of `path` under the repository of `image`, with the rights of `scope`.
    pub(super) fn of(method: Method, image: &RegistryReference, path: &str, scope: Scope) -> Self {
        Self {
            host: Host::new(image.host()),
            method,
            path: format!("/v2/{}/{path}", image.repository()),
            headers: HeaderMap::new(),
            scope,
            body: Sent::Nothing,
            elsewhere: None,
            of_others: false,
        }
    }

    /// GET of what lies at `url` and is of nobody's registry.
    pub(super) fn of_others(url: Url) -> Self {
        Self {
            host: Host::of(&url),
            method: Method::GET,
            path: String::new(),
            headers: HeaderMap::new(),
            scope: Scope::pull(""),
            body: Sent::Nothing,
            elsewhere: Some(url),
            of_others: true,
        }
    }

    /// With these headers.
    pub(super) fn with(self, headers: HeaderMap) -> Self {
        Self { headers, ..self }
    }
}

fn refused(blocked: &Blocked) -> Fault {
    Fault::lasting(Problem::Blocked {
        prefix: blocked.prefix.clone(),
        file: blocked.file.display().to_string(),
    })
}

impl Client {
    /// A client for `network`. No file is read and nothing is connected before the first
    /// request.
    ///
    /// # Errors
    /// None at present; what certificates and roots can give shows with the request that
    /// needs them.
    pub fn new(network: Network) -> Result<Self, TransportError> {
        let offline = AtomicBool::new(network.offline);
        let http = Arc::new(Http::new(network));
        let auth = Authenticator::new(Arc::clone(&http));
        Ok(Self {
            shared: Arc::new(Shared {
                http,
                auth,
                offline,
                without_referrers: Mutex::default(),
                in_chunks: Mutex::default(),
                held_tags: Mutex::default(),
                unfinished: Unfinished::default(),
            }),
        })
    }

    /// What it was made for.
    pub(in crate::transport) fn network(&self) -> &Network {
        self.shared.http.network()
    }

    /// Uploads that somebody may go on with.
    pub(super) fn unfinished(&self) -> &Unfinished {
        &self.shared.unfinished
    }

    /// From now on nobody but the registry of an image and its token service is asked, or
    /// everybody is again. What is under way is not ended.
    pub fn set_offline(&self, offline: bool) {
        self.shared.offline.store(offline, Ordering::SeqCst);
    }

    /// Whether nobody but registries themselves may be asked.
    pub fn is_offline(&self) -> bool {
        self.shared.offline.load(Ordering::SeqCst)
    }

    /// # Errors
    /// [`Problem::Offline`], where nobody but registries themselves may be asked.
    pub(super) fn may_ask_others(&self) -> Result<(), Problem> {
        match self.is_offline() {
            true => Err(Problem::Offline),
            false => Ok(()),
        }
    }

    pub(super) fn http(&self) -> &Http {
        &self.shared.http
    }

    pub(super) fn auth(&self) -> &Authenticator {
        &self.shared.auth
    }

    /// The registries that asked to be left alone and are being waited for.
    pub fn waiting(&self) -> Vec<Waiting> {
        self.shared.http.hosts().waiting()
    }

    /// Calls `told`, with all that are being waited for, whenever another registry asks to be
    /// left alone, from any thread. It must not block. Of several the first counts.
    pub fn tell_of_waiting(&self, told: impl Fn(Vec<Waiting>) + Send + Sync + 'static) {
        self.shared.http.hosts().tell(Box::new(told));
    }

    /// Where `image` is written to and listed, by what `registries.conf` says of its
    /// location: never a mirror.
    ///
    /// # Errors
    /// Where `registries.conf` cannot be read or blocks it.
    pub(super) fn home(&self, image: &RegistryReference) -> Result<RegistryReference, Fault> {
        let registries = self.shared.http.registries()?;
        registries.home(image).map_err(|blocked| refused(&blocked))
    }

    /// What the short name `name` (no host, tag or digest) stands for by `registries.conf`;
    /// nothing where it says nothing of it.
    ///
    /// # Errors
    /// Where that cannot be read.
    pub(in crate::transport) fn alias(&self, name: &str) -> Result<Option<String>, SettingsError> {
        let registries = self.shared.http.registries()?;
        Ok(registries.alias(name).map(|(full, _)| full.to_owned()))
    }

    /// Where `image` may be read from, in the order to try, the registry itself last;
    /// mirrors only where they may be asked.
    ///
    /// # Errors
    /// Where `registries.conf` cannot be read or blocks it.
    pub(super) fn endpoints(&self, image: &RegistryReference) -> Result<Vec<Endpoint>, Fault> {
        let registries = self.shared.http.registries()?;
        let mut endpoints = registries
            .endpoints(image)
            .map_err(|blocked| refused(&blocked))?;
        endpoints.retain(|endpoint| !endpoint.mirror || !self.is_offline());
        Ok(endpoints)
    }

    /// Sends `request` until its head is a success, as often as the rule for it allows.
    pub(super) async fn open(&self, request: &Request) -> Result<Reply, Fault> {
        retry::run(self.retry(), || self.once(request)).await
    }

    /// As [`Client::open`], for what would be done twice by being asked for twice: it is only
    /// asked for again where the registry put it off without looking at it.
    pub(super) async fn begin(&self, request: &Request) -> Result<Reply, Fault> {
        retry::run(self.retry(), || async {
            let tried = self.once(request).await;
            tried.map_err(|mut fault| {
                if !fault.is_put_off() {
                    fault.again = Again::Never;
                }
                fault
            })
        })
        .await
    }

    /// As [`Client::open`], with the whole body of at most `limit` bytes. Where the body
    /// breaks off, the request is made again.
    pub(super) async fn whole(&self, request: &Request, limit: u64) -> Result<Whole, Fault> {
        retry::run(self.retry(), || async {
            let Reply { answer, reached } = self.once(request).await?;
            let (headers, body) = answer.whole(limit).await?;
            Ok(Whole {
                headers,
                body,
                reached,
            })
        })
        .await
    }

    /// Whether the registry of `image` has answered before that it has no referrers API.
    pub(super) fn lacks_referrers(&self, image: &RegistryReference) -> bool {
        self.without_referrers().contains(&Host::new(image.host()))
    }

    /// Remembers that the registry of `image` has no referrers API.
    pub(super) fn note_lack_of_referrers(&self, image: &RegistryReference) {
        self.without_referrers().insert(Host::new(image.host()));
    }

    /// Whether the registry of `image` has answered before that it takes no blob whole.
    pub(super) fn wants_chunks(&self, image: &RegistryReference) -> bool {
        self.in_chunks().contains(&Host::new(image.host()))
    }

    /// Remembers that the registry of `image` takes no blob whole.
    pub(super) fn note_chunks(&self, image: &RegistryReference) {
        self.in_chunks().insert(Host::new(image.host()));
    }

    fn in_chunks(&self) -> MutexGuard<'_, HashSet<Host>> {
        let hosts = &self.shared.in_chunks;
        hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps everybody else of this program from writing `tag` until what is given is
    /// dropped.
    pub(super) async fn hold_tag(
        &self,
        image: &RegistryReference,
        tag: &str,
    ) -> tokio::sync::OwnedMutexGuard<()> {
        let name = format!("{}:{tag}", image.name());
        let held = {
            let held = &self.shared.held_tags;
            let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(held.entry(name).or_default())
        };
        held.lock_owned().await
    }

    fn without_referrers(&self) -> MutexGuard<'_, HashSet<Host>> {
        let hosts = &self.shared.without_referrers;
        // a panic cannot leave the set half changed
        hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rule for trying again.
    pub(super) fn retry(&self) -> &crate::config::Retry {
        &self.shared.http.network().retry
    }

    /// One try, with what its failure tells about the host.
    async fn once(&self, request: &Request) -> Result<Reply, Fault> {
        let tried = self.attempt(request).await;
        tried.map_err(|mut fault| {
            let host = &request.host;
            if request.elsewhere.is_none() {
                self.shared
                    .http
                    .hosts()
                    .note(host, &fault, self.retry().pause);
            }
            fault
                .told()
                .right
                .get_or_insert_with(|| request.scope.to_string());
            fault.told().host.get_or_insert_with(|| host.to_string());
            fault
        })
    }

    /// Anonymous or with the pass that the registry is known to want, and a second time
    /// with a fresh pass where it asks for one.
    async fn attempt(&self, request: &Request) -> Result<Reply, Fault> {
        let Request { host, scope, .. } = request;
        let mut ask = Ask {
            method: request.method.clone(),
            headers: request.headers.clone(),
            authorization: None,
            body: request.body.clone(),
        };
        if let Some(url) = &request.elsewhere {
            // at every try: it may have been switched off in the pause before
            if request.of_others {
                self.may_ask_others()?;
            }
            return self.elsewhere(url, &ask).await;
        }
        let (http, auth) = (&self.shared.http, &self.shared.auth);
        let under = request.path.strip_prefix("/v2/").unwrap_or_default();
        if let Some(blocked) = http.registries()?.blocked(&format!("{host}/{under}")) {
            return Err(refused(&blocked));
        }
        let mut held = auth.known(host, scope).await?;
        ask.authorization = held.as_ref().map(|held| held.pass.header.clone());
        let told = |fault: Fault| match &held {
            Some(held) => held.pass.explain(fault),
            None => fault,
        };
        // also where it is not asked, as it wants to be left alone
        let asked = http.at_host(host, &request.path, &ask).await;
        let mut answer = asked.map_err(told)?;

        if answer.status() == 401 && answer.at_home {
            let url = answer.url().clone();
            let (headers, body) = answer.error_body().await;
            let demand = Demand {
                headers: &headers,
                url: &url,
                message: &body.message,
            };
            let fresh = auth.answer(host, scope, demand, held.as_ref()).await?;
            ask.authorization = Some(fresh.pass.header.clone());
            answer = http.at_host(host, &request.path, &ask).await?;
            if answer.status() == 401 && answer.at_home {
                let (_, body) = answer.error_body().await;
                return Err(fresh.pass.refused(body.message));
            }
            held = Some(fresh);
        }
        if !answer.status().is_success() {
            let fault = status::fault(answer).await;
            return Err(match &held {
                Some(held) => held.pass.explain(fault),
                None => fault,
            });
        }
        let user = held.and_then(|held| held.pass.user.clone());
        let security = answer.security;
        Ok(Reply {
            answer,
            reached: Reached {
                security,
                user,
                rate_limit: http.hosts().limit(host),
            },
        })
    }

    /// One try of something that the registry wants done on another host.
    async fn elsewhere(&self, url: &Url, ask: &Ask) -> Result<Reply, Fault> {
        let answer = self.shared.http.at_url(url.clone(), ask).await?;
        if !answer.status().is_success() {
            return Err(status::fault(answer).await);
        }
        let security = answer.security;
        Ok(Reply {
            answer,
            reached: Reached {
                security,
                user: None,
                rate_limit: None,
            },
        })
    }

    /// Whether `host` has said that it keeps signatures itself.
    pub(super) fn offers_signatures(&self, host: &Host) -> bool {
        self.shared.http.hosts().offers_signatures(host)
    }

    /// Sends `request` once: for what is begun anew in another way where it fails.
    pub(super) async fn try_once(&self, request: &Request) -> Result<Reply, Fault> {
        self.once(request).await
    }
}
