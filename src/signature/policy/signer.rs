//! A signer of Porthole's own policy: one of a public key, an identity with its issuer,
//! authorities of one's own, Notation's stores or certificates, OpenPGP keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::Files;
use crate::signature::notation::{Statement, TrustStore};
use crate::signature::sigstore::{Authorities, IdentityRule, Pattern, PublicKey};
use crate::signature::simple::{Keyring, SignedIdentity};
use crate::signature::trust::{NotationTrust, SignedBy, Signer};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileSigner {
    pub(super) name: String,
    key: Option<String>,
    key_file: Option<String>,
    identity: Option<String>,
    identity_regexp: Option<String>,
    issuer: Option<String>,
    issuer_regexp: Option<String>,
    authorities: Option<String>,
    authorities_file: Option<String>,
    openpgp: Option<String>,
    openpgp_file: Option<String>,
    notation: Option<FileNotation>,
    signed_name: Option<String>,
    log: Option<bool>,
}

/// What a statement of Notation's trust policy says, without its scopes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileNotation {
    /// `ca:NAME`, `signingAuthority:NAME`, `tsa:NAME`, of Notation's trust store.
    #[serde(default)]
    stores: Vec<String>,
    /// Certificates in PEM instead, as a store of the type `ca`.
    certificates: Option<String>,
    certificates_file: Option<String>,
    /// `x509.subject: C=…, ST=…, O=…`, or `*`.
    identities: Vec<String>,
    level: Option<String>,
    #[serde(default, rename = "override")]
    overridden: BTreeMap<String, String>,
    timestamp: Option<String>,
}

/// The store that certificates given in the policy itself are.
const OWN_STORE: &str = "policy";

impl FileSigner {
    pub(super) fn read(self, files: &dyn Files) -> Result<Signer, String> {
        let text = |inline: Option<String>, file: Option<String>| text(inline, file, files);
        let key = text(self.key, self.key_file)?;
        let authorities = text(self.authorities, self.authorities_file)?;
        let openpgp = text(self.openpgp, self.openpgp_file)?;
        let identity = pattern(self.identity, self.identity_regexp, "identity")?;
        let issuer = pattern(self.issuer, self.issuer_regexp, "issuer")?;
        let ways = [
            key.is_some(),
            authorities.is_some(),
            openpgp.is_some(),
            self.notation.is_some(),
            issuer.is_some() || (identity.is_some() && authorities.is_none()),
        ];
        match ways.iter().filter(|way| **way).count() {
            0 => {
                return Err(
                    "it says nothing of how it signs: key, identity, authorities, notation or openpgp"
                        .to_owned(),
                );
            }
            1 => {}
            _ => {
                return Err(
                    "it signs in one way only: key, identity, authorities, notation or openpgp"
                        .to_owned(),
                );
            }
        }
        let by = if let Some(pem) = key {
            SignedBy::Key(PublicKey::from_pem(&pem).map_err(|error| error.to_string())?)
        } else if let Some(pem) = authorities {
            let pem = String::from_utf8(pem).map_err(|error| error.to_string())?;
            let authorities = Authorities::from_pem(&pem, "", identity);
            SignedBy::Authorities(authorities.ok_or("its authorities are no certificates in PEM")?)
        } else if let Some(keys) = openpgp {
            SignedBy::OpenPgp(Arc::new(
                Keyring::read(&keys).map_err(|error| error.to_string())?,
            ))
        } else if let Some(notation) = self.notation {
            SignedBy::Notation(Arc::new(notation.read(&self.name, files)?))
        } else {
            match (identity, issuer) {
                (Some(identity), Some(issuer)) => {
                    SignedBy::Identity(IdentityRule { identity, issuer })
                }
                (Some(_), None) => {
                    return Err(
                        "an identity counts only with an issuer: who vouches for it".to_owned()
                    );
                }
                _ => return Err("an issuer without an identity would be anybody".to_owned()),
            }
        };
        let mut signer = Signer::new(self.name, by);
        // what could not be held to is not taken in silence
        let logged = matches!(signer.by, SignedBy::Key(_) | SignedBy::Identity(_));
        if self.log == Some(true) && !logged {
            return Err("log = true counts for keys and identities only".to_owned());
        }
        signer.log = self.log.unwrap_or(signer.log);
        if self.signed_name.is_some() && matches!(signer.by, SignedBy::Notation(_)) {
            return Err(
                "signatures of Notation name no image: signed_name cannot be asked for".to_owned(),
            );
        }
        let name = self.signed_name.as_deref().map(SignedIdentity::read);
        signer.signed_name = name.transpose()?;
        Ok(signer)
    }
}

impl FileNotation {
    fn read(self, name: &str, files: &dyn Files) -> Result<NotationTrust, String> {
        let mut stores = self.stores;
        let own = text(self.certificates, self.certificates_file, files)?;
        if own.is_some() {
            stores.push(format!("ca:{OWN_STORE}"));
        }
        let statement = serde_json::json!({
            "name": name,
            "registryScopes": ["*"],
            "signatureVerification": {
                "level": self.level.as_deref().unwrap_or("strict"),
                "override": self.overridden,
                "verifyTimestamp": self.timestamp.unwrap_or_default(),
            },
            "trustStores": stores,
            "trustedIdentities": self.identities,
        });
        let statement = Statement::from_json(statement).map_err(|error| error.to_string())?;
        let mut store = read_stores(&statement, files, own.is_some());
        if let Some(pem) = own {
            let kind = crate::signature::notation::StoreKind::Ca;
            store.add(kind, OWN_STORE, [("certificates", pem.as_slice())]);
            let read = store.certificates(kind, &[OWN_STORE]);
            read.map_err(|error| error.to_string())?;
        }
        Ok(NotationTrust { statement, store })
    }
}

/// The stores that a statement names; one that cannot be read is there as a problem.
pub(super) fn read_stores(statement: &Statement, files: &dyn Files, own: bool) -> TrustStore {
    let mut store = TrustStore::default();
    for (kind, name) in &statement.stores {
        if own && name == OWN_STORE {
            continue;
        }
        match files.store(*kind, name) {
            Ok(Some(read)) => {
                let read = read.iter().map(|(n, b)| (n.as_str(), b.as_slice()));
                store.add(*kind, name, read);
            }
            // the check says that it is not there
            Ok(None) => {}
            Err(why) => store.add_problem(*kind, name, why),
        }
    }
    store
}

fn text(
    inline: Option<String>,
    file: Option<String>,
    files: &dyn Files,
) -> Result<Option<Vec<u8>>, String> {
    match (inline, file) {
        (Some(_), Some(_)) => Err("it is given here and in a file; keep one".to_owned()),
        (Some(text), None) => Ok(Some(text.into_bytes())),
        (None, Some(path)) => files.file(&path).map(Some),
        (None, None) => Ok(None),
    }
}

fn pattern(
    exact: Option<String>,
    regexp: Option<String>,
    what: &str,
) -> Result<Option<Pattern>, String> {
    match (exact, regexp) {
        (Some(_), Some(_)) => Err(format!("{what} and {what}_regexp exclude each other")),
        (Some(text), None) => Pattern::exact(&text).map(Some).map_err(|e| e.to_string()),
        (None, Some(text)) => Pattern::regex(&text).map(Some).map_err(|e| e.to_string()),
        (None, None) => Ok(None),
    }
}
