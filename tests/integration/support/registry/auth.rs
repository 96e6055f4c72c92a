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
        }
    }
}

impl Token {
    pub fn revoke(&self) {
        self.revoked
            .store(NEXT.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// The answer to a request for a token for `scope`: a status and a body.
    pub fn give(&self, scope: &str, authorization: Option<&str>) -> (u16, String) {
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
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let allowed = if self.sufficient { scope } else { "nothing" };
        let token = format!("t{number}/{allowed}");
        let body = match self.expires_in {
            Some(seconds) => serde_json::json!({"token": token, "expires_in": seconds}),
            None => serde_json::json!({"access_token": token}),
        };
        (200, body.to_string())
    }

    /// Whether what was shown lets one read from `repository`.
    pub fn takes(&self, authorization: Option<&str>, repository: &str) -> bool {
        let shown = authorization.and_then(|shown| shown.strip_prefix("Bearer t"));
        let Some((number, scope)) = shown.and_then(|shown| shown.split_once('/')) else {
            return false;
        };
        let number: u64 = number.parse().unwrap();
        number >= self.revoked.load(Ordering::SeqCst)
            && scope == format!("repository:{repository}:pull")
    }
}

/// The header for a name and password.
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}
