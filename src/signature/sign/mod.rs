//! Keys that sign. Making signatures of each format, and writing them, is not here yet.

mod cosign_key;
mod key;

pub use cosign_key::CosignKeyError;
pub use key::{KeyImportError, SignError, Signer, SigningKey};
