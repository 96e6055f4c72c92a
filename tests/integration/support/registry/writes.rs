//! What a registry takes: uploads, manifests, deletions, each in the dialect asked for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use porthole::model::Digest;
use serde_json::{Value, json};

use super::connection::{Answer, other};
use super::{Request, State};

/// How a registry takes what is pushed.
#[derive(Clone, Copy, Debug)]
pub struct Writes {
    pub location: Location,
    /// Whether a blob may come in the request that ends its upload.
    pub whole: bool,
    /// The least size of a chunk but the last.
    pub chunk_min: Option<usize>,
    /// Whether blobs are taken from other repositories.
    pub mounts: bool,
    /// Whether uploads are told about and cancelled; crane's registry does neither.
    pub keeps_status: bool,
    /// Whether a manifest with a subject is answered with `OCI-Subject`.
    pub subject: bool,
    /// Whether a tag is deleted alone.
    pub deletes_tags: bool,
    /// Whether anything is deleted.
    pub deletes: bool,
}

/// How an upload's address is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// A path.
    Relative,
    /// With scheme and host.
    Absolute,
    /// With scheme, host, and a query that must come back: docker-registry.
    Query,
}

impl Default for Writes {
    /// docker-registry 2.8.
    fn default() -> Self {
        Self {
            location: Location::Query,
            whole: true,
            chunk_min: None,
            mounts: true,
            keeps_status: true,
            subject: false,
            deletes_tags: false,
            deletes: true,
        }
    }
}

/// The uploads that are open.
#[derive(Default)]
pub struct Uploads(BTreeMap<u64, Vec<u8>>);

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Uploads {
    pub fn open(&self) -> usize {
        self.0.len()
    }
}

/// Keeps what came of a request that broke off.
pub fn keep_part(state: &State, request: &Request) {
    let path = request.path.split('?').next().unwrap();
    let number = path.rsplit('/').next().and_then(|last| last.parse().ok());
    if let Some(number) = number
        && let Some(upload) = state.uploads.lock().unwrap().0.get_mut(&number)
    {
        upload.extend_from_slice(&request.body);
    }
}

/// The answer to a request that writes, and doing it.
pub fn answer(
    state: &State,
    request: &Request,
    (repository, kind, identifier): (&str, &str, &str),
    query: &str,
) -> Answer {
    match kind {
        "/blobs/uploads/" => upload(state, request, repository, identifier, query),
        "/manifests/" if request.method == "PUT" => {
            manifest(state, request, repository, identifier)
        }
        "/manifests/" | "/blobs/" if request.method == "DELETE" => {
            delete(state, repository, identifier)
        }
        _ => error(405, "UNSUPPORTED", "the operation is unsupported"),
    }
}

fn upload(
    state: &State,
    request: &Request,
    repository: &str,
    identifier: &str,
    query: &str,
) -> Answer {
    let writes = state.setup.writes;
    let parameter = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let found = pairs.find(|(key, _)| *key == name);
        found.map(|(_, value)| value.replace("%3A", ":").replace("%2F", "/"))
    };
    if request.method == "POST" {
        if let (Some(digest), Some(from), true) =
            (parameter("mount"), parameter("from"), writes.mounts)
        {
            let mut content = state.content.lock().unwrap();
            if let Ok(item) = content.get(&from, &digest) {
                content.put(repository, None, &item.media_type, &item.bytes);
                return other(201, "text/plain", "");
            }
        }
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        state.uploads.lock().unwrap().0.insert(number, Vec::new());
        let mut answer = started(state, repository, number, 202, 0);
        if let Some(least) = writes.chunk_min {
            let header = ("OCI-Chunk-Min-Length".to_owned(), least.to_string());
            answer.headers.push(header);
        }
        return answer;
    }
    let number: Option<u64> = identifier.parse().ok();
    let mut uploads = state.uploads.lock().unwrap();
    let Some((number, upload)) = number.and_then(|n| Some((n, uploads.0.get_mut(&n)?))) else {
        return error(
            404,
            "BLOB_UPLOAD_UNKNOWN",
            "blob upload unknown to registry",
        );
    };
    let right = parameter("_state") == Some(format!("s{number}"));
    if writes.location == Location::Query && !right {
        return error(400, "BLOB_UPLOAD_INVALID", "blob upload invalid");
    }
    match request.method.as_str() {
        "GET" if writes.keeps_status => started(state, repository, number, 204, upload.len()),
        "DELETE" if writes.keeps_status => {
            uploads.0.remove(&number);
            other(204, "text/plain", "")
        }
        "PATCH" => {
            let range = request.header("content-range").unwrap();
            let (first, last) = range.split_once('-').unwrap();
            let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
            assert_eq!(last + 1 - first, request.body.len(), "{range}");
            if first != upload.len() {
                let there = upload.len();
                let mut answer = started(state, repository, number, 416, there);
                answer.body.clear();
                return answer;
            }
            upload.extend_from_slice(&request.body);
            started(state, repository, number, 202, upload.len())
        }
        "PUT" => {
            if !request.body.is_empty() && !writes.whole {
                return error(413, "SIZE_INVALID", "only chunks are taken");
            }
            let mut bytes = upload.clone();
            bytes.extend_from_slice(&request.body);
            let digest = Digest::sha256(&bytes).to_string();
            if parameter("digest").as_ref() != Some(&digest) {
                return error(400, "DIGEST_INVALID", "provided digest did not match");
            }
            uploads.0.remove(&number);
            let mut content = state.content.lock().unwrap();
            content.put(repository, None, "application/octet-stream", &bytes);
            stored(201, &digest)
        }
        _ => error(400, "BLOB_UPLOAD_INVALID", "blob upload invalid"),
    }
}

