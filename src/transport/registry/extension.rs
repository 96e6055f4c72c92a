//! Signatures that a registry keeps itself and gives by an extension of its API
//! (X-Registry-Supports-Signatures, as OpenShift's has it): the same messages as in a
//! lookaside.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

use crate::model::{Digest, limits};
use crate::transport::{DetachedSignatures, Problem, TransportError};

use super::client::Request;
use super::source::RegistrySource;

/// The header by which a registry says that it has them.
pub(super) const OFFERED: &str = "x-registry-supports-signatures";

/// The version and type of the signatures that are known (containers/image,
/// `docker_image_src.go`).
const VERSION: u64 = 2;
const KIND: &str = "atomic";

/// The way to them, at a registry that has said that it has them.
pub(super) struct Extension<'a>(&'a RegistrySource);

#[derive(Deserialize)]
struct List {
    signatures: Vec<Value>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "schemaVersion")]
    version: u64,
    #[serde(rename = "type")]
    kind: String,
    /// In base64.
    content: String,
}

impl<'a> Extension<'a> {
    /// Nothing where the registry has not said that it has them.
    pub(super) fn of(source: &'a RegistrySource) -> Option<Self> {
        let client = source.client();
        let request = Request::get(source.image(), "", Default::default());
        client
            .offers_signatures(&request.host)
            .then_some(Self(source))
    }

    async fn read(&self, manifest: &Digest) -> Result<Vec<Bytes>, Problem> {
        let image = self.0.image();
        let mut request = Request::get(image, "", Default::default());
        request.path = format!(
            "/extensions/v2/{}/signatures/{manifest}",
            image.repository()
        );
        let read = self
            .0
            .client()
            .whole(&request, limits::SIGNATURES_BYTES)
            .await;
        // it said that it has them: a list that is not there is no empty one
        let body = read.map_err(|fault| fault.problem)?.body;
        let wrong = |why: String| Problem::Protocol { why };
        let list: List = serde_json::from_slice(&body)
            .map_err(|error| wrong(format!("the list of signatures cannot be read: {error}")))?;
        if list.signatures.len() > limits::SIGNATURES {
            return Err(Problem::Beyond {
                what: "signatures",
                limit: limits::SIGNATURES,
            });
        }
        let mut found = Vec::new();
        for one in list.signatures {
            let known = Entry::deserialize(&one).ok();
            let known = known.filter(|one| one.version == VERSION && one.kind == KIND);
            found.push(match known {
                Some(known) => STANDARD
                    .decode(&known.content)
                    .map_err(|error| wrong(format!("a signature is no base64: {error}")))?
                    .into(),
                // of another version or type: found as it stands there, and known to nobody
                None => one.to_string().into(),
            });
        }
        Ok(found)
    }
}

impl DetachedSignatures for Extension<'_> {
    fn signatures<'a>(
        &'a self,
        manifest: &'a Digest,
    ) -> BoxFuture<'a, Result<Vec<Bytes>, TransportError>> {
        async move {
            let read = self.read(manifest).await;
            read.map_err(|problem| {
                let what = format!("signatures of {manifest}");
                TransportError::new(what, self.0.image().name(), problem)
            })
        }
        .boxed()
    }
}
