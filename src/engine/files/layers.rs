//! Reading one layer: from the shelf, from the cache, or from its place.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::engine::shared::Shared;
use crate::engine::{Failure, FailureKind, Progress};
use crate::layer::saved::{self, SavedIndex};
use crate::layer::{Allowance, Ending, LayerIndex, Scanner, toc};
use crate::model::{
    Algorithm, Descriptor, Digest, ImageConfig, Manifest, MediaKind, Reference, text,
};
use crate::transport::{BlobState, Source, TransportError};

/// How many pieces may wait for being unpacked.
const WAITING: usize = 16;

/// What is told of a layer while it is read.
pub(in crate::engine) struct Partial {
    pub layer: usize,
    pub index: LayerIndex,
}

/// Everything that reading a layer needs.
pub(in crate::engine) struct ReadLayer {
    pub shared: Arc<Shared>,
    pub source: Arc<dyn Source>,
    pub position: usize,
    pub layer: Descriptor,
    pub diff_id: Option<Digest>,
    pub allowance: Allowance,
    pub progress: Arc<Progress>,
    pub total: Arc<Progress>,
    pub partial: mpsc::UnboundedSender<Partial>,
}

/// What came of it: what is known, and what is wrong with it.
pub(in crate::engine) struct ReadOut {
    pub index: LayerIndex,
    pub failure: Option<Failure>,
    /// How the blob in its place is, where its bytes were read.
    pub blob: Option<BlobState>,
}

impl From<Failure> for ReadOut {
    fn from(failure: Failure) -> Self {
        Self {
            index: LayerIndex::default(),
            failure: Some(failure),
            blob: None,
        }
    }
}

impl ReadLayer {
    pub async fn run(self) -> ReadOut {
        if let MediaKind::Layer {
            encrypted: true, ..
        } = self.layer.media_type.kind()
        {
            return Failure::refused(
                format!("layer {} is encrypted", self.layer.digest.short()),
                "Its files can only be listed after it was decrypted with its key",
            )
            .into();
        }
        let (partial, layer) = (self.partial.clone(), self.position);
        let tell = move |index| {
            // nobody looks any more: what is read is kept on the shelf all the same
            let _ = partial.send(Partial { layer, index });
        };
        if self.is_whole_here().await
            && let Some(index) = known_layer(&self.shared, &self.layer, tell).await
        {
            self.count(self.layer.size);
            let failure = self.judge(&index);
            return ReadOut {
                index,
                failure,
                blob: None,
            };
        }
        if let Some(index) = self.contents().await {
            self.count(self.layer.size);
            return ReadOut {
                index,
                failure: None,
                blob: None,
            };
        }
        self.scan().await
    }

    /// Whether the place has nothing against the layer, as far as that costs no network: what
    /// was read elsewhere says nothing of a blob that is cut off here, or gone.
    async fn is_whole_here(&self) -> bool {
        let Some(check) = self.source.blob_check() else {
            return true;
        };
        let state = check.presence(&self.layer).await;
        state != BlobState::Missing && !state.is_damaged()
    }

    fn count(&self, bytes: u64) {
        self.progress.add(bytes);
        self.total.add(bytes);
    }

    /// A layer's own table of contents, where reading the layer would take a network.
    async fn contents(&self) -> Option<LayerIndex> {
        if !matches!(self.source.reference(), Reference::Registry(_)) {
            return None;
        }
        match toc::read(&*self.source, &self.layer).await {
            Ok(found) => found,
            Err(error) => {
                // the layer itself says the same
                tracing::warn!(layer = %self.layer.digest, %error, "a table of contents is not used");
                None
            }
        }
    }

    /// Reads the layer through.
    async fn scan(&self) -> ReadOut {
        let mut stream = match self.source.blob(&self.layer, None).await {
            Ok(stream) => stream,
            Err(error) => return self.unreachable(error).into(),
        };
        let (pieces, waiting) = mpsc::channel(WAITING);
        let algorithm = self
            .diff_id
            .as_ref()
            .map_or(Algorithm::Sha256, Digest::algorithm);
        let scanner = Scanner::new(&self.layer, algorithm, self.allowance);
        let (partial, position) = (self.partial.clone(), self.position);
        let scanned =
            tokio::task::spawn_blocking(move || scan(scanner, waiting, &partial, position));
        let mut broken = None;
        while let Some(piece) = stream.next().await {
            match piece {
                Ok(piece) => {
                    self.count(piece.len() as u64);
                    if pieces.send(piece).await.is_err() {
                        break;
                    }
                }
                Err(error) => {
                    broken = Some(error);
                    break;
                }
            }
        }
        drop((pieces, stream));
        let Ok(index) = scanned.await else {
            return Failure::refused(
                format!("layer {} could not be read", self.layer.digest.short()),
                "Try again; if it stays so, report it with the details",
            )
            .into();
        };
        match &index.ending {
            Ending::Complete => self.keep(&index).await,
            _ => self.drop_kept().await,
        }
        let (failure, blob) = match broken {
            Some(error) => (Some(self.unreachable(error)), None),
            None => (self.judge(&index), blob_of(&index.ending)),
        };
        ReadOut {
            index,
            failure,
            blob,
        }
    }

