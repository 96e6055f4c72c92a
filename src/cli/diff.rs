//! `porthole diff`: how two images differ.

use std::io::{self, Write};
use std::sync::Arc;

use clap::Args;
use serde_json::{Map, Value, json};

use crate::diff::packages::{self, APK, DPKG, DPKG_FOLDER, Package, PackageChange};
use crate::diff::{self, Counts, FileChange, FileState, Sets, Setting};
use crate::engine::{EngineConfig, FailureKind, FilesSnapshot};
use crate::layer::content::{Content, text_diff};
use crate::layer::{EntryKind, FileQuery};
use crate::model::{Digest, Platform, text};

use super::CliError;
use super::files::{insert_path, whole};
use super::manifest_files::Manifest;

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

    /// Show the lines that differ in text files as well.
    #[arg(long, conflicts_with = "json")]
    text: bool,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Everything that was found out.
struct Found {
    digests: [Digest; 2],
    platforms: Option<Sets<String>>,
    settings: Vec<Setting>,
    history: Option<Sets<String>>,
    layers: Sets<Digest>,
    files: Vec<FileChange>,
    packages: Vec<PackageChange>,
}

impl Found {
    fn differs(&self) -> bool {
        self.digests[0] != self.digests[1]
            || self.platforms.as_ref().is_some_and(|sets| !sets.is_equal())
    }
}

impl Diff {
    pub(super) fn run(self, config: EngineConfig) -> Result<(), CliError> {
        let before = Manifest::open(config, &self.before, self.platform.clone())?;
        let after = before.beside(&self.after, self.platform.clone())?;
        let (one, other) = (before.node()?, after.node()?);
        let layers = |node: &crate::engine::Node| node.document.manifest().cloned();
        let (Some(first), Some(second)) = (layers(&one), layers(&other)) else {
            return Err(super::wait::nothing_found().into());
        };
        let configs = (one.config(), other.config());
        let mut found = Found {
            digests: [&one, &other].map(|node| node.document.raw().digest().clone()),
            platforms: match (before.index(), after.index()) {
                (Some(one), Some(other)) => Some(diff::platforms(&one, &other)),
                _ => None,
            },
            settings: match configs {
                (Some(one), Some(other)) => diff::settings(one, other),
                _ => Vec::new(),
            },
            history: match configs {
                (Some(one), Some(other)) => Some(diff::history(one, other)),
                _ => None,
            },
            layers: diff::layers(&first, &second),
            files: Vec::new(),
            packages: Vec::new(),
        };
        let mut texts = Vec::new();
        // the same layers have the same files: none is opened
        if !diff::same_layers(&first, &second) {
            let (one, other) = (all(&before)?, all(&after)?);
            if let (Some(first), Some(second)) = (one.tree(), other.tree()) {
                found.files = diff::files(first, second);
            }
            found.packages =
                packages::compare(&installed(&before, &one)?, &installed(&after, &other)?);
            if self.text {
                texts = self.texts(&before, &after, &found.files)?;
            }
        }
        let mut out = io::BufWriter::new(io::stdout().lock());
        if self.json {
            serde_json::to_writer_pretty(&mut out, &object(&found)).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        } else {
            print(&mut out, &found)?;
            for text in texts {
                out.write_all(text.as_bytes())?;
            }
        }
        out.flush()?;
        if found.differs() {
            Err(CliError::Different)
        } else {
            Ok(())
        }
    }

