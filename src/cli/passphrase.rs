//! Passphrases: from a terminal, a file descriptor or `COSIGN_PASSWORD`; never an argument.

use clap::Args;

use crate::config::{PASSPHRASE_VARIABLE as VARIABLE, Secret, read_passphrase_fd};
use crate::engine::Failure;
use crate::model::{text, wiping};

use super::CliError;

/// How often a passphrase is asked for before it is given up.
pub(super) const TRIES: usize = 3;

/// Where the passphrase comes from.
#[derive(Clone, Debug, Args)]
pub(super) struct PassphraseFrom {
    /// Read the passphrase of the key from this open file descriptor; without it,
    /// COSIGN_PASSWORD is taken, or it is asked for.
    #[arg(long, value_name = "N")]
    passphrase_fd: Option<u32>,
}

impl PassphraseFrom {
    /// Whether somebody said where it comes from.
    pub(super) const fn is_named(&self) -> bool {
        self.passphrase_fd.is_some()
    }

    /// The passphrase that was given without asking; nothing where somebody has to be asked.
    pub(super) fn given(&self) -> Result<Option<Secret>, CliError> {
        wiping::from_now_on();
        if let Some(number) = self.passphrase_fd {
            let read = read_passphrase_fd(number);
            let hint = "Open it for this program: --passphrase-fd 3 3<FILE";
            let secret = read.map_err(|error| Failure::refused(error.to_string(), hint))?;
            return Ok(Some(secret));
        }
        let variable = std::env::var_os(VARIABLE).map(std::ffi::OsString::into_string);
        match variable {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(Secret::new(text))),
            Some(Err(raw)) => {
                drop(Secret::new(raw.to_string_lossy().into_owned()));
                let what = format!("{VARIABLE} is no text in UTF-8");
                Err(Failure::refused(what, "Set another passphrase").into())
            }
        }
    }
}

/// Asks at the terminal, which shows nothing of what is typed.
pub(super) fn ask(key: &str) -> Result<Secret, CliError> {
    prompt(&format!("Passphrase of {}: ", text::visible(key)))
}

/// Asks for a new passphrase, twice.
pub(super) fn ask_new(key: &str) -> Result<Secret, CliError> {
    for _ in 0..TRIES {
        let key = text::visible(key);
        let first = prompt(&format!("New passphrase for {key}: "))?;
        let again = prompt(&format!("The same again for {key}: "))?;
        if first == again {
            return Ok(first);
        }
        eprintln!("They are not the same.");
    }
    Err(Failure::refused("no passphrase was given", "Try again").into())
}

fn prompt(words: &str) -> Result<Secret, CliError> {
    wiping::from_now_on();
    match rpassword::prompt_password(words) {
        Ok(text) => Ok(Secret::new(text)),
        Err(_) => Err(Failure::refused(
            "there is no terminal to ask for the passphrase at",
            format!("Give it by --passphrase-fd N or in {VARIABLE}"),
        )
        .into()),
    }
}
