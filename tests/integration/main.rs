//! All integration tests in one binary, a module an area: two cores link slowly.

mod archive;
mod cli;
mod copy;
#[cfg(unix)]
mod daemon;
mod directory;
mod edges;
mod engine;
mod fixtures;
mod fuzz;
mod hints;
mod layers;
mod layout;
mod locate;
mod model;
mod notation;
mod peers;
mod referrers;
mod registry;
mod signature;
mod signing;
mod simple;
mod support;
#[cfg(feature = "gui")]
mod views;
#[cfg(feature = "gui")]
mod window;
