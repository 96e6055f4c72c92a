//! Transparency logs: Rekor, versions 1 and 2.

use bytes::Bytes;
use serde_json::Value;

use crate::signature::sign::LogVersion;
use crate::transport::registry::{Client, Message};

use super::{LogEndpoint, Service, ServiceError, ServiceRole, trimmed};

/// Puts an entry into the log. Gives it as bundles have it; nothing of it is verified.
///
/// # Errors
/// Where the log cannot be reached, refuses, or answers something else.
pub async fn log_entry(
    client: &Client,
    log: &LogEndpoint,
    request: Bytes,
) -> Result<Value, ServiceError> {
    let service = Service {
        role: ServiceRole::Log,
        client,
        address: trimmed(&log.address),
    };
    let message = Message::Post("application/json", request);
    let path = log.version.path();
    let answer = service
        .ask(path, &message, None, "application/json", None)
        .await?;
    let entry = log.version.entry(&answer);
    entry.map_err(|error| service.protocol(error))
}

impl std::fmt::Display for LogEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.version {
            LogVersion::One => f.write_str(&self.address),
            LogVersion::Two => write!(f, "{} (version 2)", self.address),
        }
    }
}
