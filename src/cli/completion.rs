//! Scripts that complete the command line in a shell.

use std::io::Write as _;

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use super::{Arguments, CliError};

/// Print a script that completes commands and options in a shell.
///
/// For bash: `source <(porthole completion bash)` in ~/.bashrc. For zsh and fish: into a file
/// of the folder that the shell reads such scripts from.
#[derive(Debug, Args)]
pub(super) struct Completion {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completion {
    pub(super) fn run(&self) -> Result<(), CliError> {
        // written by itself it would panic where nobody reads on
        let mut script = Vec::new();
        generate(
            self.shell,
            &mut Arguments::command(),
            "porthole",
            &mut script,
        );
        let mut out = std::io::stdout().lock();
        out.write_all(&script)?;
        Ok(out.flush()?)
    }
}
