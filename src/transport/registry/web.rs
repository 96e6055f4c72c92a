//! Plain files of the web that are no part of a registry: signatures in a lookaside, a TUF
//! repository. They are asked for without credentials.

use bytes::Bytes;
use reqwest::{Method, Url};

use crate::transport::{Problem, TransportError};

use super::address::Host;
use super::auth::Scope;
use super::client::{Client, Request};
use super::fault::Fault;
use super::outgoing::Sent;

impl Client {
    /// What lies at an address, at most `limit` bytes of it; nothing where the server says
    /// that it has nothing there. Plain http is spoken on this machine, and to hosts that
    /// the user allowed it for.
    ///
    /// # Errors
    /// Where the address is none, the server cannot be reached, refuses, or sends more.
    pub async fn fetch(&self, address: &str, limit: u64) -> Result<Option<Bytes>, TransportError> {
        let fetched = self.file(address, limit, &[404, 403]).await;
        fetched.map_err(|problem| TransportError::new("file", address, problem))
    }

    /// The same; these statuses mean that nothing is there.
    pub(super) async fn file(
        &self,
        address: &str,
        limit: u64,
        nothing: &[u16],
    ) -> Result<Option<Bytes>, Problem> {
        let url = Url::parse(address).map_err(|error| Problem::Address {
            why: format!("{address} is no address: {error}"),
        })?;
        let request = Request {
            host: Host::of(&url),
            method: Method::GET,
            path: String::new(),
            headers: Default::default(),
            scope: Scope::pull(""),
            body: Sent::Nothing,
            elsewhere: Some(url),
        };
        match self.whole(&request, limit).await {
            Ok(whole) => Ok(Some(whole.body)),
            Err(Fault {
                status: Some(status),
                ..
            }) if nothing.contains(&status) => Ok(None),
            Err(fault) => Err(fault.problem),
        }
    }
}
