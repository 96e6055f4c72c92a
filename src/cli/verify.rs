//! `porthole verify`: what vouches for an image, and whether that is enough.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use crate::engine::{
    Chore, EngineConfig, Extent, Failure, IdentityConfig, Image, NodePath, RootPlace, TrustConfig,
};
use crate::model::{Platform, text};
use crate::signature::{Judgement, Outcome, SignatureReport, SubjectReport, Verdict, images, page};

use super::inspect::{picked, reference_of};
use super::wait::Waiting;
use super::{CliError, wait};

/// Verify the signatures of an image and judge them.
///
/// Judges by keys, by an identity or by a trust policy. Ends with 0 when the image is
/// trusted, 3 when it is not, 1 when it cannot be told.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The image: docker://HOST/NAME:TAG, oci:FOLDER:NAME, a folder, or a short name.
    reference: String,

    /// Accept signatures by this public key in PEM, or by OpenPGP keys (may be repeated).
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,

    /// Accept signatures by this identity, as it stands in the certificate.
    #[arg(long, value_name = "IDENTITY", requires = "issuer", conflicts_with_all = ["identity_regexp", "key"])]
    identity: Option<String>,

    /// Accept signatures by identities that this regular expression matches as a whole.
    #[arg(
        long,
        value_name = "REGEXP",
        requires = "issuer",
        conflicts_with = "key"
    )]
    identity_regexp: Option<String>,

    /// Who vouches for the identity.
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,

    /// Ask for this signed name: HOST/NAME:TAG, HOST/NAME, or exact, repository,
    /// repo-digest-or-exact for that of the image. OpenPGP signatures are asked for
    /// repo-digest-or-exact without it.
    #[arg(long, value_name = "NAME", conflicts_with = "policy")]
    signed_name: Option<String>,

    /// Judge by this policy instead of the one in the settings: Porthole's own in TOML, a
    /// policy.json of containers, or a trustpolicy.json of Notation.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "identity", "identity_regexp"])]
    policy: Option<PathBuf>,

    /// Take the stores that a policy names from this trust store of Notation.
    #[arg(long, value_name = "FOLDER")]
    trust_store: Option<PathBuf>,

    /// Judge certificates, logs and timestamps by this trusted_root.json, or by the one in
    /// the TUF repository at this address.
    #[arg(long, value_name = "FILE|URL")]
    trust_root: Option<String>,

    /// The root.json that trust in the TUF repository begins with.
    #[arg(long, value_name = "FILE", requires = "trust_root")]
    tuf_root: Option<PathBuf>,

    /// Judge the image for this platform in an index, not the index.
    #[arg(
        long,
        value_name = "OS/ARCH[/VARIANT]",
        conflicts_with = "all_platforms"
    )]
    platform: Option<Platform>,

    /// Judge every platform of an index too.
    #[arg(long)]
    all_platforms: bool,

    /// Write the report to this file too: a page where its name ends in .html, else JSON.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// Contact nobody but the registry of the image.
    #[arg(long)]
    offline: bool,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// How it came out.
pub(super) enum Ended {
    Trusted,
    NotTrusted,
    CannotTell,
}

impl Verify {
    pub(super) fn run(self, mut config: EngineConfig) -> Result<Ended, CliError> {
        config.trust = self.trust(&config.trust)?;
        config.network.offline |= self.offline;
        let extent = if self.platform.is_some() || self.all_platforms {
            Extent::Everything
        } else {
            Extent::Root
        };
        let waiting = Waiting::open(config, &self.reference, self.platform.clone(), extent)?;
        let snapshot = match extent {
            Extent::Root | Extent::Shown => waiting.opened(&self.reference)?,
            Extent::Everything => waiting.everything(&self.reference)?,
        };
        let image = snapshot.image().ok_or_else(wait::nothing_found)?;
        let path = match &self.platform {
            Some(platform) => {
                listed(image)?;
                picked(image, platform)?
            }
            None => NodePath::root(),
        };
        let root = waiting.verification(&path)?;
        let mut platforms = Vec::new();
        if self.all_platforms {
            for (path, platform) in listed(image)? {
                platforms.push((platform, waiting.verification(&path)?));
            }
        }
        let reference = reference_of(&snapshot, &path, image);
        let object = self.object(&reference, &root, &platforms);
        if let Some(path) = &self.report {
            let is_page = path.extension().is_some_and(|end| end == "html");
            let text = if is_page {
                let first = (reference.clone(), Arc::clone(&root));
                let all: Vec<_> = std::iter::once(first).chain(platforms.clone()).collect();
                page(&reference, &all)
            } else {
                format!("{object:#}\n")
            };
            let path = path.clone();
            waiting.chore(Chore::SaveText { path, text })?;
        }
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, &object).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        } else {
            print(&mut out, &reference, &root)?;
            for (platform, report) in &platforms {
                print(&mut out, platform, report)?;
            }
        }
        out.flush()?;
        let reports = std::iter::once(&root).chain(platforms.iter().map(|(_, report)| report));
        ended(reports)
    }

    /// What is judged by: what the command line says instead of the settings.
    fn trust(&self, settings: &TrustConfig) -> Result<TrustConfig, CliError> {
        let identity = self.identity.as_ref().or(self.identity_regexp.as_ref());
        Ok(TrustConfig {
            policy: self.policy.clone().or_else(|| settings.policy.clone()),
            required: self.policy.is_some(),
            notation_store: self.trust_store.clone(),
            signed_name: self.signed_name.clone(),
            keys: self.key.clone(),
            identity: identity.map(|identity| IdentityConfig {
                identity: identity.clone(),
                regexp: self.identity_regexp.is_some(),
                issuer: self.issuer.clone().unwrap_or_default(),
            }),
            root: self.root()?,
            own_keys: settings.own_keys.clone(),
            accepted_services: settings.accepted_services.clone(),
            automatic: false,
        })
    }

    /// The whole report as one object.
    fn object(
        &self,
        reference: &str,
        root: &SubjectReport,
        platforms: &[(String, Arc<SubjectReport>)],
    ) -> Value {
        let mut object = json!({"reference": reference});
        merge(&mut object, root.to_json());
        if self.all_platforms {
            let list = platforms.iter().map(|(platform, report)| {
                let mut object = json!({"platform": platform});
                merge(&mut object, report.to_json());
                object
            });
            object["platforms"] = list.collect();
        }
        object
    }

    /// The trust root that was named.
    fn root(&self) -> Result<Option<RootPlace>, CliError> {
        let Some(named) = &self.trust_root else {
            return Ok(None);
        };
        let is_address = named.starts_with("http://") || named.starts_with("https://");
        let refused = |what: String, hint: &str| Failure::refused(what, hint).into();
        match (is_address, &self.tuf_root) {
            (true, Some(root)) => Ok(Some(RootPlace::Tuf {
                address: named.clone(),
                root: root.clone(),
            })),
            (true, None) => Err(refused(
                format!("trust in the TUF repository {named} has nothing to begin with"),
                "Give its root.json by --tuf-root FILE",
            )),
            (false, None) => Ok(Some(RootPlace::File(named.into()))),
            (false, Some(_)) => Err(refused(
                format!("{named} is no address of a TUF repository"),
                "Leave --tuf-root out, or give the address",
            )),
        }
    }
}

