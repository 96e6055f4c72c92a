//! Porthole looks inside container images, proves who vouches for them, signs them and
//! moves them. `ARCHITECTURE.md` is the map; dependencies point down this list only:
//!
//! - [`model`]: the words of the domain, no I/O
//! - [`config`]: settings from files, no network
//! - [`diagnostics`]: the log and a report without secrets
//! - [`store`]: the cache by digest
//! - [`transport`]: where images live
//! - [`referrers`]: what points at an image
//! - [`signature`]: formats, verification, policy
//! - [`layer`]: what is in layers
//! - [`diff`]: two images
//! - [`engine`]: all of it in the background
//! - `ui` and [`cli`]: two faces over the engine

pub mod cli;
pub mod config;
pub mod copy;
pub mod diagnostics;
pub mod diff;
pub mod engine;
pub mod export;
pub mod layer;
pub mod model;
pub mod referrers;
pub mod services;
pub mod signature;
pub mod store;
pub mod transport;
#[cfg(feature = "gui")]
pub mod ui;

/// Takes memory back clean, once there was a secret.
#[global_allocator]
static ALLOCATOR: model::wiping::Wiping = model::wiping::Wiping;
