//! `porthole policy`: the trust policy, and what is taken over into it.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::engine::{Chore, EngineConfig, Failure, Outcome, TrustChange, TrustPreview};
use crate::model::text;
use crate::signature::policy::Import as Imported;

use super::{CliError, wait};

/// Take policies of others over into Porthole's trust policy.
#[derive(Debug, Args)]
pub(super) struct Policy {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Take over a policy.json of containers, a trustpolicy.json of Notation, or a public key.
    ///
    /// Shows what would be written, and what cannot be taken over and why. Nothing is written
    /// without --write. By what comes of it nothing is accepted that the original rejects, and
    /// nothing that the policy rejected before.
    Import(Import),
}

#[derive(Debug, Args)]
struct Import {
    /// The policy, or the key.
    file: PathBuf,

    /// The images that a key is for: HOST/NAME, HOST/TEAM/**, *.DOMAIN/**, or *. The host
    /// belongs there, docker.io too.
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,

    /// Take the stores that a policy of Notation names from this trust store.
    #[arg(long, value_name = "FOLDER")]
    trust_store: Option<PathBuf>,

    /// Change this policy instead of the one in the settings. It need not be there.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Write it.
    #[arg(long)]
    write: bool,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Policy {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        let What::Import(import) = self.what;
        import.run(config)
    }
}

impl Import {
    fn run(self, mut config: EngineConfig) -> Result<(), CliError> {
        if let Some(policy) = &self.policy {
            config.trust.policy = Some(policy.clone());
        }
        let change = TrustChange::Import {
            file: self.file.clone(),
            scope: self.scope.clone(),
            store: self.trust_store.clone(),
        };
        let asked = Chore::PreviewTrust(change);
        let shown = match wait::chore(config.clone(), asked)? {
            Outcome::TrustPreviewed(shown) => shown,
            other => return Err(unexpected(other)),
        };
        let mut out = io::stdout().lock();
        let nothing = shown.preview.written.is_empty();
        let written = self.write && !nothing;
        if written {
            match wait::chore(config, Chore::WriteTrust(Arc::clone(&shown)))? {
                Outcome::TrustSaved { .. } => {}
                Outcome::TrustPreviewed(_) => {
                    return Err(Failure::refused(
                        "the policy was changed meanwhile, and nothing was written",
                        "Look at it again",
                    )
                    .into());
                }
                other => return Err(unexpected(other)),
            }
        }
        if self.json {
            serde_json::to_writer_pretty(&mut out, &object(&shown, written))
                .map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        } else {
            print(&mut out, &shown, written)?;
        }
        out.flush()?;
        if nothing {
            let there = shown.import.as_ref().is_some_and(Imported::is_there);
            let why = match there {
                true => {
                    "nothing is new: for all of it that can be taken over there are entries in the policy already"
                }
                false => "nothing of it can be taken over",
            };
            let hint = "Judge by it as it is (porthole verify --policy FILE)";
            return Err(Failure::refused(why, hint).into());
        }
        if !self.write && !self.json {
            eprintln!("Nothing was written. Say --write to write it.");
        }
        Ok(())
    }
}

fn unexpected(outcome: Outcome) -> CliError {
    match outcome {
        Outcome::TrustFailed { failure, .. } | Outcome::Failed(failure) => {
            CliError::Failed(Failure::clone(&failure))
        }
        _ => Failure::refused("something else was done than was asked for", "Try again").into(),
    }
}

fn object(shown: &TrustPreview, written: bool) -> serde_json::Value {
    let import = shown.import.as_ref();
    let left = import.map(|import| {
        let left = import.left.iter();
        left.map(|left| json!({"entry": left.what, "why": left.why}))
            .collect::<Vec<_>>()
    });
    json!({
        "policy": shown.path.display().to_string(),
        "kind": import.map(|import| import.kind),
        "added": shown.preview.written,
        "meaning": shown.preview.meaning,
        "notTakenOver": left.unwrap_or_default(),
        "notes": import.map(|import| import.notes.clone()).unwrap_or_default(),
        "written": written,
    })
}

fn print(out: &mut impl Write, shown: &TrustPreview, written: bool) -> io::Result<()> {
    let path = shown.path.display().to_string();
    let verb = if written {
        "Added to"
    } else {
        "To be added to"
    };
    writeln!(out, "# {verb} {}", text::visible(&path))?;
    for line in shown.preview.written.split('\n') {
        writeln!(out, "{}", text::visible(line))?;
    }
    if !shown.preview.meaning.is_empty() {
        writeln!(out, "# {}", text::visible(&shown.preview.meaning))?;
    }
    let Some(import) = &shown.import else {
        return Ok(());
    };
    for left in &import.left {
        let (what, why) = (text::visible(&left.what), text::visible(&left.why));
        writeln!(out, "# not as it was: {what}: {why}")?;
    }
    for note in &import.notes {
        writeln!(out, "# {note}")?;
    }
    Ok(())
}
