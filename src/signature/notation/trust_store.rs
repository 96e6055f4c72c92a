//! The trust store: named sets of certificates, of three kinds
//! (trust-store-trust-policy.md, "Trust Store").

use std::collections::BTreeMap;

use crate::signature::x509::{Certificate, CertificateError};

/// What the certificates of a store are trusted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StoreKind {
    Ca,
    SigningAuthority,
    Tsa,
}

/// The stores that are there. Reading them is somebody else's business: this takes bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustStore {
    stores: BTreeMap<(StoreKind, String), Result<Vec<Certificate>, StoreError>>,
}

/// Why a store cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("the trust store {kind}:{name} is not there", kind = kind.name())]
    Missing { kind: StoreKind, name: String },
    #[error("the trust store {kind}:{name} has no certificate", kind = kind.name())]
    Empty { kind: StoreKind, name: String },
    #[error("{file} of the trust store: {why}")]
    File { file: String, why: CertificateError },
    #[error("{file} of the trust store: {subject} is neither an authority nor signed by itself")]
    NotRoot { file: String, subject: String },
    #[error("the trust store cannot be read: {0}")]
    NotRead(String),
}

impl StoreKind {
    /// The name in policies and folders.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::SigningAuthority => "signingAuthority",
            Self::Tsa => "tsa",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Ca, Self::SigningAuthority, Self::Tsa]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

impl TrustStore {
    /// Adds a store with its files, each by its name and content.
    pub fn add<'a>(
        &mut self,
        kind: StoreKind,
        name: &str,
        files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) {
        let read = read(kind, name, files);
        self.stores.insert((kind, name.to_owned()), read);
    }

    /// Adds a store that could not be read.
    pub fn add_problem(&mut self, kind: StoreKind, name: &str, why: String) {
        let key = (kind, name.to_owned());
        self.stores.insert(key, Err(StoreError::NotRead(why)));
    }

    /// Adds certificates that were chosen one by one, as the store of this name.
    pub fn add_certificates(
        &mut self,
        kind: StoreKind,
        name: &str,
        certificates: Vec<Certificate>,
    ) {
        self.stores
            .insert((kind, name.to_owned()), Ok(certificates));
    }

    /// The certificates of the named stores together.
    ///
    /// # Errors
    ///
    /// The first store that is not there or cannot be used: then none counts.
    pub fn certificates(
        &self,
        kind: StoreKind,
        names: &[&str],
    ) -> Result<Vec<Certificate>, StoreError> {
        let mut all = Vec::new();
        for name in names {
            match self.stores.get(&(kind, (*name).to_owned())) {
                Some(Ok(certificates)) => all.extend(certificates.iter().cloned()),
                Some(Err(why)) => return Err(why.clone()),
                None => {
                    let name = (*name).to_owned();
                    return Err(StoreError::Missing { kind, name });
                }
            }
        }
        Ok(all)
    }
}

fn read<'a>(
    kind: StoreKind,
    name: &str,
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Result<Vec<Certificate>, StoreError> {
    let mut all = Vec::new();
    for (file, bytes) in files {
        let file = || file.to_owned();
        let certificates = Certificate::all_from_file(bytes)
            .map_err(|why| StoreError::File { file: file(), why })?;
        for certificate in certificates {
            let is_root = match kind {
                StoreKind::Ca | StoreKind::SigningAuthority => {
                    certificate.is_authority() || certificate.is_self_signed()
                }
                StoreKind::Tsa => certificate.is_authority() && certificate.is_self_signed(),
            };
            if !is_root {
                let subject = certificate.subject.to_string();
                return Err(StoreError::NotRoot {
                    file: file(),
                    subject,
                });
            }
            all.push(certificate);
        }
    }
    if all.is_empty() {
        let name = name.to_owned();
        return Err(StoreError::Empty { kind, name });
    }
    Ok(all)
}