/// The images of an index, each with the name of its platform; attestations are none. Where
/// readers may find others in it, no one of them is judged for all.
fn listed(image: &Image) -> Result<Vec<(NodePath, String)>, CliError> {
    let document = &image.root.document;
    if document.index().is_none() {
        return Ok(Vec::new());
    }
    let images = images(document).map_err(|unclear| {
        let what = format!("what the index lists is not clear: {unclear}");
        Failure::refused(what, unclear.hint())
    })?;
    let named = images.into_iter().map(|(position, entry)| {
        let platform = entry.platform.as_ref().map(ToString::to_string);
        let platform = platform.unwrap_or_else(|| entry.digest.short());
        (NodePath::root().child(position), platform)
    });
    Ok(named.collect())
}

fn merge(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

/// The worst of the verdicts decides: everything that was asked about has to be trusted.
fn ended<'a>(reports: impl Iterator<Item = &'a Arc<SubjectReport>>) -> Result<Ended, CliError> {
    let mut ended = Ended::Trusted;
    for report in reports {
        match &report.verdict {
            Verdict::Accepted { .. } => {}
            Verdict::Rejected { .. } | Verdict::Unsigned => {
                if matches!(ended, Ended::Trusted) {
                    ended = Ended::NotTrusted;
                }
            }
            Verdict::CannotSay { why, hint } => {
                return Err(Failure::refused(why.clone(), hint.clone()).into());
            }
            Verdict::NotJudged { .. } => ended = Ended::CannotTell,
        }
    }
    if matches!(ended, Ended::CannotTell) {
        return Err(Failure::refused(
            "nothing was judged: nobody was named to be trusted",
            "Name a key (--key), an identity and its issuer (--identity, --issuer) or a policy (--policy)",
        )
        .into());
    }
    Ok(ended)
}

fn print(out: &mut impl Write, what: &str, report: &SubjectReport) -> io::Result<()> {
    let verdict = match &report.verdict {
        Verdict::Accepted { by } if by.is_empty() => {
            "accepted: the policy asks for no signature here, so none was required".to_owned()
        }
        Verdict::Accepted { by } => format!("accepted: signed by {}", by.join(", ")),
        Verdict::Rejected { why, .. } => format!("rejected: {why}"),
        Verdict::Unsigned => "unsigned: every place was asked and has nothing".to_owned(),
        Verdict::CannotSay { why, .. } => format!("cannot say: {why}"),
        Verdict::NotJudged { why } => format!("not judged: {why}"),
    };
    let subject = &report.subject;
    writeln!(out, "{} {}", text::visible(what), subject.digest)?;
    writeln!(out, "  {}", text::visible(&verdict))?;
    for root in &report.roots {
        writeln!(out, "  trust root: {}", text::visible(&root.source))?;
    }
    if let Some(policy) = &report.policy {
        writeln!(out, "  policy: {}", text::visible(policy))?;
    }
    for looked in &report.looked {
        writeln!(out, "  looked in {}", text::visible(looked))?;
    }
    for signature in &report.signatures {
        print_signature(out, signature)?;
    }
    Ok(())
}

fn print_signature(out: &mut impl Write, report: &SignatureReport) -> io::Result<()> {
    let judgement = match report.judgement() {
        Judgement::Accepted => "accepted",
        Judgement::Rejected => "rejected",
        Judgement::NotJudged => "not judged",
        Judgement::Unsigned => "unsigned",
    };
    writeln!(out, "  - {}: {judgement}", report.found.format)?;
    let claims = &report.found.claims;
    if let Some(signer) = &claims.signer {
        writeln!(out, "      claims to be by {}", text::visible(signer))?;
    }
    for check in &report.checks {
        let outcome = match check.outcome {
            Outcome::Passed => "ok",
            other => other.name(),
        };
        write!(
            out,
            "      {:<16} {outcome}: {}",
            check.kind.title(),
            text::visible(&check.detail)
        )?;
        if check.outcome != Outcome::Passed {
            if let Some(expected) = &check.expected {
                write!(out, "; expected {}", text::visible(expected))?;
            }
            if let Some(found) = &check.found {
                write!(out, "; found {}", text::visible(found))?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}
