//! One exchange with a host: the scheme, the time limits, and redirects by hand.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION,
};
use reqwest::{Method, Request, Url};

use crate::config::{Network, Registries, SettingsError};
use crate::transport::Problem;

use super::address::{self, Host, Scheme};
use super::answer::{Answer, Timeouts};
use super::extension::OFFERED;
use super::fault::Fault;
use super::hosts::Hosts;
use super::outgoing::Sent;
use super::pool::{Pool, Trust, Way};
use super::scheme::Plan;
use super::{greeting, proxy, status};

/// Most redirects that are followed.
const HOPS: usize = 5;

/// How long `registries.conf` is believed before it is looked at again.
const SETTINGS: Duration = Duration::from_secs(2);

/// Sends requests and follows where they are sent on to. Knows nothing of registries.
pub(super) struct Http {
    network: Network,
    pool: Pool,
    hosts: Hosts,
    registries: Mutex<Option<ReadRegistries>>,
}

/// When `registries.conf` was read, and what was found.
type ReadRegistries = (Instant, Result<Arc<Registries>, SettingsError>);

/// What is asked of a host.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    /// Goes to the host that is asked and to no other.
    pub(super) authorization: Option<HeaderValue>,
    /// What is sent with it, made anew for each exchange.
    pub(super) body: Sent,
}

impl Ask {
    /// GET with `headers`.
    pub(super) const fn get(headers: HeaderMap) -> Self {
        Self {
            method: Method::GET,
            headers,
            authorization: None,
            body: Sent::Nothing,
        }
    }
}

impl Http {
    pub(super) fn new(network: Network) -> Self {
        Self {
            network,
            pool: Pool::default(),
            hosts: Hosts::default(),
            registries: Mutex::default(),
        }
    }

    pub(super) const fn network(&self) -> &Network {
        &self.network
    }

    pub(super) const fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// What `registries.conf` says now.
    ///
    /// # Errors
    /// Where it cannot be read: what it blocks must not be passed over.
    pub(super) fn registries(&self) -> Result<Arc<Registries>, SettingsError> {
        let mut kept = self
            .registries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((when, read)) = &*kept
            && when.elapsed() < SETTINGS
        {
            return read.clone();
        }
        let read = self.network.registries.read().map(Arc::new);
        *kept = Some((Instant::now(), read.clone()));
        read
    }

    /// Whether plain http to `host` is allowed at all.
    pub(super) fn may_be_plain(&self, host: &Host) -> bool {
        Pool::may_be_plain(&self.network, host, self.trust(host))
    }

    /// What the user said about the certificates of `host`.
    fn trust(&self, host: &Host) -> Trust {
        let insecure = self
            .registries()
            .is_ok_and(|registries| registries.is_insecure(host.as_str()));
        let mut unverified = self.network.unverified.iter();
        if insecure {
            Trust::Insecure
        } else if unverified.any(|allowed| Host::new(allowed) == *host) {
            Trust::Unverified
        } else {
            Trust::Verified
        }
    }

    /// Asks for `path` of a registry, by the scheme that is right for it.
    pub(super) async fn at_host(
        &self,
        host: &Host,
        path: &str,
        ask: &Ask,
    ) -> Result<Answer, Fault> {
        let plan = match self.pool.plan(&self.network, host, self.trust(host)) {
            Plan::HttpsFirst
                if greeting::answers_plainly(host, self.network.connect_timeout).await =>
            {
                Plan::Http
            }
            plan => plan,
        };
        let scheme = match plan {
            Plan::Http => Scheme::Http,
            Plan::Https | Plan::HttpsFirst | Plan::Insecure => Scheme::Https,
        };
        let first = self
            .exchange(host, scheme, host.url(scheme, path)?, ask)
            .await;
        let (scheme, answer) = match (plan, first) {
            (Plan::HttpsFirst | Plan::Insecure, Err(fault))
                if fault.not_tls || (plan == Plan::Insecure && fault.is_unreachable()) =>
            {
                let url = host.url(Scheme::Http, path)?;
                match self.exchange(host, Scheme::Http, url, ask).await {
                    // nobody is there by either way: the first one says so
                    Err(second) if !fault.not_tls && second.is_unreachable() => {
                        (Scheme::Https, Err(fault))
                    }
                    second => (Scheme::Http, second),
                }
            }
            (_, first) => (scheme, first),
        };
        match answer {
            Ok(answer) => {
                self.pool.remember(host, scheme);
                self.follow(answer, ask).await
            }
            Err(fault) => {
                self.pool.forget(host, &fault.problem);
                Err(fault)
            }
        }
    }

