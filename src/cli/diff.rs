//! `porthole diff`: how two images differ.

use std::io::{self, Write};
use std::sync::Arc;

use clap::Args;
use serde_json::{Map, Value, json};

use crate::diff::{Counts, FileChange, FileState, PackageChange};
use crate::engine::{
    Command, CompareRequest, ComparedContent, ComparedFiles, ComparedImage, ComparedImages,
    ComparisonId, ComparisonSnapshot, Engine, EngineConfig, Failure, Remote,
};
use crate::layer::EntryKind;
use crate::model::{Platform, text};

use super::CliError;
use super::files::{insert_path, insert_special};

/// Longest text of which the differing lines are shown, in bytes.
const TEXT: u64 = 1 << 20;

/// Most files whose differing lines are shown.
const TEXTS: usize = 100;

/// Compare two images. Exits with 3 where they differ.
#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The first image.
    before: String,

    /// The second one.
    after: String,

    /// Pick the images for this platform out of indexes, as in linux/arm64/v8.
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<Platform>,

    /// The platform of the second image, where it is another one.
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    after_platform: Option<Platform>,

    /// Fetch layers that both images have as well, where only they tell whether a file is new.
    #[arg(long)]
    fetch_shared: bool,

    /// Show the lines that differ in text files as well.
    #[arg(long, conflicts_with = "json")]
    text: bool,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Everything that was found out.
struct Found {
    images: Arc<ComparedImages>,
    files: Arc<ComparedFiles>,
}

/// A comparison that is waited for.
struct Waiting {
    engine: Engine,
    changes: std::sync::mpsc::Receiver<()>,
    told: super::wait::Told,
    id: ComparisonId,
}

impl Waiting {
    fn until<T>(
        &self,
        look: impl Fn(&ComparisonSnapshot) -> Option<Result<T, CliError>>,
    ) -> Result<T, CliError> {
        loop {
            let known = self.engine.comparison(self.id);
            if let Some(found) = known.as_deref().and_then(&look) {
                return found;
            }
            self.told.tell(&self.engine);
            // the sender lives as long as the engine, which lives as long as this
            let _ = self.changes.recv();
        }
    }

    fn content(&self, path: &[u8]) -> Result<Arc<ComparedContent>, CliError> {
        self.engine.send(Command::ShowCompared {
            comparison: self.id,
            path: path.to_vec(),
        });
        self.until(|known| {
            let shown = known.shown.as_ref().filter(|shown| shown.path == path)?;
            ready(&shown.content)
        })
    }
}

/// What has come, or why it will not.
fn ready<T>(remote: &Remote<Arc<T>>) -> Option<Result<Arc<T>, CliError>> {
    match remote {
        Remote::Ready(value) => Some(Ok(Arc::clone(value))),
        Remote::Failed { error, .. } => Some(Err(Failure::clone(error).into())),
        Remote::NotAsked | Remote::Pending { .. } => None,
    }
}

impl Diff {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        let (engine, changes) = super::wait::engine(config)?;
        let id = ComparisonId::next();
        let image = |reference: &str, platform: &Option<Platform>| ComparedImage {
            reference: reference.to_owned(),
            platform: platform.clone(),
        };
        let after_platform = self
            .after_platform
            .clone()
            .or_else(|| self.platform.clone());
        engine.send(Command::Compare {
            comparison: id,
            request: Box::new(CompareRequest {
                before: image(&self.before, &self.platform),
                after: image(&self.after, &after_platform),
                fetch_shared: self.fetch_shared,
            }),
        });
        let waiting = Waiting {
            engine,
            changes,
            told: super::wait::Told::default(),
            id,
        };
        let found = Found {
            images: waiting.until(|known| ready(&known.images))?,
            files: waiting.until(|known| ready(&known.files))?,
        };
        let (texts, left_out) = match self.text {
            true => texts(&waiting, &found.files.changes)?,
            false => (Vec::new(), 0),
        };
        let mut out = io::BufWriter::new(io::stdout().lock());
        if self.json {
            serde_json::to_writer_pretty(&mut out, &object(&found)).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        } else {
            print(&mut out, &found)?;
            for text in texts {
                out.write_all(text.as_bytes())?;
            }
            if left_out > 0 {
                line(
                    &mut out,
                    &format!("\nnote: the lines of {left_out} more files are not shown"),
                )?;
            }
        }
        out.flush()?;
        for note in &found.files.notes {
            super::manifest_files::say(note);
        }
        if found.images.differ() {
            Err(CliError::Different)
        } else {
            Ok(())
        }
    }
}

