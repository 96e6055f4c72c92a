//! `porthole keys`: the keys that images are signed with.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::config::Secret;
use crate::engine::{
    Chore, Command, Engine, EngineConfig, Failure, KeyChore, KeyInfo, KeyTarget, Outcome,
};
use crate::model::text;
use crate::signature::x509::KeyKind;

use super::passphrase::{PassphraseFrom, TRIES, ask, ask_new};
use super::{CliError, wait};

/// Make, import, list, export and delete the keys that images are signed with.
///
/// Keys are kept encrypted, as cosign does it, in Porthole's settings folder, or in files of
/// your choice; nobody else may read them.
#[derive(Debug, Args)]
pub(super) struct Keys {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a key.
    Generate(Generate),
    /// Take in a key of cosign, in PEM (PKCS #8, PKCS #1, SEC 1) or of OpenPGP.
    Import(Import),
    /// List the keys of the settings folder.
    List(List),
    /// Show kind and fingerprint of a key.
    Show(Show),
    /// Print the public half of a key, or write it to a file.
    Export(Export),
    /// Delete a key of the settings folder.
    Delete(Delete),
}

#[derive(Debug, Args)]
struct Target {
    /// What the key is called in the settings folder: letters, digits, '.', '_' and '-'.
    #[arg(required_unless_present = "output_key_prefix")]
    name: Option<String>,

