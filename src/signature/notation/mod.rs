//! Notation signatures (Notary Project): JWS and COSE envelopes, judged by Notation's own
//! trust policy and trust store.
//!
//! An [`Envelope`] is read, not believed: `verify` makes the checks one after the other,
//! from the bytes to the policy, and names what was expected and what was found. Lists of
//! revoked certificates are not fetched; where a certificate names one, the check says that
//! it was not made.

mod chain;
mod cose;
mod envelope;
mod jws;
mod manifest;
pub(super) mod timestamp;
mod trust_policy;
mod trust_store;
mod verify;

pub use chain::{ChainError, Purpose, check_chain};
pub use envelope::{Algorithm, Envelope, EnvelopeError, EnvelopeKind, PAYLOAD_TYPE, Scheme};
pub use manifest::{ARTIFACT_TYPE, ManifestError, SignatureManifest, THUMBPRINTS};
pub use timestamp::{Countersignature, TimestampError};
pub use trust_policy::{Action, Level, Statement, TrustPolicy, TrustPolicyError, VerifyTimestamp};
pub use trust_store::{StoreError, StoreKind, TrustStore};
pub use verify::{Trust, Verified, verify};
