//! Signing: keys, what each format signs, and the documents that it is written as.
//!
//! Nothing here reads or writes a place: what is made is plain bytes, and whoever asked for
//! them puts them where they belong.

mod artifact;
mod bundle;
mod cosign;
mod cosign_key;
mod dsse;
mod fulcio;
mod key;
mod log;
mod notation;
mod openpgp;
mod pkcs8;
mod private;
mod proof;
mod statement;
mod timestamp;
mod token;

pub use artifact::{Artifact, artifact, blob};
pub use bundle::{BUNDLE, bundle, bundle_artifact};
pub use cosign::{append, attestation_layer, join, signature_layer};
pub use cosign_key::CosignKeyError;
pub use dsse::pae;
pub use fulcio::{
    CERTIFICATE_PATH, CertificateAnswerError, certificate_answer, certificate_request,
};
pub(super) use key::write_pem;
pub use key::{KeyImportError, SignError, Signer, SigningKey, sign_like_cosign};
pub use log::{LogError, LogVersion, Signed};
pub use notation::{NotationError, NotationRequest, NotationSignature, notation, notation_payload};
pub use openpgp::OpenPgpKey;
pub use private::{KeyFacts, PrivateKey, describe_public, needs_passphrase};
pub use proof::{Proof, Signatory};
pub use statement::{PredicateError, cosign_payload, signing_statement, statement};
pub use timestamp::{TimestampAnswerError, TimestampRequest};
pub use token::{TokenClaims, TokenError};
