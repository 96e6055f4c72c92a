//! Registries, over the distribution API.
//!
//! From the outside in: [`RegistrySource`] answers for one image; `manifest`, `blob`,
//! `tag` and `referrer` know one verb each and check what comes; `page` turns pages; `client` adds authentication and the one
//! retry rule; `http` makes one exchange, chooses the scheme and follows redirects; `pool`
//! holds the connections. `auth` is the only place that sees a password.

mod address;
mod answer;
mod auth;
mod blob;
mod client;
mod error_body;
mod fault;
mod http;
mod manifest;
mod page;
mod pool;
mod referrer;
mod retry;
mod scheme;
mod source;
mod status;
mod tag;

pub use client::Client;
pub use source::RegistrySource;
