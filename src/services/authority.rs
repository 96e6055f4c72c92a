//! Certificate authorities for identities: Fulcio, version 2 of its interface.

use crate::config::Secret;
use crate::signature::sign::{
    CERTIFICATE_PATH, Signer, TokenClaims, certificate_answer, certificate_request,
};
use crate::transport::registry::{Client, Message, Repeat};

use super::{Service, ServiceError, ServiceRole, trimmed};

/// Asks for a certificate of the key of `signer` for whom `token` is about. Gives it with
/// those above it, DER; nothing of them is verified.
///
/// # Errors
/// Where the authority cannot be reached, refuses, or answers something else.
pub async fn certificate(
    client: &Client,
    address: &str,
    token: &Secret,
    claims: &TokenClaims,
    signer: &dyn Signer,
) -> Result<Vec<Vec<u8>>, ServiceError> {
    let service = Service {
        role: ServiceRole::Certificates,
        client,
        address: trimmed(address),
    };
    let request = certificate_request(token.expose(), claims.challenge(), signer);
    let request = request.map_err(|error| service.protocol(error).in_doubt(false))?;
    let message = Message::Post("application/json", request, Repeat::Unread);
    let accept = "application/json";
    let answer = service.ask(CERTIFICATE_PATH, &message, None, accept, Some(token));
    let answer = answer.await?;
    certificate_answer(&answer).map_err(|error| service.protocol(error))
}
