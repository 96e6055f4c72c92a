//! The command line: one file a subcommand, all over the same engine as the window.

mod addition;
mod attach;
mod blobs;
mod cat;
mod completion;
mod copy;
mod copy_tags;
mod delete;
mod diff;
mod export_files;
mod files;
mod inspect;
mod keys;
mod lists;
mod login;
mod manifest_files;
mod output;
mod passphrase;
mod policy;
mod referrers;
mod services;
mod sign;
mod verify;
mod wait;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::config::{AcceptedServices, KeyFolder, Network, policy_file};
use crate::engine::{EngineConfig, EngineError, Failure, TrustConfig};
use crate::model::{Platform, text};

/// Most details of a failure that are printed.
const DETAILS: usize = 200;

/// Longest detail that is printed, in characters.
const DETAIL: usize = 1000;

/// Above the options that every command has, in its help.
const EVERYWHERE: &str = "Options of every command";

/// Look inside container images, in a window or on the command line.
#[derive(Debug, Parser)]
#[command(name = "porthole", version)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,

    #[command(subcommand)]
    command: Option<Command>,

    /// What the window opens: references such as docker.io/library/busybox or
    /// oci:FOLDER:NAME, or folders.
    #[arg(value_name = "REFERENCE")]
    pub references: Vec<String>,
}

/// What holds for the window and every subcommand.
#[derive(Debug, Args)]
pub struct Global {
    /// Use plain http for this registry (HOST or HOST:PORT; may be repeated).
    #[arg(long, value_name = "HOST", global = true, help_heading = EVERYWHERE)]
    plain_http: Vec<String>,

    /// Do not check the certificate of this registry (HOST or HOST:PORT; may be repeated).
    #[arg(long, value_name = "HOST", global = true, help_heading = EVERYWHERE)]
    skip_tls_verify: Vec<String>,

    /// Trust the authorities in this file (PEM) beside the system's.
    #[arg(long, value_name = "FILE", global = true, help_heading = EVERYWHERE)]
    ca_file: Vec<PathBuf>,

    /// Keep and look for credentials in this file and nowhere else.
    #[arg(long, value_name = "FILE", global = true, help_heading = EVERYWHERE)]
    authfile: Option<PathBuf>,

    /// Log what Porthole does, to stderr and to Help > Diagnostics.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub debug: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what an image is: platforms, config and layers.
    Inspect(inspect::Inspect),
    /// List the files of an image, or of one of its layers.
    Files(files::Files),
    /// Compare two images: config, layers, files, packages.
    Diff(diff::Diff),
    /// Print the content of a file of an image.
    Cat(cat::Cat),
    ExportFiles(export_files::ExportFiles),
    /// Copy an image with everything that belongs to it.
    Copy(copy::Copy),
    /// List the tags of a repository, or the names in a layout.
    Tags(lists::Tags),
    /// List the repositories of a registry.
    Catalog(lists::Catalog),
    /// Delete a tag, or a manifest by its digest.
    Delete(delete::Delete),
    /// List what refers to an image: signatures, SBOMs, attestations, and what refers to
    /// those.
    Referrers(referrers::Referrers),
    /// Verify the signatures of an image and judge them.
    Verify(verify::Verify),
    Sign(sign::Sign),
    Attach(attach::Attach),
    /// Make, import, list, export and delete the keys that images are signed with.
    Keys(keys::Keys),
    /// Take policies of others over into Porthole's trust policy.
    Policy(policy::Policy),
    Login(login::Login),
    Logout(login::Logout),
    Completion(completion::Completion),
}

