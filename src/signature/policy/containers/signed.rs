//! The requirements that ask for signatures: `signedBy` and `sigstoreSigned`.

use std::sync::Arc;

use serde_json::Value;

use super::material::{Material, exact, identity, object, text};
use crate::signature::found::Format;
use crate::signature::policy::{Asked, Files, Requirement};
use crate::signature::sigstore::{Authorities, IdentityRule, PublicKey, TrustRoot};
use crate::signature::simple::Keyring;
use crate::signature::trust::{SignedBy, Signer};

/// Signed by OpenPGP keys.
pub(super) fn signed_by(value: &Value, files: &dyn Files) -> Result<Requirement, String> {
    const KNOWN: [&str; 6] = [
        "type",
        "keyType",
        "keyPath",
        "keyPaths",
        "keyData",
        "signedIdentity",
    ];
    let required = object(value, "signedBy", &KNOWN)?;
    let signed_name = Some(identity(required.get("signedIdentity"))?);
    let keys = Material::of(required, ["keyPath", "keyPaths", "keyData", ""])?;
    let keys = keys.ok_or("signedBy names no key")?;
    match text(required, "keyType")?.as_deref() {
        Some("GPGKeys") => {}
        Some(kind @ ("signedByGPGKeys" | "X509Certificates" | "signedByX509CAs")) => {
            return Ok(Requirement::Nothing {
                why: format!("the keyType {kind} is implemented nowhere and rejects everything"),
            });
        }
        other => return Err(format!("the keyType {other:?} is not known")),
    }
    let mut ring = Keyring::default();
    for (name, bytes) in keys.read(files) {
        let added = bytes.and_then(|bytes| ring.add(&bytes).map_err(|error| error.to_string()));
        if let Err(why) = added {
            return Ok(broken(&name, &why));
        }
    }
    let mut signer = Signer::new(keys.name(), SignedBy::OpenPgp(Arc::new(ring)));
    signer.signed_name = signed_name;
    Ok(Requirement::Signed(Asked {
        only: Some(Format::SimpleSigning),
        ..Asked::one_of(vec![signer])
    }))
}

/// Signed as cosign does: by keys, by an identity that Fulcio vouches for, or by a
/// certificate of other authorities.
pub(super) fn sigstore_signed(value: &Value, files: &dyn Files) -> Result<Requirement, String> {
    const KNOWN: [&str; 12] = [
        "type",
        "keyPath",
        "keyPaths",
        "keyData",
        "keyDatas",
        "fulcio",
        "pki",
        "rekorPublicKeyPath",
        "rekorPublicKeyPaths",
        "rekorPublicKeyData",
        "rekorPublicKeyDatas",
        "signedIdentity",
    ];
    let required = object(value, "sigstoreSigned", &KNOWN)?;
    let signed_name = identity(required.get("signedIdentity"))?;
    let keys = Material::of(required, ["keyPath", "keyPaths", "keyData", "keyDatas"])?;
    let logs = Material::of(
        required,
        [
            "rekorPublicKeyPath",
            "rekorPublicKeyPaths",
            "rekorPublicKeyData",
            "rekorPublicKeyDatas",
        ],
    )?;
    let (fulcio, pki) = (required.get("fulcio"), required.get("pki"));
    let ways = [keys.is_some(), fulcio.is_some(), pki.is_some()];
    if ways.iter().filter(|way| **way).count() != 1 {
        return Err("sigstoreSigned names not exactly one of keys, fulcio and pki".to_owned());
    }
    if fulcio.is_some() && logs.is_none() {
        return Err("fulcio asks for a key of the log, rekorPublicKey…".to_owned());
    }
    if pki.is_some() && logs.is_some() {
        return Err("pki cannot be combined with a key of the log".to_owned());
    }
    let mut log_keys = Vec::new();
    for (name, bytes) in logs.iter().flat_map(|logs| logs.read(files)) {
        match bytes.and_then(|bytes| String::from_utf8(bytes).map_err(|e| e.to_string())) {
            Ok(pem) => log_keys.push(pem),
            Err(why) => return Ok(broken(&name, &why)),
        }
    }
    let (signers, authorities) = if let Some(keys) = keys {
        match of_keys(&keys, logs.is_some(), files) {
            Ok(signers) => (signers, Vec::new()),
            Err(broken) => return Ok(broken),
        }
    } else if let Some(fulcio) = fulcio {
        match of_fulcio(fulcio, files)? {
            Ok((signer, authorities)) => (vec![signer], authorities),
            Err(broken) => return Ok(broken),
        }
    } else {
        match of_pki(pki.unwrap_or(&Value::Null), files)? {
            Ok(signer) => (vec![signer], Vec::new()),
            Err(broken) => return Ok(broken),
        }
    };
    let named = signers.into_iter().map(|signer| Signer {
        signed_name: Some(signed_name.clone()),
        ..signer
    });
    let mut asked = Asked {
        only: Some(Format::Cosign),
        ..Asked::one_of(named.collect())
    };
    if !log_keys.is_empty() {
        let authorities: Vec<_> = authorities.iter().map(String::as_str).collect();
        let logs: Vec<_> = log_keys.iter().map(String::as_str).collect();
        match TrustRoot::of_parts(&authorities, &logs, &[], &[]) {
            Ok(root) => asked.root = Some(root),
            Err(error) => return Ok(broken("the key of the log", &error.to_string())),
        }
    }
    Ok(Requirement::Signed(asked))
}