/// The lines that differ in texts of both, and how many files were not looked at any more.
fn texts(waiting: &Waiting, files: &[FileChange]) -> Result<(Vec<String>, usize), CliError> {
    let (mut found, mut left_out) = (Vec::new(), 0);
    for change in files.iter().filter(|change| change.is_content()) {
        let (Some(one), Some(other)) = (&change.before, &change.after) else {
            continue;
        };
        let small = |state: &FileState| state.kind == EntryKind::File && state.size <= TEXT;
        if !small(one) || !small(other) {
            continue;
        }
        if found.len() >= TEXTS {
            left_out += 1;
            continue;
        }
        if let Some(lines) = &waiting.content(&change.path)?.diff {
            let name = String::from_utf8_lossy(&change.path);
            let name = text::visible(&name);
            found.push(format!(
                "\n--- {name}\n+++ {name}\n{}",
                visible_lines(lines)
            ));
        }
    }
    Ok((found, left_out))
}

/// Lines from an image, without what would command a terminal.
fn visible_lines(lines: &str) -> String {
    let mut shown = String::with_capacity(lines.len());
    for line in lines.lines() {
        shown.push_str(&text::visible(line));
        shown.push('\n');
    }
    shown
}

fn object(found: &Found) -> Value {
    let (images, compared) = (&found.images, &found.files);
    let platforms = images.platforms.as_ref().map(|sets| {
        let changed = images.changed_platforms.iter();
        let changed = changed.map(|change| {
            let mut object =
                json!({"platform": change.platform, "before": change.before, "after": change.after});
            if change.platform_after != change.platform {
                object["platformAfter"] = json!(change.platform_after);
            }
            object
        });
        json!({"shared": sets.shared, "before": sets.before, "after": sets.after,
            "changed": changed.collect::<Vec<_>>()})
    });
    let history = images.history.as_ref().map(|sets| {
        json!({"shared": sets.shared, "before": sets.before, "after": sets.after,
            "reordered": sets.reordered})
    });
    let settings = |group: &str| {
        let settings = images
            .settings
            .iter()
            .filter(|setting| setting.group == group);
        let settings = settings.map(|setting| {
            json!({"name": setting.name, "before": setting.before, "after": setting.after})
        });
        settings.collect::<Vec<_>>()
    };
    let files = compared.changes.iter().map(|change| {
        let mut object = Map::new();
        insert_path(&mut object, "path", &change.path);
        object.insert("change".into(), json!(word(change)));
        object.insert("before".into(), json!(change.before.as_ref().map(state)));
        object.insert("after".into(), json!(change.after.as_ref().map(state)));
        Value::Object(object)
    });
    json!({
        "different": images.differ(),
        "before": images.before.digest,
        "after": images.after.digest,
        "roots": {"before": images.before.root, "after": images.after.root},
        "platforms": platforms,
        "config": settings("config"),
        "environment": settings("environment"),
        "labels": settings("labels"),
        "history": history,
        "layers": {
            "shared": images.layers.shared,
            "before": images.layers.before,
            "after": images.layers.after,
            "reordered": images.layers.reordered,
            "opened": compared.opened,
        },
        "files": files.collect::<Vec<_>>(),
        "filesExact": compared.exact,
        "packages": packages(&compared.packages),
        "sbomPackages": compared.sbom_packages.as_deref().map(packages),
        "notes": compared.notes,
    })
}

fn packages(changes: &[PackageChange]) -> Vec<Value> {
    let changes = changes.iter();
    changes
        .map(|change| json!({"name": change.name, "before": change.before, "after": change.after}))
        .collect()
}

fn state(state: &FileState) -> Value {
    let mut object = Map::new();
    object.insert("type".into(), json!(state.kind.name()));
    object.insert("size".into(), json!(state.size));
    object.insert("mode".into(), json!(format!("{:04o}", state.mode)));
    object.insert("uid".into(), json!(state.uid));
    object.insert("gid".into(), json!(state.gid));
    if let Some(link) = &state.link {
        insert_path(&mut object, "linkTarget", link);
    }
    if let Some(digest) = &state.digest {
        object.insert("digest".into(), json!(digest));
    }
    let attributes = state.attributes.iter();
    insert_special(
        &mut object,
        state.device,
        attributes.map(|(name, value)| (&name[..], &value[..])),
    );
    Value::Object(object)
}

const fn word(change: &FileChange) -> &'static str {
    match (&change.before, &change.after) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    }
}