    async fn keep(&self, index: &LayerIndex) {
        let digest = self.layer.digest.clone();
        self.shared.shelf.put(&digest, index);
        let kept = index.clone();
        let encoded = tokio::task::spawn_blocking(move || saved::encode(&kept, &digest)).await;
        if let Ok(Some(bytes)) = encoded {
            self.shared
                .store
                .put_layer_index(&self.layer.digest, bytes.into())
                .await;
        }
    }

    /// What was believed of a layer that turned out to be damaged.
    async fn drop_kept(&self) {
        self.shared.shelf.remove(&self.layer.digest);
        self.shared
            .store
            .forget_layer_index(&self.layer.digest)
            .await;
    }

    fn unreachable(&self, error: TransportError) -> Failure {
        let foreign = matches!(
            self.layer.media_type.kind(),
            MediaKind::Layer { foreign: true, .. }
        );
        let missing = error.problem.is_missing();
        let mut failure = Failure::from(error);
        if foreign && missing {
            failure.hint = match self.layer.urls.first() {
                Some(url) => format!("It is not to be distributed: get it from {url}"),
                None => "It is not to be distributed, and names no place to get it from".to_owned(),
            };
        }
        failure
    }

    /// What is wrong with what was read.
    fn judge(&self, index: &LayerIndex) -> Option<Failure> {
        judge(&self.layer, self.diff_id.as_ref(), index)
    }
}

/// How the blob is whose reading ended so; nothing where it was not read to its end.
fn blob_of(ending: &Ending) -> Option<BlobState> {
    match ending {
        Ending::Complete | Ending::NotRead { .. } => Some(BlobState::Verified),
        Ending::WrongDigest { found } => Some(BlobState::WrongDigest {
            found: found.clone(),
        }),
        Ending::Damaged { why } => Some(BlobState::Unreadable { why: why.clone() }),
        Ending::Reading | Ending::TooMuch { .. } => None,
    }
}

/// What is wrong with a layer that was read: it is not whole, or not what a manifest and its
/// config say of it.
pub(in crate::engine) fn judge(
    descriptor: &Descriptor,
    diff_id: Option<&Digest>,
    index: &LayerIndex,
) -> Option<Failure> {
    let layer = descriptor.digest.short();
    let is_layer = matches!(descriptor.media_type.kind(), MediaKind::Layer { .. });
    let media_type = text::visible(descriptor.media_type.words());
    let (headline, hint, kind) = match &index.ending {
        Ending::Complete if !descriptor.has_size(index.packed) && index.packed > 0 => (
            format!(
                "layer {layer} has {} bytes, and the manifest says {}",
                text::count(index.packed),
                text::count(descriptor.size)
            ),
            "Copy the image again from where it came",
            FailureKind::Damaged,
        ),
        Ending::Complete => {
            let (expected, found) = (diff_id?, index.diff_id.as_ref()?);
            if expected == found || expected.algorithm() != found.algorithm() {
                return None;
            }
            (
                format!("layer {layer} unpacks to {found}, and the config says {expected}"),
                "Runtimes refuse such an image: build or copy it again",
                FailureKind::Damaged,
            )
        }
        Ending::Reading => return None,
        // what is no layer need not be a tar archive; its bytes are all there
        Ending::Damaged { .. } if index.packed > 0 && !is_layer => (
            format!("{layer} has no files: {media_type} is no layer of an image"),
            "Look at what it is instead (porthole inspect)",
            FailureKind::Other,
        ),
        Ending::Damaged { why } => (
            format!("layer {layer} is damaged: {why}"),
            "What could be read of it is shown; copy the image again from where it came",
            FailureKind::Damaged,
        ),
        Ending::NotRead { packing } => (
            format!("layer {layer} is compressed with {packing}, which is not read here"),
            "Its bytes are what the manifest says; to see its files compress it with gzip or zstd",
            FailureKind::Other,
        ),
        Ending::WrongDigest { found } => (
            format!("layer {layer} is not what the manifest says: it hashes to {found}"),
            "Do not trust what is shown of it; copy the image again from where it came",
            FailureKind::Damaged,
        ),
        Ending::TooMuch { why } => (
            format!("layer {layer} is not read further: {why}"),
            "Read it anyway only if you know where the image comes from (porthole files --read-anyway)",
            FailureKind::Other,
        ),
    };
    Some(
        Failure::new(kind, headline, hint.to_owned())
            .with_details(vec![descriptor.digest.to_string()]),
    )
}

