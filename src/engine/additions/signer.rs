//! Keys, opened before anything is written.

use std::sync::Arc;

use crate::config::{Secret, read_trust_file};
use crate::engine::Failure;
use crate::engine::shared::Shared;
use crate::signature::notation::{Purpose, check_chain};
use crate::signature::sign::{OpenPgpKey, PrivateKey, Signer as _, SigningKey};
use crate::signature::sigstore::PublicKey;
use crate::signature::x509::{Certificate, KeyKind};

use super::super::chores::keys::{self, KeyFailure};
use super::request::{SignFormat, Signing, Trouble};

/// Somebody who can sign now.
#[derive(Debug)]
pub(super) enum Signer {
    Key {
        key: SigningKey,
        public: PublicKey,
        /// For Notation: from the key's certificate to the root.
        chain: Vec<Certificate>,
    },
    OpenPgp(Box<OpenPgpKey>),
}

/// Opens every key. Nothing was written yet: a wrong passphrase leaves nothing behind.
pub(super) async fn open(
    shared: &Shared,
    signings: &[Signing],
    passphrases: &[Option<Secret>],
) -> Result<Vec<Arc<Signer>>, Trouble> {
    let folder = shared.config.trust.own_keys.clone();
    let mut opened = Vec::new();
    for (position, signing) in signings.iter().enumerate() {
        let passphrase = passphrases.get(position).cloned().flatten();
        let (signing, folder) = (signing.clone(), folder.clone());
        let one = tokio::task::spawn_blocking(move || {
            let files = keys::files_of(folder.as_deref(), &signing.key);
            open_one(&signing, &files, passphrase.as_ref())
        });
        let one = one
            .await
            .map_err(|_| Failure::refused("opening the key was ended", "Try again"))?;
        match one {
            Ok(signer) => opened.push(Arc::new(signer)),
            Err(KeyFailure { failure, ask }) => {
                return Err(Trouble {
                    failure,
                    ask: ask.then_some(position),
                });
            }
        }
    }
    Ok(opened)
}

fn open_one(
    signing: &Signing,
    files: &crate::config::KeyFiles,
    passphrase: Option<&Secret>,
) -> Result<Signer, KeyFailure> {
    let bytes = files.read_private()?;
    let given = passphrase.map(|passphrase| passphrase.expose().as_bytes());
    let key = PrivateKey::read(&bytes, given);
    let key = key.map_err(|error| keys::of_key(&format!("the key {}", signing.key), error))?;
    let unsuitable = |why: &str| {
        let what = format!(
            "the key {} does not do for a {}",
            signing.key, signing.format
        );
        KeyFailure::from(Failure::refused(what, why))
    };
    match (key, signing.format) {
        (PrivateKey::OpenPgp(key), SignFormat::Simple) => Ok(Signer::OpenPgp(key)),
        (PrivateKey::OpenPgp(_), _) => Err(unsuitable(
            "An OpenPGP key makes simple signatures: --format simple",
        )),
        (PrivateKey::Plain(_), SignFormat::Simple) => {
            Err(unsuitable("It is made with an OpenPGP key"))
        }
        (PrivateKey::Plain(key), format) => {
            let is_notation = matches!(format, SignFormat::NotationJws | SignFormat::NotationCose);
            if is_notation && key.public_key().kind() == KeyKind::Ed25519 {
                return Err(unsuitable("Notation takes RSA and ECDSA keys"));
            }
            let chain = match (&signing.chain, is_notation) {
                (_, false) => Vec::new(),
                (None, true) => {
                    return Err(unsuitable(
                        "Give the certificates from that of the key to the root: --cert-chain FILE",
                    ));
                }
                (Some(path), true) => chain(path, &key)?,
            };
            let public = PublicKey::from_der(key.public_key().spki_der());
            let public = public.map_err(|error| unsuitable(&error.to_string()))?;
            Ok(Signer::Key { key, public, chain })
        }
    }
}

fn chain(path: &std::path::Path, key: &SigningKey) -> Result<Vec<Certificate>, KeyFailure> {
    let fail = |why: String| {
        let what = format!("the certificates {}: {why}", path.display());
        let hint = "Give PEM: first the certificate of the key, then those above it, the root last";
        KeyFailure::from(Failure::refused(what, hint))
    };
    let bytes = read_trust_file(path)?.ok_or_else(|| fail("they are not there".to_owned()))?;
    let chain = Certificate::all_from_file(&bytes).map_err(|error| fail(error.to_string()))?;
    check_chain(&chain, Purpose::CodeSigning).map_err(|error| fail(error.to_string()))?;
    if chain
        .first()
        .is_none_or(|leaf| leaf.key != *key.public_key())
    {
        return Err(fail("the first one is not for this key".to_owned()));
    }
    Ok(chain)
}
