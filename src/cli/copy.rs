//! `porthole copy`: the plan, the copy with its progress, the report, and its check.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::copy::{CopyOptions, CopyProgress, Format, Plan, REPORT, Report, Selection, Wanted};
use crate::engine::{
    Chore, Command, CopyId, CopyRequest, EngineConfig, Failure, FailureKind, Outcome, Remote,
    TagFilter,
};
use crate::model::text;

use super::copy_tags::CopyTags;
use super::{CliError, wait};

/// How often a line of progress is printed where there is no terminal.
const LINES: Duration = Duration::from_secs(2);

/// Copy an image with everything that belongs to it.
#[derive(Debug, Args)]
pub(super) struct Copy {
    /// What to copy: docker://HOST/NAME:TAG, oci:FOLDER:NAME, dir:FOLDER, …
    #[arg(required_unless_present = "check")]
    source: Option<String>,

    /// Where to: docker://HOST/NAME:TAG, oci:FOLDER:NAME, dir:FOLDER, …
    #[arg(required_unless_present = "check")]
    destination: Option<String>,

    /// All images of an index: the default, where the place can hold an index.
    #[arg(long, conflicts_with = "platform")]
    all: bool,

    /// Only the images for this platform, or with this digest (may be repeated); local is the
    /// one that fits this system.
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Vec<Wanted>,

    /// Write the one image that is chosen, this system's where none is, in place of an index
    /// with it.
    #[arg(long, conflicts_with_all = ["all", "sparse"])]
    single: bool,

    /// Keep an index as it is and leave out what was not chosen.
    #[arg(long)]
    sparse: bool,

    /// Leave behind what refers to the image: signatures, SBOMs, attestations.
    #[arg(long)]
    no_referrers: bool,

    /// What manifests are written as.
    #[arg(long, value_enum, default_value = "keep")]
    format: FormatArgument,

    /// Refuse where the digest of anything would change.
    #[arg(long)]
    preserve_digests: bool,

    /// Leave signatures behind.
    #[arg(long)]
    remove_signatures: bool,

    /// Fetch layers that are not to be distributed, too.
    #[arg(long)]
    foreign_layers: bool,

    /// Call the image this too at the destination: a tag, or a layout's name (may be
    /// repeated).
    #[arg(long, value_name = "NAME")]
    also: Vec<String>,

    /// Every tag of a repository or name of a layout (docker://HOST/NAME, oci:FOLDER) to another
    /// one, one after the other. What lies under tags that are made of digests comes with its
    /// image.
    #[arg(long, conflicts_with_all = ["also", "check"])]
    all_tags: bool,

    /// The same for the tags that this regular expression fits whole.
    #[arg(long, value_name = "REGEX", value_parser = TagFilter::new, conflicts_with_all = ["also", "check"])]
    tags: Option<TagFilter>,

    /// The same for the tags that this one does not fit whole.
    #[arg(long, value_name = "REGEX", value_parser = TagFilter::new, conflicts_with_all = ["also", "check"])]
    without_tags: Option<TagFilter>,

    /// Print what would be read, written, mounted and skipped, and do nothing.
    #[arg(long)]
    plan: bool,

    /// Print the plan or the report as JSON.
    #[arg(long)]
    json: bool,

    /// Look whether everything that the report of an earlier copy (its JSON) names is still
    /// there, and hash all of it.
    #[arg(long, value_name = "REPORT", conflicts_with_all = ["source", "destination", "plan"])]
    check: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArgument {
    Keep,
    Oci,
    Docker,
}

impl Copy {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        if let Some(path) = self.check {
            return check(config, path);
        }
        let options = CopyOptions {
            selection: match (self.all, self.platform.is_empty()) {
                (true, _) => Selection::All,
                (false, true) => Selection::Usual,
                (false, false) => Selection::Some(self.platform),
            },
            single: self.single,
            sparse: self.sparse,
            no_referrers: self.no_referrers,
            format: match self.format {
                FormatArgument::Keep => Format::Keep,
                FormatArgument::Oci => Format::Oci,
                FormatArgument::Docker => Format::Docker,
            },
            preserve_digests: self.preserve_digests,
            remove_signatures: self.remove_signatures,
            foreign_layers: self.foreign_layers,
            also: self.also,
        };
        if self.all_tags || self.tags.is_some() || self.without_tags.is_some() {
            let tags = CopyTags {
                source: self.source.unwrap_or_default(),
                destination: self.destination.unwrap_or_default(),
                options,
                only: self.tags,
                without: self.without_tags,
                plan: self.plan,
                json: self.json,
            };
            return tags.run(config);
        }
        let request = Box::new(CopyRequest {
            source: self.source.unwrap_or_default(),
            destination: self.destination.unwrap_or_default(),
            options,
        });
        let reaching = config.network.options();
        let (engine, changes) = wait::engine(config)?;
        let copy = CopyId::next();
        let mut meter = Meter::new();
        engine.send(if self.plan {
            Command::PlanCopy { copy, request }
        } else {
            Command::Copy { copy, request }
        });
        let snapshot = loop {
            if let Some(snapshot) = engine.copy(copy) {
                let ended = if self.plan {
                    has_ended(&snapshot.plan)
                } else {
                    has_ended(&snapshot.report)
                };
                if ended {
                    break snapshot;
                }
                if let Some(progress) = &snapshot.progress {
                    meter.show(progress);
                }
            }
            // told at least ten times a second while bytes come
            let _ = changes.recv_timeout(Duration::from_millis(200));
        };
        meter.end();
        if self.plan {
            print_plan(ready(&snapshot.plan)?, self.json, &reaching)
        } else {
            print_report(ready(&snapshot.report)?, self.json)
        }
    }
}

