//! Single keys: a public key in PEM, as `cosign.pub` is, or OpenPGP keys. They are written as
//! they are: their file may be gone one day, or be another.

use std::collections::BTreeSet;

use super::super::containers::as_text;
use super::super::edit::{PolicyEdit, SignerEntry, Way, entries, free_name};
use super::{Foreign, Import, ImportError, Left};
use crate::signature::policy::Scope;
use crate::signature::sigstore::PublicKey;
use crate::signature::simple::Keyring;

pub(super) fn import(before: &str, foreign: &Foreign<'_>) -> Result<Import, ImportError> {
    let (kind, way, who) = read(foreign)?;
    let name = foreign.path.rsplit(['/', '\\']).next().unwrap_or_default();
    let signer = SignerEntry {
        name: name.to_owned(),
        way,
    };
    let mut left = Vec::new();
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
        None => {
            let known = entries(before)?.signers;
            if let Some(same) = known.iter().find(|known| known.way == signer.way) {
                left.push(Left {
                    what: signer.name,
                    why: format!("the signer {:?} in your policy is this already", same.name),
                    there: true,
                });
                let (signers, rules) = (Vec::new(), Vec::new());
                PolicyEdit::Add { signers, rules }
            } else {
                let taken: BTreeSet<_> = known.into_iter().map(|known| known.name).collect();
                PolicyEdit::PutSigner {
                    before: None,
                    signer: SignerEntry {
                        name: free_name(&signer.name, &taken),
                        ..signer
                    },
                }
            }
        }
    };
    let alone = "No rule names it yet: it counts for no image.";
    let is_alone = matches!(edit, PolicyEdit::PutSigner { .. });
    Ok(Import {
        kind,
        edit,
        who,
        left,
        notes: is_alone.then_some(alone).into_iter().collect(),
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
        let text = as_text(bytes.to_owned());
        if Keyring::read(text.as_bytes()).ok().as_ref() != Some(&keys) {
            let why = "these OpenPGP keys cannot be written as text".to_owned();
            return Err(ImportError::Unknown(why));
        }
        return Ok(("OpenPGP keys", Way::OpenPgp(text), who));
    }
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    if text
        .parse::<toml_edit::DocumentMut>()
        .is_ok_and(|read| read.contains_key("version"))
    {
        return Err(ImportError::Own);
    }
    let key = PublicKey::from_pem(bytes).map_err(|why| ImportError::Unknown(why.to_string()))?;
    let way = Way::Key(text.to_owned());
    Ok(("a public key", way, format!("whoever holds the key {key}")))
}
