//! What is wrong with the blobs of a manifest, as far as its place says it without reading them.

use serde_json::{Value, json};

use crate::engine::{Failure, FailureKind, Node, Parts};
use crate::model::{Descriptor, MediaKind, text};
use crate::transport::BlobState;

/// A blob that is not there, or not as the manifest says.
pub(super) struct Wrong {
    /// `config`, or `layer` with its number.
    what: String,
    blob: Descriptor,
    state: BlobState,
}

/// The blobs of `node` that are not whole; none where nobody looked, as in a registry.
pub(super) fn wrong(node: &Node) -> Vec<Wrong> {
    let Parts::Manifest { blobs: states, .. } = &node.parts else {
        return Vec::new();
    };
    let blobs = node.document.blobs();
    let looked = blobs.into_iter().zip(states.iter()).enumerate();
    looked
        .filter(|(_, (_, state))| state.problem().is_some())
        .map(|(position, (blob, state))| Wrong {
            what: match position.checked_sub(1) {
                None => "config".to_owned(),
                Some(layer) => format!("layer {layer}"),
            },
            blob,
            state: state.clone(),
        })
        .collect()
}

impl Wrong {
    /// Whether it need not be there: it is not to be distributed, and says where it is.
    fn is_elsewhere(&self) -> bool {
        let kind = self.blob.media_type.kind();
        let foreign = matches!(kind, MediaKind::Layer { foreign: true, .. });
        foreign && self.state == BlobState::Missing && !self.blob.urls.is_empty()
    }

    /// As one line for people.
    fn line(&self) -> String {
        let problem = self.state.problem().unwrap_or_default();
        let line = format!("{} {} {problem}", self.what, self.blob.digest);
        match self.blob.urls.first().filter(|_| self.is_elsewhere()) {
            Some(url) => format!("{line}: it is not to be distributed, and lies at {url}"),
            None => line,
        }
    }

    /// As one object for machines.
    pub(super) fn json(&self) -> Value {
        let mut object = json!({"what": self.what, "digest": self.blob.digest,
            "size": self.blob.size});
        object["state"] = json!(match &self.state {
            BlobState::Missing => "missing",
            BlobState::WrongSize { found, .. } => {
                object["found"] = json!(found);
                "wrongSize"
            }
            BlobState::WrongDigest { found } => {
                object["found"] = json!(found);
                "wrongDigest"
            }
            _ => "unreadable",
        });
        object
    }
}

/// Says on stderr which blobs of `node` lie elsewhere, and fails where others are not whole.
pub(super) fn judge(node: &Node) -> Result<(), Failure> {
    let (elsewhere, wrong): (Vec<_>, Vec<_>) =
        wrong(node).into_iter().partition(Wrong::is_elsewhere);
    for blob in &elsewhere {
        super::manifest_files::say(&blob.line());
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let all = node.document.blobs().len();
    Err(Failure::new(
        FailureKind::Damaged,
        format!(
            "{} of {} blobs are not what the manifest says",
            text::count(wrong.len() as u64),
            text::count(all as u64)
        ),
        "Copy the image again from where it came",
    )
    .with_details(wrong.iter().map(Wrong::line).collect()))
}
