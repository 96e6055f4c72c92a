//! Which scheme a host is spoken to with: https, and plain http only where the user said
//! so or on this machine.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::transport::Security;

use super::address::{Host, Scheme};
use super::pool::Trust;

/// The way to speak to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// https, and nothing else.
    Https,
    /// https, and plain http where the answer is not TLS: this machine.
    HttpsFirst,
    /// https with whatever certificate, and plain http where that is not to be had: the
    /// user called the host insecure.
    Insecure,
    /// Plain http: the user said so, or it was found to answer without TLS.
    Http,
}

/// The plan for a host that was not spoken to yet.
///
/// A folder of certificates says that the host is meant to be spoken to with TLS. What the
/// user allowed plain http for is asked by it at once.
pub(super) fn plan(
    host: &Host,
    plain_http: &[String],
    has_certificates: bool,
    trust: Trust,
) -> Plan {
    if plain_http.iter().any(|allowed| Host::new(allowed) == *host) {
        Plan::Http
    } else if trust == Trust::Insecure {
        Plan::Insecure
    } else if trust == Trust::Unverified {
        Plan::Https
    } else if host.is_loopback() && !has_certificates {
        Plan::HttpsFirst
    } else {
        Plan::Https
    }
}

/// How far a way by plain http can be trusted.
pub(super) fn plain_security(host: &Host) -> Security {
    if host.is_loopback() {
        Security::HttpLoopback
    } else {
        Security::HttpAllowed
    }
}

/// What was found out about hosts, so that it is not found out twice.
#[derive(Debug, Default)]
pub(super) struct Found(Mutex<HashMap<Host, Scheme>>);

impl Found {
    /// `planned`, or what was found out since.
    pub(super) fn settle(&self, host: &Host, planned: Plan) -> Plan {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (planned, found.get(host)) {
            (Plan::HttpsFirst | Plan::Insecure, Some(Scheme::Http)) => Plan::Http,
            (Plan::HttpsFirst, Some(Scheme::Https)) => Plan::Https,
            _ => planned,
        }
    }

    /// The host answered by `scheme`.
    pub(super) fn remember(&self, host: &Host, scheme: Scheme) {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if found.get(host) != Some(&scheme) {
            found.insert(host.clone(), scheme);
        }
    }

    /// The host could not be spoken to as it could before; perhaps another server is there.
    pub(super) fn forget(&self, host: &Host) {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.remove(host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_only_where_allowed_or_on_this_machine() {
        let allowed = ["reg.lan:5000".to_owned(), "Other.LAN".to_owned()];
        for (host, certificates, expected) in [
            ("registry.example.com", false, Plan::Https),
            ("10.0.0.1:5000", false, Plan::Https),
            ("reg.lan:5000", false, Plan::Http),
            ("reg.lan", false, Plan::Https),
            ("reg.lan:5001", false, Plan::Https),
            ("other.lan", false, Plan::Http),
            ("localhost:5000", false, Plan::HttpsFirst),
            ("127.0.0.1:5000", false, Plan::HttpsFirst),
            ("[::1]:5000", false, Plan::HttpsFirst),
            ("localhost:5000", true, Plan::Https),
            ("registry.example.com", true, Plan::Https),
        ] {
            assert_eq!(
                plan(&Host::new(host), &allowed, certificates, Trust::Verified),
                expected,
                "{host}"
            );
        }
        for (host, trust, expected) in [
            ("reg.lan:5000", Trust::Insecure, Plan::Http),
            ("registry.example.com", Trust::Insecure, Plan::Insecure),
            ("registry.example.com", Trust::Unverified, Plan::Https),
            ("localhost:5000", Trust::Insecure, Plan::Insecure),
        ] {
            let found = plan(&Host::new(host), &allowed, false, trust);
            assert_eq!(found, expected, "{host}");
        }
    }

    #[test]
    fn what_was_found_counts_until_it_is_forgotten() {
        let (found, host) = (Found::default(), Host::new("localhost:5000"));
        assert_eq!(found.settle(&host, Plan::HttpsFirst), Plan::HttpsFirst);
        found.remember(&host, Scheme::Http);
        assert_eq!(found.settle(&host, Plan::HttpsFirst), Plan::Http);
        // a folder of certificates came since: never by plain http
        assert_eq!(found.settle(&host, Plan::Https), Plan::Https);
        found.remember(&host, Scheme::Https);
        assert_eq!(found.settle(&host, Plan::HttpsFirst), Plan::Https);
        found.forget(&host);
        assert_eq!(found.settle(&host, Plan::HttpsFirst), Plan::HttpsFirst);
    }
}