/// How a subcommand ended when it did not do what was asked.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("{0}")]
    Failed(#[from] Failure),
    /// It was asked for in a way that says nothing.
    #[error("{0}")]
    Usage(Failure),
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// What was compared is not the same; that is no failure.
    #[error("the images differ")]
    Different,
    #[error("the output could not be written: {0}")]
    Output(#[from] std::io::Error),
}

impl CliError {
    fn hint(&self) -> &str {
        match self {
            Self::Failed(failure) | Self::Usage(failure) => &failure.hint,
            Self::Engine(_) => "Check the system's limits and its certificate store",
            Self::Different => "What differs is listed",
            Self::Output(_) => "Check where the output goes",
        }
    }

    /// Says it on stderr, and gives the exit code for it.
    fn tell(&self) -> ExitCode {
        for line in self.lines() {
            eprintln!("{line}");
        }
        match self {
            Self::Usage(_) => ExitCode::from(2),
            _ => ExitCode::from(1),
        }
    }

    /// What is said of it: what happened, what to try, and what else is known, as what a
    /// registry said. Text from outside cannot move the cursor, and is bounded.
    fn lines(&self) -> Vec<String> {
        let details = match self {
            Self::Failed(failure) | Self::Usage(failure) => &failure.details[..],
            _ => &[],
        };
        let headline = format!("porthole: {}", text::visible(&self.to_string()));
        let hint = format!("  {}", text::visible(self.hint()));
        let shown = details.iter().take(DETAILS).map(|detail| {
            let detail = text::without_secrets(detail);
            let detail = text::visible(&detail);
            format!("  {}", text::middle(&detail, DETAIL))
        });
        let more = details.len().saturating_sub(DETAILS);
        let more = (more > 0).then(|| format!("  and {more} lines more"));
        [headline, hint]
            .into_iter()
            .chain(shown)
            .chain(more)
            .collect()
    }
}

impl Arguments {
    /// Reads the command line; where it is wrong, says so and ends the program.
    pub fn read() -> Self {
        let arguments = Self::parse();
        // options may stand before a subcommand; what the window is to open may not
        if arguments.command.is_some()
            && let Some(reference) = arguments.references.first()
        {
            let reference = text::visible(reference);
            let why = format!("{reference:?} stands before the subcommand: write it behind");
            Self::command()
                .error(ErrorKind::ArgumentConflict, why)
                .exit();
        }
        arguments
    }

    /// Whether the window is asked for, not a subcommand.
    pub const fn wants_window(&self) -> bool {
        self.command.is_none()
    }

    /// Runs the subcommand. Gives 0 when it is done, 1 when it failed, 2 where it was asked
    /// for in a way that says nothing, 3 when an image is not trusted.
    pub fn run(self) -> ExitCode {
        if let Err(error) = self.global.check() {
            return error.tell();
        }
        let mut config = self.global.engine_config();
        // nobody looks at a verdict that was not asked for
        config.trust.automatic = false;
        let ended = match self.command {
            None => return ExitCode::from(2),
            Some(Command::Inspect(inspect)) => inspect.run(config),
            Some(Command::Files(files)) => files.run(config),
            Some(Command::Cat(cat)) => cat.run(config),
            Some(Command::ExportFiles(export)) => export.run(config),
            Some(Command::Copy(copy)) => copy.run(config),
            Some(Command::Tags(tags)) => tags.run(config),
            Some(Command::Catalog(catalog)) => catalog.run(config),
            Some(Command::Delete(delete)) => delete.run(config),
            Some(Command::Diff(diff)) => diff.run(config),
            Some(Command::Referrers(referrers)) => referrers.run(config),
            Some(Command::Verify(verify)) => match verify.run(config) {
                Ok(verify::Ended::NotTrusted) => return ExitCode::from(3),
                ended => ended.map(|_| ()),
            },
            Some(Command::Sign(sign)) => sign.run(config),
            Some(Command::Attach(attach)) => attach.run(config),
            Some(Command::Keys(keys)) => keys.run(config),
            Some(Command::Policy(policy)) => policy.run(config),
            Some(Command::Login(login)) => login.run(config),
            Some(Command::Logout(logout)) => logout.run(config),
            Some(Command::Completion(completion)) => completion.run(),
        };
        match ended {
            Ok(()) => ExitCode::SUCCESS,
            Err(CliError::Different) => ExitCode::from(3),
            // whoever reads has seen enough
            Err(CliError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                ExitCode::SUCCESS
            }
            Err(error) => error.tell(),
        }
    }
}

impl Global {
    /// Whether the files are there that these name to be read.
    fn check(&self) -> Result<(), CliError> {
        match self.ca_file.iter().find(|file| !file.exists()) {
            None => Ok(()),
            Some(file) => Err(Failure::refused(
                format!("{}: there is no such file", file.display()),
                "Name one with certificates in PEM: --ca-file FILE",
            )
            .into()),
        }
    }

    /// What the engine is started with: the environment, and what was said here.
    pub fn engine_config(&self) -> EngineConfig {
        let mut network = Network::from_environment();
        network.plain_http.extend(self.plain_http.iter().cloned());
        let unverified = self.skip_tls_verify.iter();
        network.unverified.extend(unverified.cloned());
        network.authorities.extend(self.ca_file.iter().cloned());
        if let Some(file) = &self.authfile {
            network.use_auth_file(file.clone());
        }
        EngineConfig {
            platform: Platform::host(),
            network,
            cache: cache_folder(),
            trust: TrustConfig {
                policy: policy_file(),
                own_keys: KeyFolder::of_user().map(|folder| folder.path().to_owned()),
                accepted_services: AcceptedServices::of_user().map(|list| list.path().to_owned()),
                automatic: true,
                ..TrustConfig::default()
            },
        }
    }
}

/// Where documents are kept between runs; nothing where the system names no place.
fn cache_folder() -> Option<PathBuf> {
    let folders = directories::ProjectDirs::from("io.github", "porthole", "porthole")?;
    Some(folders.cache_dir().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::FailureKind;

    #[test]
    fn a_failure_is_told_with_all_that_is_known_and_nothing_that_moves_the_cursor() {
        let failure = Failure::new(
            FailureKind::Other,
            "it is \u{1b}[31mrefused",
            "See in the details",
        )
        .with_details(vec![
            "The registry said: a\nb \u{202e}".to_owned(),
            "at https://user:secret@reg.example/x".to_owned(),
            "x".repeat(100_000),
        ]);
        let lines = CliError::from(failure.clone()).lines();
        let expected = [
            r"porthole: it is \u{1b}[31mrefused",
            "  See in the details",
            r"  The registry said: a\nb \u{202e}",
            "  at https://…@reg.example/x",
        ];
        assert_eq!(lines[..4], expected);
        assert!(lines[4].chars().count() <= DETAIL + 2, "{}", lines[4].len());
        let details = vec!["x".to_owned(); DETAILS + 2];
        let many = CliError::from(Failure { details, ..failure }).lines();
        assert_eq!(many.len(), 2 + DETAILS + 1);
        assert_eq!(many.last().unwrap(), "  and 2 lines more");
    }
}
