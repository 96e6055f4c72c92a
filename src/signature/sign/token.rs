//! Identity tokens (OpenID Connect Core, section 2): what one says, before a certificate
//! authority is shown it. The authority checks the signature; nothing is believed here.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::signature::json as strict;

/// How far clocks may be apart.
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);
/// Longest token, in bytes.
const TOKEN_BYTES: usize = 64 << 10;

/// What a token says of whom it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenClaims {
    /// Who issued the token.
    pub issuer: String,
    /// Who vouches for the identity: the issuer, or whom it asked itself.
    pub vouching: String,
    pub subject: String,
    /// An address of mail, where it was proven to be the subject's.
    pub email: Option<String>,
    /// The names that a certificate for it can be for; none where that is not known.
    pub names: Vec<String>,
    pub expires: Timestamp,
    /// What was sent along with the question that this answers.
    pub nonce: Option<String>,
}

/// Why a token is of no use. Never a part of it but what it says of itself in public.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("it is no identity token (a JSON Web Token)")]
    Form,
    #[error("the identity token says nothing of {0}")]
    Missing(&'static str),
    #[error("the identity token is for {found}, and it has to be for {expected}")]
    Audience { expected: String, found: String },
    #[error("the identity token expired at {expired}; here it is {now}")]
    Expired { expired: Timestamp, now: Timestamp },
    #[error(
        "the identity token is from {from}, and here it is {now}: the clock of this machine or of the issuer is off"
    )]
    Future { from: Timestamp, now: Timestamp },
    #[error("the address {0} in the identity token was not proven to be the subject's")]
    NotVerified(String),
}

impl TokenError {
    /// What to do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Audience { .. } => "Ask the issuer for a token with this audience",
            Self::Expired { .. } => "Get a new one: they are good for minutes",
            Self::Future { .. } => "Set the clock",
            Self::NotVerified(_) => "Confirm the address at the issuer",
            Self::Form | Self::Missing(_) => "Give the token of an OpenID Connect issuer",
        }
    }
}

impl TokenClaims {
    /// Reads what `token` says and checks that it is for `audience` and good at `now`.
    ///
    /// # Errors
    /// Where it is no token, or not for this, or not now.
    pub fn read(token: &str, audience: &str, now: Timestamp) -> Result<Self, TokenError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if token.len() > TOKEN_BYTES || !token.bytes().all(allowed) {
            return Err(TokenError::Form);
        }
        let parts: Vec<_> = token.split('.').collect();
        let [_, payload, _] = parts.as_slice() else {
            return Err(TokenError::Form);
        };
        let payload = BASE64_URL_SAFE_NO_PAD.decode(payload);
        let payload = Zeroizing::new(payload.map_err(|_| TokenError::Form)?);
        let value = strict::read(&payload).map_err(|_| TokenError::Form)?;
        let text = |key: &str| {
            let text = value.get(key).and_then(Value::as_str);
            text.filter(|text| !text.is_empty()).map(ToOwned::to_owned)
        };
        let time = |key: &str| {
            let seconds = value.get(key).and_then(Value::as_f64)?;
            Timestamp::from_second(seconds as i64).ok()
        };
        let found: Vec<&str> = match value.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !found.contains(&audience) {
            return Err(TokenError::Audience {
                expected: audience.to_owned(),
                found: match found.as_slice() {
                    [] => "nobody".to_owned(),
                    many => many.join(", "),
                },
            });
        }
        let expires = time("exp").ok_or(TokenError::Missing("when it ends (exp)"))?;
        if expires < now {
            return Err(TokenError::Expired {
                expired: expires,
                now,
            });
        }
        for from in ["nbf", "iat"].into_iter().filter_map(time) {
            if from > now.saturating_add(LEEWAY).unwrap_or(Timestamp::MAX) {
                return Err(TokenError::Future { from, now });
            }
        }
        let issuer = text("iss").ok_or(TokenError::Missing("its issuer (iss)"))?;
        let subject = text("sub").ok_or(TokenError::Missing("its subject (sub)"))?;
        let email = text("email");
        let verified = match value.get("email_verified") {
            Some(Value::Bool(verified)) => *verified,
            // some issuers write it as a text
            Some(Value::String(text)) => text == "true",
            _ => false,
        };
        if let (Some(email), false) = (&email, verified) {
            return Err(TokenError::NotVerified(email.clone()));
        }
        // whom a federating issuer asked itself
        let connector = value.pointer("/federated_claims/connector_id");
        let connector = connector.and_then(Value::as_str).map(ToOwned::to_owned);
        let names = match &email {
            Some(email) => vec![email.clone()],
            None => build_names(&text),
        };
        Ok(Self {
            vouching: connector.unwrap_or_else(|| issuer.clone()),
            issuer,
            names,
            email,
            expires,
            nonce: text("nonce"),
            subject,
        })
    }

    /// What is signed to prove that the key belongs to whom the token is about.
    pub fn challenge(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.subject)
    }

    /// Whose it is, for people.
    pub fn identity(&self) -> &str {
        match self.names.first() {
            Some(name) => name,
            None => self.challenge(),
        }
    }
}

