//! Manifests and indexes: distribution-spec, "Pulling manifests".

use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use serde_json::Value;

use crate::model::limits::MANIFEST_BYTES;
use crate::model::{
    Algorithm, Descriptor, Digest, MediaType, RawDocument, RegistryReference, text,
};
use crate::transport::{Note, Problem};

use super::auth::Scope;
use super::client::{Client, Reached, Reply, Request, Whole};
use super::error_body::{content_type, describe_other};
use super::fault::Fault;

/// The digest that a registry says a manifest has.
const CONTENT_DIGEST: &str = "docker-content-digest";

/// What `image` stands for: the digest where it has one, else the tag. What comes for a
/// digest must hash to it; what comes for a tag gets the SHA-256 digest of its bytes, and
/// must hash to what the registry itself says it is.
pub(super) async fn resolve(
    client: &Client,
    image: &RegistryReference,
) -> Result<((RawDocument, Vec<Note>), Reached), Fault> {
    let (raw, reached) = match image.digest() {
        Some(digest) => by_digest(client, image, digest, "", MANIFEST_BYTES).await?,
        None => tagged(client, image, &image.identifier()).await?,
    };
    let notes = type_differs(&raw).into_iter().collect();
    Ok(((raw, notes), reached))
}

/// Says where the `Content-Type` that came with a document is another one than it has in
/// it: image-spec, "mediaType" MUST match. A type that is none of a manifest is a
/// registry's way to say that it does not know.
fn type_differs(raw: &RawDocument) -> Option<Note> {
    let said = raw.media_type();
    if !said.is_index() && !said.is_manifest() {
        return None;
    }
    let value: Value = serde_json::from_slice(raw.bytes()).ok()?;
    let found = value.get("mediaType")?.as_str()?;
    (found != said.as_str()).then(|| Note::TypeDiffers {
        said: text::visible(said.as_str()).into_owned(),
        found: text::visible(&found.chars().take(100).collect::<String>()).into_owned(),
    })
}

/// The manifest that `tag` stands for in the repository of `image` at this moment. It gets
/// the SHA-256 digest of its bytes, and must hash to what the registry says it is.
pub(super) async fn tagged(
    client: &Client,
    image: &RegistryReference,
    tag: &str,
) -> Result<(RawDocument, Reached), Fault> {
    let answer = ask(client, image, tag, "", MANIFEST_BYTES).await?;
    let media_type = MediaType::new(&content_type(&answer.headers));
    if let Some(what) = not_a_manifest(&answer, &media_type) {
        return Err(Fault::protocol(what));
    }
    let raw = RawDocument::hash_manifest(answer.body, Algorithm::Sha256, media_type);
    match said_digest(&answer.headers) {
        Some(expected) if !expected.matches(raw.covered()) => {
            let found = Digest::of(expected.algorithm(), raw.covered());
            Err(Problem::WrongDigest { expected, found }.into())
        }
        _ => Ok((raw, answer.reached)),
    }
}

/// The headers of the manifest called `identifier`, a tag or digest, asked for with the
/// rights of `scope` and without its bytes. `kind` is as for [`accept`].
pub(super) async fn head(
    client: &Client,
    image: &RegistryReference,
    identifier: &str,
    kind: &str,
    scope: Scope,
) -> Result<(HeaderMap, Reached), Fault> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, accept(kind));
    let path = format!("manifests/{identifier}");
    let request = Request::of(Method::HEAD, image, &path, scope).with(headers);
    let Reply { answer, reached } = client.open(&request).await?;
    Ok((answer.headers().clone(), reached))
}

/// The digest that a registry says a manifest has; nothing where it says none.
pub(super) fn said_digest(headers: &HeaderMap) -> Option<Digest> {
    let said = headers.get(CONTENT_DIGEST)?;
    said.to_str().ok()?.trim().parse().ok()
}

