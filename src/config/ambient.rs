//! The identity that a CI gives to what runs in it.

use std::fmt;

use super::Secret;
use super::program::{REQUEST_VARIABLE, TOKEN_VARIABLE};

/// Where the token of the CI that this runs in comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum AmbientIdentity {
    /// It is at hand: `SIGSTORE_ID_TOKEN`, as GitLab is told to name it.
    Token(Secret),
    /// It is asked for: `ACTIONS_ID_TOKEN_REQUEST_URL` with
    /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`, of GitHub Actions.
    Request { address: String, token: Secret },
}

impl AmbientIdentity {
    /// What the environment offers; nothing where it is that of no CI that gives one.
    pub fn from_environment() -> Option<Self> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let address = set("ACTIONS_ID_TOKEN_REQUEST_URL");
        let token = set(REQUEST_VARIABLE).map(Secret::new);
        match (address, token) {
            (Some(address), Some(token)) => Some(Self::Request { address, token }),
            _ => set(TOKEN_VARIABLE).map(|token| Self::Token(Secret::new(token))),
        }
    }
}

impl fmt::Debug for AmbientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "AmbientIdentity(token)",
            Self::Request { .. } => "AmbientIdentity(request)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn github_is_asked_gitlab_has_it_at_hand_and_nothing_is_shown() {
        let of = |pairs: &[(&str, &str)]| {
            AmbientIdentity::from_variables(|name| {
                let found = pairs.iter().find(|(key, _)| *key == name)?;
                Some(found.1.to_owned())
            })
        };
        let github = [
            ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://ci.example.com/?a"),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "s3cret"),
        ];
        let found = of(&github).unwrap();
        assert!(matches!(&found, AmbientIdentity::Request { address, .. }
            if address == "https://ci.example.com/?a"));
        let gitlab = of(&[("SIGSTORE_ID_TOKEN", "s3cret")]).unwrap();
        assert!(matches!(gitlab, AmbientIdentity::Token(_)));
        assert!(!format!("{found:?} {gitlab:?}").contains("s3cret"));
        assert_eq!(of(&github[..1]), None);
        assert_eq!(of(&[("SIGSTORE_ID_TOKEN", "")]), None);
    }
}
