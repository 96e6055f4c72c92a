//! What `sign` and `attach` ask of services: options with the names that cosign has for them.

use std::path::PathBuf;

use clap::Args;

use crate::config::AmbientIdentity;
use crate::engine::{Failure, IdentityFrom, LogUse, SignBy, SigningServices};

use super::CliError;
use super::passphrase::PassphraseFrom;

/// Who vouches for a signature besides the key.
#[derive(Debug, Args)]
#[command(next_help_heading = "Identities and services")]
pub(super) struct ServiceOptions {
    /// Sign with an identity instead of a key: that of the CI that this runs in, else that of
    /// whoever signs in in the browser.
    #[arg(long)]
    keyless: bool,

    /// Sign with the identity of the token in this file.
    #[arg(long, value_name = "FILE")]
    identity_token: Option<PathBuf>,

    /// Leave the CI's identity alone and sign in in the browser.
    #[arg(long, requires = "keyless")]
    oidc_disable_ambient_providers: bool,

    /// Sign in at this issuer, not at that of the signing config.
    #[arg(long, value_name = "URL")]
    oidc_issuer: Option<String>,

    /// What this program is called at the issuer [default: sigstore].
    #[arg(long, value_name = "NAME")]
    oidc_client_id: Option<String>,

    /// Have the identity certified by this authority. None of the public services is asked
    /// then.
    #[arg(long, value_name = "URL")]
    fulcio_url: Option<String>,

    /// Write to this transparency log, which others can read.
    #[arg(long, value_name = "URL", conflicts_with = "no_log")]
    rekor_url: Option<String>,

    /// Have the signature timestamped by this authority (RFC 3161).
    #[arg(long, value_name = "URL", alias = "timestamp-url")]
    timestamp_server_url: Option<String>,

    /// For Notation: certificates that the timestamp has to lead to, in PEM.
    #[arg(long, value_name = "FILE")]
    timestamp_root_cert: Option<PathBuf>,

    /// Ask the services that this signing_config.json names.
    #[arg(long, value_name = "FILE")]
    signing_config: Option<PathBuf>,

    /// Judge what services answer by this trusted_root.json, not by that of the settings.
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,

    /// Write to no log. With a key none is written to unless one is named; this says so aloud.
    #[arg(long)]
    no_log: bool,

    /// Agree to what the services show to others, without being asked.
    #[arg(long, short)]
    pub(super) yes: bool,

    /// Only print what has to be opened in a browser.
    #[arg(long)]
    pub(super) no_browser: bool,
}

impl ServiceOptions {
    /// Who signs: each of the keys, or an identity.
    pub(super) fn signers(
        &self,
        keys: &[String],
        passphrase: &PassphraseFrom,
    ) -> Result<Vec<SignBy>, CliError> {
        let identity = self.identity()?;
        match (keys, identity) {
            ([], Some(_)) if passphrase.is_named() => Err(Failure::refused(
                "--passphrase-fd is for keys, and an identity signs",
                "Leave it out, or sign with a key",
            )
            .into()),
            ([], Some(identity)) => Ok(vec![SignBy::Identity(identity)]),
            ([], None) => Err(Failure::refused(
                "nothing is named to sign with",
                "Name a key: --key; or sign with an identity: --keyless or --identity-token FILE",
            )
            .into()),
            (keys, None) => {
                if let Some((name, _)) = self.of_identities().into_iter().find(|(_, set)| *set) {
                    return Err(Failure::refused(
                        format!("{name} is for identities, and a key signs"),
                        "Leave it out, or sign with an identity: --keyless without --key",
                    )
                    .into());
                }
                Ok(keys.iter().cloned().map(SignBy::Key).collect())
            }
            (_, Some(_)) => Err(Failure::refused(
                "a key and an identity do not sign together",
                "Sign with one after the other",
            )
            .into()),
        }
    }

    /// The options that only somebody who signs with an identity has a use for.
    fn of_identities(&self) -> [(&'static str, bool); 3] {
        [
            ("--oidc-issuer", self.oidc_issuer.is_some()),
            ("--oidc-client-id", self.oidc_client_id.is_some()),
            ("--fulcio-url", self.fulcio_url.is_some()),
        ]
    }

    /// Refuses what only signatures have a use for, `more` besides, where nothing is signed.
    pub(super) fn refuse_unsigned(&self, more: &[(&'static str, bool)]) -> Result<(), CliError> {
        let of_signatures = [
            ("--keyless", self.keyless),
            ("--identity-token", self.identity_token.is_some()),
            ("--rekor-url", self.rekor_url.is_some()),
            ("--no-log", self.no_log),
            (
                "--timestamp-server-url",
                self.timestamp_server_url.is_some(),
            ),
            ("--timestamp-root-cert", self.timestamp_root_cert.is_some()),
            ("--signing-config", self.signing_config.is_some()),
            ("--trusted-root", self.trusted_root.is_some()),
        ];
        let of_identities = self.of_identities();
        let of_signatures = [&of_signatures[..], &of_identities].concat();
        let mut all = of_signatures.iter().chain(more).copied();
        match all.find(|(_, set)| *set) {
            None => Ok(()),
            Some((name, _)) => Err(Failure::refused(
                format!("{name} is for what is signed, and nothing is signed here"),
                "Sign a statement: --predicate FILE; or leave the option out",
            )
            .into()),
        }
    }

    fn identity(&self) -> Result<Option<IdentityFrom>, CliError> {
        if let Some(path) = &self.identity_token {
            // three parts in base64: what others on this machine may read by now
            if path.as_os_str().to_string_lossy().starts_with("eyJ") && !path.exists() {
                return Err(Failure::refused(
                    "a token is not given as an argument: others on this machine see those",
                    "Write it to a file of your own and give that; and get a new token",
                )
                .into());
            }
            return Ok(Some(IdentityFrom::File(path.clone())));
        }
        let ambient = || AmbientIdentity::from_environment().is_some();
        Ok(match self.keyless {
            false => None,
            true if !self.oidc_disable_ambient_providers && ambient() => {
                Some(IdentityFrom::Ambient)
            }
            true => Some(IdentityFrom::Browser),
        })
    }

    /// The services that are asked.
    pub(super) fn services(&self) -> SigningServices {
        if self.no_log {
            eprintln!("Nothing is written to a log");
        }
        SigningServices {
            config: self.signing_config.clone(),
            fulcio: self.fulcio_url.clone(),
            log: match &self.rekor_url {
                _ if self.no_log => LogUse::No,
                Some(address) => LogUse::At(address.clone()),
                None => LogUse::Usual,
            },
            timestamp: self.timestamp_server_url.clone(),
            timestamp_roots: self.timestamp_root_cert.clone(),
            trust_root: self.trusted_root.clone(),
            issuer: self.oidc_issuer.clone(),
            client: self.oidc_client_id.clone(),
        }
    }
}