    /// Asks for an address that a registry has named.
    ///
    /// # Errors
    /// Besides what can go wrong on the way: plain http where it is not allowed.
    pub(super) async fn at_url(&self, url: Url, ask: &Ask) -> Result<Answer, Fault> {
        let (host, scheme) = self.allowed(&url)?;
        let answer = self.exchange(&host, scheme, url, ask).await?;
        self.follow(answer, ask).await
    }

    /// Sends a form that holds secrets to an address that a registry has named. It goes
    /// there and is not sent on.
    ///
    /// # Errors
    /// As [`Http::once`].
    pub(super) async fn post_form(&self, url: Url, form: Bytes) -> Result<Answer, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, kind);
        let ask = Ask {
            method: Method::POST,
            headers,
            authorization: None,
            body: Sent::Whole(form),
        };
        self.once(url, &ask).await
    }

    /// Sends what may hold secrets to an address. It goes there, once, and is not sent on.
    ///
    /// # Errors
    /// As [`Http::at_url`], and where the answer sends on.
    pub(super) async fn once(&self, url: Url, ask: &Ask) -> Result<Answer, Fault> {
        let (host, scheme) = self.allowed(&url)?;
        let answer = self.exchange(&host, scheme, url, ask).await?;
        if next_address(&answer)?.is_some() {
            let why = format!("{host} sends what is meant for it alone on to another address");
            return Err(Problem::Address { why }.into());
        }
        Ok(answer)
    }

    /// Host and scheme of an address that is not the user's own words.
    fn allowed(&self, url: &Url) -> Result<(Host, Scheme), Fault> {
        let host = Host::of(url);
        let refuse = |why| Fault::lasting(Problem::Address { why }).unsent();
        let scheme = Scheme::of(url)
            .ok_or_else(|| refuse(format!("{}: is no address of the web", url.scheme())))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse(format!("the address at {host} holds a password")));
        }
        if scheme == Scheme::Http && !self.may_be_plain(&host) {
            return Err(refuse(format!("plain http to {host} was not allowed")));
        }
        Ok((host, scheme))
    }

    async fn follow(&self, mut answer: Answer, ask: &Ask) -> Result<Answer, Fault> {
        let home = answer.url().clone();
        let mut hops = 0;
        while let Some(next) = next_address(&answer)? {
            hops += 1;
            if hops > HOPS {
                return Err(Fault::protocol(format!(
                    "it sent on more than {HOPS} times, lastly to {}",
                    Host::of(&next)
                )));
            }
            if answer.url().scheme() == "https" && next.scheme() != "https" {
                let why = format!("{} sends from https on to {}", answer.host(), next.scheme());
                return Err(Problem::Address { why }.into());
            }
            address::may_lead(answer.url(), &next)?;
            let (host, scheme) = self.allowed(&next)?;
            // nobody asked that host to delete anything, and its answer says nothing of this one
            if ask.method == Method::DELETE && host != Host::of(&home) {
                let why = format!(
                    "{} sends on to {host} what is to be deleted",
                    Host::of(&home)
                );
                return Err(Problem::Address { why }.into());
            }
            let mut ask = ask.clone();
            if next.origin() != home.origin() {
                ask.authorization = None;
            }
            let security = answer.security;
            answer = self.exchange(&host, scheme, next, &ask).await?;
            answer.security = security;
            answer.at_home = answer.url().origin() == home.origin();
        }
        Ok(answer)
    }

    /// One request and the head of its answer.
    async fn exchange(
        &self,
        host: &Host,
        scheme: Scheme,
        url: Url,
        ask: &Ask,
    ) -> Result<Answer, Fault> {
        let trust = self.trust(host);
        let way = self.pool.way(&self.network, host, scheme, trust);
        let Way { client, security } = way.map_err(Fault::unsent)?;
        let limits = (self.network.requests_per_host, self.network.retry.patience);
        // what carries a blob has others behind it that wait for it, and is not counted
        let turn = match ask.body {
            Sent::Part(..) => None,
            Sent::Nothing | Sent::Whole(_) => {
                let turn = self.hosts.turn(host, limits.0, limits.1).await;
                Some(turn.map_err(Fault::unsent)?)
            }
        };
        let timeouts = Timeouts {
            connect: self.network.connect_timeout,
            stall: self.network.stall_timeout,
        };
        let (started, path) = (Instant::now(), url.path().to_owned());
        let mut request = Request::new(ask.method.clone(), url.clone());
        request.headers_mut().extend(ask.headers.clone());
        if let Some(authorization) = &ask.authorization {
            let mut authorization = authorization.clone();
            authorization.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, authorization);
        }
        ask.body.put(&mut request);
        if request.body().is_none()
            && matches!(ask.method, Method::POST | Method::PUT | Method::PATCH)
        {
            // some proxies want it said
            let nothing = HeaderValue::from_static("0");
            request.headers_mut().insert(CONTENT_LENGTH, nothing);
        }
        let mut executing = std::pin::pin!(client.execute(request));
        let mut sent = ask.body.sent();
        let response = loop {
            let response = tokio::time::timeout(timeouts.stall, &mut executing).await;
            // while a body goes out there is no answer yet, and that is no stall
            let now = ask.body.sent();
            if response.is_ok() || now == sent {
                break response;
            }
            sent = now;
        };
        drop(turn);
        let elapsed = started.elapsed();
        let (method, scheme) = (&ask.method, scheme.name());
        // the query is not logged: an address of a storage is signed there
        match response {
            Ok(Ok(response)) => {
                let status = response.status().as_u16();
                let version = response.version();
                tracing::debug!(%method, scheme, %host, path, status, ?version, ?elapsed, "answered");
                if let Some(limit) = status::rate_limit(response.headers()) {
                    self.hosts.note_limit(host, limit);
                }
                if response.headers().get(OFFERED).is_some_and(|is| is == "1") {
                    self.hosts.note_signatures(host);
                }
                Ok(Answer::new(response, security, timeouts))
            }
            Ok(Err(error)) => {
                let mut fault = Fault::connection(&error, timeouts.connect);
                fault.problem = proxy::named(fault.problem, &url);
                tracing::debug!(%method, scheme, %host, path, ?elapsed, problem = %fault.problem, "failed");
                Err(fault)
            }
            Err(_) => {
                tracing::debug!(%method, scheme, %host, path, ?elapsed, "no answer");
                Err(Fault::timeout("waiting for the answer", timeouts.stall))
            }
        }
    }
}

/// Where the answer sends on to; nothing where it does not.
fn next_address(answer: &Answer) -> Result<Option<Url>, Fault> {
    if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = answer.headers().get(LOCATION);
    let location = location.and_then(|location| location.to_str().ok());
    let next = location.and_then(|location| answer.url().join(location).ok());
    match next {
        Some(next) => Ok(Some(next)),
        None => Err(Fault::protocol(format!(
            "it answered {} without saying where to go",
            answer.status().as_u16()
        ))),
    }
}
