//! Signing: keys, what each format signs, and the documents that it is written as.
//!
//! Nothing here reads or writes a place: what is made is plain bytes, and whoever asked for
//! them puts them where they belong.

mod cosign_key;
mod key;
mod openpgp;
mod private;

pub use cosign_key::CosignKeyError;
pub use key::{KeyImportError, SignError, Signer, SigningKey, sign_like_cosign};
pub use openpgp::OpenPgpKey;
pub use private::{KeyFacts, PrivateKey, describe_public, needs_passphrase};
