//! Porthole's own trust policy, a readable TOML file:
//!
//! ```toml
//! version = 1
//!
//! [[rule]]
//! scope = "registry.example.com/edge/**"   # the longest that matches wins
//! signers = ["release"]
//! at_least = 1                             # distinct signers
//! attestations = []                        # predicate types that have to be there too
//! level = "either"                         # index or every platform; or "both", "this"
//!                                          # or, instead of all that: reject = true
//!
//! [[signer]]
//! name = "release"
//! identity = "release@example.com"         # or identity_regexp
//! issuer = "https://accounts.example.com"  # or issuer_regexp
//! ```
//!
//! How a signer can sign is told in `signer`.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::signer::FileSigner;
use super::{Asked, Files, Level, PolicyError, Requirement, RootSource, Rule, Scope};
use crate::signature::sigstore::TrustRoot;
use crate::signature::trust::Signer;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u64,
    #[serde(default)]
    rule: Vec<FileRule>,
    #[serde(default)]
    signer: Vec<FileSigner>,
    trust_root: Option<FileRoot>,
    /// Whether what is opened in the window is verified without being asked for.
    automatic: Option<bool>,
}

/// What certificates, logs and timestamps are judged by: a file, or the address of a TUF
/// repository and the `root.json` that trust in it begins with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRoot {
    file: Option<String>,
    tuf: Option<String>,
    tuf_root: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRule {
    scope: String,
    #[serde(default)]
    signers: Vec<String>,
    at_least: Option<usize>,
    #[serde(default)]
    attestations: Vec<String>,
    level: Option<Level>,
    /// Nothing of the scope is accepted, whoever signed it.
    #[serde(default)]
    reject: bool,
}

/// What a policy says.
pub(super) struct Contents {
    pub rules: Vec<Rule>,
    pub root: Option<RootSource>,
    pub automatic: bool,
}

/// Reads a policy. Files that it names come by `files`.
pub(super) fn read(text: &str, files: &dyn Files) -> Result<Contents, PolicyError> {
    let file: File =
        toml::from_str(text).map_err(|error| PolicyError::Syntax(error.to_string()))?;
    if file.version != 1 {
        return Err(PolicyError::Version(file.version));
    }
    let mut names = BTreeSet::new();
    let mut signers = Vec::new();
    for signer in file.signer {
        let name = signer.name.clone();
        if !names.insert(name.clone()) {
            let why = "it is there twice".to_owned();
            return Err(PolicyError::Signer { name, why });
        }
        let read = signer.read(files);
        signers.push(read.map_err(|why| PolicyError::Signer { name, why })?);
    }
    let mut scopes = BTreeSet::new();
    let rules = file.rule.into_iter().map(|rule| {
        let scope = rule.scope.clone();
        let read = match scopes.insert(Scope::plain(&scope).to_owned()) {
            true => rule.read(&signers),
            false => Err("there are two rules for it, and only one could count".to_owned()),
        };
        read.map_err(|why| PolicyError::Rule { scope, why })
    });
    let root = file.trust_root.map(|root| root.read(files)).transpose();
    let root = root.map_err(PolicyError::TrustRoot)?;
    Ok(Contents {
        rules: rules.collect::<Result<_, _>>()?,
        root,
        automatic: file.automatic.unwrap_or(true),
    })
}

impl FileRoot {
    fn read(self, files: &dyn Files) -> Result<RootSource, String> {
        match (self.file, self.tuf, self.tuf_root) {
            (Some(path), None, None) => {
                let root = TrustRoot::read(&files.file(&path)?, &path);
                let root = root.map_err(|error| format!("{path}: {error}"))?;
                Ok(RootSource::Fixed(root))
            }
            (None, Some(address), Some(path)) => Ok(RootSource::Tuf {
                address,
                root: files.file(&path)?.into(),
            }),
            (None, Some(_), None) => {
                Err("tuf needs tuf_root, the root.json that trust begins with".to_owned())
            }
            _ => Err("it is either a file, or tuf with tuf_root".to_owned()),
        }
    }
}

impl FileRule {
    fn read(self, signers: &[Signer]) -> Result<Rule, String> {
        if self.reject {
            let asks = !(self.signers.is_empty() && self.attestations.is_empty())
                || self.at_least.is_some()
                || self.level.is_some();
            if asks {
                return Err("it rejects everything, and asks for something too".to_owned());
            }
            return Ok(Rule {
                scope: Scope::read(&self.scope)?,
                requirements: vec![Requirement::Nothing {
                    why: "the policy rejects every image here".to_owned(),
                }],
                level: Level::This,
            });
        }
        let chosen = self.signers.iter().map(|name| {
            let signer = signers.iter().find(|signer| signer.name == *name);
            signer
                .cloned()
                .ok_or_else(|| format!("there is no signer {name:?}"))
        });
        let chosen: Vec<Signer> = chosen.collect::<Result<_, _>>()?;
        if chosen.is_empty() {
            return Err("it names no signers, so nothing could satisfy it".to_owned());
        }
        let at_least = self.at_least.unwrap_or(1);
        if at_least == 0 && self.attestations.is_empty() {
            return Err(
                "it asks for nothing: at_least is 0 and no attestation is named".to_owned(),
            );
        }
        Ok(Rule {
            scope: Scope::read(&self.scope)?,
            requirements: vec![Requirement::Signed(Asked {
                at_least,
                attestations: self.attestations,
                ..Asked::one_of(chosen)
            })],
            level: self.level.unwrap_or_default(),
        })
    }
}
