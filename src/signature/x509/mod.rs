//! Certificates, the keys in them and the names on them (RFC 5280), as far as signatures
//! need them. Which certificates are allowed where is said by each format.

mod certificate;
pub(crate) mod der;
mod key;
mod name;

pub use certificate::{Certificate, CertificateError, Extension, certificate_algorithm};
pub use key::{Form, Hash, KeyError, KeyKind, PublicKey};
pub use name::{DistinguishedName, NameError};
