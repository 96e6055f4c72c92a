//! Identities that sign: the token, and the certificate for a key that is made for this once.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::config::{AmbientIdentity, Secret, read_token_file};
use crate::engine::Failure;
use crate::engine::crash;
use crate::engine::shared::Shared;
use crate::services::{BrowserSignIn, ambient_token, certificate};
use crate::signature::TrustRoot;
use crate::signature::sign::{Signer as _, SigningKey, TokenClaims};
use crate::signature::sigstore::{Issued, IssuedFor};
use crate::signature::x509::KeyKind;

use super::ledger::Ledger;
use super::request::{IdentityFrom, SignIn};
use super::services::Asked;

/// A certificate that ends sooner is asked for anew.
const LEFT: SignedDuration = SignedDuration::from_secs(60);

/// Somebody who signs with an identity.
pub(super) struct Identity {
    key: Arc<SigningKey>,
    token: Secret,
    /// What the token has to be for.
    audience: String,
    claims: TokenClaims,
    authority: String,
    root: TrustRoot,
    certified: Mutex<Certified>,
}

/// A key that is certified for an identity.
#[derive(Clone)]
pub(super) struct Certified {
    pub key: Arc<SigningKey>,
    /// DER, that of the key first.
    pub chain: Vec<Vec<u8>>,
    pub issued: Issued,
}

/// What the plan showed of an identity was read of this: it signs, and nothing that lies
/// where it came from by then.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    identity: AmbientIdentity,
    /// Whose it is, where that can be told without asking anybody.
    claims: Option<TokenClaims>,
}

/// What an identity is opened with.
#[derive(Clone, Copy)]
pub(super) struct With<'a> {
    pub shared: &'a Shared,
    pub asked: &'a Asked,
    pub ledger: &'a Ledger,
    /// What the plan showed; nothing where somebody signs in.
    pub shown: Option<&'a Shown>,
}

impl Identity {
    /// Gets the token, makes a key and has it certified. `tell` is told where somebody has
    /// to sign in, and when that is over.
    ///
    /// # Errors
    /// The step that failed: the token, or the certificate.
    pub async fn open(
        with: With<'_>,
        from: &IdentityFrom,
        root: TrustRoot,
        tell: &mut (dyn FnMut(Option<SignIn>) + Send),
    ) -> Result<Self, Failure> {
        let With {
            shared,
            asked,
            ledger,
            shown,
        } = with;
        let token = match from {
            IdentityFrom::File(_) | IdentityFrom::Ambient => {
                let shown = shown.ok_or_else(no_ambient)?;
                let identity = shown.good(from, &asked.audience).await?;
                ambient_token(&shared.client, identity, &asked.audience).await?
            }
            IdentityFrom::Browser => {
                let issuer = asked.endpoints.issuer.as_deref().unwrap_or_default();
                let begun = BrowserSignIn::begin(&shared.client, issuer, &asked.audience).await?;
                tell(Some(SignIn {
                    issuer: issuer.to_owned(),
                    address: begun.address().to_owned(),
                }));
                let finished = begun.finish(&shared.client).await;
                tell(None);
                finished?
            }
        };
        let claims = claims(&token, &asked.audience)?;
        crash::at("having a token");
        let key = SigningKey::generate(KeyKind::P256).map_err(|error| {
            Failure::refused(format!("no key could be made: {error}"), "Try again")
        })?;
        let key = Arc::new(key);
        let authority = asked.endpoints.certificates.clone().unwrap_or_default();
        let wanted = Wanted {
            key: &key,
            token: &token,
            claims: &claims,
            authority: &authority,
            root: &root,
        };
        let certified = wanted.certify(shared, ledger).await?;
        Ok(Self {
            key,
            token,
            audience: asked.audience.clone(),
            claims,
            authority,
            root,
            certified: Mutex::new(certified),
        })
    }

