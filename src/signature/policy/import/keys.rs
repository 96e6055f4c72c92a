//! Single keys: a public key in PEM, as `cosign.pub` is, or OpenPGP keys.

use super::super::edit::{PolicyEdit, SignerEntry, Way};
use super::{Foreign, Import, ImportError};
use crate::signature::policy::Scope;
use crate::signature::sigstore::PublicKey;
use crate::signature::simple::Keyring;

pub(super) fn import(foreign: &Foreign<'_>) -> Result<Import, ImportError> {
    let (kind, way, who) = read(foreign)?;
    let name = foreign.path.rsplit(['/', '\\']).next().unwrap_or_default();
    let signer = SignerEntry {
        name: name.to_owned(),
        way,
    };
    let edit = match foreign.scope {
        Some(scope) => {
            let read = Scope::read(scope);
            read.map_err(|why| {
                ImportError::Policy(super::PolicyError::Rule {
                    scope: scope.to_owned(),
                    why,
                })
            })?;
            let scope = scope.to_owned();
            PolicyEdit::Trust { scope, signer }
        }
        None => PolicyEdit::PutSigner {
            before: None,
            signer,
        },
    };
    let alone = "No rule names it yet: it counts for no image.";
    Ok(Import {
        kind,
        edit,
        who,
        left: Vec::new(),
        notes: foreign
            .scope
            .is_none()
            .then_some(alone)
            .into_iter()
            .collect(),
    })
}

fn read(foreign: &Foreign<'_>) -> Result<(&'static str, Way, String), ImportError> {
    let bytes = foreign.bytes;
    let armoured = bytes
        .windows(22)
        .any(|part| part == b"BEGIN PGP PUBLIC KEY B");
    if armoured || bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
        let keys = Keyring::read(bytes).map_err(|why| ImportError::Unknown(why.to_string()))?;
        let who = format!("the OpenPGP keys {}", keys.fingerprints().join(", "));
        let way = Way::OpenPgpFile(foreign.path.to_owned());
        return Ok(("OpenPGP keys", way, who));
    }
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    if text
        .parse::<toml_edit::DocumentMut>()
        .is_ok_and(|read| read.contains_key("version"))
    {
        return Err(ImportError::Own);
    }
    let key = PublicKey::from_pem(bytes).map_err(|why| ImportError::Unknown(why.to_string()))?;
    // the file may be gone one day
    let way = Way::Key(text.to_owned());
    Ok(("a public key", way, format!("whoever holds the key {key}")))
}
