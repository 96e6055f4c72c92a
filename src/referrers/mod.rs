//! What points at an image: signatures, SBOMs, attestations, and what points at those.
//!
//! [`search()`] asks a place for the referrers of one manifest, reads each, and asks for the
//! referrers of those in turn, the nearest first. It is a stream of ever fuller trees:
//! whoever stops listening stops the asking.
//!
//! A place is not believed: what a referrer is, and what it refers to, only its manifest
//! says. One that is listed for this image and names another is shown as that.

mod facts;
mod search;
mod tree;

pub use search::{Manifests, Search, search};
pub use tree::{Below, Referrer, ReferrerState, ReferrerTree, Subject};
