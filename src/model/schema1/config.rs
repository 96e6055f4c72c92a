//! The config that a manifest of the first schema would have: the settings of its
//! uppermost layer, and the history of all.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::Step;
use crate::model::{Descriptor, Digest, MediaType};

/// Properties of a layer's settings that no config has.
const OF_LAYERS: [&str; 6] = ["id", "parent", "parent_id", "layer_id", "throwaway", "Size"];

/// Puts the config together and embeds it in its descriptor. DiffIDs are not in it: they
/// are known only when the layers were unpacked.
pub(super) fn derive(steps: &[Step], architecture: Option<&Value>) -> Descriptor {
    let top = steps.last().and_then(|step| step.settings.as_object());
    let mut config = top.cloned().unwrap_or_default();
    for key in OF_LAYERS {
        config.remove(key);
    }
    if let (None, Some(architecture)) = (config.get("architecture"), architecture) {
        config.insert("architecture".to_owned(), architecture.clone());
    }
    // the schema is older than images for anything else
    config.entry("os").or_insert_with(|| json!("linux"));
    let history: Vec<_> = steps.iter().map(history).collect();
    config.insert("history".to_owned(), history.into());
    let bytes = Value::Object(config).to_string().into_bytes();
    let mut descriptor = Descriptor::new(
        MediaType::DOCKER_CONFIG,
        Digest::sha256(&bytes),
        bytes.len() as u64,
    );
    descriptor.data = Some(BASE64_STANDARD.encode(&bytes));
    descriptor
}

/// A step of the history, as later schemas write it.
fn history(step: &Step) -> Value {
    let settings = &step.settings;
    let mut history = Map::new();
    for key in ["created", "author", "comment"] {
        if let Some(value) = settings.get(key).filter(|value| value.is_string()) {
            history.insert(key.to_owned(), value.clone());
        }
    }
    let command = settings.pointer("/container_config/Cmd");
    let command = crate::model::descriptor::texts(command);
    if !command.is_empty() {
        history.insert("created_by".to_owned(), command.join(" ").into());
    }
    if step.is_thrown_away() {
        history.insert("empty_layer".to_owned(), true.into());
    }
    Value::Object(history)
}