/// What an earlier reading of a layer found out, where it had the size that `layer` says: a
/// manifest that says another one is held against the layer itself. Of a long list the
/// beginning is told before the rest is read.
pub(in crate::engine) async fn known_layer(
    shared: &Shared,
    layer: &Descriptor,
    tell: impl Fn(LayerIndex) + Send + 'static,
) -> Option<LayerIndex> {
    let digest = &layer.digest;
    if let Some(index) = shared.shelf.get(digest) {
        return layer.has_size(index.packed).then_some(index);
    }
    let file = shared.store.layer_index(digest).await?;
    let wanted = layer.clone();
    let read = tokio::task::spawn_blocking(move || {
        let mut saved = SavedIndex::open(file, &wanted.digest)?;
        if !wanted.has_size(saved.so_far().packed) {
            return Some(None);
        }
        saved.advance()?;
        if saved.unread() > 1 {
            tell(saved.so_far());
        }
        saved.rest().map(Some)
    });
    match read.await.ok().flatten() {
        Some(index) => {
            let index = index?;
            shared.shelf.put(digest, &index);
            Some(index)
        }
        None => {
            tracing::warn!(%digest, "dropped a damaged list of files from the cache");
            shared.store.forget_layer_index(digest).await;
            None
        }
    }
}

/// The layers of a manifest with the DiffIDs that its config promises for them.
pub(in crate::engine) fn promised_layers(
    manifest: &Manifest,
    config: Option<&ImageConfig>,
) -> Vec<(Descriptor, Option<Digest>)> {
    let diff_ids: Vec<Option<Digest>> = config
        .map(|config| config.parsed_diff_ids().collect())
        .unwrap_or_default();
    let trusted = diff_ids.len() == manifest.layers.len();
    let layers = manifest.layers.iter().enumerate();
    layers
        .map(|(position, layer)| {
            let diff_id = diff_ids.get(position).cloned().flatten();
            (layer.clone(), diff_id.filter(|_| trusted))
        })
        .collect()
}

/// Why the config of an image does not say of every layer what it unpacks to, where that is
/// so. Artifacts have no such config.
pub(in crate::engine) fn unpromised(
    manifest: &Manifest,
    config: Option<&ImageConfig>,
) -> Option<String> {
    let kind = manifest.config.media_type.kind();
    if !matches!(kind, MediaKind::OciConfig | MediaKind::DockerConfig) {
        return None;
    }
    let why = match config {
        None => "The config could not be read".to_owned(),
        Some(config) if config.diff_ids.len() != manifest.layers.len() => format!(
            "The config names {} DiffIDs for {} layers",
            config.diff_ids.len(),
            manifest.layers.len()
        ),
        Some(config) => {
            let at = config.parsed_diff_ids().position(|id| id.is_none())?;
            format!("The DiffID of layer {at} is not a digest")
        }
    };
    Some(format!("{why}: what the layers unpack to is not verified"))
}

/// Unpacks what comes, on a thread that may take its time, and tells what is known now and
/// then: the more there is, the more has to come first.
fn scan(
    mut scanner: Scanner,
    mut pieces: mpsc::Receiver<Bytes>,
    partial: &mpsc::UnboundedSender<Partial>,
    layer: usize,
) -> LayerIndex {
    const SHORTEST: Duration = Duration::from_millis(60);
    let runtime = Handle::current();
    let (mut told, mut told_at) = (0, Instant::now());
    loop {
        // where nothing comes for a while, what came before is told
        let waited = tokio::time::timeout(SHORTEST, pieces.recv());
        let enough = match runtime.block_on(waited) {
            Ok(Some(piece)) => {
                if !scanner.feed(&piece) {
                    break;
                }
                told + told / 2
            }
            Ok(None) => break,
            Err(_) => told,
        };
        let entries = scanner.entries();
        if entries > enough && told_at.elapsed() >= SHORTEST {
            (told, told_at) = (entries, Instant::now());
            let index = scanner.so_far();
            // nobody looks any more: the pieces end as well
            let _ = partial.send(Partial { layer, index });
        }
    }
    pieces.close();
    scanner.finish()
}
