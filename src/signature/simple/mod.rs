//! Simple signing of containers/image: an OpenPGP message around a small JSON text
//! (containers-signature.5.md).
//!
//! What is signed is read only after the signature fits (signing.md, pitfall 21), and then
//! strictly: nothing twice, nothing that is not known.

mod claim;
mod identity;
mod keyring;
mod message;
mod verify;

pub use claim::{Claim, ClaimError};
pub use identity::{SignedIdentity, Unmatched};
pub use keyring::{Keyring, KeyringError, Objection};
pub use message::{MessageError, Opened, open};
pub use verify::{Trust, Verified, verify};
