//! Logging in: asking a registry whether it takes a name and password.

use reqwest::header::HeaderMap;

use crate::config::Credentials;
use crate::transport::{Problem, Security, TransportError};

use super::address::Host;
use super::auth::{Demand, Scope};
use super::client::Client;
use super::fault::Fault;
use super::http::Ask;
use super::status;

/// The address that every registry answers at: distribution-spec, "Determining Support".
const PING: &str = "/v2/";

impl Client {
    /// Asks `registry` (a host, or a host with a path) whether it takes `credentials`, and
    /// gives how it was reached. Nothing is kept.
    ///
    /// # Errors
    /// Where it does not take them, is no registry, cannot be reached, or lets everybody in
    /// without asking, so that nothing can be checked.
    pub async fn check_login(
        &self,
        registry: &str,
        credentials: Credentials,
    ) -> Result<Security, TransportError> {
        let (host, path) = registry.split_once('/').unwrap_or((registry, ""));
        let scope = if path.is_empty() {
            Scope::login()
        } else {
            Scope::pull(path)
        };
        let checked = self.checked(&Host::new(host), &scope, credentials).await;
        checked.map_err(|fault| {
            let mut error = TransportError::new("login", registry, fault.problem);
            error.more().details = fault.told.map(|told| told.details).unwrap_or_default();
            error
        })
    }

    async fn checked(
        &self,
        host: &Host,
        scope: &Scope,
        credentials: Credentials,
    ) -> Result<Security, Fault> {
        let http = self.http();
        let mut ask = Ask::get(HeaderMap::new());
        let answer = http.at_host(host, PING, &ask).await?;
        if answer.status().is_success() {
            return Err(if status::is_web_page(answer.headers()) {
                Fault::protocol("it sent a page for people where a registry says that it is one")
            } else {
                Problem::NoLogin.into()
            });
        }
        if answer.status() != 401 {
            let fault = status::fault(answer).await;
            return Err(match fault.problem {
                Problem::NotFound => {
                    Fault::protocol("it answered 404 to /v2/, which every registry has")
                }
                _ => fault,
            });
        }
        let security = answer.security;
        let url = answer.url().clone();
        let (headers, body) = answer.error_body().await;
        let demand = Demand {
            headers: &headers,
            url: &url,
            message: &body.message,
        };
        let pass = self
            .auth()
            .try_credentials(host, scope, &demand, credentials);
        let pass = pass.await?;
        ask.authorization = Some(pass.header.clone());
        let answer = http.at_host(host, PING, &ask).await?;
        if answer.status().is_success() {
            return Ok(security);
        }
        if answer.status() == 401 {
            let (_, body) = answer.error_body().await;
            return Err(pass.refused(body.message));
        }
        Err(status::fault(answer).await)
    }

    /// Forgets every token for `registry`: somebody logged in or out.
    pub fn forget_login(&self, registry: &str) {
        let host = registry.split('/').next().unwrap_or(registry);
        self.auth().forget(&Host::new(host));
    }
}
