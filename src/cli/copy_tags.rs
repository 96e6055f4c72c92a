//! `porthole copy --all-tags`: every tag of a repository, or every name of a layout.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::copy::CopyOptions;
use crate::engine::{
    Command, Engine, EngineConfig, Failure, Outcome, Remote, TagEnded, TagFilter, TagsId,
    TagsRequest,
};
use crate::model::text;

use super::copy::Meter;
use super::wait::{self, Told};
use super::{CliError, manifest_files};

/// Copies of all tags from one place to another.
pub(super) struct CopyTags {
    pub(super) source: String,
    pub(super) destination: String,
    pub(super) options: CopyOptions,
    /// Fits the tags that are copied.
    pub(super) only: Option<TagFilter>,
    /// Fits those that are not.
    pub(super) without: Option<TagFilter>,
    pub(super) plan: bool,
    pub(super) json: bool,
}

impl CopyTags {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        let request = TagsRequest::new(&self.source, &self.destination, self.options);
        let request = request.map_err(CliError::Usage)?;
        let request = Box::new(request.filtered(self.only, self.without));
        let mut printing = Printing {
            json: self.json,
            reaching: config.network.options(),
            shown: Vec::new(),
            failed: Vec::new(),
        };
        let (engine, changes) = wait::engine(config)?;
        let tags = TagsId::next();
        engine.send(match self.plan {
            true => Command::PlanTags {
                tags,
                request,
                tell: true,
            },
            false => Command::CopyTags {
                tags,
                request,
                tell: true,
            },
        });
        let told = Told::default();
        let mut meter = Meter::new();
        let mut running = true;
        while running {
            for outcome in engine.take_outcomes() {
                match outcome {
                    Outcome::TagEnded { tag, ended, .. } => {
                        meter.end();
                        printing.tell(&tag, ended)?;
                    }
                    Outcome::TagsEnded { .. } => running = false,
                    _ => {}
                }
            }
            if running {
                follow(&engine, tags, &mut meter);
                told.tell(&engine);
                // the sender lives as long as the engine
                let _ = changes.recv();
            }
        }
        meter.end();
        printing.end(&engine, tags)
    }
}

/// Shows how far the copy is that is being made.
fn follow(engine: &Engine, tags: TagsId, meter: &mut Meter) {
    let snapshot = engine.tags(tags);
    let current = snapshot.and_then(|snapshot| snapshot.tags.value()?.current());
    if let Some(progress) = current {
        meter.show(&progress);
    }
}

/// What has become of each tag: a line for it at once, or all of them as JSON at the end.
struct Printing {
    json: bool,
    reaching: Vec<String>,
    shown: Vec<Value>,
    /// A line for each tag that failed.
    failed: Vec<String>,
}

impl Printing {
    fn tell(&mut self, tag: &str, ended: TagEnded) -> Result<(), CliError> {
        if self.json {
            let value = self.value(tag, &ended);
            self.shown.push(value);
        } else {
            self.print(tag, &ended)?;
        }
        if let TagEnded::Failed(failure) = ended {
            let line = format!("{}: {}", text::visible(tag), failure.headline);
            self.failed.push(line);
        }
        Ok(())
    }

    /// A line of it on the standard output; what failed or stayed behind on stderr.
    fn print(&self, tag: &str, ended: &TagEnded) -> Result<(), CliError> {
        let tag = text::visible(tag);
        match ended {
            TagEnded::Planned(plan) => print(&plan.text(&self.reaching)),
            TagEnded::Present(plan) => print(&format!("{tag}  {}  already there\n", plan.digest)),
            TagEnded::Copied(report) => {
                for left in &report.left_behind {
                    let said = format!("{tag}: left behind: {}: {}", left.what, left.why);
                    manifest_files::say(&said);
                }
                let sent = text::size(report.bytes_sent);
                print(&format!("{tag}  {}  {sent} sent\n", report.digest))
            }
            TagEnded::Failed(failure) => {
                let why = text::visible(&failure.headline);
                manifest_files::say(&format!("{tag} was not copied: {why}"));
                Ok(())
            }
        }
    }

    fn value(&self, tag: &str, ended: &TagEnded) -> Value {
        match ended {
            TagEnded::Planned(plan) => plan.json(&self.reaching),
            TagEnded::Present(plan) => {
                json!({"tag": tag, "state": "present", "digest": plan.digest})
            }
            TagEnded::Copied(report) => {
                json!({"tag": tag, "state": "copied", "digest": report.digest, "report": **report})
            }
            TagEnded::Failed(failure) => {
                json!({"tag": tag, "state": "failed", "error": failure.headline, "hint": failure.hint})
            }
        }
    }

    /// Prints what is printed at the end.
    fn end(self, engine: &Engine, tags: TagsId) -> Result<(), CliError> {
        let ended = engine.tags(tags).map(|snapshot| snapshot.tags.clone());
        let counts = match ended {
            Some(Remote::Ready(tags)) => tags.counts(),
            Some(Remote::Failed { error, .. }) => return Err(Failure::clone(&error).into()),
            _ => return Err(wait::nothing_found().into()),
        };
        if self.json {
            let shown = serde_json::to_string_pretty(&self.shown).map_err(io::Error::from)?;
            print(&format!("{shown}\n"))?;
        }
        match self.failed.is_empty() {
            true => Ok(()),
            false => Err(Failure::of_tags(self.failed, counts.all()).into()),
        }
    }
}

fn print(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
