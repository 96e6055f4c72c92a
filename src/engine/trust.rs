//! What the engine judges by: read once from what the start names, and again when a policy
//! is written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{SettingsError, read_trust_file};
use crate::signature::Signer;
use crate::signature::TrustRoot;
use crate::signature::policy::Policy;
use crate::signature::sigstore::{IdentityRule, Pattern, PublicKey};

use super::Failure;

/// Where trust comes from. Nothing is read yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustConfig {
    /// A trust policy; one that is not there is as good as none.
    pub policy: Option<PathBuf>,
    /// Whether the policy has to be there: the user named it.
    pub required: bool,
    /// Public keys, each in a file; used instead of a policy.
    pub keys: Vec<PathBuf>,
    /// An identity; used instead of a policy.
    pub identity: Option<IdentityConfig>,
    /// A `trusted_root.json` instead of the one built in.
    pub root: Option<PathBuf>,
    /// Whether nobody but the place of the image may be asked: no trust root is renewed.
    pub offline: bool,
    /// The folder of the user's own signing keys; nothing where there is none.
    pub own_keys: Option<PathBuf>,
    /// Whether everything that is opened is verified without being asked for.
    pub automatic: bool,
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
    pub root: Option<TrustRoot>,
    /// Why there is less than what was asked for. With it nothing is judged.
    pub problem: Option<Arc<Failure>>,
}

impl TrustSettings {
    /// Reads everything that `config` names. What cannot be read is the settings' problem.
    pub fn read(config: &TrustConfig) -> Self {
        let mut settings = Self {
            file: config.policy.clone(),
            ..Self::default()
        };
        let mut problem = None;
        match root(config.root.as_deref()) {
            Ok(root) => settings.root = Some(root),
            Err(failure) => problem = Some(failure),
        }
        match policy(config) {
            Ok(policy) => settings.policy = policy,
            Err(failure) => problem = problem.or(Some(failure)),
        }
        settings.problem = problem.map(Arc::new);
        settings
    }
}

fn root(path: Option<&Path>) -> Result<TrustRoot, Failure> {
    let read = match path {
        None => TrustRoot::embedded(),
        Some(path) => {
            let bytes = needed(path)?;
            TrustRoot::read(&bytes, &path.display().to_string())
        }
    };
    read.map_err(|error| {
        let what = path.map_or_else(String::new, |path| format!(" {}", path.display()));
        Failure::refused(
            format!("the trust root{what} cannot be used: {error}"),
            "Give a trusted_root.json, as `cosign trusted-root create` writes it",
        )
    })
}

fn policy(config: &TrustConfig) -> Result<Option<Policy>, Failure> {
    let mut signers = Vec::new();
    for path in &config.keys {
        let key = PublicKey::from_pem(&needed(path)?).map_err(|error| {
            Failure::refused(
                format!("the key {} cannot be used: {error}", path.display()),
                "Give a public key in PEM, as cosign.pub is",
            )
        })?;
        signers.push(Signer::key(path.display().to_string(), key));
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
    let shown = path.display().to_string();
    let text = String::from_utf8(bytes).map_err(|_| {
        Failure::refused(
            format!("{shown} is not text in UTF-8"),
            "Give a policy in TOML",
        )
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let files = |name: &str| needed(&folder.join(name)).map_err(|failure| failure.headline);
    let policy = Policy::read(&text, &shown, &files)
        .map_err(|error| Failure::refused(format!("{shown}: {error}"), error.hint()))?;
    Ok(Some(policy))
}

/// A file that has to be there.
fn needed(path: &Path) -> Result<Vec<u8>, Failure> {
    read_trust_file(path).map_err(of_settings)?.ok_or_else(|| {
        Failure::refused(format!("{} is not there", path.display()), "Check the path")
    })
}

fn of_settings(error: SettingsError) -> Failure {
    Failure::refused(error.to_string(), "Check that the file may be read")
}
