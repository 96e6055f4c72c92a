//! `porthole sign`: signatures of an image, or of an index and its platforms.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::engine::{Addition, EngineConfig, Failure, SignFormat, Signing};

use super::CliError;
use super::addition::{Adding, annotations, listed, request};
use super::passphrase::PassphraseFrom;
use super::services::ServiceOptions;

/// Sign an image.
///
/// The digest is resolved once and shown before anything is signed. What is signed already
/// stays; what was written is read back and verified.
#[derive(Debug, Args)]
pub(super) struct Sign {
    /// The image: docker://HOST/NAME:TAG, oci:FOLDER:NAME, a folder, or a short name.
    reference: String,

    /// Sign with this key, a name of `porthole keys list` or a file (may be repeated: each
    /// signs in turn).
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,

    /// How the signature is written. Without it: `simple` for OpenPGP keys is chosen by name.
    #[arg(long, value_enum, default_value_t = FormatName::Bundle)]
    format: FormatName,

    /// For Notation: the certificates from that of the key to the root, in PEM.
    #[arg(long, value_name = "FILE")]
    cert_chain: Option<PathBuf>,

    /// For Notation: the envelope [default: jws].
    #[arg(long, value_enum)]
    signature_format: Option<Envelope>,

    /// For Notation: how long the signature holds, as 24h, 30d or 90m.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    expiry: Option<Duration>,

    /// Sign this along with the digest, KEY=VALUE, as it stands there (may be repeated).
    #[arg(long, value_name = "KEY=VALUE")]
    annotation: Vec<String>,

    /// The same as cosign takes it: with commas between several (may be repeated).
    #[arg(long, short, value_name = "KEY=VALUE,…")]
    annotations: Vec<String>,

    /// Sign the image under this name instead of its own.
    #[arg(long, value_name = "NAME")]
    sign_container_identity: Option<String>,

    /// For OpenPGP: keep signatures of a registry's images in this folder, not in the one
    /// that registries.d names.
    #[arg(long, value_name = "FOLDER")]
    lookaside: Option<PathBuf>,

    /// Sign every platform of an index, too.
    #[arg(long, short)]
    recursive: bool,

    #[command(flatten)]
    passphrase: PassphraseFrom,

    /// Show what would be signed and where it would be written, and do nothing.
    #[arg(long)]
    plan: bool,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    services: ServiceOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatName {
    /// A Sigstore bundle as a referrer, as cosign 3 writes it.
    Bundle,
    /// cosign's older form, under a tag.
    Cosign,
    /// Notation, with a key and its certificates.
    Notation,
    /// OpenPGP beside the image, as skopeo and podman read it.
    Simple,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Envelope {
    Jws,
    Cose,
}

impl Sign {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        let mut given = self.annotation.clone();
        given.extend(listed(&self.annotations)?);
        let annotations = annotations(&given)?;
        let format = match (self.format, self.signature_format) {
            (FormatName::Bundle, _) => SignFormat::Bundle,
            (FormatName::Cosign, _) => SignFormat::Cosign,
            (FormatName::Notation, None | Some(Envelope::Jws)) => SignFormat::NotationJws,
            (FormatName::Notation, Some(Envelope::Cose)) => SignFormat::NotationCose,
            (FormatName::Simple, _) => SignFormat::Simple,
        };
        if self.signature_format.is_some() && self.format != FormatName::Notation {
            let what = "--signature-format is for Notation";
            return Err(Failure::refused(what, "Add --format notation").into());
        }
        if self.cert_chain.is_some() && self.format != FormatName::Notation {
            let what = "--cert-chain is for Notation";
            return Err(Failure::refused(what, "Add --format notation").into());
        }
        if self.key.len() > 1 && self.cert_chain.is_some() {
            let what = "a chain of certificates is for one key";
            return Err(Failure::refused(what, "Sign with one key after the other").into());
        }
        let services = self.services.services();
        let signings = self.services.signers(&self.key, &self.passphrase)?;
        let signings = signings.into_iter().map(|by| Signing {
            by,
            services: services.clone(),
            chain: self.cert_chain.clone(),
            format,
            annotations: annotations.clone(),
            identity: self.sign_container_identity.clone(),
            expiry: self.expiry,
            lookaside: self.lookaside.clone(),
        });
        let addition = Addition::Sign(signings.collect());
        let adding = Adding {
            request: request(self.reference, self.recursive, addition),
            passphrase: Some(self.passphrase),
            services: self.services,
            plan: self.plan,
            json: self.json,
        };
        adding.run(config)
    }
}

/// `90m`, `24h`, `30d`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no time: write 90m, 24h or 30d");
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86400,
        _ => return Err(wrong()),
    };
    let count: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    let seconds = count
        .checked_mul(seconds)
        .filter(|s| (1..=u64::from(u32::MAX)).contains(s));
    seconds.map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn times_have_a_unit_and_are_not_nothing() {
        assert_eq!(duration("90m").unwrap().as_secs(), 5400);
        assert_eq!(duration("30d").unwrap().as_secs(), 30 * 86400);
        for wrong in ["", "d", "5", "-1h", "0h", "1y", "99999999999d", "1é"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
    }
}
