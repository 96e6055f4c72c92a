//! Waiting for the files of one manifest, for those who do not draw.

use std::ops::Range;
use std::sync::Arc;

use clap::Args;

use crate::engine::{
    Command, EngineConfig, Extent, Failure, FileContent, FileRef, FilesRequest, FilesSnapshot,
    LayerFiles, LayerState, NodePath, Outcome, Remote, SaveRequest, SavedFiles,
};
use crate::layer::waste::Waste;
use crate::layer::{Allowance, EntryKind, FileQuery, LayerIndex, Scope};
use crate::model::{Platform, text};

use super::CliError;
use super::wait::{Waiting, nothing_found};

/// Which image is looked into, and how.
#[derive(Debug, Args)]
pub(super) struct WhichImage {
    /// The image: docker://HOST/NAME:TAG, oci:FOLDER:NAME, a folder, or a short name.
    reference: String,

    /// Pick the image for this platform out of an index, as in linux/arm64/v8.
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<Platform>,

    /// Read layers that unpack to far more than layers of their size should.
    #[arg(long)]
    read_anyway: bool,
}

/// The manifest of an image that is looked into.
pub(super) struct Manifest {
    waiting: Waiting,
    path: NodePath,
    /// How many it has.
    layers: usize,
    allowance: Allowance,
}

impl Manifest {
    /// Opens an image and picks its manifest: the one for its platform, or for this machine.
    pub(super) fn open(config: EngineConfig, which: &WhichImage) -> Result<Self, CliError> {
        let (reference, platform) = (&which.reference, which.platform.clone());
        let waiting = Waiting::open(config, reference, platform.clone(), Extent::Shown)?;
        let allowance = if which.read_anyway {
            Allowance::Everything
        } else {
            Allowance::Usual
        };
        Self::pick(waiting, reference, platform, allowance)
    }

    fn pick(
        waiting: Waiting,
        reference: &str,
        wanted: Option<Platform>,
        allowance: Allowance,
    ) -> Result<Self, CliError> {
        let snapshot = waiting.everything(reference)?;
        let image = snapshot.image().ok_or_else(nothing_found)?;
        let path = match (&wanted, &image.chosen) {
            (Some(platform), _) => super::inspect::picked(image, platform)?,
            (None, Some(chosen)) => chosen.path.clone(),
            (None, None) => NodePath::root(),
        };
        let node = image.node(&path);
        let Some(manifest) = node.and_then(|node| node.document.manifest()) else {
            return Err(Failure::refused(
                format!("{reference} has no files: it is no image"),
                "`porthole inspect` shows what it is",
            )
            .into());
        };
        let layers = manifest.layers.len();
        Ok(Self {
            waiting,
            path,
            layers,
            allowance,
        })
    }

    /// What `--layer` and `--at` ask for.
    ///
    /// # Errors
    /// Where there is no such layer.
    pub(super) fn scope(&self, layer: Option<usize>, at: Option<usize>) -> Result<Scope, CliError> {
        if let Some(wanted) = layer.or(at).filter(|wanted| *wanted >= self.layers) {
            return Err(Failure::refused(
                format!("there is no layer {wanted}: the image has {}", self.layers),
                "Layers count from 0",
            )
            .into());
        }
        Ok(match (layer, at) {
            (Some(layer), _) => Scope::Layer(layer),
            (None, Some(at)) => Scope::At(at),
            (None, None) => Scope::Image,
        })
    }

    /// The layers that have to be read for it.
    fn range(&self, scope: Scope) -> Range<usize> {
        match scope {
            Scope::Layer(layer) => layer..layer + 1,
            Scope::At(at) => 0..at + 1,
            Scope::Image => 0..self.layers,
        }
    }

    fn read(&self, layers: Range<usize>) {
        self.ask(FilesRequest::Reading {
            unwatched: true,
            allowance: self.allowance,
            layers: Some(layers),
        });
    }

    /// Waits for the files of `scope`: of one layer its index, else the list of all.
    pub(super) fn files(&self, scope: Scope) -> Result<Arc<FilesSnapshot>, CliError> {
        let layers = self.range(scope);
        self.read(layers.clone());
        let query = FileQuery {
            scope,
            ..FileQuery::default()
        };
        let one_layer = matches!(scope, Scope::Layer(_));
        self.ask(if one_layer {
            FilesRequest::List
        } else {
            FilesRequest::Look(query.clone())
        });
        self.wait(|files| {
            let layers = files.layers.get(layers.clone())?;
            let is_over = layers.iter().all(LayerFiles::is_over);
            match &files.list {
                _ if is_over && one_layer => Some(Ok(Arc::clone(files))),
                Remote::Ready(list) if *list.query() == query && is_over => {
                    Some(Ok(Arc::clone(files)))
                }
                Remote::Failed { error, .. } if files.query == query => {
                    Some(Err(Failure::clone(error).into()))
                }
                _ => None,
            }
        })
    }

    /// Says on stderr what should be known about what was read, and fails where a layer of
    /// `scope` could not be read whole.
    pub(super) fn judge(&self, files: &FilesSnapshot, scope: Scope) -> Result<(), CliError> {
        let layers = self.range(scope);
        for note in files.notes(layers.clone()) {
            say(&note);
        }
        for layer in files.layers.get(layers).unwrap_or_default() {
            if let LayerState::Failed(failure) = &layer.state {
                return Err(Failure::clone(failure).into());
            }
        }
        Ok(())
    }

