//! `porthole copy --all-tags`: every tag of a repository, or every name of a layout.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use regex::Regex;
use serde_json::{Value, json};

use crate::copy::{CopyOptions, Plan, Report};
use crate::engine::{
    Chore, Command, CopyId, CopyRequest, CopySnapshot, Engine, EngineConfig, Failure, FailureKind,
    Outcome, Remote,
};
use crate::model::{
    Reference, ReferenceError, RegistryReference, Transport, is_cosign_tag, is_digest_tag, text,
};

use super::copy::{Meter, has_ended};
use super::wait::{self, Told};
use super::{CliError, manifest_files};

/// How many tags are looked at before it is their turn.
const AHEAD: usize = 8;

/// Copies of all tags from one place to another.
pub(super) struct CopyTags {
    pub(super) source: String,
    pub(super) destination: String,
    pub(super) options: CopyOptions,
    /// Fits the tags that are copied, as [`whole`] makes it.
    pub(super) only: Option<Regex>,
    /// Fits those that are not.
    pub(super) without: Option<Regex>,
    pub(super) plan: bool,
    pub(super) json: bool,
}

/// What has become of a tag.
enum Ended {
    /// All of it was there.
    Present(Arc<Plan>),
    Copied(Arc<Report>),
    Failed(Arc<Failure>),
}

impl CopyTags {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        let source = place(&self.source, &[Transport::Oci, Transport::OciArchive])?;
        let destination = place(&self.destination, &[Transport::Oci])?;
        let reaching = config.network.options();
        let (engine, changes) = wait::engine(config)?;
        let told = Told::default();
        // by the same name as what is copied
        let repository = source.to_string();
        let listed = wait::done(&engine, &changes, &told, Chore::ListTags { repository })?;
        let Outcome::Listed {
            names, unfinished, ..
        } = listed
        else {
            return Err(wait::nothing_found().into());
        };
        // not all of them would be copied
        if let Some(failure) = unfinished {
            return Err(Failure::clone(&failure).into());
        }
        let tags = self.chosen(names.to_vec())?;
        let mut copying = Copying {
            engine: &engine,
            changes: &changes,
            told: &told,
            asked: VecDeque::new(),
        };
        let requests = tags
            .iter()
            .map(|tag| self.request(&source, &destination, tag));
        let mut requests = tags.iter().zip(requests);
        let (mut shown, mut failed) = (Vec::new(), Vec::new());
        loop {
            for (tag, request) in requests.by_ref() {
                copying.ask(tag, request);
                if copying.asked.len() == AHEAD {
                    break;
                }
            }
            let Some((tag, planned)) = copying.next_plan() else {
                break;
            };
            if let (true, Ok((plan, _))) = (self.plan, &planned) {
                match self.json {
                    true => shown.push(plan.json(&reaching)),
                    false => print(&plan.text(&reaching))?,
                }
                continue;
            }
            let ended = match planned {
                Err(failure) => Ended::Failed(failure),
                Ok((plan, _)) if plan.is_done() => Ended::Present(plan),
                Ok((_, request)) => copying.copy(request),
            };
            match self.json {
                true => shown.push(ended.json(tag)),
                false => ended.tell(tag)?,
            }
            if let Ended::Failed(failure) = ended {
                failed.push(format!("{}: {}", text::visible(tag), failure.headline));
            }
        }
        if self.json {
            let shown = serde_json::to_string_pretty(&shown).map_err(io::Error::from)?;
            print(&format!("{shown}\n"))?;
        }
        if failed.is_empty() {
            return Ok(());
        }
        let headline = format!("{} of {} tags were not copied", failed.len(), tags.len());
        let hint = "Mend what the lines below say, and copy again: what is there is not sent twice";
        Err(Failure::new(FailureKind::Other, headline, hint)
            .with_details(failed)
            .into())
    }

    /// Those of `tags` that are copied by themselves. What is under a tag that is made of a
    /// digest belongs to an image, and comes with it.
    fn chosen(&self, mut tags: Vec<String>) -> Result<Vec<String>, CliError> {
        tags.retain(|tag| !is_digest_tag(tag) && !is_cosign_tag(tag));
        let all = tags.len();
        tags.retain(|tag| {
            let is_in = |regex: &Regex| regex.is_match(tag);
            self.only.as_ref().is_none_or(is_in) && !self.without.as_ref().is_some_and(is_in)
        });
        if !tags.is_empty() {
            return Ok(tags);
        }
        let (why, hint) = match all {
            0 => (
                format!("{} has no tags", self.source),
                "Check the name of the repository or the layout",
            ),
            all => (
                format!("none of the {all} tags of {} is chosen", self.source),
                "Write another expression: it has to fit the whole tag",
            ),
        };
        Err(Failure::refused(why, hint).into())
    }

    fn request(
        &self,
        source: &Reference,
        destination: &Reference,
        tag: &str,
    ) -> Result<CopyRequest, Failure> {
        let called = |place: &Reference| {
            place.called(tag).ok_or_else(|| {
                let error = ReferenceError::Tag(tag.to_owned());
                Failure::refused(error.to_string(), error.hint())
            })
        };
        Ok(CopyRequest {
            source: called(source)?.to_string(),
            destination: called(destination)?.to_string(),
            options: self.options.clone(),
        })
    }
}

/// An expression that fits a whole tag or nothing of it.
///
/// # Errors
/// Where `text` is no regular expression.
pub(super) fn whole(text: &str) -> Result<Regex, regex::Error> {
    // what is wrong is told of what was written
    Regex::new(text)?;
    Regex::new(&format!(r"\A(?:{text})\z"))
}

