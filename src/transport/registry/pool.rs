//! Connections: kept open and shared by everything that speaks to the same host.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use reqwest::{Certificate, ClientBuilder, Identity};

use crate::config::{HostCertificates, Network};
use crate::transport::{Problem, Security};

use super::address::{Host, Scheme};
use super::fault::Fault;
use super::scheme::{self, Plan};

/// Name and version, as servers see them.
const USER_AGENT: &str = concat!("porthole/", env!("CARGO_PKG_VERSION"));

/// Most headers of one answer that are read. Their size is bounded by hyper, to 400 KB.
const HEADERS: usize = 128;

/// Largest list of headers over HTTP/2, in bytes.
const HEADER_BYTES: u32 = 256 << 10;

/// Connections to one host.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) client: reqwest::Client,
    pub(super) security: Security,
}

/// What the user said about the certificates of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Nothing: they are checked.
    Verified,
    /// They are not checked; it is https all the same.
    Unverified,
    /// Neither certificates nor https are asked for: `insecure` of registries.conf.
    Insecure,
}

/// Makes the ways to hosts and keeps them.
#[derive(Debug, Default)]
pub(super) struct Pool {
    /// Clients that serve every host without certificates of its own.
    common: [OnceLock<reqwest::Client>; 4],
    /// Clients for hosts with a folder of certificates, and for those whose certificates
    /// are not checked.
    own: Mutex<HashMap<(Host, bool), (reqwest::Client, Security)>>,
    found: scheme::Found,
}

impl Pool {
    /// How `host` is to be spoken to now.
    pub(super) fn plan(&self, network: &Network, host: &Host, trust: Trust) -> Plan {
        self.found.settle(host, planned(network, host, trust))
    }

    /// Whether plain http to `host` is allowed at all.
    pub(super) fn may_be_plain(network: &Network, host: &Host, trust: Trust) -> bool {
        planned(network, host, trust) != Plan::Https
    }

    /// The way to `host` by `scheme`.
    ///
    /// # Errors
    /// Where certificates cannot be read or used.
    pub(super) fn way(
        &self,
        network: &Network,
        host: &Host,
        scheme: Scheme,
        trust: Trust,
    ) -> Result<Way, Fault> {
        let (client, security) = match scheme {
            Scheme::Http => (
                self.common(network, host, scheme)?,
                scheme::plain_security(host),
            ),
            Scheme::Https => self.https(network, host, trust != Trust::Verified)?,
        };
        Ok(Way { client, security })
    }

    /// The host answered by `scheme`.
    pub(super) fn remember(&self, host: &Host, scheme: Scheme) {
        self.found.remember(host, scheme);
    }

    /// The host could not be asked: its scheme may have changed, and its folder of
    /// certificates is read again. Where the `problem` is that one exchange broke off, the
    /// connections are kept for the others.
    pub(super) fn forget(&self, host: &Host, problem: &Problem) {
        self.found.forget(host);
        if !matches!(problem, Problem::BrokenOff { .. }) {
            self.own().retain(|(at, _), _| at != host);
        }
    }

    fn https(
        &self,
        network: &Network,
        host: &Host,
        unverified: bool,
    ) -> Result<(reqwest::Client, Security), Fault> {
        let key = (host.clone(), unverified);
        if let Some(known) = self.own().get(&key) {
            return Ok(known.clone());
        }
        let folder = HostCertificates::folder(&network.certs_dirs, host.as_str());
        if folder.is_none() && !unverified {
            let client = self.common(network, host, Scheme::Https)?;
            let security = if network.authorities.is_empty() {
                Security::Https
            } else {
                Security::HttpsOwnRoots
            };
            return Ok((client, security));
        }
        let certificates = folder.map(HostCertificates::read).transpose()?;
        let own_roots = certificates
            .as_ref()
            .is_some_and(|certificates| !certificates.authorities.is_empty());
        let mut builder = with_authorities(builder(network, host.is_loopback()), network)?;
        if let Some(certificates) = &certificates {
            builder = with_certificates(builder, certificates)?;
        }
        let security = if unverified {
            builder = builder.tls_danger_accept_invalid_certs(true);
            Security::HttpsUnverified
        } else if own_roots || !network.authorities.is_empty() {
            Security::HttpsOwnRoots
        } else {
            Security::Https
        };
        let client = build(builder)?;
        self.own().insert(key, (client.clone(), security));
        Ok((client, security))
    }