    /// Waits for the account of what is wasted.
    pub(super) fn waste(&self) -> Result<(Arc<FilesSnapshot>, Arc<Waste>), CliError> {
        self.read(0..self.layers);
        self.ask(FilesRequest::Waste);
        self.wait(|files| match &files.waste {
            Remote::Ready(waste) => Some(Ok((Arc::clone(files), Arc::clone(waste)))),
            Remote::Failed { error, .. } => Some(Err(Failure::clone(error).into())),
            _ => None,
        })
    }

    /// Waits for the content of the file at `path`. What was not compared with a digest is
    /// said on stderr.
    pub(super) fn content(&self, path: &[u8], scope: Scope) -> Result<Arc<FileContent>, CliError> {
        let files = self.files(scope)?;
        // what is not whole is not printed as if it were
        self.judge(&files, scope)?;
        let file = match scope {
            Scope::Layer(layer) => in_layer(&files, layer, path)?,
            _ => in_tree(&files, path)?,
        };
        self.ask(FilesRequest::Show { file, beside: None });
        let content = self.wait(|files| {
            let shown = files.shown.as_ref().filter(|shown| shown.file == file)?;
            match &shown.content {
                Remote::Ready(content) => Some(Ok(Arc::clone(content))),
                Remote::Failed { error, .. } => Some(Err(Failure::clone(error).into())),
                _ => None,
            }
        })?;
        if content.digest.is_none() {
            say(&format!(
                "{} was not verified: the list of files has no digest for it",
                content.path
            ));
        }
        Ok(content)
    }

    /// How much more than they should layers may unpack to, and what is written of them.
    pub(super) const fn allowance(&self) -> Allowance {
        self.allowance
    }

    /// Saves files, and waits for what came of it.
    pub(super) fn save(&self, request: SaveRequest) -> Result<SavedFiles, CliError> {
        let scope = self.scope(None, request.at)?;
        self.read(self.range(scope));
        self.ask(FilesRequest::Save(request));
        let saved = self.waiting.wait_for(|engine, _| {
            let outcomes = engine.take_outcomes().into_iter();
            let mut ends = outcomes.filter_map(|outcome| match outcome {
                Outcome::FilesSaved { report, .. } => Some(Ok(report)),
                Outcome::Failed(failure) | Outcome::SaveTooMuch { failure, .. } => {
                    Some(Err(Failure::clone(&failure).into()))
                }
                _ => None,
            });
            ends.next()
        })?;
        let files = self.wait(|files| Some(Ok(Arc::clone(files))))?;
        self.judge(&files, scope)?;
        Ok(saved)
    }

    fn ask(&self, request: FilesRequest) {
        self.waiting.send(Command::Files {
            image: self.waiting.image(),
            manifest: self.path.clone(),
            request,
        });
    }

    fn wait<T>(
        &self,
        look: impl Fn(&Arc<FilesSnapshot>) -> Option<Result<T, CliError>>,
    ) -> Result<T, CliError> {
        self.waiting
            .wait_for(|engine, image| engine.files(image, &self.path).as_ref().and_then(&look))
    }
}

/// The content that the last entry of this path in a layer has; of a hard link that of what
/// the same layer has before it.
fn in_layer(files: &FilesSnapshot, layer: usize, path: &[u8]) -> Result<FileRef, CliError> {
    let index = files.layers.get(layer).map(|layer| &layer.index);
    let (mut wanted, _) = crate::layer::clean_path(path);
    let mut linked = false;
    for position in (0..index.map_or(0, LayerIndex::len)).rev() {
        let entry = index.and_then(|index| index.entry(position));
        let Some(entry) = entry.filter(|entry| entry.path() == wanted) else {
            continue;
        };
        match entry.kind() {
            EntryKind::File => return Ok(FileRef { layer, position }),
            EntryKind::Hardlink => {
                wanted = crate::layer::clean_path(entry.link().unwrap_or_default()).0;
                linked = true;
            }
            kind if kind.is_whiteout() => {}
            kind => return Err(no_content(path, kind)),
        }
    }
    let why = if linked {
        let wanted = String::from_utf8_lossy(&wanted);
        format!("it is another name of /{wanted}, which layer {layer} does not have")
    } else {
        format!("layer {layer} has no such file")
    };
    Err(missing(path, &why))
}

fn in_tree(files: &FilesSnapshot, path: &[u8]) -> Result<FileRef, CliError> {
    let node = files.tree().and_then(|tree| tree.resolve(path));
    let Some(node) = node else {
        return Err(missing(path, "the image has no such file"));
    };
    match node.content() {
        Some((layer, position, _)) => Ok(FileRef { layer, position }),
        None => Err(no_content(path, node.kind())),
    }
}

fn no_content(path: &[u8], kind: EntryKind) -> CliError {
    let path = String::from_utf8_lossy(path);
    Failure::refused(
        format!("{} is a {}", text::visible(&path), kind.name()),
        "Only regular files, and links to them, have content",
    )
    .into()
}

fn missing(path: &[u8], why: &str) -> CliError {
    let path = String::from_utf8_lossy(path);
    Failure {
        kind: crate::engine::FailureKind::Missing,
        ..Failure::refused(
            format!("{}: {}", text::visible(&path), text::visible(why)),
            "`porthole files` lists what is there",
        )
    }
    .into()
}

/// Says on stderr what is no failure.
pub(super) fn say(note: &str) {
    eprintln!("note: {}", text::visible(note));
}
