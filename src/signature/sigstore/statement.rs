//! What is signed: cosign's payload and in-toto statements, and whether it is about this
//! image.

use serde_json::Value;

use crate::signature::found::Subject;
use crate::signature::{Check, CheckKind, json};

/// What cosign says that a payload of its own is.
pub(super) const PAYLOAD_TYPE: &str = "cosign container image signature";
/// The types of in-toto statements (in-toto attestation, `spec`).
const STATEMENTS: [&str; 3] = [
    "https://in-toto.io/Statement/v0.1",
    "https://in-toto.io/Statement/v1",
    "https://in-toto.io/Statement/v1.0",
];

/// What cosign's payload has; `optional` is free.
const PAYLOAD: &json::Members = &[
    ("", &["critical", "optional"]),
    ("/critical", &["identity", "image", "type"]),
    ("/critical/identity", &["docker-reference"]),
    ("/critical/image", &["docker-manifest-digest"]),
];
/// What a statement has; what is predicated, digests and annotations are free.
const STATEMENT: &json::Members = &[
    ("", &["_type", "subject", "predicateType", "predicate"]),
    (
        "/subject/*",
        &[
            "name",
            "uri",
            "digest",
            "content",
            "downloadLocation",
            "mediaType",
            "annotations",
        ],
    ),
];

/// What a signed payload says.
pub(super) struct Said {
    /// About what, as a check.
    pub subject: Check,
    /// The signed name, where the format has one.
    pub reference: Option<String>,
    /// The predicate type of a statement.
    pub predicate_type: Option<String>,
}

/// Reads the payload of a cosign signature. It was authenticated, or is about to be.
pub(super) fn payload(bytes: &[u8], subject: &Subject) -> Result<Said, Check> {
    let value = read(bytes, PAYLOAD)?;
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let kind = text("/critical/type").unwrap_or_default();
    if kind != PAYLOAD_TYPE {
        return Err(
            Check::failed(CheckKind::Form, "what is signed is no signature of cosign")
                .compared(PAYLOAD_TYPE, kind),
        );
    }
    let Some(digest) = text("/critical/image/docker-manifest-digest") else {
        return Err(Check::failed(
            CheckKind::Form,
            "what is signed names no digest",
        ));
    };
    let expected = subject.digest.to_string();
    let check = if digest == expected {
        Check::passed(CheckKind::Subject, "this digest, and no other")
    } else {
        Check::failed(CheckKind::Subject, "it was signed for another digest")
    };
    Ok(Said {
        subject: check.compared(expected, digest),
        reference: text("/critical/identity/docker-reference").map(ToOwned::to_owned),
        predicate_type: None,
    })
}

/// Reads an in-toto statement.
pub(super) fn statement(bytes: &[u8], subject: &Subject) -> Result<Said, Check> {
    let value = read(bytes, STATEMENT)?;
    let kind = value
        .get("_type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !STATEMENTS.contains(&kind) {
        return Err(
            Check::failed(CheckKind::Form, "what is signed is no in-toto statement")
                .compared(STATEMENTS[1], kind),
        );
    }
    let Some(predicate_type) = value.get("predicateType").and_then(Value::as_str) else {
        return Err(Check::failed(
            CheckKind::Form,
            "the statement has no predicateType",
        ));
    };
    let subjects = value.get("subject").and_then(Value::as_array);
    let subjects: Vec<&Value> = subjects.into_iter().flatten().collect();
    let algorithm = subject.digest.algorithm().name();
    let digest_of = |subject: &Value| {
        let digest = subject.get("digest")?.get(algorithm)?;
        digest.as_str().map(|hex| format!("{algorithm}:{hex}"))
    };
    let named: Vec<String> = subjects.iter().filter_map(|s| digest_of(s)).collect();
    let expected = subject.digest.to_string();
    let check = if named.contains(&expected) {
        match named.len() {
            1 => Check::passed(CheckKind::Subject, "this digest, and no other"),
            count => Check::passed(
                CheckKind::Subject,
                format!("this digest is one of {count} subjects"),
            ),
        }
        .compared(expected.clone(), expected)
    } else if named.is_empty() {
        Check::failed(CheckKind::Subject, "the statement names no subject")
            .compared(expected, "none")
    } else {
        let shown: Vec<_> = named.iter().take(4).map(String::as_str).collect();
        Check::failed(CheckKind::Subject, "the statement is about something else")
            .compared(expected, shown.join(", "))
    };
    Ok(Said {
        subject: check,
        reference: None,
        predicate_type: Some(predicate_type.to_owned()),
    })
}

fn read(bytes: &[u8], known: &json::Members) -> Result<Value, Check> {
    json::read_as(bytes, known).map_err(|problem| {
        Check::failed(
            CheckKind::Form,
            format!("what is signed cannot be read: {problem}"),
        )
    })
}
