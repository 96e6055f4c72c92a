//! The client: every request with authentication and retries.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::HeaderMap;

use crate::config::Network;
use crate::model::RegistryReference;
use crate::transport::{Security, TransportError};

use super::address::Host;
use super::answer::Answer;
use super::auth::{Authenticator, Demand, Scope};
use super::fault::Fault;
use super::http::{Ask, Http};
use super::{retry, status};

/// The one client of all registries: connections, tokens, retries. Clones share it.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    http: Arc<Http>,
    auth: Authenticator,
    /// Registries that answered that they have no referrers API.
    without_referrers: Mutex<HashSet<Host>>,
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
        Self {
            host: Host::new(image.host()),
            method: Method::GET,
            path: format!("/v2/{}/{path}", image.repository()),
            headers,
            scope: Scope::pull(image.repository()),
        }
    }
}

impl Client {
    /// A client for `network`. No file is read and nothing is connected before the first
    /// request.
    ///
    /// # Errors
    /// None at present; what certificates and roots can give shows with the request that
    /// needs them.
    pub fn new(network: Network) -> Result<Self, TransportError> {
        let http = Arc::new(Http::new(network));
        let auth = Authenticator::new(Arc::clone(&http));
        Ok(Self {
            shared: Arc::new(Shared {
                http,
                auth,
                without_referrers: Mutex::default(),
            }),
        })
    }

    /// What it was made for.
    pub(in crate::transport) fn network(&self) -> &Network {
        self.shared.http.network()
    }

    /// Sends `request` until its head is a success, as often as the rule for it allows.
    pub(super) async fn open(&self, request: &Request) -> Result<Reply, Fault> {
        retry::run(self.retry(), || self.once(request)).await
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

    fn without_referrers(&self) -> MutexGuard<'_, HashSet<Host>> {
        let hosts = &self.shared.without_referrers;
        // a panic cannot leave the set half changed
        hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rule for trying again.
    pub(super) fn retry(&self) -> &crate::config::Retry {
        &self.shared.http.network().retry
    }

    /// One try: anonymous or with the pass that the registry is known to want, and a
    /// second time with a fresh pass where it asks for one.
    async fn once(&self, request: &Request) -> Result<Reply, Fault> {
        let Request { host, scope, .. } = request;
        let mut ask = Ask {
            method: request.method.clone(),
            headers: request.headers.clone(),
            authorization: None,
        };
        let (http, auth) = (&self.shared.http, &self.shared.auth);
        let mut held = auth.known(host, scope).await?;
        ask.authorization = held.as_ref().map(|held| held.pass.header.clone());
        let mut answer = http.at_host(host, &request.path, &ask).await?;

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
            reached: Reached { security, user },
        })
    }
}
