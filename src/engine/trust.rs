//! What the engine judges by: read once from what the start names, and again when a policy
//! is written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{SettingsError, notation_store, read_trust_file, read_trust_store};
use crate::signature::notation::StoreKind;
use crate::signature::policy::{Files, Foreign, Import, Policy, RootSource, StoreFiles, import};
use crate::signature::sigstore::{IdentityRule, Pattern, PublicKey, RootError};
use crate::signature::simple::{Keyring, SignedIdentity};
use crate::signature::{SignedBy, Signer, TrustRoot};

use super::Failure;

/// Where trust comes from. Nothing is read yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustConfig {
    /// A trust policy; one that is not there is as good as none.
    pub policy: Option<PathBuf>,
    /// Whether the policy has to be there: the user named it.
    pub required: bool,
    /// Notation's trust store, instead of the one beside the policy or the user's.
    pub notation_store: Option<PathBuf>,
    /// Public keys, each in a file, or OpenPGP keys; used instead of a policy.
    pub keys: Vec<PathBuf>,
    /// How the name that is signed has to be that of the image, for keys and identity.
    pub signed_name: Option<String>,
    /// An identity; used instead of a policy.
    pub identity: Option<IdentityConfig>,
    /// Where the trust root comes from; nothing for the policy's, else Sigstore's own.
    pub root: Option<RootPlace>,
    /// The folder of the user's own signing keys; nothing where there is none.
    pub own_keys: Option<PathBuf>,
    /// The file of services whose publicity the user agreed to; nothing where none is kept.
    pub accepted_services: Option<PathBuf>,
    /// Whether everything that is opened is verified without being asked for.
    pub automatic: bool,
}

/// Where a trust root is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootPlace {
    /// A `trusted_root.json`.
    File(PathBuf),
    /// A TUF repository, and the file with the `root.json` that trust in it begins with.
    Tuf { address: String, root: PathBuf },
}

/// The trust root to judge by, or where to get it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum RootConfig {
    /// Sigstore's own, renewed by TUF.
    #[default]
    PublicGood,
    Fixed(TrustRoot),
    Tuf {
        address: String,
        root: Arc<[u8]>,
    },
}

/// Who may sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityConfig {
    pub identity: String,
    /// Whether `identity` is a regular expression for the whole text.
    pub regexp: bool,
    pub issuer: String,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrustSettings {
    pub policy: Option<Policy>,
    /// The file that new entries go to.
    pub file: Option<PathBuf>,
    pub root: RootConfig,
    /// Whether nobody but the place of an image is asked.
    pub offline: bool,
    /// Why there is less than what was asked for. With it nothing is judged.
    pub problem: Option<Arc<Failure>>,
}

impl TrustSettings {
    /// Reads everything that `config` names. What cannot be read is the settings' problem.
    pub fn read(config: &TrustConfig, offline: bool) -> Self {
        let mut settings = Self {
            offline,
            file: config.policy.clone(),
            ..Self::default()
        };
        let mut problem = None;
        match policy(config) {
            Ok(policy) => settings.policy = policy,
            Err(failure) => problem = Some(failure),
        }
        let named = settings
            .policy
            .as_ref()
            .and_then(|policy| policy.root.clone());
        settings.root = match (&config.root, named) {
            (Some(place), _) => match root(place) {
                Ok(root) => root,
                Err(failure) => {
                    problem = Some(failure);
                    RootConfig::default()
                }
            },
            (None, Some(RootSource::Fixed(root))) => RootConfig::Fixed(root),
            (None, Some(RootSource::Tuf { address, root })) => RootConfig::Tuf { address, root },
            (None, None) => RootConfig::PublicGood,
        };
        settings.problem = problem.map(Arc::new);
        settings
    }

    /// Whether `text` could be the policy at `path`.
    pub(super) fn try_policy(config: &TrustConfig, path: &Path, text: &str) -> Result<(), Failure> {
        policy_of(config, path, text).map(|_| ())
    }

    /// Whether nothing that is opened is verified before it is asked for.
    pub fn by_hand(&self) -> bool {
        self.policy.as_ref().is_some_and(|policy| policy.by_hand)
    }
}

fn root(place: &RootPlace) -> Result<RootConfig, Failure> {
    match place {
        RootPlace::File(path) => {
            let shown = path.display().to_string();
            let root = TrustRoot::read(&needed(path)?, &shown);
            root.map(RootConfig::Fixed)
                .map_err(|error| unusable(&shown, &error))
        }
        RootPlace::Tuf { address, root } => Ok(RootConfig::Tuf {
            address: address.clone(),
            root: needed(root)?.into(),
        }),
    }
}

pub(super) fn unusable(what: &str, error: &RootError) -> Failure {
    Failure::refused(
        format!("the trust root {what} cannot be used: {error}"),
        "Give a trusted_root.json, as `cosign trusted-root create` writes it",
    )
}

