//! Hosts: what a name connects to, and where one may lead to.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use reqwest::Url;

use crate::transport::Problem;

/// A registry's host with its port, where it has one, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Host(String);

/// The scheme of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// As it is written before `://`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The scheme of `url`; nothing where it is another one.
    pub(super) fn of(url: &Url) -> Option<Self> {
        match url.scheme() {
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            _ => None,
        }
    }
}

/// Where an address lies, as far as its text tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// This machine: 127.0.0.0/8, `::1`, `localhost`.
    Loopback,
    /// Only on this link (169.254.0.0/16, fe80::/10), or no place at all (`0.0.0.0`).
    /// Machines in clouds find their own secrets there.
    LinkLocal,
    Elsewhere,
}

impl Host {
    /// The host of a reference.
    pub(super) fn new(host: &str) -> Self {
        Self(host.to_ascii_lowercase())
    }

    /// The host of an address, with its port where that is not the scheme's own.
    pub(super) fn of(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        Self(match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        })
    }

    /// As it is written in references, folders of certificates and auth files.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of `path` (which begins with a slash) at this host.
    ///
    /// # Errors
    /// Where the host is not one that addresses can hold.
    pub(super) fn url(&self, scheme: Scheme, path: &str) -> Result<Url, Problem> {
        let text = format!("{}://{}{path}", scheme.name(), self.connects_to());
        Url::parse(&text).map_err(|error| Problem::Address {
            why: format!("{:?} is not the name of a host: {error}", self.0),
        })
    }

    /// Whether it is this machine.
    pub(super) fn is_loopback(&self) -> bool {
        self.url(Scheme::Https, "/")
            .is_ok_and(|url| is_loopback(&url))
    }

    /// Docker Hub answers the API under another name than the one it is known by.
    fn connects_to(&self) -> &str {
        match self.0.as_str() {
            "docker.io" => "registry-1.docker.io",
            host => host,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `url` lies on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    place(url) == Place::Loopback
}

/// Whether an answer from `from` may send a request on to `to`. What comes from outside
/// must not reach what only this machine can see.
///
/// # Errors
/// Where it may not.
pub(super) fn may_lead(from: &Url, to: &Url) -> Result<(), Problem> {
    let allowed = match place(to) {
        Place::Elsewhere => true,
        Place::Loopback => place(from) == Place::Loopback,
        Place::LinkLocal => place(from) != Place::Elsewhere,
    };
    if allowed {
        Ok(())
    } else {
        let why = format!(
            "{} sends on to {}, which only this machine can reach",
            Host::of(from),
            Host::of(to)
        );
        Err(Problem::Address { why })
    }
}

/// Whether an address that a manifest on this machine names may be asked.
///
/// # Errors
/// Where it lies on this link alone: machines in clouds find their own secrets there.
pub(super) fn may_be_named(to: &Url) -> Result<(), Problem> {
    if place(to) != Place::LinkLocal {
        return Ok(());
    }
    let why = format!(
        "an address that the manifest names for it is at {}, which only this link can reach",
        Host::of(to)
    );
    Err(Problem::Address { why })
}

fn place(url: &Url) -> Place {
    let host = url.host_str().unwrap_or_default();
    if host.trim_end_matches('.').eq_ignore_ascii_case("localhost") {
        return Place::Loopback;
    }
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = match bare {
        Some(bare) => bare.parse::<Ipv6Addr>().map(IpAddr::V6),
        None => host.parse::<IpAddr>(),
    };
    match address.map(|address| address.to_canonical()) {
        Ok(address) if address.is_loopback() => Place::Loopback,
        Ok(address) if address.is_unspecified() => Place::LinkLocal,
        Ok(IpAddr::V4(address)) if address.is_link_local() => Place::LinkLocal,
        Ok(IpAddr::V6(address)) if address.is_unicast_link_local() => Place::LinkLocal,
        _ => Place::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_127_and_1_and_localhost() {
        for (host, expected) in [
            ("localhost", true),
            ("LOCALHOST:5000", true),
            ("127.0.0.1:5000", true),
            ("127.9.8.7", true),
            ("127.1:5000", true),
            ("[::1]:5000", true),
            ("[::ffff:127.0.0.1]:5000", true),
            ("localhost.example.com", false),
            ("127.0.0.1.example.com", false),
            ("notlocalhost:5000", false),
            ("10.0.0.1:5000", false),
            ("0.0.0.0:5000", false),
            ("[::2]", false),
        ] {
            assert_eq!(Host::new(host).is_loopback(), expected, "{host}");
        }
    }

    #[test]
    fn docker_hub_answers_under_another_name() {
        let url = Host::new("docker.io").url(Scheme::Https, "/v2/").unwrap();
        assert_eq!(url.as_str(), "https://registry-1.docker.io/v2/");
        let url = Host::new("quay.io:8443").url(Scheme::Http, "/v2/").unwrap();
        assert_eq!(url.as_str(), "http://quay.io:8443/v2/");
    }

    #[test]
    fn nothing_from_outside_leads_to_what_only_this_machine_sees() {
        let outside = "https://registry.example.com/v2/";
        let here = "http://127.0.0.1:5000/v2/";
        for (from, to, allowed) in [
            (outside, "https://storage.example.com/x", true),
            (outside, "https://10.1.2.3/x", true),
            (outside, "https://127.0.0.1/x", false),
            (outside, "https://localhost:8443/x", false),
            (outside, "https://[::1]/x", false),
            (outside, "https://2130706433/x", false),
            (outside, "https://169.254.169.254/latest", false),
            (outside, "https://[::ffff:169.254.169.254]/latest", false),
            (outside, "https://[fe80::1]/x", false),
            (outside, "https://0.0.0.0/x", false),
            (here, "http://localhost:5001/x", true),
            (here, "https://storage.example.com/x", true),
        ] {
            let (from, to) = (Url::parse(from).unwrap(), Url::parse(to).unwrap());
            assert_eq!(may_lead(&from, &to).is_ok(), allowed, "{from} to {to}");
        }
        for (to, allowed) in [
            ("https://storage.example.com/x", true),
            ("http://127.0.0.1:5000/x", true),
            ("https://169.254.169.254/latest", false),
            ("https://[fe80::1]/x", false),
        ] {
            let named = may_be_named(&Url::parse(to).unwrap());
            assert_eq!(named.is_ok(), allowed, "{to}");
        }
    }
}
