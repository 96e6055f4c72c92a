//! Transparency logs: Rekor, versions 1 and 2.

use bytes::Bytes;
use serde_json::Value;

use crate::signature::sign::LogVersion;
use crate::transport::registry::{Client, Message, Repeat};

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
    // version 1 takes nothing twice, and answers where the entry lies that it has
    let repeat = match log.version {
        LogVersion::One => Repeat::Freely,
        LogVersion::Two => Repeat::Unread,
    };
    let message = Message::Post("application/json", request, repeat);
    let path = log.version.path();
    let accept = "application/json";
    let mut answered = service.answered(path, &message, None, accept).await?;
    // who signs the same bytes twice with a key that always signs alike is in the log already
    let known = answered.status == 409;
    // whatever fails from here on: the entry is there
    let there = |error: ServiceError| {
        let in_doubt = known || error.in_doubt;
        error.in_doubt(in_doubt)
    };
    if let (true, Some(id)) = (known, entry_id(answered.location.as_deref())) {
        let path = format!("{path}/{id}");
        let asked = service.answered(&path, &Message::Get, None, accept).await;
        answered = asked.map_err(there)?;
    }
    let answer = service.body(answered, [None, None]).map_err(there)?;
    let entry = log.version.entry(&answer);
    entry.map_err(|error| service.protocol(error))
}

/// What an entry of version 1 is called, by where it lies.
fn entry_id(location: Option<&str>) -> Option<&str> {
    let id = location?.rsplit('/').next()?;
    let is_hex = id.bytes().all(|byte| byte.is_ascii_hexdigit());
    // with the number of the tree before it, or without
    (is_hex && matches!(id.len(), 64 | 80)).then_some(id)
}

impl std::fmt::Display for LogEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.version {
            LogVersion::One => f.write_str(&self.address),
            LogVersion::Two => write!(f, "{} (version 2)", self.address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::entry_id;

    #[test]
    fn an_entry_is_called_by_hexadecimal_digits() {
        let id = "24296fb24b8ad77a".to_owned() + &"0f".repeat(32);
        assert_eq!(
            entry_id(Some(&format!("/api/v1/log/entries/{id}"))),
            Some(&*id)
        );
        for other in ["", "/api/v1/log/entries/", "/x/../../secret", &id[1..]] {
            assert_eq!(entry_id(Some(other)), None, "{other}");
        }
    }
}
