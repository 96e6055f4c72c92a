//! `porthole login` and `porthole logout`.

use std::io::{IsTerminal, Read, Write};

use clap::Args;

use crate::config::Secret;
use crate::engine::{Chore, EngineConfig, Failure, Outcome};
use crate::model::text;

use super::{CliError, wait};

/// Longest password that is read, in bytes.
const PASSWORD_BYTES: u64 = 64 << 10;

/// Log in to a registry, for this program, docker, podman and skopeo.
///
/// The registry is asked first; nothing is kept that it does not take. The password comes
/// from a prompt or from standard input, never from the command line, where others can see
/// it.
#[derive(Debug, Args)]
pub(super) struct Login {
    /// The registry: docker.io, registry.example.com:5000, or a part of it: quay.io/team.
    registry: String,

    /// The user's name; it is asked for without this.
    #[arg(long, short, value_name = "NAME")]
    username: Option<String>,

    /// Read the password from standard input.
    #[arg(long, requires = "username")]
    password_stdin: bool,
}

/// Log out of a registry: forget its password wherever it is kept.
#[derive(Debug, Args)]
pub(super) struct Logout {
    /// The registry, as it was given to login.
    registry: String,
}

impl Login {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        let user = match self.username {
            Some(user) => user,
            None => ask_user(&self.registry)?,
        };
        let password = if self.password_stdin {
            password_from_stdin()?
        } else {
            ask_password(&user, &self.registry)?
        };
        let chore = Chore::LogIn {
            registry: self.registry,
            user: user.clone(),
            password,
        };
        match wait::chore(config, chore)? {
            Outcome::LoggedIn {
                registry,
                places,
                in_the_clear,
                ..
            } => {
                let user = text::visible(&user);
                writeln!(std::io::stdout(), "Logged in to {registry} as {user}")?;
                for place in places {
                    eprintln!("  kept in {}", text::visible(&place));
                }
                if in_the_clear {
                    eprintln!(
                        "  It is not encrypted there. To keep it in the system's keyring, set \"credsStore\" in that file"
                    );
                }
                Ok(())
            }
            other => Err(failed(other)),
        }
    }
}

impl Logout {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        let chore = Chore::LogOut {
            registry: self.registry,
        };
        match wait::chore(config, chore)? {
            Outcome::LoggedOut { registry, places } if places.is_empty() => Err(Failure::refused(
                format!("nothing was kept for {registry}"),
                "See which name it was given to login by: a host with its port is another one",
            )
            .into()),
            Outcome::LoggedOut { registry, places } => {
                writeln!(std::io::stdout(), "Logged out of {registry}")?;
                for place in places {
                    eprintln!("  removed from {}", text::visible(&place));
                }
                Ok(())
            }
            other => Err(failed(other)),
        }
    }
}

fn failed(outcome: Outcome) -> CliError {
    match outcome {
        Outcome::LoginFailed { failure, .. } => Failure::clone(&failure).into(),
        _ => Failure::refused("the engine answered something else", "Try again").into(),
    }
}

fn ask_user(registry: &str) -> Result<String, CliError> {
    if !std::io::stdin().is_terminal() {
        let why = "nobody can be asked for a name and password here";
        let hint = "Give --username and --password-stdin";
        return Err(Failure::refused(why, hint).into());
    }
    eprint!("User at {}: ", text::visible(registry));
    let mut user = String::new();
    std::io::stdin().read_line(&mut user)?;
    Ok(user.trim().to_owned())
}

/// Asks at the terminal, which shows nothing of what is typed.
fn ask_password(user: &str, registry: &str) -> Result<Secret, CliError> {
    let prompt = format!(
        "Password of {} at {}: ",
        text::visible(user),
        text::visible(registry)
    );
    match rpassword::prompt_password(prompt) {
        Ok(password) => Ok(Secret::new(password)),
        Err(_) => Err(Failure::refused(
            "there is no terminal to ask for the password at",
            "Give it by --password-stdin",
        )
        .into()),
    }
}

/// All of standard input without the end of its last line.
fn password_from_stdin() -> Result<Secret, CliError> {
    // room for all of it at once: growing would leave copies of it behind
    let mut password = String::with_capacity(PASSWORD_BYTES as usize + 1);
    let read = std::io::stdin()
        .take(PASSWORD_BYTES + 1)
        .read_to_string(&mut password);
    let too_long = password.len() as u64 > PASSWORD_BYTES;
    if read.is_err() || too_long {
        drop(Secret::new(password));
        let what = "standard input holds no password";
        let hint = "A password is a text of at most 64 KiB";
        return Err(Failure::refused(what, hint).into());
    }
    let end = password.trim_end_matches(['\r', '\n']).len();
    password.truncate(end);
    Ok(Secret::new(password))
}
