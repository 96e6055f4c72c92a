//! What the tests of several areas need.

pub mod archive;
#[cfg(unix)]
pub mod engine;
pub mod layout;
pub mod mutants;
pub mod openpgp;
pub mod peers;
pub mod proxy;
pub mod referrer;
pub mod registry;
pub mod schema1;
pub mod sigstore;
#[cfg(feature = "gui")]
pub mod snapshots;
pub mod watch;
pub mod wire;