/// Copies that are planned ahead and made one after the other: tags often stand for the same
/// image, which is sent once so.
struct Copying<'a> {
    engine: &'a Engine,
    changes: &'a Receiver<()>,
    told: &'a Told,
    asked: VecDeque<(&'a str, Result<Asked, Failure>)>,
}

struct Asked {
    id: CopyId,
    request: CopyRequest,
}

type Planned = Result<(Arc<Plan>, CopyRequest), Arc<Failure>>;

impl<'a> Copying<'a> {
    fn ask(&mut self, tag: &'a str, request: Result<CopyRequest, Failure>) {
        let asked = request.map(|request| {
            let id = CopyId::next();
            self.engine.send(Command::PlanCopy {
                copy: id,
                request: Box::new(request.clone()),
            });
            Asked { id, request }
        });
        self.asked.push_back((tag, asked));
    }

    /// The plan of the tag that was asked for first; nothing where none is asked for.
    fn next_plan(&mut self) -> Option<(&'a str, Planned)> {
        let (tag, asked) = self.asked.pop_front()?;
        let planned = asked.map_err(Arc::new).and_then(|asked| {
            let snapshot = self.until(asked.id, |snapshot| has_ended(&snapshot.plan), |_| {});
            Ok((Arc::clone(came(&snapshot.plan)?), asked.request))
        });
        Some((tag, planned))
    }

    fn copy(&self, request: CopyRequest) -> Ended {
        let id = CopyId::next();
        self.engine.send(Command::Copy {
            copy: id,
            request: Box::new(request),
        });
        let mut meter = Meter::new();
        let snapshot = self.until(
            id,
            |snapshot| has_ended(&snapshot.report),
            |snapshot| meter.show(snapshot),
        );
        meter.end();
        match came(&snapshot.report) {
            Ok(report) => Ended::Copied(Arc::clone(report)),
            Err(failure) => Ended::Failed(failure),
        }
    }

    fn until(
        &self,
        id: CopyId,
        enough: impl Fn(&CopySnapshot) -> bool,
        mut show: impl FnMut(&CopySnapshot),
    ) -> Arc<CopySnapshot> {
        loop {
            if let Some(snapshot) = self.engine.copy(id) {
                if enough(&snapshot) {
                    self.engine.send(Command::ForgetCopy { copy: id });
                    return snapshot;
                }
                show(&snapshot);
            }
            self.told.tell(self.engine);
            // the sender lives as long as the engine
            let _ = self.changes.recv();
        }
    }
}

fn came<T>(value: &Remote<T>) -> Result<&T, Arc<Failure>> {
    match value {
        Remote::Ready(value) => Ok(value),
        Remote::Failed { error, .. } => Err(Arc::clone(error)),
        Remote::NotAsked | Remote::Pending { .. } => Err(Arc::new(wait::nothing_found())),
    }
}

impl Ended {
    /// A line of it on the standard output; what failed or stayed behind on stderr.
    fn tell(&self, tag: &str) -> Result<(), CliError> {
        let tag = text::visible(tag);
        match self {
            Self::Present(plan) => print(&format!("{tag}  {}  already there\n", plan.digest)),
            Self::Copied(report) => {
                for left in &report.left_behind {
                    let said = format!("{tag}: left behind: {}: {}", left.what, left.why);
                    manifest_files::say(&said);
                }
                let sent = text::size(report.bytes_sent);
                print(&format!("{tag}  {}  {sent} sent\n", report.digest))
            }
            Self::Failed(failure) => {
                let why = text::visible(&failure.headline);
                manifest_files::say(&format!("{tag} was not copied: {why}"));
                Ok(())
            }
        }
    }

    fn json(&self, tag: &str) -> Value {
        match self {
            Self::Present(plan) => json!({"tag": tag, "state": "present", "digest": plan.digest}),
            Self::Copied(report) => {
                json!({"tag": tag, "state": "copied", "digest": report.digest, "report": **report})
            }
            Self::Failed(failure) => {
                json!({"tag": tag, "state": "failed", "error": failure.headline, "hint": failure.hint})
            }
        }
    }
}

fn print(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// What holds several images, without the name of one of them.
fn place(input: &str, layouts: &[Transport]) -> Result<Reference, CliError> {
    let unnamed = || {
        let hint = "Name a repository (docker://HOST/NAME) or a layout (oci:FOLDER)";
        let why = format!("{input} is no place for the images of several tags");
        CliError::Usage(Failure::refused(why, hint))
    };
    // what has no prefix may be a folder or a short name: it is one repository and no other where
    // it begins with its host
    let parsed = match Reference::parse_prefixed(input) {
        Some(parsed) => parsed,
        None => match input.parse::<RegistryReference>() {
            Ok(image) if input.starts_with(&image.name()) => Ok(Reference::Registry(image)),
            _ => return Err(unnamed()),
        },
    };
    let parsed = parsed.map_err(|error| {
        let why = format!("{input:?}: {error}");
        CliError::Usage(Failure::refused(why, error.hint()))
    })?;
    let names_one = match &parsed {
        Reference::Registry(image) => image.tag().is_some() || image.digest().is_some(),
        Reference::Path(path) if layouts.contains(&path.transport) => path.name.is_some(),
        _ => return Err(unnamed()),
    };
    if names_one {
        let why = format!("{input} names one image, and all tags are to be copied");
        let hint = "Leave its tag out, or leave --all-tags and --tags out";
        return Err(CliError::Usage(Failure::refused(why, hint)));
    }
    Ok(parsed)
}
