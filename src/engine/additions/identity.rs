//! Identities that sign: the token, and the certificate for a key that is made for this once.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::config::{AmbientIdentity, Secret, read_key_file};
use crate::engine::Failure;
use crate::engine::shared::Shared;
use crate::services::{BrowserSignIn, ambient_token, certificate};
use crate::signature::TrustRoot;
use crate::signature::sign::{Signer as _, SigningKey, TokenClaims};
use crate::signature::sigstore::{Issued, IssuedFor};
use crate::signature::x509::KeyKind;

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

impl Identity {
    /// Gets the token, makes a key and has it certified. `tell` is told where somebody has
    /// to sign in, and when that is over.
    ///
    /// # Errors
    /// The step that failed: the token, or the certificate.
    pub async fn open(
        shared: &Shared,
        from: &IdentityFrom,
        asked: &Asked,
        root: TrustRoot,
        tell: &mut (dyn FnMut(Option<SignIn>) + Send),
    ) -> Result<Self, Failure> {
        let token = match from {
            IdentityFrom::File(_) | IdentityFrom::Ambient => {
                let Some(identity) = at_hand(from).await? else {
                    return Err(no_ambient());
                };
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
        let key = SigningKey::generate(KeyKind::P256).map_err(|error| {
            Failure::refused(format!("no key could be made: {error}"), "Try again")
        })?;
        let key = Arc::new(key);
        let authority = asked.endpoints.certificates.clone().unwrap_or_default();
        let certified = certify(shared, &key, &token, &claims, &authority, &root).await?;
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
    pub async fn certified(&self, shared: &Shared) -> Result<Certified, Failure> {
        let mut certified = self.certified.lock().await;
        let soon = Timestamp::now()
            .saturating_add(LEFT)
            .unwrap_or(Timestamp::MAX);
        if certified.issued.not_after <= soon {
            // the token may be over by now, which is told better here than by the authority
            claims(&self.token, &self.audience)?;
            let (key, token) = (&self.key, &self.token);
            let (authority, root) = (&self.authority, &self.root);
            *certified = certify(shared, key, token, &self.claims, authority, root).await?;
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

/// Where the token comes from, as the plan says it, and whose it is where that can be told
/// without asking anybody.
///
/// # Errors
/// Where the token is of no use already.
pub(super) async fn described(
    from: &IdentityFrom,
    asked: &Asked,
) -> Result<(String, Option<String>), Failure> {
    let words = match from {
        IdentityFrom::File(path) => format!("the identity token in {}", path.display()),
        IdentityFrom::Ambient => "the identity that this CI gives".to_owned(),
        IdentityFrom::Browser => {
            let issuer = asked.endpoints.issuer.as_deref().unwrap_or_default();
            format!("whoever signs in at {issuer}")
        }
    };
    let whose = match at_hand(from).await? {
        Some(AmbientIdentity::Token(token)) => {
            let claims = claims(&token, &asked.audience)?;
            Some(format!("{}, by {}", claims.identity(), claims.vouching))
        }
        None if *from == IdentityFrom::Ambient => return Err(no_ambient()),
        Some(AmbientIdentity::Request { .. }) | None => {
            Some("whose it is shows when it is asked for".to_owned())
        }
    };
    Ok((words, whose))
}

/// What is at hand without asking anybody.
async fn at_hand(from: &IdentityFrom) -> Result<Option<AmbientIdentity>, Failure> {
    match from {
        IdentityFrom::File(path) => {
            let path = path.clone();
            let read = tokio::task::spawn_blocking(move || read_key_file(&path));
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

async fn certify(
    shared: &Shared,
    key: &Arc<SigningKey>,
    token: &Secret,
    claims: &TokenClaims,
    authority: &str,
    root: &TrustRoot,
) -> Result<Certified, Failure> {
    let chain = certificate(&shared.client, authority, token, claims, &**key).await?;
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
