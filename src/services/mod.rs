//! The services that are asked when something is signed: who knows an identity (OpenID
//! Connect), who certifies a key for it (Fulcio), who says when (RFC 3161), and the log
//! (Rekor).
//!
//! Each is asked for one thing, over the program's only client, and again only where that
//! does nothing twice. What they answer is put into form here;
//! [`signature`](crate::signature) says what it proves.

mod ambient;
mod authority;
mod browser;
mod discovery;
mod endpoints;
mod landing;
mod log;
mod timestamp;

use std::time::Duration;

use zeroize::Zeroizing;

use crate::config::Secret;
use crate::model::wiping;
use crate::transport::registry::{Answered, Client, Message, Within};

pub use ambient::ambient_token;
pub use authority::certificate;
pub use browser::BrowserSignIn;
pub use endpoints::{Endpoints, EndpointsError, LogEndpoint, WantedServices};
pub use log::log_entry;
pub use timestamp::timestamp;

/// What tokens have to be for, and what this program is called at an issuer, where nothing
/// else is said: Sigstore's own services take no other.
pub const AUDIENCE: &str = "sigstore";

/// What is waited for of a service's answer. A log of version 2 answers when the entry is in
/// it, which takes up to 20 seconds.
const WITHIN: Within = Within {
    bytes: 4 << 20,
    time: Duration::from_secs(60),
};

/// What a service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ServiceRole {
    /// Knows who somebody is (OpenID Connect).
    Issuer,
    /// Certifies a key for an identity (Fulcio).
    Certificates,
    /// Says when a signature was there (RFC 3161).
    Timestamps,
    /// Keeps a public list of signatures (Rekor).
    Log,
}

/// A service that did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {role} at {address}: {why}")]
pub struct ServiceError {
    pub role: ServiceRole,
    /// Its address, without what a question added to it.
    pub address: String,
    /// What was wrong; never a token.
    pub why: String,
    /// What to try.
    pub hint: String,
    /// Whether it may have done what it was asked for all the same: it did not say.
    pub in_doubt: bool,
}

impl ServiceError {
    fn new(role: ServiceRole, address: &str, why: impl ToString, hint: &str) -> Self {
        Self {
            role,
            address: address.split('?').next().unwrap_or_default().to_owned(),
            why: why.to_string(),
            hint: hint.to_owned(),
            in_doubt: false,
        }
    }

    /// It may have done what it was asked for all the same.
    fn in_doubt(mut self, in_doubt: bool) -> Self {
        self.in_doubt = in_doubt;
        self
    }

    /// An answer that is not what the service's protocol says.
    fn protocol(role: ServiceRole, address: &str, why: impl ToString) -> Self {
        let hint = "Check the address, and that it is of this kind of service";
        Self::new(role, address, why, hint).in_doubt(true)
    }
}

impl std::fmt::Display for ServiceRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Issuer => "identity service",
            Self::Certificates => "certificate authority",
            Self::Timestamps => "timestamp authority",
            Self::Log => "transparency log",
        })
    }
}

/// One service at one address.
struct Service<'a> {
    role: ServiceRole,
    client: &'a Client,
    /// Shown in errors.
    address: &'a str,
}

impl Service<'_> {
    /// The body of its answer to `message` at `path` under its address, wiped when it is
    /// dropped. `secret` is what no error may repeat.
    async fn ask(
        &self,
        path: &str,
        message: &Message,
        token: Option<&Secret>,
        accept: &'static str,
        secret: Option<&Secret>,
    ) -> Result<Zeroizing<Vec<u8>>, ServiceError> {
        let answered = self.answered(path, message, token, accept).await?;
        self.body(answered, [token, secret])
    }

    /// Its answer, a success or not.
    async fn answered(
        &self,
        path: &str,
        message: &Message,
        token: Option<&Secret>,
        accept: &'static str,
    ) -> Result<Answered, ServiceError> {
        // messages and answers hold tokens, and pass through the buffers of the connection
        wiping::from_now_on();
        let url = format!("{}{path}", self.address);
        let asked = self.client.ask(&url, message, token, accept, WITHIN);
        asked.await.map_err(|unanswered| {
            let hint = unanswered.error.hint();
            let failed = self.failed(unanswered.error.problem, &hint);
            failed.in_doubt(unanswered.sent)
        })
    }

    /// The body of a success.
    fn body(
        &self,
        answered: Answered,
        secrets: [Option<&Secret>; 2],
    ) -> Result<Zeroizing<Vec<u8>>, ServiceError> {
        if answered.is_success() {
            return Ok(answered.body);
        }
        let status = answered.status;
        let mut why = format!("it refused ({status})");
        let mut secrets = secrets.into_iter().flatten();
        if !answered.said.is_empty() && !secrets.any(|secret| repeats(&answered.said, secret)) {
            why = format!("{why}: {}", answered.said);
        }
        let failed = self.failed(why, self.refusal_hint(status));
        Err(failed.in_doubt(answered.in_doubt))
    }

    const fn refusal_hint(&self, status: u16) -> &'static str {
        match (self.role, status) {
            (_, 429 | 500..=599) => "Try again later, or ask whoever runs it",
            (_, 404 | 405) => "Check the address, and that it is of this kind of service",
            (ServiceRole::Issuer, _) => {
                "Check whether the issuer knows this program (--oidc-client-id)"
            }
            (ServiceRole::Certificates, _) => {
                "Get a new token; check that this authority accepts its issuer"
            }
            (ServiceRole::Log, _) => "Ask whoever runs the log what it takes",
            (ServiceRole::Timestamps, _) => "Ask whoever runs the authority what it takes",
        }
    }

    fn failed(&self, why: impl ToString, hint: &str) -> ServiceError {
        ServiceError::new(self.role, self.address, why, hint)
    }

    fn protocol(&self, why: impl ToString) -> ServiceError {
        ServiceError::protocol(self.role, self.address, why)
    }
}

/// Whether `said` repeats the beginning of a part of the secret: an answer is cut where it is
/// long.
fn repeats(said: &str, secret: &Secret) -> bool {
    let parts = secret.expose().split('.').filter(|part| !part.is_empty());
    let mut beginnings = parts.map(|part| part.get(..16).unwrap_or(part));
    beginnings.any(|beginning| said.contains(beginning))
}

/// `address` without slashes at its end: paths are added to it.
fn trimmed(address: &str) -> &str {
    address.trim_end_matches('/')
}