/// The manifest that `descriptor` points at, of exactly its size and digest.
pub(super) async fn pointed_at(
    client: &Client,
    image: &RegistryReference,
    descriptor: &Descriptor,
) -> Result<(RawDocument, Reached), Fault> {
    let expected = descriptor.size;
    if expected > MANIFEST_BYTES {
        return Err(Problem::TooLarge {
            found: Some(expected),
            limit: MANIFEST_BYTES,
        }
        .into());
    }
    let kind = descriptor.media_type.as_str();
    let (raw, reached) = by_digest(client, image, &descriptor.digest, kind, MANIFEST_BYTES).await?;
    if raw.size() == expected {
        Ok((raw, reached))
    } else {
        let found = Some(raw.size());
        Err(Problem::WrongSize { expected, found }.into())
    }
}

async fn by_digest(
    client: &Client,
    image: &RegistryReference,
    digest: &Digest,
    kind: &str,
    limit: u64,
) -> Result<(RawDocument, Reached), Fault> {
    let answer = ask(client, image, &digest.to_string(), kind, limit).await?;
    let media_type = MediaType::new(&content_type(&answer.headers));
    let page = not_a_manifest(&answer, &media_type);
    match RawDocument::verify_manifest(answer.body, digest, media_type) {
        Ok(raw) => Ok((raw, answer.reached)),
        // a page that a network puts before everything says more than its digest
        Err(found) => Err(page.map_or_else(
            || {
                let expected = digest.clone();
                Fault::lasting(Problem::WrongDigest { expected, found })
            },
            Fault::protocol,
        )),
    }
}

/// Asks for the manifest called `identifier`, a tag or digest. `kind` is asked for beside
/// the types known here.
async fn ask(
    client: &Client,
    image: &RegistryReference,
    identifier: &str,
    kind: &str,
    limit: u64,
) -> Result<Whole, Fault> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, accept(kind));
    let request = Request::get(image, &format!("manifests/{identifier}"), headers);
    client.whole(&request, limit).await
}

pub(super) fn accept(kind: &str) -> HeaderValue {
    let known = MediaType::MANIFESTS.join(", ");
    let odd = !kind.is_empty() && !MediaType::MANIFESTS.contains(&kind);
    // a type from an index is a foreign text: only what is one goes into a header
    let is_type = |c: char| c.is_ascii_alphanumeric() || "!#$&^_.+-/".contains(c);
    let all = if odd && kind.chars().all(is_type) {
        format!("{kind}, {known}")
    } else {
        known
    };
    HeaderValue::from_str(&all).expect("media types have only characters that headers may hold")
}

/// What came where it is no manifest, such as the page of a hotel's network; nothing where
/// it may be one. Its type says so, or it is a JSON object with what manifests have.
fn not_a_manifest(answer: &Whole, media_type: &MediaType) -> Option<String> {
    if media_type.is_index() || media_type.is_manifest() {
        return None;
    }
    let parsed: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let has = |key: &str| {
        parsed
            .as_ref()
            .is_some_and(|value| value.get(key).is_some())
    };
    if has("schemaVersion") || has("mediaType") {
        return None;
    }
    let what = describe_other(&answer.headers, &answer.body);
    Some(if what.is_empty() {
        "it sent nothing where a manifest was asked for".to_owned()
    } else {
        format!("it sent {what} where a manifest was asked for")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_manifest_is_accepted_and_the_odd_one_that_is_pointed_at() {
        let all = accept("");
        for kind in MediaType::MANIFESTS {
            assert!(all.to_str().unwrap().contains(kind), "{kind}");
        }
        assert_eq!(accept(MediaType::OCI_INDEX), all);
        let odd = accept("application/vnd.oci.artifact.manifest.v1+json");
        let odd = odd.to_str().unwrap();
        assert!(
            odd.starts_with("application/vnd.oci.artifact.manifest.v1+json, "),
            "{odd}"
        );
        for foreign in ["a b", "a\r\nX: y", "a,b", "ä/b"] {
            assert_eq!(accept(foreign), all, "{foreign:?}");
        }
    }
}
