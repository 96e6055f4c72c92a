//! Giving an engine an image: `POST /images/load` (Docker Engine API, "Import images").

use std::fs::File;
use std::time::Duration;

use serde_json::Value;
use tokio_util::io::ReaderStream;

use super::engine::Engine;
use crate::model::text;
use crate::transport::Problem;

/// Longest wait until an image is loaded: an engine unpacks it before it answers.
const LOADING: Duration = Duration::from_secs(1800);

/// How much is sent at once, in bytes.
const PIECE_BYTES: usize = 256 << 10;

/// Sends `archive`, of `length` bytes from where it stands, and waits until the engine has
/// it.
///
/// # Errors
/// Where the engine refuses, or says that it failed.
pub(super) async fn load(engine: &Engine, archive: File, length: u64) -> Result<(), Problem> {
    let client = &engine.client;
    let file = tokio::fs::File::from_std(archive);
    let body = reqwest::Body::wrap_stream(ReaderStream::with_capacity(file, PIECE_BYTES));
    let answer = client.post("/images/load", body, length, LOADING).await?;
    let status = answer.status();
    if !status.is_success() {
        return Err(client.refused(answer).await);
    }
    let said = client.whole(answer).await?;
    match failure(&said) {
        None => Ok(()),
        Some(message) => Err(Problem::EngineRefused {
            engine: engine.label().to_owned(),
            status: status.as_u16(),
            message,
        }),
    }
}

/// What went wrong, where the lines of JSON that an engine answers with say so.
fn failure(said: &[u8]) -> Option<String> {
    let lines = serde_json::Deserializer::from_slice(said).into_iter::<Value>();
    let mut failures = lines.map_while(Result::ok).filter_map(|line| {
        let message = line.get("error")?.as_str()?;
        Some(text::visible(message).chars().take(300).collect())
    });
    failures.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_of_several_lines() {
        let said = b"{\"stream\":\"loading\"}\n{\"errorDetail\":{},\"error\":\"no room\"}\n";
        assert_eq!(failure(said), Some("no room".to_owned()));
        assert_eq!(failure(b"{\"stream\":\"Loaded image: a:1\"}"), None);
        assert_eq!(failure(b"Loaded"), None);
    }
}