    /// Write PREFIX.key and PREFIX.pub instead.
    #[arg(long, value_name = "PREFIX", conflicts_with = "name")]
    output_key_prefix: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Generate {
    #[command(flatten)]
    target: Target,

    /// The kind of key.
    #[arg(long = "type", value_enum, default_value_t = Type::P256)]
    kind: Type,

    #[command(flatten)]
    passphrase: PassphraseFrom,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Type {
    P256,
    P384,
    Ed25519,
    #[value(name = "rsa-3072")]
    Rsa3072,
    #[value(name = "rsa-4096")]
    Rsa4096,
}

#[derive(Debug, Args)]
struct Import {
    #[command(flatten)]
    target: Target,

    /// The file of the private key.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    #[command(flatten)]
    passphrase: PassphraseFrom,
}

#[derive(Debug, Args)]
struct List {
    /// Print a JSON array.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Show {
    /// The name of a key, or its file.
    key: String,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Export {
    /// The name of a key, or its file.
    key: String,

    /// Write it to this file, which must not be there.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Delete {
    /// The name of the key.
    key: String,
}

impl From<Type> for KeyKind {
    fn from(kind: Type) -> Self {
        match kind {
            Type::P256 => Self::P256,
            Type::P384 => Self::P384,
            Type::Ed25519 => Self::Ed25519,
            Type::Rsa3072 => Self::Rsa(3072),
            Type::Rsa4096 => Self::Rsa(4096),
        }
    }
}

impl Target {
    fn shown(&self) -> String {
        match (&self.name, &self.output_key_prefix) {
            (Some(name), _) => name.clone(),
            (None, prefix) => prefix.iter().map(|p| p.display().to_string()).collect(),
        }
    }

    fn target(&self) -> KeyTarget {
        match (&self.name, &self.output_key_prefix) {
            (None, Some(prefix)) => KeyTarget::Prefix(prefix.clone()),
            (name, _) => KeyTarget::Named(name.clone().unwrap_or_default()),
        }
    }
}

impl Keys {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        let (engine, changes) = wait::engine(config)?;
        let done = |chore| {
            engine.send(Command::Chore(Chore::Keys(chore)));
            next(&engine, &changes)
        };
        let mut out = io::stdout().lock();
        match self.what {
            What::Generate(generate) => {
                let passphrase = match generate.passphrase.given()? {
                    Some(passphrase) => passphrase,
                    None => ask_new(&generate.target.shown())?,
                };
                warn_of_none(&passphrase);
                let outcome = done(KeyChore::Generate {
                    target: generate.target.target(),
                    kind: generate.kind.into(),
                    passphrase,
                });
                print_kept(&mut out, ended(outcome)?)
            }
            What::Import(import) => print_kept(&mut out, import.run(&done)?),
            What::List(list) => match ended(done(KeyChore::List))? {
                Outcome::Keys { keys, folder } => {
                    if list.json {
                        let keys: Vec<_> = keys.iter().map(json).collect();
                        write_json(&mut out, &json!(keys))?;
                        return Ok(());
                    }
                    for key in keys.iter() {
                        let facts = key.facts.as_ref().map(ToString::to_string);
                        let facts = facts.unwrap_or_else(|| "without its public half".to_owned());
                        writeln!(out, "{}\t{}", key.name, text::visible(&facts))?;
                    }
                    if keys.is_empty() {
                        let folder = folder.display().to_string();
                        eprintln!("There are no keys in {}", text::visible(&folder));
                    }
                    Ok(())
                }
                other => Err(unexpected(&other)),
            },
            What::Show(show) => match ended(done(KeyChore::Show { key: show.key }))? {
                Outcome::KeyShown { key, .. } if show.json => {
                    write_json(&mut out, &json(&key)).map_err(Into::into)
                }
                Outcome::KeyShown { key, .. } => print(&mut out, &key).map_err(Into::into),
                other => Err(unexpected(&other)),
            },
            What::Export(export) => {
                let chore = KeyChore::Export {
                    key: export.key,
                    file: export.output,
                };
                match ended(done(chore))? {
                    Outcome::KeyShown {
                        key, saved: None, ..
                    } => {
                        let public = key.facts.map(|facts| facts.public).unwrap_or_default();
                        out.write_all(public.as_bytes())?;
                        Ok(())
                    }
                    Outcome::KeyShown { .. } => Ok(()),
                    other => Err(unexpected(&other)),
                }
            }
            What::Delete(delete) => match ended(done(KeyChore::Delete { key: delete.key }))? {
                Outcome::KeyDeleted { name } => Ok(writeln!(out, "Deleted the key {name}")?),
                other => Err(unexpected(&other)),
            },
        }
    }
}

impl Import {
    /// Tries without a passphrase first: only a file that is encrypted asks for one.
    fn run(&self, done: &dyn Fn(KeyChore) -> Outcome) -> Result<Outcome, CliError> {
        let given = self.passphrase.given()?;
        let shown = self.key.display().to_string();
        let chore = |passphrase: Option<Secret>, new: Option<Secret>| KeyChore::Import {
            file: self.key.clone(),
            target: self.target.target(),
            passphrase,
            new,
        };
        let (encrypted, problem) = match ended(done(KeyChore::Show { key: shown.clone() }))? {
            Outcome::KeyShown { key, .. } => (key.encrypted, key.problem.is_some()),
            other => return Err(unexpected(&other)),
        };
        if let Some(given) = given {
            return ended(done(chore(Some(given), None)));
        }
        // what is no key is told before anybody thinks of a passphrase for it
        if problem {
            return ended(done(chore(None, None)));
        }
        if !encrypted {
            let new = ask_new(&self.target.shown())?;
            warn_of_none(&new);
            return ended(done(chore(None, Some(new))));
        }
        for _ in 1..TRIES {
            match done(chore(Some(ask(&shown)?), None)) {
                Outcome::KeyFailed { failure, ask: true } => {
                    eprintln!("porthole: {}", text::visible(&failure.headline));
                }
                other => return ended(other),
            }
        }
        ended(done(chore(Some(ask(&shown)?), None)))
    }
}

fn warn_of_none(passphrase: &Secret) {
    if passphrase.is_empty() {
        eprintln!("The passphrase is empty: whoever reads the file has the key.");
    }
}

fn next(engine: &Engine, changes: &std::sync::mpsc::Receiver<()>) -> Outcome {
    loop {
        if let Some(outcome) = engine.take_outcomes().into_iter().next() {
            return outcome;
        }
        // the sender lives as long as the engine
        let _ = changes.recv();
    }
}

fn ended(outcome: Outcome) -> Result<Outcome, CliError> {
    match outcome {
        Outcome::KeyFailed { failure, .. }
        | Outcome::KeysNotListed(failure)
        | Outcome::Failed(failure) => Err(Failure::clone(&failure).into()),
        other => Ok(other),
    }
}

fn unexpected(_: &Outcome) -> CliError {
    Failure::refused("the engine answered something else", "Try again").into()
}

fn print_kept(out: &mut impl Write, outcome: Outcome) -> Result<(), CliError> {
    match outcome {
        Outcome::KeyKept { key } => Ok(print(out, &key)?),
        other => Err(unexpected(&other)),
    }
}

fn print(out: &mut impl Write, key: &KeyInfo) -> io::Result<()> {
    writeln!(out, "{}", text::visible(&key.name))?;
    match &key.facts {
        Some(facts) => {
            writeln!(out, "  kind         {}", text::visible(&facts.kind))?;
            writeln!(out, "  fingerprint  {}", facts.fingerprint)?;
            if let Some(user) = &facts.user {
                writeln!(out, "  user         {}", text::visible(user))?;
            }
        }
        None => writeln!(out, "  its public half is not beside it")?,
    }
    match &key.problem {
        Some(problem) => writeln!(out, "  of no use    {}", text::visible(problem))?,
        None => {
            let encrypted = if key.encrypted { "yes" } else { "no" };
            writeln!(out, "  encrypted    {encrypted}")?;
        }
    }
    let path = key.path.display().to_string();
    writeln!(out, "  file         {}", text::visible(&path))
}

fn json(key: &KeyInfo) -> serde_json::Value {
    let facts = key.facts.as_ref();
    json!({
        "name": key.name,
        "file": key.path.display().to_string(),
        "kind": facts.map(|facts| &facts.kind),
        "fingerprint": facts.map(|facts| &facts.fingerprint),
        "user": facts.and_then(|facts| facts.user.as_ref()),
        "encrypted": key.encrypted,
        "problem": key.problem,
    })
}

fn write_json(out: &mut impl Write, value: &serde_json::Value) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?;
    out.write_all(b"\n")
}
