//! Waiting for the files of one manifest, for those who do not draw.

use std::sync::Arc;

use clap::Args;

use crate::engine::{
    Command, EngineConfig, Extent, Failure, FileContent, FileRef, FilesRequest, FilesSnapshot,
    NodePath, Outcome, Remote, SaveRequest, SavedFiles,
};
use crate::layer::waste::Waste;
use crate::layer::{Allowance, EntryKind, FileQuery, Scope};
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
}

impl Manifest {
    /// Opens an image and picks its manifest: the one for its platform, or for this machine.
    pub(super) fn open(config: EngineConfig, which: &WhichImage) -> Result<Self, CliError> {
        let (reference, platform) = (&which.reference, which.platform.clone());
        let waiting = Waiting::open(config, reference, platform.clone(), Extent::Shown)?;
        let manifest = Self::pick(waiting, reference, platform)?;
        manifest.ask(FilesRequest::Reading {
            unwatched: true,
            allowance: if which.read_anyway {
                Allowance::Everything
            } else {
                Allowance::Usual
            },
        });
        Ok(manifest)
    }

    fn pick(waiting: Waiting, reference: &str, wanted: Option<Platform>) -> Result<Self, CliError> {
        let snapshot = waiting.everything(reference)?;
        let image = snapshot.image().ok_or_else(nothing_found)?;
        let path = match (&wanted, &image.chosen) {
            (Some(platform), _) => super::inspect::picked(image, platform)?,
            (None, Some(chosen)) => chosen.path.clone(),
            (None, None) => NodePath::root(),
        };
        let node = image.node(&path);
        if node.and_then(|node| node.document.manifest()).is_none() {
            return Err(Failure::refused(
                format!("{reference} has no files: it is no image"),
                "`porthole inspect` shows what it is",
            )
            .into());
        }
        Ok(Self { waiting, path })
    }

    /// Waits for the files that `query` is about.
    pub(super) fn files(&self, query: FileQuery) -> Result<Arc<FilesSnapshot>, CliError> {
        self.ask(FilesRequest::Look(query.clone()));
        self.wait(|files| match &files.list {
            Remote::Ready(list) if *list.query() == query && files.is_over() => {
                Some(Ok(Arc::clone(files)))
            }
            Remote::Failed { error, .. } if files.query == query => {
                Some(Err(Failure::clone(error).into()))
            }
            _ => None,
        })
    }

    /// Waits for the account of what is wasted.
    pub(super) fn waste(&self) -> Result<(Arc<FilesSnapshot>, Arc<Waste>), CliError> {
        self.ask(FilesRequest::Waste);
        self.wait(|files| match &files.waste {
            Remote::Ready(waste) => Some(Ok((Arc::clone(files), Arc::clone(waste)))),
            Remote::Failed { error, .. } => Some(Err(Failure::clone(error).into())),
            _ => None,
        })
    }

    /// Waits for the content of the file at `path`.
    pub(super) fn content(
        &self,
        path: &str,
        layer: Option<usize>,
        at: Option<usize>,
    ) -> Result<Arc<FileContent>, CliError> {
        let scope = match (layer, at) {
            (Some(layer), _) => Scope::Layer(layer),
            (None, Some(at)) => Scope::At(at),
            (None, None) => Scope::Image,
        };
        let query = FileQuery {
            scope,
            ..FileQuery::default()
        };
        let files = self.files(query)?;
        let file = match layer {
            Some(layer) => in_layer(&files, layer, path)?,
            None => in_tree(&files, path)?,
        };
        self.ask(FilesRequest::Show { file, beside: None });
        self.wait(|files| {
            let shown = files.shown.as_ref().filter(|shown| shown.file == file)?;
            match &shown.content {
                Remote::Ready(content) => Some(Ok(Arc::clone(content))),
                Remote::Failed { error, .. } => Some(Err(Failure::clone(error).into())),
                _ => None,
            }
        })
    }

    /// Saves files, and waits for what came of it.
    pub(super) fn save(&self, request: SaveRequest) -> Result<SavedFiles, CliError> {
        self.ask(FilesRequest::Save(request));
        self.waiting.wait_for(|engine, _| {
            let outcomes = engine.take_outcomes().into_iter();
            let mut ends = outcomes.filter_map(|outcome| match outcome {
                Outcome::FilesSaved { report, .. } => Some(Ok(report)),
                Outcome::Failed(failure) => Some(Err(Failure::clone(&failure).into())),
                _ => None,
            });
            ends.next()
        })
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

/// The last entry of this path in a layer.
fn in_layer(files: &FilesSnapshot, layer: usize, path: &str) -> Result<FileRef, CliError> {
    let (wanted, _) = crate::layer::clean_path(path.as_bytes());
    let index = files.layers.get(layer).map(|layer| &layer.index);
    let entries = index
        .into_iter()
        .flat_map(|index| index.entries().enumerate());
    let found = entries
        .filter(|(_, entry)| entry.kind() == EntryKind::File && entry.path() == wanted)
        .last();
    match found {
        Some((position, _)) => Ok(FileRef { layer, position }),
        None => Err(missing(
            files,
            path,
            &format!("layer {layer} has no such file"),
        )),
    }
}

fn in_tree(files: &FilesSnapshot, path: &str) -> Result<FileRef, CliError> {
    let node = files.tree().and_then(|tree| tree.resolve(path.as_bytes()));
    let Some(node) = node else {
        return Err(missing(files, path, "the image has no such file"));
    };
    match node.content() {
        Some((layer, position, _)) => Ok(FileRef { layer, position }),
        None => Err(Failure::refused(
            format!("{} is a {}", text::visible(path), node.kind().name()),
            "Only regular files, and links to them, have content",
        )
        .into()),
    }
}

/// A file that is not there; where a layer could not be read, that is the reason.
fn missing(files: &FilesSnapshot, path: &str, why: &str) -> CliError {
    if let Err(error) = super::files::whole(files, 0..files.layers.len()) {
        return error;
    }
    Failure {
        kind: crate::engine::FailureKind::Missing,
        ..Failure::refused(
            format!("{}: {why}", text::visible(path)),
            "`porthole files` lists what is there",
        )
    }
    .into()
}
