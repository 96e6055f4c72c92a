//! `porthole tags` and `porthole catalog`: names, one a line.

use std::io::{self, Write};

use clap::Args;

use crate::engine::{Chore, EngineConfig, Failure, Outcome};
use crate::model::text;

use super::{CliError, wait};

/// List the tags of a repository, or the names in a layout.
#[derive(Debug, Args)]
pub(super) struct Tags {
    /// The repository: docker://HOST/NAME, or a short name; or a layout: oci:FOLDER.
    repository: String,

    /// Print one JSON array.
    #[arg(long)]
    json: bool,
}

/// List the repositories of a registry.
#[derive(Debug, Args)]
pub(super) struct Catalog {
    /// The registry: HOST or HOST:PORT.
    host: String,

    /// Print one JSON array.
    #[arg(long)]
    json: bool,
}

impl Tags {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        let repository = self.repository;
        print(
            wait::chore(config, Chore::ListTags { repository })?,
            self.json,
        )
    }
}

impl Catalog {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        let host = self.host;
        print(
            wait::chore(config, Chore::ListRepositories { host })?,
            self.json,
        )
    }
}

fn print(outcome: Outcome, json: bool) -> Result<(), CliError> {
    let Outcome::Listed {
        names,
        skipped,
        unfinished,
    } = outcome
    else {
        return Err(wait::nothing_found().into());
    };
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &*names).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
    } else {
        for name in names.iter() {
            // a layout's may have any characters
            writeln!(out, "{}", text::visible(name))?;
        }
    }
    out.flush()?;
    if skipped > 0 {
        let entries = if skipped == 1 { "entry" } else { "entries" };
        super::manifest_files::say(&format!(
            "{skipped} {entries} of the registry's list not shown: no reference can name them"
        ));
    }
    match unfinished {
        Some(failure) => Err(Failure::clone(&failure).into()),
        None => Ok(()),
    }
}
