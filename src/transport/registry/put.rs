//! Writing manifests and indexes: distribution-spec, "Pushing manifests".

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};

use crate::model::{Digest, Document, RawDocument, RegistryReference};
use crate::transport::{Problem, Refusal};

use super::auth::Scope;
use super::client::{Client, Request};
use super::fault::{Again, Fault};
use super::outgoing::Sent;
use super::{manifest, retry};

/// Says that a registry has taken note of what a manifest refers to.
const SUBJECT: &str = "oci-subject";

/// What a registry said when it took a manifest.
pub(super) struct Stored {
    /// Whether it lists the manifest among the referrers of its subject.
    pub(super) subject: bool,
}

/// Writes `raw` under `identifier`, a tag or its digest.
///
/// # Errors
/// Where the registry refuses or fails, or says that it stored something else.
pub(super) async fn manifest(
    client: &Client,
    image: &RegistryReference,
    identifier: &str,
    raw: &RawDocument,
) -> Result<Stored, Fault> {
    let media_type = Document::read(raw.clone()).media_type().to_string();
    let kind = HeaderValue::from_str(&media_type).map_err(|_| {
        Fault::lasting(Problem::NotTaken {
            status: 0,
            why: Refusal::MediaType,
            message: "its type has characters that no header may hold".to_owned(),
            manifest: Some(raw.digest().clone()),
        })
    })?;
    bytes(client, image, identifier, kind, raw.bytes().clone(), raw).await
}

async fn bytes(
    client: &Client,
    image: &RegistryReference,
    identifier: &str,
    kind: HeaderValue,
    bytes: Bytes,
    raw: &RawDocument,
) -> Result<Stored, Fault> {
    let scope = Scope::push(image.repository());
    let path = format!("manifests/{identifier}");
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, kind);
    let mut request = Request::of(Method::PUT, image, &path, scope).with(headers);
    request.body = Sent::Whole(bytes);
    let tag = !identifier.contains(':');
    let reply = retry::run(client.retry(), || async {
        client.try_once(&request).await.map_err(|fault| {
            // docker-registry misses a blob for the moment in which somebody else writes the same
            // one again, as every signer does with the empty config
            let missed = fault
                .codes
                .iter()
                .any(|code| code == "MANIFEST_BLOB_UNKNOWN");
            let again = if missed { Again::Soon } else { fault.again };
            let mut fault = not_taken(fault, tag);
            if let Problem::NotTaken { manifest, .. } = &mut fault.problem {
                *manifest = Some(raw.digest().clone());
            }
            Fault { again, ..fault }
        })
    })
    .await?;
    let headers = reply.answer.headers();
    let said = headers.get("docker-content-digest");
    let said: Option<Digest> = said.and_then(|said| said.to_str().ok()?.trim().parse().ok());
    if let Some(found) = said
        && found != *raw.digest()
        && found.algorithm() == raw.digest().algorithm()
    {
        let expected = raw.digest().clone();
        let mut fault = Fault::lasting(Problem::WrongDigest { expected, found });
        fault.told().advice = Some(format!(
            "The registry has taken it and says that it is something else: look what {identifier} is there now"
        ));
        return Err(fault);
    }
    let status = reply.answer.status();
    // the specification's own answer, and that of Quay's first generation; others come from what
    // stands before a registry, too
    let taken = matches!(status, StatusCode::CREATED | StatusCode::ACCEPTED);
    if !taken || !reply.answer.at_home {
        confirm(client, image, raw, status).await?;
    }
    Ok(Stored {
        subject: headers.contains_key(SUBJECT),
    })
}

/// Asks the registry itself whether it has `raw`, which it did not say that it took.
///
/// # Errors
/// Where it has not, or fails.
async fn confirm(
    client: &Client,
    image: &RegistryReference,
    raw: &RawDocument,
    status: StatusCode,
) -> Result<(), Fault> {
    let digest = raw.digest().to_string();
    let scope = Scope::push(image.repository());
    match manifest::head(client, image, &digest, "", scope).await {
        Ok(_) => Ok(()),
        Err(fault) if fault.status == Some(404) => Err(Fault::protocol(format!(
            "it answered {} to the manifest and has not taken it",
            status.as_u16()
        ))),
        Err(fault) => Err(fault),
    }
}

/// Whether a registry that refuses speaks of how much may be kept, as Harbor, GitLab and Quay
/// do, each in its own words.
fn is_about_room(said: &str) -> bool {
    let has = |word: &str| said.contains(word);
    has("quota") || (has("exceed") && (has("limit") || has("storage")) && !has("rate limit"))
}

/// Whether a registry that refuses speaks of a tag that may not change, as ECR, Harbor and
/// Azure do, each under a status of its own.
fn is_about_change(said: &str) -> bool {
    ["immutab", "cannot be overwritten", "write enabled"]
        .iter()
        .any(|word| said.contains(word))
}

/// What a refusal means where something was to be written; `tag` says that it was a tag.
pub(super) fn not_taken(mut fault: Fault, tag: bool) -> Fault {
    let has = |code: &str| fault.codes.iter().any(|there| there == code);
    let Some(status) = fault.status else {
        return fault;
    };
    let parts = [
        "MANIFEST_BLOB_UNKNOWN",
        "BLOB_UNKNOWN",
        "MANIFEST_UNKNOWN",
        "MANIFEST_REFERENCES_UNKNOWN",
    ];
    let message = fault.problem.said().unwrap_or_default().to_owned();
    let said = message.to_lowercase();
    let why = match status {
        402 | 403 | 507 if is_about_room(&said) => Refusal::Quota,
        400..=499 if tag && is_about_change(&said) => Refusal::Immutable,
        413 => Refusal::TooLarge,
        415 => Refusal::MediaType,
        405 => Refusal::ReadOnly,
        507 => Refusal::Full,
        400 | 404 | 500 if parts.iter().any(|code| has(code)) => Refusal::MissingParts,
        400 | 422 if has("MANIFEST_INVALID") || has("UNSUPPORTED") => Refusal::Invalid,
        400 if has("DIGEST_INVALID") => Refusal::Digest,
        400 | 409 | 412 if has("TAG_INVALID") => Refusal::Tag,
        409 | 412 if tag => Refusal::Tag,
        // an upload that is lost is another thing
        404 if !has("BLOB_UPLOAD_UNKNOWN") => Refusal::NoPlace,
        403 => Refusal::Rights,
        _ => return fault,
    };
    fault.problem = Problem::NotTaken {
        status,
        why,
        message,
        manifest: None,
    };
    fault
}