/// An answer with the address of an upload and how much of it is there.
fn started(state: &State, repository: &str, number: u64, status: u16, there: usize) -> Answer {
    let path = format!("/v2/{repository}/blobs/uploads/{number}");
    let location = match state.setup.writes.location {
        Location::Relative => path,
        Location::Absolute => format!("http://{}{path}", state.address),
        Location::Query => format!("http://{}{path}?_state=s{number}", state.address),
    };
    let mut answer = other(status, "text/plain", "");
    let last = there.saturating_sub(1);
    answer.headers.extend([
        ("Location".to_owned(), location),
        ("Range".to_owned(), format!("0-{last}")),
        ("Docker-Upload-Uuid".to_owned(), number.to_string()),
    ]);
    answer
}

fn manifest(state: &State, request: &Request, repository: &str, identifier: &str) -> Answer {
    let kind = request
        .header("content-type")
        .unwrap_or_default()
        .to_owned();
    let digest = Digest::sha256(&request.body).to_string();
    if identifier.contains(':') && identifier != digest {
        return error(400, "DIGEST_INVALID", "provided digest did not match");
    }
    let mut content = state.content.lock().unwrap();
    let document: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let layers = document["layers"].as_array().into_iter().flatten();
    for part in layers.chain(document.get("config")) {
        let part = part["digest"].as_str().unwrap_or_default();
        if content.get(repository, part).is_err() {
            return error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry");
        }
    }
    let tag = (!identifier.contains(':')).then_some(identifier);
    content.put(repository, tag, &kind, &request.body);
    let mut answer = stored(201, &digest);
    if let (true, Some(subject)) = (
        state.setup.writes.subject,
        document["subject"]["digest"].as_str(),
    ) {
        let header = ("OCI-Subject".to_owned(), subject.to_owned());
        answer.headers.push(header);
    }
    answer
}

fn delete(state: &State, repository: &str, identifier: &str) -> Answer {
    let writes = state.setup.writes;
    if !writes.deletes {
        return error(405, "UNSUPPORTED", "the operation is unsupported");
    }
    let mut content = state.content.lock().unwrap();
    let gone = if identifier.contains(':') {
        content.remove(repository, identifier)
    } else if writes.deletes_tags {
        content.remove_tag(repository, identifier)
    } else {
        return error(
            400,
            "DIGEST_INVALID",
            "provided digest did not match uploaded content",
        );
    };
    if gone {
        other(202, "text/plain", "")
    } else {
        error(404, "MANIFEST_UNKNOWN", "manifest unknown")
    }
}

fn stored(status: u16, digest: &str) -> Answer {
    let mut answer = other(status, "text/plain", "");
    let header = ("Docker-Content-Digest".to_owned(), digest.to_owned());
    answer.headers.push(header);
    answer
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    let errors = json!({"errors": [{"code": code, "message": message}]});
    other(
        status,
        "application/json; charset=utf-8",
        &errors.to_string(),
    )
}
