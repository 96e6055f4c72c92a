//! What a registry says with an error: distribution-spec, "Error Codes".

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;

use crate::model::text;

/// Longest text of an answer that is shown, in characters.
pub(super) const SHOWN: usize = 400;
/// Longest `detail` of an error that is shown, in characters.
const DETAIL: usize = 160;
/// Most errors of one answer that are shown.
const ERRORS: usize = 4;

/// The errors in the body of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorBody {
    /// The codes, such as `MANIFEST_UNKNOWN`, as far as there are any.
    pub(super) codes: Vec<String>,
    /// All of it for people: bounded, control characters made visible.
    pub(super) message: String,
}

impl ErrorBody {
    /// Reads `body` as far as it can be understood.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let parsed: Option<Value> = serde_json::from_slice(body).ok();
        match parsed.as_ref().and_then(Value::as_object) {
            Some(object) => match object.get("errors").and_then(Value::as_array) {
                Some(errors) => Self::errors(errors),
                None => Self {
                    codes: Vec::new(),
                    // token services and proxies have forms of their own
                    message: ["message", "error_description", "details", "detail", "error"]
                        .iter()
                        .filter_map(|key| object.get(*key).and_then(Value::as_str))
                        .map(|said| shown(said, SHOWN))
                        .next()
                        .unwrap_or_default(),
                },
            },
            None => Self {
                codes: Vec::new(),
                message: describe_other(headers, body),
            },
        }
    }

    fn errors(errors: &[Value]) -> Self {
        let field = |error: &Value, key: &str| {
            let found = error.get(key).and_then(Value::as_str);
            found.map(str::trim).unwrap_or_default().to_owned()
        };
        let mut said = Vec::new();
        for error in errors.iter().take(ERRORS) {
            let (code, message) = (field(error, "code"), field(error, "message"));
            let mut line = match (code.is_empty(), message.is_empty()) {
                (false, false) => format!("{code}: {message}"),
                _ => format!("{code}{message}"),
            };
            match error.get("detail") {
                None | Some(Value::Null) => {}
                Some(Value::String(detail)) if detail.is_empty() || *detail == message => {}
                Some(Value::String(detail)) => {
                    line.push_str(&format!(" ({})", text::middle(detail, DETAIL)));
                }
                Some(detail) => {
                    line.push_str(&format!(" {}", text::middle(&detail.to_string(), DETAIL)));
                }
            }
            if !line.is_empty() {
                said.push(line);
            }
        }
        if errors.len() > ERRORS {
            said.push(format!("and {} more", errors.len() - ERRORS));
        }
        Self {
            codes: errors
                .iter()
                .take(ERRORS)
                .map(|error| shown(&field(error, "code"), 64))
                .filter(|code| !code.is_empty())
                .collect(),
            message: shown(&said.join("; "), SHOWN),
        }
    }
}

/// What an answer that is not JSON begins with, such as
/// `text/html, beginning with "<!DOCTYPE html>…"`; nothing where it is empty.
pub(super) fn describe_other(headers: &HeaderMap, body: &[u8]) -> String {
    let kind = content_type(headers);
    let start = String::from_utf8_lossy(&body[..body.len().min(4 * SHOWN)]);
    let words: Vec<_> = start.split_whitespace().collect();
    let words = words.join(" ");
    match (kind.is_empty(), words.is_empty()) {
        (_, true) => String::new(),
        (_, false) if kind == "text/plain" => shown(&words, SHOWN),
        (true, false) => format!(
            "an answer of no type that begins with {:?}",
            shown(&words, 60)
        ),
        (false, false) => format!("{kind} that begins with {:?}", shown(&words, 60)),
    }
}

/// The answer's type without parameters, bounded and visible; empty where it has none.
pub(super) fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
    let value = String::from_utf8_lossy(value.unwrap_or_default());
    shown(value.split(';').next().unwrap_or_default().trim(), 100)
}

/// The start of `said` with what cannot be seen made visible.
fn shown(said: &str, limit: usize) -> String {
    let bounded: String = said.chars().take(limit).collect();
    let more = if said.chars().nth(limit).is_some() {
        "…"
    } else {
        ""
    };
    format!("{}{more}", text::visible(&bounded))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, body: &str) -> ErrorBody {
        let mut headers = HeaderMap::new();
        if !kind.is_empty() {
            headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        }
        ErrorBody::read(&headers, body.as_bytes())
    }

    #[test]
    fn errors_are_told_as_the_registries_wrote_them() {
        for (server, kind, body, codes, message) in [
            (
                "docker-registry 2.8, unknown tag",
                "application/json; charset=utf-8",
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"nope"}}]}"#,
                vec!["MANIFEST_UNKNOWN"],
                r#"MANIFEST_UNKNOWN: manifest unknown {"Tag":"nope"}"#,
            ),
            (
                "docker-registry 2.8, unknown digest",
                "application/json; charset=utf-8",
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":"unknown manifest name=a revision=sha256:00"}]}"#,
                vec!["MANIFEST_UNKNOWN"],
                "MANIFEST_UNKNOWN: manifest unknown (unknown manifest name=a revision=sha256:00)",
            ),
            (
                "GHCR, a private repository",
                "application/json",
                r#"{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}"#,
                vec!["DENIED"],
                "DENIED: requested access to the resource is denied",
            ),
            (
                "Docker Hub's token service",
                "application/json",
                r#"{"details":"incorrect username or password"}"#,
                vec![],
                "incorrect username or password",
            ),
            (
                "an OAuth service",
                "application/json",
                r#"{"error":"invalid_grant","error_description":"token has expired"}"#,
                vec![],
                "token has expired",
            ),
            (
                "net/http",
                "text/plain; charset=utf-8",
                "404 page not found\n",
                vec![],
                "404 page not found",
            ),
            (
                "nginx",
                "text/html",
                "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n",
                vec![],
                r#"text/html that begins with "<html> <head><title>502 Bad Gateway</title></head>""#,
            ),
            ("nobody", "", "", vec![], ""),
            (
                "odd",
                "application/json",
                r#"{"errors":[{"code":7},null,{"message":"m"}]}"#,
                vec![],
                "m",
            ),
            ("empty", "application/json", r#"{"errors":[]}"#, vec![], ""),
        ] {
            let found = read(kind, body);
            assert_eq!(found.message, message, "{server}");
            assert_eq!(found.codes, codes, "{server}");
        }
    }

    #[test]
    fn long_and_hidden_text_is_bounded_and_visible() {
        let long = "x".repeat(10_000);
        let body = format!(r#"{{"errors":[{{"code":"A","message":"{long}","detail":"{long}"}}]}}"#);
        let found = read("application/json", &body);
        assert!(
            found.message.chars().count() <= SHOWN + 1,
            "{}",
            found.message.len()
        );

        let found = read(
            "application/json",
            r#"{"errors":[{"code":"A","message":"a\u001b[31mred\u202e"}]}"#,
        );
        assert_eq!(found.message, r"A: a\u{1b}[31mred\u{202e}");

        let many = [r#"{"code":"A","message":"m"}"#; 9].join(",");
        let found = read("application/json", &format!(r#"{{"errors":[{many}]}}"#));
        assert!(found.message.ends_with("; and 5 more"), "{}", found.message);
    }
}