    /// The client for all hosts without certificates of their own. The system's roots are
    /// only loaded when something asks for https.
    fn common(
        &self,
        network: &Network,
        host: &Host,
        scheme: Scheme,
    ) -> Result<reqwest::Client, Fault> {
        let loopback = host.is_loopback();
        let slot = &self.common[usize::from(loopback) * 2 + usize::from(scheme == Scheme::Https)];
        if let Some(client) = slot.get() {
            return Ok(client.clone());
        }
        let client = match scheme {
            Scheme::Http => build(builder(network, loopback).tls_certs_only([]))?,
            Scheme::Https if !network.authorities.is_empty() => {
                build(with_authorities(builder(network, loopback), network)?)?
            }
            Scheme::Https => build(builder(network, loopback)).or_else(|fault| {
                // A system without any authority: whatever is shown is not trusted, and a
                // registry on this machine that speaks plain http is still found out.
                tracing::warn!(problem = %fault.problem, "no authorities of the system");
                build(builder(network, loopback).tls_certs_only([]))
            })?,
        };
        // where two came at once, the first one's is kept
        Ok(slot.get_or_init(|| client).clone())
    }

    fn own(&self) -> MutexGuard<'_, HashMap<(Host, bool), (reqwest::Client, Security)>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn planned(network: &Network, host: &Host, trust: Trust) -> Plan {
    let folder = HostCertificates::folder(&network.certs_dirs, host.as_str());
    scheme::plan(host, &network.plain_http, folder.is_some(), trust)
}

fn builder(network: &Network, loopback: bool) -> ClientBuilder {
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        // redirects are followed by hand: credentials, schemes and hosts have rules
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(network.connect_timeout)
        .http1_max_headers(HEADERS)
        .http2_max_header_list_size(HEADER_BYTES)
        .tcp_nodelay(true);
    if loopback {
        // a proxy's loopback is another machine
        builder.no_proxy()
    } else {
        builder
    }
}

/// With the authorities that the user named for all hosts.
fn with_authorities(builder: ClientBuilder, network: &Network) -> Result<ClientBuilder, Fault> {
    let mut found = Vec::new();
    for path in &network.authorities {
        let pem = std::fs::read(path).map_err(|error| unusable(path, &error.to_string()))?;
        found.extend(authorities_of(path, &pem)?);
    }
    Ok(if found.is_empty() {
        builder
    } else {
        builder.tls_certs_merge(found)
    })
}

fn authorities_of(path: &std::path::Path, pem: &[u8]) -> Result<Vec<Certificate>, Fault> {
    Certificate::from_pem_bundle(pem)
        .ok()
        .filter(|found| !found.is_empty())
        .ok_or_else(|| unusable(path, "it holds no certificate in PEM form"))
}

fn with_certificates(
    builder: ClientBuilder,
    certificates: &HostCertificates,
) -> Result<ClientBuilder, Fault> {
    let mut authorities = Vec::new();
    for (path, pem) in &certificates.authorities {
        authorities.extend(authorities_of(path, pem)?);
    }
    let mut builder = builder;
    if !authorities.is_empty() {
        builder = builder.tls_certs_merge(authorities);
    }
    if let Some(client) = &certificates.client {
        let identity = Identity::from_pem(&client.pem).map_err(|_| {
            unusable(
                &client.path,
                "it and its key are no certificate and key in PEM form",
            )
        })?;
        builder = builder.identity(identity);
    }
    Ok(builder)
}

fn build(builder: ClientBuilder) -> Result<reqwest::Client, Fault> {
    builder.build().map_err(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        Fault::lasting(Problem::Settings {
            path: "TLS".to_owned(),
            why: cause.unwrap_or_else(|| "the certificates cannot be loaded".to_owned()),
        })
    })
}

fn unusable(path: &std::path::Path, why: &str) -> Fault {
    Fault::lasting(Problem::Settings {
        path: path.display().to_string(),
        why: why.to_owned(),
    })
}