fn of_keys(keys: &Material, log: bool, files: &dyn Files) -> Result<Vec<Signer>, Requirement> {
    let read = keys.read(files).into_iter().map(|(name, bytes)| {
        let key = bytes.and_then(|pem| PublicKey::from_pem(&pem).map_err(|e| e.to_string()));
        match key {
            Ok(key) => Ok(Signer {
                log,
                ..Signer::key(name, key.as_containers())
            }),
            Err(why) => Err(broken(&name, &why)),
        }
    });
    read.collect()
}

/// A signer by a certificate of Fulcio, and the authorities, each by itself in PEM.
fn of_fulcio(
    value: &Value,
    files: &dyn Files,
) -> Result<Result<(Signer, Vec<String>), Requirement>, String> {
    let known = ["caPath", "caData", "oidcIssuer", "subjectEmail"];
    let fulcio = object(value, "fulcio", &known)?;
    let authority = Material::of(fulcio, ["caPath", "", "caData", ""])?;
    let authority = authority.ok_or("fulcio names no authority")?;
    let rule = IdentityRule {
        identity: exact(fulcio, "subjectEmail")?.ok_or("fulcio names no subjectEmail")?,
        issuer: exact(fulcio, "oidcIssuer")?.ok_or("fulcio names no oidcIssuer")?,
    };
    let mut certificates = Vec::new();
    for (name, bytes) in authority.read(files) {
        match bytes {
            Ok(pem) => certificates.extend(blocks(&String::from_utf8_lossy(&pem))),
            Err(why) => return Ok(Err(broken(&name, &why))),
        }
    }
    let name = rule.identity.to_string();
    Ok(Ok((Signer::identity(name, rule), certificates)))
}

fn of_pki(value: &Value, files: &dyn Files) -> Result<Result<Signer, Requirement>, String> {
    let known = [
        "caRootsPath",
        "caRootsData",
        "caIntermediatesPath",
        "caIntermediatesData",
        "subjectEmail",
        "subjectHostname",
    ];
    let pki = object(value, "pki", &known)?;
    let roots = Material::of(pki, ["caRootsPath", "", "caRootsData", ""])?;
    let roots = roots.ok_or("pki names no roots")?;
    let between = Material::of(pki, ["caIntermediatesPath", "", "caIntermediatesData", ""])?;
    let email = exact(pki, "subjectEmail")?;
    let host = text(pki, "subjectHostname")?.filter(|host| !host.is_empty());
    if email.is_none() && host.is_none() {
        return Err("pki names neither subjectEmail nor subjectHostname".to_owned());
    }
    let mut texts = [String::new(), String::new()];
    for (text, material) in texts.iter_mut().zip([Some(&roots), between.as_ref()]) {
        for (name, bytes) in material.into_iter().flat_map(|m| m.read(files)) {
            match bytes {
                Ok(pem) => text.push_str(&String::from_utf8_lossy(&pem)),
                Err(why) => return Ok(Err(broken(&name, &why))),
            }
        }
    }
    let names = [email.as_ref().map(ToString::to_string), host.clone()];
    let name = names.into_iter().flatten().collect::<Vec<_>>().join(", ");
    match Authorities::from_pem(&texts[0], &texts[1], email) {
        Some(authorities) => {
            let authorities = Authorities {
                host,
                ..authorities
            };
            Ok(Ok(Signer::new(name, SignedBy::Authorities(authorities))))
        }
        None => Ok(Err(broken(&roots.name(), "there is no certificate in PEM"))),
    }
}

fn broken(what: &str, why: &str) -> Requirement {
    Requirement::Broken {
        why: format!("{what} of the policy cannot be used: {why}"),
    }
}

/// Every certificate of a PEM text by itself.
fn blocks(pem: &str) -> Vec<String> {
    const END: &str = "-----END CERTIFICATE-----";
    let blocks = pem.split_inclusive(END);
    let blocks = blocks.filter_map(|block| block.find("-----BEGIN").map(|at| &block[at..]));
    blocks.map(|block| format!("{block}\n")).collect()
}
