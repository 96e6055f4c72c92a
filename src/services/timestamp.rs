//! Timestamp authorities (RFC 3161, section 3.4).

use bytes::Bytes;

use crate::signature::sign::TimestampRequest;
use crate::signature::x509::Hash;
use crate::transport::registry::{Client, Message, Repeat};

use super::{Service, ServiceError, ServiceRole};

/// What an authority answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timestamp {
    /// The whole answer (`TimeStampResp`), as Sigstore keeps it.
    pub answer: Bytes,
    /// The token in it (`TimeStampToken`), as Notation keeps it.
    pub token: Vec<u8>,
}

/// Asks the authority at `address` for a timestamp of `bytes`. That it is for these bytes and
/// the answer to this question is checked; its signature is not.
///
/// # Errors
/// Where the authority cannot be reached, refuses, or answers something else.
pub async fn timestamp(
    client: &Client,
    address: &str,
    hash: Hash,
    bytes: &[u8],
) -> Result<Timestamp, ServiceError> {
    let service = Service {
        role: ServiceRole::Timestamps,
        client,
        address,
    };
    let request = TimestampRequest::of(hash, bytes).map_err(|error| service.protocol(error))?;
    let kind = "application/timestamp-query";
    let message = Message::Post(kind, request.to_der().into(), Repeat::Freely);
    let accept = "application/timestamp-reply";
    let mut answer = service.ask("", &message, None, accept, None).await?;
    // there is nothing secret in it
    let answer = Bytes::from(std::mem::take(&mut *answer));
    let token = request.token(&answer);
    let token = token.map_err(|error| service.protocol(error))?;
    Ok(Timestamp { answer, token })
}
