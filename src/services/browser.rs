//! Signing in with a browser: the authorization code flow (OpenID Connect Core, section 3.1)
//! with a proof key (RFC 7636), for programs on people's machines (RFC 8252).

use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::config::Secret;
use crate::signature::sign::TokenClaims;
use crate::transport::registry::{Client, Message, Repeat, form};

use super::discovery::{Issuer, discover};
use super::landing::{Landed, Landing};
use super::{Service, ServiceError, ServiceRole};

/// A sign-in that was begun: somebody has to open its address.
pub struct BrowserSignIn {
    issuer: Issuer,
    client_id: String,
    landing: Landing,
    redirect: String,
    /// Tells the answer to this question from others.
    state: Secret,
    /// Comes back in the token.
    nonce: Secret,
    /// Proves to the issuer that whoever asks for the token is who sent the browser.
    verifier: Secret,
    address: String,
}

impl BrowserSignIn {
    /// Asks the issuer where people sign in, and begins to listen for the browser.
    ///
    /// # Errors
    /// Where the issuer cannot be reached or says something else, or nothing can listen.
    pub async fn begin(
        client: &Client,
        issuer: &str,
        client_id: &str,
    ) -> Result<Self, ServiceError> {
        let fail = |why: String| {
            let hint = "Sign with a token in a file instead (--identity-token FILE)";
            ServiceError::new(ServiceRole::Issuer, issuer, why, hint)
        };
        let found = discover(client, issuer).await?;
        let landing = Landing::open().await;
        let landing = landing.map_err(|error| fail(format!("nothing can listen here: {error}")))?;
        let random = || random().ok_or_else(|| fail("there is no randomness".to_owned()));
        let (state, nonce, verifier) = (random()?, random()?, random()?);
        let challenge = digest::digest(&digest::SHA256, verifier.expose().as_bytes());
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(challenge);
        let redirect = landing.address();
        let query = form(&[
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", &redirect),
            ("scope", "openid email"),
            ("state", state.expose()),
            ("nonce", nonce.expose()),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let query = String::from_utf8_lossy(&query);
        let joint = if found.authorization.contains('?') {
            '&'
        } else {
            '?'
        };
        Ok(Self {
            address: format!("{}{joint}{query}", found.authorization),
            issuer: found,
            client_id: client_id.to_owned(),
            landing,
            redirect,
            state,
            nonce,
            verifier,
        })
    }

    /// What to open in a browser.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits until somebody has signed in, at most five minutes, and gives the token.
    ///
    /// # Errors
    /// Where nobody does, the issuer refuses, or the token is not the answer to this.
    pub async fn finish(self, client: &Client) -> Result<Secret, ServiceError> {
        let role = ServiceRole::Issuer;
        let again = |why: &str| ServiceError::new(role, &self.issuer.name, why, "Try again");
        let code = match self.landing.wait(&self.state, &self.issuer.name).await {
            Some(Landed::Code(code)) => code,
            Some(Landed::Refused(why)) => return Err(again(&format!("it refused: {why}"))),
            None => return Err(again("nobody signed in within five minutes")),
        };
        let service = Service {
            role,
            client,
            address: &self.issuer.token,
        };
        let body = form(&[
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", &self.redirect),
            ("client_id", &self.client_id),
            ("code_verifier", self.verifier.expose()),
        ]);
        let kind = "application/x-www-form-urlencoded";
        let message = Message::Post(kind, body, Repeat::Unread);
        let accept = "application/json";
        let answer = service.ask("", &message, None, accept, Some(&code)).await?;
        let value: Result<Value, _> = serde_json::from_slice(&answer);
        let token = value.ok().and_then(|mut value| {
            // secrets are taken out or wiped, not left behind
            let token = value.get_mut("id_token")?.take();
            for name in ["access_token", "refresh_token"] {
                if let Some(Value::String(other)) = value.get_mut(name).map(Value::take) {
                    drop(Zeroizing::new(other));
                }
            }
            Some(token)
        });
        let Some(Value::String(token)) = token else {
            return Err(service.protocol("its answer holds no identity token"));
        };
        let token = Secret::new(token);
        // it came from the issuer itself: no signature is needed to believe who sent it
        let now = jiff::Timestamp::now();
        let claims = TokenClaims::read(token.expose(), &self.client_id, now);
        let claims = claims
            .map_err(|error| ServiceError::new(role, &self.issuer.name, &error, error.hint()))?;
        if claims.nonce.as_deref() != Some(self.nonce.expose()) {
            return Err(service.protocol("its token answers another question (nonce)"));
        }
        if claims.issuer != self.issuer.name {
            return Err(service.protocol("its token is by another issuer"));
        }
        Ok(token)
    }
}

/// 32 random bytes as text.
fn random() -> Option<Secret> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    rand::fill(bytes.as_mut_slice()).ok()?;
    Some(Secret::new(BASE64_URL_SAFE_NO_PAD.encode(*bytes)))
}
