//! Image configs: image-spec `config.md`, and what Docker adds to it.

use serde_json::Value;

use super::descriptor::{annotations, texts};
use super::{Annotations, Descriptor, Digest, Platform, RawDocument, instruction};

/// What an image config says. Properties that are malformed are left out; the raw bytes
/// are kept and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageConfig {
    raw: RawDocument,
    /// When it was built, as written (RFC 3339).
    pub created: Option<String>,
    pub author: Option<String>,
    pub platform: Platform,
    pub run: RunSettings,
    /// Digest of each layer's uncompressed tar stream, the lowest first.
    pub diff_ids: Vec<String>,
    pub history: Vec<LayerHistory>,
    /// Why the bytes could not be read; then only the bytes can be shown.
    pub problem: Option<ConfigError>,
}

/// How a container of the image runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunSettings {
    pub user: Option<String>,
    pub entrypoint: Vec<String>,
    pub command: Vec<String>,
    pub working_dir: Option<String>,
    pub environment: Vec<String>,
    pub ports: Vec<String>,
    pub volumes: Vec<String>,
    pub labels: Annotations,
    pub stop_signal: Option<String>,
    /// Docker's health check, as JSON.
    pub healthcheck: Option<String>,
    /// Docker's instructions for images built on this one.
    pub on_build: Vec<String>,
    /// Docker's shell for RUN.
    pub shell: Vec<String>,
}

/// One step of the build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerHistory {
    pub created: Option<String>,
    pub created_by: Option<String>,
    pub author: Option<String>,
    pub comment: Option<String>,
    /// Whether the step made no layer.
    pub empty_layer: bool,
}

/// A layer beside the step that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerOrigin<'a> {
    pub descriptor: &'a Descriptor,
    pub diff_id: Option<&'a str>,
    pub history: Option<&'a LayerHistory>,
}

/// Why bytes are not an image config.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    #[error("the config is not JSON: {0}")]
    NotJson(String),
    #[error("the config is JSON, but not an object")]
    NotAnObject,
}

impl ImageConfig {
    /// Reads a config that was hashed. Bytes that cannot be read are a config without
    /// anything in it but `problem`.
    pub fn read(raw: RawDocument) -> Self {
        let parsed: Result<Value, _> = serde_json::from_slice(raw.bytes());
        let (value, problem) = match parsed {
            Ok(value) if value.is_object() => (value, None),
            Ok(_) => (Value::Null, Some(ConfigError::NotAnObject)),
            Err(error) => (Value::Null, Some(ConfigError::NotJson(error.to_string()))),
        };
        let history = value.get("history").and_then(Value::as_array);
        Self {
            created: text(&value, "created"),
            author: text(&value, "author"),
            platform: Platform::from_json(&value).unwrap_or_default(),
            run: RunSettings::from_json(value.get("config").unwrap_or(&Value::Null)),
            diff_ids: texts(value.pointer("/rootfs/diff_ids")),
            history: history
                .into_iter()
                .flatten()
                .map(LayerHistory::from_json)
                .collect(),
            problem,
            raw,
        }
    }

    /// The exact bytes with their digest.
    pub fn raw(&self) -> &RawDocument {
        &self.raw
    }

    /// Each of `layers` beside its DiffID and the step that made it. Steps without a layer
    /// are skipped; where the counts disagree the histories are left out, since a wrong
    /// instruction is worse than none.
    pub fn layer_origins<'a>(&'a self, layers: &'a [Descriptor]) -> Vec<LayerOrigin<'a>> {
        let steps: Vec<_> = self.history.iter().filter(|h| !h.empty_layer).collect();
        let trusted = steps.len() == layers.len();
        layers
            .iter()
            .enumerate()
            .map(|(position, descriptor)| LayerOrigin {
                descriptor,
                diff_id: (self.diff_ids.len() == layers.len())
                    .then(|| self.diff_ids[position].as_str()),
                history: trusted.then(|| steps[position]),
            })
            .collect()
    }

    /// Whether history and layers agree in number.
    pub fn history_matches(&self, layers: usize) -> bool {
        self.history.iter().filter(|h| !h.empty_layer).count() == layers
    }

    /// The DiffIDs that are digests.
    pub fn parsed_diff_ids(&self) -> impl Iterator<Item = Option<Digest>> {
        self.diff_ids.iter().map(|id| id.parse().ok())
    }
}

impl RunSettings {
    fn from_json(value: &Value) -> Self {
        let keys = |key: &str| {
            let object = value.get(key).and_then(Value::as_object);
            object
                .into_iter()
                .flatten()
                .map(|(k, _)| k.clone())
                .collect()
        };
        Self {
            user: text(value, "User"),
            entrypoint: texts(value.get("Entrypoint")),
            command: texts(value.get("Cmd")),
            working_dir: text(value, "WorkingDir"),
            environment: texts(value.get("Env")),
            ports: keys("ExposedPorts"),
            volumes: keys("Volumes"),
            labels: annotations(value.get("Labels")),
            stop_signal: text(value, "StopSignal"),
            healthcheck: value
                .get("Healthcheck")
                .filter(|v| v.is_object())
                .map(ToString::to_string),
            on_build: texts(value.get("OnBuild")),
            shell: texts(value.get("Shell")),
        }
    }
}

impl LayerHistory {
    fn from_json(value: &Value) -> Self {
        Self {
            created: text(value, "created"),
            created_by: text(value, "created_by"),
            author: text(value, "author"),
            comment: text(value, "comment"),
            empty_layer: value
                .get("empty_layer")
                .and_then(Value::as_bool)
                .unwrap_or(false),
        }
    }

    /// The instruction as a person wrote it in a Dockerfile, without what Docker puts
    /// around it; nothing where the step says nothing.
    pub fn instruction(&self) -> Option<String> {
        instruction::read(self.created_by.as_deref()?)
    }
}

/// A text that is there and not empty.
fn text(value: &Value, key: &str) -> Option<String> {
    let text = value.get(key)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}
