//! Who may read, and the tokens for it.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Who may read.
#[derive(Default)]
pub enum Access {
    /// Everybody.
    #[default]
    Anybody,
    /// Who shows this name and password: docker-registry's htpasswd.
    Basic {
        user: &'static str,
        password: &'static str,
    },
    /// Who shows a token of the realm.
    Token(Token),
}

/// How tokens are given and looked at.
pub struct Token {
    /// Who gets one; nothing for everybody.
    pub user: Option<(&'static str, &'static str)>,
    /// Whether one without name and password gets one, too.
    pub anonymous: bool,
    /// The address that the challenge names; nothing for `/token` of this registry.
    pub realm: Option<String>,
    /// What the answer says that a token lasts, in seconds; nothing to say nothing.
    pub expires_in: Option<u64>,
    /// Whether given tokens allow what was asked for.
    pub sufficient: bool,
    /// Tokens of a lower number are refused.
    pub revoked: AtomicU64,
    /// Whether they are given by GET; the others only by POST.
    pub by_get: bool,
    /// The identity token that is exchanged for a token.
    pub identity: Option<&'static str>,
    /// The scope that challenges name in place of the right one, and that is wanted in a
    /// token beside the right one.
    pub also: Option<&'static str>,
}

/// Tokens are numbered over all registries of the process: one may give them, another
/// take them.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl Default for Token {
    /// Everybody gets tokens that last for five minutes.
    fn default() -> Self {
        Self {
            user: None,
            anonymous: true,
            realm: None,
            expires_in: Some(300),
            sufficient: true,
            revoked: AtomicU64::new(0),
            by_get: true,
            identity: None,
            also: None,
        }
    }
}

impl Token {
    pub fn revoke(&self) {
        self.revoked
            .store(NEXT.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// The answer to a request for a token for `scopes`: a status and a body.
    pub fn give(&self, scopes: &str, authorization: Option<&str>) -> (u16, String) {
        let known = match (authorization, self.user) {
            (None, _) => self.anonymous,
            (Some(shown), Some((user, password))) => shown == basic(user, password),
            (Some(_), None) => false,
        };
        if !known {
            // the words of Docker Hub
            return (
                401,
                r#"{"details":"incorrect username or password"}"#.to_owned(),
            );
        }
        self.made(scopes)
    }

    /// The answer to an OAuth2 request: RFC 6749, sections 4.3 and 6.
    pub fn exchange(&self, form: &str) -> (u16, String) {
        let field = |name: &str| {
            let mut pairs = form.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(key, _)| *key == name)
                .map(|(_, value)| decoded(value))
        };
        let known = match field("grant_type").as_deref() {
            Some("refresh_token") => {
                self.identity.is_some() && field("refresh_token").as_deref() == self.identity
            }
            Some("password") => self.user.is_some_and(|(user, password)| {
                field("username").as_deref() == Some(user)
                    && field("password").as_deref() == Some(password)
            }),
            _ => false,
        };
        if !known || field("client_id").is_none() || field("service").as_deref() != Some("test") {
            let error =
                r#"{"error":"invalid_grant","error_description":"invalid_grant: not valid"}"#;
            return (400, error.to_owned());
        }
        self.made(&field("scope").unwrap_or_default())
    }

    fn made(&self, scopes: &str) -> (u16, String) {
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let allowed = if self.sufficient { scopes } else { "nothing" };
        let token = format!("t{number}/{allowed}");
        let body = match self.expires_in {
            Some(seconds) => serde_json::json!({"token": token, "expires_in": seconds}),
            None => serde_json::json!({"access_token": token}),
        };
        (200, body.to_string())
    }

    /// Whether what was shown lets one do `action` with `repository`; `*` is only being known.
    pub fn takes(&self, authorization: Option<&str>, repository: &str, action: &str) -> bool {
        let shown = authorization.and_then(|shown| shown.strip_prefix("Bearer t"));
        let Some((number, scopes)) = shown.and_then(|shown| shown.split_once('/')) else {
            return false;
        };
        let number: u64 = number.parse().unwrap();
        let mut all = scopes.split(' ');
        let allows = all.any(|scope| {
            let actions = scope.strip_prefix("repository:");
            let actions = actions.and_then(|rest| rest.strip_prefix(repository));
            let actions = actions.and_then(|rest| rest.strip_prefix(':'));
            actions.is_some_and(|actions| actions.split(',').any(|one| one == action))
        });
        let also = self
            .also
            .is_none_or(|also| scopes.split(' ').any(|one| one == also));
        number >= self.revoked.load(Ordering::SeqCst) && (allows || action == "*") && also
    }
}

/// The scopes of a query, each once after a space.
pub fn scopes(query: &str) -> String {
    let scopes = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("scope="));
    let scopes: Vec<_> = scopes.map(decoded).collect();
    scopes.join(" ")
}

/// A value of a query or form.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}

/// The header for a name and password.
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}