fn policy(config: &TrustConfig) -> Result<Option<Policy>, Failure> {
    let mut signers = Vec::new();
    for path in &config.keys {
        signers.push(key(path)?);
    }
    if let Some(identity) = &config.identity {
        let pattern = if identity.regexp {
            Pattern::regex(&identity.identity)
        } else {
            Pattern::exact(&identity.identity)
        };
        let rule = pattern.and_then(|pattern| {
            Ok(IdentityRule {
                identity: pattern,
                issuer: Pattern::exact(&identity.issuer)?,
            })
        });
        let rule = rule.map_err(|error| {
            Failure::refused(
                format!("the identity cannot be used: {error}"),
                "Correct it",
            )
        })?;
        signers.push(Signer::identity(identity.identity.clone(), rule));
    }
    if let Some(name) = &config.signed_name {
        let name = SignedIdentity::read(name)
            .map_err(|why| Failure::refused(why, "Correct the signed name"))?;
        for signer in &mut signers {
            signer.signed_name = Some(name.clone());
        }
    }
    if !signers.is_empty() {
        return Ok(Some(Policy::of_signers("the command line", signers)));
    }
    let Some(path) = &config.policy else {
        return Ok(None);
    };
    let bytes = if config.required {
        needed(path)?
    } else {
        match read_trust_file(path).map_err(of_settings)? {
            Some(bytes) => bytes,
            None => return Ok(None),
        }
    };
    let text = String::from_utf8(bytes).map_err(|_| {
        Failure::refused(
            format!("{} is not text in UTF-8", path.display()),
            "Give a policy in TOML, a policy.json or a trustpolicy.json",
        )
    })?;
    policy_of(config, path, &text).map(Some)
}

/// `text` as the policy at `path`, with the files that it names.
fn policy_of(config: &TrustConfig, path: &Path, text: &str) -> Result<Policy, Failure> {
    let shown = path.display().to_string();
    Policy::read_any(text, &shown, &OnDisk::beside(path, config))
        .map_err(|error| Failure::refused(format!("{shown}: {error}"), error.hint()))
}

/// What of the policy or key in `file` can be taken over into the policy `before` at `path`.
/// `store` is the trust store of a policy of Notation, where it is not beside it.
pub(super) fn imported(
    config: &TrustConfig,
    path: &Path,
    before: &str,
    file: &Path,
    scope: Option<&str>,
    store: Option<PathBuf>,
) -> Result<Import, Failure> {
    let bytes = needed(file)?;
    let shown = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let shown = shown.display().to_string();
    let named = TrustConfig {
        notation_store: store,
        ..TrustConfig::default()
    };
    let foreign = Foreign {
        path: &shown,
        bytes: &bytes,
        files: &OnDisk::beside(file, &named),
        scope,
    };
    import(before, &OnDisk::beside(path, config), &foreign)
        .map_err(|error| Failure::refused(format!("{shown}: {error}"), error.hint()))
}

/// A signer by a key: a public key in PEM, or OpenPGP keys.
fn key(path: &Path) -> Result<Signer, Failure> {
    let bytes = needed(path)?;
    let name = path.display().to_string();
    let armoured = bytes
        .windows(22)
        .any(|part| part == b"BEGIN PGP PUBLIC KEY B");
    let binary = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let refused = |error: &dyn std::fmt::Display| {
        Failure::refused(
            format!("the key {name} cannot be used: {error}"),
            "Give a public key in PEM, as cosign.pub is, or OpenPGP keys, as `gpg --export` writes them",
        )
    };
    if armoured || binary {
        let keys = Keyring::read(&bytes).map_err(|error| refused(&error))?;
        return Ok(Signer::new(name, SignedBy::OpenPgp(Arc::new(keys))));
    }
    let key = PublicKey::from_pem(&bytes).map_err(|error| refused(&error))?;
    Ok(Signer::key(name, key))
}

/// Notation's trust store: the one that is named, the one beside the policy, or the
/// user's.
fn store_of(policy: &Path, config: &TrustConfig) -> Option<PathBuf> {
    let beside = policy.parent().map(|folder| folder.join("truststore"));
    let named = config.notation_store.clone();
    let beside = beside.filter(|folder| folder.is_dir());
    named.or(beside).or_else(notation_store)
}

/// The files that a policy names, from the folder that it lies in.
struct OnDisk<'a> {
    folder: &'a Path,
    store: Option<PathBuf>,
}

impl<'a> OnDisk<'a> {
    fn beside(policy: &'a Path, config: &TrustConfig) -> Self {
        Self {
            folder: policy.parent().unwrap_or(Path::new("")),
            store: store_of(policy, config),
        }
    }
}

impl Files for OnDisk<'_> {
    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        needed(&self.folder.join(path)).map_err(|failure| failure.headline)
    }

    fn file_from_here(&self, path: &str) -> Result<Vec<u8>, String> {
        needed(Path::new(path)).map_err(|failure| failure.headline)
    }

    fn whole_path(&self, path: &str) -> String {
        let absolute = std::path::absolute(path);
        absolute.map_or_else(|_| path.to_owned(), |path| path.display().to_string())
    }

    fn store(&self, kind: StoreKind, name: &str) -> Result<Option<StoreFiles>, String> {
        let Some(store) = &self.store else {
            return Ok(None);
        };
        read_trust_store(store, kind.name(), name).map_err(|error| error.to_string())
    }
}

/// A file that has to be there.
fn needed(path: &Path) -> Result<Vec<u8>, Failure> {
    there(path, read_trust_file(path))
}

fn there(path: &Path, read: Result<Option<Vec<u8>>, SettingsError>) -> Result<Vec<u8>, Failure> {
    read.map_err(of_settings)?.ok_or_else(|| {
        Failure::refused(format!("{} is not there", path.display()), "Check the path")
    })
}

fn of_settings(error: SettingsError) -> Failure {
    let hint = error.hint.unwrap_or("Check that the file may be read");
    Failure::refused(error.to_string(), hint)
}