    /// The lines that differ in texts of both.
    fn texts(
        &self,
        before: &Manifest,
        after: &Manifest,
        files: &[FileChange],
    ) -> Result<Vec<String>, CliError> {
        let mut found = Vec::new();
        for change in files.iter().filter(|change| change.is_content()) {
            let (Some(one), Some(other)) = (&change.before, &change.after) else {
                continue;
            };
            let small = |state: &FileState| state.kind == EntryKind::File && state.size <= TEXT;
            let Ok(path) = std::str::from_utf8(&change.path) else {
                continue;
            };
            if !small(one) || !small(other) || found.len() >= TEXTS {
                continue;
            }
            let (one, other) = (
                before.content(path, None, None)?,
                after.content(path, None, None)?,
            );
            let is_text = |content| matches!(content, Content::Text { .. });
            if is_text(one.content)
                && is_text(other.content)
                && let Some(lines) = text_diff(&one.bytes, &other.bytes)
            {
                let name = text::visible(path);
                found.push(format!(
                    "\n--- {name}\n+++ {name}\n{}",
                    visible_lines(&lines)
                ));
            }
        }
        Ok(found)
    }
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

/// All files of an image. Where a layer cannot be read, that is the failure.
fn all(image: &Manifest) -> Result<Arc<FilesSnapshot>, CliError> {
    let files = image.files(FileQuery::default())?;
    whole(&files, 0..files.layers.len())?;
    Ok(files)
}

/// The packages that the databases in an image list.
fn installed(image: &Manifest, files: &FilesSnapshot) -> Result<Vec<Package>, CliError> {
    let mut found = Vec::new();
    let read = |path: &str| match image.content(path, None, None) {
        Ok(content) => Ok(Some(content)),
        Err(CliError::Failed(failure)) if failure.kind == FailureKind::Missing => Ok(None),
        Err(error) => Err(error),
    };
    let Some(tree) = files.tree() else {
        return Ok(found);
    };
    let there = |path: &str| tree.resolve(path.as_bytes());
    let mut files = Vec::new();
    if there(DPKG).is_some() {
        files.push(DPKG.to_owned());
    }
    if let Some(folder) = there(DPKG_FOLDER) {
        let names = folder
            .children()
            .filter(|child| child.kind() == EntryKind::File);
        let names = names.filter_map(|child| String::from_utf8(child.path()).ok());
        files.extend(names.filter(|name| !name.ends_with(".md5sums")));
    }
    for path in files {
        if let Some(content) = read(&path)? {
            found.extend(packages::dpkg(&content.bytes));
        }
    }
    // the newer place may be a link to the older one
    if let Some(path) = APK.iter().find(|path| there(path).is_some())
        && let Some(content) = read(path)?
    {
        found.extend(packages::apk(&content.bytes));
    }
    Ok(found)
}

fn object(found: &Found) -> Value {
    let sets = |sets: &Sets<String>| json!({"shared": sets.shared, "before": sets.before, "after": sets.after});
    let settings = |group: &str| {
        let settings = found
            .settings
            .iter()
            .filter(|setting| setting.group == group);
        let settings = settings.map(|setting| {
            json!({"name": setting.name, "before": setting.before, "after": setting.after})
        });
        settings.collect::<Vec<_>>()
    };
    let files = found.files.iter().map(|change| {
        let mut object = Map::new();
        insert_path(&mut object, "path", &change.path);
        object.insert("change".into(), json!(word(change)));
        object.insert("before".into(), json!(change.before.as_ref().map(state)));
        object.insert("after".into(), json!(change.after.as_ref().map(state)));
        Value::Object(object)
    });
    let packages = found
        .packages
        .iter()
        .map(|change| json!({"name": change.name, "before": change.before, "after": change.after}));
    json!({
        "different": found.differs(),
        "before": found.digests[0],
        "after": found.digests[1],
        "platforms": found.platforms.as_ref().map(sets),
        "config": settings("config"),
        "environment": settings("environment"),
        "labels": settings("labels"),
        "history": found.history.as_ref().map(sets),
        "layers": {
            "shared": found.layers.shared,
            "before": found.layers.before,
            "after": found.layers.after,
        },
        "files": files.collect::<Vec<_>>(),
        "packages": packages.collect::<Vec<_>>(),
    })
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
    if !found.differs() {
        return line(out, "the images are the same");
    }
    line(out, &format!("before  {}", found.digests[0]))?;
    line(out, &format!("after   {}", found.digests[1]))?;
    let lists = [("platform", &found.platforms), ("step", &found.history)];
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
    for setting in &found.settings {
        let name = format!("{} {}", setting.group, text::visible(&setting.name));
        for (mark, value) in [('-', &setting.before), ('+', &setting.after)] {
            if let Some(value) = value {
                line(out, &format!("{mark} {name}={}", text::visible(value)))?;
            }
        }
    }
    let layers = &found.layers;
    line(
        out,
        &format!(
            "{} layers shared, {} only before, {} only after",
            layers.shared.len(),
            layers.before.len(),
            layers.after.len()
        ),
    )?;
    for package in &found.packages {
        for (mark, versions) in [('-', &package.before), ('+', &package.after)] {
            for version in versions {
                let name = text::visible(&package.name);
                line(
                    out,
                    &format!("{mark} package {name} {}", text::visible(version)),
                )?;
            }
        }
    }
    let counts = Counts::of(&found.files);
    line(
        out,
        &format!(
            "files: {} added, {} removed, {} changed",
            counts.added, counts.removed, counts.changed
        ),
    )?;
    for change in &found.files {
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
                "{mark} {:>8} {:>8}  {}",
                size(&change.before),
                size(&change.after),
                text::visible(&path)
            ),
        )?;
    }
    Ok(())
}

fn line(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "{text}")
}
