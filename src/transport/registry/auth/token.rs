//! Tokens: distribution-spec, "Token Authentication", by GET and by OAuth2 POST.

use std::time::{Duration, Instant};

use base64::Engine as _;
use reqwest::Url;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::config::{Credentials, Secret, SecretKind};
use crate::transport::Problem;

use super::super::answer::Answer;
use super::super::error_body::describe_other;
use super::super::fault::Fault;
use super::super::http::{Ask, Http};
use super::super::status;
use super::form::Form;

/// Largest answer of a token service that is read, in bytes.
const ANSWER_BYTES: u64 = 1 << 20;

/// How long a token lasts that does not say so, in seconds.
const LIFETIME: f64 = 60.0;

/// Where tokens come from, as a registry's challenge named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Realm {
    pub(super) url: Url,
    pub(super) service: Option<String>,
}

/// A token, and how long to use it.
pub(super) struct Token {
    pub(super) header: HeaderValue,
    pub(super) until: Instant,
}

#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    token: Option<Secret>,
    #[serde(default)]
    access_token: Option<Secret>,
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
}

/// Who asks, as token services know programs.
const CLIENT_ID: &str = "porthole";

/// Asks the realm for a token for `scopes`, with what is kept for the registry that named
/// this realm, where there is anything.
///
/// Names and passwords go by GET, which every service knows; where it is not allowed, by
/// POST. Identity tokens only go by POST.
pub(super) async fn fetch(
    http: &Http,
    realm: &Realm,
    scopes: &[String],
    credentials: Option<&Credentials>,
) -> Result<Token, Fault> {
    let started = Instant::now();
    let posts = credentials.is_some_and(|c| c.kind == SecretKind::IdentityToken);
    let answer = match credentials {
        Some(credentials) if posts => post(http, realm, scopes, credentials).await?,
        _ => get(http, realm, scopes, credentials).await?,
    };
    let not_by_get = matches!(answer.status().as_u16(), 404 | 405);
    let answer = match credentials {
        Some(credentials) if not_by_get && !posts => post(http, realm, scopes, credentials).await?,
        _ => answer,
    };
    let host = answer.host();
    if !answer.status().is_success() {
        let fault = status::fault(answer).await;
        return Err(refusal(fault, &host.to_string(), credentials));
    }
    let (headers, body) = answer.whole(ANSWER_BYTES).await?;
    let answer: TokenAnswer = serde_json::from_slice(&body).map_err(|_| {
        let found = describe_other(&headers, &body);
        // JSON of another form is not quoted: a token may be in it
        let json = body.trim_ascii_start().starts_with(b"{");
        Fault::protocol(match json || found.is_empty() {
            true => format!("the token service {host} sent no token"),
            false => format!("the token service {host} sent {found}"),
        })
    })?;
    let found = [answer.token, answer.access_token];
    let token = found.into_iter().flatten().find(|token| !token.is_empty());
    let no_token = || Fault::protocol(format!("the token service {host} sent no token"));
    let token = token.ok_or_else(no_token)?;
    Ok(Token {
        header: bearer(&token).ok_or_else(no_token)?,
        until: started + lifetime(answer.expires_in.as_ref()),
    })
}

async fn get(
    http: &Http,
    realm: &Realm,
    scopes: &[String],
    credentials: Option<&Credentials>,
) -> Result<Answer, Fault> {
    let mut url = realm.url.clone();
    url.set_fragment(None);
    {
        let mut query = url.query_pairs_mut();
        if let Some(service) = &realm.service {
            query.append_pair("service", service);
        }
        for scope in scopes {
            query.append_pair("scope", scope);
        }
        if let Some(credentials) = credentials {
            query.append_pair("account", &credentials.user);
        }
    }
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let mut ask = Ask::get(headers);
    ask.authorization = credentials.map(basic).transpose()?;
    http.at_url(url, &ask).await
}

async fn post(
    http: &Http,
    realm: &Realm,
    scopes: &[String],
    credentials: &Credentials,
) -> Result<Answer, Fault> {
    let mut url = realm.url.clone();
    url.set_fragment(None);
    let scopes = scopes.join(" ");
    let secret = credentials.secret.expose();
    let mut fields = match credentials.kind {
        SecretKind::IdentityToken => {
            vec![("grant_type", "refresh_token"), ("refresh_token", secret)]
        }
        SecretKind::Password | SecretKind::RegistryToken => vec![
            ("grant_type", "password"),
            ("username", credentials.user.as_str()),
            ("password", secret),
        ],
    };
    fields.push(("client_id", CLIENT_ID));
    if let Some(service) = &realm.service {
        fields.push(("service", service));
    }
    if !scopes.is_empty() {
        fields.push(("scope", &scopes));
    }
    http.post_form(url, Form::new(&fields).into_bytes()).await
}

