//! Keys, opened before anything is written.

use std::sync::Arc;

use crate::config::{Secret, read_trust_file};
use crate::engine::Failure;
use crate::engine::crash;
use crate::engine::shared::Shared;
use crate::signature::TrustRoot;
use crate::signature::notation::{Purpose, check_chain};
use crate::signature::sign::{OpenPgpKey, PrivateKey, Signer as _, SigningKey};
use crate::signature::sigstore::PublicKey;
use crate::signature::x509::{Certificate, KeyKind};

use super::super::chores::keys::{self, KeyFailure};
use super::identity::{Identity, With};
use super::ledger::Ledger;
use super::plan::Prepared;
use super::request::{Addition, SignBy, SignFormat, SignIn, Signing, Trouble};
use super::services::{self, Asked};

/// Somebody who can sign now.
#[derive(Debug)]
pub(super) enum Signer {
    Key {
        key: Arc<SigningKey>,
        public: PublicKey,
        /// For Notation: from the key's certificate to the root.
        chain: Vec<Certificate>,
    },
    OpenPgp(Box<OpenPgpKey>),
    Identity(Box<Identity>),
}

/// Somebody who can sign now, and what the answers of services are judged by.
pub(super) struct Ready {
    pub signer: Signer,
    /// There where a service of Sigstore is asked.
    pub root: Option<TrustRoot>,
    /// Whether a log is asked.
    pub log: bool,
}

/// Opens every key, then gets every identity, whose certificates are good for minutes only.
/// Nothing was written yet: a wrong passphrase leaves nothing behind, nor does a key that a
/// log does not take. `tell` is told where somebody has to sign in.
pub(super) async fn ready(
    shared: &Shared,
    prepared: &Prepared,
    passphrases: &[Option<Secret>],
    tell: &mut (dyn FnMut(Option<SignIn>) + Send),
    ledger: &Ledger,
) -> Result<Vec<Arc<Ready>>, Trouble> {
    let addition = &prepared.request.addition;
    let signings = addition.signings();
    let mut keys = open(shared, prepared, passphrases).await?;
    for ((signing, asked), key) in signings.iter().zip(&prepared.asked).zip(&keys) {
        logged(addition, signing, asked, key.as_ref())?;
    }
    let mut ready = Vec::new();
    for (position, (signing, asked)) in signings.iter().zip(&prepared.asked).enumerate() {
        let root = match asked.needs_root(signing) {
            true => Some(services::trust_root(shared, &signing.services).await?),
            false => None,
        };
        let signer = match (&signing.by, keys[position].take(), &root) {
            (_, Some(signer), _) => signer,
            (SignBy::Identity(from), None, Some(root)) => {
                let with = With {
                    shared,
                    asked,
                    ledger,
                    shown: prepared.identities.get(position).and_then(Option::as_ref),
                };
                let identity = Identity::open(with, from, root.clone(), tell).await?;
                Signer::Identity(Box::new(identity))
            }
            _ => return Err(Failure::refused("there is nobody to sign", "Name a key").into()),
        };
        let log = asked.endpoints.log.is_some();
        ready.push(Arc::new(Ready { signer, root, log }));
    }
    Ok(ready)
}

/// Whether the log that is asked takes what this key signs.
fn logged(
    addition: &Addition,
    signing: &Signing,
    asked: &Asked,
    key: Option<&Signer>,
) -> Result<(), Failure> {
    let (Some(log), Some(Signer::Key { key, .. })) = (&asked.endpoints.log, key) else {
        return Ok(());
    };
    let attests = matches!(addition, Addition::Attest { .. });
    let is_statement = attests || signing.format == SignFormat::Bundle;
    let taken = log.version.takes(key.public_key().kind(), is_statement);
    taken.map_err(|error| {
        Failure::refused(
            error.to_string(),
            "Sign with another key, or without a log (--no-log)",
        )
    })
}

/// Opens every key; nothing stands for an identity.
async fn open(
    shared: &Shared,
    prepared: &Prepared,
    passphrases: &[Option<Secret>],
) -> Result<Vec<Option<Signer>>, Trouble> {
    let signings = prepared.request.addition.signings();
    let folder = shared.config.trust.own_keys.clone();
    let mut opened = Vec::new();
    for (position, signing) in signings.iter().enumerate() {
        let SignBy::Key(name) = signing.by.clone() else {
            opened.push(None);
            continue;
        };
        let passphrase = passphrases.get(position).cloned().flatten();
        let (signing, folder) = (signing.clone(), folder.clone());
        let planned = prepared.plan.keys.get(position);
        let shown = planned.and_then(|planned| planned.fingerprint.clone());
        let one = tokio::task::spawn_blocking(move || {
            let files = keys::files_of(folder.as_deref(), &name);
            let key = open_one(&name, &files, passphrase.as_ref(), shown.as_deref())?;
            suited(&signing, &name, key)
        });
        let one = one
            .await
            .map_err(|_| Failure::refused("opening the key was ended", "Try again"))?;
        match one {
            Ok(signer) => opened.push(Some(signer)),
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

/// Opens a key. `shown` is the fingerprint that it was shown by: that of its public half, which
/// is a file of its own.
fn open_one(
    name: &str,
    files: &crate::config::KeyFiles,
    passphrase: Option<&Secret>,
    shown: Option<&str>,
) -> Result<PrivateKey, KeyFailure> {
    let bytes = files.read_private()?;
    let given = passphrase.map(|passphrase| passphrase.expose().as_bytes());
    let key = PrivateKey::read(&bytes, given);
    let key = key.map_err(|error| keys::of_key(&format!("the key {name}"), error))?;
    crash::at("opening a key");
    let Some(shown) = shown else { return Ok(key) };
    let facts = key.facts();
    let own = facts
        .map_err(|error| keys::of_key(&format!("the key {name}"), error))?
        .fingerprint;
    match own == shown {
        true => Ok(key),
        false => Err(KeyFailure::from(Failure::refused(
            format!("the key {name} is {own}, and not {shown}, which was shown for it"),
            "Its public half (.pub) is another key's: put its own beside it, or remove that file",
        ))),
    }
}

/// The key as a signer, where it does for the format.
fn suited(signing: &Signing, name: &str, key: PrivateKey) -> Result<Signer, KeyFailure> {
    let unsuitable = |why: &str| {
        let what = format!("the key {name} does not do for a {}", signing.format);
        KeyFailure::from(Failure::refused(what, why))
    };
    match (key, signing.format) {
        (PrivateKey::OpenPgp(key), SignFormat::Simple) => Ok(Signer::OpenPgp(key)),
        (PrivateKey::OpenPgp(_), _) => Err(unsuitable(
            "An OpenPGP key makes simple signatures (--format simple)",
        )),
        (PrivateKey::Plain(_), SignFormat::Simple) => {
            Err(unsuitable("It is made with an OpenPGP key"))
        }
        (PrivateKey::Plain(key), format) => {
            let is_notation = format.is_notation();
            if is_notation && key.public_key().kind() == KeyKind::Ed25519 {
                return Err(unsuitable("Notation takes RSA and ECDSA keys"));
            }
            let chain = match (&signing.chain, is_notation) {
                (_, false) => Vec::new(),
                (None, true) => {
                    return Err(unsuitable(
                        "Give the certificates from that of the key to the root (--cert-chain FILE)",
                    ));
                }
                (Some(path), true) => chain(path, &key)?,
            };
            let public = PublicKey::from_der(key.public_key().spki_der());
            let public = public.map_err(|error| unsuitable(&error.to_string()))?;
            let key = Arc::new(key);
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
