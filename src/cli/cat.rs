//! `porthole cat`: the content of one file.

use std::ffi::OsString;
use std::io::{self, Write};

use clap::Args;

use crate::engine::{EngineConfig, Failure};

use super::CliError;
use super::manifest_files::{Manifest, WhichImage};

/// Print the content of a file of an image.
#[derive(Debug, Args)]
pub(super) struct Cat {
    #[command(flatten)]
    which: WhichImage,

    /// The file, as a container would see it; links are followed within the image.
    path: OsString,

    /// The file as this layer has it; layers count from 0.
    #[arg(long, value_name = "N", conflicts_with = "at")]
    layer: Option<usize>,

    /// The file as the image stands at this layer.
    #[arg(long, value_name = "N")]
    at: Option<usize>,
}

impl Cat {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        let image = Manifest::open(config, &self.which)?;
        let scope = image.scope(self.layer, self.at)?;
        let content = image.content(self.path.as_encoded_bytes(), scope)?;
        if (content.bytes.len() as u64) < content.size {
            return Err(Failure::refused(
                format!(
                    "{} has {} bytes, more than are printed",
                    content.path, content.size
                ),
                "Write it to a folder with `porthole export-files`",
            )
            .into());
        }
        let mut out = io::stdout().lock();
        out.write_all(&content.bytes)?;
        out.flush()?;
        Ok(())
    }
}