/// How Fulcio names the builds of GitHub and GitLab (Fulcio, `oidc.md`).
fn build_names(text: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    if let Some(workflow) = text("job_workflow_ref") {
        let server = text("server_url").unwrap_or_else(|| "https://github.com".to_owned());
        return vec![format!("{server}/{workflow}")];
    }
    if let Some(config) = text("ci_config_ref_uri") {
        return vec![format!("https://{config}")];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn token(claims: &Value) -> String {
        let claims = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
        format!("e30.{claims}.c2ln")
    }

    fn claims() -> Value {
        json!({
            "iss": "https://issuer.example.com", "sub": "7", "aud": "sigstore",
            "iat": 1_700_000_000, "exp": 1_700_000_600,
            "email": "release@example.com", "email_verified": true,
        })
    }

    #[test]
    fn a_token_is_for_one_audience_and_good_for_a_time() {
        let now = Timestamp::from_second(1_700_000_300).unwrap();
        let read = |claims: &Value| TokenClaims::read(&token(claims), "sigstore", now);
        let good = read(&claims()).unwrap();
        assert_eq!(good.challenge(), "release@example.com");
        assert_eq!(good.names, ["release@example.com"]);
        let changed = |key: &str, value: Value| {
            let mut claims = claims();
            claims[key] = value;
            read(&claims)
        };
        assert!(changed("aud", json!(["a", "sigstore"])).is_ok());
        for (key, value) in [
            ("aud", json!("other")),
            ("aud", json!([])),
            ("aud", Value::Null),
            ("exp", json!(1_700_000_299)),
            ("exp", Value::Null),
            ("iat", json!(1_700_000_900)),
            ("nbf", json!(1_700_000_900)),
            ("iss", Value::Null),
            ("sub", json!("")),
            ("email_verified", json!(false)),
        ] {
            assert!(changed(key, value.clone()).is_err(), "{key} {value}");
        }
        for text in ["", "a.b", "a.b.c.d", "a.e30\n.c", "a.\"b.c"] {
            let error = TokenClaims::read(text, "sigstore", now);
            assert_eq!(error, Err(TokenError::Form), "{text:?}");
        }
    }

    #[test]
    fn builds_have_the_names_that_their_certificates_have() {
        let now = Timestamp::from_second(1_700_000_300).unwrap();
        let mut github = claims();
        github["email"] = Value::Null;
        github["job_workflow_ref"] = json!("o/r/.github/workflows/w.yml@refs/heads/main");
        let read = TokenClaims::read(&token(&github), "sigstore", now).unwrap();
        assert_eq!(
            read.names,
            ["https://github.com/o/r/.github/workflows/w.yml@refs/heads/main"]
        );
        assert_eq!(read.challenge(), "7");
        let mut federated = claims();
        federated["federated_claims"] = json!({"connector_id": "https://accounts.example.com"});
        let read = TokenClaims::read(&token(&federated), "sigstore", now).unwrap();
        assert_eq!(read.vouching, "https://accounts.example.com");
        assert_eq!(read.issuer, "https://issuer.example.com");
    }
}