    /// A certificate that is good for a while yet.
    ///
    /// # Errors
    /// Where the one at hand is not, and no other is given.
    pub async fn certified(&self, shared: &Shared, ledger: &Ledger) -> Result<Certified, Failure> {
        let mut certified = self.certified.lock().await;
        let soon = Timestamp::now()
            .saturating_add(LEFT)
            .unwrap_or(Timestamp::MAX);
        if certified.issued.not_after <= soon {
            // the token may be over by now, which is told better here than by the authority
            claims(&self.token, &self.audience)?;
            let wanted = Wanted {
                key: &self.key,
                token: &self.token,
                claims: &self.claims,
                authority: &self.authority,
                root: &self.root,
            };
            *certified = wanted.certify(shared, ledger).await?;
        }
        Ok(certified.clone())
    }

    /// Whose it is, by the certificate.
    pub async fn issued(&self) -> Issued {
        self.certified.lock().await.issued.clone()
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({})", self.claims.identity())
    }
}

/// Where the token comes from, as the plan says it.
pub(super) fn described(from: &IdentityFrom, asked: &Asked) -> String {
    match from {
        IdentityFrom::File(path) => format!("the identity token in {}", path.display()),
        IdentityFrom::Ambient => "the identity that this CI gives".to_owned(),
        IdentityFrom::Browser => {
            let issuer = asked.endpoints.issuer.as_deref().unwrap_or_default();
            format!("whoever signs in at {issuer}")
        }
    }
}

impl Shown {
    /// What is at hand without asking anybody; nothing where somebody has to sign in.
    ///
    /// # Errors
    /// Where there is none, or the token is of no use already.
    pub async fn look(from: &IdentityFrom, asked: &Asked) -> Result<Option<Self>, Failure> {
        let Some(identity) = at_hand(from).await? else {
            return match from {
                IdentityFrom::Browser => Ok(None),
                IdentityFrom::File(_) | IdentityFrom::Ambient => Err(no_ambient()),
            };
        };
        let claims = match &identity {
            AmbientIdentity::Token(token) => Some(claims(token, &asked.audience)?),
            AmbientIdentity::Request { .. } => None,
        };
        Ok(Some(Self { identity, claims }))
    }

    /// Whose it is, where that can be told without asking anybody.
    pub const fn claims(&self) -> Option<&TokenClaims> {
        self.claims.as_ref()
    }

    /// The service of the CI that is asked for the token, where it is not at hand.
    pub fn service(&self) -> Option<&str> {
        match &self.identity {
            AmbientIdentity::Token(_) => None,
            // what follows it is nobody's business
            AmbientIdentity::Request { address, .. } => address.split('?').next(),
        }
    }

    /// What was shown. Where its token is over by now, one of the same identity that lies
    /// there instead.
    async fn good(&self, from: &IdentityFrom, audience: &str) -> Result<AmbientIdentity, Failure> {
        let (AmbientIdentity::Token(token), Some(shown)) = (&self.identity, &self.claims) else {
            return Ok(self.identity.clone());
        };
        let Err(over) = claims(token, audience) else {
            return Ok(self.identity.clone());
        };
        let Some(AmbientIdentity::Token(other)) = at_hand(from).await? else {
            return Err(over);
        };
        let found = claims(&other, audience)?;
        let whose = |claims: &TokenClaims| (claims.issuer.clone(), claims.subject.clone());
        match (whose(&found), found.identity()) == (whose(shown), shown.identity()) {
            true => Ok(AmbientIdentity::Token(other)),
            false => Err(Failure::refused(
                "the token that lies there by now is for another identity than the one shown",
                "Begin anew, and look at who signs",
            )),
        }
    }
}

/// What is at hand without asking anybody.
async fn at_hand(from: &IdentityFrom) -> Result<Option<AmbientIdentity>, Failure> {
    match from {
        IdentityFrom::File(path) => {
            let path = path.clone();
            let read = tokio::task::spawn_blocking(move || read_token_file(&path));
            let ended = |_| Failure::refused("reading the token was ended", "Try again");
            let bytes = read.await.map_err(ended)?;
            let hint = "Check the path of the identity token";
            let bytes = bytes.map_err(|error| Failure::refused(error.to_string(), hint))?;
            let text = std::str::from_utf8(&bytes).unwrap_or_default();
            let token = Secret::new(text.trim().to_owned());
            Ok(Some(AmbientIdentity::Token(token)))
        }
        IdentityFrom::Ambient => Ok(AmbientIdentity::from_environment()),
        IdentityFrom::Browser => Ok(None),
    }
}

