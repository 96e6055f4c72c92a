//! Certificates, the keys in them and the names on them (RFC 5280), as far as signatures
//! need them. Which certificates are allowed where is said by each format.

mod certificate;
pub(crate) mod der;
mod key;
mod name;

pub use certificate::{Certificate, CertificateError, Extension, certificate_algorithm};
#[cfg(test)]
pub(crate) use key::RSA;
pub use key::{Form, Hash, KeyError, KeyKind, PublicKey};
pub(crate) use key::{RSA_BITS, pkcs8_rsa_bits, rsa_private_key_bits};
pub use name::{DistinguishedName, NameError};
