//! What a manifest and its config say about layers, ready to be drawn.

use crate::model::text::size;
use crate::model::{ArtifactKind, Compression, MediaKind, MediaType};
use crate::ui::views::subject::ManifestSubject;
use crate::ui::widgets::{Scale, text};

/// Facts of one manifest.
#[derive(Debug, Default)]
pub(in crate::ui::views) struct ManifestFacts {
    /// Where each layer ends on a bar.
    pub(in crate::ui::views) scale: Scale,
    /// The layers, and between them the steps that made none.
    pub(in crate::ui::views) steps: Vec<Step>,
    /// Position of each layer among the steps.
    pub(in crate::ui::views) layer_steps: Vec<usize>,
    /// Sum of the layers in bytes, as they are stored.
    pub(in crate::ui::views) layers_size: u64,
    /// `116 MB compressed, 5 layers`.
    pub(in crate::ui::views) summary: String,
    /// Whether any layer is compressed.
    pub(in crate::ui::views) compressed: bool,
    /// What it is: an image, or something that is kept beside images.
    pub(in crate::ui::views) kind: Option<ArtifactKind>,
    /// How many steps made no layer.
    pub(in crate::ui::views) empty_steps: usize,
    /// Whether the steps in the config are as many as the layers.
    pub(in crate::ui::views) history_fits: bool,
}

/// A layer, or a step of the build that made none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui::views) struct Step {
    /// Position among the layers; nothing for a step that made none.
    pub(in crate::ui::views) layer: Option<usize>,
    /// The step in the config's history.
    pub(in crate::ui::views) history: Option<usize>,
    /// The instruction in one line, cut where it is long.
    pub(in crate::ui::views) instruction: Option<String>,
}

impl ManifestFacts {
    pub(super) fn new(subject: &ManifestSubject<'_>) -> Self {
        let layers = &subject.manifest.layers;
        let config = subject.node.config();
        let history = config.map_or(&[][..], |config| &config.history);
        let history_fits = config.is_some_and(|config| config.history_matches(layers.len()));
        let mut facts = Self {
            scale: Scale::new(layers.iter().map(|layer| layer.size)),
            layers_size: layers
                .iter()
                .fold(0, |sum, layer| layer.size.saturating_add(sum)),
            history_fits,
            kind: Some(ArtifactKind::of_document(&subject.node.document)),
            ..Self::default()
        };
        let sizes_known = layers.iter().all(|layer| layer.size_known);
        facts.compressed = layers.iter().any(|layer| is_compressed(&layer.media_type));
        let size = sizes_known.then_some(facts.layers_size);
        facts.summary = summary(size, facts.compressed, layers.len());
        let line = |at: usize| {
            let instruction = history.get(at)?.instruction()?;
            Some(text::line(&instruction).into_owned())
        };
        if history_fits {
            let mut layer = 0;
            for (at, step) in history.iter().enumerate() {
                let own = (!step.empty_layer).then_some(layer);
                layer += usize::from(own.is_some());
                facts.push(own, Some(at), line(at));
            }
        } else {
            for layer in 0..layers.len() {
                facts.push(Some(layer), None, None);
            }
        }
        facts
    }

    fn push(&mut self, layer: Option<usize>, history: Option<usize>, instruction: Option<String>) {
        match layer {
            Some(_) => self.layer_steps.push(self.steps.len()),
            None => self.empty_steps += 1,
        }
        self.steps.push(Step {
            layer,
            history,
            instruction,
        });
    }

    /// Whether a container can be made of it.
    pub(in crate::ui::views) fn is_image(&self) -> bool {
        self.kind == Some(ArtifactKind::Image)
    }

    /// The instruction that made a layer, in one line.
    pub(in crate::ui::views) fn instruction(&self, layer: usize) -> Option<&str> {
        let step = self.steps.get(*self.layer_steps.get(layer)?)?;
        step.instruction.as_deref()
    }
}

/// Whether a layer is not a plain tar stream, as far as its type says.
pub(in crate::ui::views) fn is_compressed(layer: &MediaType) -> bool {
    !matches!(
        layer.kind(),
        MediaKind::Layer {
            compression: Compression::None,
            encrypted: false,
            ..
        }
    )
}

/// The word over the sizes of layers: as they are stored.
pub(in crate::ui::views) const fn size_word(compressed: bool) -> &'static str {
    if compressed { "Compressed" } else { "Size" }
}

fn summary(bytes: Option<u64>, compressed: bool, layers: usize) -> String {
    let count = text::count(layers, "layer", "layers");
    match bytes {
        _ if layers == 0 => "no layers".to_owned(),
        Some(bytes) if compressed => format!("{} compressed, {count}", size(bytes)),
        Some(bytes) => format!("{}, {count}", size(bytes)),
        None => count,
    }
}
