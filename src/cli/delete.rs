//! `porthole delete`: a tag, or a manifest with all its tags.

use clap::Args;

use crate::engine::{Chore, EngineConfig};

use super::{CliError, wait};

/// Delete a tag, or a manifest by its digest.
#[derive(Debug, Args)]
pub(super) struct Delete {
    /// What to delete: docker://HOST/NAME:TAG, docker://HOST/NAME@sha256:…, oci:FOLDER:NAME.
    reference: String,

    /// Where the registry deletes no tag alone: delete the manifest with the other tags that
    /// stand for it too.
    #[arg(long)]
    with_other_tags: bool,
}

impl Delete {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        let chore = Chore::Delete {
            reference: self.reference,
            with_other_tags: self.with_other_tags,
        };
        wait::chore(config, chore).map(drop)
    }
}
