//! How a registry wants to know who asks, by the challenges of its answer.

use reqwest::Url;
use reqwest::header::HeaderMap;

use crate::transport::Problem;

use super::super::address::{self, Host};
use super::super::fault::Fault;
use super::super::http::Http;
use super::challenge::Challenge;
use super::token::Realm;

/// How a registry wants to know who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Basic,
    Bearer(Realm),
}

/// An answer that wants to know who asks.
pub(in crate::transport::registry) struct Demand<'a> {
    pub(in crate::transport::registry) headers: &'a HeaderMap,
    /// The address that gave it.
    pub(in crate::transport::registry) url: &'a Url,
    /// What it says about it.
    pub(in crate::transport::registry) message: &'a str,
}

impl Method {
    /// The method that `demand` asks for: tokens where it takes them, else name and password.
    pub(super) fn wanted(demand: &Demand<'_>, http: &Http) -> Result<Self, Fault> {
        let challenges = Challenge::of(demand.headers);
        let by = |scheme: &str| {
            challenges
                .iter()
                .find(|challenge| challenge.scheme == scheme)
        };
        if let Some(bearer) = by("bearer") {
            return realm(bearer, demand.url, http).map(Self::Bearer);
        }
        if by("basic").is_some() {
            return Ok(Self::Basic);
        }
        let message = demand.message.to_owned();
        if challenges.is_empty() {
            return Err(Problem::Unauthorized {
                status: 401,
                message,
            }
            .into());
        }
        let schemes: Vec<_> = challenges
            .iter()
            .take(4)
            .map(|c| c.scheme.as_str())
            .collect();
        Err(Fault::protocol(format!(
            "it wants a login by {}, and Basic and Bearer are known here",
            schemes.join(", ")
        )))
    }
}

/// The scopes that the challenges of `demand` name, each on its own.
pub(super) fn scopes(demand: &Demand<'_>) -> Vec<String> {
    let challenges = Challenge::of(demand.headers);
    let bearer = challenges.iter().filter(|c| c.scheme == "bearer");
    let named = bearer.filter_map(|challenge| challenge.parameter("scope"));
    let split = named.flat_map(|scopes| scopes.split([' ', '\t']));
    // one that is longer or has other characters is none
    let is_scope = |scope: &&str| {
        !scope.is_empty() && scope.len() <= 512 && scope.bytes().all(|b| b.is_ascii_graphic())
    };
    split.filter(is_scope).map(ToOwned::to_owned).collect()
}

/// The realm of a challenge that `from` gave. Credentials go there, so that it must be
/// https; plain http only from this machine to this machine, or from a registry that the
/// user allowed plain http for to a host of that kind.
fn realm(challenge: &Challenge, from: &Url, http: &Http) -> Result<Realm, Fault> {
    let text = challenge.parameter("realm").unwrap_or_default();
    let url: Url = text.parse().map_err(|_| {
        let shown: String = text.chars().take(100).collect();
        Fault::protocol(format!("its token service {shown:?} is not an address"))
    })?;
    address::may_lead(from, &url)?;
    let same_machine = address::is_loopback(from) && address::is_loopback(&url);
    let allowed = match url.scheme() {
        "https" => true,
        "http" if same_machine => true,
        "http" => from.scheme() == "http" && http.may_be_plain(&Host::of(&url)),
        _ => false,
    };
    if !allowed {
        let why = format!(
            "its token service {}://{} is not reached by https",
            url.scheme(),
            Host::of(&url)
        );
        return Err(Problem::Address { why }.into());
    }
    Ok(Realm {
        url,
        service: challenge.parameter("service").map(ToOwned::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Network;
    use reqwest::header::WWW_AUTHENTICATE;

    fn wanted(from: &str, challenges: &[&str]) -> Result<Method, Problem> {
        let network = Network {
            plain_http: vec!["reg.lan:5000".to_owned(), "auth.lan".to_owned()],
            ..Network::default()
        };
        let mut headers = HeaderMap::new();
        for challenge in challenges {
            headers.append(WWW_AUTHENTICATE, challenge.parse().unwrap());
        }
        let demand = Demand {
            headers: &headers,
            url: &from.parse().unwrap(),
            message: "why",
        };
        Method::wanted(&demand, &Http::new(network)).map_err(|fault| fault.problem)
    }

    #[test]
    fn tokens_come_before_passwords() {
        let from = "https://registry.example.com/v2/";
        let bearer = r#"Bearer realm="https://auth.example.com/token",service="s""#;
        let realm = Realm {
            url: "https://auth.example.com/token".parse().unwrap(),
            service: Some("s".to_owned()),
        };
        let tokens = Ok(Method::Bearer(realm));
        let basic = r#"Basic realm="x""#;
        assert_eq!(wanted(from, &[bearer]), tokens);
        assert_eq!(wanted(from, &[basic, bearer]), tokens);
        assert_eq!(wanted(from, &[basic]), Ok(Method::Basic));
        assert_eq!(wanted(from, &["Negotiate", basic]), Ok(Method::Basic));
        assert!(matches!(
            wanted(from, &["Negotiate"]),
            Err(Problem::Protocol { .. })
        ));
        assert!(matches!(
            wanted(from, &[]),
            Err(Problem::Unauthorized { .. })
        ));
    }

    #[test]
    fn the_realm_is_https_unless_the_user_or_loopback_says_otherwise() {
        let outside = "https://registry.example.com/v2/";
        let here = "http://127.0.0.1:5000/v2/";
        let here_tls = "https://localhost:5000/v2/";
        let lan = "http://reg.lan:5000/v2/";
        for (from, realm, allowed) in [
            (outside, "https://auth.example.com/token", true),
            (outside, "http://auth.example.com/token", false),
            // plain http was allowed for that host, but this registry speaks https
            (outside, "http://auth.lan/token", false),
            (outside, "https://127.0.0.1/token", false),
            (outside, "http://127.0.0.1:5001/token", false),
            (here, "http://127.0.0.1:5001/token", true),
            (here, "http://localhost:5001/token", true),
            (here, "https://auth.example.com/token", true),
            (here, "http://auth.example.com/token", false),
            (here_tls, "http://127.0.0.1:5001/token", true),
            (lan, "http://auth.lan/token", true),
            (lan, "http://reg.lan:5000/token", true),
            (lan, "http://other.lan/token", false),
            (lan, "http://127.0.0.1:5001/token", false),
            (outside, "ftp://auth.example.com/token", false),
            (outside, "/token", false),
            (outside, "", false),
        ] {
            let challenge = format!(r#"Bearer realm="{realm}",service="s""#);
            let found = wanted(from, &[&challenge]);
            assert_eq!(found.is_ok(), allowed, "{from}: {realm}: {found:?}");
        }
    }
}