fn no_ambient() -> Failure {
    Failure::refused(
        "this runs in no CI that gives an identity",
        "In GitHub Actions give the job `id-token: write`, in GitLab name a token \
         SIGSTORE_ID_TOKEN with the audience sigstore",
    )
}

fn claims(token: &Secret, audience: &str) -> Result<TokenClaims, Failure> {
    let claims = TokenClaims::read(token.expose(), audience, Timestamp::now());
    claims.map_err(|error| Failure::refused(error.to_string(), error.hint()))
}

/// What is certified, and by whom.
struct Wanted<'a> {
    key: &'a Arc<SigningKey>,
    token: &'a Secret,
    claims: &'a TokenClaims,
    authority: &'a str,
    root: &'a TrustRoot,
}

impl Wanted<'_> {
    /// Asks for the certificate, and holds it against the trust root.
    async fn certify(&self, shared: &Shared, ledger: &Ledger) -> Result<Certified, Failure> {
        let Self {
            key,
            token,
            claims,
            authority,
            root,
        } = *self;
        let who = claims.identity();
        let begun = ledger.begin(format!(
            "A certificate for {who} may have been issued by {authority}, and would stay in its \
             list of certificates: it did not say"
        ));
        let chain = certificate(&shared.client, authority, token, claims, &**key).await;
        let chain = chain.inspect_err(|error| {
            if !error.in_doubt {
                ledger.end(&begun, None);
            }
        })?;
        ledger.end(
            &begun,
            Some(format!(
                "The certificate for {who} that {authority} issued stays in its list of certificates"
            )),
        );
        let wanted = IssuedFor {
            names: claims.names.clone(),
            issuer: claims.vouching.clone(),
            key: key.public_key().clone(),
        };
        let issued = root.check_issued(&chain, &wanted, Timestamp::now());
        let issued = issued.map_err(|error| {
            Failure::refused(
                format!("what the certificate authority at {authority} gave is not used: {error}"),
                "Give the trust root that goes with the services (--trusted-root FILE)",
            )
        })?;
        Ok(Certified {
            key: Arc::clone(key),
            chain,
            issued,
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    fn token(subject: &str, expires: i64) -> String {
        let claims = json!({
            "iss": "https://issuer.example.com", "sub": subject, "aud": "sigstore",
            "exp": expires, "email": format!("{subject}@example.com"), "email_verified": true,
        });
        let claims = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
        format!("e30.{claims}.c2ln")
    }

    #[tokio::test]
    async fn a_token_that_is_over_is_renewed_by_one_of_the_same_identity_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let from = IdentityFrom::File(path.clone());
        let shown = |expires: i64| {
            let text = token("release", expires);
            // as it was good when it was shown
            let then = Timestamp::from_second(1_700_000_000).unwrap();
            Shown {
                claims: TokenClaims::read(&text, "sigstore", then).ok(),
                identity: AmbientIdentity::Token(Secret::new(text)),
            }
        };
        let later = Timestamp::now().as_second() + 3600;
        let put = |text: &str| std::fs::write(&path, text).unwrap();
        let is = |identity: AmbientIdentity, text: &str| match identity {
            AmbientIdentity::Token(token) => token.expose() == text,
            AmbientIdentity::Request { .. } => false,
        };
        // one that is good is not looked for again
        put(&token("somebody", later));
        let good = shown(later).good(&from, "sigstore").await.unwrap();
        assert!(is(good, &token("release", later)));
        let over = shown(1_700_000_001);
        let error = over.good(&from, "sigstore").await.unwrap_err();
        assert!(error.headline.contains("another identity"), "{error}");
        put(&token("release", later));
        let good = over.good(&from, "sigstore").await.unwrap();
        assert!(is(good, &token("release", later)));
    }
}
