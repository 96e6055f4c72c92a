//! What vouches for an image: found, verified, and judged by a policy that the user chose.
//!
//! Three steps, each of its own:
//! 1. [`discover()`] asks a place for everything that is signed or stated about one manifest
//!    and gives a list of [`Found`]: what is there, with claims that nobody has checked.
//! 2. A format's own module verifies one [`Found`] against trust that is given as plain data
//!    and gives a [`SignatureReport`]: a line for every [`Check`], with what was expected
//!    and what was found.
//! 3. A policy decides: [`SubjectReport`] and its [`Verdict`].
//!
//! Nothing here is green without a policy: a signature that verifies and that no signer of
//! a policy stands for is *not judged*. One bad signature neither vetoes nor helps.

mod check;
mod discover;
mod file;
mod found;
pub mod json;
mod listed;
pub mod notation;
pub mod policy;
mod report;
mod report_json;
mod report_page;
pub mod sign;
pub mod sigstore;
pub mod simple;
mod trust;
mod verify;
pub mod x509;

pub use check::{Check, CheckKind, Outcome};
pub use discover::{Discovered, Discovery, discover};
pub use file::{Attachment, SignatureFile};
pub use found::{Claims, Format, Found, Place, Statement, Subject};
pub use listed::{Unclear, images};
pub use report::{
    Authenticated, Judgement, ProvenTime, RootUsed, SignatureReport, SignerFacts, SubjectReport,
    TimeSource, Verdict,
};
pub use report_page::page;
pub use sigstore::{PUBLIC_GOOD, TrustRoot};
pub use trust::{NotationTrust, SignedBy, Signer, Trust};
pub use verify::verify;
