//! `porthole attach`: files and attestations as referrers of an image, and taking them back.

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;

use crate::engine::{
    Addition, AttachedFile, Attaching, EngineConfig, Failure, SignBy, SignFormat, Signing,
};
use crate::model::Digest;

use super::CliError;
use super::addition::{Adding, annotations, request};
use super::passphrase::PassphraseFrom;
use super::services::ServiceOptions;
use super::sign::FormatName;

/// Attach files or an attestation to an image, or take back what is attached.
///
/// Files become one artifact that refers to the image. A single SBOM (SPDX, CycloneDX, Syft)
/// is recognised by its content; anything else needs --artifact-type.
#[derive(Debug, Args)]
pub(super) struct Attach {
    /// The image: docker://HOST/NAME:TAG, oci:FOLDER:NAME, a folder, or a short name.
    reference: String,

    /// Files, each FILE or FILE:MEDIA/TYPE.
    #[arg(value_name = "FILE")]
    files: Vec<String>,

    /// What the artifact is.
    #[arg(long, value_name = "TYPE")]
    artifact_type: Option<String>,

    /// An annotation of the artifact, KEY=VALUE (may be repeated).
    #[arg(long, short, value_name = "KEY=VALUE")]
    annotation: Vec<String>,

    /// State what is in this file about the image, signed.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "artifact_type", "annotation"])]
    predicate: Option<PathBuf>,

    /// What the predicate is: slsaprovenance, slsaprovenance1, link, spdx, spdxjson,
    /// cyclonedx, vuln, openvex, custom, or an address [default: custom].
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,

    /// Sign the attestation with this key, a name of `porthole keys list` or a file.
    #[arg(long, value_name = "KEY", requires = "predicate")]
    key: Option<String>,

    /// How the attestation is written: bundle, or cosign (a tag that ends in .att) [default:
    /// bundle].
    #[arg(long, value_enum)]
    format: Option<FormatName>,

    /// Attach to every platform of an index, too.
    #[arg(long, short)]
    recursive: bool,

    /// Take back the referrer with this digest.
    #[arg(long, value_name = "DIGEST", conflicts_with_all = ["files", "predicate", "artifact_type", "annotation", "recursive"])]
    remove: Option<Digest>,

    #[command(flatten)]
    passphrase: PassphraseFrom,

    /// Show what would be written and where, and do nothing.
    #[arg(long)]
    plan: bool,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    services: ServiceOptions,
}

impl Attach {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        if self.predicate.is_none() {
            self.services.refuse_unsigned(&[
                ("--type", self.kind.is_some()),
                ("--format", self.format.is_some()),
                ("--passphrase-fd", self.passphrase.is_named()),
            ])?;
        }
        self.check_files()?;
        let addition = match (&self.remove, &self.predicate) {
            (Some(digest), _) => Addition::Remove(digest.clone()),
            (None, Some(predicate)) => Addition::Attest {
                signing: Box::new(Signing {
                    by: self.signer()?,
                    services: self.services.services(),
                    chain: None,
                    format: match self.format {
                        None | Some(FormatName::Bundle) => SignFormat::Bundle,
                        Some(FormatName::Cosign) => SignFormat::Cosign,
                        Some(FormatName::Notation | FormatName::Simple) => {
                            let what = "an attestation is written as bundle or cosign";
                            return Err(Failure::refused(what, "Leave --format out").into());
                        }
                    },
                    annotations: Default::default(),
                    identity: None,
                    expiry: None,
                    lookaside: None,
                }),
                predicate: predicate.clone(),
                kind: self.kind.clone().unwrap_or_else(|| "custom".to_owned()),
            },
            (None, None) => Addition::Attach(Attaching {
                files: self.files.iter().map(|text| file(text)).collect(),
                artifact_type: self.artifact_type.clone(),
                annotations: annotations(&self.annotation)?,
            }),
        };
        let adding = Adding {
            request: request(self.reference, self.recursive, addition),
            passphrase: Some(self.passphrase),
            services: self.services,
            plan: self.plan,
            json: self.json,
        };
        adding.run(config)
    }

    /// Files have to be named where nothing else is asked for, each by a name of its own.
    fn check_files(&self) -> Result<(), CliError> {
        let usage = |what: String, hint: &str| Err(CliError::Usage(Failure::refused(what, hint)));
        if self.files.is_empty() && self.predicate.is_none() && self.remove.is_none() {
            let hint = "Name files: porthole attach REFERENCE FILE…";
            return usage("there is no file to attach".to_owned(), hint);
        }
        let mut names = HashSet::new();
        for file in &self.files {
            let file = self::file(file);
            let name = file.path.file_name().unwrap_or_default().to_owned();
            if !names.insert(name.clone()) {
                let name = name.to_string_lossy();
                return usage(
                    format!("two of the files are called {name}: whoever pulls them gets one"),
                    "Rename one of them, or attach them one after the other",
                );
            }
        }
        Ok(())
    }

    fn signer(&self) -> Result<SignBy, CliError> {
        let keys: Vec<_> = self.key.iter().cloned().collect();
        let signers = self.services.signers(&keys, &self.passphrase)?;
        let mut signers = signers.into_iter();
        let nobody = || Failure::refused("there is nobody to sign", "Name a key: --key");
        Ok(signers.next().ok_or_else(nobody)?)
    }
}

/// `FILE` or `FILE:MEDIA/TYPE`, as oras writes it.
fn file(text: &str) -> AttachedFile {
    let typed = text.rsplit_once(':').filter(|(path, kind)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+/".contains(c);
        let is_type = kind.matches('/').count() == 1 && kind.chars().all(plain);
        is_type && !path.is_empty() && !kind.starts_with('/') && !kind.ends_with('/')
    });
    match typed {
        Some((path, kind)) => AttachedFile {
            path: path.into(),
            media_type: Some(kind.to_owned()),
        },
        None => AttachedFile {
            path: text.into(),
            media_type: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::file;

    #[test]
    fn a_type_behind_the_file_is_told_from_a_path() {
        for (text, path, kind) in [
            ("a.json", "a.json", None),
            (
                "a.json:application/spdx+json",
                "a.json",
                Some("application/spdx+json"),
            ),
            ("C:/x/a.json", "C:/x/a.json", None),
            ("a:b", "a:b", None),
        ] {
            let file = file(text);
            assert_eq!(file.path.to_str(), Some(path));
            assert_eq!(file.media_type.as_deref(), kind);
        }
    }
}