/// The header that shows `token`; nothing where it holds what no header may.
pub(in crate::transport::registry) fn bearer(token: &Secret) -> Option<HeaderValue> {
    let header = Zeroizing::new(format!("Bearer {}", token.expose()));
    let mut header = HeaderValue::from_str(&header).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// The header of `Basic` authentication, RFC 7617.
///
/// # Errors
/// Where the user's name holds a colon or control character, which cannot be sent.
pub(super) fn basic(credentials: &Credentials) -> Result<HeaderValue, Fault> {
    let (user, password) = (&credentials.user, credentials.secret.expose());
    if user.contains(':') || user.chars().any(char::is_control) {
        return Err(Fault::lasting(Problem::Settings {
            path: credentials.origin.to_string(),
            why: "a user's name in it holds a colon or control character".to_owned(),
        }));
    }
    let text = Zeroizing::new(format!("{user}:{password}"));
    let encoded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(text.as_bytes()));
    let header = Zeroizing::new(format!("Basic {}", encoded.as_str()));
    let mut header =
        HeaderValue::from_str(&header).expect("base64 has only characters that headers may hold");
    header.set_sensitive(true);
    Ok(header)
}

/// What an error of a token service means for who asked the registry.
fn refusal(mut fault: Fault, host: &str, credentials: Option<&Credentials>) -> Fault {
    fault.codes.clear();
    let problem = std::mem::replace(&mut fault.problem, Problem::NotFound);
    fault.problem = match (problem, credentials) {
        (Problem::Unauthorized { status, message }, Some(credentials)) => {
            Problem::WrongCredentials {
                status,
                user: super::shown_user(credentials),
                message,
            }
        }
        // OAuth2 says so of a password or token that it does not take: RFC 6749, section 5.2
        (Problem::Refused { status, message }, Some(credentials))
            if status == 400 && message.contains("invalid_grant") =>
        {
            Problem::WrongCredentials {
                status,
                user: super::shown_user(credentials),
                message,
            }
        }
        (Problem::NotFound, _) => Problem::Protocol {
            why: format!("its token service {host} answered 404"),
        },
        (Problem::Refused { status, message }, _) => {
            fault.told().advice = Some(
                "See in the details what its token service said; there may be no images under this name"
                    .to_owned(),
            );
            Problem::Refused {
                status,
                message: format!("{message} (the token service {host})"),
            }
        }
        (other, _) => other,
    };
    fault
}

/// How long to use a token that says to last for `seconds`: a little less, for the way.
fn lifetime(seconds: Option<&serde_json::Value>) -> Duration {
    let said = seconds.and_then(|value| match value {
        serde_json::Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    });
    // a day is long enough not to ask again, whatever it says
    let seconds = said
        .filter(|said| *said > 0.0)
        .unwrap_or(LIFETIME)
        .min(86_400.0);
    Duration::from_secs_f64(seconds - (seconds / 10.0).min(10.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_is_used_a_little_shorter_than_it_lasts() {
        for (said, expected) in [
            (json!(300), 290.0),
            (json!(10), 9.0),
            (json!("300"), 290.0),
            (json!(0), 54.0),
            (json!(-5), 54.0),
            (json!("x"), 54.0),
            (json!(null), 54.0),
            (json!(1e30), 86_390.0),
        ] {
            let found = lifetime(Some(&said)).as_secs_f64();
            assert!((found - expected).abs() < 0.001, "{said}: {found}");
        }
        assert_eq!(lifetime(None), Duration::from_secs(54));
    }

    #[test]
    fn basic_encodes_user_and_password_and_hides_them() {
        let mut credentials = Credentials {
            user: "Aladdin".to_owned(),
            secret: Secret::new("open sesame".to_owned()),
            kind: SecretKind::Password,
            origin: crate::config::Origin::Given,
        };
        let header = basic(&credentials).unwrap();
        // RFC 7617, section 2
        assert_eq!(
            header.to_str().unwrap(),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
        assert_eq!(format!("{header:?}"), "Sensitive");
        credentials.user = "a:b".to_owned();
        assert!(matches!(
            basic(&credentials).unwrap_err().problem,
            Problem::Settings { .. }
        ));
    }
}
