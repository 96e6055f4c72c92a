//! Who knows identities: an issuer of OpenID Connect, with a browser that signs in by itself.

use std::collections::HashMap;
use std::sync::Mutex;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::der::sha256;
use super::web::{Answer, Question};
use super::{Fault, JSON};

#[derive(Default)]
pub struct Issuer {
    /// What belongs to a code: challenge, nonce and client.
    codes: Mutex<HashMap<String, (String, String, String)>>,
}

impl Issuer {
    pub fn answer(&self, question: &Question, own: &str, fault: Fault) -> Answer {
        if fault == Fault::SilentIssuer {
            return None;
        }
        let (path, query) = question
            .path
            .split_once('?')
            .unwrap_or((&question.path, ""));
        match path {
            "/.well-known/openid-configuration" => {
                let name = match fault {
                    Fault::OtherIssuer => "https://issuer.example.com",
                    _ => own,
                };
                let body = json!({
                    "issuer": name,
                    "authorization_endpoint": format!("{own}/auth?prompt=none"),
                    "token_endpoint": format!("{own}/token"),
                });
                Some((200, JSON, body.to_string().into_bytes()))
            }
            "/auth" => {
                let asked = form(query);
                assert_eq!(asked["response_type"], "code");
                assert_eq!(asked["code_challenge_method"], "S256");
                assert!(asked["scope"].contains("openid"));
                let code = format!("code-{}", self.codes.lock().unwrap().len());
                let kept = ["code_challenge", "nonce", "client_id"].map(|key| asked[key].clone());
                self.codes.lock().unwrap().insert(code.clone(), kept.into());
                let state = &asked["state"];
                let back = &asked["redirect_uri"];
                let to = match fault {
                    Fault::SignInRefused => {
                        format!(
                            "{back}?error=access_denied&error_description=not+today&state={state}"
                        )
                    }
                    _ => format!("{back}?code={code}&state={state}"),
                };
                Some((302, "text/plain", to.into_bytes()))
            }
            "/token" => {
                let asked = form(std::str::from_utf8(&question.body).unwrap());
                let kept = self.codes.lock().unwrap().remove(&asked["code"]);
                let challenge = sha256(asked["code_verifier"].as_bytes());
                let challenge = BASE64_URL_SAFE_NO_PAD.encode(challenge);
                let Some((known, nonce, client)) = kept.filter(|kept| kept.0 == challenge) else {
                    let body = json!({"error": "invalid_grant"}).to_string();
                    return Some((400, JSON, body.into_bytes()));
                };
                assert_eq!((known, &client), (challenge, &asked["client_id"]));
                let nonce = match fault {
                    Fault::OtherTokenNonce => "another",
                    _ => &nonce,
                };
                let mut claims = claims(own);
                claims["nonce"] = nonce.into();
                if fault == Fault::OtherAudience {
                    claims["aud"] = "another".into();
                }
                let body = json!({"id_token": token(&claims), "access_token": "unused"});
                Some((200, JSON, body.to_string().into_bytes()))
            }
            // what GitHub Actions has
            "/ambient" => {
                assert!(
                    question
                        .headers
                        .contains("authorization: bearer runner-s3cret")
                );
                let mut claims = claims(own);
                claims["email"] = Value::Null;
                claims["aud"] = form(query)["audience"].as_str().into();
                claims["job_workflow_ref"] = "o/r/.github/workflows/w.yml@refs/heads/main".into();
                let body = json!({"value": token(&claims)}).to_string();
                Some((200, JSON, body.into_bytes()))
            }
            _ => Some((404, JSON, b"{}".to_vec())),
        }
    }
}

/// What the issuer says of the only one whom it knows.
pub fn claims(issuer: &str) -> Value {
    let now = Timestamp::now().as_second();
    json!({
        "iss": issuer, "sub": "user-7", "aud": "sigstore",
        "iat": now, "exp": now + 300,
        "email": super::EMAIL, "email_verified": true,
    })
}

/// A token of these claims. What reads it here believes no signature.
pub fn token(claims: &Value) -> String {
    let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    format!(
        "{}.{}.{}",
        part(r#"{"alg":"ES256"}"#),
        part(&claims.to_string()),
        part("token-s3cret")
    )
}

/// The fields of a form.
pub fn form(text: &str) -> HashMap<String, String> {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                byte => byte,
            });
        }
        String::from_utf8(bytes).unwrap()
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| (key.to_owned(), decode(value)))
        .collect()
}