const fn has_ended<T>(value: &Remote<T>) -> bool {
    matches!(value, Remote::Ready(_) | Remote::Failed { .. })
}

fn ready<T>(value: &Remote<T>) -> Result<&T, CliError> {
    match value {
        Remote::Ready(value) => Ok(value),
        Remote::Failed { error, .. } => Err(Failure::clone(error).into()),
        Remote::NotAsked | Remote::Pending { .. } => Err(wait::nothing_found().into()),
    }
}

fn print_plan(plan: &Plan, json: bool, reaching: &[String]) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &plan.json(reaching)).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
    } else {
        out.write_all(plan.text(reaching).as_bytes())?;
    }
    out.flush()?;
    Ok(())
}

fn print_report(report: &Report, json: bool) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, report).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
    } else {
        for left in &report.left_behind {
            let (what, why) = (text::visible(&left.what), text::visible(&left.why));
            eprintln!("left behind: {what}: {why}");
        }
        writeln!(out, "{}", report.digest)?;
    }
    out.flush()?;
    Ok(())
}

fn check(config: EngineConfig, path: PathBuf) -> Result<(), CliError> {
    let outcome = wait::chore(config, Chore::CheckReport { path })?;
    let Outcome::ReportChecked { items } = outcome else {
        return Err(wait::nothing_found().into());
    };
    let mut out = io::stdout().lock();
    let mut wrong = 0;
    for item in items.iter() {
        match &item.problem {
            None => writeln!(out, "ok       {}  {}", item.digest, item.what)?,
            Some(problem) => {
                wrong += 1;
                let problem = text::visible(problem);
                writeln!(out, "missing  {}  {}: {problem}", item.digest, item.what)?;
            }
        }
    }
    out.flush()?;
    if wrong == 0 {
        return Ok(());
    }
    let damaged: Vec<_> = items.iter().filter_map(|item| item.file.as_ref()).collect();
    let of_report = items.iter().filter(|item| item.what == REPORT).count();
    let (headline, hint) = match wrong - of_report {
        0 => (
            "something was taken out of the report, or it was changed".to_owned(),
            "Check by the report as the copy wrote it, or copy the image again, which writes another one".to_owned(),
        ),
        wrong => (
            format!(
                "{wrong} of {} are not there as they were copied",
                items.len() - of_report
            ),
            remedy(&damaged),
        ),
    };
    Err(Failure::new(FailureKind::Damaged, headline, hint).into())
}

/// What makes a place whole again that has something damaged in these files.
fn remedy(damaged: &[&PathBuf]) -> String {
    /// How many files are named.
    const NAMED: usize = 3;
    if damaged.is_empty() {
        return "Copy the image again; what is still not there then is missing in what the place takes for whole: copy it to a new place".to_owned();
    }
    let files = damaged.iter().take(NAMED);
    let files: Vec<_> = files.map(|file| file.display().to_string()).collect();
    let more = match damaged.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more files of digests that are listed"),
    };
    format!(
        "Remove {}{more}, then copy the image again: a copy takes a file of the right size for whole",
        files.join(", ")
    )
}

/// Progress on stderr: a bar on a terminal, plain lines elsewhere.
pub(super) struct Meter {
    bar: Option<ProgressBar>,
    last_line: Option<Instant>,
    began: Instant,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self {
            bar: None,
            last_line: None,
            began: Instant::now(),
        }
    }

    pub(super) fn show(&mut self, progress: &CopyProgress) {
        if progress.total == 0 {
            return;
        }
        if io::stderr().is_terminal() {
            let bar = self.bar.get_or_insert_with(|| bar(progress));
            bar.set_position(progress.done());
        } else {
            self.line(progress);
        }
    }

    fn line(&mut self, progress: &CopyProgress) {
        // a short copy says nothing on its way
        let since = self.last_line.unwrap_or(self.began);
        if since.elapsed() < LINES {
            return;
        }
        self.last_line = Some(Instant::now());
        eprintln!(
            "{} of {}",
            text::size(progress.done()),
            text::size(progress.total)
        );
    }

    pub(super) fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn bar(progress: &CopyProgress) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(progress.total), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:30} {amounts}  {eta} left");
    // the template is a constant
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.with_key(
        "amounts",
        |state: &ProgressState, out: &mut dyn fmt::Write| {
            let total = state.len().unwrap_or_default();
            // a bar that lacks a number is no reason to stop
            let _ = out.write_str(&amounts(state.pos(), total, state.per_sec()));
        },
    ));
    bar
}

/// How much of a copy is done, and how many bytes come in a second, in the units of its plan.
fn amounts(done: u64, total: u64, rate: f64) -> String {
    let rate = text::size(rate as u64);
    format!("{} of {}  {rate}/s", text::size(done), text::size(total))
}

#[cfg(test)]
mod tests {
    use super::amounts;

    #[test]
    fn progress_has_the_units_of_the_plan() {
        let said = amounts(1_500_000, 160_000_000, 52_428_800.7);
        assert_eq!(said, "1.5 MB of 160 MB  52.4 MB/s");
    }
}
