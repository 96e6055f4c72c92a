//! Programs of this machine that are run: credential helpers, the browser.

use std::ffi::OsStr;
use std::process::Command;

/// What signing reads the passphrase of a key from, as cosign does.
pub const PASSPHRASE_VARIABLE: &str = "COSIGN_PASSWORD";
/// What GitLab is told to put an identity token into.
pub(super) const TOKEN_VARIABLE: &str = "SIGSTORE_ID_TOKEN";
/// What GitHub Actions gives to get an identity token with.
pub(super) const REQUEST_VARIABLE: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

/// The variables of the environment that hold secrets which are this program's alone.
pub const SECRET_VARIABLES: [&str; 3] = [PASSPHRASE_VARIABLE, TOKEN_VARIABLE, REQUEST_VARIABLE];

/// A program that is to be run. It inherits the environment without the
/// [secrets in it](SECRET_VARIABLES): they are no business of anybody else.
pub fn program(path: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(path);
    for name in SECRET_VARIABLES {
        command.env_remove(name);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::{SECRET_VARIABLES, program};

    #[test]
    fn a_program_inherits_no_secret() {
        let command = program("anything");
        let removed: Vec<_> = command.get_envs().collect();
        for name in SECRET_VARIABLES {
            assert!(removed.contains(&(name.as_ref(), None)), "{name}");
        }
    }
}
