//! What requirements come to in Porthole's own kind of policy.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use toml_edit::{DocumentMut, value};

use super::material::Material;
use super::{Object, requirement};
use crate::signature::policy::import::{Carried, CarriedSigner};
use crate::signature::policy::{Asked, Files, Requirement};
use crate::signature::sign::write_pem;
use crate::signature::simple::{Keyring, SignedIdentity};
use crate::signature::trust::{SignedBy, Signer};

/// All requirements of a scope, which was read as one before.
pub(in crate::signature::policy) fn carried(
    listed: &Value,
    files: &dyn Files,
    own: &dyn Files,
) -> Carried {
    let each = listed.as_array().into_iter().flatten();
    let each: Vec<Carried> = each.map(|one| carry(one, files, own)).collect();
    if each.contains(&Carried::Nothing) {
        return Carried::Nothing;
    }
    let mut groups: Vec<Vec<CarriedSigner>> = Vec::new();
    for one in each {
        match one {
            Carried::Anything | Carried::Nothing => {}
            Carried::Signed { signers, .. } => {
                if !groups.contains(&signers) {
                    groups.push(signers);
                }
            }
            not => return not,
        }
    }
    let Some(first) = groups.first() else {
        return Carried::Anything;
    };
    let count = groups.len();
    if count == 1 {
        return Carried::Signed {
            signers: first.clone(),
            at_least: 1,
        };
    }
    // so many distinct keys, where each requirement is one of them
    let keys: Option<BTreeSet<String>> = groups.iter().map(|group| only_key(group)).collect();
    if keys.is_none_or(|keys| keys.len() != count) {
        return Carried::Not(
            "it asks for several signatures, each by one of several keys, which is one number of signers here"
                .to_owned(),
        );
    }
    Carried::Signed {
        signers: groups.into_iter().flatten().collect(),
        at_least: count,
    }
}

