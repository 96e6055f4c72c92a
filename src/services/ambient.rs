//! Tokens of the CI that this runs in.

use serde_json::Value;

use crate::config::{AmbientIdentity, Secret};
use crate::transport::registry::{Client, Message, form};

use super::{Service, ServiceError, ServiceRole};

/// The token for `audience` that the CI gives; it is asked for where it is not at hand.
///
/// # Errors
/// Where the CI's service cannot be reached, refuses, or answers something else.
pub async fn ambient_token(
    client: &Client,
    identity: AmbientIdentity,
    audience: &str,
) -> Result<Secret, ServiceError> {
    let (address, token) = match identity {
        AmbientIdentity::Token(token) => return Ok(token),
        AmbientIdentity::Request { address, token } => (address, token),
    };
    let service = Service {
        role: ServiceRole::Issuer,
        client,
        address: &address,
    };
    let joint = if address.contains('?') { '&' } else { '?' };
    let wanted = form(&[("audience", audience)]);
    let question = format!("{joint}{}", String::from_utf8_lossy(&wanted));
    let accept = "application/json";
    let answer = service.ask(&question, &Message::Get, Some(&token), accept, None);
    let answer = answer.await?;
    let value: Result<Value, _> = serde_json::from_slice(&answer);
    // the value is a secret: taken out, not copied
    match value
        .ok()
        .and_then(|mut value| Some(value.get_mut("value")?.take()))
    {
        Some(Value::String(token)) => Ok(Secret::new(token)),
        _ => Err(service.protocol("its answer holds no token")),
    }
}
