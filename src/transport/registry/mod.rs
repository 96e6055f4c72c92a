//! Registries, over the distribution API.
//!
//! From the outside in: [`RegistrySource`] answers for one image; `manifest`, `blob`,
//! `tag` and `referrer` know one verb each and check what comes; [`RegistryDestination`]
//! writes by `upload`, `put`, `fallback` and `delete`; `page` turns pages; `client` adds authentication and the one
//! retry rule; `http` makes one exchange, chooses the scheme and follows redirects; `pool`
//! holds the connections, `hosts` counts the requests and waits. `auth` is the only place that sees a password.

mod address;
mod answer;
mod auth;
mod blob;
mod catalog;
mod client;
mod delete;
mod destination;
mod edit;
mod error_body;
mod extension;
mod fallback;
mod fault;
#[doc(hidden)]
pub mod fuzz;
mod greeting;
mod hosts;
mod http;
mod login;
mod lookaside;
mod manifest;
mod near;
mod outgoing;
mod page;
mod pool;
mod proxy;
mod put;
mod referrer;
mod retry;
mod scheme;
mod session;
mod source;
mod status;
mod tag;
mod unfinished;
mod upload;
mod web;

pub use catalog::{Names, catalog, catalog_as_it_comes, tags, tags_as_they_come};
pub use client::Client;
pub use destination::RegistryDestination;
pub use hosts::Waiting;
pub use source::RegistrySource;
pub use web::{Answered, Message, Repeat, Unanswered, Within, form};