/// The key, where there is no other.
fn only_key(signers: &[CarriedSigner]) -> Option<String> {
    let [one] = signers else { return None };
    match &one.signer.by {
        SignedBy::Key(key) => Some(key.fingerprint()),
        SignedBy::OpenPgp(ring) => match ring.fingerprints().as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn carry(one: &Value, files: &dyn Files, own: &dyn Files) -> Carried {
    let asked = match requirement(one, files) {
        Ok(Requirement::Anything) => return Carried::Anything,
        Ok(Requirement::Nothing { .. }) => return Carried::Nothing,
        Ok(Requirement::Broken { why }) | Err(why) => return Carried::Not(why),
        Ok(Requirement::Signed(asked)) => asked,
    };
    let Some(object) = one.as_object() else {
        return Carried::Not("a requirement is no object".to_owned());
    };
    let signers = match signers(object, &asked, files) {
        Ok(signers) => signers,
        Err(why) => return Carried::Not(why),
    };
    for signer in &signers {
        let same = signer.as_written(own).map(|read| {
            let wanted = &signer.signer;
            (&read.by, read.log, &read.signed_name) == (&wanted.by, wanted.log, &wanted.signed_name)
        });
        match same {
            Ok(true) => {}
            Ok(false) => return Carried::Not("it would not mean the same here".to_owned()),
            Err(why) => return Carried::Not(why),
        }
    }
    Carried::Signed {
        signers,
        at_least: 1,
    }
}

/// The signers that a requirement names, each as it is written. Of bundles containers counts
/// none; none counts here either, as the signed name is always asked for and none is signed in
/// a bundle.
fn signers(
    object: &Object,
    asked: &Asked,
    files: &dyn Files,
) -> Result<Vec<CarriedSigner>, String> {
    if asked.root.is_some() || asked.signers.iter().any(|signer| signer.log) {
        return Err(
            "it names a log or authorities of its own (rekorPublicKey, fulcio), and a policy of Porthole has one trust root for all rules"
                .to_owned(),
        );
    }
    let narrow = |one: &Signer| matches!(&one.by, SignedBy::Key(key) if key.is_narrow());
    if asked.signers.iter().any(narrow) {
        return Err(
            "containers counts signatures over SHA-256 only, or plain Ed25519, and with a key of this kind a policy of Porthole counts others too"
                .to_owned(),
        );
    }
    let name = asked.signers.iter().find_map(|one| one.signed_name.clone());
    let name = name.unwrap_or_default();
    let signed_name = written(&name)?;
    let (by_path, by_data, material) = if let Some(pki) = object.get("pki") {
        return authorities(pki, asked, &signed_name, files).map(|one| vec![one]);
    } else if object.get("keyType").is_some() {
        let names = ["keyPath", "keyPaths", "keyData", ""];
        ("openpgp_file", "openpgp", Material::of(object, names)?)
    } else {
        let names = ["keyPath", "keyPaths", "keyData", "keyDatas"];
        ("key_file", "key", Material::of(object, names)?)
    };
    let material = material.ok_or("it names no key")?;
    let of_keys = asked.signers.iter().map(|signer| signer.by.clone());
    let mut of_keys = of_keys.filter(|by| matches!(by, SignedBy::Key(_)));
    let paths: Vec<Option<String>> = match &material {
        Material::Paths(paths) => paths.iter().cloned().map(Some).collect(),
        Material::Data(data) => vec![None; data.len()],
    };
    let each = material.read(files).into_iter().zip(paths);
    each.map(|((_, bytes), path)| {
        let bytes = bytes?;
        let by = if by_path == "openpgp_file" {
            let ring = Keyring::read(&bytes).map_err(|error| error.to_string())?;
            SignedBy::OpenPgp(Arc::new(ring))
        } else {
            of_keys.next().ok_or("it names no key")?
        };
        let mut document = DocumentMut::new();
        let name = match &path {
            Some(path) => {
                document.insert(by_path, value(files.whole_path(path)));
                path.rsplit('/').next().unwrap_or(path).to_owned()
            }
            None => {
                document.insert(by_data, value(as_text(bytes)));
                "key of a policy.json".to_owned()
            }
        };
        document.insert("signed_name", value(signed_name.as_str()));
        let mut signer = Signer::new(name.clone(), by);
        signer.signed_name = asked.signers.iter().find_map(|one| one.signed_name.clone());
        Ok(CarriedSigner {
            name,
            written: document,
            signer,
        })
    })
    .collect()
}

fn authorities(
    pki: &Value,
    asked: &Asked,
    signed_name: &str,
    files: &dyn Files,
) -> Result<CarriedSigner, String> {
    let object = pki.as_object().ok_or("pki is no object")?;
    let more = [
        "subjectHostname",
        "caIntermediatesPath",
        "caIntermediatesData",
    ];
    if let Some(more) = more.iter().find(|name| object.contains_key(**name)) {
        return Err(format!(
            "its pki has {more}, which has no place in a policy of Porthole"
        ));
    }
    let signer = asked.signers.first().ok_or("pki names nobody")?.clone();
    let mut document = DocumentMut::new();
    match Material::of(object, ["caRootsPath", "", "caRootsData", ""])? {
        Some(Material::Paths(paths)) => {
            let path = paths.first().ok_or("pki names no roots")?;
            document.insert("authorities_file", value(files.whole_path(path)));
        }
        Some(Material::Data(data)) => {
            let pem = data.into_iter().next().ok_or("pki names no roots")?;
            document.insert("authorities", value(as_text(pem)));
        }
        None => return Err("pki names no roots".to_owned()),
    }
    let email = object.get("subjectEmail").and_then(Value::as_str);
    document.insert("identity", value(email.unwrap_or_default()));
    document.insert("signed_name", value(signed_name));
    Ok(CarriedSigner {
        name: signer.name.clone(),
        written: document,
        signer,
    })
}

/// How the name is compared, as it is written here.
fn written(name: &SignedIdentity) -> Result<String, String> {
    let text = match name {
        SignedIdentity::MatchExact => "exact",
        SignedIdentity::MatchRepoDigestOrExact => "repo-digest-or-exact",
        SignedIdentity::MatchRepository => "repository",
        SignedIdentity::ExactReference(name) | SignedIdentity::ExactRepository(name) => name,
        SignedIdentity::RemapIdentity { .. } => {
            return Err("it compares the signed name with another (remapIdentity), which has no place in a policy of Porthole".to_owned());
        }
    };
    match SignedIdentity::read(text) {
        Ok(read) if read == *name => Ok(text.to_owned()),
        _ => Err(format!("the signed name {text:?} cannot be written here")),
    }
}

/// A key as text: as it is, or in armour.
pub(in crate::signature::policy) fn as_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|binary| {
        let pem = write_pem("PGP PUBLIC KEY BLOCK", binary.as_bytes());
        // where headers could stand, armour has an empty line (RFC 9580, section 6.2)
        pem.replacen("-----\n", "-----\n\n", 1)
    })
}
