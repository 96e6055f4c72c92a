//! Signing and attaching, run as the user runs it, and held against the real peers.

mod archive;
mod attach;
mod copied;
mod crashes;
mod driven;
mod keyless;
mod keys;
#[cfg(target_os = "linux")]
mod memory;
mod needles;
mod notation;
mod openpgp;
mod pem;
mod place;
mod refused;
mod registry;
mod retries;
mod secrets;
mod services;
mod sign;
mod stays;
mod timestamps;

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::support::peers;

/// A home folder of its own for the program and the peers.
pub struct Home {
    folder: tempfile::TempDir,
}

/// What every test's keys are encrypted with.
pub const PASSPHRASE: &str = "correct horse battery";

impl Home {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Porthole with these arguments and the passphrase in its environment.
    pub fn porthole(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_porthole"));
        command.args(arguments);
        self.at_home(&mut command);
        command
    }

    /// Runs Porthole, which has to end well.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.porthole(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs Porthole, which has to end with 1, and gives what it said to stderr.
    pub fn fail(&self, arguments: &[&str]) -> String {
        let output = self.porthole(arguments).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(1),
            "{arguments:?}: {}",
            said(&output)
        );
        String::from_utf8(output.stderr).unwrap()
    }

    /// Makes `command` run here.
    pub fn at_home(&self, command: &mut Command) {
        command
            .env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("GNUPGHOME", self.path("gnupg"))
            .env("COSIGN_PASSWORD", PASSPHRASE)
            .current_dir(self.folder.path());
    }

    /// Runs a peer here; nothing where this machine has none.
    pub fn peer(&self, name: &str, arguments: &[&str]) -> Option<Output> {
        let mut command = peers::tool(name)?.command();
        command.args(arguments);
        self.at_home(&mut command);
        Some(command.output().unwrap())
    }

    /// Runs a program of the system here.
    pub fn system(&self, program: &str, arguments: &[&str]) -> Option<Output> {
        let mut command = Command::new(program);
        command.args(arguments);
        self.at_home(&mut command);
        match command.output() {
            Ok(output) => Some(output),
            Err(_) => {
                peers::skip(&format!("there is no {program}"));
                None
            }
        }
    }

    /// The path of a key of the settings folder.
    pub fn kept(&self, name: &str) -> PathBuf {
        self.path("config/porthole/keys").join(name)
    }

    /// Makes a key and gives the path of its public half.
    pub fn key(&self, name: &str, kind: &str) -> String {
        self.run(&["keys", "generate", name, "--type", kind]);
        self.kept(&format!("{name}.pub")).display().to_string()
    }
}

/// What a program said.
pub fn said(output: &Output) -> String {
    format!(
        "{}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
