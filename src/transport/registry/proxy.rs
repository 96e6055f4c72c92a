//! Proxies: reqwest finds and uses them; what is said of their failures names them.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;

use crate::transport::Problem;

use super::address::{self, Host};

/// The proxy by which the environment or the system lets `url` be reached, as host and port;
/// nothing where it is reached without one, as this machine always is.
fn proxy_of(url: &Url) -> Option<Host> {
    if address::is_loopback(url) {
        return None;
    }
    let found = Matcher::from_system().intercept(&url.as_str().parse().ok()?)?;
    // an address of a proxy may hold a password
    Some(Host::of(&found.uri().to_string().parse().ok()?))
}

/// Adds to a failure to reach `url` by which proxy that was tried.
pub(super) fn named(problem: Problem, url: &Url) -> Problem {
    match problem {
        Problem::Unreachable { why } => Problem::Unreachable {
            why: match proxy_of(url) {
                Some(proxy) => format!("through the proxy {proxy}: {why}"),
                None => why,
            },
        },
        other => other,
    }
}