fn print(out: &mut impl Write, found: &Found) -> io::Result<()> {
    let (images, compared) = (&found.images, &found.files);
    if images.other_index() {
        return line(
            out,
            "the images are the same, the indexes that list them are not",
        );
    }
    if !images.differ() {
        return line(out, "the images are the same");
    }
    line(out, &format!("before  {}", images.before.digest))?;
    line(out, &format!("after   {}", images.after.digest))?;
    for change in &images.changed_platforms {
        for (mark, platform, digests) in [
            ('-', &change.platform, &change.before),
            ('+', &change.platform_after, &change.after),
        ] {
            for digest in digests {
                let platform = text::visible(platform);
                line(out, &format!("{mark} platform {platform} {digest}"))?;
            }
        }
    }
    let lists = [("platform", &images.platforms), ("step", &images.history)];
    for (name, sets) in lists {
        for (mark, items) in sets
            .iter()
            .flat_map(|sets| [('-', &sets.before), ('+', &sets.after)])
        {
            for item in items {
                line(out, &format!("{mark} {name} {}", text::visible(item)))?;
            }
        }
    }
    if images.same_image() {
        let platform = images.before.platform.as_ref();
        let platform = platform.map_or_else(String::new, |platform| format!(" for {platform}"));
        let platform = text::visible(&platform);
        return line(
            out,
            &format!("the images{platform} are the same: compare others with --platform"),
        );
    }
    if images.history.as_ref().is_some_and(|sets| sets.reordered) {
        line(out, "the steps that both have stand in another order")?;
    }
    for setting in &images.settings {
        let name = format!("{} {}", setting.group, text::visible(&setting.name));
        for (mark, value) in [('-', &setting.before), ('+', &setting.after)] {
            if let Some(value) = value {
                line(out, &format!("{mark} {name}={}", text::visible(value)))?;
            }
        }
    }
    let layers = &images.layers;
    line(
        out,
        &format!(
            "{} layers shared{}, {} only before, {} only after",
            layers.shared.len(),
            if layers.reordered {
                ", in another order"
            } else {
                ""
            },
            layers.before.len(),
            layers.after.len()
        ),
    )?;
    let listed = compared.packages.iter().map(|package| ("package", package));
    let claimed = compared.sbom_packages.iter().flatten();
    let claimed = claimed.map(|package| ("SBOM package", package));
    for (what, package) in listed.chain(claimed) {
        for (mark, versions) in [('-', &package.before), ('+', &package.after)] {
            for version in versions {
                let name = text::visible(&package.name);
                line(
                    out,
                    &format!("{mark} {what} {name} {}", text::visible(version)),
                )?;
            }
        }
    }
    let counts: Counts = compared.counts;
    line(
        out,
        &format!(
            "files: {} added, {} removed, {} changed",
            counts.added, counts.removed, counts.changed
        ),
    )?;
    for change in compared.changes.iter() {
        let path = String::from_utf8_lossy(&change.path);
        let mark = match word(change) {
            "added" => '+',
            "removed" => '-',
            _ if change.is_content() => '~',
            _ => 'm',
        };
        let size = |state: &Option<FileState>| {
            state
                .as_ref()
                .map_or_else(String::new, |state| text::size(state.size))
        };
        line(
            out,
            &format!(
                "{mark} {:>8} {:>8}  {}{}",
                size(&change.before),
                size(&change.after),
                text::visible(&path),
                text::visible(&metadata(change))
            ),
        )?;
    }
    Ok(())
}

/// What is said of a file in both images that differs, in brackets; of a link in one of them
/// where it leads.
fn metadata(change: &FileChange) -> String {
    let link = |state: &FileState| {
        let link = state.link.as_deref().map(String::from_utf8_lossy);
        link.map_or_else(String::new, std::borrow::Cow::into_owned)
    };
    let (before, after) = match (&change.before, &change.after) {
        (Some(before), Some(after)) => (before, after),
        (Some(state), None) | (None, Some(state)) if state.link.is_some() => {
            return format!(" -> {}", link(state));
        }
        _ => return String::new(),
    };
    let kinds = (before.kind.name(), after.kind.name());
    let kinds = (kinds.0 != kinds.1).then(|| format!("{} → {}", kinds.0, kinds.1));
    let links = [("link", link(before))]
        .into_iter()
        .zip([("link", link(after))]);
    let pairs = before.metadata().into_iter().zip(after.metadata());
    let pairs = links.chain(pairs);
    let changed =
        pairs
            .filter(|((_, one), (_, other))| one != other)
            .map(|((name, one), (_, other))| {
                let said = |text: String| match text.is_empty() {
                    true => "none".to_owned(),
                    false => text,
                };
                let name = name.to_lowercase();
                format!("{name} {} → {}", said(one), said(other))
            });
    let changed: Vec<_> = kinds.into_iter().chain(changed).collect();
    match changed.is_empty() {
        true => String::new(),
        false => format!("  ({})", changed.join("; ")),
    }
}

fn line(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "{text}")
}
