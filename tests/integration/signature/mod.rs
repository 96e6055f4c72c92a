//! What vouches for an image: the formats of cosign and Sigstore, the policy, the verdict.

mod apart;
mod bad;
mod cli;
mod containers;
mod entries;
pub mod fixtures;
mod formats;
mod forms;
mod import;
mod import_cli;
mod import_kinds;
mod kinds;
mod listed;
pub mod made;
mod made_log;
mod mutation;
mod offline;
mod peers;
mod pitfalls;
mod places;
mod policy;
mod refused;
mod roots;
mod taken;
mod unread;
